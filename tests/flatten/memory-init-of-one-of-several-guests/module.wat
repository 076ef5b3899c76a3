;; package root:root;
;; world root {
;;   export read: func(at: u32) -> u32;
;;   export write: func(at: u32, %from: u32, count: u32) -> u32;
;; }
(module
  (type (;0;) (func (param i32) (result i32)))
  (type (;1;) (func (param i32 i32 i32) (result i32)))
  (type (;2;) (func))
  (memory (;0;) 2 2)
  (global $p1bridge:initialized (;0;) (mut i32) i32.const 0)
  (export "read" (func 0))
  (export "write" (func 1))
  (export "_initialize" (func $p1bridge:initialize))
  (export "memory" (memory 0))
  (func (;0;) (type 0) (param i32) (result i32)
    local.get 0
    i32.const 65535
    i32.gt_u
    if ;; label = @1
      unreachable
    end
    local.get 0
    i32.load8_u
  )
  (func (;1;) (type 1) (param i32 i32 i32) (result i32)
    (local i32 i32 i32)
    local.get 0
    local.get 1
    local.get 2
    local.set 3
    local.set 4
    local.set 5
    local.get 5
    i64.extend_i32_u
    local.get 3
    i64.extend_i32_u
    i64.add
    i32.const 65536
    i64.extend_i32_u
    i64.gt_u
    if ;; label = @1
      unreachable
    end
    local.get 5
    i32.const 65536
    i32.add
    local.get 4
    local.get 3
    memory.init $passive
    local.get 0
    i32.const 65535
    i32.gt_u
    if ;; label = @1
      unreachable
    end
    local.get 0
    i32.load8_u offset=65536
  )
  (func $p1bridge:initialize (;2;) (type 2))
  (data $passive (;0;) "0123456789")
  (@producers
    (processed-by "p1bridge" "0.1.0")
  )
)
