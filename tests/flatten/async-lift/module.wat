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
  (type (;5;) (func (param i32 i32 i32)))
  (type (;6;) (func (param i32 i32) (result i32)))
  (type (;7;) (func))
  (type (;8;) (func (param i32 i32 i32 i32 i32)))
  (type (;9;) (func (param i32 i32 i32 i32)))
  (type (;10;) (func (param i32 i32 i32 i32 i32) (result i32)))
  (type (;11;) (func (param i32 i32 i32 i32) (result i32)))
  (memory (;0;) 1 1)
  (global $p1bridge:first (;0;) (mut i32) i32.const 0)
  (global $p1bridge:initialized (;1;) (mut i32) i32.const 0)
  (global $p1bridge:end (;2;) i32 i32.const 6480)
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
  (func $tasks::record::call_at (;2;) (type 2) (param i32) (result i32)
    local.get 0
    i32.const 144
    i32.mul
    i32.const 64
    i32.add
  )
  (func $tasks::record::end_at (;3;) (type 2) (param i32) (result i32)
    local.get 0
    i32.const 6
    i32.shl
    i32.const 2368
    i32.add
  )
  (func $tasks::set::take_event (;4;) (type 2) (param i32) (result i32)
    (local i32)
    block ;; label = @1
      local.get 0
      call $tasks::set::member
      local.tee 0
      i32.const -1
      i32.ne
      br_if 0 (;@1;)
      i32.const 0
      i32.const 0
      call $tasks::set::set_payload
      i32.const 0
      return
    end
    block ;; label = @1
      local.get 0
      i32.const -1
      i32.gt_s
      br_if 0 (;@1;)
      local.get 0
      i32.const 2147483647
      i32.and
      local.tee 1
      call $tasks::record::end_at
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
      i32.const 1
      i32.and
      i32.or
      i32.const 2
      i32.add
      return
    end
    local.get 0
    call $tasks::record::call_at
    i32.load offset=12 align=1
    local.get 0
    call $tasks::set::take_subtask
    call $tasks::set::set_payload
    i32.const 1
  )
  (func $tasks::set::member (;5;) (type 2) (param i32) (result i32)
    (local i32 i32 i32)
    i32.const -1
    local.set 1
    block ;; label = @1
      local.get 0
      call $tasks::set::has_event
      i32.eqz
      br_if 0 (;@1;)
      local.get 0
      i32.const 1
      i32.add
      local.set 2
      i32.const 0
      local.set 1
      call $tasks::record::calls
      local.set 3
      i32.const 0
      call $tasks::record::call_at
      local.set 0
      block ;; label = @2
        loop ;; label = @3
          block ;; label = @4
            local.get 3
            local.get 1
            i32.ne
            br_if 0 (;@4;)
            i32.const 0
            local.set 1
            i32.const 0
            call $tasks::record::end_at
            local.set 0
            loop ;; label = @5
              block ;; label = @6
                local.get 0
                i32.const 4
                i32.add
                i32.load align=1
                local.get 2
                i32.ne
                br_if 0 (;@6;)
                local.get 0
                i32.load align=1
                br_if 4 (;@2;)
              end
              local.get 0
              i32.const 64
              i32.add
              local.set 0
              local.get 1
              i32.const 1
              i32.add
              local.set 1
              br 0 (;@5;)
            end
          end
          block ;; label = @4
            local.get 0
            i32.const 4
            i32.add
            i32.load align=1
            local.get 2
            i32.ne
            br_if 0 (;@4;)
            local.get 0
            i32.load align=1
            br_if 3 (;@1;)
          end
          local.get 0
          i32.const 144
          i32.add
          local.set 0
          local.get 1
          i32.const 1
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
  (func $tasks::set::set_payload (;6;) (type 3) (param i32 i32)
    (local i32)
    i32.const 0
    local.tee 2
    local.get 1
    i32.store offset=8 align=1
    local.get 2
    local.get 0
    i32.store offset=4 align=1
  )
  (func $tasks::ends::take (;7;) (type 2) (param i32) (result i32)
    (local i32 i32 i32)
    local.get 0
    call $tasks::record::end_at
    local.tee 1
    i32.load align=1
    local.set 2
    local.get 1
    i32.const 0
    call $tasks::set::set_event
    local.get 2
    i32.const -1
    i32.add
    local.set 2
    block ;; label = @1
      local.get 0
      i32.const 1
      i32.shr_u
      call $tasks::record::stream_at
      local.tee 3
      i32.load offset=52 align=1
      local.get 0
      i32.const 1
      i32.and
      i32.const 1
      i32.add
      i32.ne
      br_if 0 (;@1;)
      local.get 3
      i32.const 52
      i32.add
      i32.const 0
      i32.store align=1
    end
    local.get 0
    call $tasks::ends::is_future
    local.set 0
    block ;; label = @1
      block ;; label = @2
        block ;; label = @3
          local.get 2
          i32.const 1
          i32.eq
          br_if 0 (;@3;)
          block ;; label = @4
            local.get 0
            br_if 0 (;@4;)
            local.get 1
            i32.const 1
            i32.store offset=16 align=1
            br 2 (;@2;)
          end
          local.get 1
          i32.const 1
          i32.const 4
          local.get 2
          select
          i32.store offset=16 align=1
          local.get 2
          return
        end
        local.get 1
        i32.const 4
        i32.store offset=16 align=1
        i32.const 1
        local.set 3
        local.get 0
        br_if 1 (;@1;)
      end
      local.get 1
      i32.load offset=32 align=1
      i32.const 4
      i32.shl
      local.get 2
      i32.or
      local.set 3
    end
    local.get 3
  )
  (func $tasks::ends::is_future (;8;) (type 2) (param i32) (result i32)
    local.get 0
    i32.const 1
    i32.shr_u
    call $tasks::record::stream_at
    i32.load8_u offset=44
    i32.const 2
    i32.and
    i32.const 1
    i32.shr_u
  )
  (func $tasks::set::take_subtask (;9;) (type 2) (param i32) (result i32)
    (local i32)
    local.get 0
    call $tasks::record::call_at
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
      call $tasks::call::deliver
    end
    local.get 1
  )
  (func $tasks::set::set_event (;10;) (type 3) (param i32 i32)
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
  (func $tasks::call::deliver (;11;) (type 4) (param i32)
    (local i32)
    local.get 0
    local.get 0
    i32.load offset=56 align=1
    i32.const 8
    i32.or
    i32.store offset=56 align=1
    block ;; label = @1
      local.get 0
      i32.load offset=68 align=1
      local.tee 1
      i32.const -1
      i32.eq
      br_if 0 (;@1;)
      local.get 0
      i32.load offset=44 align=1
      local.tee 0
      i32.eqz
      br_if 0 (;@1;)
      local.get 1
      local.get 0
      call $p1bridge:tasks-unlend
    end
  )
  (func $tasks::record::set_at (;12;) (type 2) (param i32) (result i32)
    local.get 0
    call $tasks::record::call_at
    i32.const 136
    i32.add
  )
  (func $tasks::set::has_event (;13;) (type 2) (param i32) (result i32)
    local.get 0
    call $tasks::record::set_at
    i32.load offset=4 align=1
    i32.const 0
    i32.ne
  )
  (func $tasks::record::calls (;14;) (type 0) (result i32)
    i32.const 0
    i32.load offset=48 align=1
  )
  (func $tasks::call::is_resolved (;15;) (type 2) (param i32) (result i32)
    local.get 0
    call $tasks::record::call_at
    i32.load offset=40 align=1
    i32.const 1
    i32.gt_u
  )
  (func $tasks::call::switch_back (;16;) (type 4) (param i32)
    local.get 0
    i32.const 0
    call $tasks::call::lock
    local.get 0
    i32.load offset=84 align=1
    i32.const -1
    i32.add
    call $tasks::call::change_current
  )
  (func $tasks::call::lock (;17;) (type 3) (param i32 i32)
    block ;; label = @1
      local.get 0
      i32.load offset=76 align=1
      i32.const 10
      i32.and
      i32.const 2
      i32.ne
      br_if 0 (;@1;)
      local.get 0
      call $tasks::call::callee_of
      local.get 1
      i32.store offset=4 align=1
    end
  )
  (func $tasks::call::change_current (;18;) (type 4) (param i32)
    (local i32)
    call $tasks::record::current
    local.set 1
    i32.const 0
    local.get 0
    i32.const 1
    i32.add
    i32.store align=1
  )
  (func $tasks::call::wait_to_enter (;19;) (type 4) (param i32)
    (local i32)
    block ;; label = @1
      local.get 0
      call $tasks::record::call_at
      local.tee 1
      call $tasks::call::enters
      br_if 0 (;@1;)
      local.get 1
      i32.const 1
      call $tasks::call::waiting
      local.get 1
      i32.const 3
      local.get 0
      call $tasks::call::wait_for
      i32.const 3
      local.get 0
      call $tasks::step::wait
      local.get 0
      call $tasks::record::call_at
      i32.const -1
      call $tasks::call::waiting
    end
  )
  (func $tasks::call::enters (;20;) (type 2) (param i32) (result i32)
    block ;; label = @1
      local.get 0
      i32.load8_u offset=76
      i32.const 2
      i32.and
      br_if 0 (;@1;)
      i32.const 1
      return
    end
    block ;; label = @1
      local.get 0
      call $tasks::call::callee_of
      i32.load offset=8 align=1
      i32.eqz
      br_if 0 (;@1;)
      i32.const 0
      return
    end
    local.get 0
    call $tasks::call::can_enter
  )
  (func $tasks::call::waiting (;21;) (type 3) (param i32 i32)
    local.get 0
    call $tasks::call::callee_of
    local.tee 0
    local.get 0
    i32.load offset=8 align=1
    local.get 1
    i32.add
    i32.store offset=8 align=1
  )
  (func $tasks::call::wait_for (;22;) (type 5) (param i32 i32 i32)
    local.get 0
    local.get 2
    i32.store offset=20 align=1
    local.get 0
    local.get 1
    i32.store offset=16 align=1
    local.get 0
    call $tasks::record::tick
    i32.store offset=24 align=1
  )
  (func $tasks::step::wait (;23;) (type 3) (param i32 i32)
    (local i32 i32 i64)
    block ;; label = @1
      call $tasks::record::current
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
    local.get 0
    local.get 1
    call $tasks::call::wait_for
    call $p1bridge:tasks-pause
    local.get 2
    call $tasks::step::frame_of
    local.get 4
    i64.store offset=16 align=1
  )
  (func $tasks::record::current (;24;) (type 0) (result i32)
    i32.const 0
    i32.load align=1
    i32.const -1
    i32.add
  )
  (func $tasks::record::thread_at (;25;) (type 2) (param i32) (result i32)
    block ;; label = @1
      local.get 0
      i32.const -1
      i32.ne
      br_if 0 (;@1;)
      i32.const 0
      return
    end
    local.get 0
    call $tasks::record::call_at
  )
  (func $tasks::call::end (;26;) (type 4) (param i32)
    (local i32)
    block ;; label = @1
      block ;; label = @2
        local.get 0
        i32.load offset=52 align=1
        br_if 0 (;@2;)
        local.get 0
        i32.load offset=56 align=1
        local.tee 1
        i32.const 64
        i32.and
        i32.eqz
        br_if 0 (;@2;)
        local.get 0
        i32.load offset=36 align=1
        i32.const 4
        i32.ne
        br_if 1 (;@1;)
        local.get 0
        i32.const 56
        i32.add
        local.get 1
        i32.const 2
        i32.or
        i32.store align=1
        local.get 0
        call $tasks::call::free
      end
      return
    end
    unreachable
  )
  (func $tasks::call::free (;27;) (type 4) (param i32)
    block ;; label = @1
      local.get 0
      i32.load offset=56 align=1
      i32.const 34
      i32.and
      i32.const 34
      i32.ne
      br_if 0 (;@1;)
      local.get 0
      call $tasks::record::free_call
    end
  )
  (func $tasks::record::free_call (;28;) (type 4) (param i32)
    local.get 0
    i32.const 0
    i32.store offset=16 align=1
    local.get 0
    i32.const 0
    i32.store offset=56 align=1
    i32.const 0
    local.tee 0
    local.get 0
    i32.load offset=56 align=1
    i32.const -1
    i32.add
    i32.store offset=56 align=1
  )
  (func $tasks::call::callee_of (;29;) (type 2) (param i32) (result i32)
    local.get 0
    i32.load offset=72 align=1
    call $tasks::record::instance_at
  )
  (func $tasks::call::can_enter (;30;) (type 2) (param i32) (result i32)
    block ;; label = @1
      local.get 0
      i32.load8_u offset=76
      i32.const 2
      i32.and
      br_if 0 (;@1;)
      i32.const 1
      return
    end
    block ;; label = @1
      local.get 0
      call $tasks::call::callee_of
      i32.load align=1
      i32.eqz
      br_if 0 (;@1;)
      i32.const 0
      return
    end
    local.get 0
    call $tasks::call::is_locked
    i32.const 1
    i32.xor
  )
  (func $tasks::call::release (;31;) (type 2) (param i32) (result i32)
    local.get 0
    call $tasks::call::deliver
    local.get 0
    local.get 0
    i32.load offset=56 align=1
    i32.const 32
    i32.or
    i32.store offset=56 align=1
    local.get 0
    call $tasks::call::free
    local.get 0
    i32.const 88
    i32.add
  )
  (func $tasks::call::resolve (;32;) (type 3) (param i32 i32)
    block ;; label = @1
      block ;; label = @2
        local.get 0
        call $tasks::record::call_at
        local.tee 0
        i32.load offset=36 align=1
        i32.const 4
        i32.eq
        br_if 0 (;@2;)
        local.get 0
        i32.load offset=48 align=1
        i32.eqz
        br_if 1 (;@1;)
        i32.const 5
        call $tasks::import::fail
      end
      unreachable
    end
    local.get 0
    local.get 1
    i32.store offset=40 align=1
    local.get 0
    i32.const 36
    i32.add
    i32.const 4
    i32.store align=1
    local.get 0
    call $tasks::call::progress
  )
  (func $tasks::import::fail (;33;) (type 4) (param i32)
    local.get 0
    call $p1bridge:tasks-trap
    unreachable
  )
  (func $tasks::call::progress (;34;) (type 4) (param i32)
    block ;; label = @1
      local.get 0
      i32.load8_u offset=56
      i32.const 4
      i32.and
      i32.eqz
      br_if 0 (;@1;)
      local.get 0
      i32.const 1
      call $tasks::set::set_event
    end
  )
  (func $tasks::call::started (;35;) (type 3) (param i32 i32)
    (local i32)
    local.get 0
    call $tasks::record::call_at
    local.tee 2
    local.get 1
    i32.store offset=128 align=1
    local.get 2
    i64.const 4294967297
    i64.store offset=36 align=1
    local.get 2
    i32.const 0
    i32.store offset=16 align=1
    local.get 2
    call $tasks::call::progress
    local.get 0
    call $tasks::call::switch_to
  )
  (func $tasks::call::switch_to (;36;) (type 4) (param i32)
    (local i32)
    local.get 0
    call $tasks::record::call_at
    local.tee 1
    i32.const 0
    i32.load align=1
    i32.store offset=84 align=1
    local.get 1
    local.get 0
    i32.const 1
    i32.add
    call $tasks::call::lock
    local.get 0
    call $tasks::call::change_current
  )
  (func $tasks::record::tick (;37;) (type 0) (result i32)
    (local i32)
    i32.const 0
    local.tee 0
    local.get 0
    i32.load offset=12 align=1
    i32.const 1
    i32.add
    i32.store offset=12 align=1
    i32.const 0
    i32.load offset=12 align=1
  )
  (func $tasks::record::instance_at (;38;) (type 2) (param i32) (result i32)
    local.get 0
    i32.const 4
    i32.shl
    i32.const 6464
    i32.add
  )
  (func $tasks::call::is_locked (;39;) (type 2) (param i32) (result i32)
    (local i32)
    i32.const 0
    local.set 1
    block ;; label = @1
      local.get 0
      i32.load offset=76 align=1
      i32.const 10
      i32.and
      i32.const 2
      i32.ne
      br_if 0 (;@1;)
      local.get 0
      call $tasks::call::callee_of
      i32.load offset=4 align=1
      i32.const 0
      i32.ne
      local.set 1
    end
    local.get 1
  )
  (func $tasks::record::find (;40;) (type 1) (param i32 i32 i32) (result i32)
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
  (func $tasks::record::stream_at (;41;) (type 2) (param i32) (result i32)
    local.get 0
    i32.const 1
    i32.shl
    call $tasks::record::end_at
  )
  (func $tasks::step::first_ready (;42;) (type 6) (param i32 i32) (result i32)
    (local i32 i32 i32 i32 i32 i32)
    i32.const 0
    local.set 2
    call $tasks::record::calls
    local.set 3
    i32.const 0
    call $tasks::record::call_at
    local.set 4
    i32.const -1
    local.set 5
    loop (result i32) ;; label = @1
      block ;; label = @2
        block ;; label = @3
          block ;; label = @4
            local.get 3
            local.get 2
            i32.eq
            br_if 0 (;@4;)
            local.get 4
            i32.const 16
            i32.add
            i32.load align=1
            i32.const 3840
            i32.and
            local.tee 6
            i32.eqz
            br_if 2 (;@2;)
            local.get 4
            i32.const 24
            i32.add
            local.tee 7
            i32.load align=1
            local.get 0
            i32.gt_u
            br_if 2 (;@2;)
            local.get 1
            i32.const -1
            i32.eq
            br_if 1 (;@3;)
            local.get 4
            i32.const 72
            i32.add
            i32.load align=1
            local.get 1
            i32.ne
            br_if 2 (;@2;)
            local.get 6
            i32.const 767
            i32.le_u
            br_if 2 (;@2;)
            br 1 (;@3;)
          end
          local.get 5
          return
        end
        local.get 4
        call $tasks::step::is_ready
        i32.eqz
        br_if 0 (;@2;)
        local.get 7
        i32.load align=1
        local.set 0
        local.get 2
        local.set 5
      end
      local.get 4
      i32.const 144
      i32.add
      local.set 4
      local.get 2
      i32.const 1
      i32.add
      local.set 2
      br 0 (;@1;)
    end
  )
  (func $tasks::step::is_ready (;43;) (type 2) (param i32) (result i32)
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
        local.get 0
        call $tasks::call::is_locked
        br_if 0 (;@2;)
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
  (func $tasks::step::others_go_on (;44;) (type 0) (result i32)
    (local i32 i32 i32)
    i32.const 0
    local.set 0
    block ;; label = @1
      call $tasks::record::current
      call $tasks::step::may_block
      i32.eqz
      br_if 0 (;@1;)
      i32.const -1
      i32.const -1
      call $tasks::step::first_ready
      local.tee 1
      i32.const -1
      i32.eq
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
  (func $tasks::step::may_block (;45;) (type 2) (param i32) (result i32)
    (local i32 i32)
    block ;; label = @1
      loop ;; label = @2
        i32.const 1
        local.set 1
        local.get 0
        i32.const -1
        i32.eq
        br_if 1 (;@1;)
        local.get 0
        call $tasks::record::call_at
        local.tee 0
        i32.load offset=36 align=1
        i32.const 4
        i32.eq
        br_if 1 (;@1;)
        local.get 0
        i32.load offset=76 align=1
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
        i32.load offset=80 align=1
        i32.const -1
        i32.add
        local.set 0
        br 0 (;@2;)
      end
    end
    local.get 1
  )
  (func $tasks::step::dispatch (;46;) (type 4) (param i32)
    i32.const 0
    local.get 0
    i32.const 1
    i32.add
    i32.store offset=40 align=1
    call $tasks::step::run_on
  )
  (func $tasks::step::wait_in_sync (;47;) (type 5) (param i32 i32 i32)
    (local i32 i32)
    local.get 0
    call $tasks::record::call_at
    local.tee 3
    i32.load offset=128 align=1
    local.set 4
    local.get 3
    local.get 0
    i32.store offset=128 align=1
    local.get 3
    local.get 1
    local.get 2
    call $tasks::call::wait_for
    local.get 3
    i32.load offset=72 align=1
    local.set 2
    call $tasks::step::run_on
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
          call $tasks::record::call_at
          call $tasks::step::holds
          br_if 1 (;@2;)
          i32.const -1
          local.get 2
          call $tasks::step::first_ready
          local.tee 3
          i32.const -1
          i32.eq
          br_if 2 (;@1;)
          local.get 3
          call $tasks::step::dispatch
          br 0 (;@3;)
        end
      end
      local.get 0
      call $tasks::record::call_at
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
  (func $tasks::step::run_on (;48;) (type 7)
    (local i32 i32 i32)
    loop ;; label = @1
      block ;; label = @2
        block ;; label = @3
          i32.const 0
          i32.load offset=40 align=1
          local.tee 0
          i32.eqz
          br_if 0 (;@3;)
          i32.const 0
          i32.const 0
          i32.store offset=40 align=1
          block ;; label = @4
            block ;; label = @5
              block ;; label = @6
                block ;; label = @7
                  block ;; label = @8
                    block ;; label = @9
                      block ;; label = @10
                        local.get 0
                        i32.const -1
                        i32.add
                        local.tee 0
                        call $tasks::record::call_at
                        i32.load offset=16 align=1
                        local.tee 1
                        i32.const 255
                        i32.and
                        i32.const 1
                        i32.ne
                        br_if 0 (;@10;)
                        call $tasks::step::give_turn
                        local.get 0
                        call $tasks::record::call_at
                        local.set 2
                        local.get 1
                        i32.const 8
                        i32.shr_u
                        i32.const 15
                        i32.and
                        br_table 9 (;@1;) 1 (;@9;) 2 (;@8;) 4 (;@6;) 5 (;@5;) 3 (;@7;) 1 (;@9;)
                      end
                      i32.const 0
                      i32.const 0
                      i32.store offset=44 align=1
                      local.get 0
                      call $tasks::record::call_at
                      local.set 2
                      local.get 1
                      i32.const 8
                      i32.shr_u
                      i32.const 15
                      i32.and
                      br_table 8 (;@1;) 5 (;@4;) 1 (;@8;) 3 (;@6;) 4 (;@5;) 2 (;@7;) 5 (;@4;)
                    end
                    local.get 2
                    i32.load offset=36 align=1
                    i32.const 2
                    i32.eq
                    br_if 6 (;@2;)
                    local.get 0
                    i32.const 0
                    i32.const 0
                    i32.const 0
                    call $tasks::step::resume
                    br 7 (;@1;)
                  end
                  local.get 0
                  call $tasks::record::call_at
                  i32.const -1
                  call $tasks::call::waiting
                  local.get 0
                  local.get 0
                  call $tasks::call::started
                  local.get 0
                  call $tasks::step::run
                  br 6 (;@1;)
                end
                local.get 0
                unreachable
              end
              local.get 0
              call $p1bridge:tasks-rewind
              local.get 0
              local.get 0
              call $tasks::record::call_at
              i32.load offset=104 align=1
              i32.const 0
              i32.const 0
              i32.const 0
              call $tasks::step::run_one
              br 4 (;@1;)
            end
            local.get 2
            i32.const 0
            i32.store offset=16 align=1
            local.get 0
            call $tasks::call::switch_to
            local.get 0
            i32.const 2
            i32.const 0
            i32.const 0
            i32.const 0
            call $tasks::step::run_one
            br 3 (;@1;)
          end
          local.get 2
          i32.load offset=36 align=1
          i32.const 2
          i32.eq
          br_if 1 (;@2;)
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
          br 2 (;@1;)
        end
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
      br 0 (;@1;)
    end
  )
  (func $tasks::step::turn_of (;49;) (type 4) (param i32)
    (local i32 i32)
    call $tasks::record::tick
    i32.const -1
    i32.add
    local.set 1
    loop ;; label = @1
      block ;; label = @2
        local.get 1
        local.get 0
        call $tasks::step::first_ready
        local.tee 2
        i32.const -1
        i32.ne
        br_if 0 (;@2;)
        return
      end
      local.get 2
      call $tasks::step::dispatch
      br 0 (;@1;)
    end
  )
  (func $tasks::step::holds (;50;) (type 2) (param i32) (result i32)
    (local i32 i32 i32)
    local.get 0
    i32.load offset=20 align=1
    local.set 1
    i32.const 0
    local.set 2
    block ;; label = @1
      block ;; label = @2
        block ;; label = @3
          block ;; label = @4
            block ;; label = @5
              block ;; label = @6
                block ;; label = @7
                  local.get 0
                  i32.load8_u offset=16
                  i32.const -1
                  i32.add
                  br_table 0 (;@7;) 1 (;@6;) 5 (;@2;) 2 (;@5;) 3 (;@4;) 4 (;@3;) 6 (;@1;)
                end
                i32.const 1
                return
              end
              local.get 1
              call $tasks::set::has_event
              return
            end
            local.get 1
            call $tasks::call::is_resolved
            return
          end
          local.get 1
          call $tasks::record::call_at
          i32.load align=1
          i32.const 0
          i32.ne
          return
        end
        local.get 1
        call $tasks::record::end_at
        i32.load align=1
        i32.const 0
        i32.ne
        return
      end
      local.get 1
      call $tasks::record::call_at
      call $tasks::call::can_enter
      i32.eqz
      br_if 0 (;@1;)
      i32.const 0
      local.set 2
      local.get 1
      call $tasks::record::call_at
      local.set 3
      call $tasks::record::calls
      local.set 1
      i32.const 0
      call $tasks::record::call_at
      local.set 0
      loop ;; label = @2
        block ;; label = @3
          block ;; label = @4
            block ;; label = @5
              local.get 1
              local.get 2
              i32.ne
              br_if 0 (;@5;)
              local.get 1
              local.set 2
              br 1 (;@4;)
            end
            local.get 0
            i32.const 16
            i32.add
            i32.load8_u
            i32.const 3
            i32.ne
            br_if 1 (;@3;)
            local.get 2
            local.get 0
            i32.const 20
            i32.add
            i32.load align=1
            i32.ne
            br_if 1 (;@3;)
            local.get 0
            i32.const 72
            i32.add
            i32.load align=1
            local.get 3
            i32.const 72
            i32.add
            i32.load align=1
            i32.ne
            br_if 1 (;@3;)
            local.get 0
            i32.const 24
            i32.add
            i32.load align=1
            local.get 3
            i32.const 24
            i32.add
            i32.load align=1
            i32.ge_u
            br_if 1 (;@3;)
            local.get 0
            call $tasks::call::can_enter
            i32.eqz
            br_if 1 (;@3;)
          end
          local.get 2
          local.get 1
          i32.ge_u
          local.set 2
          br 2 (;@1;)
        end
        local.get 0
        i32.const 144
        i32.add
        local.set 0
        local.get 2
        i32.const 1
        i32.add
        local.set 2
        br 0 (;@2;)
      end
    end
    local.get 2
  )
  (func $tasks::step::wait_for_host (;51;) (type 2) (param i32) (result i32)
    block ;; label = @1
      i32.const 0
      i32.load offset=60 align=1
      br_if 0 (;@1;)
      i32.const 0
      return
    end
    local.get 0
    unreachable
  )
  (func $tasks::step::another_could_go_on (;52;) (type 0) (result i32)
    (local i32 i32 i32 i32)
    i32.const 1
    local.set 0
    block ;; label = @1
      i32.const 0
      i32.load offset=36 align=1
      i32.const 1
      i32.gt_u
      br_if 0 (;@1;)
      call $tasks::record::current
      local.set 1
      loop ;; label = @2
        block ;; label = @3
          local.get 1
          i32.const -1
          i32.ne
          br_if 0 (;@3;)
          i32.const 0
          local.set 0
          br 2 (;@1;)
        end
        block ;; label = @3
          local.get 1
          call $tasks::record::call_at
          local.tee 1
          i32.load offset=84 align=1
          local.tee 2
          local.get 1
          i32.load offset=80 align=1
          i32.ne
          br_if 0 (;@3;)
          local.get 1
          i32.load offset=76 align=1
          local.tee 3
          i32.const 16
          i32.and
          br_if 0 (;@3;)
          i32.const 1
          local.set 0
          local.get 3
          i32.const 1
          i32.and
          br_if 2 (;@1;)
          local.get 1
          i32.load offset=36 align=1
          i32.const 4
          i32.eq
          br_if 2 (;@1;)
        end
        local.get 2
        i32.const -1
        i32.add
        local.set 1
        br 0 (;@2;)
      end
    end
    local.get 0
  )
  (func $tasks::step::run (;53;) (type 4) (param i32)
    local.get 0
    i32.const 0
    i32.const 0
    i32.const 0
    i32.const 0
    call $tasks::step::run_one
    call $tasks::step::run_on
  )
  (func $tasks::step::run_one (;54;) (type 8) (param i32 i32 i32 i32 i32)
    (local i32 i32)
    local.get 0
    call $tasks::record::call_at
    local.tee 5
    i32.load offset=60 align=1
    local.set 6
    block ;; label = @1
      block ;; label = @2
        block ;; label = @3
          block ;; label = @4
            block ;; label = @5
              local.get 1
              br_table 0 (;@5;) 1 (;@4;) 2 (;@3;)
            end
            local.get 6
            local.get 0
            call $p1bridge:tasks-start
            local.get 0
            call $p1bridge:tasks-unwound
            br_if 3 (;@1;)
            br 2 (;@2;)
          end
          local.get 5
          i32.load offset=64 align=1
          local.get 2
          local.get 3
          local.get 4
          call $p1bridge:tasks-callback
          local.set 5
          local.get 0
          call $p1bridge:tasks-unwound
          br_if 2 (;@1;)
          local.get 0
          local.get 5
          call $exited
          return
        end
        local.get 6
        local.get 5
        i32.load offset=88 align=1
        local.get 5
        i32.load offset=92 align=1
        call $p1bridge:tasks-thread
        local.get 0
        call $p1bridge:tasks-unwound
        br_if 1 (;@1;)
        local.get 0
        call $tasks::record::call_at
        local.tee 0
        call $tasks::call::switch_back
        local.get 0
        i32.load offset=80 align=1
        local.set 1
        local.get 0
        call $tasks::record::free_call
        local.get 1
        i32.const -1
        i32.add
        local.tee 0
        call $tasks::record::call_at
        local.tee 1
        local.get 1
        i32.load offset=52 align=1
        i32.const -1
        i32.add
        i32.store offset=52 align=1
        local.get 0
        call $tasks::record::call_at
        call $tasks::call::end
      end
      return
    end
    local.get 0
    call $tasks::record::call_at
    local.get 1
    i32.store offset=104 align=1
  )
  (func $tasks::step::step (;55;) (type 7)
    (local i32)
    block ;; label = @1
      block ;; label = @2
        i32.const -1
        i32.const -1
        call $tasks::step::first_ready
        local.tee 0
        i32.const -1
        i32.ne
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
    block ;; label = @1
      local.get 0
      i32.const -1
      i32.ne
      br_if 0 (;@1;)
      i32.const 0
      return
    end
    local.get 0
    call $tasks::record::call_at
    i32.load offset=128 align=1
    call $tasks::record::call_at
  )
  (func $tasks::step::resume (;57;) (type 9) (param i32 i32 i32 i32)
    (local i32 i32)
    block ;; label = @1
      local.get 0
      call $tasks::record::call_at
      local.tee 4
      i32.load8_u offset=16
      i32.const 2
      i32.ne
      br_if 0 (;@1;)
      local.get 4
      i32.load offset=20 align=1
      call $tasks::record::set_at
      local.tee 5
      local.get 5
      i32.load align=1
      i32.const -1
      i32.add
      i32.store align=1
    end
    local.get 4
    i32.const 16
    i32.add
    i32.const 0
    i32.store align=1
    local.get 0
    call $tasks::call::switch_to
    local.get 0
    i32.const 1
    local.get 1
    local.get 2
    local.get 3
    call $tasks::step::run_one
  )
  (func $tasks::step::give_turn (;58;) (type 7)
    (local i32)
    i32.const 0
    local.set 0
    block ;; label = @1
      block ;; label = @2
        i32.const 1
        call $tasks::step::wait_for_host
        br_if 0 (;@2;)
        local.get 0
        i32.const 44
        i32.add
        local.tee 0
        local.get 0
        i32.load align=1
        i32.const 1
        i32.add
        local.tee 0
        i32.store align=1
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
      local.get 0
      i32.const 44
      i32.add
      i32.const 0
      i32.store align=1
    end
  )
  (func $exited (;59;) (type 3) (param i32 i32)
    (local i32)
    block ;; label = @1
      block ;; label = @2
        local.get 0
        call $tasks::record::call_at
        local.tee 0
        i32.load8_u offset=76
        i32.const 4
        i32.and
        br_if 0 (;@2;)
        local.get 0
        call $tasks::call::switch_back
        br 1 (;@1;)
      end
      local.get 0
      call $tasks::call::switch_back
      block ;; label = @2
        block ;; label = @3
          block ;; label = @4
            local.get 1
            i32.const 15
            i32.and
            br_table 3 (;@1;) 1 (;@3;) 0 (;@4;) 2 (;@2;)
          end
          local.get 0
          i32.load offset=72 align=1
          local.get 1
          i32.const 4
          i32.shr_u
          i32.const 1073741825
          call $tasks::record::find
          local.tee 1
          call $tasks::record::set_at
          local.tee 2
          local.get 2
          i32.load align=1
          i32.const 1
          i32.add
          i32.store align=1
          local.get 0
          i32.const 258
          local.get 1
          call $tasks::call::wait_for
          return
        end
        local.get 0
        i32.const 257
        i32.const 0
        call $tasks::call::wait_for
        return
      end
      unreachable
    end
    local.get 0
    local.get 0
    i32.load offset=56 align=1
    i32.const 64
    i32.or
    i32.store offset=56 align=1
    local.get 0
    call $tasks::call::end
  )
  (func $tasks::record::new_call (;60;) (type 0) (result i32)
    (local i32 i32)
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
      block ;; label = @2
        i32.const 0
        i32.load offset=56 align=1
        i32.const 16
        i32.ge_u
        br_if 0 (;@2;)
        i32.const 0
        local.set 1
        i32.const 0
        call $tasks::record::call_at
        local.set 0
        loop ;; label = @3
          local.get 0
          i32.const 56
          i32.add
          i32.load align=1
          i32.eqz
          br_if 2 (;@1;)
          local.get 0
          i32.const 144
          i32.add
          local.set 0
          local.get 1
          i32.const 1
          i32.add
          local.set 1
          br 0 (;@3;)
        end
      end
      i32.const 2
      call $tasks::import::fail
      unreachable
    end
    local.get 0
    i32.const 56
    call $tasks::record::clear
    local.get 0
    i32.const 56
    i32.add
    i32.const 1
    i32.store align=1
    i32.const 0
    local.tee 0
    local.get 0
    i32.load offset=56 align=1
    i32.const 1
    i32.add
    i32.store offset=56 align=1
    i32.const 48
    local.get 1
    call $tasks::record::reach
    local.get 1
  )
  (func $tasks::record::clear (;61;) (type 3) (param i32 i32)
    loop ;; label = @1
      block ;; label = @2
        local.get 1
        br_if 0 (;@2;)
        return
      end
      local.get 0
      i64.const 0
      i64.store align=1
      local.get 1
      i32.const -8
      i32.add
      local.set 1
      local.get 0
      i32.const 8
      i32.add
      local.set 0
      br 0 (;@1;)
    end
  )
  (func $tasks::record::reach (;62;) (type 3) (param i32 i32)
    i32.const 0
    local.get 0
    i32.add
    local.tee 0
    local.get 1
    i32.const 1
    i32.add
    local.tee 1
    local.get 0
    i32.load align=1
    local.tee 0
    local.get 1
    local.get 0
    i32.gt_u
    select
    i32.store align=1
  )
  (func $tasks::record::entry (;63;) (type 6) (param i32 i32) (result i32)
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
  (func $args (;64;) (type 2) (param i32) (result i32)
    local.get 0
    call $tasks::record::call_at
    i32.const 88
    i32.add
  )
  (func $begin (;65;) (type 10) (param i32 i32 i32 i32 i32) (result i32)
    (local i32 i32 i32)
    call $tasks::record::current
    local.set 5
    block ;; label = @1
      local.get 4
      i32.const 16
      i32.and
      i32.eqz
      br_if 0 (;@1;)
      block ;; label = @2
        local.get 5
        i32.const -1
        i32.ne
        br_if 0 (;@2;)
        i32.const 0
        i32.load offset=36 align=1
        i32.eqz
        br_if 1 (;@1;)
      end
      i32.const 6
      call $tasks::import::fail
      unreachable
    end
    call $tasks::record::new_call
    local.tee 6
    call $tasks::record::call_at
    local.tee 7
    local.get 5
    i32.const 1
    i32.add
    i32.store offset=80 align=1
    local.get 7
    local.get 4
    i32.store offset=76 align=1
    local.get 7
    local.get 3
    i32.store offset=72 align=1
    local.get 7
    local.get 2
    i32.store offset=68 align=1
    local.get 7
    local.get 1
    i32.store offset=64 align=1
    local.get 7
    local.get 0
    i32.store offset=60 align=1
    local.get 6
  )
  (func $enter_blocking (;66;) (type 4) (param i32)
    (local i32 i32)
    local.get 0
    call $tasks::call::wait_to_enter
    local.get 0
    local.set 1
    block ;; label = @1
      call $tasks::record::current
      local.tee 2
      i32.const -1
      i32.eq
      br_if 0 (;@1;)
      local.get 2
      call $tasks::record::call_at
      i32.load offset=128 align=1
      local.set 1
    end
    local.get 0
    local.get 1
    call $tasks::call::started
  )
  (func $nested (;67;) (type 7)
    (local i32 i32)
    call $tasks::record::current
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
  (func $finish_sync (;68;) (type 2) (param i32) (result i32)
    block ;; label = @1
      local.get 0
      call $tasks::call::is_resolved
      br_if 0 (;@1;)
      i32.const 4
      local.get 0
      call $tasks::step::wait
    end
    local.get 0
    call $tasks::record::call_at
    call $tasks::call::release
  )
  (func $returned (;69;) (type 4) (param i32)
    local.get 0
    i32.const 2
    call $tasks::call::resolve
  )
  (func $p1bridge:tasks-switch_context (;70;) (type 3) (param i32 i32))
  (func $p1bridge:tasks-unlend (;71;) (type 3) (param i32 i32)
    (local i32)
  )
  (func $p1bridge:tasks-table (;72;) (type 2) (param i32) (result i32)
    local.get 0
    i32.const 0
    i32.eq
    if ;; label = @1
      unreachable
      return
    end
    i32.const 0
  )
  (func $p1bridge:tasks-pause (;73;) (type 7)
    call $nested
  )
  (func $p1bridge:tasks-rewind (;74;) (type 4) (param i32)
    unreachable
  )
  (func $p1bridge:tasks-start (;75;) (type 3) (param i32 i32))
  (func $p1bridge:tasks-unwound (;76;) (type 2) (param i32) (result i32)
    i32.const 0
  )
  (func $p1bridge:tasks-callback (;77;) (type 11) (param i32 i32 i32 i32) (result i32)
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
  (func $p1bridge:tasks-thread (;78;) (type 5) (param i32 i32 i32))
  (func $p1bridge:tasks-trap (;79;) (type 4) (param i32)
    unreachable
  )
  (func $p1bridge:initialize (;80;) (type 7))
  (func $"p1bridge:export run" (;81;) (type 7)
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
