;; The shim passes on to one function while $a starts and to another afterwards.
(component
  (core module $shim
    (table (export "t") 1 funcref)
    (type $ft (func (result i32)))
    (func (export "s") (result i32) (call_indirect (type $ft) (i32.const 0))))
  (core instance $shim (instantiate $shim))
  (core module $fix0
    (import "a" "t" (table 1 funcref))
    (func $one (result i32) i32.const 1)
    (elem (i32.const 0) $one))
  (core instance $fix0 (instantiate $fix0 (with "a" (instance $shim))))
  (core module $a
    (import "s" "s" (func $s (result i32)))
    (global $g (mut i32) (i32.const 0))
    (func $st (global.set $g (call $s)))
    (start $st)
    (func (export "f") (param i32) (result i32) (i32.add (local.get 0) (i32.add (i32.mul (i32.const 100) (global.get $g)) (call $s)))))
  (core instance $a (instantiate $a (with "s" (instance $shim))))
  (core module $b
    (import "a" "t" (table 1 funcref))
    (func $two (result i32) i32.const 2)
    (elem (i32.const 0) $two))
  (core instance $b (instantiate $b (with "a" (instance $shim))))
  (func (export "f") (param "x" u32) (result u32) (canon lift (core func $a "f"))))
