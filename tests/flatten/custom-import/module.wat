;; package root:root;
;; world root {
;;   import test:lamp/lamp@1.2.0;
;;   export switch: func(length: s32) -> u32;
;; }
(module
  (type (;0;) (func (param i32 i32) (result i32)))
  (type (;1;) (func (param i32)))
  (type (;2;) (func (param i32 i32 i32 i32) (result i32)))
  (type (;3;) (func (param i32) (result i32)))
  (type (;4;) (func))
  (import "test:lamp/lamp@1.2.0" "show" (func $show (;0;) (type 0) (param i32 i32) (result i32)))
  (import "test:lamp/lamp@1.2.0" "name" (func $name (;1;) (type 1) (param i32)))
  (memory (;0;) 1)
  (global $next (;0;) (mut i32) i32.const 1024)
  (global $p1bridge:initialized (;1;) (mut i32) i32.const 0)
  (export "switch" (func 3))
  (export "cabi_realloc" (func 2))
  (export "_initialize" (func $p1bridge:initialize))
  (export "memory" (memory 0))
  (func (;2;) (type 2) (param i32 i32 i32 i32) (result i32)
    global.get $next
    global.get $next
    local.get 3
    i32.add
    global.set $next
  )
  (func (;3;) (type 3) (param i32) (result i32)
    i32.const 0
    call $name
    i32.const 16
    local.get 0
    call $show
  )
  (func $p1bridge:initialize (;4;) (type 4))
  (data (;0;) (i32.const 16) "on")
  (@producers
    (processed-by "wit-component" "0.263.0")
    (processed-by "p1bridge" "0.1.0")
  )
)
