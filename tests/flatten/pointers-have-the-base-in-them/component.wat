;; A guest that is trusted and lies above one that grows: $p and $end have the base of its region in them, in the whole
;; loop. Where a call could move the region, it is added at each access.
(component
  (core module $other (memory 1)
    (func (export "touch") (drop (memory.grow (i32.const 1))) (i32.store8 (i32.const 0) (i32.const 1))))
  (core instance $o (instantiate $other))
  (func $touch' (canon lift (core func $o "touch")))
  (core func $touch (canon lower (func $touch')))
  (core module $guest
    (import "" "touch" (func $touch))
    (memory 1)
    (func (export "sum") (param $p i32) (param $count i32) (result i32) (local $sum i32) (local $end i32)
      (local.set $end (i32.add (local.get $p) (i32.shl (local.get $count) (i32.const 2))))
      (loop $again
        (local.set $sum (i32.add (local.get $sum)
          (i32.add (i32.load offset=4 (local.get $p)) (i32.load (i32.add (local.get $p) (i32.const 8))))))
        (i32.store (local.get $p) (local.get $sum))
        (br_if $again (i32.ne (local.tee $p (i32.add (local.get $p) (i32.const 4))) (local.get $end))))
      (local.get $sum))
    (func (export "with-calls") (param $p i32) (param $count i32) (result i32)
      (loop $again
        (call $touch)
        (i32.store (local.get $p) (local.get $count))
        (local.set $p (i32.add (local.get $p) (i32.const 4)))
        (br_if $again (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))
      (local.get $p)))
  (core instance $g (instantiate $guest (with "" (instance (export "touch" (func $touch))))))
  (func (export "sum") (param "p" u32) (param "count" u32) (result u32) (canon lift (core func $g "sum")))
  (func (export "with-calls") (param "p" u32) (param "count" u32) (result u32) (canon lift (core func $g "with-calls"))))
