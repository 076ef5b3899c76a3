(component
  (core module $dtor (func (export "dtor") (param i32)))
  (core instance $dtor (instantiate $dtor))
  (type $lamp' (resource (rep i32) (dtor (core func $dtor "dtor"))))
  (export $lamp "lamp" (type $lamp'))
  (core func $new (canon resource.new $lamp'))
  (core module $m
    (import "lamp" "new" (func $new (param i32) (result i32)))
    (func (export "make") (result i32) (call $new (i32.const 7))))
  (core instance $i (instantiate $m (with "lamp" (instance (export "new" (func $new))))))
  (func (export "make") (result (own $lamp)) (canon lift (core func $i "make"))))
