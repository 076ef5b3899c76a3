//! `p1bridge run`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use serde::Serialize;

use super::files;
use crate::run::{self, Exit, Output, Preopen, RunOptions, RunOutcome, Stats};

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
  p1bridge run library.wasm --invoke 'join([\"a\", \"b\"], \", \")'
  p1bridge run library.wasm --json --invoke 'count()' | jq '.calls[0].results[0]'")]
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
    /// With --invoke: print the results as JSON. What the program itself writes to standard output goes
    /// to standard error
    #[arg(long, requires = "invoke")]
    json: bool,
    /// Print nothing but what the program writes and what `--invoke` returns: the exit code says that it
    /// trapped
    #[arg(short, long, conflicts_with_all = ["json", "stats"])]
    quiet: bool,
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
        stdout: match args.json {
            true => Output::Stderr,
            false => Output::Inherit,
        },
        ..RunOptions::default()
    };
    match &args.invoke[..] {
        [] => options.args.extend(args.args),
        [_, _, ..] if !args.args.is_empty() => anyhow::bail!(
            "with several --invoke, the arguments of each call go in brackets; {:?} is left over",
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
    if args.json {
        super::print_json(&ended(&options, &outcome, args.stats))?;
        return Ok(exit_code(&outcome));
    }
    if args.stats {
        show_stats(&outcome.stats);
    }
    let results = outcome.printed.iter().map(|result| format!("{result}\n"));
    super::print(&results.collect::<String>())?;
    if let Exit::Trap(why) = &outcome.exit
        && !args.quiet
    {
        super::say(&format!("error: {shown}: the program trapped: {why}"));
    }
    Ok(exit_code(&outcome))
}

fn exit_code(outcome: &RunOutcome) -> ExitCode {
    match outcome.exit {
        // As on every system, the low eight bits are what arrives.
        Exit::Code(code) => ExitCode::from(code as u8),
        Exit::Trap(_) => ExitCode::from(TRAPPED),
    }
}

/// How the calls ended, for programs.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Ended<'a> {
    /// Those that returned, in order.
    calls: Vec<Returned<'a>>,
    /// The code that the program exited with, or 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    exit: Option<i32>,
    /// Why the program trapped, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    trap: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stats: Option<Figures<'a>>,
}

#[derive(Serialize)]
struct Returned<'a> {
    function: &'a str,
    /// None or one for a function of a world, as many as it has for a core function.
    results: &'a [serde_json::Value],
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Figures<'a> {
    fuel: Option<u64>,
    memory_bytes: u64,
    host_calls: BTreeMap<&'a str, u64>,
}

fn ended<'a>(options: &'a RunOptions, outcome: &'a RunOutcome, stats: bool) -> Ended<'a> {
    let calls = options.calls.iter().zip(&outcome.json);
    let (exit, trap) = match &outcome.exit {
        Exit::Code(code) => (Some(*code), None),
        Exit::Trap(why) => (None, Some(why.as_str())),
    };
    let host_calls = outcome.stats.host_calls.iter();
    Ended {
        calls: calls
            .map(|(call, results)| Returned {
                function: &call.export,
                results,
            })
            .collect(),
        exit,
        trap,
        stats: stats.then(|| Figures {
            fuel: outcome.stats.fuel,
            memory_bytes: outcome.stats.memory_bytes,
            host_calls: host_calls
                .map(|(name, calls)| (&name[..], *calls))
                .collect(),
        }),
    }
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
