;; A command of WASI 0.2, linked with the library for Preview 1.
(module
  (import "wasi:cli/stdout@0.2.3" "get-stdout" (func $get-stdout (result i32)))
  (import "wasi:io/streams@0.2.3" "[method]output-stream.blocking-write-and-flush"
    (func $write (param i32 i32 i32 i32)))
  (import "wasi:io/streams@0.2.3" "[resource-drop]output-stream" (func $drop (param i32)))
  (memory (export "memory") 1)
  (global $__stack_pointer (mut i32) (i32.const 32768))
  (data (i32.const 32768) "hello\n")
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
  (func (export "wasi:cli/run@0.2.3#run") (result i32) (local $out i32)
    (local.set $out (call $get-stdout))
    (call $write (local.get $out) (i32.const 32768) (i32.const 6) (i32.const 32776))
    (call $drop (local.get $out))
    (i32.load8_u (i32.const 32776))))
