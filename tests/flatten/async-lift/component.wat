;; An option of WASI 0.3.
(component
  (core module $m
    (memory (export "memory") 1)
    (func (export "run") (result i32) (i32.const 0))
    (func (export "back") (param i32 i32 i32) (result i32) (i32.const 0)))
  (core instance $i (instantiate $m))
  (func $run async (canon lift (core func $i "run") async (callback (core func $i "back"))))
  (export "run" (func $run)))
