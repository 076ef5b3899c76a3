(component
  (import "wasi:random/random@0.3.0" (instance $random
    (export "get-random-u64" (func (result u64)))))
  (core func $draw (canon lower (func $random "get-random-u64")))
  (core module $m
    (import "random" "draw" (func $draw (result i64)))
    (func (export "run") (drop (call $draw))))
  (core instance $i (instantiate $m (with "random" (instance (export "draw" (func $draw))))))
  (func (export "run") (canon lift (core func $i "run"))))
