(component
  (import "wasi:dice/tower@0.2.99" (instance $tower
    (type $e' (enum "access-denied" "not-supported"))
    (export "error" (type $e (eq $e')))
    (export "build" (func (result (result (error $e)))))
    (export "fall" (func))
    (export "roll" (func (result (result (error $e)))))))
  (core module $memory (memory (export "memory") 1))
  (core instance $memory (instantiate $memory))
  (core func $build (canon lower (func $tower "build") (memory (core memory $memory "memory"))))
  (core func $fall (canon lower (func $tower "fall")))
  (core func $roll (canon lower (func $tower "roll") (memory (core memory $memory "memory"))))
  (core module $m
    (import "dice" "build" (func $build (param i32)))
    (import "dice" "fall" (func $fall))
    (import "dice" "roll" (func $roll (param i32)))
    (func (export "run") (call $build (i32.const 0)) (call $fall) (call $roll (i32.const 16))))
  (core instance $i (instantiate $m (with "dice" (instance
    (export "build" (func $build)) (export "fall" (func $fall)) (export "roll" (func $roll))))))
  (func (export "run") (canon lift (core func $i "run"))))
