(module
  (type (;0;) (func (result i32)))
  (type (;1;) (func))
  (import "wasi_snapshot_preview1" "sched_yield" (func $sched_yield (;0;) (type 0) (result i32)))
  (memory (;0;) 1)
  (global $p1bridge:first (;0;) (mut i32) i32.const 0)
  (global $p1bridge:end (;1;) i32 i32.const 1024)
  (export "_start" (func 1))
  (export "memory" (memory 0))
  (export "__heap_base" (global $p1bridge:end))
  (export "__data_end" (global $p1bridge:end))
  (func (;1;) (type 1)
    call $sched_yield
    drop
  )
  (@producers
    (processed-by "p1bridge" "0.1.0")
  )
)
