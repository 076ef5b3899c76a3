(component
  (core module $main (;0;)
    (type (;0;) (func (param i32 i32)))
    (type (;1;) (func))
    (import "env" "print" (func $print (;0;) (type 0) (param i32 i32)))
    (memory (;0;) 1)
    (export "memory" (memory 0))
    (export "hello" (func 1))
    (func (;1;) (type 1)
      i32.const 8
      i32.const 2
      call $print
    )
    (data (;0;) (i32.const 8) "hi")
    (@producers
      (processed-by "wit-component" "0.263.0")
    )
  )
  (core module $wit-component:adapter:env (;1;)
    (type (;0;) (func (param i32 i32)))
    (import "env" "memory" (memory (;0;) 0))
    (export "print" (func 0))
    (func (;0;) (type 0) (param i32 i32)
      i32.const 0
      local.get 1
      i32.store
    )
  )
  (core module $wit-component-shim-module (;2;)
    (type (;0;) (func (param i32 i32)))
    (table (;0;) 1 1 funcref)
    (export "0" (func 0))
    (export "$imports" (table 0))
    (func (;0;) (type 0) (param i32 i32)
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
  (alias core export $wit-component-shim-instance "0" (core func $adapt-env-print (;0;)))
  (core instance $env (;1;)
    (export "print" (func $adapt-env-print))
  )
  (core instance $main (;2;) (instantiate $main
      (with "env" (instance $env))
    )
  )
  (alias core export $main "memory" (core memory $memory (;0;)))
  (core instance $"#core-instance3 env" (@name "env") (;3;)
    (export "memory" (memory $memory))
  )
  (core instance $"#core-instance4 env" (@name "env") (;4;) (instantiate $wit-component:adapter:env
      (with "env" (instance $"#core-instance3 env"))
    )
  )
  (core module $wit-component-fixup (;3;)
    (type (;0;) (func (param i32 i32)))
    (import "actual" "0" (func (;0;) (type 0) (param i32 i32)))
    (import "shim" "$imports" (table (;0;) 1 1 funcref))
    (elem (;0;) (i32.const 0) func 0)
    (@producers
      (processed-by "wit-component" "0.263.0")
    )
  )
  (alias core export $"#core-instance4 env" "print" (core func $print (;1;)))
  (core instance $actual (;5;)
    (export "0" (func $print))
  )
  (core instance $fixup (;6;) (instantiate $wit-component-fixup
      (with "actual" (instance $actual))
      (with "shim" (instance $wit-component-shim-instance))
    )
  )
  (type (;0;) (func))
  (alias core export $main "hello" (core func $hello (;2;)))
  (func $hello (;0;) (type 0) (canon lift (core func $hello)))
  (export $"#func1 hello" (@name "hello") (;1;) "hello" (func $hello))
  (@producers
    (processed-by "wit-component" "0.263.0")
  )
)
