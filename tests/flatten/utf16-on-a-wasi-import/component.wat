(component
  (import "wasi:cli/environment@0.2.3" (instance $env
    (export "get-arguments" (func (result (list string))))))
  (core module $libc
    (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64)))
  (core instance $libc (instantiate $libc))
  (core func $args (canon lower (func $env "get-arguments")
    (memory (core memory $libc "memory")) (realloc (core func $libc "realloc")) string-encoding=utf16))
  (core module $m
    (import "env" "memory" (memory 1))
    (import "env" "args" (func $args (param i32)))
    (func (export "run") (call $args (i32.const 0))))
  (core instance $i (instantiate $m (with "env" (instance
    (export "memory" (memory $libc "memory")) (export "args" (func $args))))))
  (func (export "run") (canon lift (core func $i "run"))))
