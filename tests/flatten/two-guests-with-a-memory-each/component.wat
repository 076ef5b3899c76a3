;; Two modules with a memory each.
(component
  (core module $left
    (memory (export "memory") 1)
    (func (export "run") (i32.store (i32.const 0) (i32.const 1))))
  (core module $right
    (import "left" "run" (func $run))
    (memory (export "memory") 1)
    (func (export "run") (i32.store (i32.const 0) (i32.const 2)) (call $run)))
  (core instance $l (instantiate $left))
  (core instance $r (instantiate $right (with "left" (instance $l))))
  (func (export "run") (canon lift (core func $r "run"))))
