//! Reading and writing open files: each time by a stream of its own, as what one descriptor has written, another has to read.

use crate::answer::narrow;
use crate::area::{LOW, beside};
use crate::descriptor::HANDLE;
use crate::error::BADF;
use crate::given::state::{RESULT, load32};
use crate::wait::done;
use crate::wasi::state as on;
use crate::{wasi, weak};

/// The error number for what is a directory.
const ISDIR: i32 = 31;

/// What a stream has ended with: an error number.
#[inline(never)]
pub fn end(future: u32) -> i32 {
    done(on::read_end(future, RESULT), future, LOW);
    on::drop_end(future);
    narrow(RESULT)
}

/// Writes bytes to a stream, whose end tells whether they are in the file. Gives their number or a negative error number.
#[inline(never)]
fn write_all(stream: u32, future: u32, at: u32, length: u32) -> i32 {
    let mut moved = 0;
    while moved != length {
        let written = done(wasi::write(stream, at + moved, length - moved), stream, LOW);
        moved += written.count();
        if written.is_last() {
            break;
        }
    }
    wasi::drop_writable(stream);
    match end(future) {
        0 => moved as i32,
        error => -error,
    }
}

weak! {
    "if fd_read fd_pread" {
        "read-file"
        fn read_file(handle: u32, to: u32, length: u32, offset: u64) -> i32 {
            on::read_stream(handle, offset, RESULT);
            let (stream, future) = (load32(RESULT), load32(RESULT + 4));
            let (area, length) = beside(to, length);
            let mut moved = 0;
            while moved == 0 {
                let read = done(wasi::read(stream, to, length), stream, area);
                moved = read.count() as i32;
                if read.is_last() {
                    break;
                }
            }
            wasi::drop_input(stream);
            if moved == 0 {
                // What cannot be read is no file.
                return match end(future) {
                    ISDIR => -BADF,
                    error => -error,
                };
            }
            on::drop_end(future);
            moved
        }
    }
    "if fd_write fd_pwrite" {
        "append-file"
        fn append_file(record: u32, at: u32, length: u32) -> i32 {
            let ends = wasi::new_stream();
            let future = on::append_stream(load32(record + HANDLE), ends as u32);
            write_all((ends >> 32) as u32, future, at, length)
        }
        "write-file"
        fn write_file(handle: u32, at: u32, length: u32, offset: u64) -> i32 {
            let ends = wasi::new_stream();
            let future = on::write_stream(handle, ends as u32, offset);
            write_all((ends >> 32) as u32, future, at, length)
        }
    }
}
