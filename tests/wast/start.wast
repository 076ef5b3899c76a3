;; Start functions, segments and instantiations happen in the order in which they are written, one
;; instance after the other.

;; Each instance appends a digit to a number that the first one holds.
(component
  (core module $Log
    (global $n (mut i32) (i32.const 0))
    (func (export "note") (param i32)
      (global.set $n (i32.add (i32.mul (global.get $n) (i32.const 10)) (local.get 0))))
    (func (export "get") (result i32) (global.get $n)))
  (core module $First
    (import "log" "note" (func $note (param i32)))
    (func $start (call $note (i32.const 1)))
    (start $start))
  (core module $Second
    (import "log" "note" (func $note (param i32)))
    (func $start (call $note (i32.const 2)))
    (start $start))
  (core instance $log (instantiate $Log))
  (core instance $b (instantiate $Second (with "log" (instance $log))))
  (core instance $a (instantiate $First (with "log" (instance $log))))
  (core instance $c (instantiate $Second (with "log" (instance $log))))
  (func (export "get") (result u32) (canon lift (core func $log "get")))
)
(assert_return (invoke "get") (u32.const 212))

;; Across components: a start function calls another component, which is complete by then.
(component
  (component $Log
    (core module $M
      (global $n (mut i32) (i32.const 0))
      (func $start (global.set $n (i32.const 9)))
      (start $start)
      (func (export "note") (param i32)
        (global.set $n (i32.add (i32.mul (global.get $n) (i32.const 10)) (local.get 0))))
      (func (export "get") (result i32) (global.get $n)))
    (core instance $m (instantiate $M))
    (func (export "note") (param "n" u32) (canon lift (core func $m "note")))
    (func (export "get") (result u32) (canon lift (core func $m "get"))))
  (component $Starter
    (import "log" (instance $log
      (export "note" (func (param "n" u32)))
      (export "get" (func (result u32)))))
    (core func $note (canon lower (func $log "note")))
    (core func $get (canon lower (func $log "get")))
    (core module $M
      (import "" "note" (func $note (param i32)))
      (import "" "get" (func $get (result i32)))
      (global $seen (mut i32) (i32.const 0))
      (func $start
        (global.set $seen (call $get))
        (call $note (i32.const 1)))
      (start $start)
      (func (export "seen") (result i32) (global.get $seen)))
    (core instance $m (instantiate $M (with "" (instance
      (export "note" (func $note))
      (export "get" (func $get))))))
    (func (export "seen") (result u32) (canon lift (core func $m "seen"))))
  (instance $log (instantiate $Log))
  (instance $x (instantiate $Starter (with "log" (instance $log))))
  (instance $y (instantiate $Starter (with "log" (instance $log))))
  (func (export "get") (alias export $log "get"))
  (func (export "x") (alias export $x "seen"))
  (func (export "y") (alias export $y "seen"))
)
(assert_return (invoke "get") (u32.const 911))
(assert_return (invoke "x") (u32.const 9))
(assert_return (invoke "y") (u32.const 91))

;; Data segments of a later instance overwrite what the start function of an earlier one wrote into
;; the memory that they share, and a start function sees its own segments.
(component
  (core module $Memory (memory (export "memory") 1) (data (i32.const 0) "\01\02\03\04"))
  (core module $A
    (import "memory" "memory" (memory 1))
    (func $start (i32.store8 (i32.const 1) (i32.add (i32.load8_u (i32.const 0)) (i32.const 40))))
    (start $start)
    (data (i32.const 0) "\0a"))
  (core module $B
    (import "memory" "memory" (memory 1))
    (data (i32.const 2) "\1e")
    (func (export "get") (param i32) (result i32) (i32.load8_u (local.get 0))))
  (core instance $memory (instantiate $Memory))
  (core instance $a (instantiate $A (with "memory" (instance $memory))))
  (core instance $b (instantiate $B (with "memory" (instance $memory))))
  (func (export "get") (param "address" u32) (result u8) (canon lift (core func $b "get")))
)
(assert_return (invoke "get" (u32.const 0)) (u8.const 10))
(assert_return (invoke "get" (u32.const 1)) (u8.const 50))
(assert_return (invoke "get" (u32.const 2)) (u8.const 30))
(assert_return (invoke "get" (u32.const 3)) (u8.const 4))

;; A start function that traps; a segment that does not fit its memory or table.
(assert_trap
  (component
    (core module $M (func $start unreachable) (start $start))
    (core instance (instantiate $M))
    (core module $F (func (export "f")))
    (core instance $f (instantiate $F))
    (func (export "f") (canon lift (core func $f "f"))))
  "unreachable")
(assert_trap
  (component
    (core module $M (memory 1) (data (i32.const 65535) "ab"))
    (core instance (instantiate $M))
    (core module $F (memory 1) (func (export "f")))
    (core instance $f (instantiate $F))
    (func (export "f") (canon lift (core func $f "f"))))
  "out of bounds")
(assert_trap
  (component
    (core module $M (table 1 funcref) (func $f) (elem (i32.const 1) func $f))
    (core instance (instantiate $M))
    (core module $F (table 4 funcref) (func (export "f")))
    (core instance $f (instantiate $F))
    (func (export "f") (canon lift (core func $f "f"))))
  "out of bounds")

;; The trap of a start function of a nested component, in a call of another one.
(assert_trap
  (component
    (component $Callee
      (core module $M (func (export "f") unreachable))
      (core instance $m (instantiate $M))
      (func (export "f") (canon lift (core func $m "f"))))
    (component $Caller
      (import "f" (func $f))
      (core func $f' (canon lower (func $f)))
      (core module $M
        (import "" "f" (func $f))
        (start $f)
        (func (export "g")))
      (core instance $m (instantiate $M (with "" (instance (export "f" (func $f'))))))
      (func (export "g") (canon lift (core func $m "g"))))
    (instance $callee (instantiate $Callee))
    (instance $caller (instantiate $Caller (with "f" (func $callee "f"))))
    (func (export "g") (alias export $caller "g")))
  "unreachable")
