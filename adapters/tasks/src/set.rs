//! Waitable sets: "Waitable State".

use crate::ends;
use crate::import::{handle_add, handle_remove, table, trap_if};
use crate::record::{
    NONE, SET, add, call, call_at, calls, end, end_at, find, find_waitable, flag, get, head,
    new_set, put, set, set_at, stream, stream_at, streams, subtask, wait, waitable,
};
use crate::step;

/// `EventCode.SUBTASK`.
const SUBTASK_EVENT: u32 = 1;

#[unsafe(no_mangle)]
extern "C" fn set_new(instance: u32) -> u32 {
    let new = new_set();
    handle_add(table(instance), new, SET, 1)
}

/// In the number of a member: it is an end, and not a call.
const END: u32 = 1 << 31;

/// The first member of a set for which something holds.
#[inline(never)]
fn member(set: u32, with_event: bool) -> u32 {
    let (mut task, all, mut at) = (0, calls(), call_at(0));
    while task < all {
        if get(at + call::FLAGS) & flag::USED != 0 && is_member(at, set, with_event) {
            return task;
        }
        task += 1;
        at += call::BYTES;
    }
    let (mut shared, all, mut at) = (0, streams(), stream_at(0));
    while shared < all {
        if get(at + stream::USED) != 0 {
            let ends = at + stream::HEAD;
            if get(ends + end::STATE) != 0 && is_member(ends, set, with_event) {
                return shared << 1 | END;
            }
            let writable = ends + end::BYTES;
            if get(writable + end::STATE) != 0 && is_member(writable, set, with_event) {
                return shared << 1 | 1 | END;
            }
        }
        shared += 1;
        at += stream::BYTES;
    }
    NONE
}

fn is_member(at: u32, set: u32, with_event: bool) -> bool {
    get(at + waitable::SET) == set + 1 && !(with_event && get(at + waitable::EVENT) == 0)
}

#[inline(never)]
pub fn has_event(set: u32) -> bool {
    member(set, true) != NONE
}

fn set_payload(first: u32, second: u32) {
    let at = head() + head::EVENT;
    put(at, first);
    put(at + 4, second);
}

/// Takes an event of a set; its payload is kept.
#[inline(never)]
pub fn take_event(set: u32) -> u32 {
    let member = member(set, true);
    if member == NONE {
        set_payload(0, 0);
        0
    } else if member & END == 0 {
        let handle = get(call_at(member) + waitable::HANDLE);
        set_payload(handle, take_subtask(member));
        SUBTASK_EVENT
    } else {
        let end = member & !END;
        let handle = get(end_at(end) + waitable::HANDLE);
        set_payload(handle, ends::take(end));
        ends::event_code(end)
    }
}

/// Takes the event of a call: its state.
pub fn take_subtask(task: u32) -> u32 {
    let at = call_at(task);
    put(at + waitable::EVENT, 0);
    let state = get(at + call::SUBTASK);
    if state >= subtask::RETURNED {
        crate::call::deliver(at);
    }
    state
}

/// Where the payload of the last event is.
#[unsafe(no_mangle)]
extern "C" fn event() -> u32 {
    head() + head::EVENT
}

#[unsafe(no_mangle)]
extern "C" fn set_wait(instance: u32, handle: u32) -> u32 {
    let set = find(instance, handle, SET);
    if !has_event(set) {
        add(set_at(set) + set::WAITERS, 1);
        step::wait(wait::SET, set);
        add(set_at(set) + set::WAITERS, u32::MAX);
    }
    take_event(set)
}

#[unsafe(no_mangle)]
extern "C" fn set_poll(instance: u32, handle: u32) -> u32 {
    let set = find(instance, handle, SET);
    crate::host::look();
    take_event(set)
}

#[unsafe(no_mangle)]
extern "C" fn set_drop(instance: u32, handle: u32) {
    let set = find(instance, handle, SET);
    trap_if(member(set, false) != NONE);
    trap_if(get(set_at(set) + set::WAITERS) != 1);
    put(set_at(set) + set::WAITERS, 0);
    handle_remove(table(instance), handle, SET);
}

#[unsafe(no_mangle)]
extern "C" fn join(instance: u32, handle: u32, set: u32) {
    let at = find_waitable(instance, handle);
    trap_if(get(at + waitable::SYNC) != 0);
    let set = match set {
        0 => 0,
        set => find(instance, set, SET) + 1,
    };
    put(at + waitable::SET, set);
}
