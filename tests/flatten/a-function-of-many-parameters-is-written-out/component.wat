(component
  (component $A
    (core module $M
      (func (export "sum") (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
        (i32.add (i32.add (i32.add (i32.add (i32.add (i32.add (i32.add
          (local.get 0) (local.get 1)) (local.get 2)) (local.get 3))
          (local.get 4)) (local.get 5)) (local.get 6)) (local.get 7))))
    (core instance $m (instantiate $M))
    (func (export "sum") (param "x" (tuple u32 u32 u32 u32 u32 u32 u32 u32)) (result u32)
      (canon lift (core func $m "sum"))))
  (component $B
    (import "sum" (func $sum (param "x" (tuple u32 u32 u32 u32 u32 u32 u32 u32)) (result u32)))
    (core func $lowered (canon lower (func $sum)))
    (core module $M
      (import "" "sum" (func $sum (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
      (func (export "run") (param i32) (result i32)
        (call $sum (local.get 0) (i32.const 1) (i32.const 2) (i32.const 3)
          (i32.const 4) (i32.const 5) (i32.const 6) (i32.const 7))))
    (core instance $m (instantiate $M (with "" (instance (export "sum" (func $lowered))))))
    (func (export "run") (param "x" u32) (result u32) (canon lift (core func $m "run"))))
  (instance $a (instantiate $A))
  (instance $b (instantiate $B (with "sum" (func $a "sum"))))
  (export "run" (func $b "run")))
