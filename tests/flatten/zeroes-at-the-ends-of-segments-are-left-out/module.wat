;; package root:root;
;; world root {
;;   export f: func() -> u32;
;; }
(module $M
  (type (;0;) (func (result i32)))
  (type (;1;) (func))
  (memory (;0;) 1)
  (global $p1bridge:initialized (;0;) (mut i32) i32.const 0)
  (export "f" (func 0))
  (export "_initialize" (func $p1bridge:initialize))
  (export "memory" (memory 0))
  (func (;0;) (type 0) (result i32)
    i32.const 20
    i32.load
  )
  (func $p1bridge:initialize (;1;) (type 1))
  (data (;0;) (i32.const 22) "here")
  (data (;1;) (i32.const 64) "there")
  (data (;2;) (i32.const 66) "\00\00")
  (@producers
    (processed-by "p1bridge" "0.1.0")
  )
)
