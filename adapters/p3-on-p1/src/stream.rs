//! What the sources of sockets that are shared with WASI 0.2 ask of its streams.

use crate::state::State;
use crate::users;

pub mod weak {
    /// Gives back one use of a socket.
    pub fn release(socket: u32) {
        let state = unsafe { super::State::enter() };
        super::users::give_back(&state, socket);
    }
}

/// There are no such streams in WASI 0.3, and what drops them is not called.
pub fn drop_stream(_state: &State, _handle: u32, _kind: u8) {
    p1bridge_shim::trap()
}
