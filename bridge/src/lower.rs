//! `lower`: a core module for a runtime with fewer features.

use anyhow::{Result, bail};
use p1bridge_linker::Profile;

pub use p1bridge_linker::lower::Lowered;
use p1bridge_linker::relocate::cut_stacks;

use crate::sniff::{Binary, sniff};
use crate::weave::{notes, weave_for};

/// Rewrites what `profile` lacks in `module`, a core module; names and semantics stay. Calls of WSI become calls of
/// Preview 1.
///
/// # Errors
///
/// When it is not a valid core module, or uses what cannot be lowered: all of it is named.
pub fn lower(module: &[u8], profile: &Profile) -> Result<Lowered> {
    match sniff(module)? {
        Binary::Module => {
            let Some(woven) = weave_for(module, profile)? else {
                return p1bridge_linker::lower::module(module, profile);
            };
            let mut lowered = p1bridge_linker::lower::module(&woven.wasm, profile)?;
            lowered.done.splice(0..0, notes(&woven));
            Ok(lowered)
        }
        Binary::Component => bail!(
            "this is a component: `p1bridge flatten` with the same `--profile` makes a module of it \
             and lowers it"
        ),
    }
}

/// The same after the stack of the program is cut to so many bytes: it has to have its relocations.
///
/// # Errors
///
/// As [`lower`], and as [`cut_stacks`].
pub fn cut_and_lower(module: &[u8], stack_size: u32, profile: &Profile) -> Result<Lowered> {
    let cut = match sniff(module)? {
        Binary::Module => cut_stacks(module, stack_size)?,
        Binary::Component => return lower(module, profile),
    };
    let mut lowered = lower(&cut.wasm, profile)?;
    lowered.done.splice(0..0, cut.notes());
    Ok(lowered)
}
