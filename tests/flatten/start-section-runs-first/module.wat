(module
  (type (;0;) (func (param i32)))
  (type (;1;) (func))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (;0;) (type 0) (param i32)))
  (memory (;0;) 1)
  (global $code (;0;) (mut i32) i32.const 1)
  (export "_start" (func 2))
  (export "memory" (memory 0))
  (start $prepare)
  (func $prepare (;1;) (type 1)
    i32.const 7
    global.set $code
  )
  (func (;2;) (type 1)
    global.get $code
    call $proc_exit
  )
  (@producers
    (processed-by "p1bridge" "0.1.0")
  )
)
