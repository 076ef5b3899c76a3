//! Connections.

use p1bridge_shim::abi::store16;

use crate::{errno, exports, number, wsi};

exports! {
    "sock_accept"
    fn sock_accept(fd: u32, flags: u32, out: u32) -> u32 {
        number(wsi::accept(fd, flags, 0), out)
    }

    "sock_send"
    fn sock_send(fd: u32, iovs: u32, n: u32, flags: u32, out: u32) -> u32 {
        number(wsi::send(fd, iovs, n, flags, 0), out)
    }

    "sock_recv"
    fn sock_recv(fd: u32, iovs: u32, n: u32, flags: u32, out: u32, out_flags: u32) -> u32 {
        let result = wsi::recv(fd, iovs, n, flags, 0);
        if result >= 0 {
            store16(out_flags, 0);
        }
        number(result, out)
    }

    "sock_shutdown"
    fn sock_shutdown(fd: u32, how: u32) -> u32 {
        errno(wsi::shutdown(fd, how))
    }
}
