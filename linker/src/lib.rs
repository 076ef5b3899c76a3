//! The linker of p1bridge.
//!
//! `flatten` turns a component into one core module that imports only what a WASI Preview 1
//! runtime offers. It is a static linker with a short pipeline; each stage is a module with one
//! entry point, borrows what the stages before it made, and returns an owned value.
//!
//! This is the order of the house, written here and nowhere else: a module takes only from those
//! above it in the tables, never from this file, and inside of a module no file is in a circle.
//! `tests/tidy` holds it. `docs/architecture.md` has the drawing, and says where new things go.
//!
//! What all stages know:
//!
//! | module | what it has |
//! |---|---|
//! | [`parallel`] | work on all cores, with the same result on any number |
//! | [`timings`] | how long stages take, if somebody asks |
//! | [`limits`] | how large a function may be, and how much larger than its input an output |
//! | [`sections`] | the sections of a module, to be changed one by one |
//! | [`fold`] | the code of a body without what constants decide |
//! | [`nearest`] | the nearest of some names, for messages about misspelt ones |
//! | [`features`] | the proposals of WebAssembly by name, and which instruction is of which |
//! | [`preview1`] | the functions of WASI Preview 1 |
//! | [`wasi`] | the functions of WASI 0.2: which are local, approximated or impossible on Preview 1 |
//! | [`wsi`] | the functions of WSI: their signatures, and what kinds of hosts can do of each |
//! | [`profile`] | what a target takes and how it goes wrong |
//! | [`opt`] | the optimisations by name |
//! | [`options`] | what the caller may choose |
//! | [`wrapped`] | what `wrap` and the linker say to each other of components that `wrap` makes |
//! | [`entity`] | the things of a program, by their place in a list |
//!
//! From bytes to a program:
//!
//! | stage | in → out |
//! |---|---|
//! | [`parse`] | bytes → [`parse::Input`]: the sections of every component and core module as they stand, validated |
//! | [`validate`] | bytes → nothing: whether a module is valid under some features |
//! | [`debug`] | DWARF → DWARF: addresses that follow code which moves |
//! | [`abi`] | component types → sizes, alignments and flat forms |
//! | [`resolve`] | `Input` → [`resolve::Program`]: the component level evaluated away; what is left is an ordered list of core instances with every import bound to a definition |
//! | [`statics`] | `Program` → what is known before it runs: what reaches what, and what only passes on |
//! | [`unadapt`] | `Program` → `Program`: Preview 1 imports that went through a plain adapter are bound to the host again, where the guest is alone |
//! | [`boundary`] | `Program` → `Program`: exported resources are handed over to the host, if asked for |
//!
//! From a program to a module:
//!
//! | stage | in → out |
//! |---|---|
//! | [`memory`] | the layout of one memory for several guests, and the instructions that get at it |
//! | [`relocate`] | bytes → bytes: programs that have their relocations get another stack, or another place |
//! | [`plan`] | `Program` → [`plan::Plan`]: the libraries that are linked, what is live, the memory map, start order, names of imports and exports |
//! | [`maps`] | `Plan` → [`maps::Maps`]: the functions that the linker adds, and the indices of the output |
//! | [`glue`] | `Plan`, `Maps` → the code of those functions: the canonical ABI between guests and host |
//! | [`merge`] | `Plan` → bytes: one re-encoding pass over the live functions; glue and lowered instructions are emitted in the same pass |
//! | [`findings`] | module → what a target does not take, or gets wrong |
//! | [`lower`] | module → module: what the profile lacks and the merge has not done in passing; nothing to do for most |
//! | [`check`] | module → [`check::Verdict`]: what is found, and whether lowering takes it away |
//! | [`check_emitted`] | bytes → nothing: the output a second time, against the plan |
//! | [`report`] | `Plan`, bytes → [`Report`]: what was done |
//! | [`emit`] | bytes → [`Output`]: validated under exactly the features of the input, with the report |
//! | [`weave`] | module → module: its calls of WSI become those of a library |
//!
//! Names follow the specification (`CanonicalABI.md`, `Binary.md` and `Explainer.md` of the
//! component model): lift, lower, canon, core instance, index space.
// Its pages are read by those who work on it.
#![allow(rustdoc::private_intra_doc_links)]

pub mod abi;
pub mod boundary;
pub mod check;
pub mod check_emitted;
pub mod debug;
pub mod emit;
pub mod entity;
pub mod features;
pub mod findings;
mod fold;
pub mod glue;
pub mod limits;
pub mod lower;
pub mod maps;
pub mod memory;
pub mod merge;
pub mod nearest;
pub mod opt;
pub mod options;
mod parallel;
pub mod parse;
pub mod plan;
pub mod preview1;
pub mod profile;
pub mod relocate;
pub mod report;
pub mod resolve;
pub mod sections;
pub mod statics;
pub mod timings;
pub mod unadapt;
pub mod validate;
pub mod wasi;
pub mod weave;
pub mod wrapped;
pub mod wsi;

use anyhow::{Context, Result};

pub use emit::Output;
pub use features::FeatureSet;
pub use opt::Opt;
pub use options::{Boundary, Descriptors, Growth, Isolation, Library, MemoryMode, Options, Stacks};
pub use profile::Profile;
pub use report::Report;

use parse::Places;
use plan::Plan;
use plan::place::move_guests;
use timings::stage;

/// What `--thread-stack` is at least: the arguments of a call lie there before it begins.
const MIN_THREAD_STACK: u32 = 256;

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
    if options.max_handles == Some(0) {
        anyhow::bail!(
            "--max-handles 0: a program without handles can open nothing; give at least 1"
        );
    }
    if options.max_poll == 0 {
        anyhow::bail!("--max-poll 0: a program could wait for nothing; give at least 1");
    }
    for (count, option, what) in [
        (
            options.max_tasks,
            "--max-tasks",
            "no async function could be called",
        ),
        (
            options.max_streams,
            "--max-streams",
            "there could be no stream or future",
        ),
    ] {
        if count == 0 {
            anyhow::bail!("{option} 0: {what}; give at least 1");
        }
    }
    if options.thread_stack < MIN_THREAD_STACK || !options.thread_stack.is_multiple_of(8) {
        anyhow::bail!(
            "--thread-stack {}: give a multiple of 8, at least {MIN_THREAD_STACK}, for the locals of the functions on the \
             stack of a task that waits",
            options.thread_stack
        );
    }
    if options.descriptors == Descriptors::Shared && options.memory == MemoryMode::Multi {
        anyhow::bail!(
            "--wasi shared: with --memory multi a guest is in a memory that a Preview 1 host does not see; leave one of \
             them out"
        );
    }
    let first = Places::default();
    let wanted = match (options.share_stack, options.relocate) {
        (true, _) => "--share-stack",
        (false, true) => "--relocate",
        (false, false) => return link(component, libraries, options, first),
    };
    if options.isolation == Isolation::Checked {
        anyhow::bail!(
            "{wanted}: guests whose accesses are checked stay as they are, for a check needs to know where their \
             memory begins: add --isolation trusted, or leave the option out"
        );
    }
    // Where guests lie is known when everything is planned. Those that have their relocations are moved there, and
    // planned once more. With less for their stacks, they may fit where they do not now.
    let mut roomy = options.clone();
    if let (true, Growth::Within(_) | Growth::Ram(_)) = (options.share_stack, options.growth) {
        roomy.growth = Growth::None;
    }
    let (moved, places) = with_plan(component, libraries, &roomy, first, move_guests)?;
    link(&moved, libraries, options, places)
}

/// Does something with the plan for a component.
fn with_plan<T>(
    component: &[u8],
    libraries: &[Library<'_>],
    options: &Options,
    places: Places,
    then: impl FnOnce(&Plan<'_, '_>) -> Result<T>,
) -> Result<T> {
    let bytes = component.len();
    stage("parse", bytes);
    let mut input = parse::component(component)?;
    stage(
        "libraries",
        libraries.iter().map(|library| library.wasm.len()).sum(),
    );
    input.name(&options.names);
    input.add_libraries(libraries)?;
    input.places = places;
    stage("resolve", bytes);
    let program = resolve::program(&input)?;
    stage("unadapt", bytes);
    let mut adapted = unadapt::unadapt(&input, program, options);
    if options.boundary == Boundary::Wit {
        boundary::hand_over(&mut adapted.program);
        let program = &mut adapted.program;
        program.keeps = boundary::tasks::hand_over(program).err();
    }
    stage("plan", bytes);
    then(&plan::plan(&input, &adapted, options)?)
}

/// Links a component in which guests may have been moved.
fn link(
    component: &[u8],
    libraries: &[Library<'_>],
    options: &Options,
    places: Places,
) -> Result<Output> {
    with_plan(component, libraries, options, places, |plan| {
        stage("merge", component.len());
        let merged = merge::merge(plan)?;
        if options.verify {
            stage("verify", merged.wasm.len());
            check_emitted::merged(plan, &merged.wasm).context(NOT_AS_PLANNED)?;
        }
        stage("lower", merged.wasm.len());
        let lowered = lower::merged(plan, merged)?;
        if options.verify {
            stage("verify", lowered.wasm.len());
            check_emitted::finished(plan, &lowered.wasm).context(NOT_AS_PLANNED)?;
        }
        emit::emit(plan, lowered)
    })
}
