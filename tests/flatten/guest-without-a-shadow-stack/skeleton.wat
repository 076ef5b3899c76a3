;; package root:root;
;; world root {
;;   export run: func();
;; }
(module
  (type (;0;) (func (param i32 i32) (result i32)))
  (type (;1;) (func (param i32 i32 i32 i32) (result i32)))
  (type (;2;) (func))
  (type (;3;) (func (param i32 i64 i32) (result i32)))
  (type (;4;) (func (param i32 i32 i32)))
  (type (;5;) (func (param i32)))
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes_get (;0;) (type 0) (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args_get (;1;) (type 0) (param i32 i32) (result i32)))
  (memory (;0;) 2)
  (global $p1bridge:initialized (;0;) (mut i32) i32.const 0)
  (export "run" (func 3))
  (export "_initialize" (func $p1bridge:initialize))
  (export "memory" (memory 0))
  (func (;2;) (type 1) (param i32 i32 i32 i32) (result i32) ...)
  (func (;3;) (type 2) ...)
  (func $<p1bridge_shim::state::State<p2_on_p1::state::Fixed>>::reallocate (;4;) (type 1) (param i32 i32 i32 i32) (result i32) ...)
  (func $p1bridge_shim::abi::inside (;5;) (type 3) (param i32 i64 i32) (result i32) ...)
  (func $p1bridge_shim::abi::copy (;6;) (type 4) (param i32 i32 i32) ...)
  (func $<p1bridge_shim::state::State<p2_on_p1::state::Fixed>>::string (;7;) (type 4) (param i32 i32 i32) ...)
  (func $p1bridge_shim::utf8::valid (;8;) (type 0) (param i32 i32) (result i32) ...)
  (func $p1bridge_shim::utf8::sequence (;9;) (type 0) (param i32 i32) (result i32) ...)
  (func $p2_on_p1::cli::until (;10;) (type 0) (param i32 i32) (result i32) ...)
  (func $wasi:cli/environment@0.2#get-arguments (;11;) (type 5) (param i32) ...)
  (func $p1bridge:cabi_realloc (;12;) (type 1) (param i32 i32 i32 i32) (result i32) ...)
  (func $p1bridge:initialize (;13;) (type 2) ...)
  (@producers
    (processed-by "p1bridge" "0.1.0")
  )
)
