;; package root:root;
;; world root {
;;   export f: func(x: u32) -> u32;
;; }
(module $m
  (type (;0;) (func (param i32 i32) (result i32)))
  (type (;1;) (func (param i32) (result i32)))
  (type (;2;) (func (param i32 i64 i32) (result i32)))
  (type (;3;) (func (param i32)))
  (type (;4;) (func))
  (import "wasi_snapshot_preview1" "random_get" (func $random_get (;0;) (type 0) (param i32 i32) (result i32)))
  (memory (;0;) 2)
  (global $p1bridge:first (;0;) (mut i32) i32.const 0)
  (global $p1bridge:initialized (;1;) (mut i32) i32.const 0)
  (global $p1bridge:end (;2;) i32 i32.const 65680)
  (export "f" (func $"p1bridge:export f"))
  (export "_initialize" (func $p1bridge:initialize))
  (export "memory" (memory 0))
  (export "__heap_base" (global $p1bridge:end))
  (export "__data_end" (global $p1bridge:end))
  (func (;1;) (type 1) (param i32) (result i32)
    i32.const 128
    call $wasi:random/insecure-seed@0.2#insecure-seed
    i32.const 65534
    i32.load8_u
  )
  (func $p1bridge_shim::abi::inside (;2;) (type 2) (param i32 i64 i32) (result i32)
    block ;; label = @1
      block ;; label = @2
        local.get 2
        i32.const -1
        i32.add
        local.get 0
        i32.and
        br_if 0 (;@2;)
        local.get 1
        local.get 0
        i64.extend_i32_u
        i64.add
        i64.const 65536
        i64.le_u
        br_if 1 (;@1;)
      end
      unreachable
    end
    local.get 0
  )
  (func $wasi:random/insecure-seed@0.2#insecure-seed (;3;) (type 3) (param i32)
    (local i32 i32)
    local.get 0
    i64.const 16
    i32.const 8
    call $p1bridge_shim::abi::inside
    local.set 1
    i32.const 65648
    local.tee 0
    i32.load offset=16
    local.set 2
    local.get 0
    i32.const 1
    i32.store offset=16
    block ;; label = @1
      local.get 2
      br_if 0 (;@1;)
      local.get 0
      i32.const 16
      call $random_get
      i32.eqz
      br_if 0 (;@1;)
      unreachable
    end
    local.get 1
    local.get 0
    i64.load
    i64.store
    local.get 1
    local.get 0
    i64.load offset=8
    i64.store offset=8
  )
  (func $p1bridge:initialize (;4;) (type 4)
    global.get $p1bridge:initialized
    if ;; label = @1
      global.get $p1bridge:initialized
      i32.const 1
      i32.ne
      if ;; label = @2
        unreachable
      end
      return
    end
    i32.const 2
    global.set $p1bridge:initialized
    unreachable
    i32.const 1
    global.set $p1bridge:initialized
  )
  (func $"p1bridge:export f" (;5;) (type 1) (param i32) (result i32)
    call $p1bridge:initialize
    local.get 0
    call 1
  )
  (data (;0;) (i32.const 65534) "abcdefgh")
  (@producers
    (processed-by "p1bridge" "0.1.0")
  )
)
