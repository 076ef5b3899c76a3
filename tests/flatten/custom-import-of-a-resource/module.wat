;; package root:root;
;; world root {
;;   import test:lamp/lamp@1.0.0;
;;   export run: func();
;; }
(module $m
  (type (;0;) (func (result i32)))
  (type (;1;) (func (param i32)))
  (type (;2;) (func))
  (import "test:lamp/lamp@1.0.0" "get" (func $get (;0;) (type 0) (result i32)))
  (import "test:lamp/lamp@1.0.0" "[resource-drop]lamp" (func $"[resource-drop]lamp" (;1;) (type 1) (param i32)))
  (global $p1bridge:initialized (;0;) (mut i32) i32.const 0)
  (export "run" (func 2))
  (export "_initialize" (func $p1bridge:initialize))
  (func (;2;) (type 2)
    call $get
    call $"[resource-drop]lamp"
  )
  (func $p1bridge:initialize (;3;) (type 2))
  (@producers
    (processed-by "p1bridge" "0.1.0")
  )
)
