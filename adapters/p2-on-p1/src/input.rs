//! `wasi:io/streams`: input-stream.
//!
//! The host reads straight into the memory that the guest is going to own. Memory that turns out
//! not to be needed cannot be given back (the canonical ABI knows no `free`), so a read that is
//! likely to meet the end of a file goes through the scratch first.

use p1bridge_shim::{Entry, Out, abi};

use crate::error::{CLOSED, stream_error};
use crate::poll::{CLOCK, READ, fd, new_pollable, ready_now, wait};
use crate::state::{SCRATCH, State, flag, kind};
use crate::stream::{drop_stream, weak};
use crate::{exports, p1};

/// Calls that are others in programs in which a stream can be the body of a message.
mod import {
    #[link(wasm_import_module = "if wasi:io/streams")]
    unsafe extern "C" {
        #[link_name = "weak:read-once"]
        pub safe fn ask(handle: u32, at: u32, length: u32) -> u32;
        #[link_name = "weak:read-status"]
        pub safe fn status(handle: u32, blocking: u32) -> u32;
        #[link_name = "weak:read-wait"]
        pub safe fn wait(handle: u32);
    }
}

/// The most that one read returns.
pub const LIMIT: u64 = 65536;

/// Reads once into `length` (> 0) bytes and gives the error number; `AGAIN` is nothing now. The
/// count is in the state block. A stream that failed or ended is closed.
#[inline(never)]
fn fill(state: &State, handle: u32, at: u32, length: u32, blocking: bool) -> u32 {
    let errno = import::ask(handle, at, length);
    go_on(state, handle, at, length, blocking, errno)
}

/// The same as [`fill`] after the host was asked once and gave `errno`.
#[inline(never)]
fn go_on(state: &State, handle: u32, at: u32, length: u32, blocking: bool, mut errno: u32) -> u32 {
    while errno != 0 && try_again(handle, errno, blocking) {
        errno = import::ask(handle, at, length);
    }
    let entry = state.slot(handle);
    let count = state.fixed().count.get();
    if errno != 0 || count == 0 {
        return nothing_read(entry, errno);
    }
    let short = if count < length { flag::SHORT } else { 0 };
    entry.flags.set(entry.flags.get() & !flag::SHORT | short);
    0
}

/// Whether to read again after an error.
#[inline(never)]
fn try_again(handle: u32, errno: u32, blocking: bool) -> bool {
    if errno == p1::AGAIN && blocking {
        import::wait(handle);
        return true;
    }
    errno == p1::INTR
}

/// What a read without bytes came to.
#[inline(never)]
fn nothing_read(entry: &Entry, errno: u32) -> u32 {
    let flags = entry.flags.get();
    if errno == p1::AGAIN {
        entry.flags.set(flags | flag::SHORT);
        return errno;
    }
    entry.flags.set(flags | flag::CLOSED);
    if errno == 0 { CLOSED } else { errno }
}

/// Reads up to `length` bytes into the scratch. 0 with a count of 0 is nothing now.
#[inline(never)]
pub fn fill_scratch(state: &State, handle: u32, length: u32, blocking: bool) -> u32 {
    let fixed = state.fixed();
    let mut errno = import::status(handle, (blocking || length == 0).into());
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
    let length = length.min(LIMIT) as u32;
    let flags = state.get(handle, kind::INPUT).flags.get();
    let mut errno = 0;
    if !blocking || flags & (flag::CLOSED | flag::SOCKET | flag::BODY) != 0 {
        errno = import::status(handle, (blocking || length == 0).into());
    }
    if errno != 0 || length == 0 {
        return give_nothing(state, handle, out, errno);
    }
    if flags & flag::SHORT != 0 && flags & flag::SHARED != 0 {
        return weak::read_by_scratch(handle, length, blocking.into(), out.at(0));
    }
    let at = state.allocate(1, length);
    let errno = import::ask(handle, at, length);
    settle(state, handle, at, length, blocking, errno, out);
}

/// Ends a read into new memory of the guest after the host was asked once and gave `errno`.
#[inline(never)]
pub fn settle(
    state: &mut State,
    handle: u32,
    at: u32,
    length: u32,
    blocking: bool,
    errno: u32,
    out: Out,
) {
    let errno = go_on(state, handle, at, length, blocking, errno);
    let count = if errno == 0 {
        state.fixed().count.get()
    } else {
        0
    };
    let at = state.shrink(at, length, count);
    give(state, handle, out, at, count, errno);
}

/// Ends a read of no bytes.
#[inline(never)]
fn give_nothing(state: &mut State, handle: u32, out: Out, errno: u32) {
    let mut at = 0;
    if errno == 0 || errno == p1::AGAIN {
        at = state.allocate(1, 0);
    }
    give(state, handle, out, at, 0, errno);
}

/// Writes the `result<list<u8>, stream-error>`; `AGAIN` is an empty list.
#[inline(always)]
fn give(state: &mut State, handle: u32, out: Out, at: u32, count: u32, errno: u32) {
    if errno != 0 && errno != p1::AGAIN {
        let flags = state.slot(handle).flags.get();
        return stream_error(state, out, 4, errno, flags);
    }
    out.u8(0, 0);
    out.list(4, at, count);
}

#[inline(never)]
fn skip(state: &mut State, handle: u32, length: u64, blocking: bool, out: u32) {
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

/// Asks the host once, or whoever has the body if the stream may be one.
#[inline(always)]
fn ask(state: &State, handle: u32, at: u32, length: u32, is_asked: bool) -> u32 {
    let entry = state.slot(handle);
    let fixed = state.fixed();
    let vector = fixed.vector(at, length);
    if entry.flags.get() & flag::FILE != 0 {
        weak::file_read(handle, vector)
    } else if is_asked && is_body(entry) {
        weak::body_read(handle, vector)
    } else {
        p1::fd_read(fd(state, entry), vector, 1, fixed.count_at())
    }
}

/// Whether a stream is the body of the request that the program answers.
fn is_body(entry: &Entry) -> bool {
    entry.flags.get() & flag::BODY != 0
}

/// Whether a read can be tried: `CLOSED`, `AGAIN` or 0.
#[inline(always)]
fn status(state: &State, handle: u32, blocking: u32, is_asked: bool) -> u32 {
    let entry = state.get(handle, kind::INPUT);
    let flags = entry.flags.get();
    if flags & flag::CLOSED != 0 {
        CLOSED
    } else if flags & flag::SOCKET != 0 {
        weak::socket_status(entry.word.get(), READ.into())
    } else if is_asked && is_body(entry) {
        // Reading waits, and so the body counts as ready.
        if entry.wide() == 0 { CLOSED } else { 0 }
    } else if blocking != 0 || ready_now(state, entry) {
        0
    } else {
        p1::AGAIN
    }
}

#[inline(always)]
fn subscribe(state: &mut State, handle: u32, is_asked: bool) -> u32 {
    let entry = state.get(handle, kind::INPUT);
    if is_asked && is_body(entry) {
        return new_pollable(state, CLOCK, 0, 0);
    }
    let (mode, word) = (READ | entry.flags.get() & flag::SHARED, entry.word.get());
    new_pollable(state, mode, word, 0)
}

exports! {
    "weak:read-once"
    fn read_once(state, handle: u32, at: u32, length: u32) -> u32 {
        ask(&state, handle, at, length, false)
    }

    "weak:asked-read-once"
    fn asked_read_once(state, handle: u32, at: u32, length: u32) -> u32 {
        ask(&state, handle, at, length, true)
    }

    "weak:read-status"
    fn read_status(state, handle: u32, blocking: u32) -> u32 {
        status(&state, handle, blocking, false)
    }

    "weak:asked-read-status"
    fn asked_read_status(state, handle: u32, blocking: u32) -> u32 {
        status(&state, handle, blocking, true)
    }

    // Waits until reading may succeed.
    "weak:read-wait"
    fn read_wait(state, handle: u32) {
        wait(&state, state.slot(handle));
    }

    // Where the end may be near. Only such programs have a scratch.
    "weak:read-by-scratch"
    fn read_by_scratch(state, handle: u32, length: u32, blocking: u32, out: u32) {
        let out = Out::element(out);
        let length = length.min(SCRATCH);
        let scratch = state.fixed().scratch_at();
        let errno = fill(&state, handle, scratch, length, blocking != 0);
        if errno != 0 {
            return give_nothing(&mut state, handle, out, errno);
        }
        let count = state.fixed().count.get();
        let at = state.allocate(1, count);
        abi::copy(at, state.fixed().scratch_at(), count);
        give(&mut state, handle, out, at, count, 0);
    }

    "wasi:io/streams@0.2#[method]input-stream.read"
    fn input_read(state, handle: u32, length: u64, out: u32) {
        read(&mut state, handle, length, false, out);
    }

    "wasi:io/streams@0.2#[method]input-stream.blocking-read"
    fn input_blocking_read(state, handle: u32, length: u64, out: u32) {
        // A file that is open and that the host can seek in, of which the last read was no short one.
        const FILE: u32 = kind::INPUT as u32 | (flag::FILE as u32) << 16;
        if let Some(entry) = state.find_here(handle) && entry.head() == FILE && length != 0 {
            weak::file_blocking_read(handle, length, out);
        } else {
            read(&mut state, handle, length, true, out);
        }
    }

    "wasi:io/streams@0.2#[method]input-stream.skip"
    fn input_skip(state, handle: u32, length: u64, out: u32) {
        skip(&mut state, handle, length, false, out);
    }

    "wasi:io/streams@0.2#[method]input-stream.blocking-skip"
    fn input_blocking_skip(state, handle: u32, length: u64, out: u32) {
        skip(&mut state, handle, length, true, out);
    }

    "wasi:io/streams@0.2#[method]input-stream.subscribe"
    fn input_subscribe(state, handle: u32) -> u32 {
        subscribe(&mut state, handle, false)
    }

    "weak:asked-wasi:io/streams@0.2#[method]input-stream.subscribe"
    fn asked_subscribe(state, handle: u32) -> u32 {
        subscribe(&mut state, handle, true)
    }

    "wasi:io/streams@0.2#[resource-drop]input-stream"
    fn drop_input(state, handle: u32) {
        drop_stream(&state, handle, kind::INPUT);
    }
}
