(module
  (type (;0;) (func (param i32)))
  (type (;1;) (func (result i32)))
  (type (;2;) (func (param i32) (result i32)))
  (type (;3;) (func (param i32 i32 i32) (result i32)))
  (type (;4;) (func (param i32 i32 i32 i32) (result i32)))
  (type (;5;) (func))
  (memory (;0;) 1)
  (global $p1bridge:handles (;0;) (mut i32) i32.const 0)
  (global $"#global1 p1bridge:handles" (@name "p1bridge:handles") (;1;) (mut i32) i32.const 144)
  (global $p1bridge:top (;2;) (mut i32) i32.const 288)
  (global $p1bridge:initialized (;3;) (mut i32) i32.const 0)
  (export "make" (func $"p1bridge:export make"))
  (export "[resource-drop]lamp" (func $"p1bridge:resource.drop of a resource of the component"))
  (export "_initialize" (func $p1bridge:initialize))
  (export "memory" (memory 0))
  (func (;0;) (type 0) (param i32))
  (func (;1;) (type 1) (result i32)
    i32.const 7
    call $"p1bridge:resource.new of a resource of the component"
  )
  (func $p1bridge:handle-grow (;2;) (type 2) (param i32) (result i32)
    (local i32 i32 i32 i32)
    local.get 0
    i32.load offset=8
    i32.const 9
    i32.add
    i32.const 4
    i32.shl
    local.set 1
    local.get 0
    global.get $p1bridge:top
    local.get 0
    local.get 1
    i32.add
    global.get $p1bridge:top
    i32.eq
    select
    local.set 4
    local.get 1
    i32.const 1
    i32.shl
    i32.const 16
    i32.sub
    local.set 2
    global.get $p1bridge:top
    i32.const 65535
    i32.add
    i32.const 16
    i32.shr_u
    memory.size
    i32.ne
    if ;; label = @1
      local.get 2
      i32.const 65535
      i32.add
      i32.const 16
      i32.shr_u
      memory.grow
      local.tee 4
      i32.const -1
      i32.eq
      if ;; label = @2
        i32.const -1
        return
      end
      local.get 4
      i32.const 16
      i32.shl
      local.set 4
    end
    local.get 4
    local.get 2
    i32.add
    local.tee 3
    local.get 4
    i32.lt_u
    if ;; label = @1
      i32.const -1
      return
    end
    local.get 3
    i32.const 65535
    i32.add
    i32.const 16
    i32.shr_u
    memory.size
    i32.sub
    memory.grow
    i32.const -1
    i32.eq
    if ;; label = @1
      i32.const -1
      return
    end
    local.get 3
    global.set $p1bridge:top
    local.get 4
    local.get 0
    i32.ne
    if ;; label = @1
      loop ;; label = @2
        local.get 1
        i32.const 8
        i32.sub
        local.tee 1
        local.get 4
        i32.add
        local.get 1
        local.get 0
        i32.add
        i64.load
        i64.store
        local.get 1
        br_if 0 (;@2;)
      end
      global.get $p1bridge:handles
      local.get 0
      i32.eq
      if ;; label = @2
        local.get 4
        global.set $p1bridge:handles
      end
      global.get $"#global1 p1bridge:handles"
      local.get 0
      i32.eq
      if ;; label = @2
        local.get 4
        global.set $"#global1 p1bridge:handles"
      end
    end
    local.get 4
    local.get 4
    i32.load offset=8
    i32.const 1
    i32.shl
    i32.const 8
    i32.add
    i32.store offset=8
    local.get 4
  )
  (func $p1bridge:handle-find (;3;) (type 3) (param i32 i32 i32) (result i32)
    (local i32)
    local.get 1
    i32.const 1
    i32.sub
    local.get 0
    i32.load offset=4
    i32.ge_u
    if ;; label = @1
      unreachable
    end
    local.get 0
    local.get 1
    i32.const 4
    i32.shl
    i32.add
    local.tee 3
    i32.load
    local.get 2
    i32.ne
    if ;; label = @1
      unreachable
    end
    local.get 3
  )
  (func $p1bridge:handle-add (;4;) (type 4) (param i32 i32 i32 i32) (result i32)
    (local i32 i32)
    local.get 0
    i32.load
    local.tee 4
    if ;; label = @1
      local.get 0
      local.get 0
      local.get 4
      i32.const 4
      i32.shl
      i32.add
      local.tee 5
      i32.load offset=12
      i32.store
    else
      local.get 0
      i32.load offset=4
      i32.const 1
      i32.add
      local.tee 4
      local.get 0
      i32.load offset=8
      i32.const 8
      i32.add
      i32.gt_u
      if ;; label = @2
        local.get 0
        call $p1bridge:handle-grow
        local.tee 0
        i32.const -1
        i32.eq
        if ;; label = @3
          unreachable
        end
      end
      local.get 0
      local.get 4
      i32.store offset=4
      local.get 0
      local.get 4
      i32.const 4
      i32.shl
      i32.add
      local.set 5
    end
    local.get 5
    local.get 2
    i32.store
    local.get 5
    local.get 1
    i32.store offset=4
    local.get 5
    local.get 3
    i32.store offset=8
    local.get 5
    i32.const 0
    i32.store offset=12
    local.get 4
  )
  (func $p1bridge:handle-remove (;5;) (type 3) (param i32 i32 i32) (result i32)
    (local i32)
    local.get 0
    local.get 1
    local.get 2
    call $p1bridge:handle-find
    local.tee 3
    i32.load offset=12
    if ;; label = @1
      unreachable
    end
    local.get 3
    i32.const 0
    i32.store
    local.get 3
    local.get 0
    i32.load
    i32.store offset=12
    local.get 0
    local.get 1
    i32.store
    local.get 3
  )
  (func $p1bridge:handle-take (;6;) (type 3) (param i32 i32 i32) (result i32)
    (local i32)
    local.get 0
    local.get 1
    local.get 2
    call $p1bridge:handle-remove
    local.tee 3
    i32.load offset=8
    i32.eqz
    if ;; label = @1
      unreachable
    end
    local.get 3
    i32.load offset=4
  )
  (func $p1bridge:handle-lend (;7;) (type 3) (param i32 i32 i32) (result i32)
    (local i32)
    local.get 0
    local.get 1
    local.get 2
    call $p1bridge:handle-find
    local.tee 3
    local.get 3
    i32.load offset=12
    i32.const 1
    i32.add
    i32.store offset=12
    local.get 3
  )
  (func $"p1bridge:resource.new of a resource of the component" (;8;) (type 2) (param i32) (result i32)
    global.get $p1bridge:handles
    local.get 0
    i32.const 1
    i32.const 1
    call $p1bridge:handle-add
  )
  (func $"p1bridge:resource.drop of a resource of the component" (;9;) (type 0) (param i32)
    (local i32)
    global.get $"#global1 p1bridge:handles"
    local.get 0
    i32.const 1
    call $p1bridge:handle-remove
    local.tee 1
    i32.load offset=8
    if ;; label = @1
      local.get 1
      i32.load offset=4
      call 0
    end
  )
  (func $p1bridge:initialize (;10;) (type 5))
  (func $"p1bridge:export make" (;11;) (type 1) (result i32)
    (local i32 i32 i32 i32)
    call 1
    local.set 1
    local.get 1
    local.set 3
    global.get $p1bridge:handles
    local.get 3
    i32.const 1
    call $p1bridge:handle-take
    local.set 3
    global.get $"#global1 p1bridge:handles"
    local.get 3
    i32.const 1
    i32.const 1
    call $p1bridge:handle-add
    local.set 3
    local.get 3
    local.set 2
    local.get 2
  )
  (@producers
    (processed-by "p1bridge" "0.1.0")
  )
)
