;; package root:root;
;; world root {
;;   export run: func() -> u32;
;; }
(module
  (type (;0;) (func (param i32 i32 i32 i32) (result i32)))
  (type (;1;) (func (param i32 i32) (result i32)))
  (type (;2;) (func (result i32)))
  (type (;3;) (func (param i32 i32 i32) (result i32)))
  (type (;4;) (func))
  (memory (;0;) 1)
  (memory (;1;) 1)
  (global $next (;0;) (mut i32) i32.const 64)
  (global $p1bridge:initialized (;1;) (mut i32) i32.const 0)
  (export "run" (func 2))
  (export "_initialize" (func $p1bridge:initialize))
  (export "memory" (memory 0))
  (func (;0;) (type 0) (param i32 i32 i32 i32) (result i32)
    global.get $next
  )
  (func (;1;) (type 1) (param i32 i32) (result i32)
    local.get 1
  )
  (func (;2;) (type 2) (result i32)
    i32.const 0
    i32.const 3
    call $"p1bridge:a function of another component"
  )
  (func $"p1bridge:check-utf8 in memory 1" (;3;) (type 1) (param i32 i32) (result i32)
    (local i32 i32 i32 i32 i32 v128 v128 v128 v128)
    local.get 0
    local.get 1
    i32.add
    local.set 1
    loop ;; label = @1
      block ;; label = @2
        loop ;; label = @3
          local.get 1
          local.get 0
          i32.sub
          i32.const 64
          i32.lt_u
          br_if 1 (;@2;)
          local.get 0
          v128.load 1 align=1
          local.get 0
          v128.load 1 offset=16 align=1
          v128.or
          local.get 0
          v128.load 1 offset=32 align=1
          v128.or
          local.get 0
          v128.load 1 offset=48 align=1
          v128.or
          v128.const i32x4 0x80808080 0x80808080 0x80808080 0x80808080
          v128.and
          v128.any_true
          br_if 1 (;@2;)
          local.get 0
          i32.const 64
          i32.add
          local.set 0
          br 0 (;@3;)
        end
      end
      block ;; label = @2
        loop ;; label = @3
          local.get 1
          local.get 0
          i32.sub
          i32.const 16
          i32.lt_u
          br_if 1 (;@2;)
          local.get 0
          v128.load 1 align=1
          v128.const i32x4 0x80808080 0x80808080 0x80808080 0x80808080
          v128.and
          v128.any_true
          br_if 1 (;@2;)
          local.get 0
          i32.const 16
          i32.add
          local.set 0
          br 0 (;@3;)
        end
      end
      loop ;; label = @2
        local.get 1
        local.get 0
        i32.sub
        i32.const 16
        i32.ge_u
        if ;; label = @3
          v128.const i32x4 0x00000000 0x00000000 0x00000000 0x00000000
          local.tee 7
          local.set 9
          loop ;; label = @4
            local.get 0
            v128.load 1 align=1
            local.set 8
            local.get 7
            local.get 8
            i8x16.shuffle 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30
            local.set 10
            v128.const i32x4 0x02020202 0x02020202 0x80808080 0x49150121
            local.get 10
            i32.const 4
            i8x16.shr_u
            i8x16.swizzle
            v128.const i32x4 0x8383a3e7 0xcbcbcb8b 0xcbcbcbcb 0xcbcbdbcb
            local.get 10
            v128.const i32x4 0x0f0f0f0f 0x0f0f0f0f 0x0f0f0f0f 0x0f0f0f0f
            v128.and
            i8x16.swizzle
            v128.and
            v128.const i32x4 0x01010101 0x01010101 0xbabaaee6 0x01010101
            local.get 8
            i32.const 4
            i8x16.shr_u
            i8x16.swizzle
            v128.and
            local.get 7
            local.get 8
            i8x16.shuffle 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29
            v128.const i32x4 0x60606060 0x60606060 0x60606060 0x60606060
            i8x16.sub_sat_u
            local.get 7
            local.get 8
            i8x16.shuffle 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28
            v128.const i32x4 0x70707070 0x70707070 0x70707070 0x70707070
            i8x16.sub_sat_u
            v128.or
            v128.const i32x4 0x80808080 0x80808080 0x80808080 0x80808080
            v128.and
            v128.xor
            local.get 9
            v128.or
            local.set 9
            local.get 8
            local.set 7
            local.get 0
            i32.const 16
            i32.add
            local.set 0
            local.get 1
            local.get 0
            i32.sub
            i32.const 16
            i32.ge_u
            br_if 0 (;@4;)
          end
          local.get 9
          v128.any_true
          if ;; label = @4
            i32.const 0
            return
          end
          loop ;; label = @4
            local.get 0
            i32.const -1
            i32.add
            local.set 0
            local.get 0
            i32.load8_u 1
            i32.const 192
            i32.and
            i32.const 128
            i32.eq
            br_if 0 (;@4;)
          end
        end
        loop ;; label = @3
          local.get 0
          local.get 1
          i32.eq
          if ;; label = @4
            i32.const 1
            return
          end
          local.get 0
          i32.load8_u 1
          local.set 2
          local.get 0
          i32.const 1
          i32.add
          local.set 0
          local.get 2
          i32.const 128
          i32.lt_u
          if ;; label = @4
            local.get 6
            i32.const 1
            i32.add
            local.set 6
            local.get 6
            i32.const 2
            i32.eq
            br_if 3 (;@1;)
            br 1 (;@3;)
          end
          local.get 6
          if ;; label = @4
            i32.const 0
            local.set 6
            local.get 0
            i32.const -1
            i32.add
            local.set 0
            br 2 (;@2;)
          end
          local.get 2
          i32.const 194
          i32.sub
          i32.const 51
          i32.ge_u
          if ;; label = @4
            i32.const 0
            return
          end
          local.get 2
          i32.const 224
          i32.lt_u
          if ;; label = @4
            local.get 0
            local.get 1
            i32.eq
            if ;; label = @5
              i32.const 0
              return
            end
            local.get 0
            i32.load8_u 1
            i32.const 192
            i32.and
            i32.const 128
            i32.ne
            if ;; label = @5
              i32.const 0
              return
            end
            local.get 0
            i32.const 1
            i32.add
            local.set 0
            br 1 (;@3;)
          end
          local.get 2
          i32.const 240
          i32.ge_u
          i32.const 2
          i32.add
          local.tee 3
          local.get 1
          local.get 0
          i32.sub
          i32.gt_u
          if ;; label = @4
            i32.const 0
            return
          end
          i32.const 128
          local.set 4
          local.get 2
          i32.const 224
          i32.eq
          if ;; label = @4
            i32.const 160
            local.set 4
          end
          local.get 2
          i32.const 240
          i32.eq
          if ;; label = @4
            i32.const 144
            local.set 4
          end
          i32.const 191
          local.set 5
          local.get 2
          i32.const 237
          i32.eq
          if ;; label = @4
            i32.const 159
            local.set 5
          end
          local.get 2
          i32.const 244
          i32.eq
          if ;; label = @4
            i32.const 143
            local.set 5
          end
          local.get 0
          i32.load8_u 1
          local.get 4
          i32.sub
          local.get 5
          local.get 4
          i32.sub
          i32.gt_u
          if ;; label = @4
            i32.const 0
            return
          end
          local.get 0
          i32.load8_u 1 offset=1
          i32.const 192
          i32.and
          i32.const 128
          i32.ne
          if ;; label = @4
            i32.const 0
            return
          end
          local.get 3
          i32.const 2
          i32.gt_u
          if ;; label = @4
            local.get 0
            i32.load8_u 1 offset=2
            i32.const 192
            i32.and
            i32.const 128
            i32.ne
            if ;; label = @5
              i32.const 0
              return
            end
          end
          local.get 0
          local.get 3
          i32.add
          local.set 0
          br 0 (;@3;)
        end
      end
    end
    unreachable
  )
  (func $"p1bridge:copy-utf8 from memory 1 to 0" (;4;) (type 3) (param i32 i32 i32) (result i32)
    (local i64 i64)
    block ;; label = @1
      local.get 2
      i32.const 8
      i32.sub
      i32.const 8
      i32.gt_u
      br_if 0 (;@1;)
      local.get 0
      local.get 1
      i64.load 1 align=1
      local.tee 3
      i64.store align=1
      local.get 0
      local.get 2
      i32.add
      i32.const -8
      i32.add
      local.get 1
      local.get 2
      i32.add
      i32.const -8
      i32.add
      i64.load 1 align=1
      local.tee 4
      i64.store align=1
      local.get 3
      local.get 4
      i64.or
      i64.const -9187201950435737472
      i64.and
      i64.const 0
      i64.ne
      br_if 0 (;@1;)
      i32.const 1
      return
    end
    local.get 0
    local.get 1
    local.get 2
    call $"p1bridge:copy-long-utf8 from memory 1 to 0"
  )
  (func $"p1bridge:copy-long-utf8 from memory 1 to 0" (;5;) (type 3) (param i32 i32 i32) (result i32)
    (local v128 v128 v128 v128)
    block ;; label = @1
      local.get 2
      i32.const 16
      i32.lt_u
      br_if 0 (;@1;)
      block ;; label = @2
        local.get 2
        i32.const 64
        i32.lt_u
        br_if 0 (;@2;)
        loop ;; label = @3
          local.get 0
          local.get 1
          v128.load 1 align=1
          local.tee 3
          v128.store align=1
          local.get 0
          local.get 1
          v128.load 1 offset=16 align=1
          local.tee 4
          v128.store offset=16 align=1
          local.get 0
          local.get 1
          v128.load 1 offset=32 align=1
          local.tee 5
          v128.store offset=32 align=1
          local.get 0
          local.get 1
          v128.load 1 offset=48 align=1
          local.tee 6
          v128.store offset=48 align=1
          local.get 3
          local.get 4
          v128.or
          local.get 5
          v128.or
          local.get 6
          v128.or
          v128.const i32x4 0x80808080 0x80808080 0x80808080 0x80808080
          v128.and
          v128.any_true
          br_if 2 (;@1;)
          local.get 0
          i32.const 64
          i32.add
          local.set 0
          local.get 1
          i32.const 64
          i32.add
          local.set 1
          local.get 2
          i32.const -64
          i32.add
          local.set 2
          local.get 2
          i32.const 64
          i32.ge_u
          br_if 0 (;@3;)
        end
      end
      block ;; label = @2
        local.get 2
        i32.const 16
        i32.lt_u
        br_if 0 (;@2;)
        loop ;; label = @3
          local.get 0
          local.get 1
          v128.load 1 align=1
          local.tee 3
          v128.store align=1
          local.get 3
          v128.const i32x4 0x80808080 0x80808080 0x80808080 0x80808080
          v128.and
          v128.any_true
          br_if 2 (;@1;)
          local.get 0
          i32.const 16
          i32.add
          local.set 0
          local.get 1
          i32.const 16
          i32.add
          local.set 1
          local.get 2
          i32.const -16
          i32.add
          local.set 2
          local.get 2
          i32.const 16
          i32.ge_u
          br_if 0 (;@3;)
        end
      end
      local.get 0
      local.get 2
      i32.add
      i32.const -16
      i32.add
      local.get 1
      local.get 2
      i32.add
      i32.const -16
      i32.add
      v128.load 1 align=1
      local.tee 3
      v128.store align=1
      local.get 3
      v128.const i32x4 0x80808080 0x80808080 0x80808080 0x80808080
      v128.and
      v128.any_true
      br_if 0 (;@1;)
      i32.const 1
      return
    end
    local.get 0
    local.get 1
    local.get 2
    memory.copy 0 1
    local.get 1
    local.get 2
    call $"p1bridge:check-utf8 in memory 1"
  )
  (func $"p1bridge:a function of another component" (;6;) (type 1) (param i32 i32) (result i32)
    (local i32 i32 i32 i32 i32 i32)
    block ;; label = @1
      local.get 1
      i32.const 268435455
      i32.gt_u
      br_if 0 (;@1;)
      local.get 1
      i64.extend_i32_u
      local.get 0
      i64.extend_i32_u
      i64.add
      memory.size 1
      i64.extend_i32_u
      i64.const 16
      i64.shl
      i64.gt_u
      br_if 0 (;@1;)
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
      memory.size
      i64.extend_i32_u
      i64.const 16
      i64.shl
      i64.gt_u
      br_if 0 (;@1;)
      local.get 4
      local.get 0
      local.get 1
      call $"p1bridge:copy-utf8 from memory 1 to 0"
      i32.eqz
      br_if 0 (;@1;)
      local.get 4
      local.set 2
      local.get 1
      local.set 3
      local.get 2
      local.get 3
      call 1
      local.set 6
      local.get 6
      local.set 7
      local.get 7
      return
    end
    unreachable
  )
  (func $p1bridge:initialize (;7;) (type 4))
  (@producers
    (processed-by "p1bridge" "0.1.0")
  )
)
