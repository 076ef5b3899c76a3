//! The request of a CGI program (RFC 3875): its variables become one `incoming-request`.
//!
//! The host writes the environment to the end of the pool. Records of the request grow towards it, and
//! what is left of the pool afterwards is the handler's.

use p1bridge_shim::abi::{load8, load32, store8};
use p1bridge_shim::utf8;

use crate::answer::{self, fail};
use crate::asked::{self, HEAD};
use crate::cli::until;
use crate::fields::{is_forbidden, is_token, is_value};
use crate::http::{AUTHORITY, METHOD, OTHER_METHOD, PATH};
use crate::letters::exactly;
use crate::state::{State, http_bytes};
use crate::{exports, p1, pool};

/// No number, and no more room.
pub const NONE: u64 = u64::MAX;
const FULL: u32 = u32::MAX;

/// Whether a record with so many bytes fits before `limit`.
pub fn fits(state: &State, limit: u32, size: u64) -> bool {
    u64::from(pool::open(state)) + size + 3 <= limit.into()
}

/// Adds a field of the request; gives a reason against it. `name` is that of a variable.
#[inline(never)]
fn field(state: &State, request: u32, name: u32, length: u32, value: u32, limit: u32) -> u32 {
    let size = until(value, 0);
    let mut index = 0;
    while index < length {
        if load8(name + index) == u32::from(b'_') {
            store8(name + index, u32::from(b'-'));
        }
        index += 1;
    }
    // Such a variable was not made of a field.
    if !is_token(name, length) {
        return 0;
    }
    add(state, request, name, length, value, size, limit)
}

/// The same for a name that is a token and a value of `size` bytes.
#[inline(never)]
pub fn add(
    state: &State,
    request: u32,
    name: u32,
    length: u32,
    value: u32,
    size: u32,
    limit: u32,
) -> u32 {
    // It is about the connection.
    if is_forbidden(name, length) {
        return 0;
    }
    if !is_value(value, size) {
        return answer::BAD_FIELD;
    }
    if !fits(state, limit, u64::from(length) + u64::from(size)) {
        return answer::TOO_LARGE;
    }
    pool::add(state, request, 0, name, length, value, size);
    0
}

/// The number that digits are.
#[inline(never)]
pub fn number(at: u32) -> u64 {
    let mut number = 0;
    let mut index = 0;
    loop {
        let byte = load8(at + index);
        if byte == 0 {
            return number;
        }
        let digit = byte.wrapping_sub(0x30);
        if digit > 9 || number > (NONE - 10) / 10 {
            return NONE;
        }
        number = number * 10 + u64::from(digit);
        index += 1;
    }
}

/// The case of `method`.
#[inline(never)]
pub fn method(at: u32, length: u32) -> u32 {
    if exactly!(at, length, b"GET") {
        0
    } else if exactly!(at, length, b"HEAD") {
        1
    } else if exactly!(at, length, b"POST") {
        2
    } else if exactly!(at, length, b"PUT") {
        3
    } else if exactly!(at, length, b"DELETE") {
        4
    } else if exactly!(at, length, b"CONNECT") {
        5
    } else if exactly!(at, length, b"OPTIONS") {
        6
    } else if exactly!(at, length, b"TRACE") {
        7
    } else if exactly!(at, length, b"PATCH") {
        8
    } else {
        OTHER_METHOD
    }
}

/// Whether a byte stands for itself in a path (RFC 3986, 3.3).
fn is_plain(byte: u32) -> bool {
    // Bits for the visible characters that do not: "#%<>?[\]^`{|}
    const LOW: u64 = 1 << 0x22 | 1 << 0x23 | 1 << 0x25 | 1 << 0x3c | 1 << 0x3e | 1 << 0x3f;
    const HIGH: u64 = 0xf << 0x1b | 1 << 0x20 | 7 << 0x3b | 1 << 0x3f;
    let bad = if byte < 0x40 { LOW } else { HIGH };
    byte > 0x20 && byte < 0x80 && bad >> (byte & 0x3f) & 1 == 0
}

fn hex(digit: u32) -> u32 {
    digit + if digit < 10 { 0x30 } else { 0x37 }
}

/// Writes a byte to a value that is made at the end of the pool and has `size` bytes; gives its new size.
#[inline(never)]
fn push(state: &State, size: u32, byte: u32, limit: u32) -> u32 {
    if size == FULL || !fits(state, limit, u64::from(size) + 1) {
        return FULL;
    }
    store8(pool::at(state, pool::open(state)) + size, byte);
    size + 1
}

/// Writes a variable to it: as it is, or encoded as a path.
#[inline(never)]
pub fn push_text(state: &State, mut size: u32, from: u32, encode: bool, limit: u32) -> u32 {
    let length = if from == 0 { 0 } else { until(from, 0) };
    let mut index = 0;
    while index < length {
        let byte = load8(from + index);
        if encode && !is_plain(byte) {
            size = push(state, size, u32::from(b'%'), limit);
            size = push(state, size, hex(byte >> 4), limit);
            size = push(state, size, hex(byte & 15), limit);
        } else {
            size = push(state, size, byte, limit);
        }
        index += 1;
    }
    size
}

/// Makes a record of such a value if it is UTF-8 that is visible; gives a reason against it.
#[inline(never)]
pub fn seal(state: &State, request: u32, tag: u32, size: u32, bad: u32) -> u32 {
    if size == FULL {
        return answer::TOO_LARGE;
    }
    let at = pool::at(state, pool::open(state));
    let mut index = 0;
    while index < size {
        let byte = load8(at + index);
        if byte <= 0x20 || byte == 0x7f {
            return bad;
        }
        index += 1;
    }
    if !utf8::valid(at, size) {
        return bad;
    }
    pool::seal(state, request, tag, size);
    0
}

/// Where the path of `REQUEST_URI` is: behind `http://host` if that is there. 0 if it has none.
#[inline(never)]
pub fn path_of(uri: u32) -> u32 {
    let first = if uri == 0 { 0 } else { load8(uri) };
    if first == u32::from(b'/') || first == u32::from(b'*') {
        return uri;
    }
    let mut slashes = 0;
    let mut at = uri;
    while first != 0 && load8(at) != 0 && load8(at) != u32::from(b'?') {
        if load8(at) == u32::from(b'/') {
            slashes += 1;
            if slashes == 3 {
                return at;
            }
        }
        at += 1;
    }
    0
}

/// Whether a variable is there and not empty.
fn is_there(value: u32) -> bool {
    value != 0 && load8(value) != 0
}

/// Makes the request of the environment; gives a reason against it.
#[inline(never)]
fn read(state: &State, request: u32) -> u32 {
    let fixed = state.fixed();
    let at = fixed.result_at();
    if p1::environ_sizes_get(at, at + 4) != 0 {
        return answer::NO_ENVIRONMENT;
    }
    let count = fixed.result(0) as u32;
    // A word stays free behind the pointers, as in `cli.rs`.
    let needed = u64::from(count) * 4 + 8 + (fixed.result(0) >> 32);
    if !fits(state, http_bytes(), needed) {
        return answer::TOO_LARGE;
    }
    let limit = (http_bytes() - needed as u32) & !3;
    let pointers = pool::at(state, limit);
    if count != 0 && p1::environ_get(pointers, pointers + count * 4 + 4) != 0 {
        return answer::NO_ENVIRONMENT;
    }
    let mut verb = 0;
    let mut uri = 0;
    let mut script = 0;
    let mut info = 0;
    let mut query = 0;
    let mut https = 0;
    let mut scheme = 0;
    let mut host = 0;
    let mut server = 0;
    let mut port = 0;
    let mut body = 0;
    let mut index = 0;
    while index < count {
        let from = load32(pointers + index * 4);
        index += 1;
        let length = until(from, u32::from(b'='));
        if load8(from + length) == 0 {
            continue;
        }
        let value = from + length + 1;
        let mut reason = 0;
        if length > 5 && exactly!(from, 5, b"HTTP_") {
            if exactly!(from, length, b"HTTP_HOST") {
                host = value;
            } else if !exactly!(from, length, b"HTTP_CONTENT_LENGTH")
                && !exactly!(from, length, b"HTTP_CONTENT_TYPE")
            {
                reason = field(state, request, from + 5, length - 5, value, limit);
            }
        } else if exactly!(from, length, b"CONTENT_TYPE") {
            if is_there(value) {
                reason = field(state, request, from, length, value, limit);
            }
        } else if exactly!(from, length, b"CONTENT_LENGTH") {
            if is_there(value) {
                body = number(value);
                if body == NONE {
                    return answer::BAD_LENGTH;
                }
                reason = field(state, request, from, length, value, limit);
            }
        } else if exactly!(from, length, b"REQUEST_METHOD") {
            verb = value;
        } else if exactly!(from, length, b"REQUEST_URI") {
            uri = value;
        } else if exactly!(from, length, b"SCRIPT_NAME") {
            script = value;
        } else if exactly!(from, length, b"PATH_INFO") {
            info = value;
        } else if exactly!(from, length, b"QUERY_STRING") {
            query = value;
        } else if exactly!(from, length, b"HTTPS") {
            https = value;
        } else if exactly!(from, length, b"REQUEST_SCHEME") {
            scheme = value;
        } else if exactly!(from, length, b"SERVER_NAME") {
            server = value;
        } else if exactly!(from, length, b"SERVER_PORT") {
            port = value;
        }
        if reason != 0 {
            return reason;
        }
    }
    if !is_there(verb) {
        return answer::NO_METHOD;
    }
    let entry = state.slot(request);
    entry.word.set(body as u32);
    entry.high.set((body >> 32) as u32);
    let length = until(verb, 0);
    let case = method(verb, length);
    entry.small.set(case as u8);
    if case == 1 {
        asked::mark(state, HEAD);
    }
    if case == OTHER_METHOD {
        if !is_token(verb, length) {
            return answer::BAD_METHOD;
        }
        if !fits(state, limit, length.into()) {
            return answer::TOO_LARGE;
        }
        pool::add(state, request, METHOD, 0, 0, verb, length);
    }
    let secure = is_there(https) && !exactly!(https, until(https, 0), b"off")
        || scheme != 0 && exactly!(scheme, until(scheme, 0), b"https");
    entry.flags.set(1 + u8::from(secure));

    let mut size = 0;
    let path = path_of(uri);
    if path != 0 {
        size = push_text(state, 0, path, false, limit);
    } else {
        let first = if is_there(script) { script } else { info };
        if !is_there(first) || load8(first) != u32::from(b'/') {
            size = push(state, 0, u32::from(b'/'), limit);
        }
        size = push_text(state, size, script, true, limit);
        size = push_text(state, size, info, true, limit);
        if is_there(query) {
            size = push(state, size, u32::from(b'?'), limit);
            size = push_text(state, size, query, false, limit);
        }
    }
    let reason = seal(state, request, PATH, size, answer::BAD_PATH);
    if reason != 0 {
        return reason;
    }

    if is_there(host) {
        size = push_text(state, 0, host, false, limit);
    } else if is_there(server) {
        size = push_text(state, 0, server, false, limit);
        let usual = if secure {
            exactly!(port, until(port, 0), b"443")
        } else {
            exactly!(port, until(port, 0), b"80")
        };
        if is_there(port) && !usual {
            size = push(state, size, u32::from(b':'), limit);
            size = push_text(state, size, port, false, limit);
        }
    } else {
        return 0;
    }
    seal(state, request, AUTHORITY, size, answer::BAD_AUTHORITY)
}

exports! {
    /// Reads the request; answers by itself and gives 0 if it is none.
    "p1bridge:http/exchange@0.1#begin"
    fn begin(state) -> u32 {
        let request = asked::open(&mut state);
        let reason = read(&state, request);
        if reason != 0 {
            fail(&state, reason);
        }
        (reason == 0).into()
    }
}
