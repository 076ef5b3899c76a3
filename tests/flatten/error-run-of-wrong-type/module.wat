(module
  (type (;0;) (func (param i32)))
  (type (;1;) (func))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (;0;) (type 0) (param i32)))
  (export "_start" (func $_start))
  (func (;1;) (type 1))
  (func $_start (;2;) (type 1)
    call 1
  )
  (@producers
    (processed-by "p1bridge" "0.1.0")
  )
)
