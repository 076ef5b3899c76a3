//! What TCP and UDP have in common in WASI 0.3, and what sockets do as ends of streams.
//!
//! The functions that are shared with 0.2 write their results as 0.2 has them, into a place that is large
//! enough for that of 0.3; then it is moved. `error-code` is a variant now, whose last case is
//! `other(option<string>)`, so that it has 16 bytes.

use p1bridge_shim::abi::{load8, store8, store32};
use p1bridge_shim::{Entry, Out, here};

use crate::address::check_local;
use crate::io::{self, WOULD_BLOCK};
use crate::socket::{self, IPV6, NO_RECEIVE, NO_SEND, fill, phase};
use crate::state::{State, kind as resource};
use crate::tasks::{call_done, call_stage, call_waits, host_wait, kind};
use crate::{p1, sock, users};

/// Bits of `flags` in the slot of a socket, beside those of 0.2: its streams were given out.
pub const RECEIVES: u8 = 1 << 3;
pub const SENDS: u8 = 1 << 4;

const BROKEN: u32 = 10;
const OTHER: u32 = 14;
/// The `error-code` for each of 0.2, 4 bits each, but for the last ones.
const CODES: u64 = {
    let codes = [14, 0, 1, 2, 3, 4, 14, 14, 14, 5, 14, 6, 7, 8, 9, 11u64];
    let mut word = 0;
    let mut index = 0;
    while index < 16 {
        word |= codes[index] << (4 * index);
        index += 1;
    }
    word
};

/// The `error-code` for one of 0.2.
fn code(of_0_2: u32) -> u32 {
    match of_0_2 {
        0..16 => (CODES >> (4 * of_0_2)) as u32 & 15,
        16 => 12,
        17 => 13,
        _ => OTHER,
    }
}

/// Writes an `error-code` at an address.
#[inline(never)]
fn put_code(at: u32, code: u32) {
    store8(at, code);
    if code == OTHER {
        store8(at + 4, 0);
    }
}

/// Writes the `error-code` for an error number of P1, or one of [`socket`]'s, at an address.
fn put_error(at: u32, errno: u32) {
    put_code(
        at,
        match errno {
            p1::PIPE => BROKEN,
            errno => code(socket::code(errno)),
        },
    );
}

/// Writes the error half of a `result` whose payload is 4 bytes in.
#[inline(never)]
pub fn failure(out: Out, errno: u32) {
    out.u8(0, 1);
    put_error(out.at(4), errno);
}

/// Writes a `result<_, error-code>`.
pub fn unit(out: u32, errno: u32) {
    let out = Out::new(out, 20, 4);
    out.u8(0, 0);
    if errno != 0 {
        failure(out, errno);
    }
}

/// A `result` of nothing, a `bool` or a `u8`.
#[inline(always)]
pub fn small(out: u32, function: impl FnOnce(u32)) {
    Out::new(out, 20, 4);
    function(out);
    let at = here(out);
    let value = load8(at + 1);
    match load8(at) {
        0 => store8(at + 4, value),
        _ => put_code(at + 4, code(value)),
    }
}

/// A `result` whose payload is where 0.2 has it.
#[inline(always)]
pub fn same(out: u32, size: u32, align: u32, payload: u32, function: impl FnOnce(u32)) {
    Out::new(out, size, align);
    function(out);
    let at = here(out);
    if load8(at) != 0 {
        put_code(at + payload, code(load8(at + payload)));
    }
}

/// Does what has to wait for a socket, and waits inside of the call: `attempt` gets whether it was tried before, and gives what it
/// waits for, or 0.
#[inline(always)]
pub fn block(socket: u32, mut attempt: impl FnMut(&mut State, u32) -> u32) {
    let mut stage = 0;
    loop {
        // Everything may be elsewhere after each wait.
        let mut state = unsafe { State::enter() };
        match attempt(&mut state, stage) {
            0 => return,
            kind => host_wait(kind, socket),
        }
        stage = 1;
    }
}

/// The same for a call that is left pending meanwhile. The socket stays until it is over.
#[inline(always)]
pub fn pend(call: u32, socket: u32, attempt: impl FnOnce(&mut State, u32) -> u32) {
    let mut state = unsafe { State::enter() };
    match attempt(&mut state, call_stage(call)) {
        0 => call_done(call),
        kind => {
            users::take(&state, socket);
            call_waits(call, kind, socket);
        }
    }
}

/// Binds an unbound socket to the address in the buffer, unless there is an error already.
#[inline(never)]
pub fn bind(state: &State, entry: &Entry, mut errno: u32, may_wait: bool) -> u32 {
    if errno == 0 {
        errno = check_local(state);
    }
    if entry.small.get() != phase::UNBOUND {
        errno = socket::INVALID_STATE;
    }
    let fd = entry.word.get();
    if errno == 0 && entry.kind.get() == resource::TCP {
        errno = sock::sock_set_reuse_addr(fd, 1);
    }
    if errno == 0 {
        errno = sock::sock_bind(fd, state.fixed().address_at());
        if errno == p1::ACCES && may_wait {
            errno = 0;
        }
    }
    if errno == 0 {
        entry.small.set(phase::BOUND);
        // WAMR makes a bound socket forget what it has not sent when it is closed.
        sock::sock_set_linger(fd, 0, 0);
    }
    errno
}

/// Binds a socket to no address in particular, if it is not bound yet.
#[inline(never)]
pub fn bind_anywhere(state: &State, entry: &Entry) -> u32 {
    if entry.small.get() != phase::UNBOUND {
        return 0;
    }
    let at = state.fixed().address_at();
    let mut index = 0;
    while index < 24 {
        store32(at + index, 0);
        index += 4;
    }
    store32(at, socket::family(entry));
    // The host may allow other addresses, and not this: then the system binds the socket when it is used.
    bind(state, entry, 0, true)
}

/// Takes the next connection as a socket, whose handle goes to an address; a host's error otherwise.
#[inline(never)]
fn accept(state: &mut State, listener: u32, address: u32) -> i64 {
    if !state.has_room(1) {
        return io::failed(p1::NOMEM);
    }
    let fixed = state.fixed();
    let fd = state.slot(listener).word.get();
    match sock::sock_accept(fd, p1::NONBLOCK, fixed.result_at()) {
        0 => {}
        // One that was given up before it was taken.
        p1::CONNABORTED => return WOULD_BLOCK,
        errno => return io::failed(errno),
    }
    let fd = fixed.result(0) as u32;
    if p1::fd_fdstat_set_flags(fd, p1::NONBLOCK) != 0 {
        p1::fd_close(fd);
        return WOULD_BLOCK;
    }
    sock::sock_set_linger(fd, 0, 0);
    let family = (state.slot(listener).flags.get() & IPV6).into();
    let socket = state.insert(resource::TCP);
    fill(state.slot(socket), fd, family, phase::CONNECTED);
    store32(address, socket);
    1
}

provides! {
    "weak:socket-read"
    fn socket_read(state, kind: u32, socket: u32, address: u32, count: u32) -> i64 {
        let fd = state.slot(socket).word.get();
        let fixed = state.fixed();
        match kind {
            kind::ACCEPT if io::is_ready(&state, fd, 0) => accept(&mut state, socket, address),
            kind::RECEIVE => {
                let vector = fixed.vector(address, count);
                let errno = p1::fd_read(fd, vector, 1, fixed.count_at());
                io::moved(&state, errno)
            }
            kind::READABLE if io::is_ready(&state, fd, 0) => 1,
            kind::WRITABLE if io::is_ready(&state, fd, 1) => 1,
            _ => WOULD_BLOCK,
        }
    }

    "weak:socket-write"
    fn socket_write(state, socket: u32, address: u32, count: u32) -> i64 {
        let fd = state.slot(socket).word.get();
        let fixed = state.fixed();
        let errno = p1::fd_write(fd, fixed.vector(address, count), 1, fixed.count_at());
        match io::moved(&state, errno) {
            // A host that takes nothing now.
            0 => WOULD_BLOCK,
            moved => moved,
        }
    }

    /// The host shuts down both directions, whatever it is asked: that is done when both have ended.
    "weak:socket-close"
    fn socket_close(state, kind: u32, socket: u32) {
        let entry = state.slot(socket);
        let ended = match kind {
            kind::RECEIVE => NO_RECEIVE,
            kind::SEND => NO_SEND,
            _ => 0,
        };
        let before = entry.flags.get();
        entry.flags.set(before | ended);
        let both = NO_RECEIVE | NO_SEND;
        if before & both != both && (before | ended) & both == both {
            sock::sock_shutdown(entry.word.get(), sock::SHUT_BOTH);
        }
        users::give_back(&state, socket);
    }

    "weak:socket-result"
    fn socket_result(state, errno: u32, address: u32) {
        store8(address, (errno != 0).into());
        if errno != 0 {
            put_error(address + 4, errno);
        }
    }
}
