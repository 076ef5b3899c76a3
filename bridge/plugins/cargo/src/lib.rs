//! p1bridge in build scripts: components become modules for an old runtime, and the program includes them.
//!
//! ```no_run
//! // build.rs
//! p1bridge_build::Flatten::new("guest.wasm").profile("wamr-2020").emit("GUEST");
//! ```
//!
//! writes `OUT_DIR/guest.rs`, which has `pub static GUEST: &[u8]`:
//!
//! ```ignore
//! include!(concat!(env!("OUT_DIR"), "/guest.rs"));
//! ```
//!
//! | | from | makes |
//! |---|---|---|
//! | [`Flatten`] | a component | a Preview 1 module |
//! | [`Lower`] | a core module | one that runs on a runtime with fewer features |
//! | [`Wrap`] | a Preview 1 module | a component |
//! | [`Link`] | a program and libraries | a Preview 1 module |
//! | [`Embed`] | a core module | the same |
//!
//! Paths are relative to the package that is built. Cargo runs the script again when one of the files has changed. What cannot be done
//! is a panic with the message of p1bridge, which ends the build; warnings are warnings of Cargo. No other program is started.

#![warn(missing_docs)]

mod emit;
mod make;

pub use p1bridge;

pub use emit::Slot;
pub use make::{Embed, Flatten, Link, Lower, Wrap};
