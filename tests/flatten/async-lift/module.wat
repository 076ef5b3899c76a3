;; package root:root;
;; world root {
;;   export run: async func();
;; }
(module $m
  (type (;0;) (func (result i32)))
  (type (;1;) (func (param i32 i32 i32) (result i32)))
  (type (;2;) (func (param i32) (result i32)))
  (type (;3;) (func (param i32 i32)))
  (type (;4;) (func (param i32)))
  (type (;5;) (func))
  (type (;6;) (func (param i32 i32 i32)))
  (type (;7;) (func (param i32 i32) (result i32)))
  (type (;8;) (func (param i32 i32 i32 i32)))
  (type (;9;) (func (param i32 i32 i32 i32 i32) (result i32)))
  (type (;10;) (func (param i32 i32 i32 i32) (result i32)))
  (memory (;0;) 1 1)
  (global $p1bridge:first (;0;) (mut i32) i32.const 0)
  (global $p1bridge:initialized (;1;) (mut i32) i32.const 0)
  (global $p1bridge:end (;2;) i32 i32.const 6544)
  (export "run" (func $"p1bridge:export run"))
  (export "_initialize" (func $p1bridge:initialize))
  (export "memory" (memory 0))
  (export "__heap_base" (global $p1bridge:end))
  (export "__data_end" (global $p1bridge:end))
  (func (;0;) (type 0) (result i32)
    i32.const 0
  )
  (func (;1;) (type 1) (param i32 i32 i32) (result i32)
    i32.const 0
  )
  (func $tasks::set::take_event (;2;) (type 2) (param i32) (result i32)
    (local i32)
    block ;; label = @1
      local.get 0
      call $tasks::set::member
      local.tee 0
      br_if 0 (;@1;)
      i32.const 0
      i32.const 0
      call $tasks::set::set_payload
      i32.const 0
      return
    end
    block ;; label = @1
      local.get 0
      i32.const 0
      i32.gt_s
      br_if 0 (;@1;)
      local.get 0
      i32.const 2147483647
      i32.and
      local.tee 1
      call $tasks::record::record_at
      i32.load offset=12 align=1
      local.get 1
      call $tasks::ends::take
      call $tasks::set::set_payload
      i32.const 2
      i32.const 0
      local.get 1
      call $tasks::ends::is_future
      select
      local.get 0
      i32.const 6
      i32.shr_u
      i32.const 1
      i32.and
      i32.or
      i32.const 2
      i32.add
      return
    end
    local.get 0
    i32.load offset=12 align=1
    local.get 0
    call $tasks::set::take_subtask
    call $tasks::set::set_payload
    i32.const 1
  )
  (func $tasks::set::member (;3;) (type 2) (param i32) (result i32)
    (local i32 i32)
    i32.const 0
    local.set 1
    block ;; label = @1
      local.get 0
      call $tasks::set::has_event
      i32.eqz
      br_if 0 (;@1;)
      local.get 0
      i32.const 1
      i32.add
      local.set 0
      i32.const 4224
      local.set 1
      block ;; label = @2
        loop ;; label = @3
          block ;; label = @4
            local.get 1
            i32.const 0
            i32.load offset=48 align=1
            i32.lt_u
            br_if 0 (;@4;)
            i32.const 128
            local.set 1
            loop ;; label = @5
              block ;; label = @6
                local.get 1
                call $tasks::record::record_at
                local.tee 2
                i32.load offset=4 align=1
                local.get 0
                i32.ne
                br_if 0 (;@6;)
                local.get 2
                i32.load align=1
                br_if 4 (;@2;)
              end
              local.get 1
              i32.const 64
              i32.add
              local.set 1
              br 0 (;@5;)
            end
          end
          block ;; label = @4
            local.get 1
            local.tee 2
            i32.const 4
            i32.add
            i32.load align=1
            local.get 0
            i32.ne
            br_if 0 (;@4;)
            local.get 2
            i32.load align=1
            br_if 3 (;@1;)
          end
          local.get 1
          i32.const 144
          i32.add
          local.set 1
          br 0 (;@3;)
        end
      end
      local.get 1
      i32.const -2147483648
      i32.or
      local.set 1
    end
    local.get 1
  )
  (func $tasks::set::set_payload (;4;) (type 3) (param i32 i32)
    (local i32)
    i32.const 0
    local.tee 2
    local.get 1
    i32.store offset=8 align=1
    local.get 2
    local.get 0
    i32.store offset=4 align=1
  )
  (func $tasks::record::record_at (;5;) (type 2) (param i32) (result i32)
    local.get 0
  )
  (func $tasks::ends::take (;6;) (type 2) (param i32) (result i32)
    (local i32 i32)
    local.get 0
    call $tasks::record::record_at
    local.tee 1
    i32.load align=1
    local.set 2
    local.get 1
    i32.const 0
    call $tasks::set::set_event
    local.get 0
    local.get 2
    i32.const -1
    i32.add
    call $tasks::ends::conclude
  )
  (func $tasks::ends::is_future (;7;) (type 2) (param i32) (result i32)
    local.get 0
    i32.const -65
    i32.and
    call $tasks::record::record_at
    i32.load8_u offset=44
    i32.const 2
    i32.and
    i32.const 1
    i32.shr_u
  )
  (func $tasks::set::take_subtask (;8;) (type 2) (param i32) (result i32)
    (local i32 i32)
    local.get 0
    local.tee 0
    i32.const 0
    call $tasks::set::set_event
    block ;; label = @1
      local.get 0
      i32.load offset=40 align=1
      local.tee 1
      i32.const 1
      i32.le_u
      br_if 0 (;@1;)
      local.get 0
      local.get 0
      i32.load offset=56 align=1
      i32.const 8
      i32.or
      i32.store offset=56 align=1
      local.get 0
      i32.load offset=44 align=1
      local.tee 2
      i32.eqz
      br_if 0 (;@1;)
      local.get 0
      local.get 2
      call $tasks::call::give_loans_back
    end
    local.get 1
  )
  (func $tasks::set::set_event (;9;) (type 3) (param i32 i32)
    (local i32 i32)
    block ;; label = @1
      local.get 0
      i32.load offset=4 align=1
      local.tee 2
      i32.eqz
      br_if 0 (;@1;)
      local.get 0
      i32.load align=1
      local.set 3
      local.get 2
      i32.const -1
      i32.add
      call $tasks::record::set_at
      local.tee 2
      local.get 1
      i32.const 0
      i32.ne
      local.get 3
      i32.const 0
      i32.ne
      i32.sub
      local.get 2
      i32.load offset=4 align=1
      i32.add
      i32.store offset=4 align=1
    end
    local.get 0
    local.get 1
    i32.store align=1
  )
  (func $tasks::call::give_loans_back (;10;) (type 3) (param i32 i32)
    block ;; label = @1
      local.get 0
      i32.load offset=72 align=1
      local.tee 0
      i32.const -1
      i32.eq
      br_if 0 (;@1;)
      local.get 0
      local.get 1
      call $p1bridge:tasks-unlend
    end
  )
  (func $tasks::record::set_at (;11;) (type 2) (param i32) (result i32)
    local.get 0
    i32.const 136
    i32.add
  )
  (func $tasks::set::has_event (;12;) (type 2) (param i32) (result i32)
    local.get 0
    call $tasks::record::set_at
    i32.load offset=4 align=1
    i32.const 0
    i32.ne
  )
  (func $tasks::call::switch_back (;13;) (type 4) (param i32)
    (local i32)
    block ;; label = @1
      local.get 0
      i32.load offset=60 align=1
      local.tee 1
      i32.eqz
      br_if 0 (;@1;)
      local.get 1
      i32.const 0
      i32.store align=1
    end
    local.get 0
    i32.load offset=132 align=1
    local.set 0
    i32.const 0
    local.get 0
    i32.store align=1
  )
  (func $tasks::call::begin_by_host (;14;) (type 5)
    block ;; label = @1
      i32.const 0
      i32.load align=1
      br_if 0 (;@1;)
      i32.const 0
      i32.load offset=36 align=1
      br_if 0 (;@1;)
      return
    end
    i32.const 6
    call $tasks::import::fail
    unreachable
  )
  (func $tasks::import::fail (;15;) (type 4) (param i32)
    local.get 0
    call $p1bridge:tasks-trap
    unreachable
  )
  (func $tasks::call::waiting (;16;) (type 3) (param i32 i32)
    local.get 0
    call $tasks::call::callee_of
    local.tee 0
    local.get 0
    i32.load offset=8 align=1
    local.get 1
    i32.add
    i32.store offset=8 align=1
  )
  (func $tasks::call::wait_to_enter (;17;) (type 4) (param i32)
    (local i32 i32)
    block ;; label = @1
      local.get 0
      local.tee 1
      call $tasks::call::enters
      br_if 0 (;@1;)
      local.get 1
      i32.const 1
      call $tasks::call::waiting
      local.get 1
      local.get 0
      i32.store offset=20 align=1
      local.get 1
      i32.const 3
      i32.store offset=16 align=1
      i32.const 0
      i32.load offset=12 align=1
      local.set 2
      i32.const 0
      local.get 2
      i32.const 1
      i32.add
      local.tee 2
      i32.store offset=12 align=1
      local.get 1
      local.get 2
      i32.store offset=24 align=1
      i32.const 3
      local.get 0
      call $tasks::step::wait
      local.get 0
      i32.const -1
      call $tasks::call::waiting
    end
  )
  (func $tasks::call::enters (;18;) (type 2) (param i32) (result i32)
    (local i32)
    block ;; label = @1
      local.get 0
      i32.load offset=60 align=1
      local.tee 1
      br_if 0 (;@1;)
      local.get 0
      call $tasks::call::enters_without_lock
      return
    end
    i32.const 0
    local.set 0
    block ;; label = @1
      local.get 1
      local.tee 1
      i64.load offset=4 align=1
      i64.eqz
      i32.eqz
      br_if 0 (;@1;)
      local.get 1
      i32.load align=1
      i32.eqz
      local.set 0
    end
    local.get 0
  )
  (func $tasks::step::wait (;19;) (type 3) (param i32 i32)
    (local i32 i32 i64)
    block ;; label = @1
      i32.const 0
      i32.load align=1
      local.tee 2
      call $tasks::step::may_block
      br_if 0 (;@1;)
      local.get 2
      local.get 0
      local.get 1
      call $tasks::step::wait_in_sync
      return
    end
    local.get 2
    call $tasks::step::frame_of
    local.tee 3
    i64.load offset=16 align=1
    local.set 4
    local.get 3
    local.get 1
    i32.store offset=20 align=1
    local.get 3
    local.get 0
    i32.store offset=16 align=1
    i32.const 0
    i32.load offset=12 align=1
    local.set 1
    i32.const 0
    local.get 1
    i32.const 1
    i32.add
    local.tee 1
    i32.store offset=12 align=1
    local.get 3
    local.get 1
    i32.store offset=24 align=1
    call $p1bridge:tasks-pause
    local.get 2
    call $tasks::step::frame_of
    local.get 4
    i64.store offset=16 align=1
  )
  (func $tasks::call::enters_without_lock (;20;) (type 2) (param i32) (result i32)
    (local i32)
    i32.const 1
    local.set 1
    block ;; label = @1
      local.get 0
      i32.load8_u offset=80
      i32.const 2
      i32.and
      i32.eqz
      br_if 0 (;@1;)
      local.get 0
      call $tasks::call::callee_of
      i64.load offset=4 align=1
      i64.eqz
      local.set 1
    end
    local.get 1
  )
  (func $tasks::call::callee_of (;21;) (type 2) (param i32) (result i32)
    local.get 0
    i32.load offset=76 align=1
    call $tasks::record::instance_at
  )
  (func $tasks::call::end (;22;) (type 3) (param i32 i32)
    local.get 0
    i32.load offset=56 align=1
    local.get 1
    i32.or
    local.set 1
    block ;; label = @1
      block ;; label = @2
        local.get 1
        i32.const 64
        i32.and
        i32.eqz
        br_if 0 (;@2;)
        br 1 (;@1;)
      end
      local.get 0
      i32.const 56
      i32.add
      local.get 1
      i32.store align=1
      return
    end
    block ;; label = @1
      local.get 0
      i32.load offset=36 align=1
      i32.const 4
      i32.ne
      br_if 0 (;@1;)
      local.get 0
      local.get 1
      i32.const 2
      i32.or
      call $tasks::call::put_flags
      return
    end
    unreachable
  )
  (func $tasks::call::put_flags (;23;) (type 3) (param i32 i32)
    local.get 0
    local.get 1
    i32.store offset=56 align=1
    block ;; label = @1
      local.get 1
      i32.const 34
      i32.and
      i32.const 34
      i32.ne
      br_if 0 (;@1;)
      local.get 0
      i32.const 0
      i32.store offset=16 align=1
      local.get 0
      i32.const 56
      i32.add
      i32.const 0
      i32.store align=1
      i32.const 0
      local.tee 1
      local.get 1
      i32.load offset=56 align=1
      i32.const -1
      i32.add
      i32.store offset=56 align=1
    end
  )
  (func $tasks::call::free (;24;) (type 3) (param i32 i32)
    local.get 0
    local.get 0
    i32.load offset=56 align=1
    local.get 1
    i32.or
    call $tasks::call::put_flags
  )
  (func $tasks::call::waits (;25;) (type 6) (param i32 i32 i32)
    (local i32 i32)
    i32.const 0
    local.set 3
    i32.const 257
    local.set 4
    block ;; label = @1
      block ;; label = @2
        block ;; label = @3
          local.get 1
          i32.const -1
          i32.add
          br_table 2 (;@1;) 1 (;@2;) 0 (;@3;)
        end
        unreachable
      end
      local.get 0
      i32.load offset=76 align=1
      local.get 2
      i32.const 4
      i32.shr_u
      i32.const 1073741825
      call $tasks::record::find
      local.tee 3
      call $tasks::record::set_at
      local.tee 4
      local.get 4
      i32.load align=1
      i32.const 1
      i32.add
      i32.store align=1
      i32.const 258
      local.set 4
    end
    local.get 0
    local.get 3
    i32.store offset=20 align=1
    local.get 0
    local.get 4
    i32.store offset=16 align=1
    i32.const 0
    i32.load offset=12 align=1
    local.set 3
    i32.const 0
    local.get 3
    i32.const 1
    i32.add
    local.tee 3
    i32.store offset=12 align=1
    local.get 0
    local.get 3
    i32.store offset=24 align=1
  )
  (func $tasks::record::find (;26;) (type 1) (param i32 i32 i32) (result i32)
    block ;; label = @1
      local.get 0
      local.get 1
      call $tasks::record::entry
      local.tee 1
      i32.load align=1
      local.get 2
      i32.eq
      br_if 0 (;@1;)
      unreachable
    end
    local.get 1
    i32.load offset=4 align=1
  )
  (func $tasks::call::release (;27;) (type 2) (param i32) (result i32)
    (local i32)
    block ;; label = @1
      local.get 0
      i32.load offset=44 align=1
      local.tee 1
      i32.eqz
      br_if 0 (;@1;)
      local.get 0
      local.get 1
      call $tasks::call::give_loans_back
    end
    local.get 0
    i32.const 40
    call $tasks::call::free
    local.get 0
    i32.const 88
    i32.add
  )
  (func $tasks::call::resolve (;28;) (type 3) (param i32 i32)
    block ;; label = @1
      local.get 0
      local.tee 0
      i32.load offset=48 align=1
      br_if 0 (;@1;)
      local.get 0
      local.get 1
      i64.extend_i32_u
      i64.const 32
      i64.shl
      i64.const 4
      i64.or
      i64.store offset=36 align=1
      block ;; label = @2
        local.get 0
        i32.load8_u offset=56
        i32.const 4
        i32.and
        i32.eqz
        br_if 0 (;@2;)
        local.get 0
        i32.const 1
        call $tasks::set::set_event
      end
      return
    end
    i32.const 5
    call $tasks::import::fail
    unreachable
  )
  (func $tasks::call::started (;29;) (type 3) (param i32 i32)
    (local i32)
    local.get 0
    local.tee 2
    local.get 1
    i32.store offset=128 align=1
    local.get 2
    i64.const 4294967297
    i64.store offset=36 align=1
    local.get 0
    call $tasks::call::switch_to
  )
  (func $tasks::call::switch_to (;30;) (type 4) (param i32)
    (local i32)
    local.get 0
    local.tee 1
    i32.const 0
    i32.load align=1
    i32.store offset=132 align=1
    block ;; label = @1
      local.get 1
      i32.load offset=60 align=1
      local.tee 1
      i32.eqz
      br_if 0 (;@1;)
      local.get 1
      local.get 0
      i32.store align=1
    end
    i32.const 0
    local.get 0
    i32.store align=1
  )
  (func $tasks::record::instance_at (;31;) (type 2) (param i32) (result i32)
    local.get 0
    i32.const 4
    i32.shl
    i32.const 6528
    i32.add
  )
  (func $tasks::call::can_enter (;32;) (type 2) (param i32) (result i32)
    (local i32)
    i32.const 1
    local.set 1
    block ;; label = @1
      local.get 0
      i32.load8_u offset=80
      i32.const 2
      i32.and
      i32.eqz
      br_if 0 (;@1;)
      i32.const 0
      local.set 1
      local.get 0
      call $tasks::call::callee_of
      i32.load offset=4 align=1
      br_if 0 (;@1;)
      i32.const 1
      local.set 1
      local.get 0
      i32.load offset=60 align=1
      local.tee 0
      i32.eqz
      br_if 0 (;@1;)
      local.get 0
      i32.load align=1
      i32.eqz
      local.set 1
    end
    local.get 1
  )
  (func $tasks::ends::conclude (;33;) (type 7) (param i32 i32) (result i32)
    (local i32 i32)
    i32.const 0
    local.set 2
    block ;; label = @1
      i32.const 0
      local.get 0
      i32.const -65
      i32.and
      i32.add
      local.tee 3
      i32.load offset=52 align=1
      local.get 0
      i32.ne
      br_if 0 (;@1;)
      local.get 3
      i32.const 52
      i32.add
      i32.const 0
      i32.store align=1
    end
    local.get 2
    local.get 0
    i32.add
    local.set 0
    local.get 3
    i32.load offset=44 align=1
    i32.const 2
    i32.and
    local.set 2
    i32.const 1
    local.set 3
    block ;; label = @1
      block ;; label = @2
        block ;; label = @3
          local.get 1
          i32.const 1
          i32.eq
          br_if 0 (;@3;)
          block ;; label = @4
            local.get 2
            br_if 0 (;@4;)
            local.get 0
            i32.const 1
            i32.store offset=16 align=1
            br 2 (;@2;)
          end
          local.get 0
          i32.const 1
          i32.const 4
          local.get 1
          select
          i32.store offset=16 align=1
          local.get 1
          return
        end
        local.get 0
        i32.const 4
        i32.store offset=16 align=1
        local.get 2
        br_if 1 (;@1;)
      end
      local.get 0
      i32.load offset=32 align=1
      i32.const 4
      i32.shl
      local.get 1
      i32.or
      local.set 3
    end
    local.get 3
  )
  (func $tasks::step::look_below (;34;) (type 4) (param i32)
    block ;; label = @1
      block ;; label = @2
        i32.const 1
        call $tasks::step::wait_for_host
        br_if 0 (;@2;)
        local.get 0
        i32.const 65536
        i32.le_u
        br_if 1 (;@1;)
        call $tasks::step::another_could_go_on
        i32.eqz
        br_if 1 (;@1;)
        i32.const 1
        call $tasks::import::fail
        unreachable
      end
      i32.const 0
      i32.const 0
      i32.store offset=44 align=1
    end
  )
  (func $tasks::step::wait_for_host (;35;) (type 2) (param i32) (result i32)
    block ;; label = @1
      i32.const 0
      i32.load offset=60 align=1
      br_if 0 (;@1;)
      i32.const 0
      return
    end
    unreachable
  )
  (func $tasks::step::another_could_go_on (;36;) (type 0) (result i32)
    (local i32 i32 i32 i32)
    i32.const 1
    local.set 0
    block ;; label = @1
      i32.const 0
      i32.load offset=36 align=1
      i32.const 1
      i32.gt_u
      br_if 0 (;@1;)
      i32.const 0
      i32.load align=1
      local.set 1
      loop ;; label = @2
        block ;; label = @3
          local.get 1
          br_if 0 (;@3;)
          i32.const 0
          local.set 0
          br 2 (;@1;)
        end
        local.get 1
        local.tee 2
        i32.load offset=132 align=1
        local.tee 1
        local.get 2
        i32.load offset=84 align=1
        i32.ne
        br_if 0 (;@2;)
        local.get 2
        i32.load offset=80 align=1
        local.tee 3
        i32.const 16
        i32.and
        br_if 0 (;@2;)
        i32.const 1
        local.set 0
        local.get 3
        i32.const 1
        i32.and
        br_if 1 (;@1;)
        local.get 2
        i32.load offset=36 align=1
        i32.const 4
        i32.ne
        br_if 0 (;@2;)
      end
    end
    local.get 0
  )
  (func $tasks::step::first_ready (;37;) (type 7) (param i32 i32) (result i32)
    (local i32 i32 i32)
    i32.const 4224
    local.set 2
    i32.const 0
    i32.load offset=48 align=1
    local.set 3
    i32.const 0
    local.set 4
    block ;; label = @1
      loop ;; label = @2
        local.get 2
        local.get 3
        i32.ge_u
        br_if 1 (;@1;)
        block ;; label = @3
          local.get 2
          local.get 0
          local.get 1
          call $tasks::step::goes_on
          i32.eqz
          br_if 0 (;@3;)
          local.get 2
          i32.const 24
          i32.add
          i32.load align=1
          local.set 0
          local.get 2
          local.set 4
        end
        local.get 2
        i32.const 144
        i32.add
        local.set 2
        br 0 (;@2;)
      end
    end
    local.get 4
  )
  (func $tasks::step::goes_on (;38;) (type 1) (param i32 i32 i32) (result i32)
    (local i32 i32)
    i32.const 0
    local.set 3
    block ;; label = @1
      block ;; label = @2
        local.get 0
        i32.load offset=16 align=1
        local.tee 4
        i32.const 3840
        i32.and
        i32.eqz
        br_if 0 (;@2;)
        local.get 0
        i32.load offset=24 align=1
        local.get 1
        i32.gt_u
        br_if 0 (;@2;)
        block ;; label = @3
          block ;; label = @4
            local.get 4
            i32.const 257
            i32.ne
            br_if 0 (;@4;)
            local.get 0
            i32.load offset=60 align=1
            local.tee 1
            i32.eqz
            br_if 1 (;@3;)
            local.get 1
            i32.load align=1
            i32.eqz
            br_if 1 (;@3;)
            br 2 (;@2;)
          end
          local.get 0
          call $tasks::step::is_other_ready
          i32.eqz
          br_if 1 (;@2;)
        end
        local.get 2
        i32.const -1
        i32.ne
        br_if 1 (;@1;)
        i32.const 1
        local.set 3
      end
      local.get 3
      return
    end
    local.get 0
    local.get 2
    call $tasks::step::is_thread_of
  )
  (func $tasks::step::go_otherwise (;39;) (type 3) (param i32 i32)
    (local i32)
    local.get 0
    local.set 2
    block ;; label = @1
      block ;; label = @2
        block ;; label = @3
          block ;; label = @4
            block ;; label = @5
              block ;; label = @6
                block ;; label = @7
                  local.get 1
                  i32.const 8
                  i32.shr_u
                  i32.const 15
                  i32.and
                  br_table 5 (;@2;) 4 (;@3;) 0 (;@7;) 2 (;@5;) 3 (;@4;) 1 (;@6;) 4 (;@3;)
                end
                local.get 0
                local.tee 1
                i32.const -1
                call $tasks::call::waiting
                local.get 1
                i32.const 0
                i32.store offset=16 align=1
                local.get 0
                local.get 0
                call $tasks::call::started
                block ;; label = @7
                  local.get 0
                  local.tee 1
                  i32.load8_u offset=56
                  i32.const 4
                  i32.and
                  i32.eqz
                  br_if 0 (;@7;)
                  local.get 1
                  i32.const 1
                  call $tasks::set::set_event
                end
                local.get 0
                call $tasks::step::run
                return
              end
              unreachable
            end
            br 3 (;@1;)
          end
          br 2 (;@1;)
        end
        local.get 2
        call $tasks::step::leave_set
        block ;; label = @3
          local.get 2
          i32.load offset=36 align=1
          i32.const 2
          i32.eq
          br_if 0 (;@3;)
          local.get 0
          local.get 2
          i32.load offset=20 align=1
          call $tasks::set::take_event
          i32.const 0
          local.tee 1
          i32.load offset=4 align=1
          local.get 1
          i32.load offset=8 align=1
          call $tasks::step::resume
          return
        end
        local.get 2
        i32.const 36
        i32.add
        i32.const 3
        i32.store align=1
        local.get 0
        i32.const 6
        i32.const 0
        i32.const 0
        call $tasks::step::resume
      end
      return
    end
    unreachable
  )
  (func $tasks::step::run (;40;) (type 4) (param i32)
    local.get 0
    i32.const 0
    call $tasks::step::run_one
    block ;; label = @1
      i32.const 0
      i32.load offset=40 align=1
      i32.eqz
      br_if 0 (;@1;)
      call $tasks::step::run_next
    end
  )
  (func $tasks::step::run_one (;41;) (type 3) (param i32 i32)
    (local i32 i32)
    local.get 0
    local.tee 2
    i32.load offset=64 align=1
    local.set 3
    block ;; label = @1
      local.get 3
      local.get 0
      call $p1bridge:tasks-start
      br 0 (;@1;)
    end
  )
  (func $tasks::step::leave_set (;42;) (type 4) (param i32)
    block ;; label = @1
      local.get 0
      i32.load8_u offset=16
      i32.const 2
      i32.ne
      br_if 0 (;@1;)
      local.get 0
      i32.load offset=20 align=1
      call $tasks::record::set_at
      local.tee 0
      local.get 0
      i32.load align=1
      i32.const -1
      i32.add
      i32.store align=1
    end
  )
  (func $tasks::step::resume (;43;) (type 8) (param i32 i32 i32 i32)
    local.get 0
    i32.const 0
    i32.store offset=16 align=1
    local.get 0
    call $tasks::call::switch_to
    local.get 0
    i32.load offset=68 align=1
    local.get 1
    local.get 2
    local.get 3
    call $p1bridge:tasks-callback
    local.set 3
    local.get 0
    local.get 3
    call $exited
    return
  )
  (func $tasks::step::is_thread_of (;44;) (type 7) (param i32 i32) (result i32)
    (local i32)
    i32.const 0
    local.set 2
    block ;; label = @1
      local.get 0
      i32.load offset=76 align=1
      local.get 1
      i32.ne
      br_if 0 (;@1;)
      local.get 0
      i32.load offset=16 align=1
      i32.const 3840
      i32.and
      i32.const 767
      i32.gt_u
      local.set 2
    end
    local.get 2
  )
  (func $tasks::step::others_go_on (;45;) (type 0) (result i32)
    (local i32 i32 i32)
    i32.const 0
    local.set 0
    block ;; label = @1
      i32.const 0
      i32.load align=1
      call $tasks::step::may_block
      i32.eqz
      br_if 0 (;@1;)
      i32.const -1
      i32.const -1
      call $tasks::step::first_ready
      local.tee 1
      i32.eqz
      br_if 0 (;@1;)
      i32.const 1
      local.set 0
      i32.const 0
      local.tee 2
      local.get 2
      i32.load offset=36 align=1
      i32.const 1
      i32.add
      i32.store offset=36 align=1
      local.get 1
      call $tasks::step::dispatch
      i32.const 0
      local.tee 1
      local.get 1
      i32.load offset=36 align=1
      i32.const -1
      i32.add
      i32.store offset=36 align=1
    end
    local.get 0
  )
  (func $tasks::step::may_block (;46;) (type 2) (param i32) (result i32)
    (local i32 i32)
    block ;; label = @1
      loop ;; label = @2
        i32.const 1
        local.set 1
        local.get 0
        i32.eqz
        br_if 1 (;@1;)
        local.get 0
        local.tee 0
        i32.load offset=36 align=1
        i32.const 4
        i32.eq
        br_if 1 (;@1;)
        local.get 0
        i32.load offset=80 align=1
        local.tee 2
        i32.const 64
        i32.and
        br_if 1 (;@1;)
        block ;; label = @3
          local.get 2
          i32.const 2
          i32.and
          br_if 0 (;@3;)
          i32.const 0
          local.set 1
          br 2 (;@1;)
        end
        i32.const 1
        local.set 1
        local.get 2
        i32.const 1
        i32.and
        br_if 1 (;@1;)
        local.get 0
        i32.load offset=84 align=1
        local.set 0
        br 0 (;@2;)
      end
    end
    local.get 1
  )
  (func $tasks::step::dispatch (;47;) (type 4) (param i32)
    i32.const 0
    i32.const 0
    i32.store offset=40 align=1
    local.get 0
    call $tasks::step::go
    block ;; label = @1
      i32.const 0
      i32.load offset=40 align=1
      i32.eqz
      br_if 0 (;@1;)
      call $tasks::step::run_next
    end
  )
  (func $tasks::step::wait_in_sync (;48;) (type 6) (param i32 i32 i32)
    (local i32 i32)
    local.get 0
    local.tee 3
    local.get 2
    i32.store offset=20 align=1
    local.get 3
    local.get 1
    i32.store offset=16 align=1
    local.get 3
    i32.load offset=128 align=1
    local.set 4
    local.get 3
    local.get 0
    i32.store offset=128 align=1
    i32.const 0
    i32.load offset=12 align=1
    local.set 2
    i32.const 0
    local.get 2
    i32.const 1
    i32.add
    local.tee 2
    i32.store offset=12 align=1
    local.get 3
    local.get 2
    i32.store offset=24 align=1
    local.get 3
    i32.load offset=76 align=1
    local.set 2
    block ;; label = @1
      i32.const 0
      i32.load offset=40 align=1
      i32.eqz
      br_if 0 (;@1;)
      call $tasks::step::run_next
    end
    block ;; label = @1
      local.get 1
      i32.const 1
      i32.ne
      br_if 0 (;@1;)
      local.get 2
      call $tasks::step::turn_of
    end
    block ;; label = @1
      block ;; label = @2
        loop ;; label = @3
          local.get 0
          call $tasks::step::holds
          br_if 1 (;@2;)
          i32.const -1
          local.get 2
          call $tasks::step::first_ready
          local.tee 3
          i32.eqz
          br_if 2 (;@1;)
          local.get 3
          call $tasks::step::dispatch
          br 0 (;@3;)
        end
      end
      local.get 0
      local.tee 3
      local.get 4
      i32.store offset=128 align=1
      local.get 3
      i32.const 0
      i32.store offset=16 align=1
      return
    end
    i32.const 4
    call $tasks::import::fail
    unreachable
  )
  (func $tasks::step::run_next (;49;) (type 5)
    (local i32)
    loop ;; label = @1
      block ;; label = @2
        i32.const 0
        i32.load offset=40 align=1
        local.tee 0
        br_if 0 (;@2;)
        return
      end
      i32.const 0
      i32.const 0
      i32.store offset=40 align=1
      local.get 0
      call $tasks::step::go
      br 0 (;@1;)
    end
  )
  (func $tasks::step::turn_of (;50;) (type 4) (param i32)
    (local i32 i32)
    i32.const 0
    i32.load offset=12 align=1
    local.set 1
    i32.const 0
    local.get 1
    i32.const 1
    i32.add
    i32.store offset=12 align=1
    loop ;; label = @1
      block ;; label = @2
        local.get 1
        local.get 0
        call $tasks::step::first_ready
        local.tee 2
        br_if 0 (;@2;)
        return
      end
      local.get 2
      call $tasks::step::dispatch
      br 0 (;@1;)
    end
  )
  (func $tasks::step::holds (;51;) (type 2) (param i32) (result i32)
    (local i32)
    local.get 0
    i32.load offset=20 align=1
    local.set 1
    block ;; label = @1
      block ;; label = @2
        block ;; label = @3
          local.get 0
          i32.load8_u offset=16
          local.tee 0
          i32.const -2
          i32.add
          br_table 2 (;@1;) 0 (;@3;) 1 (;@2;) 0 (;@3;)
        end
        local.get 0
        local.get 1
        call $tasks::step::is_other_there
        return
      end
      local.get 1
      i32.load offset=40 align=1
      i32.const 1
      i32.gt_u
      return
    end
    local.get 1
    call $tasks::set::has_event
  )
  (func $tasks::step::is_other_ready (;52;) (type 2) (param i32) (result i32)
    (local i32 i32)
    i32.const 0
    local.set 1
    block ;; label = @1
      block ;; label = @2
        local.get 0
        i32.load offset=16 align=1
        i32.const 3840
        i32.and
        local.tee 2
        i32.eqz
        br_if 0 (;@2;)
        block ;; label = @3
          local.get 2
          i32.const 256
          i32.eq
          br_if 0 (;@3;)
          local.get 2
          i32.const 512
          i32.ne
          br_if 2 (;@1;)
          local.get 0
          call $tasks::call::can_enter
          return
        end
        block ;; label = @3
          local.get 0
          i32.load offset=60 align=1
          local.tee 2
          i32.eqz
          br_if 0 (;@3;)
          local.get 2
          i32.load align=1
          br_if 1 (;@2;)
        end
        i32.const 1
        local.set 1
        local.get 0
        i32.load offset=36 align=1
        i32.const 2
        i32.ne
        br_if 1 (;@1;)
      end
      local.get 1
      return
    end
    local.get 0
    call $tasks::step::holds
  )
  (func $tasks::step::is_other_there (;53;) (type 7) (param i32 i32) (result i32)
    (local i32 i32)
    i32.const 0
    local.set 2
    block ;; label = @1
      block ;; label = @2
        block ;; label = @3
          block ;; label = @4
            local.get 0
            i32.const -1
            i32.add
            br_table 3 (;@1;) 2 (;@2;) 0 (;@4;) 2 (;@2;) 1 (;@3;) 1 (;@3;) 2 (;@2;)
          end
          local.get 1
          call $tasks::call::can_enter
          i32.eqz
          br_if 1 (;@2;)
          local.get 1
          local.set 3
          i32.const 4224
          local.set 0
          loop ;; label = @4
            local.get 0
            i32.const 0
            i32.load offset=48 align=1
            i32.ge_u
            br_if 3 (;@1;)
            block ;; label = @5
              local.get 0
              local.tee 1
              i32.const 16
              i32.add
              i32.load8_u
              i32.const 3
              i32.ne
              br_if 0 (;@5;)
              local.get 0
              local.get 1
              i32.const 20
              i32.add
              i32.load align=1
              i32.ne
              br_if 0 (;@5;)
              local.get 1
              i32.const 76
              i32.add
              i32.load align=1
              local.get 3
              i32.const 76
              i32.add
              i32.load align=1
              i32.ne
              br_if 0 (;@5;)
              local.get 1
              i32.const 24
              i32.add
              i32.load align=1
              local.get 3
              i32.const 24
              i32.add
              i32.load align=1
              i32.ge_u
              br_if 0 (;@5;)
              local.get 1
              call $tasks::call::can_enter
              br_if 3 (;@2;)
            end
            local.get 0
            i32.const 144
            i32.add
            local.set 0
            br 0 (;@4;)
          end
        end
        local.get 1
        i32.load align=1
        i32.const 0
        i32.ne
        local.set 2
      end
      local.get 2
      return
    end
    i32.const 1
  )
  (func $tasks::step::go (;54;) (type 4) (param i32)
    (local i32 i32)
    local.get 0
    i32.load offset=16 align=1
    local.set 1
    i32.const 0
    local.set 2
    block ;; label = @1
      block ;; label = @2
        local.get 1
        i32.const 255
        i32.and
        i32.const 1
        i32.ne
        br_if 0 (;@2;)
        local.get 2
        i32.const 44
        i32.add
        local.tee 2
        local.get 2
        i32.load align=1
        i32.const 1
        i32.add
        local.tee 2
        i32.store align=1
        block ;; label = @3
          local.get 2
          i32.const 65536
          i32.gt_u
          br_if 0 (;@3;)
          i32.const 0
          i32.load offset=60 align=1
          i32.eqz
          br_if 2 (;@1;)
        end
        local.get 2
        call $tasks::step::look_below
        br 1 (;@1;)
      end
      local.get 2
      i32.const 44
      i32.add
      i32.const 0
      i32.store align=1
    end
    i32.const 0
    local.set 2
    block ;; label = @1
      local.get 1
      i32.const 257
      i32.eq
      br_if 0 (;@1;)
      local.get 0
      local.get 1
      call $tasks::step::go_otherwise
      return
    end
    block ;; label = @1
      local.get 0
      local.get 2
      i32.add
      i32.load offset=36 align=1
      i32.const 2
      i32.ne
      br_if 0 (;@1;)
      local.get 0
      i32.const 257
      call $tasks::step::go_otherwise
      return
    end
    local.get 0
    i32.const 0
    i32.const 0
    i32.const 0
    call $tasks::step::resume
  )
  (func $tasks::step::step (;55;) (type 5)
    (local i32)
    block ;; label = @1
      block ;; label = @2
        i32.const -1
        i32.const -1
        call $tasks::step::first_ready
        local.tee 0
        br_if 0 (;@2;)
        i32.const 0
        call $tasks::step::wait_for_host
        br_if 1 (;@1;)
        call $tasks::step::another_could_go_on
        call $tasks::import::fail
        unreachable
      end
      local.get 0
      call $tasks::step::dispatch
    end
  )
  (func $tasks::step::frame_of (;56;) (type 2) (param i32) (result i32)
    (local i32)
    i32.const 0
    local.set 1
    block ;; label = @1
      local.get 0
      i32.eqz
      br_if 0 (;@1;)
      local.get 0
      local.get 1
      i32.add
      i32.load offset=128 align=1
      local.set 1
    end
    local.get 1
  )
  (func $exited (;57;) (type 3) (param i32 i32)
    (local i32)
    local.get 0
    local.tee 0
    call $tasks::call::switch_back
    block ;; label = @1
      block ;; label = @2
        local.get 0
        i32.load8_u offset=80
        i32.const 4
        i32.and
        i32.eqz
        br_if 0 (;@2;)
        local.get 1
        i32.const 15
        i32.and
        local.tee 2
        br_if 1 (;@1;)
      end
      local.get 0
      i32.const 64
      call $tasks::call::end
      return
    end
    local.get 0
    local.get 2
    local.get 1
    call $tasks::call::waits
  )
  (func $tasks::record::new_call (;58;) (type 0) (result i32)
    (local i32 i32 i32)
    i32.const 16
    local.set 0
    i32.const 16
    local.set 1
    block ;; label = @1
      i32.const 0
      i32.load offset=56 align=1
      local.get 0
      local.get 1
      i32.const 2
      i32.shr_u
      i32.sub
      i32.lt_u
      br_if 0 (;@1;)
      call $tasks::record::make_room
    end
    i32.const 4080
    local.set 0
    loop ;; label = @1
      local.get 0
      local.tee 1
      i32.const 144
      i32.add
      local.set 0
      local.get 1
      i32.const 200
      i32.add
      i32.load align=1
      br_if 0 (;@1;)
    end
    local.get 1
    i32.const 288
    i32.add
    local.set 2
    local.get 0
    local.set 1
    local.get 1
    i64.const 4294967296
    i64.store offset=52 align=1
    local.get 1
    i64.const 0
    i64.store offset=44 align=1
    local.get 1
    i64.const 0
    i64.store offset=36 align=1
    i32.const 0
    local.tee 1
    local.get 1
    i32.load offset=56 align=1
    i32.const 1
    i32.add
    i32.store offset=56 align=1
    block ;; label = @1
      i32.const 0
      local.tee 1
      i32.load offset=48 align=1
      local.get 2
      i32.ge_u
      br_if 0 (;@1;)
      local.get 1
      i32.const 48
      i32.add
      local.get 2
      i32.store align=1
    end
    local.get 0
  )
  (func $tasks::record::entry (;59;) (type 7) (param i32 i32) (result i32)
    block ;; label = @1
      local.get 1
      i32.const -1
      i32.add
      local.get 0
      call $p1bridge:tasks-table
      local.tee 0
      i32.load offset=4 align=1
      i32.lt_u
      br_if 0 (;@1;)
      unreachable
    end
    local.get 0
    local.get 1
    i32.const 4
    i32.shl
    i32.add
  )
  (func $tasks::record::make_room (;60;) (type 5)
    (local i32)
    i32.const 12
    local.set 0
    block ;; label = @1
      loop ;; label = @2
        i32.const 0
        i32.load offset=56 align=1
        local.get 0
        i32.lt_u
        br_if 1 (;@1;)
        call $tasks::step::others_go_on
        br_if 0 (;@2;)
      end
    end
    block ;; label = @1
      i32.const 0
      i32.load offset=56 align=1
      i32.const 16
      i32.ge_u
      br_if 0 (;@1;)
      return
    end
    i32.const 2
    call $tasks::import::fail
    unreachable
  )
  (func $args (;61;) (type 2) (param i32) (result i32)
    local.get 0
    i32.const 88
    i32.add
  )
  (func $begin (;62;) (type 9) (param i32 i32 i32 i32 i32) (result i32)
    (local i32 i32)
    block ;; label = @1
      local.get 4
      i32.const 16
      i32.and
      i32.eqz
      br_if 0 (;@1;)
      call $tasks::call::begin_by_host
    end
    call $tasks::record::new_call
    local.tee 5
    local.tee 6
    local.get 4
    i32.store offset=80 align=1
    local.get 6
    local.get 3
    i32.store offset=76 align=1
    local.get 6
    local.get 2
    i32.store offset=72 align=1
    local.get 6
    local.get 1
    i32.store offset=68 align=1
    local.get 6
    local.get 0
    i32.store offset=64 align=1
    local.get 6
    i32.const 0
    i32.load align=1
    i32.store offset=84 align=1
    i32.const 0
    local.set 2
    block ;; label = @1
      local.get 4
      i32.const 10
      i32.and
      i32.const 2
      i32.ne
      br_if 0 (;@1;)
      local.get 3
      i32.const 4
      i32.shl
      i32.const 6528
      i32.add
      local.set 2
    end
    local.get 6
    local.get 2
    i32.store offset=60 align=1
    local.get 5
  )
  (func $enter_blocking (;63;) (type 4) (param i32)
    (local i32 i32)
    local.get 0
    call $tasks::call::wait_to_enter
    local.get 0
    local.set 1
    block ;; label = @1
      i32.const 0
      i32.load align=1
      local.tee 2
      i32.eqz
      br_if 0 (;@1;)
      local.get 2
      i32.load offset=128 align=1
      local.set 1
    end
    local.get 0
    local.get 1
    call $tasks::call::started
  )
  (func $nested (;64;) (type 5)
    (local i32 i32)
    i32.const 0
    i32.load align=1
    local.set 0
    i32.const 0
    local.tee 1
    local.get 1
    i32.load offset=36 align=1
    i32.const 1
    i32.add
    i32.store offset=36 align=1
    block ;; label = @1
      loop ;; label = @2
        local.get 0
        call $tasks::step::frame_of
        call $tasks::step::holds
        br_if 1 (;@1;)
        call $tasks::step::step
        br 0 (;@2;)
      end
    end
    i32.const 0
    local.tee 0
    local.get 0
    i32.load offset=36 align=1
    i32.const -1
    i32.add
    i32.store offset=36 align=1
  )
  (func $finish_sync (;65;) (type 2) (param i32) (result i32)
    block ;; label = @1
      local.get 0
      i32.load offset=40 align=1
      i32.const 1
      i32.gt_u
      br_if 0 (;@1;)
      i32.const 4
      local.get 0
      call $tasks::step::wait
    end
    local.get 0
    call $tasks::call::release
  )
  (func $returned (;66;) (type 4) (param i32)
    local.get 0
    i32.const 2
    call $tasks::call::resolve
  )
  (func $p1bridge:tasks-unlend (;67;) (type 3) (param i32 i32)
    (local i32)
  )
  (func $p1bridge:tasks-table (;68;) (type 2) (param i32) (result i32)
    local.get 0
    i32.const 0
    i32.eq
    if ;; label = @1
      unreachable
      return
    end
    i32.const 0
  )
  (func $p1bridge:tasks-pause (;69;) (type 5)
    call $nested
  )
  (func $p1bridge:tasks-callback (;70;) (type 10) (param i32 i32 i32 i32) (result i32)
    local.get 0
    i32.const 0
    i32.eq
    if ;; label = @1
      local.get 1
      local.get 2
      local.get 3
      call 1
      return
    end
    i32.const 0
  )
  (func $p1bridge:tasks-start (;71;) (type 3) (param i32 i32))
  (func $p1bridge:tasks-trap (;72;) (type 4) (param i32)
    unreachable
  )
  (func $p1bridge:initialize (;73;) (type 5))
  (func $"p1bridge:export run" (;74;) (type 5)
    (local i32 i32 i32)
    i32.const 0
    i32.const 0
    i32.const -1
    i32.const 0
    i32.const 22
    call $begin
    local.set 1
    local.get 1
    call $enter_blocking
    call 0
    local.set 2
    local.get 1
    local.get 2
    call $exited
    local.get 1
    call $finish_sync
    drop
  )
  (@producers
    (processed-by "p1bridge" "0.1.0")
  )
)
