//! Calls of the host that are left pending until a read or write there would go on.
//!
//! The linker keeps the arguments and calls the function of the library for the host with the number of the call
//! ("[pending]"), at once and each time when the host may be ready. That function says that it waits, or that it is over.

use crate::call::{free, resolve, wait_for};
use crate::host::{forget, watch};
use crate::import::{io_close, start};
use crate::record::{
    call, call_at, flag, get, how, put, stream, stream_at, stream_of, subtask, task, wait,
};

/// Whether the call was tried before.
#[unsafe(no_mangle)]
extern "C" fn call_stage(call: u32) -> u32 {
    (get(call_at(call) + call::TASK) != task::INITIAL).into()
}

/// The call waits until a read of a kind would go on.
#[unsafe(no_mangle)]
extern "C" fn call_waits(call: u32, kind: u32, object: u32) {
    let end = watch(kind, object);
    let at = call_at(call);
    put(at + call::TASK, task::STARTED);
    wait_for(at, how::HOST | wait::END, end);
}

/// The call is over, and its result where it goes.
#[unsafe(no_mangle)]
extern "C" fn call_done(call: u32) {
    over(call, subtask::RETURNED);
}

fn over(call: u32, state: u32) {
    resolve(call, state);
    let at = call_at(call);
    free(at, flag::EXITED);
}

/// What was waited for is there, or not wanted any more.
fn unwatch(call: u32) {
    let at = call_at(call);
    let end = get(at + call::WAIT_ON);
    put(at + call::WAIT, wait::NOTHING);
    let of = stream_at(stream_of(end));
    let (kind, object) = (get(of + stream::KIND), get(of + stream::OBJECT));
    forget(end);
    io_close(kind, object);
}

/// Tries a call again.
#[unsafe(export_name = "weak:again")]
extern "C" fn again(call: u32) {
    unwatch(call);
    start(get(call_at(call) + call::SITE), call);
}

/// The caller does not want it any more: nothing has happened that it would have to know.
#[unsafe(export_name = "weak:cancel-pending")]
extern "C" fn cancel(call: u32) {
    unwatch(call);
    over(call, subtask::CANCELLED_BEFORE_STARTED);
}
