//! WASI 0.2 on Preview 1: the library `p2-on-p1`.
//!
//! Every exported function is one function of WASI 0.2 in its lowered core form, named
//! `wasi:io/streams@0.2#[method]output-stream.write`. The contract with the linker, the state
//! block and the stated approximations are in `docs/adapter-p2-on-p1.md`.
//!
//! | module | interfaces |
//! |---|---|
//! | [`cli`] | environment, exit, stdin, stdout, stderr, terminal-* |
//! | [`clocks`] | monotonic-clock, wall-clock, timezone |
//! | [`random`] | random, insecure, insecure-seed |
//! | [`input`], [`output`] | streams |
//! | [`poll`] | poll |
//! | [`stream`], [`time`] | what those share |
//! | [`error`] | error, and the numbers of errors |
//! | [`socket`], [`tcp`], [`udp`], [`lookup`], [`address`] | sockets, on the extension of WAMR |
//! | [`http`], [`fields`], [`pool`] | http types, and where their strings are |
//! | [`exchange`], [`cgi`], [`answer`], [`asked`], [`letters`] | the one request of a CGI program and its answer, on `p1bridge:http` |
//! | [`server`] | requests on a listening socket instead, one after the other |
//! | [`client`], [`sending`] | http outgoing-handler, on sockets, and what is other in programs that send requests |
//! | [`chunked`] | bodies in chunks, from clients and from servers |
//! | [`wsi`] | the component side of WSI 0.1 |
//! | [`descriptor`], [`path`], [`directory`], [`file`] | filesystem: what one open descriptor does, what a path below one does, directories and preopens, streams of files |
//!
//! A program that prints must not carry the file code. Where a stream may belong to a file, the
//! file's part is therefore reached through the imports of [`stream::weak`], which the linker
//! binds only when the program uses `wasi:filesystem/types`.

#![no_std]

mod address;
mod answer;
mod asked;
mod cgi;
mod chunked;
mod cli;
mod client;
mod clocks;
mod descriptor;
mod directory;
mod error;
mod exchange;
mod fields;
mod file;
mod http;
mod input;
mod letters;
mod lookup;
mod output;
mod p1;
mod path;
mod poll;
mod pool;
mod random;
mod sending;
mod server;
mod sock;
mod socket;
mod state;
mod stream;
mod tcp;
mod time;
mod udp;
mod users;
mod wsi;

/// What the linker must know: bytes of state, and of the guest's shadow stack (none).
#[unsafe(link_section = "p1bridge.library")]
pub static LIBRARY: [u8; 74] =
    *b"state-fixed 112\nstate-per-poll 80\nseed 32\nzeroes 256\nscratch 4112\nframe 0\n";

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    p1bridge_shim::trap()
}

/// Defines exported functions: name, then a function whose first parameter is the state block.
macro_rules! exports {
    ($($(#[$doc:meta])* $name:literal fn $f:ident($state:ident $(, $p:ident: $t:ty)* $(,)?) $(-> $r:ty)? $body:block)*) => {$(
        $(#[$doc])*
        #[unsafe(export_name = $name)]
        pub(crate) extern "C" fn $f($($p: $t),*) $(-> $r)? {
            #[allow(unused_mut, unused_variables)]
            let mut $state = unsafe { crate::state::State::enter() };
            $body
        }
    )*};
}
pub(crate) use exports;
