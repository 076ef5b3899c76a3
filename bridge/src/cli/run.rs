//! `p1bridge run`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};

use super::files;
use crate::run::{self, Exit, Preopen, RunOptions, RunOutcome, Stats};

/// The exit code for a program that trapped: what a shell shows for an abort.
pub const TRAPPED: u8 = 134;

/// Run a Preview 1 module, or a component flattened in memory
///
/// The exit code is the program's own; 134 means that it trapped, 1 that it could not start.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  p1bridge run hello.wasm
  p1bridge run tool.wasm --dir . --env LANG=C -- --verbose input.txt
  p1bridge run tool.wasm --dir ./data::/data --stats
  p1bridge run math.wasm --invoke add 1 2
  p1bridge run library.wasm --invoke 'join([\"a\", \"b\"], \", \")'")]
pub struct Args {
    /// The module or component; `-` is standard input
    input: PathBuf,
    /// A directory that the program may open, and its name there [default: the same]; can be repeated
    #[arg(long = "dir", value_name = "HOST[::GUEST]")]
    dirs: Vec<String>,
    /// An environment variable; without a value, pass on this process's own; can be repeated
    #[arg(long = "env", value_name = "NAME[=VALUE]")]
    envs: Vec<String>,
    /// Print fuel, peak memory and host calls to standard error at the end
    #[arg(long)]
    stats: bool,
    /// Trap after N units of fuel, about one per instruction
    #[arg(long, value_name = "N")]
    fuel: Option<u64>,
    /// Call this export instead of `_start` and print its result. Values are in WAVE, as in
    /// `--invoke 'greet("you")'`, or follow the name one by one; core functions take numbers. Can be
    /// repeated with calls in brackets
    #[arg(long, value_name = "NAME|CALL")]
    invoke: Vec<String>,
    /// With --invoke: do not call `_initialize` first
    #[arg(long, requires = "invoke")]
    no_initialize: bool,
    /// The arguments of the program
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<String>,
}

pub fn command(args: Args) -> Result<ExitCode> {
    let shown = files::shown(&args.input);
    let wasm = files::read_binary(&args.input)?;
    let file = wasm.clone();
    let wasm = run::module_of(wasm).with_context(|| shown.clone())?;
    let program = match args.input.file_name() {
        Some(name) if shown != "standard input" => name.to_string_lossy().into_owned(),
        _ => "main.wasm".to_string(),
    };
    let mut options = RunOptions {
        args: vec![program],
        env: args.envs.iter().filter_map(|arg| env(arg)).collect(),
        dirs: args.dirs.iter().map(|arg| dir(arg)).collect(),
        initialize: !args.no_initialize,
        fuel: args.fuel,
        meter: args.stats,
        ..RunOptions::default()
    };
    match &args.invoke[..] {
        [] => options.args.extend(args.args),
        [_, _, ..] if !args.args.is_empty() => anyhow::bail!(
            "with several --invoke every call has its arguments in brackets; {:?} is left over",
            args.args[0]
        ),
        calls => {
            for text in calls {
                let call = run::parse_call(&file, &wasm, text, &args.args);
                options.calls.push(call.with_context(|| shown.clone())?);
            }
        }
    }
    let outcome = run::run(&wasm, &options).with_context(|| shown.clone())?;
    if args.stats {
        show_stats(&outcome.stats);
    }
    finish(&shown, &outcome)
}

fn finish(shown: &str, outcome: &RunOutcome) -> Result<ExitCode> {
    let mut text = String::new();
    for result in &outcome.printed {
        text += &format!("{result}\n");
    }
    super::print(&text)?;
    Ok(match &outcome.exit {
        // As on every system, the low eight bits are what arrives.
        Exit::Code(code) => ExitCode::from(*code as u8),
        Exit::Trap(why) => {
            super::say(&format!("error: {shown}: the program trapped: {why}"));
            ExitCode::from(TRAPPED)
        }
    })
}

/// `NAME=VALUE`, or `NAME` for this process's own value if it has one.
fn env(arg: &str) -> Option<(String, String)> {
    match arg.split_once('=') {
        Some((name, value)) => Some((name.to_string(), value.to_string())),
        None => Some((arg.to_string(), std::env::var(arg).ok()?)),
    }
}

/// `HOST[::GUEST]`.
fn dir(arg: &str) -> Preopen {
    let (host, guest) = arg.split_once("::").unwrap_or((arg, arg));
    Preopen {
        host: PathBuf::from(host),
        guest: guest.to_string(),
    }
}

fn show_stats(stats: &Stats) {
    if let Some(fuel) = stats.fuel {
        super::say(&format!("fuel: {fuel}"));
    }
    super::say(&format!(
        "peak memory: {} pages ({} KiB)",
        stats.memory_pages(),
        stats.memory_bytes >> 10
    ));
    let total: u64 = stats.host_calls.iter().map(|(_, calls)| calls).sum();
    super::say(&format!("host calls: {total}"));
    for (name, calls) in &stats.host_calls {
        super::say(&format!("  {calls:>8} {name}"));
    }
}
