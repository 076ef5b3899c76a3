;; package root:root;
;; world root {
;;   export test:maths/maths@1.0.0;
;; }
(module $shared
  (type (;0;) (func (param i32 i32) (result i32)))
  (type (;1;) (func))
  (global $p1bridge:initialized (;0;) (mut i32) i32.const 0)
  (export "test:maths/maths@1.0.0#plus" (func 0))
  (export "_initialize" (func $p1bridge:initialize))
  (func (;0;) (type 0) (param i32 i32) (result i32)
    local.get 0
    local.get 1
    i32.add
  )
  (func $p1bridge:initialize (;1;) (type 1))
  (@producers
    (processed-by "p1bridge" "0.1.0")
  )
)
