;; A reactor that returns a string, cleans up after it, and imports an interface of its own.
(module
  (import "test:lamp/lamp@1.2.0" "show" (func $show (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (global $next (mut i32) (i32.const 1024))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (global.get $next)
    (global.set $next (i32.add (global.get $next) (local.get 3))))
  (func (export "test:lamp/names@1.2.0#twice") (param $p i32) (param $n i32) (result i32)
    (i32.store (i32.const 0) (local.get $p))
    (i32.store (i32.const 4) (call $show (local.get $p) (local.get $n)))
    (i32.const 0))
  (func (export "cabi_post_test:lamp/names@1.2.0#twice") (param i32)))
