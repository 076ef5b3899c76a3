;; The result is 0 or 1, or a trap; then comes the post-return.
(component
  (core module $m
    (memory (export "memory") 1)
    (global $n (mut i32) (i32.const 0))
    (func (export "post") (param i32) (global.set $n (i32.const 7)) (i32.store (i32.const 0) (i32.const 9)) unreachable)
    (func (export "run")  (result i32) i32.const 0))
  (core instance $i (instantiate $m))
  (func $r (result (result)) (canon lift (core func $i "run") (post-return (core func $i "post")))) (component $c (import "f" (func $f (result (result)))) (export "run" (func $f))) (instance $ri (instantiate $c (with "f" (func $r)))) (export "wasi:cli/run@0.2.6" (instance $ri)))
