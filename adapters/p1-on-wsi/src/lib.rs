//! Preview 1 on WSI 0.1: the library `p1-on-wsi`, for hosts that have WSI alone.
//!
//! Every exported function is one of Preview 1, named `wasi_snapshot_preview1#fd_write`. WSI returns a value or a negative
//! error number; Preview 1 returns the error number and writes the value to an address of the caller's. So there is no
//! state, and a frame only where WSI wants a structure. `docs/wsi.md` has what is approximated.
//!
//! | module | functions |
//! |---|---|
//! | [`wsi`] | the functions of WSI |
//! | [`fd`], [`path`] | those on descriptors, and on paths |
//! | [`poll`] | `poll_oneoff` |
//! | [`process`] | arguments, environment, clocks, randomness, the end |
//! | [`sock`] | connections |

#![no_std]

mod fd;
mod path;
mod poll;
mod process;
mod sock;
mod wsi;

use p1bridge_shim::abi::{store32, store64};

/// What the linker must know: the bytes below the guest's stack pointer that a call uses, and that a poll uses for each
/// subscription and for one more.
#[unsafe(link_section = "p1bridge.library")]
pub static LIBRARY: [u8; 24] = *b"frame 64\nframe-polls 96\n";

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    p1bridge_shim::trap()
}

/// The error number of a result; 0 for none.
#[inline(always)]
fn errno(result: i32) -> u32 {
    if result < 0 { result.unsigned_abs() } else { 0 }
}

/// Writes the number that a result is, and gives the error number.
#[inline(always)]
fn number(result: i32, at: u32) -> u32 {
    if result >= 0 {
        store32(at, result as u32);
    }
    errno(result)
}

/// The same for one of 64 bits.
#[inline(always)]
fn wide(result: i64, at: u32) -> u32 {
    if result < 0 {
        return errno(result as i32);
    }
    store64(at, result as u64);
    0
}

/// Defines exported functions: a name, then a function.
macro_rules! exports {
    ($($(#[$doc:meta])* $name:literal fn $f:ident($($p:ident: $t:ty),* $(,)?) $(-> $r:ty)? $body:block)*) => {$(
        $(#[$doc])*
        #[unsafe(export_name = concat!("wasi_snapshot_preview1#", $name))]
        extern "C" fn $f($($p: $t),*) $(-> $r)? $body
    )*};
}
pub(crate) use exports;
