;; package root:root;
;; world root {
;;   import others: interface {
;;     ask: async func(question: string) -> u32;
;;     take: func(data: stream<u8>);
;;   }
;;   import wait: async func();
;;   export fetch: async func(times: u32) -> string;
;;   export plain: func(x: u32) -> u32;
;;   export bytes: interface {
;;     copy: async func(data: stream<u8>) -> future<u32>;
;;     block: async func() -> u32;
;;   }
;; }
(module
  (type (;0;) (func (param i32)))
  (type (;1;) (func (result i64)))
  (type (;2;) (func (result i32)))
  (type (;3;) (func))
  (type (;4;) (func (param i32 i32)))
  (type (;5;) (func (param i32) (result i32)))
  (type (;6;) (func (param i32 i32 i32) (result i32)))
  (type (;7;) (func (param i32 i32) (result i32)))
  (import "others" "take" (func $take (;0;) (type 0) (param i32)))
  (import "others" "[stream-new-0]take" (func $"[stream-new-0]take" (;1;) (type 1) (result i64)))
  (import "$root" "[async-lower]wait" (func $"[async-lower]wait" (;2;) (type 2) (result i32)))
  (import "$root" "wait" (func $wait (;3;) (type 3)))
  (import "$root" "[backpressure-inc]" (func $"[backpressure-inc]" (;4;) (type 3)))
  (import "$root" "[backpressure-dec]" (func $"[backpressure-dec]" (;5;) (type 3)))
  (import "$root" "[context-get-0]" (func $"[context-get-0]" (;6;) (type 2) (result i32)))
  (import "$root" "[context-set-0]" (func $"[context-set-0]" (;7;) (type 0) (param i32)))
  (import "$root" "[waitable-set-new]" (func $"[waitable-set-new]" (;8;) (type 2) (result i32)))
  (import "$root" "[waitable-set-drop]" (func $"[waitable-set-drop]" (;9;) (type 0) (param i32)))
  (import "$root" "[waitable-join]" (func $"[waitable-join]" (;10;) (type 4) (param i32 i32)))
  (import "$root" "[subtask-drop]" (func $"[subtask-drop]" (;11;) (type 0) (param i32)))
  (import "$root" "[async-lower][subtask-cancel]" (func $"[async-lower][subtask-cancel]" (;12;) (type 5) (param i32) (result i32)))
  (import "$root" "[thread-yield]" (func $"[thread-yield]" (;13;) (type 2) (result i32)))
  (import "[export]$root" "[task-cancel]" (func $"[task-cancel]" (;14;) (type 3)))
  (import "[export]bytes" "[task-return]copy" (func $"[task-return]copy" (;15;) (type 0) (param i32)))
  (import "others" "[stream-cancel-read-0]take" (func $"[stream-cancel-read-0]take" (;16;) (type 5) (param i32) (result i32)))
  (import "others" "[stream-drop-readable-0]take" (func $"[stream-drop-readable-0]take" (;17;) (type 0) (param i32)))
  (import "[export]bytes" "[future-new-1]copy" (func $"[future-new-1]copy" (;18;) (type 1) (result i64)))
  (import "[export]bytes" "[future-drop-writable-1]copy" (func $"[future-drop-writable-1]copy" (;19;) (type 0) (param i32)))
  (import "others" "[async-lower]ask" (func $"[async-lower]ask" (;20;) (type 6) (param i32 i32 i32) (result i32)))
  (import "$root" "[waitable-set-wait]" (func $"[waitable-set-wait]" (;21;) (type 7) (param i32 i32) (result i32)))
  (import "$root" "[waitable-set-poll]" (func $"[waitable-set-poll]" (;22;) (type 7) (param i32 i32) (result i32)))
  (import "[export]$root" "[task-return]fetch" (func $"[task-return]fetch" (;23;) (type 4) (param i32 i32)))
  (import "others" "[async-lower][stream-read-0]take" (func $"[async-lower][stream-read-0]take" (;24;) (type 6) (param i32 i32 i32) (result i32)))
  (import "[export]bytes" "[async-lower][future-write-1]copy" (func $"[async-lower][future-write-1]copy" (;25;) (type 7) (param i32 i32) (result i32)))
  (memory (;0;) 1)
  (global $p1bridge:initialized (;0;) (mut i32) i32.const 0)
  (export "[async-lift]fetch" (func 26))
  (export "[callback][async-lift]fetch" (func 27))
  (export "plain" (func 28))
  (export "[async-lift]bytes#copy" (func 29))
  (export "[callback][async-lift]bytes#copy" (func 30))
  (export "bytes#block" (func 31))
  (export "_initialize" (func $p1bridge:initialize))
  (export "memory" (memory 0))
  (func (;26;) (type 5) (param $times i32) (result i32)
    local.get $times
    call $"[context-set-0]"
    call $"[backpressure-inc]"
    i32.const 8
    i32.const 5
    i32.const 16
    call $"[async-lower]ask"
    i32.const 4
    i32.shr_u
    call $"[waitable-set-new]"
    call $"[waitable-join]"
    call $"[backpressure-dec]"
    i32.const 1
  )
  (func (;27;) (type 6) (param $event i32) (param $handle i32) (param i32) (result i32)
    local.get $event
    i32.const 6
    i32.eq
    if ;; label = @1
      call $"[task-cancel]"
      i32.const 0
      return
    end
    call $"[context-get-0]"
    drop
    local.get $handle
    call $"[async-lower][subtask-cancel]"
    drop
    local.get $handle
    call $"[subtask-drop]"
    i32.const 8
    i32.const 5
    call $"[task-return]fetch"
    i32.const 0
  )
  (func (;28;) (type 5) (param i32) (result i32)
    call $"[stream-new-0]take"
    i32.wrap_i64
    call $take
    local.get 0
  )
  (func (;29;) (type 5) (param $data i32) (result i32)
    (local $future i64)
    local.get $data
    i32.const 64
    i32.const 16
    call $"[async-lower][stream-read-0]take"
    drop
    local.get $data
    call $"[stream-cancel-read-0]take"
    drop
    local.get $data
    call $"[stream-drop-readable-0]take"
    call $"[future-new-1]copy"
    local.set $future
    local.get $future
    i32.wrap_i64
    call $"[task-return]copy"
    local.get $future
    i64.const 32
    i64.shr_u
    i32.wrap_i64
    i32.const 64
    call $"[async-lower][future-write-1]copy"
    drop
    local.get $future
    i64.const 32
    i64.shr_u
    i32.wrap_i64
    call $"[future-drop-writable-1]copy"
    i32.const 0
  )
  (func (;30;) (type 6) (param i32 i32 i32) (result i32)
    i32.const 0
  )
  (func (;31;) (type 2) (result i32)
    (local $set i32)
    call $"[waitable-set-new]"
    local.set $set
    call $wait
    call $"[async-lower]wait"
    i32.const 4
    i32.shr_u
    local.get $set
    call $"[waitable-join]"
    local.get $set
    i32.const 32
    call $"[waitable-set-wait]"
    drop
    local.get $set
    i32.const 32
    call $"[waitable-set-poll]"
    drop
    local.get $set
    call $"[waitable-set-drop]"
    call $"[thread-yield]"
  )
  (func $p1bridge:initialize (;32;) (type 3))
  (@producers
    (processed-by "wit-component" "0.263.0")
    (processed-by "p1bridge" "0.1.0")
  )
)
