//! Socket addresses: as WSI has them, and as WAMR does. The latter are 24 bytes too: a `u32` that is 0 for IPv4 and 1 for
//! IPv6, then 4 bytes and a port, or 8 numbers of 16 bits in the byte order of the host and a port.

use p1bridge_shim::abi::{load16, load32, store16, store32, store64};

use crate::p1;

/// Bytes of an address.
pub const ADDRESS: u32 = 24;
/// `family`
pub const INET4: u32 = 1;
pub const INET6: u32 = 2;

/// Writes an address of WSI as one of WAMR's, which has no place for a scope. Gives an error number.
#[inline(never)]
pub fn take(from: u32, to: u32) -> u32 {
    match load32(from + 4) {
        0 => take_without_scope(from, to),
        _ => p1::NOTSUP,
    }
}

/// The same whatever the scope is.
#[inline(never)]
pub fn take_without_scope(from: u32, to: u32) -> u32 {
    let family = load16(from);
    store32(to, family - INET4);
    match family {
        INET4 => {
            store32(to + 4, load32(from + 8));
            store16(to + 8, load16(from + 2));
        }
        INET6 => {
            swap(from + 8, to + 4);
            store16(to + 20, load16(from + 2));
        }
        _ => return p1::AFNOSUPPORT,
    }
    0
}

/// Writes one of WAMR's as one of WSI.
#[inline(never)]
pub fn put(from: u32, to: u32) {
    store64(to, 0);
    store64(to + 8, 0);
    store64(to + 16, 0);
    if load32(from) == 0 {
        store16(to, INET4);
        store16(to + 2, load16(from + 8));
        store32(to + 8, load32(from + 4));
    } else {
        store16(to, INET6);
        store16(to + 2, load16(from + 20));
        swap(from + 4, to + 8);
    }
}

/// Copies eight numbers of 16 bits in the other byte order.
#[inline(never)]
fn swap(from: u32, to: u32) {
    let mut at = 0;
    while at != 16 {
        let number = load16(from + at);
        store16(to + at, number << 8 | number >> 8);
        at += 2;
    }
}
