//! Who uses an fd: a descriptor or socket, and the streams and pollables made from it.
//!
//! They share one fd, which is closed when the last of them is dropped: the slot counts the users beside the first, and outlives
//! its handle as an [`ORPHAN`](crate::state::kind::ORPHAN) while there are any. The fds of preopened directories are never closed.

use crate::p1;
use crate::state::{PREOPEN, State};

/// One user more.
#[inline(always)]
pub fn take(state: &State, slot: u32) {
    let users = &state.slot_here(slot).low;
    users.set(users.get() + 1);
}

/// One user less; the last one closes the fd.
#[inline(never)]
pub fn give_back(state: &State, slot: u32) {
    let entry = state.slot_here(slot);
    let others = entry.low.get();
    if others != 0 {
        entry.low.set(others - 1);
        return;
    }
    if entry.flags.get() & PREOPEN == 0 {
        p1::fd_close(entry.word.get());
    }
    state.remove(slot);
}
