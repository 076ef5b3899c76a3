//! The engines, one file each.

mod wasmtime;

pub use self::wasmtime::Wasmtime;

use crate::Engine;

/// Every engine that the suites know, present on this machine or not.
pub fn all() -> Vec<Box<dyn Engine>> {
    vec![Box::new(Wasmtime::new())]
}
