(module
  (type (;0;) (func (param i32 i32) (result i32)))
  (type (;1;) (func (param i32 i32 i32 i32) (result i32)))
  (type (;2;) (func))
  (type (;3;) (func (param i32 i64 i32)))
  (type (;4;) (func (param i32 i32 i32)))
  (type (;5;) (func (param i32)))
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes_get (;0;) (type 0) (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args_get (;1;) (type 0) (param i32 i32) (result i32)))
  (memory (;0;) 2)
  (global $p1bridge:stack (;0;) (mut i32) i32.const 78208)
  (global $p1bridge:initialized (;1;) (mut i32) i32.const 0)
  (export "run" (func 3))
  (export "_initialize" (func $p1bridge:initialize))
  (export "memory" (memory 0))
  (func (;2;) (type 1) (param i32 i32 i32 i32) (result i32)
    i32.const 64
  )
  (func (;3;) (type 2)
    i32.const 0
    call $wasi:cli/environment@0.2#get-arguments
  )
  (func $<p1bridge_shim::state::State<p2_on_p1::state::Fixed>>::reallocate (;4;) (type 1) (param i32 i32 i32 i32) (result i32)
    local.get 0
    local.get 1
    local.get 2
    local.get 3
    call 2
    local.tee 1
    local.get 3
    i64.extend_i32_u
    local.get 2
    call $p1bridge_shim::abi::inside
    local.get 1
  )
  (func $p1bridge_shim::abi::inside (;5;) (type 3) (param i32 i64 i32)
    block ;; label = @1
      block ;; label = @2
        local.get 2
        i32.const -1
        i32.add
        local.get 0
        i32.and
        br_if 0 (;@2;)
        local.get 1
        local.get 0
        i64.extend_i32_u
        i64.add
        i32.const 1
        i64.extend_i32_u
        i64.const 16
        i64.shl
        i64.le_u
        br_if 1 (;@1;)
      end
      unreachable
    end
  )
  (func $<p1bridge_shim::state::State<p2_on_p1::state::Fixed>>::string (;6;) (type 4) (param i32 i32 i32)
    (local i32 i32 i32 i32 i32 i32)
    i32.const 0
    local.set 3
    i32.const 0
    local.set 4
    block ;; label = @1
      loop ;; label = @2
        local.get 2
        local.get 3
        i32.le_u
        br_if 1 (;@1;)
        block ;; label = @3
          local.get 3
          local.get 1
          i32.add
          local.get 2
          local.get 3
          i32.sub
          call $p1bridge_shim::utf8::sequence
          local.tee 5
          i32.const 8
          i32.gt_u
          br_if 0 (;@3;)
          local.get 4
          local.get 3
          local.get 5
          local.get 3
          i32.add
          local.tee 5
          local.get 3
          local.get 5
          i32.gt_u
          select
          local.tee 5
          i32.add
          local.get 3
          i32.sub
          local.set 4
          local.get 5
          local.set 3
          br 1 (;@2;)
        end
        local.get 4
        i32.const 3
        i32.add
        local.set 4
        local.get 3
        local.get 5
        i32.add
        i32.const -8
        i32.add
        local.set 3
        br 0 (;@2;)
      end
    end
    i32.const 65536
    local.set 3
    i32.const 0
    local.set 6
    i32.const 0
    i32.const 0
    i32.const 1
    local.get 4
    call $<p1bridge_shim::state::State<p2_on_p1::state::Fixed>>::reallocate
    local.set 7
    block ;; label = @1
      local.get 1
      local.get 3
      i32.sub
      local.tee 3
      i32.const 4479
      i32.gt_u
      br_if 0 (;@1;)
      i32.const 65536
      local.get 3
      i32.add
      local.set 1
    end
    local.get 7
    local.set 3
    loop ;; label = @1
      block ;; label = @2
        block ;; label = @3
          local.get 2
          local.get 6
          i32.le_u
          br_if 0 (;@3;)
          local.get 6
          local.get 1
          i32.add
          local.tee 5
          local.get 2
          local.get 6
          i32.sub
          call $p1bridge_shim::utf8::sequence
          local.tee 8
          i32.const 8
          i32.gt_u
          br_if 1 (;@2;)
          local.get 6
          local.get 8
          local.get 6
          i32.add
          local.tee 8
          local.get 6
          local.get 8
          i32.gt_u
          select
          local.tee 8
          local.get 6
          i32.sub
          local.set 6
          loop ;; label = @4
            block ;; label = @5
              local.get 6
              br_if 0 (;@5;)
              local.get 8
              local.set 6
              br 4 (;@1;)
            end
            local.get 3
            local.get 5
            i32.load8_u
            i32.store8
            local.get 6
            i32.const -1
            i32.add
            local.set 6
            local.get 5
            i32.const 1
            i32.add
            local.set 5
            local.get 3
            i32.const 1
            i32.add
            local.set 3
            br 0 (;@4;)
          end
        end
        local.get 0
        local.get 7
        i32.store align=1
        local.get 0
        i32.const 4
        i32.add
        local.get 4
        i32.store align=1
        return
      end
      local.get 3
      i32.const 49135
      i32.store16 align=1
      local.get 3
      i32.const 2
      i32.add
      i32.const 189
      i32.store8
      local.get 3
      i32.const 3
      i32.add
      local.set 3
      local.get 6
      local.get 8
      i32.add
      i32.const -8
      i32.add
      local.set 6
      br 0 (;@1;)
    end
  )
  (func $p1bridge_shim::utf8::sequence (;7;) (type 0) (param i32 i32) (result i32)
    (local i32 i32 i32 i32 i32)
    block ;; label = @1
      local.get 0
      i32.load8_u
      local.tee 2
      i32.const 24
      i32.shl
      i32.const 24
      i32.shr_s
      local.tee 3
      i32.const -1
      i32.le_s
      br_if 0 (;@1;)
      i32.const 1
      return
    end
    i32.const 128
    local.set 4
    i32.const 191
    local.set 5
    block ;; label = @1
      block ;; label = @2
        block ;; label = @3
          local.get 3
          i32.const 62
          i32.add
          i32.const 255
          i32.and
          i32.const 30
          i32.ge_u
          br_if 0 (;@3;)
          i32.const 2
          local.set 6
          br 1 (;@2;)
        end
        i32.const 3
        local.set 6
        block ;; label = @3
          local.get 2
          i32.const 224
          i32.ne
          br_if 0 (;@3;)
          i32.const 160
          local.set 4
          br 2 (;@1;)
        end
        block ;; label = @3
          block ;; label = @4
            block ;; label = @5
              local.get 2
              i32.const 237
              i32.eq
              br_if 0 (;@5;)
              local.get 3
              i32.const 31
              i32.add
              i32.const 255
              i32.and
              i32.const 15
              i32.lt_u
              br_if 4 (;@1;)
              i32.const 4
              local.set 6
              i32.const 144
              local.set 4
              local.get 2
              i32.const -240
              i32.add
              br_table 4 (;@1;) 1 (;@4;) 1 (;@4;) 1 (;@4;) 2 (;@3;) 1 (;@4;)
            end
            i32.const 159
            local.set 5
            br 2 (;@2;)
          end
          i32.const 128
          local.set 4
          local.get 3
          i32.const 15
          i32.add
          i32.const 255
          i32.and
          i32.const 3
          i32.lt_u
          br_if 2 (;@1;)
          i32.const 9
          return
        end
        i32.const 143
        local.set 5
      end
      i32.const 128
      local.set 4
    end
    i32.const 1
    local.set 3
    block ;; label = @1
      block ;; label = @2
        loop ;; label = @3
          local.get 6
          local.get 3
          i32.eq
          br_if 2 (;@1;)
          block ;; label = @4
            local.get 1
            local.get 3
            i32.eq
            br_if 0 (;@4;)
            local.get 4
            local.get 0
            local.get 3
            i32.add
            i32.load8_u
            local.tee 2
            i32.gt_u
            br_if 2 (;@2;)
            local.get 5
            local.get 2
            i32.lt_u
            br_if 2 (;@2;)
            local.get 3
            i32.const 1
            i32.add
            local.set 3
            i32.const 128
            local.set 4
            i32.const 191
            local.set 5
            br 1 (;@3;)
          end
        end
        local.get 1
        i32.const 8
        i32.add
        return
      end
      local.get 3
      i32.const 8
      i32.add
      local.set 6
    end
    local.get 6
  )
  (func $p2_on_p1::cli::until (;8;) (type 0) (param i32 i32) (result i32)
    (local i32 i32 i32)
    i32.const -1
    local.set 2
    block ;; label = @1
      loop ;; label = @2
        local.get 2
        i32.const 1
        i32.add
        local.set 3
        local.get 0
        local.get 2
        i32.add
        i32.const 1
        i32.add
        i32.load8_u
        local.tee 4
        i32.eqz
        br_if 1 (;@1;)
        local.get 3
        local.set 2
        local.get 1
        local.get 4
        i32.ne
        br_if 0 (;@2;)
      end
    end
    local.get 3
  )
  (func $wasi:cli/environment@0.2#get-arguments (;9;) (type 5) (param i32)
    (local i32 i64 i32 i32 i32 i32 i32 i32 i32 i32)
    block ;; label = @1
      i32.const 65536
      local.tee 1
      i32.const 64
      i32.add
      local.get 1
      i32.const 68
      i32.add
      call $args_sizes_get
      br_if 0 (;@1;)
      i32.const 0
      i32.const 0
      i32.const 4
      local.get 1
      i64.load offset=64
      local.tee 2
      i64.const 32
      i64.shr_u
      i32.wrap_i64
      local.get 2
      i32.wrap_i64
      local.tee 3
      i32.const 3
      i32.shl
      local.tee 4
      i32.add
      i32.const 4
      i32.add
      local.tee 5
      i32.const 0
      local.get 3
      select
      call $<p1bridge_shim::state::State<p2_on_p1::state::Fixed>>::reallocate
      local.set 6
      block ;; label = @2
        local.get 3
        i32.eqz
        br_if 0 (;@2;)
        local.get 4
        local.get 6
        i32.add
        local.tee 1
        local.get 3
        i32.const 2
        i32.shl
        i32.sub
        local.tee 7
        local.get 1
        i32.const 4
        i32.add
        call $args_get
        br_if 1 (;@1;)
        local.get 6
        i32.const 3
        i32.and
        local.set 8
        local.get 3
        local.set 1
        local.get 6
        local.set 9
        loop ;; label = @3
          block ;; label = @4
            local.get 1
            br_if 0 (;@4;)
            local.get 6
            local.get 5
            i32.const 4
            local.get 4
            call $<p1bridge_shim::state::State<p2_on_p1::state::Fixed>>::reallocate
            local.set 6
            br 2 (;@2;)
          end
          local.get 8
          br_if 2 (;@1;)
          local.get 7
          i32.load align=1
          local.set 10
          local.get 9
          local.get 10
          local.get 10
          i32.const 0
          call $p2_on_p1::cli::until
          call $<p1bridge_shim::state::State<p2_on_p1::state::Fixed>>::string
          local.get 1
          i32.const -1
          i32.add
          local.set 1
          local.get 7
          i32.const 4
          i32.add
          local.set 7
          local.get 9
          i32.const 8
          i32.add
          local.set 9
          br 0 (;@3;)
        end
      end
      local.get 0
      i32.const 3
      i32.and
      br_if 0 (;@1;)
      local.get 0
      local.get 3
      i32.store offset=4
      local.get 0
      local.get 6
      i32.store
      return
    end
    unreachable
  )
  (func $p1bridge:initialize (;10;) (type 2))
  (@producers
    (processed-by "p1bridge" "0.1.0")
  )
)
