(component
  (import "plugin" (component $c (export "run" (func))))
  (instance $i (instantiate $c))
  (export "run" (func $i "run")))
