;; Element segments of a later instance that are applied after a start function has seen the table: it
;; called what was there at the time.

;; The first element is replaced twice, the second once; the third comes last, over nothing.
(component
  (core module $A
    (type $f (func (result i32)))
    (table (export "t") 4 funcref)
    (func $one (result i32) (i32.const 1))
    (func $two (result i32) (i32.const 2))
    (elem (i32.const 0) $one $two)
    (global $seen (mut i32) (i32.const 0))
    (func $call (export "call") (param i32) (result i32) (call_indirect (type $f) (local.get 0)))
    (func (export "look")
      (global.set $seen (i32.add (i32.mul (global.get $seen) (i32.const 100))
        (i32.add (i32.mul (call $call (i32.const 0)) (i32.const 10)) (call $call (i32.const 1))))))
    (func (export "seen") (result i32) (global.get $seen)))
  (core module $Look
    (import "a" "look" (func $look))
    (start $look))
  (core module $B
    (import "a" "t" (table 4 funcref))
    (import "a" "call" (func $call (param i32) (result i32)))
    (import "a" "look" (func $look))
    (func $three (result i32) (i32.const 3))
    (func $four (result i32) (i32.add (call $call (i32.const 0)) (i32.const 1)))
    (elem (i32.const 0) $three $four)
    (start $look))
  (core module $C
    (import "a" "t" (table 4 funcref))
    (func $five (result i32) (i32.const 5))
    (func $six (result i32) (i32.const 6))
    (elem (i32.const 2) $six)
    (elem (i32.const 0) $six)
    (elem (i32.const 0) $five))
  (core instance $a (instantiate $A))
  (core instance $look (instantiate $Look (with "a" (instance $a))))
  (core instance $b (instantiate $B (with "a" (instance $a))))
  (core instance $c (instantiate $C (with "a" (instance $a))))
  (func (export "seen") (result u32) (canon lift (core func $a "seen")))
  (func (export "call") (param "i" u32) (result u32) (canon lift (core func $a "call"))))
(assert_return (invoke "seen") (u32.const 1234))
(assert_return (invoke "call" (u32.const 0)) (u32.const 5))
(assert_return (invoke "call" (u32.const 1)) (u32.const 6))
(assert_return (invoke "call" (u32.const 2)) (u32.const 6))
(assert_trap (invoke "call" (u32.const 3)) "uninitialized element")

;; Functions with parameters and of several types, each in an element of its own.
(component
  (core module $A
    (type $add (func (param i32 i32) (result i32)))
    (type $wide (func (param i64) (result i64)))
    (table (export "t") 2 funcref)
    (func $plus (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
    (elem (i32.const 0) $plus)
    (global $at-start (mut i32) (i32.const 0))
    (func $start (global.set $at-start (call_indirect (type $add) (i32.const 20) (i32.const 3) (i32.const 0))))
    (start $start)
    (func (export "at-start") (result i32) (global.get $at-start))
    (func (export "two") (param i32 i32) (result i32)
      (call_indirect (type $add) (local.get 0) (local.get 1) (i32.const 0)))
    (func (export "wide") (param i64) (result i64) (call_indirect (type $wide) (local.get 0) (i32.const 1)))
    (func (export "wrong") (param i64) (result i64) (call_indirect (type $wide) (local.get 0) (i32.const 0))))
  (core module $B
    (import "a" "t" (table 2 funcref))
    (func $minus (param i32 i32) (result i32) (i32.sub (local.get 0) (local.get 1)))
    (func $double (param i64) (result i64) (i64.add (local.get 0) (local.get 0)))
    (elem (i32.const 0) $minus $double))
  (core instance $a (instantiate $A))
  (core instance $b (instantiate $B (with "a" (instance $a))))
  (func (export "at-start") (result u32) (canon lift (core func $a "at-start")))
  (func (export "two") (param "a" u32) (param "b" u32) (result u32) (canon lift (core func $a "two")))
  (func (export "wide") (param "a" u64) (result u64) (canon lift (core func $a "wide")))
  (func (export "wrong") (param "a" u64) (result u64) (canon lift (core func $a "wrong"))))
(assert_return (invoke "at-start") (u32.const 23))
(assert_return (invoke "two" (u32.const 20) (u32.const 3)) (u32.const 17))
(assert_return (invoke "wide" (u64.const 5000000000)) (u64.const 10000000000))
(assert_trap (invoke "wrong" (u64.const 1)) "indirect call type mismatch")

;; A start function calls what comes too late.
(assert_trap
  (component
    (core module $A
      (type $f (func (result i32)))
      (table (export "t") 1 funcref)
      (func $start (drop (call_indirect (type $f) (i32.const 0))))
      (start $start)
      (func (export "f") (result i32) (call_indirect (type $f) (i32.const 0))))
    (core module $B
      (import "a" "t" (table 1 funcref))
      (func $one (result i32) (i32.const 1))
      (elem (i32.const 0) $one))
    (core instance $a (instantiate $A))
    (core instance $b (instantiate $B (with "a" (instance $a))))
    (func (export "f") (result u32) (canon lift (core func $a "f"))))
  "uninitialized element")

;; A shim, whose table a later instance fills: a start function that calls it before then traps, one
;; that does not finds it filled afterwards.
(component
  (core module $Shim
    (type $f (func (result i32)))
    (table (export "t") 1 funcref)
    (func (export "f") (result i32) (call_indirect (type $f) (i32.const 0))))
  (core module $M
    (import "shim" "f" (func $f (result i32)))
    (global $early (mut i32) (i32.const 0))
    (func $start (if (global.get $early) (then (drop (call $f)))))
    (start $start)
    (func (export "f") (result i32) (call $f)))
  (core module $Fill
    (import "shim" "t" (table 1 funcref))
    (func $seven (result i32) (i32.const 7))
    (elem (i32.const 0) $seven))
  (core instance $shim (instantiate $Shim))
  (core instance $m (instantiate $M (with "shim" (instance $shim))))
  (core instance $fill (instantiate $Fill (with "shim" (instance $shim))))
  (func (export "f") (result u32) (canon lift (core func $m "f"))))
(assert_return (invoke "f") (u32.const 7))

(assert_trap
  (component
    (core module $Shim
      (type $f (func (result i32)))
      (table (export "t") 1 funcref)
      (func (export "f") (result i32) (call_indirect (type $f) (i32.const 0))))
    (core module $M
      (import "shim" "f" (func $f (result i32)))
      (func $start (drop (call $f)))
      (start $start)
      (func (export "f") (result i32) (call $f)))
    (core module $Fill
      (import "shim" "t" (table 1 funcref))
      (func $seven (result i32) (i32.const 7))
      (elem (i32.const 0) $seven))
    (core instance $shim (instantiate $Shim))
    (core instance $m (instantiate $M (with "shim" (instance $shim))))
    (core instance $fill (instantiate $Fill (with "shim" (instance $shim))))
    (func (export "f") (result u32) (canon lift (core func $m "f"))))
  "uninitialized element")

;; A segment without elements is applied after the start function: nobody can tell.
(component
  (core module $A
    (type $ft (func (result i32)))
    (table (export "t") 2 funcref)
    (global $g (mut i32) (i32.const 0))
    (elem (i32.const 0) func $one)
    (func $one (type $ft) (i32.const 1))
    (func $s (global.set $g (call_indirect (type $ft) (i32.const 0))))
    (start $s)
    (func (export "f") (result i32) (i32.add (global.get $g) (call_indirect (type $ft) (i32.const 0)))))
  (core instance $a (instantiate $A))
  (core module $B (import "a" "t" (table 2 funcref)) (elem (i32.const 2) func))
  (core instance (instantiate $B (with "a" (instance $a))))
  (func (export "f") (result u32) (canon lift (core func $a "f"))))
(assert_return (invoke "f") (u32.const 2))
