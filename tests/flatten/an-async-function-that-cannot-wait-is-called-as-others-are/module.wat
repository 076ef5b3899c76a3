;; package root:root;
;; world root {
;;   export run: func(x: u32) -> u32;
;; }
(module
  (type (;0;) (func (param i32) (result i32)))
  (type (;1;) (func (param i32 i32) (result i32)))
  (type (;2;) (func))
  (memory (;0;) 2 2)
  (global $p1bridge:initialized (;0;) (mut i32) i32.const 0)
  (export "run" (func 1))
  (export "_initialize" (func $p1bridge:initialize))
  (export "memory" (memory 0))
  (func (;0;) (type 0) (param i32) (result i32)
    i32.const 0
    local.get 0
    i32.store
    i32.const 0
    i32.load8_u
  )
  (func (;1;) (type 0) (param i32) (result i32)
    local.get 0
    i32.const 16
    call $"p1bridge:a function of another component"
    i32.const 2
    i32.ne
    if ;; label = @1
      unreachable
    end
    i32.const 16
    i32.load offset=65536
    call 0
  )
  (func $"p1bridge:a function of another component" (;2;) (type 1) (param i32 i32) (result i32)
    (local i32 i32)
    local.get 0
    local.set 2
    local.get 2
    call 0
    local.set 3
    local.get 1
    i32.const 65532
    i32.gt_u
    if ;; label = @1
      unreachable
    end
    local.get 1
    i32.const 3
    i32.and
    if ;; label = @1
      unreachable
    end
    local.get 1
    i32.const 65536
    i32.add
    local.get 3
    i32.store
    i32.const 2
  )
  (func $p1bridge:initialize (;3;) (type 2))
  (@producers
    (processed-by "p1bridge" "0.1.0")
  )
)
