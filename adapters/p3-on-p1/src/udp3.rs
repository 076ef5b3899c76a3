//! `udp-socket` of `wasi:sockets/types`.
//!
//! A socket is never connected for the host, which could not undo it: it compares the sender of each datagram
//! with its remote address.

use p1bridge_shim::{Entry, Out, bytes, trap_if};

use crate::address::{SOCKET_ADDRESS, check_remote, forget, is_same, keep, put, recall, take};
use crate::network::{self, same, small, unit};
use crate::socket::{INVALID_STATE, TOO_LARGE, family, phase};
use crate::state::{State, kind as resource};
use crate::tasks::{host_wait, kind};
use crate::{p1, sock, udp};

/// The longest datagram.
const LONGEST: u32 = 65507;

#[inline(never)]
fn get(state: &State, handle: u32) -> &Entry {
    state.get(handle, resource::UDP)
}

/// Reads the next datagram that a socket is for into the `LONGEST + 1` bytes at `at`; gives an error number. Its length
/// is in `count`, its sender in the buffer for addresses.
#[inline(never)]
fn next(state: &State, handle: u32, at: u32) -> u32 {
    let fixed = state.fixed();
    let sender = fixed.address_at();
    let (fd, remote) = (get(state, handle).word.get(), get(state, handle).high.get());
    loop {
        let vector = fixed.vector(at, LONGEST + 1);
        let errno = sock::sock_recv_from(fd, vector, 1, 0, sender, fixed.count_at());
        if errno == p1::INTR {
            continue;
        }
        if errno != 0 || remote == 0 || is_same(state, remote, sender) {
            return errno;
        }
    }
}

provides! {
    "wasi:sockets/types@0.3#[static]udp-socket.create"
    fn create_udp_socket(state, family: u32, out: u32) {
        same(out, 20, 4, 4, |out| udp::create_udp_socket(family, out));
    }

    "wasi:sockets/types@0.3#[method]udp-socket.bind"
    fn udp_bind(state, handle: u32, case: u32, port: u32, a: u32, b: u32, c: u32, d: u32,
        e: u32, f: u32, g: u32, h: u32, i: u32, j: u32, out: u32) {
        let entry = get(&state, handle);
        let errno = take(&state, family(entry), case, port, a, b, c, d, e, f, g, h, i, j);
        // See `udp.rs`.
        let any = port | a | b | c | d | e | f | g | h | i | j == 0;
        unit(out, network::bind(&state, entry, errno, any));
    }

    "wasi:sockets/types@0.3#[method]udp-socket.connect"
    fn udp_connect(state, handle: u32, case: u32, port: u32, a: u32, b: u32, c: u32, d: u32,
        e: u32, f: u32, g: u32, h: u32, i: u32, j: u32, out: u32) {
        let entry = get(&state, handle);
        let mut errno = take(&state, family(entry), case, port, a, b, c, d, e, f, g, h, i, j);
        if errno == 0 {
            errno = check_remote(&state);
        }
        if errno == 0 && entry.small.get() == phase::UNBOUND {
            errno = network::bind_anywhere(&state, entry);
            take(&state, family(entry), case, port, a, b, c, d, e, f, g, h, i, j);
        }
        if errno == 0 {
            forget(&state, entry.high.replace(0));
            let at = state.fixed().address_at();
            let record = keep(&mut state, at);
            get(&state, handle).high.set(record);
            if record == 0 {
                errno = p1::NOMEM;
            }
        }
        unit(out, errno);
    }

    "wasi:sockets/types@0.3#[method]udp-socket.disconnect"
    fn udp_disconnect(state, handle: u32, out: u32) {
        let record = get(&state, handle).high.replace(0);
        forget(&state, record);
        unit(out, if record == 0 { INVALID_STATE } else { 0 });
    }

    "wasi:sockets/types@0.3#[method]udp-socket.send"
    fn udp_send(state, handle: u32, data: u32, length: u32, is_some: u32, case: u32, port: u32,
        a: u32, b: u32, c: u32, d: u32, e: u32, f: u32, g: u32, h: u32, i: u32, j: u32, out: u32) {
        trap_if(is_some > 1);
        let _ = bytes(data, length);
        let remote = get(&state, handle).high.get();
        let mut errno = network::bind_anywhere(&state, get(&state, handle));
        if errno != 0 {
            return unit(out, errno);
        }
        loop {
            let to = state.fixed().address_at();
            let entry = get(&state, handle);
            if is_some == 1 {
                errno = take(&state, family(entry), case, port, a, b, c, d, e, f, g, h, i, j);
                if errno == 0 {
                    errno = check_remote(&state);
                }
                if errno == 0 && remote != 0 && !is_same(&state, remote, to) {
                    errno = p1::INVAL;
                }
            } else if remote != 0 {
                recall(&state, remote, to);
            } else {
                errno = p1::INVAL;
            }
            if errno == 0 && length > LONGEST {
                errno = TOO_LARGE;
            }
            if errno != 0 {
                return unit(out, errno);
            }
            let fixed = state.fixed();
            let vector = fixed.vector(bytes(data, length), length);
            errno = sock::sock_send_to(entry.word.get(), vector, 1, 0, to, fixed.count_at());
            if errno == p1::AGAIN {
                host_wait(kind::WRITABLE, handle);
                // Everything may be elsewhere now.
                state = unsafe { State::enter() };
            } else if errno != p1::INTR {
                return unit(out, errno);
            }
        }
    }

    "wasi:sockets/types@0.3#[method]udp-socket.receive"
    fn udp_receive(state, handle: u32, out: u32) {
        let out = Out::new(out, 12 + SOCKET_ADDRESS, 4);
        if get(&state, handle).small.get() != phase::BOUND {
            return network::failure(out, INVALID_STATE);
        }
        loop {
            host_wait(kind::READABLE, handle);
            state = unsafe { State::enter() };
            let at = state.allocate(1, LONGEST + 1);
            let errno = next(&state, handle, at);
            let mut count = state.fixed().count.get();
            if errno != 0 {
                count = 0;
            }
            let at = state.shrink(at, LONGEST + 1, count);
            if errno == p1::AGAIN {
                continue;
            }
            if errno != 0 {
                return network::failure(out, errno);
            }
            if count > LONGEST {
                return network::failure(out, TOO_LARGE);
            }
            out.u8(0, 0);
            out.list(4, at, count);
            put(out.part(12), state.fixed().address_at());
            return;
        }
    }

    "wasi:sockets/types@0.3#[method]udp-socket.get-local-address"
    fn udp_local_address(state, handle: u32, out: u32) {
        same(out, 36, 4, 4, |out| udp::udp_local_address(handle, out));
    }

    "wasi:sockets/types@0.3#[method]udp-socket.get-remote-address"
    fn udp_remote_address(state, handle: u32, out: u32) {
        same(out, 36, 4, 4, |out| udp::udp_remote_address(handle, out));
    }

    "wasi:sockets/types@0.3#[method]udp-socket.get-address-family"
    fn udp_address_family(state, handle: u32) -> u32 {
        udp::udp_address_family(handle)
    }

    "wasi:sockets/types@0.3#[method]udp-socket.get-unicast-hop-limit"
    fn unicast_hop_limit(state, handle: u32, out: u32) {
        small(out, |out| udp::unicast_hop_limit(handle, out));
    }

    "wasi:sockets/types@0.3#[method]udp-socket.set-unicast-hop-limit"
    fn set_unicast_hop_limit(state, handle: u32, value: u32, out: u32) {
        small(out, |out| udp::set_unicast_hop_limit(handle, value, out));
    }

    "wasi:sockets/types@0.3#[method]udp-socket.get-receive-buffer-size"
    fn udp_receive_buffer_size(state, handle: u32, out: u32) {
        same(out, 24, 8, 8, |out| udp::udp_receive_buffer_size(handle, out));
    }

    "wasi:sockets/types@0.3#[method]udp-socket.set-receive-buffer-size"
    fn udp_set_receive_buffer_size(state, handle: u32, value: u64, out: u32) {
        small(out, |out| udp::udp_set_receive_buffer_size(handle, value, out));
    }

    "wasi:sockets/types@0.3#[method]udp-socket.get-send-buffer-size"
    fn udp_send_buffer_size(state, handle: u32, out: u32) {
        same(out, 24, 8, 8, |out| udp::udp_send_buffer_size(handle, out));
    }

    "wasi:sockets/types@0.3#[method]udp-socket.set-send-buffer-size"
    fn udp_set_send_buffer_size(state, handle: u32, value: u64, out: u32) {
        small(out, |out| udp::udp_set_send_buffer_size(handle, value, out));
    }

    "wasi:sockets/types@0.3#[resource-drop]udp-socket"
    fn drop_udp_socket(state, handle: u32) {
        udp::drop_udp_socket(handle);
    }
}
