(module
  (type (;0;) (func (param i32)))
  (type (;1;) (func (param i32 i64 i64) (result i64)))
  (type (;2;) (func (param i32) (result i64)))
  (type (;3;) (func))
  (type (;4;) (func (param i64 i64) (result i64)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (;0;) (type 0) (param i32)))
  (memory (;0;) 1)
  (global $step (;0;) (mut i64) i64.const 8589934593)
  (global (;1;) (mut i64) i64.const 17179869187)
  (global $"p1bridge:result 0 I64" (;2;) (mut i64) i64.const 0)
  (export "_start" (func 3))
  (export "memory" (memory 0))
  (func $next (;1;) (type 1) (param i32 i64 i64) (result i64)
    (local i64 i64 i64 i64 i64)
    block ;; label = @1
      global.get $step
      local.set 3
      global.get 1
      local.set 4
      local.get 0
      i64.extend_i32_u
      i64.const 4294967297
      i64.mul
      local.set 5
      local.get 3
      local.get 5
      call $p1bridge:i32x4.add
      global.set $step
      local.get 4
      local.get 5
      call $p1bridge:i32x4.add
      global.set 1
      global.get $step
      local.set 3
      global.get 1
      local.set 5
      local.get 1
      local.get 3
      call $p1bridge:i32x4.add
      local.get 2
      local.get 5
      call $p1bridge:i32x4.add
      local.set 7
      local.set 6
    end
    local.get 7
    global.set $"p1bridge:result 0 I64"
    local.get 6
  )
  (func $sums (;2;) (type 2) (param i32) (result i64)
    (local i64 i64 i64 i64 i64 i64)
    block ;; label = @1
      block ;; label = @2
        loop ;; label = @3
          local.get 0
          i32.eqz
          local.get 1
          local.set 3
          local.get 2
          local.set 4
          br_if 1 (;@2;)
          local.get 0
          local.get 1
          local.get 2
          call $next
          global.get $"p1bridge:result 0 I64"
          local.set 2
          local.set 1
          local.get 0
          local.get 2
          i64.store offset=24
          local.get 0
          local.get 1
          i64.store offset=16
          local.get 0
          i32.const 1
          i32.sub
          local.set 0
          br 0 (;@3;)
        end
        unreachable
      end
      local.get 3
      local.get 4
      local.set 6
      local.set 5
    end
    local.get 6
    global.set $"p1bridge:result 0 I64"
    local.get 5
  )
  (func (;3;) (type 3)
    (local i64 i64 i32 i64 i64 i64)
    i32.const 3
    call $sums
    global.get $"p1bridge:result 0 I64"
    local.set 1
    local.set 0
    i32.const 16
    local.set 2
    local.get 2
    i64.load
    local.set 3
    local.get 2
    i64.load offset=8
    local.set 4
    local.get 3
    i64.const 2
    i64.shr_u
    i64.const 4611474908973580287
    i64.and
    local.set 5
    local.get 1
    i64.const 32
    i64.shr_u
    local.get 5
    i64.const 32
    i64.shl
    i64.or
    i64.const 32
    i64.shr_u
    i32.wrap_i64
    call $proc_exit
  )
  (func $p1bridge:i32x4.add (;4;) (type 4) (param i64 i64) (result i64)
    local.get 0
    local.get 1
    i64.add
    i64.const 4294967295
    i64.and
    local.get 0
    i64.const -4294967296
    i64.and
    local.get 1
    i64.const -4294967296
    i64.and
    i64.add
    i64.or
  )
  (@producers
    (processed-by "p1bridge" "0.1.0")
  )
)
