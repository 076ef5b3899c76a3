;; The component level is evaluated away: outer aliases, a nested component, re-exported names.
(component
  (core module $shared
    (memory (export "memory") 1)
    (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))
  (component $nested
    (alias outer 1 $shared (core module $m))
    (core instance $i (instantiate $m))
    (func (export "sum") (param "a" s32) (param "b" s32) (result s32)
      (canon lift (core func $i "add"))))
  (instance $n (instantiate $nested))
  (instance $maths (export "plus" (func $n "sum")))
  (export "test:maths/maths@1.0.0" (instance $maths)))
