//! `wasi:sockets/tcp` and `tcp-create-socket`.

use p1bridge_shim::{Entry, Out, trap_if};

use crate::address::{check_remote, take};
use crate::poll::{WRITE, new_pollable, wait_for};
use crate::sock::has_sockets;
use crate::socket::{
    self, CONFLICT, INVALID_STATE, NO_RECEIVE, NO_SEND, NOT_IN_PROGRESS, NOT_SUPPORTED,
    SOCKET_LIMIT, WOULD_BLOCK, failure, family, fill, phase, small_result, stream, wide_result,
};
use crate::state::{State, flag, kind};
use crate::stream::weak;
use crate::{exports, p1, sock};

const SECOND: u64 = 1_000_000_000;
/// What a socket listens with unless it is told.
const BACKLOG: u32 = 128;

mod import {
    #[link(wasm_import_module = "if p1bridge:sockets")]
    unsafe extern "C" {
        #[link_name = "weak:no-linger"]
        pub safe fn no_linger(fd: u32);
    }
}

/// Makes a new socket send what is left when it is closed. Preview 1 itself has `sock_accept` and
/// nothing to set.
fn linger(fd: u32) {
    if has_sockets() != 0 {
        import::no_linger(fd);
    }
}

#[inline(never)]
fn get(state: &State, handle: u32) -> &Entry {
    state.get(handle, kind::TCP)
}

/// Whether a connection came about, as an error number. The host's events do not tell: the
/// address of a peer does, and then a read has the reason.
#[inline(never)]
pub fn connected(state: &State, fd: u32) -> u32 {
    let fixed = state.fixed();
    if !wait_for(state, fd, WRITE, false) {
        return WOULD_BLOCK;
    }
    if sock::sock_addr_remote(fd, fixed.address_at()) == 0 {
        return 0;
    }
    let vector = fixed.vector(fixed.scratch_at(), 1);
    match sock::sock_recv(fd, vector, 1, 0, fixed.count_at(), fixed.result_at()) {
        0 => socket::UNKNOWN,
        errno => errno,
    }
}

/// A time of whole seconds from one in nanoseconds, rounded up; 0 is invalid.
fn seconds(duration: u64) -> u32 {
    socket::size(duration.div_ceil(SECOND))
}

#[inline(never)]
fn seconds_result(state: &State, out: u32, errno: u32) {
    let seconds = u64::from(state.fixed().result(0) as u32);
    wide_result(out, errno, seconds * SECOND);
}

exports! {
    "weak:no-linger"
    fn no_linger(state, fd: u32) {
        sock::sock_set_linger(fd, 0, 0);
    }

    "wasi:sockets/tcp-create-socket@0.2#create-tcp-socket"
    fn create_tcp_socket(state, family: u32, out: u32) {
        socket::open(&mut state, kind::TCP, family, sock::STREAM, out);
    }

    "wasi:sockets/tcp@0.2#[method]tcp-socket.start-bind"
    fn tcp_start_bind(state, handle: u32, network: u32, case: u32, port: u32, a: u32, b: u32,
        c: u32, d: u32, e: u32, f: u32, g: u32, h: u32, i: u32, j: u32, out: u32) {
        state.get(network, kind::NETWORK);
        let entry = get(&state, handle);
        let errno = take(&state, family(entry), case, port, a, b, c, d, e, f, g, h, i, j);
        socket::bind(&state, entry, out, errno, false);
    }

    "wasi:sockets/tcp@0.2#[method]tcp-socket.finish-bind"
    fn tcp_finish_bind(state, handle: u32, out: u32) {
        socket::step(get(&state, handle), phase::BINDING, phase::BOUND, out);
    }

    "wasi:sockets/tcp@0.2#[method]tcp-socket.start-connect"
    fn start_connect(state, handle: u32, network: u32, case: u32, port: u32, a: u32, b: u32,
        c: u32, d: u32, e: u32, f: u32, g: u32, h: u32, i: u32, j: u32, out: u32) {
        state.get(network, kind::NETWORK);
        let entry = get(&state, handle);
        let mut errno = take(&state, family(entry), case, port, a, b, c, d, e, f, g, h, i, j);
        if errno == 0 {
            errno = check_remote(&state);
        }
        let phase = entry.small.get();
        if phase != phase::UNBOUND && phase != phase::BOUND {
            errno = if phase == phase::CONNECTING { CONFLICT } else { INVALID_STATE };
        }
        if errno == 0 {
            errno = sock::sock_connect(entry.word.get(), state.fixed().address_at());
            if errno == 0 || errno == p1::INPROGRESS {
                entry.small.set(phase::CONNECTING);
                errno = 0;
            } else {
                entry.small.set(phase::FAILED);
            }
        }
        small_result(out, errno, 0);
    }

    "wasi:sockets/tcp@0.2#[method]tcp-socket.finish-connect"
    fn finish_connect(state, handle: u32, out: u32) {
        let out = Out::new(out, 12, 4);
        let has_room = state.has_room(2);
        let entry = get(&state, handle);
        let mut errno = NOT_IN_PROGRESS;
        if entry.small.get() == phase::CONNECTING {
            errno = SOCKET_LIMIT;
            if has_room {
                errno = connected(&state, entry.word.get());
                if errno == 0 {
                    entry.small.set(phase::CONNECTED);
                    out.u8(0, 0);
                    out.u32(4, stream(&mut state, kind::INPUT, handle));
                    out.u32(8, stream(&mut state, kind::OUTPUT, handle));
                    return;
                }
                if errno != WOULD_BLOCK {
                    entry.small.set(phase::FAILED);
                }
            }
        }
        failure(out, 4, errno);
    }

    "wasi:sockets/tcp@0.2#[method]tcp-socket.start-listen"
    fn start_listen(state, handle: u32, out: u32) {
        let entry = get(&state, handle);
        let errno = match entry.small.get() {
            phase::BOUND => {
                let backlog = entry.high.get();
                let backlog = if backlog == 0 { BACKLOG } else { backlog };
                sock::sock_listen(entry.word.get(), backlog)
            }
            phase::LISTEN_STARTED => CONFLICT,
            _ => INVALID_STATE,
        };
        if errno == 0 {
            entry.small.set(phase::LISTEN_STARTED);
        }
        small_result(out, errno, 0);
    }

    "wasi:sockets/tcp@0.2#[method]tcp-socket.finish-listen"
    fn finish_listen(state, handle: u32, out: u32) {
        socket::step(get(&state, handle), phase::LISTEN_STARTED, phase::LISTENING, out);
    }

    "wasi:sockets/tcp@0.2#[method]tcp-socket.accept"
    fn accept(state, handle: u32, out: u32) {
        let out = Out::new(out, 16, 4);
        let has_room = state.has_room(3);
        let entry = get(&state, handle);
        let fixed = state.fixed();
        let mut errno = INVALID_STATE;
        if entry.small.get() == phase::LISTENING {
            errno = SOCKET_LIMIT;
            if has_room {
                errno = sock::sock_accept(entry.word.get(), p1::NONBLOCK, fixed.result_at());
            }
        }
        if errno == 0 {
            let fd = fixed.result(0) as u32;
            errno = p1::fd_fdstat_set_flags(fd, p1::NONBLOCK);
            if errno == 0 {
                linger(fd);
                let family = family(entry);
                let socket = state.insert(kind::TCP);
                fill(state.slot(socket), fd, family, phase::CONNECTED);
                out.u8(0, 0);
                out.u32(4, socket);
                out.u32(8, stream(&mut state, kind::INPUT, socket));
                out.u32(12, stream(&mut state, kind::OUTPUT, socket));
                return;
            }
            p1::fd_close(fd);
        }
        failure(out, 4, errno);
    }

    "wasi:sockets/tcp@0.2#[method]tcp-socket.local-address"
    fn tcp_local_address(state, handle: u32, out: u32) {
        socket::local_address(&state, get(&state, handle), out);
    }

    "wasi:sockets/tcp@0.2#[method]tcp-socket.remote-address"
    fn tcp_remote_address(state, handle: u32, out: u32) {
        let entry = get(&state, handle);
        let errno = match entry.small.get() {
            phase::CONNECTED => {
                sock::sock_addr_remote(entry.word.get(), state.fixed().address_at())
            }
            phase::CONNECTING => CONFLICT,
            _ => INVALID_STATE,
        };
        socket::address_result(&mut state, out, errno);
    }

    "wasi:sockets/tcp@0.2#[method]tcp-socket.is-listening"
    fn is_listening(state, handle: u32) -> u32 {
        (get(&state, handle).small.get() == phase::LISTENING).into()
    }

    "wasi:sockets/tcp@0.2#[method]tcp-socket.address-family"
    fn tcp_address_family(state, handle: u32) -> u32 {
        family(get(&state, handle))
    }

    "wasi:sockets/tcp@0.2#[method]tcp-socket.set-listen-backlog-size"
    fn set_listen_backlog_size(state, handle: u32, value: u64, out: u32) {
        let entry = get(&state, handle);
        let errno = match entry.small.get() {
            _ if value == 0 => p1::INVAL,
            phase::UNBOUND | phase::BINDING | phase::BOUND => 0,
            phase::LISTEN_STARTED | phase::LISTENING => NOT_SUPPORTED,
            _ => INVALID_STATE,
        };
        if errno == 0 {
            entry.high.set(socket::size(value));
        }
        small_result(out, errno, 0);
    }

    "wasi:sockets/tcp@0.2#[method]tcp-socket.keep-alive-enabled"
    fn keep_alive_enabled(state, handle: u32, out: u32) {
        let fixed = state.fixed();
        let fd = get(&state, handle).word.get();
        let errno = sock::sock_get_keep_alive(fd, fixed.result_at());
        small_result(out, errno, (fixed.result(0) as u8 != 0).into());
    }

    "wasi:sockets/tcp@0.2#[method]tcp-socket.set-keep-alive-enabled"
    fn set_keep_alive_enabled(state, handle: u32, value: u32, out: u32) {
        let fd = get(&state, handle).word.get();
        small_result(out, sock::sock_set_keep_alive(fd, (value != 0).into()), 0);
    }

    "wasi:sockets/tcp@0.2#[method]tcp-socket.keep-alive-idle-time"
    fn keep_alive_idle_time(state, handle: u32, out: u32) {
        let fd = get(&state, handle).word.get();
        let errno = sock::sock_get_tcp_keep_idle(fd, state.fixed().result_at());
        seconds_result(&state, out, errno);
    }

    "wasi:sockets/tcp@0.2#[method]tcp-socket.set-keep-alive-idle-time"
    fn set_keep_alive_idle_time(state, handle: u32, value: u64, out: u32) {
        let fd = get(&state, handle).word.get();
        let errno = match seconds(value) {
            0 => p1::INVAL,
            seconds => sock::sock_set_tcp_keep_idle(fd, seconds),
        };
        small_result(out, errno, 0);
    }

    "wasi:sockets/tcp@0.2#[method]tcp-socket.keep-alive-interval"
    fn keep_alive_interval(state, handle: u32, out: u32) {
        let fd = get(&state, handle).word.get();
        let errno = sock::sock_get_tcp_keep_intvl(fd, state.fixed().result_at());
        seconds_result(&state, out, errno);
    }

    "wasi:sockets/tcp@0.2#[method]tcp-socket.set-keep-alive-interval"
    fn set_keep_alive_interval(state, handle: u32, value: u64, out: u32) {
        let fd = get(&state, handle).word.get();
        let errno = match seconds(value) {
            0 => p1::INVAL,
            seconds => sock::sock_set_tcp_keep_intvl(fd, seconds),
        };
        small_result(out, errno, 0);
    }

    /// The host has no such option.
    "wasi:sockets/tcp@0.2#[method]tcp-socket.keep-alive-count"
    fn keep_alive_count(state, handle: u32, out: u32) {
        get(&state, handle);
        failure(Out::new(out, 8, 4), 4, NOT_SUPPORTED);
    }

    "wasi:sockets/tcp@0.2#[method]tcp-socket.set-keep-alive-count"
    fn set_keep_alive_count(state, handle: u32, value: u32, out: u32) {
        get(&state, handle);
        small_result(out, if value == 0 { p1::INVAL } else { NOT_SUPPORTED }, 0);
    }

    "wasi:sockets/tcp@0.2#[method]tcp-socket.hop-limit"
    fn hop_limit(state, handle: u32, out: u32) {
        socket::hop_limit(&state, get(&state, handle), out);
    }

    "wasi:sockets/tcp@0.2#[method]tcp-socket.set-hop-limit"
    fn set_hop_limit(state, handle: u32, value: u32, out: u32) {
        socket::set_hop_limit(get(&state, handle), value, out);
    }

    "wasi:sockets/tcp@0.2#[method]tcp-socket.receive-buffer-size"
    fn tcp_receive_buffer_size(state, handle: u32, out: u32) {
        socket::receive_buffer_size(&state, get(&state, handle), out);
    }

    "wasi:sockets/tcp@0.2#[method]tcp-socket.set-receive-buffer-size"
    fn tcp_set_receive_buffer_size(state, handle: u32, value: u64, out: u32) {
        socket::set_receive_buffer_size(get(&state, handle), value, out);
    }

    "wasi:sockets/tcp@0.2#[method]tcp-socket.send-buffer-size"
    fn tcp_send_buffer_size(state, handle: u32, out: u32) {
        socket::send_buffer_size(&state, get(&state, handle), out);
    }

    "wasi:sockets/tcp@0.2#[method]tcp-socket.set-send-buffer-size"
    fn tcp_set_send_buffer_size(state, handle: u32, value: u64, out: u32) {
        socket::set_send_buffer_size(get(&state, handle), value, out);
    }

    "wasi:sockets/tcp@0.2#[method]tcp-socket.subscribe"
    fn tcp_subscribe(state, handle: u32) -> u32 {
        get(&state, handle);
        new_pollable(&mut state, flag::SOCKET, handle, 0)
    }

    /// The host shuts down both directions, whatever it is asked. One that is not received from any
    /// more is closed here; there is no way to end the other alone.
    "wasi:sockets/tcp@0.2#[method]tcp-socket.shutdown"
    fn shutdown(state, handle: u32, how: u32, out: u32) {
        trap_if(how > 2);
        let entry = get(&state, handle);
        let mut errno = match entry.small.get() {
            phase::CONNECTED => 0,
            phase::CONNECTING => CONFLICT,
            _ => INVALID_STATE,
        };
        if errno == 0 {
            let mut shut = NO_RECEIVE;
            match how {
                0 => {}
                1 => errno = NOT_SUPPORTED,
                _ => {
                    shut |= NO_SEND;
                    errno = sock::sock_shutdown(entry.word.get(), sock::SHUT_BOTH);
                }
            }
            if errno == 0 {
                entry.flags.set(entry.flags.get() | shut);
            }
        }
        small_result(out, errno, 0);
    }

    "wasi:sockets/tcp@0.2#[resource-drop]tcp-socket"
    fn drop_tcp_socket(state, handle: u32) {
        get(&state, handle).kind.set(kind::ORPHAN);
        weak::release(handle);
    }
}
