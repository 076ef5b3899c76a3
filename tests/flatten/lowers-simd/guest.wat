(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (global $step (mut v128) (v128.const i32x4 1 2 3 4))
  (func $next (param $count i32) (param $sum v128) (result v128)
    (global.set $step (i32x4.add (global.get $step) (i32x4.splat (local.get $count))))
    (i32x4.add (local.get $sum) (global.get $step)))
  (func $sums (param $count i32) (result v128) (local $sum v128)
    (block $done (result v128)
      (loop $more
        (drop (br_if $done (local.get $sum) (i32.eqz (local.get $count))))
        (local.set $sum (call $next (local.get $count) (local.get $sum)))
        (v128.store offset=16 (local.get $count) (local.get $sum))
        (local.set $count (i32.sub (local.get $count) (i32.const 1)))
        (br $more))
      (unreachable)))
  (func (export "_start") (local $sums v128)
    (local.set $sums (call $sums (i32.const 3)))
    (call $proc_exit
      (i32x4.extract_lane 3
        (i8x16.shuffle 4 5 6 7 0 1 2 3 12 13 14 15 16 17 18 19
          (local.get $sums)
          (i16x8.shr_u (v128.load (i32.const 16)) (i32.const 2)))))))
