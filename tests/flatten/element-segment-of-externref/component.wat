;; An empty segment of expressions stays one of its own type.
(component
  (core module $m
    (table $t 1 externref)
    (elem (table $t) (i32.const 0) externref)
    (func (export "f") (param i32) (result i32)
      (i32.add (table.size $t) (ref.is_null (table.get $t (i32.const 0))))))
  (core instance $i (instantiate $m))
  (func (export "f") (param "x" u32) (result u32) (canon lift (core func $i "f"))))
