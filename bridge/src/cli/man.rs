//! `p1bridge man`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::CommandFactory;

use super::files;

/// Write the manual pages, one for each command
///
/// They are `p1bridge.1`, `p1bridge-flatten.1` and so on. The folder is created if it does not exist.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  p1bridge man ~/.local/share/man/man1
  p1bridge man . && man ./p1bridge-flatten.1")]
pub struct Args {
    /// The folder to write them to
    folder: PathBuf,
}

pub fn command(args: &Args) -> Result<ExitCode> {
    let mut root = super::Cli::command();
    // Names and options that are passed down are in the pages, too.
    root.build();
    std::fs::create_dir_all(&args.folder)
        .with_context(|| format!("cannot create the folder {}", args.folder.display()))?;
    let own = ("p1bridge".to_string(), root.clone());
    let commands = root
        .get_subcommands()
        .filter(|command| command.get_name() != "help")
        .map(|command| (format!("p1bridge-{}", command.get_name()), command.clone()));
    let linker = ("p1bridge-ld".to_string(), super::ld::manual());
    for (name, command) in [own, linker].into_iter().chain(commands) {
        let man = clap_mangen::Man::new(command);
        let mut page = Vec::new();
        man.render(&mut page).context("cannot write a page")?;
        files::write_output(&args.folder.join(format!("{name}.1")), &page)?;
    }
    Ok(ExitCode::SUCCESS)
}
