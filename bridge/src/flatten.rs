//! `flatten`: a component becomes one Preview 1 core module.
//!
//! The work is the linker's; here are the libraries that come with the command, and the choices
//! in the form that users make them.

use anyhow::Result;
use p1bridge_linker::{Library, Options, Profile};

pub use p1bridge_linker::Report;

/// The libraries that provide WASI 0.2 on Preview 1, built from `adapters/`.
const LIBRARIES: &[Library<'static>] = &[Library {
    name: "p2-on-p1",
    wasm: include_bytes!("../../adapters/prebuilt/p2-on-p1.wasm"),
}];

/// What the caller may choose.
#[derive(Clone, Debug)]
pub struct FlattenOptions {
    /// Leave out functions that nothing can reach.
    pub tidy: bool,
    /// Leave out custom sections: names, producers, debug information.
    pub strip: bool,
    /// The runtime that the module is for.
    pub profile: Profile,
    /// How many streams, files and other resources can be open at once.
    pub max_handles: Option<u32>,
}

impl Default for FlattenOptions {
    fn default() -> FlattenOptions {
        FlattenOptions {
            tidy: true,
            strip: false,
            profile: Profile::default(),
            max_handles: None,
        }
    }
}

/// A finished module.
#[derive(Clone, Debug)]
pub struct Flattened {
    /// The core module, validated.
    pub wasm: Vec<u8>,
    /// What was done to make it.
    pub report: Report,
}

/// Flattens `component`, the binary of a component.
///
/// # Errors
///
/// When it is not a valid component, or uses something that cannot be flattened; the message names
/// it and its byte offset.
pub fn flatten(component: &[u8], options: &FlattenOptions) -> Result<Flattened> {
    let mut linked = Options {
        tidy: options.tidy,
        strip: options.strip,
        profile: options.profile.clone(),
        ..Options::default()
    };
    if let Some(max_handles) = options.max_handles {
        linked.max_handles = max_handles;
    }
    let output = p1bridge_linker::flatten(component, LIBRARIES, &linked)?;
    Ok(Flattened {
        wasm: output.wasm,
        report: output.report,
    })
}
