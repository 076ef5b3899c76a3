;; What must not be called, or not be left: `realloc` and `post-return` call no imports, and no
;; instance is entered from its own parent, child or itself.

(component definition $Leaving
  (component $Other
    (core module $M (func (export "f")))
    (core instance $m (instantiate $M))
    (func (export "f") (canon lift (core func $m "f"))))
  (component $Callee
    (import "f" (func $f))
    (core func $f' (canon lower (func $f)))
    (core module $M
      (import "" "f" (func $f))
      (memory (export "memory") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (call $f) (i32.const 64))
      (func (export "quiet-realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64))
      (func (export "take") (param i32 i32) (call $f))
      (func (export "give") (result i32) (call $f) (i32.const 7))
      (func (export "post") (param i32) (call $f)))
    (core instance $m (instantiate $M (with "" (instance (export "f" (func $f'))))))
    (func (export "take") (param "l" (list u8))
      (canon lift (core func $m "take") (memory (core memory $m "memory")) (realloc (core func $m "realloc"))))
    (func (export "take-quietly") (param "l" (list u8))
      (canon lift (core func $m "take") (memory (core memory $m "memory")) (realloc (core func $m "quiet-realloc"))))
    (func (export "give") (result u32) (canon lift (core func $m "give")))
    (func (export "give-and-post") (result u32) (canon lift (core func $m "give") (post-return (core func $m "post")))))
  (component $Caller
    (import "callee" (instance $callee
      (export "take" (func (param "l" (list u8))))
      (export "take-quietly" (func (param "l" (list u8))))
      (export "give" (func (result u32)))
      (export "give-and-post" (func (result u32)))))
    (core module $Libc (memory (export "memory") 1))
    (core instance $libc (instantiate $Libc))
    (core func $take (canon lower (func $callee "take") (memory (core memory $libc "memory"))))
    (core func $take-quietly (canon lower (func $callee "take-quietly") (memory (core memory $libc "memory"))))
    (core func $give (canon lower (func $callee "give")))
    (core func $give-and-post (canon lower (func $callee "give-and-post")))
    (core module $M
      (import "" "take" (func $take (param i32 i32)))
      (import "" "take-quietly" (func $take-quietly (param i32 i32)))
      (import "" "give" (func $give (result i32)))
      (import "" "give-and-post" (func $give-and-post (result i32)))
      (func (export "take") (call $take (i32.const 0) (i32.const 1)))
      (func (export "take-quietly") (call $take-quietly (i32.const 0) (i32.const 1)))
      (export "give" (func $give))
      (export "give-and-post" (func $give-and-post)))
    (core instance $m (instantiate $M (with "" (instance
      (export "take" (func $take))
      (export "take-quietly" (func $take-quietly))
      (export "give" (func $give))
      (export "give-and-post" (func $give-and-post))))))
    (func (export "take") (canon lift (core func $m "take")))
    (func (export "take-quietly") (canon lift (core func $m "take-quietly")))
    (func (export "give") (result u32) (canon lift (core func $m "give")))
    (func (export "give-and-post") (result u32) (canon lift (core func $m "give-and-post"))))
  (instance $other (instantiate $Other))
  (instance $callee (instantiate $Callee (with "f" (func $other "f"))))
  (instance $caller (instantiate $Caller (with "callee" (instance $callee))))
  (export "callee" (instance $callee))
  (export "caller" (instance $caller))
)
(component instance $i $Leaving)
(assert_return (invoke "caller#take-quietly"))
(assert_return (invoke "caller#give") (u32.const 7))
(assert_return (invoke "callee#take-quietly" (list.const (u8.const 1))))
(assert_return (invoke "callee#give") (u32.const 7))
(assert_trap (invoke "caller#take") "cannot leave component instance")
(component instance $i $Leaving)
;; not on the oracle: wasmtime lets a post-return of a call between guests go out
(assert_trap (invoke "caller#give-and-post") "cannot leave component instance")
;; Called by the host.
(component instance $i $Leaving)
(assert_trap (invoke "callee#take" (list.const (u8.const 1))) "cannot leave component instance")
(component instance $i $Leaving)
(assert_trap (invoke "callee#give-and-post") "cannot leave component instance")

;; The built-ins of resources are imports too.
(component definition $Builtins
  (type $r (resource (rep i32)))
  (core func $new (canon resource.new $r))
  (core func $drop (canon resource.drop $r))
  (core func $rep (canon resource.rep $r))
  (core module $M
    (import "" "new" (func $new (param i32) (result i32)))
    (import "" "drop" (func $drop (param i32)))
    (import "" "rep" (func $rep (param i32) (result i32)))
    (func (export "f"))
    (func (export "post-new") (drop (call $new (i32.const 1))))
    (func (export "make-one") (drop (call $new (i32.const 1))))
    (func (export "post-drop") (call $drop (i32.const 1)))
    ;; This one is allowed: it only reads.
    (func (export "post-rep") (drop (call $rep (i32.const 1)))))
  (core instance $m (instantiate $M (with "" (instance
    (export "new" (func $new))
    (export "drop" (func $drop))
    (export "rep" (func $rep))))))
  (func (export "post-new") (canon lift (core func $m "f") (post-return (core func $m "post-new"))))
  (func (export "post-drop") (canon lift (core func $m "make-one") (post-return (core func $m "post-drop"))))
  (func (export "post-rep") (canon lift (core func $m "make-one") (post-return (core func $m "post-rep"))))
)
(component instance $i $Builtins)
(assert_return (invoke "post-rep"))
(assert_trap (invoke "post-new") "cannot leave component instance")
(component instance $i $Builtins)
(assert_trap (invoke "post-drop") "cannot leave component instance")

;; A child calls its parent: it stays inside (`entering_set` in "Component Instance State").
(component definition $Child
  (core module $M (func (export "f") (result i32) (i32.const 3)))
  (core instance $m (instantiate $M))
  (func $f (result u32) (canon lift (core func $m "f")))
  (component $C
    (import "f" (func $f (result u32)))
    (core func $f' (canon lower (func $f)))
    (core module $M
      (import "" "f" (func $f (result i32)))
      (func (export "run") (result i32) (call $f)))
    (core instance $m (instantiate $M (with "" (instance (export "f" (func $f'))))))
    (func (export "run") (result u32) (canon lift (core func $m "run")))
    (instance $through (export "f" (func $f)))
    (func (export "through") (alias export $through "f")))
  (instance $c (instantiate $C (with "f" (func $f))))
  (func (export "run") (alias export $c "run"))
  (func (export "f") (alias export $c "through"))
)
(component instance $i $Child)
(assert_return (invoke "f") (u32.const 3))
;; not on the oracle: it still forbids calls between a component and its children
(assert_return (invoke "run") (u32.const 3))

;; A parent calls its child, which it enters.
(component definition $Parent
  (component $C
    (core module $M (func (export "f") (result i32) (i32.const 3)))
    (core instance $m (instantiate $M))
    (func (export "f") (result u32) (canon lift (core func $m "f"))))
  (instance $c (instantiate $C))
  (core func $f (canon lower (func $c "f")))
  (core module $M
    (import "" "f" (func $f (result i32)))
    (func (export "run") (result i32) (call $f)))
  (core instance $m (instantiate $M (with "" (instance (export "f" (func $f))))))
  (func (export "run") (result u32) (canon lift (core func $m "run")))
  (func (export "f") (alias export $c "f"))
)
(component instance $i $Parent)
(assert_return (invoke "f") (u32.const 3))
;; not on the oracle: it still forbids calls between a component and its children
(assert_return (invoke "run") (u32.const 3))

;; An instance calls itself: it stays inside.
(component definition $Self
  (core module $F (func (export "f") (result i32) (i32.const 3)))
  (core instance $m (instantiate $F))
  (func $f (result u32) (canon lift (core func $m "f")))
  (core func $f' (canon lower (func $f)))
  (core module $M
    (import "" "f" (func $f (result i32)))
    (func (export "run") (result i32) (call $f)))
  (core instance $n (instantiate $M (with "" (instance (export "f" (func $f'))))))
  (func (export "f") (result u32) (canon lift (core func $m "f")))
  (func (export "run") (result u32) (canon lift (core func $n "run")))
)
(component instance $i $Self)
(assert_return (invoke "f") (u32.const 3))
;; not on the oracle: it still forbids calls between a component and its children
(assert_return (invoke "run") (u32.const 3))

;; A core instance calls a module of its own component through a core import: nothing is left or
;; entered.
(component
  (core module $F (func (export "f") (result i32) (i32.const 3)))
  (core instance $f (instantiate $F))
  (core module $M
    (import "f" "f" (func $f (result i32)))
    (func (export "run") (result i32) (call $f)))
  (core instance $m (instantiate $M (with "f" (instance $f))))
  (func (export "run") (result u32) (canon lift (core func $m "run")))
)
(assert_return (invoke "run") (u32.const 3))
