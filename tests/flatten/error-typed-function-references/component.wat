;; Types that have indices of types in them are not renumbered.
(component
  (core module $m
    (type $ft (func (param i32) (result i32)))
    (func $g (type $ft) (i32.add (local.get 0) (i32.const 1)))
    (elem declare func $g)
    (func (export "f") (param i32) (result i32)
      (call_ref $ft (local.get 0) (ref.func $g))))
  (core instance $i (instantiate $m))
  (func (export "f") (param "x" u32) (result u32) (canon lift (core func $i "f"))))
