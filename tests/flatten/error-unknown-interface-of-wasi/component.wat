(component
  (import "wasi:random/dice@0.2.99" (instance $random
    (export "roll" (func (result u64)))))
  (core func $draw (canon lower (func $random "roll")))
  (core module $m
    (import "random" "draw" (func $draw (result i64)))
    (func (export "run") (drop (call $draw))))
  (core instance $i (instantiate $m (with "random" (instance (export "draw" (func $draw))))))
  (func (export "run") (canon lift (core func $i "run"))))
