;; package root:root;
;; world root {
;;   export length: func(text: string) -> u32;
;;   export test:words/words@0.3.1;
;; }
(module
  (type (;0;) (func (param i32 i32 i32 i32) (result i32)))
  (type (;1;) (func (param i32 i32) (result i32)))
  (type (;2;) (func (param i32)))
  (type (;3;) (func))
  (memory (;0;) 1)
  (global $next (;0;) (mut i32) i32.const 1024)
  (global $p1bridge:initialized (;1;) (mut i32) i32.const 0)
  (export "length" (func 3))
  (export "test:words/words@0.3.1#twice" (func 1))
  (export "cabi_post_test:words/words@0.3.1#twice" (func 2))
  (export "cabi_realloc" (func 0))
  (export "_initialize" (func $p1bridge:initialize))
  (export "memory" (memory 0))
  (func (;0;) (type 0) (param i32 i32 i32 i32) (result i32)
    global.get $next
    global.get $next
    local.get 3
    i32.add
    global.set $next
  )
  (func (;1;) (type 1) (param $p i32) (param $n i32) (result i32)
    i32.const 0
    local.get $p
    i32.store
    i32.const 4
    local.get $n
    i32.store
    i32.const 0
  )
  (func (;2;) (type 2) (param i32)
    i32.const 1024
    global.set $next
  )
  (func (;3;) (type 1) (param $p i32) (param $n i32) (result i32)
    local.get $n
  )
  (func $p1bridge:initialize (;4;) (type 3))
  (@producers
    (processed-by "wit-component" "0.263.0")
    (processed-by "p1bridge" "0.1.0")
  )
)
