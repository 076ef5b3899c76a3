(component
  (import "wasi:sockets/instance-network@0.2.3" (instance $net
    (export "network" (type $network (sub resource)))
    (export "instance-network" (func (result (own $network))))))
  (core func $network (canon lower (func $net "instance-network")))
  (core module $m
    (import "net" "network" (func $network (result i32)))
    (memory (export "memory") 1)
    (func $connect (drop (call $network)))
    (func (export "run") (call $connect)))
  (core instance $i (instantiate $m (with "net" (instance (export "network" (func $network))))))
  (func (export "run") (canon lift (core func $i "run"))))
