(module
  (type (;0;) (func (param i32)))
  (type $unary (;1;) (func (param i32) (result i32)))
  (type (;2;) (func))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (;0;) (type 0) (param i32)))
  (table $t (;0;) 4 8 funcref)
  (memory (;0;) 1)
  (export "_start" (func 3))
  (export "memory" (memory 0))
  (elem (;0;) (i32.const 1) func $inc $dec)
  (elem $late (;1;) func $dec $inc)
  (func $inc (;1;) (type $unary) (param i32) (result i32)
    local.get 0
    i32.const 1
    i32.add
  )
  (func $dec (;2;) (type $unary) (param i32) (result i32)
    local.get 0
    i32.const 1
    i32.sub
  )
  (func (;3;) (type 2)
    i32.const 0
    i32.const 0
    i32.const 1
    table.init $late
    elem.drop $late
    i32.const 41
    i32.const 1
    call_indirect (type $unary)
    call $proc_exit
  )
  (@producers
    (processed-by "p1bridge" "0.1.0")
  )
)
