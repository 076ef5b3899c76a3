;; package root:root;
;; world root {
;;   export run: func() -> u32;
;; }
(module
  (type $answer (;0;) (func (result i32)))
  (type (;1;) (func))
  (table (;0;) 4 funcref)
  (memory (;0;) 2)
  (global (;0;) (mut i32) i32.const 1000)
  (global $p1bridge:initialized (;1;) (mut i32) i32.const 0)
  (export "run" (func 1))
  (export "_initialize" (func $p1bridge:initialize))
  (export "memory" (memory 0))
  (elem (;0;) (i32.const 1) func $answer)
  (func $answer (;0;) (type $answer) (result i32)
    i32.const 42
  )
  (func (;1;) (type $answer) (result i32)
    global.get 0
    i32.const 16
    i32.add
    global.set 0
    global.get 0
    i32.const 1
    call_indirect (type $answer)
    i32.store
    global.get 0
    i32.load
  )
  (func $p1bridge:initialize (;2;) (type 1))
  (data (;0;) (i32.const 8) "second")
  (@producers
    (processed-by "p1bridge" "0.1.0")
  )
)
