;; The fields of datetime are exchanged: lowered it looks the same.
(component
  (import "wasi:clocks/wall-clock@0.2.0" (instance $x
    (type $dt (record (field "nanos" u64) (field "secs" u32)))
    (export "datetime" (type $d (eq $dt)))
    (export "now" (func (result $d)))))
  (core module $mem (memory (export "memory") 1))
  (core instance $mem (instantiate $mem))
  (alias core export $mem "memory" (core memory $memory))
  (core func $now (canon lower (func $x "now") (memory $memory)))
  (core module $m (import "x" "now" (func $e (param i32))) (import "x" "memory" (memory 1))
    (func (export "f") (param i32) (result i32) (call $e (i32.const 8)) (i32.load (i32.const 8))))
  (core instance $i (instantiate $m (with "x" (instance (export "now" (func $now)) (export "memory" (memory $memory))))))
  (func (export "f") (param "x" u32) (result u32) (canon lift (core func $i "f"))))
