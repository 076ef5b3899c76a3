//! The shim for hosts in JavaScript, as text.
#![no_std]
#![warn(missing_docs)]

/// An ES module: what the glue of `p1bridge host --lang js` stands on.
pub const SHIM: &str = include_str!("../p1b.mjs");
