(module $guest
  (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
  (memory (export "memory") 1)
  (@custom "my-notes" "kept unless told otherwise")
  (func $start (export "_start") (drop (call $yield))))
