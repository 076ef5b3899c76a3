//! The standard streams: each is one stream for as long as the program has it.

use crate::ahead::{NOTHING, read_ahead, stop_reading};
use crate::area::{LOW, beside, borrow, borrow_few, get8, get32};
use crate::descriptor::{STDERR, STDIN, STDOUT};
use crate::error::{AGAIN, ILSEQ, IO, PIPE};
use crate::given::{self, words};
use crate::standard::is_nonblocking;
pub use crate::standard::{CLOSED, file_type, is_closed, set_nonblocking, status};
use crate::wait::{done, lent};
use crate::{exports, kept, wasi, weak};

/// In the place of a stream: the other end is gone.
pub const ENDED: u32 = u32::MAX;

/// Gets the stream that is standard input. How it ends is not asked: that is an end.
#[inline(never)]
pub fn begin_input() {
    borrow_few(LOW, || {
        wasi::stdin_stream(LOW);
        words::set_stdin(get32(LOW));
        wasi::drop_stdin_end(get32(LOW + 4));
    });
}

/// Says that it is at its end.
#[inline(always)]
pub fn end_input() {
    wasi::drop_input(words::stdin());
    words::set_stdin(ENDED);
}

/// Reads some bytes of standard input, and gives their number or a negative error number.
#[inline(always)]
pub fn read(to: u32, length: u32) -> i32 {
    if words::stdin() == 0 {
        begin_input();
    }
    if (kept::has_poll() | given::has_set_flags()) != 0 {
        let moved = read_ahead(to, length, is_nonblocking(STDIN).into());
        if moved != NOTHING {
            return moved;
        }
    }
    let (area, length) = beside(to, length);
    loop {
        let stream = words::stdin();
        if stream == ENDED {
            return 0;
        }
        let read = done(wasi::read(stream, to, length), stream, area);
        if read.is_last() {
            end_input();
        }
        if read.count() != 0 {
            return read.count() as i32;
        }
    }
}

/// The stream that is standard output, or that of errors.
#[inline(always)]
fn stream(kind: u32) -> u32 {
    if kind == STDOUT {
        words::stdout()
    } else {
        words::stderr()
    }
}

/// Says what it is.
#[inline(always)]
fn set_stream(kind: u32, stream: u32) {
    if kind == STDOUT {
        words::set_stdout(stream);
    } else {
        words::set_stderr(stream);
    }
}

/// Gets that stream.
#[inline(always)]
fn begin_output(kind: u32) {
    let ends = wasi::new_stream();
    let readable = ends as u32;
    if kind == STDOUT {
        kept::set_stdout_end(wasi::stdout_stream(readable));
    } else {
        kept::set_stderr_end(wasi::stderr_stream(readable));
    }
    set_stream(kind, (ends >> 32) as u32);
}

/// Ends that stream and waits until all is where it should be. Gives an error number. Then the stream is `after`.
#[inline(never)]
fn end(kind: u32, after: u32) -> i32 {
    let writable = stream(kind);
    set_stream(kind, after);
    if writable == 0 || writable == ENDED {
        return 0;
    }
    wasi::drop_writable(writable);
    let future = if kind == STDOUT {
        kept::stdout_end()
    } else {
        kept::stderr_end()
    };
    let error = borrow(LOW, || {
        lent(wasi::read_end(future, LOW + 8), future, LOW);
        if get8(LOW + 8) == 0 {
            return 0;
        }
        match get8(LOW + 9) {
            0 => IO,
            1 => ILSEQ,
            _ => PIPE,
        }
    });
    wasi::drop_end(future);
    error
}

/// Writes bytes to one of these streams, and gives their number or a negative error number.
#[inline(always)]
pub fn write(kind: u32, at: u32, length: u32) -> i32 {
    if given::inside() != 0 {
        return -AGAIN;
    }
    if stream(kind) == 0 {
        begin_output(kind);
    }
    let mut moved = 0;
    let stream = stream(kind);
    if stream == ENDED {
        return -PIPE;
    }
    while moved != length {
        let written = done(wasi::write(stream, at + moved, length - moved), stream, LOW);
        moved += written.count();
        if written.is_last() {
            let error = end(kind, ENDED);
            if moved == 0 {
                return if error == 0 { -PIPE } else { -error };
            }
            return moved as i32;
        }
    }
    if kept::ends() == 0 {
        let error = end(kind, 0);
        if error != 0 {
            return -error;
        }
    }
    moved as i32
}

/// Drops a standard stream.
#[inline(always)]
pub fn drop(kind: u32) {
    if kind == STDIN {
        let stream = words::stdin();
        if stream != 0 && stream != ENDED {
            if (kept::has_poll() | given::has_set_flags()) != 0 {
                stop_reading();
            }
            wasi::drop_input(stream);
        }
        words::set_stdin(ENDED);
    } else if kept::has_write() != 0 {
        end_output(kind, ENDED);
    }
}

/// Ends what is written, if anything is.
#[inline(always)]
pub fn finish() {
    if kept::has_write() != 0 {
        end_output(STDOUT, ENDED);
        end_output(STDERR, ENDED);
    }
}

weak! {
    "if fd_write" {
        "end-output"
        fn end_output(kind: u32, after: u32) {
            end(kind, after);
        }
    }
}

exports! {
    // Called when `_start` has returned.
    "at-end fd_write"
    fn at_end() {
        end(STDOUT, ENDED);
        end(STDERR, ENDED);
    }
}
