//! `wasi:http/outgoing-handler`: a request and its response over HTTP/1.1 (RFC 9112), on a connection of their own.
//!
//! A slot of kind `CLIENT` is one exchange. It has the fd, and counts who uses it: the handles of the request, of its
//! body, of the future and of the response, their streams and pollables. What else is known is a record of the pool
//! that belongs to the slot. The slot also owns the records of the request until that is written, and those of the
//! response until somebody takes it.
//!
//! Nothing waits but what has to: a connection, a response and the bytes of one make progress whenever somebody asks
//! about them ([`advance`]), and a poll asks before it waits ([`prepare`]). Only what is written waits for the peer.

use p1bridge_shim::abi::{copy, load8, load32, load64, store16, store32, store64};

use crate::address::{forget, link, port_at, recall};
use crate::answer::{
    self, put, put_all, put_byte, put_bytes, put_decimal, put_end, put_field, put_size,
};
use crate::asked::BUFFERED;
use crate::cgi::fits;
use crate::chunked;
use crate::fields::{is_forbidden, is_token, is_value};
use crate::http::{AUTHORITY, METHOD, PATH};
use crate::letters::{exactly, name};
use crate::lookup::find;
use crate::poll::{OF_RESPONSE, OF_TRAILERS, READ, WRITE, wait_for, wait_until};
use crate::socket::{RESOLVER_AGAIN, WOULD_BLOCK};
use crate::state::{SCRATCH, State, http_bytes, kind};
use crate::tcp::connected;
use crate::time::now;
use crate::{p1, pool, sock, users};

/// How far an exchange is: `small` of its slot. The numbers are none of a P1 file type.
pub mod phase {
    pub const UNSENT: u8 = 24;
    pub const CONNECTING: u8 = 25;
    pub const WAITING: u8 = 26;
    pub const ANSWERED: u8 = 27;
    /// Behind the last chunk of the response.
    pub const TRAILING: u8 = 28;
    pub const ENDED: u8 = 29;
    pub const FAILED: u8 = 30;
}

/// Kinds of records: what is known; the beginning of a line; bytes of a body that came with a head; trailers of the
/// response, and of the request.
const KNOWN: u32 = 12;
const LINE: u32 = 13;
const EARLY: u32 = 11;
pub const TRAILER: u32 = 14;
pub const LATE: u32 = 15;

/// What is known, by where it is in the record: when to give up (8 bytes), bytes of the response that are left if it has
/// a length (8), bytes of the request that are left if that has one (8) and that were written (8), the times for
/// a first byte and between bytes (8 each), what `chunked` knows, the status, bits, bytes for lines of the head that
/// are left, how many of the early bytes are taken, the error plus one, and the port.
const UNTIL: u32 = 0;
const LEFT: u32 = 8;
const OWED: u32 = 16;
const WRITTEN: u32 = 24;
pub const FIRST_BYTE: u32 = 32;
pub const BETWEEN_BYTES: u32 = 40;
const CHUNKS: u32 = 48;
pub const STATUS: u32 = 64;
const BITS: u32 = 68;
const ROOM: u32 = 72;
const TAKEN: u32 = 76;
const CODE: u32 = 80;
const PORT: u32 = 84;
const SIZE: u32 = 88;
const _: () = assert!(CHUNKS + chunked::SIZE == STATUS);

/// Bits: the body of the request was asked for; is complete; goes nowhere any more; is sent in chunks; the response is of
/// HTTP/1.0, is only informational, has a length, comes in chunks.
pub const BODY: u32 = 1;
const COMPLETE: u32 = 1 << 1;
const SHUT: u32 = 1 << 2;
const CHUNKED: u32 = 1 << 3;
const OLD: u32 = 1 << 4;
const INFORMAL: u32 = 1 << 5;
const HAS_LENGTH: u32 = 1 << 6;
const IN_CHUNKS: u32 = 1 << 7;

/// No fd, and no length.
pub const NONE: u32 = u32::MAX;
pub const NO_LENGTH: u64 = u64::MAX;
/// A length that is none.
pub const BAD_LENGTH: u64 = u64::MAX - 1;
/// Unless the program says otherwise.
pub const USUAL_TIME: u64 = 600_000_000_000;
/// Bytes of a read of a head.
const PART: u32 = 512;
/// Reads of a body that nobody wants, at once.
const DRAINED: u32 = 16;

/// Cases of `error-code`, plus one.
pub mod code {
    pub const DNS_TIMEOUT: u32 = 1;
    pub const DNS: u32 = 2;
    pub const UNAVAILABLE: u32 = 4;
    pub const PROHIBITED: u32 = 5;
    pub const UNROUTABLE: u32 = 6;
    pub const REFUSED: u32 = 7;
    pub const TERMINATED: u32 = 8;
    pub const CONNECTION_TIMEOUT: u32 = 9;
    pub const READ_TIMEOUT: u32 = 10;
    pub const LIMIT: u32 = 12;
    pub const TLS: u32 = 13;
    pub const BODY_SIZE: u32 = 18;
    pub const METHOD: u32 = 19;
    pub const URI: u32 = 20;
    pub const REQUEST_TOO_LARGE: u32 = 22;
    pub const INCOMPLETE: u32 = 26;
    pub const TOO_LARGE: u32 = 27;
    pub const TRAILERS_TOO_LARGE: u32 = 30;
    pub const TRANSFER_CODING: u32 = 32;
    pub const PROTOCOL: u32 = 36;
    pub const INTERNAL: u32 = 39;
}

/// Where what is known is.
#[inline(never)]
fn known(state: &State, client: u32) -> u32 {
    pool::value_at(state, pool::next(state, 0, client, KNOWN))
}

#[inline(never)]
pub fn word(state: &State, client: u32, of: u32) -> u32 {
    load32(known(state, client) + of)
}

#[inline(never)]
pub fn set_word(state: &State, client: u32, of: u32, value: u32) {
    store32(known(state, client) + of, value);
}

#[inline(never)]
fn wide(state: &State, client: u32, of: u32) -> u64 {
    load64(known(state, client) + of)
}

#[inline(never)]
pub fn set_wide(state: &State, client: u32, of: u32, value: u64) {
    store64(known(state, client) + of, value);
}

fn has(state: &State, client: u32, bits: u32) -> bool {
    word(state, client, BITS) & bits != 0
}

#[inline(never)]
pub fn mark(state: &State, client: u32, bits: u32) {
    set_word(state, client, BITS, word(state, client, BITS) | bits);
}

fn phase_of(state: &State, client: u32) -> u8 {
    state.slot(client).small.get()
}

/// A new exchange that nobody uses yet, or 0 if there is no room.
#[inline(never)]
pub fn create(state: &mut State) -> u32 {
    if !fits(state, http_bytes(), SIZE.into()) {
        return 0;
    }
    let client = state.insert(kind::CLIENT);
    if client == 0 {
        return 0;
    }
    let entry = state.slot(client);
    entry.small.set(phase::UNSENT);
    entry.flags.set(0);
    entry.word.set(NONE);
    entry.set_wide(0);
    let at = pool::at(state, pool::open(state));
    let mut index = 0;
    while index < SIZE {
        store64(at + index, 0);
        index += 8;
    }
    pool::seal(state, client, KNOWN, SIZE);
    set_wide(state, client, OWED, NO_LENGTH);
    // What a program does with fields makes copies of them.
    set_word(state, client, ROOM, http_bytes() / 4);
    client
}

/// One more user.
#[inline(never)]
pub fn hold(state: &State, client: u32) {
    users::take(state, client);
}

/// One less; nothing is left after the last one.
#[inline(never)]
pub fn release(state: &State, client: u32) {
    let entry = state.slot(client);
    let users = entry.low.get() - 1;
    entry.low.set(users);
    if users == 0 {
        hang_up(state, client);
        forget(state, entry.high.get());
        clear(state, client, LATE);
        pool::clear(state, client, KNOWN);
        state.remove(client);
    }
}

/// Removes the records of an exchange, but for what is known.
#[inline(never)]
fn clear(state: &State, client: u32, last: u32) {
    let mut tag = 0;
    while tag <= last {
        if tag != KNOWN {
            pool::clear(state, client, tag);
        }
        tag += 1;
    }
}

/// Closes the connection.
#[inline(never)]
fn hang_up(state: &State, client: u32) {
    let fd = state.slot(client).word.replace(NONE);
    if fd != NONE {
        p1::fd_close(fd);
    }
}

/// Ends an exchange with an error.
#[inline(never)]
pub fn fail(state: &State, client: u32, code: u32) {
    hang_up(state, client);
    clear(state, client, LATE);
    set_word(state, client, CODE, code);
    state.slot(client).small.set(phase::FAILED);
}

/// The response is complete.
#[inline(never)]
fn end(state: &State, client: u32) {
    state.slot(client).small.set(phase::ENDED);
    if has(state, client, COMPLETE | SHUT) {
        hang_up(state, client);
    }
}

/// Whether the time is over.
#[inline(never)]
fn is_late(state: &State, client: u32) -> bool {
    now(state, p1::MONOTONIC) >= wide(state, client, UNTIL)
}

/// Begins one of the times.
#[inline(never)]
fn start_time(state: &State, client: u32, of: u32) {
    let time = wide(state, client, of);
    let until = now(state, p1::MONOTONIC).saturating_add(time);
    set_wide(state, client, UNTIL, until);
}

/// The error for an error number of a connection.
#[inline(never)]
fn reason(errno: u32) -> u32 {
    match errno {
        p1::CONNREFUSED => code::REFUSED,
        p1::CONNRESET | p1::CONNABORTED | p1::PIPE => code::TERMINATED,
        p1::TIMEDOUT => code::CONNECTION_TIMEOUT,
        p1::HOSTUNREACH | p1::NETUNREACH => code::UNROUTABLE,
        p1::ACCES | p1::PERM | p1::NOTCAPABLE => code::PROHIBITED,
        p1::MFILE | p1::NFILE | p1::NOBUFS | p1::NOMEM => code::LIMIT,
        _ => code::UNAVAILABLE,
    }
}

/// The error number that a stream has for an error.
#[inline(never)]
fn number_of(code: u32) -> u32 {
    match code {
        code::READ_TIMEOUT => p1::TIMEDOUT,
        code::INCOMPLETE => p1::IO,
        code::TRAILERS_TOO_LARGE => p1::MSGSIZE,
        code::TERMINATED => p1::CONNRESET,
        _ => p1::PROTO,
    }
}

/// And back.
#[inline(never)]
pub fn error_of(errno: u32) -> u32 {
    match errno {
        p1::TIMEDOUT => code::READ_TIMEOUT,
        p1::IO => code::INCOMPLETE,
        p1::MSGSIZE => code::TRAILERS_TOO_LARGE,
        p1::PROTO => code::PROTOCOL,
        p1::FBIG => code::BODY_SIZE,
        p1::CONNRESET | p1::PIPE => code::TERMINATED,
        _ => code::INTERNAL,
    }
}

/// The number that all of these digits are.
#[inline(never)]
fn number(at: u32, length: u32) -> u64 {
    let mut number = 0;
    let mut index = 0;
    while index < length {
        let digit = load8(at + index).wrapping_sub(0x30);
        if digit > 9 || number > (BAD_LENGTH - 10) / 10 {
            return BAD_LENGTH;
        }
        number = number * 10 + u64::from(digit);
        index += 1;
    }
    if length == 0 { BAD_LENGTH } else { number }
}

/// What the fields of an owner say about the length of its body.
#[inline(never)]
pub fn length_of(state: &State, owner: u32) -> u64 {
    let mut found = NO_LENGTH;
    let mut place = pool::next(state, 0, owner, 0);
    while place != 0 {
        let length = pool::name_length(state, place);
        if name!(pool::name_at(state, place), length, b"content-length") {
            let value = pool::value_at(state, place);
            let length = number(value, pool::value_length(state, place));
            if length == BAD_LENGTH || found != NO_LENGTH {
                return BAD_LENGTH;
            }
            found = length;
        }
        place = pool::next(state, place, owner, 0);
    }
    found
}

/// Says how long the body of the request is going to be.
pub fn owe(state: &State, client: u32, length: u64) {
    set_wide(state, client, OWED, length);
}

/// Whether a byte can be one of the name of a host, or of an address.
fn is_of_host(byte: u32, in_brackets: bool) -> bool {
    let letter = byte | 0x20;
    byte.wrapping_sub(0x30) < 10
        || letter.wrapping_sub(0x61) < 26
        || byte == u32::from(b'.')
        || in_brackets && byte == u32::from(b':')
        || !in_brackets && (byte == u32::from(b'-') || byte == u32::from(b'_'))
}

/// Takes an authority apart: the port, and from bit 16 on the bytes of the host, which begins behind a bracket if there
/// is one. 0 if it is none.
#[inline(never)]
pub fn authority(at: u32, length: u32) -> u32 {
    let in_brackets = length != 0 && load8(at) == u32::from(b'[');
    let start = u32::from(in_brackets);
    let mut index = start;
    while index < length && is_of_host(load8(at + index), in_brackets) {
        index += 1;
    }
    let host = index - start;
    if in_brackets {
        if index == length || load8(at + index) != u32::from(b']') {
            return 0;
        }
        index += 1;
    }
    let mut port = 80;
    if index < length {
        if load8(at + index) != u32::from(b':') {
            return 0;
        }
        index += 1;
        if index < length {
            let given = number(at + index, length - index);
            if given > 0xffff {
                return 0;
            }
            port = given as u32;
        }
    }
    if port == 0 || host == 0 || host > 253 {
        return 0;
    }
    host << 16 | port
}

/// What is wrong with a request, or 0.
#[inline(never)]
pub fn refusal(state: &State, request: u32) -> u32 {
    let entry = state.slot(request);
    match entry.flags.get() & 3 {
        0 | 1 => {}
        2 => return code::TLS,
        _ => return code::PROTOCOL,
    }
    // What follows would not be HTTP.
    if entry.small.get() == 5 {
        return code::METHOD;
    }
    let place = pool::next(state, 0, request, AUTHORITY);
    if place == 0
        || authority(
            pool::value_at(state, place),
            pool::value_length(state, place),
        ) == 0
    {
        return code::URI;
    }
    let place = pool::next(state, 0, request, PATH);
    if place != 0 {
        let at = pool::value_at(state, place);
        let length = pool::value_length(state, place);
        let first = if length == 0 { 0 } else { load8(at) };
        let of_all = entry.small.get() == 6 && exactly!(at, length, b"*");
        if first != u32::from(b'/') && first != u32::from(b'?') && length != 0 && !of_all {
            return code::URI;
        }
        let mut index = 0;
        while index < length {
            if load8(at + index) == u32::from(b'#') {
                return code::URI;
            }
            index += 1;
        }
    }
    0
}

/// Gives the records of a request to an exchange.
#[inline(never)]
pub fn take(state: &State, client: u32, request: u32) {
    let mut tag = 0;
    while tag <= AUTHORITY {
        pool::give(state, request, tag, client, tag);
        tag += 1;
    }
    let method = state.slot(request).small.get();
    state.slot(client).flags.set(method);
}

/// Looks up where the request goes, and begins to connect.
#[inline(never)]
pub fn open(state: &mut State, client: u32, time: u64) {
    let place = pool::next(state, 0, client, AUTHORITY);
    let mut name = pool::value_at(state, place);
    let parts = authority(name, pool::value_length(state, place));
    if load8(name) == u32::from(b'[') {
        name += 1;
    }
    set_word(state, client, PORT, parts & 0xffff);
    let lookup = state.insert(kind::LOOKUP);
    if lookup == 0 {
        return fail(state, client, code::LIMIT);
    }
    state.slot(lookup).word.set(0);
    let errno = find(state, lookup, name, parts >> 16);
    // Where there is no room for all addresses, some are enough.
    let first = state.slot(lookup).word.get();
    state.remove(lookup);
    state.slot(client).high.set(first);
    if first == 0 {
        let code = match errno {
            RESOLVER_AGAIN => code::DNS_TIMEOUT,
            p1::NOMEM => code::LIMIT,
            p1::INVAL => code::URI,
            _ => code::DNS,
        };
        return fail(state, client, code);
    }
    let until = now(state, p1::MONOTONIC).saturating_add(time);
    set_wide(state, client, UNTIL, until);
    connect(state, client);
}

/// Begins to connect to the next address.
#[inline(never)]
fn connect(state: &State, client: u32) {
    let entry = state.slot(client);
    loop {
        let record = entry.high.get();
        if record == 0 {
            return fail(state, client, word(state, client, CODE));
        }
        let port = word(state, client, PORT);
        let at = state.fixed().address_at();
        recall(state, record, at);
        store16(port_at(at), port);
        entry.high.set(link(state, record).replace(0));
        forget(state, record);
        let errno = dial(state, client);
        if errno == 0 {
            return entry.small.set(phase::CONNECTING);
        }
        hang_up(state, client);
        set_word(state, client, CODE, reason(errno));
    }
}

/// Begins to connect to the address in the buffer; gives an error number.
#[inline(never)]
fn dial(state: &State, client: u32) -> u32 {
    let fixed = state.fixed();
    let at = fixed.address_at();
    let errno = sock::sock_open(sock::ANY_POOL, load32(at), sock::STREAM, fixed.result_at());
    if errno != 0 {
        return errno;
    }
    let fd = fixed.result(0) as u32;
    state.slot(client).word.set(fd);
    let errno = p1::fd_fdstat_set_flags(fd, p1::NONBLOCK);
    if errno != 0 {
        return errno;
    }
    match sock::sock_connect(fd, at) {
        p1::INPROGRESS => 0,
        errno => errno,
    }
}

/// Goes as far as it can without waiting.
#[inline(never)]
pub fn advance(state: &State, client: u32) {
    let entry = state.slot(client);
    if entry.small.get() == phase::CONNECTING {
        match connected(state, entry.word.get()) {
            0 => send(state, client),
            WOULD_BLOCK if is_late(state, client) => fail(state, client, code::CONNECTION_TIMEOUT),
            WOULD_BLOCK => {}
            errno => {
                hang_up(state, client);
                set_word(state, client, CODE, reason(errno));
                connect(state, client);
            }
        }
    }
    while entry.small.get() == phase::WAITING {
        let errno = more_lines(state, client);
        if errno != 0 {
            return;
        }
    }
}

#[inline(never)]
fn put_method(state: &State, client: u32) {
    match state.slot(client).flags.get() {
        0 => put!(state, b"GET"),
        1 => put!(state, b"HEAD"),
        2 => put!(state, b"POST"),
        3 => put!(state, b"PUT"),
        4 => put!(state, b"DELETE"),
        6 => put!(state, b"OPTIONS"),
        7 => put!(state, b"TRACE"),
        8 => put!(state, b"PATCH"),
        _ => put_record(state, client, METHOD),
    }
}

#[inline(never)]
fn put_record(state: &State, client: u32, tag: u32) {
    let place = pool::next(state, 0, client, tag);
    if place != 0 {
        let at = pool::value_at(state, place);
        put_bytes(state, at, pool::value_length(state, place));
    }
}

/// Writes fields; trailers without what is about a length.
#[inline(never)]
fn put_fields(state: &State, client: u32, tag: u32) {
    let mut place = pool::next(state, 0, client, tag);
    while place != 0 {
        let at = pool::name_at(state, place);
        let length = pool::name_length(state, place);
        if tag != LATE || !name!(at, length, b"content-length") {
            put_field(state, place, at, length);
        }
        place = pool::next(state, place, client, tag);
    }
}

/// Writes bytes of the body.
#[inline(never)]
fn put_body(state: &State, client: u32, at: u32, length: u32) {
    let is_chunked = has(state, client, CHUNKED);
    if is_chunked {
        put_size(state, length);
    }
    put_all(state, at, length);
    if is_chunked {
        put_end(state);
    }
}

/// Writes the end of a body in chunks.
#[inline(never)]
fn put_last(state: &State, client: u32) {
    put!(state, b"0\r\n");
    put_fields(state, client, LATE);
    put_end(state);
}

/// How the body of the request is sent: decides, and writes the field for it.
#[inline(never)]
fn put_framing(state: &State, client: u32) {
    let method = state.slot(client).flags.get();
    let written = wide(state, client, WRITTEN) as u32;
    // POST, PUT and PATCH: no body is one of 0 bytes.
    let wants_body = method == 2 || method == 3 || method == 8;
    let is_open = has(state, client, BODY) && !has(state, client, COMPLETE);
    let has_late = pool::next(state, 0, client, LATE) != 0;
    if wide(state, client, OWED) != NO_LENGTH {
        // The program has said it.
    } else if is_open && (written != 0 || method > 1) || has_late {
        mark(state, client, CHUNKED);
        put!(state, b"Transfer-Encoding: ");
        put!(state, b"chunked\r\n");
    } else {
        mark(state, client, SHUT);
        if written != 0 || wants_body {
            put!(state, b"Content-Length: ");
            put_decimal(state, written);
            put_end(state);
        }
    }
}

/// Writes the head of the request, and what there is of its body.
#[inline(never)]
fn send(state: &State, client: u32) {
    answer::start(state, state.slot(client).word.get());
    put_method(state, client);
    put_byte(state, u32::from(b' '));
    let path = pool::next(state, 0, client, PATH);
    let is_empty = path == 0 || pool::value_length(state, path) == 0;
    if is_empty || load8(pool::value_at(state, path)) == u32::from(b'?') {
        put_byte(state, u32::from(b'/'));
    }
    put_record(state, client, PATH);
    put!(state, b" HTTP/1.1\r\nHost: ");
    put_record(state, client, AUTHORITY);
    put!(state, b"\r\nConnection: close\r\n");
    put_fields(state, client, 0);
    put_framing(state, client);
    put_end(state);
    let mut place = pool::next(state, 0, client, BUFFERED);
    while place != 0 {
        let at = pool::value_at(state, place);
        put_body(state, client, at, pool::value_length(state, place));
        place = pool::next(state, place, client, BUFFERED);
    }
    if word(state, client, BITS) & (CHUNKED | COMPLETE) == CHUNKED | COMPLETE {
        put_last(state, client);
    }
    // The server may have answered before it stopped to listen.
    if !answer::flush() {
        mark(state, client, SHUT);
    }
    clear(state, client, LATE);
    state.slot(client).small.set(phase::WAITING);
    start_time(state, client, FIRST_BYTE);
}

/// Writes to the body of the request, and waits for that; gives an error number.
#[inline(never)]
pub fn write(state: &State, client: u32, at: u32, length: u32) -> u32 {
    let entry = state.slot(client);
    if length == 0 {
        return 0;
    }
    while entry.small.get() == phase::CONNECTING {
        let until = wide(state, client, UNTIL);
        wait_until(state, entry.word.get(), WRITE, until);
        advance(state, client);
    }
    let phase = entry.small.get();
    if phase == phase::FAILED || has(state, client, COMPLETE) {
        return p1::PIPE;
    }
    let owed = wide(state, client, OWED);
    if owed != NO_LENGTH {
        if owed < length.into() {
            return p1::FBIG;
        }
        owe(state, client, owed - u64::from(length));
    }
    if phase == phase::UNSENT {
        if !fits(state, http_bytes(), length.into()) {
            return p1::NOMEM;
        }
        pool::add(state, client, BUFFERED, 0, 0, at, length);
    } else {
        if has(state, client, SHUT) {
            return p1::PIPE;
        }
        answer::start(state, entry.word.get());
        put_body(state, client, at, length);
        if !answer::flush() {
            mark(state, client, SHUT);
            return p1::PIPE;
        }
        if phase == phase::WAITING {
            start_time(state, client, FIRST_BYTE);
        }
    }
    let written = wide(state, client, WRITTEN) + u64::from(length);
    set_wide(state, client, WRITTEN, written);
    0
}

/// The body of the request is complete, with its trailers as records. Gives what it lacks: how many bytes there are of
/// it and one more, or 0.
#[inline(never)]
pub fn finish(state: &State, client: u32) -> u64 {
    let entry = state.slot(client);
    mark(state, client, COMPLETE);
    let owed = wide(state, client, OWED);
    if owed != NO_LENGTH && owed != 0 {
        let written = wide(state, client, WRITTEN);
        abandon(state, client);
        return written + 1;
    }
    let phase = entry.small.get();
    if phase > phase::CONNECTING {
        if phase != phase::FAILED && word(state, client, BITS) & (CHUNKED | SHUT) == CHUNKED {
            answer::start(state, entry.word.get());
            put_last(state, client);
            answer::flush();
        }
        pool::clear(state, client, LATE);
    }
    if phase == phase::ENDED {
        hang_up(state, client);
    }
    0
}

/// The body of the request is never going to be complete.
#[inline(never)]
pub fn abandon(state: &State, client: u32) {
    mark(state, client, SHUT);
    let phase = phase_of(state, client);
    if phase <= phase::WAITING {
        fail(state, client, code::PROTOCOL);
    }
    if phase == phase::ENDED {
        hang_up(state, client);
    }
}

/// Takes lines of a head or of trailers that there are; gives an error number.
#[inline(never)]
fn more_lines(state: &State, client: u32) -> u32 {
    let fixed = state.fixed();
    let at = fixed.scratch_at();
    let fd = state.slot(client).word.get();
    let errno = p1::fd_read(fd, fixed.vector(at, PART), 1, fixed.count_at());
    let count = fixed.count.get();
    if errno == p1::INTR {
        return 0;
    }
    if errno == p1::AGAIN {
        return again(state, client);
    }
    if errno != 0 {
        return broken(state, client, reason(errno));
    }
    if count == 0 {
        return broken(state, client, code::INCOMPLETE);
    }
    take_in(state, client, at, count);
    0
}

/// There is nothing now: gives the error number for that, which is another one when the time is over.
#[inline(never)]
fn again(state: &State, client: u32) -> u32 {
    if is_late(state, client) {
        broken(state, client, code::READ_TIMEOUT)
    } else {
        p1::AGAIN
    }
}

/// Ends an exchange with an error, and gives the number of that for a stream.
#[inline(never)]
fn broken(state: &State, client: u32, code: u32) -> u32 {
    fail(state, client, code);
    number_of(code)
}

/// Takes bytes of lines. They lie at the end of the pool for that, behind what there already is of a line; the records
/// grow towards them.
#[inline(never)]
fn take_in(state: &State, client: u32, from: u32, size: u32) {
    let phase = phase_of(state, client);
    let mut done = 0;
    while done < size && phase_of(state, client) == phase {
        let part = PART.min(size - done);
        let place = pool::next(state, 0, client, LINE);
        let mut kept = 0;
        if place != 0 {
            kept = pool::value_length(state, place);
        }
        if !fits(state, http_bytes(), u64::from(kept + part)) {
            return fail(state, client, too_large(phase));
        }
        let at = pool::at(state, http_bytes() - kept - part);
        if place != 0 {
            copy(at, pool::value_at(state, place), kept);
            pool::remove(state, place);
        }
        copy(at + kept, from + done, part);
        take_lines(state, client, at, at + kept + part);
        done += part;
    }
}

fn too_large(phase: u8) -> u32 {
    if phase == phase::WAITING {
        code::TOO_LARGE
    } else {
        code::TRAILERS_TOO_LARGE
    }
}

/// Takes the lines up to `end`. What is left is kept: of a line, or of the body.
#[inline(never)]
fn take_lines(state: &State, client: u32, mut line: u32, end: u32) {
    let phase = phase_of(state, client);
    let mut at = line;
    while at < end && phase_of(state, client) == phase {
        if load8(at) == 10 {
            let code = take_line(state, client, line, at);
            if code != 0 {
                return fail(state, client, code);
            }
            line = at + 1;
        }
        at += 1;
    }
    let tag = match phase_of(state, client) {
        phase::ANSWERED => EARLY,
        next if next == phase => LINE,
        _ => return,
    };
    if line != end {
        if !fits(state, line - pool::at(state, 0), 0) {
            return fail(state, client, too_large(phase));
        }
        pool::add(state, client, tag, 0, 0, line, end - line);
    }
}

/// Takes a line, of which `feed` is the end; gives an error, or 0.
#[inline(never)]
fn take_line(state: &State, client: u32, line: u32, feed: u32) -> u32 {
    let phase = phase_of(state, client);
    let mut end = feed;
    if end > line && load8(end - 1) == 13 {
        end -= 1;
    }
    let length = end - line;
    let room = word(state, client, ROOM);
    if length + 15 > room {
        return too_large(phase);
    }
    set_word(state, client, ROOM, room - length - 15);
    if phase == phase::TRAILING {
        if length == 0 {
            self::end(state, client);
            return 0;
        }
    } else if word(state, client, STATUS) == 0 {
        return status_line(state, client, line, length);
    } else if length == 0 {
        return end_of_head(state, client);
    }
    let limit = line - pool::at(state, 0);
    field(state, client, line, end, limit, phase)
}

#[inline(never)]
fn status_line(state: &State, client: u32, line: u32, length: u32) -> u32 {
    let version = if length < 12 { 0 } else { load8(line + 7) };
    let is_old = version == u32::from(b'0');
    let is_known = is_old || version == u32::from(b'1');
    let status = if is_known {
        number(line + 9, 3) as u32
    } else {
        0
    };
    if !(100..1000).contains(&status)
        || !exactly!(line, 7, b"HTTP/1.")
        || load8(line + 8) != 0x20
        || length > 12 && load8(line + 12) != 0x20
        || !is_value(line, length)
        // Nobody asked for another protocol.
        || status == 101
    {
        return code::PROTOCOL;
    }
    set_word(state, client, STATUS, status);
    let mut bits = word(state, client, BITS) & !(OLD | INFORMAL);
    if is_old {
        bits |= OLD;
    }
    if status < 200 {
        bits |= INFORMAL;
    }
    set_word(state, client, BITS, bits);
    0
}

/// What a response is after its head.
#[inline(never)]
fn end_of_head(state: &State, client: u32) -> u32 {
    let bits = word(state, client, BITS);
    if bits & INFORMAL != 0 {
        set_word(state, client, STATUS, 0);
        return 0;
    }
    let framed = bits & (HAS_LENGTH | IN_CHUNKS);
    if framed == HAS_LENGTH | IN_CHUNKS || bits & (OLD | IN_CHUNKS) == OLD | IN_CHUNKS {
        return code::PROTOCOL;
    }
    let status = word(state, client, STATUS);
    let is_of_head = state.slot(client).flags.get() == 1;
    let is_empty = framed == HAS_LENGTH && wide(state, client, LEFT) == 0;
    state.slot(client).small.set(phase::ANSWERED);
    start_time(state, client, BETWEEN_BYTES);
    if is_of_head || is_empty || status == 204 || status == 304 {
        end(state, client);
    }
    0
}

/// Takes a field; gives an error, or 0.
#[inline(never)]
fn field(state: &State, client: u32, line: u32, end: u32, limit: u32, phase: u8) -> u32 {
    let mut end = end;
    let mut colon = line;
    while colon < end && load8(colon) != u32::from(b':') {
        colon += 1;
    }
    let length = colon - line;
    if colon == end || !is_token(line, length) {
        return code::PROTOCOL;
    }
    let mut value = colon + 1;
    while value < end && (load8(value) == 0x20 || load8(value) == 9) {
        value += 1;
    }
    while end > value && (load8(end - 1) == 0x20 || load8(end - 1) == 9) {
        end -= 1;
    }
    let size = end - value;
    if !is_value(value, size) {
        return code::PROTOCOL;
    }
    if has(state, client, INFORMAL) {
        return 0;
    }
    let is_length = name!(line, length, b"content-length");
    let mut tag = TRAILER;
    if phase == phase::WAITING {
        tag = 0;
        if name!(line, length, b"transfer-encoding") {
            if !name!(value, size, b"chunked") {
                return code::TRANSFER_CODING;
            }
            if has(state, client, IN_CHUNKS) {
                return code::PROTOCOL;
            }
            mark(state, client, IN_CHUNKS);
        }
        if is_length {
            let left = number(value, size);
            if left == BAD_LENGTH || has(state, client, HAS_LENGTH) {
                return code::PROTOCOL;
            }
            mark(state, client, HAS_LENGTH);
            set_wide(state, client, LEFT, left);
        }
    } else if is_length {
        return 0;
    }
    if is_forbidden(line, length) {
        return 0;
    }
    if !fits(state, limit, u64::from(length) + u64::from(size)) {
        return too_large(phase);
    }
    pool::add(state, client, tag, line, length, value, size);
    0
}

/// Reads of the response's body what there is, up to `length` bytes; gives an error number, and 0 with a count of 0 at
/// the end.
#[inline(never)]
pub fn read(state: &State, client: u32, at: u32, length: u32) -> u32 {
    let fixed = state.fixed();
    let entry = state.slot(client);
    loop {
        match entry.small.get() {
            phase::ANSWERED => {}
            phase::TRAILING => {
                let errno = more_lines(state, client);
                if errno != 0 {
                    return errno;
                }
                continue;
            }
            phase::FAILED => return number_of(word(state, client, CODE)),
            _ => {
                fixed.count.set(0);
                return 0;
            }
        }
        let has_length = has(state, client, HAS_LENGTH);
        let in_chunks = has(state, client, IN_CHUNKS);
        let mut size = length;
        if has_length {
            size = wide(state, client, LEFT).min(size.into()) as u32;
        }
        let place = pool::next(state, 0, client, EARLY);
        if in_chunks && chunked::next(known(state, client) + CHUNKS) == chunked::BAD {
            return broken(state, client, code::PROTOCOL);
        }
        if place != 0 {
            let taken = word(state, client, TAKEN);
            let early = pool::value_length(state, place) - taken;
            size = size.min(early);
            copy(at, pool::value_at(state, place) + taken, size);
            set_word(state, client, TAKEN, taken + size);
            if size == early {
                pool::remove(state, place);
            }
        } else {
            let errno = p1::fd_read(
                entry.word.get(),
                fixed.vector(at, size),
                1,
                fixed.count_at(),
            );
            size = fixed.count.get();
            match errno {
                0 => {}
                p1::INTR => continue,
                p1::AGAIN => return again(state, client),
                _ => return broken(state, client, reason(errno)),
            }
            if size == 0 {
                if has_length || in_chunks {
                    return broken(state, client, code::INCOMPLETE);
                }
                end(state, client);
                continue;
            }
            start_time(state, client, BETWEEN_BYTES);
        }
        if has_length {
            let left = wide(state, client, LEFT) - u64::from(size);
            set_wide(state, client, LEFT, left);
            if left == 0 {
                end(state, client);
            }
        }
        if in_chunks {
            let place = known(state, client) + CHUNKS;
            let done = chunked::decode(place, at, size);
            let used = (done >> 32) as u32;
            match chunked::next(place) {
                chunked::TRAILERS => {
                    entry.small.set(phase::TRAILING);
                    take_in(state, client, at + used, size - used);
                }
                chunked::BAD if done as u32 == 0 => {
                    return broken(state, client, code::PROTOCOL);
                }
                // What was good of it comes first.
                _ => {}
            }
            size = done as u32;
            if size == 0 {
                continue;
            }
        }
        fixed.count.set(size);
        return 0;
    }
}

/// Passes over what there is of a body that nobody wants to read, up to its trailers.
#[inline(never)]
pub fn drain(state: &State, client: u32) {
    let at = state.fixed().scratch_at();
    let mut index = 0;
    while index < DRAINED && phase_of(state, client) < phase::ENDED {
        if read(state, client, at, SCRATCH) != 0 {
            return;
        }
        index += 1;
    }
}

/// Waits until there may be more of the body.
#[inline(never)]
pub fn wait(state: &State, client: u32) {
    let fd = state.slot(client).word.get();
    if fd != NONE {
        wait_until(state, fd, READ, wide(state, client, UNTIL));
    }
}

/// Makes progress before a poll for what a pollable is for, which `mode` says; gives when the poll has to end.
#[inline(never)]
pub fn prepare(state: &State, client: u32, mode: u8) -> u64 {
    let entry = state.slot(client);
    if entry.kind.get() != kind::CLIENT {
        return u64::MAX;
    }
    if mode == OF_TRAILERS {
        drain(state, client);
    } else if mode != READ {
        advance(state, client);
    }
    match entry.small.get() {
        phase::CONNECTING | phase::WAITING if mode != READ => wide(state, client, UNTIL),
        phase::ANSWERED | phase::TRAILING if mode == OF_TRAILERS || mode == READ => {
            wide(state, client, UNTIL)
        }
        _ => u64::MAX,
    }
}

/// What a pollable waits for now, as `socket-mode`.
#[inline(never)]
pub fn mode(state: &State, client: u32, mode: u8) -> u8 {
    let entry = state.slot(client);
    if entry.word.get() == NONE {
        return 0;
    }
    match (mode, entry.small.get()) {
        (OF_RESPONSE | WRITE, phase::CONNECTING) => WRITE,
        (OF_RESPONSE, phase::WAITING) => READ,
        (WRITE, _) if !has(state, client, SHUT) => WRITE,
        (OF_TRAILERS | READ, phase::ANSWERED | phase::TRAILING) => {
            let is_there = pool::next(state, 0, client, EARLY) != 0;
            let is_late = wide(state, client, UNTIL) <= state.fixed().polled_at.get();
            if is_there || is_late { 0 } else { READ }
        }
        _ => 0,
    }
}

/// Whether the body of the request would take bytes; waits for that if told to.
#[inline(never)]
pub fn is_writable(state: &State, client: u32, block: bool) -> bool {
    let entry = state.slot(client);
    if entry.small.get() == phase::CONNECTING {
        advance(state, client);
    }
    let fd = entry.word.get();
    if fd == NONE || has(state, client, SHUT) {
        return true;
    }
    entry.small.get() != phase::CONNECTING && wait_for(state, fd, WRITE, block)
}

/// Whether the response is there, or never will be.
pub fn is_settled(state: &State, client: u32) -> bool {
    phase_of(state, client) >= phase::ANSWERED
}

/// The error of an exchange that failed, or 0.
#[inline(never)]
pub fn error(state: &State, client: u32) -> u32 {
    if phase_of(state, client) == phase::FAILED {
        word(state, client, CODE)
    } else {
        0
    }
}

/// Whether a slot is one of an exchange.
pub fn is_client(state: &State, index: u32) -> bool {
    index != 0 && state.slot(index).kind.get() == kind::CLIENT
}
