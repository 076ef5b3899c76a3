//! Which functions of the library of tasks a function of the canonical ABI calls.

use crate::abi::Type;
use crate::resolve::{AsyncBuiltin, CanonId, CanonKind, ComponentFunc, Given, Program};

/// The functions that a call needs which the caller waits for.
pub const SYNC_CALL: &[&str] = &[
    "begin",
    "enter_blocking",
    "exited",
    "returned",
    "finish_sync",
    "result",
];

/// The functions that a call of the host needs where stacks are taken away.
pub const HOST_CALL: &[&str] = &["launch_host", "finish_host", "room"];

/// The functions that a call needs which the caller does not wait for.
const ASYNC_CALL: &[&str] = &[
    "begin",
    "args",
    "set_loans",
    "enter",
    "exited",
    "returned",
    "finish_async",
];

/// The names of the functions of the library of tasks that a function of the canonical ABI calls, in a
/// program that has tasks.
pub fn functions(program: &Program, id: CanonId) -> Vec<&'static str> {
    let canon = &program.canons[id.0 as usize];
    let mut names: Vec<&'static str> = Vec::new();
    match &canon.kind {
        CanonKind::Lower {
            callee: ComponentFunc::Lift(lift),
            options,
        } => {
            let lift = &program.lifts[lift.0 as usize];
            names.extend(match options.is_async {
                true => ASYNC_CALL,
                false => SYNC_CALL,
            });
            if switches(program) {
                names.extend(["launch", "launch_blocking", "room", "set_loans"]);
            }
            if !options.is_async {
                names.push("args");
            }
            if lift.ty.params.any(&|ty| matches!(ty, Type::Borrow(_))) {
                names.push("borrow");
            }
            if lift.ty.params.has_ends() || lift.ty.result.as_ref().is_some_and(|t| t.has_ends()) {
                names.extend(["take_end", "give_end"]);
            }
        }
        CanonKind::Lower {
            callee: ComponentFunc::Import(import),
            ..
        } => {
            let ty = &program.imports[*import as usize].ty;
            if ty.params.has_ends() {
                names.push("take_end");
            }
            if ty.result.as_ref().is_some_and(|ty| ty.has_ends()) {
                names.push("give_end");
            }
            if pends(program, id) {
                names.extend(["begin", "args", "finish_async"]);
            }
        }
        CanonKind::Async(AsyncBuiltin::Yield) if switches(program) => names.push("yield_turn"),
        CanonKind::Async(builtin) => {
            names.extend(of_builtin(builtin));
            let passes_ends = builtin.end().and_then(|end| end.element.as_ref());
            if passes_ends.is_some_and(|element| element.has_ends()) {
                names.extend(["take_end", "give_end"]);
            }
        }
        CanonKind::Given(given) => names.extend(match (given, switches(program)) {
            (Given::Pause, false) => &["nested"][..],
            (Given::Pause, true) => &["nested", "room_of_current"],
            (Given::Unwound, true) => &["park", "room"],
            (Given::Rewind, true) => &["unpark"],
            _ => &[],
        }),
        CanonKind::ResourceDrop(_) if program.tasks.is_some() => names.push("borrow"),
        _ => {}
    }
    names
}

/// The functions of WASI whose calls can be left pending: what they wait for is asked of the host when nothing else can go on.
const PENDING: [&str; 3] = [
    "[method]tcp-socket.connect",
    "[method]udp-socket.receive",
    "[method]udp-socket.send",
];

/// Whether a lowered import is one of those, and is lowered with `async`.
pub fn pends(program: &Program, id: CanonId) -> bool {
    let CanonKind::Lower {
        callee: ComponentFunc::Import(import),
        options,
    } = &program.canons[id.0 as usize].kind
    else {
        return false;
    };
    let import = &program.imports[*import as usize];
    let interface = import.interface.as_deref().unwrap_or_default();
    options.is_async
        && interface.starts_with("wasi:sockets/types@0.3")
        && PENDING.contains(&import.name.as_str())
}

/// Whether stacks are taken away while their tasks wait.
fn switches(program: &Program) -> bool {
    program.tasks.as_ref().is_some_and(|tasks| tasks.switches)
}

fn of_builtin(builtin: &AsyncBuiltin) -> &'static [&'static str] {
    match builtin {
        AsyncBuiltin::BackpressureInc | AsyncBuiltin::BackpressureDec => &["backpressure"],
        AsyncBuiltin::TaskReturn(..) => &["returning", "site", "args", "result", "returned"],
        AsyncBuiltin::TaskCancel => &["task_cancel"],
        AsyncBuiltin::Yield => &["yield_"],
        AsyncBuiltin::SubtaskCancel(_) => &["subtask_cancel"],
        AsyncBuiltin::SubtaskDrop => &["subtask_drop"],
        AsyncBuiltin::New(_) => &["stream_new"],
        AsyncBuiltin::Read(end, _) if end.is_future => &["future_read"],
        AsyncBuiltin::Write(end, _) if end.is_future => &["future_write"],
        AsyncBuiltin::Read(..) => &["stream_read"],
        AsyncBuiltin::Write(..) => &["stream_write"],
        AsyncBuiltin::CancelRead(..) => &["cancel_read"],
        AsyncBuiltin::CancelWrite(..) => &["cancel_write"],
        AsyncBuiltin::DropReadable(_) => &["drop_readable"],
        AsyncBuiltin::DropWritable(_) => &["drop_writable"],
        AsyncBuiltin::SetNew => &["set_new"],
        AsyncBuiltin::SetWait(_) => &["set_wait", "event"],
        AsyncBuiltin::SetPoll(_) => &["set_poll", "event"],
        AsyncBuiltin::SetDrop => &["set_drop"],
        AsyncBuiltin::Join => &["join"],
        AsyncBuiltin::ThreadIndex => &["thread_index"],
        AsyncBuiltin::ThreadNewIndirect(_) => &["thread_new"],
        AsyncBuiltin::ThreadResumeLater => &["resume_later"],
        AsyncBuiltin::ThreadSuspend => &["suspend"],
        AsyncBuiltin::ThreadSuspendThenResume => &["suspend_then_resume"],
        AsyncBuiltin::ThreadYieldThenResume => &["yield_then_resume"],
        AsyncBuiltin::ThreadSuspendThenPromote => &["suspend_then_promote"],
        AsyncBuiltin::ThreadYieldThenPromote => &["yield_then_promote"],
        AsyncBuiltin::ContextGet(_)
        | AsyncBuiltin::ContextSet(_)
        | AsyncBuiltin::ErrorContextNew(_)
        | AsyncBuiltin::ErrorContextDebugMessage(_)
        | AsyncBuiltin::ErrorContextDrop => &[],
    }
}
