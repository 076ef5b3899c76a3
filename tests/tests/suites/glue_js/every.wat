;; A guest of runtime-shim/host-rust/tests/world/every.wit that gives back what it gets, as far as it can. Its memory grows with
;; every allocation.
(module
  (import "every:types/types@0.1.0" "echo" (func $echo (param i32 i32)))
  (import "every:types/types@0.1.0" "shapes" (func $shapes (param i32 i64 i64 i32 i32 i64 i64 i32)))
  (import "every:types/types@0.1.0" "sizes" (func $sizes (param i32 i32 i32)))
  (import "every:types/types@0.1.0" "numbers"
    (func $numbers (param i32 i32 i32 i32 i32 i32 i64 i64 f32 f64 i32 i32) (result i64)))
  (import "every:types/types@0.1.0" "numbers-of" (func $numbers-of (param i32 i32 i32 i32 i32 i32 i32)))
  (import "every:types/types@0.1.0" "nothing" (func $nothing))
  (import "every:types/types@0.1.0" "things" (func $things (param i32 i32 i32 i32 i32 i32 i32)))
  (import "every:types/types@0.1.0" "[method]thing.get" (func $get (param i32) (result i32)))
  (import "every:types/types@0.1.0" "[resource-drop]thing" (func $drop-thing (param i32)))
  (import "$root" "log" (func $log (param i32 i32 i32)))
  (import "[export]every:types/back@0.1.0" "[resource-new]mine" (func $new (param i32) (result i32)))
  (memory (export "memory") 1)
  (global $next (mut i32) (i32.const 4096))
  (global $gone (mut i32) (i32.const 0))

  (func $realloc (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (drop (memory.grow (i32.const 1)))
    (local.set $at
      (i32.and
        (i32.add (global.get $next) (i32.sub (local.get 2) (i32.const 1)))
        (i32.sub (i32.const 0) (local.get 2))))
    (global.set $next (i32.add (local.get $at) (local.get 3)))
    (local.get $at))

  (func (export "every:types/back@0.1.0#echo") (param i32) (result i32)
    (call $echo (local.get 0) (i32.const 1024))
    (i32.const 1024))
  (func (export "every:types/back@0.1.0#shapes") (param i32 i64 i64 i32 i32 i64 i64) (result i32)
    (call $shapes (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4) (local.get 5) (local.get 6)
      (i32.const 1024))
    (i32.const 1024))
  (func (export "every:types/back@0.1.0#sizes") (param i32 i32) (result i32)
    (call $sizes (local.get 0) (local.get 1) (i32.const 1024))
    (i32.const 1024))
  ;; Where the arguments are, the first of which is the result.
  (func (export "every:types/back@0.1.0#lots") (param i32) (result i32) (local.get 0))
  (func (export "every:types/back@0.1.0#show") (param i32) (result i32)
    (call $get (local.get 0))
    (call $drop-thing (local.get 0)))
  (func (export "every:types/back@0.1.0#maybe") (param i32 i32) (result i32)
    (i32.store (i32.const 1024) (local.get 0))
    (i32.store (i32.const 1028) (local.get 1))
    (i32.const 1024))

  ;; What a `mine` is: the list that it was made of.
  (func (export "every:types/back@0.1.0#[constructor]mine") (param i32 i32) (result i32)
    (local $at i32)
    (local.set $at (call $realloc (i32.const 0) (i32.const 0) (i32.const 4) (i32.const 8)))
    (i32.store (local.get $at) (local.get 0))
    (i32.store offset=4 (local.get $at) (local.get 1))
    (call $new (local.get $at)))
  ;; The first text of the last one.
  (func (export "every:types/back@0.1.0#[method]mine.use-all") (param i32 i32 i32) (result i32)
    (local $last i32)
    (local.set $last
      (i32.load (i32.add (local.get 1) (i32.mul (i32.const 4) (i32.sub (local.get 2) (i32.const 1))))))
    (i32.load (local.get $last)))
  (func (export "every:types/back@0.1.0#[static]mine.give") (param i32 i32) (result i32)
    (i32.store8 (i32.const 1024) (i32.eqz (local.get 0)))
    (i32.store (i32.const 1028) (select (local.get 1) (i32.const 2) (local.get 0)))
    (i32.const 1024))
  (func (export "every:types/back@0.1.0#[dtor]mine") (param i32)
    (global.set $gone (i32.add (global.get $gone) (i32.const 1))))

  ;; Calls what takes no records; how many texts there were, how many are in a list of the host, and how many are gone.
  (func (export "run") (param i32 i32) (result i32)
    (call $nothing)
    ;; Which has no things to give.
    (if (i32.eq (local.get 1) (i32.const 99))
      (then
        (call $things (i32.const 9) (i32.const 0) (i32.const 0) (i32.const 9) (i32.const 0) (i32.const 0) (i32.const 1024))))
    (call $log (i32.load (local.get 0)) (i32.load offset=4 (local.get 0)) (i32.const 1024))
    (call $log (i32.load (i32.const 1024)) (i32.load (i32.const 1028)) (i32.const 1024))
    (i64.store (i32.const 1040)
      (call $numbers (i32.const -1) (i32.const -1) (i32.const -1) (i32.const -1) (i32.const -1) (i32.const -1)
        (i64.const -1) (i64.const -1) (f32.const -0.5) (f64.const 1e300) (i32.const 0x10ffff) (i32.const 7)))
    (call $numbers-of (i32.const 1040) (i32.const 1) (i32.const 0) (i32.const 0) (local.get 0) (i32.const 3)
      (i32.const 1024))
    (i32.add
      (i32.add (local.get 1) (i32.mul (i32.const 100) (i32.load (i32.const 1028))))
      (i32.mul (i32.const 10000) (global.get $gone)))))
