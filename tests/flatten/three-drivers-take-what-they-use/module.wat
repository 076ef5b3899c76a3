;; package root:root;
;; world root {
;;   export send: func(count: u32) -> u32;
;; }
(module
  (type (;0;) (func (result i32)))
  (type (;1;) (func (param i32) (result i32)))
  (type (;2;) (func))
  (memory (;0;) 1 1)
  (global $p1bridge:first (;0;) (mut i32) i32.const 0)
  (global (;1;) (mut i32) i32.const 512)
  (global (;2;) (mut i32) i32.const 512)
  (global $p1bridge:initialized (;3;) (mut i32) i32.const 0)
  (global $p1bridge:end (;4;) i32 i32.const 1664)
  (export "send" (func 2))
  (export "_initialize" (func $p1bridge:initialize))
  (export "memory" (memory 0))
  (export "__heap_base" (global $p1bridge:end))
  (export "__data_end" (global $p1bridge:end))
  (func (;0;) (type 0) (result i32)
    (local i32 i32 i32 i32 i32)
    i32.const 480
    local.set 2
    i32.const 544
    i32.load
    local.set 1
    loop ;; label = @1
      local.get 0
      i32.const 32
      i32.ne
      if ;; label = @2
        local.get 0
        local.get 2
        i32.add
        local.tee 4
        i32.const 556
        i32.gt_u
        if ;; label = @3
          unreachable
        end
        local.get 4
        i32.const 0
        local.get 1
        i32.const 1
        i32.and
        i32.sub
        i32.const 46080
        i32.and
        local.get 1
        i32.const 1
        i32.shr_u
        i32.xor
        local.tee 1
        i32.store
        local.get 0
        i32.const 4
        i32.add
        local.set 0
        br 1 (;@1;)
      end
    end
    i32.const 0
    local.set 0
    i32.const 544
    local.get 1
    i32.store
    loop (result i32) ;; label = @1
      local.get 0
      i32.const 32
      i32.eq
      if (result i32) ;; label = @2
        local.get 3
        local.get 1
        i32.const 15
        i32.and
        i32.const 1
        i32.shl
        i32.load16_u offset=512
        i32.mul
        i32.const 100
        i32.div_u
      else
        local.get 0
        local.get 2
        i32.add
        local.tee 4
        i32.const 556
        i32.gt_u
        if ;; label = @3
          unreachable
        end
        local.get 4
        i32.load
        i32.const 255
        i32.and
        local.get 3
        i32.add
        local.set 3
        local.get 0
        i32.const 4
        i32.add
        local.set 0
        br 1 (;@1;)
      end
    end
  )
  (func (;1;) (type 0) (result i32)
    (local i32 i32 i32 i32 i32)
    global.get 1
    i32.const 32
    i32.sub
    local.tee 2
    global.set 1
    call 0
    local.set 1
    i32.const 544
    i32.const 544
    i32.load offset=560
    local.tee 3
    i32.const 1
    i32.add
    i32.store offset=560
    local.get 3
    i32.const 7
    i32.and
    i32.const 2
    i32.shl
    local.get 1
    i32.store offset=1072
    loop ;; label = @1
      local.get 0
      i32.const 32
      i32.eq
      if ;; label = @2
        block ;; label = @3
          i32.const 0
          local.set 0
          i32.const 0
          local.set 1
          loop ;; label = @4
            local.get 0
            i32.const 32
            i32.eq
            br_if 1 (;@3;)
            local.get 0
            local.get 2
            i32.add
            local.tee 4
            i32.const 556
            i32.gt_u
            if ;; label = @5
              unreachable
            end
            local.get 4
            i32.load offset=560
            local.get 1
            i32.add
            local.set 1
            local.get 0
            i32.const 4
            i32.add
            local.set 0
            br 0 (;@4;)
          end
          unreachable
        end
      else
        local.get 0
        local.get 2
        i32.add
        local.tee 4
        i32.const 556
        i32.gt_u
        if ;; label = @3
          unreachable
        end
        local.get 4
        local.get 0
        i32.const 512
        i32.add
        local.tee 4
        i32.const 556
        i32.gt_u
        if ;; label = @3
          unreachable
        end
        local.get 4
        i32.load offset=560
        i32.store offset=560
        local.get 0
        i32.const 4
        i32.add
        local.set 0
        br 1 (;@1;)
      end
    end
    local.get 2
    i32.const 32
    i32.add
    global.set 1
    local.get 1
    i32.const 3
    i32.shr_u
  )
  (func (;2;) (type 1) (param i32) (result i32)
    (local i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)
    block ;; label = @1
      global.get 2
      i32.const 16
      i32.sub
      local.tee 3
      global.set 2
      i32.const 1
      local.set 5
      loop ;; label = @2
        local.get 0
        local.get 4
        i32.ne
        if ;; label = @3
          i32.const 0
          local.set 1
          loop ;; label = @4
            local.get 1
            i32.const 16
            i32.eq
            if ;; label = @5
              i32.const 0
              local.set 2
              i32.const 512
              local.set 6
              loop ;; label = @6
                block ;; label = @7
                  local.get 2
                  i32.const 4
                  i32.eq
                  if ;; label = @8
                    i32.const -16
                    local.set 1
                    br 1 (;@7;)
                  end
                  local.get 3
                  local.get 2
                  i32.const 2
                  i32.shl
                  i32.add
                  local.set 8
                  i32.const 0
                  local.set 1
                  local.get 6
                  local.set 7
                  loop ;; label = @8
                    local.get 1
                    i32.const 32
                    i32.eq
                    if ;; label = @9
                      local.get 6
                      i32.const 4
                      i32.add
                      local.set 6
                      local.get 2
                      i32.const 1
                      i32.add
                      local.set 2
                      br 3 (;@6;)
                    else
                      local.get 7
                      i32.const 543
                      i32.gt_u
                      br_if 8 (;@1;)
                      local.get 7
                      local.get 8
                      i32.const 540
                      i32.gt_u
                      br_if 8 (;@1;)
                      local.get 8
                      i32.load offset=1120
                      local.get 1
                      i32.shr_u
                      i32.store8 offset=1120
                      local.get 7
                      i32.const 1
                      i32.add
                      local.set 7
                      local.get 1
                      i32.const 8
                      i32.add
                      local.set 1
                      br 1 (;@8;)
                    end
                    unreachable
                  end
                  unreachable
                end
              end
              loop ;; label = @6
                local.get 1
                if ;; label = @7
                  local.get 1
                  i32.const 528
                  i32.add
                  local.tee 9
                  i32.const 543
                  i32.gt_u
                  br_if 6 (;@1;)
                  local.get 9
                  i32.load8_u offset=1120
                  local.get 5
                  i32.const 31
                  i32.mul
                  i32.add
                  i32.const 16777215
                  i32.and
                  local.set 5
                  local.get 1
                  i32.const 1
                  i32.add
                  local.set 1
                  br 1 (;@6;)
                end
              end
              local.get 4
              i32.const 1
              i32.add
              local.set 4
              br 3 (;@2;)
            else
              local.get 1
              local.get 3
              i32.add
              call 1
              local.set 10
              local.tee 9
              i32.const 540
              i32.gt_u
              br_if 4 (;@1;)
              local.get 9
              local.get 10
              i32.store offset=1120
              local.get 1
              i32.const 4
              i32.add
              local.set 1
              br 1 (;@4;)
            end
            unreachable
          end
          unreachable
        end
      end
      local.get 3
      i32.const 16
      i32.add
      global.set 2
      local.get 5
      return
    end
    unreachable
  )
  (func $p1bridge:initialize (;3;) (type 2))
  (data (;0;) (i32.const 512) "d\00g\00c\00e\00b\00a\00f\00i\00d\00`\00_\00h\00e\00d\00c\00b")
  (data (;1;) (i32.const 544) "\e1\ac")
  (@producers
    (processed-by "p1bridge" "0.1.0")
  )
)
