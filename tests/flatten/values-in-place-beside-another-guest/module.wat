;; package root:root;
;; world root {
;;   import f: func(x: list<string>) -> string;
;;   export run: func(x: list<string>) -> option<char>;
;;   export g: func() -> u32;
;; }
(module
  (type (;0;) (func (param i32 i32 i32)))
  (type (;1;) (func (param i32 i32 i32 i32) (result i32)))
  (type (;2;) (func (param i32 i32) (result i32)))
  (type (;3;) (func (param i32)))
  (type (;4;) (func (result i32)))
  (type (;5;) (func))
  (import "$root" "f" (func $f (;0;) (type 0) (param i32 i32 i32)))
  (memory (;0;) 2 2)
  (global $p1bridge:initialized (;0;) (mut i32) i32.const 0)
  (global (;1;) (mut i32) i32.const 0)
  (export "run" (func $"p1bridge:export run"))
  (export "cabi_post_run" (func $"p1bridge:export cabi_post_run"))
  (export "g" (func $"p1bridge:export g"))
  (export "cabi_realloc" (func $"p1bridge:export cabi_realloc"))
  (export "_initialize" (func $p1bridge:initialize))
  (export "memory" (memory 0))
  (func (;1;) (type 1) (param i32 i32 i32 i32) (result i32)
    i32.const 4096
  )
  (func (;2;) (type 2) (param i32 i32) (result i32)
    local.get 0
    local.get 1
    i32.const 16
    call $p1bridge:f
    i32.const 16
  )
  (func (;3;) (type 3) (param i32))
  (func (;4;) (type 4) (result i32)
    i32.const 0
    i32.load offset=65536
  )
  (func $p1bridge:check-utf8 (;5;) (type 2) (param i32 i32) (result i32)
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
  (func $p1bridge:f (;6;) (type 0) (param i32 i32 i32)
    (local i32 i32 i32 i32 i32)
    block ;; label = @1
      local.get 1
      i32.const 33554431
      i32.gt_u
      br_if 0 (;@1;)
      local.get 1
      i32.const 8
      i32.mul
      local.set 3
      local.get 3
      i64.extend_i32_u
      local.get 0
      i64.extend_i32_u
      i64.add
      i32.const 65536
      i64.extend_i32_u
      i64.gt_u
      br_if 0 (;@1;)
      local.get 0
      i32.const 3
      i32.and
      br_if 0 (;@1;)
      local.get 0
      local.tee 4
      local.get 3
      i32.add
      local.set 5
      block ;; label = @2
        loop ;; label = @3
          local.get 4
          local.get 5
          i32.eq
          br_if 1 (;@2;)
          local.get 4
          i32.load
          local.set 6
          local.get 4
          i32.load offset=4
          local.set 7
          local.get 7
          i32.const 268435455
          i32.gt_u
          br_if 2 (;@1;)
          local.get 7
          i64.extend_i32_u
          local.get 6
          i64.extend_i32_u
          i64.add
          i32.const 65536
          i64.extend_i32_u
          i64.gt_u
          br_if 2 (;@1;)
          local.get 6
          local.get 7
          call $p1bridge:check-utf8
          i32.eqz
          br_if 2 (;@1;)
          local.get 4
          i32.const 8
          i32.add
          local.set 4
          br 0 (;@3;)
        end
      end
      local.get 2
      i32.const 65528
      i32.gt_u
      br_if 0 (;@1;)
      local.get 2
      i32.const 3
      i32.and
      br_if 0 (;@1;)
      local.get 0
      local.get 1
      local.get 2
      call $f
      return
    end
    unreachable
  )
  (func $p1bridge:initialize (;7;) (type 5))
  (func $"p1bridge:export run" (;8;) (type 2) (param i32 i32) (result i32)
    (local i32 i32 i32)
    block ;; label = @1
      global.get 1
      br_if 0 (;@1;)
      i32.const 1
      global.set 1
      local.get 0
      local.get 1
      call 2
      local.set 2
      local.get 2
      i32.const 65528
      i32.gt_u
      br_if 0 (;@1;)
      local.get 2
      i32.const 3
      i32.and
      br_if 0 (;@1;)
      local.get 2
      i32.load8_u
      local.tee 3
      i32.const 2
      i32.ge_u
      br_if 0 (;@1;)
      local.get 3
      i32.const 1
      i32.eq
      if ;; label = @2
        local.get 2
        i32.load offset=4
        local.tee 4
        i32.const 1114112
        i32.ge_u
        local.get 4
        i32.const 55296
        i32.sub
        i32.const 2048
        i32.lt_u
        i32.or
        br_if 1 (;@1;)
        local.get 4
        drop
      end
      i32.const 0
      global.set 1
      local.get 2
      return
    end
    unreachable
  )
  (func $"p1bridge:export cabi_post_run" (;9;) (type 3) (param i32)
    global.get 1
    if ;; label = @1
      unreachable
    end
    i32.const 1
    global.set 1
    local.get 0
    call 3
    i32.const 0
    global.set 1
  )
  (func $"p1bridge:export g" (;10;) (type 4) (result i32)
    (local i32 i32 i32)
    global.get 1
    if ;; label = @1
      unreachable
    end
    i32.const 1
    global.set 1
    call 4
    local.set 1
    local.get 1
    local.set 2
    i32.const 0
    global.set 1
    local.get 2
  )
  (func $"p1bridge:export cabi_realloc" (;11;) (type 1) (param i32 i32 i32 i32) (result i32)
    (local i32)
    local.get 0
    local.get 1
    local.get 2
    local.get 3
    call 1
    local.set 4
    local.get 3
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
    local.get 2
    i32.const 1
    i32.sub
    i32.and
    if ;; label = @1
      unreachable
    end
    local.get 4
  )
  (data (;0;) (i32.const 65536) "SECRET")
  (@producers
    (processed-by "p1bridge" "0.1.0")
  )
)
