//! `wasi:http/types`: requests, responses and bodies as data. A program makes them. Nobody takes requests, unless the
//! program is one that sends them (`sending.rs`), and responses go where `exchange.rs` sends them, if the program is one
//! that is asked. What only a host with a client could make does not exist elsewhere, so a handle of it is a breach of
//! the canonical ABI.

use p1bridge_shim::abi::load8;
use p1bridge_shim::{Out, text, trap_if};

use crate::asked;
use crate::exports;
use crate::fields::{self, IMMUTABLE, is_token};
use crate::pool;
use crate::state::{State, flag, insert, kind};

/// Kinds of records besides fields.
pub const METHOD: u32 = 1;
pub const PATH: u32 = 2;
pub const SCHEME: u32 = 3;
pub const AUTHORITY: u32 = 4;
pub const CONNECT: u32 = 5;
pub const OPTION_FIRST_BYTE: u32 = 6;
pub const OPTION_BETWEEN_BYTES: u32 = 7;

/// `flags` of a request or response: the case of the scheme plus one, and whether the body was
/// asked for; of a body, whether its stream was.
const SCHEME_MASK: u8 = 3;
pub const TAKEN: u8 = 1 << 4;
/// Of a response: its body is complete.
pub const FINISHED: u8 = 1 << 5;

/// The case `other` of `method` and of `scheme`.
pub const OTHER_METHOD: u32 = 9;
const OTHER_SCHEME: u32 = 2;

/// A new request or response with the fields of a handle, which is given up.
#[inline(never)]
fn message(state: &mut State, kind: u8, headers: u32) -> u32 {
    let from = fields::owner(state, headers);
    let handle = insert(state, kind);
    let entry = state.slot(handle);
    entry.flags.set(0);
    entry.small.set(0);
    entry.low.set(0);
    entry.high.set(200);
    pool::copy(state, from, handle);
    fields::drop_handle(state, headers);
    handle
}

/// Gives up a request or response. One whose headers are still looked at is not to be dropped.
#[inline(never)]
pub fn drop_message(state: &State, handle: u32, kind: u8) {
    trap_if(state.get(handle, kind).low.get() != 0);
    let mut tag = 0;
    while tag <= AUTHORITY {
        pool::clear(state, handle, tag);
        tag += 1;
    }
    state.remove(handle);
}

#[inline(never)]
pub fn headers(state: &mut State, handle: u32, kind: u8) -> u32 {
    let children = &state.get(handle, kind).low;
    children.set(children.get() + 1);
    fields::make(state, handle, IMMUTABLE)
}

/// Writes the `result<own<_>>` of something that can be had once; gives its handle, or 0.
#[inline(never)]
pub fn once(state: &mut State, handle: u32, kind: u8, made: u8, flags: u8, out: u32) -> u32 {
    let out = Out::new(out, 8, 4);
    let entry = state.get(handle, kind);
    let taken = entry.flags.get() & TAKEN != 0;
    out.u8(0, taken.into());
    if taken {
        return 0;
    }
    entry.flags.set(entry.flags.get() | TAKEN);
    let new = insert(state, made);
    state.slot(new).flags.set(flags);
    state.slot(new).word.set(0);
    out.u32(4, new);
    new
}

/// Puts a string in the place of another one.
#[inline(never)]
fn replace(state: &State, handle: u32, tag: u32, some: bool, at: u32, length: u32) {
    pool::clear(state, handle, tag);
    if some {
        pool::add(state, handle, tag, 0, 0, at, length);
    }
}

/// Writes an `option<string>`.
#[inline(never)]
pub fn get(state: &mut State, handle: u32, kind: u8, tag: u32, out: u32) {
    let out = Out::new(out, 12, 4);
    state.get(handle, kind);
    let place = pool::next(state, 0, handle, tag);
    out.u8(0, (place != 0).into());
    if place != 0 {
        let (from, length) = (
            pool::value_at(state, place),
            pool::value_length(state, place),
        );
        state.bytes(out.part(4), from, length);
    }
}

/// Sets an `option<string>` of visible characters; gives a `result`.
#[inline(never)]
fn set(state: &State, handle: u32, tag: u32, some: u32, at: u32, length: u32) -> u32 {
    trap_if(some > 1);
    state.get(handle, kind::REQUEST);
    let mut at = at;
    if some == 1 {
        at = text(at, length);
        let mut index = 0;
        while index < length {
            if load8(at + index) <= 0x20 || load8(at + index) == 0x7f {
                return 1;
            }
            index += 1;
        }
    }
    replace(state, handle, tag, some == 1, at, length);
    0
}

/// Writes a variant whose case `other` has a string of this kind.
#[inline(never)]
fn variant(state: &mut State, handle: u32, case: u32, other: u32, tag: u32, out: Out) {
    out.u8(0, case);
    if case == other {
        let place = pool::next(state, 0, handle, tag);
        let (from, length) = (
            pool::value_at(state, place),
            pool::value_length(state, place),
        );
        state.bytes(out.part(4), from, length);
    }
}

#[inline(never)]
pub fn method(state: &mut State, handle: u32, kind: u8, out: u32) {
    let out = Out::new(out, 12, 4);
    let case = state.get(handle, kind).small.get();
    variant(state, handle, case.into(), OTHER_METHOD, METHOD, out);
}

#[inline(never)]
pub fn scheme(state: &mut State, handle: u32, kind: u8, out: u32) {
    let out = Out::new(out, 16, 4);
    let scheme = u32::from(state.get(handle, kind).flags.get() & SCHEME_MASK);
    out.u8(0, (scheme != 0).into());
    if scheme != 0 {
        variant(state, handle, scheme - 1, OTHER_SCHEME, SCHEME, out.part(4));
    }
}

#[inline(never)]
fn timeout(state: &State, handle: u32, tag: u32, out: u32) {
    let out = Out::new(out, 16, 8);
    state.get(handle, kind::OPTIONS);
    let place = pool::next(state, 0, handle, tag);
    out.u8(0, (place != 0).into());
    if place != 0 {
        out.u64(8, p1bridge_shim::abi::load64(pool::value_at(state, place)));
    }
}

/// A time of request options, or another one.
#[inline(never)]
pub fn time_of(state: &State, handle: u32, tag: u32, other: u64) -> u64 {
    let place = pool::next(state, 0, handle, tag);
    if place == 0 {
        other
    } else {
        p1bridge_shim::abi::load64(pool::value_at(state, place))
    }
}

#[inline(never)]
fn set_timeout(state: &State, handle: u32, tag: u32, some: u32, value: u64) -> u32 {
    trap_if(some > 1);
    state.get(handle, kind::OPTIONS);
    state.fixed().set_result(0, value);
    replace(state, handle, tag, some == 1, state.fixed().result_at(), 8);
    0
}

/// There is no such handle.
#[inline(never)]
fn absent(state: &State, handle: u32) {
    state.get(handle, kind::ABSENT);
}

/// Defines the functions of resources of which there is no handle: they trap.
macro_rules! absent {
    ($($name:literal fn $f:ident(handle $(, $p:ident: $t:ty)*) $(-> $r:ty)?;)*) => {
        exports! {$(
            $name
            fn $f(state, handle: u32 $(, $p: $t)*) $(-> $r)? {
                absent(&state, handle);
                $(<$r>::default())?
            }
        )*}
    };
}

exports! {
    /// No error comes from HTTP.
    "wasi:http/types@0.2#http-error-code"
    fn http_error_code(state, error: u32, out: u32) {
        state.get(error, kind::ERROR);
        Out::new(out, 40, 8).u8(0, 0);
    }

    "wasi:http/types@0.2#[constructor]outgoing-request"
    fn new_request(state, headers: u32) -> u32 {
        message(&mut state, kind::REQUEST, headers)
    }

    "wasi:http/types@0.2#[method]outgoing-request.body"
    fn request_body(state, handle: u32, out: u32) {
        once(&mut state, handle, kind::REQUEST, kind::BODY, 0, out);
    }

    "wasi:http/types@0.2#[method]outgoing-request.method"
    fn request_method(state, handle: u32, out: u32) {
        method(&mut state, handle, kind::REQUEST, out);
    }

    "wasi:http/types@0.2#[method]outgoing-request.set-method"
    fn set_method(state, handle: u32, case: u32, at: u32, length: u32) -> u32 {
        trap_if(case > OTHER_METHOD);
        let entry = state.get(handle, kind::REQUEST);
        let mut at = at;
        if case == OTHER_METHOD {
            at = text(at, length);
            if !is_token(at, length) {
                return 1;
            }
        }
        entry.small.set(case as u8);
        replace(&state, handle, METHOD, case == OTHER_METHOD, at, length);
        0
    }

    "wasi:http/types@0.2#[method]outgoing-request.path-with-query"
    fn path_with_query(state, handle: u32, out: u32) {
        get(&mut state, handle, kind::REQUEST, PATH, out);
    }

    "wasi:http/types@0.2#[method]outgoing-request.set-path-with-query"
    fn set_path_with_query(state, handle: u32, some: u32, at: u32, length: u32) -> u32 {
        set(&state, handle, PATH, some, at, length)
    }

    "wasi:http/types@0.2#[method]outgoing-request.scheme"
    fn request_scheme(state, handle: u32, out: u32) {
        scheme(&mut state, handle, kind::REQUEST, out);
    }

    "wasi:http/types@0.2#[method]outgoing-request.set-scheme"
    fn set_scheme(state, handle: u32, some: u32, case: u32, at: u32, length: u32) -> u32 {
        trap_if(some > 1 || some == 1 && case > OTHER_SCHEME);
        let entry = state.get(handle, kind::REQUEST);
        let is_other = some == 1 && case == OTHER_SCHEME;
        let mut at = at;
        if is_other {
            at = text(at, length);
            if !is_token(at, length) {
                return 1;
            }
        }
        let scheme = if some == 1 { case as u8 + 1 } else { 0 };
        entry.flags.set(entry.flags.get() & !SCHEME_MASK | scheme);
        replace(&state, handle, SCHEME, is_other, at, length);
        0
    }

    "wasi:http/types@0.2#[method]outgoing-request.authority"
    fn authority(state, handle: u32, out: u32) {
        get(&mut state, handle, kind::REQUEST, AUTHORITY, out);
    }

    "wasi:http/types@0.2#[method]outgoing-request.set-authority"
    fn set_authority(state, handle: u32, some: u32, at: u32, length: u32) -> u32 {
        set(&state, handle, AUTHORITY, some, at, length)
    }

    "wasi:http/types@0.2#[method]outgoing-request.headers"
    fn request_headers(state, handle: u32) -> u32 {
        headers(&mut state, handle, kind::REQUEST)
    }

    "wasi:http/types@0.2#[resource-drop]outgoing-request"
    fn drop_request(state, handle: u32) {
        drop_message(&state, handle, kind::REQUEST);
    }

    "wasi:http/types@0.2#[constructor]request-options"
    fn new_options(state) -> u32 {
        insert(&mut state, kind::OPTIONS)
    }

    "wasi:http/types@0.2#[method]request-options.connect-timeout"
    fn connect_timeout(state, handle: u32, out: u32) {
        timeout(&state, handle, CONNECT, out);
    }

    "wasi:http/types@0.2#[method]request-options.set-connect-timeout"
    fn set_connect_timeout(state, handle: u32, some: u32, value: u64) -> u32 {
        set_timeout(&state, handle, CONNECT, some, value)
    }

    "wasi:http/types@0.2#[method]request-options.first-byte-timeout"
    fn first_byte_timeout(state, handle: u32, out: u32) {
        timeout(&state, handle, OPTION_FIRST_BYTE, out);
    }

    "wasi:http/types@0.2#[method]request-options.set-first-byte-timeout"
    fn set_first_byte_timeout(state, handle: u32, some: u32, value: u64) -> u32 {
        set_timeout(&state, handle, OPTION_FIRST_BYTE, some, value)
    }

    "wasi:http/types@0.2#[method]request-options.between-bytes-timeout"
    fn between_bytes_timeout(state, handle: u32, out: u32) {
        timeout(&state, handle, OPTION_BETWEEN_BYTES, out);
    }

    "wasi:http/types@0.2#[method]request-options.set-between-bytes-timeout"
    fn set_between_bytes_timeout(state, handle: u32, some: u32, value: u64) -> u32 {
        set_timeout(&state, handle, OPTION_BETWEEN_BYTES, some, value)
    }

    "wasi:http/types@0.2#[resource-drop]request-options"
    fn drop_options(state, handle: u32) {
        state.get(handle, kind::OPTIONS);
        let mut tag = CONNECT;
        while tag <= OPTION_BETWEEN_BYTES {
            pool::clear(&state, handle, tag);
            tag += 1;
        }
        state.remove(handle);
    }

    "wasi:http/types@0.2#[constructor]outgoing-response"
    fn new_response(state, headers: u32) -> u32 {
        message(&mut state, kind::RESPONSE, headers)
    }

    "wasi:http/types@0.2#[method]outgoing-response.status-code"
    fn status_code(state, handle: u32) -> u32 {
        state.get(handle, kind::RESPONSE).high.get()
    }

    "wasi:http/types@0.2#[method]outgoing-response.set-status-code"
    fn set_status_code(state, handle: u32, status: u32) -> u32 {
        let entry = state.get(handle, kind::RESPONSE);
        let status = status & 0xffff;
        let bad = status.wrapping_sub(100) >= 900;
        if !bad {
            entry.high.set(status);
        }
        bad.into()
    }

    "wasi:http/types@0.2#[method]outgoing-response.headers"
    fn response_headers(state, handle: u32) -> u32 {
        headers(&mut state, handle, kind::RESPONSE)
    }

    "wasi:http/types@0.2#[method]outgoing-response.body"
    fn response_body(state, handle: u32, out: u32) {
        let body = once(&mut state, handle, kind::RESPONSE, kind::BODY, 0, out);
        asked::own(&state, body, handle);
    }

    "wasi:http/types@0.2#[resource-drop]outgoing-response"
    fn drop_response(state, handle: u32) {
        if state.get(handle, kind::RESPONSE).flags.get() & TAKEN != 0 {
            asked::orphan(&state, handle);
        }
        drop_message(&state, handle, kind::RESPONSE);
    }

    /// The stream of a body that nobody is sent takes everything.
    "wasi:http/types@0.2#[method]outgoing-body.write"
    fn body_write(state, handle: u32, out: u32) {
        let response = state.get(handle, kind::BODY).word.get();
        let flags = if response == 0 { flag::SINK } else { flag::SINK | flag::BODY };
        let stream = once(&mut state, handle, kind::BODY, kind::OUTPUT, flags, out);
        if stream != 0 {
            state.slot(stream).word.set(response);
        }
    }

    "wasi:http/types@0.2#[static]outgoing-body.finish"
    fn body_finish(state, handle: u32, some: u32, trailers: u32, out: u32) {
        trap_if(some > 1);
        let response = state.get(handle, kind::BODY).word.get();
        if response != 0 {
            let flags = &state.slot(response).flags;
            flags.set(flags.get() | FINISHED);
        }
        state.remove(handle);
        if some == 1 {
            fields::drop_handle(&state, trailers);
        }
        Out::new(out, 40, 8).u8(0, 0);
    }

    "wasi:http/types@0.2#[resource-drop]outgoing-body"
    fn drop_body(state, handle: u32) {
        state.drop(handle, kind::BODY);
    }
}

absent! {
    "wasi:http/types@0.2#[method]incoming-response.status"
    fn incoming_status(handle) -> u32;

    "wasi:http/types@0.2#[method]incoming-response.headers"
    fn incoming_response_headers(handle) -> u32;

    "wasi:http/types@0.2#[method]incoming-response.consume"
    fn incoming_response_consume(handle, _out: u32);

    "wasi:http/types@0.2#[resource-drop]incoming-response"
    fn drop_incoming_response(handle);

    "wasi:http/types@0.2#[method]future-incoming-response.subscribe"
    fn response_subscribe(handle) -> u32;

    "wasi:http/types@0.2#[method]future-incoming-response.get"
    fn response_get(handle, _out: u32);

    "wasi:http/types@0.2#[resource-drop]future-incoming-response"
    fn drop_future_response(handle);
}
