//! What Preview 1 itself has for sockets, of which a program can get none without WAMR's `sock_open`.

use crate::descriptor::find;
use crate::error::NOTSOCK;
use crate::socket::{accept_socket, receive_socket, send_socket, shut_down_socket};
use crate::{exports, given};

/// The error number for a descriptor that is something else.
#[inline(never)]
fn no_socket(fd: u32) -> u32 {
    let found = find(fd, 0);
    (if found < 0 { -found } else { NOTSOCK }) as u32
}

exports! {
    "wasi_snapshot_preview1#sock_accept"
    fn sock_accept(fd: u32, flags: u32, out: u32) -> u32 {
        if given::has_sockets() != 0 { accept_socket(fd, flags, out) } else { no_socket(fd) }
    }

    "wasi_snapshot_preview1#sock_recv"
    fn sock_recv(fd: u32, buffers: u32, count: u32, flags: u32, out: u32, out_flags: u32) -> u32 {
        if given::has_sockets() != 0 {
            receive_socket(fd, buffers, count, flags, out, out_flags)
        } else {
            no_socket(fd)
        }
    }

    "wasi_snapshot_preview1#sock_send"
    fn sock_send(fd: u32, buffers: u32, count: u32, _flags: u32, out: u32) -> u32 {
        if given::has_sockets() != 0 { send_socket(fd, buffers, count, out) } else { no_socket(fd) }
    }

    "wasi_snapshot_preview1#sock_shutdown"
    fn sock_shutdown(fd: u32, how: u32) -> u32 {
        if given::has_sockets() != 0 { shut_down_socket(fd, how) } else { no_socket(fd) }
    }
}
