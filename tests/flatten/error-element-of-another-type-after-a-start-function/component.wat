;; The start function of $a sees a function in the table where its export sees one of another type.
(component
  (core module $a
    (table (export "t") 1 funcref)
    (type $one (func (result i32)))
    (type $two (func (param i32) (result i32)))
    (func $f (result i32) i32.const 1)
    (elem (i32.const 0) $f)
    (global $g (mut i32) (i32.const 0))
    (func $s (global.set $g (call_indirect (type $one) (i32.const 0))))
    (start $s)
    (func (export "f") (param i32) (result i32)
      (i32.add (global.get $g) (call_indirect (type $two) (local.get 0) (i32.const 0)))))
  (core instance $a (instantiate $a))
  (core module $b
    (import "a" "t" (table 1 funcref))
    (func $f (param i32) (result i32) local.get 0)
    (elem (i32.const 0) $f))
  (core instance $b (instantiate $b (with "a" (instance $a))))
  (func (export "f") (param "x" u32) (result u32) (canon lift (core func $a "f"))))
