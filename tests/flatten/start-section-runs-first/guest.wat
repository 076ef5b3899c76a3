(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (global $code (mut i32) (i32.const 1))
  (func $prepare (global.set $code (i32.const 7)))
  (start $prepare)
  (func (export "_start") (call $proc_exit (global.get $code))))
