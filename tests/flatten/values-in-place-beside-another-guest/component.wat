;; Only one of two guests passes values in memory: they stay where they are, and are checked there.
(component
  (import "f" (func $f (param "x" (list string)) (result string)))
  (component $Neighbour
    (core module $M (memory (export "memory") 1) (data (i32.const 0) "SECRET")
      (func (export "g") (result i32) (i32.load (i32.const 0))))
    (core instance $m (instantiate $M))
    (func (export "g") (result u32) (canon lift (core func $m "g"))))
  (component $Guest
    (import "f" (func $f (param "x" (list string)) (result string)))
    (core module $Libc (memory (export "memory") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096)))
    (core instance $libc (instantiate $Libc))
    (core func $f' (canon lower (func $f) (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))))
    (core module $M
      (import "" "f" (func $f (param i32 i32 i32)))
      (func (export "run") (param i32 i32) (result i32)
        (call $f (local.get 0) (local.get 1) (i32.const 16)) (i32.const 16))
      (func (export "post") (param i32)))
    (core instance $m (instantiate $M (with "" (instance (export "f" (func $f'))))))
    (func (export "run") (param "x" (list string)) (result (option char))
      (canon lift (core func $m "run") (memory (core memory $libc "memory"))
        (realloc (core func $libc "realloc")) (post-return (core func $m "post")))))
  (instance $g (instantiate $Guest (with "f" (func $f))))
  (instance $n (instantiate $Neighbour))
  (export "run" (func $g "run")) (export "g" (func $n "g")))
