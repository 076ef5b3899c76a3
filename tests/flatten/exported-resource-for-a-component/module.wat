;; package root:root;
;; world root {
;;   export test:lamps/lamps;
;; }
(module
  (type (;0;) (func (param i32) (result i32)))
  (type (;1;) (func (param i32)))
  (type (;2;) (func (result i32)))
  (type (;3;) (func))
  (import "[export]test:lamps/lamps" "[resource-new]lamp" (func $"[resource-new]lamp" (;0;) (type 0) (param i32) (result i32)))
  (import "[export]test:lamps/lamps" "[resource-rep]lamp" (func $"[resource-rep]lamp" (;1;) (type 0) (param i32) (result i32)))
  (import "[export]test:lamps/lamps" "[resource-drop]lamp" (func $"[resource-drop]lamp" (;2;) (type 1) (param i32)))
  (global $gone (;0;) (mut i32) i32.const 0)
  (global $p1bridge:initialized (;1;) (mut i32) i32.const 0)
  (export "test:lamps/lamps#[constructor]lamp" (func 3))
  (export "test:lamps/lamps#[method]lamp.level" (func 4))
  (export "test:lamps/lamps#[static]lamp.brighter" (func 5))
  (export "test:lamps/lamps#gone" (func 7))
  (export "test:lamps/lamps#[dtor]lamp" (func 6))
  (export "_initialize" (func $p1bridge:initialize))
  (func (;3;) (type 0) (param $level i32) (result i32)
    local.get $level
    i32.const 100
    i32.add
    call $"[resource-new]lamp"
  )
  (func (;4;) (type 0) (param $rep i32) (result i32)
    local.get $rep
    i32.const 100
    i32.sub
  )
  (func (;5;) (type 0) (param $lamp i32) (result i32)
    (local $level i32)
    local.get $lamp
    call $"[resource-rep]lamp"
    local.set $level
    local.get $lamp
    call $"[resource-drop]lamp"
    local.get $level
    i32.const 1
    i32.add
    call $"[resource-new]lamp"
  )
  (func (;6;) (type 1) (param $rep i32)
    global.get $gone
    i32.const 1
    i32.add
    global.set $gone
  )
  (func (;7;) (type 2) (result i32)
    global.get $gone
  )
  (func $p1bridge:initialize (;8;) (type 3))
  (@producers
    (processed-by "wit-component" "0.263.0")
    (processed-by "p1bridge" "0.1.0")
  )
)
