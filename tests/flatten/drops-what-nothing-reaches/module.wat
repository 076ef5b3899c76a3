(module
  (type (;0;) (func (param i32)))
  (type (;1;) (func))
  (type (;2;) (func (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (;0;) (type 0) (param i32)))
  (memory (;0;) 1)
  (export "_start" (func 1))
  (export "memory" (memory 0))
  (func (;1;) (type 1)
    call $second
    call $proc_exit
  )
  (func $second (;2;) (type 2) (result i32)
    i32.const 3
  )
  (@producers
    (processed-by "p1bridge" "0.1.0")
  )
)
