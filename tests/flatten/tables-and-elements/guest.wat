;; A table of its own with several segments, one of them passive and dropped, one declared.
(module
  (type $unary (func (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (table $t 4 8 funcref)
  (elem (i32.const 1) $inc $dec)
  (elem $late func $dec $inc)
  (elem declare func $inc)
  (func $inc (type $unary) (i32.add (local.get 0) (i32.const 1)))
  (func $dec (type $unary) (i32.sub (local.get 0) (i32.const 1)))
  (func (export "_start")
    (table.init $t $late (i32.const 0) (i32.const 0) (i32.const 1))
    (elem.drop $late)
    (call $proc_exit
      (call_indirect (type $unary) (i32.const 41) (i32.const 1)))))
