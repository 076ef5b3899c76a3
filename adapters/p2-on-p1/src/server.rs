//! `--http server`: requests on a listening socket, one connection after the other, each for one request
//! (RFC 9112).
//!
//! What it knows is a record of the pool. The head of a request is read to the end of the pool, and its records
//! grow towards it line by line. What was read of the body with it becomes a record, which is read first.

use p1bridge_shim::abi::{copy, load8, load32, load64, store8, store16, store32, store64};
use p1bridge_shim::trap;

use crate::answer::{
    self, fail, flush_slowly, put, put_all, put_byte, put_decimal, put_end, put_number, put_size,
};
use crate::asked::{self, ANSWERED, ASKED, BUFFERED, FAILED, HEAD, SILENT, bits, known, mark};
use crate::cgi::{self, fits, path_of, push_text, seal};
use crate::exchange::{end, keep, total};
use crate::fields::{is_token, is_value};
use crate::http::{AUTHORITY, FINISHED, METHOD, OTHER_METHOD, PATH, drop_message};
use crate::letters::{exactly, name};
use crate::poll::{MILLISECOND, READ, wait_for, wait_until};
use crate::state::{State, flag, http_bytes, kind};
use crate::time::now;
use crate::{chunked, exports, p1, pool, sock};

/// Kinds of records: what this module knows, and bytes of the body that came with the head.
const SERVER: u32 = 10;
const EARLY: u32 = 11;

/// What is known of a request besides `asked.rs`: it is of HTTP/1.0; its answer is sent in chunks; its body comes in
/// chunks.
const OLD: u32 = 1 << 4;
const CHUNKED: u32 = 1 << 5;
const IN_CHUNKS: u32 = 1 << 6;

/// For a head, for more of a body, and for what nobody is going to read.
const HEAD_TIME: u64 = 10_000 * MILLISECOND;
const BODY_TIME: u64 = answer::PATIENCE;
const DRAIN_TIME: u64 = 200 * MILLISECOND;
/// Bytes of a read while the end of the head is looked for: what comes after it takes room in the pool.
const PART: u32 = 512;
/// Connections that wait.
const BACKLOG: u32 = 128;

/// Reasons beside those of `answer.rs`: the status of an answer, or nobody is there any more.
const GONE: u32 = 1;
const STATUS: u32 = 1024;

/// Where what this module knows is: the descriptors of listener and connection, bytes of the body that are still
/// to come over it (8), how many of the early ones are taken, and 4 bytes further what `chunked` knows.
#[inline(never)]
fn here(state: &State) -> u32 {
    pool::value_at(state, pool::next(state, 0, 0, SERVER))
}

/// Where what is known of a body in chunks is.
fn chunks(state: &State) -> u32 {
    here(state) + 24
}

fn connection(state: &State) -> u32 {
    load32(here(state) + 4)
}

/// Reads from the connection; gives an error number. What does not come in time is `IO`.
#[inline(never)]
fn receive(state: &State, at: u32, length: u32, until: u64) -> u32 {
    let fixed = state.fixed();
    let fd = connection(state);
    loop {
        let errno = p1::fd_read(fd, fixed.vector(at, length), 1, fixed.count_at());
        if errno == p1::AGAIN {
            if !wait_until(state, fd, READ, until) {
                return p1::IO;
            }
        } else if errno != p1::INTR {
            return errno;
        }
    }
}

fn from_now(state: &State, time: u64) -> u64 {
    now(state, p1::MONOTONIC) + time
}

/// Ends the program, which cannot serve, after what was put on standard error.
#[inline(never)]
fn give_up(state: &State) -> ! {
    put!(state, b"\n");
    answer::flush();
    p1::proc_exit(1);
    trap()
}

/// The first argument of the program, or 0.
#[inline(never)]
fn argument(state: &State) -> u32 {
    let fixed = state.fixed();
    let at = fixed.result_at();
    if p1::args_sizes_get(at, at + 4) != 0 || (fixed.result(0) as u32) < 2 {
        return 0;
    }
    let count = fixed.result(0) as u32;
    let needed = u64::from(count) * 4 + 8 + (fixed.result(0) >> 32);
    let mut length = 0;
    if fits(state, http_bytes(), needed) {
        length = needed as u32;
    }
    let pointers = pool::at(state, (http_bytes() - length) & !3);
    if length == 0 || p1::args_get(pointers, pointers + count * 4 + 4) != 0 {
        answer::start(state, 2);
        put!(state, b"p1bridge: the arguments ");
        put!(state, b"cannot be read");
        give_up(state);
    }
    load32(pointers + 4)
}

/// Reads `1.2.3.4:5` into the buffer for addresses; gives whether it is one.
#[inline(never)]
fn address(state: &State, mut at: u32) -> bool {
    let to = state.fixed().address_at();
    let mut index = 0;
    while index < 5 {
        let mut number = 0;
        let mut digits = 0;
        loop {
            let digit = load8(at).wrapping_sub(0x30);
            if digit > 9 || digits > 5 {
                break;
            }
            number = number * 10 + digit;
            digits += 1;
            at += 1;
        }
        let (most, end) = match index {
            4 => (65535, 0),
            3 => (255, u32::from(b':')),
            _ => (255, u32::from(b'.')),
        };
        if digits == 0 || number > most || load8(at) != end {
            return false;
        }
        if index == 4 {
            store16(to + 8, number);
        } else {
            store8(to + 4 + index, number);
        }
        at += 1;
        index += 1;
    }
    true
}

/// Makes the listening socket; gives an error number.
#[inline(never)]
fn listen(state: &State) -> u32 {
    let fixed = state.fixed();
    let mut errno = sock::sock_open(sock::ANY_POOL, 0, sock::STREAM, fixed.result_at());
    let fd = fixed.result(0) as u32;
    if errno == 0 {
        store32(here(state), fd);
        errno = sock::sock_set_reuse_addr(fd, 1);
    }
    if errno == 0 {
        errno = sock::sock_bind(fd, fixed.address_at());
    }
    if errno == 0 {
        errno = sock::sock_listen(fd, BACKLOG);
    }
    if errno == 0 {
        errno = sock::sock_addr_local(fd, fixed.address_at());
    }
    errno
}

/// Takes the next connection.
#[inline(never)]
fn accept(state: &State) {
    let fixed = state.fixed();
    let listener = load32(here(state));
    loop {
        let errno = sock::sock_accept(listener, p1::NONBLOCK, fixed.result_at());
        let fd = fixed.result(0) as u32;
        match errno {
            0 => {
                if p1::fd_fdstat_set_flags(fd, p1::NONBLOCK) == 0 {
                    // What is left is sent when it is closed.
                    sock::sock_set_linger(fd, 0, 0);
                    return store32(here(state) + 4, fd);
                }
                p1::fd_close(fd);
            }
            p1::AGAIN => {
                wait_for(state, listener, READ, true);
            }
            // The client has gone.
            p1::INTR | p1::CONNABORTED | p1::CONNRESET => {}
            _ => {
                answer::start(state, 2);
                put!(state, b"p1bridge: no connection ");
                put!(state, b"can be taken: error ");
                put_number(state, errno);
                give_up(state);
            }
        }
    }
}

/// The end of the line at `at`: where its line feed is.
#[inline(never)]
fn line_end(at: u32) -> u32 {
    let mut at = at;
    while load8(at) != 10 {
        at += 1;
    }
    at
}

/// The end of a text without what is blank there.
#[inline(never)]
fn trimmed(from: u32, mut end: u32) -> u32 {
    while end > from && (load8(end - 1) == 0x20 || load8(end - 1) == 9 || load8(end - 1) == 13) {
        end -= 1;
    }
    end
}

/// Reads a head and what comes with it, and moves both to the end of the pool. The high half of the result is
/// where in the pool it begins, the low half where the body does; or a reason, with 0 above.
#[inline(never)]
fn read_head(state: &State) -> u64 {
    let until = from_now(state, HEAD_TIME);
    let start = pool::end(state);
    let most = http_bytes() - start;
    let fixed = state.fixed();
    let at = pool::at(state, start);
    let mut size = 0;
    let mut seen = 0;
    // The first line, and this one.
    let mut first = 0;
    let mut line = 0;
    let mut body = 0;
    while body == 0 {
        if size == most {
            return answer::TOO_LARGE.into();
        }
        let errno = receive(state, at + size, (most - size).min(PART), until);
        let late = now(state, p1::MONOTONIC) >= until;
        if late && size != 0 {
            return u64::from(STATUS + 408);
        }
        let count = fixed.count.get();
        if late || errno != 0 || count == 0 {
            return GONE.into();
        }
        size += count;
        while seen < size && body == 0 {
            if load8(at + seen) == 10 {
                let is_empty = trimmed(at + line, at + seen) == at + line;
                line = seen + 1;
                if !is_empty {
                } else if first + 2 < line {
                    body = line;
                } else {
                    // One before the request is not part of it.
                    first = line;
                }
            }
            seen += 1;
        }
    }
    let begin = http_bytes() - (size - first);
    let to = pool::at(state, begin);
    let mut left = size - first;
    while left != 0 {
        left -= 1;
        store8(to + left, load8(at + first + left));
    }
    u64::from(begin) << 32 | u64::from(begin + body - first)
}

/// Adds a string that is visible; gives a reason against it.
#[inline(never)]
fn part(state: &State, request: u32, tag: u32, from: u32, limit: u32, bad: u32) -> u32 {
    if pool::next(state, 0, request, tag) != 0 {
        return bad;
    }
    let size = push_text(state, 0, from, false, limit);
    seal(state, request, tag, size, bad)
}

/// Reads the first line; gives a reason against it.
#[inline(never)]
fn first_line(state: &State, request: u32, line: u32, end: u32) -> u32 {
    let limit = line - pool::at(state, 0);
    let mut target = line;
    while target < end && load8(target) != 0x20 {
        target += 1;
    }
    let length = target - line;
    target += 1;
    let mut version = end;
    while version > target && load8(version) != 0x20 {
        version -= 1;
    }
    if version <= target || !is_value(line, end - line) {
        return answer::BAD_PATH;
    }
    // The target ends with a zero.
    store8(version, 0);
    version += 1;
    if !(end - version == 8 && exactly!(version, 7, b"HTTP/1.")) {
        return STATUS + 505;
    }
    if load8(version + 7) == u32::from(b'0') {
        mark(state, OLD);
    }
    let case = cgi::method(line, length);
    let entry = state.slot(request);
    entry.small.set(case as u8);
    entry.flags.set(1);
    if case == 1 {
        mark(state, HEAD);
    }
    if case == OTHER_METHOD {
        if !is_token(line, length) {
            return answer::BAD_METHOD;
        }
        if !fits(state, limit, length.into()) {
            return answer::TOO_LARGE;
        }
    }
    let path = path_of(target);
    if path == 0 {
        return answer::BAD_PATH;
    }
    // Of `http://authority/path`, the authority is the one that counts.
    if path != target {
        let mut host = target;
        while load8(host) != u32::from(b'/') {
            host += 1;
        }
        host += 2;
        store8(path, 0);
        let reason = part(
            state,
            request,
            AUTHORITY,
            host,
            limit,
            answer::BAD_AUTHORITY,
        );
        store8(path, u32::from(b'/'));
        if reason != 0 {
            return reason;
        }
    }
    let reason = part(state, request, PATH, path, limit, answer::BAD_PATH);
    if reason == 0 && case == OTHER_METHOD {
        if !fits(state, limit, length.into()) {
            return answer::TOO_LARGE;
        }
        pool::add(state, request, METHOD, 0, 0, line, length);
    }
    reason
}

/// Reads the request; gives a reason against it.
#[inline(never)]
fn read(state: &State, request: u32) -> u32 {
    let found = read_head(state);
    let body = found as u32;
    if found >> 32 == 0 {
        return body;
    }
    // All that came is read: what is wrong with it is answered at once.
    store64(here(state) + 8, 0);
    let mut line = pool::at(state, (found >> 32) as u32);
    let mut next = line_end(line) + 1;
    let reason = first_line(state, request, line, trimmed(line, next - 1));
    if reason != 0 {
        return reason;
    }
    let is_absolute = pool::next(state, 0, request, AUTHORITY) != 0;
    let entry = state.slot(request);
    let mut has_length = false;
    let mut has_host = false;
    let mut goes_on = false;
    loop {
        line = next;
        let feed = line_end(line);
        let end = trimmed(line, feed);
        next = feed + 1;
        if end == line {
            break;
        }
        let limit = line - pool::at(state, 0);
        let mut colon = line;
        while colon < end && load8(colon) != u32::from(b':') {
            colon += 1;
        }
        let length = colon - line;
        if colon == end || !is_token(line, length) {
            return answer::BAD_FIELD;
        }
        let mut value = colon + 1;
        while value < end && (load8(value) == 0x20 || load8(value) == 9) {
            value += 1;
        }
        let size = end - value;
        if !is_value(value, size) {
            return answer::BAD_FIELD;
        }
        // It ends with a zero, where the line did.
        store8(end, 0);
        if name!(line, length, b"transfer-encoding") {
            if !name!(value, size, b"chunked") {
                return STATUS + 501;
            }
            if bits(state) & (IN_CHUNKS | OLD) != 0 {
                return answer::BAD_LENGTH;
            }
            mark(state, IN_CHUNKS);
        }
        if name!(line, length, b"content-length") {
            let length = cgi::number(value);
            if length == cgi::NONE || size == 0 || has_length {
                return answer::BAD_LENGTH;
            }
            has_length = true;
            entry.word.set(length as u32);
            entry.high.set((length >> 32) as u32);
        }
        if name!(line, length, b"expect") {
            goes_on = name!(value, size, b"100-continue");
        }
        if name!(line, length, b"host") {
            if has_host {
                return answer::BAD_AUTHORITY;
            }
            has_host = true;
            if !is_absolute && size != 0 {
                let reason = part(
                    state,
                    request,
                    AUTHORITY,
                    value,
                    limit,
                    answer::BAD_AUTHORITY,
                );
                if reason != 0 {
                    return reason;
                }
            }
        }
        let reason = cgi::add(state, request, line, length, value, size, limit);
        if reason != 0 {
            return reason;
        }
    }
    let is_old = bits(state) & OLD != 0;
    if !has_host && !is_old {
        return answer::BAD_AUTHORITY;
    }
    let mut length = u64::from(entry.high.get()) << 32 | u64::from(entry.word.get());
    if bits(state) & IN_CHUNKS != 0 {
        // Of two lengths, somebody else may have believed the other one.
        if has_length {
            return answer::BAD_LENGTH;
        }
        length = u64::MAX;
        entry.word.set(u32::MAX);
        entry.high.set(u32::MAX);
    }
    let early = length.min((http_bytes() - body).into());
    if !fits(state, body, 0) {
        return answer::TOO_LARGE;
    }
    if early != 0 {
        pool::add(state, 0, EARLY, 0, 0, pool::at(state, body), early as u32);
    }
    store64(here(state) + 8, length - early);
    if goes_on && length != early && !is_old {
        answer::start(state, connection(state));
        put!(state, b"HTTP/1.1 100 Continue");
        put!(state, b"\r\n\r\n");
        answer::flush();
    }
    0
}

#[inline(never)]
fn put_status_reason(state: &State, status: u32) {
    match status {
        408 => put!(state, b"the request is too slow"),
        501 => {
            put!(state, b"this transfer coding is ");
            put!(state, b"not known")
        }
        _ => put!(state, b"this is not HTTP/1.1"),
    }
}

/// Answers what is no request.
#[inline(never)]
fn refuse(state: &State, reason: u32) {
    if reason < STATUS {
        return fail(state, reason);
    }
    answer::start(state, 2);
    put!(state, b"p1bridge: ");
    put_status_reason(state, reason - STATUS);
    put!(state, b"\n");
    answer::flush();
    answer::head(reason - STATUS, 0);
    answer::put_text_head(state);
    put_status_reason(state, reason - STATUS);
    put!(state, b"\n");
    answer::flush();
    mark(state, ANSWERED | FAILED);
}

/// Takes what still comes of the body, for a moment: a connection that is closed before would be reset, and with it
/// what was answered.
#[inline(never)]
fn drain(state: &State) {
    let until = from_now(state, DRAIN_TIME);
    let start = pool::end(state);
    let fixed = state.fixed();
    let room = http_bytes() - start;
    let mut left = load64(here(state) + 8);
    while left != 0 && room != 0 && now(state, p1::MONOTONIC) < until {
        let part = left.min(room.into()) as u32;
        if receive(state, pool::at(state, start), part, until) != 0 || fixed.count.get() == 0 {
            return;
        }
        left -= u64::from(fixed.count.get());
    }
}

/// Leaves nothing of the request: what a handler has kept of it is empty, closed, or of no use.
#[inline(never)]
fn forget(state: &State) {
    let response = load32(known(state) + 12);
    if response != 0 {
        asked::orphan(state, response);
        state.remove(response);
    }
    let mut handle = 1;
    while let Some(entry) = state.find_here(handle) {
        match entry.kind.get() {
            kind::REQUEST_IN => {
                let mut tag = 0;
                while tag <= AUTHORITY {
                    pool::clear(state, handle, tag);
                    tag += 1;
                }
                entry.word.set(0);
                entry.high.set(0);
            }
            kind::BODY_IN => entry.set_wide(0),
            kind::INPUT if entry.flags.get() & flag::BODY != 0 => entry.set_wide(0),
            _ => {}
        }
        handle += 1;
    }
    pool::clear(state, 0, EARLY);
    pool::clear(state, 0, ASKED);
}

/// Reads bytes of the body: those that came with the head first. Gives an error number; that there are none is one.
#[inline(never)]
fn more(state: &State, to: u32, most: u32) -> u32 {
    let fixed = state.fixed();
    let place = pool::next(state, 0, 0, EARLY);
    if place == 0 {
        let errno = receive(state, to, most, from_now(state, BODY_TIME));
        let count = fixed.count.get();
        if errno != 0 || count == 0 {
            return if errno == 0 { p1::IO } else { errno };
        }
        let at = here(state) + 8;
        store64(at, load64(at) - u64::from(count));
        return 0;
    }
    let taken = load32(here(state) + 16);
    let early = pool::value_length(state, place) - taken;
    let count = most.min(early);
    copy(to, pool::value_at(state, place) + taken, count);
    store32(here(state) + 16, taken + count);
    if count == early {
        pool::remove(state, place);
    }
    fixed.count.set(count);
    0
}

exports! {
    /// Listens where the first argument says. Does not return if that cannot be.
    "p1bridge:http/server@0.1#open"
    fn open(state) {
        let fixed = state.fixed();
        let at = fixed.result_at();
        fixed.set_result(0, 0);
        fixed.set_result(1, 0);
        fixed.set_result(2, 0);
        fixed.set_result(3, 0);
        fixed.set_result(4, 0);
        pool::add(&state, 0, SERVER, 0, 0, at, 40);
        let text = argument(&state);
        let to = fixed.address_at();
        store32(to, 0);
        // 127.0.0.1:8080
        store32(to + 4, 0x0100_007f);
        store16(to + 8, 8080);
        if text != 0 && !address(&state, text) {
            answer::start(&state, 2);
            put!(&state, b"p1bridge: the argument ");
            put!(&state, b"is no address such as ");
            put!(&state, b"127.0.0.1:8080");
            give_up(&state);
        }
        let errno = listen(&state);
        answer::start(&state, 2);
        put!(&state, b"p1bridge: ");
        if errno != 0 {
            put!(&state, b"the host does not let it");
            put!(&state, b" listen: error ");
            put_number(&state, errno);
            give_up(&state);
        }
        put!(&state, b"listening on ");
        let mut index = 0;
        while index < 4 {
            put_number(&state, load8(to + 4 + index));
            put_byte(&state, u32::from(if index == 3 { b':' } else { b'.' }));
            index += 1;
        }
        put_decimal(&state, load32(to + 8) & 0xffff);
        put!(&state, b"\n");
        answer::flush();
    }

    /// Waits for the next request and reads it; answers by itself and gives 0 if it is none.
    "p1bridge:http/server@0.1#begin"
    fn begin(state) -> u32 {
        accept(&state);
        store64(here(&state) + 8, u64::MAX);
        store32(here(&state) + 16, 0);
        store64(chunks(&state), 0);
        store64(chunks(&state) + 8, 0);
        let request = asked::open(&mut state);
        let reason = read(&state, request);
        if reason == 0 {
            return 1;
        }
        if reason == GONE {
            mark(&state, ANSWERED);
        } else {
            refuse(&state, reason);
        }
        drop_message(&state, request, kind::REQUEST_IN);
        state.remove(load32(known(&state) + 8));
        0
    }

    /// Ends the answer and the connection.
    "p1bridge:http/server@0.1#finish"
    fn finish(state) {
        end(&state);
        let fd = connection(&state);
        if bits(&state) & (CHUNKED | FAILED) == CHUNKED {
            answer::start(&state, fd);
            put!(&state, b"0\r\n\r\n");
            answer::flush();
        }
        drain(&state);
        p1::fd_close(fd);
        forget(&state);
    }

    "weak:server-head"
    fn head(state, status: u32, response: u32) {
        answer::start(&state, connection(&state));
        put!(&state, b"HTTP/1.1 ");
        answer::put_status(&state, status);
        put!(&state, b"Connection: close\r\n");
        let mut is_open = response != 0
            && bits(&state) & (SILENT | OLD) == 0
            && pool::next(&state, 0, response, BUFFERED) == 0;
        let mut place = pool::next(&state, 0, response, 0);
        while place != 0 && is_open {
            let length = pool::name_length(&state, place);
            is_open = !name!(pool::name_at(&state, place), length, b"content-length");
            place = pool::next(&state, place, response, 0);
        }
        if is_open {
            mark(&state, CHUNKED);
            put!(&state, b"Transfer-Encoding: ");
            put!(&state, b"chunked\r\n");
        }
    }

    /// As the one for CGI, but a client may be slow.
    "weak:server-flush"
    fn flush(state) -> u32 {
        flush_slowly(&state)
    }

    "weak:server-body-read"
    fn body_read(state, handle: u32, vector: u32) -> u32 {
        let entry = state.slot(handle);
        let fixed = state.fixed();
        let left = entry.wide();
        let (to, most) = (load32(vector), left.min(load32(vector + 4).into()) as u32);
        loop {
            if chunked::next(chunks(&state)) == chunked::BAD {
                return p1::PROTO;
            }
            let errno = more(&state, to, most);
            let count = fixed.count.get();
            if errno != 0 {
                return errno;
            }
            if bits(&state) & IN_CHUNKS == 0 {
                entry.set_wide(left - u64::from(count));
                return 0;
            }
            let place = chunks(&state);
            let done = chunked::decode(place, to, count);
            let used = (done >> 32) as u32;
            chunked::skip(place, to + used, count - used);
            let is_over = chunked::next(place) == chunked::END;
            if is_over {
                store64(here(&state) + 8, 0);
                entry.set_wide(0);
            }
            fixed.count.set(done as u32);
            if is_over || done as u32 != 0 {
                return 0;
            }
        }
    }

    "weak:server-body-write"
    fn body_write(state, response: u32, vectors: u32, count: u32) -> u32 {
        let entry = state.slot(response);
        let bits = bits(&state);
        if entry.flags.get() & FINISHED != 0 || bits & FAILED != 0 {
            return p1::PIPE;
        }
        let sum = total(vectors, count);
        if entry.kind.get() != kind::SENT {
            keep(&state, response, vectors, count);
        } else if bits & SILENT == 0 {
            answer::start(&state, connection(&state));
            if bits & CHUNKED != 0 {
                put_size(&state, sum);
            }
            let mut index = 0;
            while index < count {
                let at = vectors + index * 8;
                put_all(&state, load32(at), load32(at + 4));
                index += 1;
            }
            if bits & CHUNKED != 0 {
                put_end(&state);
            }
            if !answer::flush() {
                mark(&state, FAILED);
                return p1::PIPE;
            }
        }
        state.fixed().count.set(sum);
        0
    }
}
