(component
  (type (;0;)
    (instance
      (export (;0;) "error" (type (sub resource)))
    )
  )
  (import "wasi:io/error@0.2.0" (instance (;0;) (type 0)))
  (alias export 0 "error" (type (;1;)))
  (type (;2;)
    (instance
      (export (;0;) "output-stream" (type (sub resource)))
      (alias outer 1 1 (type (;1;)))
      (export (;2;) "error" (type (eq 1)))
      (type (;3;) (own 2))
      (type (;4;) (variant (case "last-operation-failed" 3) (case "closed")))
      (export (;5;) "stream-error" (type (eq 4)))
      (type (;6;) (borrow 0))
      (type (;7;) (list u8))
      (type (;8;) (result (error 5)))
      (type (;9;) (func (param "self" 6) (param "contents" 7) (result 8)))
      (export (;0;) "[method]output-stream.blocking-write-and-flush" (func (type 9)))
    )
  )
  (import "wasi:io/streams@0.2.0" (instance (;1;) (type 2)))
  (alias export 1 "output-stream" (type (;3;)))
  (type (;4;)
    (instance
      (alias outer 1 3 (type (;0;)))
      (export (;1;) "output-stream" (type (eq 0)))
      (type (;2;) (own 1))
      (type (;3;) (func (result 2)))
      (export (;0;) "get-stderr" (func (type 3)))
    )
  )
  (import "wasi:cli/stderr@0.2.0" (instance (;2;) (type 4)))
  (alias export 1 "output-stream" (type (;5;)))
  (type (;6;)
    (instance
      (alias outer 1 5 (type (;0;)))
      (export (;1;) "output-stream" (type (eq 0)))
      (type (;2;) (own 1))
      (type (;3;) (func (result 2)))
      (export (;0;) "get-stdout" (func (type 3)))
    )
  )
  (import "wasi:cli/stdout@0.2.0" (instance (;3;) (type 6)))
  (alias export 3 "get-stdout" (func (;0;)))
  (alias export 2 "get-stderr" (func (;1;)))
  (alias export 1 "[method]output-stream.blocking-write-and-flush" (func (;2;)))
  (core module (;0;)
    (type (;0;) (func (param i32 i32 i32 i32) (result i32)))
    (type (;1;) (func (param i32)))
    (memory (;0;) 1 1)
    (export "0" (memory 0))
  )
  (core instance (;0;) (instantiate 0))
  (alias core export 0 "0" (core memory (;0;)))
  (core func (;0;) (canon lower (func 0)))
  (core func (;1;) (canon lower (func 1)))
  (core func (;2;) (canon lower (func 2) (memory 0)))
  (core module (;1;)
    (type (;0;) (func (result i32)))
    (type (;1;) (func (param i32 i32 i32 i32)))
    (type (;2;) (func))
    (type (;3;) (func (param i32) (result i32)))
    (type (;4;) (func (param i32 i32 i32 i32) (result i32)))
    (type (;5;) (func (result i32)))
    (import "" "0" (memory (;0;) 1 1))
    (import "" "A" (func $get-stdout (;0;) (type 0) (result i32)))
    (import "" "B" (func $get-stderr (;1;) (type 0) (result i32)))
    (import "" "C" (func $"[method]output-stream.blocking-write-and-flush" (;2;) (type 1) (param i32 i32 i32 i32)))
    (global $p1bridge:word (;0;) (mut i32) i32.const 0)
    (global $"#global1 p1bridge:word" (@name "p1bridge:word") (;1;) (mut i32) i32.const 0)
    (export "run" (func 8))
    (func (;3;) (type 2)
      i32.const 1
      i32.const 0
      i32.const 0
      i32.const 0
      call $wasi_snapshot_preview1#fd_write
      drop
    )
    (func $p1_on_p2::stdio::output (;4;) (type 3) (param i32) (result i32)
      block ;; label = @1
        local.get 0
        i32.const 2
        i32.ne
        br_if 0 (;@1;)
        block ;; label = @2
          global.get $p1bridge:word
          br_if 0 (;@2;)
          call $get-stdout
          global.set $p1bridge:word
        end
        global.get $p1bridge:word
        return
      end
      block ;; label = @1
        global.get $"#global1 p1bridge:word"
        br_if 0 (;@1;)
        call $get-stderr
        global.set $"#global1 p1bridge:word"
      end
      global.get $"#global1 p1bridge:word"
    )
    (func $p1_on_p2::stdio::broken (;5;) (type 3) (param i32) (result i32)
      i32.const -29
      return
    )
    (func $wasi_snapshot_preview1#fd_write (;6;) (type 4) (param i32 i32 i32 i32) (result i32)
      (local i32)
      i32.const 8
      local.set 4
      block ;; label = @1
        local.get 0
        i32.const -3
        i32.add
        i32.const -2
        i32.lt_u
        br_if 0 (;@1;)
        local.get 0
        i32.const 1
        i32.add
        local.get 1
        local.get 2
        local.get 3
        call $weak:write-standard
        local.set 4
      end
      local.get 4
      return
    )
    (func $weak:write-standard (;7;) (type 4) (param i32 i32 i32 i32) (result i32)
      (local i32 i32 i32 i32 i32 i32 i64 i64)
      i32.const 0
      local.set 4
      block ;; label = @1
        local.get 2
        i32.const 3
        i32.shl
        local.tee 2
        i32.eqz
        br_if 0 (;@1;)
        local.get 2
        local.get 1
        i32.add
        local.set 5
        i32.const 16
        local.get 0
        i32.shl
        local.set 6
        i32.const 0
        local.set 4
        loop ;; label = @2
          local.get 1
          local.tee 2
          i32.const 8
          i32.add
          local.set 1
          local.get 2
          i32.load offset=4 align=1
          local.set 7
          local.get 2
          i32.load align=1
          local.set 8
          block ;; label = @3
            loop ;; label = @4
              local.get 7
              i32.eqz
              br_if 1 (;@3;)
              block ;; label = @5
                local.get 7
                i32.const 4096
                local.get 7
                i32.const 4096
                i32.lt_u
                select
                local.set 9
                block ;; label = @6
                  local.get 0
                  call $p1_on_p2::stdio::output
                  local.set 2
                  i32.const 0
                  i64.load
                  local.set 10
                  i32.const 0
                  i64.load offset=8
                  local.set 11
                  local.get 2
                  local.get 8
                  local.get 9
                  i32.const 0
                  call $"[method]output-stream.blocking-write-and-flush"
                  local.get 9
                  local.set 2
                  block ;; label = @7
                    i32.const 0
                    i32.load8_u
                    i32.eqz
                    br_if 0 (;@7;)
                    i32.const -64
                    local.set 2
                    i32.const 0
                    i32.load8_u offset=4
                    br_if 0 (;@7;)
                    i32.const 0
                    i32.load offset=8
                    call $p1_on_p2::stdio::broken
                    local.set 2
                  end
                  i32.const 0
                  local.get 10
                  i64.store
                  i32.const 0
                  local.get 11
                  i64.store offset=8
                  br 0 (;@6;)
                end
                local.get 2
                i32.const 0
                i32.lt_s
                br_if 0 (;@5;)
                local.get 7
                local.get 2
                i32.sub
                local.set 7
                local.get 2
                local.get 8
                i32.add
                local.set 8
                local.get 2
                local.get 4
                i32.add
                local.set 4
                local.get 2
                local.get 9
                i32.eq
                br_if 1 (;@4;)
                br 4 (;@1;)
              end
            end
            local.get 4
            br_if 2 (;@1;)
            i32.const 0
            local.get 2
            i32.sub
            return
          end
          local.get 1
          local.get 5
          i32.ne
          br_if 0 (;@2;)
        end
      end
      local.get 3
      local.get 4
      i32.store align=1
      i32.const 0
    )
    (func (;8;) (type 5) (result i32)
      call 3
      i32.const 0
    )
    (@producers
      (processed-by "p1bridge" "0.1.0")
    )
  )
  (core instance (;1;)
    (export "0" (memory 0))
    (export "A" (func 0))
    (export "B" (func 1))
    (export "C" (func 2))
  )
  (core instance (;2;) (instantiate 1
      (with "" (instance 1))
    )
  )
  (alias core export 2 "run" (core func (;3;)))
  (type (;7;) (result))
  (type (;8;) (func (result 7)))
  (func (;3;) (type 8) (canon lift (core func 3)))
  (instance (;4;)
    (export "run" (func 3))
  )
  (export (;5;) "wasi:cli/run@0.2.0" (instance 4))
  (@custom "p1bridge.wrap" "\01\015\f1\d0\fe\b5\83M\cc\04\01\00\01\1a\06")
)
