//! Support for the libraries that p1bridge links into a flat module: what every adapter needs to
//! speak the canonical ABI from inside the guest's own linear memory.
//!
//! A library is code only. It has no data segment, no static and no heap; all that it remembers
//! is in one block, reserved by the linker, zero at the start of the program, and found through
//! the imported function `p1bridge.state`. The block *moves* when the guest's memory grows, and
//! the guest's memory may grow whenever the guest's `cabi_realloc` runs. [`State`] gives that
//! rule a shape: everything read out of the block borrows the [`State`], and the functions that
//! call `cabi_realloc` take it by `&mut`, so a reference kept across such a call does not compile.
//!
//! | module | what is in it |
//! |---|---|
//! | [`abi`] | lists and strings that the guest passes, memory that is handed to the guest, results |
//! | [`state`] | the state block and the table of handles |
//! | [`utf8`] | the check of strings, and what becomes of host bytes that are not UTF-8 |
//!
//! A breach of the canonical ABI by the guest (a string that is not UTF-8, a list outside the
//! memory, a handle of the wrong type) ends in [`trap`], as it does in a component runtime.

#![no_std]

pub mod abi;
pub mod state;
pub mod utf8;

pub use abi::{Out, bytes, bytes_here, check_bytes, here, list, text, there};
pub use state::{Entry, State};

/// Ends the program with the wasm instruction `unreachable`.
#[inline(always)]
pub fn trap() -> ! {
    core::arch::wasm32::unreachable()
}

/// Ends the program when `broken` is true.
#[inline(always)]
pub fn trap_if(broken: bool) {
    if broken {
        trap()
    }
}

/// Defines exported functions of a library that keeps nothing: a name, then a function.
#[macro_export]
macro_rules! exports {
    ($($(#[$doc:meta])* $name:literal fn $f:ident($($p:ident: $t:ty),* $(,)?) $(-> $r:ty)? $body:block)*) => {$(
        $(#[$doc])*
        #[unsafe(export_name = $name)]
        extern "C" fn $f($($p: $t),*) $(-> $r)? $body
    )*};
}
