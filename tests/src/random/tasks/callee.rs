//! The component with async functions.
//!
//! A task that is called back keeps a record, whose address is in its context: the number to log under (0), elements that are left (4), the end
//! (8), the set (12), a hash (16), its buffer (24), elements that are done (28), yields that are left (32), and a place for a value (40).

use std::fmt::Write;

use super::super::guest::put;
use super::{Element, Function, Lift, OF_CALLEE, Side, function_type};

/// Its text, with the functions `f0`, `f1` and so on.
pub fn text(elements: &[Element], functions: &[Function]) -> String {
    let mut side = Side::new(elements);
    side.core("context_get", "(result i32)", "(canon context.get i32 0)");
    side.core("context_set", "(param i32)", "(canon context.set i32 0)");
    side.core("task_cancel", "", "(canon task.cancel)");
    side.core("backpressure_inc", "", "(canon backpressure.inc)");
    side.core("backpressure_dec", "", "(canon backpressure.dec)");
    put!(
        side.module,
        "      (func $record (param $k i32) (param $n i32) (param $yields i32) (local $at i32)
        (local.set $at (call $alloc (i32.const 64)))
        (i32.store (local.get $at) (i32.add (local.get $k) (i32.const {OF_CALLEE})))
        (i32.store offset=4 (local.get $at) (local.get $n))
        (i32.store offset=28 (local.get $at) (i32.const 0))
        (i32.store offset=32 (local.get $at) (local.get $yields))
        (i64.store offset=16 (local.get $at) (i64.const 0))
        (call $context_set (local.get $at)))
      (func $wait_on (param $end i32) (local $at i32)
        (local.set $at (call $context_get))
        (i32.store offset=8 (local.get $at) (local.get $end))
        (i32.store offset=12 (local.get $at) (call $set_new))
        (call $join (local.get $end) (i32.load offset=12 (local.get $at))))
      (func $no_wait (local $at i32)
        (local.set $at (call $context_get))
        (call $join (i32.load offset=8 (local.get $at)) (i32.const 0))
        (call $set_drop (i32.load offset=12 (local.get $at))))
      (func $wait_code (result i32)
        (i32.or (i32.const 2) (i32.shl (i32.load offset=12 (call $context_get)) (i32.const 4))))
      ;; Whether the task yields once more.
      (func $yields (result i32) (local $at i32) (local $left i32)
        (local.set $at (call $context_get))
        (local.set $left (i32.load offset=32 (local.get $at)))
        (if (i32.eqz (local.get $left)) (then (return (i32.const 0))))
        (i32.store offset=32 (local.get $at) (i32.sub (local.get $left) (i32.const 1)))
        (i32.const 1))"
    );
    let mut tail = String::new();
    for (i, function) in functions.iter().enumerate() {
        let (result, core) = match function {
            Function::Add { .. } => (" (result u32)".to_string(), "(param i32)"),
            Function::Source { of, .. } => (format!(" (result $st{of})"), "(param i32)"),
            Function::Promise { of, .. } => (format!(" (result $ft{of})"), "(param i32)"),
            Function::Sink { .. } | Function::Await { .. } => {
                (" (result u64)".to_string(), "(param i64)")
            }
            Function::Busy { .. } => (String::new(), ""),
        };
        let lift = match function {
            Function::Add { lift, .. } | Function::Sink { lift, .. } => *lift,
            _ => Lift::Callback,
        };
        let options = match lift {
            Lift::Sync => String::new(),
            Lift::Callback => {
                side.core(
                    &format!("return{i}"),
                    core,
                    &format!("(canon task.return{result})"),
                );
                format!(" async (callback (core func $main \"f{i}_cb\"))")
            }
        };
        body(&mut side.module, i, function, elements);
        put!(
            tail,
            "    (func (export \"f{i}\") {} (canon lift (core func $main \"f{i}\"){options} (memory $mem) (realloc $realloc)))",
            function_type(function)
        );
    }
    side.finish("Callee", "", &tail)
}

/// The core function of a function, and its callback.
fn body(to: &mut String, i: usize, function: &Function, elements: &[Element]) {
    match *function {
        Function::Add {
            lift: Lift::Sync,
            yields,
            ..
        } => put!(
            to,
            "      (func (export \"f{i}\") (param $k i32) (param $a i32) (result i32)
        (local.set $k (i32.add (local.get $k) (i32.const {OF_CALLEE})))
        (call $say (local.get $k) (i64.extend_i32_u (local.get $a)))
        {}
        (call $say (local.get $k) (i64.const {i}))
        (i32.add (i32.mul (local.get $a) (i32.const 3)) (i32.const {i})))",
            "(drop (call $yield)) ".repeat(yields as usize)
        ),
        Function::Add {
            yields,
            early,
            heeds_cancel,
            ..
        } => {
            let finish = format!(
                "(call $say (i32.load (local.get $at)) (i64.const {i}))
        (call $return{i} (i32.add (i32.mul (i32.load offset=4 (local.get $at)) (i32.const 3)) (i32.const {i})))"
            );
            let (first, last) = match early {
                true => (&finish[..], ""),
                false => ("", &finish[..]),
            };
            let cancel = match heeds_cancel && !early {
                true => {
                    "(if (i32.eq (local.get 0) (i32.const 6)) (then (call $task_cancel) (return (i32.const 0))))"
                }
                false => "",
            };
            put!(
                to,
                "      (func (export \"f{i}\") (param $k i32) (param $a i32) (result i32) (local $at i32)
        (call $record (local.get $k) (local.get $a) (i32.const {yields}))
        (local.set $at (call $context_get))
        (call $say (i32.load (local.get $at)) (i64.extend_i32_u (local.get $a)))
        {first}
        (call $step{i}))
      (func $step{i} (result i32) (local $at i32)
        (local.set $at (call $context_get))
        (if (call $yields) (then (return (i32.const 1))))
        {last}
        (i32.const 0))
      (func (export \"f{i}_cb\") (param i32 i32 i32) (result i32)
        {cancel}
        (call $step{i}))"
            );
        }
        Function::Source { of, chunk, zero } => {
            let size = elements[of].size();
            put!(
                to,
                "      (func (export \"f{i}\") (param $k i32) (param $n i32) (result i32) (local $at i32) (local $pair i64)
        (call $record (local.get $k) (local.get $n) (i32.const {}))
        (local.set $at (call $context_get))
        (local.set $pair (call $st{of}_new))
        (i32.store offset=24 (local.get $at) (call $fill{of}))
        (call $wait_on (i32.wrap_i64 (i64.shr_u (local.get $pair) (i64.const 32))))
        (call $return{i} (i32.wrap_i64 (local.get $pair)))
        (call $step{i}))
      (func $step{i} (result i32) (local $at i32) (local $n i32) (local $ret i32)
        (local.set $at (call $context_get))
        (loop $more (if (i32.load offset=4 (local.get $at)) (then
          (local.set $n (i32.load offset=4 (local.get $at)))
          (if (i32.gt_u (local.get $n) (i32.const {chunk})) (then (local.set $n (i32.const {chunk}))))
          (if (call $yields) (then (local.set $n (i32.const 0))))
          (local.set $ret (call $st{of}_write (i32.load offset=8 (local.get $at))
            (i32.add (i32.load offset=24 (local.get $at)) (i32.mul (i32.load offset=28 (local.get $at)) (i32.const {size})))
            (local.get $n)))
          (if (i32.eq (local.get $ret) (i32.const -1)) (then (return (call $wait_code))))
          (call $got{i} (local.get $ret))
          (br $more))))
        (call $no_wait)
        (call $st{of}_drop-writable (i32.load offset=8 (local.get $at)))
        (i32.const 0))
      (func $got{i} (param $ret i32) (local $at i32) (local $n i32)
        (local.set $at (call $context_get))
        (local.set $n (i32.shr_u (local.get $ret) (i32.const 4)))
        (i32.store offset=28 (local.get $at) (i32.add (i32.load offset=28 (local.get $at)) (local.get $n)))
        (i32.store offset=4 (local.get $at) (i32.sub (i32.load offset=4 (local.get $at)) (local.get $n)))
        (if (i32.and (local.get $ret) (i32.const 15)) (then (i32.store offset=4 (local.get $at) (i32.const 0)))))
      (func (export \"f{i}_cb\") (param i32 i32 i32) (result i32)
        (if (i32.eq (local.get 0) (i32.const 3)) (then (call $got{i} (local.get 2))))
        (call $step{i}))",
                u32::from(zero)
            );
        }
        Function::Sink {
            of,
            chunk,
            zero,
            lift,
        } => {
            let wait = match lift {
                Lift::Sync => {
                    "(local.set $ret (call $copied (i32.load offset=8 (local.get $at)) (local.get $ret)))"
                }
                Lift::Callback => {
                    "(if (i32.eq (local.get $ret) (i32.const -1)) (then (return (call $wait_code))))"
                }
            };
            // A sync lift has its record in a local, since another task may run while it waits.
            let (result, begin, end) = match lift {
                Lift::Sync => (
                    "(result i64)",
                    "(i32.store offset=8 (local.get $at) (local.get $s))".to_string(),
                    "(i64.load offset=16 (local.get $at))".to_string(),
                ),
                Lift::Callback => (
                    "(result i32)",
                    "(call $wait_on (local.get $s))".to_string(),
                    format!("(call $return{i} (i64.load offset=16 (local.get $at)))\n        (i32.const 0)"),
                ),
            };
            let no_wait = match lift {
                Lift::Sync => "",
                Lift::Callback => "(call $no_wait)",
            };
            put!(
                to,
                "      (func (export \"f{i}\") (param $k i32) (param $n i32) (param $s i32) {result} (local $at i32)
        (call $record (local.get $k) (local.get $n) (i32.const {}))
        (local.set $at (call $context_get))
        (i32.store offset=24 (local.get $at) (call $alloc (i32.const 256)))
        {begin}
        (call $step{i}))
      (func $step{i} {result} (local $at i32) (local $n i32) (local $ret i32)
        (local.set $at (call $context_get))
        (loop $more (if (i32.load offset=4 (local.get $at)) (then
          (local.set $n (i32.load offset=4 (local.get $at)))
          (if (i32.gt_u (local.get $n) (i32.const {chunk})) (then (local.set $n (i32.const {chunk}))))
          (if (call $yields) (then (local.set $n (i32.const 0))))
          (local.set $ret (call $st{of}_read (i32.load offset=8 (local.get $at)) (i32.load offset=24 (local.get $at)) (local.get $n)))
          {wait}
          (call $got{i} (local.get $ret))
          (br $more))))
        {no_wait}
        (call $st{of}_drop-readable (i32.load offset=8 (local.get $at)))
        (call $say (i32.load (local.get $at)) (i64.load offset=16 (local.get $at)))
        {end})
      (func $got{i} (param $ret i32) (local $at i32) (local $n i32)
        (local.set $at (call $context_get))
        (local.set $n (i32.shr_u (local.get $ret) (i32.const 4)))
        (i64.store offset=16 (local.get $at) (call $hash{of} (i32.load offset=24 (local.get $at)) (local.get $n) (i64.load offset=16 (local.get $at))))
        (i32.store offset=4 (local.get $at) (i32.sub (i32.load offset=4 (local.get $at)) (local.get $n)))
        (if (i32.and (local.get $ret) (i32.const 15)) (then (i32.store offset=4 (local.get $at) (i32.const 0)))))
      (func (export \"f{i}_cb\") (param i32 i32 i32) (result i32)
        {})",
                u32::from(zero),
                match lift {
                    Lift::Sync => "(unreachable)".to_string(),
                    Lift::Callback => format!(
                        "(if (i32.eq (local.get 0) (i32.const 2)) (then (call $got{i} (local.get 2))))
        (call $step{i})"
                    ),
                }
            );
        }
        Function::Promise { of, yields } => put!(
            to,
            "      (func (export \"f{i}\") (param $k i32) (param $a i32) (result i32) (local $at i32) (local $pair i64)
        (call $record (local.get $k) (i32.const 1) (i32.const {yields}))
        (local.set $at (call $context_get))
        (local.set $pair (call $ft{of}_new))
        (i32.store offset=24 (local.get $at) (call $fill{of}))
        (call $wait_on (i32.wrap_i64 (i64.shr_u (local.get $pair) (i64.const 32))))
        (call $return{i} (i32.wrap_i64 (local.get $pair)))
        (call $step{i}))
      (func $step{i} (result i32) (local $at i32)
        (local.set $at (call $context_get))
        (if (call $yields) (then (return (i32.const 1))))
        (if (i32.eq (i32.const -1) (call $ft{of}_write (i32.load offset=8 (local.get $at)) (i32.load offset=24 (local.get $at))))
          (then (return (call $wait_code))))
        (call $end{i}))
      (func $end{i} (result i32)
        (call $no_wait)
        (call $ft{of}_drop-writable (i32.load offset=8 (call $context_get)))
        (i32.const 0))
      (func (export \"f{i}_cb\") (param i32 i32 i32) (result i32)
        (if (i32.eq (local.get 0) (i32.const 5)) (then (return (call $end{i}))))
        (call $step{i}))"
        ),
        Function::Await { of } => put!(
            to,
            "      (func (export \"f{i}\") (param $k i32) (param $s i32) (result i32) (local $at i32)
        (call $record (local.get $k) (i32.const 1) (i32.const 0))
        (local.set $at (call $context_get))
        (i32.store offset=24 (local.get $at) (call $alloc (i32.const 64)))
        (call $wait_on (local.get $s))
        (if (i32.eq (i32.const -1) (call $ft{of}_read (i32.load offset=8 (local.get $at)) (i32.load offset=24 (local.get $at))))
          (then (return (call $wait_code))))
        (call $end{i}))
      (func $end{i} (result i32) (local $at i32)
        (local.set $at (call $context_get))
        (call $no_wait)
        (call $ft{of}_drop-readable (i32.load offset=8 (local.get $at)))
        (i64.store offset=16 (local.get $at) (call $hash{of} (i32.load offset=24 (local.get $at)) (i32.const 1) (i64.const 0)))
        (call $say (i32.load (local.get $at)) (i64.load offset=16 (local.get $at)))
        (call $return{i} (i64.load offset=16 (local.get $at)))
        (i32.const 0))
      (func (export \"f{i}_cb\") (param i32 i32 i32) (result i32)
        (call $end{i}))"
        ),
        Function::Busy { yields } => put!(
            to,
            "      (func (export \"f{i}\") (param $k i32) (result i32)
        (call $record (local.get $k) (i32.const 0) (i32.const {yields}))
        (call $backpressure_inc)
        (call $return{i})
        (call $step{i}))
      (func $step{i} (result i32)
        (if (call $yields) (then (return (i32.const 1))))
        (call $backpressure_dec)
        (i32.const 0))
      (func (export \"f{i}_cb\") (param i32 i32 i32) (result i32)
        (call $step{i}))"
        ),
    }
}
