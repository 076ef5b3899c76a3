;; package root:root;
;; world root {
;;   export run: func();
;; }
(module $m
  (type (;0;) (func))
  (type (;1;) (func (param i32)))
  (memory (;0;) 1)
  (global $p1bridge:initialized (;0;) (mut i32) i32.const 0)
  (export "run" (func 0))
  (export "_initialize" (func $p1bridge:initialize))
  (export "memory" (memory 0))
  (func (;0;) (type 0)
    i32.const 0
    call $p1bridge:wasi:dice/tower@0.2.99#build
    i32.const 8
    call $p1bridge:wasi:dice/tower@0.2.99#climb
    call $p1bridge:wasi:dice/tower@0.2.99#fall
    i32.const 16
    call $p1bridge:wasi:dice/tower@0.2.99#roll
    call $p1bridge:wasi:dice/table@0.2.99#turn
  )
  (func $p1bridge:wasi:dice/tower@0.2.99#build (;1;) (type 1) (param i32)
    local.get 0
    i32.const 0
    i32.and
    if ;; label = @1
      unreachable
    end
    local.get 0
    i32.const 1
    i32.store8
    local.get 0
    i32.const 0
    i32.store8 offset=1
  )
  (func $p1bridge:wasi:dice/tower@0.2.99#climb (;2;) (type 1) (param i32)
    unreachable
  )
  (func $p1bridge:wasi:dice/tower@0.2.99#fall (;3;) (type 0)
    unreachable
  )
  (func $p1bridge:wasi:dice/tower@0.2.99#roll (;4;) (type 1) (param i32)
    local.get 0
    i32.const 0
    i32.and
    if ;; label = @1
      unreachable
    end
    local.get 0
    i32.const 1
    i32.store8
    local.get 0
    i32.const 0
    i32.store8 offset=1
  )
  (func $p1bridge:wasi:dice/table@0.2.99#turn (;5;) (type 0)
    unreachable
  )
  (func $p1bridge:initialize (;6;) (type 0))
  (@custom "p1bridge.wasi" (after code) "stub wasi:dice/table@0.2.99#turn: trap\0astub wasi:dice/tower@0.2.99#build: access-denied\0astub wasi:dice/tower@0.2.99#climb: trap\0astub wasi:dice/tower@0.2.99#fall: trap\0astub wasi:dice/tower@0.2.99#roll: access-denied\0a")
  (@producers
    (processed-by "p1bridge" "0.1.0")
  )
)
