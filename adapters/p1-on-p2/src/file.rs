//! Open files: their types, sizes and offsets, and seeking.

use p1bridge_shim::abi::store64 as put64;

use crate::answer::{SIZE, kind, wide};
use crate::descriptor::{DIRECTORY, HANDLE, OFFSET, STDERR, TYPE, UNKNOWN, find};
use crate::error::{BADF, INVAL, SPIPE};
use crate::given::state::{RESULT, load8, load32, load64, store8, store64};
use crate::wasi::state as on;
use crate::{exports, weak};

/// The flag of descriptors that are written at the end only.
pub const APPEND: u32 = 1;

/// Rights.
const SEEK: u32 = 1 << 2;
const TELL: u32 = 1 << 5;

/// Where offsets count from.
const SET: u32 = 0;
const CUR: u32 = 1;
const END: u32 = 2;

/// The offset of a file, or an error number, negative.
#[inline(never)]
pub fn position(record: u32) -> i64 {
    let offset = load64(record + OFFSET) as i64;
    if offset >= 0 { offset } else { size(record) }
}

/// The size of a file, or an error number, negative.
#[inline(never)]
pub fn size(record: u32) -> i64 {
    on::stat(load32(record + HANDLE), RESULT);
    match wide(RESULT) {
        0 => load64(RESULT + SIZE) as i64,
        error => -i64::from(error),
    }
}

/// The type of an open file. The host is asked once.
#[inline(never)]
pub fn type_of(record: u32) -> u32 {
    if load8(record + TYPE) == UNKNOWN {
        on::get_type(load32(record + HANDLE), RESULT);
        let kind = kind();
        if kind < 0 {
            return 0;
        }
        store8(record + TYPE, kind as u32);
    }
    load8(record + TYPE)
}

weak! {
    "if files" {
        "seek-record"
        fn seek_record(record: u32, by: i64, whence: u32) -> i64 {
            seek_file(record, by, whence)
        }
    }
}

/// What `fd_seek` does with a file: gives the new offset, or an error number, negative.
#[inline(always)]
fn seek_file(record: u32, by: i64, whence: u32) -> i64 {
    if type_of(record) == DIRECTORY {
        return -i64::from(BADF);
    }
    let from = match whence {
        SET => 0,
        CUR => position(record),
        END => size(record),
        _ => return -i64::from(INVAL),
    };
    if from < 0 {
        return from;
    }
    match from.checked_add(by) {
        Some(offset) if offset >= 0 => {
            store64(record + OFFSET, offset as u64);
            offset
        }
        _ => -i64::from(INVAL),
    }
}

/// The same for any descriptor, for `fd_seek`: puts the offset to `out`.
#[inline(never)]
fn seek(fd: u32, by: i64, whence: u32, out: u32, right: u32) -> u32 {
    let found = find(fd, right);
    let offset = if found < 0 {
        found.into()
    } else if found as u32 <= STDERR {
        -i64::from(SPIPE)
    } else {
        seek_record(found as u32, by, whence)
    };
    if offset < 0 {
        return -offset as u32;
    }
    put64(out, offset as u64);
    0
}

exports! {
    "wasi_snapshot_preview1#fd_seek"
    fn fd_seek(fd: u32, by: i64, whence: u32, out: u32) -> u32 {
        seek(fd, by, whence, out, SEEK)
    }

    // There the numbers were others: from here, from the end, from the beginning.
    "wasi_unstable#fd_seek"
    fn fd_seek_unstable(fd: u32, by: i64, whence: u32, out: u32) -> u32 {
        seek(fd, by, if whence > END { whence } else { (whence + 1) % 3 }, out, SEEK)
    }

    "wasi_snapshot_preview1#fd_tell"
    fn fd_tell(fd: u32, out: u32) -> u32 {
        seek(fd, 0, CUR, out, TELL)
    }
}
