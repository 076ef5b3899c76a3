;; Exceptions, lowered: each module runs on an engine that has none.

;; Throws in loops, with operands on the stack where a branch leaves.
(module
  (tag $t (param i32))
  (func $odd (param i32) (result i32)
    (if (i32.and (local.get 0) (i32.const 1)) (then (throw $t (local.get 0))))
    (local.get 0))
  (func (export "newer") (param $n i32) (result i32) (local $sum i32)
    (loop $again
      (local.set $sum
        (i32.add
          (local.get $sum)
          (block $caught (result i32)
            (i32.const 1000)
            (i64.const 7)
            (try_table (result i32) (catch $t $caught)
              (i32.const 5) (call $odd (local.get $n)) (i32.add))
            (br $caught))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum))
  (func (export "earlier") (param $n i32) (result i32) (local $sum i32)
    (loop $again
      (local.get $sum)
      try (result i32)
        (i32.const 5) (call $odd (local.get $n)) (i32.add)
      catch $t
      end
      (i32.add)
      (local.set $sum)
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum)))
(assert_return (invoke "newer" (i32.const 4)) (i32.const 20))
(assert_return (invoke "earlier" (i32.const 4)) (i32.const 20))

;; From handlers, and through an indirect call.
(module
  (type $f (func (param i32) (result i32)))
  (tag $one (param i32))
  (tag $two (param i32))
  (table 2 funcref)
  (elem (i32.const 0) $throws $fine)
  (func $throws (type $f) (throw $one (local.get 0)))
  (func $fine (type $f) (local.get 0))
  (func $from-handler (param i32 i32) (result i32)
    (block $first (result i32)
      (try_table (result i32) (catch $one $first)
        (call_indirect (type $f) (local.get 1) (local.get 0)))
      (return))
    (throw $two (i32.add (i32.const 100))))
  (func (export "run") (param i32 i32) (result i32)
    (block $second (result i32)
      (try_table (result i32) (catch $two $second)
        (call $from-handler (local.get 0) (local.get 1)))
      (return))
    (i32.add (i32.const 1000)))
  (func (export "other type") (param i32) (result i64)
    (block $all
      (try_table (result i64) (catch_all $all)
        (call_indirect (result i64) (local.get 0)))
      (return))
    (i64.const -1)))
(assert_return (invoke "run" (i32.const 0) (i32.const 7)) (i32.const 1107))
(assert_return (invoke "run" (i32.const 1) (i32.const 7)) (i32.const 7))
;; Traps are not caught.
(assert_trap (invoke "other type" (i32.const 0)) "indirect call type mismatch")
(assert_trap (invoke "other type" (i32.const 9)) "undefined element")

;; Values that do not fit 32 bits, alone and several; references to them everywhere.
(module
  (tag $wide (param i64))
  (tag $three (param f64 i32 i64))
  (tag $none)
  (tag $single (param f32))
  (global $kept (mut exnref) (ref.null exn))
  (func $throw (param i32)
    (if (i32.eqz (local.get 0)) (then (throw $wide (i64.const 0x123456789abcdef0))))
    (if (i32.eq (local.get 0) (i32.const 1))
      (then (throw $three (f64.const 1.5) (i32.const -2) (i64.const 3))))
    (if (i32.eq (local.get 0) (i32.const 2)) (then (throw $none)))
    (throw $single (f32.const 0.25)))
  (func $catch (param i32) (result exnref)
    (block $e (result exnref)
      (try_table (catch_all_ref $e) (call $throw (local.get 0)))
      (unreachable)))
  (func $pass (param exnref i32 exnref) (result i32 exnref)
    (local $e exnref)
    (local.set $e (select (result exnref) (local.get 0) (local.get 2) (local.get 1)))
    (drop (local.get 2))
    (local.get 1)
    (local.tee $e (local.get $e)))
  (func $read (param exnref) (result f64)
    (local i64)
    (block $wide (result i64)
      (block $three (result f64 i32 i64)
        (block $single (result f32)
          (block $none
            (try_table (catch $wide $wide) (catch $three $three) (catch $single $single) (catch $none $none)
              (throw_ref (local.get 0)))
            (unreachable))
          (return (f64.const 99)))
        (return (f64.promote_f32)))
      (f64.convert_i64_s) (local.set 1 (i64.trunc_f64_s))
      (f64.convert_i32_s) (f64.add)
      (f64.convert_i64_s (local.get 1)) (f64.add)
      (return))
    (f64.convert_i64_s))
  (func (export "run") (param i32) (result f64)
    (global.set $kept (call $catch (local.get 0)))
    (call $pass (ref.null exn) (i32.const 0) (global.get $kept))
    (global.set $kept)
    (drop)
    (call $read (global.get $kept)))
  (func (export "null") (result i32)
    (i32.add
      (ref.is_null (ref.null exn))
      (i32.mul (i32.const 10) (ref.is_null (call $catch (i32.const 0))))))
  (func (export "throw null") (throw_ref (ref.null exn))))
(assert_return (invoke "run" (i32.const 0)) (f64.const 0x1.23456789abcdfp+60))
(assert_return (invoke "run" (i32.const 1)) (f64.const 2.5))
(assert_return (invoke "run" (i32.const 2)) (f64.const 99))
(assert_return (invoke "run" (i32.const 3)) (f64.const 0.25))
(assert_return (invoke "null") (i32.const 1))
(assert_trap (invoke "throw null") "null exception reference")

;; What nobody catches traps, and is forgotten.
(module
  (tag $t (param i32))
  (global $calls (mut i32) (i32.const 0))
  (func $throw (result i32)
    (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
    (throw $t (i32.const 1)))
  (func (export "throw") (result i32) (i32.add (call $throw) (i32.const 1)))
  (func $fine (result i32) (global.get $calls))
  (func $may (param i32) (result i32)
    (if (local.get 0) (then (return (call $throw))))
    (call $fine))
  (func (export "may") (param i32) (result i32) (i32.add (call $may (local.get 0)) (i32.const 10)))
  (func (export "caught") (result i32)
    try (result i32) (call $throw) catch_all (i32.const -1) end))
(assert_exception (invoke "throw"))
(assert_return (invoke "may" (i32.const 0)) (i32.const 11))
(assert_exception (invoke "may" (i32.const 1)))
(assert_return (invoke "caught") (i32.const -1))
(assert_return (invoke "may" (i32.const 0)) (i32.const 13))

;; A start function that throws.
(assert_trap
  (module (tag $t) (func $start (call $throw)) (func $throw (throw $t)) (start $start))
  "uncaught exception")

;; What is thrown again, from clauses in clauses.
(module
  (tag $one (param i32))
  (tag $two (param i64))
  (func $throw (param i32)
    (if (local.get 0) (then (throw $one (i32.const 1))))
    (throw $two (i64.const 2)))
  (func $nested (param i32)
    try $outer
      (call $throw (local.get 0))
    catch $one
      (drop)
      try $inner
        (throw $two (i64.const 20))
      catch $two
        (drop)
        rethrow $outer
      end
    catch_all
      try $inner
        (throw $one (i32.const 10))
      catch_all
        try
          rethrow $inner
        catch $one
          (drop)
        end
        rethrow $outer
      end
    end)
  (func (export "run") (param i32) (result i32)
    try (result i32)
      (call $nested (local.get 0)) (i32.const 0)
    catch $one
    catch $two
      (i32.wrap_i64)
    end))
(assert_return (invoke "run" (i32.const 1)) (i32.const 1))
(assert_return (invoke "run" (i32.const 0)) (i32.const 2))

;; What is delegated: to a try, to one whose clause it comes from, to a block, to the caller.
(module
  (tag $t)
  (func $throw (throw $t))
  (func (export "to a try") (result i32)
    try $outer (result i32)
      try (result i32)
        try (result i32)
          (call $throw) (i32.const 0)
        delegate $outer
      catch_all
        (i32.const 1)
      end
    catch_all
      (i32.const 2)
    end)
  (func (export "from a clause") (result i32)
    try $outermost (result i32)
      try $outer (result i32)
        (throw $t)
      catch_all
        try (result i32)
          (call $throw) (i32.const 0)
        delegate $outer
      end
    catch_all
      (i32.const 3)
    end)
  (func (export "to a block") (result i32)
    try $outer (result i32)
      block $b (result i32)
        try (result i32)
          try (result i32)
            (call $throw) (i32.const 0)
          delegate $b
        catch_all
          (i32.const 1)
        end
      end
    catch_all
      (i32.const 4)
    end)
  (func $to-the-caller (result i32)
    try (result i32)
      try (result i32)
        (call $throw) (i32.const 0)
      delegate 1
    catch_all
      (i32.const 1)
    end)
  (func (export "to the caller") (result i32)
    try (result i32)
      (call $to-the-caller)
    catch_all
      (i32.const 5)
    end))
(assert_return (invoke "to a try") (i32.const 2))
(assert_return (invoke "from a clause") (i32.const 3))
(assert_return (invoke "to a block") (i32.const 4))
(assert_return (invoke "to the caller") (i32.const 5))

;; A tail call leaves the handlers of its function behind.
(module
  (tag $t)
  (func $throw (result i32) (throw $t))
  (func $tail (result i32)
    (block $all
      (try_table (catch_all $all) (return_call $throw)))
    (i32.const 1))
  (func (export "run") (result i32)
    (block $all
      (return (try_table (result i32) (catch_all $all) (call $tail))))
    (i32.const 2)))
(assert_return (invoke "run") (i32.const 2))

;; More tags than a set has bits, and values of the same type in several places.
(module
  (tag) (tag) (tag) (tag) (tag) (tag) (tag) (tag) (tag) (tag) (tag) (tag) (tag) (tag) (tag) (tag)
  (tag) (tag) (tag) (tag) (tag) (tag) (tag) (tag) (tag) (tag) (tag) (tag) (tag) (tag) (tag) (tag)
  (tag) (tag) (tag) (tag) (tag) (tag) (tag) (tag) (tag) (tag) (tag) (tag) (tag) (tag) (tag) (tag)
  (tag) (tag) (tag) (tag) (tag) (tag) (tag) (tag) (tag) (tag) (tag) (tag) (tag) (tag) (tag) (tag)
  (tag $a (param i32 i32))
  (tag $b (param i32 i32))
  (func $throw (param i32)
    (if (local.get 0) (then (throw $a (i32.const 1) (i32.const 2))))
    (throw $b (i32.const 30) (i32.const 40)))
  (func (export "run") (param i32) (result i32)
    (block $b (result i32 i32)
      (block $a (result i32 i32)
        (try_table (catch $a $a) (catch $b $b) (call $throw (local.get 0)))
        (unreachable))
      (return (i32.sub)))
    (i32.sub)))
(assert_return (invoke "run" (i32.const 1)) (i32.const -1))
(assert_return (invoke "run" (i32.const 0)) (i32.const -10))

;; Parameters of a try, and branches to its label.
(module
  (tag $t (param i32))
  (func $may (param i32) (result i32)
    (if (i32.eq (local.get 0) (i32.const 3)) (then (throw $t (i32.const 70))))
    (local.get 0))
  (func (export "newer") (param i32) (result i32)
    (block $caught (result i32)
      (local.get 0)
      (i32.const 10)
      (try_table $t (param i32 i32) (result i32) (catch $t $caught)
        (i32.add)
        (br_if $t (i32.lt_s (local.get 0) (i32.const 2)))
        (drop)
        (call $may (local.get 0)))))
  (func (export "earlier") (param i32) (result i32)
    (local.get 0)
    (i32.const 10)
    try $try (param i32 i32) (result i32)
      (i32.add)
      (br_if $try (i32.lt_s (local.get 0) (i32.const 2)))
      (drop)
      (call $may (local.get 0))
    catch $t
      (br_if $try (i32.const 1))
    end))
(assert_return (invoke "newer" (i32.const 1)) (i32.const 11))
(assert_return (invoke "newer" (i32.const 2)) (i32.const 2))
(assert_return (invoke "newer" (i32.const 3)) (i32.const 70))
(assert_return (invoke "earlier" (i32.const 1)) (i32.const 11))
(assert_return (invoke "earlier" (i32.const 2)) (i32.const 2))
(assert_return (invoke "earlier" (i32.const 3)) (i32.const 70))

;; Two types that become alike: a call of the wrong one still traps.
(module
  (tag $t)
  (type $number (func (param i64) (result i32)))
  (type $reference (func (param exnref) (result i32)))
  (table 2 funcref)
  (elem (i32.const 0) $n $r)
  (func $n (type $number) (i32.wrap_i64 (local.get 0)))
  (func $r (type $reference) (ref.is_null (local.get 0)))
  (func (export "number") (param i32) (result i32)
    (call_indirect (type $number) (i64.const 5) (local.get 0)))
  (func (export "reference") (param i32) (result i32)
    (i32.add (i32.const 7) (call_indirect (type $reference) (ref.null exn) (local.get 0)))))
(assert_return (invoke "number" (i32.const 0)) (i32.const 5))
(assert_trap (invoke "number" (i32.const 1)) "indirect call type mismatch")
(assert_return (invoke "reference" (i32.const 1)) (i32.const 8))
(assert_trap (invoke "reference" (i32.const 0)) "indirect call type mismatch")
