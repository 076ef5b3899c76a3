;; package root:root;
;; world root {
;;   export first: func() -> u32;
;;   export second: func() -> u32;
;; }
(module
  (type (;0;) (func (result i32)))
  (type (;1;) (func))
  (memory (;0;) 2 2)
  (global $p1bridge:initialized (;0;) (mut i32) i32.const 0)
  (export "first" (func 0))
  (export "second" (func 1))
  (export "_initialize" (func $p1bridge:initialize))
  (export "memory" (memory 0))
  (func (;0;) (type 0) (result i32)
    i32.const 0
    i32.const 0
    i32.load
    i32.const 1
    i32.add
    i32.store
    i32.const 0
    i32.load
  )
  (func (;1;) (type 0) (result i32)
    i32.const 0
    i32.const 0
    i32.load offset=65536
    i32.const 1
    i32.add
    i32.store offset=65536
    i32.const 0
    i32.load offset=65536
  )
  (func $p1bridge:initialize (;2;) (type 1))
  (@producers
    (processed-by "p1bridge" "0.1.0")
  )
)
