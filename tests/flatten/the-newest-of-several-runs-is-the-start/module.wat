(module $m
  (type (;0;) (func (param i32)))
  (type (;1;) (func (result i32)))
  (type (;2;) (func))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (;0;) (type 0) (param i32)))
  (memory (;0;) 0 0)
  (export "_start" (func $_start))
  (export "memory" (memory 0))
  (func (;1;) (type 1) (result i32)
    i32.const 0
  )
  (func $_start (;2;) (type 2)
    (local i32)
    call 1
    local.tee 0
    i32.const 1
    i32.gt_u
    if ;; label = @1
      unreachable
    end
    local.get 0
    if ;; label = @1
      i32.const 1
      call $proc_exit
    end
  )
  (@producers
    (processed-by "p1bridge" "0.1.0")
  )
)
