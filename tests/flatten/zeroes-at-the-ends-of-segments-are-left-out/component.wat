(component
  (core module $M
    (memory (export "memory") 1)
    (data (i32.const 16) "\00\00\00\00\00\00here\00\00\00\00")
    ;; Its zeroes are over what the one before has written: they stay.
    (data (i32.const 64) "there")
    (data (i32.const 66) "\00\00")
    (func (export "f") (result i32) (i32.load (i32.const 20))))
  (core instance $m (instantiate $M))
  (func (export "f") (result u32) (canon lift (core func $m "f"))))
