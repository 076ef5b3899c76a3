//! Sockets, of which a program can get none here: the linker binds no function that opens one. This stands for what the sources
//! that are shared call then, and nothing of it is linked.

use crate::error::NOTSOCK;

macro_rules! none {
    ($($name:ident($($param:ident),*);)*) => {$(
        #[inline(always)]
        pub fn $name($($param: u32),*) -> u32 {
            let _ = ($($param),*);
            NOTSOCK as u32
        }
    )*};
}

none! {
    accept_socket(fd, flags, out);
    receive_socket(fd, buffers, count, flags, out, out_flags);
    send_socket(fd, buffers, count, out);
    shut_down_socket(fd, how);
    stat_socket(record, out, is_unstable);
    transfer_socket(what, record, buffers, count, out);
}

/// Drops what a socket has.
#[inline(always)]
pub fn close_socket(_record: u32) {}
