(component
  (import "wasi:sockets/network@0.2.3" (instance $net
    (type $error (enum "unknown" "access-denied" "not-supported" "invalid-argument" "out-of-memory" "timeout"
      "concurrency-conflict" "not-in-progress" "would-block" "invalid-state" "new-socket-limit" "address-not-bindable"
      "address-in-use" "remote-unreachable" "connection-refused" "connection-reset" "connection-aborted"
      "datagram-too-large" "name-unresolvable" "temporary-resolver-failure" "permanent-resolver-failure"))
    (export "error-code" (type (eq $error)))
    (type $family (enum "ipv4" "ipv6"))
    (export "ip-address-family" (type (eq $family)))))
  (alias export $net "error-code" (type $error))
  (alias export $net "ip-address-family" (type $family))
  (import "wasi:sockets/tcp@0.2.3" (instance $tcp (export "tcp-socket" (type (sub resource)))))
  (alias export $tcp "tcp-socket" (type $socket))
  (import "wasi:sockets/tcp-create-socket@0.2.3" (instance $create
    (alias outer 1 $socket (type $s)) (export "tcp-socket" (type $socket (eq $s)))
    (alias outer 1 $error (type $e)) (export "error-code" (type $error (eq $e)))
    (alias outer 1 $family (type $f)) (export "ip-address-family" (type $family (eq $f)))
    (export "create-tcp-socket" (func (param "address-family" $family) (result (result (own $socket) (error $error)))))))
  (core module $memory (memory (export "memory") 1))
  (core instance $memory (instantiate $memory))
  (core func $create (canon lower (func $create "create-tcp-socket") (memory (core memory $memory "memory"))))
  (core module $m
    (import "" "memory" (memory 1))
    (import "net" "create" (func $create (param i32 i32)))
    (func $connect (call $create (i32.const 0) (i32.const 16)))
    (func (export "run") (result i32)
      (call $connect)
      (i32.load8_u (i32.const 20))))
  (core instance $i (instantiate $m (with "" (instance $memory)) (with "net" (instance (export "create" (func $create))))))
  (func (export "run") (result u32) (canon lift (core func $i "run"))))
