(component
  (component $A
    (type $x' (variant (case "a" u32) (case "b" u64) (case "c" f32)))
    (export $x "x" (type $x'))
    (core module $M
      (func (export "take") (param i32 i64) (result i32) (local.get 0)))
    (core instance $m (instantiate $M))
    (func (export "take") (param "x" $x) (result u32) (canon lift (core func $m "take"))))
  (component $B
    (import "a" (instance $a
      (type $x' (variant (case "a" u32) (case "b" u64) (case "c" f32)))
      (export "x" (type $x (eq $x')))
      (export "take" (func (param "x" $x) (result u32)))))
    
    (core func $lowered (canon lower (func $a "take")))
    (core module $M
      (import "" "take" (func $take (param i32 i64) (result i32)))
      (func (export "run") (param i32 i64) (result i32) (call $take (local.get 0) (local.get 1))))
    (core instance $m (instantiate $M (with "" (instance (export "take" (func $lowered))))))
    (func (export "run") (param "p0" u32) (param "p1" u64) (result u32) (canon lift (core func $m "run"))))
  (instance $a (instantiate $A))
  (instance $b (instantiate $B (with "a" (instance $a))))
  (export "run" (func $b "run")))
