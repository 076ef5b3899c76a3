//! `wasi:sockets/udp` and `udp-create-socket`.
//!
//! A socket is never connected for the host, which could not undo it: the streams of a socket with
//! a remote address compare it with that of each datagram. Each stream keeps a copy of it.

use p1bridge_shim::abi::{load8, load32};
use p1bridge_shim::{Entry, Out, bytes, list, trap_if};

use crate::address::{
    SOCKET_ADDRESS, check_remote, forget, is_same, keep, put, recall, take, take_at,
};
use crate::poll::{READ, WRITE, new_pollable, wait_for};
use crate::socket::{
    self, CONFLICT, INVALID_STATE, TOO_LARGE, failure, family, phase, wide_result,
};
use crate::state::{State, flag, kind};
use crate::stream::{drop_stream, weak};
use crate::{exports, p1, sock};

/// The longest datagram.
const LONGEST: u32 = 65507;
/// Bytes of an `incoming-datagram` and of an `outgoing-datagram`.
const INCOMING: u32 = 8 + SOCKET_ADDRESS;
const OUTGOING: u32 = 8 + 4 + SOCKET_ADDRESS;
/// How many datagrams `check-send` permits, always.
const PERMIT: u32 = 16;

#[inline(never)]
fn get(state: &State, handle: u32) -> &Entry {
    state.get(handle, kind::UDP)
}

/// A copy of the address in the buffer, if there is one.
#[inline(never)]
fn copy(state: &mut State, has_remote: bool) -> u32 {
    if has_remote {
        keep(state, state.fixed().address_at())
    } else {
        0
    }
}

/// A stream of datagrams, with its copy of the address in the buffer.
#[inline(never)]
fn datagrams(state: &mut State, kind: u8, socket: u32, has_remote: bool) -> u32 {
    let stream = socket::stream(state, kind, socket);
    let record = copy(state, has_remote);
    state.slot(stream).low.set(record);
    stream
}

/// Gives up a stream of datagrams.
#[inline(never)]
fn give_up(state: &State, stream: u32, kind: u8) {
    forget(state, state.get(stream, kind).low.get());
    drop_stream(state, stream, kind);
}

/// Reads the next datagram that the stream is for into the `LONGEST + 1` bytes at `at`; gives an
/// error number. Its length is in `count`, its sender in the buffer for addresses.
#[inline(never)]
fn receive(state: &State, entry: &Entry, at: u32) -> u32 {
    let fd = state.slot(entry.word.get()).word.get();
    let fixed = state.fixed();
    let sender = fixed.address_at();
    loop {
        let vector = fixed.vector(at, LONGEST + 1);
        let errno = sock::sock_recv_from(fd, vector, 1, 0, sender, fixed.count_at());
        if errno == p1::INTR {
            continue;
        }
        let remote = entry.low.get();
        if errno != 0 || remote == 0 || is_same(state, remote, sender) {
            return errno;
        }
    }
}

/// Sends the `outgoing-datagram` at `from`; gives an error number.
#[inline(never)]
fn send(state: &State, entry: &Entry, from: u32) -> u32 {
    let (at, length) = (load32(from), load32(from + 4));
    let at = bytes(at, length);
    let fixed = state.fixed();
    let to = fixed.address_at();
    let socket = state.slot(entry.word.get());
    let remote = entry.low.get();
    let has_address = load8(from + 8);
    trap_if(has_address > 1);
    if has_address == 1 {
        let mut errno = take_at(state, family(socket), from + 12);
        if errno == 0 {
            errno = check_remote(state);
        }
        if errno == 0 && remote != 0 && !is_same(state, remote, to) {
            errno = p1::INVAL;
        }
        if errno != 0 {
            return errno;
        }
    } else if remote != 0 {
        recall(state, remote, to);
    } else {
        return p1::INVAL;
    }
    if length > LONGEST {
        return TOO_LARGE;
    }
    loop {
        let vector = fixed.vector(at, length);
        let errno = sock::sock_send_to(socket.word.get(), vector, 1, 0, to, fixed.count_at());
        if errno != p1::INTR {
            return errno;
        }
    }
}

exports! {
    "wasi:sockets/udp-create-socket@0.2#create-udp-socket"
    fn create_udp_socket(state, family: u32, out: u32) {
        socket::open(&mut state, kind::UDP, family, sock::DATAGRAM, out);
    }

    "wasi:sockets/udp@0.2#[method]udp-socket.start-bind"
    fn udp_start_bind(state, handle: u32, network: u32, case: u32, port: u32, a: u32, b: u32,
        c: u32, d: u32, e: u32, f: u32, g: u32, h: u32, i: u32, j: u32, out: u32) {
        state.get(network, kind::NETWORK);
        let entry = get(&state, handle);
        let errno = take(&state, family(entry), case, port, a, b, c, d, e, f, g, h, i, j);
        // No address in particular, from which whoever only asks others sends: the host may allow those
        // others and not this.
        let any = port | a | b | c | d | e | f | g | h | i | j == 0;
        socket::bind(&state, entry, out, errno, any);
    }

    "wasi:sockets/udp@0.2#[method]udp-socket.finish-bind"
    fn udp_finish_bind(state, handle: u32, out: u32) {
        socket::step(get(&state, handle), phase::BINDING, phase::BOUND, out);
    }

    "wasi:sockets/udp@0.2#[method]udp-socket.stream"
    fn udp_stream(state, handle: u32, is_some: u32, case: u32, port: u32, a: u32, b: u32,
        c: u32, d: u32, e: u32, f: u32, g: u32, h: u32, i: u32, j: u32, out: u32) {
        let out = Out::new(out, 12, 4);
        trap_if(is_some > 1);
        let has_remote = is_some == 1;
        let entry = get(&state, handle);
        let mut errno = match entry.small.get() {
            phase::BOUND => 0,
            phase::BINDING => CONFLICT,
            _ => INVALID_STATE,
        };
        if errno == 0 && has_remote {
            errno = take(&state, family(entry), case, port, a, b, c, d, e, f, g, h, i, j);
            if errno == 0 {
                errno = check_remote(&state);
            }
        }
        if errno == 0 {
            forget(&state, entry.high.replace(0));
            errno = p1::NOMEM;
            // Two streams, and three records of two slots.
            if state.has_room(if has_remote { 8 } else { 2 }) {
                let record = copy(&mut state, has_remote);
                state.slot(handle).high.set(record);
                out.u8(0, 0);
                out.u32(4, datagrams(&mut state, kind::DATAGRAMS_IN, handle, has_remote));
                out.u32(8, datagrams(&mut state, kind::DATAGRAMS_OUT, handle, has_remote));
                return;
            }
        }
        failure(out, 4, errno);
    }

    "wasi:sockets/udp@0.2#[method]udp-socket.local-address"
    fn udp_local_address(state, handle: u32, out: u32) {
        socket::local_address(&state, get(&state, handle), out);
    }

    "wasi:sockets/udp@0.2#[method]udp-socket.remote-address"
    fn udp_remote_address(state, handle: u32, out: u32) {
        let record = get(&state, handle).high.get();
        let mut errno = INVALID_STATE;
        if record != 0 {
            recall(&state, record, state.fixed().address_at());
            errno = 0;
        }
        socket::address_result(&mut state, out, errno);
    }

    "wasi:sockets/udp@0.2#[method]udp-socket.address-family"
    fn udp_address_family(state, handle: u32) -> u32 {
        family(get(&state, handle))
    }

    "wasi:sockets/udp@0.2#[method]udp-socket.unicast-hop-limit"
    fn unicast_hop_limit(state, handle: u32, out: u32) {
        socket::hop_limit(&state, get(&state, handle), out);
    }

    "wasi:sockets/udp@0.2#[method]udp-socket.set-unicast-hop-limit"
    fn set_unicast_hop_limit(state, handle: u32, value: u32, out: u32) {
        socket::set_hop_limit(get(&state, handle), value, out);
    }

    "wasi:sockets/udp@0.2#[method]udp-socket.receive-buffer-size"
    fn udp_receive_buffer_size(state, handle: u32, out: u32) {
        socket::receive_buffer_size(&state, get(&state, handle), out);
    }

    "wasi:sockets/udp@0.2#[method]udp-socket.set-receive-buffer-size"
    fn udp_set_receive_buffer_size(state, handle: u32, value: u64, out: u32) {
        socket::set_receive_buffer_size(get(&state, handle), value, out);
    }

    "wasi:sockets/udp@0.2#[method]udp-socket.send-buffer-size"
    fn udp_send_buffer_size(state, handle: u32, out: u32) {
        socket::send_buffer_size(&state, get(&state, handle), out);
    }

    "wasi:sockets/udp@0.2#[method]udp-socket.set-send-buffer-size"
    fn udp_set_send_buffer_size(state, handle: u32, value: u64, out: u32) {
        socket::set_send_buffer_size(get(&state, handle), value, out);
    }

    "wasi:sockets/udp@0.2#[method]udp-socket.subscribe"
    fn udp_subscribe(state, handle: u32) -> u32 {
        get(&state, handle);
        new_pollable(&mut state, flag::SOCKET, handle, 0)
    }

    "wasi:sockets/udp@0.2#[resource-drop]udp-socket"
    fn drop_udp_socket(state, handle: u32) {
        let entry = get(&state, handle);
        forget(&state, entry.high.replace(0));
        entry.kind.set(kind::ORPHAN);
        weak::release(handle);
    }

    /// One datagram at most: the host tells the length of one only by reading it.
    "wasi:sockets/udp@0.2#[method]incoming-datagram-stream.receive"
    fn incoming_receive(state, handle: u32, most: u64, out: u32) {
        let out = Out::new(out, 12, 4);
        let entry = state.get(handle, kind::DATAGRAMS_IN);
        let fd = state.slot(entry.word.get()).word.get();
        let mut count = 0;
        let mut errno = p1::AGAIN;
        let mut at = 0;
        if most != 0 && wait_for(&state, fd, READ, false) {
            at = state.allocate(1, LONGEST + 1);
            errno = receive(&state, state.get(handle, kind::DATAGRAMS_IN), at);
            if errno == 0 {
                count = state.fixed().count.get();
            }
            at = state.shrink(at, LONGEST + 1, count);
        }
        if errno == p1::AGAIN {
            errno = 0;
            out.list(4, state.allocate(4, 0), 0);
        } else if errno == 0 && count > LONGEST {
            errno = TOO_LARGE;
        } else if errno == 0 {
            let datagrams = state.allocate(4, INCOMING);
            let datagram = Out::element(datagrams);
            datagram.list(0, at, count);
            put(datagram.part(8), state.fixed().address_at());
            out.list(4, datagrams, 1);
        }
        out.u8(0, 0);
        if errno != 0 {
            failure(out, 4, errno);
        }
    }

    "wasi:sockets/udp@0.2#[method]incoming-datagram-stream.subscribe"
    fn incoming_subscribe(state, handle: u32) -> u32 {
        let socket = state.get(handle, kind::DATAGRAMS_IN).word.get();
        new_pollable(&mut state, READ | flag::SOCKET, socket, 0)
    }

    "wasi:sockets/udp@0.2#[resource-drop]incoming-datagram-stream"
    fn drop_incoming(state, handle: u32) {
        give_up(&state, handle, kind::DATAGRAMS_IN);
    }

    "wasi:sockets/udp@0.2#[method]outgoing-datagram-stream.check-send"
    fn check_send(state, handle: u32, out: u32) {
        state.get(handle, kind::DATAGRAMS_OUT);
        wide_result(out, 0, PERMIT.into());
    }

    /// An error after the first datagram comes with the next call.
    "wasi:sockets/udp@0.2#[method]outgoing-datagram-stream.send"
    fn outgoing_send(state, handle: u32, datagrams: u32, length: u32, out: u32) {
        let datagrams = list(datagrams, length, OUTGOING, 4);
        trap_if(length > PERMIT);
        let entry = state.get(handle, kind::DATAGRAMS_OUT);
        let mut sent = 0;
        let mut errno = 0;
        while sent < length && errno == 0 {
            errno = send(&state, entry, datagrams + sent * OUTGOING);
            sent += u32::from(errno == 0);
        }
        if sent != 0 || errno == p1::AGAIN {
            errno = 0;
        }
        wide_result(out, errno, sent.into());
    }

    "wasi:sockets/udp@0.2#[method]outgoing-datagram-stream.subscribe"
    fn outgoing_subscribe(state, handle: u32) -> u32 {
        let socket = state.get(handle, kind::DATAGRAMS_OUT).word.get();
        new_pollable(&mut state, WRITE | flag::SOCKET, socket, 0)
    }

    "wasi:sockets/udp@0.2#[resource-drop]outgoing-datagram-stream"
    fn drop_outgoing(state, handle: u32) {
        give_up(&state, handle, kind::DATAGRAMS_OUT);
    }
}
