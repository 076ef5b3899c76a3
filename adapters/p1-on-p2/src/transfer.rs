//! Reading and writing, whatever the descriptor: one buffer after the other, on to the next only if the one before it is full.

use p1bridge_shim::abi::{load32, store32};

use crate::area::past;
use crate::content::{append_file, read_file, write_file};
use crate::descriptor;
use crate::error::{BADF, SPIPE};
use crate::given::state;
use crate::{exports, file, given, socket, stdio, weak};

/// Bits of what is done: data goes out; at an offset that is given.
pub const WRITE: u32 = 1;
pub const AT: u32 = 2;

/// The most bytes that a stream takes at a time, and that a file is asked for at a time.
const STREAM: u32 = 4096;
pub const FILE: u32 = 1 << 24;

/// In the first bytes of a record: that it is written at its end only, and that its rights are enforced.
const APPEND: u32 = file::APPEND << (8 * descriptor::FLAGS);
const ENFORCED: u32 = descriptor::ENFORCED << (8 * descriptor::PREOPEN);

weak! {
    "if files" {
        "transfer"
        fn transfer_any(what: u32, fd: u32, buffers: u32, count: u32, offset: u64, out: u32) -> u32 {
            let mut head = state::head(fd);
            // Most is an open file of which nothing else is known.
            if head as u32 & (APPEND | ENFORCED | 0xff) != descriptor::FILE {
                if is_standard(head as u32 & 0xff) {
                    return transfer_standard(what, head as u32 & 0xff, buffers, count, out);
                }
                let found = descriptor::find_record(fd, right(what));
                if found < 0 {
                    return -found as u32;
                }
                if is_standard(found as u32) {
                    return transfer_standard(what, found as u32, buffers, count, out);
                }
                if descriptor::is_socket(found as u32) {
                    return socket::transfer_socket(what, found as u32, buffers, count, out);
                }
                head = state::head(fd);
                if what & WRITE != 0 && head as u32 & APPEND != 0 {
                    return append_buffers(what, found as u32, buffers, count, out);
                }
            }
            transfer_file(what, descriptor::place(fd), head, buffers, count, offset, out)
        }
    }
    "if fd_write fd_pwrite" {
        "append-buffers"
        fn append_buffers(what: u32, record: u32, buffers: u32, count: u32, out: u32) -> u32 {
            let mut done = 0;
            let mut next = buffers;
            let end = buffers + count * 8;
            while next != end {
                let length = load32(past(next, 4));
                let moved = append_file(record, load32(next), length);
                if moved < 0 {
                    if done == 0 {
                        return -moved as u32;
                    }
                    break;
                }
                done += moved as u32;
                if moved as u32 != length {
                    break;
                }
                next += 8;
            }
            if what & AT == 0 && done != 0 {
                // The offset is the end then, wherever that is.
                state::store64(record + descriptor::OFFSET, u64::MAX);
            }
            store32(out, done);
            0
        }
    }
    "if fd_read" {
        "read-standard"
        fn read_standard(buffers: u32, count: u32, out: u32) -> u32 {
            let mut next = buffers;
            let end = buffers + count * 8;
            let mut done = 0;
            while next != end {
                let length = load32(past(next, 4));
                if length != 0 {
                    // Nothing more is there now, and a stream may block for more.
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
    }
    "if fd_write" {
        "write-standard"
        fn write_standard(kind: u32, buffers: u32, count: u32, out: u32) -> u32 {
            let mut next = buffers;
            let end = buffers + count * 8;
            let mut done = 0;
            'all: while next != end {
                let mut at = load32(next);
                let mut left = load32(past(next, 4));
                next += 8;
                while left != 0 {
                    let asked = left.min(STREAM);
                    let moved = stdio::write(kind, at, asked);
                    if moved < 0 {
                        if done == 0 {
                            return -moved as u32;
                        }
                        break 'all;
                    }
                    done += moved as u32;
                    at += moved as u32;
                    left -= moved as u32;
                    if moved as u32 != asked {
                        break 'all;
                    }
                }
            }
            store32(out, done);
            0
        }
    }
}

/// Whether what was found is a standard stream.
#[inline(always)]
fn is_standard(found: u32) -> bool {
    found.wrapping_sub(1) < descriptor::STDERR
}

/// Reads or writes a standard stream.
#[inline(never)]
fn transfer_standard(what: u32, kind: u32, buffers: u32, count: u32, out: u32) -> u32 {
    if (kind == descriptor::STDIN) == (what & WRITE != 0) {
        BADF as u32
    } else if what & AT != 0 {
        SPIPE as u32
    } else if what == WRITE {
        write_standard(kind, buffers, count, out)
    } else {
        read_standard(buffers, count, out)
    }
}

/// Reads or writes the `count` buffers whose places are at `buffers`, and puts the number of bytes to `out`. What the first fault
/// leaves is done: it is an error only if nothing was done before it.
#[inline(always)]
fn transfer_file(
    what: u32,
    record: u32,
    head: u64,
    buffers: u32,
    count: u32,
    offset: u64,
    out: u32,
) -> u32 {
    let handle = (head >> (8 * descriptor::HANDLE)) as u32;
    let mut from = offset;
    if what & AT == 0 {
        from = state::load64(record + descriptor::OFFSET);
        if (from as i64) < 0 {
            let size = file::size(record);
            if size < 0 {
                return -size as u32;
            }
            from = size as u64;
        }
    }
    let mut done = 0;
    let mut next = buffers;
    let end = buffers + count * 8;
    while next != end {
        let mut at = load32(next);
        let mut left = load32(past(next, 4));
        next += 8;
        while left != 0 {
            let asked = left.min(FILE);
            let moved = if what & WRITE == 0 {
                read_file(handle, at, asked, from + u64::from(done))
            } else {
                write_file(handle, at, asked, from + u64::from(done))
            };
            if moved < 0 {
                if done == 0 {
                    return -moved as u32;
                }
                next = end;
                break;
            }
            done += moved as u32;
            if moved as u32 != asked {
                next = end;
                break;
            }
            at += asked;
            left -= asked;
        }
    }
    if what & AT == 0 {
        state::store64(record + descriptor::OFFSET, from + u64::from(done));
    }
    store32(out, done);
    0
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
            if fd != 0 || stdio::is_closed(0) { BADF as u32 } else { read_standard(buffers, count, out) }
        }
    }

    "wasi_snapshot_preview1#fd_write"
    fn fd_write(fd: u32, buffers: u32, count: u32, out: u32) -> u32 {
        if given::files() != 0 {
            transfer_any(WRITE, fd, buffers, count, 0, out)
        } else {
            if fd.wrapping_sub(1) > 1 || stdio::is_closed(fd) {
                return BADF as u32;
            }
            write_standard(fd + 1, buffers, count, out)
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
