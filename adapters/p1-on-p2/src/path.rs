//! What is done by paths. The host trusts that they are UTF-8, so that is looked at here.

use p1bridge_shim::abi::{load8, load32, load64, store32};
use p1bridge_shim::utf8;

use crate::answer::{by_path, by_paths, handle_by_path, narrow};
use crate::descriptor::{
    DIRECTORY, ENFORCED, INHERITING, PREOPEN, UNKNOWN, add, find_handle, place,
};
use crate::error::{ILSEQ, NOMEM, NOTCAPABLE};
use crate::given::state::{self, RESULT};
use crate::process::bring;
use crate::stat::ALL;
use crate::wasi::state as on;
use crate::{exports, wasi};

/// Rights.
const READ: u32 = 1 << 1;
const WRITE: u32 = 1 << 6;
const CREATE_DIRECTORY: u32 = 1 << 9;
const LINK_SOURCE: u32 = 1 << 11;
const LINK_TARGET: u32 = 1 << 12;
const OPEN: u32 = 1 << 13;
const READLINK: u32 = 1 << 15;
const RENAME_SOURCE: u32 = 1 << 16;
const RENAME_TARGET: u32 = 1 << 17;
const SYMLINK: u32 = 1 << 24;
const REMOVE_DIRECTORY: u32 = 1 << 25;
const UNLINK_FILE: u32 = 1 << 26;

/// Flags of `path_open`: that it is created, a directory, cut to nothing.
const CREATE: u32 = 1;
const ONLY_DIRECTORY: u32 = 2;
const TRUNCATE: u32 = 8;

/// Whether bytes of the program are UTF-8.
#[inline(never)]
pub fn is_text(at: u32, length: u32) -> bool {
    const HIGH: u64 = 0x8080_8080_8080_8080;
    if length < 8 {
        // The first four bytes, and the last.
        let few = if length >= 4 {
            u64::from(load32(at) | load32(at + length - 4))
        } else {
            let mut few = 0;
            let mut left = length;
            while left != 0 {
                left -= 1;
                few |= u64::from(load8(at + left));
            }
            few
        };
        return few & HIGH == 0 || utf8::sequences(at, length);
    }
    let last = length - 8;
    let mut done = 0;
    loop {
        if load64(at + done) & HIGH != 0 {
            return utf8::sequences(at, length);
        }
        if done == last {
            return true;
        }
        // The last eight bytes may be some of those before them again.
        done = (done + 8).min(last);
    }
}

/// The handle of the directory that a path is below, or an error number, negative.
#[inline(never)]
pub fn directory(fd: u32, path: u32, length: u32, right: u32) -> i32 {
    if is_text(path, length) {
        find_handle(fd, right)
    } else {
        -ILSEQ
    }
}

/// Calls the host with that, the path and an address for a `result<_, error-code>`, and gives the error number.
#[inline(always)]
pub fn with(fd: u32, path: u32, length: u32, right: u32, call: impl FnOnce(u32, u32, u32)) -> u32 {
    let dir = directory(fd, path, length, right);
    if dir < 0 {
        return -dir as u32;
    }
    by_path(path, length, |path, out| call(dir as u32, path, out))
}

/// The same with two directories and paths.
#[inline(always)]
fn between(
    from: (u32, u32, u32, u32),
    to: (u32, u32, u32, u32),
    call: impl FnOnce(u32, u32, u32, u32, u32),
) -> u32 {
    let dir = directory(from.0, from.1, from.2, from.3);
    if dir < 0 {
        return -dir as u32;
    }
    let to_dir = directory(to.0, to.1, to.2, to.3);
    if to_dir < 0 {
        return -to_dir as u32;
    }
    by_paths((from.1, from.2), (to.1, to.2), |path, to, out| {
        call(dir as u32, path, to_dir as u32, to, out);
    })
}

/// Copies a path to the library's memory, where the results of a call are that are too long for another place. Gives where it is,
/// or 0 if there is no room; what the host puts behind it is given up together with it.
#[inline(never)]
pub fn lend(path: u32, length: u32) -> u32 {
    let at = state::room(length.saturating_add(8));
    if at != 0 {
        lend_to(at, path, length);
    }
    at
}

/// Copies from the program's memory to that of the library, where up to eight more bytes may be written.
#[inline(always)]
pub fn lend_to(at: u32, path: u32, length: u32) {
    let mut done = 0;
    while length - done >= 8 {
        state::store64(at + done, load64(path + done));
        done += 8;
    }
    // There is room for eight more.
    let mut rest = 0;
    let mut left = length;
    while left != done {
        left -= 1;
        rest = rest << 8 | u64::from(load8(path + left));
    }
    state::store64(at + done, rest);
}

exports! {
    "wasi_snapshot_preview1#path_open"
    fn path_open(fd: u32, lookup: u32, path: u32, length: u32, how: u32, rights: u64, inheriting: u64, flags: u32, out: u32)
        -> u32 {
        let dir = directory(fd, path, length, OPEN);
        if dir < 0 {
            return -dir as u32;
        }
        let (rights, inheriting) = (rights as u32 & ALL, inheriting as u32 & ALL);
        if state::head(fd) as u32 & ENFORCED << (8 * PREOPEN) != 0
            && (rights | inheriting) & !state::load32(place(fd) + INHERITING) != 0 {
            return NOTCAPABLE as u32;
        }
        // Bits for reading and writing, and for what is written through at once.
        let mut mode = rights / READ & 1 | rights / WRITE << 1 & 2;
        mode |= flags << 2 & 8 | flags << 1 & 16 | flags >> 2 & 4;
        if how & (CREATE | TRUNCATE) != 0 {
            mode |= 2;
        }
        let opened = handle_by_path(path, length, |path, out| {
            wasi::open_at(dir as u32, lookup, path, length, how, mode, out);
        });
        if opened < 0 {
            return -opened as u32;
        }
        let kind = if how & ONLY_DIRECTORY != 0 { DIRECTORY } else { UNKNOWN };
        let fd = add(opened as u32, rights, inheriting, (flags & 31) << 8 | kind << 16);
        if fd < 0 {
            wasi::drop_descriptor(opened as u32);
            return -fd as u32;
        }
        store32(out, fd as u32);
        0
    }

    "wasi_snapshot_preview1#path_create_directory"
    fn path_create_directory(fd: u32, path: u32, length: u32) -> u32 {
        with(fd, path, length, CREATE_DIRECTORY, |dir, path, out| wasi::create_directory(dir, path, length, out))
    }

    "wasi_snapshot_preview1#path_remove_directory"
    fn path_remove_directory(fd: u32, path: u32, length: u32) -> u32 {
        with(fd, path, length, REMOVE_DIRECTORY, |dir, path, out| wasi::remove_directory(dir, path, length, out))
    }

    "wasi_snapshot_preview1#path_unlink_file"
    fn path_unlink_file(fd: u32, path: u32, length: u32) -> u32 {
        with(fd, path, length, UNLINK_FILE, |dir, path, out| wasi::unlink_file(dir, path, length, out))
    }

    "wasi_snapshot_preview1#path_rename"
    fn path_rename(fd: u32, path: u32, length: u32, to_fd: u32, to: u32, to_length: u32) -> u32 {
        between((fd, path, length, RENAME_SOURCE), (to_fd, to, to_length, RENAME_TARGET), |dir, path, to_dir, to, out| {
            wasi::rename(dir, path, length, to_dir, to, to_length, out);
        })
    }

    "wasi_snapshot_preview1#path_link"
    fn path_link(fd: u32, lookup: u32, path: u32, length: u32, to_fd: u32, to: u32, to_length: u32) -> u32 {
        between((fd, path, length, LINK_SOURCE), (to_fd, to, to_length, LINK_TARGET), |dir, path, to_dir, to, out| {
            wasi::link(dir, lookup, path, length, to_dir, to, to_length, out);
        })
    }

    "wasi_snapshot_preview1#path_symlink"
    fn path_symlink(text: u32, text_length: u32, fd: u32, path: u32, length: u32) -> u32 {
        if !is_text(text, text_length) {
            return ILSEQ as u32;
        }
        let dir = directory(fd, path, length, SYMLINK);
        if dir < 0 {
            return -dir as u32;
        }
        by_paths((text, text_length), (path, length), |text, path, out| {
            wasi::symlink(dir as u32, text, text_length, path, length, out);
        })
    }

    "wasi_snapshot_preview1#path_readlink"
    fn path_readlink(fd: u32, path: u32, length: u32, to: u32, size: u32, out: u32) -> u32 {
        let dir = directory(fd, path, length, READLINK);
        if dir < 0 {
            return -dir as u32;
        }
        let top = state::top();
        let lent = lend(path, length);
        if lent == 0 {
            return NOMEM as u32;
        }
        on::readlink(dir as u32, lent, length, RESULT);
        let error = narrow(RESULT);
        if error == 0 {
            let length = state::load32(RESULT + 8).min(size);
            bring(to, state::load32(RESULT + 4), length);
            store32(out, length);
        }
        state::cut(top);
        error as u32
    }
}
