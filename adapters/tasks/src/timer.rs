//! Calls of the host that are over when a deadline is: `wait-for` and `wait-until`.

use crate::call::{finish_async, resolve, set_flag};
use crate::import::{io_now, trap_if};
use crate::record::{
    At, HOST, NONE, asks, call, call_at, current, flag, free_call, get, get64, mode, new_call, put,
    put64, subtask, wait,
};
use crate::step;

pub fn deadline(at: At) -> u64 {
    get64(at + call::ARGS)
}

fn new_timer(caller: u32, deadline: u64) -> u32 {
    let new = new_call();
    let at = call_at(new);
    put(at + call::MODE, mode::TIMER);
    put(at + call::CALLER, caller);
    put(at + call::SUBTASK, subtask::STARTED);
    put64(at + call::ARGS, deadline);
    set_flag(at, flag::EXITED);
    match deadline <= io_now() {
        true => resolve(new, subtask::RETURNED),
        false => crate::record::asks(asks::TIMER),
    }
    new
}

/// A call that ends at a moment of the monotonic clock: its state, and a handle if it has not ended.
#[unsafe(no_mangle)]
extern "C" fn timer(deadline: u64) -> u32 {
    let running = current();
    trap_if(running == NONE);
    let instance = get(call_at(running) + call::CALLEE);
    finish_async(new_timer(instance, deadline))
}

/// Waits for a moment of the monotonic clock.
#[unsafe(no_mangle)]
extern "C" fn timer_sync(deadline: u64) {
    if deadline <= io_now() {
        return;
    }
    let timer = new_timer(HOST, deadline);
    step::wait(wait::RESOLVED, timer);
    free_call(call_at(timer));
}
