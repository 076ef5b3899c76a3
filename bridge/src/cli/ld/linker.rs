//! Which linker is the real one.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::{OWN, is_own};

/// A linker, and what it is called with before everything else.
#[derive(Debug)]
pub struct Linker {
    pub path: PathBuf,
    pub first: Vec<OsString>,
}

/// Finds the linker: `told`, or the one in `PATH` for what `args` are about. rustc puts its own there.
///
/// # Errors
///
/// When there is none.
pub fn find(told: Option<&Path>, args: &[OsString]) -> Result<Linker> {
    if let Some(path) = told {
        // As for a shell: a name without a folder is one in PATH.
        let path = match path.components().count() {
            1 if !path.exists() => in_path(&path.to_string_lossy()).unwrap_or(path.to_path_buf()),
            _ => path.to_path_buf(),
        };
        if is_own(&path) {
            bail!(
                "{OWN}linker={} is p1bridge-ld itself: name the real linker",
                path.display()
            );
        }
        let first = flavor(&path, args);
        return Ok(Linker { path, first });
    }
    let names: &[&str] = match args.iter().any(|arg| is_of_components(arg)) {
        true => &["wasm-component-ld"],
        // The flavor is said by rustc, whose own linker reads what its compiler writes.
        false if args.iter().any(|arg| arg == "-flavor") => &["rust-lld", "wasm-ld"],
        false => &["wasm-ld", "rust-lld"],
    };
    let found = names
        .iter()
        .find_map(|name| in_path(name))
        .or_else(|| match names {
            ["wasm-component-ld"] => None,
            _ => numbered(),
        });
    let Some(path) = found else {
        bail!(
            "there is no {} in PATH: say which linker to use with {OWN}linker=FILE (for cargo: \
             rustflags = [\"-Clink-arg={OWN}linker=FILE\"])",
            names.join(" and no ")
        );
    };
    let first = flavor(&path, args);
    Ok(Linker { path, first })
}

/// Whether a path is in a folder of a target whose programs are components.
fn is_of_components(arg: &OsStr) -> bool {
    let arg = arg.to_string_lossy();
    let targets = ["wasm32-wasip2", "wasm32-wasip3"];
    // Also behind `-L`.
    arg.split(['/', '\\'])
        .skip(1)
        .any(|part| targets.contains(&part))
}

/// The linker of Rust is all linkers in one.
fn flavor(path: &Path, args: &[OsString]) -> Vec<OsString> {
    let all = path
        .file_stem()
        .is_some_and(|name| name == "rust-lld" || name == "lld");
    match all && args.first().is_none_or(|arg| arg != "-flavor") {
        true => vec!["-flavor".into(), "wasm".into()],
        false => Vec::new(),
    }
}

fn folders() -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).collect()
}

/// A program in `PATH` that is not this one: links to it may have the name of the linker.
fn in_path(name: &str) -> Option<PathBuf> {
    let name = format!("{name}{}", env::consts::EXE_SUFFIX);
    let paths = folders().into_iter().map(|folder| folder.join(&name));
    paths
        .filter(|path| path.is_file())
        .find(|path| !is_own(path))
}

/// The newest `wasm-ld-NUMBER`, as Debian names it.
fn numbered() -> Option<PathBuf> {
    let files = folders()
        .into_iter()
        .filter_map(|folder| folder.read_dir().ok())
        .flatten();
    let numbered = files.flatten().filter_map(|file| {
        let name = file.file_name();
        let number = name.to_str()?.strip_prefix("wasm-ld-")?;
        Some((number.parse::<u32>().ok()?, file.path()))
    });
    numbered.max().map(|(_, path)| path)
}
