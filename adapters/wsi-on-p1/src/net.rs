//! `net`: what Preview 1 has of it.

use crate::frame::{frame, negative, number};
use crate::{exports, p1};

exports! {
    "wsi:sys/net@0.1#accept"
    fn accept(fd: u32, flags: u32, addr: u32) -> i32 {
        if addr != 0 {
            return negative(p1::NOTSUP);
        }
        let at = frame();
        number(at, || p1::sock_accept(fd, flags, at))
    }

    "wsi:sys/net@0.1#send"
    fn send(fd: u32, iov: u32, n: u32, flags: u32, addr: u32) -> i32 {
        if flags | addr != 0 {
            return negative(p1::NOTSUP);
        }
        let at = frame();
        number(at, || p1::sock_send(fd, iov, n, 0, at))
    }

    "wsi:sys/net@0.1#recv"
    fn recv(fd: u32, iov: u32, n: u32, flags: u32, addr: u32) -> i32 {
        if addr != 0 {
            return negative(p1::NOTSUP);
        }
        let at = frame();
        number(at, || p1::sock_recv(fd, iov, n, flags, at, at + 4))
    }

    "wsi:sys/net@0.1#shutdown"
    fn shutdown(fd: u32, how: u32) -> i32 {
        negative(match how.wrapping_sub(1) < 3 {
            true => p1::sock_shutdown(fd, how),
            false => p1::INVAL,
        })
    }
}
