(module
  (import "wasi_snapshot_preview1" "path_unlink_file"
    (func $unlink (param i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_initialize"))
  (func (export "run")
    (drop (call $unlink (i32.const 3) (i32.const 0) (i32.const 0)))))
