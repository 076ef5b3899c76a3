;; Only what is reached of the library is linked.
(module
  (import "wasi:random/random@0.2.0" "get-random-u64" (func $draw (result i64)))
  (memory (export "memory") 1)
  (global $__stack_pointer (mut i32) (i32.const 32768))
  (func (export "draw") (result i64) (call $draw)))
