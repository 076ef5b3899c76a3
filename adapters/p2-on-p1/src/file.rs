//! Streams of files.

use p1bridge_shim::{Entry, Out, here};

use crate::state::{State, flag};
use crate::{exports, input, p1, users};

/// Moves the offset of a stream behind what was read or written.
#[inline(always)]
fn advance(state: &State, entry: &Entry) {
    entry.set_wide(entry.wide() + u64::from(state.fixed().count.get()));
}

/// Ends a blocking read of which the host gave less than was asked for, or `errno`.
#[inline(never)]
fn read_less(state: &mut State, handle: u32, at: u32, length: u32, errno: u32, out: Out) {
    let mut errno = errno;
    if errno == 0 {
        advance(state, state.slot(handle));
    } else {
        errno = read_on(state, handle, state.fixed().vector(at, length), errno);
    }
    input::settle(state, handle, at, length, true, errno, out);
}

/// A read where the host cannot seek.
#[inline(never)]
fn read_on(state: &State, handle: u32, vector: u32, errno: u32) -> u32 {
    let entry = state.slot(handle);
    let mut errno = errno;
    if errno == p1::SPIPE {
        entry.flags.set(entry.flags.get() | flag::SEQUENTIAL);
        let fd = state.slot(entry.word.get()).word.get();
        errno = p1::fd_read(fd, vector, 1, state.fixed().count_at());
    }
    // What a host with rights says of a descriptor that is not open for reading.
    if errno == p1::NOTCAPABLE || errno == p1::ACCES {
        p1::BADF
    } else {
        errno
    }
}

/// A write where the host cannot seek.
#[inline(never)]
fn write_on(state: &State, handle: u32, vectors: u32, count: u32, errno: u32) -> u32 {
    if errno != p1::SPIPE {
        return errno;
    }
    let entry = state.slot(handle);
    entry.flags.set(entry.flags.get() | flag::SEQUENTIAL);
    let fd = state.slot(entry.word.get()).word.get();
    p1::fd_write(fd, vectors, count, state.fixed().count_at())
}

/// A write at the end, or where the host cannot seek.
#[inline(never)]
fn write_elsewhere(state: &State, handle: u32, vectors: u32, count: u32) -> u32 {
    let entry = state.slot(handle);
    let fd = state.slot(entry.word.get()).word.get();
    let fixed = state.fixed();
    let count_at = fixed.count_at();
    let flags = entry.flags.get();
    let mut errno = p1::SPIPE;
    if flags & flag::APPEND != 0 {
        if p1::fd_fdstat_set_flags(fd, p1::APPEND) == 0 {
            errno = p1::fd_write(fd, vectors, count, count_at);
            p1::fd_fdstat_set_flags(fd, 0);
            return errno;
        }
        errno = p1::fd_filestat_get(fd, fixed.result_at());
        if errno != 0 {
            return errno;
        }
        entry.set_wide(fixed.result(4));
    }
    if flags & flag::SEQUENTIAL == 0 {
        errno = p1::fd_pwrite(fd, vectors, count, entry.wide(), count_at);
    }
    write_on(state, handle, vectors, count, errno)
}

exports! {
    "weak:file-read"
    fn file_read(state, handle: u32, vector: u32) -> u32 {
        let entry = state.slot(handle);
        let mut errno = p1::SPIPE;
        if entry.flags.get() & flag::SEQUENTIAL == 0 {
            let fd = state.slot(entry.word.get()).word.get();
            errno = p1::fd_pread(fd, vector, 1, entry.wide(), state.fixed().count_at());
            if errno == 0 {
                advance(&state, entry);
                return 0;
            }
        }
        read_on(&state, handle, vector, errno)
    }

    "weak:file-blocking-read"
    fn file_blocking_read(state, handle: u32, length: u64, out: u32) {
        Out::check::<12, 4>(out);
        let length = length.min(input::LIMIT) as u32;
        let at = state.allocate_bytes(length);
        let fixed = state.fixed();
        let entry = state.slot_here(handle);
        let fd = state.slot_here(entry.word.get()).word.get();
        let vector = fixed.vector(here(at), length);
        let errno = p1::fd_pread(fd, vector, 1, entry.wide(), fixed.count_at());
        if errno == 0 && fixed.count.get() == length {
            entry.set_wide(entry.wide() + u64::from(length));
            let out = Out::here(out);
            out.u8(0, 0);
            out.u32(4, at);
            out.u32(8, length);
        } else {
            read_less(&mut state, handle, here(at), length, errno, Out::here(out));
        }
    }

    "weak:file-write"
    fn file_write(state, handle: u32, vectors: u32, count: u32) -> u32 {
        let entry = state.slot_here(handle);
        if entry.flags.get() & (flag::SEQUENTIAL | flag::APPEND) != 0 {
            return write_elsewhere(&state, handle, vectors, count);
        }
        let fd = state.slot_here(entry.word.get()).word.get();
        let errno = p1::fd_pwrite(fd, vectors, count, entry.wide(), state.fixed().count_at());
        if errno != 0 {
            return write_on(&state, handle, vectors, count, errno);
        }
        advance(&state, entry);
        0
    }

    "weak:release"
    fn release(state, descriptor: u32) {
        users::give_back(&state, descriptor);
    }
}
