//! `node:wasi` in a child process, where node is installed.

use std::process::Command;

use anyhow::Result;

use super::process;
use crate::{Engine, Outcome, RunSpec};

/// What runs inside node.
const SCRIPT: &str = include_str!("node.mjs");

pub struct Node {
    /// Asked once.
    available: Result<(), String>,
}

impl Node {
    pub fn new() -> Node {
        let available = match Command::new("node").arg("--version").output() {
            Err(error) => Err(format!("cannot start node: {error}")),
            Ok(output) => {
                let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
                let major = version.trim_start_matches('v').split('.').next();
                match major.and_then(|n| n.parse::<u32>().ok()) {
                    Some(20..) => Ok(()),
                    _ => Err(format!("node is `{version}`, not 20 or newer")),
                }
            }
        };
        Node { available }
    }
}

impl Default for Node {
    fn default() -> Self {
        Node::new()
    }
}

impl Engine for Node {
    fn name(&self) -> &'static str {
        "node"
    }

    fn available(&self) -> Result<(), String> {
        self.available.clone()
    }

    fn run(&self, wasm: &[u8], spec: &RunSpec) -> Result<Outcome> {
        process::run(wasm, spec, |folder| {
            let script = folder.join("node.mjs");
            std::fs::write(&script, SCRIPT)?;
            let mut command = Command::new("node");
            command.arg("--no-warnings").arg(&script).arg(folder);
            Ok(command)
        })
    }
}
