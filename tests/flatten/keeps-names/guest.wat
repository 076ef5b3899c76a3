;; Names follow the functions, locals, labels, types, globals, tables and segments that are left.
(module $guest
  (type $callback (func (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
  (memory $linear (export "memory") 1)
  (table $callbacks 2 2 funcref)
  (global $gone (mut i32) (i32.const 1))
  (global $counter (mut i32) (i32.const 2))
  (elem $callback-list (table $callbacks) (i32.const 1) func $double)
  (data $greeting (i32.const 32) "hello")
  (func $never (param $nobody i32))
  (func $start (export "_start") (local $result i32)
    (block $out
      (br_if $out (call $yield))
      (local.set $result
        (call_indirect $callbacks (type $callback) (global.get $counter) (i32.const 1)))
      (global.set $counter (local.get $result))))
  (func $double (type $callback) (param $x i32) (result i32)
    (i32.mul (local.get $x) (i32.const 2))))
