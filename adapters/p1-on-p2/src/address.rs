//! Addresses of sockets: as WAMR has them, in the program's memory, and as WASI does, as values and in the library's own.
//!
//! WAMR's take 24 bytes: a `u32` that is 0 for IPv4 and 1 for IPv6; then 4 bytes and a port, or 8 numbers of 16 bits and a port.
//! Numbers have the byte order of the machine.

use p1bridge_shim::abi::{load8, load16, load32, load64, store16, store32, store64};

use crate::given::state::{self, RESULT};
use crate::network;

/// What an address is for: to bind a socket of TCP to it or one of UDP, to connect one of TCP, to have UDP's streams.
pub const BIND_TCP: u32 = 0;
pub const BIND_UDP: u32 = 1;
pub const CONNECT: u32 = 2;
pub const STREAM: u32 = 3;

/// Where an address is that is none in particular; no program has one there.
pub const ANY: u32 = 0;

/// Whether the family of an address of the program is IPv4 or IPv6.
#[inline(always)]
pub fn is_known(at: u32) -> bool {
    load32(at) <= 1
}

/// Calls the host with an address, that at `at` in the program's memory, or any of a family; the result is at [`RESULT`].
#[inline(never)]
pub fn call(what: u32, socket: u32, family: u32, at: u32) {
    let (mut case, mut port) = (family, 0);
    let (mut a, mut b, mut c, mut d) = (0, 0, 0, 0);
    let (mut e, mut f, mut g, mut h, mut i) = (0, 0, 0, 0, 0);
    if at != ANY {
        case = load32(at);
        if case == 0 {
            port = load16(at + 8);
            a = load8(at + 4);
            b = load8(at + 5);
            c = load8(at + 6);
            d = load8(at + 7);
        } else {
            // First is the flow info, last the scope: WAMR has neither.
            case = 1;
            port = load16(at + 20);
            b = load16(at + 4);
            c = load16(at + 6);
            d = load16(at + 8);
            e = load16(at + 10);
            f = load16(at + 12);
            g = load16(at + 14);
            h = load16(at + 16);
            i = load16(at + 18);
        }
    }
    // Each by its name: a library has no table of functions.
    macro_rules! start {
        ($function:ident, $first:expr) => {
            network::$function(
                socket, $first, case, port, a, b, c, d, e, f, g, h, i, 0, RESULT,
            )
        };
    }
    match what {
        BIND_TCP => start!(start_bind_tcp, network::network()),
        BIND_UDP => start!(start_bind_udp, network::network()),
        CONNECT => start!(start_connect, network::network()),
        _ => start!(stream, (at != ANY).into()),
    }
}

/// Writes an address of the program as an `ip-socket-address`.
#[inline(always)]
pub fn give(to: u32, from: u32) {
    if load32(from) == 0 {
        state::store32(to, 0);
        state::store64(
            to + 4,
            u64::from(load16(from + 8)) | u64::from(load32(from + 4)) << 16,
        );
    } else {
        state::store32(to, 1);
        state::store64(to + 4, load16(from + 20).into());
        state::store64(to + 12, load64(from + 4));
        state::store64(to + 20, load64(from + 12));
        state::store32(to + 28, 0);
    }
}

/// Writes an `ip-socket-address` to the program's memory.
#[inline(never)]
pub fn put(to: u32, from: u32) {
    let port = state::load16(from + 4);
    if state::load8(from) == 0 {
        put_v4(to, state::load32(from + 6), port);
    } else {
        put_v6(to, from + 12, port);
    }
}

/// Writes an `ip-address` with a port to the program's memory.
#[inline(always)]
pub fn put_ip(to: u32, from: u32, port: u32) {
    if state::load8(from) == 0 {
        put_v4(to, state::load32(from + 2), port);
    } else {
        put_v6(to, from + 2, port);
    }
}

#[inline(never)]
fn put_v4(to: u32, bytes: u32, port: u32) {
    store32(to, 0);
    store32(to + 4, bytes);
    store16(to + 8, port);
}

#[inline(never)]
fn put_v6(to: u32, words: u32, port: u32) {
    store32(to, 1);
    store64(to + 4, state::load64(words));
    store64(to + 12, state::load64(words + 8));
    store16(to + 20, port);
}

/// Writes no address in particular.
#[inline(always)]
pub fn put_any(to: u32, family: u32) {
    let mut at = to;
    while at != to + 24 {
        store64(at, 0);
        at += 8;
    }
    store32(to, family);
}
