;; Hosts shrink the memory to __heap_base and call an exported malloc behind the guest's back.
(module
  (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
  (memory (export "memory") 1)
  (global (export "__heap_base") i32 (i32.const 1024))
  (global (export "__data_end") i32 (i32.const 512))
  (func (export "malloc") (param i32) (result i32) (i32.const 2048))
  (func (export "free") (param i32))
  (func (export "__main_void") (result i32) (i32.const 0))
  (func (export "_start") (drop (call $yield))))
