;; Each instance has a memory of its own.
(component
  (core module $m
    (memory (export "memory") 1)
    (func (export "next") (result i32)
      (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1)))
      (i32.load (i32.const 0))))
  (core instance $a (instantiate $m))
  (core instance $b (instantiate $m))
  (func (export "first") (result u32) (canon lift (core func $a "next")))
  (func (export "second") (result u32) (canon lift (core func $b "next"))))
