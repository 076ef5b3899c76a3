(module
  (import "my:text/env" "reverse" (func $reverse (param i32 i32 i32)))
  (memory (export "memory") 1)
  (func (export "count") (param i32) (result i32) (local.get 0))
  (func (export "main") (param i32 i32) (result i32)
    (call $reverse (local.get 0) (local.get 1) (i32.const 100)) (i32.const 100)))
