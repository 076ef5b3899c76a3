//! Reading, writing and seeking in open files.

use p1bridge_shim::abi::store64 as put64;

use crate::area::{LOW, beside, borrow, get8, get32, get64};
use crate::descriptor::{
    DIRECTORY, FLAGS, HANDLE, OFFSET, STDERR, STREAM, TYPE, UNKNOWN, drop_stream, find,
};
use crate::error::{self, BADF, INVAL, SPIPE};
use crate::given::state::{RESULT, load8, load32, load64, store8, store32, store64};
use crate::transfer::{AT, WRITE};
use crate::wasi::state as on;
use crate::{exports, given, stdio, wasi, weak};

/// The flag of descriptors that are written at the end only.
pub const APPEND: u32 = 1;

/// The most bytes that `blocking-write-and-flush` takes.
const STREAM_BYTES: u32 = 4096;

/// Rights.
const SEEK: u32 = 1 << 2;
const TELL: u32 = 1 << 5;

/// Where offsets count from.
const SET: u32 = 0;
const CUR: u32 = 1;
const END: u32 = 2;

/// The error number of a `result` at an address whose payload is aligned to 8.
#[inline(never)]
pub fn wide(result: u32) -> i32 {
    if load8(result) == 0 {
        0
    } else {
        error::number(load8(result + 8))
    }
}

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
        0 => load64(RESULT + 24) as i64,
        error => -i64::from(error),
    }
}

/// The type of Preview 1 for one of WASI: there is no fifo, and a socket is one of a stream.
#[inline(always)]
pub fn file_type(of: u32) -> u32 {
    0x6470_3210 >> (of * 4) & 15
}

/// The type of an open file. The host is asked once.
#[inline(never)]
pub fn type_of(record: u32) -> u32 {
    if load8(record + TYPE) == UNKNOWN {
        on::get_type(load32(record + HANDLE), RESULT);
        if load8(RESULT) != 0 {
            return 0;
        }
        store8(record + TYPE, file_type(load8(RESULT + 1)));
    }
    load8(record + TYPE)
}

/// Appends bytes to a file, and gives their number or a negative error number. The stream for that is kept.
#[inline(always)]
fn append(record: u32, at: u32, length: u32) -> i32 {
    if load32(record + STREAM) == 0 {
        on::append(load32(record + HANDLE), RESULT);
        if load8(RESULT) != 0 {
            return -error::number(load8(RESULT + 4));
        }
        store32(record + STREAM, load32(RESULT + 4));
    }
    let mut done = 0;
    while done != length {
        let part = (length - done).min(STREAM_BYTES);
        let moved = stdio::write_stream(load32(record + STREAM), at + done, part);
        if moved < 0 {
            drop_stream(record);
            return if done == 0 { moved } else { done as i32 };
        }
        done += part;
    }
    length as i32
}

weak! {
    "if files" {
        "transfer-file"
        fn transfer_file(what: u32, record: u32, at: u32, length: u32, offset: u64) -> i32 {
            let head = load64(record);
            if what & WRITE != 0 && head as u32 & APPEND << (8 * FLAGS) != 0 {
                let moved = append_file(record, at, length);
                if what & AT == 0 && moved > 0 {
                    // The offset is the end then, wherever that is.
                    store64(record + OFFSET, u64::MAX);
                }
                return moved;
            }
            let mut from = offset;
            if what & AT == 0 {
                from = load64(record + OFFSET);
                if (from as i64) < 0 {
                    let end = size(record);
                    if end < 0 {
                        return end as i32;
                    }
                    from = end as u64;
                }
            }
            let handle = (head >> (8 * HANDLE)) as u32;
            let moved = if what & WRITE != 0 { write_file(handle, at, length, from) } else { read_file(handle, at, length, from) };
            if what & AT == 0 && moved > 0 {
                store64(record + OFFSET, from + moved as u64);
            }
            moved
        }
        "seek-record"
        fn seek_record(record: u32, by: i64, whence: u32) -> i64 {
            seek_file(record, by, whence)
        }
    }
    "if fd_read fd_pread" {
        "read-file"
        fn read_file(handle: u32, to: u32, length: u32, offset: u64) -> i32 {
            let (area, length) = beside(to, length);
            borrow(area, || {
                given::returns_at(to, to + length);
                wasi::read_file(handle, length.into(), offset, area);
                if get8(area) == 0 { get32(area + 8) as i32 } else { -error::number(get8(area + 4)) }
            })
        }
    }
    "if fd_write fd_pwrite" {
        "append-file"
        fn append_file(record: u32, at: u32, length: u32) -> i32 {
            append(record, at, length)
        }
        "write-file"
        fn write_file(handle: u32, at: u32, length: u32, offset: u64) -> i32 {
            borrow(LOW, || {
                wasi::write_file(handle, at, length, offset, LOW);
                if get8(LOW) == 0 { get64(LOW + 8) as i32 } else { -error::number(get8(LOW + 8)) }
            })
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
