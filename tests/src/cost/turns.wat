;; A task that gives up its turn `n` times: nothing else is to be done meanwhile.
(component
  (canon task.return (result u32) (core func $return))
  (core module $M
    (import "" "return" (func $return (param i32)))
    (global $left (mut i32) (i32.const 0))
    (func (export "turns") (param i32) (result i32)
      (global.set $left (local.get 0))
      (i32.const 1))
    (func (export "turn") (param i32 i32 i32) (result i32)
      (if (i32.eqz (global.get $left)) (then
        (call $return (i32.const 7))
        (return (i32.const 0))))
      (global.set $left (i32.sub (global.get $left) (i32.const 1)))
      (i32.const 1)))
  (core instance $m (instantiate $M (with "" (instance (export "return" (func $return))))))
  (func (export "turns") async (param "n" u32) (result u32)
    (canon lift (core func $m "turns") async (callback (core func $m "turn"))))
)
