//! `p1bridge-ld`: a linker for cargo and clang whose output is flat.
//!
//! It calls the real linker with every argument but its own, which begin with `--p1bridge-`, lets it write to a folder
//! for the moment, and makes of a component a flat module, of a core module one for the profile. Anything else is left as
//! it is. The options are arguments of the linker and not variables, so that cargo links again when they change.

mod arguments;
mod explain;
mod linker;
mod response;

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus, Stdio};

use anyhow::{Context, Result, bail};
use clap::{CommandFactory, Parser};
use wasmparser::{Parser as Wasm, Payload};

use self::arguments::Arguments;
use super::{files, flatten, lower};
use crate::sniff::{Binary, sniff};

/// What begins an argument that is not the linker's.
const OWN: &str = "--p1bridge-";

/// A linker for cargo and clang whose output is flat
///
/// Calls the real linker with all other arguments, and makes of a component a flat module, as `p1bridge flatten` does, and of
/// a core module one that fits the profile, as `p1bridge lower` does. Objects and libraries that another module loads are
/// left as they are. For cargo: linker = "p1bridge-ld" in .cargo/config.toml, and options as rustflags =
/// ["-Clink-arg=--p1bridge-profile=wamr-2020"]; for clang: -fuse-ld= with the whole path, and options behind -Wl,.
// Without what begins them: `OWN` stands for `--`.
#[derive(Parser)]
#[command(name = "p1bridge-ld", disable_help_flag = true)]
struct Options {
    #[command(flatten)]
    linking: Linking,
    #[command(flatten)]
    how: flatten::How,
}

/// The part of [`Options`] that means something to a core module.
#[derive(Parser)]
#[command(name = "p1bridge-ld", disable_help_flag = true)]
struct ForModules {
    #[command(flatten)]
    linking: Linking,
    #[command(flatten)]
    how: lower::How,
}

/// What is about the link, whatever becomes of its output.
#[derive(clap::Args)]
struct Linking {
    /// The real linker [default: wasm-component-ld if an argument has the folder of wasm32-wasip2 or wasip3 in its path,
    /// otherwise rust-lld or wasm-ld; from PATH]
    #[arg(long, value_name = "FILE")]
    linker: Option<PathBuf>,
    /// Leave what the real linker made beside the output, as `OUTPUT.linked.wasm`
    #[arg(long)]
    keep: bool,
    /// Say what was done
    #[arg(long)]
    verbose: bool,
}

/// Links with `args`, of which the first is the program's name.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().skip(1).collect();
    match link(&args) {
        Ok(code) => code,
        Err(error) => {
            super::say(&format!("error: p1bridge-ld: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// The options as they are said, for the manual.
pub fn manual() -> clap::Command {
    Options::command().mut_args(|arg| match arg.get_long().map(str::to_string) {
        // It lives as long as the process, which ends with the page.
        Some(long) => arg.long(&*format!("p1bridge-{long}").leak()),
        None => arg,
    })
}

fn link(args: &[OsString]) -> Result<ExitCode> {
    let folder = tempfile::Builder::new().prefix("p1bridge-ld-").tempdir();
    let folder = folder.context("cannot make a temporary folder")?;
    let arguments = Arguments::read(args, folder.path())?;
    if arguments.own == ["help"] {
        return super::print(&manual().render_long_help().to_string());
    }
    // What is misspelt is said before minutes of linking.
    let options: Options = parse(&arguments.own)?;
    let linker = linker::find(options.linking.linker.as_deref(), &arguments.said)?;
    // An output of before is no output of this: as the linker does it.
    if fs::metadata(&arguments.output).is_ok_and(|meta| meta.is_file()) {
        let removed = fs::remove_file(&arguments.output);
        removed.with_context(|| format!("cannot replace {}", arguments.output.display()))?;
    }
    let (status, said) = run(&linker, &arguments.passed)?;
    if !status.success() {
        for why in explain::failure(&said) {
            super::say(&format!("p1bridge-ld: {why}"));
        }
        let code = status.code().and_then(|code| u8::try_from(code).ok());
        return Ok(code.map_or(ExitCode::FAILURE, ExitCode::from));
    }
    // `--version` writes nothing.
    if arguments.linked.exists() {
        finish(&arguments, &options)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Calls the linker. What it says to standard error is passed on and returned.
fn run(linker: &linker::Linker, args: &[OsString]) -> Result<(ExitStatus, String)> {
    let mut command = Command::new(&linker.path);
    command
        .args(&linker.first)
        .args(args)
        .stderr(Stdio::piped());
    let failed = || format!("cannot run the linker {}", linker.path.display());
    let mut child = command.spawn().with_context(failed)?;
    let mut said = Vec::new();
    if let Some(mut stderr) = child.stderr.take() {
        let mut part = [0; 4096];
        loop {
            match stderr.read(&mut part) {
                Ok(0) => break,
                Ok(length) => {
                    // Nobody is left to be told that it failed.
                    let _ = io::stderr().write_all(&part[..length]);
                    said.extend(&part[..length]);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error).with_context(failed),
            }
        }
    }
    let status = child.wait().with_context(failed)?;
    Ok((status, String::from_utf8_lossy(&said).into_owned()))
}

/// Makes the output of what the linker wrote.
fn finish(arguments: &Arguments, options: &Options) -> Result<()> {
    let linked = &arguments.linked;
    let bytes = fs::read(linked).with_context(|| linked.display().to_string())?;
    let output = &arguments.output;
    let kind = match arguments.relocatable || is_library(&bytes) {
        true => None,
        false => sniff(&bytes).ok(),
    };
    if options.linking.keep && kind.is_some() {
        files::write_output(&output.with_extension("linked.wasm"), &bytes)?;
    }
    let name = output.display().to_string();
    match kind {
        // An object, or what a test of the compiler makes.
        None => leave(linked, output),
        Some(Binary::Component) => {
            let flat = options.how.flat(&bytes, &name)?;
            options.how.write(output, &flat, "")
        }
        Some(Binary::Module) => {
            let options: ForModules = parse(&arguments.own)
                .context("the output is a core module, which is lowered and not flattened")?;
            let lowered = options.how.lowered(&bytes, &name)?;
            options.how.write(output, &bytes, &lowered)
        }
    }
}

/// Whether it is a library to be loaded by another module, which has its own linker.
fn is_library(bytes: &[u8]) -> bool {
    let first = Wasm::new(0).parse_all(bytes).nth(1);
    matches!(first, Some(Ok(Payload::CustomSection(section))) if section.name() == "dylink.0")
}

/// Gives the file its place, with its permissions.
fn leave(linked: &Path, output: &Path) -> Result<()> {
    let copied = fs::copy(linked, output);
    copied.with_context(|| format!("cannot write {}", output.display()))?;
    Ok(())
}

/// The options of `T`, said with [`OWN`].
fn parse<T: Parser>(own: &[String]) -> Result<T> {
    let args = own.iter().map(|arg| format!("--{arg}"));
    // Compilers show what linkers say as warnings, or not at all.
    let talks = ["verbose", "json", "quiet"]
        .iter()
        .any(|name| own.iter().any(|arg| arg == name));
    let quiet = (!talks).then(|| "--quiet".to_string());
    let program = "p1bridge-ld".to_string();
    T::try_parse_from(std::iter::once(program).chain(args).chain(quiet)).or_else(|error| {
        let text = error.to_string();
        // The usage behind it is that of a command line which nobody wrote.
        let text = text
            .split("\n\nUsage")
            .next()
            .unwrap_or_default()
            .trim_end();
        let text = text.strip_prefix("error: ").unwrap_or(text);
        bail!(
            "{}",
            text.replace("'--", &format!("'{OWN}"))
                .replace("\n\n  tip:", ";")
        )
    })
}

/// Whether `text` is the program's own name, as links to it have it.
fn is_own(path: &Path) -> bool {
    let whole = |path: &Path| fs::canonicalize(path).ok();
    let own = std::env::current_exe().ok().and_then(|own| whole(&own));
    own.is_some() && whole(path) == own
}

/// The text of `arg` behind `prefix`.
fn behind<'a>(arg: &'a OsStr, prefix: &str) -> Option<&'a OsStr> {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        let rest = arg.as_bytes().strip_prefix(prefix.as_bytes())?;
        Some(OsStr::from_bytes(rest))
    }
    #[cfg(not(unix))]
    {
        arg.to_str()?.strip_prefix(prefix).map(OsStr::new)
    }
}
