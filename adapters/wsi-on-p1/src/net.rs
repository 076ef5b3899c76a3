//! `net`: connections, which Preview 1 has too, and the sockets of WAMR.

use p1bridge_shim::abi::{load8, load32, store8, store32};

use crate::address::{ADDRESS, INET4, put, take, take_without_scope};
use crate::frame::{again, done, frame, negative, number, result};
use crate::sock::has_sockets;
use crate::{exports, p1, sock};

/// What the linker binds only for hosts with functions for sockets.
mod weak {
    #[link(wasm_import_module = "if p1bridge:sockets")]
    unsafe extern "C" {
        #[link_name = "weak:accepted"]
        pub safe fn accepted(fd: u32, addr: u32) -> i32;
        #[link_name = "weak:send-to"]
        pub safe fn send_to(fd: u32, iov: u32, n: u32, addr: u32) -> i32;
        #[link_name = "weak:recv-from"]
        pub safe fn recv_from(fd: u32, iov: u32, n: u32, flags: u32, addr: u32) -> i32;
    }
}

mod import {
    #[link(wasm_import_module = "p1bridge")]
    unsafe extern "C" {
        /// The guest's stack pointer, with room below it for a look-up.
        pub safe fn frame_names() -> u32;
    }
}

/// `kind` of `socket`.
const STREAM: u32 = 1;
const DATAGRAM: u32 = 2;
/// `how` of `shutdown`.
const BOTH: u32 = 3;

/// The frame of a look-up: the name and a NUL, hints, the addresses that are found, and how many.
const NAMES: u32 = 560;
const LONGEST: u32 = 255;
const HINTS: u32 = 256;
const INFOS: u32 = 320;
const MOST: u32 = 8;
const FOUND: u32 = INFOS + MOST * sock::INFO;
/// Where `sock_addr_resolve` has the type of socket and the family, and that they count.
const HINT: [u32; 3] = [0, 4, 8];

exports! {
    "wsi:sys/net@0.1#socket"
    fn socket(family: u32, kind: u32) -> i32 {
        let ty = match kind {
            STREAM => sock::STREAM,
            DATAGRAM => sock::DATAGRAM,
            _ => return negative(p1::NOTSUP),
        };
        if family.wrapping_sub(INET4) > 1 {
            return negative(p1::AFNOSUPPORT);
        }
        let at = result();
        number(at, || sock::sock_open(sock::ANY_POOL, family - INET4, ty, at))
    }

    // WAMR makes a bound socket linger.
    "wsi:sys/net@0.1#bind"
    fn bind(fd: u32, addr: u32) -> i32 {
        let at = frame();
        let mut errno = take(addr, at);
        if errno == 0 {
            errno = sock::sock_bind(fd, at);
            sock::sock_set_linger(fd, 0, 0);
        }
        negative(errno)
    }

    "wsi:sys/net@0.1#connect"
    fn connect(fd: u32, addr: u32) -> i32 {
        let at = frame();
        let mut errno = take(addr, at);
        if errno == 0 {
            errno = sock::sock_connect(fd, at);
        }
        negative(errno)
    }

    "wsi:sys/net@0.1#listen"
    fn listen(fd: u32, backlog: u32) -> i32 {
        negative(sock::sock_listen(fd, backlog))
    }

    "wsi:sys/net@0.1#accept"
    fn accept(fd: u32, flags: u32, addr: u32) -> i32 {
        if addr != 0 && has_sockets() == 0 {
            return negative(p1::NOTSUP);
        }
        let at = result();
        let accepted = number(at, || p1::sock_accept(fd, flags, at));
        if accepted < 0 || has_sockets() == 0 {
            return accepted;
        }
        weak::accepted(accepted as u32, addr)
    }

    // WAMR makes an accepted socket linger.
    "weak:accepted"
    fn accepted(fd: u32, addr: u32) -> i32 {
        sock::sock_set_linger(fd, 0, 0);
        if addr != 0 {
            named(fd, 1, addr);
        }
        fd as i32
    }

    "wsi:sys/net@0.1#send"
    fn send(fd: u32, iov: u32, n: u32, flags: u32, addr: u32) -> i32 {
        if flags != 0 || addr != 0 && has_sockets() == 0 {
            return negative(p1::NOTSUP);
        }
        if addr != 0 {
            return weak::send_to(fd, iov, n, addr);
        }
        let at = result();
        number(at, || p1::sock_send(fd, iov, n, 0, at))
    }

    "weak:send-to"
    fn send_to(fd: u32, iov: u32, n: u32, addr: u32) -> i32 {
        let at = frame();
        let errno = take(addr, at);
        if errno != 0 {
            return negative(errno);
        }
        number(at + ADDRESS, || sock::sock_send_to(fd, iov, n, 0, at, at + ADDRESS))
    }

    "wsi:sys/net@0.1#recv"
    fn recv(fd: u32, iov: u32, n: u32, flags: u32, addr: u32) -> i32 {
        if addr != 0 {
            return match has_sockets() {
                0 => negative(p1::NOTSUP),
                _ => weak::recv_from(fd, iov, n, flags, addr),
            };
        }
        let at = result();
        number(at, || p1::sock_recv(fd, iov, n, flags, at, at + 4))
    }

    "weak:recv-from"
    fn recv_from(fd: u32, iov: u32, n: u32, flags: u32, addr: u32) -> i32 {
        let at = frame();
        let received = number(at + ADDRESS, || {
            sock::sock_recv_from(fd, iov, n, flags, at, at + ADDRESS)
        });
        if received >= 0 {
            put(at, addr);
        }
        received
    }

    // WAMR shuts down both directions, whichever it is asked for.
    "wsi:sys/net@0.1#shutdown"
    fn shutdown(fd: u32, how: u32) -> i32 {
        let errno = if how.wrapping_sub(1) >= BOTH {
            p1::INVAL
        } else if how != BOTH && has_sockets() != 0 {
            p1::NOTSUP
        } else {
            p1::sock_shutdown(fd, how)
        };
        negative(errno)
    }

    "wsi:sys/net@0.1#name"
    fn name(fd: u32, peer: u32, addr: u32) -> i32 {
        named(fd, peer, addr)
    }

    "wsi:sys/net@0.1#group"
    fn group(fd: u32, addr: u32, join: u32) -> i32 {
        let at = frame();
        let scope = load32(addr + 4);
        let errno = take_without_scope(addr, at);
        if errno != 0 {
            return negative(errno);
        }
        negative(match join {
            0 => sock::sock_set_ip_drop_membership(fd, at, scope),
            _ => sock::sock_set_ip_add_membership(fd, at, scope),
        })
    }

    "wsi:sys/net@0.1#resolve"
    fn resolve(name: u32, len: u32, addrs: u32, n: u32) -> i32 {
        if len.wrapping_sub(1) >= LONGEST {
            return negative(p1::INVAL);
        }
        let at = import::frame_names() - NAMES;
        let mut index = 0;
        while index != len {
            let byte = load8(name + index);
            // It would end there.
            if byte == 0 {
                return negative(p1::INVAL);
            }
            store8(at + index, byte);
            index += 1;
        }
        store8(at + len, 0);
        // Of one type of socket, or each address would come several times.
        store32(at + HINTS + HINT[0], sock::STREAM);
        store32(at + HINTS + HINT[1], sock::ANY_FAMILY);
        store32(at + HINTS + HINT[2], 1);
        let found = number(at + FOUND, || {
            sock::sock_addr_resolve(at, at + len, at + HINTS, at + INFOS, MOST, at + FOUND)
        });
        if found < 0 {
            return found;
        }
        let mut count = (found as u32).min(MOST).min(n);
        let all = count as i32;
        while count != 0 {
            count -= 1;
            put(at + INFOS + count * sock::INFO, addrs + count * ADDRESS);
        }
        all
    }
}

/// Writes the address of a socket or its peer.
#[inline(never)]
fn named(fd: u32, peer: u32, addr: u32) -> i32 {
    let at = frame();
    let result = done(|| match peer {
        0 => sock::sock_addr_local(fd, at),
        _ => sock::sock_addr_remote(fd, at),
    });
    if result == 0 {
        put(at, addr);
    }
    result
}

/// Why a connection did not come about, as an error number; 0 if it did. WAMR's events do not tell: the address of a
/// peer does, and then a read has the reason.
#[inline(never)]
pub fn connected(fd: u32) -> u32 {
    let at = frame();
    if sock::sock_addr_remote(fd, at) == 0 {
        return 0;
    }
    store32(at, at + 24);
    store32(at + 4, 1);
    match again(|| p1::sock_recv(fd, at, 1, 1, at + 8, at + 12)) {
        0 => p1::NOTCONN,
        p1::AGAIN => 0,
        errno => errno,
    }
}
