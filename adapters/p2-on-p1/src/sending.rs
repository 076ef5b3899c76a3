//! What is other in programs that send requests: the linker binds these exports there in the place of those without
//! `weak:sending-`, for functions of WASI as for calls between parts of this library. What they do for everything but
//! such a request is what those do.

use p1bridge_shim::abi::store64;
use p1bridge_shim::{Out, trap_if};

use crate::answer::flush_slowly;
use crate::client::{
    self, BETWEEN_BYTES, BODY, FIRST_BYTE, LATE, STATUS, TRAILER, USUAL_TIME, code, hold,
    is_client, release,
};
use crate::error::CLOSED;
use crate::http::{
    CONNECT, OPTION_BETWEEN_BYTES, OPTION_FIRST_BYTE, TAKEN, headers, once, time_of,
};
use crate::poll::{OF_TRAILERS, READ, new_pollable};
use crate::state::{State, ZEROES, flag, insert, kind};
use crate::users::give_back;
use crate::{exchange, exports, fields, http, input, output, pool, socket};

/// Writes an `error-code`, given plus one. `size` is what it says beside, plus one, or 0.
#[inline(never)]
fn put_code(out: Out, code: u32, size: u64) {
    out.u8(0, code - 1);
    let mut offset = 8;
    while offset < 32 {
        store64(out.at(offset), 0);
        offset += 8;
    }
    if size != 0 {
        out.u8(8, 1);
        out.u64(16, size - 1);
    }
}

/// A handle made once from another one, which is of an exchange too.
#[inline(never)]
fn child(state: &mut State, handle: u32, kind: u8, made: u8, flags: u8, out: u32) {
    let client = state.get(handle, kind).word.get();
    let new = once(state, handle, kind, made, flags, out);
    if new != 0 {
        state.slot(new).word.set(client);
        hold(state, client);
    }
}

/// The exchange of a stream, or 0.
#[inline(never)]
fn client_of(state: &State, stream: u32) -> u32 {
    let entry = state.slot(stream);
    if flag::is_client(entry.flags.get()) {
        entry.word.get()
    } else {
        0
    }
}

/// Writes to the body of a request, whose stream is closed by an error; gives an error number.
#[inline(never)]
fn write(state: &State, stream: u32, client: u32, at: u32, length: u32) -> u32 {
    let flags = &state.slot(stream).flags;
    if flags.get() & flag::CLOSED != 0 {
        return CLOSED;
    }
    let errno = client::write(state, client, at, length);
    if errno != 0 {
        flags.set(flags.get() | flag::CLOSED);
    }
    errno
}

exports! {
    "weak:sending-flush"
    fn flush(state) -> u32 {
        flush_slowly(&state)
    }

    "weak:prepare"
    fn prepare(state, client: u32, mode: u32) -> u64 {
        client::prepare(&state, client, mode as u8)
    }

    "weak:sending-release"
    fn sending_release(state, index: u32) {
        if is_client(&state, index) {
            release(&state, index);
        } else {
            give_back(&state, index);
        }
    }

    "weak:sending-read-once"
    fn read_once(state, handle: u32, at: u32, length: u32) -> u32 {
        let client = client_of(&state, handle);
        if client != 0 {
            client::read(&state, client, at, length)
        } else {
            input::asked_read_once(handle, at, length)
        }
    }

    "weak:sending-read-wait"
    fn read_wait(state, handle: u32) {
        let client = client_of(&state, handle);
        if client != 0 {
            client::wait(&state, client);
        } else {
            input::read_wait(handle);
        }
    }

    "weak:sending-write-special"
    fn write_special(state, handle: u32, at: u32, length: u32) -> u32 {
        let client = client_of(&state, handle);
        if client != 0 {
            write(&state, handle, client, at, length)
        } else {
            output::write_asked(&state, handle, at, length)
        }
    }

    "weak:sending-write-zeroes"
    fn write_zeroes(state, handle: u32, length: u32) -> u32 {
        state.get(handle, kind::OUTPUT);
        let client = client_of(&state, handle);
        if client == 0 {
            return output::asked_write_zeroes(handle, length);
        }
        let mut left = length;
        let mut errno = 0;
        while left != 0 && errno == 0 {
            let part = left.min(ZEROES);
            errno = write(&state, handle, client, state.fixed().zeroes_at(), part);
            left -= part;
        }
        errno
    }

    "weak:sending-socket-mode"
    fn socket_mode(state, index: u32, mode: u32) -> u32 {
        if is_client(&state, index) {
            client::mode(&state, index, mode as u8).into()
        } else {
            socket::socket_mode(index, mode)
        }
    }

    "weak:sending-socket-status"
    fn socket_status(state, index: u32, mode: u32) -> u32 {
        if !is_client(&state, index) {
            return socket::socket_status(index, mode);
        }
        let is_over = state.slot(index).small.get() == client::phase::ENDED;
        if mode == u32::from(READ) && is_over { CLOSED } else { 0 }
    }

    "weak:sending-socket-writable"
    fn socket_writable(state, index: u32, block: u32) -> u32 {
        if is_client(&state, index) {
            client::is_writable(&state, index, block != 0).into()
        } else {
            socket::socket_writable(index, block)
        }
    }

    "wasi:http/outgoing-handler@0.2#handle"
    fn handle(state, request: u32, some: u32, options: u32, out: u32) {
        trap_if(some > 1);
        let out = Out::new(out, 40, 8);
        // Headers that are still looked at.
        trap_if(state.get(request, kind::REQUEST).low.get() != 0);
        let mut connect = USUAL_TIME;
        let mut first_byte = USUAL_TIME;
        let mut between_bytes = USUAL_TIME;
        if some == 1 {
            state.get(options, kind::OPTIONS);
            connect = time_of(&state, options, CONNECT, connect);
            first_byte = time_of(&state, options, OPTION_FIRST_BYTE, first_byte);
            between_bytes = time_of(&state, options, OPTION_BETWEEN_BYTES, between_bytes);
            http::drop_options(options);
        }
        let mut code = client::refusal(&state, request);
        let mut size = 0;
        let mut client = state.slot(request).word.get();
        if client == 0 && code == 0 {
            match client::length_of(&state, request) {
                client::NO_LENGTH | 0 => {
                    client = client::create(&mut state);
                    if client == 0 {
                        code = code::REQUEST_TOO_LARGE;
                    } else {
                        client::owe(&state, client, client::length_of(&state, request));
                        hold(&state, client);
                    }
                }
                client::BAD_LENGTH => code = code::INTERNAL,
                _ => {
                    code = code::BODY_SIZE;
                    size = 1;
                }
            }
        }
        if code != 0 {
            if client != 0 {
                client::fail(&state, client, code);
            }
            state.slot(request).word.set(client);
            drop_request(request);
            out.u8(0, 1);
            return put_code(out.part(8), code, size);
        }
        client::set_wide(&state, client, FIRST_BYTE, first_byte);
        client::set_wide(&state, client, BETWEEN_BYTES, between_bytes);
        client::take(&state, client, request);
        // The slot of the request becomes free: there is one.
        state.remove(request);
        let future = insert(&mut state, kind::FUTURE);
        let entry = state.slot(future);
        entry.flags.set(0);
        entry.word.set(client);
        if client::error(&state, client) == 0 {
            client::open(&mut state, client, connect);
        }
        out.u8(0, 0);
        out.u32(8, future);
    }

    "weak:sending-wasi:http/types@0.2#[constructor]outgoing-request"
    fn new_request(state, headers: u32) -> u32 {
        let request = http::new_request(headers);
        state.slot(request).word.set(0);
        request
    }

    "weak:sending-wasi:http/types@0.2#[method]outgoing-request.body"
    fn request_body(state, handle: u32, out: u32) {
        let entry = state.get(handle, kind::REQUEST);
        let result = Out::new(out, 8, 4);
        let length = client::length_of(&state, handle);
        if entry.flags.get() & TAKEN == 0 {
            let mut client = 0;
            if length != client::BAD_LENGTH {
                client = client::create(&mut state);
            }
            if client == 0 {
                return result.u8(0, 1);
            }
            client::owe(&state, client, length);
            client::mark(&state, client, BODY);
            state.slot(handle).word.set(client);
            hold(&state, client);
        }
        child(&mut state, handle, kind::REQUEST, kind::BODY, 0, out);
    }

    "weak:sending-wasi:http/types@0.2#[resource-drop]outgoing-request"
    fn drop_request(state, handle: u32) {
        let client = state.get(handle, kind::REQUEST).word.get();
        http::drop_message(&state, handle, kind::REQUEST);
        if client != 0 {
            release(&state, client);
        }
    }

    "weak:sending-wasi:http/types@0.2#[method]outgoing-body.write"
    fn body_write(state, handle: u32, out: u32) {
        if is_client(&state, state.get(handle, kind::BODY).word.get()) {
            child(&mut state, handle, kind::BODY, kind::OUTPUT, flag::SHARED, out);
        } else {
            http::body_write(handle, out);
        }
    }

    "weak:sending-wasi:http/types@0.2#[static]outgoing-body.finish"
    fn body_finish(state, handle: u32, some: u32, trailers: u32, out: u32) {
        let client = state.get(handle, kind::BODY).word.get();
        if !is_client(&state, client) {
            return http::body_finish(handle, some, trailers, out);
        }
        trap_if(some > 1);
        let out = Out::new(out, 40, 8);
        if some == 1 {
            let owner = fields::owner(&state, trailers);
            if owner != trailers {
                pool::copy(&state, owner, trailers);
            }
            pool::give(&state, trailers, 0, client, LATE);
            fields::drop_handle(&state, trailers);
        }
        state.remove(handle);
        let size = client::finish(&state, client);
        release(&state, client);
        out.u8(0, 0);
        if size != 0 {
            out.u8(0, 1);
            put_code(out.part(8), code::BODY_SIZE, size);
        }
    }

    "weak:sending-wasi:http/types@0.2#[resource-drop]outgoing-body"
    fn drop_body(state, handle: u32) {
        let client = state.get(handle, kind::BODY).word.get();
        state.remove(handle);
        if is_client(&state, client) {
            client::abandon(&state, client);
            release(&state, client);
        }
    }

    "weak:sending-wasi:http/types@0.2#http-error-code"
    fn http_error_code(state, error: u32, out: u32) {
        let entry = state.get(error, kind::ERROR);
        let out = Out::new(out, 40, 8);
        out.u8(0, 0);
        if flag::is_client(entry.flags.get()) {
            out.u8(0, 1);
            put_code(out.part(8), client::error_of(entry.word.get()), 0);
        }
    }

    "weak:sending-wasi:http/types@0.2#[method]future-incoming-response.subscribe"
    fn response_subscribe(state, handle: u32) -> u32 {
        let client = state.get(handle, kind::FUTURE).word.get();
        new_pollable(&mut state, flag::SHARED, client, 0)
    }

    "weak:sending-wasi:http/types@0.2#[method]future-incoming-response.get"
    fn response_get(state, handle: u32, out: u32) {
        let out = Out::new(out, 56, 8);
        let entry = state.get(handle, kind::FUTURE);
        let client = entry.word.get();
        client::advance(&state, client);
        let is_settled = client::is_settled(&state, client);
        out.u8(0, is_settled.into());
        if !is_settled {
            return;
        }
        let taken = entry.flags.replace(TAKEN) & TAKEN != 0;
        out.u8(8, taken.into());
        if taken {
            return;
        }
        let code = client::error(&state, client);
        out.u8(16, (code != 0).into());
        if code != 0 {
            return put_code(out.part(24), code, 0);
        }
        let response = insert(&mut state, kind::RESPONSE_IN);
        pool::give(&state, client, 0, response, 0);
        let entry = state.slot(response);
        entry.flags.set(0);
        entry.word.set(client);
        entry.low.set(0);
        entry.high.set(client::word(&state, client, STATUS));
        hold(&state, client);
        out.u32(24, response);
    }

    "weak:sending-wasi:http/types@0.2#[resource-drop]future-incoming-response"
    fn drop_future(state, handle: u32) {
        let client = state.get(handle, kind::FUTURE).word.get();
        state.remove(handle);
        release(&state, client);
    }

    "weak:sending-wasi:http/types@0.2#[method]incoming-response.status"
    fn status(state, handle: u32) -> u32 {
        state.get(handle, kind::RESPONSE_IN).high.get()
    }

    "weak:sending-wasi:http/types@0.2#[method]incoming-response.headers"
    fn response_headers(state, handle: u32) -> u32 {
        headers(&mut state, handle, kind::RESPONSE_IN)
    }

    "weak:sending-wasi:http/types@0.2#[method]incoming-response.consume"
    fn consume(state, handle: u32, out: u32) {
        child(&mut state, handle, kind::RESPONSE_IN, kind::BODY_IN, 0, out);
    }

    "weak:sending-wasi:http/types@0.2#[resource-drop]incoming-response"
    fn drop_response(state, handle: u32) {
        let client = state.get(handle, kind::RESPONSE_IN).word.get();
        http::drop_message(&state, handle, kind::RESPONSE_IN);
        release(&state, client);
    }

    "weak:sending-wasi:http/types@0.2#[method]incoming-body.stream"
    fn body_stream(state, handle: u32, out: u32) {
        if state.get(handle, kind::BODY_IN).word.get() == 0 {
            exchange::incoming_body_stream(handle, out);
        } else {
            child(&mut state, handle, kind::BODY_IN, kind::INPUT, flag::SHARED, out);
        }
    }

    "weak:sending-wasi:http/types@0.2#[static]incoming-body.finish"
    fn incoming_body_finish(state, handle: u32) -> u32 {
        let client = state.get(handle, kind::BODY_IN).word.get();
        let trailers = exchange::incoming_body_finish(handle);
        state.slot(trailers).word.set(client);
        trailers
    }

    "weak:sending-wasi:http/types@0.2#[resource-drop]incoming-body"
    fn drop_incoming_body(state, handle: u32) {
        let client = state.get(handle, kind::BODY_IN).word.get();
        state.remove(handle);
        if client != 0 {
            release(&state, client);
        }
    }

    "weak:sending-wasi:http/types@0.2#[method]future-trailers.subscribe"
    fn trailers_subscribe(state, handle: u32) -> u32 {
        let client = state.get(handle, kind::TRAILERS).word.get();
        if client == 0 {
            exchange::trailers_subscribe(handle)
        } else {
            new_pollable(&mut state, flag::SHARED | OF_TRAILERS, client, 0)
        }
    }

    "weak:sending-wasi:http/types@0.2#[method]future-trailers.get"
    fn trailers_get(state, handle: u32, out: u32) {
        let entry = state.get(handle, kind::TRAILERS);
        let client = entry.word.get();
        if client == 0 {
            return exchange::trailers_get(handle, out);
        }
        let out = Out::new(out, 56, 8);
        client::drain(&state, client);
        let is_over = state.slot(client).small.get() >= client::phase::ENDED;
        out.u8(0, is_over.into());
        if !is_over {
            return;
        }
        let taken = entry.flags.replace(TAKEN) & TAKEN != 0;
        out.u8(8, taken.into());
        if taken {
            return;
        }
        let code = client::error(&state, client);
        out.u8(16, (code != 0).into());
        if code != 0 {
            return put_code(out.part(24), code, 0);
        }
        let has_some = pool::next(&state, 0, client, TRAILER) != 0;
        out.u8(24, has_some.into());
        if has_some {
            let trailers = fields::make(&mut state, 0, 0);
            pool::give(&state, client, TRAILER, trailers, 0);
            out.u32(28, trailers);
        }
    }

    "weak:sending-wasi:http/types@0.2#[resource-drop]future-trailers"
    fn drop_trailers(state, handle: u32) {
        let client = state.get(handle, kind::TRAILERS).word.get();
        state.remove(handle);
        if client != 0 {
            release(&state, client);
        }
    }
}
