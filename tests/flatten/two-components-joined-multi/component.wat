;; A call from one component into another goes through lower and lift.
(component
  (component $inner
    (core module $m
      (memory (export "memory") 1)
      (global $next (mut i32) (i32.const 64))
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (global.get $next))
      (func (export "length") (param i32 i32) (result i32) (local.get 1)))
    (core instance $i (instantiate $m))
    (func (export "length") (param "text" string) (result u32)
      (canon lift (core func $i "length")
        (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))
  (instance $inner (instantiate $inner))
  (core module $mem (memory (export "memory") 1))
  (core instance $mem (instantiate $mem))
  (core func $length (canon lower (func $inner "length") (memory (core memory $mem "memory"))))
  (core module $m
    (import "env" "memory" (memory 1))
    (import "env" "length" (func $length (param i32 i32) (result i32)))
    (func (export "run") (result i32) (call $length (i32.const 0) (i32.const 3))))
  (core instance $i (instantiate $m (with "env" (instance
    (export "memory" (memory $mem "memory"))
    (export "length" (func $length))))))
  (func (export "run") (result u32) (canon lift (core func $i "run"))))
