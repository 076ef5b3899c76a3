;; Components in components, aliases of every kind, the same component several times with other
;; arguments, and functions under other names.

;; Three deep; the innermost module comes from the outermost component through outer aliases.
(component $Outer
  (core module $Add
    (import "" "n" (global $n i32))
    (func (export "f") (param i32) (result i32) (i32.add (local.get 0) (global.get $n))))
  (component $One
    (component $Two
      (alias outer $Outer $Add (core module $M))
      (core module $N (global (export "n") i32 (i32.const 100)))
      (core instance $n (instantiate $N))
      (core instance $m (instantiate $M (with "" (instance $n))))
      (func (export "f") (param "x" u32) (result u32) (canon lift (core func $m "f"))))
    (instance $two (instantiate $Two))
    (core module $N (global (export "n") i32 (i32.const 10)))
    (core instance $n (instantiate $N))
    (alias outer 1 $Add (core module $M))
    (core instance $m (instantiate $M (with "" (instance $n))))
    (func (export "f") (param "x" u32) (result u32) (canon lift (core func $m "f")))
    (export "two" (instance $two)))
  (instance $one (instantiate $One))
  (core module $N (global (export "n") i32 (i32.const 1)))
  (core instance $n (instantiate $N))
  (core instance $m (instantiate $Add (with "" (instance $n))))
  (func (export "f0") (param "x" u32) (result u32) (canon lift (core func $m "f")))
  (func (export "f1") (alias export $one "f"))
  (alias export $one "two" (instance $two))
  (func (export "f2") (alias export $two "f"))
)
(assert_return (invoke "f0" (u32.const 5)) (u32.const 6))
(assert_return (invoke "f1" (u32.const 5)) (u32.const 15))
(assert_return (invoke "f2" (u32.const 5)) (u32.const 105))

;; One component, three instances, each with its own state and its own argument.
(component
  (component $Counter
    (import "step" (func $step (result u32)))
    (core func $step' (canon lower (func $step)))
    (core module $M
      (import "" "step" (func $step (result i32)))
      (global $n (mut i32) (i32.const 0))
      (func (export "next") (result i32)
        (global.set $n (i32.add (global.get $n) (call $step)))
        (global.get $n)))
    (core instance $m (instantiate $M (with "" (instance (export "step" (func $step'))))))
    (func (export "next") (result u32) (canon lift (core func $m "next"))))
  (component $Two
    (core module $M (func (export "step") (result i32) (i32.const 2)))
    (core instance $m (instantiate $M))
    (func (export "step") (result u32) (canon lift (core func $m "step"))))
  (component $Five
    (core module $M (func (export "step") (result i32) (i32.const 5)))
    (core instance $m (instantiate $M))
    (func (export "step") (result u32) (canon lift (core func $m "step"))))
  (instance $two (instantiate $Two))
  (instance $five (instantiate $Five))
  (instance $a (instantiate $Counter (with "step" (func $two "step"))))
  (instance $b (instantiate $Counter (with "step" (func $five "step"))))
  ;; Its step is what the second one has counted to.
  (instance $c (instantiate $Counter (with "step" (func $b "next"))))
  (func (export "a") (alias export $a "next"))
  (func (export "b") (alias export $b "next"))
  (func (export "c") (alias export $c "next"))
)
(assert_return (invoke "a") (u32.const 2))
(assert_return (invoke "a") (u32.const 4))
(assert_return (invoke "b") (u32.const 5))
(assert_return (invoke "c") (u32.const 10))
(assert_return (invoke "c") (u32.const 25))
(assert_return (invoke "b") (u32.const 20))
(assert_return (invoke "a") (u32.const 6))

;; A component as an argument of another one, which makes two instances of it.
(component
  (component $Maker
    (import "c" (component $C
      (import "n" (func (result u32)))
      (export "f" (func (result u32)))))
    (component $Box
      (core module $M (func (export "seven") (result i32) (i32.const 7)))
      (core instance $m (instantiate $M))
      (func (export "n") (result u32) (canon lift (core func $m "seven"))))
    (component $Nine
      (core module $M (func (export "nine") (result i32) (i32.const 9)))
      (core instance $m (instantiate $M))
      (func (export "n") (result u32) (canon lift (core func $m "nine"))))
    (instance $box (instantiate $Box))
    (instance $nine (instantiate $Nine))
    (instance $x (instantiate $C (with "n" (func $box "n"))))
    (instance $y (instantiate $C (with "n" (func $nine "n"))))
    (func (export "x") (alias export $x "f"))
    (func (export "y") (alias export $y "f")))
  (component $Square
    (import "n" (func $n (result u32)))
    (core func $n' (canon lower (func $n)))
    (core module $M
      (import "" "n" (func $n (result i32)))
      (func (export "f") (result i32) (i32.mul (call $n) (call $n))))
    (core instance $m (instantiate $M (with "" (instance (export "n" (func $n'))))))
    (func (export "f") (result u32) (canon lift (core func $m "f"))))
  (instance $maker (instantiate $Maker (with "c" (component $Square))))
  (export "maker" (instance $maker))
)
(assert_return (invoke "maker#x") (u32.const 49))
(assert_return (invoke "maker#y") (u32.const 81))

;; Core modules as values: imported by a component, exported by another.
(component
  (component $Library
    (core module $M
      (import "env" "n" (global $n i32))
      (func (export "f") (result i32) (global.get $n)))
    (export "m" (core module $M)))
  (component $Program
    (import "m" (core module $M
      (import "env" "n" (global i32))
      (export "f" (func (result i32)))))
    (core module $Env
      (global (export "n") i32 (i32.const 31))
      (global (export "other") i32 (i32.const 32)))
    (core instance $env (instantiate $Env))
    (core instance $a (instantiate $M (with "env" (instance $env))))
    (core instance $b (instantiate $M (with "env" (instance (export "n" (global $env "other"))))))
    (func (export "a") (result u32) (canon lift (core func $a "f")))
    (func (export "b") (result u32) (canon lift (core func $b "f"))))
  (instance $library (instantiate $Library))
  (instance $program (instantiate $Program (with "m" (core module $library "m"))))
  (func (export "a") (alias export $program "a"))
  (func (export "b") (alias export $program "b"))
)
(assert_return (invoke "a") (u32.const 31))
(assert_return (invoke "b") (u32.const 32))

;; Names: a function that is passed on under other names, through inline instances and through a
;; component that only passes it on; names that two instances share; nothing goes by name.
(component
  (component $A
    (core module $M (func (export "f") (result i32) (i32.const 1)) (func (export "g") (result i32) (i32.const 2)))
    (core instance $m (instantiate $M))
    (func (export "f") (result u32) (canon lift (core func $m "g")))
    (func (export "g") (result u32) (canon lift (core func $m "f"))))
  (component $Swap
    (import "i" (instance $i
      (export "f" (func (result u32)))
      (export "g" (func (result u32)))))
    (instance $o (export "g" (func $i "f")) (export "f" (func $i "g")))
    (export "o" (instance $o)))
  (instance $a (instantiate $A))
  (instance $swapped (instantiate $Swap (with "i" (instance $a))))
  (alias export $swapped "o" (instance $once))
  (instance $again (instantiate $Swap (with "i" (instance $once))))
  (alias export $again "o" (instance $twice))
  (export "a" (instance $a))
  (export "once" (instance $once))
  (export "twice" (instance $twice))
  (export "test:names/i@1.2.3" (instance $once))
  (func (export "plain") (alias export $once "g"))
  (instance $inline (export "h" (func $a "f")) (export "f" (func $once "f")))
  (export "inline" (instance $inline))
)
(assert_return (invoke "a#f") (u32.const 2))
(assert_return (invoke "a#g") (u32.const 1))
(assert_return (invoke "once#f") (u32.const 1))
(assert_return (invoke "once#g") (u32.const 2))
(assert_return (invoke "twice#f") (u32.const 2))
(assert_return (invoke "test:names/i@1.2.3#f") (u32.const 1))
(assert_return (invoke "plain") (u32.const 2))
(assert_return (invoke "inline#h") (u32.const 2))
(assert_return (invoke "inline#f") (u32.const 1))

;; Type substitution: a component that is generic in a type, with two different ones.
(component
  (component $Through
    (import "t" (type $t (sub resource)))
    (import "make" (func $make (param "n" u32) (result (own $t))))
    (import "use" (func $use (param "x" (own $t)) (result u32)))
    (core func $make' (canon lower (func $make)))
    (core func $use' (canon lower (func $use)))
    (core module $M
      (import "" "make" (func $make (param i32) (result i32)))
      (import "" "use" (func $use (param i32) (result i32)))
      (func (export "f") (param i32) (result i32) (call $use (call $make (local.get 0)))))
    (core instance $m (instantiate $M (with "" (instance
      (export "make" (func $make'))
      (export "use" (func $use'))))))
    (func (export "f") (param "n" u32) (result u32) (canon lift (core func $m "f"))))
  (component $Def
    (import "factor" (func $factor (result u32)))
    (core func $factor' (canon lower (func $factor)))
    (type $t' (resource (rep i32)))
    (export $t "t" (type $t'))
    (core func $new (canon resource.new $t'))
    (core func $rep (canon resource.rep $t'))
    (core module $M
      (import "" "new" (func $new (param i32) (result i32)))
      (import "" "rep" (func $rep (param i32) (result i32)))
      (import "" "factor" (func $factor (result i32)))
      (func (export "make") (param i32) (result i32) (call $new (i32.mul (local.get 0) (call $factor))))
      (func (export "use") (param i32) (result i32) (i32.add (i32.mul (local.get 0) (i32.const 1000)) (call $rep (local.get 0)))))
    (core instance $m (instantiate $M (with "" (instance
      (export "new" (func $new))
      (export "rep" (func $rep))
      (export "factor" (func $factor'))))))
    (func (export "make") (param "n" u32) (result (own $t)) (canon lift (core func $m "make")))
    (func (export "use") (param "x" (own $t)) (result u32) (canon lift (core func $m "use"))))
  (component $Two
    (core module $M (func (export "f") (result i32) (i32.const 2)))
    (core instance $m (instantiate $M))
    (func (export "f") (result u32) (canon lift (core func $m "f"))))
  (component $Three
    (core module $M (func (export "f") (result i32) (i32.const 3)))
    (core instance $m (instantiate $M))
    (func (export "f") (result u32) (canon lift (core func $m "f"))))
  (instance $two (instantiate $Two))
  (instance $three (instantiate $Three))
  (instance $d2 (instantiate $Def (with "factor" (func $two "f"))))
  (instance $d3 (instantiate $Def (with "factor" (func $three "f"))))
  (instance $t2 (instantiate $Through
    (with "t" (type $d2 "t")) (with "make" (func $d2 "make")) (with "use" (func $d2 "use"))))
  (instance $t3 (instantiate $Through
    (with "t" (type $d3 "t")) (with "make" (func $d3 "make")) (with "use" (func $d3 "use"))))
  (func (export "f2") (alias export $t2 "f"))
  (func (export "f3") (alias export $t3 "f"))
)
(assert_return (invoke "f2" (u32.const 7)) (u32.const 1014))
(assert_return (invoke "f3" (u32.const 7)) (u32.const 1021))
(assert_return (invoke "f3" (u32.const 8)) (u32.const 2024))

;; A diamond: left and right share the base, and see each other's changes of it.
(component
  (component $Base
    (core module $M
      (global $n (mut i32) (i32.const 0))
      (func (export "add") (param i32) (result i32)
        (global.set $n (i32.add (global.get $n) (local.get 0)))
        (global.get $n)))
    (core instance $m (instantiate $M))
    (func (export "add") (param "n" u32) (result u32) (canon lift (core func $m "add"))))
  (component $Side
    (import "add" (func $add (param "n" u32) (result u32)))
    (core func $add' (canon lower (func $add)))
    (core module $M
      (import "" "add" (func $add (param i32) (result i32)))
      (func (export "add") (param i32) (result i32) (call $add (i32.mul (local.get 0) (i32.const 10)))))
    (core instance $m (instantiate $M (with "" (instance (export "add" (func $add'))))))
    (func (export "add") (param "n" u32) (result u32) (canon lift (core func $m "add"))))
  (component $Top
    (import "left" (func $left (param "n" u32) (result u32)))
    (import "right" (func $right (param "n" u32) (result u32)))
    (core func $left' (canon lower (func $left)))
    (core func $right' (canon lower (func $right)))
    (core module $M
      (import "" "left" (func $left (param i32) (result i32)))
      (import "" "right" (func $right (param i32) (result i32)))
      (func (export "both") (param i32) (result i32)
        (drop (call $left (local.get 0))) (call $right (local.get 0))))
    (core instance $m (instantiate $M (with "" (instance
      (export "left" (func $left'))
      (export "right" (func $right'))))))
    (func (export "both") (param "n" u32) (result u32) (canon lift (core func $m "both"))))
  (instance $base (instantiate $Base))
  (instance $left (instantiate $Side (with "add" (func $base "add"))))
  (instance $right (instantiate $Side (with "add" (func $left "add"))))
  (instance $top (instantiate $Top
    (with "left" (func $left "add"))
    (with "right" (func $right "add"))))
  (func (export "both") (alias export $top "both"))
  (func (export "add") (alias export $base "add"))
)
(assert_return (invoke "both" (u32.const 1)) (u32.const 110))
(assert_return (invoke "add" (u32.const 5)) (u32.const 115))
