//! `p1bridge completions`.

use std::process::ExitCode;

use anyhow::Result;
use clap::CommandFactory;
use clap_complete::Shell;

/// Print a completion script for a shell
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  p1bridge completions bash > ~/.local/share/bash-completion/completions/p1bridge
  p1bridge completions fish > ~/.config/fish/completions/p1bridge.fish")]
pub struct Args {
    /// The shell that the script is for
    shell: Shell,
}

pub fn command(args: &Args) -> Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(
        args.shell,
        &mut super::Cli::command(),
        "p1bridge",
        &mut script,
    );
    super::print(&String::from_utf8_lossy(&script))
}
