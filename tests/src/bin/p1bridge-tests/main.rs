//! Test support from the command line, `cargo run --release -p p1bridge-tests -- COMMAND …`:
//! [`engine`], [`wast`] and [`lower_wast`] say what they take.
//!
//! It is one binary, so that `cargo run` in the workspace means `p1bridge`. The suites call it in
//! two more ways: `p1bridge …` is the command under test, and engines run in it as child processes.

mod engine;
mod lower_wast;
mod wast;

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use p1bridge_tests::engines::process;

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<ExitCode> {
    const COMMANDS: &str = "there are `engine`, `wast` and `lower-wast`";
    let mut args = std::env::args().skip(1);
    let command = args
        .next()
        .with_context(|| format!("which command? {COMMANDS}"))?;
    match command.as_str() {
        "engine" => engine::run(args),
        "wast" => wast::run(args),
        "lower-wast" => lower_wast::run(args),
        "p1bridge" => Ok(p1bridge::cli::main_with(std::env::args_os().skip(1))),
        process::CHILD => {
            let engine = args.next().context("which engine?")?;
            let folder = args.next().context("which folder?")?;
            process::run_as_child(&engine, folder.as_ref())?;
            Ok(ExitCode::SUCCESS)
        }
        other => bail!("no command `{other}`; {COMMANDS}"),
    }
}
