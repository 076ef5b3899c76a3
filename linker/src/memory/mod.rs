//! One memory for several guests: where things lie in it, and the instructions that get at them.
//!
//! What [`crate::glue`], [`crate::merge`] and [`crate::lower`] share stands here, below them: none of
//! it knows where a module comes from.
//!
//! | file | what it has |
//! |---|---|
//! | [`layout`] | the regions of the guests and the block of the linker above them |
//! | [`globals`] | the globals that follow them when they move |
//! | [`access`] | loads and stores of one guest among others |
//! | [`regions`] | `memory.grow`, `memory.copy` and `memory.fill` of one guest among others |
//! | [`bulk`] | copying and filling without instructions for it |
//! | [`arena`] | what a runtime allocates for itself |
//! | [`growing`] | whether a guest takes more memory wherever it is |
//! | [`traps`] | traps, and what says why |

pub mod access;
pub mod arena;
pub mod bulk;
pub mod globals;
pub mod growing;
pub mod layout;
pub mod regions;
pub mod stacks;
pub mod traps;
