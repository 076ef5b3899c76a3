;; package root:root;
;; world root {
;;   export run: func(x: u32) -> u32;
;; }
(module
  (type (;0;) (func (param i32) (result i32)))
  (type (;1;) (func))
  (global $p1bridge:initialized (;0;) (mut i32) i32.const 0)
  (export "run" (func 1))
  (export "_initialize" (func $p1bridge:initialize))
  (func (;0;) (type 0) (param i32) (result i32)
    local.get 0
    i32.const 1
    i32.shl
  )
  (func (;1;) (type 0) (param i32) (result i32)
    local.get 0
    i32.const 1
    i32.shl
    i32.const 3
    i32.add
  )
  (func $p1bridge:initialize (;2;) (type 1))
  (@producers
    (processed-by "p1bridge" "0.1.0")
  )
)
