;; An exported function initialises the module when the host has not.
(module
  (import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (global $ready (mut i32) (i32.const 0))
  (func (export "_initialize") (global.set $ready (i32.const 1)))
  (func (export "draw") (param $count i32) (result i32)
    (drop (call $random_get (i32.const 64) (local.get $count)))
    (i32.add (global.get $ready) (i32.load8_u (i32.const 64)))))
