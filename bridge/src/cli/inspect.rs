//! `p1bridge inspect`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};

use super::flatten::Sockets;
use super::{files, profile, timed};
use crate::abi::manifest;
use crate::flatten::{Allow, FlattenOptions, memory_of, wasi_table};
use crate::inspect::inspect;
use crate::profiles::Profile;

/// Show what a file is, what it imports and exports, and what it contains
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  p1bridge inspect app.wasm
  p1bridge inspect --wasi app.wasm                     what flatten makes of its imports
  p1bridge inspect --abi app.flat.wasm                 how a host calls its functions
  p1bridge inspect --memory app.wasm                   a map of its memory
  p1bridge inspect --json app.wasm | jq '.modules[].features'")]
pub struct Args {
    /// The file; `-` is standard input
    input: PathBuf,
    /// Print JSON, with complete lists
    #[arg(long)]
    json: bool,
    /// Print nothing: the exit code says whether the file is valid
    #[arg(short, long, conflicts_with = "json")]
    quiet: bool,
    /// Show each WASI function that a component imports: its class (Exact, Local, Approximated, W: with
    /// the socket functions of WAMR, or X: impossible) and what flatten makes of it
    #[arg(long)]
    wasi: bool,
    /// Show how a host calls each function of the file's own interfaces, and what each import gets: core types, areas of the
    /// memory with their layout, what gives room and what frees
    #[arg(long, conflicts_with_all = ["wasi", "memory", "quiet"])]
    abi: bool,
    /// Draw the memory of a module, or of what flatten makes of a component, to scale
    #[arg(long, conflicts_with_all = ["wasi", "json"])]
    memory: bool,
    /// For `--memory`: write the drawing to this file, as SVG; `-` is standard output
    #[arg(long, value_name = "FILE", requires = "memory")]
    svg: Option<PathBuf>,
    /// For `--wasi` and `--memory`: the runtime
    #[arg(long, value_name = "NAME|FILE", value_parser = profile::find)]
    profile: Option<profile::Chosen>,
    /// For `--wasi`: the socket functions of the host
    #[arg(long, value_name = "WHOSE", value_enum, requires = "wasi")]
    sockets: Option<Sockets>,
    /// For `--wasi`: the same as for flatten
    #[arg(long, value_name = "INTERFACE#FUNCTION=CODE", value_parser = Allow::parse, requires = "wasi")]
    allow: Vec<Allow>,
    #[command(flatten)]
    timed: timed::Timings,
}

pub fn command(args: &Args) -> Result<ExitCode> {
    let _timed = args.timed.begin(&args.input, args.quiet);
    let bytes = files::read_binary(&args.input)?;
    if args.wasi {
        return wasi(args, &bytes);
    }
    if args.abi {
        let found = manifest(&bytes).with_context(|| files::shown(&args.input))?;
        if args.json {
            return super::print_json(&found);
        }
        let text: String = found.iter().map(ToString::to_string).collect();
        return super::print(&text);
    }
    if args.memory {
        return memory(args, &bytes);
    }
    if args.profile.is_some() {
        anyhow::bail!("--profile belongs to --wasi or --memory: add one of them");
    }
    let found = inspect(&bytes).with_context(|| files::shown(&args.input))?;
    match (args.json, args.quiet) {
        (true, _) => super::print_json(&found),
        (_, true) => Ok(ExitCode::SUCCESS),
        _ => super::print(&format!("{}: {found}", files::shown(&args.input))),
    }
}

/// The runtime that was named, or the usual one.
fn profile_of(args: &Args) -> Profile {
    let named = args.profile.as_ref();
    named.map_or_else(Profile::default, |chosen| chosen.with_arena(None))
}

/// Draws the memory.
fn memory(args: &Args, bytes: &[u8]) -> Result<ExitCode> {
    let options = FlattenOptions {
        profile: profile_of(args),
        ..FlattenOptions::default()
    };
    let name = || files::shown(&args.input);
    let memory = memory_of(bytes, &options).with_context(name)?;
    if let Some(path) = &args.svg {
        let drawing = memory.svg();
        if path.as_os_str() == files::STDOUT {
            return super::print(&drawing);
        }
        files::stage(path, drawing.as_bytes())?.commit()?;
        return Ok(ExitCode::SUCCESS);
    }
    match args.quiet {
        true => Ok(ExitCode::SUCCESS),
        false => super::print(&format!("{}\n", memory.picture().join("\n"))),
    }
}

fn wasi(args: &Args, component: &[u8]) -> Result<ExitCode> {
    let options = FlattenOptions {
        profile: profile_of(args),
        sockets: args.sockets.map(Sockets::are_there),
        allow: args.allow.clone(),
        ..FlattenOptions::default()
    };
    let rows = wasi_table(component, &options).with_context(|| files::shown(&args.input))?;
    if args.json {
        return super::print_json(&rows);
    }
    if args.quiet {
        return Ok(ExitCode::SUCCESS);
    }
    let width = rows.iter().map(|row| row.function.len()).max().unwrap_or(0);
    let text: String = rows
        .iter()
        .map(|row| {
            let class = row.class.unwrap_or('?');
            format!("{class} {:width$}  {}\n", row.function, row.becomes)
        })
        .collect();
    super::print(&text)
}
