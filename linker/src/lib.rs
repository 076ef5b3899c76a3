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
pub mod features;
pub mod glue;
pub mod lower;
pub mod merge;
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

pub use features::FeatureSet;
pub use profile::Profile;
pub use report::Report;

/// A code-only core module that provides WASI interfaces in lowered form, such as `p2-on-p1`.
///
/// The contract between a library and the linker is written down in `docs/adapter-p2-on-p1.md`.
#[derive(Clone, Copy, Debug)]
pub struct Library<'a> {
    /// The name used in messages and in the report, `provides-on-requires`.
    pub name: &'a str,
    /// The core module.
    pub wasm: &'a [u8],
}

/// What keeps the guests of one output apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Isolation {
    /// Every access is checked against the end of the guest's own region.
    #[default]
    Checked,
    /// Guests are trusted to stay within their memory.
    Trusted,
}

/// How many memories the output has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MemoryMode {
    /// One, in which every guest has a region.
    #[default]
    One,
    /// One for each memory of the guests, for targets that have the multi-memory proposal. What the
    /// host and the libraries work on is in the first; values of other guests are copied.
    Multi,
}

/// Who has the handles of resources that the component exports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Boundary {
    /// The module itself: any host can call it.
    #[default]
    Native,
    /// The host, through the imports that `wit-component` gives to modules: for modules that are
    /// made into components again.
    Wit,
}

/// How the memory of the output grows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Growth {
    /// With what the guests ask for: what lies above slides up.
    #[default]
    Free,
    /// Every guest keeps the memory that it starts with.
    None,
    /// All of the memory, this many pages, is there from the start; guests grow in their share.
    Within(u32),
}

/// What the caller may choose.
#[derive(Clone, Debug)]
pub struct Options {
    /// Remove what no export can reach. Off, every function of the guest is kept.
    pub tidy: bool,
    /// Leave out the custom sections: names and producers.
    pub strip: bool,
    /// What the target takes; features that it lacks are rewritten or refused.
    pub profile: Profile,
    /// How many handles a library can have open at once.
    pub max_handles: u32,
    /// How many different pipes, devices and sockets one poll can wait for.
    pub max_poll: u32,
    /// Bytes for the header fields and other strings of HTTP, where a program has any.
    pub max_http: u32,
    /// What keeps guests apart, where there is more than one.
    pub isolation: Isolation,
    /// How many memories there are.
    pub memory: MemoryMode,
    /// Who has the handles of exported resources.
    pub boundary: Boundary,
    /// Check the output a second time, against the plan ([`check_emitted`]).
    pub verify: bool,
    /// Whether the memory grows.
    pub growth: Growth,
    /// Say on standard error why the module is about to trap, where the linker's code does.
    pub trap_messages: bool,
    /// Functions of WASI that may become stubs, with the errors that they return.
    pub allow: Vec<wasi::Allow>,
    /// Refuse functions of WASI that can only be approximated.
    pub deny_approximations: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            tidy: true,
            strip: false,
            profile: Profile::default(),
            max_handles: 512,
            max_poll: 50,
            max_http: 16 << 10,
            isolation: Isolation::default(),
            memory: MemoryMode::default(),
            boundary: Boundary::default(),
            verify: cfg!(debug_assertions),
            growth: Growth::default(),
            trap_messages: false,
            allow: Vec::new(),
            deny_approximations: false,
        }
    }
}

/// A finished flat module.
#[derive(Clone, Debug)]
pub struct Output {
    /// The core module, validated.
    pub wasm: Vec<u8>,
    /// What was done to make it.
    pub report: Report,
    /// Why a component that is made of the module would not work, if it would not.
    pub obstacle: Option<&'static str>,
}

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
