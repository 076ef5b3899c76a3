;; package root:root;
;; world root {
;;   export run: func();
;; }
(module
  (type (;0;) (func (param i32 i32 i32 i32) (result i32)))
  (type (;1;) (func (param i32)))
  (type (;2;) (func))
  (type (;3;) (func (param i32 i32 i32)))
  (type (;4;) (func (param i32 i32) (result i32)))
  (type (;5;) (func (param i32 i32 i32) (result i32)))
  (type (;6;) (func (param i32 i32)))
  (memory (;0;) 2 2)
  (global $p1bridge:initialized (;0;) (mut i32) i32.const 0)
  (export "run" (func 2))
  (export "_initialize" (func $p1bridge:initialize))
  (export "memory" (memory 0))
  (func (;0;) (type 0) (param i32 i32 i32 i32) (result i32)
    i32.const 1024
  )
  (func (;1;) (type 1) (param i32))
  (func (;2;) (type 2)
    i32.const 8
    call $"p1bridge:a function of another component"
    i32.const 128
    call $"#func9 p1bridge:a function of another component"
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
  (func $p1bridge:check-utf8 (;5;) (type 4) (param i32 i32) (result i32)
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
  (func $p1bridge:copy-utf8 (;6;) (type 5) (param i32 i32 i32) (result i32)
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
      i64.load align=1
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
      i64.load align=1
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
    call $p1bridge:copy-long-utf8
  )
  (func $p1bridge:copy-long-utf8 (;7;) (type 5) (param i32 i32 i32) (result i32)
    (local i64 i64 i64 i64 i64 i64 i64 i64)
    block ;; label = @1
      local.get 2
      i32.const 8
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
          i64.load align=1
          local.tee 3
          i64.store align=1
          local.get 0
          local.get 1
          i64.load offset=8 align=1
          local.tee 4
          i64.store offset=8 align=1
          local.get 0
          local.get 1
          i64.load offset=16 align=1
          local.tee 5
          i64.store offset=16 align=1
          local.get 0
          local.get 1
          i64.load offset=24 align=1
          local.tee 6
          i64.store offset=24 align=1
          local.get 0
          local.get 1
          i64.load offset=32 align=1
          local.tee 7
          i64.store offset=32 align=1
          local.get 0
          local.get 1
          i64.load offset=40 align=1
          local.tee 8
          i64.store offset=40 align=1
          local.get 0
          local.get 1
          i64.load offset=48 align=1
          local.tee 9
          i64.store offset=48 align=1
          local.get 0
          local.get 1
          i64.load offset=56 align=1
          local.tee 10
          i64.store offset=56 align=1
          local.get 3
          local.get 4
          i64.or
          local.get 5
          i64.or
          local.get 6
          i64.or
          local.get 7
          i64.or
          local.get 8
          i64.or
          local.get 9
          i64.or
          local.get 10
          i64.or
          i64.const -9187201950435737472
          i64.and
          i64.const 0
          i64.ne
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
        i32.const 8
        i32.lt_u
        br_if 0 (;@2;)
        loop ;; label = @3
          local.get 0
          local.get 1
          i64.load align=1
          local.tee 3
          i64.store align=1
          local.get 3
          i64.const -9187201950435737472
          i64.and
          i64.const 0
          i64.ne
          br_if 2 (;@1;)
          local.get 0
          i32.const 8
          i32.add
          local.set 0
          local.get 1
          i32.const 8
          i32.add
          local.set 1
          local.get 2
          i32.const -8
          i32.add
          local.set 2
          local.get 2
          i32.const 8
          i32.ge_u
          br_if 0 (;@3;)
        end
      end
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
      i64.load align=1
      local.tee 3
      i64.store align=1
      local.get 3
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
    call $p1bridge:memory.copy
    local.get 1
    local.get 2
    call $p1bridge:check-utf8
  )
  (func $"p1bridge:a function of another component" (;8;) (type 1) (param i32)
    (local i32 i32)
    block ;; label = @1
      local.get 0
      i32.const 65456
      i32.gt_u
      br_if 0 (;@1;)
      local.get 0
      i32.const 3
      i32.and
      br_if 0 (;@1;)
      i32.const 80
      local.set 2
      i32.const 0
      i32.const 0
      i32.const 4
      local.get 2
      call 0
      local.set 1
      local.get 2
      i64.extend_i32_u
      local.get 1
      i64.extend_i32_u
      i64.add
      i32.const 65536
      i64.extend_i32_u
      i64.gt_u
      br_if 0 (;@1;)
      local.get 1
      i32.const 3
      i32.and
      br_if 0 (;@1;)
      local.get 0
      local.get 1
      call $p1bridge:copy-value
      local.get 1
      call 1
      return
    end
    unreachable
  )
  (func $"#func9 p1bridge:a function of another component" (@name "p1bridge:a function of another component") (;9;) (type 1) (param i32)
    (local i32 i32)
    block ;; label = @1
      local.get 0
      i32.const 65456
      i32.gt_u
      br_if 0 (;@1;)
      local.get 0
      i32.const 3
      i32.and
      br_if 0 (;@1;)
      i32.const 80
      local.set 2
      i32.const 0
      i32.const 0
      i32.const 4
      local.get 2
      call 0
      local.set 1
      local.get 2
      i64.extend_i32_u
      local.get 1
      i64.extend_i32_u
      i64.add
      i32.const 65536
      i64.extend_i32_u
      i64.gt_u
      br_if 0 (;@1;)
      local.get 1
      i32.const 3
      i32.and
      br_if 0 (;@1;)
      local.get 0
      local.get 1
      call $p1bridge:copy-value
      local.get 1
      call 1
      return
    end
    unreachable
  )
  (func $p1bridge:copy-value (;10;) (type 6) (param i32 i32)
    (local i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)
    block ;; label = @1
      local.get 0
      i32.const 65536
      i32.add
      i32.load
      local.set 2
      local.get 0
      i32.const 65536
      i32.add
      i32.load offset=4
      local.set 3
      local.get 3
      i32.const 268435455
      i32.gt_u
      br_if 0 (;@1;)
      local.get 3
      i64.extend_i32_u
      local.get 2
      i64.extend_i32_u
      i64.add
      i32.const 65536
      i64.extend_i32_u
      i64.gt_u
      br_if 0 (;@1;)
      i32.const 0
      i32.const 0
      i32.const 1
      local.get 3
      call 0
      local.set 4
      local.get 3
      i64.extend_i32_u
      local.get 4
      i64.extend_i32_u
      i64.add
      i32.const 65536
      i64.extend_i32_u
      i64.gt_u
      br_if 0 (;@1;)
      local.get 4
      local.get 2
      i32.const 65536
      i32.add
      local.get 3
      call $p1bridge:copy-utf8
      i32.eqz
      br_if 0 (;@1;)
      local.get 1
      local.get 4
      i32.store
      local.get 1
      local.get 3
      i32.store offset=4
      local.get 0
      i32.const 65536
      i32.add
      i32.load offset=8
      local.set 6
      local.get 0
      i32.const 65536
      i32.add
      i32.load offset=12
      local.set 7
      local.get 7
      i32.const 134217727
      i32.gt_u
      br_if 0 (;@1;)
      local.get 7
      i32.const 2
      i32.mul
      local.set 8
      local.get 8
      i64.extend_i32_u
      local.get 6
      i64.extend_i32_u
      i64.add
      i32.const 65536
      i64.extend_i32_u
      i64.gt_u
      br_if 0 (;@1;)
      local.get 6
      i32.const 1
      i32.and
      br_if 0 (;@1;)
      i32.const 0
      i32.const 0
      i32.const 2
      local.get 8
      call 0
      local.set 9
      local.get 8
      i64.extend_i32_u
      local.get 9
      i64.extend_i32_u
      i64.add
      i32.const 65536
      i64.extend_i32_u
      i64.gt_u
      br_if 0 (;@1;)
      local.get 9
      i32.const 1
      i32.and
      br_if 0 (;@1;)
      local.get 9
      local.get 6
      i32.const 65536
      i32.add
      local.get 8
      call $p1bridge:memory.copy
      local.get 1
      local.get 9
      i32.store offset=8
      local.get 1
      local.get 7
      i32.store offset=12
      local.get 1
      local.get 0
      i32.const 65536
      i32.add
      i32.load offset=16
      local.tee 10
      i32.const 1114112
      i32.ge_u
      local.get 10
      i32.const 55296
      i32.sub
      i32.const 2048
      i32.lt_u
      i32.or
      br_if 0 (;@1;)
      local.get 10
      i32.store offset=16
      local.get 1
      local.get 0
      i32.const 65536
      i32.add
      i32.load8_u offset=20
      i32.const 0
      i32.ne
      i32.store8 offset=20
      local.get 0
      i32.const 65536
      i32.add
      i32.load offset=24
      local.set 11
      local.get 0
      i32.const 65536
      i32.add
      i32.load offset=28
      local.set 12
      local.get 12
      i32.const 268435455
      i32.gt_u
      br_if 0 (;@1;)
      local.get 12
      i64.extend_i32_u
      local.get 11
      i64.extend_i32_u
      i64.add
      i32.const 65536
      i64.extend_i32_u
      i64.gt_u
      br_if 0 (;@1;)
      i32.const 0
      i32.const 0
      i32.const 1
      local.get 12
      call 0
      local.set 13
      local.get 12
      i64.extend_i32_u
      local.get 13
      i64.extend_i32_u
      i64.add
      i32.const 65536
      i64.extend_i32_u
      i64.gt_u
      br_if 0 (;@1;)
      local.get 13
      local.get 11
      i32.const 65536
      i32.add
      local.get 12
      call $p1bridge:copy-utf8
      i32.eqz
      br_if 0 (;@1;)
      local.get 1
      local.get 13
      i32.store offset=24
      local.get 1
      local.get 12
      i32.store offset=28
      local.get 0
      i32.const 65536
      i32.add
      i32.load offset=32
      local.set 15
      local.get 0
      i32.const 65536
      i32.add
      i32.load offset=36
      local.set 16
      local.get 16
      i32.const 134217727
      i32.gt_u
      br_if 0 (;@1;)
      local.get 16
      i32.const 2
      i32.mul
      local.set 17
      local.get 17
      i64.extend_i32_u
      local.get 15
      i64.extend_i32_u
      i64.add
      i32.const 65536
      i64.extend_i32_u
      i64.gt_u
      br_if 0 (;@1;)
      local.get 15
      i32.const 1
      i32.and
      br_if 0 (;@1;)
      i32.const 0
      i32.const 0
      i32.const 2
      local.get 17
      call 0
      local.set 18
      local.get 17
      i64.extend_i32_u
      local.get 18
      i64.extend_i32_u
      i64.add
      i32.const 65536
      i64.extend_i32_u
      i64.gt_u
      br_if 0 (;@1;)
      local.get 18
      i32.const 1
      i32.and
      br_if 0 (;@1;)
      local.get 18
      local.get 15
      i32.const 65536
      i32.add
      local.get 17
      call $p1bridge:memory.copy
      local.get 1
      local.get 18
      i32.store offset=32
      local.get 1
      local.get 16
      i32.store offset=36
      local.get 1
      local.get 0
      i32.const 65536
      i32.add
      i32.load offset=40
      local.tee 19
      i32.const 1114112
      i32.ge_u
      local.get 19
      i32.const 55296
      i32.sub
      i32.const 2048
      i32.lt_u
      i32.or
      br_if 0 (;@1;)
      local.get 19
      i32.store offset=40
      local.get 1
      local.get 0
      i32.const 65536
      i32.add
      i32.load8_u offset=44
      i32.const 0
      i32.ne
      i32.store8 offset=44
      local.get 0
      i32.const 65536
      i32.add
      i32.load offset=48
      local.set 20
      local.get 0
      i32.const 65536
      i32.add
      i32.load offset=52
      local.set 21
      local.get 21
      i32.const 268435455
      i32.gt_u
      br_if 0 (;@1;)
      local.get 21
      i64.extend_i32_u
      local.get 20
      i64.extend_i32_u
      i64.add
      i32.const 65536
      i64.extend_i32_u
      i64.gt_u
      br_if 0 (;@1;)
      i32.const 0
      i32.const 0
      i32.const 1
      local.get 21
      call 0
      local.set 22
      local.get 21
      i64.extend_i32_u
      local.get 22
      i64.extend_i32_u
      i64.add
      i32.const 65536
      i64.extend_i32_u
      i64.gt_u
      br_if 0 (;@1;)
      local.get 22
      local.get 20
      i32.const 65536
      i32.add
      local.get 21
      call $p1bridge:copy-utf8
      i32.eqz
      br_if 0 (;@1;)
      local.get 1
      local.get 22
      i32.store offset=48
      local.get 1
      local.get 21
      i32.store offset=52
      local.get 0
      i32.const 65536
      i32.add
      i32.load offset=56
      local.set 24
      local.get 0
      i32.const 65536
      i32.add
      i32.load offset=60
      local.set 25
      local.get 25
      i32.const 134217727
      i32.gt_u
      br_if 0 (;@1;)
      local.get 25
      i32.const 2
      i32.mul
      local.set 26
      local.get 26
      i64.extend_i32_u
      local.get 24
      i64.extend_i32_u
      i64.add
      i32.const 65536
      i64.extend_i32_u
      i64.gt_u
      br_if 0 (;@1;)
      local.get 24
      i32.const 1
      i32.and
      br_if 0 (;@1;)
      i32.const 0
      i32.const 0
      i32.const 2
      local.get 26
      call 0
      local.set 27
      local.get 26
      i64.extend_i32_u
      local.get 27
      i64.extend_i32_u
      i64.add
      i32.const 65536
      i64.extend_i32_u
      i64.gt_u
      br_if 0 (;@1;)
      local.get 27
      i32.const 1
      i32.and
      br_if 0 (;@1;)
      local.get 27
      local.get 24
      i32.const 65536
      i32.add
      local.get 26
      call $p1bridge:memory.copy
      local.get 1
      local.get 27
      i32.store offset=56
      local.get 1
      local.get 25
      i32.store offset=60
      local.get 1
      local.get 0
      i32.const 65536
      i32.add
      i32.load offset=64
      local.tee 28
      i32.const 1114112
      i32.ge_u
      local.get 28
      i32.const 55296
      i32.sub
      i32.const 2048
      i32.lt_u
      i32.or
      br_if 0 (;@1;)
      local.get 28
      i32.store offset=64
      local.get 1
      local.get 0
      i32.const 65536
      i32.add
      i32.load8_u offset=68
      i32.const 0
      i32.ne
      i32.store8 offset=68
      local.get 0
      i32.const 65536
      i32.add
      i32.load offset=72
      local.set 29
      local.get 0
      i32.const 65536
      i32.add
      i32.load offset=76
      local.set 30
      local.get 30
      i32.const 11184810
      i32.gt_u
      br_if 0 (;@1;)
      local.get 30
      i32.const 24
      i32.mul
      local.set 31
      local.get 31
      i64.extend_i32_u
      local.get 29
      i64.extend_i32_u
      i64.add
      i32.const 65536
      i64.extend_i32_u
      i64.gt_u
      br_if 0 (;@1;)
      local.get 29
      i32.const 3
      i32.and
      br_if 0 (;@1;)
      i32.const 0
      i32.const 0
      i32.const 4
      local.get 31
      call 0
      local.set 32
      local.get 31
      i64.extend_i32_u
      local.get 32
      i64.extend_i32_u
      i64.add
      i32.const 65536
      i64.extend_i32_u
      i64.gt_u
      br_if 0 (;@1;)
      local.get 32
      i32.const 3
      i32.and
      br_if 0 (;@1;)
      local.get 29
      local.tee 34
      local.get 31
      i32.add
      local.set 33
      local.get 32
      local.set 35
      block ;; label = @2
        loop ;; label = @3
          local.get 34
          local.get 33
          i32.eq
          br_if 1 (;@2;)
          local.get 34
          i32.const 65536
          i32.add
          i32.load
          local.set 36
          local.get 34
          i32.const 65536
          i32.add
          i32.load offset=4
          local.set 37
          local.get 37
          i32.const 268435455
          i32.gt_u
          br_if 2 (;@1;)
          local.get 37
          i64.extend_i32_u
          local.get 36
          i64.extend_i32_u
          i64.add
          i32.const 65536
          i64.extend_i32_u
          i64.gt_u
          br_if 2 (;@1;)
          i32.const 0
          i32.const 0
          i32.const 1
          local.get 37
          call 0
          local.set 38
          local.get 37
          i64.extend_i32_u
          local.get 38
          i64.extend_i32_u
          i64.add
          i32.const 65536
          i64.extend_i32_u
          i64.gt_u
          br_if 2 (;@1;)
          local.get 38
          local.get 36
          i32.const 65536
          i32.add
          local.get 37
          call $p1bridge:copy-utf8
          i32.eqz
          br_if 2 (;@1;)
          local.get 35
          local.get 38
          i32.store
          local.get 35
          local.get 37
          i32.store offset=4
          local.get 34
          i32.const 65536
          i32.add
          i32.load offset=8
          local.set 40
          local.get 34
          i32.const 65536
          i32.add
          i32.load offset=12
          local.set 41
          local.get 41
          i32.const 134217727
          i32.gt_u
          br_if 2 (;@1;)
          local.get 41
          i32.const 2
          i32.mul
          local.set 42
          local.get 42
          i64.extend_i32_u
          local.get 40
          i64.extend_i32_u
          i64.add
          i32.const 65536
          i64.extend_i32_u
          i64.gt_u
          br_if 2 (;@1;)
          local.get 40
          i32.const 1
          i32.and
          br_if 2 (;@1;)
          i32.const 0
          i32.const 0
          i32.const 2
          local.get 42
          call 0
          local.set 43
          local.get 42
          i64.extend_i32_u
          local.get 43
          i64.extend_i32_u
          i64.add
          i32.const 65536
          i64.extend_i32_u
          i64.gt_u
          br_if 2 (;@1;)
          local.get 43
          i32.const 1
          i32.and
          br_if 2 (;@1;)
          local.get 43
          local.get 40
          i32.const 65536
          i32.add
          local.get 42
          call $p1bridge:memory.copy
          local.get 35
          local.get 43
          i32.store offset=8
          local.get 35
          local.get 41
          i32.store offset=12
          local.get 35
          local.get 34
          i32.const 65536
          i32.add
          i32.load offset=16
          local.tee 44
          i32.const 1114112
          i32.ge_u
          local.get 44
          i32.const 55296
          i32.sub
          i32.const 2048
          i32.lt_u
          i32.or
          br_if 2 (;@1;)
          local.get 44
          i32.store offset=16
          local.get 35
          local.get 34
          i32.const 65536
          i32.add
          i32.load8_u offset=20
          i32.const 0
          i32.ne
          i32.store8 offset=20
          local.get 34
          i32.const 24
          i32.add
          local.set 34
          local.get 35
          i32.const 24
          i32.add
          local.set 35
          br 0 (;@3;)
        end
      end
      local.get 1
      local.get 32
      i32.store offset=72
      local.get 1
      local.get 30
      i32.store offset=76
      return
    end
    unreachable
  )
  (func $p1bridge:initialize (;11;) (type 2))
  (@producers
    (processed-by "p1bridge" "0.1.0")
  )
)
