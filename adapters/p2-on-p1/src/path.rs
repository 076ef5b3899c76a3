//! `wasi:filesystem/types`: what is done to a path below a directory.

use p1bridge_shim::abi::load8;
use p1bridge_shim::{Entry, Out, bytes, check_bytes, here, trap_if, utf8};

use crate::descriptor::{
    self, DATA_INTEGRITY_SYNC, FILE_INTEGRITY_SYNC, FLAGS, MUTATE_DIRECTORY, READ,
    REQUESTED_WRITE_SYNC, WRITE, check_times, fd, hash_result, new_timestamps, stat_result,
};
use crate::error::{failure, unit_result};
use crate::exports;
use crate::p1::{self, right};
use crate::state::{SCRATCH, State, kind};

/// Bits of `open-flags`, which are those of P1.
const CREATE: u32 = 1 << 0;
const DIRECTORY: u32 = 1 << 1;
const EXCLUSIVE: u32 = 1 << 2;
const TRUNCATE: u32 = 1 << 3;

/// Longer than any link.
const LONGEST_LINK: u32 = 1 << 20;

/// The directory behind a handle and the guest's path below it, if nothing about them is unusual: [`check`] says
/// what is wrong with others, if anything.
#[inline(always)]
fn usual(state: &State, handle: u32, path: u32, length: u32) -> Option<&Entry> {
    const DIRECTORY: u32 = kind::DESCRIPTOR as u32 | p1::DIRECTORY << 8;
    let entry = state.find_here(handle)?;
    let is_usual = entry.nature() == DIRECTORY
        && (utf8::is_short_word(here(path), length) || is_plain(here(path), length));
    is_usual.then_some(entry)
}

/// Whether a path is relative, and ASCII without a NUL; not empty, which it reads a byte of, too.
#[inline(never)]
fn is_plain(path: u32, length: u32) -> bool {
    load8(path) != u32::from(b'/') && utf8::plain(path, length)
}

/// Whether a base and a path can be used, as an error number; traps when the path is no string.
/// Some hosts would take an absolute path for one of their own, have other words for an empty one,
/// and cut a path at a NUL.
#[inline(never)]
fn check(state: &State, handle: u32, mutates: bool, path: u32, length: u32) -> u32 {
    let errno = if is_plain(path, length) {
        0
    } else {
        unusual(path, length)
    };
    let entry = state.get(handle, kind::DESCRIPTOR);
    if u32::from(entry.small.get()) != p1::DIRECTORY {
        p1::NOTDIR
    } else if mutates && entry.flags.get() & MUTATE_DIRECTORY == 0 {
        p1::ROFS
    } else {
        errno
    }
}

/// What is wrong with a path, as an error number, if it is a string at all.
#[inline(never)]
fn unusual(path: u32, length: u32) -> u32 {
    trap_if(!utf8::valid(path, length));
    if length == 0 {
        p1::NOENT
    } else if has_nul(path, length) {
        p1::INVAL
    } else {
        absolute(path, length)
    }
}

#[inline(never)]
fn has_nul(path: u32, length: u32) -> bool {
    let mut at = path;
    let end = path + length;
    while at != end {
        if load8(at) == 0 {
            return true;
        }
        at += 1;
    }
    false
}

/// `PERM` for an absolute path.
#[inline(never)]
fn absolute(path: u32, length: u32) -> u32 {
    if length != 0 && load8(path) == u32::from(b'/') {
        p1::PERM
    } else {
        0
    }
}

/// The check of two paths below two bases, both of which change.
#[inline(always)]
fn check_two(state: &State, old: (u32, u32, u32), new: (u32, u32, u32)) -> u32 {
    let errno = check(state, old.0, true, old.1, old.2);
    let other = check(state, new.0, true, new.1, new.2);
    if errno == 0 || other == p1::NOTDIR {
        other
    } else {
        errno
    }
}

/// The `fdflags` for the flags about integrity.
#[inline(never)]
fn sync_flags(flags: u8) -> u32 {
    let mut fdflags = 0;
    if flags & FILE_INTEGRITY_SYNC != 0 {
        fdflags |= p1::SYNC;
    }
    if flags & DATA_INTEGRITY_SYNC != 0 {
        fdflags |= p1::DSYNC;
    }
    if flags & REQUESTED_WRITE_SYNC != 0 {
        fdflags |= p1::RSYNC;
    }
    fdflags
}

/// Asks the host about a path below a directory that is fit for it, and writes the result.
#[inline(always)]
fn stat_below(state: &State, parent: &Entry, follow: u32, path: u32, length: u32, out: u32) {
    let fd = parent.word.get();
    let at = state.fixed().result_at();
    let errno = p1::path_filestat_get(fd, follow & 1, here(path), length, at);
    stat_result(state, out, errno);
}

/// The same for a directory and a path of which that is not known.
#[inline(never)]
fn stat_any(state: &State, handle: u32, follow: u32, path: u32, length: u32, out: u32) {
    let errno = check(state, handle, false, here(path), length);
    if errno == 0 {
        stat_below(state, state.slot(handle), follow, path, length, out);
    } else {
        stat_result(state, out, errno);
    }
}

/// What to ask of `path_open`.
struct Opening {
    how: u32,
    /// Rights that are wanted, should the parent pass them on.
    rights: u64,
    fdflags: u32,
    /// Flags of the new descriptor.
    flags: u8,
}

/// Opens a path below a directory that is fit for it, as the handle that is vacant, and writes the result
/// to where the guest wants it.
#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "in line")]
fn open(
    state: &State,
    handle: u32,
    parent: &Entry,
    follow: u32,
    path: u32,
    length: u32,
    opening: Opening,
    out: u32,
) {
    let mut errno = p1::path_open(
        parent.word.get(),
        follow & 1,
        here(path),
        length,
        opening.how,
        u64::from(parent.high.get()) & opening.rights,
        parent.high.get().into(),
        opening.fdflags,
        state.fixed().result_at(),
    );
    if errno == 0 {
        let fd = state.fixed().result(0) as u32;
        errno = p1::fd_fdstat_get(fd, state.fixed().result_at());
        if errno == 0 {
            let entry = state.occupy(handle);
            let mut flags = opening.flags;
            if flags & MUTATE_DIRECTORY != 0 && state.fixed().result_byte() != p1::DIRECTORY {
                flags &= !MUTATE_DIRECTORY;
            }
            descriptor::fill(state, entry, flags, fd);
            Out::here(out).u8(0, 0);
            Out::here(out).u32(4, handle);
            return;
        }
        p1::fd_close(fd);
    }
    failure(Out::here(out), 4, errno);
}

/// Rights that make some hosts open for writing, which a directory refuses.
const WRITING: u64 =
    (right::FD_WRITE | right::FD_DATASYNC | right::FD_ALLOCATE | right::FD_FILESTAT_SET_SIZE)
        as u64;

/// Opens whatever it is.
#[inline(never)]
#[expect(clippy::too_many_arguments, reason = "those of `open-at`")]
fn open_any(
    state: &mut State,
    base: u32,
    follow: u32,
    path: u32,
    length: u32,
    how: u32,
    flags: u32,
    out: u32,
) {
    let mut flags = flags as u8 & FLAGS;
    if flags & WRITE == 0 {
        flags |= READ;
    }
    if how & (CREATE | TRUNCATE) != 0 {
        flags |= WRITE;
    }
    let mutates = flags & (WRITE | MUTATE_DIRECTORY) != 0;
    let mut errno = check(state, base, mutates, here(path), length);
    if errno != p1::NOTDIR && errno != p1::ROFS && how & DIRECTORY != 0 && how & 15 != DIRECTORY {
        errno = p1::INVAL;
    }
    if errno != 0 {
        return failure(Out::here(out), 4, errno);
    }
    // Without `create` there is nothing to be the first at.
    let how = if how & CREATE == 0 {
        how & 15 & !EXCLUSIVE
    } else {
        how & 15
    };
    let mut rights = u64::MAX;
    if flags & READ == 0 {
        rights &= !u64::from(right::FD_READ | right::FD_READDIR);
    }
    if flags & WRITE == 0 {
        rights &= !WRITING;
    }
    let opening = Opening {
        how,
        rights,
        fdflags: sync_flags(flags),
        flags,
    };
    match state.vacant() {
        Some(handle) => open(
            state,
            handle,
            state.slot_here(base),
            follow,
            path,
            length,
            opening,
            out,
        ),
        None => failure(Out::here(out), 4, p1::NOMEM),
    }
}

/// Whether the target of a link can be shown, as an error number.
#[inline(never)]
fn check_target(at: u32, length: u32) -> u32 {
    if utf8::valid(at, length) {
        absolute(at, length)
    } else {
        p1::ILSEQ
    }
}

/// Reads a link whose target fills the scratch, into memory of the guest that grows until the
/// target leaves some of it free. Writes the string at `out`.
#[inline(never)]
fn long_link(state: &mut State, fd: u32, path: u32, length: u32, out: Out) -> u32 {
    let mut size = SCRATCH;
    let mut at = 0;
    let mut errno = p1::RANGE;
    let mut count = 0;
    while errno == p1::RANGE && size < LONGEST_LINK {
        let old = if at == 0 { 0 } else { size };
        size *= 2;
        at = state.reallocate(at, old, 1, size);
        let fixed = state.fixed();
        errno = read_link(state, fd, path, length, at, size);
        count = fixed.count.get();
    }
    if errno == 0 {
        errno = check_target(at, count);
    }
    at = state.shrink(at, size, if errno == 0 { count } else { 0 });
    out.list(0, at, count);
    errno
}

/// Reads a link once. `RANGE` is a buffer that may be too small: hosts cut without a word.
#[inline(never)]
fn read_link(state: &State, fd: u32, path: u32, length: u32, at: u32, size: u32) -> u32 {
    let fixed = state.fixed();
    let errno = p1::path_readlink(fd, path, length, at, size, fixed.count_at());
    if errno == p1::NOBUFS || errno == 0 && fixed.count.get() >= size {
        p1::RANGE
    } else {
        errno
    }
}

exports! {
    "wasi:filesystem/types@0.2#[method]descriptor.create-directory-at"
    fn create_directory_at(state, handle: u32, path: u32, length: u32, out: u32) {
        let path = bytes(path, length);
        let mut errno = check(&state, handle, true, path, length);
        if errno == 0 {
            errno = p1::path_create_directory(fd(&state, handle), path, length);
        }
        unit_result(out, errno);
    }

    "wasi:filesystem/types@0.2#[method]descriptor.remove-directory-at"
    fn remove_directory_at(state, handle: u32, path: u32, length: u32, out: u32) {
        let path = bytes(path, length);
        let mut errno = check(&state, handle, true, path, length);
        if errno == 0 {
            errno = p1::path_remove_directory(fd(&state, handle), path, length);
        }
        unit_result(out, errno);
    }

    "wasi:filesystem/types@0.2#[method]descriptor.unlink-file-at"
    fn unlink_file_at(state, handle: u32, path: u32, length: u32, out: u32) {
        let path = bytes(path, length);
        let mut errno = check(&state, handle, true, path, length);
        if errno == 0 {
            errno = p1::path_unlink_file(fd(&state, handle), path, length);
        }
        unit_result(out, errno);
    }

    "wasi:filesystem/types@0.2#[method]descriptor.stat-at"
    fn stat_at(state, handle: u32, follow: u32, path: u32, length: u32, out: u32) {
        check_bytes(path, length);
        if let Some(entry) = usual(&state, handle, path, length) {
            stat_below(&state, entry, follow, path, length, out);
        } else {
            stat_any(&state, handle, follow, path, length, out);
        }
    }

    "wasi:filesystem/types@0.2#[method]descriptor.metadata-hash-at"
    fn metadata_hash_at(state, handle: u32, follow: u32, path: u32, length: u32, out: u32) {
        let path = bytes(path, length);
        let fixed = state.fixed();
        let mut errno = check(&state, handle, false, path, length);
        if errno == 0 {
            let at = fixed.result_at();
            errno = p1::path_filestat_get(fd(&state, handle), follow & 1, path, length, at);
        }
        hash_result(fixed, out, errno);
    }

    "wasi:filesystem/types@0.2#[method]descriptor.set-times-at"
    fn set_times_at(state, handle: u32, follow: u32, path: u32, length: u32,
        access: u32, access_seconds: u64, access_nanos: u32,
        modification: u32, modification_seconds: u64, modification_nanos: u32, out: u32) {
        let path = bytes(path, length);
        let fixed = state.fixed();
        let flags = new_timestamps(fixed, (access, access_seconds, access_nanos),
            (modification, modification_seconds, modification_nanos));
        let mut errno = check(&state, handle, true, path, length);
        if errno == 0 {
            errno = check_times(flags);
        }
        if errno == 0 {
            errno = p1::path_filestat_set_times(fd(&state, handle), follow & 1, path, length,
                fixed.result(0), fixed.result(1), flags);
        }
        unit_result(out, errno);
    }

    /// A link to what a link points to is refused, as everywhere.
    "wasi:filesystem/types@0.2#[method]descriptor.link-at"
    fn link_at(state, old: u32, follow: u32, old_path: u32, old_length: u32,
        new: u32, new_path: u32, new_length: u32, out: u32) {
        let old_path = bytes(old_path, old_length);
        let new_path = bytes(new_path, new_length);
        let mut errno = check_two(&state, (old, old_path, old_length), (new, new_path, new_length));
        if errno != p1::NOTDIR && errno != p1::ROFS && follow & 1 != 0 {
            errno = p1::INVAL;
        }
        if errno == 0 {
            errno = p1::path_link(fd(&state, old), 0, old_path, old_length,
                fd(&state, new), new_path, new_length);
        }
        unit_result(out, errno);
    }

    "wasi:filesystem/types@0.2#[method]descriptor.rename-at"
    fn rename_at(state, old: u32, old_path: u32, old_length: u32,
        new: u32, new_path: u32, new_length: u32, out: u32) {
        let old_path = bytes(old_path, old_length);
        let new_path = bytes(new_path, new_length);
        let mut errno = check_two(&state, (old, old_path, old_length), (new, new_path, new_length));
        if errno == 0 {
            errno = p1::path_rename(fd(&state, old), old_path, old_length,
                fd(&state, new), new_path, new_length);
        }
        unit_result(out, errno);
    }

    "wasi:filesystem/types@0.2#[method]descriptor.symlink-at"
    fn symlink_at(state, handle: u32, target: u32, target_length: u32,
        path: u32, length: u32, out: u32) {
        let target = bytes(target, target_length);
        let path = bytes(path, length);
        let mut errno = check_two(&state, (handle, target, target_length), (handle, path, length));
        if errno == 0 {
            errno = p1::path_symlink(target, target_length, fd(&state, handle), path, length);
        }
        unit_result(out, errno);
    }

    "wasi:filesystem/types@0.2#[method]descriptor.readlink-at"
    fn readlink_at(state, handle: u32, path: u32, length: u32, out: u32) {
        let path = bytes(path, length);
        let out = Out::new(out, 12, 4);
        let mut errno = check(&state, handle, false, path, length);
        if errno == 0 {
            let fd = fd(&state, handle);
            let at = state.fixed().scratch_at();
            errno = read_link(&state, fd, path, length, at, SCRATCH);
            if errno == 0 {
                let count = state.fixed().count.get();
                errno = check_target(at, count);
                if errno == 0 {
                    state.string(out.part(4), at, count);
                }
            } else if errno == p1::RANGE {
                errno = long_link(&mut state, fd, path, length, out.part(4));
            }
        }
        if errno == 0 {
            out.u8(0, 0);
        } else {
            failure(out, 4, errno);
        }
    }

    "wasi:filesystem/types@0.2#[method]descriptor.open-at"
    fn open_at(state, handle: u32, follow: u32, path: u32, length: u32,
        how: u32, flags: u32, out: u32) {
        check_bytes(path, length);
        Out::check::<8, 4>(out);
        // Most are opened to be read.
        let only_reads = flags & u32::from(FLAGS & !READ) | how & !DIRECTORY == 0;
        if only_reads
            && let Some(vacant) = state.vacant()
            && let Some(parent) = usual(&state, handle, path, length)
        {
            let opening = Opening {
                how,
                rights: !WRITING,
                fdflags: 0,
                flags: READ,
            };
            open(&state, vacant, parent, follow, path, length, opening, out);
        } else {
            open_any(&mut state, handle, follow, path, length, how, flags, out);
        }
    }
}
