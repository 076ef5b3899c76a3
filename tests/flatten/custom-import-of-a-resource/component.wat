;; Its functions, and the drop of its handles, are imports like any other.
(component
  (import "test:lamp/lamp@1.0.0" (instance $lamp
    (export "lamp" (type $lamp (sub resource)))
    (export "get" (func (result (own $lamp))))))
  (alias export $lamp "lamp" (type $lamp-type))
  (core func $get (canon lower (func $lamp "get")))
  (core func $drop (canon resource.drop $lamp-type))
  (core module $m
    (import "lamp" "get" (func $get (result i32)))
    (import "lamp" "drop" (func $drop (param i32)))
    (func (export "run") (call $drop (call $get))))
  (core instance $i (instantiate $m (with "lamp" (instance
    (export "get" (func $get)) (export "drop" (func $drop))))))
  (func (export "run") (canon lift (core func $i "run"))))
