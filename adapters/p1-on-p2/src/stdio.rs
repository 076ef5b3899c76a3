//! The standard streams.

use crate::area::{LOW, beside, borrow, get8, get32};
use crate::descriptor::{STDERR, STDIN, STDOUT};
use crate::error::{AGAIN, IO, PIPE};
use crate::given::{self, words};
use crate::standard::is_nonblocking;
pub use crate::standard::{CLOSED, file_type, is_closed, set_nonblocking, status};
use crate::{wasi, weak};

/// The stream that is standard input.
#[inline(always)]
pub fn input() -> u32 {
    if words::stdin() == 0 {
        words::set_stdin(wasi::get_stdin());
    }
    words::stdin()
}

/// The stream that is standard output, or that of errors.
#[inline(never)]
pub fn output(kind: u32) -> u32 {
    if kind == STDOUT {
        if words::stdout() == 0 {
            words::set_stdout(wasi::get_stdout());
        }
        words::stdout()
    } else {
        if words::stderr() == 0 {
            words::set_stderr(wasi::get_stderr());
        }
        words::stderr()
    }
}

/// Reads some bytes of standard input, and gives their number or a negative error number.
#[inline(always)]
pub fn read(to: u32, length: u32) -> i32 {
    if is_nonblocking(STDIN) {
        return read_now(to, length);
    }
    let (area, length) = beside(to, length);
    borrow(area, || {
        given::returns_at(to, to + length);
        wasi::blocking_read(input(), length.into(), area);
        answer(area)
    })
}

/// What a `result<list<u8>, stream-error>` says: how many bytes, none if the stream is closed.
#[inline(always)]
fn answer(area: u32) -> i32 {
    if get8(area) == 0 {
        get32(area + 8) as i32
    } else {
        failure(area, 0)
    }
}

/// What a `result` with a `stream-error` says that is one.
#[inline(always)]
fn failure(area: u32, closed: i32) -> i32 {
    if get8(area + 4) == 0 {
        broken(get32(area + 8))
    } else {
        closed
    }
}

/// The error number, negative, for an `error`. It is not dropped where nothing can be asked of it: a stream has one in its life.
#[inline(never)]
fn broken(error: u32) -> i32 {
    if given::files() != 0 {
        reason(error)
    } else {
        -IO
    }
}

/// Writes some bytes to a standard stream, and gives their number or a negative error number.
#[inline(always)]
pub fn write(kind: u32, at: u32, length: u32) -> i32 {
    if given::inside() != 0 {
        return -AGAIN;
    }
    if is_nonblocking(kind) {
        return write_now(kind, at, length);
    }
    write_stream(output(kind), at, length)
}

/// The same for any stream.
#[inline(always)]
pub fn write_stream(stream: u32, at: u32, length: u32) -> i32 {
    borrow(LOW, || {
        wasi::blocking_write_and_flush(stream, at, length, LOW);
        if get8(LOW) == 0 {
            length as i32
        } else {
            failure(LOW, -PIPE)
        }
    })
}

/// Drops the stream of a descriptor that is closed, if it was fetched.
#[inline(always)]
pub fn drop(kind: u32) {
    match kind {
        STDIN if words::stdin() != 0 => {
            wasi::drop_input(words::stdin());
            words::set_stdin(0);
        }
        STDOUT if words::stdout() != 0 => {
            wasi::drop_output(words::stdout());
            words::set_stdout(0);
        }
        STDERR if words::stderr() != 0 => {
            wasi::drop_output(words::stderr());
            words::set_stderr(0);
        }
        _ => {}
    }
}

weak! {
    "if fd_fdstat_set_flags" {
        "read-now"
        fn read_now(to: u32, length: u32) -> i32 {
            let (area, length) = beside(to, length);
            borrow(area, || {
                given::returns_at(to, to + length);
                wasi::read(input(), length.into(), area);
                match (get8(area), answer(area)) {
                    (0, 0) => -AGAIN,
                    (_, answer) => answer,
                }
            })
        }
        "write-now"
        fn write_now(kind: u32, at: u32, length: u32) -> i32 {
            let stream = output(kind);
            let permitted = borrow(LOW, || {
                wasi::check_write(stream, LOW);
                if get8(LOW) != 0 {
                    return if get8(LOW + 8) == 0 { broken(get32(LOW + 12)) } else { -PIPE };
                }
                // At most what is asked for, so the upper half does not matter unless there is one.
                if get32(LOW + 12) != 0 { length as i32 } else { get32(LOW + 8).min(length) as i32 }
            });
            if permitted <= 0 {
                return if permitted == 0 { -AGAIN } else { permitted };
            }
            borrow(LOW, || {
                wasi::write(stream, at, permitted as u32, LOW);
                if get8(LOW) != 0 {
                    return failure(LOW, -PIPE);
                }
                wasi::flush(stream, LOW);
                if get8(LOW) == 0 { permitted } else { failure(LOW, -PIPE) }
            })
        }
    }
    "if files" {
        "reason"
        fn reason(error: u32) -> i32 {
            wasi::state::error_code(error, given::state::RESULT);
            wasi::drop_error(error);
            match given::state::load8(given::state::RESULT) {
                0 => -IO,
                _ => -crate::error::number(given::state::load8(given::state::RESULT + 1)),
            }
        }
    }
}
