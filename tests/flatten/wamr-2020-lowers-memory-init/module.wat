(module
  (type (;0;) (func (param i32)))
  (type (;1;) (func))
  (type (;2;) (func (param i32 i32 i32)))
  (type (;3;) (func (param i32) (result i64)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (;0;) (type 0) (param i32)))
  (memory (;0;) 1)
  (global $"p1bridge:data 0" (;0;) (mut i32) i32.const 4)
  (export "_start" (func 1))
  (export "memory" (memory 0))
  (func (;1;) (type 1)
    i32.const 0
    i32.const 0
    i32.const 4
    call $"p1bridge:memory.init 0"
    i32.const 0
    global.set $"p1bridge:data 0"
    i32.const 0
    i32.load8_u
    call $proc_exit
  )
  (func $"p1bridge:memory.init 0" (;2;) (type 2) (param i32 i32 i32)
    (local i32)
    local.get 0
    local.get 2
    i32.add
    local.tee 3
    local.get 2
    i32.lt_u
    if ;; label = @1
      unreachable
    end
    local.get 3
    local.get 3
    i32.eqz
    i32.eqz
    i32.sub
    i32.load8_u
    drop
    local.get 1
    i64.extend_i32_u
    local.get 2
    i64.extend_i32_u
    i64.add
    global.get $"p1bridge:data 0"
    i64.extend_i32_u
    i64.gt_u
    if ;; label = @1
      unreachable
    end
    block ;; label = @1
      loop ;; label = @2
        local.get 2
        i32.eqz
        br_if 1 (;@1;)
        local.get 1
        i32.const 7
        i32.and
        i32.eqz
        local.get 2
        i32.const 8
        i32.ge_u
        i32.and
        if ;; label = @3
          local.get 0
          local.get 1
          i32.const 3
          i32.shr_u
          i32.const 0
          i32.sub
          call $"p1bridge:data 0.0"
          i64.store align=1
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
        else
          local.get 0
          local.get 1
          i32.const 3
          i32.shr_u
          i32.const 0
          i32.sub
          call $"p1bridge:data 0.0"
          local.get 1
          i32.const 7
          i32.and
          i32.const 3
          i32.shl
          i64.extend_i32_u
          i64.shr_u
          i64.store8
          local.get 0
          i32.const 1
          i32.add
          local.set 0
          local.get 1
          i32.const 1
          i32.add
          local.set 1
          local.get 2
          i32.const -1
          i32.add
          local.set 2
        end
        br 0 (;@2;)
      end
    end
  )
  (func $"p1bridge:data 0.0" (;3;) (type 3) (param i32) (result i64)
    i64.const 1702125932
  )
  (@producers
    (processed-by "p1bridge" "0.1.0")
  )
)
