//! `flatten`: a component becomes one Preview 1 core module.
//!
//! The work is the linker's; here are the libraries that come with the command, and the choices
//! in the form that users make them.

mod skeleton;
mod world;

use std::collections::BTreeSet;

use anyhow::{Result, anyhow};
use p1bridge_linker::relocate::{CutStacks, cut_stacks};
use p1bridge_linker::timings::stage;
use p1bridge_linker::{Library, Opt, Options, Profile};

use crate::http::is_handler;

pub use p1bridge_linker::plan::fate::Row;
pub use p1bridge_linker::report::MemoryReport;
pub use p1bridge_linker::wasi::Allow;
pub use p1bridge_linker::{Boundary, Descriptors, Growth, Isolation, MemoryMode, Report, Stacks};

/// The libraries that provide WASI 0.2 and WSI on Preview 1, built from `adapters/`.
pub const LIBRARIES: &[Library<'static>] = &[
    Library {
        name: "p2-on-p1",
        wasm: p1bridge_adapters::P2_ON_P1,
    },
    Library {
        name: "p1-on-p1",
        wasm: p1bridge_adapters::P1_ON_P1,
    },
    Library {
        name: "wsi-on-p1",
        wasm: p1bridge_adapters::WSI_ON_P1,
    },
    Library {
        name: "p3-on-p1",
        wasm: p1bridge_adapters::P3_ON_P1,
    },
    Library {
        name: "tasks",
        wasm: p1bridge_adapters::TASKS,
    },
    Library {
        name: "tasks-alone",
        wasm: p1bridge_adapters::TASKS_ALONE,
    },
];

/// Which custom sections a flat module goes without.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strip {
    /// All sections stay.
    #[default]
    Nothing,
    /// All but the world, by which `wrap`, `host` and `inspect --abi` know the module's own interfaces.
    ButWorld,
    /// And the world, too.
    All,
}

/// What the caller may choose.
#[derive(Clone, Debug)]
pub struct FlattenOptions {
    /// Leave out functions that nothing can reach.
    pub tidy: bool,
    /// The optimisations that are left out.
    pub without: BTreeSet<Opt>,
    /// Which custom sections to leave out.
    pub strip: Strip,
    /// The runtime that the module is for.
    pub profile: Profile,
    /// How many streams, files and other resources can be open at once. Without a number the tables grow with
    /// the memory.
    pub max_handles: Option<u32>,
    /// Who has the handles of resources that the component exports.
    pub boundary: Boundary,
    /// Bytes of a region in which the host leaves what its functions give
    /// ([`p1bridge_linker::Options::host_arena`]).
    pub host_arena: Option<u32>,
    /// Check the module a second time, against what was planned.
    pub verify: bool,
    /// What keeps the guests of a composition apart.
    pub isolation: Isolation,
    /// How many memories there are.
    pub memory: MemoryMode,
    /// Whose descriptors the guests of Preview 1 have.
    pub descriptors: Descriptors,
    /// How the memory grows.
    pub growth: Growth,
    /// What the components inside of the component are called ([`crate::link`]).
    pub names: Vec<String>,
    /// The bytes that guests use of their memory, by name, where they do not export `__heap_base`.
    pub guest_memory: Vec<(String, u32)>,
    /// The bytes that the stacks of guests with relocations are cut to
    /// ([`p1bridge_linker::relocate::cut_stacks`]).
    pub stack_size: Option<u32>,
    /// Move guests that have their relocations to where they lie ([`p1bridge_linker::Options::relocate`]).
    pub relocate: bool,
    /// The same for all of them, and let the stacks of guests that never call each other lie in one place.
    pub share_stack: bool,
    /// Say on standard error why the module is about to trap.
    pub trap_messages: bool,
    /// How many different pipes, devices and sockets the host is asked about at once; more take turns.
    pub max_poll: Option<u32>,
    /// Bytes for the header fields and other strings of HTTP.
    pub max_http: Option<u32>,
    /// How many calls may be under way at once, in a program with async functions, if it is not the default.
    pub max_tasks: Option<u32>,
    /// How many streams and futures there may be in it.
    pub max_streams: Option<u32>,
    /// What becomes of the stack of a task that waits.
    pub stacks: Stacks,
    /// How many bytes of it are kept, with [`Stacks::Switch`].
    pub thread_stack: Option<u32>,
    /// Whether the host has the functions of WAMR for sockets. `None`: what the profile says.
    pub sockets: Option<bool>,
    /// Functions of WASI that may become stubs.
    pub allow: Vec<Allow>,
    /// Refuse functions of WASI that can only be approximated.
    pub deny_approximations: bool,
}

impl Default for FlattenOptions {
    fn default() -> FlattenOptions {
        FlattenOptions {
            tidy: true,
            without: BTreeSet::new(),
            strip: Strip::Nothing,
            profile: Profile::default(),
            max_handles: None,
            boundary: Boundary::default(),
            host_arena: None,
            verify: cfg!(debug_assertions),
            isolation: Isolation::default(),
            memory: MemoryMode::default(),
            descriptors: Descriptors::default(),
            growth: Growth::default(),
            names: Vec::new(),
            guest_memory: Vec::new(),
            stack_size: None,
            relocate: false,
            share_stack: false,
            trap_messages: false,
            max_poll: None,
            max_http: None,
            max_tasks: None,
            max_streams: None,
            stacks: Stacks::default(),
            thread_stack: None,
            sockets: None,
            allow: Vec::new(),
            deny_approximations: false,
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
    let cut = options.stack_size.map(|size| cut_stacks(component, size));
    let cut = cut.transpose()?;
    let component = cut.as_ref().map_or(component, |cut| &cut.wasm);
    let mut output = p1bridge_linker::flatten(component, LIBRARIES, &linker_options(options))?;
    let notes = cut.iter().flat_map(CutStacks::notes);
    output.report.notes.extend(notes);
    if output.report.exports.iter().any(|name| is_handler(name)) {
        output.report.notes.push(
            "it exports wasi:http/incoming-handler, which stays a function to call: --http cgi makes a program for a CGI \
             server of it, and --http server one that listens on a socket"
                .to_string(),
        );
    }
    if options.strip != Strip::All {
        stage("world", component.len());
        if let Err(error) = world::append(
            component,
            options.boundary,
            &output.imports,
            output.obstacle,
            &mut output.wasm,
        ) {
            output.report.warnings.push(format!(
                "`p1bridge wrap` cannot make a component of the module again: {error:#}"
            ));
        }
        output.report.sizes.output = output.wasm.len();
    }
    Ok(Flattened {
        wasm: output.wasm,
        report: output.report,
    })
}

/// What becomes of every function of WASI that `component` imports, reached or not.
///
/// # Errors
///
/// When it is not a valid component, or one that cannot be evaluated.
pub fn wasi_table(component: &[u8], options: &FlattenOptions) -> Result<Vec<Row>> {
    let options = linker_options(options);
    match p1bridge_linker::weave::imports_wsi(component) {
        true => p1bridge_linker::plan::wsi::table(component, &options),
        false => p1bridge_linker::plan::fate::table(component, &options),
    }
}

/// The memory of a core module, or of what [`flatten`] makes of a component.
///
/// # Errors
///
/// When there is none, and for what is neither.
pub fn memory_of(wasm: &[u8], options: &FlattenOptions) -> Result<MemoryReport> {
    if !wasmparser::Parser::is_component(wasm) {
        return MemoryReport::of_module(wasm);
    }
    let flat = flatten(wasm, options)?;
    flat.report
        .memory
        .ok_or_else(|| anyhow!("the flat module has no memory"))
}

/// Whether the host has the functions of WAMR for sockets.
pub fn has_sockets(options: &FlattenOptions) -> bool {
    let of_profile = options.profile.host.sockets;
    options.sockets.unwrap_or(of_profile)
}

fn linker_options(options: &FlattenOptions) -> Options {
    let mut linked = Options {
        tidy: options.tidy,
        without: options.without.clone(),
        strip: options.strip != Strip::Nothing,
        verify: options.verify,
        boundary: options.boundary,
        host_arena: options.host_arena,
        profile: options.profile.clone(),
        isolation: options.isolation,
        memory: options.memory,
        descriptors: options.descriptors,
        growth: options.growth,
        max_handles: options.max_handles,
        names: options.names.clone(),
        guest_memory: options.guest_memory.clone(),
        relocate: options.relocate,
        share_stack: options.share_stack,
        trap_messages: options.trap_messages,
        allow: options.allow.clone(),
        deny_approximations: options.deny_approximations,
        stacks: options.stacks,
        ..Options::default()
    };
    if let Some(max_poll) = options.max_poll {
        linked.max_poll = max_poll;
    }
    if let Some(max_tasks) = options.max_tasks {
        linked.max_tasks = max_tasks;
    }
    if let Some(max_streams) = options.max_streams {
        linked.max_streams = max_streams;
    }
    if let Some(thread_stack) = options.thread_stack {
        linked.thread_stack = thread_stack;
    }
    if let Some(max_http) = options.max_http {
        linked.max_http = max_http;
    }
    linked.profile.host.sockets = has_sockets(options);
    linked
}
