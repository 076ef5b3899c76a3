//! Reading and writing, whatever the descriptor: one buffer after the other, on to the next only if the one before it is full.

use p1bridge_shim::abi::{load32, store32};

use crate::error::{BADF, SPIPE};
use crate::{descriptor, exports, file, given, stdio, weak};

/// Bits of what is done: data goes out; at an offset that is given.
pub const WRITE: u32 = 1;
pub const AT: u32 = 2;

/// The most bytes that a stream takes at a time, and that a file is asked for at a time.
const STREAM: u32 = 4096;
const FILE: u32 = 1 << 24;

weak! {
    "if files" {
        "transfer"
        fn transfer_any(what: u32, fd: u32, buffers: u32, count: u32, offset: u64, out: u32) -> u32 {
            transfer(what, fd, buffers, count, offset, out)
        }
    }
    "if no_files" {
        "read-standard"
        fn read_standard(fd: u32, buffers: u32, count: u32, out: u32) -> u32 {
            if fd != 0 || stdio::is_closed(fd) {
                return BADF as u32;
            }
            let mut next = buffers;
            let end = buffers + count * 8;
            let mut done = 0;
            while next != end {
                let length = load32(next + 4);
                if length != 0 {
                    done = stdio::read(load32(next), length);
                    if done < 0 {
                        return -done as u32;
                    }
                    break;
                }
                next += 8;
            }
            store32(out, done as u32);
            0
        }
        "write-standard"
        fn write_standard(fd: u32, buffers: u32, count: u32, out: u32) -> u32 {
            if fd.wrapping_sub(1) > 1 || stdio::is_closed(fd) {
                return BADF as u32;
            }
            let mut next = buffers;
            let end = buffers + count * 8;
            let mut done = 0;
            while next != end {
                let mut at = load32(next);
                let mut left = load32(next + 4);
                next += 8;
                while left != 0 {
                    let moved = stdio::write(fd + 1, at, left.min(STREAM));
                    if moved < 0 {
                        if done == 0 {
                            return -moved as u32;
                        }
                        next = end;
                        break;
                    }
                    done += moved as u32;
                    at += moved as u32;
                    left -= moved as u32;
                }
            }
            store32(out, done);
            0
        }
    }
    "if fd_read" {
        "read-stdin"
        fn read_stdin(to: u32, length: u32) -> i32 {
            stdio::read(to, length)
        }
    }
    "if fd_write" {
        "write-stdout"
        fn write_stdout(kind: u32, at: u32, length: u32) -> i32 {
            stdio::write(kind, at, length)
        }
    }
}

/// Reads or writes the `count` buffers whose places are at `buffers`, and puts the number of bytes to `out`. What the first fault
/// leaves is done: it is an error only if nothing was done before it.
#[inline(always)]
fn transfer(what: u32, fd: u32, buffers: u32, count: u32, offset: u64, out: u32) -> u32 {
    let found = descriptor::find_record(fd, right(what));
    if found < 0 {
        return -found as u32;
    }
    let found = found as u32;
    let mut done = 0;
    let mut next = buffers;
    let end = buffers + count * 8;
    'all: while next != end {
        let mut at = load32(next);
        let mut left = load32(next + 4);
        next += 8;
        while left != 0 {
            let asked = left.min(if found == descriptor::STDIN {
                left
            } else if found <= descriptor::STDERR {
                STREAM
            } else {
                FILE
            });
            let moved = part(what, found, at, asked, offset + u64::from(done));
            if moved < 0 {
                if done != 0 {
                    break 'all;
                }
                return -moved as u32;
            }
            done += moved as u32;
            at += moved as u32;
            left -= moved as u32;
            // Nothing more is there now, and a stream may block for more.
            if moved as u32 != asked || found == descriptor::STDIN {
                break 'all;
            }
        }
    }
    store32(out, done);
    0
}

/// Reads or writes some bytes, and gives their number or a negative error number.
#[inline(always)]
fn part(what: u32, found: u32, at: u32, length: u32, offset: u64) -> i32 {
    if found > descriptor::STDERR {
        return file::transfer_file(what, found, at, length, offset);
    }
    if (found == descriptor::STDIN) == (what & WRITE != 0) {
        return -BADF;
    }
    if what & AT != 0 {
        return -SPIPE;
    }
    if what == WRITE {
        write_stdout(found, at, length)
    } else {
        read_stdin(at, length)
    }
}

/// The rights that it takes.
#[inline(always)]
fn right(what: u32) -> u32 {
    2 << (what & WRITE) * 5 | (what & AT) << 1
}

/// What reading or writing at an offset is where there are only standard streams.
#[inline(never)]
fn no_offset(what: u32, fd: u32) -> u32 {
    let found = descriptor::find(fd, 0);
    if found < 0 || (found as u32 == descriptor::STDIN) == (what & WRITE != 0) {
        BADF as u32
    } else {
        SPIPE as u32
    }
}

exports! {
    "wasi_snapshot_preview1#fd_read"
    fn fd_read(fd: u32, buffers: u32, count: u32, out: u32) -> u32 {
        if given::files() != 0 {
            transfer_any(0, fd, buffers, count, 0, out)
        } else {
            read_standard(fd, buffers, count, out)
        }
    }

    "wasi_snapshot_preview1#fd_write"
    fn fd_write(fd: u32, buffers: u32, count: u32, out: u32) -> u32 {
        if given::files() != 0 {
            transfer_any(WRITE, fd, buffers, count, 0, out)
        } else {
            write_standard(fd, buffers, count, out)
        }
    }

    "wasi_snapshot_preview1#fd_pread"
    fn fd_pread(fd: u32, buffers: u32, count: u32, offset: u64, out: u32) -> u32 {
        if given::files() != 0 {
            transfer_any(AT, fd, buffers, count, offset, out)
        } else {
            no_offset(AT, fd)
        }
    }

    "wasi_snapshot_preview1#fd_pwrite"
    fn fd_pwrite(fd: u32, buffers: u32, count: u32, offset: u64, out: u32) -> u32 {
        if given::files() != 0 {
            transfer_any(WRITE | AT, fd, buffers, count, offset, out)
        } else {
            no_offset(WRITE | AT, fd)
        }
    }
}
