;; package root:root;
;; world root {
;;   import log: func(text: string);
;;   export run: func();
;; }
(module $m
  (type (;0;) (func (param i32 i32)))
  (type (;1;) (func))
  (import "$root" "log" (func $log (;0;) (type 0) (param i32 i32)))
  (memory (;0;) 1)
  (global $p1bridge:initialized (;0;) (mut i32) i32.const 0)
  (export "run" (func 1))
  (export "_initialize" (func $p1bridge:initialize))
  (export "memory" (memory 0))
  (func (;1;) (type 1)
    i32.const 4
    i32.const 5
    call $log
  )
  (func $p1bridge:initialize (;2;) (type 1))
  (data (;0;) (i32.const 4) "hello")
  (@producers
    (processed-by "p1bridge" "0.1.0")
  )
)
