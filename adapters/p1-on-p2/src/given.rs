//! What the linker gives: facts about the program, globals, what is done to the memories.

macro_rules! imports {
    ($($module:literal { $($name:literal fn $f:ident($($p:ident: $t:ty),* $(,)?) $(-> $r:ty)?;)* })*) => {$(
        #[link(wasm_import_module = $module)]
        unsafe extern "C" {
            $(#[link_name = $name] pub safe fn $f($($p: $t),*) $(-> $r)?;)*
        }
    )*};
}
pub(crate) use imports;

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

imports! {
    "p1bridge" {
        // Whether the program can have descriptors that are not standard streams.
        "files" fn files() -> u32;
        // Whether the host takes exit codes.
        "exit_codes" fn exit_codes() -> u32;
        // Whether the host is one of `wasi:http/proxy`.
        "proxy" fn is_proxy() -> u32;
    }
    "p1bridge:imports" {
        "fd_close" fn has_close() -> u32;
        "fd_fdstat_set_flags" fn has_set_flags() -> u32;
        // Whether the program can have sockets.
        "sock_open" fn has_sockets() -> u32;
    }
    "p1bridge:memory" {
        // What the host returns next in the program's memory is put at `from`; it traps beyond `to`.
        "at" fn returns_at(from: u32, to: u32);
        // Whether the host is within the program's `cabi_realloc`: then it must not be called.
        "inside" fn inside() -> u32;
    }
}

/// Globals, 0 at the start.
pub mod words {
    super::imports! {
        "p1bridge:words" {
            // The streams of standard input, output and errors, 0 until they are fetched.
            "get0" fn stdin() -> u32;
            "set0" fn set_stdin(handle: u32);
            "get1" fn stdout() -> u32;
            "set1" fn set_stdout(handle: u32);
            "get2" fn stderr() -> u32;
            "set2" fn set_stderr(handle: u32);
            // What is known of them: bits of [`crate::stdio`].
            "get3" fn standard() -> u32;
            "set3" fn set_standard(bits: u32);
            // A number, and 1, below which no descriptor is free; 0 before there is a table.
            "get5" fn first_free() -> u32;
            "set5" fn set_first_free(fd_and_1: u32);
            // The first block of a socket that is free, and the network; 0 for none.
            "get6" fn free_block() -> u32;
            "set6" fn set_free_block(at: u32);
            "get7" fn network() -> u32;
            "set7" fn set_network(handle: u32);
            // The last answers of the clocks.
            "wide0" fn realtime() -> u64;
            "set-wide0" fn set_realtime(time: u64);
            "wide1" fn monotonic() -> u64;
            "set-wide1" fn set_monotonic(time: u64);
        }
    }
}

/// A memory of the library's own. Its first 16 bytes say where the table of descriptors is; up to [`state::FREE`] there is
/// room for results, and from there on what lives longer.
pub mod state {
    super::imports! {
        "p1bridge:state" {
            "load8" fn load8(at: u32) -> u32;
            "load16" fn load16(at: u32) -> u32;
            "load32" fn load32(at: u32) -> u32;
            "load64" fn load64(at: u32) -> u64;
            "store8" fn store8(at: u32, value: u32);
            "store32" fn store32(at: u32, value: u32);
            "store64" fn store64(at: u32, value: u64);
            // New bytes, zeroed, or 0.
            "room" fn room(bytes: u32) -> u32;
            // Where the next bytes are put, also those of the host.
            "top" fn top() -> u32;
            "cut" fn cut(at: u32);
            // The first eight bytes of the record of a descriptor, 0 where there is none.
            "head" fn head(fd: u32) -> u64;
        }
    }

    /// Where the place of the table is, and how many records it has.
    pub const TABLE: u32 = 0;
    pub const CAPACITY: u32 = 4;
    /// Where results are put, 104 bytes, and another 24; and where a datagram is described.
    pub const RESULT: u32 = 16;
    pub const RESULT_2: u32 = 128;
    pub const SCRATCH: u32 = 160;
}
