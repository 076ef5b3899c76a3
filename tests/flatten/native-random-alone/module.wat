;; package root:root;
;; world root {
;;   export draw: func() -> u64;
;; }
(module
  (type (;0;) (func (param i32 i32) (result i32)))
  (type (;1;) (func (result i64)))
  (type (;2;) (func))
  (import "wasi_snapshot_preview1" "random_get" (func (;0;) (type 0) (param i32 i32) (result i32)))
  (memory (;0;) 1 1)
  (global (;0;) (mut i32) i32.const 0)
  (global (;1;) (mut i32) i32.const 0)
  (global (;2;) i32 i32.const 112)
  (export "draw" (func 2))
  (export "_initialize" (func 3))
  (export "memory" (memory 0))
  (export "__heap_base" (global 2))
  (export "__data_end" (global 2))
  (func (;1;) (type 1) (result i64)
    (local i32)
    block ;; label = @1
      i32.const 0
      local.tee 0
      i32.const 8
      call 0
      i32.eqz
      br_if 0 (;@1;)
      unreachable
    end
    local.get 0
    i64.load
  )
  (func (;2;) (type 1) (result i64)
    call 1
  )
  (func (;3;) (type 2))
  (@producers
    (processed-by "p1bridge" "0.1.0")
  )
)
