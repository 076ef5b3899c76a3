//! The life of a file descriptor.

use crate::p1;
use crate::state::{PREOPEN, State};

/// Gives back one use of a descriptor; the last one closes the fd.
#[inline(never)]
pub fn give_back(state: &State, descriptor: u32) {
    let entry = state.slot_here(descriptor);
    let others = entry.low.get();
    if others != 0 {
        entry.low.set(others - 1);
        return;
    }
    if entry.flags.get() & PREOPEN == 0 {
        p1::fd_close(entry.word.get());
    }
    state.remove(descriptor);
}

/// One use more.
pub fn take(state: &State, descriptor: u32) {
    let users = &state.slot_here(descriptor).low;
    users.set(users.get() + 1);
}
