//! `wasi:filesystem`: what WASI 0.2 has under other types.
//!
//! A function writes its result as WASI 0.2 has it, into a place that is large enough for that of 0.3; then
//! it is moved. `error-code` and `descriptor-type` are variants now: `other(option<string>)` is their last
//! case, so that they have 16 bytes.

use p1bridge_shim::abi::{load8, load64, store8, store32, store64};
use p1bridge_shim::{Out, here};

use crate::state::{State, kind as resource};
use crate::tasks::{self, host_drop, host_sink, kind, resolved_future};
use crate::{descriptor, directory, p1, path, users};

/// `error-code` of 0.2 that is no more: `would-block`; and of 0.3 in place of it: `io`.
const WOULD_BLOCK: u32 = 1;
const IO: u32 = 12;
const OVERFLOW: u32 = 29;

/// The `error-code` of 0.3 for one of 0.2: there is one less.
fn code(of_0_2: u32) -> u32 {
    match of_0_2 {
        0 => 0,
        WOULD_BLOCK => IO,
        code => code - 1,
    }
}

/// With an `error-code` of 0.2: in place of an error number.
pub const OF_0_2: u32 = 0x100;

/// The `error-code` for an error number of P1.
pub fn code_of(errno: u32) -> u32 {
    if errno & OF_0_2 != 0 {
        return code(errno & !OF_0_2);
    }
    code(crate::error::code(errno))
}

/// Moves an `error-code` from where 0.2 has it.
#[inline(never)]
fn error(at: u32, from: u32, to: u32) {
    let code = code(load8(at + from));
    store8(at + to, code);
}

/// `descriptor-type` of 0.3, at an address: unknown is `other(none)`.
#[inline(never)]
pub fn put_type(at: u32, of_0_2: u32) {
    if of_0_2 == 0 {
        store8(at, 7);
        store8(at + 4, 0);
    } else {
        store8(at, of_0_2 - 1);
    }
}

/// A `result<_, error-code>`.
#[inline(always)]
fn unit(out: u32, function: impl FnOnce(u32)) {
    let at = Out::new(out, 20, 4).at(0);
    function(out);
    if load8(at) != 0 {
        error(at, 1, 4);
    }
}

/// One whose value is where 0.2 has it, `payload` bytes in.
#[inline(always)]
fn same(out: u32, size: u32, align: u32, payload: u32, function: impl FnOnce(u32)) {
    Out::new(out, size, align);
    function(out);
    let at = here(out);
    if load8(at) != 0 {
        error(at, payload, payload);
    }
}

/// A `result<descriptor-stat, error-code>`: all behind the type moves by 8 bytes.
#[inline(never)]
fn moved_stat(at: u32) {
    if load8(at) != 0 {
        error(at, 8, 8);
        return;
    }
    let mut from = 96;
    while from >= 16 {
        store64(at + from + 8, load64(at + from));
        from -= 8;
    }
    put_type(at + 8, load8(at + 8));
}

/// Whether a time is before what 0.2 can say.
fn is_negative(case: u32, seconds: u64) -> bool {
    case == 2 && (seconds as i64) < 0
}

/// A `result<_, error-code>` that is `overflow`.
fn overflow(out: u32) {
    let out = Out::new(out, 20, 4);
    out.u8(0, 1);
    out.u8(4, OVERFLOW);
}

fn file_type(state: &State, handle: u32) -> u32 {
    state.get(handle, resource::DESCRIPTOR).small.get().into()
}

fn flags(state: &State, handle: u32) -> u8 {
    state.get(handle, resource::DESCRIPTOR).flags.get()
}

/// The error of writing to a descriptor, or 0.
fn not_written(state: &State, handle: u32) -> u32 {
    match flags(state, handle) & descriptor::WRITE {
        0 => p1::BADF,
        _ => 0,
    }
}

#[inline(never)]
fn sink(state: &State, handle: u32, data: u32, kind: u32, offset: u64) -> u32 {
    let errno = not_written(state, handle);
    if errno != 0 {
        host_drop(data);
        return resolved_future(kind, errno);
    }
    users::take(state, handle);
    host_sink(data, kind, handle, offset)
}

/// A stream of a descriptor, or one that ends at once, with its result.
#[inline(never)]
fn source(state: &State, handle: u32, kind: u32, offset: u64, errno: u32, out: u32) {
    let out = Out::new(out, 8, 4);
    if errno == 0 {
        users::take(state, handle);
        return tasks::source(out, kind, handle, offset);
    }
    tasks::failed_source(out, kind, errno);
}

provides! {
    "wasi:filesystem/preopens@0.3#get-directories"
    fn get_directories(state, out: u32) {
        directory::get_directories(out);
    }

    "wasi:filesystem/types@0.3#[method]descriptor.read-via-stream"
    fn read_via_stream(state, handle: u32, offset: u64, out: u32) {
        let errno = if file_type(&state, handle) == p1::DIRECTORY {
            p1::ISDIR
        } else if flags(&state, handle) & descriptor::READ == 0 {
            p1::BADF
        } else {
            0
        };
        source(&state, handle, kind::READ, offset, errno, out);
    }

    "wasi:filesystem/types@0.3#[method]descriptor.write-via-stream"
    fn write_via_stream(state, handle: u32, data: u32, offset: u64) -> u32 {
        sink(&state, handle, data, kind::WRITE, offset)
    }

    "wasi:filesystem/types@0.3#[method]descriptor.append-via-stream"
    fn append_via_stream(state, handle: u32, data: u32) -> u32 {
        sink(&state, handle, data, kind::APPEND, 0)
    }

    "wasi:filesystem/types@0.3#[method]descriptor.advise"
    fn advise(state, handle: u32, offset: u64, length: u64, advice: u32, out: u32) {
        unit(out, |out| descriptor::advise(handle, offset, length, advice, out));
    }

    "wasi:filesystem/types@0.3#[method]descriptor.sync-data"
    fn sync_data(state, handle: u32, out: u32) {
        unit(out, |out| descriptor::sync_data(handle, out));
    }

    "wasi:filesystem/types@0.3#[method]descriptor.sync"
    fn sync(state, handle: u32, out: u32) {
        unit(out, |out| descriptor::sync(handle, out));
    }

    "wasi:filesystem/types@0.3#[method]descriptor.get-flags"
    fn get_flags(state, handle: u32, out: u32) {
        let flags = flags(&state, handle) & descriptor::FLAGS;
        let out = Out::new(out, 20, 4);
        out.u8(0, 0);
        out.u8(4, flags.into());
    }

    "wasi:filesystem/types@0.3#[method]descriptor.get-type"
    fn get_type(state, handle: u32, out: u32) {
        let file_type = descriptor::descriptor_type(file_type(&state, handle));
        let out = Out::new(out, 20, 4);
        out.u8(0, 0);
        put_type(out.at(4), file_type);
    }

    "wasi:filesystem/types@0.3#[method]descriptor.set-size"
    fn set_size(state, handle: u32, size: u64, out: u32) {
        unit(out, |out| descriptor::set_size(handle, size, out));
    }

    "wasi:filesystem/types@0.3#[method]descriptor.set-times"
    fn set_times(state, handle: u32, access: u32, access_seconds: u64, access_nanos: u32,
        modification: u32, seconds: u64, nanos: u32, out: u32) {
        if is_negative(access, access_seconds) || is_negative(modification, seconds) {
            return overflow(out);
        }
        unit(out, |out| descriptor::set_times(handle, access, access_seconds, access_nanos,
            modification, seconds, nanos, out));
    }

    "wasi:filesystem/types@0.3#[method]descriptor.read-directory"
    fn read_directory(state, handle: u32, out: u32) {
        let errno = if file_type(&state, handle) == p1::DIRECTORY { 0 } else { p1::NOTDIR };
        if errno != 0 {
            return source(&state, handle, kind::ENTRIES, 0, errno, out);
        }
        // A stream of entries of its own, as 0.2 has it.
        let place = Out::new(out, 8, 4);
        directory::read_directory(handle, out);
        let entries = p1bridge_shim::abi::load32(place.at(4));
        if load8(place.at(0)) != 0 {
            return source(&state, handle, kind::ENTRIES, 0, p1::NOMEM, out);
        }
        tasks::source(place, kind::ENTRIES, entries, 0);
    }

    "wasi:filesystem/types@0.3#[method]descriptor.create-directory-at"
    fn create_directory_at(state, handle: u32, path: u32, length: u32, out: u32) {
        unit(out, |out| path::create_directory_at(handle, path, length, out));
    }

    "wasi:filesystem/types@0.3#[method]descriptor.stat"
    fn stat(state, handle: u32, out: u32) {
        let at = Out::new(out, 112, 8).at(0);
        descriptor::stat(handle, out);
        moved_stat(at);
    }

    "wasi:filesystem/types@0.3#[method]descriptor.stat-at"
    fn stat_at(state, handle: u32, follow: u32, path: u32, length: u32, out: u32) {
        let at = Out::new(out, 112, 8).at(0);
        path::stat_at(handle, follow, path, length, out);
        moved_stat(at);
    }

    "wasi:filesystem/types@0.3#[method]descriptor.set-times-at"
    fn set_times_at(state, handle: u32, follow: u32, path: u32, length: u32, access: u32,
        access_seconds: u64, access_nanos: u32, modification: u32, seconds: u64, nanos: u32, out: u32) {
        if is_negative(access, access_seconds) || is_negative(modification, seconds) {
            return overflow(out);
        }
        unit(out, |out| path::set_times_at(handle, follow, path, length, access, access_seconds,
            access_nanos, modification, seconds, nanos, out));
    }

    "wasi:filesystem/types@0.3#[method]descriptor.link-at"
    fn link_at(state, old: u32, follow: u32, old_path: u32, old_length: u32,
        new: u32, new_path: u32, new_length: u32, out: u32) {
        unit(out, |out| path::link_at(old, follow, old_path, old_length, new, new_path, new_length, out));
    }

    "wasi:filesystem/types@0.3#[method]descriptor.open-at"
    fn open_at(state, handle: u32, follow: u32, path: u32, length: u32, open: u32, flags: u32, out: u32) {
        same(out, 20, 4, 4, |out| path::open_at(handle, follow, path, length, open, flags, out));
    }

    "wasi:filesystem/types@0.3#[method]descriptor.readlink-at"
    fn readlink_at(state, handle: u32, path: u32, length: u32, out: u32) {
        same(out, 20, 4, 4, |out| path::readlink_at(handle, path, length, out));
    }

    "wasi:filesystem/types@0.3#[method]descriptor.remove-directory-at"
    fn remove_directory_at(state, handle: u32, path: u32, length: u32, out: u32) {
        unit(out, |out| path::remove_directory_at(handle, path, length, out));
    }

    "wasi:filesystem/types@0.3#[method]descriptor.rename-at"
    fn rename_at(state, old: u32, old_path: u32, old_length: u32, new: u32, new_path: u32,
        new_length: u32, out: u32) {
        unit(out, |out| path::rename_at(old, old_path, old_length, new, new_path, new_length, out));
    }

    "wasi:filesystem/types@0.3#[method]descriptor.symlink-at"
    fn symlink_at(state, handle: u32, target: u32, target_length: u32, path: u32, length: u32, out: u32) {
        unit(out, |out| path::symlink_at(handle, target, target_length, path, length, out));
    }

    "wasi:filesystem/types@0.3#[method]descriptor.unlink-file-at"
    fn unlink_file_at(state, handle: u32, path: u32, length: u32, out: u32) {
        unit(out, |out| path::unlink_file_at(handle, path, length, out));
    }

    "wasi:filesystem/types@0.3#[method]descriptor.is-same-object"
    fn is_same_object(state, handle: u32, other: u32) -> u32 {
        descriptor::is_same_object(handle, other)
    }

    "wasi:filesystem/types@0.3#[method]descriptor.metadata-hash"
    fn metadata_hash(state, handle: u32, out: u32) {
        same(out, 24, 8, 8, |out| descriptor::metadata_hash(handle, out));
    }

    "wasi:filesystem/types@0.3#[method]descriptor.metadata-hash-at"
    fn metadata_hash_at(state, handle: u32, follow: u32, path: u32, length: u32, out: u32) {
        same(out, 24, 8, 8, |out| path::metadata_hash_at(handle, follow, path, length, out));
    }

    "wasi:filesystem/types@0.3#[resource-drop]descriptor"
    fn drop_descriptor(state, handle: u32) {
        descriptor::drop_descriptor(handle);
    }
}

/// Writes a `result<_, error-code>` for an error number of P1 at an address.
pub fn put_result(at: u32, errno: u32) {
    store32(at, (errno != 0).into());
    if errno != 0 {
        store8(at + 4, code_of(errno));
        store8(at + 8, 0);
    }
}
