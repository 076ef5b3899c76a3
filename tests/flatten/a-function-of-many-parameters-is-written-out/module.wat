;; package root:root;
;; world root {
;;   export run: func(x: u32) -> u32;
;; }
(module
  (type (;0;) (func (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (type (;1;) (func (param i32) (result i32)))
  (type (;2;) (func))
  (global $p1bridge:initialized (;0;) (mut i32) i32.const 0)
  (export "run" (func 1))
  (export "_initialize" (func $p1bridge:initialize))
  (func (;0;) (type 0) (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
    local.get 0
    local.get 1
    i32.add
    local.get 2
    i32.add
    local.get 3
    i32.add
    local.get 4
    i32.add
    local.get 5
    i32.add
    local.get 6
    i32.add
    local.get 7
    i32.add
  )
  (func (;1;) (type 1) (param i32) (result i32)
    (local i32 i32 i32 i32 i32 i32)
    local.get 0
    i32.const 1
    i32.const 2
    i32.const 3
    i32.const 4
    i32.const 5
    i32.const 6
    i32.const 7
    local.set 1
    local.set 2
    local.set 3
    local.set 4
    local.set 5
    local.set 6
    i32.add
    local.get 6
    i32.add
    local.get 5
    i32.add
    local.get 4
    i32.add
    local.get 3
    i32.add
    local.get 2
    i32.add
    local.get 1
    i32.add
  )
  (func $p1bridge:initialize (;2;) (type 2))
  (@producers
    (processed-by "p1bridge" "0.1.0")
  )
)
