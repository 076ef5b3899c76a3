//! `Plan` → [`Maps`]: the functions that the linker adds, and the index spaces of the output.
//!
//! [`glue::Glue`] says which functions of its own the linker writes, and [`Maps`] numbers everything:
//! what [`crate::glue`] and [`crate::merge`] encode refers to it.

pub mod glue;
pub mod index;
pub mod shared;

pub use glue::Glue;
pub use index::{Maps, memory_access, region_access};
