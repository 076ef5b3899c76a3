//! Runs `.wast` files of the component model.
//!
//! Each component that imports nothing is handed to a [`Machine`]: [`flat::Flat`] flattens it and
//! runs the core module on wasmi, [`oracle::Oracle`] runs it as it is on wasmtime. The runner
//! passes and checks component-level values itself, as a host of the flat module would, so
//! arguments and results of every type can be asserted except handles, for which there is no
//! literal.
//!
//! | module | |
//! |---|---|
//! | [`script`] | directives one after the other, and what becomes of each |
//! | [`report`] | the figures and how they are printed |
//! | [`types`], [`value`] | value types of exported functions, literals |
//! | [`layout`], [`transfer`] | the canonical ABI of a host |
//! | [`flat`], [`oracle`] | the two machines |
//! | [`core`] | files of the core specification, lowered |
//!
//! A comment line `;; not on the oracle: REASON` before an assertion of this repository's files
//! says that wasmtime does not do what the specification asks for there.
//!
//! After a trap an instance is used as it stands: whether it can be entered again is up to the
//! module.

pub mod core;
pub mod flat;
pub mod layout;
pub mod oracle;
pub mod report;
pub mod script;
pub mod transfer;
pub mod types;
pub mod value;
pub mod vectors;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use types::FuncType;
use value::Value;

/// Why a call or an instantiation did not return.
#[derive(Debug, Clone)]
pub enum Failure {
    /// A trap, and what is known of its reason.
    Trap(String),
    /// The call stack is used up.
    Exhausted,
    /// Not the guest's doing, or not a defined end: a missing export, a run-away.
    Broken(String),
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Failure::Trap(reason) => write!(f, "trap: {reason}"),
            Failure::Exhausted => write!(f, "the call stack is exhausted"),
            Failure::Broken(what) => write!(f, "{what}"),
        }
    }
}

/// A way to run components.
pub trait Machine {
    /// Makes a component ready to be instantiated any number of times, or says why not.
    fn link(&self, component: &[u8]) -> Result<Box<dyn Linked>, String>;

    /// Whether it is what others are compared with: the reasons of its traps are asserted, and
    /// assertions that are marked as beyond it are skipped.
    fn is_oracle(&self) -> bool;
}

/// A component that was taken.
pub trait Linked {
    /// A fresh instance, in a store of its own.
    fn instantiate(&self) -> Result<Box<dyn Running>, Failure>;
}

/// An instance.
pub trait Running {
    /// Calls an exported function, and `post-return` once the result is lifted.
    fn call(&mut self, name: &str, ty: &FuncType, args: &[Value])
    -> Result<Option<Value>, Failure>;
}

/// The `.wast` files that `paths` are or have in them, in order.
///
/// # Errors
///
/// When a path does not exist, or is a folder without such a file.
pub fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        let before = files.len();
        collect(path, &mut files)?;
        if files.len() == before {
            bail!("{} has no .wast file", path.display());
        }
    }
    Ok(files)
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let unreadable = || format!("cannot read {}", path.display());
    if !std::fs::metadata(path).with_context(unreadable)?.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let entries = std::fs::read_dir(path).with_context(unreadable)?;
    let mut entries = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>>>()?;
    entries.sort();
    for entry in entries {
        if entry.is_dir() || entry.extension().is_some_and(|e| e == "wast") {
            collect(&entry, files)?;
        }
    }
    Ok(())
}
