;; package root:root;
;; world root {
;;   export run: func(p0: u32, p1: u64) -> u32;
;; }
(module $M
  (type (;0;) (func (param i32 i64) (result i32)))
  (type (;1;) (func))
  (global $p1bridge:initialized (;0;) (mut i32) i32.const 0)
  (export "run" (func $"p1bridge:a function of another component"))
  (export "_initialize" (func $p1bridge:initialize))
  (func (;0;) (type 0) (param i32 i64) (result i32)
    local.get 0
  )
  (func $"p1bridge:a function of another component" (;1;) (type 0) (param i32 i64) (result i32)
    (local i32 i64 i32 i32 i32)
    local.get 0
    local.tee 4
    i32.const 3
    i32.ge_u
    if ;; label = @1
      unreachable
    end
    local.get 4
    local.set 2
    local.get 1
    local.get 1
    i64.const 4294967295
    i64.and
    local.get 4
    i32.const 1
    i32.eq
    select
    local.set 3
    local.get 2
    local.get 3
    call 0
    local.set 5
    local.get 5
    local.set 6
    local.get 6
  )
  (func $p1bridge:initialize (;2;) (type 1))
  (@producers
    (processed-by "p1bridge" "0.1.0")
  )
)
