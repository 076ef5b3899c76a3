//! The canonical ABI for hosts of flat modules, as `p1bridge host --lang rust` uses it.
//!
//! | part | is |
//! |---|---|
//! | [`Guest`] | what an engine gives: the memory, and calls |
//! | [`Lift`], [`Lower`] | values from the guest and for it, with every check |
//! | [`Handles`] | the resources of the host that the guest has handles of |
//! | [`slot`] | a module in the program itself that can be replaced |
//! | `wasmi`, `wasmtime` | bindings of engines, by features of those names |
//!
//! Without the feature `alloc`, there are views of the guest's memory ([`List`], `&str`) and a table of handles of a size
//! that does not change ([`Handles::fixed`]). `alloc` adds `String` and `Vec`.
//!
//! Nothing that a guest does makes this panic: what it gives is checked, and everything wrong is an [`Error`].

#![no_std]
#![forbid(unsafe_code)]
#![warn(missing_docs)]

#[cfg(feature = "alloc")]
extern crate alloc;

mod error;
mod guest;
mod handles;
pub mod slot;
mod value;
#[cfg(feature = "wasmi")]
pub mod wasmi;
#[cfg(feature = "wasmtime")]
pub mod wasmtime;

#[cfg(feature = "alloc")]
pub use alloc::{string::String, vec::Vec};

pub use error::{Error, Result};
pub use guest::{
    Area, Function, Guest, Parts, SLOTS, Source, World, arguments, export, export_with, initialize,
    lent, reply, result,
};
#[cfg(feature = "alloc")]
pub use handles::Kept;
pub use handles::{Borrow, Entry, Handles, Own, Resource};
pub use value::{Layout, Lift, List, Lower, Ref};

/// The export of a module that has an arena for what functions of the host give: [`Handles::set_arena`].
pub const HOST_ARENA: &str = "p1bridge.host-arena";

/// What generated code needs beside the rest.
#[doc(hidden)]
pub mod glue {
    pub use crate::value::{after, clear, first, from, from_mut, load_case, put_first, store_case};
}
