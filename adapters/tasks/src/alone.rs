//! Calls where there is one task at a time: the host's, which are over when they return. Its record is the first, and the
//! others are of calls of the host. Nothing waits to enter, and nothing else runs while the task waits.

use crate::import::{contexts, fail, reason, switch_context};
use crate::record::{
    NONE, begin_call, call, call_at, current, first_call, get, head, mode, put, task,
};
use crate::step::{is_there, wait_for_host};

/// Whether that is so: the linker takes this library then.
pub const ALONE: bool = cfg!(feature = "alone");
/// Its number.
#[inline(always)]
fn the_task() -> u32 {
    first_call()
}

pub fn begin(callee: u32, mode: u32) -> u32 {
    let at = call_at(the_task());
    if current() != NONE {
        fail(reason::CANNOT_ENTER);
    }
    begin_call(at);
    put(at + call::CALLEE, callee);
    put(at + call::MODE, mode);
    the_task()
}

pub fn enter() {
    let at = call_at(the_task());
    put(at + call::TASK, task::STARTED);
    put(head() + head::CURRENT, the_task());
    if contexts() != 0 {
        // Those before are of nobody.
        let before = head() + call::CONTEXT;
        switch_context(before.address(), (at + call::CONTEXT).address());
    }
}

pub fn exited() {
    put(head() + head::CURRENT, NONE);
}

/// Whether the task may wait: not in a function of a synchronous type before it has returned.
pub fn may_block() -> bool {
    let at = call_at(the_task());
    current() == NONE
        || get(at + call::MODE) & mode::ASYNC_TYPE != 0
        || get(at + call::TASK) == task::RESOLVED
}

/// Waits.
#[inline(never)]
pub fn wait(what: u32, on: u32) {
    if !may_block() {
        fail(reason::MAY_NOT_BLOCK);
    }
    while !is_there(what, on) {
        if !wait_for_host(false) {
            fail(reason::DEADLOCK);
        }
    }
}
