//! What runs while a task waits: the loop, and when a task may wait at all.

use crate::alone::{self, ALONE};
use crate::call::{
    begin_waiting, can_enter, exited, is_behind, is_locked, is_resolved, switch_to, wait_for,
};
use crate::host;
use crate::import::{
    self, callback, fail, io_now, io_poll, pause, reason, rewind, start, thread_stack, unwound,
    weak,
};
use crate::record::{
    At, NONE, add, asks, call, call_at, calls, current, first_call, flag, get, head, how, mode,
    put, root, set, set_at, subtask, task, tick, wait, waitable,
};
use crate::set::{has_event, take_event};
use crate::thread::thread_ended;

/// `EventCode`.
const NO_EVENT: u32 = 0;
pub const CANCELLED: u32 = 6;

/// How often in a row a turn may be given up while nothing else can run but a caller below.
const TURNS: u32 = 1 << 16;

/// Whether a thread may wait: not in a function of a synchronous type before it has returned, nor where such a
/// task waits for it.
#[inline(never)]
fn may_block(mut waiting: u32) -> bool {
    while waiting != NONE {
        let at = call_at(waiting);
        let mode = get(at + call::MODE);
        if get(at + call::TASK) == task::RESOLVED || mode & mode::THREAD != 0 {
            return true;
        }
        if mode & mode::ASYNC_TYPE == 0 {
            return false;
        }
        if mode & mode::ASYNC_LOWER != 0 {
            return true;
        }
        waiting = get(at + call::PARENT);
    }
    true
}

/// The record that says what a thread waits for: that of the stack that it is on.
#[inline(never)]
pub fn frame_of(thread: u32) -> At {
    match thread {
        NONE => head(),
        thread => call_at(get(call_at(thread) + call::STACK)),
    }
}

/// Whether what a thread waits for is there.
#[inline(never)]
pub fn holds(at: At) -> bool {
    is_there(get(at + call::WAIT) & wait::MASK, get(at + call::WAIT_ON))
}

/// What is waited for most comes first; all the rest is a function of its own, as many engines count and translate what
/// is not reached with what is.
#[inline(always)]
pub fn is_there(what: u32, on: u32) -> bool {
    match what {
        wait::RESOLVED => is_resolved(on),
        wait::SET => has_event(on),
        _ => is_other_there(what, on),
    }
}

#[inline(never)]
fn is_other_there(what: u32, on: u32) -> bool {
    match what {
        wait::YIELD => true,
        wait::ENTER if !ALONE => can_enter(call_at(on)) && !is_behind(call_at(on)),
        wait::CALL | wait::END => get(head() + on + waitable::EVENT) != 0,
        _ => false,
    }
}

/// Waits. Addresses of records may be others then.
#[inline(never)]
pub fn wait(what: u32, on: u32) {
    if ALONE {
        return alone::wait(what, on);
    }
    let thread = current();
    if !may_block(thread) {
        return wait_in_sync(thread, what, on);
    }
    let at = frame_of(thread);
    let (before, before_on) = (get(at + call::WAIT), get(at + call::WAIT_ON));
    wait_for(at, what, on);
    pause();
    let at = frame_of(thread);
    put(at + call::WAIT, before);
    put(at + call::WAIT_ON, before_on);
}

/// Waits in a function of a synchronous type: only threads of its instance run. `canon_lift`.
#[inline(never)]
fn wait_in_sync(thread: u32, what: u32, on: u32) {
    let at = call_at(thread);
    let stack = get(at + call::STACK);
    put(at + call::STACK, thread);
    wait_for(at, what, on);
    let instance = get(at + call::CALLEE);
    run_on();
    if what == wait::YIELD {
        turn_of(instance);
    }
    while !holds(call_at(thread)) {
        let ready = first_ready(u32::MAX, instance);
        if ready == NONE {
            fail(reason::MAY_NOT_BLOCK);
        }
        dispatch(ready);
    }
    let at = call_at(thread);
    put(at + call::WAIT, wait::NOTHING);
    put(at + call::STACK, stack);
}

/// Runs what can run until what the thread waits for is there: its frames lie below.
#[unsafe(no_mangle)]
pub extern "C" fn nested() {
    let thread = current();
    add(head() + head::DEPTH, 1);
    while !holds(frame_of(thread)) {
        step();
    }
    add(head() + head::DEPTH, u32::MAX);
}

/// Whether a thread that is not on the stack can go on.
#[inline(always)]
pub fn is_ready(at: At) -> bool {
    match get(at + call::WAIT) {
        IN_LOOP => !is_locked(at),
        _ => is_other_ready(at),
    }
}

/// What is kept of a task that has given up its turn, in its loop.
const IN_LOOP: u32 = how::CALLBACK | wait::YIELD;

#[inline(never)]
fn is_other_ready(at: At) -> bool {
    match get(at + call::WAIT) & how::MASK {
        0 => false,
        how::CALL => can_enter(at),
        how::CALLBACK => {
            !is_locked(at) && (get(at + call::TASK) == task::PENDING_CANCEL || holds(at))
        }
        _ => holds(at),
    }
}

/// Any instance.
const ALL: u32 = u32::MAX;

/// The first thread that can go on, of those that have waited since a moment, or before it, in an instance.
#[inline(never)]
fn first_ready(up_to: u32, instance: u32) -> u32 {
    let (mut found, mut since) = (NONE, up_to);
    // Nothing runs meanwhile that could move the records.
    let (mut task, all) = (first_call(), calls());
    while task < all {
        if goes_on(call_at(task), since, instance) {
            since = get(call_at(task) + call::SINCE);
            found = task;
        }
        task += call::BYTES;
    }
    found
}

/// Whether a thread can go on, and has waited since a moment, or before it, in an instance.
#[inline(never)]
fn goes_on(at: At, up_to: u32, instance: u32) -> bool {
    get(at + call::WAIT) & how::MASK != 0
        && get(at + call::SINCE) <= up_to
        && is_ready(at)
        && (instance == ALL || is_thread_of(at, instance))
}

/// Lets one thread go on where the running one may wait; says whether one did.
#[inline(never)]
pub fn others_go_on() -> bool {
    let ready = match may_block(current()) {
        true => first_ready(u32::MAX, ALL),
        false => NONE,
    };
    if ready == NONE {
        return false;
    }
    add(head() + head::DEPTH, 1);
    dispatch(ready);
    add(head() + head::DEPTH, u32::MAX);
    true
}

/// Lets the threads of an instance that can go on have a turn each.
pub fn turn_of(instance: u32) {
    let before = tick();
    loop {
        let ready = first_ready(before - 1, instance);
        if ready == NONE {
            return;
        }
        dispatch(ready);
    }
}

/// Whether a stack of an instance was taken away, or has not begun: a callback in its loop does not count.
#[inline(never)]
fn is_thread_of(at: At, instance: u32) -> bool {
    get(at + call::CALLEE) == instance && get(at + call::WAIT) & how::MASK >= how::STACK
}

/// One turn: lets the first thread that can go on, or waits for the host.
#[inline(never)]
fn step() {
    let ready = first_ready(u32::MAX, ALL);
    if ready != NONE {
        dispatch(ready);
    } else if !wait_for_host(false) {
        fail(match another_could_go_on() {
            true => reason::SEVERAL_STACKS,
            false => reason::DEADLOCK,
        });
    }
}

/// Whether a frame that lies below on the stack would go on with a stack of its own: one that has what it waits
/// for, or a caller that does not wait for what lies above it.
fn another_could_go_on() -> bool {
    if get(head() + head::DEPTH) > 1 {
        return true;
    }
    let mut task = current();
    while task != NONE {
        let at = call_at(task);
        let is_above = get(at + call::FRAME) == get(at + call::PARENT)
            && get(at + call::MODE) & mode::BY_HOST == 0;
        let resolved = get(at + call::TASK) == task::RESOLVED;
        if is_above && (resolved || get(at + call::MODE) & mode::ASYNC_LOWER != 0) {
            return true;
        }
        task = get(at + call::FRAME);
    }
    false
}

/// Lets a thread go on.
#[inline(never)]
pub fn dispatch(task: u32) {
    put(head() + head::NEXT, NONE);
    go(task);
    run_on();
}

/// Lets the next threads go on, if any are to.
#[inline(always)]
pub fn run_on() {
    if get(head() + head::NEXT) != NONE {
        run_next();
    }
}

#[inline(never)]
fn run_next() {
    loop {
        let next = get(head() + head::NEXT);
        if next == NONE {
            return;
        }
        put(head() + head::NEXT, NONE);
        go(next);
    }
}

#[inline(never)]
fn go(task: u32) {
    let word = get(call_at(task) + call::WAIT);
    if word & wait::MASK == wait::YIELD {
        give_turn();
    } else {
        put(head() + head::TURNS, 0);
    }
    let at = call_at(task);
    if word == IN_LOOP && get(at + call::TASK) != task::PENDING_CANCEL {
        return resume(task, NO_EVENT, 0, 0);
    }
    go_otherwise(task, word);
}

/// Lets a thread go on that has not just given up its turn in its loop.
#[inline(never)]
fn go_otherwise(task: u32, word: u32) {
    let at = call_at(task);
    match word & how::MASK {
        // On the stack: it goes on when what lies above is over.
        0 => {}
        how::CALL => begin_waiting(task),
        how::HOST => weak::again(task),
        how::STACK | how::THREAD if thread_stack() == 0 => p1bridge_shim::trap(),
        how::STACK => {
            rewind(task);
            run_one(task, get(call_at(task) + call::ROOT));
        }
        how::THREAD => {
            put(at + call::WAIT, wait::NOTHING);
            switch_to(task);
            run_one(task, root::THREAD);
        }
        _ => {
            leave_set(at);
            if take_cancel(at) != NO_EVENT {
                return resume(task, CANCELLED, 0, 0);
            }
            let event = take_event(get(at + call::WAIT_ON));
            let payload = head() + head::EVENT;
            resume(task, event, get(payload), get(payload + 4));
        }
    }
}

/// A thread gives up its turn: what the host has is looked at. Who only does that for a caller below, which
/// cannot go on, would do it forever.
#[inline(always)]
fn give_turn() {
    let at = head() + head::TURNS;
    let turns = get(at) + 1;
    put(at, turns);
    if turns > TURNS || get(head() + head::ASKS) != 0 {
        look_below(turns);
    }
}

#[inline(never)]
fn look_below(turns: u32) {
    if wait_for_host(true) {
        put(head() + head::TURNS, 0);
    } else if turns > TURNS && another_could_go_on() {
        fail(reason::SEVERAL_STACKS);
    }
}

/// Runs a thread from where its stack begins until it waits or ends, and then those that are to run at once.
pub fn run(thread: u32, root: u32) {
    run_one(thread, root);
    run_on();
}

#[inline(never)]
fn run_one(thread: u32, root: u32) {
    let at = call_at(thread);
    let site = get(at + call::SITE);
    if thread_stack() == 0 {
        return start(site, thread);
    }
    match root {
        root::CALL => start(site, thread),
        // Its frames come back: what it was called with is with them.
        root::CALLBACK => return call_back(thread, NO_EVENT, 0, 0),
        _ => import::thread(site, get(at + call::ARGS), get(at + call::ARGS + 4)),
    }
    if unwound(thread) != 0 {
        put(call_at(thread) + call::ROOT, root);
    } else if root == root::THREAD {
        thread_ended(thread);
    }
}

#[inline(always)]
fn call_back(task: u32, event: u32, first: u32, second: u32) {
    let lift = get(call_at(task) + call::LIFT);
    let code = callback(lift, event, first, second);
    if thread_stack() != 0 && unwound(task) != 0 {
        put(call_at(task) + call::ROOT, root::CALLBACK);
    } else {
        exited(task, code);
    }
}

/// The event of a cancellation that was asked for, if one was.
fn take_cancel(at: At) -> u32 {
    if get(at + call::TASK) != task::PENDING_CANCEL {
        return NO_EVENT;
    }
    put(at + call::TASK, task::CANCEL_DELIVERED);
    CANCELLED
}

/// A task that waits in its loop does so no more: a set that it waited for has one use less.
#[inline(never)]
pub fn leave_set(at: At) {
    if get(at + call::WAIT) & wait::MASK == wait::SET {
        add(set_at(get(at + call::WAIT_ON)) + set::USES, u32::MAX);
    }
}

/// Calls the callback of a task that waits in its loop.
#[inline(never)]
pub fn resume(task: u32, event: u32, first: u32, second: u32) {
    put(call_at(task) + call::WAIT, wait::NOTHING);
    switch_to(task);
    call_back(task, event, first, second);
}

/// Whether a cancellation can be told to a task at once.
pub fn can_resume(at: At) -> bool {
    get(at + call::WAIT) & how::MASK == how::CALLBACK && !is_locked(at)
}

/// Asks the host for what is waited for there; `now` if there is other work. Says whether there is anything.
pub fn wait_for_host(now: bool) -> bool {
    get(head() + head::ASKS) != 0 && weak::ask(now.into()) != 0
}

#[unsafe(export_name = "weak:ask")]
extern "C" fn ask(now: u32) -> u32 {
    let any = host::subscribe();
    let deadline = next_deadline();
    if deadline == u64::MAX {
        let asked = head() + head::ASKS;
        put(asked, get(asked) & !asks::TIMER);
    }
    let timers = get(head() + head::ASKS) & asks::TIMER != 0;
    if timers && !any {
        host::begin();
    }
    if !any && !timers {
        return 0;
    }
    match now {
        1 => io_poll(1, 0),
        _ => io_poll(timers.into(), deadline),
    }
    host::retry();
    if timers {
        let over = io_now();
        let mut task = first_call();
        while task < calls() {
            let at = call_at(task);
            if is_timer(at) && crate::timer::deadline(at) <= over {
                crate::call::resolve(task, subtask::RETURNED);
            }
            task += call::BYTES;
        }
    }
    1
}

/// The moment at which the first call of the host is over, or the last of all where there is none.
fn next_deadline() -> u64 {
    let mut deadline = u64::MAX;
    let mut task = first_call();
    while task < calls() {
        let at = call_at(task);
        if is_timer(at) {
            deadline = deadline.min(crate::timer::deadline(at)).min(u64::MAX - 1);
        }
        task += call::BYTES;
    }
    deadline
}

fn is_timer(at: At) -> bool {
    get(at + call::FLAGS) & flag::USED != 0
        && get(at + call::MODE) & mode::TIMER != 0
        && get(at + call::SUBTASK) < subtask::RETURNED
}

/// `thread.yield` where frames stay on the stack: what is ready now runs first. A function of a synchronous type
/// goes on at once.
#[unsafe(no_mangle)]
extern "C" fn yield_(_instance: u32) -> u32 {
    if ALONE {
        if alone::may_block() {
            wait_for_host(true);
        }
        return 0;
    }
    if !may_block(current()) {
        return 0;
    }
    let before = tick();
    add(head() + head::DEPTH, 1);
    loop {
        let ready = first_ready(before - 1, ALL);
        if ready == NONE {
            break;
        }
        dispatch(ready);
    }
    add(head() + head::DEPTH, u32::MAX);
    give_turn();
    0
}

/// Waits until a call or an end has an event.
#[inline(never)]
pub fn wait_for_event(what: u32, on: u32) {
    put(head() + on + waitable::SYNC, 1);
    wait(what, on);
    put(head() + on + waitable::SYNC, 0);
}
