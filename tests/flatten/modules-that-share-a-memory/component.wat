;; One guest in several modules: the memory, a table and a global of one are used by the other.
(component
  (core module $libc
    (memory (export "memory") 2)
    (table (export "table") 4 funcref)
    (global (export "pointer") (mut i32) (i32.const 1000))
    (func $answer (result i32) (i32.const 42))
    (elem (i32.const 1) $answer))
  (core instance $libc (instantiate $libc))
  (core module $m
    (import "libc" "memory" (memory 1))
    (import "libc" "table" (table 1 funcref))
    (import "libc" "pointer" (global $pointer (mut i32)))
    (type $answer (func (result i32)))
    (data (i32.const 8) "second")
    (func (export "run") (result i32)
      (global.set $pointer (i32.add (global.get $pointer) (i32.const 16)))
      (i32.store (global.get $pointer) (call_indirect (type $answer) (i32.const 1)))
      (i32.load (global.get $pointer))))
  (core instance $i (instantiate $m (with "libc" (instance $libc))))
  (func (export "run") (result u32) (canon lift (core func $i "run"))))
