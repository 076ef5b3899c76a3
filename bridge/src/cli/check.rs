//! `p1bridge check`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};

use super::{files, profile, timed};
use crate::check::check;
use crate::sniff::{Binary, sniff};

/// Say why a file would not run on a target
///
/// Each reason says where it is, what emits it and whether `lower` removes it. For a component, the
/// module that `flatten` would make of it is checked. The exit code is 0 if the file fits as it is, 3
/// if it does not, and 1 if it could not be read.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  p1bridge check app.wasm                          on every runtime that was measured
  p1bridge check app.wasm --profile wamr-2020
  p1bridge check app.wasm --profile device.toml -q || echo \"lower it\"
  p1bridge check app.wasm --profile device.toml --json | jq '.findings[].what'")]
pub struct Args {
    /// The core module or component; `-` is standard input
    input: PathBuf,
    /// The target: the name or file of a profile
    #[arg(long, value_name = "NAME|FILE", default_value = "portable", value_parser = profile::find)]
    profile: profile::Chosen,
    /// Print JSON, with every place
    #[arg(long)]
    json: bool,
    /// Print nothing: the exit code says whether it fits
    #[arg(short, long, conflicts_with = "json")]
    quiet: bool,
    #[command(flatten)]
    timed: timed::Timings,
}

pub fn command(args: &Args) -> Result<ExitCode> {
    let _timed = args.timed.begin(&args.input, args.quiet);
    let bytes = files::read_binary(&args.input)?;
    let profile = &args.profile.profile;
    let verdict = check(&bytes, profile).with_context(|| files::shown(&args.input))?;
    let mut text = match args.json {
        true => super::json(&verdict)?,
        false => verdict.to_string(),
    };
    if !args.json && verdict.fits_lowered && !verdict.fits {
        let command = match sniff(&bytes)? {
            Binary::Module => "lower",
            Binary::Component => "flatten",
        };
        let input = files::quoted(&args.input.to_string_lossy());
        let profile = files::quoted(&args.profile.argument);
        text.push_str(&format!(
            ": `p1bridge {command} {input} --profile {profile}`"
        ));
    }
    if !args.json {
        text.push('\n');
    }
    if !args.quiet {
        super::print(&text)?;
    }
    Ok(match verdict.fits {
        true => ExitCode::SUCCESS,
        false => ExitCode::from(super::DOES_NOT_FIT),
    })
}
