(module
  (type (;0;) (func (param i32)))
  (type (;1;) (func))
  (type (;2;) (func (param i32 i32 i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (;0;) (type 0) (param i32)))
  (memory (;0;) 1)
  (export "_start" (func 1))
  (export "memory" (memory 0))
  (func (;1;) (type 1)
    i32.const 2
    i32.const 0
    i32.const 4
    call $p1bridge:memory.copy
    i32.const 16
    i32.const 65
    i32.const 3
    call $p1bridge:memory.fill
    i32.const 4
    i32.load8_u
    call $proc_exit
  )
  (func $p1bridge:memory.copy (;2;) (type 2) (param i32 i32 i32)
    (local i64 i64 i64 i32)
    i64.const 65536
    local.get 0
    local.get 1
    local.get 0
    local.get 1
    i32.gt_u
    select
    i64.extend_i32_u
    local.get 2
    i64.extend_i32_u
    i64.add
    i64.lt_u
    if ;; label = @1
      unreachable
    end
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
  (func $p1bridge:memory.fill (;3;) (type 2) (param i32 i32 i32)
    (local i64)
    i64.const 65536
    local.get 0
    i64.extend_i32_u
    local.get 2
    i64.extend_i32_u
    i64.add
    i64.lt_u
    if ;; label = @1
      unreachable
    end
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
  (data (;0;) (i32.const 0) "abcdefgh")
  (@producers
    (processed-by "p1bridge" "0.1.0")
  )
)
