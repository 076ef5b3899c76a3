(module
  (type (;0;) (func (param i32)))
  (type (;1;) (func (param i32) (result i32)))
  (type (;2;) (func))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (;0;) (type 0) (param i32)))
  (table (;0;) 4 8 funcref)
  (memory (;0;) 1)
  (export "_start" (func 3))
  (export "memory" (memory 0))
  (elem (;0;) (i32.const 1) func $inc $dec)
  (elem (;1;) func $dec $inc)
  (func $inc (;1;) (type 1) (param i32) (result i32)
    local.get 0
    i32.const 1
    i32.add
  )
  (func $dec (;2;) (type 1) (param i32) (result i32)
    local.get 0
    i32.const 1
    i32.sub
  )
  (func (;3;) (type 2)
    i32.const 0
    i32.const 0
    i32.const 1
    table.init 1
    elem.drop 1
    i32.const 41
    i32.const 1
    call_indirect (type 1)
    call $proc_exit
  )
  (@producers
    (processed-by "p1bridge" "0.1.0")
  )
)
