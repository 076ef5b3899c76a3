//! `p1bridge inspect`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};

use super::files;
use crate::inspect::inspect;

/// Show what a file is, what it imports and exports, and what is inside
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  p1bridge inspect app.wasm
  p1bridge inspect --json app.wasm | jq '.modules[].features'")]
pub struct Args {
    /// The file; `-` is standard input
    input: PathBuf,
    /// Print JSON; lists are complete there
    #[arg(long)]
    json: bool,
}

pub fn command(args: &Args) -> Result<ExitCode> {
    let bytes = files::read_binary(&args.input)?;
    let found = inspect(&bytes).with_context(|| files::shown(&args.input))?;
    if args.json {
        let json = serde_json::to_string_pretty(&found).context("cannot write JSON")?;
        super::print(&format!("{json}\n"))
    } else {
        super::print(&format!("{}: {found}", files::shown(&args.input)))
    }
}
