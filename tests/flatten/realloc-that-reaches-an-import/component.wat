;; Only the realloc of the guest calls monotonic-clock.now.
(component
  (import "wasi:random/random@0.2.0" (instance $r (export "get-random-bytes" (func (param "len" u64) (result (list u8))))))
  (import "wasi:clocks/monotonic-clock@0.2.0" (instance $c (export "now" (func (result u64)))))
  (core func $now (canon lower (func $c "now")))
  (core module $libc
    (import "c" "now" (func $now (result i64)))
    (memory (export "memory") 1)
    (global $bump (mut i32) (i32.const 1024))
    (func (export "realloc") (param $old i32) (param $osz i32) (param $al i32) (param $n i32) (result i32)
      (drop (call $now))
      (global.get $bump)
      (global.set $bump (i32.add (global.get $bump) (local.get $n)))))
  (core instance $libc (instantiate $libc (with "c" (instance (export "now" (func $now))))))
  (alias core export $libc "memory" (core memory $memory))
  (alias core export $libc "realloc" (core func $realloc))
  (core func $get (canon lower (func $r "get-random-bytes") (memory $memory) (realloc $realloc)))
  (core module $m
    (import "m" "memory" (memory 1))
    (import "m" "get" (func $get (param i64 i32)))
    (func (export "f") (param i32) (result i32) (call $get (i64.extend_i32_u (local.get 0)) (i32.const 8)) (i32.load (i32.const 12))))
  (core instance $i (instantiate $m (with "m" (instance (export "memory" (memory $memory)) (export "get" (func $get))))))
  (func (export "f") (param "x" u32) (result u32) (canon lift (core func $i "f"))))
