(module
  (type (;0;) (func (param i32 i32 i32 i32) (result i32)))
  (type (;1;) (func (param i32)))
  (type (;2;) (func))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (;0;) (type 0) (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (;1;) (type 1) (param i32)))
  (memory (;0;) 1)
  (export "_start" (func 2))
  (export "memory" (memory 0))
  (func (;2;) (type 2)
    i32.const 1
    i32.const 0
    i32.const 1
    i32.const 8
    call $fd_write
    drop
    i32.const 42
    call $proc_exit
  )
  (data (;0;) (i32.const 0) "\10\00\00\00\06")
  (data (;1;) (i32.const 16) "hello\0a")
  (@producers
    (processed-by "p1bridge" "0.1.0")
  )
)
