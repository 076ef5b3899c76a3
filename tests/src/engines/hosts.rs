//! Engines that this workspace does not build: a program for each, which `P1BRIDGE_HOSTS` names as
//! `wasmer=PROGRAM:wazero=PROGRAM`.
//!
//! Such a program gets a folder as its argument. It finds `module.wasm` and `order.json` there and
//! leaves `answer.json`; [`process`] has what is in them, and `tests/hosts/` two such programs. The name
//! of an engine is the name of its profile.

use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, OnceLock};

use anyhow::Result;

use super::process;
use crate::{Engine, Outcome, RunSpec};

/// The variable that names them.
const VARIABLE: &str = "P1BRIDGE_HOSTS";

/// An engine behind a program.
pub struct Host {
    name: &'static str,
    program: PathBuf,
}

/// Those that the variable names.
///
/// # Panics
///
/// When it is not of the form above.
pub fn named() -> Vec<Arc<dyn Engine>> {
    static HOSTS: OnceLock<Vec<Arc<Host>>> = OnceLock::new();
    let read = || parse(&std::env::var(VARIABLE).unwrap_or_default());
    let hosts = HOSTS.get_or_init(read);
    hosts.iter().map(|host| host.clone() as _).collect()
}

fn parse(text: &str) -> Vec<Arc<Host>> {
    text.split(':')
        .filter(|entry| !entry.is_empty())
        .map(|entry| {
            let (name, program) = entry.split_once('=').unwrap_or_else(|| {
                panic!("{VARIABLE} has `{entry}`, which is not of the form `name=program`")
            });
            Arc::new(Host {
                // Once in a process.
                name: name.to_owned().leak(),
                program: program.into(),
            })
        })
        .collect()
}

impl Engine for Host {
    fn name(&self) -> &'static str {
        self.name
    }

    fn available(&self) -> Result<(), String> {
        match self.program.is_file() {
            true => Ok(()),
            false => Err(format!("there is no program {}", self.program.display())),
        }
    }

    fn run(&self, wasm: &[u8], spec: &RunSpec) -> Result<Outcome> {
        process::run(wasm, spec, |folder| {
            let mut command = Command::new(&self.program);
            command.arg(folder);
            Ok(command)
        })
    }
}
