//! `check`: why a file would not run on a target.

use anyhow::{Context, Result};
use p1bridge_linker::Profile;

pub use p1bridge_linker::check::{Effect, Finding, Kind, Place, Verdict};

use crate::flatten::{FlattenOptions, flatten};
use crate::profiles;
use crate::sniff::{Binary, sniff};
use crate::weave::weave_for;

/// Checks `wasm`, a core module; a component is checked as what flatten would make of it when it
/// lowered nothing, and places are those in that module.
///
/// # Errors
///
/// When it is neither, or a component that cannot be flattened at all.
pub fn check(wasm: &[u8], profile: &Profile) -> Result<Verdict> {
    match sniff(wasm)? {
        Binary::Module => {
            let woven = weave_for(wasm, profile)?;
            let module = woven.as_ref().map_or(wasm, |woven| &woven.wasm);
            p1bridge_linker::check::check(module, profile)
        }
        Binary::Component => {
            let options = FlattenOptions {
                profile: profiles::named("as-is")?,
                sockets: Some(profile.host.sockets),
                ..FlattenOptions::default()
            };
            let flat = flatten(wasm, &options).context("it cannot be flattened")?;
            p1bridge_linker::check::check(&flat.wasm, profile)
        }
    }
}
