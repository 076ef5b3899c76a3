;; What was found out of an address holds until the local changes: after a branch, in a loop that does not set it, and
;; for a counter.
(component
  (core module $other (memory 1) (func (export "touch") (i32.store8 (i32.const 0) (i32.const 1))))
  (core module $guest (memory 1) (data (i32.const 1024) "a table")
    ;; One check: at the first load.
    (func (export "after-a-branch") (param $p i32) (result i32)
      (i32.add
        (if (result i32) (i32.load offset=4 (local.get $p))
          (then (i32.load8_u offset=7 (local.get $p)))
          (else (i32.load8_u (i32.add (local.get $p) (i32.const 6)))))
        (i32.load (local.get $p))))
    ;; Two checks: another path has not checked.
    (func (export "on-one-way") (param $p i32) (param $do i32) (result i32)
      (block $out
        (br_if $out (local.get $do))
        (drop (i32.load (local.get $p))))
      (i32.load (local.get $p)))
    ;; One check, before the loop: $p stays, $i is below 8, and a byte is below 256.
    (func (export "in-a-loop") (param $p i32) (result i32) (local $i i32)
      (i32.store offset=4 (local.get $p) (i32.const 0))
      (loop $again
        (i32.store offset=4 (local.get $p)
          (i32.add (i32.load offset=4 (local.get $p))
            (i32.load8_u offset=1024 (i32.load8_u offset=1024 (local.get $i)))))
        (br_if $again (i32.ne (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 8))))
      (i32.load offset=4 (local.get $p)))
    ;; A check in each turn: $p changes.
    (func (export "while-it-changes") (param $p i32) (result i32) (local $sum i32)
      (loop $again
        (local.set $sum (i32.add (local.get $sum) (i32.load (local.get $p))))
        (local.set $p (i32.add (local.get $p) (i32.const 4)))
        (br_if $again (i32.load8_u (local.get $p))))
      (local.get $sum)))
  (core instance $o (instantiate $other))
  (core instance $g (instantiate $guest))
  (func (export "touch") (canon lift (core func $o "touch")))
  (func (export "after-a-branch") (param "p" u32) (result u32) (canon lift (core func $g "after-a-branch")))
  (func (export "on-one-way") (param "p" u32) (param "do" u32) (result u32) (canon lift (core func $g "on-one-way")))
  (func (export "in-a-loop") (param "p" u32) (result u32) (canon lift (core func $g "in-a-loop")))
  (func (export "while-it-changes") (param "p" u32) (result u32) (canon lift (core func $g "while-it-changes"))))
