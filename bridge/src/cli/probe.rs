//! `p1bridge probe`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use super::{files, timed};
use crate::probe::{Report, Runtime, probe};

/// Find out from the binary of a runtime what it supports
///
/// The file is read, never run. The report says which runtime and release it contains, which
/// functions a program can import and which features it was built with, each with the evidence and
/// how certain it is. `-o` writes a profile for `check`, `lower` and `flatten`. WebAssembly inside
/// the file is listed and checked against that profile.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  p1bridge probe firmware.elf
  p1bridge probe iwasm -o device.toml && p1bridge check app.wasm --profile device.toml
  p1bridge probe libvmlib.a --json | jq '.runtimes[].features[] | select(.has).what'")]
pub struct Args {
    /// A program, library, object file (ELF, PE, Mach-O) or static archive; `-` is standard input
    input: PathBuf,
    /// Write the profile of the runtime; `-` is standard output, instead of the report
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// The name of the profile [default: the name of the output or input without its extension]
    #[arg(long)]
    name: Option<String>,
    /// Which runtime to look at, if the file contains several
    #[arg(long, value_name = "KIND")]
    runtime: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Print no report
    #[arg(short, long, conflicts_with = "json")]
    quiet: bool,
    #[command(flatten)]
    timed: timed::Timings,
}

pub fn command(args: &Args) -> Result<ExitCode> {
    let _timed = args.timed.begin(&args.input, args.quiet);
    let shown = || args.input.display().to_string();
    let name = args.name.clone().unwrap_or_else(|| {
        let stem = |path: &Path| Some(path.file_stem()?.to_string_lossy().into_owned());
        let output = args
            .output
            .as_deref()
            .filter(|path| *path != Path::new("-"));
        output
            .and_then(stem)
            .or_else(|| stem(&args.input))
            .unwrap_or_else(|| "device".to_string())
    });
    files::apart(files::of_json(args.json), ("-o", args.output.as_deref()))?;
    let bytes = files::read_any(&args.input)?;
    let mut report = probe(&bytes, &name).with_context(shown)?;
    if let Some(kind) = &args.runtime {
        choose(&mut report, kind, &bytes).with_context(shown)?;
    }
    if let Some(output) = &args.output {
        let to_stdout = output == Path::new("-");
        let profile = &only(&report).with_context(shown)?.profile;
        files::write_text(output, profile)?;
        if to_stdout {
            return Ok(ExitCode::SUCCESS);
        }
    }
    match (args.json, args.quiet) {
        (true, _) => super::print_json(&report),
        (_, true) => Ok(ExitCode::SUCCESS),
        _ => super::print(&report.to_string()),
    }
}

/// Keeps the runtime of this kind only, and checks the WebAssembly inside against it.
fn choose(report: &mut Report, kind: &str, bytes: &[u8]) -> Result<()> {
    let kinds: Vec<&str> = report.runtimes.iter().map(|one| one.kind).collect();
    if !kinds.contains(&kind) {
        bail!("no {kind} was found in it, {}", found(&kinds));
    }
    report.runtimes.retain(|runtime| runtime.kind == kind);
    report.check_modules(bytes)
}

fn only(report: &Report) -> Result<&Runtime> {
    let kinds: Vec<&str> = report.runtimes.iter().map(|one| one.kind).collect();
    match &report.runtimes[..] {
        [only] => Ok(only),
        [] => bail!("no known runtime was found in it, so there is no profile to write"),
        _ => bail!(
            "it contains several runtimes: {}; choose one with `--runtime`",
            kinds.join(", ")
        ),
    }
}

fn found(kinds: &[&str]) -> String {
    match kinds {
        [] => "nor any other known runtime".to_string(),
        _ => format!("but {}", kinds.join(", ")),
    }
}
