(module $guest
  (type (;0;) (func (result i32)))
  (type (;1;) (func))
  (type $callback (;2;) (func (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "sched_yield" (func $sched_yield (;0;) (type 0) (result i32)))
  (table $callbacks (;0;) 2 2 funcref)
  (memory $linear (;0;) 1)
  (global $counter (;0;) (mut i32) i32.const 2)
  (export "_start" (func $start))
  (export "memory" (memory $linear))
  (elem $callback-list (;0;) (i32.const 1) func $double)
  (func $start (;1;) (type 1)
    (local $result i32)
    block $out
      call $sched_yield
      br_if $out
      global.get $counter
      i32.const 1
      call_indirect (type $callback)
      local.set $result
      local.get $result
      global.set $counter
    end
  )
  (func $double (;2;) (type $callback) (param $x i32) (result i32)
    local.get $x
    i32.const 2
    i32.mul
  )
  (data $greeting (;0;) (i32.const 32) "hello")
  (@producers
    (processed-by "p1bridge" "0.1.0")
  )
)
