;; package root:root;
;; world root {
;;   export run: func() -> u32;
;; }
(module $m
  (type (;0;) (func))
  (type (;1;) (func (result i32)))
  (type (;2;) (func (param i32 i32)))
  (memory (;0;) 1)
  (global $p1bridge:initialized (;0;) (mut i32) i32.const 0)
  (export "run" (func 1))
  (export "_initialize" (func $p1bridge:initialize))
  (export "memory" (memory 0))
  (func $connect (;0;) (type 0)
    i32.const 0
    i32.const 16
    call $p1bridge:wasi:sockets/tcp-create-socket@0.2.3#create-tcp-socket
  )
  (func (;1;) (type 1) (result i32)
    call $connect
    i32.const 20
    i32.load8_u
  )
  (func $p1bridge:wasi:sockets/tcp-create-socket@0.2.3#create-tcp-socket (;2;) (type 2) (param i32 i32)
    unreachable
  )
  (func $p1bridge:initialize (;3;) (type 0))
  (@custom "p1bridge.wasi" (after code) "stub wasi:sockets/tcp-create-socket@0.2.3#create-tcp-socket: trap\0a")
  (@producers
    (processed-by "p1bridge" "0.1.0")
  )
)
