//! Preview 1 for guests beside others: the library `p1-on-p1`.
//!
//! A guest of several has a region of the memory, and its addresses begin there. A host knows nothing of
//! regions. So every pointer that the guest hands out is checked against the end of its region and moved,
//! and every pointer that the host writes is moved back. Descriptors and errors pass as they are: the
//! guests share the host's table of descriptors, as the parts of one process do.
//!
//! Nothing is kept: vectors of buffers are moved in place for the time of the call. A pointer that is not
//! in the region traps, as the witx of Preview 1 demands for one that the function has to follow.

#![no_std]

mod host;

use p1bridge_shim::abi::{load32, load64, store32, store64};
use p1bridge_shim::{bytes, list, there};

/// What the linker must know: no state.
#[unsafe(link_section = "p1bridge.library")]
pub static LIBRARY: [u8; 65] =
    *b"state-fixed 0\nstate-per-poll 0\nseed 0\nzeroes 0\nscratch 0\nframe 0\n";

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    p1bridge_shim::trap()
}

/// The bytes of a `ciovec` or `iovec`: a pointer and a length.
const VECTOR: u32 = 8;

/// Moves the buffers of a vector to where the host finds them. Gives where the vector is.
#[inline(never)]
fn move_buffers(vectors: u32, count: u32) -> u32 {
    let at = list(vectors, count, VECTOR, 1);
    let mut next = at;
    for _ in 0..count {
        store32(next, bytes(load32(next), load32(next + 4)));
        next += VECTOR;
    }
    at
}

/// Moves pointers that lie `stride` bytes apart back to where the guest finds what they point to.
#[inline(never)]
fn move_back(at: u32, count: u32, stride: u32) {
    let mut next = at;
    for _ in 0..count {
        store32(next, there(load32(next)));
        next += stride;
    }
}

/// Calls the host with moved buffers.
#[inline(always)]
fn with_buffers(vectors: u32, count: u32, call: impl FnOnce(u32) -> u32) -> u32 {
    let at = move_buffers(vectors, count);
    let errno = call(at);
    move_back(at, count, VECTOR);
    errno
}

/// How many strings there are and how many bytes they take, with no memory but the guest's first bytes,
/// which are as they were afterwards.
#[inline(always)]
fn sizes(get: impl FnOnce(u32, u32) -> u32) -> (u32, u32, u32) {
    let at = bytes(0, 8);
    let kept = load64(at);
    let errno = get(at, at + 4);
    let (count, size) = (load32(at), load32(at + 4));
    store64(at, kept);
    (errno, count, size)
}

/// `args_get` and `environ_get`.
#[inline(always)]
fn strings(
    array: u32,
    buf: u32,
    get_sizes: impl FnOnce(u32, u32) -> u32,
    get: impl FnOnce(u32, u32) -> u32,
) -> u32 {
    let (errno, count, size) = sizes(get_sizes);
    if errno != 0 {
        return errno;
    }
    let (array, buf) = (list(array, count, 4, 1), bytes(buf, size));
    let errno = get(array, buf);
    if errno == 0 {
        move_back(array, count, 4);
    }
    errno
}

/// Defines the functions of Preview 1.
macro_rules! functions {
    ($($name:ident ( $($parameters:tt)* ) $(-> $r:ty)? $body:block)*) => {$(
        const _: () = {
            #[unsafe(export_name = concat!("wasi_snapshot_preview1#", stringify!($name)))]
            extern "C" fn function($($parameters)*) $(-> $r)? $body
        };
    )*};
}

/// A struct of so many bytes that the host writes.
const COUNT: u32 = 4;
const TIME: u32 = 8;
const FDSTAT: u32 = 24;
const FILESTAT: u32 = 64;
const PRESTAT: u32 = 8;
const SUBSCRIPTION: u32 = 48;
const EVENT: u32 = 32;
const ROFLAGS: u32 = 2;

functions! {
    args_get(argv: u32, buf: u32) -> u32 {
        strings(argv, buf, |a, b| host::args_sizes_get(a, b), |a, b| host::args_get(a, b))
    }
    args_sizes_get(count: u32, size: u32) -> u32 {
        host::args_sizes_get(bytes(count, COUNT), bytes(size, COUNT))
    }
    environ_get(environ: u32, buf: u32) -> u32 {
        strings(environ, buf, |a, b| host::environ_sizes_get(a, b), |a, b| host::environ_get(a, b))
    }
    environ_sizes_get(count: u32, size: u32) -> u32 {
        host::environ_sizes_get(bytes(count, COUNT), bytes(size, COUNT))
    }
    clock_res_get(id: u32, out: u32) -> u32 { host::clock_res_get(id, bytes(out, TIME)) }
    clock_time_get(id: u32, precision: u64, out: u32) -> u32 {
        host::clock_time_get(id, precision, bytes(out, TIME))
    }
    fd_advise(fd: u32, offset: u64, length: u64, advice: u32) -> u32 {
        host::fd_advise(fd, offset, length, advice)
    }
    fd_allocate(fd: u32, offset: u64, length: u64) -> u32 { host::fd_allocate(fd, offset, length) }
    fd_close(fd: u32) -> u32 { host::fd_close(fd) }
    fd_datasync(fd: u32) -> u32 { host::fd_datasync(fd) }
    fd_fdstat_get(fd: u32, out: u32) -> u32 { host::fd_fdstat_get(fd, bytes(out, FDSTAT)) }
    fd_fdstat_set_flags(fd: u32, flags: u32) -> u32 { host::fd_fdstat_set_flags(fd, flags) }
    fd_fdstat_set_rights(fd: u32, base: u64, inheriting: u64) -> u32 {
        host::fd_fdstat_set_rights(fd, base, inheriting)
    }
    fd_filestat_get(fd: u32, out: u32) -> u32 { host::fd_filestat_get(fd, bytes(out, FILESTAT)) }
    fd_filestat_set_size(fd: u32, size: u64) -> u32 { host::fd_filestat_set_size(fd, size) }
    fd_filestat_set_times(fd: u32, atim: u64, mtim: u64, flags: u32) -> u32 {
        host::fd_filestat_set_times(fd, atim, mtim, flags)
    }
    fd_pread(fd: u32, iovs: u32, count: u32, offset: u64, out: u32) -> u32 {
        let out = bytes(out, COUNT);
        with_buffers(iovs, count, |iovs| host::fd_pread(fd, iovs, count, offset, out))
    }
    fd_prestat_dir_name(fd: u32, path: u32, length: u32) -> u32 {
        host::fd_prestat_dir_name(fd, bytes(path, length), length)
    }
    fd_prestat_get(fd: u32, out: u32) -> u32 { host::fd_prestat_get(fd, bytes(out, PRESTAT)) }
    fd_pwrite(fd: u32, iovs: u32, count: u32, offset: u64, out: u32) -> u32 {
        let out = bytes(out, COUNT);
        with_buffers(iovs, count, |iovs| host::fd_pwrite(fd, iovs, count, offset, out))
    }
    fd_read(fd: u32, iovs: u32, count: u32, out: u32) -> u32 {
        let out = bytes(out, COUNT);
        with_buffers(iovs, count, |iovs| host::fd_read(fd, iovs, count, out))
    }
    fd_readdir(fd: u32, buf: u32, length: u32, cookie: u64, out: u32) -> u32 {
        host::fd_readdir(fd, bytes(buf, length), length, cookie, bytes(out, COUNT))
    }
    fd_renumber(from: u32, to: u32) -> u32 { host::fd_renumber(from, to) }
    fd_seek(fd: u32, offset: u64, whence: u32, out: u32) -> u32 {
        host::fd_seek(fd, offset, whence, bytes(out, TIME))
    }
    fd_sync(fd: u32) -> u32 { host::fd_sync(fd) }
    fd_tell(fd: u32, out: u32) -> u32 { host::fd_tell(fd, bytes(out, TIME)) }
    fd_write(fd: u32, iovs: u32, count: u32, out: u32) -> u32 {
        let out = bytes(out, COUNT);
        with_buffers(iovs, count, |iovs| host::fd_write(fd, iovs, count, out))
    }
    path_create_directory(fd: u32, path: u32, length: u32) -> u32 {
        host::path_create_directory(fd, bytes(path, length), length)
    }
    path_filestat_get(fd: u32, flags: u32, path: u32, length: u32, out: u32) -> u32 {
        host::path_filestat_get(fd, flags, bytes(path, length), length, bytes(out, FILESTAT))
    }
    path_filestat_set_times(fd: u32, flags: u32, path: u32, length: u32, atim: u64, mtim: u64, set: u32) -> u32 {
        host::path_filestat_set_times(fd, flags, bytes(path, length), length, atim, mtim, set)
    }
    path_link(from_fd: u32, flags: u32, from: u32, from_length: u32, to_fd: u32, to: u32, to_length: u32) -> u32 {
        host::path_link(from_fd, flags, bytes(from, from_length), from_length, to_fd, bytes(to, to_length), to_length)
    }
    path_open(fd: u32, flags: u32, path: u32, length: u32, oflags: u32, base: u64, inheriting: u64, fdflags: u32, out: u32) -> u32 {
        host::path_open(fd, flags, bytes(path, length), length, oflags, base, inheriting, fdflags, bytes(out, COUNT))
    }
    path_readlink(fd: u32, path: u32, length: u32, buf: u32, size: u32, out: u32) -> u32 {
        host::path_readlink(fd, bytes(path, length), length, bytes(buf, size), size, bytes(out, COUNT))
    }
    path_remove_directory(fd: u32, path: u32, length: u32) -> u32 {
        host::path_remove_directory(fd, bytes(path, length), length)
    }
    path_rename(from_fd: u32, from: u32, from_length: u32, to_fd: u32, to: u32, to_length: u32) -> u32 {
        host::path_rename(from_fd, bytes(from, from_length), from_length, to_fd, bytes(to, to_length), to_length)
    }
    path_symlink(target: u32, target_length: u32, fd: u32, path: u32, length: u32) -> u32 {
        host::path_symlink(bytes(target, target_length), target_length, fd, bytes(path, length), length)
    }
    path_unlink_file(fd: u32, path: u32, length: u32) -> u32 {
        host::path_unlink_file(fd, bytes(path, length), length)
    }
    poll_oneoff(subscriptions: u32, events: u32, count: u32, out: u32) -> u32 {
        host::poll_oneoff(
            list(subscriptions, count, SUBSCRIPTION, 1),
            list(events, count, EVENT, 1),
            count,
            bytes(out, COUNT),
        )
    }
    proc_exit(code: u32) { host::proc_exit(code) }
    proc_raise(signal: u32) -> u32 { host::proc_raise(signal) }
    random_get(buf: u32, length: u32) -> u32 { host::random_get(bytes(buf, length), length) }
    sched_yield() -> u32 { host::sched_yield() }
    sock_accept(fd: u32, flags: u32, out: u32) -> u32 { host::sock_accept(fd, flags, bytes(out, COUNT)) }
    sock_recv(fd: u32, iovs: u32, count: u32, flags: u32, out: u32, out_flags: u32) -> u32 {
        let (out, out_flags) = (bytes(out, COUNT), bytes(out_flags, ROFLAGS));
        with_buffers(iovs, count, |iovs| host::sock_recv(fd, iovs, count, flags, out, out_flags))
    }
    sock_send(fd: u32, iovs: u32, count: u32, flags: u32, out: u32) -> u32 {
        let out = bytes(out, COUNT);
        with_buffers(iovs, count, |iovs| host::sock_send(fd, iovs, count, flags, out))
    }
    sock_shutdown(fd: u32, how: u32) -> u32 { host::sock_shutdown(fd, how) }
}
