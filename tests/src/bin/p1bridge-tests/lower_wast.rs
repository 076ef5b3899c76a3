//! `.wast` files of the core specification, lowered:
//!
//!     cargo run --release -p p1bridge-tests -- lower-wast PROFILE… -- PATH…
//!
//! runs each file for each profile, a built-in one or a file, and ends with exit code 1 when an
//! assertion ends otherwise than with the modules as they are.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use p1bridge::profiles::{Profile, named};
use p1bridge_tests::wast::core::{Figures, run as run_file};
use p1bridge_tests::wast::files;

/// Runs what `args` say.
pub fn run(args: impl Iterator<Item = String>) -> Result<ExitCode> {
    let args: Vec<String> = args.collect();
    let Some(at) = args.iter().position(|arg| arg == "--") else {
        bail!("which profiles, and behind `--` which .wast files or folders?");
    };
    let paths: Vec<PathBuf> = args[at + 1..].iter().map(PathBuf::from).collect();
    let files = files(&paths)?;
    let mut green = true;
    for name in &args[..at] {
        let profile = match name.ends_with(".toml") {
            true => {
                let text = std::fs::read_to_string(name);
                Profile::parse(&text.with_context(|| format!("cannot read {name}"))?)?
            }
            false => named(name)?,
        };
        let mut figures = Figures::default();
        for file in &files {
            if let Err(error) = run_file(file, &profile, &mut figures) {
                println!("{}: {error:#}", file.display());
            }
        }
        println!(
            "{name}: {} modules, {} lowered, {} refused; {} beyond the engine; {} assertions agree, {} \
             skipped, {} after a refused module, {} differ",
            figures.modules,
            figures.lowered,
            figures.refused.values().sum::<u32>(),
            figures.beyond_engine,
            figures.agree,
            figures.skipped,
            figures.spoiled,
            figures.differ.len()
        );
        let mut refused: Vec<(&String, &u32)> = figures.refused.iter().collect();
        refused.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        for (reason, count) in refused {
            println!("    {count} refused: {reason}");
        }
        for what in &figures.differ {
            println!("    {what}");
        }
        green &= figures.differ.is_empty();
    }
    Ok(ExitCode::from(u8::from(!green)))
}
