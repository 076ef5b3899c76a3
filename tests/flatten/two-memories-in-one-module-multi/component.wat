(component
  (core module $m
    (memory $first 1)
    (memory $second 1)
    (func (export "run")
      (i32.store $first (i32.const 0) (i32.const 1))
      (i32.store $second (i32.const 0) (i32.const 2))))
  (core instance $i (instantiate $m))
  (func (export "run") (canon lift (core func $i "run"))))
