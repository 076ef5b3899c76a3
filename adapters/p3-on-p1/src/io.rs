//! What the library of tasks asks for: streams and futures of which the host has an end.
//!
//! This instance of the library sees all of the memory: addresses are those of the output.

use p1bridge_shim::abi::{load16, store8, store64};

use crate::p1;
use crate::state::{State, max_poll};
use crate::tasks::kind;
use crate::time::now;

pub const WOULD_BLOCK: i64 = -1;
/// The most that one call of the host moves.
pub const MOST: u32 = 65536;

const MILLISECOND: u64 = 1_000_000;
/// Hosts hand the milliseconds on as an `int`.
const LONGEST: u64 = 1_000_000_000 * MILLISECOND;
/// How long those that found no place in a poll wait for the next one.
const CROWDED: u64 = 10 * MILLISECOND;
const SUBSCRIPTION: u32 = 48;
const EVENT: u32 = 32;
/// The address of the buffer of the library of tasks.
const BUFFER: u32 = 0xffff_f000;
/// In the number of subscriptions: there was no place for more.
const FULL: u32 = 1 << 7;

/// What only programs with files or sockets do: the linker binds these to the exports of the same names where such
/// an interface is reached.
mod weak {
    #[link(wasm_import_module = "if wasi:filesystem/types")]
    unsafe extern "C" {
        #[link_name = "weak:stored-read"]
        pub safe fn stored_read(
            kind: u32,
            object: u32,
            offset: u64,
            address: u32,
            count: u32,
            port: u32,
            pointer: u32,
        ) -> i64;
        #[link_name = "weak:stored-write"]
        pub safe fn stored_write(
            kind: u32,
            object: u32,
            offset: u64,
            address: u32,
            count: u32,
        ) -> i64;
        #[link_name = "weak:stored-close"]
        pub safe fn stored_close(kind: u32, object: u32);
        #[link_name = "weak:stored-result"]
        pub safe fn stored_result(errno: u32, address: u32);
    }
    #[link(wasm_import_module = "if wasi:sockets/types")]
    unsafe extern "C" {
        #[link_name = "weak:socket-read"]
        pub safe fn socket_read(kind: u32, socket: u32, address: u32, count: u32) -> i64;
        #[link_name = "weak:socket-write"]
        pub safe fn socket_write(socket: u32, address: u32, count: u32) -> i64;
        #[link_name = "weak:socket-close"]
        pub safe fn socket_close(kind: u32, socket: u32);
        #[link_name = "weak:socket-result"]
        pub safe fn socket_result(errno: u32, address: u32);
    }
}

/// A call that was interrupted is made again when the next poll is over.
pub fn failed(errno: u32) -> i64 {
    match errno {
        p1::AGAIN | p1::INTR => WOULD_BLOCK,
        errno => -2 - i64::from(errno),
    }
}

/// What the host has moved, or its error.
pub fn moved(state: &State, errno: u32) -> i64 {
    match errno {
        0 => i64::from(state.fixed().count.get()),
        errno => failed(errno),
    }
}

/// The fd behind an object.
fn fd(state: &State, kind: u32, object: u32) -> u32 {
    match kind {
        kind::INPUT | kind::OUTPUT => object,
        _ => state.slot_here(object).word.get(),
    }
}

/// Whether a read of such a file may wait: then the host is asked first.
pub fn waits(file_type: u32) -> bool {
    file_type != p1::REGULAR_FILE && file_type != p1::DIRECTORY
}

/// Writes a subscription.
fn write_subscription(at: u32, tag: u32, subject: u32, timeout: u64) {
    store64(at, 0);
    store64(at + 8, tag.into());
    store64(at + 16, subject.into());
    store64(at + 24, timeout);
    // Two words more than the struct has: a host of 2020 may expect the longer one of `wasi_unstable`.
    store64(at + 32, 0);
    store64(at + 40, 0);
}

/// Asks the host; gives whether anything but the clock is ready.
fn poll(state: &State, count: u32) -> bool {
    let fixed = state.fixed();
    let at = fixed.polls_at();
    let events = at + count * SUBSCRIPTION;
    let mut event = 0;
    while event < count {
        // Some hosts count events that they never wrote.
        store64(events + event * EVENT + 8, 0);
        event += 1;
    }
    match p1::poll_oneoff(at, events, count, fixed.count_at()) {
        0 => {}
        p1::INTR => return false,
        // A host that cannot say: everything counts as ready.
        _ => return true,
    }
    event = 0;
    while event < fixed.count.get().min(count) {
        // The type of the event, behind its number and its error.
        if load16(events + event * EVENT + 10) & 0xff != 0 {
            return true;
        }
        event += 1;
    }
    false
}

/// Whether a read or write would go on at once.
#[inline(never)]
pub fn is_ready(state: &State, fd: u32, writes: u32) -> bool {
    let at = state.fixed().polls_at();
    write_subscription(at, 1 + writes, fd, 0);
    // A clock of a millisecond: some hosts report a shorter timeout before they look at descriptors.
    write_subscription(at + SUBSCRIPTION, 0, p1::MONOTONIC, MILLISECOND);
    poll(state, 2)
}

/// What passes from host to host is in the scratch in between, in place of which the last addresses stand.
#[inline(never)]
fn place(state: &State, address: u32) -> u32 {
    match address {
        BUFFER.. => state.fixed().scratch_at() + (address - BUFFER),
        address => address,
    }
}

provides! {
    "io:read"
    fn read(state, kind: u32, object: u32, offset: u64, address: u32, count: u32, port: u32, pointer: u32) -> i64 {
        let address = place(&state, address);
        match kind {
            kind::INPUT => {
                if waits(state.fixed().stdio_type(object)) && !is_ready(&state, object, 0) {
                    return WOULD_BLOCK;
                }
                let fixed = state.fixed();
                let vector = fixed.vector(address, count.min(MOST));
                let errno = p1::fd_read(object, vector, 1, fixed.count_at());
                moved(&state, errno)
            }
            kind::FAILED => failed(object),
            kind::ACCEPT.. => weak::socket_read(kind, object, address, count.min(MOST)),
            _ => weak::stored_read(kind, object, offset, address, count, port, pointer),
        }
    }

    "io:write"
    fn write(state, kind: u32, object: u32, offset: u64, address: u32, count: u32) -> i64 {
        if count == 0 {
            // Whether a write would go on: sockets alone are asked.
            return match kind {
                kind::ACCEPT.. if weak::socket_read(kind::WRITABLE, object, 0, 0) != 1 => {
                    WOULD_BLOCK
                }
                _ => 0,
            };
        }
        let address = place(&state, address);
        let moved = match kind {
            kind::OUTPUT => {
                let fixed = state.fixed();
                let vector = fixed.vector(address, count.min(MOST));
                let errno = p1::fd_write(object, vector, 1, fixed.count_at());
                moved(&state, errno)
            }
            kind::ACCEPT.. => weak::socket_write(object, address, count.min(MOST)),
            _ => weak::stored_write(kind, object, offset, address, count),
        };
        match moved {
            // A host that takes nothing and says nothing would be asked for ever.
            0 => failed(p1::IO),
            moved => moved,
        }
    }

    "io:close"
    fn close(state, kind: u32, object: u32) {
        match kind {
            kind::INPUT | kind::OUTPUT | kind::FAILED => {}
            kind::ACCEPT.. => weak::socket_close(kind, object),
            _ => weak::stored_close(kind, object),
        }
    }

    /// Standard streams have an `error-code` of their own: `io`, `illegal-byte-sequence`, `pipe`.
    "io:result"
    fn result(state, kind: u32, errno: u32, address: u32) {
        if kind == kind::INPUT || kind == kind::OUTPUT {
            store8(address, (errno != 0).into());
            store8(address + 1, match errno {
                p1::ILSEQ => 1,
                p1::PIPE => 2,
                _ => 0,
            });
            return;
        }
        match kind {
            kind::ACCEPT.. => weak::socket_result(errno, address),
            _ => weak::stored_result(errno, address),
        }
    }

    /// Adds one to the next poll; of kind 0, begins with none.
    "io:subscribe"
    fn subscribe(state, kind: u32, object: u32, writes: u32) {
        let fixed = state.fixed();
        if kind == 0 {
            return fixed.set_subscribed(0);
        }
        let count = fixed.subscribed();
        if count >= max_poll().min(FULL - 1) {
            fixed.set_subscribed(FULL | count);
        } else {
            let at = fixed.polls_at() + count * SUBSCRIPTION;
            let writes = u32::from(writes != 0 || kind == kind::WRITABLE);
            write_subscription(at, 1 + writes, fd(&state, kind, object), 0);
            fixed.set_subscribed(count + 1);
        }
    }

    /// Waits until one of those is ready, or a moment of the monotonic clock is over.
    "io:poll"
    fn poll_all(state, has_deadline: u32, deadline: u64) {
        let fixed = state.fixed();
        let mut count = fixed.subscribed() & !FULL;
        let is_full = fixed.subscribed() & FULL != 0;
        fixed.set_subscribed(0);
        if has_deadline != 0 || is_full {
            let mut left = u64::MAX;
            if has_deadline != 0 {
                left = deadline.saturating_sub(now(&state, p1::MONOTONIC));
            }
            if is_full {
                left = left.min(CROWDED);
            }
            // Whole milliseconds, at least one.
            let left = left.clamp(1, LONGEST).div_ceil(MILLISECOND) * MILLISECOND;
            let at = state.fixed().polls_at() + count * SUBSCRIPTION;
            write_subscription(at, 0, p1::MONOTONIC, left);
            count += 1;
        }
        poll(&state, count);
    }

    "io:now"
    fn io_now(state) -> u64 {
        now(&state, p1::MONOTONIC)
    }
}
