(module $code
  (type (;0;) (func (param i32)))
  (type (;1;) (func))
  (global $p1bridge:initialized (;0;) (mut i32) i32.const 0)
  (export "take" (func 0))
  (export "_initialize" (func $p1bridge:initialize))
  (func (;0;) (type 0) (param i32))
  (func $p1bridge:initialize (;1;) (type 1))
  (@producers
    (processed-by "p1bridge" "0.1.0")
  )
)
