//! `tcp-socket` of `wasi:sockets/types`.

use p1bridge_shim::{Entry, Out};

use crate::address::{check_remote, take};
use crate::network::{self, RECEIVES, SENDS, block, pend, same, small, unit};
use crate::socket::{INVALID_STATE, WOULD_BLOCK, family, phase};
use crate::state::{State, kind as resource};
use crate::tasks::{self, host_drop, host_sink, host_source, kind, resolved_future};
use crate::{p1, sock, tcp, users};

/// What a socket listens with unless it is told.
const BACKLOG: u32 = 128;

#[inline(never)]
fn get(state: &State, handle: u32) -> &Entry {
    state.get(handle, resource::TCP)
}

/// Takes one of the two directions of a connection, which can be done once: an error number.
#[inline(never)]
fn take_direction(state: &State, handle: u32, direction: u8) -> u32 {
    let entry = get(state, handle);
    let flags = entry.flags.get();
    if entry.small.get() != phase::CONNECTED || flags & direction != 0 {
        return INVALID_STATE;
    }
    entry.flags.set(flags | direction);
    users::take(state, handle);
    0
}

/// Begins to connect, or looks what has become of it: gives what it waits for, or 0 when the result is written.
#[allow(clippy::too_many_arguments)]
#[inline(never)]
fn connect(
    state: &mut State,
    stage: u32,
    handle: u32,
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
    let entry = get(state, handle);
    let fd = entry.word.get();
    let mut errno;
    if stage == 0 {
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
        let phase = entry.small.get();
        if phase != phase::UNBOUND && phase != phase::BOUND {
            errno = INVALID_STATE;
        }
        if errno == 0 {
            errno = sock::sock_connect(fd, state.fixed().address_at());
            if errno == 0 || errno == p1::INPROGRESS {
                entry.small.set(phase::CONNECTING);
                return kind::WRITABLE;
            }
            entry.small.set(phase::FAILED);
        }
    } else {
        errno = tcp::connected(state, fd);
        if errno == WOULD_BLOCK {
            return kind::WRITABLE;
        }
        entry.small.set(if errno == 0 {
            phase::CONNECTED
        } else {
            phase::FAILED
        });
    }
    unit(out, errno);
    0
}

provides! {
    "wasi:sockets/types@0.3#[static]tcp-socket.create"
    fn create_tcp_socket(state, family: u32, out: u32) {
        same(out, 20, 4, 4, |out| tcp::create_tcp_socket(family, out));
    }

    "wasi:sockets/types@0.3#[method]tcp-socket.bind"
    fn tcp_bind(state, handle: u32, case: u32, port: u32, a: u32, b: u32, c: u32, d: u32,
        e: u32, f: u32, g: u32, h: u32, i: u32, j: u32, out: u32) {
        let entry = get(&state, handle);
        let errno = take(&state, family(entry), case, port, a, b, c, d, e, f, g, h, i, j);
        unit(out, network::bind(&state, entry, errno, false));
    }

    "wasi:sockets/types@0.3#[method]tcp-socket.connect"
    fn tcp_connect(state, handle: u32, case: u32, port: u32, a: u32, b: u32, c: u32, d: u32,
        e: u32, f: u32, g: u32, h: u32, i: u32, j: u32, out: u32) {
        block(handle, |state, stage| {
            connect(state, stage, handle, case, port, a, b, c, d, e, f, g, h, i, j, out)
        });
    }

    "[pending]wasi:sockets/types@0.3#[method]tcp-socket.connect"
    fn tcp_connect_pending(state, handle: u32, case: u32, port: u32, a: u32, b: u32, c: u32, d: u32,
        e: u32, f: u32, g: u32, h: u32, i: u32, j: u32, out: u32, call: u32) {
        pend(call, handle, |state, stage| {
            connect(state, stage, handle, case, port, a, b, c, d, e, f, g, h, i, j, out)
        });
    }

    "wasi:sockets/types@0.3#[method]tcp-socket.listen"
    fn tcp_listen(state, handle: u32, out: u32) {
        let out = Out::new(out, 20, 4);
        let entry = get(&state, handle);
        let mut errno = network::bind_anywhere(&state, entry);
        if errno == 0 && entry.small.get() != phase::BOUND {
            errno = INVALID_STATE;
        }
        if errno == 0 {
            let backlog = entry.high.get();
            errno = sock::sock_listen(entry.word.get(), if backlog == 0 { BACKLOG } else { backlog });
        }
        if errno != 0 {
            return network::failure(out, errno);
        }
        entry.small.set(phase::LISTENING);
        users::take(&state, handle);
        let stream = host_source(kind::ACCEPT, handle, 0);
        out.u8(0, 0);
        out.u32(4, stream);
    }

    "wasi:sockets/types@0.3#[method]tcp-socket.send"
    fn tcp_send(state, handle: u32, data: u32) -> u32 {
        match take_direction(&state, handle, SENDS) {
            0 => host_sink(data, kind::SEND, handle, 0),
            errno => {
                host_drop(data);
                resolved_future(kind::SEND, errno)
            }
        }
    }

    "wasi:sockets/types@0.3#[method]tcp-socket.receive"
    fn tcp_receive(state, handle: u32, out: u32) {
        let out = Out::new(out, 8, 4);
        match take_direction(&state, handle, RECEIVES) {
            0 => tasks::source(out, kind::RECEIVE, handle, 0),
            errno => tasks::failed_source(out, kind::RECEIVE, errno),
        }
    }

    "wasi:sockets/types@0.3#[method]tcp-socket.get-local-address"
    fn tcp_local_address(state, handle: u32, out: u32) {
        same(out, 36, 4, 4, |out| tcp::tcp_local_address(handle, out));
    }

    "wasi:sockets/types@0.3#[method]tcp-socket.get-remote-address"
    fn tcp_remote_address(state, handle: u32, out: u32) {
        same(out, 36, 4, 4, |out| tcp::tcp_remote_address(handle, out));
    }

    "wasi:sockets/types@0.3#[method]tcp-socket.get-is-listening"
    fn is_listening(state, handle: u32) -> u32 {
        tcp::is_listening(handle)
    }

    "wasi:sockets/types@0.3#[method]tcp-socket.get-address-family"
    fn tcp_address_family(state, handle: u32) -> u32 {
        tcp::tcp_address_family(handle)
    }

    "wasi:sockets/types@0.3#[method]tcp-socket.set-listen-backlog-size"
    fn set_listen_backlog_size(state, handle: u32, value: u64, out: u32) {
        small(out, |out| tcp::set_listen_backlog_size(handle, value, out));
    }

    "wasi:sockets/types@0.3#[method]tcp-socket.get-keep-alive-enabled"
    fn keep_alive_enabled(state, handle: u32, out: u32) {
        small(out, |out| tcp::keep_alive_enabled(handle, out));
    }

    "wasi:sockets/types@0.3#[method]tcp-socket.set-keep-alive-enabled"
    fn set_keep_alive_enabled(state, handle: u32, value: u32, out: u32) {
        small(out, |out| tcp::set_keep_alive_enabled(handle, value, out));
    }

    "wasi:sockets/types@0.3#[method]tcp-socket.get-keep-alive-idle-time"
    fn keep_alive_idle_time(state, handle: u32, out: u32) {
        same(out, 24, 8, 8, |out| tcp::keep_alive_idle_time(handle, out));
    }

    "wasi:sockets/types@0.3#[method]tcp-socket.set-keep-alive-idle-time"
    fn set_keep_alive_idle_time(state, handle: u32, value: u64, out: u32) {
        small(out, |out| tcp::set_keep_alive_idle_time(handle, value, out));
    }

    "wasi:sockets/types@0.3#[method]tcp-socket.get-keep-alive-interval"
    fn keep_alive_interval(state, handle: u32, out: u32) {
        same(out, 24, 8, 8, |out| tcp::keep_alive_interval(handle, out));
    }

    "wasi:sockets/types@0.3#[method]tcp-socket.set-keep-alive-interval"
    fn set_keep_alive_interval(state, handle: u32, value: u64, out: u32) {
        small(out, |out| tcp::set_keep_alive_interval(handle, value, out));
    }

    /// The host has no such option.
    "wasi:sockets/types@0.3#[method]tcp-socket.get-keep-alive-count"
    fn keep_alive_count(state, handle: u32, out: u32) {
        same(out, 20, 4, 4, |out| tcp::keep_alive_count(handle, out));
    }

    "wasi:sockets/types@0.3#[method]tcp-socket.set-keep-alive-count"
    fn set_keep_alive_count(state, handle: u32, value: u32, out: u32) {
        small(out, |out| tcp::set_keep_alive_count(handle, value, out));
    }

    "wasi:sockets/types@0.3#[method]tcp-socket.get-hop-limit"
    fn hop_limit(state, handle: u32, out: u32) {
        small(out, |out| tcp::hop_limit(handle, out));
    }

    "wasi:sockets/types@0.3#[method]tcp-socket.set-hop-limit"
    fn set_hop_limit(state, handle: u32, value: u32, out: u32) {
        small(out, |out| tcp::set_hop_limit(handle, value, out));
    }

    "wasi:sockets/types@0.3#[method]tcp-socket.get-receive-buffer-size"
    fn tcp_receive_buffer_size(state, handle: u32, out: u32) {
        same(out, 24, 8, 8, |out| tcp::tcp_receive_buffer_size(handle, out));
    }

    "wasi:sockets/types@0.3#[method]tcp-socket.set-receive-buffer-size"
    fn tcp_set_receive_buffer_size(state, handle: u32, value: u64, out: u32) {
        small(out, |out| tcp::tcp_set_receive_buffer_size(handle, value, out));
    }

    "wasi:sockets/types@0.3#[method]tcp-socket.get-send-buffer-size"
    fn tcp_send_buffer_size(state, handle: u32, out: u32) {
        same(out, 24, 8, 8, |out| tcp::tcp_send_buffer_size(handle, out));
    }

    "wasi:sockets/types@0.3#[method]tcp-socket.set-send-buffer-size"
    fn tcp_set_send_buffer_size(state, handle: u32, value: u64, out: u32) {
        small(out, |out| tcp::tcp_set_send_buffer_size(handle, value, out));
    }

    "wasi:sockets/types@0.3#[resource-drop]tcp-socket"
    fn drop_tcp_socket(state, handle: u32) {
        tcp::drop_tcp_socket(handle);
    }
}
