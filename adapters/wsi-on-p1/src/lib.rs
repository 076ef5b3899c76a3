//! WSI 0.1 on Preview 1: the library `wsi-on-p1`.
//!
//! Every exported function is one function of `wit/wsi/wsi.txt`, named `wsi:sys/io@0.1#write`. The conventions and
//! what is approximated are in `docs/wsi.md`, the contract with the linker in `docs/adapter-p2-on-p1.md`.
//!
//! | module | functions |
//! |---|---|
//! | [`frame`] | where Preview 1 writes its results |
//! | [`p1`] | the functions of Preview 1 |
//! | [`io`], [`poll`] | `io` |
//! | [`fs`] | `fs` |
//! | [`process`] | `time`, `random`, `proc`, `thread` |
//! | [`net`], [`options`] | `net`: the connections that Preview 1 has, and the sockets of WAMR |
//! | [`sock`], [`address`] | how WAMR has them |
//! | [`absent`] | what stands in for functions that are not there |
//!
//! A function of WSI returns its value or a negative error number; one of Preview 1 returns the error number and writes
//! the value to an address. That address is below the stack of the guest ([`frame`]), so there is no state.

#![no_std]

mod absent;
mod address;
mod frame;
mod fs;
mod io;
mod net;
mod options;
mod p1;
mod poll;
mod process;
mod sock;

/// What the linker must know: the bytes below the guest's stack pointer that a call uses, those that a poll uses for each
/// direction of a descriptor that it asks about and for one more, and those that looking up a name uses.
#[unsafe(link_section = "p1bridge.library")]
pub static LIBRARY: [u8; 40] = *b"frame 48\nframe-polls 80\nframe-names 560\n";

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    p1bridge_shim::trap()
}

pub(crate) use p1bridge_shim::exports;
