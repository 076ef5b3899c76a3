;; package root:root;
;; world root {
;;   import wasi:nn/errors@0.2.0-rc-2024-10-28;
;;   export run: func() -> u32;
;; }
(module $m
  (type (;0;) (func (param i32) (result i32)))
  (type (;1;) (func (param i32)))
  (type (;2;) (func (result i32)))
  (type (;3;) (func))
  (import "wasi:nn/errors@0.2.0-rc-2024-10-28" "[method]error.code" (func $"[method]error.code" (;0;) (type 0) (param i32) (result i32)))
  (import "wasi:nn/errors@0.2.0-rc-2024-10-28" "[resource-drop]error" (func $"[resource-drop]error" (;1;) (type 1) (param i32)))
  (global $p1bridge:initialized (;0;) (mut i32) i32.const 0)
  (export "run" (func 2))
  (export "_initialize" (func $p1bridge:initialize))
  (func (;2;) (type 2) (result i32)
    i32.const 1
    call $"[method]error.code"
    i32.const 1
    call $"[resource-drop]error"
  )
  (func $p1bridge:initialize (;3;) (type 3))
  (@producers
    (processed-by "p1bridge" "0.1.0")
  )
)
