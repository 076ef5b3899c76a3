//! Sockets, of which a program can get none with Preview 1 alone.

use crate::descriptor::find;
use crate::error::NOTSOCK;
use crate::exports;

/// The error number for a descriptor that is something else.
#[inline(never)]
fn no_socket(fd: u32) -> u32 {
    let found = find(fd, 0);
    (if found < 0 { -found } else { NOTSOCK }) as u32
}

exports! {
    "wasi_snapshot_preview1#sock_accept"
    fn sock_accept(fd: u32, _flags: u32, _out: u32) -> u32 {
        no_socket(fd)
    }

    "wasi_snapshot_preview1#sock_recv"
    fn sock_recv(fd: u32, _buffers: u32, _count: u32, _flags: u32, _out: u32, _out_flags: u32) -> u32 {
        no_socket(fd)
    }

    "wasi_snapshot_preview1#sock_send"
    fn sock_send(fd: u32, _buffers: u32, _count: u32, _flags: u32, _out: u32) -> u32 {
        no_socket(fd)
    }

    "wasi_snapshot_preview1#sock_shutdown"
    fn sock_shutdown(fd: u32, _how: u32) -> u32 {
        no_socket(fd)
    }
}
