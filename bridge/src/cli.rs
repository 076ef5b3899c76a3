//! The command line: one module per command, this one for what they share.
//!
//! The exit codes are those of `EXIT_CODES`: the help and the documentation have the same list.

mod check;
mod completions;
mod embed;
mod files;
mod flatten;
mod host;
mod inspect;
pub mod ld;
mod link;
mod lower;
mod man;
mod probe;
mod profile;
mod retrofit;
#[cfg(feature = "run")]
mod run;
mod size;
mod timed;
mod wrap;

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};

/// Static linker between WASI Preview 1 core modules and WebAssembly components.
#[derive(Parser)]
#[command(name = "p1bridge", version, arg_required_else_help = true)]
#[command(after_help = format!("{EXAMPLES}\n\n{EXIT_CODES}\n\n`p1bridge help COMMAND` has more for each."))]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  p1bridge inspect app.wasm                   what a file is and what is in it
  p1bridge flatten app.wasm -o app.p1.wasm    a component for a runtime that knows only core modules
  p1bridge link app.wasm lib.wasm             core modules and components become one core module
  p1bridge check app.wasm --profile wamr-2020 what keeps it from running there
  p1bridge lower app.wasm --profile wamr-2020 rewrites what that runtime lacks
  p1bridge probe iwasm -o device.toml         what a runtime supports, as a profile
  p1bridge embed app.wasm -o app.c --reserve 4KiB    a source with a module, for a firmware
  p1bridge retrofit fw.bin --replace app.wasm -o new.bin    a module inside of a firmware image
  p1bridge wrap tool.wasm -o tool.p2.wasm     a Preview 1 module for a runtime that knows only components
  p1bridge run app.wasm --dir . -- --help     either kind, on the built-in interpreter";

const EXIT_CODES: &str = "\
Exit codes:
  0    done
  1    refused or failed; a message on standard error says why
  2    the command line cannot be understood
  3    `check`: the file was read, but does not fit the profile
  134  `run`: the program trapped; otherwise `run` ends with the program's own code";

/// The exit code of `check` for what does not fit.
const DOES_NOT_FIT: u8 = 3;

#[derive(Subcommand)]
enum Command {
    Flatten(flatten::Args),
    Link(Box<link::Args>),
    Host(host::Args),
    Wrap(wrap::Args),
    Inspect(inspect::Args),
    Check(check::Args),
    Lower(lower::Args),
    Profiles(profile::Args),
    Probe(probe::Args),
    Embed(embed::Args),
    Retrofit(retrofit::Args),
    #[cfg(feature = "run")]
    Run(run::Args),
    Completions(completions::Args),
    Man(man::Args),
}

/// Does what the command line of this process says.
pub fn main() -> ExitCode {
    // Preview 1 has no working folder. A host that has one says so as a shell does; if it is not there, paths are those of the
    // host's folders.
    #[cfg(target_os = "wasi")]
    if let Some(folder) = std::env::var_os("PWD") {
        let _ = std::env::set_current_dir(folder);
    }
    main_with(std::env::args_os())
}

/// Does what `args` say, of which the first is the program's name.
pub fn main_with(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = Cli::parse_from(args);
    let result = match cli.command {
        Command::Flatten(args) => flatten::command(&args),
        Command::Link(args) => link::command(&args),
        Command::Host(args) => host::command(&args),
        Command::Wrap(args) => wrap::command(&args),
        Command::Inspect(args) => inspect::command(&args),
        Command::Check(args) => check::command(&args),
        Command::Lower(args) => lower::command(&args),
        Command::Profiles(args) => profile::command(&args),
        Command::Probe(args) => probe::command(&args),
        Command::Embed(args) => embed::command(&args),
        Command::Retrofit(args) => retrofit::command(&args),
        #[cfg(feature = "run")]
        Command::Run(args) => run::command(args),
        Command::Completions(args) => completions::command(&args),
        Command::Man(args) => man::command(&args),
    };
    result.unwrap_or_else(|error| {
        say(&format!("error: {error:#}"));
        ExitCode::FAILURE
    })
}

/// Writes a line to standard error, if there is one.
fn say(line: &str) {
    use std::io::Write;
    crate::progress::clear();
    // Nobody is left to be told that it failed.
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Writes `value` to standard output as JSON.
fn print_json(value: &impl serde::Serialize) -> Result<ExitCode> {
    print(&json(value)?)
}

/// JSON for people and programs, and the end of its last line.
fn json(value: &impl serde::Serialize) -> Result<String> {
    Ok(serde_json::to_string_pretty(value).context("cannot write JSON")? + "\n")
}

/// Writes `text` to standard output. A reader that has seen enough (`| head`) is not an error.
fn print(text: &str) -> Result<ExitCode> {
    files::ignoring_closed_pipe(files::write_stdout(text.as_bytes()))?;
    Ok(ExitCode::SUCCESS)
}
