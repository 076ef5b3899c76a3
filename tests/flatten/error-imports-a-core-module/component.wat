(component
  (import "plugin" (core module $m (export "run" (func))))
  (core instance $i (instantiate $m))
  (func (export "run") (canon lift (core func $i "run"))))
