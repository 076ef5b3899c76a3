;; package root:root;
;; world root {
;;   export run: func();
;; }
(module $m
  (type (;0;) (func (param i32 i32) (result i32)))
  (type (;1;) (func))
  (type (;2;) (func (result i64)))
  (import "wasi_snapshot_preview1" "random_get" (func $random_get (;0;) (type 0) (param i32 i32) (result i32)))
  (memory (;0;) 1 1)
  (global $p1bridge:first (;0;) (mut i32) i32.const 0)
  (global $p1bridge:initialized (;1;) (mut i32) i32.const 0)
  (global $p1bridge:end (;2;) i32 i32.const 112)
  (export "run" (func 1))
  (export "_initialize" (func $p1bridge:initialize))
  (export "memory" (memory 0))
  (export "__heap_base" (global $p1bridge:end))
  (export "__data_end" (global $p1bridge:end))
  (func (;1;) (type 1)
    call $wasi:random/insecure@0.3#get-insecure-random-u64
    drop
  )
  (func $p3_on_p1::random::number (;2;) (type 2) (result i64)
    (local i32)
    block ;; label = @1
      i32.const 0
      local.tee 0
      i32.const 8
      call $random_get
      i32.eqz
      br_if 0 (;@1;)
      unreachable
    end
    local.get 0
    i64.load
  )
  (func $wasi:random/insecure@0.3#get-insecure-random-u64 (;3;) (type 2) (result i64)
    call $p3_on_p1::random::number
  )
  (func $p1bridge:initialize (;4;) (type 1))
  (@producers
    (processed-by "p1bridge" "0.1.0")
  )
)
