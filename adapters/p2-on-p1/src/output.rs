//! `wasi:io/streams`: output-stream.
//!
//! There is no buffer: a write is done when its function returns, so `flush` has nothing to wait
//! for and an error is reported by the very call that met it. A host whose standard output is in
//! non-blocking mode is asked again until it takes the bytes.

use p1bridge_shim::{Entry, Out, bytes_here, trap_if};

use crate::error::{CLOSED, stream_error};
use crate::poll::{CLOCK, WRITE, fd, new_pollable};
use crate::state::{SCRATCH, State, ZEROES, flag, kind};
use crate::stream::{drop_stream, weak};
use crate::{exports, input, p1};

/// Calls that are others in a program that answers requests, whose bodies are streams: the linker binds them to
/// exports that are called `weak:asked-…` there.
mod import {
    #[link(wasm_import_module = "if wasi:io/streams")]
    unsafe extern "C" {
        #[link_name = "weak:write-special"]
        pub safe fn write_special(handle: u32, at: u32, length: u32) -> u32;
        #[link_name = "weak:write-zeroes"]
        pub safe fn write_zeroes(handle: u32, length: u32) -> u32;
    }
}

/// What `check-write` permits, always.
const PERMIT: u32 = 65536;
/// What the blocking functions take.
const BLOCKING: u32 = 4096;

/// Writes all of a buffer and gives the error number; a stream that failed is closed.
#[inline(always)]
fn write_all(state: &State, handle: u32, at: u32, length: u32) -> u32 {
    let entry = state.get_here(handle, kind::OUTPUT);
    let flags = entry.flags.get();
    if flags & SPECIAL != 0 || length == 0 {
        return import::write_special(handle, at, length);
    }
    let fixed = state.fixed();
    let vector = fixed.vector(at, length);
    let errno = if flags & flag::FILE != 0 {
        weak::file_write(handle, vector, 1)
    } else {
        p1::fd_write(entry.word.get(), vector, 1, fixed.count_at())
    };
    if errno == 0 && fixed.count.get() == length {
        return 0;
    }
    write_rest(state, handle, at, length, errno)
}

/// Asks the host once.
#[inline(never)]
fn write_once(state: &State, handle: u32, at: u32, length: u32) -> u32 {
    let fixed = state.fixed();
    let vector = fixed.vector(at, length);
    let entry = state.slot(handle);
    if entry.flags.get() & flag::FILE != 0 {
        weak::file_write(handle, vector, 1)
    } else {
        p1::fd_write(fd(state, entry), vector, 1, fixed.count_at())
    }
}

/// Goes on after the host was asked once and gave `errno`.
#[inline(never)]
fn write_rest(state: &State, handle: u32, mut at: u32, mut length: u32, mut errno: u32) -> u32 {
    loop {
        errno = written(state, handle, errno);
        if errno != 0 {
            return errno;
        }
        let count = state.fixed().count.get();
        at += count;
        length -= count;
        if length == 0 {
            return 0;
        }
        if count == 0 {
            wait(state.slot(handle));
        }
        errno = write_once(state, handle, at, length);
    }
}

/// What a write came to: closes the stream of a failed one, lets one that is to be repeated pass
/// as one of no bytes.
#[inline(never)]
fn written(state: &State, handle: u32, errno: u32) -> u32 {
    let count = &state.fixed().count;
    if errno == 0 && count.get() != 0 {
        return 0;
    }
    if errno == p1::AGAIN || errno == p1::INTR {
        count.set(0);
        return 0;
    }
    let entry = state.get(handle, kind::OUTPUT);
    let flags = entry.flags.get();
    entry.flags.set(flags | flag::CLOSED);
    match errno {
        0 => p1::IO,
        p1::PIPE if flags & flag::FILE == 0 => CLOSED,
        _ => errno,
    }
}

/// Waits until a socket takes more bytes. Others are asked again at once.
#[inline(never)]
fn wait(entry: &Entry) {
    if entry.flags.get() & flag::SOCKET != 0 {
        weak::socket_writable(entry.word.get(), 1);
    }
}

/// How many bytes a stream takes now: a socket may take none.
#[inline(never)]
fn permit(state: &State, handle: u32) -> u32 {
    let entry = state.get(handle, kind::OUTPUT);
    if entry.flags.get() & flag::SOCKET == 0 {
        PERMIT
    } else if weak::socket_writable(entry.word.get(), 0) != 0 {
        BLOCKING
    } else {
        0
    }
}

/// Writes the `result<_, stream-error>`.
#[inline(never)]
fn finish(state: &mut State, handle: u32, out: u32, errno: u32) {
    let out = Out::new(out, 12, 4);
    if errno == 0 {
        out.u8(0, 0);
    } else {
        let flags = state.get(handle, kind::OUTPUT).flags.get();
        stream_error(state, out, 4, errno, flags);
    }
}

/// Streams of which [`special`] knows whether they still are open, and those that are not the host's.
const SPECIAL: u8 = flag::CLOSED | flag::SOCKET | flag::SINK;

/// Whether the stream still is open, as an error number.
#[inline(never)]
fn status(state: &State, handle: u32) -> u32 {
    special(state.get(handle, kind::OUTPUT))
}

#[inline(never)]
fn special(entry: &Entry) -> u32 {
    let flags = entry.flags.get();
    if flags & flag::CLOSED != 0 {
        CLOSED
    } else if flags & flag::SOCKET != 0 {
        weak::socket_status(entry.word.get(), WRITE.into())
    } else {
        0
    }
}

#[inline(never)]
fn write(state: &mut State, handle: u32, at: u32, length: u32, limit: u32, out: u32) {
    trap_if(length > limit);
    let at = bytes_here(at, length);
    let errno = write_all(state, handle, at, length);
    if errno == 0 {
        Out::new_here::<12, 4>(out).u8(0, 0);
    } else {
        finish(state, handle, out, errno);
    }
}

#[inline(never)]
fn zeroes(state: &mut State, handle: u32, length: u64, limit: u32, out: u32) {
    trap_if(length > limit.into());
    let errno = import::write_zeroes(handle, length as u32);
    finish(state, handle, out, errno);
}

/// Moves no more than the scratch holds; what was read is written before the function returns.
#[inline(never)]
fn splice(state: &mut State, handle: u32, from: u32, length: u64, blocking: bool, out: u32) {
    let out = Out::new(out, 16, 8);
    let mut length = length.min(SCRATCH.into()) as u32;
    let mut count = 0;
    let mut errno = status(state, handle);
    if errno == 0 && !blocking {
        length = length.min(permit(state, handle));
    }
    let mut flags = state.get(handle, kind::OUTPUT).flags.get();
    if errno == 0 {
        errno = input::fill_scratch(state, from, length, blocking);
        flags = state.get(from, kind::INPUT).flags.get();
        if errno == 0 {
            let fixed = state.fixed();
            count = fixed.count.get();
            errno = import::write_special(handle, fixed.scratch_at(), count);
            flags = state.get(handle, kind::OUTPUT).flags.get();
        }
    }
    if errno == 0 {
        out.u8(0, 0);
        out.u64(8, count.into());
    } else {
        stream_error(state, out, 8, errno, flags);
    }
}

/// Writes to the body of a response, if that is what the stream is.
#[inline(never)]
pub fn write_asked(state: &State, handle: u32, mut at: u32, mut length: u32) -> u32 {
    let entry = state.slot(handle);
    if entry.flags.get() & (flag::BODY | flag::CLOSED) != flag::BODY {
        return write_special(handle, at, length);
    }
    while length != 0 {
        let fixed = state.fixed();
        let errno = weak::body_write(entry.word.get(), fixed.vector(at, length), 1);
        let errno = written(state, handle, errno);
        if errno != 0 {
            return errno;
        }
        at += fixed.count.get();
        length -= fixed.count.get();
    }
    0
}

exports! {
    // What [`write_all`] does for a socket, a stream that is closed, one that nobody gets, and no bytes.
    "weak:write-special"
    fn write_special(state, handle: u32, at: u32, length: u32) -> u32 {
        let entry = state.slot(handle);
        let errno = special(entry);
        if errno != 0 || entry.flags.get() & flag::SINK != 0 || length == 0 {
            return errno;
        }
        let errno = write_once(&state, handle, at, length);
        write_rest(&state, handle, at, length, errno)
    }

    "weak:asked-write-special"
    fn asked_write_special(state, handle: u32, at: u32, length: u32) -> u32 {
        write_asked(&state, handle, at, length)
    }

    // 16 vectors on the one zero block.
    "weak:write-zeroes"
    fn write_zeroes(state, handle: u32, length: u32) -> u32 {
        let mut length = length;
        let entry = state.get(handle, kind::OUTPUT);
        let flags = entry.flags.get();
        if flags & SPECIAL != 0 {
            let errno = special(entry);
            if errno != 0 || flags & flag::SINK != 0 {
                return errno;
            }
        }
        while length != 0 {
            let fixed = state.fixed();
            let vectors = fixed.scratch_at();
            let mut left = length;
            let mut count = 0;
            while left != 0 && count < BLOCKING / ZEROES {
                let part = left.min(ZEROES);
                p1bridge_shim::abi::store32(vectors + count * 8, fixed.zeroes_at());
                p1bridge_shim::abi::store32(vectors + count * 8 + 4, part);
                left -= part;
                count += 1;
            }
            let errno = if flags & flag::FILE != 0 {
                weak::file_write(handle, vectors, count)
            } else {
                p1::fd_write(fd(&state, entry), vectors, count, fixed.count_at())
            };
            let errno = written(&state, handle, errno);
            if errno != 0 {
                return errno;
            }
            let count = fixed.count.get();
            if count == 0 {
                wait(entry);
            }
            length -= count;
        }
        0
    }

    "weak:asked-write-zeroes"
    fn asked_write_zeroes(state, handle: u32, length: u32) -> u32 {
        if state.get(handle, kind::OUTPUT).flags.get() & flag::BODY == 0 {
            return write_zeroes(handle, length);
        }
        let mut left = length;
        let mut errno = 0;
        while left != 0 && errno == 0 {
            let part = left.min(ZEROES);
            errno = write_asked(&state, handle, state.fixed().zeroes_at(), part);
            left -= part;
        }
        errno
    }

    "wasi:io/streams@0.2#[method]output-stream.check-write"
    fn check_write(state, handle: u32, out: u32) {
        let out = Out::new(out, 16, 8);
        if status(&state, handle) == 0 {
            out.u8(0, 0);
            out.u64(8, permit(&state, handle).into());
        } else {
            stream_error(&mut state, out, 8, CLOSED, 0);
        }
    }

    "wasi:io/streams@0.2#[method]output-stream.write"
    fn output_write(state, handle: u32, at: u32, length: u32, out: u32) {
        write(&mut state, handle, at, length, PERMIT, out);
    }

    "wasi:io/streams@0.2#[method]output-stream.blocking-write-and-flush"
    fn blocking_write_and_flush(state, handle: u32, at: u32, length: u32, out: u32) {
        write(&mut state, handle, at, length, BLOCKING, out);
    }

    "wasi:io/streams@0.2#[method]output-stream.flush"
    fn flush(state, handle: u32, out: u32) {
        let errno = status(&state, handle);
        finish(&mut state, handle, out, errno);
    }

    "wasi:io/streams@0.2#[method]output-stream.blocking-flush"
    fn blocking_flush(state, handle: u32, out: u32) {
        let errno = status(&state, handle);
        finish(&mut state, handle, out, errno);
    }

    "wasi:io/streams@0.2#[method]output-stream.write-zeroes"
    fn output_write_zeroes(state, handle: u32, length: u64, out: u32) {
        zeroes(&mut state, handle, length, PERMIT, out);
    }

    "wasi:io/streams@0.2#[method]output-stream.blocking-write-zeroes-and-flush"
    fn blocking_write_zeroes_and_flush(state, handle: u32, length: u64, out: u32) {
        zeroes(&mut state, handle, length, BLOCKING, out);
    }

    "wasi:io/streams@0.2#[method]output-stream.splice"
    fn output_splice(state, handle: u32, from: u32, length: u64, out: u32) {
        splice(&mut state, handle, from, length, false, out);
    }

    "wasi:io/streams@0.2#[method]output-stream.blocking-splice"
    fn output_blocking_splice(state, handle: u32, from: u32, length: u64, out: u32) {
        splice(&mut state, handle, from, length, true, out);
    }

    "wasi:io/streams@0.2#[method]output-stream.subscribe"
    fn output_subscribe(state, handle: u32) -> u32 {
        let entry = state.get(handle, kind::OUTPUT);
        if entry.flags.get() & flag::SINK != 0 {
            return new_pollable(&mut state, CLOCK, 0, 0);
        }
        let (mode, word) = (WRITE | entry.flags.get() & flag::SHARED, entry.word.get());
        new_pollable(&mut state, mode, word, 0)
    }

    "wasi:io/streams@0.2#[resource-drop]output-stream"
    fn drop_output(state, handle: u32) {
        drop_stream(&state, handle, kind::OUTPUT);
    }
}
