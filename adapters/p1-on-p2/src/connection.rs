//! What is sent and received on a connection, and by sockets with the functions that files have, too.

use p1bridge_shim::abi::{load32 as get_32, store16, store32 as put32};

use crate::area::{LOW, beside, borrow, get8, get32};
use crate::error::{AGAIN, CONNRESET, NOTSUP, PIPE};
use crate::given::state::{RESULT, load8, load32, load64, store8};
use crate::network as on;
use crate::socket::{
    INPUT, OUTPUT, RECEIVE_TIME, SEND_TIME, UNSENT, block, is_nonblocking, is_stream,
    no_connection, wait, with,
};
use crate::transfer::WRITE;
use crate::{datagram, given, wasi, weak};

/// The most bytes that the host is asked for at a time: it may make room for them before they are there.
const MOST: u32 = 1 << 16;

/// What reading gives at the end.
const END: i32 = i32::MIN;

/// `riflags`: what is received stays, or all that there is room for is waited for.
const PEEK: u32 = 1;
const WAIT_ALL: u32 = 2;

/// The error number, negative, for a `stream-error` in the program's memory. The host does not say what is behind one of a
/// connection.
#[inline(never)]
fn failure(at: u32, closed: i32) -> i32 {
    if get8(at) != 0 {
        return closed;
    }
    wasi::drop_error(get32(at + 4));
    -CONNRESET
}

/// Receives some bytes, and gives their number, 0 at the end, or an error number, negative.
#[inline(always)]
fn receive(record: u32, to: u32, length: u32, may_wait: bool) -> i32 {
    let block = block(record);
    let stream = load32(block + INPUT);
    loop {
        let (area, length) = beside(to, length.min(MOST));
        let got = borrow(area, || {
            given::returns_at(to, to + length);
            wasi::read(stream, length.into(), area);
            if get8(area) == 0 {
                get32(area + 8) as i32
            } else {
                failure(area + 4, END)
            }
        });
        if got == END {
            return 0;
        }
        if got != 0 {
            return got;
        }
        if !may_wait || !wait(wasi::subscribe_input(stream), load64(block + RECEIVE_TIME)) {
            return -AGAIN;
        }
    }
}

/// Sends bytes, and gives the number of those that the host has taken, or an error number, negative.
#[inline(always)]
fn send(record: u32, at: u32, length: u32) -> i32 {
    let block = block(record);
    let stream = load32(block + OUTPUT);
    let is_nonblocking = is_nonblocking(record);
    let time = load64(block + SEND_TIME);
    let mut done = 0;
    let mut error = 0;
    while done != length {
        let permitted = borrow(LOW, || {
            wasi::check_write(stream, LOW);
            if get8(LOW) != 0 {
                failure(LOW + 8, -PIPE)
            } else {
                // At most what is asked for, so the upper half does not matter unless there is one.
                let most = if get32(LOW + 12) != 0 {
                    MOST
                } else {
                    get32(LOW + 8).min(MOST)
                };
                most.min(length - done) as i32
            }
        });
        if permitted == 0 {
            if is_nonblocking || !wait(wasi::subscribe_output(stream), time) {
                error = -AGAIN;
                break;
            }
            continue;
        }
        if permitted < 0 {
            error = permitted;
            break;
        }
        error = borrow(LOW, || {
            wasi::write(stream, at + done, permitted as u32, LOW);
            if get8(LOW) == 0 {
                0
            } else {
                failure(LOW + 4, -PIPE)
            }
        });
        if error < 0 {
            break;
        }
        store8(block + UNSENT, 1);
        done += permitted as u32;
    }
    if done == 0 {
        return error;
    }
    // The system has it when a call returns that blocks, as everywhere.
    if is_nonblocking || time != 0 {
        on::flush(stream, RESULT);
        forget_error();
    } else {
        send_rest(block);
    }
    done as i32
}

/// Drops the error of a `result<_, stream-error>` at [`RESULT`]: who writes next gets to know.
#[inline(never)]
fn forget_error() {
    if load8(RESULT) != 0 && load8(RESULT + 4) == 0 {
        wasi::drop_error(load32(RESULT + 8));
    }
}

/// Waits until the system has what was written.
#[inline(never)]
pub fn send_rest(block: u32) {
    if load8(block + UNSENT) == 0 {
        return;
    }
    on::blocking_flush(load32(block + OUTPUT), RESULT);
    forget_error();
    store8(block + UNSENT, 0);
}

/// Drops the streams of a connection, if there is one.
#[inline(always)]
pub fn close(block: u32) {
    if load32(block + OUTPUT) != 0 {
        send_rest(block);
        wasi::drop_input(load32(block + INPUT));
        wasi::drop_output(load32(block + OUTPUT));
    }
}

/// Sends or receives the `count` buffers whose places are at `buffers`, and puts the number of bytes to `out`; gives an error
/// number. What the first fault leaves is done.
#[inline(never)]
pub fn exchange(what: u32, record: u32, buffers: u32, count: u32, flags: u32, out: u32) -> u32 {
    if !is_stream(record) {
        return if what & WRITE != 0 {
            datagram::send(record, buffers, count, 0, out)
        } else {
            datagram::receive(record, buffers, count, 0, out, 0)
        };
    }
    let error = no_connection(record);
    if error != 0 {
        return error;
    }
    let mut done = 0;
    let mut next = buffers;
    let end = buffers + count * 8;
    'all: while next != end {
        let mut at = get_32(next);
        let mut left = get_32(next + 4);
        next += 8;
        while left != 0 {
            let moved = if what & WRITE != 0 {
                send(record, at, left)
            } else {
                let may_wait = done == 0 || flags & WAIT_ALL != 0;
                receive(record, at, left, may_wait && !is_nonblocking(record))
            };
            if moved < 0 && done == 0 {
                return -moved as u32;
            }
            if moved <= 0 {
                break 'all;
            }
            done += moved as u32;
            at += moved as u32;
            left -= moved as u32;
        }
    }
    put32(out, done);
    0
}

weak! {
    "if sock_open" {
        "transfer-socket"
        fn transfer_socket(what: u32, record: u32, buffers: u32, count: u32, out: u32) -> u32 {
            exchange(what, record, buffers, count, 0, out)
        }
        "receive-socket"
        fn receive_socket(fd: u32, buffers: u32, count: u32, flags: u32, out: u32, out_flags: u32) -> u32 {
            if flags & PEEK != 0 {
                return with(fd, 2, |_| NOTSUP as u32);
            }
            with(fd, 2, |record| {
                store16(out_flags, 0);
                if is_stream(record) {
                    exchange(0, record, buffers, count, flags, out)
                } else {
                    datagram::receive(record, buffers, count, 0, out, out_flags)
                }
            })
        }
        "send-socket"
        fn send_socket(fd: u32, buffers: u32, count: u32, out: u32) -> u32 {
            with(fd, 64, |record| exchange(WRITE, record, buffers, count, 0, out))
        }
    }
}
