;; package root:root;
;; world root {
;;   export f: func(x: u32) -> u32;
;; }
(module $m
  (type (;0;) (func (param i32) (result i32)))
  (type (;1;) (func (result i64)))
  (type (;2;) (func (param i64 f32)))
  (type (;3;) (func))
  (type (;4;) (func (result i32)))
  (global $p1bridge:initialized (;0;) (mut i32) i32.const 0)
  (global $p1bridge:exception (;1;) (mut i32) i32.const 0)
  (global $"p1bridge:exception value 0" (;2;) (mut i64) i64.const 0)
  (global $"p1bridge:exception value 1" (;3;) (mut i64) i64.const 0)
  (export "f" (func $"p1bridge:catch 0"))
  (export "_initialize" (func $p1bridge:initialize))
  (func (;0;) (type 0) (param i32) (result i32)
    (local i64 f32)
    block ;; label = @1
      block ;; label = @2
        block ;; label = @3
          i64.const 7
          f32.const 0x1p+0 (;=1;)
          i32.reinterpret_f32
          i64.extend_i32_u
          global.set $"p1bridge:exception value 1"
          global.set $"p1bridge:exception value 0"
          i32.const 1
          global.set $p1bridge:exception
          br 0 (;@3;)
        end
        i32.const 0
        global.set $p1bridge:exception
        global.get $"p1bridge:exception value 0"
        global.get $"p1bridge:exception value 1"
        i32.wrap_i64
        f32.reinterpret_i32
        local.set 2
        local.set 1
        br 1 (;@1;)
        local.set 2
        local.set 1
      end
      local.get 1
      local.get 2
      local.set 2
      local.set 1
    end
    local.get 1
    local.get 2
    drop
    i32.wrap_i64
    local.get 0
    i32.add
  )
  (func $"p1bridge:catch 0" (;1;) (type 0) (param i32) (result i32)
    (local i64 f32)
    block (result i32) ;; label = @1
      block ;; label = @2
        block (result i32) ;; label = @3
          local.get 0
          call 0
        end
        br 1 (;@1;)
        local.set 2
        local.set 1
      end
      local.get 1
      local.get 2
      unreachable
    end
  )
  (func $p1bridge:initialize (;2;) (type 3))
  (@producers
    (processed-by "p1bridge" "0.1.0")
  )
)
