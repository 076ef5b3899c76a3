;; package root:root;
;; world root {
;;   export f: func(x: u32) -> u32;
;; }
(module $m
  (type (;0;) (func (param i32) (result i32)))
  (type (;1;) (func (result i64 f32)))
  (type (;2;) (func (param i64 f32)))
  (type (;3;) (func))
  (tag $t (;0;) (type 2) (param i64 f32))
  (global $p1bridge:initialized (;0;) (mut i32) i32.const 0)
  (export "f" (func $"p1bridge:catch 0"))
  (export "_initialize" (func $p1bridge:initialize))
  (func (;0;) (type 0) (param i32) (result i32)
    block $h (type 1) (result i64 f32)
      try_table (type 1) (result i64 f32) (catch $t $h) ;; label = @2
        i64.const 7
        f32.const 0x1p+0 (;=1;)
        throw $t
      end
    end
    drop
    i32.wrap_i64
    local.get 0
    i32.add
  )
  (func $"p1bridge:catch 0" (;1;) (type 0) (param i32) (result i32)
    block (result i32) ;; label = @1
      block (type 1) (result i64 f32) ;; label = @2
        try_table (result i32) (catch $t 0 (;@2;)) ;; label = @3
          local.get 0
          call 0
        end
        br 1 (;@1;)
      end
      unreachable
    end
  )
  (func $p1bridge:initialize (;2;) (type 3))
  (@producers
    (processed-by "p1bridge" "0.1.0")
  )
)
