;; The component traps when it is instantiated; in the output the segment would land in the block of the library.
(component
  (import "wasi:random/insecure-seed@0.2.0" (instance $seed (export "insecure-seed" (func (result (tuple u64 u64))))))
  (core module $mem (memory (export "memory") 1))
  (core instance $mem (instantiate $mem))
  (alias core export $mem "memory" (core memory $memory))
  (core func $s (canon lower (func $seed "insecure-seed") (memory $memory)))
  (core module $m
    (import "m" "memory" (memory 1))
    (import "m" "s" (func $s (param i32)))
    (data (i32.const 65534) "abcdefgh")
    (func (export "f") (param i32) (result i32)
      (call $s (i32.const 128))
      (i32.load8_u (i32.const 65534))))
  (core instance $i (instantiate $m (with "m" (instance (export "memory" (memory $memory)) (export "s" (func $s))))))
  (func (export "f") (param "x" u32) (result u32) (canon lift (core func $i "f"))))
