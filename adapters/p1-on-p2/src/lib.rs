//! Preview 1 on WASI 0.2: the library `p1-on-p2`, woven into a program that becomes a component.
//!
//! Every exported function is one of Preview 1, named `wasi_snapshot_preview1#fd_write`, or one of the preview before it where
//! that has something else. The library sees the program's memory and takes none of it: results of the host are put over the
//! first bytes for the time of a call ([`area`]), data goes straight to where the program wants it. What must be remembered is in
//! globals where the program has standard streams only, and otherwise in a memory of the library's own ([`given::state`]).
//!
//! | module | functions |
//! |---|---|
//! | [`wasi`], [`network`], [`given`] | what the library imports: from the host, for sockets, from the linker |
//! | [`area`] | where results are put |
//! | [`error`] | error numbers |
//! | [`descriptor`] | descriptors: the table, closing, what is open at the start |
//! | [`transfer`] | reading and writing, whatever the descriptor |
//! | [`stdio`], [`standard`] | the standard streams; what is known of them |
//! | [`answer`], [`describe`] | results of the host about files |
//! | [`file`], [`content`] | open files: seeking; reading and writing |
//! | [`stat`] | what descriptors and files are |
//! | [`path`] | what is done by paths |
//! | [`directory`], [`entries`] | entries of directories; their stream |
//! | [`events`], [`poll`] | subscriptions and events; waiting |
//! | [`sock`], [`socket`] | what Preview 1 itself has for sockets; their life, as WAMR has it |
//! | [`connection`], [`datagram`] | what is sent and received |
//! | [`address`], [`lookup`], [`options`] | addresses, names and options of sockets |
//! | [`without`] | what functions are on hosts that have no files |
//! | [`process`] | arguments, environment, clocks, randomness, the end |
//!
//! A program that prints must not carry the code for files. So that is reached through imports of `if files`, which the linker
//! binds only in programs that can have other descriptors than the standard streams; and likewise what only programs need that
//! import certain functions.

#![no_std]

mod address;
mod answer;
mod area;
mod connection;
mod content;
mod datagram;
mod describe;
mod descriptor;
mod directory;
mod entries;
mod error;
mod events;
mod file;
mod given;
mod lookup;
mod network;
mod options;
mod path;
mod poll;
mod process;
mod sock;
mod socket;
mod standard;
mod stat;
mod stdio;
mod transfer;
mod wasi;
mod without;

/// What the linker must know: no frames.
#[unsafe(link_section = "p1bridge.library")]
pub static LIBRARY: [u8; 8] = *b"frame 0\n";

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    p1bridge_shim::trap()
}

pub(crate) use given::weak;
pub(crate) use p1bridge_shim::exports;
