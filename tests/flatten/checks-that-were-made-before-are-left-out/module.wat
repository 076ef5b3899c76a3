;; package root:root;
;; world root {
;;   export touch: func();
;;   export after-a-branch: func(p: u32) -> u32;
;;   export on-one-way: func(p: u32, do: u32) -> u32;
;;   export in-a-loop: func(p: u32) -> u32;
;;   export while-it-changes: func(p: u32) -> u32;
;; }
(module
  (type (;0;) (func))
  (type (;1;) (func (param i32) (result i32)))
  (type (;2;) (func (param i32 i32) (result i32)))
  (memory (;0;) 2 2)
  (global $p1bridge:initialized (;0;) (mut i32) i32.const 0)
  (export "touch" (func 0))
  (export "after-a-branch" (func 1))
  (export "on-one-way" (func 2))
  (export "in-a-loop" (func 3))
  (export "while-it-changes" (func 4))
  (export "_initialize" (func $p1bridge:initialize))
  (export "memory" (memory 0))
  (func (;0;) (type 0)
    i32.const 0
    i32.const 1
    i32.store8
  )
  (func (;1;) (type 1) (param $p i32) (result i32)
    local.get $p
    i32.const 65528
    i32.gt_u
    if ;; label = @1
      unreachable
    end
    local.get $p
    i32.load offset=65540
    if (result i32) ;; label = @1
      local.get $p
      i32.load8_u offset=65543
    else
      local.get $p
      i32.load8_u offset=65542
    end
    local.get $p
    i32.load offset=65536
    i32.add
  )
  (func (;2;) (type 2) (param $p i32) (param $do i32) (result i32)
    block $out
      local.get $do
      br_if $out
      local.get $p
      i32.const 65532
      i32.gt_u
      if ;; label = @2
        unreachable
      end
      local.get $p
      i32.load offset=65536
      drop
    end
    local.get $p
    i32.const 65532
    i32.gt_u
    if ;; label = @1
      unreachable
    end
    local.get $p
    i32.load offset=65536
  )
  (func (;3;) (type 1) (param $p i32) (result i32)
    (local $i i32)
    local.get $p
    i32.const 65528
    i32.gt_u
    if ;; label = @1
      unreachable
    end
    local.get $p
    i32.const 0
    i32.store offset=65540
    loop $again
      local.get $p
      local.get $p
      i32.load offset=65540
      local.get $i
      i32.load8_u offset=66560
      i32.load8_u offset=66560
      i32.add
      i32.store offset=65540
      local.get $i
      i32.const 1
      i32.add
      local.tee $i
      i32.const 8
      i32.ne
      br_if $again
    end
    local.get $p
    i32.load offset=65540
  )
  (func (;4;) (type 1) (param $p i32) (result i32)
    (local $sum i32) (local i32)
    loop $again
      local.get $sum
      local.get $p
      local.tee 2
      i32.const 65531
      i32.gt_u
      if ;; label = @2
        unreachable
      end
      local.get 2
      i32.load offset=65536
      i32.add
      local.set $sum
      local.get $p
      i32.const 4
      i32.add
      local.set $p
      local.get 2
      i32.load8_u offset=65540
      br_if $again
    end
    local.get $sum
  )
  (func $p1bridge:initialize (;5;) (type 0))
  (data (;0;) (i32.const 66560) "a table")
  (@producers
    (processed-by "p1bridge" "0.1.0")
  )
)
