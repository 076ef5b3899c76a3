//! The request that a program answers, as `wasi:http/types` shows it, and the way of the answer. `cgi.rs`
//! reads the one request in the life of a CGI program, `server.rs` reads one after the other from sockets.
//!
//! What is known of it is in `asked.rs`.

use p1bridge_shim::abi::{load32, store32};
use p1bridge_shim::{Out, trap_if};

use crate::answer::{self, put, put_byte, put_bytes, put_end, put_field};
use crate::asked::{ANSWERED, BUFFERED, FAILED, HEAD, SILENT, bits, known, mark};
use crate::http::{
    AUTHORITY, FINISHED, OTHER_METHOD, PATH, TAKEN, drop_message, get, headers, method, once,
    scheme,
};
use crate::letters::name;
use crate::poll::{CLOCK, READ, new_pollable, wait_for};
use crate::state::{State, flag, insert, kind};
use crate::{exports, fields, p1, pool};

/// Writes the head of a response, and what there is of its body.
#[inline(never)]
fn send(state: &State, response: u32) {
    let entry = state.get(response, kind::RESPONSE);
    // Headers that are still looked at.
    trap_if(entry.low.get() != 0);
    entry.kind.set(kind::SENT);
    let status = entry.high.get();
    let silent = bits(state) & HEAD != 0 || status < 200 || status == 204 || status == 304;
    mark(state, ANSWERED | if silent { SILENT } else { 0 });
    store32(known(state) + 12, response);
    answer::head(status, response);
    let mut place = pool::next(state, 0, response, 0);
    while place != 0 {
        let at = pool::name_at(state, place);
        let length = pool::name_length(state, place);
        // What the server takes for its own.
        if !name!(at, length, b"status") {
            put_field(state, place, at, length);
        }
        place = pool::next(state, place, response, 0);
    }
    put_end(state);
    place = pool::next(state, 0, response, BUFFERED);
    while place != 0 && !silent {
        let from = pool::value_at(state, place);
        put_bytes(state, from, pool::value_length(state, place));
        place = pool::next(state, place, response, BUFFERED);
    }
    if !answer::flush() {
        mark(state, FAILED);
    }
    pool::clear(state, response, 0);
    pool::clear(state, response, BUFFERED);
}

/// Bytes of vectors.
#[inline(never)]
pub fn total(vectors: u32, count: u32) -> u32 {
    let mut sum = 0;
    let mut index = 0;
    while index < count {
        sum += load32(vectors + index * 8 + 4);
        index += 1;
    }
    sum
}

/// Keeps bytes of a body until its response is set.
#[inline(never)]
pub fn keep(state: &State, response: u32, vectors: u32, count: u32) {
    let mut index = 0;
    while index < count {
        let at = vectors + index * 8;
        pool::add(state, response, BUFFERED, 0, 0, load32(at), load32(at + 4));
        index += 1;
    }
}

/// Answers if the handler has not, and says what is missing.
#[inline(never)]
pub fn end(state: &State) {
    if bits(state) & ANSWERED == 0 {
        answer::fail(state, answer::NO_RESPONSE);
    }
    let response = load32(known(state) + 12);
    if response != 0 {
        let flags = state.slot(response).flags.get();
        if flags & TAKEN != 0 && flags & FINISHED == 0 {
            mark(state, FAILED);
            answer::start(state, 2);
            put!(state, b"p1bridge: the body of ");
            put!(state, b"the response was not ");
            put!(state, b"finished");
            put_byte(state, 10);
            answer::flush();
        }
    }
}

exports! {
    // Waits for bytes; that there are less than the server has promised is an error.
    "weak:body-read"
    fn body_read(state, handle: u32, vector: u32) -> u32 {
        let entry = state.slot(handle);
        let fixed = state.fixed();
        let left = entry.wide();
        let length = left.min(load32(vector + 4).into()) as u32;
        let vector = fixed.vector(load32(vector), length);
        loop {
            let errno = p1::fd_read(0, vector, 1, fixed.count_at());
            if errno == p1::AGAIN {
                wait_for(&state, 0, READ, true);
            } else if errno != p1::INTR {
                let count = fixed.count.get();
                if errno != 0 {
                    return errno;
                }
                if count == 0 {
                    return p1::IO;
                }
                entry.set_wide(left - u64::from(count));
                return 0;
            }
        }
    }

    "weak:body-write"
    fn body_write(state, response: u32, vectors: u32, count: u32) -> u32 {
        let entry = state.slot(response);
        let bits = bits(&state);
        let fixed = state.fixed();
        if entry.flags.get() & FINISHED != 0 {
            return p1::PIPE;
        }
        if entry.kind.get() == kind::SENT {
            if bits & SILENT == 0 {
                let errno = p1::fd_write(1, vectors, count, fixed.count_at());
                if errno != 0 && errno != p1::AGAIN && errno != p1::INTR {
                    mark(&state, FAILED);
                }
                return errno;
            }
        } else {
            keep(&state, response, vectors, count);
        }
        fixed.count.set(total(vectors, count));
        0
    }

    "p1bridge:http/exchange@0.1#request"
    fn request(state) -> u32 {
        load32(known(&state) + 4)
    }

    "p1bridge:http/exchange@0.1#outparam"
    fn outparam(state) -> u32 {
        load32(known(&state) + 8)
    }

    /// Answers if the handler has not; gives a `result`.
    "p1bridge:http/exchange@0.1#finish"
    fn finish(state) -> u32 {
        end(&state);
        (bits(&state) & FAILED != 0).into()
    }

    "wasi:http/types@0.2#[method]incoming-request.method"
    fn incoming_method(state, handle: u32, out: u32) {
        method(&mut state, handle, kind::REQUEST_IN, out);
    }

    "wasi:http/types@0.2#[method]incoming-request.path-with-query"
    fn incoming_path(state, handle: u32, out: u32) {
        get(&mut state, handle, kind::REQUEST_IN, PATH, out);
    }

    "wasi:http/types@0.2#[method]incoming-request.scheme"
    fn incoming_scheme(state, handle: u32, out: u32) {
        scheme(&mut state, handle, kind::REQUEST_IN, out);
    }

    "wasi:http/types@0.2#[method]incoming-request.authority"
    fn incoming_authority(state, handle: u32, out: u32) {
        get(&mut state, handle, kind::REQUEST_IN, AUTHORITY, out);
    }

    "wasi:http/types@0.2#[method]incoming-request.headers"
    fn incoming_headers(state, handle: u32) -> u32 {
        headers(&mut state, handle, kind::REQUEST_IN)
    }

    "wasi:http/types@0.2#[method]incoming-request.consume"
    fn incoming_consume(state, handle: u32, out: u32) {
        let body = once(&mut state, handle, kind::REQUEST_IN, kind::BODY_IN, 0, out);
        if body != 0 {
            let request = state.slot(handle);
            let high = u64::from(request.high.get()) << 32;
            state.slot(body).set_wide(high | u64::from(request.word.get()));
        }
    }

    "wasi:http/types@0.2#[resource-drop]incoming-request"
    fn drop_incoming_request(state, handle: u32) {
        drop_message(&state, handle, kind::REQUEST_IN);
    }

    "wasi:http/types@0.2#[method]incoming-body.stream"
    fn incoming_body_stream(state, handle: u32, out: u32) {
        let stream = once(&mut state, handle, kind::BODY_IN, kind::INPUT, flag::BODY, out);
        if stream != 0 {
            state.slot(stream).set_wide(state.slot(handle).wide());
        }
    }

    "wasi:http/types@0.2#[static]incoming-body.finish"
    fn incoming_body_finish(state, handle: u32) -> u32 {
        state.drop(handle, kind::BODY_IN);
        let trailers = insert(&mut state, kind::TRAILERS);
        state.slot(trailers).flags.set(0);
        trailers
    }

    "wasi:http/types@0.2#[resource-drop]incoming-body"
    fn drop_incoming_body(state, handle: u32) {
        state.drop(handle, kind::BODY_IN);
    }

    "wasi:http/types@0.2#[method]future-trailers.subscribe"
    fn trailers_subscribe(state, handle: u32) -> u32 {
        state.get(handle, kind::TRAILERS);
        new_pollable(&mut state, CLOCK, 0, 0)
    }

    /// There are none: CGI has nothing for them.
    "wasi:http/types@0.2#[method]future-trailers.get"
    fn trailers_get(state, handle: u32, out: u32) {
        let out = Out::new(out, 56, 8);
        let entry = state.get(handle, kind::TRAILERS);
        let taken = entry.flags.get() & TAKEN != 0;
        entry.flags.set(TAKEN);
        out.u8(0, 1);
        out.u8(8, taken.into());
        out.u8(16, 0);
        out.u8(24, 0);
    }

    "wasi:http/types@0.2#[resource-drop]future-trailers"
    fn drop_trailers(state, handle: u32) {
        state.drop(handle, kind::TRAILERS);
    }

    /// CGI has nothing for it either: an `internal-error` without a text.
    "wasi:http/types@0.2#[method]response-outparam.send-informational"
    fn send_informational(state, handle: u32, _status: u32, headers: u32, out: u32) {
        let out = Out::new(out, 40, 8);
        state.get(handle, kind::OUTPARAM);
        fields::drop_handle(&state, headers);
        out.u8(0, 1);
        out.u8(8, 38);
        out.u8(16, 0);
    }

    "wasi:http/types@0.2#[static]response-outparam.set"
    fn outparam_set(state, handle: u32, case: u32, a: u32, _b: u32, _c: u64, _d: u32, _e: u32,
        _f: u32, _g: u32) {
        // One that was kept beyond its request is no way to answer the next.
        trap_if(case > 1 || case == 1 && a > 38 || handle != load32(known(&state) + 8));
        state.drop(handle, kind::OUTPARAM);
        if case == 0 {
            send(&state, a);
        } else {
            answer::fail(&state, answer::ERROR_CODE + a);
        }
    }

    "wasi:http/types@0.2#[resource-drop]response-outparam"
    fn drop_outparam(state, handle: u32) {
        state.drop(handle, kind::OUTPARAM);
    }
}

const _: () = assert!(OTHER_METHOD == 9);
