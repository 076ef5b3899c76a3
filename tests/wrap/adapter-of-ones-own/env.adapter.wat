;; Leaves the length of what is printed at address 0.
(module
  (import "env" "memory" (memory 0))
  (func (export "print") (param i32 i32)
    (i32.store (i32.const 0) (local.get 1))))
