//! What is known of the standard streams, whatever they are made of: which are closed, which do not block, which are terminals.

use crate::area::{LOW, borrow_few, get8, get32};
use crate::descriptor::{STDIN, STDOUT};
use crate::given::{self, words};
use crate::wasi;

/// Bits of what is known of the standard streams. Shifted by the number of the stream: it is closed. By its kind: it does not
/// block; whether it is a terminal was asked, and it is one.
pub const CLOSED: u32 = 1;
const NONBLOCK: u32 = 1 << 4;
const ASKED: u32 = 1 << 8;
const TERMINAL: u32 = 1 << 12;

/// The type of terminals.
const CHARACTER_DEVICE: u32 = 2;

/// Whether a standard stream, by its kind, does not block. There is none in programs that cannot ask for it.
#[inline(always)]
pub fn is_nonblocking(kind: u32) -> bool {
    given::has_set_flags() != 0 && words::standard() & NONBLOCK << kind != 0
}

/// Whether a number of a standard stream is closed, where there are no others.
#[inline(always)]
pub fn is_closed(fd: u32) -> bool {
    given::has_close() != 0 && words::standard() >> fd & CLOSED != 0
}

/// Whether it shall not, from now on.
#[inline(always)]
pub fn set_nonblocking(kind: u32, yes: bool) {
    let bit = NONBLOCK << kind;
    words::set_standard(if yes {
        words::standard() | bit
    } else {
        words::standard() & !bit
    });
}

/// The type and the flags that `fd_fdstat_get` gives, in the places where it gives them.
#[inline(always)]
pub fn status(kind: u32) -> u32 {
    file_type(kind) | if is_nonblocking(kind) { 4 << 16 } else { 0 }
}

/// The type of a standard stream: that of a terminal, or none.
#[inline(never)]
pub fn file_type(kind: u32) -> u32 {
    if given::is_proxy() != 0 {
        return 0;
    }
    if words::standard() & ASKED << kind == 0 {
        let terminal = borrow_few(LOW, || {
            match kind {
                STDIN => wasi::terminal_stdin(LOW),
                STDOUT => wasi::terminal_stdout(LOW),
                _ => wasi::terminal_stderr(LOW),
            }
            if get8(LOW) == 0 { 0 } else { get32(LOW + 4) }
        });
        let mut bits = ASKED;
        if terminal != 0 {
            bits |= TERMINAL;
            if kind == STDIN {
                wasi::drop_terminal_input(terminal);
            } else {
                wasi::drop_terminal_output(terminal);
            }
        }
        words::set_standard(words::standard() | bits << kind);
    }
    if words::standard() & TERMINAL << kind == 0 {
        0
    } else {
        CHARACTER_DEVICE
    }
}
