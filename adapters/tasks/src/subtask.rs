//! `subtask.cancel` and `subtask.drop`.

use crate::alone::ALONE;
use crate::call::{free, is_resolved, resolve, set_flag, waiting};
use crate::import::{handle_remove, table, trap_if, weak};
use crate::record::{
    BLOCKED, SUBTASK, call, call_at, find, flag, get, mode, put, subtask, task, wait, waitable,
};
use crate::set::{move_to, set_event, take_subtask};
use crate::step::{CANCELLED, can_resume, leave_set, resume, run_on, wait_for_event};

#[unsafe(no_mangle)]
extern "C" fn subtask_cancel(instance: u32, handle: u32, is_async: u32) -> u32 {
    let task = find(instance, handle, SUBTASK);
    let at = call_at(task);
    let flags = get(at + call::FLAGS);
    trap_if(flags & (flag::DELIVERED | flag::CANCEL) != 0);
    trap_if(get(at + waitable::SET) != 0 && is_async == 0);
    if !is_resolved(task) {
        set_flag(at, flag::CANCEL);
        request(task);
        if !is_resolved(task) {
            if is_async != 0 {
                return BLOCKED;
            }
            // A `STARTED` that nobody has looked at is not what is waited for.
            while !is_resolved(task) {
                set_event(call_at(task), 0);
                wait_for_event(wait::CALL, task);
            }
        }
    }
    take_subtask(task)
}

/// `Task.request_cancellation`.
fn request(task: u32) {
    let at = call_at(task);
    if get(at + call::MODE) & mode::TIMER != 0 {
        resolve(task, subtask::CANCELLED_BEFORE_RETURNED);
    } else if ALONE {
        // All others are of a guest that calls another.
        p1bridge_shim::trap();
    } else if get(at + call::MODE) & mode::OF_HOST != 0 {
        weak::cancel_pending(task);
    } else if get(at + call::TASK) == task::INITIAL {
        waiting(at, u32::MAX);
        put(at + call::WAIT, wait::NOTHING);
        resolve(task, subtask::CANCELLED_BEFORE_STARTED);
        set_flag(at, flag::EXITED);
    } else if can_resume(at) {
        put(at + call::TASK, task::CANCEL_DELIVERED);
        leave_set(at);
        resume(task, CANCELLED, 0, 0);
        run_on();
    } else {
        put(at + call::TASK, task::PENDING_CANCEL);
    }
}

#[unsafe(no_mangle)]
extern "C" fn subtask_drop(instance: u32, handle: u32) {
    let task = find(instance, handle, SUBTASK);
    let at = call_at(task);
    trap_if(get(at + call::FLAGS) & flag::DELIVERED == 0);
    trap_if(get(at + waitable::SYNC) != 0);
    handle_remove(table(instance), handle, SUBTASK);
    set_event(at, 0);
    move_to(at, 0);
    let timer = get(at + call::MODE) & mode::TIMER != 0;
    free(at, flag::DETACHED | if timer { flag::EXITED } else { 0 });
}
