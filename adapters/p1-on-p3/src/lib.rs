//! Preview 1 on WASI 0.3: the library `p1-on-p3`, woven into a program that becomes a component.
//!
//! It is `p1-on-p2` in all that is not the host: descriptors, transfers, paths, times, rights are the same sources. What is
//! other is in the modules below. Functions that wait are called as if they did not: the host lets the whole component wait.
//! Streams are the exception. Their ends are read and written with calls that return at once, and [`wait`] is where the
//! program waits for what they have begun.
//!
//! | module | functions |
//! |---|---|
//! | [`wasi`], [`kept`] | what the library imports: from the host, from the linker |
//! | [`wait`] | waiting for one end of a stream |
//! | [`answer`], [`describe`] | results of the host about files |
//! | [`stdio`], [`ahead`] | the standard streams; input that is read before the program asks for it |
//! | [`poll`] | waiting for clocks and for input |
//! | [`socket`] | sockets, of which there are none |
//! | [`content`], [`entries`] | the content of files and directories, by streams |

#![no_std]

macro_rules! shared {
    ($($path:literal mod $name:ident;)*) => {$(
        #[path = $path]
        #[allow(dead_code)]
        mod $name;
    )*};
}

shared! {
    "../../p1-on-p2/src/area.rs" mod area;
    "../../p1-on-p2/src/descriptor.rs" mod descriptor;
    "../../p1-on-p2/src/directory.rs" mod directory;
    "../../p1-on-p2/src/error.rs" mod error;
    "../../p1-on-p2/src/events.rs" mod events;
    "../../p1-on-p2/src/file.rs" mod file;
    "../../p1-on-p2/src/given.rs" mod given;
    "../../p1-on-p2/src/path.rs" mod path;
    "../../p1-on-p2/src/process.rs" mod process;
    "../../p1-on-p2/src/sock.rs" mod sock;
    "../../p1-on-p2/src/standard.rs" mod standard;
    "../../p1-on-p2/src/stat.rs" mod stat;
    "../../p1-on-p2/src/transfer.rs" mod transfer;
}

mod ahead;
mod answer;
mod content;
mod describe;
mod entries;
mod kept;
mod poll;
mod socket;
mod stdio;
mod wait;
mod wasi;

/// What the linker must know: no frames.
#[unsafe(link_section = "p1bridge.library")]
pub static LIBRARY: [u8; 8] = *b"frame 0\n";

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    p1bridge_shim::trap()
}

pub(crate) use given::weak;
pub(crate) use p1bridge_shim::exports;
