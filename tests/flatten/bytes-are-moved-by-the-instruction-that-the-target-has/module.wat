;; package root:root;
;; world root {
;;   export run: func(x: u32) -> u32;
;; }
(module
  (type (;0;) (func (param i32 i32 i32 i32) (result i32)))
  (type (;1;) (func (param i32 i32) (result i32)))
  (type (;2;) (func (param i32) (result i32)))
  (type (;3;) (func))
  (memory (;0;) 2 2)
  (global $p1bridge:initialized (;0;) (mut i32) i32.const 0)
  (export "run" (func 2))
  (export "_initialize" (func $p1bridge:initialize))
  (export "memory" (memory 0))
  (func (;0;) (type 0) (param i32 i32 i32 i32) (result i32)
    i32.const 1024
  )
  (func (;1;) (type 1) (param i32 i32) (result i32)
    local.get 1
  )
  (func (;2;) (type 2) (param i32) (result i32)
    i32.const 16
    local.get 0
    call $"p1bridge:a function of another component"
  )
  (func $"p1bridge:a function of another component" (;3;) (type 1) (param i32 i32) (result i32)
    (local i32 i32 i32 i32 i32)
    local.get 1
    i32.const 268435455
    i32.gt_u
    if ;; label = @1
      unreachable
    end
    local.get 1
    i64.extend_i32_u
    local.get 0
    i64.extend_i32_u
    i64.add
    i32.const 65536
    i64.extend_i32_u
    i64.gt_u
    if ;; label = @1
      unreachable
    end
    i32.const 0
    i32.const 0
    i32.const 1
    local.get 1
    call 0
    local.set 4
    local.get 1
    i64.extend_i32_u
    local.get 4
    i64.extend_i32_u
    i64.add
    i32.const 65536
    i64.extend_i32_u
    i64.gt_u
    if ;; label = @1
      unreachable
    end
    local.get 4
    local.get 0
    i32.const 65536
    i32.add
    local.get 1
    memory.copy
    local.get 4
    local.set 2
    local.get 1
    local.set 3
    local.get 2
    local.get 3
    call 1
    local.set 5
    local.get 5
    local.set 6
    local.get 6
  )
  (func $p1bridge:initialize (;4;) (type 3))
  (@producers
    (processed-by "p1bridge" "0.1.0")
  )
)
