//! What TCP and UDP sockets have in common: `wasi:sockets/network`, `instance-network`, the life of
//! a socket, its errors and options.
//!
//! A socket and the streams and pollables made from it share one fd, which is closed when the
//! last of them is dropped, as with files. The fd never blocks.

use p1bridge_shim::{Entry, Out, trap_if};

use crate::address::{SOCKET_ADDRESS, put};
use crate::error::CLOSED;
use crate::poll::{READ, WRITE, wait_for};
use crate::state::{State, flag, insert, kind};
use crate::{exports, p1, sock};

/// Where a socket is in its life: `small` of its slot. The numbers are none of a P1 file type.
pub mod phase {
    pub const UNBOUND: u8 = 16;
    pub const BINDING: u8 = 17;
    pub const BOUND: u8 = 18;
    pub const LISTEN_STARTED: u8 = 19;
    pub const LISTENING: u8 = 20;
    pub const CONNECTING: u8 = 21;
    pub const CONNECTED: u8 = 22;
    pub const FAILED: u8 = 23;
}

/// Bits of `flags` in the slot of a socket.
pub const IPV6: u8 = 1 << 0;
pub const NO_RECEIVE: u8 = 1 << 1;
pub const NO_SEND: u8 = 1 << 2;

/// Error codes that no error number stands for are passed around as `CODE` and the code.
const CODE: u32 = 1 << 8;
pub const UNKNOWN: u32 = CODE;
pub const NOT_SUPPORTED: u32 = CODE | 2;
pub const CONFLICT: u32 = CODE | 6;
pub const NOT_IN_PROGRESS: u32 = CODE | 7;
pub const WOULD_BLOCK: u32 = CODE | 8;
pub const INVALID_STATE: u32 = CODE | 9;
pub const SOCKET_LIMIT: u32 = CODE | 10;
pub const TOO_LARGE: u32 = CODE | 17;
pub const UNRESOLVABLE: u32 = CODE | 18;
pub const RESOLVER_AGAIN: u32 = CODE | 19;
pub const RESOLVER_FAILED: u32 = CODE | 20;

/// How the 77 numbers of P1 map to the codes of `wasi:sockets`: 5 bits each, 12 to a word. What
/// has no counterpart is `unknown`.
const CODES: [u64; 7] = {
    // Pairs of number and code.
    let pairs = [
        (2, 1),
        (63, 1),
        (76, 1),
        (5, 2),
        (66, 2),
        (58, 2),
        (52, 2),
        (50, 2),
        (28, 3),
        (17, 3),
        (48, 4),
        (42, 4),
        (73, 5),
        (7, 6),
        (6, 8),
        (26, 8),
        (53, 9),
        (30, 9),
        (33, 10),
        (41, 10),
        (4, 11),
        (3, 12),
        (40, 13),
        (23, 13),
        (38, 13),
        (14, 14),
        (15, 15),
        (13, 16),
        (35, 17),
    ];
    let mut words = [0; 7];
    let mut index = 0;
    while index < pairs.len() {
        let (errno, code) = pairs[index];
        words[errno / 12] |= (code as u64) << (errno % 12 * 5);
        index += 1;
    }
    words
};

/// The `error-code` for an error number of P1 or one of the codes above.
#[inline(never)]
pub fn code(errno: u32) -> u32 {
    if errno >= CODE {
        return errno & 0xff;
    }
    let word = match errno / 12 {
        0 => const { CODES[0] },
        1 => const { CODES[1] },
        2 => const { CODES[2] },
        3 => const { CODES[3] },
        4 => const { CODES[4] },
        5 => const { CODES[5] },
        _ => const { CODES[6] },
    };
    (word >> (errno % 12 * 5)) as u32 & 0x1f
}

/// Writes the error half of a `result<_, error-code>`, whose payload is at `payload`.
#[inline(never)]
pub fn failure(out: Out, payload: u32, errno: u32) {
    out.u8(0, 1);
    out.u8(payload, code(errno));
}

/// Writes a `result` of nothing, a `bool` or a `u8`.
#[inline(never)]
pub fn small_result(out: u32, errno: u32, value: u32) {
    let out = Out::new(out, 2, 1);
    out.u8(0, 0);
    out.u8(1, value);
    if errno != 0 {
        failure(out, 1, errno);
    }
}

/// Writes a `result` of a `u64`.
#[inline(never)]
pub fn wide_result(out: u32, errno: u32, value: u64) {
    let out = Out::new(out, 16, 8);
    out.u8(0, 0);
    out.u64(8, value);
    if errno != 0 {
        failure(out, 8, errno);
    }
}

/// Writes a `result` of the address in the buffer.
#[inline(never)]
pub fn address_result(state: &State, out: u32, errno: u32) {
    let out = Out::new(out, SOCKET_ADDRESS + 4, 4);
    if errno != 0 {
        return failure(out, 4, errno);
    }
    out.u8(0, 0);
    put(out.part(4), state.fixed().address_at());
}

/// The family of a socket: 0 or 1.
pub fn family(entry: &Entry) -> u32 {
    (entry.flags.get() & IPV6).into()
}

/// Fills the slot of a socket.
pub fn fill(entry: &Entry, fd: u32, family: u32, phase: u8) {
    entry.flags.set(family as u8);
    entry.small.set(phase);
    entry.word.set(fd);
    entry.set_wide(0);
}

/// Makes a socket and writes the `result<own<_>, error-code>`.
#[inline(never)]
pub fn open(state: &mut State, kind: u8, family: u32, ty: u32, out: u32) {
    trap_if(family > 1);
    let out = Out::new(out, 8, 4);
    let mut errno = SOCKET_LIMIT;
    if state.has_room(1) {
        errno = sock::sock_open(sock::ANY_POOL, family, ty, state.fixed().result_at());
    }
    if errno == 0 {
        let fd = state.fixed().result(0) as u32;
        errno = p1::fd_fdstat_set_flags(fd, p1::NONBLOCK);
        if errno == 0 && family == 1 {
            errno = sock::sock_set_ipv6_only(fd, 1);
        }
        if errno == 0 {
            let handle = state.insert(kind);
            fill(state.slot(handle), fd, family, phase::UNBOUND);
            out.u8(0, 0);
            out.u32(4, handle);
            return;
        }
        p1::fd_close(fd);
    }
    failure(out, 4, errno);
}

/// Binds an unbound socket to the address in the buffer, unless there is an error already. One that
/// `may_wait` is bound by the first datagram that it sends, if the host does not allow the address.
#[inline(never)]
pub fn bind(state: &State, entry: &Entry, out: u32, mut errno: u32, may_wait: bool) {
    let phase = entry.small.get();
    if errno == 0 {
        errno = crate::address::check_local(state);
    }
    if phase != phase::UNBOUND {
        errno = if phase == phase::BINDING {
            CONFLICT
        } else {
            INVALID_STATE
        };
    }
    if errno == 0 {
        let fd = entry.word.get();
        if entry.kind.get() == kind::TCP {
            errno = sock::sock_set_reuse_addr(fd, 1);
        }
        if errno == 0 {
            errno = sock::sock_bind(fd, state.fixed().address_at());
            if errno == p1::ACCES && may_wait {
                errno = 0;
            }
        }
        if errno == 0 {
            entry.small.set(phase::BINDING);
            // WAMR makes a bound socket forget what it has not sent when it is closed.
            sock::sock_set_linger(fd, 0, 0);
        }
    }
    small_result(out, errno, 0);
}

/// Goes from one phase to the next.
#[inline(never)]
pub fn step(entry: &Entry, from: u8, to: u8, out: u32) {
    let mut errno = NOT_IN_PROGRESS;
    if entry.small.get() == from {
        entry.small.set(to);
        errno = 0;
    }
    small_result(out, errno, 0);
}

/// Where a bound socket is bound to, in the buffer, as an error number.
#[inline(never)]
pub fn local_address(state: &State, entry: &Entry, out: u32) {
    let errno = match entry.small.get() {
        phase::UNBOUND | phase::FAILED => INVALID_STATE,
        phase::BINDING => CONFLICT,
        _ => sock::sock_addr_local(entry.word.get(), state.fixed().address_at()),
    };
    address_result(state, out, errno);
}

/// Writes the `result<u64, error-code>` of an option of 32 bits that the host left.
#[inline(never)]
pub fn size_result(state: &State, out: u32, errno: u32) {
    wide_result(out, errno, u64::from(state.fixed().result(0) as u32));
}

/// The value of an option that is not 0 and, for the host, not more than it takes; 0 otherwise.
#[inline(never)]
pub fn size(value: u64) -> u32 {
    value.min(i32::MAX as u64) as u32
}

/// The hop limit, which the host has for IPv4 only.
#[inline(never)]
pub fn hop_limit(state: &State, entry: &Entry, out: u32) {
    let fixed = state.fixed();
    let mut errno = NOT_SUPPORTED;
    if family(entry) == 0 {
        errno = sock::sock_get_ip_ttl(entry.word.get(), fixed.result_at());
    }
    small_result(out, errno, fixed.result(0) as u32 & 0xff);
}

#[inline(never)]
pub fn set_hop_limit(entry: &Entry, value: u32, out: u32) {
    let errno = if value & 0xff == 0 {
        p1::INVAL
    } else if family(entry) != 0 {
        NOT_SUPPORTED
    } else {
        sock::sock_set_ip_ttl(entry.word.get(), value & 0xff)
    };
    small_result(out, errno, 0);
}

#[inline(never)]
pub fn receive_buffer_size(state: &State, entry: &Entry, out: u32) {
    let at = state.fixed().result_at();
    let errno = sock::sock_get_recv_buf_size(entry.word.get(), at);
    size_result(state, out, errno);
}

#[inline(never)]
pub fn set_receive_buffer_size(entry: &Entry, value: u64, out: u32) {
    let errno = match value {
        0 => p1::INVAL,
        _ => sock::sock_set_recv_buf_size(entry.word.get(), size(value)),
    };
    small_result(out, errno, 0);
}

#[inline(never)]
pub fn send_buffer_size(state: &State, entry: &Entry, out: u32) {
    let at = state.fixed().result_at();
    let errno = sock::sock_get_send_buf_size(entry.word.get(), at);
    size_result(state, out, errno);
}

#[inline(never)]
pub fn set_send_buffer_size(entry: &Entry, value: u64, out: u32) {
    let errno = match value {
        0 => p1::INVAL,
        _ => sock::sock_set_send_buf_size(entry.word.get(), size(value)),
    };
    small_result(out, errno, 0);
}

/// A new stream on a socket, which is one more user of its fd.
#[inline(never)]
pub fn stream(state: &mut State, kind: u8, socket: u32) -> u32 {
    let handle = state.insert(kind);
    let entry = state.slot(handle);
    entry.flags.set(flag::SOCKET);
    entry.word.set(socket);
    entry.set_wide(0);
    let users = &state.slot(socket).low;
    users.set(users.get() + 1);
    handle
}

exports! {
    /// What a pollable of a socket waits for: `mode` is that of a stream, or 0 for the socket's own.
    "weak:socket-mode"
    fn socket_mode(state, socket: u32, mode: u32) -> u32 {
        let entry = state.slot(socket);
        let flags = entry.flags.get();
        let phase = entry.small.get();
        let mode = match (mode as u8, phase) {
            (0, phase::CONNECTING) => WRITE,
            (0, phase::LISTENING) => READ,
            (READ, _) if flags & NO_RECEIVE != 0 => 0,
            (WRITE, _) if flags & NO_SEND != 0 => 0,
            (mode, _) => mode,
        };
        mode.into()
    }

    /// Whether a stream of a socket was shut down: `CLOSED` or 0.
    "weak:socket-status"
    fn socket_status(state, socket: u32, mode: u32) -> u32 {
        let shut = if mode == u32::from(READ) { NO_RECEIVE } else { NO_SEND };
        if state.slot(socket).flags.get() & shut == 0 { 0 } else { CLOSED }
    }

    /// Waits until a socket may take more, or says whether it would now.
    "weak:socket-writable"
    fn socket_writable(state, socket: u32, block: u32) -> u32 {
        wait_for(&state, state.slot(socket).word.get(), WRITE, block != 0).into()
    }

    "wasi:sockets/instance-network@0.2#instance-network"
    fn instance_network(state) -> u32 {
        insert(&mut state, kind::NETWORK)
    }

    "wasi:sockets/network@0.2#[resource-drop]network"
    fn drop_network(state, handle: u32) {
        state.drop(handle, kind::NETWORK);
    }

    "wasi:sockets/network@0.2#network-error-code"
    fn network_error_code(state, error: u32, out: u32) {
        let out = Out::new(out, 2, 1);
        let entry = state.get(error, kind::ERROR);
        out.u8(0, (entry.flags.get() & flag::SOCKET != 0).into());
        out.u8(1, code(entry.word.get()));
    }
}
