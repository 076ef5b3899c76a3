//! Calls between two component instances, and between a guest and the host where their values do
//! not mean the same, each as one core function.
//!
//! `CanonicalABI.md`, "canon lift" and "canon lower": values are taken from the caller's flat
//! parameters and memory and put straight into the callee's, with every check that both sides
//! demand; results go the other way. Pointers are kept as the guests have them and turned into
//! addresses at each access, because a `realloc` may move the regions.
//!
//! Between a guest and the host values are copied where they have to be (`boundary`), and otherwise
//! only checked (`in_place`).

mod boundary;
mod call;
mod cases;
mod encoder;
pub mod error_contexts;
mod handles;
pub mod imports;
mod in_place;
mod passed;
mod scalars;
mod shared;
mod strings;
pub mod tasks;
mod values;
mod words;

pub use boundary::{arena_alloc, export, host_realloc, import, post_return};
pub use call::call;
pub use encoder::{Fused, memory};
pub use in_place::realloc;
pub use passed::passed;
pub use shared::shared;
