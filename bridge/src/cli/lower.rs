//! `p1bridge lower`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use serde::Serialize;

use super::{files, profile, size, timed};
use crate::lower::{Lowered, cut_and_lower, lower};

/// Rewrite a core module for a runtime that lacks WebAssembly features
///
/// Features that the target lacks are replaced by features that it has, and calls work around the
/// quirks of its host. Names and semantics stay. `flatten --profile` does the same for components.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  p1bridge lower app.wasm                                       writes app.lowered.wasm
  p1bridge lower app.wasm --profile wamr-2020 -o device.wasm
  p1bridge lower sensor.wasm --profile wamr-2020 --arena 16KiB")]
pub struct Args {
    /// The core module; `-` is standard input
    input: PathBuf,
    /// The output file; `-` is standard output [default: INPUT with `.lowered.wasm`, or standard
    /// output if INPUT is `-`]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    how: How,
    #[command(flatten)]
    timed: timed::Timings,
}

/// What is the same for everything that lowers a module.
#[derive(clap::Args)]
pub struct How {
    /// The target: the name or file of a profile
    #[arg(long, value_name = "NAME|FILE", default_value = "portable", value_parser = profile::find)]
    profile: profile::Chosen,
    /// The size of the arena that the host allocates from, if the module gets one [default: 4096]
    #[arg(long, value_name = "SIZE", value_parser = size::arena)]
    arena: Option<u32>,
    /// Cut the stack of a program that still has its relocations (linked with --emit-relocs) to this size
    #[arg(long, value_name = "SIZE", value_parser = size::ram)]
    stack_size: Option<u32>,
    /// Print what was done as JSON, on standard output
    #[arg(long)]
    json: bool,
    /// Do not print what was done; warnings stay
    #[arg(short, long, conflicts_with = "json")]
    quiet: bool,
}

/// What was done, for programs.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Done<'a> {
    profile: &'a str,
    done: &'a [String],
    warnings: &'a [String],
    /// What became of debug information.
    debug: Debug<'a>,
    sizes: Sizes,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Debug<'a> {
    units: usize,
    bytes: usize,
    left_out: &'a [String],
}

#[derive(Serialize)]
struct Sizes {
    input: usize,
    output: usize,
}

pub fn command(args: &Args) -> Result<ExitCode> {
    let _timed = args.timed.begin(&args.input, args.how.quiet);
    let module = files::read_binary(&args.input)?;
    let output = files::output_for(&args.input, args.output.as_deref(), "lowered")?;
    files::apart(files::of_json(args.how.json), files::of_output(&output))?;
    let lowered = args.how.lowered(&module, &files::shown(&args.input))?;
    args.how.write(&output, &module, &lowered)?;
    Ok(ExitCode::SUCCESS)
}

impl How {
    /// Lowers a module, which has this name in messages.
    pub fn lowered(&self, module: &[u8], name: &str) -> Result<Lowered> {
        let profile = self.profile.with_arena(self.arena);
        let lowered = match self.stack_size {
            Some(size) => cut_and_lower(module, size, &profile),
            None => lower(module, &profile),
        };
        lowered.with_context(|| name.to_string())
    }

    /// Writes what was made of `module`, and prints what was done.
    pub fn write(&self, output: &Path, module: &[u8], lowered: &Lowered) -> Result<()> {
        let written = files::write_output(output, &lowered.wasm)?;
        if self.json {
            let profile = self.profile.with_arena(self.arena);
            super::print_json(&Done {
                profile: profile.name(),
                done: &lowered.done,
                warnings: &lowered.warnings,
                debug: Debug {
                    units: lowered.debug.units,
                    bytes: lowered.debug.bytes,
                    left_out: &lowered.debug.left_out,
                },
                sizes: Sizes {
                    input: module.len(),
                    output: lowered.wasm.len(),
                },
            })?;
            return Ok(());
        }
        for warning in &lowered.warnings {
            super::say(&format!("warning: {warning}"));
        }
        if !self.quiet {
            Self::say(lowered);
            super::say(&format!(
                "wrote {written}: {} -> {} bytes",
                module.len(),
                lowered.wasm.len()
            ));
        }
        Ok(())
    }

    fn say(lowered: &Lowered) {
        for done in &lowered.done {
            super::say(done);
        }
        let debug = &lowered.debug;
        if debug.units > 0 {
            super::say(&format!(
                "debug information: {} of {} bytes",
                match debug.units {
                    1 => "1 unit".to_string(),
                    units => format!("{units} units"),
                },
                debug.bytes
            ));
        }
        for note in &debug.left_out {
            super::say(&format!("note: {note}"));
        }
    }
}
