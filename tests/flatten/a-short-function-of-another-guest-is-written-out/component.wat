(component
  (component $A
    (core module $M
      (func (export "double") (param i32) (result i32) (i32.shl (local.get 0) (i32.const 1))))
    (core instance $m (instantiate $M))
    (func (export "double") (param "x" u32) (result u32) (canon lift (core func $m "double"))))
  (component $B
    (import "double" (func $double (param "x" u32) (result u32)))
    (core func $lowered (canon lower (func $double)))
    (core module $M
      (import "" "double" (func $double (param i32) (result i32)))
      (func (export "run") (param i32) (result i32) (i32.add (call $double (local.get 0)) (i32.const 3))))
    (core instance $m (instantiate $M (with "" (instance (export "double" (func $lowered))))))
    (func (export "run") (param "x" u32) (result u32) (canon lift (core func $m "run"))))
  (instance $a (instantiate $A))
  (instance $b (instantiate $B (with "double" (func $a "double"))))
  (export "run" (func $b "run")))
