;; The host knows the interface by its own name and by the flat signature.
(module
  (import "test:lamp/lamp@1.2.0" "show" (func $show (param i32 i32) (result i32)))
  (import "test:lamp/lamp@1.2.0" "name" (func $name (param i32)))
  (memory (export "memory") 1)
  (global $next (mut i32) (i32.const 1024))
  (data (i32.const 16) "on")
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (global.get $next)
    (global.set $next (i32.add (global.get $next) (local.get 3))))
  (func (export "switch") (param i32) (result i32)
    (call $name (i32.const 0))
    (call $show (i32.const 16) (local.get 0))))
