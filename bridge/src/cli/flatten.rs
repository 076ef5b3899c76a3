//! `p1bridge flatten`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use p1bridge_linker::Opt;

use super::{files, profile, size, timed};
use crate::flatten::{
    Allow, Boundary, Descriptors, FlattenOptions, Flattened, Growth, Isolation, MemoryMode, Stacks,
    Strip, flatten,
};
use crate::http::Http;
use crate::link::serve;

/// Flatten a component into one Preview 1 core module
///
/// The module imports only `wasi_snapshot_preview1` (and the component's own interfaces, if it
/// imports any) and exports `_start`, or what the component's world exports.
#[derive(clap::Args)]
#[command(after_help = "\
Words:
  guest    a core module of the component that has a memory of its own
  region   a part of the module's memory: a guest's, the libraries' or the host's
  sliding  when a guest grows, the regions above it move up

Examples:
  p1bridge flatten app.wasm                            writes app.flat.wasm
  p1bridge flatten app.wasm --profile wamr-2020        for a runtime of 2020
  p1bridge flatten app.wasm --strip -o app.p1.wasm     as small as it gets
  p1bridge flatten app.wasm --report report.json -q")]
pub struct Args {
    /// The component; `-` is standard input
    input: PathBuf,

    /// The output file; `-` is standard output [default: INPUT with `.flat.wasm`, or standard
    /// output if INPUT is `-`]
    #[arg(short, long, value_name = "FILE", help_heading = OUTPUT)]
    output: Option<PathBuf>,
    #[command(flatten)]
    how: How,
}

/// What `--strip` leaves out.
#[derive(Clone, Copy, clap::ValueEnum)]
enum Stripped {
    /// Everything, as without a value
    All,
    /// All but the world, which `wrap`, `host` and `inspect --abi` read
    ButWorld,
}

/// What is the same for everything that makes a flat module.
#[derive(clap::Args)]
pub struct How {
    /// Leave out names, debug information, the world and other custom sections; `but-world` keeps the world
    #[arg(long, value_name = "WHAT", num_args = 0..=1, require_equals = true, default_missing_value = "all", help_heading = OUTPUT)]
    strip: Option<Stripped>,
    /// Write a report of what was done, as JSON; `-` is standard output
    #[arg(long, value_name = "FILE", help_heading = OUTPUT)]
    report: Option<PathBuf>,
    /// Print what was done as JSON, on standard output, and nothing on standard error
    #[arg(long, help_heading = OUTPUT)]
    json: bool,
    /// Do not print what was done
    #[arg(short, long, conflicts_with = "json", help_heading = OUTPUT)]
    quiet: bool,
    /// Keep unreachable functions
    #[arg(long, help_heading = OUTPUT)]
    no_tidy: bool,

    /// The runtime that the module is for: the name or file of a profile; `as-is` keeps every
    /// WebAssembly feature that the component uses
    #[arg(long, value_name = "NAME|FILE", default_value = "portable", value_parser = profile::find, help_heading = TARGET)]
    profile: profile::Chosen,
    /// The socket functions of the host [default: what the profile says]
    #[arg(long, value_name = "WHOSE", value_enum, help_heading = TARGET)]
    sockets: Option<Sockets>,
    /// Who keeps the handles of resources that the component exports
    #[arg(long, value_name = "WHO", value_enum, default_value = "native", help_heading = TARGET)]
    boundary: BoundaryArg,

    /// Reserve this much memory (such as 4MiB) from the start, and never grow it
    #[arg(long, value_name = "SIZE", value_parser = pages, conflicts_with = "no_grow", help_heading = MEMORY)]
    memory_max: Option<u32>,
    /// Fit into this much memory (such as 48KiB), to the byte where the runtime can cut it, and never
    /// grow it: what does not fit is refused
    #[arg(long, value_name = "SIZE", value_parser = size::ram, conflicts_with_all = ["no_grow", "memory_max"], help_heading = MEMORY)]
    ram: Option<u32>,
    /// Never grow the memory: every guest keeps what it has at the start
    #[arg(long, help_heading = MEMORY)]
    no_grow: bool,
    /// The bytes of memory that a guest uses, if it does not export `__heap_base`; can be repeated
    #[arg(long, value_name = "NAME=SIZE", value_parser = guest_memory, help_heading = MEMORY)]
    guest_memory: Vec<(String, u32)>,
    /// Cut the stacks of guests that still have their relocations (linked with --emit-relocs) to this size
    #[arg(long, value_name = "SIZE", value_parser = size::ram, help_heading = MEMORY)]
    stack_size: Option<u32>,
    /// Move guests that still have their relocations to where they lie, so that nothing is added to their pointers;
    /// with --isolation trusted
    #[arg(long, help_heading = MEMORY)]
    relocate: bool,
    /// The same for all guests, and let the stacks of those that never call each other lie in one place
    #[arg(long, help_heading = MEMORY)]
    share_stack: bool,
    /// The size of the arena that the host allocates from, if the module gets one [default: 4096]
    #[arg(long, value_name = "SIZE", value_parser = size::arena, help_heading = MEMORY)]
    arena: Option<u32>,
    /// Let the host leave strings and lists that its functions return in a region of this size, and copy them from
    /// there, so that it never calls `cabi_realloc` while the module waits for it
    #[arg(long, value_name = "SIZE", value_parser = size::arena, help_heading = MEMORY)]
    host_arena: Option<u32>,
    /// How many streams, files and other resources can be open at once [default: any number if memory grows, otherwise 512]
    #[arg(long, value_name = "N", help_heading = MEMORY)]
    max_handles: Option<u32>,
    /// How many different pipes, devices and sockets to ask the host about at once; more take turns [default: 50]
    #[arg(long, value_name = "N", help_heading = MEMORY)]
    max_poll: Option<u32>,
    /// Bytes for header fields and other strings of wasi:http, if a program uses any [default: 16384]
    #[arg(long, value_name = "BYTES", help_heading = MEMORY)]
    max_http: Option<u32>,
    /// How many calls may be under way at once, in a program with async functions [default: 16]
    #[arg(long, value_name = "N", help_heading = MEMORY)]
    max_tasks: Option<u32>,
    /// How many streams and futures there may be at once [default: 32]
    #[arg(long, value_name = "N", help_heading = MEMORY)]
    max_streams: Option<u32>,
    /// What becomes of the stack of a task that waits: with `nested` it stays below what runs meanwhile, with `switch`
    /// it is taken away and put back, which any program can do with and which costs code and memory
    #[arg(long, value_name = "HOW", default_value = "nested", value_parser = stacks, help_heading = MEMORY)]
    stacks: Stacks,
    /// How many bytes of a stack are kept while its task waits, with --stacks switch [default: 4096]
    #[arg(long, value_name = "SIZE", value_parser = size::arena, help_heading = MEMORY)]
    thread_stack: Option<u32>,
    /// How to keep the guests of a composition apart: `checked` checks every memory access,
    /// `trusted` does not, which is smaller and faster
    #[arg(long, value_name = "HOW", default_value = "checked", value_parser = isolation, help_heading = MEMORY)]
    isolation: Isolation,
    /// Use `one` memory for all guests, or `multi`: one memory per guest, for targets with the
    /// multi-memory proposal
    #[arg(long, value_name = "HOW", default_value = "one", value_parser = memory, help_heading = MEMORY)]
    memory: MemoryMode,

    /// Whose descriptors Preview 1 guests have, if there are several: `separate` keeps an adapter for
    /// each, `shared` takes the adapters out [default: `separate`; `shared` for `link`]
    #[arg(long, value_name = "HOW", value_parser = descriptors, help_heading = WASI)]
    wasi: Option<Descriptors>,
    /// Make a program of a component that exports wasi:http/incoming-handler: for a server that runs it, or one that is a
    /// server itself
    #[arg(long, value_name = "WHOSE", value_enum, help_heading = WASI)]
    http: Option<HttpArg>,
    /// Let a function of WASI that Preview 1 cannot provide return this error (or `trap`) instead of
    /// refusing the component; `*` is every function of the interface; can be repeated
    #[arg(long, value_name = "INTERFACE#FUNCTION=CODE", value_parser = Allow::parse, help_heading = WASI)]
    allow: Vec<Allow>,
    /// Refuse functions of WASI that Preview 1 can only approximate
    #[arg(long, help_heading = WASI)]
    deny_approximations: bool,

    /// Make the module print to standard error why it traps, if linked code finds the fault
    #[arg(long, help_heading = DIAGNOSIS)]
    trap_messages: bool,
    /// Read the module again and check it against the plan
    #[arg(long, help_heading = DIAGNOSIS)]
    verify: bool,
    /// Leave out an optimisation, or `all`, to find out whether a fault comes from it; can be repeated
    #[arg(long, value_name = "NAME", value_parser = Opt::named, help_heading = DIAGNOSIS)]
    no_opt: Vec<BTreeSet<Opt>>,
    /// Print the stages with their time, bytes and memory, on standard error
    #[arg(long, help_heading = DIAGNOSIS)]
    pub timings: bool,
}

const OUTPUT: &str = "Output";
const TARGET: &str = "Target";
const MEMORY: &str = "Memory";
const WASI: &str = "WASI";
const DIAGNOSIS: &str = "Diagnosis";

#[derive(Clone, Copy, clap::ValueEnum)]
enum BoundaryArg {
    /// The module: any host can call it
    Native,
    /// The component that the module is made into again, with `wrap` or wit-component
    Wit,
}

/// The servers that run programs for requests.
#[derive(Clone, Copy, clap::ValueEnum)]
enum HttpArg {
    /// One that speaks CGI: a process for each request
    Cgi,
    /// None: the program listens on a socket, with --sockets wamr, and answers one request after the other
    Server,
}

/// The functions for sockets that a host has in addition to those of Preview 1.
#[derive(Clone, Copy, clap::ValueEnum)]
pub enum Sockets {
    /// None that could open a socket
    None,
    /// Those of WAMR 1.3.3 and later
    Wamr,
}

impl Sockets {
    /// Whether there are any.
    pub fn are_there(self) -> bool {
        matches!(self, Sockets::Wamr)
    }
}

pub fn command(args: &Args) -> Result<ExitCode> {
    let _timed = timed::begin(args.how.timings, &args.input, args.how.quiet());
    let component = files::read_binary(&args.input)?;
    let output = files::output_for(&args.input, args.output.as_deref(), "flat")?;
    args.how.check_files(&output)?;
    let flat = args.how.flat(&component, &files::shown(&args.input))?;
    args.how.write(&output, &flat, "")?;
    Ok(ExitCode::SUCCESS)
}

impl How {
    /// Flattens a component, which has this name in messages.
    pub fn flat(&self, component: &[u8], name: &str) -> Result<Flattened> {
        let options = self.options(Descriptors::Separate);
        let flat = match self.http() {
            None => flatten(component, &options),
            Some(http) => serve(component, name, http, &options),
        };
        flat.with_context(|| name.to_string())
    }

    /// Who brings requests.
    pub fn http(&self) -> Option<Http> {
        self.http.map(|http| match http {
            HttpArg::Cgi => Http::Cgi,
            HttpArg::Server => Http::Server,
        })
    }

    /// Whether nothing else goes to standard output.
    pub fn quiet(&self) -> bool {
        self.quiet || self.json
    }

    /// Refuses two outputs in one place.
    pub fn check_files(&self, output: &Path) -> Result<()> {
        let report = ("--report", self.report.as_deref());
        files::apart(report, files::of_output(output))?;
        files::apart(files::of_json(self.json), files::of_output(output))?;
        files::apart(files::of_json(self.json), report)
    }

    /// What is chosen; `descriptors` where the user does not say.
    pub fn options(&self, descriptors: Descriptors) -> FlattenOptions {
        FlattenOptions {
            tidy: !self.no_tidy,
            without: self.no_opt.iter().flatten().copied().collect(),
            strip: match self.strip {
                None => Strip::Nothing,
                Some(Stripped::ButWorld) => Strip::ButWorld,
                Some(Stripped::All) => Strip::All,
            },
            profile: self.profile.with_arena(self.arena),
            max_handles: self.max_handles,
            boundary: match self.boundary {
                BoundaryArg::Native => Boundary::Native,
                BoundaryArg::Wit => Boundary::Wit,
            },
            host_arena: self.host_arena,
            verify: self.verify || cfg!(debug_assertions),
            isolation: self.isolation,
            memory: self.memory,
            descriptors: self.wasi.unwrap_or(match self.memory {
                MemoryMode::One => descriptors,
                MemoryMode::Multi => Descriptors::Separate,
            }),
            growth: match (self.ram, self.memory_max, self.no_grow) {
                (Some(bytes), _, _) => Growth::Ram(bytes),
                (None, Some(pages), _) => Growth::Within(pages),
                (None, None, true) => Growth::None,
                (None, None, false) => Growth::Free,
            },
            names: Vec::new(),
            guest_memory: self.guest_memory.clone(),
            stack_size: self.stack_size,
            relocate: self.relocate,
            share_stack: self.share_stack,
            trap_messages: self.trap_messages,
            max_poll: self.max_poll,
            max_http: self.max_http,
            max_tasks: self.max_tasks,
            max_streams: self.max_streams,
            stacks: self.stacks,
            thread_stack: self.thread_stack,
            sockets: self.sockets.map(Sockets::are_there),
            allow: self.allow.clone(),
            deny_approximations: self.deny_approximations,
        }
    }

    /// Writes the module and the report, and prints what was done after `before`.
    pub fn write(&self, output: &Path, flat: &Flattened, before: &str) -> Result<()> {
        let report = super::json(&flat.report)?;
        // Either both files are there in the end, or none.
        let (to_stdout, to_file) = match self.report.as_deref() {
            Some(path) if path == Path::new(files::STDOUT) => (true, None),
            path => (self.json, path),
        };
        let report_file = to_file.map(|path| files::stage(path, report.as_bytes()));
        let report_file = report_file.transpose()?;
        let written = files::write_output(output, &flat.wasm)?;
        if let Some(file) = report_file {
            file.commit()?;
        }
        if to_stdout {
            super::print(&report)?;
        }
        if !self.quiet() {
            super::say(&format!("{before}{}", flat.report));
            super::say(&format!("wrote {written}: {} bytes", flat.wasm.len()));
        }
        Ok(())
    }
}

fn isolation(text: &str) -> Result<Isolation, String> {
    match text {
        "checked" => Ok(Isolation::Checked),
        "trusted" => Ok(Isolation::Trusted),
        _ => Err("it is `checked` or `trusted`".to_string()),
    }
}

fn stacks(text: &str) -> Result<Stacks, String> {
    match text {
        "nested" => Ok(Stacks::Nested),
        "switch" => Ok(Stacks::Switch),
        _ => Err("it is `nested` or `switch`".to_string()),
    }
}

fn descriptors(text: &str) -> Result<Descriptors, String> {
    match text {
        "separate" => Ok(Descriptors::Separate),
        "shared" => Ok(Descriptors::Shared),
        _ => Err("it is `separate` or `shared`".to_string()),
    }
}

fn memory(text: &str) -> Result<MemoryMode, String> {
    match text {
        "one" => Ok(MemoryMode::One),
        "multi" => Ok(MemoryMode::Multi),
        _ => Err("it is `one` or `multi`".to_string()),
    }
}

/// The name of a guest and a size.
fn guest_memory(text: &str) -> Result<(String, u32), String> {
    match text.rsplit_once('=') {
        Some((name, bytes)) if !name.is_empty() => Ok((name.to_string(), size::ram(bytes)?)),
        _ => Err("it is the name of a guest and a size, such as sensor=1024".to_string()),
    }
}

/// A size in bytes, KiB, MiB or GiB, in pages of 64 KiB.
fn pages(text: &str) -> Result<u32, String> {
    match size::bytes(text)? {
        bytes if (1 << 16..=1 << 32).contains(&bytes) => Ok((bytes >> 16) as u32),
        _ => Err("it is a size from 64KiB to 4GiB, such as 4MiB".to_string()),
    }
}
