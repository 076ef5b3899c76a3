//! Calls: "canon lift", "canon lower" and "Task State".

use crate::alone::{self, ALONE};
use crate::import::{contexts, fail, reason, switch_context, thread_stack, trap_if, unlend};
use crate::record::{
    At, HOST, NONE, SUBTASK, add, call, call_at, calls, current, find, first_call, flag, free_call,
    from_head, get, get64, head, how, instance, instance_at, mode, new_call, put, put64, root, set,
    subtask, task, task_of, tick, wait, waitable,
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
    if mode & mode::BY_HOST != 0 {
        begin_by_host();
    }
    let new = new_call();
    let at = call_at(new);
    put(at + call::SITE, site);
    put(at + call::LIFT, lift);
    put(at + call::CALLER, caller);
    put(at + call::CALLEE, callee);
    put(at + call::MODE, mode);
    put(at + call::PARENT, get(head() + head::CURRENT));
    let locks = mode & (mode::ASYNC_TYPE | mode::STACKFUL) == mode::ASYNC_TYPE;
    put(at + call::LOCK, if locks { from_head(callee) } else { 0 });
    new
}

/// The host calls: an earlier call of it has not trapped, and is over.
#[inline(never)]
fn begin_by_host() {
    if current() != NONE || get(head() + head::DEPTH) != 0 {
        fail(reason::CANNOT_ENTER);
    }
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

/// Whether another task has the lock that one needs.
#[inline(always)]
pub fn is_locked(at: At) -> bool {
    let lock = get(at + call::LOCK);
    lock != 0 && get(head() + lock + instance::EXCLUSIVE) != 0
}

/// Whether nothing holds a call back: `has_backpressure`.
#[inline(never)]
pub fn can_enter(at: At) -> bool {
    get(at + call::MODE) & mode::ASYNC_TYPE == 0
        || get(callee_of(at) + instance::BACKPRESSURE) == 0 && !is_locked(at)
}

/// Makes a thread the running one, without its lock.
#[inline(always)]
pub fn change_current(thread: u32) {
    if contexts() != 0 {
        change_context(thread);
    }
    put(head() + head::CURRENT, thread);
}

/// Its contexts are those that the guest sees.
#[inline(never)]
fn change_context(thread: u32) {
    switch_context(
        (call_at(current()) + call::CONTEXT).address(),
        (call_at(thread) + call::CONTEXT).address(),
    );
}

/// Makes a thread the running one.
#[inline(never)]
pub fn switch_to(task: u32) {
    let at = call_at(task);
    put(at + call::FRAME, get(head() + head::CURRENT));
    lock(at, task);
    change_current(task);
}

/// Makes what ran before it the running one again.
#[inline(never)]
pub fn switch_back(at: At) {
    lock(at, NONE);
    change_current(get(at + call::FRAME));
}

#[inline(always)]
fn lock(at: At, task: u32) {
    let lock = get(at + call::LOCK);
    if lock != 0 {
        put(head() + lock + instance::EXCLUSIVE, task);
    }
}

/// Lets a call begin, on a stack of its own or on that of its caller.
#[inline(never)]
pub fn started(task: u32, stack: u32) {
    let at = call_at(task);
    put_states(at, task::STARTED, subtask::STARTED);
    put(at + call::STACK, stack);
    switch_to(task);
}

/// Both states at once.
#[inline(always)]
fn put_states(at: At, task: u32, subtask: u32) {
    put64(at + call::TASK, u64::from(task) | u64::from(subtask) << 32);
}

/// What the caller gets to know if it has a handle.
#[inline(always)]
fn progress(at: At) {
    if get(at + call::FLAGS) & flag::HANDLE != 0 {
        set_event(at, 1);
    }
}

/// Whether a call may begin at once: nothing holds it back, and nothing waits before it.
#[inline(never)]
pub fn enters(at: At) -> bool {
    let lock = get(at + call::LOCK);
    if lock == 0 {
        return enters_without_lock(at);
    }
    let at = head() + lock;
    get64(at + instance::BACKPRESSURE) == 0 && get(at + instance::EXCLUSIVE) == 0
}

#[inline(never)]
fn enters_without_lock(at: At) -> bool {
    let is_sync = get(at + call::MODE) & mode::ASYNC_TYPE == 0;
    is_sync || get64(callee_of(at) + instance::BACKPRESSURE) == 0
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
    wait_its_turn(task);
    0
}

#[inline(never)]
fn wait_its_turn(task: u32) {
    let at = call_at(task);
    waiting(at, 1);
    wait_for(at, how::CALL | wait::ENTER, task);
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
    let mut other = first_call();
    while other < calls() {
        let before = call_at(other);
        if get(before + call::WAIT) & wait::MASK == wait::ENTER
            && get(before + call::WAIT_ON) == other
            && get(before + call::CALLEE) == get(at + call::CALLEE)
            && get(before + call::SINCE) < get(at + call::SINCE)
            && can_enter(before)
        {
            return true;
        }
        other += call::BYTES;
    }
    false
}

/// Begins a call that had to wait.
pub fn begin_waiting(task: u32) {
    let at = call_at(task);
    waiting(at, u32::MAX);
    put(at + call::WAIT, wait::NOTHING);
    started(task, task);
    progress(call_at(task));
    step::run(task, root::CALL);
}

/// The core function of a call has returned, or its callback, with a code.
#[unsafe(no_mangle)]
pub extern "C" fn exited(task: u32, packed: u32) {
    if ALONE {
        return alone::exited();
    }
    let at = call_at(task);
    switch_back(at);
    let code = match get(at + call::MODE) & mode::CALLBACK {
        0 => EXIT,
        _ => packed & 15,
    };
    if code == EXIT {
        return end(at, flag::THREAD_ENDED);
    }
    waits(at, code, packed);
}

/// A task has given a code that says that it goes on later.
#[inline(never)]
fn waits(at: At, code: u32, packed: u32) {
    match code {
        YIELD => wait_for(at, how::CALLBACK | wait::YIELD, 0),
        WAIT => {
            let set = find(get(at + call::CALLEE), packed >> 4, crate::record::SET);
            add(crate::record::set_at(set) + set::USES, 1);
            wait_for(at, how::CALLBACK | wait::SET, set);
        }
        _ => p1bridge_shim::trap(),
    }
}

/// A thread of a task has ended, whose own one if a flag says so. A task is over when the last of its threads is:
/// `unregister_thread`.
#[inline(never)]
pub fn end(at: At, flag: u32) {
    let flags = get(at + call::FLAGS) | flag;
    let others = thread_stack() != 0 && get(at + call::THREADS) != 0;
    if others || flags & flag::THREAD_ENDED == 0 {
        return put(at + call::FLAGS, flags);
    }
    trap_if(get(at + call::TASK) != task::RESOLVED);
    put_flags(at, flags | flag::EXITED);
}

/// Frees a call of which neither side knows any more.
#[inline(never)]
fn put_flags(at: At, flags: u32) {
    let both = flag::EXITED | flag::DETACHED;
    put(at + call::FLAGS, flags);
    if flags & both == both {
        free_call(at);
    }
}

#[inline(always)]
pub fn wait_for(at: At, what: u32, on: u32) {
    put(at + call::WAIT, what);
    put(at + call::WAIT_ON, on);
    put(at + call::SINCE, tick());
}

#[inline(always)]
pub fn set_flag(at: At, flag: u32) {
    put(at + call::FLAGS, get(at + call::FLAGS) | flag);
}

/// One side, or both, know no more of a call than a flag says.
pub fn free(at: At, flag: u32) {
    put_flags(at, get(at + call::FLAGS) | flag);
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
    if get(at + call::BORROWS) != 0 {
        fail(reason::BORROWS);
    }
    put_states(at, task::RESOLVED, state);
    progress(at);
}

/// `task.cancel`.
#[unsafe(no_mangle)]
extern "C" fn task_cancel(_instance: u32) {
    let task = returning(0, 0);
    trap_if(get(call_at(task) + call::TASK) != task::CANCEL_DELIVERED);
    resolve(task, subtask::CANCELLED_BEFORE_RETURNED);
}

/// The caller knows that a call is resolved: what it has lent is its own again.
pub fn deliver(at: At) {
    set_flag(at, flag::DELIVERED);
    give_back(at);
}

#[inline(always)]
fn give_back(at: At) {
    let loans = get(at + call::LOANS);
    if loans != 0 {
        give_loans_back(at, loans);
    }
}

#[inline(never)]
fn give_loans_back(at: At, loans: u32) {
    let caller = get(at + call::CALLER);
    if caller != HOST {
        unlend(caller, loans);
    }
}

#[inline(always)]
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
    pend(task)
}

/// The caller of a call that is not resolved gets a handle.
#[inline(never)]
fn pend(task: u32) -> u32 {
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
    give_back(at);
    free(at, flag::DELIVERED | flag::DETACHED);
    (at + call::ARGS).address()
}

/// `backpressure.inc` and `backpressure.dec`.
#[unsafe(no_mangle)]
extern "C" fn backpressure(instance: u32, change: u32) {
    let at = instance_at(instance) + instance::BACKPRESSURE;
    add(at, change);
    trap_if(get(at) > 0xffff);
}
