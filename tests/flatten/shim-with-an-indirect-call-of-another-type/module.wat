;; package root:root;
;; world root {
;;   export f: func(x: u32) -> u32;
;; }
(module $m
  (type (;0;) (func (param i32) (result i32 i32)))
  (type $short (;1;) (func (result i32)))
  (type (;2;) (func (param i32) (result i32)))
  (type (;3;) (func))
  (table (;0;) 2 funcref)
  (global $p1bridge:initialized (;0;) (mut i32) i32.const 0)
  (export "f" (func 2))
  (export "_initialize" (func $p1bridge:initialize))
  (elem (;0;) (i32.const 1) func $g)
  (func $g (;0;) (type 0) (param i32) (result i32 i32)
    local.get 0
    i32.const 9
  )
  (func $fwd (;1;) (type 0) (param i32) (result i32 i32)
    local.get 0
    i32.const 1
    call_indirect (type $short)
  )
  (func (;2;) (type 2) (param i32) (result i32)
    local.get 0
    call $fwd
    i32.add
  )
  (func $p1bridge:initialize (;3;) (type 3))
  (@producers
    (processed-by "p1bridge" "0.1.0")
  )
)
