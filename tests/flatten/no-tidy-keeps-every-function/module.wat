(module
  (type (;0;) (func (param i32 i32 i32 i32) (result i32)))
  (type (;1;) (func (param i32)))
  (type (;2;) (func (param f32) (result f32)))
  (type (;3;) (func))
  (type (;4;) (func (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (;0;) (type 0) (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (;1;) (type 1) (param i32)))
  (memory (;0;) 1)
  (global $unused (;0;) (mut i64) i64.const 7)
  (export "_start" (func 3))
  (export "memory" (memory 0))
  (func $first (;2;) (type 2) (param f32) (result f32)
    local.get 0
  )
  (func (;3;) (type 3)
    call $second
    call $proc_exit
  )
  (func $second (;4;) (type 4) (result i32)
    i32.const 3
  )
  (func $third (;5;) (type 3)
    f32.const 0x1p+0 (;=1;)
    call $first
    drop
  )
  (@producers
    (processed-by "p1bridge" "0.1.0")
  )
)
