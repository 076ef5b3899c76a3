;; memory.copy and memory.fill become functions of their own, the DataCount section goes.
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "abcdefgh")
  (func (export "_start")
    (memory.copy (i32.const 2) (i32.const 0) (i32.const 4))
    (memory.fill (i32.const 16) (i32.const 65) (i32.const 3))
    (call $proc_exit (i32.load8_u (i32.const 4)))))
