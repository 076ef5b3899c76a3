//! The linker of p1bridge.
//!
//! `flatten` turns a component into one core module that imports only what a WASI Preview 1
//! runtime offers. It is a static linker with a short pipeline; each stage is a module with one
//! entry point, borrows what the stages before it made, and returns an owned value:
//!
//! | stage | in → out |
//! |---|---|
//! | [`parse`] | bytes → [`parse::Input`]: the sections of every component and core module as they stand, validated |
//! | [`resolve`] | `Input` → [`resolve::Program`]: the component level evaluated away; what is left is an ordered list of core instances with every import bound to a definition |
//! | [`unadapt`] | `Program` → `Program`: Preview 1 imports that went through a plain adapter are bound to the host again |
//! | [`boundary`] | `Program` → `Program`: exported resources are handed over to the host, if asked for |
//! | [`plan`] | `Program` → [`plan::Plan`]: the libraries that are linked, what is live, the memory map, start order, names of imports and exports |
//! | [`merge`] | `Plan` → bytes: one re-encoding pass over the live functions; glue and lowered instructions are emitted in the same pass |
//! | [`lower`] | module → module: what the profile lacks and the merge has not done in passing; nothing to do for most |
//! | [`emit`] | bytes → [`Output`]: validated under exactly the features of the input, with the report |
//!
//! Names follow the specification (`CanonicalABI.md`, `Binary.md` and `Explainer.md` of the
//! component model): lift, lower, canon, core instance, index space.

pub mod abi;
pub mod boundary;
pub mod check;
pub mod check_emitted;
pub mod debug;
pub mod emit;
pub mod entity;
pub mod features;
pub mod findings;
pub mod glue;
pub mod lower;
pub mod maps;
pub mod memory;
pub mod merge;
pub mod options;
mod parallel;
pub mod parse;
pub mod plan;
pub mod preview1;
pub mod profile;
pub mod report;
pub mod resolve;
pub mod statics;
pub mod unadapt;
pub mod validate;
pub mod wasi;

use anyhow::{Context, Result};

pub use emit::Output;
pub use features::FeatureSet;
pub use options::{Boundary, Growth, Isolation, Library, MemoryMode, Options};
pub use profile::Profile;
pub use report::Report;

const NOT_AS_PLANNED: &str = "the flat module is not as planned: this is a bug of p1bridge, please \
                              report it with the input";

/// Links a component into one core module.
///
/// `component` is the binary of a component. Interfaces of WASI that it imports are bound to the
/// exports of `libraries`, whose own imports become imports of the output; imports of any other
/// interface stay imports under their own names.
///
/// # Errors
///
/// Everything that cannot be linked is an error that names it, its byte offset in `component`
/// and the component or core module that it is in. Nothing is guessed.
pub fn flatten(component: &[u8], libraries: &[Library<'_>], options: &Options) -> Result<Output> {
    if options.max_handles == 0 {
        anyhow::bail!("--max-handles 0: a program without handles can open nothing; at least 1 is");
    }
    if options.max_poll == 0 {
        anyhow::bail!("--max-poll 0: a program could wait for nothing; at least 1 is");
    }
    let mut input = parse::component(component)?;
    input.add_libraries(libraries)?;
    let program = resolve::program(&input)?;
    let mut adapted = unadapt::unadapt(&input, program);
    if options.boundary == Boundary::Wit {
        boundary::hand_over(&mut adapted.program);
    }
    let plan = plan::plan(&input, &adapted, options)?;
    let merged = merge::merge(&plan)?;
    if options.verify {
        check_emitted::merged(&plan, &merged.wasm).context(NOT_AS_PLANNED)?;
    }
    let lowered = lower::merged(&plan, merged)?;
    if options.verify {
        check_emitted::finished(&plan, &lowered.wasm).context(NOT_AS_PLANNED)?;
    }
    emit::emit(&plan, lowered)
}
