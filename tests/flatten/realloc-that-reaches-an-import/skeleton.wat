;; package root:root;
;; world root {
;;   export f: func(x: u32) -> u32;
;; }
(module
  (type (;0;) (func (param i32 i64 i32) (result i32)))
  (type (;1;) (func (param i32 i32) (result i32)))
  (type (;2;) (func (param i32 i32 i32 i32) (result i32)))
  (type (;3;) (func (param i32) (result i32)))
  (type (;4;) (func (param i32) (result i64)))
  (type (;5;) (func (param i64 i32)))
  (type (;6;) (func (result i64)))
  (type (;7;) (func))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock_time_get (;0;) (type 0) (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random_get (;1;) (type 1) (param i32 i32) (result i32)))
  (memory (;0;) 2)
  (global $bump (;0;) (mut i32) i32.const 1024)
  (global $p1bridge:initialized (;1;) (mut i32) i32.const 0)
  (export "f" (func 3))
  (export "_initialize" (func $p1bridge:initialize))
  (export "memory" (memory 0))
  (func (;2;) (type 2) (param $old i32) (param $osz i32) (param $al i32) (param $n i32) (result i32) ...)
  (func (;3;) (type 3) (param i32) (result i32) ...)
  (func $p1bridge_shim::abi::inside (;4;) (type 0) (param i32 i64 i32) (result i32) ...)
  (func $p2_on_p1::clocks::now (;5;) (type 4) (param i32) (result i64) ...)
  (func $p2_on_p1::random::bytes (;6;) (type 5) (param i64 i32) ...)
  (func $wasi:clocks/monotonic-clock@0.2#now (;7;) (type 6) (result i64) ...)
  (func $wasi:random/insecure@0.2#get-insecure-random-bytes (;8;) (type 5) (param i64 i32) ...)
  (func $p1bridge:cabi_realloc (;9;) (type 2) (param i32 i32 i32 i32) (result i32) ...)
  (func $p1bridge:initialize (;10;) (type 7) ...)
  (@producers
    (processed-by "p1bridge" "0.1.0")
  )
)
