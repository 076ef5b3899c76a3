(component
  (core module $main (;0;)
    (type (;0;) (func (param i32 i32) (result i32)))
    (memory (;0;) 1)
    (export "memory" (memory 0))
    (export "add" (func 0))
    (func (;0;) (type 0) (param i32 i32) (result i32)
      local.get 0
      local.get 1
      i32.add
    )
    (@producers
      (processed-by "wit-component" "0.263.0")
    )
  )
  (core instance $main (;0;) (instantiate $main))
  (alias core export $main "memory" (core memory $memory (;0;)))
  (type (;0;) (func (param "a" s32) (param "b" s32) (result s32)))
  (alias core export $main "add" (core func $add (;0;)))
  (func $add (;0;) (type 0) (canon lift (core func $add)))
  (export $"#func1 add" (@name "add") (;1;) "add" (func $add))
  (@producers
    (processed-by "wit-component" "0.263.0")
  )
)
