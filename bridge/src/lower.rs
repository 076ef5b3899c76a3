//! `lower`: a core module for a runtime with fewer features.

use anyhow::{Result, bail};
use p1bridge_linker::Profile;

pub use p1bridge_linker::lower::Lowered;

use crate::sniff::{Binary, sniff};

/// Rewrites what `profile` lacks in `module`, a core module; names and semantics stay.
///
/// # Errors
///
/// When it is not a valid core module, or uses what cannot be lowered: all of it is named.
pub fn lower(module: &[u8], profile: &Profile) -> Result<Lowered> {
    match sniff(module)? {
        Binary::Module => p1bridge_linker::lower::module(module, profile),
        Binary::Component => bail!(
            "this is a component: `p1bridge flatten` with the same `--profile` makes a module of it \
             and lowers it"
        ),
    }
}
