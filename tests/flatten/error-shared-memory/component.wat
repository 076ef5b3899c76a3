(component
  (core module $m
    (memory (export "memory") 1 4 shared)
    (func (export "run")))
  (core instance $i (instantiate $m))
  (func (export "run") (canon lift (core func $i "run"))))
