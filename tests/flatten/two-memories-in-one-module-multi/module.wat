;; package root:root;
;; world root {
;;   export run: func();
;; }
(module $m
  (type (;0;) (func))
  (memory $first (;0;) 1)
  (memory $second (;1;) 1)
  (global $p1bridge:initialized (;0;) (mut i32) i32.const 0)
  (export "run" (func 0))
  (export "_initialize" (func $p1bridge:initialize))
  (export "memory" (memory $first))
  (func (;0;) (type 0)
    i32.const 0
    i32.const 1
    i32.store
    i32.const 0
    i32.const 2
    i32.store $second
  )
  (func $p1bridge:initialize (;1;) (type 0))
  (@producers
    (processed-by "p1bridge" "0.1.0")
  )
)
