(component
  (import "wasi:cli/exit@0.2.12" (instance $exit
    (export "exit-with-code" (func (param "status-code" u8)))))
  (core func $exit (canon lower (func $exit "exit-with-code")))
  (core module $m
    (import "wasi" "exit" (func $exit (param i32)))
    (func (export "run") (call $exit (i32.const 7))))
  (core instance $i (instantiate $m (with "wasi" (instance (export "exit" (func $exit))))))
  (func (export "run") (canon lift (core func $i "run"))))
