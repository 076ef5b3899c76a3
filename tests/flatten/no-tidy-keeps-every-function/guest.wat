;; Functions, imports and types that nothing reaches stay, in their order.
(module
  (type $unused (func (param f64)))
  (import "wasi_snapshot_preview1" "fd_write"
    (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (global $unused (mut i64) (i64.const 7))
  (func $first (param f32) (result f32) (local.get 0))
  (func (export "_start") (call $proc_exit (call $second)))
  (func $second (result i32) (i32.const 3))
  (func $third (drop (call $first (f32.const 1)))))
