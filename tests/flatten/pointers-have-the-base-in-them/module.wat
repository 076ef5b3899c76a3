;; package root:root;
;; world root {
;;   export sum: func(p: u32, count: u32) -> u32;
;;   export with-calls: func(p: u32, count: u32) -> u32;
;; }
(module
  (type (;0;) (func))
  (type (;1;) (func (param i32 i32) (result i32)))
  (type (;2;) (func (param i32 i32 i32)))
  (type (;3;) (func (param i32) (result i32)))
  (memory (;0;) 2)
  (global $p1bridge:bytes (;0;) (mut i32) i32.const 65536)
  (global (;1;) (mut i32) i32.const 65536)
  (global $p1bridge:initialized (;2;) (mut i32) i32.const 0)
  (export "sum" (func 1))
  (export "with-calls" (func 2))
  (export "_initialize" (func $p1bridge:initialize))
  (export "memory" (memory 0))
  (func (;0;) (type 0)
    i32.const 1
    call $p1bridge:memory.grow
    drop
    i32.const 0
    i32.const 1
    i32.store8
  )
  (func (;1;) (type 1) (param $p i32) (param $count i32) (result i32)
    (local $sum i32) (local $end i32)
    global.get 1
    local.get $p
    i32.add
    local.set $p
    local.get $p
    local.get $count
    i32.const 2
    i32.shl
    i32.add
    global.get 1
    i32.sub
    local.set $end
    loop $again
      local.get $sum
      local.get $p
      i32.load offset=4
      local.get $p
      i32.load offset=8
      i32.add
      i32.add
      local.set $sum
      local.get $p
      local.get $sum
      i32.store
      local.get $p
      i32.const 4
      i32.add
      local.tee $p
      global.get 1
      i32.sub
      local.get $end
      i32.ne
      br_if $again
    end
    local.get $sum
  )
  (func (;2;) (type 1) (param $p i32) (param $count i32) (result i32)
    loop $again
      call 0
      local.get $p
      global.get 1
      i32.add
      local.get $count
      i32.store
      local.get $p
      i32.const 4
      i32.add
      local.set $p
      local.get $count
      i32.const 1
      i32.sub
      local.tee $count
      br_if $again
    end
    local.get $p
  )
  (func $p1bridge:memory.copy (;3;) (type 2) (param i32 i32 i32)
    (local i64 i64 i64 i32)
    memory.size
    i64.extend_i32_u
    i64.const 16
    i64.shl
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
  (func $p1bridge:memory.fill (;4;) (type 2) (param i32 i32 i32)
    (local i64)
    memory.size
    i64.extend_i32_u
    i64.const 16
    i64.shl
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
  (func $p1bridge:memory.grow (;5;) (type 3) (param i32) (result i32)
    (local i32 i32 i32 i32)
    local.get 0
    i32.const 65534
    global.get $p1bridge:bytes
    i32.const 16
    i32.shr_u
    i32.sub
    i32.gt_u
    if ;; label = @1
      i32.const -1
      return
    end
    local.get 0
    i32.eqz
    if ;; label = @1
      global.get $p1bridge:bytes
      i32.const 16
      i32.shr_u
      return
    end
    local.get 0
    memory.grow
    local.tee 2
    i32.const -1
    i32.eq
    if ;; label = @1
      i32.const -1
      return
    end
    local.get 2
    global.get 1
    i32.const 65536
    i32.add
    i32.const 65535
    i32.add
    i32.const 16
    i32.shr_u
    i32.ne
    if ;; label = @1
      local.get 2
      i32.const 65534
      i32.gt_u
      if ;; label = @2
        i32.const -1
        return
      end
      i32.const 0
      global.get $p1bridge:bytes
      i32.add
      local.set 3
      global.get 1
      i32.const 65536
      i32.add
      local.get 3
      i32.sub
      local.set 4
      local.get 4
      i32.const 65535
      i32.add
      i32.const 16
      i32.shr_u
      memory.grow
      i32.const -1
      i32.eq
      if ;; label = @2
        i32.const -1
        return
      end
      local.get 2
      i32.const 16
      i32.shl
      local.get 3
      i32.sub
      local.set 1
      local.get 3
      local.get 1
      i32.add
      local.get 3
      local.get 4
      call $p1bridge:memory.copy
      local.get 3
      i32.const 0
      local.get 1
      local.get 4
      local.get 1
      local.get 4
      i32.lt_u
      select
      call $p1bridge:memory.fill
      global.get 1
      local.get 1
      i32.add
      global.set 1
      global.get $p1bridge:bytes
      local.get 1
      i32.add
      global.set $p1bridge:bytes
    end
    local.get 0
    i32.const 16
    i32.shl
    local.set 1
    i32.const 0
    global.get $p1bridge:bytes
    i32.add
    local.set 3
    global.get 1
    i32.const 65536
    i32.add
    local.get 3
    i32.sub
    local.set 4
    local.get 3
    local.get 1
    i32.add
    local.get 3
    local.get 4
    call $p1bridge:memory.copy
    local.get 3
    i32.const 0
    local.get 1
    local.get 4
    local.get 1
    local.get 4
    i32.lt_u
    select
    call $p1bridge:memory.fill
    global.get 1
    local.get 1
    i32.add
    global.set 1
    global.get $p1bridge:bytes
    i32.const 16
    i32.shr_u
    global.get $p1bridge:bytes
    local.get 1
    i32.add
    global.set $p1bridge:bytes
  )
  (func $p1bridge:initialize (;6;) (type 0))
  (@producers
    (processed-by "p1bridge" "0.1.0")
  )
)
