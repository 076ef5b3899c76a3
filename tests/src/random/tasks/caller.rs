//! The component that calls, one thing after the other.

use std::fmt::Write;

use super::super::guest::put;
use super::super::numbers::Random;
use super::{Element, Function, Lift, Side, function_type, name};

/// Its text with so many programs, and whether the last step of each is wrong.
pub fn text(
    random: &mut Random,
    elements: &[Element],
    functions: &[Function],
    count: usize,
) -> (String, Vec<bool>) {
    let mut side = Side::new(elements);
    side.core(
        "subtask_cancel",
        "(param i32) (result i32)",
        "(canon subtask.cancel)",
    );
    let mut head = String::new();
    for instance in ["a", "b"] {
        put!(head, "    (import \"{instance}\" (instance ${instance}");
        for i in 0..elements.len() {
            put!(head, "      (alias outer $Caller $st{i} (type $st{i}))");
            put!(head, "      (alias outer $Caller $ft{i} (type $ft{i}))");
        }
        for (i, function) in functions.iter().enumerate() {
            put!(
                head,
                "      (export \"f{i}\" (func {}))",
                function_type(function)
            );
        }
        put!(head, "    ))");
        for (i, function) in functions.iter().enumerate() {
            let (params, result) = core_type(function);
            let lower = |options: &str| {
                format!(
                    "(canon lower (func ${instance} \"f{i}\"){options} (memory $mem) (realloc $realloc))"
                )
            };
            let returns = match result {
                "" => String::new(),
                result => format!(" (result {result})"),
            };
            let place = if result.is_empty() { "" } else { " i32" };
            side.core(
                &format!("{instance}{i}_s"),
                &format!("(param{params}){returns}"),
                &lower(""),
            );
            side.core(
                &format!("{instance}{i}_a"),
                &format!("(param{params}{place}) (result i32)"),
                &lower(" async"),
            );
        }
    }
    side.module += PIECES;
    for (i, element) in elements.iter().enumerate() {
        copies(&mut side.module, i, element.size());
    }
    let mut tail = String::new();
    let mut faulty = Vec::with_capacity(count);
    for run in 0..count {
        let (body, is_faulty) = program(random, functions);
        let name = name(run);
        put!(
            side.module,
            "      (func (export \"{name}\")
        (local $status i32) (local $at i32) (local $pair i64) (local $end i32) (local $h i64)
{body}      )"
        );
        put!(
            tail,
            "    (func (export \"{name}\") async (canon lift (core func $main \"{name}\")))"
        );
        faulty.push(is_faulty);
    }
    (side.finish("Caller", &head, &tail), faulty)
}

/// The code of a program, and whether its last step is wrong.
fn program(random: &mut Random, functions: &[Function]) -> (String, bool) {
    let mut body = String::new();
    for k in 0..1 + random.below(7) {
        let i = random.below(functions.len());
        let instance = if random.percent(50) { "a" } else { "b" };
        step(
            random,
            &mut body,
            k as u32,
            &functions[i],
            &format!("{instance}{i}"),
        );
    }
    put!(body, "        (call $settle_all)");
    let faulty = random.percent(15);
    if faulty {
        put!(body, "        {}", fault(random));
    }
    put!(body, "        (call $say (i32.const 999) (i64.const 1))");
    (body, faulty)
}

/// The flat parameters, and the flat result.
fn core_type(function: &Function) -> (&'static str, &'static str) {
    match function {
        Function::Add { .. } | Function::Source { .. } | Function::Promise { .. } => {
            (" i32 i32", "i32")
        }
        Function::Sink { .. } => (" i32 i32 i32", "i64"),
        Function::Await { .. } => (" i32 i32", "i64"),
        Function::Busy { .. } => (" i32", ""),
    }
}

/// Something that traps.
fn fault(random: &mut Random) -> &'static str {
    const FAULTS: [&str; 7] = [
        "(call $st0_drop-readable (i32.const 77))",
        "(call $subtask_drop (i32.const 77))",
        "(call $join (i32.const 77) (i32.const 0))",
        "(call $set_drop (i32.const 0))",
        "(call $ft0_drop-writable (i32.wrap_i64 (i64.shr_u (call $ft0_new) (i64.const 32))))",
        "(drop (call $st0_cancel-read (i32.wrap_i64 (call $st0_new))))",
        "(drop (call $st0_read (i32.wrap_i64 (i64.shr_u (call $st0_new) (i64.const 32))) (i32.const 64) (i32.const 1)))",
    ];
    FAULTS[random.below(FAULTS.len())]
}

/// Calls that are left pending: a list of {status, place of the result, number} from 512 on, whose length is at 504.
const PIECES: &str = "      (func $later (param $status i32) (param $at i32) (param $k i32) (local $to i32)
        (local.set $to (i32.add (i32.const 512) (i32.mul (i32.load (i32.const 504)) (i32.const 16))))
        (i32.store (local.get $to) (local.get $status))
        (i32.store offset=4 (local.get $to) (local.get $at))
        (i32.store offset=8 (local.get $to) (local.get $k))
        (i32.store (i32.const 504) (i32.add (i32.load (i32.const 504)) (i32.const 1))))
      (func $settle_all (local $n i32) (local $to i32)
        (loop $next (if (i32.lt_u (local.get $n) (i32.load (i32.const 504))) (then
          (local.set $to (i32.add (i32.const 512) (i32.mul (local.get $n) (i32.const 16))))
          (call $say (i32.load offset=8 (local.get $to))
            (i64.extend_i32_u (call $settle (i32.load (local.get $to)))))
          (call $say (i32.load offset=8 (local.get $to)) (i64.load (i32.load offset=4 (local.get $to))))
          (local.set $n (i32.add (local.get $n) (i32.const 1)))
          (br $next)))))
";

/// Functions that read or write so many elements in pieces, and cancel every pending copy if they are told so.
fn copies(to: &mut String, i: usize, size: u32) {
    put!(
        to,
        "      (func $read_all{i} (param $end i32) (param $n i32) (param $piece i32) (param $cancel i32) (result i64)
        (local $at i32) (local $ret i32) (local $m i32) (local $h i64)
        (local.set $at (call $alloc (i32.const 256)))
        (loop $more (if (local.get $n) (then
          (local.set $m (select (local.get $piece) (local.get $n) (i32.lt_u (local.get $piece) (local.get $n))))
          (local.set $ret (call $st{i}_read (local.get $end) (local.get $at) (local.get $m)))
          (if (i32.and (local.get $cancel) (i32.eq (local.get $ret) (i32.const -1))) (then
            (local.set $cancel (i32.const 0))
            (local.set $ret (call $st{i}_cancel-read (local.get $end)))))
          (local.set $ret (call $copied (local.get $end) (local.get $ret)))
          (local.set $m (i32.shr_u (local.get $ret) (i32.const 4)))
          (local.set $h (call $hash{i} (local.get $at) (local.get $m) (local.get $h)))
          (local.set $n (i32.sub (local.get $n) (local.get $m)))
          (br_if $more (i32.ne (i32.and (local.get $ret) (i32.const 15)) (i32.const 1))))))
        (call $st{i}_drop-readable (local.get $end))
        (local.get $h))
      (func $write_all{i} (param $end i32) (param $n i32) (param $piece i32) (param $cancel i32)
        (local $at i32) (local $ret i32) (local $m i32)
        (local.set $at (call $fill{i}))
        (loop $more (if (local.get $n) (then
          (local.set $m (select (local.get $piece) (local.get $n) (i32.lt_u (local.get $piece) (local.get $n))))
          (local.set $ret (call $st{i}_write (local.get $end) (local.get $at) (local.get $m)))
          (if (i32.and (local.get $cancel) (i32.eq (local.get $ret) (i32.const -1))) (then
            (local.set $cancel (i32.const 0))
            (local.set $ret (call $st{i}_cancel-write (local.get $end)))))
          (local.set $ret (call $copied (local.get $end) (local.get $ret)))
          (local.set $m (i32.shr_u (local.get $ret) (i32.const 4)))
          (local.set $at (i32.add (local.get $at) (i32.mul (local.get $m) (i32.const {size}))))
          (local.set $n (i32.sub (local.get $n) (local.get $m)))
          (br_if $more (i32.ne (i32.and (local.get $ret) (i32.const 15)) (i32.const 1))))))
        (call $st{i}_drop-writable (local.get $end)))"
    );
}

/// One step, under the number `k`.
fn step(random: &mut Random, to: &mut String, k: u32, function: &Function, name: &str) {
    let n = random.below(33);
    let piece = 1 + random.below(12);
    let cancel = u32::from(random.percent(25));
    let said = |value: &str| format!("        (call $say (i32.const {k}) {value})");
    // A result that is an end, by either lower.
    let got_end = |by_async: bool| match by_async {
        false => {
            format!("        (local.set $end (call ${name}_s (i32.const {k}) (i32.const {n})))")
        }
        true => format!(
            "        (local.set $at (call $alloc (i32.const 16)))
        (drop (call $settle (call ${name}_a (i32.const {k}) (i32.const {n}) (local.get $at))))
        (local.set $end (i32.load (local.get $at)))"
        ),
    };
    let by_async = random.percent(60);
    match function {
        Function::Add { .. } if !by_async => put!(
            to,
            "{}",
            said(&format!(
                "(i64.extend_i32_u (call ${name}_s (i32.const {k}) (i32.const {n})))"
            ))
        ),
        Function::Add {
            lift, heeds_cancel, ..
        } => {
            put!(
                to,
                "        (local.set $at (call $alloc (i32.const 16)))
        (local.set $status (call ${name}_a (i32.const {k}) (i32.const {n}) (local.get $at)))"
            );
            // Whether a call that heeds no cancellation was over before is free.
            if cancel == 1 && *heeds_cancel && *lift == Lift::Callback {
                put!(
                    to,
                    "        (if (i32.gt_u (local.get $status) (i32.const 15)) (then
          (drop (call $subtask_cancel (i32.shr_u (local.get $status) (i32.const 4))))
          (call $subtask_drop (i32.shr_u (local.get $status) (i32.const 4)))))"
                );
            } else {
                put!(
                    to,
                    "        (call $later (local.get $status) (local.get $at) (i32.const {k}))"
                );
            }
        }
        Function::Busy { .. } if !by_async => {
            put!(to, "        (call ${name}_s (i32.const {k}))");
        }
        Function::Busy { .. } => put!(
            to,
            "        (call $later (call ${name}_a (i32.const {k})) (call $alloc (i32.const 16)) (i32.const {k}))"
        ),
        Function::Source { of, .. } => {
            let wanted = random.below(40);
            put!(to, "{}", got_end(by_async));
            put!(
                to,
                "{}",
                said(&format!(
                    "(call $read_all{of} (local.get $end) (i32.const {wanted}) (i32.const {piece}) (i32.const {cancel}))"
                ))
            );
        }
        Function::Sink { of, lift, .. } => {
            let (of, has) = (*of, random.below(60));
            put!(to, "        (local.set $pair (call $st{of}_new))");
            let writable = "(i32.wrap_i64 (i64.shr_u (local.get $pair) (i64.const 32)))";
            let call = format!("(i32.const {k}) (i32.const {n}) (i32.wrap_i64 (local.get $pair))");
            match lift {
                // It blocks inside, so all that it reads must be there before.
                Lift::Sync => put!(
                    to,
                    "        (local.set $status (call $st{of}_write {writable} (call $fill{of}) (i32.const {})))
        (call $say (i32.const {k}) (call ${name}_s {call}))
        (drop (call $copied {writable} (local.get $status)))
        (call $st{of}_drop-writable {writable})",
                    n + 1
                ),
                Lift::Callback => put!(
                    to,
                    "        (local.set $at (call $alloc (i32.const 16)))
        (local.set $status (call ${name}_a {call} (local.get $at)))
        (call $write_all{of} {writable} (i32.const {has}) (i32.const {piece}) (i32.const {cancel}))
        (call $say (i32.const {k}) (i64.extend_i32_u (call $settle (local.get $status))))
        (call $say (i32.const {k}) (i64.load (local.get $at)))"
                ),
            }
        }
        Function::Promise { of, .. } => {
            put!(to, "{}", got_end(by_async));
            if random.percent(80) {
                put!(
                    to,
                    "        (local.set $at (call $alloc (i32.const 16)))
        (drop (call $copied (local.get $end) (call $ft{of}_read (local.get $end) (local.get $at))))
        (call $say (i32.const {k}) (call $hash{of} (local.get $at) (i32.const 1) (i64.const 0)))"
                );
            }
            put!(to, "        (call $ft{of}_drop-readable (local.get $end))");
        }
        Function::Await { of } => put!(
            to,
            "        (local.set $pair (call $ft{of}_new))
        (local.set $at (call $alloc (i32.const 16)))
        (local.set $status (call ${name}_a (i32.const {k}) (i32.wrap_i64 (local.get $pair)) (local.get $at)))
        (local.set $end (i32.wrap_i64 (i64.shr_u (local.get $pair) (i64.const 32))))
        (drop (call $copied (local.get $end) (call $ft{of}_write (local.get $end) (call $fill{of}))))
        (call $ft{of}_drop-writable (local.get $end))
        (call $say (i32.const {k}) (i64.extend_i32_u (call $settle (local.get $status))))
        (call $say (i32.const {k}) (i64.load (local.get $at)))"
        ),
    }
}
