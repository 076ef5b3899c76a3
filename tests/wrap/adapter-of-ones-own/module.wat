(module
  (import "env" "print" (func $print (param i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 8) "hi")
  (func (export "hello") (call $print (i32.const 8) (i32.const 2))))
