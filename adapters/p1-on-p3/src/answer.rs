//! What the host answers about files: its results, where they are put and what is in them. An `error-code` or a type that is
//! none of the others may have a string, for which there is room behind everything else.

use crate::error;
use crate::error::{IO, NOMEM};
use crate::given::state::{self, RESULT, load8, load32};
use crate::path::lend;

/// Where the fields of a `descriptor-stat` are from its `result` on. Those of times are options, in order.
pub const KIND: u32 = 8;
pub const LINKS: u32 = 24;
pub const SIZE: u32 = 32;
pub const TIMES: u32 = 40;

/// The last `error-code`, which is none of Preview 1.
const OTHER: u32 = 36;

/// The error number of the `error-code` at an address. It has the cases of WASI 0.2, but for the second.
#[inline(never)]
pub fn number(at: u32) -> i32 {
    match load8(at) {
        OTHER => {
            if load8(at + 4) != 0 {
                // Nobody reads it.
                state::cut(load32(at + 8));
            }
            IO
        }
        0 => error::number(0),
        code => error::number(code + 1),
    }
}

/// The error number of the `result<_, error-code>` at [`RESULT`].
#[inline(always)]
pub fn done() -> u32 {
    narrow(RESULT) as u32
}

/// The error number of a `result` at an address whose payload is aligned to 4.
#[inline(never)]
pub fn narrow(result: u32) -> i32 {
    if load8(result) == 0 {
        0
    } else {
        number(result + 4)
    }
}

/// The error number of a `result` at an address whose payload is aligned to 8.
#[inline(never)]
pub fn wide(result: u32) -> i32 {
    if load8(result) == 0 {
        0
    } else {
        number(result + 8)
    }
}

/// The type in the `result<descriptor-type, error-code>` at [`RESULT`], negative for an error.
#[inline(always)]
pub fn kind() -> i32 {
    if load8(RESULT) == 0 {
        file_type(load8(RESULT + 4)) as i32
    } else {
        -1
    }
}

/// The type of Preview 1 for one of WASI: there is no fifo, and a socket is one of a stream.
#[inline(always)]
pub fn file_type(of: u32) -> u32 {
    0x0647_0321 >> (of * 4) & 15
}

/// Calls the host with a path, copied to the library's memory, and an address for a result. Gives the error number.
#[inline(always)]
pub fn by_path(path: u32, length: u32, call: impl FnOnce(u32, u32)) -> u32 {
    let top = state::top();
    let lent = lend(path, length);
    if lent == 0 {
        return NOMEM as u32;
    }
    call(lent, RESULT);
    let error = done();
    state::cut(top);
    error
}

/// The same with two paths.
#[inline(always)]
pub fn by_paths(
    (path, length): (u32, u32),
    (other, other_length): (u32, u32),
    call: impl FnOnce(u32, u32, u32),
) -> u32 {
    let top = state::top();
    let (lent, other) = (lend(path, length), lend(other, other_length));
    let mut error = NOMEM as u32;
    if lent != 0 && other != 0 {
        call(lent, other, RESULT);
        error = done();
    }
    state::cut(top);
    error
}

/// The same for a `result` with a handle: gives that, or the error number, negative.
#[inline(always)]
pub fn handle_by_path(path: u32, length: u32, call: impl FnOnce(u32, u32)) -> i32 {
    match by_path(path, length, call) {
        0 => load32(RESULT + 4) as i32,
        error => -(error as i32),
    }
}
