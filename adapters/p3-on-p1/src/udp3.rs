//! `udp-socket` of `wasi:sockets/types`.
//!
//! A socket is never connected for the host, which could not undo it: it compares the sender of each datagram
//! with its remote address.

use p1bridge_shim::{Entry, Out, bytes, trap_if};

use crate::address::{SOCKET_ADDRESS, check_remote, forget, is_same, keep, put, recall, take};
use crate::network::{self, block, pend, same, small, unit};
use crate::socket::{INVALID_STATE, TOO_LARGE, family, phase};
use crate::state::{State, kind as resource};
use crate::tasks::kind;
use crate::{io, p1, sock, udp};

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

/// Sends a datagram: gives what it waits for, or 0 when the result is written.
#[allow(clippy::too_many_arguments)]
#[inline(never)]
fn send(
    state: &mut State,
    handle: u32,
    data: u32,
    length: u32,
    is_some: u32,
    case: u32,
    port: u32,
    a: u32,
    b: u32,
    c: u32,
    d: u32,
    e: u32,
    f: u32,
    g: u32,
    h: u32,
    i: u32,
    j: u32,
    out: u32,
) -> u32 {
    trap_if(is_some > 1);
    let data = bytes(data, length);
    let entry = get(state, handle);
    let remote = entry.high.get();
    let mut errno = network::bind_anywhere(state, entry);
    let to = state.fixed().address_at();
    if errno == 0 {
        if is_some == 1 {
            errno = take(
                state,
                family(entry),
                case,
                port,
                a,
                b,
                c,
                d,
                e,
                f,
                g,
                h,
                i,
                j,
            );
            if errno == 0 {
                errno = check_remote(state);
            }
            if errno == 0 && remote != 0 && !is_same(state, remote, to) {
                errno = p1::INVAL;
            }
        } else if remote != 0 {
            recall(state, remote, to);
        } else {
            errno = p1::INVAL;
        }
    }
    if errno == 0 && length > LONGEST {
        errno = TOO_LARGE;
    }
    while errno == 0 {
        let fixed = state.fixed();
        let vector = fixed.vector(data, length);
        match sock::sock_send_to(entry.word.get(), vector, 1, 0, to, fixed.count_at()) {
            p1::AGAIN => return kind::WRITABLE,
            p1::INTR => {}
            0 => break,
            other => errno = other,
        }
    }
    unit(out, errno);
    0
}

/// Receives a datagram: gives what it waits for, or 0 when the result is written.
#[inline(never)]
fn receive(state: &mut State, handle: u32, out: u32) -> u32 {
    let out = Out::new(out, 12 + SOCKET_ADDRESS, 4);
    let entry = get(state, handle);
    if entry.small.get() != phase::BOUND {
        network::failure(out, INVALID_STATE);
        return 0;
    }
    // Nobody allocates for a datagram that is not there.
    if !io::is_ready(state, entry.word.get(), 0) {
        return kind::READABLE;
    }
    let at = state.allocate(1, LONGEST + 1);
    let mut errno = next(state, handle, at);
    let mut count = state.fixed().count.get();
    if errno != 0 {
        count = 0;
    }
    let at = state.shrink(at, LONGEST + 1, count);
    if errno == p1::AGAIN {
        return kind::READABLE;
    }
    if count > LONGEST {
        errno = TOO_LARGE;
    }
    if errno != 0 {
        network::failure(out, errno);
        return 0;
    }
    out.u8(0, 0);
    out.list(4, at, count);
    put(out.part(12), state.fixed().address_at());
    0
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
        block(handle, |state, _| {
            send(state, handle, data, length, is_some, case, port, a, b, c, d, e, f, g, h, i, j, out)
        });
    }

    "[pending]wasi:sockets/types@0.3#[method]udp-socket.send"
    fn udp_send_pending(state, handle: u32, data: u32, length: u32, is_some: u32, case: u32, port: u32,
        a: u32, b: u32, c: u32, d: u32, e: u32, f: u32, g: u32, h: u32, i: u32, j: u32, out: u32, call: u32) {
        pend(call, handle, |state, _| {
            send(state, handle, data, length, is_some, case, port, a, b, c, d, e, f, g, h, i, j, out)
        });
    }

    "wasi:sockets/types@0.3#[method]udp-socket.receive"
    fn udp_receive(state, handle: u32, out: u32) {
        block(handle, |state, _| receive(state, handle, out));
    }

    "[pending]wasi:sockets/types@0.3#[method]udp-socket.receive"
    fn udp_receive_pending(state, handle: u32, out: u32, call: u32) {
        pend(call, handle, |state, _| receive(state, handle, out));
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
