//! Waitable sets: "Waitable State".

use crate::ends;
use crate::import::{handle_add, handle_remove, table, trap_if, weak};
use crate::record::{
    At, NONE, SET, add, asks, call, call_at, calls, end, end_at, find, find_waitable, first_call,
    get, head, new_set, put, set, set_at, subtask, wait, waitable,
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

/// The first member of a set that has an event, if one has.
#[inline(never)]
fn member(set: u32) -> u32 {
    if !has_event(set) {
        return NONE;
    }
    let mut task = first_call();
    while task < calls() {
        if is_member(call_at(task), set) {
            return task;
        }
        task += call::BYTES;
    }
    // It is one of these.
    let mut end = head::BYTES;
    while !is_member(end_at(end), set) {
        end += end::BYTES;
    }
    end | END
}

fn is_member(at: At, set: u32) -> bool {
    get(at + waitable::SET) == set + 1 && get(at + waitable::EVENT) != 0
}

pub fn has_event(set: u32) -> bool {
    get(set_at(set) + set::EVENTS) != 0
}

/// Gives an event to what can be waited for, or takes it away: 0.
#[inline(never)]
pub fn set_event(at: At, event: u32) {
    let set = get(at + waitable::SET);
    if set != 0 {
        let has = u32::from(event != 0);
        let had = u32::from(get(at + waitable::EVENT) != 0);
        add(set_at(set - 1) + set::EVENTS, has.wrapping_sub(had));
    }
    put(at + waitable::EVENT, event);
}

/// Puts what can be waited for into a set, which is known by one more than its number; 0 is none.
#[inline(never)]
pub fn move_to(at: At, set: u32) {
    let (event, before) = (get(at + waitable::EVENT), get(at + waitable::SET));
    set_event(at, 0);
    put(at + waitable::SET, set);
    set_event(at, event);
    uses(before, u32::MAX);
    uses(set, 1);
}

fn uses(set: u32, change: u32) {
    if set != 0 {
        add(set_at(set - 1) + set::USES, change);
    }
}

fn set_payload(first: u32, second: u32) {
    let at = head() + head::EVENT;
    put(at, first);
    put(at + 4, second);
}

/// Takes an event of a set; its payload is kept.
#[inline(never)]
pub fn take_event(set: u32) -> u32 {
    let member = member(set);
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
    set_event(at, 0);
    let state = get(at + call::SUBTASK);
    if state >= subtask::RETURNED {
        crate::call::deliver(at);
    }
    state
}

/// Where the payload of the last event is.
#[unsafe(no_mangle)]
extern "C" fn event() -> u32 {
    (head() + head::EVENT).address()
}

#[unsafe(no_mangle)]
extern "C" fn set_wait(instance: u32, handle: u32) -> u32 {
    let set = find(instance, handle, SET);
    if !has_event(set) {
        add(set_at(set) + set::USES, 1);
        step::wait(wait::SET, set);
        add(set_at(set) + set::USES, u32::MAX);
    }
    take_event(set)
}

#[unsafe(no_mangle)]
extern "C" fn set_poll(instance: u32, handle: u32) -> u32 {
    let set = find(instance, handle, SET);
    if get(head() + head::ASKS) & asks::STREAM != 0 {
        weak::look();
    }
    take_event(set)
}

#[unsafe(no_mangle)]
extern "C" fn set_drop(instance: u32, handle: u32) {
    let set = find(instance, handle, SET);
    trap_if(get(set_at(set) + set::USES) != 1);
    put(set_at(set) + set::USES, 0);
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
    move_to(at, set);
}
