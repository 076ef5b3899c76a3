//! `wasi:filesystem/types`: what is done with one open descriptor, and streams made from it.

use p1bridge_shim::{Entry, Out, bytes, here, there, trap_if};

use crate::error::{code, failure, unit_result};
use crate::p1::{self, right};
use crate::state::{Fixed, PREOPEN, State, flag, kind};
use crate::time::{datetime, nanoseconds};
use crate::{exports, users};

/// Bits of `descriptor-flags`.
pub const READ: u8 = 1 << 0;
pub const WRITE: u8 = 1 << 1;
pub const FILE_INTEGRITY_SYNC: u8 = 1 << 2;
pub const DATA_INTEGRITY_SYNC: u8 = 1 << 3;
pub const REQUESTED_WRITE_SYNC: u8 = 1 << 4;
pub const MUTATE_DIRECTORY: u8 = 1 << 5;
/// All of `descriptor-flags`.
pub const FLAGS: u8 = (1 << 6) - 1;
/// The most that one `read` returns.
const LIMIT: u64 = 65536;

/// Fills the slot of a new descriptor from the `fdstat` that the host left: see [`kind`] for its fields.
#[inline(always)]
pub fn fill(state: &State, entry: &Entry, flags: u8, fd: u32) {
    entry.set_head(u32::from(kind::DESCRIPTOR) | u32::from(flags) << 16);
    entry.small.set(state.fixed().result_byte() as u8);
    entry.word.set(fd);
    // Nobody else uses it yet.
    entry.set_wide((state.fixed().result(2) & u64::from(right::ALL)) << 32);
}

/// The `descriptor-type` of a P1 file type. (P1 has no fifo, and two kinds of socket.)
pub fn descriptor_type(file_type: u32) -> u32 {
    0x5776_3210 >> ((file_type & 7) * 4) & 7
}

/// The fd of a descriptor.
#[inline(never)]
pub fn fd(state: &State, handle: u32) -> u32 {
    state.get(handle, kind::DESCRIPTOR).word.get()
}

/// Whether a descriptor is a file that is open for `needs`, as an error number.
#[inline(never)]
fn check_file(state: &State, handle: u32, needs: u8) -> u32 {
    if is_file(state.get(handle, kind::DESCRIPTOR), needs) {
        0
    } else {
        p1::BADF
    }
}

#[inline(always)]
fn is_file(entry: &Entry, needs: u8) -> bool {
    u32::from(entry.small.get()) != p1::DIRECTORY && entry.flags.get() & needs == needs
}

/// A host refuses to sync what is not open for writing; here that succeeds with no effect.
#[inline(never)]
fn synced(state: &State, handle: u32, out: u32, mut errno: u32) {
    let flags = state.get(handle, kind::DESCRIPTOR).flags.get();
    if flags & WRITE == 0 && matches!(errno, p1::NOTCAPABLE | p1::ACCES | p1::BADF) {
        errno = 0;
    }
    unit_result(out, errno);
}

/// Writes the `result<descriptor-stat, error-code>` of the filestat that the host left.
#[inline(never)]
pub fn stat_result(state: &State, out: u32, errno: u32) {
    Out::check::<104, 8>(out);
    let out = Out::here(out);
    let fixed = state.fixed();
    if errno != 0 {
        failure(out, 8, errno);
        return;
    }
    out.u8(0, 0);
    out.u8(8, descriptor_type(fixed.result(2) as u32));
    out.u64(16, fixed.result(3));
    out.u64(24, fixed.result(4));
    out.u8(32, 1);
    datetime(out, 40, fixed.result(5));
    out.u8(56, 1);
    datetime(out, 64, fixed.result(6));
    out.u8(80, 1);
    datetime(out, 88, fixed.result(7));
}

/// Writes the `result<metadata-hash-value, error-code>` of the filestat that the host left: a mix
/// of device, inode, size and time of modification.
#[inline(never)]
pub fn hash_result(fixed: &Fixed, out: u32, errno: u32) {
    let out = Out::new(out, 24, 8);
    if errno != 0 {
        failure(out, 8, errno);
        return;
    }
    let mix = |hash: u64, value: u64| {
        let hash = (hash ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        hash ^ (hash >> 32)
    };
    let lower = mix(
        mix(
            mix(mix(0, fixed.result(0)), fixed.result(1)),
            fixed.result(4),
        ),
        fixed.result(6),
    );
    out.u8(0, 0);
    out.u64(8, lower);
    out.u64(16, mix(lower, fixed.result(1)));
}

/// Marks a time that nanoseconds cannot express.
const TOO_LATE: u32 = 1 << 8;

/// Keeps one `new-timestamp` as result `index`, and gives its two bits of `fstflags`.
#[inline(never)]
fn new_timestamp(fixed: &Fixed, index: usize, case: u32, seconds: u64, nanos: u32) -> u32 {
    trap_if(case > 2);
    if case != 2 {
        return case << 1;
    }
    match nanoseconds(seconds, nanos) {
        Some(time) => {
            fixed.set_result(index, time);
            1
        }
        None => TOO_LATE,
    }
}

/// The `fstflags` of two `new-timestamp`s, whose times are kept as results 0 and 1.
#[inline(always)]
pub fn new_timestamps(
    fixed: &Fixed,
    access: (u32, u64, u32),
    modification: (u32, u64, u32),
) -> u32 {
    let (case, seconds, nanos) = access;
    let flags = new_timestamp(fixed, 0, case, seconds, nanos);
    let (case, seconds, nanos) = modification;
    flags | new_timestamp(fixed, 1, case, seconds, nanos) << 2
}

/// Whether the result of [`new_timestamps`] is none, as an error number.
pub fn check_times(flags: u32) -> u32 {
    if flags >= TOO_LATE { p1::OVERFLOW } else { 0 }
}

/// Makes a stream on a descriptor, unless there is an error already.
#[inline(never)]
fn stream(state: &mut State, handle: u32, kind: u8, flags: u8, offset: u64, out: u32, errno: u32) {
    let out = Out::new(out, 8, 4);
    let mut errno = errno;
    if errno == 0 {
        let stream = state.insert(kind);
        if stream != 0 {
            let entry = state.slot(stream);
            entry.set_head(u32::from(kind) | u32::from(flags | flag::FILE) << 16);
            entry.word.set(handle);
            entry.set_wide(offset);
            let users = &state.slot(handle).low;
            users.set(users.get() + 1);
            out.u8(0, 0);
            out.u32(4, stream);
            return;
        }
        errno = p1::NOMEM;
    }
    failure(out, 4, errno);
}

/// Whether a descriptor can give an output stream, as an error number.
#[inline(never)]
fn check_output(state: &State, handle: u32) -> u32 {
    if check_file(state, handle, 0) != 0 {
        p1::BADF
    } else if check_file(state, handle, WRITE) != 0 {
        p1::PERM
    } else {
        0
    }
}

/// Drops a descriptor that streams may go on to use, or whose fd stays open.
#[inline(never)]
fn drop_used(state: &State, handle: u32) {
    state.get(handle, kind::DESCRIPTOR).kind.set(kind::ORPHAN);
    users::give_back(state, handle);
}

exports! {
    "wasi:filesystem/types@0.2#[method]descriptor.read-via-stream"
    fn read_via_stream(state, handle: u32, offset: u64, out: u32) {
        let errno = if check_file(&state, handle, 0) != 0 { p1::ISDIR } else { 0 };
        stream(&mut state, handle, kind::INPUT, 0, offset, out, errno);
    }

    "wasi:filesystem/types@0.2#[method]descriptor.write-via-stream"
    fn write_via_stream(state, handle: u32, offset: u64, out: u32) {
        let errno = check_output(&state, handle);
        stream(&mut state, handle, kind::OUTPUT, 0, offset, out, errno);
    }

    "wasi:filesystem/types@0.2#[method]descriptor.append-via-stream"
    fn append_via_stream(state, handle: u32, out: u32) {
        let errno = check_output(&state, handle);
        stream(&mut state, handle, kind::OUTPUT, flag::APPEND, 0, out, errno);
    }

    "wasi:filesystem/types@0.2#[method]descriptor.advise"
    fn advise(state, handle: u32, offset: u64, length: u64, advice: u32, out: u32) {
        trap_if(advice > 5);
        let mut errno = check_file(&state, handle, 0);
        if errno == 0 {
            errno = p1::fd_advise(fd(&state, handle), offset, length, advice);
        }
        unit_result(out, errno);
    }

    "wasi:filesystem/types@0.2#[method]descriptor.sync-data"
    fn sync_data(state, handle: u32, out: u32) {
        synced(&state, handle, out, p1::fd_datasync(fd(&state, handle)));
    }

    "wasi:filesystem/types@0.2#[method]descriptor.sync"
    fn sync(state, handle: u32, out: u32) {
        synced(&state, handle, out, p1::fd_sync(fd(&state, handle)));
    }

    "wasi:filesystem/types@0.2#[method]descriptor.get-flags"
    fn get_flags(state, handle: u32, out: u32) {
        let flags = state.get(handle, kind::DESCRIPTOR).flags.get();
        let out = Out::new(out, 2, 1);
        out.u8(0, 0);
        out.u8(1, (flags & FLAGS).into());
    }

    "wasi:filesystem/types@0.2#[method]descriptor.get-type"
    fn get_type(state, handle: u32, out: u32) {
        let file_type = state.get(handle, kind::DESCRIPTOR).small.get();
        let out = Out::new(out, 2, 1);
        out.u8(0, 0);
        out.u8(1, descriptor_type(file_type.into()));
    }

    "wasi:filesystem/types@0.2#[method]descriptor.set-size"
    fn set_size(state, handle: u32, size: u64, out: u32) {
        let mut errno = check_file(&state, handle, 0);
        if errno == 0 && check_file(&state, handle, WRITE) != 0 {
            errno = p1::INVAL;
        }
        if errno == 0 {
            errno = p1::fd_filestat_set_size(fd(&state, handle), size);
        }
        unit_result(out, errno);
    }

    /// Some hosts do this to a directory only by a path.
    "wasi:filesystem/types@0.2#[method]descriptor.set-times"
    fn set_times(state, handle: u32, access: u32, access_seconds: u64, access_nanos: u32,
        modification: u32, modification_seconds: u64, modification_nanos: u32, out: u32) {
        let fixed = state.fixed();
        let flags = new_timestamps(fixed, (access, access_seconds, access_nanos),
            (modification, modification_seconds, modification_nanos));
        let entry = state.get(handle, kind::DESCRIPTOR);
        let is_directory = u32::from(entry.small.get()) == p1::DIRECTORY;
        let mut errno = check_times(flags);
        if is_directory && entry.flags.get() & MUTATE_DIRECTORY == 0 {
            errno = p1::ROFS;
        }
        if errno == 0 {
            let fd = entry.word.get();
            let (access, modification) = (fixed.result(0), fixed.result(1));
            errno = p1::fd_filestat_set_times(fd, access, modification, flags);
            if errno == p1::BADF && is_directory {
                let path = fixed.count_at();
                fixed.count.set(u32::from(b'.'));
                errno = p1::path_filestat_set_times(fd, 0, path, 1, access, modification, flags);
            }
        }
        unit_result(out, errno);
    }

    "wasi:filesystem/types@0.2#[method]descriptor.read"
    fn read(state, handle: u32, length: u64, offset: u64, out: u32) {
        Out::check::<16, 4>(out);
        let length = length.min(LIMIT) as u32;
        let entry = state.get_here(handle, kind::DESCRIPTOR);
        let mut errno = p1::BADF;
        if is_file(entry, READ) {
            let fd = entry.word.get();
            let mut at = state.allocate_bytes(length);
            let mut count = 0;
            errno = 0;
            if length != 0 {
                let fixed = state.fixed();
                let vector = fixed.vector(here(at), length);
                errno = p1::fd_pread(fd, vector, 1, offset, fixed.count_at());
                if errno == 0 {
                    count = fixed.count.get();
                }
                if count != length {
                    at = there(state.shrink(here(at), length, count));
                }
            }
            if errno == 0 {
                let out = Out::here(out);
                out.u8(0, 0);
                out.u32(4, at);
                out.u32(8, count);
                out.u8(12, (count == 0 && length != 0).into());
                return;
            }
        }
        failure(Out::here(out), 4, errno);
    }

    "wasi:filesystem/types@0.2#[method]descriptor.write"
    fn write(state, handle: u32, at: u32, length: u32, offset: u64, out: u32) {
        let at = bytes(at, length);
        let out = Out::new(out, 16, 8);
        let entry = state.get(handle, kind::DESCRIPTOR);
        let mut errno = p1::BADF;
        if is_file(entry, WRITE) {
            let fixed = state.fixed();
            fixed.count.set(0);
            errno = 0;
            if length != 0 {
                let vector = fixed.vector(at, length);
                errno = p1::fd_pwrite(entry.word.get(), vector, 1, offset, fixed.count_at());
            }
            if errno == 0 {
                out.u8(0, 0);
                out.u64(8, fixed.count.get().into());
                return;
            }
        }
        failure(out, 8, errno);
    }

    "wasi:filesystem/types@0.2#[method]descriptor.stat"
    fn stat(state, handle: u32, out: u32) {
        let fd = state.get_here(handle, kind::DESCRIPTOR).word.get();
        let errno = p1::fd_filestat_get(fd, state.fixed().result_at());
        stat_result(&state, out, errno);
    }

    /// By device and inode. Where the host cannot say, only a descriptor is like itself.
    "wasi:filesystem/types@0.2#[method]descriptor.is-same-object"
    fn is_same_object(state, handle: u32, other: u32) -> u32 {
        let (fd, other_fd) = (fd(&state, handle), fd(&state, other));
        let fixed = state.fixed();
        let errno = p1::fd_filestat_get(fd, fixed.result_at());
        let (device, inode) = (fixed.result(0), fixed.result(1));
        if errno != 0 || p1::fd_filestat_get(other_fd, fixed.result_at()) != 0 {
            return (fd == other_fd).into();
        }
        (device == fixed.result(0) && inode == fixed.result(1)).into()
    }

    "wasi:filesystem/types@0.2#[method]descriptor.metadata-hash"
    fn metadata_hash(state, handle: u32, out: u32) {
        let fixed = state.fixed();
        hash_result(fixed, out, p1::fd_filestat_get(fd(&state, handle), fixed.result_at()));
    }

    "wasi:filesystem/types@0.2#[resource-drop]descriptor"
    fn drop_descriptor(state, handle: u32) {
        // One that is not preopened, and that no stream uses.
        if let Some(entry) = state.find_here(handle)
            && entry.head() & (0xff | u32::from(PREOPEN) << 16) == kind::DESCRIPTOR.into()
            && entry.low.get() == 0
        {
            p1::fd_close(entry.word.get());
            state.remove_here(handle, entry);
        } else {
            drop_used(&state, handle);
        }
    }

    /// Standard streams are files of the host as well: only sockets have codes of another interface.
    "wasi:filesystem/types@0.2#filesystem-error-code"
    fn filesystem_error_code(state, error: u32, out: u32) {
        let entry = state.get(error, kind::ERROR);
        let out = Out::new(out, 2, 1);
        out.u8(0, (entry.flags.get() & flag::SOCKET == 0).into());
        out.u8(1, code(entry.word.get()));
    }
}
