//! What the sources of sockets that are shared with WASI 0.2 ask of its polling.

use crate::state::State;

pub const READ: u8 = 2;
pub const WRITE: u8 = 3;

/// Whether a read or write would go on at once. Nothing waits here: that is for the library of tasks.
pub fn wait_for(state: &State, fd: u32, mode: u8, _block: bool) -> bool {
    crate::io::is_ready(state, fd, (mode == WRITE).into())
}

/// There are no pollables in WASI 0.3, and what makes them is not called.
pub fn new_pollable(_state: &mut State, _mode: u8, _word: u32, _deadline: u64) -> u32 {
    p1bridge_shim::trap()
}
