//! `wasi:io/streams`: input-stream.
//!
//! The host reads straight into the memory that the guest is going to own. Memory that turns out
//! not to be needed cannot be given back (the canonical ABI knows no `free`), so a read that is
//! likely to meet the end of a file goes through the scratch first.

use p1bridge_shim::{Out, abi};

use crate::error::{CLOSED, stream_error};
use crate::poll::{READ, fd, new_pollable, ready_now, wait};
use crate::state::{SCRATCH, State, flag, kind};
use crate::{exports, file, p1};

/// The most that one read returns.
const LIMIT: u64 = 65536;

/// Reads once into `length` (> 0) bytes and gives the error number; `AGAIN` is nothing now. The
/// count is in the state block. A stream that failed or ended is closed.
#[inline(never)]
fn fill(state: &State, handle: u32, at: u32, length: u32, blocking: bool) -> u32 {
    let entry = state.get(handle, kind::INPUT);
    let flags = entry.flags.get();
    let fixed = state.fixed();
    let errno = loop {
        let vector = fixed.vector(at, length);
        let errno = if flags & flag::FILE != 0 {
            file::weak::file_read(handle, vector)
        } else {
            p1::fd_read(fd(state, entry), vector, 1, fixed.count_at())
        };
        if errno == p1::AGAIN && blocking {
            wait(state, entry);
        } else if errno != p1::INTR {
            break errno;
        }
    };
    let count = fixed.count.get();
    if errno == 0 && count != 0 {
        let short = if count < length { flag::SHORT } else { 0 };
        entry.flags.set(entry.flags.get() & !flag::SHORT | short);
    } else if errno == p1::AGAIN {
        entry.flags.set(flags | flag::SHORT);
    } else {
        entry.flags.set(flags | flag::CLOSED);
        if errno == 0 {
            return CLOSED;
        }
    }
    errno
}

/// Whether a read can be tried: `CLOSED`, `AGAIN` or 0.
#[inline(never)]
fn status(state: &State, handle: u32, blocking: bool) -> u32 {
    let entry = state.get(handle, kind::INPUT);
    let flags = entry.flags.get();
    if flags & flag::CLOSED != 0 {
        CLOSED
    } else if flags & flag::SOCKET != 0 {
        file::weak::socket_status(entry.word.get(), READ.into())
    } else if blocking || ready_now(state, entry) {
        0
    } else {
        p1::AGAIN
    }
}

/// Reads up to `length` bytes into the scratch. 0 with a count of 0 is nothing now.
#[inline(never)]
pub fn fill_scratch(state: &State, handle: u32, length: u32, blocking: bool) -> u32 {
    let fixed = state.fixed();
    let mut errno = status(state, handle, blocking || length == 0);
    if errno == 0 && length != 0 {
        errno = fill(state, handle, fixed.scratch_at(), length, blocking);
    } else {
        fixed.count.set(0);
    }
    if errno == p1::AGAIN {
        fixed.count.set(0);
        errno = 0;
    }
    errno
}

#[inline(never)]
fn read(state: &mut State, handle: u32, length: u64, blocking: bool, out: u32) {
    let out = Out::new(out, 12, 4);
    let mut length = length.min(LIMIT) as u32;
    let flags = state.get(handle, kind::INPUT).flags.get();
    let by_scratch = flags & flag::SHORT != 0 && flags & flag::SHARED != 0;
    let mut errno = status(state, handle, blocking || length == 0);
    let mut at = 0;
    let mut count = 0;
    if errno == 0 && length != 0 {
        if by_scratch {
            length = length.min(SCRATCH);
            let scratch = state.fixed().scratch_at();
            errno = fill(state, handle, scratch, length, blocking);
            if errno == 0 {
                count = state.fixed().count.get();
                at = copy(state, count);
            } else if errno == p1::AGAIN {
                at = state.allocate(1, 0);
            }
        } else {
            at = state.allocate(1, length);
            errno = fill(state, handle, at, length, blocking);
            if errno == 0 {
                count = state.fixed().count.get();
            }
            at = state.shrink(at, length, count);
        }
    } else if errno != CLOSED {
        at = state.allocate(1, 0);
    }
    if errno == p1::AGAIN {
        errno = 0;
    }
    if errno == 0 {
        out.u8(0, 0);
        out.list(4, at, count);
    } else {
        stream_error(state, out, 4, errno, flags);
    }
}

/// The guest's own copy of what is in the scratch.
#[inline(never)]
fn copy(state: &mut State, count: u32) -> u32 {
    let at = state.allocate(1, count);
    abi::copy(at, state.fixed().scratch_at(), count);
    at
}

#[inline(never)]
fn skip(state: &State, handle: u32, length: u64, blocking: bool, out: u32) {
    let out = Out::new(out, 16, 8);
    let errno = fill_scratch(state, handle, length.min(SCRATCH.into()) as u32, blocking);
    if errno == 0 {
        out.u8(0, 0);
        out.u64(8, state.fixed().count.get().into());
    } else {
        let flags = state.get(handle, kind::INPUT).flags.get();
        stream_error(state, out, 8, errno, flags);
    }
}

exports! {
    "wasi:io/streams@0.2#[method]input-stream.read"
    fn input_read(state, handle: u32, length: u64, out: u32) {
        read(&mut state, handle, length, false, out);
    }

    "wasi:io/streams@0.2#[method]input-stream.blocking-read"
    fn input_blocking_read(state, handle: u32, length: u64, out: u32) {
        read(&mut state, handle, length, true, out);
    }

    "wasi:io/streams@0.2#[method]input-stream.skip"
    fn input_skip(state, handle: u32, length: u64, out: u32) {
        skip(&state, handle, length, false, out);
    }

    "wasi:io/streams@0.2#[method]input-stream.blocking-skip"
    fn input_blocking_skip(state, handle: u32, length: u64, out: u32) {
        skip(&state, handle, length, true, out);
    }

    "wasi:io/streams@0.2#[method]input-stream.subscribe"
    fn input_subscribe(state, handle: u32) -> u32 {
        let entry = state.get(handle, kind::INPUT);
        new_pollable(&state, READ | entry.flags.get() & flag::SHARED, entry.word.get(), 0)
    }

    "wasi:io/streams@0.2#[resource-drop]input-stream"
    fn drop_input(state, handle: u32) {
        file::drop_stream(&state, handle, kind::INPUT);
    }
}
