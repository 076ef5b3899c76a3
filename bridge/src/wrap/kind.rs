//! Command, reactor or proxy.

use std::fmt;

use anyhow::{Result, bail};

use super::WrapOptions;
use super::survey::Survey;

/// What a module is to the component that it becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A program: its `_start` becomes `wasi:cli/run`.
    Command,
    /// A library: what its world exports.
    Reactor,
    /// An HTTP handler of the world `wasi:http/proxy`: no files, no environment.
    Proxy,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Command => "command",
            Kind::Reactor => "reactor",
            Kind::Proxy => "proxy",
        })
    }
}

/// Decides what the module is.
pub fn of(survey: &Survey<'_>, options: &WrapOptions) -> Result<Kind> {
    if survey.for_linkers && survey.exports.is_empty() {
        bail!(
            "the input is an object file (it has a `linking` section), not a program; link it with wasm-ld first"
        );
    }
    if survey.foreign_structs {
        bail!(
            "the input was lowered for a runtime with the structs of `wasi_unstable`, which adapters do not know; wrap what \
             it was made of"
        );
    }
    if survey.shared_library {
        bail!(
            "the input is a shared library (it has a `dylink.0` section), which needs a dynamic linker; link the program \
             statically, or make a component of it and its libraries with `wasm-tools component link`"
        );
    }
    let (start, initialize) = (survey.start(), survey.exports_func("_initialize"));
    match (options.kind, start) {
        (Some(Kind::Command), None) => {
            bail!(
                "`--kind command`, but the module exports no function `_start`; without `--kind` it is wrapped as a reactor"
            )
        }
        (None, Some(_)) if initialize => bail!(
            "the module exports both `_start` and `_initialize`; a program is a command or a reactor, never both: \
             choose with `--kind command` or `--kind reactor`"
        ),
        (kind, Some(ty)) if kind.is_none_or(|kind| kind == Kind::Command) => {
            if !ty.params().is_empty() || !ty.results().is_empty() {
                bail!(
                    "the export `_start` takes {} and returns {} values; that of a command takes and returns none",
                    ty.params().len(),
                    ty.results().len()
                );
            }
            Ok(Kind::Command)
        }
        (kind, _) => Ok(kind.unwrap_or(Kind::Reactor)),
    }
}
