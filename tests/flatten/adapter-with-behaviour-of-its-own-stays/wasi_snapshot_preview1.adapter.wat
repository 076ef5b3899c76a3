(module
  (import "env" "memory" (memory 0))
  (func (export "fd_write") (param i32 i32 i32 i32) (result i32)
    (i32.const 76)))
