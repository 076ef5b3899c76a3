;; Preview 1 has nothing for wasi:nn, and no release of WASI has it: the host provides it, as an interface of the component's own.
(component
  (import "wasi:nn/errors@0.2.0-rc-2024-10-28" (instance $errors
    (export "error" (type $error (sub resource)))
    (export "[method]error.code" (func (param "self" (borrow $error)) (result u8)))))
  (alias export $errors "error" (type $error))
  (core func $code (canon lower (func $errors "[method]error.code")))
  (core func $drop (canon resource.drop $error))
  (core module $m
    (import "errors" "code" (func $code (param i32) (result i32)))
    (import "errors" "drop" (func $drop (param i32)))
    (func (export "run") (result i32) (call $code (i32.const 1)) (call $drop (i32.const 1))))
  (core instance $i (instantiate $m (with "errors" (instance (export "code" (func $code)) (export "drop" (func $drop))))))
  (func (export "run") (result u32) (canon lift (core func $i "run"))))
