;; package root:root;
;; world root {
;;   export f: func(x: u32) -> u32;
;; }
(module
  (type $ft (;0;) (func (result i32)))
  (type (;1;) (func))
  (type (;2;) (func (param i32) (result i32)))
  (table (;0;) 2 funcref)
  (global $g (;0;) (mut i32) i32.const 0)
  (global $p1bridge:initialized (;1;) (mut i32) i32.const 0)
  (global $p1bridge:applied (;2;) (mut i32) i32.const 0)
  (export "f" (func $"p1bridge:export f"))
  (export "_initialize" (func $p1bridge:initialize))
  (elem (;0;) (i32.const 0) func $one)
  (elem (;1;) (i32.const 0) func $"p1bridge:element 0")
  (func $one (;0;) (type $ft) (result i32)
    i32.const 1
  )
  (func $s (;1;) (type 1)
    i32.const 0
    call_indirect (type $ft)
    global.set $g
  )
  (func (;2;) (type 2) (param i32) (result i32)
    local.get 0
    i32.const 100
    global.get $g
    i32.mul
    i32.const 0
    call_indirect (type $ft)
    i32.add
    i32.add
  )
  (func $two (;3;) (type $ft) (result i32)
    i32.const 2
  )
  (func $"p1bridge:element 0" (;4;) (type $ft) (result i32)
    global.get $p1bridge:applied
    i32.const 1
    i32.ge_u
    if ;; label = @1
      call $two
      return
    end
    call $one
  )
  (func $p1bridge:initialize (;5;) (type 1)
    global.get $p1bridge:initialized
    if ;; label = @1
      global.get $p1bridge:initialized
      i32.const 1
      i32.ne
      if ;; label = @2
        unreachable
      end
      return
    end
    i32.const 2
    global.set $p1bridge:initialized
    call $s
    i32.const 1
    global.set $p1bridge:applied
    i32.const 1
    global.set $p1bridge:initialized
  )
  (func $"p1bridge:export f" (;6;) (type 2) (param i32) (result i32)
    call $p1bridge:initialize
    local.get 0
    call 2
  )
  (@producers
    (processed-by "p1bridge" "0.1.0")
  )
)
