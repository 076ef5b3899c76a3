;; Three drivers in C, as clang 22 compiles them (-Oz, a stack of 512 bytes, __heap_base exported), joined: link asks
;; filter, which asks sensor. None of them asks for the size of its memory.
(component
  (component $sensor
    (core module $program
      (type (;0;) (func (result i32)))
      (func (;0;) (type 0) (result i32)
        (local i32 i32 i32 i32)
        i32.const 480
        local.set 2
        i32.const 544
        i32.load
        local.set 1
        loop  ;; label = @1
          local.get 0
          i32.const 32
          i32.ne
          if  ;; label = @2
            local.get 0
            local.get 2
            i32.add
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
        loop (result i32)  ;; label = @1
          local.get 0
          i32.const 32
          i32.eq
          if (result i32)  ;; label = @2
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
        end)
      (memory (;0;) 1)
      (global (;0;) i32 (i32.const 560))
      (export "memory" (memory 0))
      (export "thin:demo/sensor@1.0.0#read" (func 0))
      (export "__heap_base" (global 0))
      (data (;0;) (i32.const 512) "d\00g\00c\00e\00b\00a\00f\00i\00d\00`\00_\00h\00e\00d\00c\00b")
      (data (;1;) (i32.const 544) "\e1\ac"))
    (core instance $program (instantiate $program))
    (func $read (result u32) (canon lift (core func $program "thin:demo/sensor@1.0.0#read")))
    (instance $sensor (export "read" (func $read)))
    (export "thin:demo/sensor@1.0.0" (instance $sensor)))
  (component $filter
    (import "thin:demo/sensor@1.0.0" (instance $sensor (export "read" (func (result u32)))))
    (core module $program
      (type (;0;) (func (result i32)))
      (import "thin:demo/sensor@1.0.0" "read" (func (;0;) (type 0)))
      (func (;1;) (type 0) (result i32)
        (local i32 i32 i32 i32)
        global.get 0
        i32.const 32
        i32.sub
        local.tee 2
        global.set 0
        call 0
        local.set 1
        i32.const 544
        i32.const 544
        i32.load
        local.tee 3
        i32.const 1
        i32.add
        i32.store
        local.get 3
        i32.const 7
        i32.and
        i32.const 2
        i32.shl
        local.get 1
        i32.store offset=512
        loop  ;; label = @1
          local.get 0
          i32.const 32
          i32.eq
          if  ;; label = @2
            block  ;; label = @3
              i32.const 0
              local.set 0
              i32.const 0
              local.set 1
              loop  ;; label = @4
                local.get 0
                i32.const 32
                i32.eq
                br_if 1 (;@3;)
                local.get 0
                local.get 2
                i32.add
                i32.load
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
            local.get 0
            i32.const 512
            i32.add
            i32.load
            i32.store
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
        global.set 0
        local.get 1
        i32.const 3
        i32.shr_u)
      (memory (;0;) 1)
      (global (;0;) (mut i32) (i32.const 512))
      (global (;1;) i32 (i32.const 560))
      (export "memory" (memory 0))
      (export "thin:demo/filter@1.0.0#sample" (func 1))
      (export "__heap_base" (global 1)))
    (core func $read (canon lower (func $sensor "read")))
    (core instance $program (instantiate $program
      (with "thin:demo/sensor@1.0.0" (instance (export "read" (func $read))))))
    (func $sample (result u32) (canon lift (core func $program "thin:demo/filter@1.0.0#sample")))
    (instance $filter (export "sample" (func $sample)))
    (export "thin:demo/filter@1.0.0" (instance $filter)))
  (component $link
    (import "thin:demo/filter@1.0.0" (instance $filter (export "sample" (func (result u32)))))
    (core module $program
      (type (;0;) (func (result i32)))
      (type (;1;) (func (param i32) (result i32)))
      (import "thin:demo/filter@1.0.0" "sample" (func (;0;) (type 0)))
      (func (;1;) (type 1) (param i32) (result i32)
        (local i32 i32 i32 i32 i32 i32 i32 i32)
        global.get 0
        i32.const 16
        i32.sub
        local.tee 3
        global.set 0
        i32.const 1
        local.set 5
        loop  ;; label = @1
          local.get 0
          local.get 4
          i32.ne
          if  ;; label = @2
            i32.const 0
            local.set 1
            loop  ;; label = @3
              local.get 1
              i32.const 16
              i32.eq
              if  ;; label = @4
                i32.const 0
                local.set 2
                i32.const 512
                local.set 6
                loop  ;; label = @5
                  block  ;; label = @6
                    local.get 2
                    i32.const 4
                    i32.eq
                    if  ;; label = @7
                      i32.const -16
                      local.set 1
                      br 1 (;@6;)
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
                    loop  ;; label = @7
                      local.get 1
                      i32.const 32
                      i32.eq
                      if  ;; label = @8
                        local.get 6
                        i32.const 4
                        i32.add
                        local.set 6
                        local.get 2
                        i32.const 1
                        i32.add
                        local.set 2
                        br 3 (;@5;)
                      else
                        local.get 7
                        local.get 8
                        i32.load
                        local.get 1
                        i32.shr_u
                        i32.store8
                        local.get 7
                        i32.const 1
                        i32.add
                        local.set 7
                        local.get 1
                        i32.const 8
                        i32.add
                        local.set 1
                        br 1 (;@7;)
                      end
                      unreachable
                    end
                    unreachable
                  end
                end
                loop  ;; label = @5
                  local.get 1
                  if  ;; label = @6
                    local.get 1
                    i32.const 528
                    i32.add
                    i32.load8_u
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
                    br 1 (;@5;)
                  end
                end
                local.get 4
                i32.const 1
                i32.add
                local.set 4
                br 3 (;@1;)
              else
                local.get 1
                local.get 3
                i32.add
                call 0
                i32.store
                local.get 1
                i32.const 4
                i32.add
                local.set 1
                br 1 (;@3;)
              end
              unreachable
            end
            unreachable
          end
        end
        local.get 3
        i32.const 16
        i32.add
        global.set 0
        local.get 5)
      (memory (;0;) 1)
      (global (;0;) (mut i32) (i32.const 512))
      (global (;1;) i32 (i32.const 544))
      (export "memory" (memory 0))
      (export "send" (func 1))
      (export "__heap_base" (global 1)))
    (core func $sample (canon lower (func $filter "sample")))
    (core instance $program (instantiate $program
      (with "thin:demo/filter@1.0.0" (instance (export "sample" (func $sample))))))
    (func (export "send") (param "count" u32) (result u32) (canon lift (core func $program "send"))))
  (instance $sensor (instantiate $sensor))
  (instance $filter (instantiate $filter
    (with "thin:demo/sensor@1.0.0" (instance $sensor "thin:demo/sensor@1.0.0"))))
  (instance $link (instantiate $link
    (with "thin:demo/filter@1.0.0" (instance $filter "thin:demo/filter@1.0.0"))))
  (export "send" (func $link "send")))
