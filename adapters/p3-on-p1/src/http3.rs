//! `wasi:http/types`: fields, requests and responses as data, as in 0.2 (`fields.rs`, `http.rs`). Nobody sends them.
//!
//! What a request or response is made with is a record of the pool: the stream of its body, the future of its
//! trailers, a stream that nobody has, with whose end the future of `new` has its result, and the options.

use p1bridge_shim::abi::{load8, load32, load64, store8};
use p1bridge_shim::{Out, here, list, text, trap_if};

use crate::state::{State, http_bytes, insert, kind};
use crate::tasks::{self, host_drop, host_source};
use crate::{fields, http, pool};

/// The kind of that record.
const HELD: u32 = 40;

/// A case of `header-error`, plus one.
const SIZE_EXCEEDED: u32 = 4;
/// That of `request-options-error`.
const OPTIONS_IMMUTABLE: u32 = 2;

/// Bytes of a `result` of nothing or of four bytes, whose error is a variant with `other(option<string>)`.
const RESULT: u32 = 20;

/// The most bytes that a record of the pool takes with a name and a value of so many.
fn room(length: u32, size: u32) -> u32 {
    // Twelve bytes of its own, and those up to a multiple of 4.
    length.saturating_add(size).saturating_add(15)
}

/// Whether the pool has room for records of so many bytes.
#[inline(never)]
fn has_room(state: &State, bytes: u32) -> bool {
    u64::from(pool::end(state)) + u64::from(bytes) <= http_bytes().into()
}

/// A `result<_, header-error>`, where 0.2 has an enum; `bytes` are those that the pool has to have room for.
#[inline(always)]
fn unit(state: &State, out: u32, bytes: u32, function: impl FnOnce(u32)) {
    let place = Out::new(out, RESULT, 4);
    if !has_room(state, bytes) {
        return failed(place, SIZE_EXCEEDED);
    }
    function(out);
    let at = here(out);
    store8(at + 4, load8(at + 1));
}

#[inline(never)]
fn failed(out: Out, error: u32) {
    out.u8(0, 1);
    out.u8(4, error - 1);
}

/// Makes a request or response keep what it is made with, and writes it with the future of its result.
#[inline(never)]
fn hold(state: &State, handle: u32, contents: u32, trailers: u32, options: u32, out: Out) {
    let source = host_source(tasks::kind::FAILED, 0, 0);
    let future = tasks::host_future();
    // Its result is never an error: that of standard output looks the same.
    tasks::source_result(source, future, tasks::kind::OUTPUT);
    let fixed = state.fixed();
    fixed.set_result(0, u64::from(trailers) << 32 | u64::from(contents));
    fixed.set_result(1, u64::from(options) << 32 | u64::from(source));
    pool::add(state, handle, HELD, 0, 0, fixed.result_at(), 16);
    out.u32(0, handle);
    out.u32(4, future);
}

/// Gives up a request or response, and its options: gives the stream of its body, plus one, or 0 without one, and
/// above that the future of its trailers. The future of `new` has its result.
#[inline(never)]
fn take(state: &State, handle: u32, kind: u8) -> u64 {
    state.get(handle, kind);
    let at = pool::value_at(state, pool::next(state, 0, handle, HELD));
    let (held, source, options) = (load64(at), load32(at + 8), load32(at + 12));
    pool::clear(state, handle, HELD);
    http::drop_message(state, handle, kind);
    if options != 0 {
        http::drop_options(options);
    }
    host_drop(source);
    held
}

/// Nobody reads the body any more.
#[inline(never)]
fn abandon(state: &State, handle: u32, kind: u8) {
    let held = take(state, handle, kind);
    let contents = held as u32;
    if contents != 0 {
        host_drop(contents - 1);
    }
    host_drop((held >> 32) as u32);
}

/// `consume-body`. What the reader says of it in the end goes to nobody.
#[inline(never)]
fn consume(state: &State, handle: u32, kind: u8, result: u32, out: u32) {
    let out = Out::new(out, 8, 4);
    let held = take(state, handle, kind);
    host_drop(result);
    out.u32(
        0,
        match held as u32 {
            0 => host_source(tasks::kind::FAILED, 0, 0),
            contents => contents - 1,
        },
    );
    out.u32(4, (held >> 32) as u32);
}

/// A stream that may be there, plus one.
fn some(is_some: u32, stream: u32) -> u32 {
    trap_if(is_some > 1);
    if is_some == 1 { stream + 1 } else { 0 }
}

/// The headers of a message: a copy that nobody changes.
#[inline(never)]
fn headers(state: &mut State, handle: u32, kind: u8) -> u32 {
    state.get(handle, kind);
    let copy = fields::make(state, 0, fields::IMMUTABLE);
    pool::copy(state, handle, copy);
    copy
}

/// New options, with the times of others or none.
#[inline(never)]
fn copied(state: &mut State, options: u32, flags: u8) -> u32 {
    let copy = insert(state, kind::OPTIONS);
    state.slot(copy).flags.set(flags);
    let mut tag = http::CONNECT;
    while tag <= http::OPTION_BETWEEN_BYTES && options != 0 {
        let place = pool::next(state, 0, options, tag);
        if place != 0 {
            pool::add(state, copy, tag, 0, 0, pool::value_at(state, place), 8);
        }
        tag += 1;
    }
    copy
}

/// Writes the `result<_, request-options-error>` of setting a time.
#[inline(always)]
fn set(state: &State, handle: u32, out: u32, function: impl FnOnce()) {
    let out = Out::new(out, RESULT, 4);
    out.u8(0, 0);
    if state.get(handle, kind::OPTIONS).flags.get() & fields::IMMUTABLE != 0 {
        return failed(out, OPTIONS_IMMUTABLE);
    }
    function();
}

/// The bytes of a list of values, each with a name of so many.
#[inline(never)]
fn bytes_of(values: u32, count: u32, name: u32) -> u32 {
    let values = list(values, count, 8, 4);
    let (mut sum, mut index) = (0u32, 0);
    while index < count {
        let size = load32(values + index * 8 + 4);
        sum = sum.saturating_add(room(name, size));
        index += 1;
    }
    sum
}

provides! {
    "wasi:http/types@0.3#[constructor]fields"
    fn new_fields(state) -> u32 {
        fields::new_fields()
    }

    "wasi:http/types@0.3#[static]fields.from-list"
    fn from_list(state, entries: u32, count: u32, out: u32) {
        let place = Out::new(out, RESULT, 4);
        let all = list(entries, count, 16, 4);
        let (mut sum, mut index) = (0u32, 0);
        while index < count {
            let (name, size) = (load32(all + index * 16 + 4), load32(all + index * 16 + 12));
            sum = sum.saturating_add(room(name, size));
            index += 1;
        }
        if !has_room(&state, sum) {
            return failed(place, SIZE_EXCEEDED);
        }
        fields::from_list(entries, count, out);
    }

    "wasi:http/types@0.3#[method]fields.get"
    fn get(state, handle: u32, name: u32, length: u32, out: u32) {
        fields::fields_get(handle, name, length, out);
    }

    "wasi:http/types@0.3#[method]fields.has"
    fn has(state, handle: u32, name: u32, length: u32) -> u32 {
        fields::fields_has(handle, name, length)
    }

    "wasi:http/types@0.3#[method]fields.set"
    fn set_fields(state, handle: u32, name: u32, length: u32, values: u32, count: u32, out: u32) {
        let bytes = bytes_of(values, count, length);
        unit(&state, out, bytes, |out| fields::fields_set(handle, name, length, values, count, out));
    }

    "wasi:http/types@0.3#[method]fields.delete"
    fn delete(state, handle: u32, name: u32, length: u32, out: u32) {
        unit(&state, out, 0, |out| fields::fields_delete(handle, name, length, out));
    }

    "wasi:http/types@0.3#[method]fields.get-and-delete"
    fn get_and_delete(state, handle: u32, name: u32, length: u32, out: u32) {
        let place = Out::new(out, RESULT, 4);
        let mut error = fields::refused(text(name, length), length);
        if error == 0 {
            error = fields::check(&state, handle);
        }
        if error != 0 {
            return failed(place, error);
        }
        fields::fields_get(handle, name, length, out + 4);
        store8(here(out), 0);
        fields::delete(&state, fields::owner(&state, handle), text(name, length), length);
    }

    "wasi:http/types@0.3#[method]fields.append"
    fn append(state, handle: u32, name: u32, length: u32, value: u32, size: u32, out: u32) {
        let bytes = room(length, size);
        unit(&state, out, bytes, |out| fields::fields_append(handle, name, length, value, size, out));
    }

    "wasi:http/types@0.3#[method]fields.copy-all"
    fn copy_all(state, handle: u32, out: u32) {
        fields::fields_entries(handle, out);
    }

    "wasi:http/types@0.3#[method]fields.clone"
    fn clone_fields(state, handle: u32) -> u32 {
        fields::fields_clone(handle)
    }

    "wasi:http/types@0.3#[resource-drop]fields"
    fn drop_fields(state, handle: u32) {
        fields::drop_fields(handle);
    }

    "wasi:http/types@0.3#[static]request.new"
    fn new_request(state, headers: u32, is_some: u32, contents: u32, trailers: u32, has_options: u32, options: u32, out: u32) {
        let out = Out::new(out, 8, 4);
        let contents = some(is_some, contents);
        let options = match some(has_options, options) {
            0 => 0,
            options => options - 1,
        };
        let request = http::new_request(headers);
        hold(&state, request, contents, trailers, options, out);
    }

    "wasi:http/types@0.3#[method]request.get-method"
    fn get_method(state, handle: u32, out: u32) {
        http::request_method(handle, out);
    }

    "wasi:http/types@0.3#[method]request.set-method"
    fn set_method(state, handle: u32, case: u32, at: u32, length: u32) -> u32 {
        http::set_method(handle, case, at, length)
    }

    "wasi:http/types@0.3#[method]request.get-path-with-query"
    fn get_path_with_query(state, handle: u32, out: u32) {
        http::path_with_query(handle, out);
    }

    "wasi:http/types@0.3#[method]request.set-path-with-query"
    fn set_path_with_query(state, handle: u32, is_some: u32, at: u32, length: u32) -> u32 {
        http::set_path_with_query(handle, is_some, at, length)
    }

    "wasi:http/types@0.3#[method]request.get-scheme"
    fn get_scheme(state, handle: u32, out: u32) {
        http::request_scheme(handle, out);
    }

    "wasi:http/types@0.3#[method]request.set-scheme"
    fn set_scheme(state, handle: u32, is_some: u32, case: u32, at: u32, length: u32) -> u32 {
        http::set_scheme(handle, is_some, case, at, length)
    }

    "wasi:http/types@0.3#[method]request.get-authority"
    fn get_authority(state, handle: u32, out: u32) {
        http::authority(handle, out);
    }

    "wasi:http/types@0.3#[method]request.set-authority"
    fn set_authority(state, handle: u32, is_some: u32, at: u32, length: u32) -> u32 {
        http::set_authority(handle, is_some, at, length)
    }

    "wasi:http/types@0.3#[method]request.get-options"
    fn get_options(state, handle: u32, out: u32) {
        let out = Out::new(out, 8, 4);
        state.get(handle, kind::REQUEST);
        let options = load32(pool::value_at(&state, pool::next(&state, 0, handle, HELD)) + 12);
        out.u8(0, (options != 0).into());
        if options != 0 {
            out.u32(4, copied(&mut state, options, fields::IMMUTABLE));
        }
    }

    "wasi:http/types@0.3#[method]request.get-headers"
    fn request_headers(state, handle: u32) -> u32 {
        headers(&mut state, handle, kind::REQUEST)
    }

    "wasi:http/types@0.3#[static]request.consume-body"
    fn consume_request(state, handle: u32, result: u32, out: u32) {
        consume(&state, handle, kind::REQUEST, result, out);
    }

    "wasi:http/types@0.3#[resource-drop]request"
    fn drop_request(state, handle: u32) {
        abandon(&state, handle, kind::REQUEST);
    }

    "wasi:http/types@0.3#[constructor]request-options"
    fn new_options(state) -> u32 {
        copied(&mut state, 0, 0)
    }

    "wasi:http/types@0.3#[method]request-options.get-connect-timeout"
    fn connect_timeout(state, handle: u32, out: u32) {
        http::connect_timeout(handle, out);
    }

    "wasi:http/types@0.3#[method]request-options.set-connect-timeout"
    fn set_connect_timeout(state, handle: u32, is_some: u32, value: u64, out: u32) {
        set(&state, handle, out, || {
            http::set_connect_timeout(handle, is_some, value);
        });
    }

    "wasi:http/types@0.3#[method]request-options.get-first-byte-timeout"
    fn first_byte_timeout(state, handle: u32, out: u32) {
        http::first_byte_timeout(handle, out);
    }

    "wasi:http/types@0.3#[method]request-options.set-first-byte-timeout"
    fn set_first_byte_timeout(state, handle: u32, is_some: u32, value: u64, out: u32) {
        set(&state, handle, out, || {
            http::set_first_byte_timeout(handle, is_some, value);
        });
    }

    "wasi:http/types@0.3#[method]request-options.get-between-bytes-timeout"
    fn between_bytes_timeout(state, handle: u32, out: u32) {
        http::between_bytes_timeout(handle, out);
    }

    "wasi:http/types@0.3#[method]request-options.set-between-bytes-timeout"
    fn set_between_bytes_timeout(state, handle: u32, is_some: u32, value: u64, out: u32) {
        set(&state, handle, out, || {
            http::set_between_bytes_timeout(handle, is_some, value);
        });
    }

    "wasi:http/types@0.3#[method]request-options.clone"
    fn clone_options(state, handle: u32) -> u32 {
        state.get(handle, kind::OPTIONS);
        copied(&mut state, handle, 0)
    }

    "wasi:http/types@0.3#[resource-drop]request-options"
    fn drop_request_options(state, handle: u32) {
        http::drop_options(handle);
    }

    "wasi:http/types@0.3#[static]response.new"
    fn new_response(state, headers: u32, is_some: u32, contents: u32, trailers: u32, out: u32) {
        let out = Out::new(out, 8, 4);
        let contents = some(is_some, contents);
        let response = http::new_response(headers);
        hold(&state, response, contents, trailers, 0, out);
    }

    "wasi:http/types@0.3#[method]response.get-status-code"
    fn get_status_code(state, handle: u32) -> u32 {
        http::status_code(handle)
    }

    "wasi:http/types@0.3#[method]response.set-status-code"
    fn set_status_code(state, handle: u32, status: u32) -> u32 {
        http::set_status_code(handle, status)
    }

    "wasi:http/types@0.3#[method]response.get-headers"
    fn response_headers(state, handle: u32) -> u32 {
        headers(&mut state, handle, kind::RESPONSE)
    }

    "wasi:http/types@0.3#[static]response.consume-body"
    fn consume_response(state, handle: u32, result: u32, out: u32) {
        consume(&state, handle, kind::RESPONSE, result, out);
    }

    "wasi:http/types@0.3#[resource-drop]response"
    fn drop_response(state, handle: u32) {
        abandon(&state, handle, kind::RESPONSE);
    }
}
