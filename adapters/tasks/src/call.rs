//! Calls: "canon lift", "canon lower" and "Task State".

use crate::import::{context, fail, reason, set_context, trap_if, unlend};
use crate::record::{
    HOST, NONE, SUBTASK, add, call, call_at, calls, current, find, flag, get, head, how, instance,
    instance_at, mode, new_call, put, root, subtask, task, task_of, tick, wait, waitable,
};
use crate::step;

/// The codes that a callback gives.
const EXIT: u32 = 0;
const YIELD: u32 = 1;
const WAIT: u32 = 2;

/// A new call.
#[unsafe(no_mangle)]
extern "C" fn begin(site: u32, lift: u32, caller: u32, callee: u32, mode: u32) -> u32 {
    let parent = current();
    if mode & mode::BY_HOST != 0 && (parent != NONE || get(head() + head::DEPTH) != 0) {
        // An earlier call of the host has trapped, or is not over.
        fail(reason::CANNOT_ENTER);
    }
    let new = new_call();
    let at = call_at(new);
    put(at + call::SITE, site);
    put(at + call::LIFT, lift);
    put(at + call::CALLER, caller);
    put(at + call::CALLEE, callee);
    put(at + call::MODE, mode);
    put(at + call::PARENT, parent.wrapping_add(1));
    new
}

/// Where the arguments of a call are kept.
#[unsafe(no_mangle)]
extern "C" fn args(task: u32) -> u32 {
    call_at(task) + call::ARGS
}

/// Where its result is, if that is one number: arguments are no more needed then.
#[unsafe(no_mangle)]
extern "C" fn result(task: u32) -> u32 {
    call_at(task) + call::ARGS
}

#[unsafe(no_mangle)]
extern "C" fn set_loans(task: u32, last: u32) {
    put(call_at(task) + call::LOANS, last);
}

/// The callee has got a borrowed handle, or has dropped one: `num_borrows`.
#[unsafe(no_mangle)]
extern "C" fn borrow(task: u32, change: u32) {
    add(call_at(task) + call::BORROWS, change);
}

#[unsafe(no_mangle)]
extern "C" fn site(task: u32) -> u32 {
    get(call_at(task) + call::SITE)
}

pub fn mode_of(task: u32) -> u32 {
    get(call_at(task) + call::MODE)
}

pub fn needs_lock(mode: u32) -> bool {
    mode & (mode::ASYNC_TYPE | mode::STACKFUL) == mode::ASYNC_TYPE
}

/// Whether nothing holds a call back: `has_backpressure`.
#[inline(never)]
pub fn can_enter(task: u32) -> bool {
    let mode = mode_of(task);
    let callee = instance_at(get(call_at(task) + call::CALLEE));
    mode & mode::ASYNC_TYPE == 0
        || get(callee + instance::BACKPRESSURE) == 0
            && !(needs_lock(mode) && get(callee + instance::EXCLUSIVE) != 0)
}

/// Makes a thread the running one.
#[inline(never)]
pub fn switch_to(task: u32) {
    let frame = current();
    keep_context(frame);
    let at = call_at(task);
    put(at + call::FRAME, frame.wrapping_add(1));
    put(head() + head::CURRENT, task + 1);
    if needs_lock(get(at + call::MODE)) {
        let callee = instance_at(get(at + call::CALLEE));
        put(callee + instance::EXCLUSIVE, task + 1);
    }
    bring_context(task);
}

/// Makes what ran before it the running one again.
#[inline(never)]
pub fn switch_back(task: u32) {
    keep_context(task);
    let at = call_at(task);
    if needs_lock(get(at + call::MODE)) {
        let callee = instance_at(get(at + call::CALLEE));
        put(callee + instance::EXCLUSIVE, 0);
    }
    let frame = get(at + call::FRAME);
    put(head() + head::CURRENT, frame);
    bring_context(frame.wrapping_sub(1));
}

fn contexts(task: u32) -> u32 {
    match task {
        NONE => head() + head::CONTEXT,
        task => call_at(task) + call::CONTEXT,
    }
}

pub fn keep_context(task: u32) {
    let at = contexts(task);
    put(at, context(0));
    put(at + 4, context(1));
}

pub fn bring_context(task: u32) {
    let at = contexts(task);
    set_context(0, get(at));
    set_context(1, get(at + 4));
}

/// Lets a call begin, on a stack of its own or on that of its caller.
#[inline(never)]
pub fn started(task: u32, stack: u32) {
    let at = call_at(task);
    put(at + call::WAIT, wait::NOTHING);
    put(at + call::TASK, task::STARTED);
    put(at + call::SUBTASK, subtask::STARTED);
    put(at + call::STACK, stack);
    progress(at);
    switch_to(task);
}

/// What the caller gets to know if it has a handle.
fn progress(at: u32) {
    if get(at + call::FLAGS) & flag::HANDLE != 0 {
        put(at + waitable::EVENT, 1);
    }
}

/// Whether a call may begin at once: nothing holds it back, and nothing waits before it.
pub fn enters(task: u32) -> bool {
    let callee = instance_at(get(call_at(task) + call::CALLEE));
    can_enter(task)
        && (get(callee + instance::WAITING) == 0 || mode_of(task) & mode::ASYNC_TYPE == 0)
}

/// One more waits to enter the instance of a call, or one fewer.
fn waiting(task: u32, change: u32) {
    let callee = instance_at(get(call_at(task) + call::CALLEE));
    add(callee + instance::WAITING, change);
}

/// Begins a call that is lowered with `async`, if it may begin now.
#[unsafe(no_mangle)]
pub extern "C" fn enter(task: u32) -> u32 {
    let at = call_at(task);
    if enters(task) {
        started(task, task);
        return 1;
    }
    waiting(task, 1);
    wait_for(at, how::CALL | wait::ENTER, task);
    0
}

/// Waits until a call may begin whose caller waits for it.
pub fn wait_to_enter(task: u32) {
    if !enters(task) {
        waiting(task, 1);
        wait_for(call_at(task), wait::ENTER, task);
        step::wait(wait::ENTER, task);
        waiting(task, u32::MAX);
    }
}

/// Begins a call whose caller waits.
#[unsafe(no_mangle)]
extern "C" fn enter_blocking(task: u32) {
    wait_to_enter(task);
    let caller = current();
    let stack = match caller {
        NONE => task,
        caller => get(call_at(caller) + call::STACK),
    };
    started(task, stack);
}

/// Whether another call of the same instance could enter that has waited for longer.
pub fn is_behind(task: u32) -> bool {
    let at = call_at(task);
    let mut other = 0;
    while other < calls() {
        let before = call_at(other);
        if get(before + call::FLAGS) != 0
            && get(before + call::WAIT) & wait::MASK == wait::ENTER
            && get(before + call::WAIT_ON) == other
            && get(before + call::CALLEE) == get(at + call::CALLEE)
            && get(before + call::SINCE) < get(at + call::SINCE)
            && can_enter(other)
        {
            return true;
        }
        other += 1;
    }
    false
}

/// Begins a call that had to wait.
pub fn begin_waiting(task: u32) {
    waiting(task, u32::MAX);
    started(task, task);
    step::run(task, root::CALL, 0, 0, 0);
}

/// The core function of a call has returned, or its callback, with a code.
#[unsafe(no_mangle)]
pub extern "C" fn exited(task: u32, packed: u32) {
    let at = call_at(task);
    let mode = get(at + call::MODE);
    let code = match mode & mode::CALLBACK {
        0 => EXIT,
        _ => packed & 15,
    };
    switch_back(task);
    let at = call_at(task);
    match code {
        EXIT => {
            set_flag(at, flag::THREAD_ENDED);
            end(at);
        }
        YIELD => wait_for(at, how::CALLBACK | wait::YIELD, 0),
        WAIT => {
            let set = find(get(at + call::CALLEE), packed >> 4, crate::record::SET);
            add(crate::record::set_at(set), 1);
            wait_for(at, how::CALLBACK | wait::SET, set);
        }
        _ => p1bridge_shim::trap(),
    }
}

/// A task is over when the last of its threads is: `unregister_thread`.
pub fn end(at: u32) {
    if get(at + call::THREADS) == 0 && get(at + call::FLAGS) & flag::THREAD_ENDED != 0 {
        trap_if(get(at + call::TASK) != task::RESOLVED);
        set_flag(at, flag::EXITED);
        free(at);
    }
}

pub fn wait_for(at: u32, what: u32, on: u32) {
    put(at + call::WAIT, what);
    put(at + call::WAIT_ON, on);
    put(at + call::SINCE, tick());
}

pub fn set_flag(at: u32, flag: u32) {
    put(at + call::FLAGS, get(at + call::FLAGS) | flag);
}

/// Frees a call of which neither side knows any more.
pub fn free(at: u32) {
    let both = flag::EXITED | flag::DETACHED;
    if get(at + call::FLAGS) & both == both {
        put(at + call::FLAGS, 0);
    }
}

/// The first part of `task.return`: the task that returns.
#[unsafe(no_mangle)]
extern "C" fn returning(_instance: u32, _ty: u32) -> u32 {
    let task = task_of(current());
    trap_if(task == NONE);
    let at = call_at(task);
    trap_if(get(at + call::MODE) & (mode::CALLBACK | mode::STACKFUL) == 0);
    trap_if(get(at + call::TASK) == task::RESOLVED);
    task
}

/// A call has a result.
#[unsafe(no_mangle)]
extern "C" fn returned(task: u32) {
    resolve(task, subtask::RETURNED);
}

pub fn resolve(task: u32, state: u32) {
    let at = call_at(task);
    trap_if(get(at + call::TASK) == task::RESOLVED);
    if get(at + call::BORROWS) != 0 {
        fail(reason::BORROWS);
    }
    put(at + call::TASK, task::RESOLVED);
    put(at + call::SUBTASK, state);
    progress(at);
}

/// `task.cancel`.
#[unsafe(no_mangle)]
extern "C" fn task_cancel(_instance: u32) {
    let task = task_of(current());
    trap_if(task == NONE);
    let at = call_at(task);
    trap_if(get(at + call::MODE) & (mode::CALLBACK | mode::STACKFUL) == 0);
    trap_if(get(at + call::TASK) != task::CANCEL_DELIVERED);
    resolve(task, subtask::CANCELLED_BEFORE_RETURNED);
}

/// The caller knows that a call is resolved: what it has lent is its own again.
pub fn deliver(at: u32) {
    set_flag(at, flag::DELIVERED);
    let (caller, loans) = (get(at + call::CALLER), get(at + call::LOANS));
    if loans != 0 && caller != HOST {
        unlend(caller, loans);
    }
}

pub fn is_resolved(task: u32) -> bool {
    get(call_at(task) + call::SUBTASK) >= subtask::RETURNED
}

/// What a caller gets that did not wait: the state, and a handle if it is not resolved.
#[unsafe(no_mangle)]
pub extern "C" fn finish_async(task: u32) -> u32 {
    if is_resolved(task) {
        let at = call_at(task);
        deliver(at);
        release(task);
        return subtask::RETURNED;
    }
    let caller = get(call_at(task) + call::CALLER);
    let handle = crate::import::handle_add(crate::import::table(caller), task, SUBTASK, 1);
    let at = call_at(task);
    set_flag(at, flag::HANDLE);
    put(at + waitable::HANDLE, handle);
    get(at + call::SUBTASK) | handle << 4
}

/// Waits until a call is resolved.
#[unsafe(no_mangle)]
extern "C" fn finish_sync(task: u32) {
    if !is_resolved(task) {
        step::wait(wait::RESOLVED, task);
    }
    deliver(call_at(task));
}

/// The caller has what it wanted.
#[unsafe(no_mangle)]
extern "C" fn release(task: u32) {
    let at = call_at(task);
    set_flag(at, flag::DETACHED);
    free(at);
}

/// `backpressure.inc` and `backpressure.dec`.
#[unsafe(no_mangle)]
extern "C" fn backpressure(instance: u32, change: u32) {
    let at = instance_at(instance) + instance::BACKPRESSURE;
    add(at, change);
    trap_if(get(at) > 0xffff);
}
