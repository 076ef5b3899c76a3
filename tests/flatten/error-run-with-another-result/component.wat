;; wasi:cli/run is func() -> result.
(component
  (core module $m
    (memory (export "memory") 1)
    (global $n (mut i32) (i32.const 0))
    (func (export "post") (param i32) (global.set $n (i32.const 7)) (i32.store (i32.const 0) (i32.const 9)) )
    (func (export "run")  (result i32) i32.const 0))
  (core instance $i (instantiate $m))
  (func $r (result u32) (canon lift (core func $i "run"))) (component $c (import "f" (func $f (result u32))) (export "run" (func $f))) (instance $ri (instantiate $c (with "f" (func $r)))) (export "wasi:cli/run@0.2.6" (instance $ri)))
