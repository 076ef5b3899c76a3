;; The callee is lifted without `async` and has nothing to wait for: no task is made of a call, and no library is linked.
(component
  (component $Callee
    (core module $M
      (memory (export "mem") 1)
      (func (export "f") (param i32) (result i32)
        (i32.store (i32.const 0) (local.get 0))
        (i32.load8_u (i32.const 0))))
    (core instance $m (instantiate $M))
    (func (export "f") async (param "x" u32) (result u32) (canon lift (core func $m "f"))))
  (component $Caller
    (import "f" (func $f async (param "x" u32) (result u32)))
    (core module $Mem (memory (export "mem") 1))
    (core instance $mem (instantiate $Mem))
    (canon lower (func $f) (core func $f-sync))
    (canon lower (func $f) async (memory (core memory $mem "mem")) (core func $f-async))
    (core module $M
      (import "" "mem" (memory 1))
      (import "" "f-sync" (func $f-sync (param i32) (result i32)))
      (import "" "f-async" (func $f-async (param i32 i32) (result i32)))
      (func (export "run") (param i32) (result i32)
        (if (i32.ne (call $f-async (local.get 0) (i32.const 16)) (i32.const 2)) (then unreachable))
        (call $f-sync (i32.load (i32.const 16)))))
    (core instance $m (instantiate $M (with "" (instance
      (export "mem" (memory $mem "mem")) (export "f-sync" (func $f-sync)) (export "f-async" (func $f-async))))))
    (func (export "run") (param "x" u32) (result u32) (canon lift (core func $m "run"))))
  (instance $callee (instantiate $Callee))
  (instance $caller (instantiate $Caller (with "f" (func $callee "f"))))
  (export "run" (func $caller "run")))
