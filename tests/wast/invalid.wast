;; What is not a component is refused, and what is refused says so before anything runs.

(assert_invalid
  (component (func (export "f") (canon lift (core func 0))))
  "unknown core function 0")
(assert_invalid
  (component
    (core module $M (func (export "f") (param i32)))
    (core instance $m (instantiate $M))
    (func (export "f") (param "x" u64) (canon lift (core func $m "f"))))
  "lowered parameter types")
(assert_invalid
  (component
    (core module $M (func (export "f") (param i32 i32)))
    (core instance $m (instantiate $M))
    (func (export "f") (param "x" string) (canon lift (core func $m "f"))))
  "canonical option `memory` is required")
(assert_invalid
  (component
    (core module $M (memory (export "m") 1) (func (export "f") (param i32 i32)))
    (core instance $m (instantiate $M))
    (func (export "f") (param "x" string) (canon lift (core func $m "f") (memory (core memory $m "m")))))
  "canonical option `realloc` is required")
(assert_invalid
  (component
    (core module $M (import "a" "b" (func)))
    (core instance $m (instantiate $M)))
  "missing module instantiation argument")
(assert_invalid
  (component
    (core module $M (func (export "f")))
    (core instance $m (instantiate $M))
    (func $f (canon lift (core func $m "f")))
    (export "f" (func $f))
    (export "f" (func $f)))
  "conflicts")
(assert_invalid
  (component
    (component $C (import "f" (func)))
    (instance $c (instantiate $C)))
  "missing import named `f`")
(assert_invalid
  (component
    (type $r (resource (rep i64)))
    (core func $new (canon resource.new $r)))
  "resources can only be represented by `i32`")
(assert_malformed (component quote "(func (export \"f\") (canon lift (core func $missing)))") "unknown")
(assert_malformed (component quote "(frobnicate)") "expected")
(assert_malformed (component binary "\00asm\0d\00\01\00\ff\00") "malformed section id")
(assert_malformed (component binary "\00asm\0d\00\01\00\07\05\01") "unexpected end")

;; The last good one is taken.
(component
  (core module $M (func (export "f") (result i32) (i32.const 1)))
  (core instance $m (instantiate $M))
  (func (export "f") (result u32) (canon lift (core func $m "f"))))
(assert_return (invoke "f") (u32.const 1))
