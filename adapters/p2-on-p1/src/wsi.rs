//! The component side of WSI 0.1 (`wit/wsi/wsi.wit`): descriptors, polling, files and clocks. Error numbers are those of
//! Preview 1. What there is no Preview 1 for, sockets and devices, is not here.

use p1bridge_shim::abi::{load8, load32, load64, store8};
use p1bridge_shim::{Out, bytes, list, text, trap_if};

use crate::directory::preopened;
use crate::poll::{LONGEST, MILLISECOND, READ, always_ready, ask, happened, subscribe};
use crate::state::{PREOPEN, SCRATCH, State, insert, kind, max_poll};
use crate::time::now;
use crate::{exports, p1};

/// The most that one read returns.
const LIMIT: u32 = 65536;
/// Bytes of a `status`, which is laid out as a P1 `filestat`, and where its kind is.
const STATUS: u32 = 64;
const KIND: u32 = 16;
/// Bytes of a P1 `dirent` before the name, and of an `entry`.
const DIRENT: u32 = 24;
const ENTRY: u32 = 32;
/// Bytes of a `source`, and its case of a timer.
const SOURCE: u32 = 16;
const TIMER: u32 = 1;
/// Bits of `events`. The first two are what can be asked for.
const DUE: u32 = 16;
/// Bits of `how`; the low ones are those of P1.
const CREATING: u32 = 15;
const OPEN_READ: u32 = 1 << 4;
const OPEN_WRITE: u32 = 1 << 5;
const FOLLOW: u32 = 1 << 6;
const APPEND: u32 = 1 << 7;
const NONBLOCK: u32 = 1 << 8;
/// Rights that reading and writing need.
const READING: u32 = p1::right::FD_READ | p1::right::FD_READDIR;
const WRITING: u32 = p1::right::FD_DATASYNC
    | p1::right::FD_WRITE
    | p1::right::FD_ALLOCATE
    | p1::right::FD_FILESTAT_SET_SIZE;

/// The fd of a handle.
#[inline(never)]
fn fd(state: &State, handle: u32) -> u32 {
    state.get(handle, kind::FD).word.get()
}

/// The error number of a function of the host, which is called again where a signal came in between.
#[inline(always)]
fn again(call: impl Fn() -> u32) -> u32 {
    loop {
        let errno = call();
        if errno != p1::INTR {
            return errno;
        }
    }
}

/// Writes the head of a `result<…, errno>` whose payload is at `payload`. Whether it is an error.
#[inline(never)]
fn fails(out: Out, payload: u32, errno: u32) -> bool {
    out.u8(0, (errno != 0).into());
    if errno != 0 {
        out.u16(payload, errno);
    }
    errno != 0
}

/// A `result<_, errno>`.
#[inline(never)]
fn done(out: u32, errno: u32) {
    fails(Out::new(out, 4, 2), 2, errno);
}

/// A `result<status, errno>` that the host writes.
#[inline(always)]
fn status_of(out: u32, call: impl Fn(u32) -> u32) {
    let out = Out::new(out, 8 + STATUS, 8);
    let at = out.at(8);
    let errno = call(at);
    if !fails(out, 8, errno) {
        store8(at + KIND, load8(at + KIND) & 7);
    }
}

/// A `result<list<u8>, errno>` from a descriptor, at an offset or, with `None`, at its own.
#[inline(never)]
fn take(state: &mut State, handle: u32, max: u32, offset: Option<u64>, out: u32) {
    let out = Out::new(out, 12, 4);
    let fd = fd(state, handle);
    let max = max.min(LIMIT);
    let mut at = state.allocate(1, max);
    let mut count = 0;
    if max != 0 {
        let fixed = state.fixed();
        let vector = fixed.vector(at, max);
        let errno = again(|| match offset {
            None => p1::fd_read(fd, vector, 1, fixed.count_at()),
            Some(offset) => p1::fd_pread(fd, vector, 1, offset, fixed.count_at()),
        });
        if fails(out, 4, errno) {
            return;
        }
        count = fixed.count.get().min(max);
        at = state.shrink(at, max, count);
    }
    out.u8(0, 0);
    out.list(4, at, count);
}

/// A `result<u32, errno>` of writing bytes.
#[inline(never)]
fn give(state: &State, handle: u32, data: u32, length: u32, offset: Option<u64>, out: u32) {
    let out = Out::new(out, 8, 4);
    let fd = fd(state, handle);
    let data = bytes(data, length);
    let fixed = state.fixed();
    fixed.count.set(0);
    let mut errno = 0;
    // Not every host takes a write of nothing for one.
    if length != 0 {
        let vector = fixed.vector(data, length);
        errno = again(|| match offset {
            None => p1::fd_write(fd, vector, 1, fixed.count_at()),
            Some(offset) => p1::fd_pwrite(fd, vector, 1, offset, fixed.count_at()),
        });
    }
    if !fails(out, 4, errno) {
        out.u32(4, fixed.count.get());
    }
}

/// The earliest of all timers and `until`.
#[inline(never)]
fn earliest(sources: u32, length: u32, mut until: u64) -> u64 {
    let mut index = 0;
    while index < length {
        let at = sources + index * SOURCE;
        let case = load8(at);
        trap_if(case > TIMER);
        if case == TIMER {
            until = until.min(load64(at + 8));
        }
        index += 1;
    }
    until
}

/// The descriptor of a half of a source, if it is asked for; otherwise 0. Sources count double here: first whether one can
/// be read, then whether it can be written.
#[inline(never)]
fn half(state: &State, sources: u32, half: u32) -> u32 {
    let at = sources + half / 2 * SOURCE;
    if load8(at) == TIMER {
        return 0;
    }
    let handle = load32(at + 8);
    state.get(handle, kind::FD);
    if load8(at + 12) >> (half & 1) & 1 == 0 {
        return 0;
    }
    handle
}

/// The mode of a poll that a half asks for.
#[inline(always)]
fn mode(half: u32) -> u8 {
    READ + (half & 1) as u8
}

/// Asks the host about descriptors, as many as there is room for at once, and adds what happened to the answers. Without
/// anything to ask about, it only waits. Whether there was something.
#[inline(never)]
fn look(state: &State, sources: u32, length: u32, answers: u32, timeout: Option<u64>) -> bool {
    let mut timeout = timeout;
    let mut any = false;
    let mut from = 0;
    loop {
        let fixed = state.fixed();
        let mut count = 0;
        let mut until = from;
        while until < length * 2 {
            let handle = half(state, sources, until);
            if handle != 0 {
                any = true;
                let entry = state.slot(handle);
                if always_ready(entry.small.get().into()) {
                    timeout = Some(0);
                } else {
                    let more = subscribe(fixed, count, entry.word.get(), mode(until));
                    if more > max_poll() {
                        timeout = Some(0);
                        break;
                    }
                    count = more;
                }
            }
            until += 1;
        }
        fixed.count.set(0);
        if count != 0 || timeout.is_some_and(|timeout| timeout != 0) {
            ask(fixed, count, timeout.is_some(), timeout.unwrap_or(0));
        }
        while from < until {
            let handle = half(state, sources, from);
            if handle != 0 {
                let entry = state.slot(handle);
                let got = match always_ready(entry.small.get().into()) {
                    true => 1 << (from & 1),
                    false => happened(fixed, entry.word.get(), mode(from)),
                };
                let at = answers + from / 2;
                store8(at, load8(at) | got);
            }
            from += 1;
        }
        if from == length * 2 {
            return any;
        }
    }
}

/// Marks the timers that are due, and counts what is ready.
#[inline(never)]
fn ready(sources: u32, length: u32, answers: u32, time: u64) -> u32 {
    let mut ready = 0;
    let mut index = 0;
    while index < length {
        let at = sources + index * SOURCE;
        if load8(at) == TIMER && load64(at + 8) <= time {
            store8(answers + index, DUE);
        }
        ready += u32::from(load8(answers + index) != 0);
        index += 1;
    }
    ready
}

exports! {
    "wsi:sys/descriptors@0.1#[method]fd.read"
    fn read(state, handle: u32, max: u32, out: u32) {
        take(&mut state, handle, max, None, out);
    }

    "wsi:sys/descriptors@0.1#[method]fd.pread"
    fn pread(state, handle: u32, max: u32, offset: u64, out: u32) {
        take(&mut state, handle, max, Some(offset), out);
    }

    "wsi:sys/descriptors@0.1#[method]fd.write"
    fn write(state, handle: u32, data: u32, length: u32, out: u32) {
        give(&state, handle, data, length, None, out);
    }

    "wsi:sys/descriptors@0.1#[method]fd.pwrite"
    fn pwrite(state, handle: u32, data: u32, length: u32, offset: u64, out: u32) {
        give(&state, handle, data, length, Some(offset), out);
    }

    "wsi:sys/descriptors@0.1#[method]fd.seek"
    fn seek(state, handle: u32, offset: u64, whence: u32, out: u32) {
        let out = Out::new(out, 16, 8);
        let fd = fd(&state, handle);
        let fixed = state.fixed();
        let errno = match whence {
            0..=2 => p1::fd_seek(fd, offset, whence, fixed.result_at()),
            _ => p1::INVAL,
        };
        if !fails(out, 8, errno) {
            out.u64(8, fixed.result(0));
        }
    }

    "wsi:sys/descriptors@0.1#[method]fd.get-flags"
    fn get_flags(state, handle: u32, out: u32) {
        let out = Out::new(out, 4, 2);
        let fixed = state.fixed();
        if !fails(out, 2, p1::fd_fdstat_get(fd(&state, handle), fixed.result_at())) {
            out.u8(2, fixed.result(0) as u32 >> 16 & 31);
            out.u8(3, fixed.result_byte() & 7);
        }
    }

    "wsi:sys/descriptors@0.1#[method]fd.set-flags"
    fn set_flags(state, handle: u32, mask: u32, value: u32, out: u32) {
        let fd = fd(&state, handle);
        let fixed = state.fixed();
        let mut errno = p1::fd_fdstat_get(fd, fixed.result_at());
        if errno == 0 {
            let old = fixed.result(0) as u32 >> 16 & 31;
            let new = (old & !mask | value & mask) & 31;
            if new != old {
                errno = p1::fd_fdstat_set_flags(fd, new);
            }
        }
        done(out, errno);
    }

    /// One that is read-only has nothing to write back.
    "wsi:sys/descriptors@0.1#[method]fd.sync"
    fn sync(state, handle: u32, data_only: u32, out: u32) {
        let fd = fd(&state, handle);
        let errno = match data_only {
            0 => p1::fd_sync(fd),
            _ => p1::fd_datasync(fd),
        };
        done(out, if errno == p1::NOTCAPABLE { 0 } else { errno });
    }

    "wsi:sys/descriptors@0.1#[method]fd.status"
    fn status(state, handle: u32, out: u32) {
        let fd = fd(&state, handle);
        status_of(out, |at| p1::fd_filestat_get(fd, at));
    }

    /// A directory that was given to the program stays open: it can be had again.
    "wsi:sys/descriptors@0.1#[resource-drop]fd"
    fn drop_fd(state, handle: u32) {
        let entry = state.get(handle, kind::FD);
        if entry.flags.get() & PREOPEN == 0 {
            p1::fd_close(entry.word.get());
        }
        state.remove(handle);
    }

    "wsi:sys/polling@0.1#wait"
    fn wait(state, sources: u32, length: u32, limited: u32, deadline: u64, out: u32) {
        let out = Out::new(out, 12, 4);
        let sources = list(sources, length, SOURCE, 8);
        let answers = state.allocate(1, length);
        let until = if limited == 0 { u64::MAX } else { deadline };
        let first = earliest(sources, length, until);
        loop {
            let mut index = 0;
            while index < length {
                store8(answers + index, 0);
                index += 1;
            }
            let timed = first != u64::MAX && first != 0;
            let mut time = if timed { now(&state, p1::MONOTONIC) } else { 0 };
            let timeout = (first != u64::MAX).then(|| {
                (first - time.min(first)).min(LONGEST).div_ceil(MILLISECOND) * MILLISECOND
            });
            let any = look(&state, sources, length, answers, timeout);
            if timed {
                time = now(&state, p1::MONOTONIC);
            }
            if ready(sources, length, answers, time) != 0 || until <= time {
                out.u8(0, 0);
                return out.list(4, answers, length);
            }
            if !any && timeout.is_none() {
                // For ever, on nothing.
                fails(out, 4, p1::INVAL);
                return;
            }
        }
    }

    "wsi:sys/files@0.1#preopens"
    fn preopens(state, out: u32) {
        preopened(&mut state, kind::FD, out);
    }

    /// Hosts give a descriptor no rights that its directory does not pass on.
    "wsi:sys/files@0.1#open"
    fn open(state, dir: u32, path: u32, length: u32, how: u32, out: u32) {
        let out = Out::new(out, 8, 4);
        let path = text(path, length);
        let dir = fd(&state, dir);
        let fixed = state.fixed();
        let mut errno = p1::fd_fdstat_get(dir, fixed.result_at());
        if errno == 0 {
            let passed_on = fixed.result(2);
            let mut rights = passed_on;
            if how & OPEN_READ == 0 {
                rights &= !u64::from(READING);
            }
            if how & OPEN_WRITE == 0 {
                rights &= !u64::from(WRITING);
            }
            let mut flags = 0;
            if how & APPEND != 0 {
                flags |= p1::APPEND;
            }
            if how & NONBLOCK != 0 {
                flags |= p1::NONBLOCK;
            }
            let follow = u32::from(how & FOLLOW != 0);
            errno = again(|| {
                p1::path_open(dir, follow, path, length, how & CREATING, rights, passed_on, flags, fixed.result_at())
            });
        }
        if fails(out, 4, errno) {
            return;
        }
        let opened = fixed.result(0) as u32;
        let kind_of = match p1::fd_fdstat_get(opened, fixed.result_at()) {
            0 => fixed.result_byte(),
            _ => 0,
        };
        let handle = insert(&mut state, kind::FD);
        let entry = state.slot(handle);
        entry.set_head(u32::from(kind::FD) | kind_of << 8);
        entry.word.set(opened);
        out.u32(4, handle);
    }

    /// An empty list is the end. Names that are not UTF-8 have U+FFFD in them.
    "wsi:sys/files@0.1#readdir"
    fn readdir(state, dir: u32, cookie: u64, max: u32, out: u32) {
        let out = Out::new(out, 12, 4);
        let dir = fd(&state, dir);
        let fixed = state.fixed();
        let at = fixed.scratch_at();
        let mut errno = again(|| p1::fd_readdir(dir, at, SCRATCH, cookie, fixed.count_at()));
        let end = fixed.count.get().min(SCRATCH);
        let (mut count, mut next) = (0, 0);
        while errno == 0 && count < max && next + DIRENT <= end && load32(at + next + 16) <= end - next - DIRENT {
            next += DIRENT + load32(at + next + 16);
            count += 1;
        }
        if errno == 0 && count == 0 && max != 0 && end == SCRATCH {
            errno = p1::NAMETOOLONG;
        }
        if fails(out, 4, errno) {
            return;
        }
        let list = state.allocate(8, count * ENTRY);
        let (mut index, mut from) = (0, 0);
        while index < count {
            let at = state.fixed().scratch_at() + from;
            let length = load32(at + 16);
            let entry = Out::element(list + index * ENTRY);
            entry.u64(0, load64(at));
            entry.u64(8, load64(at + 8));
            entry.u8(16, load8(at + 20) & 7);
            state.string(entry.part(20), at + DIRENT, length);
            from += DIRENT + length;
            index += 1;
        }
        out.list(4, list, count);
    }

    "wsi:sys/files@0.1#mkdir"
    fn mkdir(state, dir: u32, path: u32, length: u32, out: u32) {
        done(out, p1::path_create_directory(fd(&state, dir), text(path, length), length));
    }

    "wsi:sys/files@0.1#unlink"
    fn unlink(state, dir: u32, path: u32, length: u32, directory: u32, out: u32) {
        let path = text(path, length);
        let dir = fd(&state, dir);
        done(out, match directory {
            0 => p1::path_unlink_file(dir, path, length),
            _ => p1::path_remove_directory(dir, path, length),
        });
    }

    "wsi:sys/files@0.1#rename"
    fn rename(state, dir: u32, path: u32, length: u32, to_dir: u32, to: u32, to_length: u32, out: u32) {
        let (path, to) = (text(path, length), text(to, to_length));
        done(out, p1::path_rename(fd(&state, dir), path, length, fd(&state, to_dir), to, to_length));
    }

    "wsi:sys/files@0.1#status-at"
    fn status_at(state, dir: u32, path: u32, length: u32, follow: u32, out: u32) {
        let path = text(path, length);
        let dir = fd(&state, dir);
        status_of(out, |at| p1::path_filestat_get(dir, (follow != 0).into(), path, length, at));
    }

    "wsi:sys/files@0.1#truncate"
    fn truncate(state, file: u32, size: u64, out: u32) {
        done(out, p1::fd_filestat_set_size(fd(&state, file), size));
    }

    "wsi:sys/clocks@0.1#now"
    fn clock_now(state, clock: u32, out: u32) {
        let out = Out::new(out, 16, 8);
        let fixed = state.fixed();
        let errno = match clock {
            0 | 1 => p1::clock_time_get(clock, 1, fixed.result_at()),
            _ => p1::INVAL,
        };
        if !fails(out, 8, errno) {
            out.u64(8, fixed.result(0));
        }
    }

    "wsi:sys/clocks@0.1#resolution"
    fn clock_resolution(state, clock: u32, out: u32) {
        let out = Out::new(out, 16, 8);
        let fixed = state.fixed();
        let errno = match clock {
            0 | 1 => p1::clock_res_get(clock, fixed.result_at()),
            _ => p1::INVAL,
        };
        if !fails(out, 8, errno) {
            out.u64(8, fixed.result(0));
        }
    }
}
