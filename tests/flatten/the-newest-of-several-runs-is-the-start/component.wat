;; `run` of 0.2.0 and of 0.2.10 is one function: neither order nor names of equal functions decide.
(component
  (core module $m
    (func (export "new") (result i32) (i32.const 0))
    (func (export "old") (result i32) (i32.const 1)))
  (core instance $i (instantiate $m))
  (func $new (result (result)) (canon lift (core func $i "new")))
  (func $old (result (result)) (canon lift (core func $i "old")))
  (instance $new (export "run" (func $new)))
  (instance $old (export "run" (func $old)))
  (export "wasi:cli/run@0.2.0" (instance $new))
  (export "wasi:cli/run@0.2.10" (instance $new))
  (export "wasi:cli/run@0.2.9" (instance $old)))
