(component
  (core module $m
    (memory (export "mem") 1)
    (func (export "memory") (result i32) (i32.load (i32.const 0))))
  (core instance $i (instantiate $m))
  (func (export "memory") (result u32) (canon lift (core func $i "memory"))))
