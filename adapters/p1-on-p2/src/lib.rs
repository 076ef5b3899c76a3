//! Preview 1 on WASI 0.2: the library `p1-on-p2`, woven into a program that becomes a component.
//!
//! Every exported function is one of Preview 1, named `wasi_snapshot_preview1#fd_write`, or one of the preview before it where
//! that has something else. The library sees the program's memory and takes none of it: results of the host are put over the
//! first bytes for the time of a call ([`area`]), data goes straight to where the program wants it. What must be remembered is in
//! globals where the program has standard streams only, and otherwise in a memory of the library's own ([`given::state`]).
//!
//! | module | functions |
//! |---|---|
//! | [`wasi`], [`given`] | what the library imports: from the host, from the linker |
//! | [`area`] | where results are put |
//! | [`error`] | error numbers |
//! | [`descriptor`] | descriptors: the table, closing, what is open at the start |
//! | [`transfer`] | reading and writing, whatever the descriptor |
//! | [`stdio`] | the standard streams |
//! | [`file`], [`stat`] | what is done with open files; what descriptors and files are |
//! | [`path`], [`directory`] | what is done by paths; entries of directories |
//! | [`poll`] | waiting |
//! | [`sock`] | sockets |
//! | [`process`] | arguments, environment, clocks, randomness, the end |
//!
//! A program that prints must not carry the code for files. So that is reached through imports of `if files`, which the linker
//! binds only in programs that can have other descriptors than the standard streams; and likewise what only programs need that
//! import certain functions.

#![no_std]

mod area;
mod descriptor;
mod directory;
mod error;
mod file;
mod given;
mod path;
mod poll;
mod process;
mod sock;
mod stat;
mod stdio;
mod transfer;
mod wasi;

/// What the linker must know: no frames.
#[unsafe(link_section = "p1bridge.library")]
pub static LIBRARY: [u8; 8] = *b"frame 0\n";

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    p1bridge_shim::trap()
}

pub(crate) use p1bridge_shim::exports;

/// Defines functions that are linked only into programs that the import's module name says: a name, then a function.
macro_rules! weak {
    ($($module:literal { $($(#[$doc:meta])* $name:literal
        fn $f:ident($($p:ident: $t:ty),* $(,)?) $(-> $r:ty)? $body:block)* })*) => {
        mod linked {
            $(
                #[link(wasm_import_module = $module)]
                unsafe extern "C" {
                    $(#[link_name = concat!("weak:", $name)] pub safe fn $f($($p: $t),*) $(-> $r)?;)*
                }
            )*
        }
        pub use linked::*;
        // Each by itself: functions call the linked ones.
        $($(const _: () = {
            $(#[$doc])*
            #[unsafe(export_name = concat!("weak:", $name))]
            extern "C" fn $f($($p: $t),*) $(-> $r)? $body
        };)*)*
    };
}
pub(crate) use weak;
