//! What is written to whoever asks: the head of a response, and answers where the handler gives none. To a CGI
//! server; what is other for a client on a socket is in `server.rs`.
//!
//! The first of the small results says where: bytes that wait (low half), the descriptor, and whether a
//! write has failed. What waits is behind the records of the pool, or in the other small results if
//! nothing is free there.

use p1bridge_shim::abi::{copy, load8, store8};

use crate::asked::{ANSWERED, FAILED, mark};
use crate::letters::letter;
use crate::poll::{MILLISECOND, WRITE, wait_until};
use crate::state::{State, http_bytes};
use crate::time::now;
use crate::{exports, p1, pool};

mod import {
    #[link(wasm_import_module = "if p1bridge:http/exchange wasi:http/outgoing-handler")]
    unsafe extern "C" {
        #[link_name = "weak:flush"]
        pub safe fn flush() -> u32;
    }
    #[link(wasm_import_module = "if p1bridge:http/exchange")]
    unsafe extern "C" {
        /// Begins the head of a response, or of an answer without one (0).
        #[link_name = "weak:head"]
        pub safe fn head(status: u32, response: u32);
    }
}
pub use import::head;

pub const BROKEN: u64 = 1 << 63;
/// How long a peer may take before it takes more, in nanoseconds.
pub const PATIENCE: u64 = 30_000 * MILLISECOND;
/// Bytes of small results behind the first.
const LEAST: u32 = 56;

/// Why there is no response of the handler.
pub const NO_METHOD: u32 = 1;
pub const NO_ENVIRONMENT: u32 = 2;
pub const BAD_METHOD: u32 = 3;
pub const BAD_PATH: u32 = 4;
pub const BAD_AUTHORITY: u32 = 5;
pub const BAD_LENGTH: u32 = 6;
pub const BAD_FIELD: u32 = 7;
pub const TOO_LARGE: u32 = 8;
pub const NO_RESPONSE: u32 = 9;
/// And above: cases of `error-code`.
pub const ERROR_CODE: u32 = 16;

/// Writes a text of up to 24 letters.
macro_rules! put {
    ($state:expr, $text:literal) => {
        crate::answer::put_words(
            $state,
            const { crate::letters::pack($text, 0, 0) },
            const { crate::letters::pack($text, 1, 0) },
            const { crate::letters::pack($text, 2, 0) },
            const { $text.len() as u32 },
        )
    };
}
pub(crate) use put;

/// Begins to write to a descriptor.
pub fn start(state: &State, fd: u32) {
    state.fixed().set_result(0, u64::from(fd) << 32);
}

fn room(state: &State) -> u32 {
    (http_bytes() - pool::end(state)).max(LEAST)
}

#[inline(never)]
pub fn buffer(state: &State) -> u32 {
    if room(state) == LEAST {
        state.fixed().result_at() + 8
    } else {
        pool::at(state, pool::end(state))
    }
}

/// Ends what [`start`] began; gives whether all of it was written.
pub fn flush() -> bool {
    import::flush() != 0
}

#[inline(never)]
pub fn put_byte(state: &State, byte: u32) {
    let word = state.fixed().result(0);
    let count = word as u32;
    store8(buffer(state) + count, byte);
    state.fixed().set_result(0, word + 1);
    if count + 1 == room(state) {
        flush();
    }
}

#[inline(never)]
pub fn put_bytes(state: &State, at: u32, length: u32) {
    let mut index = 0;
    while index < length {
        put_byte(state, load8(at + index));
        index += 1;
    }
}

/// The same for many bytes.
#[inline(never)]
pub fn put_all(state: &State, mut at: u32, mut length: u32) {
    while length != 0 {
        let word = state.fixed().result(0);
        let free = room(state) - word as u32;
        let part = length.min(free);
        copy(buffer(state) + word as u32, at, part);
        state.fixed().set_result(0, word + u64::from(part));
        if part == free {
            flush();
        }
        at += part;
        length -= part;
    }
}

#[inline(never)]
pub fn put_words(state: &State, first: u64, second: u64, third: u64, length: u32) {
    let mut index = 0;
    while index < length {
        put_byte(state, letter(index, first, second, third));
        index += 1;
    }
}

/// Writes a number below 1000.
#[inline(never)]
pub fn put_number(state: &State, number: u32) {
    if number >= 100 {
        put_byte(state, 0x30 + number / 100);
    }
    if number >= 10 {
        put_byte(state, 0x30 + number / 10 % 10);
    }
    put_byte(state, 0x30 + number % 10);
}

/// Writes any number.
#[inline(never)]
pub fn put_decimal(state: &State, number: u32) {
    let mut place = 1_000_000_000;
    while place > 1 && number < place {
        place /= 10;
    }
    while place != 0 {
        put_byte(state, 0x30 + number / place % 10);
        place /= 10;
    }
}

/// Writes the size of a chunk, and ends its line.
#[inline(never)]
pub fn put_size(state: &State, size: u32) {
    let mut shift = 32;
    while shift != 0 {
        shift -= 4;
        let digit = size >> shift & 15;
        put_byte(state, digit + if digit < 10 { 0x30 } else { 0x37 });
    }
    put_end(state);
}

/// Writes the field that a record is, with its name, which is part of it.
#[inline(always)]
pub fn put_field(state: &State, place: u32, name: u32, length: u32) {
    put_bytes(state, name, length);
    put!(state, b": ");
    let value = pool::value_at(state, place);
    put_bytes(state, value, pool::value_length(state, place));
    put_end(state);
}

/// Writes what waits to a descriptor that does not block, and waits for that.
#[inline(never)]
pub fn flush_slowly(state: &State) -> u32 {
    let fixed = state.fixed();
    let word = fixed.result(0);
    let fd = (word << 1 >> 33) as u32;
    let mut left = word as u32;
    let mut at = buffer(state);
    let mut next = word >> 32 << 32;
    while left != 0 && next & BROKEN == 0 {
        let errno = p1::fd_write(fd, fixed.vector(at, left), 1, fixed.count_at());
        let count = fixed.count.get();
        if errno == p1::AGAIN {
            let until = now(state, p1::MONOTONIC) + PATIENCE;
            if !wait_until(state, fd, WRITE, until) {
                next |= BROKEN;
            }
        } else if errno == 0 && count != 0 {
            at += count;
            left -= count;
        } else if errno != p1::INTR {
            next |= BROKEN;
        }
    }
    fixed.set_result(0, next);
    (next & BROKEN == 0).into()
}

/// Ends a line of the head.
pub fn put_end(state: &State) {
    put!(state, b"\r\n");
}

/// Writes what is behind `Status: `, with its end.
#[inline(never)]
pub fn put_status(state: &State, status: u32) {
    put_number(state, status);
    put!(state, b" \r\n");
}

#[inline(never)]
fn put_reason(state: &State, reason: u32) {
    match reason {
        NO_METHOD => {
            put!(state, b"REQUEST_METHOD is not ");
            put!(state, b"set: a CGI server runs ");
            put!(state, b"this program");
        }
        NO_ENVIRONMENT => put!(state, b"no environment"),
        BAD_METHOD => put!(state, b"invalid method"),
        BAD_PATH => put!(state, b"invalid path"),
        BAD_AUTHORITY => put!(state, b"invalid authority"),
        BAD_LENGTH => put!(state, b"invalid content length"),
        BAD_FIELD => put!(state, b"invalid header field"),
        TOO_LARGE => put!(state, b"header fields too large"),
        NO_RESPONSE => put!(state, b"the handler did not set"),
        _ => {
            put!(state, b"the handler gave ");
            put!(state, b"error-code ");
            put_number(state, reason - ERROR_CODE);
        }
    }
    if reason == NO_RESPONSE {
        put!(state, b" a response");
    }
}

/// The status for a reason, or for a case of `error-code`.
fn status(reason: u32) -> u32 {
    match reason {
        NO_METHOD | NO_ENVIRONMENT | NO_RESPONSE => 500,
        BAD_METHOD..=BAD_FIELD => 400,
        TOO_LARGE => 431,
        code => match code - ERROR_CODE {
            // Time-outs: of DNS, connections and responses.
            0 | 8..=10 | 33 => 504,
            // What a server before this one has not done.
            1..=7 | 11..=14 | 25..=32 | 34 | 35 => 502,
            15 => 403,
            16 => 411,
            17 => 413,
            18 | 19 => 400,
            20 => 414,
            21..=24 => 431,
            36 => 508,
            _ => 500,
        },
    }
}

/// Answers in the place of the handler, and says why on standard error.
#[inline(never)]
pub fn fail(state: &State, reason: u32) {
    start(state, 2);
    put!(state, b"p1bridge: ");
    put_reason(state, reason);
    if reason == TOO_LARGE {
        put!(state, b": see --max-http");
    }
    put!(state, b"\n");
    flush();
    head(status(reason), 0);
    put_text_head(state);
    put_reason(state, reason);
    put!(state, b"\n");
    flush();
    mark(state, ANSWERED | FAILED);
}

/// Ends the head of an answer that is a text.
#[inline(never)]
pub fn put_text_head(state: &State) {
    put!(state, b"Content-Type: text/plain");
    put!(state, b"\r\n\r\n");
}

exports! {
    "weak:head"
    fn head_of_cgi(state, status: u32, _response: u32) {
        start(&state, 1);
        put!(&state, b"Status: ");
        put_status(&state, status);
    }

    "weak:flush"
    fn flush_to_server(state) -> u32 {
        let fixed = state.fixed();
        let word = fixed.result(0);
        let fd = (word >> 32) as u32 & 0xff;
        let mut left = word as u32;
        let mut at = buffer(&state);
        fixed.set_result(0, word >> 32 << 32);
        while left != 0 && word & BROKEN == 0 {
            let errno = p1::fd_write(fd, fixed.vector(at, left), 1, fixed.count_at());
            if errno == p1::AGAIN || errno == p1::INTR {
                continue;
            }
            let count = fixed.count.get();
            if errno != 0 || count == 0 {
                fixed.set_result(0, word >> 32 << 32 | BROKEN);
                return 0;
            }
            at += count;
            left -= count;
        }
        (word & BROKEN == 0).into()
    }
}
