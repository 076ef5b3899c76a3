;; Exceptions of a component for a target that has none.
(component
  (core module $m
    (tag $t (param i64 f32))
    (func (export "f") (param i32) (result i32)
      (block $h (result i64 f32)
        (try_table (result i64 f32) (catch $t $h)
          (throw $t (i64.const 7) (f32.const 1)))
      )
      drop
      i32.wrap_i64
      local.get 0 i32.add))
  (core instance $i (instantiate $m))
  (func (export "f") (param "x" u32) (result u32) (canon lift (core func $i "f"))))
