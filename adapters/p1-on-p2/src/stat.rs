//! What descriptors and files are: types, flags, rights, sizes, times.

use p1bridge_shim::abi::{store32 as put32, store64 as put64};

use crate::answer::done;
use crate::area::past;
use crate::describe::describe;
use crate::descriptor::{
    DIRECTORY, ENFORCED, FLAGS, HANDLE, INHERITING, PREOPEN, RIGHTS, STDERR, STDIN, drop_stream,
    find, handle, is_socket, record,
};
use crate::error::{BADF, INVAL, NOTCAPABLE, NOTSUP};
use crate::file::{APPEND, type_of};
use crate::given::state::{RESULT, load8, load32, store8, store32};
use crate::path::directory;
use crate::wasi::state as on;
use crate::{exports, path, socket, stdio, wasi, weak};

/// The flag of descriptors that do not block.
const NONBLOCK: u32 = 4;

/// Rights.
const DATASYNC: u32 = 1;
const READ: u32 = 1 << 1;
const SET_FLAGS: u32 = 1 << 3;
const SYNC: u32 = 1 << 4;
const WRITE: u32 = 1 << 6;
const ADVISE: u32 = 1 << 7;
const ALLOCATE: u32 = 1 << 8;
const PATH_STAT: u32 = 1 << 18;
const PATH_SET_TIMES: u32 = 1 << 20;
const STAT: u32 = 1 << 21;
const SET_SIZE: u32 = 1 << 22;
const SET_TIMES: u32 = 1 << 23;
/// Those to seek and to change a size, which no directory has.
const OF_FILES: u32 = 1 << 2 | 1 << 19 | SET_SIZE;
/// All of them.
pub const ALL: u32 = (1 << 30) - 1;

/// The last advice of a program about a file.
const LAST_ADVICE: u32 = 5;

/// In place of the flags of a path, for [`describe`]: it is about the descriptor itself.
pub const ITSELF: u32 = u32::MAX;

/// Bytes of a `filestat`.
pub const FILESTAT: u32 = 64;

/// What a `filestat` says of a file, but for the device.
pub struct Filestat {
    pub inode: u64,
    pub kind: u32,
    pub links: u64,
    pub size: u64,
    /// When it was read, written and changed, in nanoseconds.
    pub times: [u64; 3],
}

/// Writes a `filestat`. Its link count has 4 bytes in the preview before Preview 1.
#[inline(always)]
pub fn put(file: &Filestat, out: u32, is_unstable: u32) {
    put64(out, 1);
    put64(past(out, 8), file.inode);
    put64(past(out, 16), u64::from(file.kind) | file.links << 32);
    if is_unstable == 0 {
        put32(past(out, 20), 0);
        put64(past(out, 24), file.links);
    }
    let next = past(out, 32) - is_unstable * 8;
    put64(next, file.size);
    put64(past(next, 8), file.times[0]);
    put64(past(next, 16), file.times[1]);
    put64(past(next, 24), file.times[2]);
}

#[inline(never)]
fn descriptor_stat(fd: u32, out: u32, is_unstable: u32) -> u32 {
    let found = find(fd, STAT);
    if found < 0 {
        return -found as u32;
    }
    if found as u32 > STDERR {
        return stat_record(found as u32, out, is_unstable);
    }
    let size = 64 - is_unstable * 8;
    let mut at = 0;
    while at != size {
        put64(out + at, 0);
        at += 8;
    }
    put32(past(out, 16), stdio::file_type(found as u32));
    0
}

#[inline(never)]
fn path_stat(fd: u32, lookup: u32, path: u32, length: u32, out: u32, is_unstable: u32) -> u32 {
    let dir = directory(fd, path, length, PATH_STAT);
    if dir < 0 {
        return -dir as u32;
    }
    // Of other flags nothing is known.
    describe(dir as u32, lookup & 1, path, length, out, is_unstable)
}

weak! {
    "if files" {
        "stat-record"
        fn stat_record(record: u32, out: u32, is_unstable: u32) -> u32 {
            if is_socket(record) {
                socket::stat_socket(record, out, is_unstable);
                return 0;
            }
            describe(load32(record + HANDLE), ITSELF, 0, 0, out, is_unstable)
        }
        "status"
        fn status(record: u32, out: u32) {
            let kind = type_of(record);
            let none = if kind == DIRECTORY { OF_FILES } else { 0 };
            put64(out, (kind | load8(record + FLAGS) << 16).into());
            put64(past(out, 8), (load32(record + RIGHTS) & !none).into());
            put64(past(out, 16), load32(record + INHERITING).into());
        }
        "set-flags"
        fn set_flags(record: u32, flags: u32) -> u32 {
            let old = load8(record + FLAGS);
            if flags & !(APPEND | NONBLOCK) & !old != 0 {
                return INVAL as u32;
            }
            if (flags ^ old) & APPEND != 0 && type_of(record) != DIRECTORY {
                drop_stream(record);
            }
            store8(record + FLAGS, old & !(APPEND | NONBLOCK) | flags);
            0
        }
        "set-rights"
        fn set_rights(record: u32, rights: u64, inheriting: u64) -> u32 {
            let has = load32(record + RIGHTS);
            if rights & !u64::from(has) != 0 || inheriting & !u64::from(load32(record + INHERITING)) != 0 {
                return NOTCAPABLE as u32;
            }
            store32(record + RIGHTS, rights as u32);
            store8(record + PREOPEN, load8(record + PREOPEN) | ENFORCED);
            store32(record + INHERITING, inheriting as u32);
            0
        }
    }
}

/// The rights of a standard stream.
#[inline(always)]
fn rights_of(kind: u32) -> u32 {
    if kind == STDIN { READ } else { WRITE }
}

/// Calls the host about a file whose handle it gets, with an error number, or with none at [`RESULT`].
#[inline(always)]
fn with(fd: u32, right: u32, call: impl FnOnce(u32)) -> u32 {
    let handle = handle(fd, right);
    if handle < 0 {
        return -handle as u32;
    }
    call(handle as u32);
    done()
}

/// A `new-timestamp` for a time in nanoseconds: its discriminant, seconds and nanoseconds. `which` is 1 for that time and 2 for
/// that of the call.
#[inline(always)]
fn new_time(which: u32, time: u64) -> (u32, u64, u32) {
    (
        which >> 1 | which << 1 & 2,
        time / 1_000_000_000,
        (time % 1_000_000_000) as u32,
    )
}

/// Whether the flags say of one time that it is given and that it is now.
#[inline(always)]
fn is_both(which: u32) -> bool {
    which & which >> 1 & 5 != 0
}

exports! {
    "wasi_snapshot_preview1#fd_fdstat_get"
    fn fd_fdstat_get(fd: u32, out: u32) -> u32 {
        let found = find(fd, 0);
        if found < 0 {
            return -found as u32;
        }
        if found as u32 > STDERR {
            status(found as u32, out);
        } else {
            let rights = rights_of(found as u32).into();
            put64(out, stdio::status(found as u32).into());
            put64(past(out, 8), rights);
            put64(past(out, 16), rights);
        }
        0
    }

    "wasi_snapshot_preview1#fd_fdstat_set_flags"
    fn fd_fdstat_set_flags(fd: u32, flags: u32) -> u32 {
        let found = find(fd, SET_FLAGS);
        if found < 0 {
            return -found as u32;
        }
        if found as u32 > STDERR {
            return set_flags(found as u32, flags);
        }
        if flags & !(APPEND | NONBLOCK) != 0 {
            return INVAL as u32;
        }
        stdio::set_nonblocking(found as u32, flags & NONBLOCK != 0);
        0
    }

    // Standard streams keep theirs, of which there is one.
    "wasi_snapshot_preview1#fd_fdstat_set_rights"
    fn fd_fdstat_set_rights(fd: u32, rights: u64, inheriting: u64) -> u32 {
        let found = find(fd, 0);
        if found < 0 {
            return -found as u32;
        }
        if found as u32 > STDERR {
            return set_rights(found as u32, rights, inheriting);
        }
        if (rights | inheriting) & !u64::from(rights_of(found as u32)) != 0 { NOTCAPABLE as u32 } else { 0 }
    }

    "wasi_snapshot_preview1#fd_filestat_get"
    fn fd_filestat_get(fd: u32, out: u32) -> u32 {
        descriptor_stat(fd, out, 0)
    }

    "wasi_unstable#fd_filestat_get"
    fn fd_filestat_get_unstable(fd: u32, out: u32) -> u32 {
        descriptor_stat(fd, out, 1)
    }

    "wasi_snapshot_preview1#path_filestat_get"
    fn path_filestat_get(fd: u32, lookup: u32, path: u32, length: u32, out: u32) -> u32 {
        path_stat(fd, lookup, path, length, out, 0)
    }

    "wasi_unstable#path_filestat_get"
    fn path_filestat_get_unstable(fd: u32, lookup: u32, path: u32, length: u32, out: u32) -> u32 {
        path_stat(fd, lookup, path, length, out, 1)
    }

    "wasi_snapshot_preview1#fd_filestat_set_size"
    fn fd_filestat_set_size(fd: u32, size: u64) -> u32 {
        with(fd, SET_SIZE, |file| on::set_size(file, size, RESULT))
    }

    "wasi_snapshot_preview1#fd_filestat_set_times"
    fn fd_filestat_set_times(fd: u32, access: u64, modified: u64, which: u32) -> u32 {
        if is_both(which) {
            return INVAL as u32;
        }
        let (a, m) = (new_time(which & 3, access), new_time(which >> 2 & 3, modified));
        with(fd, SET_TIMES, |file| on::set_times(file, a.0, a.1, a.2, m.0, m.1, m.2, RESULT))
    }

    "wasi_snapshot_preview1#path_filestat_set_times"
    fn path_filestat_set_times(fd: u32, lookup: u32, path: u32, length: u32, access: u64, modified: u64, which: u32)
        -> u32 {
        if is_both(which) {
            return INVAL as u32;
        }
        let (a, m) = (new_time(which & 3, access), new_time(which >> 2 & 3, modified));
        path::with(fd, path, length, PATH_SET_TIMES, |dir, path, out| {
            wasi::set_times_at(dir, lookup, path, length, a.0, a.1, a.2, m.0, m.1, m.2, out);
        })
    }

    "wasi_snapshot_preview1#fd_sync"
    fn fd_sync(fd: u32) -> u32 {
        with(fd, SYNC, |file| on::sync(file, RESULT))
    }

    "wasi_snapshot_preview1#fd_datasync"
    fn fd_datasync(fd: u32) -> u32 {
        with(fd, DATASYNC, |file| on::sync_data(file, RESULT))
    }

    "wasi_snapshot_preview1#fd_advise"
    fn fd_advise(fd: u32, offset: u64, length: u64, advice: u32) -> u32 {
        if advice > LAST_ADVICE {
            return INVAL as u32;
        }
        with(fd, ADVISE, |file| on::advise(file, offset, length, advice, RESULT))
    }

    // There is no function for it.
    "wasi_snapshot_preview1#fd_allocate"
    fn fd_allocate(fd: u32, _offset: u64, _length: u64) -> u32 {
        match record(fd, ALLOCATE) {
            Ok(record) if type_of(record) == DIRECTORY => BADF as u32,
            Ok(_) => NOTSUP as u32,
            Err(error) => error,
        }
    }
}
