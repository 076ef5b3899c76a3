//! `node:wasi` in a child process, where node is installed.

use std::process::Command;

use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};

use crate::{Call, Engine, Exit, Outcome, RunSpec, child};

/// What runs inside node.
const SCRIPT: &str = include_str!("node.mjs");

pub struct Node {
    /// Asked once.
    available: Result<(), String>,
}

/// What the script is told, in `spec.json`.
#[derive(Serialize)]
struct Order<'a> {
    argv: &'a [String],
    env: &'a [(String, String)],
    dir: Option<&'a std::path::Path>,
    calls: &'a [Call],
}

/// What it answers, in `ended.json`.
#[derive(Deserialize)]
struct Answer {
    /// Why nothing was run.
    refused: Option<String>,
    exit: Exit,
    results: Vec<Option<i32>>,
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
        let folder = tempfile::tempdir()?;
        let script = folder.path().join("node.mjs");
        std::fs::write(&script, SCRIPT)?;
        std::fs::write(folder.path().join("module.wasm"), wasm)?;
        let order = Order {
            argv: &spec.argv,
            env: &spec.env,
            dir: spec.dir.as_deref(),
            calls: &spec.calls,
        };
        std::fs::write(folder.path().join("spec.json"), serde_json::to_vec(&order)?)?;
        let mut command = Command::new("node");
        command.arg("--no-warnings").arg(&script).arg(folder.path());
        let ended = child::run(&mut command, &spec.stdin, spec.timeout)?;
        let Ok(answer) = std::fs::read(folder.path().join("ended.json")) else {
            let said = String::from_utf8_lossy(&ended.stderr);
            bail!("node went down with {}: {said}", ended.status);
        };
        let answer: Answer = serde_json::from_slice(&answer)?;
        if let Some(why) = answer.refused {
            bail!("{why}");
        }
        Ok(Outcome {
            stdout: ended.stdout,
            stderr: ended.stderr,
            exit: answer.exit,
            results: answer.results,
        })
    }
}
