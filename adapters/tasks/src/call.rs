//! Calls: "canon lift", "canon lower" and "Task State".

use crate::alone::{self, ALONE};
use crate::import::{contexts, fail, reason, switch_context, trap_if, unlend};
use crate::record::{
    At, HOST, NONE, SUBTASK, add, call, call_at, calls, current, find, flag, free_call, get, head,
    how, instance, instance_at, mode, new_call, put, root, set, subtask, task, task_of, thread_at,
    tick, wait, waitable,
};
use crate::set::set_event;
use crate::step;

/// The codes that a callback gives.
const EXIT: u32 = 0;
const YIELD: u32 = 1;
const WAIT: u32 = 2;

/// A new call.
#[unsafe(no_mangle)]
extern "C" fn begin(site: u32, lift: u32, caller: u32, callee: u32, mode: u32) -> u32 {
    if ALONE {
        return alone::begin(callee, mode);
    }
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
    (call_at(task) + call::ARGS).address()
}

/// Where its result is, if that is one number: arguments are no more needed then.
#[unsafe(no_mangle)]
extern "C" fn result(task: u32) -> u32 {
    (call_at(task) + call::ARGS).address()
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

/// What is kept of the instance that is called.
pub fn callee_of(at: At) -> At {
    instance_at(get(at + call::CALLEE))
}

/// Whether a task locks its instance while it runs.
fn locks(at: At) -> bool {
    get(at + call::MODE) & (mode::ASYNC_TYPE | mode::STACKFUL) == mode::ASYNC_TYPE
}

/// Whether another task has the lock that one needs.
pub fn is_locked(at: At) -> bool {
    locks(at) && get(callee_of(at) + instance::EXCLUSIVE) != 0
}

/// Whether nothing holds a call back: `has_backpressure`.
#[inline(never)]
pub fn can_enter(at: At) -> bool {
    get(at + call::MODE) & mode::ASYNC_TYPE == 0
        || get(callee_of(at) + instance::BACKPRESSURE) == 0 && !is_locked(at)
}

/// Makes a thread the running one, without its lock.
#[inline(never)]
pub fn change_current(thread: u32) {
    let before = current();
    put(head() + head::CURRENT, thread.wrapping_add(1));
    if contexts() != 0 {
        switch_context(
            (thread_at(before) + call::CONTEXT).address(),
            (thread_at(thread) + call::CONTEXT).address(),
        );
    }
}

/// Makes a thread the running one.
#[inline(never)]
pub fn switch_to(task: u32) {
    let at = call_at(task);
    put(at + call::FRAME, get(head() + head::CURRENT));
    lock(at, task + 1);
    change_current(task);
}

/// Makes what ran before it the running one again.
#[inline(never)]
pub fn switch_back(at: At) {
    lock(at, 0);
    change_current(get(at + call::FRAME).wrapping_sub(1));
}

fn lock(at: At, task: u32) {
    if locks(at) {
        put(callee_of(at) + instance::EXCLUSIVE, task);
    }
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
fn progress(at: At) {
    if get(at + call::FLAGS) & flag::HANDLE != 0 {
        set_event(at, 1);
    }
}

/// Whether a call may begin at once: nothing holds it back, and nothing waits before it.
#[inline(never)]
pub fn enters(at: At) -> bool {
    let is_sync = get(at + call::MODE) & mode::ASYNC_TYPE == 0;
    is_sync || get(callee_of(at) + instance::WAITING) == 0 && can_enter(at)
}

/// One more waits to enter the instance of a call, or one fewer.
pub fn waiting(at: At, change: u32) {
    add(callee_of(at) + instance::WAITING, change);
}

/// Begins a call that is lowered with `async`, if it may begin now.
#[unsafe(no_mangle)]
pub extern "C" fn enter(task: u32) -> u32 {
    let at = call_at(task);
    if enters(at) {
        started(task, task);
        return 1;
    }
    waiting(at, 1);
    wait_for(at, how::CALL | wait::ENTER, task);
    0
}

/// Waits until a call may begin whose caller waits for it.
pub fn wait_to_enter(task: u32) {
    let at = call_at(task);
    if !enters(at) {
        waiting(at, 1);
        wait_for(at, wait::ENTER, task);
        step::wait(wait::ENTER, task);
        waiting(call_at(task), u32::MAX);
    }
}

/// Begins a call whose caller waits.
#[unsafe(no_mangle)]
extern "C" fn enter_blocking(task: u32) {
    if ALONE {
        return alone::enter();
    }
    wait_to_enter(task);
    let caller = current();
    let stack = match caller {
        NONE => task,
        caller => get(call_at(caller) + call::STACK),
    };
    started(task, stack);
}

/// Whether another call of the same instance could enter that has waited for longer.
pub fn is_behind(at: At) -> bool {
    let (mut other, all, mut before) = (0, calls(), call_at(0));
    while other < all {
        if get(before + call::WAIT) & wait::MASK == wait::ENTER
            && get(before + call::WAIT_ON) == other
            && get(before + call::CALLEE) == get(at + call::CALLEE)
            && get(before + call::SINCE) < get(at + call::SINCE)
            && can_enter(before)
        {
            return true;
        }
        other += 1;
        before = before + call::BYTES;
    }
    false
}

/// Begins a call that had to wait.
pub fn begin_waiting(task: u32) {
    waiting(call_at(task), u32::MAX);
    started(task, task);
    step::run(task, root::CALL, 0, 0, 0);
}

/// The core function of a call has returned, or its callback, with a code.
#[unsafe(no_mangle)]
pub extern "C" fn exited(task: u32, packed: u32) {
    if ALONE {
        return alone::exited();
    }
    let at = call_at(task);
    let code = match get(at + call::MODE) & mode::CALLBACK {
        0 => EXIT,
        _ => packed & 15,
    };
    switch_back(at);
    match code {
        EXIT => {
            set_flag(at, flag::THREAD_ENDED);
            end(at);
        }
        YIELD => wait_for(at, how::CALLBACK | wait::YIELD, 0),
        WAIT => {
            let set = find(get(at + call::CALLEE), packed >> 4, crate::record::SET);
            add(crate::record::set_at(set) + set::USES, 1);
            wait_for(at, how::CALLBACK | wait::SET, set);
        }
        _ => p1bridge_shim::trap(),
    }
}

/// A task is over when the last of its threads is: `unregister_thread`.
pub fn end(at: At) {
    if get(at + call::THREADS) == 0 && get(at + call::FLAGS) & flag::THREAD_ENDED != 0 {
        trap_if(get(at + call::TASK) != task::RESOLVED);
        set_flag(at, flag::EXITED);
        free(at);
    }
}

pub fn wait_for(at: At, what: u32, on: u32) {
    put(at + call::WAIT, what);
    put(at + call::WAIT_ON, on);
    put(at + call::SINCE, tick());
}

pub fn set_flag(at: At, flag: u32) {
    put(at + call::FLAGS, get(at + call::FLAGS) | flag);
}

/// Frees a call of which neither side knows any more.
pub fn free(at: At) {
    let both = flag::EXITED | flag::DETACHED;
    if get(at + call::FLAGS) & both == both {
        free_call(at);
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
pub fn deliver(at: At) {
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
        release(call_at(task));
        return subtask::RETURNED;
    }
    let caller = get(call_at(task) + call::CALLER);
    let handle = crate::import::handle_add(crate::import::table(caller), task, SUBTASK, 1);
    let at = call_at(task);
    set_flag(at, flag::HANDLE);
    put(at + waitable::HANDLE, handle);
    get(at + call::SUBTASK) | handle << 4
}

/// Waits until a call is resolved: where its result is, until there is another call.
#[unsafe(no_mangle)]
extern "C" fn finish_sync(task: u32) -> u32 {
    if ALONE {
        return args(task);
    }
    if !is_resolved(task) {
        step::wait(wait::RESOLVED, task);
    }
    release(call_at(task))
}

/// The caller has what it wanted: where that is.
pub fn release(at: At) -> u32 {
    deliver(at);
    set_flag(at, flag::DETACHED);
    free(at);
    (at + call::ARGS).address()
}

/// `backpressure.inc` and `backpressure.dec`.
#[unsafe(no_mangle)]
extern "C" fn backpressure(instance: u32, change: u32) {
    let at = instance_at(instance) + instance::BACKPRESSURE;
    add(at, change);
    trap_if(get(at) > 0xffff);
}
