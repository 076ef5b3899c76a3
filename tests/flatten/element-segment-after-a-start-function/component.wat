;; The start function of $a sees the first function in the table, its export the second.
(component
  (core module $a
    (table (export "t") 2 funcref)
    (type $ft (func (result i32)))
    (func $one (result i32) i32.const 1)
    (elem (i32.const 0) $one)
    (global $g (mut i32) (i32.const 0))
    (func $s (global.set $g (call_indirect (type $ft) (i32.const 0))))
    (start $s)
    (func (export "f") (param i32) (result i32) (i32.add (local.get 0) (i32.add (i32.mul (i32.const 100) (global.get $g)) (call_indirect (type $ft) (i32.const 0))))))
  (core instance $a (instantiate $a))
  (core module $b
    (import "a" "t" (table 2 funcref))
    (func $two (result i32) i32.const 2)
    (elem (i32.const 0) $two))
  (core instance $b (instantiate $b (with "a" (instance $a))))
  (func (export "f") (param "x" u32) (result u32) (canon lift (core func $a "f"))))
