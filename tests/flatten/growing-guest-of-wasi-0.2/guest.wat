;; The guest sees its own pages only; the block of the library lies above and moves up.
(module
  (import "wasi:random/insecure-seed@0.2.1" "insecure-seed" (func $seed (param i32)))
  (import "wasi:cli/stdout@0.2.1" "get-stdout" (func $stdout (result i32)))
  (memory (export "memory") 1 5)
  (func (export "run") (result i32)
    (call $seed (i32.const 0))
    (drop (call $stdout))
    (drop (memory.grow (i32.const 1)))
    (memory.size)))
