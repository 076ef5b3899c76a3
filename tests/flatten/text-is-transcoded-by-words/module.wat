;; package root:root;
;; world root {
;;   export run: func(x: u32) -> u32;
;; }
(module
  (type (;0;) (func (param i32 i32 i32 i32) (result i32)))
  (type (;1;) (func (param i32 i32) (result i32)))
  (type (;2;) (func (param i32) (result i32)))
  (type (;3;) (func (param i32 i32 i32)))
  (type (;4;) (func (param i32 i32 i32) (result i32)))
  (type (;5;) (func))
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
  (func $p1bridge:memory.copy (;3;) (type 3) (param i32 i32 i32)
    (local i64 i64 i64 i32)
    local.get 0
    local.get 1
    local.get 0
    local.get 1
    i32.gt_u
    select
    local.get 2
    i32.add
    local.tee 6
    local.get 2
    i32.lt_u
    if ;; label = @1
      unreachable
    end
    local.get 6
    local.get 6
    i32.eqz
    i32.eqz
    i32.sub
    i32.load8_u
    drop
    local.get 2
    i32.const 32
    i32.gt_u
    if ;; label = @1
      local.get 0
      local.get 1
      i32.sub
      local.get 2
      i32.ge_u
      if ;; label = @2
        loop ;; label = @3
          local.get 0
          local.get 1
          i64.load align=1
          i64.store align=1
          local.get 0
          local.get 1
          i64.load offset=8 align=1
          i64.store offset=8 align=1
          local.get 0
          local.get 1
          i64.load offset=16 align=1
          i64.store offset=16 align=1
          local.get 0
          local.get 1
          i64.load offset=24 align=1
          i64.store offset=24 align=1
          local.get 1
          i32.const 32
          i32.add
          local.set 1
          local.get 0
          i32.const 32
          i32.add
          local.set 0
          local.get 2
          i32.const -32
          i32.add
          local.set 2
          local.get 2
          i32.const 32
          i32.gt_u
          br_if 0 (;@3;)
        end
      else
        loop ;; label = @3
          local.get 2
          i32.const -8
          i32.add
          local.tee 2
          local.get 0
          i32.add
          local.get 1
          local.get 2
          i32.add
          i64.load align=1
          i64.store align=1
          local.get 2
          i32.const 32
          i32.gt_u
          br_if 0 (;@3;)
        end
      end
    end
    local.get 2
    i32.const 8
    i32.ge_u
    if ;; label = @1
      local.get 1
      i64.load align=1
      local.set 3
      local.get 1
      local.get 2
      i32.add
      i32.const -8
      i32.add
      i64.load align=1
      local.set 4
      local.get 2
      i32.const 17
      i32.ge_u
      if ;; label = @2
        local.get 1
        i64.load offset=8 align=1
        local.set 5
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
        i64.load align=1
        i64.store align=1
        local.get 0
        local.get 5
        i64.store offset=8 align=1
      end
      local.get 0
      local.get 3
      i64.store align=1
      local.get 0
      local.get 2
      i32.add
      i32.const -8
      i32.add
      local.get 4
      i64.store align=1
      return
    end
    local.get 2
    i32.const 4
    i32.ge_u
    if ;; label = @1
      local.get 0
      local.get 1
      i64.load32_u align=1
      local.get 0
      local.get 2
      i32.add
      i32.const -4
      i32.add
      local.get 1
      local.get 2
      i32.add
      i32.const -4
      i32.add
      i64.load32_u align=1
      i64.store32 align=1
      i64.store32 align=1
      return
    end
    local.get 2
    if ;; label = @1
      local.get 0
      local.get 1
      i32.load8_u
      local.get 0
      local.get 2
      i32.const 1
      i32.shr_u
      local.tee 6
      i32.add
      local.get 1
      local.get 6
      i32.add
      i32.load8_u
      local.get 0
      local.get 2
      i32.add
      i32.const -1
      i32.add
      local.get 1
      local.get 2
      i32.add
      i32.const -1
      i32.add
      i32.load8_u
      i32.store8
      i32.store8
      i32.store8
    end
  )
  (func $p1bridge:memory.fill (;4;) (type 3) (param i32 i32 i32)
    (local i64 i32)
    local.get 0
    local.get 2
    i32.add
    local.tee 4
    local.get 2
    i32.lt_u
    if ;; label = @1
      unreachable
    end
    local.get 4
    local.get 4
    i32.eqz
    i32.eqz
    i32.sub
    i32.load8_u
    drop
    local.get 1
    i64.extend_i32_u
    i64.const 255
    i64.and
    i64.const 72340172838076673
    i64.mul
    local.set 3
    local.get 2
    i32.const 32
    i32.gt_u
    if ;; label = @1
      loop ;; label = @2
        local.get 0
        local.get 3
        i64.store align=1
        local.get 0
        local.get 3
        i64.store offset=8 align=1
        local.get 0
        local.get 3
        i64.store offset=16 align=1
        local.get 0
        local.get 3
        i64.store offset=24 align=1
        local.get 0
        i32.const 32
        i32.add
        local.set 0
        local.get 2
        i32.const -32
        i32.add
        local.set 2
        local.get 2
        i32.const 32
        i32.gt_u
        br_if 0 (;@2;)
      end
    end
    local.get 2
    i32.const 8
    i32.ge_u
    if ;; label = @1
      local.get 2
      i32.const 17
      i32.ge_u
      if ;; label = @2
        local.get 0
        local.get 3
        i64.store offset=8 align=1
        local.get 0
        local.get 2
        i32.add
        i32.const -16
        i32.add
        local.get 3
        i64.store align=1
      end
      local.get 0
      local.get 3
      i64.store align=1
      local.get 0
      local.get 2
      i32.add
      i32.const -8
      i32.add
      local.get 3
      i64.store align=1
      return
    end
    local.get 2
    i32.const 4
    i32.ge_u
    if ;; label = @1
      local.get 0
      local.get 3
      i64.store32 align=1
      local.get 0
      local.get 2
      i32.add
      i32.const -4
      i32.add
      local.get 3
      i64.store32 align=1
      return
    end
    local.get 2
    if ;; label = @1
      local.get 0
      local.get 1
      i32.store8
      local.get 0
      local.get 2
      i32.const 1
      i32.shr_u
      i32.add
      local.get 1
      i32.store8
      local.get 0
      local.get 2
      i32.add
      i32.const -1
      i32.add
      local.get 1
      i32.store8
    end
  )
  (func $p1bridge:check-utf8 (;5;) (type 1) (param i32 i32) (result i32)
    (local i32 i32 i32 i32 i32 i64 i64 i64 i64)
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
          i32.const 32
          i32.lt_u
          br_if 1 (;@2;)
          local.get 0
          i64.load align=1
          local.get 0
          i64.load offset=8 align=1
          i64.or
          local.get 0
          i64.load offset=16 align=1
          i64.or
          local.get 0
          i64.load offset=24 align=1
          i64.or
          i64.const -9187201950435737472
          i64.and
          i64.const 0
          i64.ne
          br_if 1 (;@2;)
          local.get 0
          i32.const 32
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
          i32.const 8
          i32.lt_u
          br_if 1 (;@2;)
          local.get 0
          i64.load align=1
          i64.const -9187201950435737472
          i64.and
          i64.const 0
          i64.ne
          br_if 1 (;@2;)
          local.get 0
          i32.const 8
          i32.add
          local.set 0
          br 0 (;@3;)
        end
      end
      loop ;; label = @2
        local.get 1
        local.get 0
        i32.sub
        i32.const 8
        i32.ge_u
        if ;; label = @3
          i64.const 0
          local.set 10
          block ;; label = @4
            loop ;; label = @5
              local.get 0
              i64.load align=1
              local.tee 7
              i64.const -9187201950435737472
              i64.and
              local.tee 8
              i64.eqz
              br_if 1 (;@4;)
              local.get 7
              i64.const 1
              i64.shl
              local.get 8
              i64.and
              local.tee 9
              local.get 8
              i64.xor
              local.get 10
              i64.xor
              local.get 9
              i64.const 8
              i64.shl
              i64.xor
              local.get 7
              i64.const 2
              i64.shl
              local.get 9
              i64.and
              i64.or
              local.get 7
              i64.const 2170205185142300190
              i64.and
              i64.const 9114861777597660798
              i64.add
              i64.const -1
              i64.xor
              local.get 9
              i64.and
              i64.or
              i64.const 0
              i64.ne
              br_if 1 (;@4;)
              local.get 9
              i64.const 56
              i64.shr_u
              local.set 10
              local.get 0
              i32.const 8
              i32.add
              local.set 0
              local.get 1
              local.get 0
              i32.sub
              i32.const 8
              i32.ge_u
              br_if 0 (;@5;)
            end
          end
          local.get 0
          local.get 10
          i64.const 7
          i64.shr_u
          i32.wrap_i64
          i32.sub
          local.set 0
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
          i32.load8_u
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
            i32.load8_u
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
          i32.load8_u
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
          i32.load8_u offset=1
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
            i32.load8_u offset=2
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
  (func $p1bridge:utf8-to-utf16 (;6;) (type 4) (param i32 i32 i32) (result i32)
    (local i32 i32 i64 i64)
    local.get 1
    local.get 2
    i32.add
    local.set 2
    loop ;; label = @1
      block ;; label = @2
        loop ;; label = @3
          local.get 2
          local.get 1
          i32.sub
          i32.const 8
          i32.lt_u
          br_if 1 (;@2;)
          local.get 1
          i64.load align=1
          local.tee 5
          i64.const -9187201950435737472
          i64.and
          i64.const 0
          i64.ne
          br_if 1 (;@2;)
          local.get 0
          local.get 5
          i64.const 4294967295
          i64.and
          local.set 6
          local.get 6
          local.get 6
          i64.const 16
          i64.shl
          i64.or
          i64.const 281470681808895
          i64.and
          local.set 6
          local.get 6
          local.get 6
          i64.const 8
          i64.shl
          i64.or
          i64.const 71777214294589695
          i64.and
          i64.store align=1
          local.get 0
          local.get 5
          i64.const 32
          i64.shr_u
          local.set 5
          local.get 5
          local.get 5
          i64.const 16
          i64.shl
          i64.or
          i64.const 281470681808895
          i64.and
          local.set 5
          local.get 5
          local.get 5
          i64.const 8
          i64.shl
          i64.or
          i64.const 71777214294589695
          i64.and
          i64.store offset=8 align=1
          local.get 0
          i32.const 16
          i32.add
          local.set 0
          local.get 1
          i32.const 8
          i32.add
          local.set 1
          br 0 (;@3;)
        end
      end
      block ;; label = @2
        local.get 2
        local.get 1
        i32.sub
        i32.const 4
        i32.lt_u
        br_if 0 (;@2;)
        local.get 1
        i64.load32_u align=1
        local.tee 5
        i64.const -9187201950435737472
        i64.and
        i64.const 0
        i64.ne
        br_if 0 (;@2;)
        local.get 0
        local.get 5
        local.get 5
        i64.const 16
        i64.shl
        i64.or
        i64.const 281470681808895
        i64.and
        local.set 5
        local.get 5
        local.get 5
        i64.const 8
        i64.shl
        i64.or
        i64.const 71777214294589695
        i64.and
        i64.store align=1
        local.get 0
        i32.const 8
        i32.add
        local.set 0
        local.get 1
        i32.const 4
        i32.add
        local.set 1
      end
      loop ;; label = @2
        block ;; label = @3
          loop ;; label = @4
            local.get 2
            local.get 1
            i32.sub
            i32.const 8
            i32.lt_u
            br_if 1 (;@3;)
            local.get 1
            i64.load align=1
            local.set 5
            local.get 5
            i64.const -4548423552103038752
            i64.and
            i64.const -9169187277044154176
            i64.eq
            i32.eqz
            br_if 1 (;@3;)
            local.get 0
            local.get 5
            i64.const 8725857424048159
            i64.and
            i64.const 6
            i64.shl
            local.get 5
            i64.const 8
            i64.shr_u
            i64.const 17733194119839807
            i64.and
            i64.or
            i64.store align=1
            local.get 0
            i32.const 8
            i32.add
            local.set 0
            local.get 1
            i32.const 8
            i32.add
            local.set 1
            br 0 (;@4;)
          end
        end
        loop ;; label = @3
          local.get 1
          local.get 2
          i32.ge_u
          if ;; label = @4
            local.get 0
            return
          end
          local.get 1
          i32.load8_u
          local.set 3
          local.get 3
          i32.const 128
          i32.lt_u
          if ;; label = @4
            local.get 1
            i32.const 1
            i32.add
            local.set 1
          else
            local.get 3
            i32.const 224
            i32.lt_u
            if ;; label = @5
              local.get 3
              i32.const 31
              i32.and
              i32.const 6
              i32.shl
              local.get 1
              i32.load8_u offset=1
              i32.const 63
              i32.and
              i32.or
              local.set 3
              local.get 1
              i32.const 2
              i32.add
              local.set 1
            else
              local.get 3
              i32.const 240
              i32.lt_u
              if ;; label = @6
                local.get 3
                i32.const 15
                i32.and
                i32.const 6
                i32.shl
                local.get 1
                i32.load8_u offset=1
                i32.const 63
                i32.and
                i32.or
                i32.const 6
                i32.shl
                local.get 1
                i32.load8_u offset=2
                i32.const 63
                i32.and
                i32.or
                local.set 3
                local.get 1
                i32.const 3
                i32.add
                local.set 1
              else
                local.get 3
                i32.const 7
                i32.and
                i32.const 6
                i32.shl
                local.get 1
                i32.load8_u offset=1
                i32.const 63
                i32.and
                i32.or
                i32.const 6
                i32.shl
                local.get 1
                i32.load8_u offset=2
                i32.const 63
                i32.and
                i32.or
                i32.const 6
                i32.shl
                local.get 1
                i32.load8_u offset=3
                i32.const 63
                i32.and
                i32.or
                local.set 3
                local.get 1
                i32.const 4
                i32.add
                local.set 1
              end
            end
          end
          local.get 3
          i32.const 65536
          i32.lt_u
          if ;; label = @4
            local.get 0
            local.get 3
            i32.store16
            local.get 0
            i32.const 2
            i32.add
            local.set 0
          else
            local.get 0
            local.get 3
            i32.const 10
            i32.shr_u
            i32.const 55232
            i32.add
            i32.store16
            local.get 0
            local.get 3
            i32.const 1023
            i32.and
            i32.const 56320
            i32.or
            i32.store16 offset=2
            local.get 0
            i32.const 4
            i32.add
            local.set 0
          end
          local.get 3
          i32.const 128
          i32.lt_u
          if ;; label = @4
            local.get 4
            i32.const 1
            i32.add
            local.set 4
            local.get 4
            i32.const 2
            i32.eq
            br_if 3 (;@1;)
          else
            local.get 4
            i32.const 0
            local.set 4
            br_if 2 (;@2;)
          end
          br 0 (;@3;)
        end
      end
    end
    unreachable
  )
  (func $"p1bridge:a function of another component" (;7;) (type 1) (param i32 i32) (result i32)
    (local i32 i32 i32 i32 i32 i32 i32)
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
      i32.const 65536
      i64.extend_i32_u
      i64.gt_u
      br_if 0 (;@1;)
      local.get 0
      i32.const 65536
      i32.add
      local.get 1
      call $p1bridge:check-utf8
      i32.eqz
      br_if 0 (;@1;)
      local.get 1
      i32.const 1
      i32.shl
      local.set 6
      i32.const 0
      i32.const 0
      i32.const 2
      local.get 6
      call 0
      local.set 4
      local.get 6
      i64.extend_i32_u
      local.get 4
      i64.extend_i32_u
      i64.add
      i32.const 65536
      i64.extend_i32_u
      i64.gt_u
      br_if 0 (;@1;)
      local.get 4
      i32.const 1
      i32.and
      br_if 0 (;@1;)
      local.get 4
      local.get 0
      i32.const 65536
      i32.add
      local.get 1
      call $p1bridge:utf8-to-utf16
      local.get 4
      i32.sub
      local.set 5
      local.get 5
      local.get 6
      i32.lt_u
      if ;; label = @2
        local.get 4
        local.get 6
        i32.const 2
        local.get 5
        call 0
        local.set 4
        local.get 5
        i64.extend_i32_u
        local.get 4
        i64.extend_i32_u
        i64.add
        i32.const 65536
        i64.extend_i32_u
        i64.gt_u
        br_if 1 (;@1;)
        local.get 4
        i32.const 1
        i32.and
        br_if 1 (;@1;)
      end
      local.get 5
      i32.const 1
      i32.shr_u
      local.set 5
      local.get 4
      local.set 2
      local.get 5
      local.set 3
      local.get 2
      local.get 3
      call 1
      local.set 7
      local.get 7
      local.set 8
      local.get 8
      return
    end
    unreachable
  )
  (func $p1bridge:initialize (;8;) (type 5))
  (@producers
    (processed-by "p1bridge" "0.1.0")
  )
)
