;; A table that only a fixup module writes is resolved: the guest calls the import itself.
(component
  (import "log" (func $log (param "text" string)))
  (core module $shim
    (type $log (func (param i32 i32)))
    (table (export "$imports") 1 1 funcref)
    (func (export "0") (param i32 i32)
      (call_indirect (type $log) (local.get 0) (local.get 1) (i32.const 0))))
  (core instance $shim (instantiate $shim))
  (core module $m
    (import "env" "log" (func $log (param i32 i32)))
    (memory (export "memory") 1)
    (data (i32.const 4) "hello")
    (func (export "run") (call $log (i32.const 4) (i32.const 5))))
  (core instance $i (instantiate $m (with "env" (instance
    (export "log" (func $shim "0"))))))
  (core func $log (canon lower (func $log) (memory (core memory $i "memory"))))
  (core module $fixup
    (import "" "0" (func $log (param i32 i32)))
    (import "" "$imports" (table 1 1 funcref))
    (elem (i32.const 0) func $log))
  (core instance (instantiate $fixup (with "" (instance
    (export "$imports" (table $shim "$imports"))
    (export "0" (func $log))))))
  (func (export "run") (canon lift (core func $i "run"))))
