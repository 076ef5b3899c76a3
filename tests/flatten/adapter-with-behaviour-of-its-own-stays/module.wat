;; package root:root;
;; world root {
;;   export write: func() -> s32;
;; }
(module
  (type (;0;) (func (result i32)))
  (type (;1;) (func (param i32 i32 i32 i32) (result i32)))
  (type (;2;) (func))
  (global $p1bridge:initialized (;0;) (mut i32) i32.const 0)
  (export "write" (func 0))
  (export "_initialize" (func $p1bridge:initialize))
  (func (;0;) (type 0) (result i32)
    i32.const 1
    i32.const 0
    i32.const 1
    i32.const 8
    drop
    drop
    drop
    drop
    i32.const 76
  )
  (func (;1;) (type 1) (param i32 i32 i32 i32) (result i32)
    i32.const 76
  )
  (func $p1bridge:initialize (;2;) (type 2))
  (@producers
    (processed-by "wit-component" "0.263.0")
    (processed-by "p1bridge" "0.1.0")
  )
)
