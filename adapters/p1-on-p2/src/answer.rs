//! What the host answers about files: its results, where they are put and what is in them.

use crate::area::{LOW, borrow_few, get8, get16, get32};
use crate::error::{number, of};
use crate::given::state::{RESULT, load8, load16};

/// Where the fields of a `descriptor-stat` are from its `result` on. Those of times are options, in order.
pub const KIND: u32 = 8;
pub const LINKS: u32 = 16;
pub const SIZE: u32 = 24;
pub const TIMES: u32 = 32;

/// The error number of the `result<_, error-code>` at [`RESULT`].
#[inline(never)]
pub fn done() -> u32 {
    of(load16(RESULT))
}

/// The error number of a `result` at an address whose payload is aligned to 4.
#[inline(always)]
pub fn narrow(result: u32) -> i32 {
    if load8(result) == 0 {
        0
    } else {
        number(load8(result + 4))
    }
}

/// The error number of a `result` at an address whose payload is aligned to 8.
#[inline(never)]
pub fn wide(result: u32) -> i32 {
    if load8(result) == 0 {
        0
    } else {
        number(load8(result + 8))
    }
}

/// The type in the `result<descriptor-type, error-code>` at [`RESULT`], negative for an error.
#[inline(always)]
pub fn kind() -> i32 {
    if load8(RESULT) == 0 {
        file_type(load8(RESULT + 1)) as i32
    } else {
        -1
    }
}

/// The type of Preview 1 for one of WASI: there is no fifo, and a socket is one of a stream.
#[inline(always)]
pub fn file_type(of: u32) -> u32 {
    0x6470_3210 >> (of * 4) & 15
}

/// Calls the host with a path of the program and an address for a `result<_, error-code>`, and gives the error number.
#[inline(always)]
pub fn by_path(path: u32, _length: u32, call: impl FnOnce(u32, u32)) -> u32 {
    of(borrow_few(LOW, || {
        call(path, LOW);
        get16(LOW)
    }))
}

/// The same with two paths.
#[inline(always)]
pub fn by_paths(
    (path, _): (u32, u32),
    (other, _): (u32, u32),
    call: impl FnOnce(u32, u32, u32),
) -> u32 {
    of(borrow_few(LOW, || {
        call(path, other, LOW);
        get16(LOW)
    }))
}

/// The same for a `result` with a handle: gives that, or the error number, negative.
#[inline(always)]
pub fn handle_by_path(path: u32, _length: u32, call: impl FnOnce(u32, u32)) -> i32 {
    borrow_few(LOW, || {
        call(path, LOW);
        if get8(LOW) == 0 {
            get32(LOW + 4) as i32
        } else {
            -number(get8(LOW + 4))
        }
    })
}
