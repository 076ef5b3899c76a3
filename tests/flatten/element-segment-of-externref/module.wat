;; package root:root;
;; world root {
;;   export f: func(x: u32) -> u32;
;; }
(module $m
  (type (;0;) (func (param i32) (result i32)))
  (type (;1;) (func))
  (table $t (;0;) 1 externref)
  (global $p1bridge:initialized (;0;) (mut i32) i32.const 0)
  (export "f" (func 0))
  (export "_initialize" (func $p1bridge:initialize))
  (elem (;0;) (table $t) (i32.const 0) externref)
  (func (;0;) (type 0) (param i32) (result i32)
    table.size $t
    i32.const 0
    table.get $t
    ref.is_null
    i32.add
  )
  (func $p1bridge:initialize (;1;) (type 1))
  (@producers
    (processed-by "p1bridge" "0.1.0")
  )
)
