//! `wasi:filesystem/preopens`, and the entries of a directory.

use p1bridge_shim::abi::{load8, load32, load64};
use p1bridge_shim::{Out, trap_if, utf8};

use crate::descriptor::{self, MUTATE_DIRECTORY, PREOPEN, READ, descriptor_type};
use crate::error::failure;
use crate::p1::{self, right};
use crate::state::{SCRATCH, State, flag, insert, kind};
use crate::{exports, file};

/// The first descriptor that a host preopens.
const FIRST: u32 = 3;
/// Bytes of a P1 `dirent` before the name.
const DIRENT: u32 = 24;

/// Whether the name at `at` is that of the directory itself or its parent.
#[inline(never)]
fn is_dots(at: u32, length: u32) -> bool {
    let dot = u32::from(b'.');
    (length == 1 || length == 2 && load8(at + 1) == dot) && load8(at) == dot
}

/// Whether the `left` bytes at `at` begin with a whole entry.
#[inline(always)]
fn is_whole(at: u32, left: u32) -> bool {
    left >= DIRENT && left - DIRENT >= load32(at + 16)
}

/// Asks the host for entries from where the stream is. When there are none, it says so at `out` and
/// gives false.
#[inline(never)]
fn list_more(state: &State, handle: u32, out: Out) -> bool {
    let stream = state.slot(handle);
    let fixed = state.fixed();
    // A buffer that is not full is the end.
    let mut is_end = fixed.listed.get() == handle && fixed.listed_end.get() != SCRATCH;
    if !is_end {
        let at = fixed.scratch_at();
        let fd = state.slot(stream.word.get()).word.get();
        let mut errno = p1::fd_readdir(fd, at, SCRATCH, stream.wide(), fixed.count_at());
        if errno == 0 {
            let end = fixed.count.get().min(SCRATCH);
            fixed.listed.set(handle);
            fixed.listed_next.set(0);
            fixed.listed_end.set(end);
            if is_whole(at, end) {
                return true;
            }
            is_end = end != SCRATCH;
            errno = p1::NAMETOOLONG;
        }
        if !is_end {
            failure(out, 4, errno);
        }
    }
    if is_end {
        out.u8(0, 0);
        out.u8(4, 0);
    }
    false
}

/// The file type of an entry whose host does not say.
#[inline(never)]
fn look_up(state: &State, handle: u32, name: u32, length: u32) -> u32 {
    let fixed = state.fixed();
    let fd = state.slot(state.slot(handle).word.get()).word.get();
    if p1::path_filestat_get(fd, 0, name, length, fixed.result_at()) == 0 {
        fixed.result(2) as u32
    } else {
        0
    }
}

exports! {
    /// Handles of their own at every call.
    "wasi:filesystem/preopens@0.2#get-directories"
    fn get_directories(state, out: u32) {
        let result = state.fixed().result_at();
        let mut end = FIRST;
        while p1::fd_prestat_get(end, result) == 0 {
            end += 1;
        }
        let list = state.allocate(4, (end - FIRST) * 12);
        let mut fd = FIRST;
        while fd < end {
            let fixed = state.fixed();
            let result = fixed.result_at();
            let name = fixed.scratch_at();
            trap_if(p1::fd_prestat_get(fd, result) != 0);
            let mut length = (fixed.result(0) >> 32) as u32;
            trap_if(length > SCRATCH || p1::fd_prestat_dir_name(fd, name, length) != 0);
            // Some hosts count the byte that ends a C string.
            while length != 0 && load8(name + length - 1) == 0 {
                length -= 1;
            }
            trap_if(p1::fd_fdstat_get(fd, result) != 0);
            let handle = insert(&state, kind::DESCRIPTOR);
            let mut flags = READ | PREOPEN;
            if fixed.result(1) as u32 & right::PATH_CREATE_FILE != 0 {
                flags |= MUTATE_DIRECTORY;
            }
            let inheriting = fixed.result(2) as u32 & right::ALL;
            descriptor::fill(state.slot(handle), flags, p1::DIRECTORY, fd, inheriting);
            let element = Out::element(list + (fd - FIRST) * 12);
            element.u32(0, handle);
            state.string(element.part(4), name, length);
            fd += 1;
        }
        Out::new(out, 8, 4).list(0, list, end - FIRST);
    }

    /// A stream that remembers where it is by itself; the fd is shared.
    "wasi:filesystem/types@0.2#[method]descriptor.read-directory"
    fn read_directory(state, handle: u32, out: u32) {
        let out = Out::new(out, 8, 4);
        let users = state.get(handle, kind::DESCRIPTOR);
        if u32::from(users.small.get()) != p1::DIRECTORY {
            return failure(out, 4, p1::NOTDIR);
        }
        let stream = state.insert(kind::ENTRIES);
        if stream == 0 {
            return failure(out, 4, p1::NOMEM);
        }
        let entry = state.slot(stream);
        entry.flags.set(flag::FILE);
        entry.word.set(handle);
        entry.set_wide(0);
        users.low.set(users.low.get() + 1);
        out.u8(0, 0);
        out.u32(4, stream);
    }

    /// Entries are kept in the scratch as the host wrote them. When something else has used the
    /// scratch, or the last of them is cut off, the host is asked again from where the stream is.
    "wasi:filesystem/types@0.2#[method]directory-entry-stream.read-directory-entry"
    fn read_directory_entry(state, handle: u32, out: u32) {
        let out = Out::new_here(out, 20, 4);
        let stream = state.get_here(handle, kind::ENTRIES);
        let fixed = state.fixed();
        let (name, length) = loop {
            let next = fixed.listed_next.get();
            let at = fixed.listing_at() + next;
            if fixed.listed.get() != handle || !is_whole(at, fixed.listed_end.get() - next) {
                if !list_more(&state, handle, out) {
                    return;
                }
                continue;
            }
            let length = load32(at + 16);
            stream.set_wide(load64(at));
            fixed.listed_next.set(next + DIRENT + length);
            if load8(at + DIRENT) != u32::from(b'.') || !is_dots(at + DIRENT, length) {
                break (at + DIRENT, length);
            }
        };
        if !utf8::valid(name, length) {
            return failure(out, 4, p1::ILSEQ);
        }
        let mut file_type = load8(name - DIRENT + 20);
        if file_type == 0 {
            file_type = look_up(&state, handle, name, length);
        }
        out.u8(0, 0);
        out.u8(4, 1);
        out.u8(8, descriptor_type(file_type));
        state.bytes(out.part(12), name, length);
    }

    "wasi:filesystem/types@0.2#[resource-drop]directory-entry-stream"
    fn drop_directory_entry_stream(state, handle: u32) {
        let descriptor = state.get(handle, kind::ENTRIES).word.get();
        let listed = &state.fixed().listed;
        if listed.get() == handle {
            listed.set(0);
        }
        state.remove(handle);
        file::give_back(&state, descriptor);
    }
}
