(component
  (import "test:a/a" (instance $a (export "f" (func async))))
  (core func $f (canon lower (func $a "f") async))
  (core module $m
    (import "a" "f" (func $f (result i32)))
    (func (export "run") (drop (call $f))))
  (core instance $i (instantiate $m (with "a" (instance (export "f" (func $f))))))
  (func (export "run") (canon lift (core func $i "run"))))
