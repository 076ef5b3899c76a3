//! What streams of every kind share, and the calls that only some programs can make.

use crate::state::{State, flag};

/// Calls that only a program with files can make. The linker binds them to the exports of the
/// same names when the program reaches a function of `wasi:filesystem/types`, and to a trap
/// otherwise.
pub mod weak {
    #[link(
        wasm_import_module = "if wasi:filesystem/types wasi:sockets/tcp wasi:sockets/udp wasi:http/outgoing-handler"
    )]
    unsafe extern "C" {
        /// Gives back one use of a descriptor or socket.
        #[link_name = "weak:release"]
        pub safe fn release(descriptor: u32);
    }
    #[link(
        wasm_import_module = "if wasi:filesystem/types wasi:sockets/tcp wasi:http/outgoing-handler"
    )]
    unsafe extern "C" {
        /// A read, not of 0 bytes, into the scratch first. `out` is an address of ours.
        #[link_name = "weak:read-by-scratch"]
        pub safe fn read_by_scratch(handle: u32, length: u32, blocking: u32, out: u32);
    }
    #[link(wasm_import_module = "if wasi:filesystem/types")]
    unsafe extern "C" {
        /// Reads into a vector at the stream's offset, and moves it.
        #[link_name = "weak:file-read"]
        pub safe fn file_read(handle: u32, vector: u32) -> u32;
        /// A blocking read, not of 0 bytes, of a stream whose flags are `FILE` alone.
        #[link_name = "weak:file-blocking-read"]
        pub safe fn file_blocking_read(handle: u32, length: u64, out: u32);
        /// Writes vectors at the stream's offset or the end, and moves it.
        #[link_name = "weak:file-write"]
        pub safe fn file_write(handle: u32, vectors: u32, count: u32) -> u32;
    }
    #[link(wasm_import_module = "if p1bridge:http/exchange")]
    unsafe extern "C" {
        /// Reads of the request's body into a vector.
        #[link_name = "weak:body-read"]
        pub safe fn body_read(handle: u32, vector: u32) -> u32;
        /// Writes vectors to the body of a response.
        #[link_name = "weak:body-write"]
        pub safe fn body_write(response: u32, vectors: u32, count: u32) -> u32;
    }
    #[link(wasm_import_module = "if wasi:sockets/tcp wasi:sockets/udp wasi:http/outgoing-handler")]
    unsafe extern "C" {
        /// The mode that a pollable of a socket has now.
        #[link_name = "weak:socket-mode"]
        pub safe fn socket_mode(socket: u32, mode: u32) -> u32;
    }
    #[link(wasm_import_module = "if wasi:sockets/tcp wasi:http/outgoing-handler")]
    unsafe extern "C" {
        /// `CLOSED` when this direction was shut down, or 0.
        #[link_name = "weak:socket-status"]
        pub safe fn socket_status(socket: u32, mode: u32) -> u32;
        /// Whether a socket would take more; waits for it if told to.
        #[link_name = "weak:socket-writable"]
        pub safe fn socket_writable(socket: u32, block: u32) -> u32;
    }
}

/// Drops a stream or pollable, and with it the use of its descriptor.
#[inline(never)]
pub fn drop_stream(state: &State, handle: u32, kind: u8) {
    let entry = state.get(handle, kind);
    let descriptor = entry.word.get();
    let is_shared = entry.flags.get() & flag::SHARED != 0;
    state.remove(handle);
    if is_shared {
        weak::release(descriptor);
    }
}
