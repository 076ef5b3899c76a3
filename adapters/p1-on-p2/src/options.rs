//! Options of sockets: those that WASI has, those that are only remembered because it has no such thing, and groups, which it
//! cannot join.

use p1bridge_shim::abi::{store8 as put8, store32 as put32, store64 as put64};

use crate::descriptor::HANDLE;
use crate::error::{NOPROTOOPT, NOTSUP};
use crate::exports;
use crate::given::state::{RESULT, load8, load32, load64, store32, store64};
use crate::network::{self as on, failed};
use crate::socket::{FAMILY, LINGER, OPTIONS, RECEIVE_TIME, SEND_TIME, block, is_stream, with};

/// Bits of options that are remembered.
const REUSE_ADDRESS: u32 = 1 << 0;
const REUSE_PORT: u32 = 1 << 1;
const BROADCAST: u32 = 1 << 2;
const NO_DELAY: u32 = 1 << 3;
const QUICK_ACK: u32 = 1 << 4;
const FAST_OPEN: u32 = 1 << 5;
const LINGERS: u32 = 1 << 6;

const SECOND: u64 = 1_000_000_000;

/// Remembers an option.
#[inline(never)]
fn remember(fd: u32, option: u32, is_on: u32) -> u32 {
    with(fd, 0, |record| {
        let at = block(record) + OPTIONS;
        let others = load32(at) & !option;
        store32(at, if is_on != 0 { others | option } else { others });
        0
    })
}

/// Puts an option that is remembered to `out`.
#[inline(never)]
fn recall(fd: u32, option: u32, out: u32) -> u32 {
    with(fd, 0, |record| {
        put8(out, (load32(block(record) + OPTIONS) & option != 0).into());
        0
    })
}

/// Calls the host with a socket that has to be one of TCP, and gives the error number of a `result` with such a payload.
#[inline(always)]
fn tcp(fd: u32, payload: u32, call: impl FnOnce(u32)) -> u32 {
    with(fd, 0, |record| {
        if !is_stream(record) {
            return NOPROTOOPT as u32;
        }
        call(load32(record + HANDLE));
        failed(payload)
    })
}

/// The same with any socket.
#[inline(always)]
fn any(fd: u32, payload: u32, tcp: impl FnOnce(u32), udp: impl FnOnce(u32)) -> u32 {
    with(fd, 0, |record| {
        let handle = load32(record + HANDLE);
        if is_stream(record) {
            tcp(handle);
        } else {
            udp(handle);
        }
        failed(payload)
    })
}

/// Puts a flag or a byte that the host gave to `out`.
#[inline(never)]
fn put_small(error: u32, out: u32) -> u32 {
    if error == 0 {
        put8(out, load8(RESULT + 1));
    }
    error
}

/// Puts a size that the host gave to `out`.
#[inline(never)]
fn put_size(error: u32, out: u32) -> u32 {
    if error == 0 {
        put32(out, load64(RESULT + 8).min(u32::MAX.into()) as u32);
    }
    error
}

/// Puts seconds to `out` of a time that the host gave.
#[inline(never)]
fn put_seconds(error: u32, out: u32) -> u32 {
    if error == 0 {
        put32(out, (load64(RESULT + 8) / SECOND) as u32);
    }
    error
}

/// Keeps a time to wait.
#[inline(always)]
fn set_time(fd: u32, field: u32, time: u64) -> u32 {
    with(fd, 0, |record| {
        store64(block(record) + field, time);
        0
    })
}

/// Puts a time to wait to `out`.
#[inline(always)]
fn time(fd: u32, field: u32, out: u32) -> u32 {
    with(fd, 0, |record| {
        put64(out, load64(block(record) + field));
        0
    })
}

/// The error number for what WASI does not have at all.
#[inline(never)]
fn none(fd: u32) -> u32 {
    with(fd, 0, |_| NOTSUP as u32)
}

/// Whether a socket is one of IPv6, which never takes anything else; calls a function then.
#[inline(always)]
fn of_v6(fd: u32, call: impl FnOnce() -> u32) -> u32 {
    with(fd, 0, |record| match load8(block(record) + FAMILY) {
        0 => NOPROTOOPT as u32,
        _ => call(),
    })
}

macro_rules! remembered {
    ($($get:literal $set:literal $get_name:ident $set_name:ident $option:ident)*) => {
        exports! {$(
            $get
            fn $get_name(fd: u32, out: u32) -> u32 {
                recall(fd, $option, out)
            }
            $set
            fn $set_name(fd: u32, is_on: u32) -> u32 {
                remember(fd, $option, is_on)
            }
        )*}
    };
}

remembered! {
    "wasi_snapshot_preview1#sock_get_reuse_addr" "wasi_snapshot_preview1#sock_set_reuse_addr"
        sock_get_reuse_addr sock_set_reuse_addr REUSE_ADDRESS
    "wasi_snapshot_preview1#sock_get_reuse_port" "wasi_snapshot_preview1#sock_set_reuse_port"
        sock_get_reuse_port sock_set_reuse_port REUSE_PORT
    "wasi_snapshot_preview1#sock_get_broadcast" "wasi_snapshot_preview1#sock_set_broadcast"
        sock_get_broadcast sock_set_broadcast BROADCAST
    "wasi_snapshot_preview1#sock_get_tcp_no_delay" "wasi_snapshot_preview1#sock_set_tcp_no_delay"
        sock_get_tcp_no_delay sock_set_tcp_no_delay NO_DELAY
    "wasi_snapshot_preview1#sock_get_tcp_quick_ack" "wasi_snapshot_preview1#sock_set_tcp_quick_ack"
        sock_get_tcp_quick_ack sock_set_tcp_quick_ack QUICK_ACK
    "wasi_snapshot_preview1#sock_get_tcp_fastopen_connect" "wasi_snapshot_preview1#sock_set_tcp_fastopen_connect"
        sock_get_tcp_fastopen_connect sock_set_tcp_fastopen_connect FAST_OPEN
}

exports! {
    "wasi_snapshot_preview1#sock_get_linger"
    fn sock_get_linger(fd: u32, is_on: u32, seconds: u32) -> u32 {
        with(fd, 0, |record| {
            put8(is_on, (load32(block(record) + OPTIONS) & LINGERS != 0).into());
            put32(seconds, load32(block(record) + LINGER));
            0
        })
    }

    "wasi_snapshot_preview1#sock_set_linger"
    fn sock_set_linger(fd: u32, is_on: u32, seconds: u32) -> u32 {
        let error = remember(fd, LINGERS, is_on);
        if error != 0 {
            return error;
        }
        with(fd, 0, |record| {
            store32(block(record) + LINGER, seconds);
            0
        })
    }

    "wasi_snapshot_preview1#sock_get_recv_timeout"
    fn sock_get_recv_timeout(fd: u32, out: u32) -> u32 {
        time(fd, RECEIVE_TIME, out)
    }

    "wasi_snapshot_preview1#sock_set_recv_timeout"
    fn sock_set_recv_timeout(fd: u32, microseconds: u64) -> u32 {
        set_time(fd, RECEIVE_TIME, microseconds)
    }

    "wasi_snapshot_preview1#sock_get_send_timeout"
    fn sock_get_send_timeout(fd: u32, out: u32) -> u32 {
        time(fd, SEND_TIME, out)
    }

    "wasi_snapshot_preview1#sock_set_send_timeout"
    fn sock_set_send_timeout(fd: u32, microseconds: u64) -> u32 {
        set_time(fd, SEND_TIME, microseconds)
    }

    "wasi_snapshot_preview1#sock_get_keep_alive"
    fn sock_get_keep_alive(fd: u32, out: u32) -> u32 {
        put_small(tcp(fd, 1, |socket| on::keep_alive(socket, RESULT)), out)
    }

    "wasi_snapshot_preview1#sock_set_keep_alive"
    fn sock_set_keep_alive(fd: u32, is_on: u32) -> u32 {
        tcp(fd, 1, |socket| on::set_keep_alive(socket, (is_on != 0).into(), RESULT))
    }

    "wasi_snapshot_preview1#sock_get_tcp_keep_idle"
    fn sock_get_tcp_keep_idle(fd: u32, out: u32) -> u32 {
        put_seconds(tcp(fd, 8, |socket| on::idle_time(socket, RESULT)), out)
    }

    "wasi_snapshot_preview1#sock_set_tcp_keep_idle"
    fn sock_set_tcp_keep_idle(fd: u32, seconds: u32) -> u32 {
        tcp(fd, 1, |socket| on::set_idle_time(socket, u64::from(seconds) * SECOND, RESULT))
    }

    "wasi_snapshot_preview1#sock_get_tcp_keep_intvl"
    fn sock_get_tcp_keep_intvl(fd: u32, out: u32) -> u32 {
        put_seconds(tcp(fd, 8, |socket| on::interval(socket, RESULT)), out)
    }

    "wasi_snapshot_preview1#sock_set_tcp_keep_intvl"
    fn sock_set_tcp_keep_intvl(fd: u32, seconds: u32) -> u32 {
        tcp(fd, 1, |socket| on::set_interval(socket, u64::from(seconds) * SECOND, RESULT))
    }

    "wasi_snapshot_preview1#sock_get_ip_ttl"
    fn sock_get_ip_ttl(fd: u32, out: u32) -> u32 {
        let error = any(fd, 1, |socket| on::hop_limit_tcp(socket, RESULT), |socket| on::hop_limit_udp(socket, RESULT));
        put_small(error, out)
    }

    "wasi_snapshot_preview1#sock_set_ip_ttl"
    fn sock_set_ip_ttl(fd: u32, limit: u32) -> u32 {
        let limit = limit & 0xff;
        any(fd, 1, |socket| on::set_hop_limit_tcp(socket, limit, RESULT),
            |socket| on::set_hop_limit_udp(socket, limit, RESULT))
    }

    "wasi_snapshot_preview1#sock_get_recv_buf_size"
    fn sock_get_recv_buf_size(fd: u32, out: u32) -> u32 {
        let error = any(fd, 8, |socket| on::receive_buffer_tcp(socket, RESULT),
            |socket| on::receive_buffer_udp(socket, RESULT));
        put_size(error, out)
    }

    "wasi_snapshot_preview1#sock_set_recv_buf_size"
    fn sock_set_recv_buf_size(fd: u32, size: u32) -> u32 {
        any(fd, 1, |socket| on::set_receive_buffer_tcp(socket, size.into(), RESULT),
            |socket| on::set_receive_buffer_udp(socket, size.into(), RESULT))
    }

    "wasi_snapshot_preview1#sock_get_send_buf_size"
    fn sock_get_send_buf_size(fd: u32, out: u32) -> u32 {
        let error = any(fd, 8, |socket| on::send_buffer_tcp(socket, RESULT),
            |socket| on::send_buffer_udp(socket, RESULT));
        put_size(error, out)
    }

    "wasi_snapshot_preview1#sock_set_send_buf_size"
    fn sock_set_send_buf_size(fd: u32, size: u32) -> u32 {
        any(fd, 1, |socket| on::set_send_buffer_tcp(socket, size.into(), RESULT),
            |socket| on::set_send_buffer_udp(socket, size.into(), RESULT))
    }

    "wasi_snapshot_preview1#sock_get_ipv6_only"
    fn sock_get_ipv6_only(fd: u32, out: u32) -> u32 {
        of_v6(fd, || {
            put8(out, 1);
            0
        })
    }

    "wasi_snapshot_preview1#sock_set_ipv6_only"
    fn sock_set_ipv6_only(fd: u32, is_on: u32) -> u32 {
        of_v6(fd, || if is_on != 0 { 0 } else { NOTSUP as u32 })
    }

    "wasi_snapshot_preview1#sock_get_ip_multicast_loop"
    fn sock_get_ip_multicast_loop(fd: u32, _is_v6: u32, _out: u32) -> u32 {
        none(fd)
    }

    "wasi_snapshot_preview1#sock_set_ip_multicast_loop"
    fn sock_set_ip_multicast_loop(fd: u32, _is_v6: u32, _is_on: u32) -> u32 {
        none(fd)
    }

    "wasi_snapshot_preview1#sock_get_ip_multicast_ttl"
    fn sock_get_ip_multicast_ttl(fd: u32, _out: u32) -> u32 {
        none(fd)
    }

    "wasi_snapshot_preview1#sock_set_ip_multicast_ttl"
    fn sock_set_ip_multicast_ttl(fd: u32, _limit: u32) -> u32 {
        none(fd)
    }

    "wasi_snapshot_preview1#sock_set_ip_add_membership"
    fn sock_set_ip_add_membership(fd: u32, _group: u32, _interface: u32) -> u32 {
        none(fd)
    }

    "wasi_snapshot_preview1#sock_set_ip_drop_membership"
    fn sock_set_ip_drop_membership(fd: u32, _group: u32, _interface: u32) -> u32 {
        none(fd)
    }
}
