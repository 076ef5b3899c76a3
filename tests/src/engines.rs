//! The engines, one file each.

mod node;
pub mod wamr;
mod wasmi;
mod wasmtime;

pub use self::node::Node;
pub use self::wamr::Wamr;
pub use self::wasmi::Wasmi;
pub use self::wasmtime::Wasmtime;

use crate::Engine;

/// Every engine that the suites know, present on this machine or not.
pub fn all() -> Vec<Box<dyn Engine>> {
    vec![
        Box::new(Wasmtime::new()),
        Box::new(Wasmi),
        Box::new(Wamr),
        Box::new(Node::new()),
    ]
}
