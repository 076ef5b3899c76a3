(module
  (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
  (import "env" "gpio_set" (func $gpio_set (param i32 i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (drop (call $yield))
    (call $gpio_set (i32.const 1) (i32.const 2))))
