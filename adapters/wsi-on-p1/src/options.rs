//! `net.get-option` and `set-option`. Times are nanoseconds; yes and no are 1 and 0.

use p1bridge_shim::abi::{load8, load32, load64, store64};

use crate::frame::{frame, negative, result};
use crate::net::connected;
use crate::{exports, p1, sock};

const ERROR: u32 = 1;
const TYPE: u32 = 2;
const REUSE: u32 = 3;
const BROADCAST: u32 = 4;
const KEEP_ALIVE: u32 = 5;
const KEEP_IDLE: u32 = 6;
const KEEP_INTERVAL: u32 = 7;
const NO_DELAY: u32 = 9;
const RECV_BUFFER: u32 = 10;
const SEND_BUFFER: u32 = 11;
const RECV_TIMEOUT: u32 = 12;
const SEND_TIMEOUT: u32 = 13;
const LINGER: u32 = 14;
const HOPS: u32 = 15;
const MULTICAST_HOPS: u32 = 16;
const MULTICAST_LOOP: u32 = 17;
const V6_ONLY: u32 = 18;

const SECOND: u64 = 1_000_000_000;
const MICROSECOND: u64 = 1_000;
/// `filetype` of datagram sockets; that of streams is the next.
const DATAGRAM: u32 = 5;

/// Whether the local address of a socket is one of IPv6, as WAMR wants to know.
#[inline(never)]
fn is_v6(fd: u32) -> u32 {
    let at = frame();
    match sock::sock_addr_local(fd, at) {
        0 => load32(at),
        _ => 0,
    }
}

exports! {
    "wsi:sys/net@0.1#get-option"
    fn get_option(fd: u32, option: u32) -> i64 {
        let v6 = if option == MULTICAST_LOOP { is_v6(fd) } else { 0 };
        let at = result();
        store64(at, 0);
        let errno = match option {
            ERROR => return connected(fd).into(),
            TYPE => {
                let stat = frame();
                let errno = p1::fd_fdstat_get(fd, stat);
                let kind = load8(stat);
                store64(at, (2 + DATAGRAM - kind).into());
                if errno == 0 && kind.wrapping_sub(DATAGRAM) > 1 { p1::NOTSOCK } else { errno }
            }
            REUSE => sock::sock_get_reuse_addr(fd, at),
            BROADCAST => sock::sock_get_broadcast(fd, at),
            KEEP_ALIVE => sock::sock_get_keep_alive(fd, at),
            KEEP_IDLE => sock::sock_get_tcp_keep_idle(fd, at),
            KEEP_INTERVAL => sock::sock_get_tcp_keep_intvl(fd, at),
            NO_DELAY => sock::sock_get_tcp_no_delay(fd, at),
            RECV_BUFFER => sock::sock_get_recv_buf_size(fd, at),
            SEND_BUFFER => sock::sock_get_send_buf_size(fd, at),
            RECV_TIMEOUT => sock::sock_get_recv_timeout(fd, at),
            SEND_TIMEOUT => sock::sock_get_send_timeout(fd, at),
            LINGER => {
                let errno = sock::sock_get_linger(fd, at + 8, at);
                // The time counts only where it is on.
                if load8(at + 8) == 0 {
                    store64(at, u64::MAX);
                }
                errno
            }
            HOPS => sock::sock_get_ip_ttl(fd, at),
            MULTICAST_HOPS => sock::sock_get_ip_multicast_ttl(fd, at),
            MULTICAST_LOOP => sock::sock_get_ip_multicast_loop(fd, v6, at),
            V6_ONLY => sock::sock_get_ipv6_only(fd, at),
            _ => p1::NOTSUP,
        };
        if errno != 0 {
            return negative(errno).into();
        }
        let value = load64(at);
        (match option {
            KEEP_IDLE | KEEP_INTERVAL => value * SECOND,
            RECV_TIMEOUT | SEND_TIMEOUT => value * MICROSECOND,
            LINGER if value == u64::MAX => 0,
            LINGER => value * SECOND,
            _ => value,
        }) as i64
    }

    "wsi:sys/net@0.1#set-option"
    fn set_option(fd: u32, option: u32, value: u64) -> i32 {
        let number = value as u32;
        // Rounded up, so that a short time is not none.
        let seconds = value.div_ceil(SECOND) as u32;
        let microseconds = value.div_ceil(MICROSECOND);
        negative(match option {
            REUSE => sock::sock_set_reuse_addr(fd, number),
            BROADCAST => sock::sock_set_broadcast(fd, number),
            KEEP_ALIVE => sock::sock_set_keep_alive(fd, number),
            KEEP_IDLE => sock::sock_set_tcp_keep_idle(fd, seconds),
            KEEP_INTERVAL => sock::sock_set_tcp_keep_intvl(fd, seconds),
            NO_DELAY => sock::sock_set_tcp_no_delay(fd, number),
            RECV_BUFFER => sock::sock_set_recv_buf_size(fd, number),
            SEND_BUFFER => sock::sock_set_send_buf_size(fd, number),
            RECV_TIMEOUT => sock::sock_set_recv_timeout(fd, microseconds),
            SEND_TIMEOUT => sock::sock_set_send_timeout(fd, microseconds),
            LINGER => sock::sock_set_linger(fd, (value != 0).into(), seconds),
            HOPS => sock::sock_set_ip_ttl(fd, number),
            MULTICAST_HOPS => sock::sock_set_ip_multicast_ttl(fd, number),
            MULTICAST_LOOP => sock::sock_set_ip_multicast_loop(fd, is_v6(fd), number),
            V6_ONLY => sock::sock_set_ipv6_only(fd, number),
            _ => p1::NOTSUP,
        })
    }
}
