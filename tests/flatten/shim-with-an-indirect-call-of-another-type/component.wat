;; $fwd has the shape of a shim, but its indirect call traps: it must stay one.
(component
  (core module $m
    (table 2 funcref)
    (type $ft (func (param i32) (result i32 i32)))
    (type $short (func (result i32)))
    (func $g (type $ft) (local.get 0) (i32.const 9))
    (elem (i32.const 1) $g)
    (func $fwd (type $ft) (local.get 0) (call_indirect (type $short) (i32.const 1)))
    (func (export "f") (param i32) (result i32)
      (call $fwd (local.get 0)) i32.add))
  (core instance $i (instantiate $m))
  (func (export "f") (param "x" u32) (result u32) (canon lift (core func $i "f"))))
