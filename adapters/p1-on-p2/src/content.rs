//! Reading and writing open files.

use crate::answer::narrow;
use crate::area::{LOW, beside, borrow, get8, get32, get64};
use crate::descriptor::{HANDLE, STREAM, drop_stream};
use crate::error;
use crate::given::state::{RESULT, load32, store32};
use crate::wasi::state as on;
use crate::{given, stdio, wasi, weak};

/// The most bytes that `blocking-write-and-flush` takes.
const STREAM_BYTES: u32 = 4096;

/// Appends bytes to a file, and gives their number or a negative error number. The stream for that is kept.
#[inline(always)]
fn append(record: u32, at: u32, length: u32) -> i32 {
    if load32(record + STREAM) == 0 {
        on::append(load32(record + HANDLE), RESULT);
        let error = narrow(RESULT);
        if error != 0 {
            return -error;
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
