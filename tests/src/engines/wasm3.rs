//! wasm3 0.4.7 in a child process: it goes down on modules that it does not take. Its WASI has 18
//! functions, so it is asked what it loads and does not run the corpus.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::{Engine, Exit, Outcome, RunSpec, child};

pub struct Wasm3;

impl Engine for Wasm3 {
    fn name(&self) -> &'static str {
        "wasm3"
    }

    fn available(&self) -> Result<(), String> {
        if let Some(why) = option_env!("WASM3_MISSING") {
            return Err(why.to_owned());
        }
        Ok(())
    }

    fn run(&self, wasm: &[u8], spec: &RunSpec) -> Result<Outcome> {
        let folder = tempfile::tempdir()?;
        let module = folder.path().join("module.wasm");
        std::fs::write(&module, wasm)?;
        let mut command = Command::new(option_env!("WASM3").unwrap_or_default());
        command
            .arg(&module)
            .env_clear()
            .current_dir(spec.dir.as_deref().unwrap_or_else(|| Path::new(".")));
        if spec.calls.is_empty() {
            command.arg("start").args(&spec.argv);
        } else {
            command.arg("call");
        }
        for call in &spec.calls {
            let args: Vec<String> = call.args.iter().map(|n| (*n as u32).to_string()).collect();
            command.arg(&call.export).arg(args.join(","));
        }
        let ended = child::run(&mut command, &spec.stdin, spec.timeout)?;
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        if !ended.status.success() && !said.contains("wasm3: ") && ended.status.code().is_none() {
            bail!("wasm3 went down with {}", ended.status);
        }
        let (mut results, mut trap) = (Vec::new(), None);
        for line in said.lines().filter_map(|line| line.strip_prefix("wasm3: ")) {
            match line.split_once(' ') {
                Some(("refused", why)) => bail!("{why}"),
                Some(("trap", why)) => trap = Some(why.to_owned()),
                Some(("result", value)) => results.push(value.parse().ok()),
                _ => {}
            }
        }
        Ok(Outcome {
            stdout: ended.stdout,
            stderr: said.split("\nwasm3: ").next().unwrap_or_default().into(),
            exit: trap.map_or(Exit::Unknown, Exit::Trap),
            results,
        })
    }
}
