;; One module twice, each with a tag of its own: what the one throws traps at its border and is not caught
;; by the other, on a target without exceptions.
(component $Root
  (core module $M
    (import "" "f" (func $f (param i32) (result i32)))
    (tag $t (param i32))
    (func $throw (param i32) (throw $t (local.get 0)))
    (func (export "run") (param i32) (result i32)
      (block $caught (result i32)
        (try_table (result i32) (catch $t $caught)
          (if (i32.eq (local.get 0) (i32.const 1)) (then (call $throw (i32.const 100))))
          (call $f (local.get 0)))
        (return))
      (i32.add (i32.const 1)))
    (func (export "throws") (param i32) (result i32)
      (if (i32.eq (local.get 0) (i32.const 2)) (then (call $throw (i32.const 200))))
      (local.get 0)))
  (core module $None (func (export "f") (param i32) (result i32) (local.get 0)))
  (component $B
    (alias outer $Root $M (core module $M))
    (alias outer $Root $None (core module $None))
    (core instance $none (instantiate $None))
    (core instance $m (instantiate $M (with "" (instance $none))))
    (func (export "f") (param "x" u32) (result u32) (canon lift (core func $m "throws"))))
  (component $A
    (alias outer $Root $M (core module $M))
    (import "f" (func $f (param "x" u32) (result u32)))
    (core func $f' (canon lower (func $f)))
    (core instance $m (instantiate $M (with "" (instance (export "f" (func $f'))))))
    (func (export "run") (param "x" u32) (result u32) (canon lift (core func $m "run"))))
  (instance $b (instantiate $B))
  (instance $a (instantiate $A (with "f" (func $b "f"))))
  (export "run" (func $a "run")))
