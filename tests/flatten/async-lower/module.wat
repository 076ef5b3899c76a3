;; package root:root;
;; world root {
;;   import test:a/a;
;;   export run: func();
;; }
(module $m
  (type (;0;) (func))
  (type (;1;) (func (result i32)))
  (import "test:a/a" "f" (func $f (;0;) (type 0)))
  (global $p1bridge:initialized (;0;) (mut i32) i32.const 0)
  (export "run" (func 1))
  (export "_initialize" (func $p1bridge:initialize))
  (func (;1;) (type 0)
    call $p1bridge:test:a/a#f
    drop
  )
  (func $p1bridge:test:a/a#f (;2;) (type 1) (result i32)
    call $f
    i32.const 2
  )
  (func $p1bridge:initialize (;3;) (type 0))
  (@producers
    (processed-by "p1bridge" "0.1.0")
  )
)
