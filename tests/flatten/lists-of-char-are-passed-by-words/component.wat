(component
  (component $A
    (core module $M
      (memory (export "mem") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
      (func (export "take") (param i32 i32) (result i32) (local.get 1)))
    (core instance $m (instantiate $M))
    (func (export "take") (param "x" (list char)) (result u32) (canon lift (core func $m "take")
      (memory (core memory $m "mem")) (realloc (core func $m "realloc")))))
  (component $B
    (import "take" (func $take (param "x" (list char)) (result u32)))
    (core module $Mem (memory (export "mem") 1))
    (core instance $mem (instantiate $Mem))
    (core func $lowered (canon lower (func $take) (memory (core memory $mem "mem"))))
    (core module $M
      (import "" "take" (func $take (param i32 i32) (result i32)))
      (func (export "run") (param i32) (result i32) (call $take (i32.const 16) (local.get 0))))
    (core instance $m (instantiate $M (with "" (instance (export "take" (func $lowered))))))
    (func (export "run") (param "x" u32) (result u32) (canon lift (core func $m "run"))))
  (instance $a (instantiate $A))
  (instance $b (instantiate $B (with "take" (func $a "take"))))
  (export "run" (func $b "run")))
