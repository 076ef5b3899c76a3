//! Threads of a task beside its own, and stacks that are taken away while a thread waits: only in programs that
//! are linked with several stacks. "canon thread.new-indirect" and the built-ins after it.

use crate::call::{
    change_current, end, enter, enters, is_resolved, release, started, switch_back, wait_to_enter,
};
use crate::import::{instances, max_tasks, thread_stack, trap_if};
use crate::record::{
    At, NONE, add, call, call_at, current, first_call, flag, free_call, get, head, how,
    instance_at, mode, new_call, put, root, task, task_of, tick, wait,
};
use crate::step::{self, frame_of, holds, is_ready};

/// Begins a call that is lowered with `async`, if it may begin now, on a stack of its own. What holds it back goes
/// on first if it can: the tests of the specification want that (`sync-streams.wast`), and wasmtime does so.
#[unsafe(no_mangle)]
extern "C" fn launch(task: u32) {
    if !enters(call_at(task)) {
        step::turn_of(get(call_at(task) + call::CALLEE));
    }
    if enter(task) != 0 {
        step::run(task, root::CALL);
    }
}

/// Begins a call whose caller waits for it, on a stack of its own.
#[unsafe(no_mangle)]
extern "C" fn launch_blocking(task: u32) {
    wait_to_enter(task);
    started(task, task);
    step::run(task, root::CALL);
}

/// Begins a call of the host. While it waits, it runs what can run.
#[unsafe(no_mangle)]
extern "C" fn launch_host(task: u32) {
    change_current(NONE);
    launch_blocking(task);
}

/// Waits until a call of the host is resolved: where its result is.
#[unsafe(no_mangle)]
extern "C" fn finish_host(task: u32) -> u32 {
    if !is_resolved(task) {
        let at = frame_of(NONE);
        let (before, on) = (get(at + call::WAIT), get(at + call::WAIT_ON));
        crate::call::wait_for(at, wait::RESOLVED, task);
        step::nested();
        let at = frame_of(NONE);
        put(at + call::WAIT, before);
        put(at + call::WAIT_ON, on);
    }
    let caller = get(call_at(task) + call::PARENT);
    change_current(caller);
    release(call_at(task))
}

/// Where the frames of a stack are kept; before it begins, its arguments.
#[unsafe(no_mangle)]
extern "C" fn room(stack: u32) -> u32 {
    instance_at(instances()).address() + index_of(stack) * thread_stack()
}

/// Where the frames of the running thread are kept, or 0 where they cannot be taken away.
#[unsafe(no_mangle)]
extern "C" fn room_of_current() -> u32 {
    match current() {
        NONE => 0,
        thread => room(get(call_at(thread) + call::STACK)),
    }
}

/// The frames of a stack are away: so many bytes.
#[unsafe(no_mangle)]
extern "C" fn park(stack: u32, bytes: u32) {
    let top = current();
    let at = call_at(stack);
    put(at + call::TOP, top);
    put(at + call::KEPT, bytes);
    put(at + call::WAIT, get(at + call::WAIT) | how::STACK);
    change_current(get(at + call::FRAME));
}

/// The frames of a stack come back: where they end.
#[unsafe(no_mangle)]
extern "C" fn unpark(stack: u32) -> u32 {
    let at = call_at(stack);
    put(at + call::WAIT, get(at + call::WAIT) & wait::MASK);
    put(at + call::FRAME, current());
    change_current(get(at + call::TOP));
    room(stack) + get(call_at(stack) + call::KEPT)
}

/// `thread.new-indirect`.
#[unsafe(no_mangle)]
extern "C" fn thread_new(instance: u32, site: u32, function: u32, argument: u32) -> u32 {
    let task = task_of(current());
    trap_if(task == NONE);
    let new = new_call();
    let at = call_at(new);
    put(at + call::MODE, mode::THREAD);
    put(at + call::LOCK, 0);
    put(at + call::SITE, site);
    put(at + call::CALLEE, instance);
    put(at + call::PARENT, task);
    put(at + call::STACK, new);
    put(at + call::ARGS, function);
    put(at + call::ARGS + 4, argument);
    put(at + call::WAIT, how::THREAD | wait::SUSPENDED);
    add(call_at(task) + call::THREADS, 1);
    index_of(new) + 1
}

/// A thread has ended.
pub fn thread_ended(thread: u32) {
    let at = call_at(thread);
    switch_back(at);
    let task = get(at + call::PARENT);
    free_call(at);
    add(call_at(task) + call::THREADS, u32::MAX);
    end(call_at(task), 0);
}

/// How many calls are before one.
fn index_of(call: u32) -> u32 {
    (call - first_call()) / call::BYTES
}

/// `thread.index`.
#[unsafe(no_mangle)]
extern "C" fn thread_index() -> u32 {
    match current() {
        NONE => 0,
        thread => index_of(thread) + 1,
    }
}

/// A thread of an instance by its index.
fn find_thread(instance: u32, index: u32) -> u32 {
    let thread = index.wrapping_sub(1);
    trap_if(thread >= max_tasks());
    let thread = first_call() + thread * call::BYTES;
    let at = call_at(thread);
    let flags = get(at + call::FLAGS);
    trap_if(flags == 0 || flags & flag::THREAD_ENDED != 0);
    trap_if(get(at + call::CALLEE) != instance);
    let began = get(at + call::TASK) != task::INITIAL;
    trap_if(!began && get(at + call::MODE) & mode::THREAD == 0);
    thread
}

/// Such a thread, which must be suspended: the address of what it waits for.
fn find_suspended(instance: u32, index: u32) -> At {
    let at = frame_of(find_thread(instance, index));
    trap_if(get(at + call::WAIT) & wait::MASK != wait::SUSPENDED);
    at
}

/// Lets a thread go on that was suspended.
fn make_ready(at: At) {
    let how = get(at + call::WAIT) & how::MASK;
    put(at + call::WAIT, how | wait::YIELD);
    put(at + call::SINCE, tick());
}

/// `thread.resume-later`.
#[unsafe(no_mangle)]
extern "C" fn resume_later(instance: u32, index: u32) {
    make_ready(find_suspended(instance, index));
}

/// `thread.suspend`.
#[unsafe(no_mangle)]
extern "C" fn suspend(_instance: u32) -> u32 {
    step::wait(wait::SUSPENDED, 0);
    0
}

/// `thread.yield`.
#[unsafe(no_mangle)]
extern "C" fn yield_turn(_instance: u32) -> u32 {
    step::wait(wait::YIELD, 0);
    0
}

/// The stack of this thread runs as soon as the current one waits.
fn run_next(thread: u32) {
    let stack = get(call_at(thread) + call::STACK);
    put(head() + head::NEXT, stack);
}

/// `thread.suspend-then-resume` and `thread.yield-then-resume`.
fn then_resume(instance: u32, index: u32, what: u32) -> u32 {
    make_ready(find_suspended(instance, index));
    run_next(first_call() + (index - 1) * call::BYTES);
    step::wait(what, 0);
    0
}

#[unsafe(no_mangle)]
extern "C" fn suspend_then_resume(instance: u32, index: u32) -> u32 {
    then_resume(instance, index, wait::SUSPENDED)
}

#[unsafe(no_mangle)]
extern "C" fn yield_then_resume(instance: u32, index: u32) -> u32 {
    then_resume(instance, index, wait::YIELD)
}

/// `thread.suspend-then-promote` and `thread.yield-then-promote`.
fn then_promote(instance: u32, index: u32, what: u32) -> u32 {
    let other = find_thread(instance, index);
    trap_if(other == current());
    let at = frame_of(other);
    if is_ready(at) || get(at + call::WAIT) & how::MASK == 0 && holds(at) {
        run_next(other);
    }
    step::wait(what, 0);
    0
}

#[unsafe(no_mangle)]
extern "C" fn suspend_then_promote(instance: u32, index: u32) -> u32 {
    then_promote(instance, index, wait::SUSPENDED)
}

#[unsafe(no_mangle)]
extern "C" fn yield_then_promote(instance: u32, index: u32) -> u32 {
    then_promote(instance, index, wait::YIELD)
}
