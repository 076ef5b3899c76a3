(component
  (type $ty-wasi:io/error@0.2.12 (;0;)
    (instance
      (export (;0;) "error" (type (sub resource)))
    )
  )
  (import "wasi:io/error@0.2.12" (instance $wasi:io/error@0.2.12 (;0;) (type $ty-wasi:io/error@0.2.12)))
  (alias export $wasi:io/error@0.2.12 "error" (type $error (;1;)))
  (type $ty-wasi:io/streams@0.2.12 (;2;)
    (instance
      (export (;0;) "output-stream" (type (sub resource)))
      (alias outer 1 $error (type (;1;)))
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
  (import "wasi:io/streams@0.2.12" (instance $wasi:io/streams@0.2.12 (;1;) (type $ty-wasi:io/streams@0.2.12)))
  (alias export $wasi:io/streams@0.2.12 "output-stream" (type $output-stream (;3;)))
  (type $ty-wasi:cli/stderr@0.2.12 (;4;)
    (instance
      (alias outer 1 $output-stream (type (;0;)))
      (export (;1;) "output-stream" (type (eq 0)))
      (type (;2;) (own 1))
      (type (;3;) (func (result 2)))
      (export (;0;) "get-stderr" (func (type 3)))
    )
  )
  (import "wasi:cli/stderr@0.2.12" (instance $wasi:cli/stderr@0.2.12 (;2;) (type $ty-wasi:cli/stderr@0.2.12)))
  (core module $main (;0;)
    (type (;0;) (func (param i32 i32 i32) (result i32)))
    (type (;1;) (func))
    (import "wasi_snapshot_preview1" "path_unlink_file" (func $unlink (;0;) (type 0) (param i32 i32 i32) (result i32)))
    (memory (;0;) 1)
    (export "memory" (memory 0))
    (export "_initialize" (func 1))
    (export "run" (func 2))
    (func (;1;) (type 1))
    (func (;2;) (type 1)
      i32.const 3
      i32.const 0
      i32.const 0
      call $unlink
      drop
    )
    (@producers
      (processed-by "wit-component" "0.263.0")
    )
  )
  (core module $wit-component:adapter:wasi_snapshot_preview1 (;1;)
    (type (;0;) (func (param i32)))
    (type (;1;) (func (result i32)))
    (type (;2;) (func (param i32 i32 i32 i32) (result i32)))
    (type (;3;) (func (param i32 i32 i32 i32)))
    (type (;4;) (func (param i32 i32 i32) (result i32)))
    (type (;5;) (func (param i32 i32)))
    (type (;6;) (func))
    (import "env" "memory" (memory (;0;) 0))
    (import "wasi:io/streams@0.2.12" "[resource-drop]output-stream" (func $_RNvNvXs4_NtNtNtNtCs6R3a5KVuU1Z_22wasi_snapshot_preview18bindings4wasi2io7streamsNtB7_12OutputStreamNtNtBd_3__rt12WasmResource4drop4drop (;0;) (type 0) (param i32)))
    (import "wasi:cli/stderr@0.2.12" "get-stderr" (func $_RNvNvNtNtNtNtCs6R3a5KVuU1Z_22wasi_snapshot_preview18bindings4wasi3cli6stderr10get_stderr11wit_import0 (;1;) (type 1) (result i32)))
    (import "wasi:io/streams@0.2.12" "[method]output-stream.blocking-write-and-flush" (func $_RNvNvMsc_NtNtNtNtCs6R3a5KVuU1Z_22wasi_snapshot_preview18bindings4wasi2io7streamsNtB7_12OutputStream24blocking_write_and_flush11wit_import2 (;2;) (type 3) (param i32 i32 i32 i32)))
    (import "wasi:io/error@0.2.12" "[resource-drop]error" (func $_RNvNvXs_NtNtNtNtCs6R3a5KVuU1Z_22wasi_snapshot_preview18bindings4wasi2io5errorNtB6_5ErrorNtNtBc_3__rt12WasmResource4drop4drop (;3;) (type 0) (param i32)))
    (global $__stack_pointer (;0;) (mut i32) i32.const 0)
    (global $internal_state_ptr (;1;) (mut i32) i32.const 0)
    (global $allocation_state (;2;) (mut i32) i32.const 0)
    (export "path_unlink_file" (func $fd_prestat_dir_name))
    (export "cabi_import_realloc" (func $cabi_import_realloc))
    (start $allocate_stack)
    (func $_RNvNvMs5_Cs6R3a5KVuU1Z_22wasi_snapshot_preview1NtB7_5State3new12cabi_realloc (;4;) (type 2) (param i32 i32 i32 i32) (result i32)
      (local i32)
      i32.const 0
      local.get 0
      i32.ne
      if ;; label = @1
        unreachable
      end
      i32.const 0
      local.get 1
      i32.ne
      if ;; label = @1
        unreachable
      end
      i32.const 65536
      local.get 3
      i32.ne
      if ;; label = @1
        unreachable
      end
      i32.const 1
      memory.grow
      local.tee 4
      i32.const -1
      i32.eq
      if ;; label = @1
        unreachable
      end
      local.get 4
      i32.const 16
      i32.shl
    )
    (func $_RNvMs1_Cs6R3a5KVuU1Z_22wasi_snapshot_preview1NtB5_9BumpAlloc5alloc (;5;) (type 4) (param i32 i32 i32) (result i32)
      (local i32 i32 i32)
      global.get $__stack_pointer
      i32.const 32
      i32.sub
      local.tee 3
      global.set $__stack_pointer
      block ;; label = @1
        block ;; label = @2
          block ;; label = @3
            local.get 1
            i32.popcnt
            i32.const 1
            i32.ne
            br_if 0 (;@3;)
            local.get 0
            i32.load offset=4
            local.tee 4
            local.get 1
            local.get 0
            i32.load
            local.tee 5
            i32.add
            i32.const -1
            i32.add
            i32.const 0
            local.get 1
            i32.sub
            i32.and
            local.get 5
            i32.sub
            local.tee 1
            i32.lt_u
            br_if 1 (;@2;)
            local.get 4
            local.get 1
            i32.sub
            local.tee 4
            local.get 2
            i32.ge_u
            br_if 2 (;@1;)
            i32.const 469
            call $_RNvNtCs6R3a5KVuU1Z_22wasi_snapshot_preview16macros18eprint_unreachable
            local.get 3
            i32.const 8250
            i32.store16 offset=3 align=1
            local.get 3
            i32.const 3
            i32.add
            i32.const 2
            call $_RNvNtCs6R3a5KVuU1Z_22wasi_snapshot_preview16macros5print
            local.get 3
            i32.const 10
            i32.store8 offset=31
            local.get 3
            i32.const 1701278305
            i32.store offset=27 align=1
            local.get 3
            i64.const 7791349879831294825
            i64.store offset=19 align=1
            local.get 3
            i64.const 2334406575183130223
            i64.store offset=11 align=1
            local.get 3
            i64.const 7598805550979902561
            i64.store offset=3 align=1
            local.get 3
            i32.const 3
            i32.add
            i32.const 29
            call $_RNvNtCs6R3a5KVuU1Z_22wasi_snapshot_preview16macros5print
            local.get 3
            i32.const 10
            i32.store8 offset=3
            local.get 3
            i32.const 3
            i32.add
            i32.const 1
            call $_RNvNtCs6R3a5KVuU1Z_22wasi_snapshot_preview16macros5print
            unreachable
          end
          i32.const 479
          call $_RNvNtCs6R3a5KVuU1Z_22wasi_snapshot_preview16macros18eprint_unreachable
          local.get 3
          i32.const 8250
          i32.store16 offset=3 align=1
          local.get 3
          i32.const 3
          i32.add
          i32.const 2
          call $_RNvNtCs6R3a5KVuU1Z_22wasi_snapshot_preview16macros5print
          local.get 3
          i32.const 2676
          i32.store16 offset=19 align=1
          local.get 3
          i64.const 7954884637768641633
          i64.store offset=11 align=1
          local.get 3
          i64.const 2334106421097295465
          i64.store offset=3 align=1
          local.get 3
          i32.const 3
          i32.add
          i32.const 18
          call $_RNvNtCs6R3a5KVuU1Z_22wasi_snapshot_preview16macros5print
          local.get 3
          i32.const 10
          i32.store8 offset=3
          local.get 3
          i32.const 3
          i32.add
          i32.const 1
          call $_RNvNtCs6R3a5KVuU1Z_22wasi_snapshot_preview16macros5print
          unreachable
        end
        i32.const 483
        call $_RNvNtCs6R3a5KVuU1Z_22wasi_snapshot_preview16macros18eprint_unreachable
        local.get 3
        i32.const 8250
        i32.store16 offset=3 align=1
        local.get 3
        i32.const 3
        i32.add
        i32.const 2
        call $_RNvNtCs6R3a5KVuU1Z_22wasi_snapshot_preview16macros5print
        local.get 3
        i32.const 10
        i32.store8 offset=21
        local.get 3
        i32.const 25972
        i32.store16 offset=19 align=1
        local.get 3
        i64.const 7017575155838820463
        i64.store offset=11 align=1
        local.get 3
        i64.const 8367798494427701606
        i64.store offset=3 align=1
        local.get 3
        i32.const 3
        i32.add
        i32.const 19
        call $_RNvNtCs6R3a5KVuU1Z_22wasi_snapshot_preview16macros5print
        local.get 3
        i32.const 10
        i32.store8 offset=3
        local.get 3
        i32.const 3
        i32.add
        i32.const 1
        call $_RNvNtCs6R3a5KVuU1Z_22wasi_snapshot_preview16macros5print
        unreachable
      end
      local.get 0
      local.get 4
      local.get 2
      i32.sub
      i32.store offset=4
      local.get 0
      local.get 5
      local.get 1
      i32.add
      local.tee 1
      local.get 2
      i32.add
      i32.store
      local.get 3
      i32.const 32
      i32.add
      global.set $__stack_pointer
      local.get 1
    )
    (func $_RNvNtCs6R3a5KVuU1Z_22wasi_snapshot_preview16macros18eprint_unreachable (;6;) (type 0) (param i32)
      (local i32)
      global.get $__stack_pointer
      i32.const 48
      i32.sub
      local.tee 1
      global.set $__stack_pointer
      local.get 1
      i32.const 32
      i32.store8 offset=47
      local.get 1
      i32.const 1701734764
      i32.store offset=43 align=1
      local.get 1
      i64.const 2338042707334751329
      i64.store offset=35 align=1
      local.get 1
      i64.const 2338600898263348341
      i64.store offset=27 align=1
      local.get 1
      i64.const 7162263158133189730
      i64.store offset=19 align=1
      local.get 1
      i64.const 7018969289221893749
      i64.store offset=11 align=1
      local.get 1
      i32.const 11
      i32.add
      i32.const 37
      call $_RNvNtCs6R3a5KVuU1Z_22wasi_snapshot_preview16macros5print
      local.get 0
      call $_RNvNvNtCs6R3a5KVuU1Z_22wasi_snapshot_preview16macros10eprint_u3215eprint_u32_impl
      local.get 1
      i32.const 48
      i32.add
      global.set $__stack_pointer
    )
    (func $_RNvNtCs6R3a5KVuU1Z_22wasi_snapshot_preview16macros5print (;7;) (type 5) (param i32 i32)
      (local i32)
      global.get $__stack_pointer
      i32.const 16
      i32.sub
      local.tee 2
      global.set $__stack_pointer
      local.get 2
      call $_RNvNvNtNtNtNtCs6R3a5KVuU1Z_22wasi_snapshot_preview18bindings4wasi3cli6stderr10get_stderr11wit_import0
      i32.store offset=12
      local.get 2
      i32.const 4
      i32.add
      local.get 2
      i32.const 12
      i32.add
      local.get 0
      local.get 1
      call $_RNvMsc_NtNtNtNtCs6R3a5KVuU1Z_22wasi_snapshot_preview18bindings4wasi2io7streamsNtB5_12OutputStream24blocking_write_and_flush
      block ;; label = @1
        local.get 2
        i32.load offset=4
        local.tee 1
        i32.const 2
        i32.eq
        br_if 0 (;@1;)
        local.get 1
        br_if 0 (;@1;)
        local.get 2
        i32.load offset=8
        local.tee 1
        i32.const -1
        i32.eq
        br_if 0 (;@1;)
        local.get 1
        call $_RNvNvXs_NtNtNtNtCs6R3a5KVuU1Z_22wasi_snapshot_preview18bindings4wasi2io5errorNtB6_5ErrorNtNtBc_3__rt12WasmResource4drop4drop
      end
      block ;; label = @1
        local.get 2
        i32.load offset=12
        local.tee 1
        i32.const -1
        i32.eq
        br_if 0 (;@1;)
        local.get 1
        call $_RNvNvXs4_NtNtNtNtCs6R3a5KVuU1Z_22wasi_snapshot_preview18bindings4wasi2io7streamsNtB7_12OutputStreamNtNtBd_3__rt12WasmResource4drop4drop
      end
      local.get 2
      i32.const 16
      i32.add
      global.set $__stack_pointer
    )
    (func $_RNvMs5_Cs6R3a5KVuU1Z_22wasi_snapshot_preview1NtB5_5State3new (;8;) (type 1) (result i32)
      (local i32)
      block ;; label = @1
        call $get_allocation_state
        i32.const 2
        i32.eq
        br_if 0 (;@1;)
        i32.const 2889
        call $_RNvNtCs6R3a5KVuU1Z_22wasi_snapshot_preview16macros11assert_fail
        unreachable
      end
      i32.const 3
      call $set_allocation_state
      i32.const 0
      i32.const 0
      i32.const 8
      i32.const 65536
      call $_RNvNvMs5_Cs6R3a5KVuU1Z_22wasi_snapshot_preview1NtB7_5State3new12cabi_realloc
      local.set 0
      i32.const 4
      call $set_allocation_state
      local.get 0
      i32.const 560490357
      i32.store offset=65532
      local.get 0
      i32.const 0
      i32.store8 offset=65528
      local.get 0
      i64.const 0
      i64.store offset=65520
      local.get 0
      i32.const 2
      i32.store offset=3104
      local.get 0
      i32.const 0
      i32.store offset=24
      local.get 0
      i64.const 17740359541
      i64.store
      local.get 0
    )
    (func $_RNvNtCs6R3a5KVuU1Z_22wasi_snapshot_preview16macros11assert_fail (;9;) (type 0) (param i32)
      (local i32)
      global.get $__stack_pointer
      i32.const 48
      i32.sub
      local.tee 1
      global.set $__stack_pointer
      local.get 1
      i32.const 32
      i32.store8 offset=47
      local.get 1
      i64.const 7308895158390646132
      i64.store offset=39 align=1
      local.get 1
      i64.const 8097863973307965728
      i64.store offset=31 align=1
      local.get 1
      i64.const 7234307576302018670
      i64.store offset=23 align=1
      local.get 1
      i64.const 8028075845441778529
      i64.store offset=15 align=1
      local.get 1
      i32.const 15
      i32.add
      i32.const 33
      call $_RNvNtCs6R3a5KVuU1Z_22wasi_snapshot_preview16macros5print
      local.get 0
      call $_RNvNtCs6R3a5KVuU1Z_22wasi_snapshot_preview16macros10eprint_u32
      unreachable
    )
    (func $_RNvMs5_Cs6R3a5KVuU1Z_22wasi_snapshot_preview1NtB5_5State3ptr (;10;) (type 1) (result i32)
      (local i32)
      block ;; label = @1
        call $get_state_ptr
        local.tee 0
        br_if 0 (;@1;)
        call $_RNvMs5_Cs6R3a5KVuU1Z_22wasi_snapshot_preview1NtB5_5State3new
        local.tee 0
        call $set_state_ptr
      end
      local.get 0
    )
    (func $_RNvMsc_NtNtNtNtCs6R3a5KVuU1Z_22wasi_snapshot_preview18bindings4wasi2io7streamsNtB5_12OutputStream24blocking_write_and_flush (;11;) (type 3) (param i32 i32 i32 i32)
      (local i32)
      global.get $__stack_pointer
      i32.const 16
      i32.sub
      local.tee 4
      global.set $__stack_pointer
      local.get 1
      i32.load
      local.get 2
      local.get 3
      local.get 4
      i32.const 4
      i32.add
      call $_RNvNvMsc_NtNtNtNtCs6R3a5KVuU1Z_22wasi_snapshot_preview18bindings4wasi2io7streamsNtB7_12OutputStream24blocking_write_and_flush11wit_import2
      block ;; label = @1
        block ;; label = @2
          local.get 4
          i32.load8_u offset=4
          br_if 0 (;@2;)
          i32.const 2
          local.set 1
          br 1 (;@1;)
        end
        local.get 0
        local.get 4
        i32.load offset=12
        i32.store offset=4
        local.get 4
        i32.load8_u offset=8
        i32.const 0
        i32.ne
        local.set 1
      end
      local.get 0
      local.get 1
      i32.store
      local.get 4
      i32.const 16
      i32.add
      global.set $__stack_pointer
    )
    (func $_RNvNtCs6R3a5KVuU1Z_22wasi_snapshot_preview16macros10eprint_u32 (;12;) (type 0) (param i32)
      local.get 0
      call $_RNvNvNtCs6R3a5KVuU1Z_22wasi_snapshot_preview16macros10eprint_u3215eprint_u32_impl
    )
    (func $_RNvNvNtCs6R3a5KVuU1Z_22wasi_snapshot_preview16macros10eprint_u3215eprint_u32_impl (;13;) (type 0) (param i32)
      (local i32 i32)
      global.get $__stack_pointer
      i32.const 16
      i32.sub
      local.tee 1
      global.set $__stack_pointer
      block ;; label = @1
        local.get 0
        i32.eqz
        br_if 0 (;@1;)
        local.get 0
        i32.const 65535
        i32.and
        i32.const 10
        i32.div_u
        local.tee 2
        call $_RNvNvNtCs6R3a5KVuU1Z_22wasi_snapshot_preview16macros10eprint_u3215eprint_u32_impl
        local.get 1
        local.get 0
        local.get 2
        i32.const 10
        i32.mul
        i32.sub
        i32.const 48
        i32.or
        i32.store8 offset=15
        local.get 1
        i32.const 15
        i32.add
        i32.const 1
        call $_RNvNtCs6R3a5KVuU1Z_22wasi_snapshot_preview16macros5print
      end
      local.get 1
      i32.const 16
      i32.add
      global.set $__stack_pointer
    )
    (func $cabi_import_realloc (;14;) (type 2) (param i32 i32 i32 i32) (result i32)
      (local i32 i32 i64)
      global.get $__stack_pointer
      i32.const 48
      i32.sub
      local.tee 4
      global.set $__stack_pointer
      block ;; label = @1
        block ;; label = @2
          block ;; label = @3
            block ;; label = @4
              block ;; label = @5
                block ;; label = @6
                  block ;; label = @7
                    block ;; label = @8
                      block ;; label = @9
                        call $_RNvMs5_Cs6R3a5KVuU1Z_22wasi_snapshot_preview1NtB5_5State3ptr
                        local.tee 5
                        i32.load
                        i32.const 560490357
                        i32.ne
                        br_if 0 (;@9;)
                        block ;; label = @10
                          local.get 5
                          i32.load offset=65532
                          i32.const 560490357
                          i32.ne
                          br_if 0 (;@10;)
                          local.get 5
                          i64.load offset=4 align=4
                          local.set 6
                          local.get 5
                          i32.const 4
                          i32.store offset=4
                          local.get 4
                          local.get 5
                          i32.load offset=20
                          i32.store offset=16
                          local.get 4
                          local.get 5
                          i64.load offset=12 align=4
                          i64.store offset=8
                          local.get 4
                          local.get 6
                          i64.store
                          local.get 0
                          i32.eqz
                          br_if 2 (;@8;)
                          local.get 1
                          local.get 3
                          i32.le_u
                          br_if 3 (;@7;)
                          local.get 2
                          i32.const 1
                          i32.eq
                          br_if 8 (;@2;)
                          i32.const 406
                          call $_RNvNtCs6R3a5KVuU1Z_22wasi_snapshot_preview16macros11assert_fail
                          unreachable
                        end
                        i32.const 2858
                        call $_RNvNtCs6R3a5KVuU1Z_22wasi_snapshot_preview16macros11assert_fail
                        unreachable
                      end
                      i32.const 2857
                      call $_RNvNtCs6R3a5KVuU1Z_22wasi_snapshot_preview16macros11assert_fail
                      unreachable
                    end
                    local.get 4
                    i32.load
                    br_table 1 (;@6;) 4 (;@3;) 3 (;@4;) 2 (;@5;) 6 (;@1;) 1 (;@6;)
                  end
                  i32.const 405
                  call $_RNvNtCs6R3a5KVuU1Z_22wasi_snapshot_preview16macros11assert_fail
                  unreachable
                end
                local.get 4
                i32.const 4
                i32.or
                local.get 2
                local.get 3
                call $_RNvMs1_Cs6R3a5KVuU1Z_22wasi_snapshot_preview1NtB5_9BumpAlloc5alloc
                local.set 0
                local.get 4
                i32.const 4
                i32.store
                br 3 (;@2;)
              end
              local.get 4
              i32.const 12
              i32.add
              local.set 0
              block ;; label = @5
                local.get 2
                i32.const 1
                i32.eq
                br_if 0 (;@5;)
                local.get 0
                local.get 2
                local.get 3
                call $_RNvMs1_Cs6R3a5KVuU1Z_22wasi_snapshot_preview1NtB5_9BumpAlloc5alloc
                local.set 0
                br 3 (;@2;)
              end
              local.get 4
              local.get 4
              i32.load offset=4
              local.tee 2
              i32.const 1
              i32.add
              i32.store offset=4
              block ;; label = @5
                local.get 2
                local.get 4
                i32.load offset=8
                i32.eq
                br_if 0 (;@5;)
                local.get 4
                local.get 4
                i64.load offset=12 align=4
                i64.store offset=24 align=4
                local.get 4
                i32.const 24
                i32.add
                i32.const 1
                local.get 3
                call $_RNvMs1_Cs6R3a5KVuU1Z_22wasi_snapshot_preview1NtB5_9BumpAlloc5alloc
                local.set 0
                br 3 (;@2;)
              end
              local.get 0
              i32.const 1
              local.get 3
              call $_RNvMs1_Cs6R3a5KVuU1Z_22wasi_snapshot_preview1NtB5_9BumpAlloc5alloc
              local.set 0
              br 2 (;@2;)
            end
            block ;; label = @4
              local.get 2
              i32.const 1
              i32.eq
              br_if 0 (;@4;)
              local.get 4
              i32.const 12
              i32.add
              local.get 2
              local.get 3
              call $_RNvMs1_Cs6R3a5KVuU1Z_22wasi_snapshot_preview1NtB5_9BumpAlloc5alloc
              local.set 0
              br 2 (;@2;)
            end
            local.get 4
            i32.const 4
            i32.or
            i32.const 1
            local.get 3
            i32.const 1
            i32.add
            call $_RNvMs1_Cs6R3a5KVuU1Z_22wasi_snapshot_preview1NtB5_9BumpAlloc5alloc
            local.set 0
            br 1 (;@2;)
          end
          block ;; label = @3
            local.get 2
            i32.const 1
            i32.eq
            br_if 0 (;@3;)
            local.get 4
            i32.const 8
            i32.add
            local.get 2
            local.get 3
            call $_RNvMs1_Cs6R3a5KVuU1Z_22wasi_snapshot_preview1NtB5_9BumpAlloc5alloc
            local.set 0
            br 1 (;@2;)
          end
          local.get 4
          local.get 4
          i32.load offset=4
          local.get 3
          i32.add
          i32.store offset=4
          local.get 4
          local.get 4
          i64.load offset=8
          i64.store offset=24 align=4
          local.get 4
          i32.const 24
          i32.add
          i32.const 1
          local.get 3
          call $_RNvMs1_Cs6R3a5KVuU1Z_22wasi_snapshot_preview1NtB5_9BumpAlloc5alloc
          local.set 0
        end
        local.get 5
        i32.const 4
        i32.add
        local.tee 5
        local.get 4
        i32.load offset=16
        i32.store offset=16
        local.get 5
        local.get 4
        i64.load offset=8
        i64.store offset=8 align=4
        local.get 5
        local.get 4
        i64.load
        i64.store align=4
        local.get 4
        i32.const 48
        i32.add
        global.set $__stack_pointer
        local.get 0
        return
      end
      i32.const 447
      call $_RNvNtCs6R3a5KVuU1Z_22wasi_snapshot_preview16macros18eprint_unreachable
      local.get 4
      i32.const 8250
      i32.store16 offset=24 align=1
      local.get 4
      i32.const 24
      i32.add
      i32.const 2
      call $_RNvNtCs6R3a5KVuU1Z_22wasi_snapshot_preview16macros5print
      local.get 4
      i64.const 748834980320733542
      i64.store offset=40 align=1
      local.get 4
      i64.const 7957688057596965985
      i64.store offset=32 align=1
      local.get 4
      i64.const 7165064744911531886
      i64.store offset=24 align=1
      local.get 4
      i32.const 24
      i32.add
      i32.const 24
      call $_RNvNtCs6R3a5KVuU1Z_22wasi_snapshot_preview16macros5print
      local.get 4
      i32.const 10
      i32.store8 offset=24
      local.get 4
      i32.const 24
      i32.add
      i32.const 1
      call $_RNvNtCs6R3a5KVuU1Z_22wasi_snapshot_preview16macros5print
      unreachable
    )
    (func $fd_prestat_dir_name (;15;) (type 4) (param i32 i32 i32) (result i32)
      i32.const 58
    )
    (func $get_state_ptr (;16;) (type 1) (result i32)
      global.get $internal_state_ptr
    )
    (func $set_state_ptr (;17;) (type 0) (param i32)
      local.get 0
      global.set $internal_state_ptr
    )
    (func $get_allocation_state (;18;) (type 1) (result i32)
      global.get $allocation_state
    )
    (func $set_allocation_state (;19;) (type 0) (param i32)
      local.get 0
      global.set $allocation_state
    )
    (func $allocate_stack (;20;) (type 6)
      global.get $allocation_state
      i32.const 0
      i32.eq
      if ;; label = @1
        i32.const 1
        global.set $allocation_state
        i32.const 0
        i32.const 0
        i32.const 8
        i32.const 65536
        call $_RNvNvMs5_Cs6R3a5KVuU1Z_22wasi_snapshot_preview1NtB7_5State3new12cabi_realloc
        i32.const 65536
        i32.add
        global.set $__stack_pointer
        i32.const 2
        global.set $allocation_state
      end
    )
    (@producers
      (language "Rust" "")
      (processed-by "rustc" "1.99.0 (b940084d7 2026-09-28)")
    )
  )
  (core module $wit-component-shim-module (;2;)
    (type (;0;) (func (param i32 i32 i32) (result i32)))
    (type (;1;) (func (param i32 i32 i32 i32)))
    (table (;0;) 2 2 funcref)
    (export "0" (func 0))
    (export "1" (func 1))
    (export "$imports" (table 0))
    (func (;0;) (type 0) (param i32 i32 i32) (result i32)
      local.get 0
      local.get 1
      local.get 2
      i32.const 0
      call_indirect (type 0)
    )
    (func (;1;) (type 1) (param i32 i32 i32 i32)
      local.get 0
      local.get 1
      local.get 2
      local.get 3
      i32.const 1
      call_indirect (type 1)
    )
    (@producers
      (processed-by "wit-component" "0.263.0")
    )
  )
  (core instance $wit-component-shim-instance (;0;) (instantiate $wit-component-shim-module))
  (alias core export $wit-component-shim-instance "0" (core func $adapt-wasi_snapshot_preview1-path_unlink_file (;0;)))
  (core instance $wasi_snapshot_preview1 (;1;)
    (export "path_unlink_file" (func $adapt-wasi_snapshot_preview1-path_unlink_file))
  )
  (core instance $main (;2;) (instantiate $main
      (with "wasi_snapshot_preview1" (instance $wasi_snapshot_preview1))
    )
  )
  (alias core export $main "memory" (core memory $memory (;0;)))
  (core instance $env (;3;)
    (export "memory" (memory $memory))
  )
  (alias export $wasi:io/streams@0.2.12 "output-stream" (type $"#type5 output-stream" (@name "output-stream") (;5;)))
  (core func $resource.drop (;1;) (canon resource.drop $"#type5 output-stream"))
  (alias core export $wit-component-shim-instance "1" (core func $"indirect-wasi:io/streams@0.2.12-[method]output-stream.blocking-write-and-flush" (;2;)))
  (core instance $wasi:io/streams@0.2.12 (;4;)
    (export "[resource-drop]output-stream" (func $resource.drop))
    (export "[method]output-stream.blocking-write-and-flush" (func $"indirect-wasi:io/streams@0.2.12-[method]output-stream.blocking-write-and-flush"))
  )
  (alias export $wasi:cli/stderr@0.2.12 "get-stderr" (func $get-stderr (;0;)))
  (core func $get-stderr (;3;) (canon lower (func $get-stderr)))
  (core instance $wasi:cli/stderr@0.2.12 (;5;)
    (export "get-stderr" (func $get-stderr))
  )
  (alias export $wasi:io/error@0.2.12 "error" (type $"#type6 error" (@name "error") (;6;)))
  (core func $"#core-func4 resource.drop" (@name "resource.drop") (;4;) (canon resource.drop $"#type6 error"))
  (core instance $wasi:io/error@0.2.12 (;6;)
    (export "[resource-drop]error" (func $"#core-func4 resource.drop"))
  )
  (core instance $"#core-instance7 wasi_snapshot_preview1" (@name "wasi_snapshot_preview1") (;7;) (instantiate $wit-component:adapter:wasi_snapshot_preview1
      (with "env" (instance $env))
      (with "wasi:io/streams@0.2.12" (instance $wasi:io/streams@0.2.12))
      (with "wasi:cli/stderr@0.2.12" (instance $wasi:cli/stderr@0.2.12))
      (with "wasi:io/error@0.2.12" (instance $wasi:io/error@0.2.12))
    )
  )
  (core module $wit-component-fixup (;3;)
    (type (;0;) (func (param i32 i32 i32) (result i32)))
    (type (;1;) (func (param i32 i32 i32 i32)))
    (type (;2;) (func))
    (import "actual" "0" (func (;0;) (type 0) (param i32 i32 i32) (result i32)))
    (import "actual" "1" (func (;1;) (type 1) (param i32 i32 i32 i32)))
    (import "main" "_initialize" (func (;2;) (type 2)))
    (import "shim" "$imports" (table (;0;) 2 2 funcref))
    (start 2)
    (elem (;0;) (i32.const 0) func 0 1)
    (@producers
      (processed-by "wit-component" "0.263.0")
    )
  )
  (alias core export $"#core-instance7 wasi_snapshot_preview1" "path_unlink_file" (core func $path_unlink_file (;5;)))
  (alias export $wasi:io/streams@0.2.12 "[method]output-stream.blocking-write-and-flush" (func $"[method]output-stream.blocking-write-and-flush" (;1;)))
  (core func $"#core-func6 indirect-wasi:io/streams@0.2.12-[method]output-stream.blocking-write-and-flush" (@name "indirect-wasi:io/streams@0.2.12-[method]output-stream.blocking-write-and-flush") (;6;) (canon lower (func $"[method]output-stream.blocking-write-and-flush") (memory $memory)))
  (core instance $actual (;8;)
    (export "0" (func $path_unlink_file))
    (export "1" (func $"#core-func6 indirect-wasi:io/streams@0.2.12-[method]output-stream.blocking-write-and-flush"))
  )
  (core instance $fixup (;9;) (instantiate $wit-component-fixup
      (with "actual" (instance $actual))
      (with "main" (instance $main))
      (with "shim" (instance $wit-component-shim-instance))
    )
  )
  (type (;7;) (func))
  (alias core export $main "run" (core func $run (;7;)))
  (func $run (;2;) (type 7) (canon lift (core func $run)))
  (export $"#func3 run" (@name "run") (;3;) "run" (func $run))
  (@producers
    (processed-by "wit-component" "0.263.0")
  )
)
