(module
  (type (;0;) (func (result i32)))
  (type (;1;) (func))
  (type (;2;) (func (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "sched_yield" (func $sched_yield (;0;) (type 0) (result i32)))
  (table (;0;) 2 2 funcref)
  (memory (;0;) 1)
  (global $counter (;0;) (mut i32) i32.const 2)
  (export "_start" (func $start))
  (export "memory" (memory 0))
  (elem (;0;) (i32.const 1) func $double)
  (func $start (;1;) (type 1)
    (local i32)
    block ;; label = @1
      call $sched_yield
      br_if 0 (;@1;)
      global.get $counter
      i32.const 1
      call_indirect (type 2)
      local.set 0
      local.get 0
      global.set $counter
    end
  )
  (func $double (;2;) (type 2) (param i32) (result i32)
    local.get 0
    i32.const 2
    i32.mul
  )
  (data (;0;) (i32.const 32) "hello")
  (@producers
    (processed-by "p1bridge" "0.1.0")
  )
)
