;; Nothing uses the first memory of the module, so one is left.
(component
  (core module $m
    (memory 1)
    (memory $second 3)
    (func (export "run") (i32.store $second (i32.const 0) (i32.const 1))))
  (core instance $i (instantiate $m))
  (func (export "run") (canon lift (core func $i "run"))))
