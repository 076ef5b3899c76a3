//! `p1bridge wrap`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use p1bridge_linker::limits::WORLD_FUNCTIONS;
use serde::Serialize;

use super::{files, timed};
use crate::wrap::{Adapter, Kind, Wasi, World, WrapOptions, functions, wrap};

/// The functions of a world from which on wrapping it takes more than a second.
const MANY: usize = 3_000;

/// What stands for the adapter of wasmtime that is embedded.
const WASMTIME: &str = "wasmtime";

/// Wrap a Preview 1 core module into a component
///
/// The component imports WASI 0.2 or 0.3 instead of `wasi_snapshot_preview1`: a library that does the one
/// with the other is woven into the program. It exports `wasi:cli/run` (commands) or the world of the module (reactors).
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  p1bridge wrap tool.wasm                             writes tool.component.wasm
  p1bridge wrap lib.wasm --wit wit --world plugin     a reactor whose world is in wit/
  p1bridge wrap tool.wasm --adapt wasi_snapshot_preview1=my-adapter.wasm -o out.wasm
  cat tool.wasm | p1bridge wrap - -o - > out.wasm")]
pub struct Args {
    /// The core module; `-` is standard input
    input: PathBuf,
    /// The output file; `-` is standard output [default: INPUT with `.component.wasm`, or
    /// standard output if INPUT is `-`]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// What the module is [default: a command if it exports `_start`, otherwise a reactor]
    #[arg(long, value_enum)]
    kind: Option<KindArg>,
    /// An adapter for the imports of module NAME, in wit-component's form; can be repeated
    ///
    /// NAME defaults to the file name up to its first dot. With an adapter named
    /// `wasi_snapshot_preview1` nothing is woven into the program; `--adapt wasmtime` is the one
    /// that wasmtime publishes, which is embedded.
    #[arg(long = "adapt", value_name = "[NAME=]FILE")]
    adapters: Vec<String>,
    /// The WIT that the module was written for: a directory or a file
    #[arg(long, value_name = "DIR")]
    wit: Option<PathBuf>,
    /// The world in that WIT; required if there are several
    #[arg(long, value_name = "W", requires = "wit")]
    world: Option<String>,
    /// Whether the program can end with other codes than 0 and 1
    ///
    /// `yes` imports `exit-with-code` of `wasi:cli/exit@0.2.12`, `no` only `exit`, for hosts that are older.
    #[arg(long, value_enum, default_value = "yes", value_name = "YES|NO")]
    exit_codes: YesNo,
    /// The release of WASI that the component imports
    ///
    /// 0.3 is for hosts with functions that wait; a program that needs an adapter can only be of 0.2.
    #[arg(long, value_enum, default_value = "0.2", value_name = "VERSION")]
    wasi: WasiArg,
    /// Print what was made as JSON, on standard output
    #[arg(long)]
    json: bool,
    /// Do not print what was written
    #[arg(short, long, conflicts_with = "json")]
    quiet: bool,
    #[command(flatten)]
    timed: timed::Timings,
}

/// What was made, for programs.
#[derive(Serialize)]
struct Made<'a> {
    kind: String,
    adapters: &'a [String],
    notes: &'a [String],
    sizes: Sizes,
}

#[derive(Serialize)]
struct Sizes {
    input: usize,
    output: usize,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum YesNo {
    Yes,
    No,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum WasiArg {
    /// WASI 0.2
    #[value(name = "0.2")]
    V0_2,
    /// WASI 0.3
    #[value(name = "0.3")]
    V0_3,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum KindArg {
    /// A program: `_start` becomes `wasi:cli/run`
    Command,
    /// A library: it exports what its world says
    Reactor,
    /// An HTTP handler of the world `wasi:http/proxy`: no files, no environment
    Proxy,
}

pub fn command(args: &Args) -> Result<ExitCode> {
    let _timed = args.timed.begin(&args.input, args.quiet);
    let module = files::read_binary(&args.input)?;
    let output = files::output_for(&args.input, args.output.as_deref(), "component")?;
    files::apart(files::of_json(args.json), files::of_output(&output))?;
    let options = WrapOptions {
        kind: args.kind.map(|kind| match kind {
            KindArg::Command => Kind::Command,
            KindArg::Reactor => Kind::Reactor,
            KindArg::Proxy => Kind::Proxy,
        }),
        wasmtime_adapter: args.adapters.iter().any(|arg| arg == WASMTIME),
        adapters: { args.adapters.iter() }
            .filter(|arg| *arg != WASMTIME)
            .map(|arg| adapter(arg))
            .collect::<Result<_>>()?,
        world: match &args.wit {
            Some(wit) => Some(World::read(wit, args.world.as_deref())?),
            None => None,
        },
        exit_codes: matches!(args.exit_codes, YesNo::Yes),
        wasi: match args.wasi {
            WasiArg::V0_2 => Wasi::V0_2,
            WasiArg::V0_3 => Wasi::V0_3,
        },
    };
    let shown = || files::shown(&args.input);
    let functions = functions(&module, &options).with_context(shown)?;
    if !args.quiet && (MANY..=WORLD_FUNCTIONS).contains(&functions) {
        super::say(&format!(
            "note: its world has {functions} functions; wit-component takes time with so many"
        ));
    }
    let wrapped = wrap(&module, &options).with_context(shown)?;
    let written = files::write_output(&output, &wrapped.component)?;
    if args.json {
        return super::print_json(&Made {
            kind: wrapped.kind.to_string(),
            adapters: &wrapped.adapters,
            notes: &wrapped.notes,
            sizes: Sizes {
                input: module.len(),
                output: wrapped.component.len(),
            },
        });
    }
    if !args.quiet {
        for note in &wrapped.notes {
            super::say(&format!("note: {note}"));
        }
        super::say(&format!(
            "wrote {written}: {} bytes, a {}, {}",
            wrapped.component.len(),
            wrapped.kind,
            match wrapped.adapters.as_slice() {
                [] => "no adapter".to_string(),
                adapters => format!("with {}", adapters.join(", ")),
            }
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// `[NAME=]FILE`.
fn adapter(arg: &str) -> Result<Adapter> {
    let (name, path) = match arg.split_once('=') {
        Some((name, path)) => (name, Path::new(path)),
        None => {
            let path = Path::new(arg);
            let file = path
                .file_name()
                .and_then(|name| name.to_str())
                .unwrap_or_default();
            (file.split('.').next().unwrap_or_default(), path)
        }
    };
    if name.is_empty() {
        bail!("`--adapt {arg}`: no adapter name; use `--adapt NAME=FILE`");
    }
    Ok(Adapter {
        name: name.to_string(),
        wasm: fs::read(path).with_context(|| format!("the adapter {}", path.display()))?,
        origin: path.display().to_string(),
    })
}
