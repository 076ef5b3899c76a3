;; The second guest's memory lies above the first: what it initialises is moved and checked, too.
(component
  (core module $a
    (memory 1)
    (func (export "read") (param i32) (result i32) (i32.load8_u (local.get 0))))
  (core module $b
    (memory 1)
    (data $passive "0123456789")
    (func (export "write") (param i32 i32 i32) (result i32)
      (memory.init $passive (local.get 0) (local.get 1) (local.get 2))
      (i32.load8_u (local.get 0))))
  (core instance $a (instantiate $a))
  (core instance $b (instantiate $b))
  (func (export "read") (param "at" u32) (result u32) (canon lift (core func $a "read")))
  (func (export "write") (param "at" u32) (param "from" u32) (param "count" u32) (result u32)
    (canon lift (core func $b "write"))))
