//! `wasi:filesystem/preopens`, and the entries of a directory.

use p1bridge_shim::abi::{copy, load8};
use p1bridge_shim::{Out, here, trap_if, utf8};

use crate::descriptor::{self, MUTATE_DIRECTORY, READ, descriptor_type};
use crate::error::failure;
use crate::p1::{self, right};
use crate::state::{LISTING, PREOPEN, SCRATCH, Scratch, State, flag, insert, kind};
use crate::{exports, users};

/// The first descriptor that a host preopens.
const FIRST: u32 = 3;
/// Bytes of a P1 `dirent` before the name.
pub const DIRENT: u32 = 24;

/// An entry in the scratch: the address that it would have if the scratch came first in its piece.
#[derive(Clone, Copy)]
pub struct Entry(*const u8);

/// Where its fields are from there.
pub const NEXT: usize = LISTING;
pub const LENGTH: usize = LISTING + 16;
pub const TYPE: usize = LISTING + 20;
pub const NAME: usize = LISTING + DIRENT as usize;

impl Entry {
    /// The entry so many bytes into the scratch.
    #[inline(always)]
    pub fn at(scratch: &Scratch, index: u32) -> Entry {
        Entry(unsafe { (scratch as *const Scratch as *const u8).add(index as usize) })
    }

    #[inline(always)]
    pub fn field<T: Copy>(self, offset: usize) -> T {
        unsafe { self.0.add(offset).cast::<T>().read_unaligned() }
    }

    /// The address of the name.
    #[inline(always)]
    pub fn name(self) -> u32 {
        unsafe { self.0.add(NAME) as u32 }
    }

    /// Whether all of it is in the `left` bytes from here on.
    #[inline(always)]
    pub fn is_whole(self, left: u32) -> bool {
        left >= DIRENT && left - DIRENT >= self.field(LENGTH)
    }
}

/// Whether an entry is the directory itself or its parent.
#[inline(never)]
pub fn is_dots(entry: Entry) -> bool {
    match entry.field::<u32>(LENGTH) {
        1 => entry.field::<u8>(NAME) == b'.',
        2 => entry.field::<u16>(NAME) == u16::from_le_bytes(*b".."),
        _ => false,
    }
}

/// Asks the host for entries from where the stream is. When there are none, it says so at `out` and
/// gives false. Traps when the handle is not that of a stream.
#[inline(never)]
pub fn list_more(state: &State, handle: u32, out: Out) -> bool {
    let stream = state.get(handle, kind::ENTRIES);
    let fixed = state.fixed();
    // A buffer that is not full is the end.
    let mut is_end = fixed.listed.get() == handle && fixed.scratch().listed_end.get() != SCRATCH;
    if !is_end {
        let at = fixed.scratch_at();
        let fd = state.slot(stream.word.get()).word.get();
        let mut errno = p1::fd_readdir(fd, at, SCRATCH, stream.wide(), fixed.count_at());
        if errno == 0 {
            let end = fixed.count.get().min(SCRATCH);
            fixed.listed.set(handle);
            let scratch = fixed.scratch();
            scratch.listed_next.set(0);
            scratch.listed_end.set(end);
            if Entry::at(scratch, 0).is_whole(end) {
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

/// The file type of an entry that is listed, where the host does not say.
#[inline(never)]
pub fn look_up(state: &State, entry: Entry) -> u32 {
    let fixed = state.fixed();
    let stream = state.slot(fixed.listed.get());
    let fd = state.slot(stream.word.get()).word.get();
    let (name, length) = (entry.name(), entry.field(LENGTH));
    if p1::path_filestat_get(fd, 0, name, length, fixed.result_at()) == 0 {
        fixed.result(2) as u32
    } else {
        0
    }
}

/// The answer for a name that is not UTF-8.
#[inline(never)]
fn no_name(out: Out) {
    failure(out, 4, p1::ILSEQ);
}

/// The directories that were given to the program, each with a handle of that kind.
#[inline(never)]
pub fn preopened(state: &mut State, kind: u8, out: u32) {
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
        let handle = insert(state, kind);
        let mut flags = READ | PREOPEN;
        if state.fixed().result(1) as u32 & right::PATH_CREATE_FILE != 0 {
            flags |= MUTATE_DIRECTORY;
        }
        let entry = state.slot(handle);
        descriptor::fill(state, entry, flags, fd);
        entry.kind.set(kind);
        entry.small.set(p1::DIRECTORY as u8);
        let element = Out::element(list + (fd - FIRST) * 12);
        element.u32(0, handle);
        state.string(element.part(4), name, length);
        fd += 1;
    }
    Out::new(out, 8, 4).list(0, list, end - FIRST);
}

exports! {
    /// Handles of their own at every call.
    "wasi:filesystem/preopens@0.2#get-directories"
    fn get_directories(state, out: u32) {
        preopened(&mut state, kind::DESCRIPTOR, out);
    }

    /// A stream that remembers where it is by itself; the fd is shared.
    "wasi:filesystem/types@0.2#[method]descriptor.read-directory"
    fn read_directory(state, handle: u32, out: u32) {
        let out = Out::new(out, 8, 4);
        if u32::from(state.get(handle, kind::DESCRIPTOR).small.get()) != p1::DIRECTORY {
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
        let users = &state.slot(handle).low;
        users.set(users.get() + 1);
        out.u8(0, 0);
        out.u32(4, stream);
    }

    /// Entries are kept in the scratch as the host wrote them. When something else has used the
    /// scratch, or the last of them is cut off, the host is asked again from where the stream is.
    /// A stream whose entries are listed is alive.
    "wasi:filesystem/types@0.2#[method]directory-entry-stream.read-directory-entry"
    fn read_directory_entry(state, handle: u32, out: u32) {
        Out::check::<20, 4>(out);
        let (entry, index, length) = loop {
            let fixed = state.fixed();
            let scratch = fixed.scratch();
            let index = scratch.listed_next.get();
            let entry = Entry::at(scratch, index);
            let is_listed = handle != 0 && fixed.listed.get() == handle;
            if !is_listed || !entry.is_whole(scratch.listed_end.get() - index) {
                if !list_more(&state, handle, Out::here(out)) {
                    return;
                }
                continue;
            }
            let length = entry.field(LENGTH);
            state.slot_here(handle).set_wide(entry.field(NEXT));
            scratch.listed_next.set(index + DIRENT + length);
            if entry.field::<u8>(NAME) != b'.' || !is_dots(entry) {
                break (entry, index, length);
            }
        };
        if !utf8::valid(entry.name(), length) {
            return no_name(Out::here(out));
        }
        let mut file_type = entry.field::<u8>(TYPE).into();
        if file_type == 0 {
            file_type = look_up(&state, entry);
        }
        let name = state.allocate_bytes(length);
        copy(here(name), Entry::at(state.fixed().scratch(), index).name(), length);
        Out::here(out).u8(0, 0);
        Out::here(out).u8(4, 1);
        Out::here(out).u8(8, descriptor_type(file_type));
        Out::here(out).u32(12, name);
        Out::here(out).u32(16, length);
    }

    "wasi:filesystem/types@0.2#[resource-drop]directory-entry-stream"
    fn drop_directory_entry_stream(state, handle: u32) {
        let descriptor = state.get(handle, kind::ENTRIES).word.get();
        let listed = &state.fixed().listed;
        if listed.get() == handle {
            listed.set(0);
        }
        state.remove(handle);
        users::give_back(&state, descriptor);
    }
}
