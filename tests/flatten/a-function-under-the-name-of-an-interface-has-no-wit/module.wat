(module
  (type (;0;) (func))
  (global (;0;) (mut i32) i32.const 0)
  (export "_initialize" (func 0))
  (func (;0;) (type 0))
  (@producers
    (processed-by "p1bridge" "0.1.0")
  )
)
