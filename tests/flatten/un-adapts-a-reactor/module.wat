;; package root:root;
;; world root {
;;   export draw: func(count: s32) -> s32;
;; }
(module
  (type (;0;) (func (param i32 i32) (result i32)))
  (type (;1;) (func))
  (type (;2;) (func (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random_get (;0;) (type 0) (param i32 i32) (result i32)))
  (memory (;0;) 1)
  (global $ready (;0;) (mut i32) i32.const 0)
  (global $p1bridge:initialized (;1;) (mut i32) i32.const 0)
  (export "draw" (func $"p1bridge:export draw"))
  (export "_initialize" (func $p1bridge:initialize))
  (export "memory" (memory 0))
  (func (;1;) (type 1)
    i32.const 1
    global.set $ready
  )
  (func (;2;) (type 2) (param $count i32) (result i32)
    i32.const 64
    local.get $count
    call $random_get
    drop
    global.get $ready
    i32.const 64
    i32.load8_u
    i32.add
  )
  (func $p1bridge:initialize (;3;) (type 1)
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
    call 1
    i32.const 1
    global.set $p1bridge:initialized
  )
  (func $"p1bridge:export draw" (;4;) (type 2) (param i32) (result i32)
    call $p1bridge:initialize
    local.get 0
    call 2
  )
  (@producers
    (processed-by "p1bridge" "0.1.0")
  )
)
