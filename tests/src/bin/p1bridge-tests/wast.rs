//! `.wast` files of the component model:
//!
//!     cargo run --release -p p1bridge-tests -- wast [--oracle] [--switch] [--summary] PATH…
//!
//! runs files, or all that are in a folder, and ends with exit code 1 when an assertion fails or a
//! component is refused. By default every component is flattened and run on wasmi; `--oracle` runs
//! it as it is on wasmtime, and the reasons of traps have to be those that are asserted.
//! `--switch` flattens with `--stacks switch`. `--summary` leaves out the single failures.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};
use p1bridge_linker::{Options, Stacks};
use p1bridge_tests::wast::report::{FileReport, Summary};
use p1bridge_tests::wast::{self, Machine, flat::Flat, oracle::Oracle, script};

/// Runs what `args` say.
pub fn run(args: impl Iterator<Item = String>) -> Result<ExitCode> {
    let mut oracle = false;
    let mut summary = false;
    let mut stacks = Stacks::Nested;
    let mut paths: Vec<PathBuf> = Vec::new();
    for arg in args {
        match arg.as_str() {
            "--oracle" => oracle = true,
            "--summary" => summary = true,
            "--switch" => stacks = Stacks::Switch,
            option if option.starts_with('-') => bail!("unknown option `{option}`"),
            path => paths.push(path.into()),
        }
    }
    if paths.is_empty() {
        bail!("which .wast files or folders?");
    }
    let machine: Box<dyn Machine> = match oracle {
        true => Box::new(Oracle::default()),
        false => Box::new(Flat::with(Options {
            trap_messages: true,
            // What a file of the specification needs at most.
            max_tasks: 64,
            max_streams: 128,
            stacks,
            ..Options::default()
        })),
    };
    let mut reports: Vec<FileReport> = Vec::new();
    let mut readable = true;
    for file in wast::files(&paths)? {
        match script::run(&*machine, &file) {
            Ok(report) => {
                if !summary {
                    print!("{report}");
                }
                reports.push(report);
            }
            Err(error) => {
                println!("{}: {error:#}", file.display());
                readable = false;
            }
        }
    }
    print!("{}", Summary(&reports));
    let green = readable && reports.iter().all(FileReport::is_green);
    Ok(ExitCode::from(u8::from(!green)))
}
