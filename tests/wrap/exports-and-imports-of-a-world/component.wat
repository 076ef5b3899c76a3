(component
  (type $ty-test:lamp/lamp@1.2.0 (;0;)
    (instance
      (type (;0;) (func (param "text" string) (result u32)))
      (export (;0;) "show" (func (type 0)))
    )
  )
  (import "test:lamp/lamp@1.2.0" (instance $test:lamp/lamp@1.2.0 (;0;) (type $ty-test:lamp/lamp@1.2.0)))
  (core module $main (;0;)
    (type (;0;) (func (param i32 i32) (result i32)))
    (type (;1;) (func (param i32 i32 i32 i32) (result i32)))
    (type (;2;) (func (param i32)))
    (import "test:lamp/lamp@1.2.0" "show" (func $show (;0;) (type 0) (param i32 i32) (result i32)))
    (memory (;0;) 1)
    (global $next (;0;) (mut i32) i32.const 1024)
    (export "memory" (memory 0))
    (export "cabi_realloc" (func 1))
    (export "test:lamp/names@1.2.0#twice" (func 2))
    (export "cabi_post_test:lamp/names@1.2.0#twice" (func 3))
    (func (;1;) (type 1) (param i32 i32 i32 i32) (result i32)
      global.get $next
      global.get $next
      local.get 3
      i32.add
      global.set $next
    )
    (func (;2;) (type 0) (param $p i32) (param $n i32) (result i32)
      i32.const 0
      local.get $p
      i32.store
      i32.const 4
      local.get $p
      local.get $n
      call $show
      i32.store
      i32.const 0
    )
    (func (;3;) (type 2) (param i32))
    (@producers
      (processed-by "wit-component" "0.263.0")
    )
  )
  (core module $wit-component-shim-module (;1;)
    (type (;0;) (func (param i32 i32) (result i32)))
    (table (;0;) 1 1 funcref)
    (export "0" (func 0))
    (export "$imports" (table 0))
    (func (;0;) (type 0) (param i32 i32) (result i32)
      local.get 0
      local.get 1
      i32.const 0
      call_indirect (type 0)
    )
    (@producers
      (processed-by "wit-component" "0.263.0")
    )
  )
  (core instance $wit-component-shim-instance (;0;) (instantiate $wit-component-shim-module))
  (alias core export $wit-component-shim-instance "0" (core func $indirect-test:lamp/lamp@1.2.0-show (;0;)))
  (core instance $test:lamp/lamp@1.2.0 (;1;)
    (export "show" (func $indirect-test:lamp/lamp@1.2.0-show))
  )
  (core instance $main (;2;) (instantiate $main
      (with "test:lamp/lamp@1.2.0" (instance $test:lamp/lamp@1.2.0))
    )
  )
  (alias core export $main "memory" (core memory $memory (;0;)))
  (core module $wit-component-fixup (;2;)
    (type (;0;) (func (param i32 i32) (result i32)))
    (import "actual" "0" (func (;0;) (type 0) (param i32 i32) (result i32)))
    (import "shim" "$imports" (table (;0;) 1 1 funcref))
    (elem (;0;) (i32.const 0) func 0)
    (@producers
      (processed-by "wit-component" "0.263.0")
    )
  )
  (alias export $test:lamp/lamp@1.2.0 "show" (func $show (;0;)))
  (core func $"#core-func1 indirect-test:lamp/lamp@1.2.0-show" (@name "indirect-test:lamp/lamp@1.2.0-show") (;1;) (canon lower (func $show) (memory $memory) string-encoding=utf8))
  (core instance $actual (;3;)
    (export "0" (func $"#core-func1 indirect-test:lamp/lamp@1.2.0-show"))
  )
  (core instance $fixup (;4;) (instantiate $wit-component-fixup
      (with "actual" (instance $actual))
      (with "shim" (instance $wit-component-shim-instance))
    )
  )
  (type (;1;) (func (param "text" string) (result string)))
  (alias core export $main "test:lamp/names@1.2.0#twice" (core func $test:lamp/names@1.2.0#twice (;2;)))
  (alias core export $main "cabi_realloc" (core func $cabi_realloc (;3;)))
  (alias core export $main "cabi_post_test:lamp/names@1.2.0#twice" (core func $cabi_post_test:lamp/names@1.2.0#twice (;4;)))
  (func $twice (;1;) (type 1) (canon lift (core func $test:lamp/names@1.2.0#twice) (memory $memory) (realloc $cabi_realloc) string-encoding=utf8 (post-return $cabi_post_test:lamp/names@1.2.0#twice)))
  (component $test:lamp/names@1.2.0-shim-component (;0;)
    (type (;0;) (func (param "text" string) (result string)))
    (import "import-func-twice" (func (;0;) (type 0)))
    (type (;1;) (func (param "text" string) (result string)))
    (export (;1;) "twice" (func 0) (func (type 1)))
  )
  (instance $test:lamp/names@1.2.0-shim-instance (;1;) (instantiate $test:lamp/names@1.2.0-shim-component
      (with "import-func-twice" (func $twice))
    )
  )
  (export $test:lamp/names@1.2.0 (;2;) "test:lamp/names@1.2.0" (instance $test:lamp/names@1.2.0-shim-instance))
  (@producers
    (processed-by "wit-component" "0.263.0")
  )
)
