//! What runs while a task waits: the loop, and when a task may wait at all.

use crate::call::{begin_waiting, can_enter, exited, mode_of, needs_lock, switch_to};
use crate::import::{callback, fail, io_now, io_poll, max_tasks, reason};
use crate::record::{
    NONE, add, call, call_at, current, flag, get, head, instance, instance_at, mode, put, subtask,
    task, tick, wait, waitable,
};
use crate::{host, set};

/// `EventCode`.
const NO_EVENT: u32 = 0;
pub const CANCELLED: u32 = 6;

/// Traps if a task must not wait: a function of a synchronous type before it has returned, or one that waits
/// for such a task.
#[inline(never)]
pub fn check_may_block(mut waiting: u32) {
    while waiting != NONE {
        let at = call_at(waiting);
        if get(at + call::TASK) == task::RESOLVED {
            return;
        }
        let mode = get(at + call::MODE);
        if mode & mode::ASYNC_TYPE == 0 {
            fail(reason::MAY_NOT_BLOCK);
        }
        if mode & mode::ASYNC_LOWER != 0 {
            return;
        }
        waiting = get(at + call::PARENT).wrapping_sub(1);
    }
}

/// Runs what can run until something holds. Addresses of records may be others then.
pub fn block_until(holds: impl Fn() -> bool) {
    add(head() + head::DEPTH, 1);
    while !holds() {
        step();
    }
    add(head() + head::DEPTH, u32::MAX);
}

/// Whether a task that waits can go on.
#[inline(never)]
fn is_ready(at: u32, task: u32) -> bool {
    match get(at + call::WAIT) {
        wait::NOTHING => false,
        wait::ENTER => can_enter(task),
        what => {
            let callee = instance_at(get(at + call::CALLEE));
            get(callee + instance::EXCLUSIVE) == 0
                && (what == wait::YIELD
                    || get(at + call::TASK) == task::PENDING_CANCEL
                    || set::has_event(get(at + call::WAIT_SET)))
        }
    }
}

/// The first task that can go on, of those that waited before a moment.
#[inline(never)]
fn first_ready(before: u32) -> u32 {
    let (mut found, mut since) = (NONE, before);
    let mut task = 0;
    while task < max_tasks() {
        let at = call_at(task);
        if get(at + call::FLAGS) != 0 && get(at + call::SINCE) < since && is_ready(at, task) {
            since = get(at + call::SINCE);
            found = task;
        }
        task += 1;
    }
    found
}

/// One turn: lets the first task that can go on, or waits for the host.
#[inline(never)]
pub fn step() {
    let ready = first_ready(u32::MAX);
    if ready != NONE {
        dispatch(ready);
    } else if !wait_for_host(false) {
        fail(
            match get(head() + head::DEPTH) > 1 || caller_could_go_on() {
                true => reason::SEVERAL_STACKS,
                false => reason::DEADLOCK,
            },
        );
    }
}

/// Whether a task that waits lies on the stack above a caller that does not wait for it, or has what it waited
/// for: with a stack of its own, that caller would go on.
fn caller_could_go_on() -> bool {
    let mut task = current();
    while task != NONE {
        let at = call_at(task);
        let is_above = get(at + call::FRAME) == get(at + call::PARENT)
            && get(at + call::MODE) & mode::BY_HOST == 0;
        let resolved = get(at + call::TASK) == task::RESOLVED;
        if is_above && (resolved || get(at + call::MODE) & mode::ASYNC_LOWER != 0) {
            return true;
        }
        task = get(at + call::FRAME).wrapping_sub(1);
    }
    false
}

/// Lets a task go on.
#[inline(never)]
fn dispatch(task: u32) {
    let at = call_at(task);
    match get(at + call::WAIT) {
        wait::ENTER => begin_waiting(task),
        wait::YIELD => {
            wait_for_host(true);
            let event = take_cancel(call_at(task));
            resume(task, event, 0, 0);
        }
        _ => {
            let set = get(at + call::WAIT_SET);
            let cancelled = take_cancel(at);
            if cancelled != NO_EVENT {
                resume(task, cancelled, 0, 0);
                return;
            }
            let event = set::take_event(set);
            let payload = head() + head::EVENT;
            resume(task, event, get(payload), get(payload + 4));
        }
    }
}

/// The event of a cancellation that was asked for, if one was.
fn take_cancel(at: u32) -> u32 {
    if get(at + call::TASK) != task::PENDING_CANCEL {
        return NO_EVENT;
    }
    put(at + call::TASK, task::CANCEL_DELIVERED);
    CANCELLED
}

/// Calls the callback of a task that waits in its loop.
#[inline(never)]
pub fn resume(task: u32, event: u32, first: u32, second: u32) {
    let at = call_at(task);
    if get(at + call::WAIT) == wait::SET {
        add(crate::record::set_at(get(at + call::WAIT_SET)), u32::MAX);
    }
    put(at + call::WAIT, wait::NOTHING);
    let lift = get(at + call::LIFT);
    switch_to(task);
    let code = callback(lift, event, first, second);
    exited(task, code);
}

/// Whether a cancellation can be told to a task at once.
pub fn can_resume(task: u32) -> bool {
    let at = call_at(task);
    let what = get(at + call::WAIT);
    (what == wait::YIELD || what == wait::SET) && {
        let callee = instance_at(get(at + call::CALLEE));
        !needs_lock(mode_of(task)) || get(callee + instance::EXCLUSIVE) == 0
    }
}

/// Asks the host for what is waited for there; `now` if there is other work. Says whether there is anything.
#[inline(never)]
fn wait_for_host(now: bool) -> bool {
    let mut any = host::subscribe();
    let mut deadline = u64::MAX;
    let mut timers = false;
    let mut task = 0;
    while task < max_tasks() {
        let at = call_at(task);
        if is_timer(at) {
            timers = true;
            deadline = deadline.min(crate::timer::deadline(at));
        }
        task += 1;
    }
    if timers && !any {
        host::begin();
    }
    any |= timers;
    if !any {
        return false;
    }
    match now {
        true => io_poll(1, 0),
        false => io_poll(timers.into(), deadline),
    }
    host::retry();
    if timers {
        let over = io_now();
        let mut task = 0;
        while task < max_tasks() {
            let at = call_at(task);
            if is_timer(at) && crate::timer::deadline(at) <= over {
                crate::call::resolve(task, subtask::RETURNED);
            }
            task += 1;
        }
    }
    true
}

fn is_timer(at: u32) -> bool {
    get(at + call::FLAGS) & flag::USED != 0
        && get(at + call::MODE) & mode::TIMER != 0
        && get(at + call::SUBTASK) < subtask::RETURNED
}

/// `thread.yield`: what is ready now runs first. A function of a synchronous type goes on at once.
#[unsafe(no_mangle)]
extern "C" fn yield_(_instance: u32) -> u32 {
    let mut waiting = current();
    while waiting != NONE {
        let at = call_at(waiting);
        let mode = get(at + call::MODE);
        if get(at + call::TASK) == task::RESOLVED {
            break;
        }
        if mode & mode::ASYNC_TYPE == 0 {
            return 0;
        }
        if mode & mode::ASYNC_LOWER != 0 {
            break;
        }
        waiting = get(at + call::PARENT).wrapping_sub(1);
    }
    let before = tick();
    add(head() + head::DEPTH, 1);
    loop {
        let ready = first_ready(before);
        if ready == NONE {
            break;
        }
        dispatch(ready);
    }
    wait_for_host(true);
    add(head() + head::DEPTH, u32::MAX);
    0
}

/// Waits until something that can be waited for has an event.
#[inline(never)]
pub fn wait_for(waitable: impl Fn() -> u32) {
    check_may_block(current());
    put(waitable() + waitable::SYNC, 1);
    block_until(|| get(waitable() + waitable::EVENT) != 0);
    put(waitable() + waitable::SYNC, 0);
}
