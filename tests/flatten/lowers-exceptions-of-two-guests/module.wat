;; package root:root;
;; world root {
;;   export run: func(x: u32) -> u32;
;; }
(module
  (type (;0;) (func (param i32)))
  (type (;1;) (func (param i32) (result i32)))
  (type (;2;) (func))
  (global $p1bridge:initialized (;0;) (mut i32) i32.const 0)
  (global $p1bridge:exception (;1;) (mut i32) i32.const 0)
  (global $"p1bridge:exception value 0" (;2;) (mut i32) i32.const 0)
  (export "run" (func $"p1bridge:catch 2"))
  (export "_initialize" (func $p1bridge:initialize))
  (func $throw (;0;) (type 0) (param i32)
    local.get 0
    global.set $"p1bridge:exception value 0"
    i32.const 1
    global.set $p1bridge:exception
    br 0
  )
  (func (;1;) (type 1) (param i32) (result i32)
    block ;; label = @1
      local.get 0
      i32.const 2
      i32.eq
      if ;; label = @2
        i32.const 200
        call $throw
        global.get $p1bridge:exception
        br_if 1 (;@1;)
      end
      local.get 0
      return
    end
    i32.const 0
  )
  (func $"#func2 throw" (@name "throw") (;2;) (type 0) (param i32)
    local.get 0
    global.set $"p1bridge:exception value 0"
    i32.const 2
    global.set $p1bridge:exception
    br 0
  )
  (func (;3;) (type 1) (param i32) (result i32)
    block (result i32) ;; label = @1
      block (result i32) ;; label = @2
        block ;; label = @3
          local.get 0
          i32.const 1
          i32.eq
          if ;; label = @4
            i32.const 100
            call $"#func2 throw"
            global.get $p1bridge:exception
            br_if 1 (;@3;)
          end
          local.get 0
          call $"p1bridge:a function of another component"
          br 1 (;@2;)
        end
        i32.const 0
        global.set $p1bridge:exception
        global.get $"p1bridge:exception value 0"
        br 1 (;@1;)
      end
      return
    end
    i32.const 1
    i32.add
  )
  (func $"p1bridge:a function of another component" (;4;) (type 1) (param i32) (result i32)
    (local i32 i32 i32)
    local.get 0
    local.set 1
    local.get 1
    call $"p1bridge:catch 3"
    local.set 2
    local.get 2
    local.set 3
    local.get 3
  )
  (func $"p1bridge:catch 3" (;5;) (type 1) (param i32) (result i32)
    block (result i32) ;; label = @1
      block (result i32) ;; label = @2
        block (result i32) ;; label = @3
          block ;; label = @4
            local.get 0
            call 1
            global.get $p1bridge:exception
            br_if 0 (;@4;)
            br 1 (;@3;)
          end
          i32.const 0
          global.set $p1bridge:exception
          global.get $"p1bridge:exception value 0"
          br 1 (;@2;)
        end
        br 1 (;@1;)
      end
      unreachable
    end
  )
  (func $"p1bridge:catch 2" (;6;) (type 1) (param i32) (result i32)
    block (result i32) ;; label = @1
      block (result i32) ;; label = @2
        block (result i32) ;; label = @3
          local.get 0
          call 3
        end
        br 1 (;@1;)
      end
      unreachable
    end
  )
  (func $p1bridge:initialize (;7;) (type 2))
  (@producers
    (processed-by "p1bridge" "0.1.0")
  )
)
