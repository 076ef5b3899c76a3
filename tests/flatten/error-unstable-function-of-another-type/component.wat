;; `utc-offset` takes a `datetime`.
(component
  (import "wasi:clocks/timezone@0.2.0" (instance $timezone
    (export "utc-offset" (func (result s32)))))
  (core func $offset (canon lower (func $timezone "utc-offset")))
  (core module $m
    (import "timezone" "offset" (func $offset (result i32)))
    (func (export "run") (drop (call $offset))))
  (core instance $i (instantiate $m (with "timezone" (instance (export "offset" (func $offset))))))
  (func (export "run") (canon lift (core func $i "run"))))
