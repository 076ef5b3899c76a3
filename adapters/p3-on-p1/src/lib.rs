//! WASI 0.3 on Preview 1: the library `p3-on-p1`.
//!
//! Every exported function is one function of WASI 0.3 in the core form of a function that blocks, named
//! `wasi:clocks/monotonic-clock@0.3#now`. Those that may have to wait are there in the form that `async`
//! lowers them to as well. What they share with WASI 0.2 is one source with `p2-on-p1`: descriptors, paths,
//! directories, clocks, errors. Streams and futures are records of the library `tasks`, which asks back
//! here for what the host has. `docs/adapter-p3-on-p1.md` has the contract and the approximations.
//!
//! | module | interfaces |
//! |---|---|
//! | [`command`] | cli: environment, exit, standard streams, terminals |
//! | [`time3`] | clocks |
//! | [`numbers`] | random |
//! | [`files`] | filesystem; [`file_ends`] and [`entries`] have the streams |
//! | [`tcp3`], [`udp3`], [`names`] | sockets; [`network`] has what they share |
//! | [`http3`] | http: fields, requests and responses as data |
//! | [`io`] | what streams and futures of the host do |
//! | [`tasks`] | the library of tasks |

#![no_std]

/// What `p2-on-p1` exports is called from here, and not exported.
macro_rules! exports {
    ($($(#[$doc:meta])* $name:literal fn $f:ident($state:ident $(, $p:ident: $t:ty)* $(,)?) $(-> $r:ty)? $body:block)*) => {$(
        $(#[$doc])*
        #[allow(dead_code, unused_mut, unused_variables)]
        #[inline(always)]
        pub(crate) fn $f($($p: $t),*) $(-> $r)? {
            let mut $state = unsafe { crate::state::State::enter() };
            $body
        }
    )*};
}
pub(crate) use exports;

/// Defines exported functions: name, then a function whose first parameter is the state block.
macro_rules! provides {
    ($($(#[$doc:meta])* $name:literal fn $f:ident($state:ident $(, $p:ident: $t:ty)* $(,)?) $(-> $r:ty)? $body:block)*) => {$(
        $(#[$doc])*
        #[unsafe(export_name = $name)]
        extern "C" fn $f($($p: $t),*) $(-> $r)? {
            #[allow(unused_mut, unused_variables)]
            let mut $state = unsafe { crate::state::State::enter() };
            $body
        }
    )*};
}

macro_rules! shared {
    ($($path:literal mod $name:ident;)*) => {$(
        #[path = $path]
        #[allow(dead_code, unused_imports, unused_macros)]
        mod $name;
    )*};
}

shared! {
    "../../p2-on-p1/src/address.rs" mod address;
    "../../p2-on-p1/src/asked.rs" mod asked;
    "../../p2-on-p1/src/cli.rs" mod cli;
    "../../p2-on-p1/src/descriptor.rs" mod descriptor;
    "../../p2-on-p1/src/directory.rs" mod directory;
    "../../p2-on-p1/src/error.rs" mod error;
    "../../p2-on-p1/src/fields.rs" mod fields;
    "../../p2-on-p1/src/http.rs" mod http;
    "../../p2-on-p1/src/letters.rs" mod letters;
    "../../p2-on-p1/src/lookup.rs" mod lookup;
    "../../p2-on-p1/src/p1.rs" mod p1;
    "../../p2-on-p1/src/path.rs" mod path;
    "../../p2-on-p1/src/pool.rs" mod pool;
    "../../p2-on-p1/src/random.rs" mod random;
    "../../p2-on-p1/src/sock.rs" mod sock;
    "../../p2-on-p1/src/socket.rs" mod socket;
    "../../p2-on-p1/src/state.rs" mod state;
    "../../p2-on-p1/src/tcp.rs" mod tcp;
    "../../p2-on-p1/src/time.rs" mod time;
    "../../p2-on-p1/src/udp.rs" mod udp;
    "../../p2-on-p1/src/users.rs" mod users;
}

mod command;
mod entries;
mod file_ends;
mod files;
mod http3;
mod io;
mod names;
mod network;
mod numbers;
mod poll;
mod stream;
mod tasks;
mod tcp3;
mod time3;
mod udp3;

/// What the linker must know: bytes of state, and of the guest's shadow stack (none).
#[unsafe(link_section = "p1bridge.library")]
pub static LIBRARY: [u8; 74] =
    *b"state-fixed 112\nstate-per-poll 80\nseed 32\nzeroes 256\nscratch 4112\nframe 0\n";

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    p1bridge_shim::trap()
}
