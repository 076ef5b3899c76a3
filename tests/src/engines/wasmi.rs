//! wasmi in process, as `p1bridge run` uses it.

use anyhow::{Result, bail};
use p1bridge::run::{self, Input, Output, Preopen, RunOptions, Value};

use super::process;
use crate::{Engine, Exit, Outcome, RunSpec};

/// More than the interpreter executes in a second on any machine, so that the limit never strikes
/// before [`RunSpec::timeout`].
const FUEL_PER_SECOND: u64 = 1_000_000_000;

pub struct Wasmi;

impl Engine for Wasmi {
    fn name(&self) -> &'static str {
        "wasmi"
    }

    fn available(&self) -> Result<(), String> {
        Ok(())
    }

    fn run(&self, wasm: &[u8], spec: &RunSpec) -> Result<Outcome> {
        if spec.needs_process() {
            return process::run(wasm, spec, |folder| process::child_of(self.name(), folder));
        }
        let preopens = spec.preopened().into_iter();
        let dirs = preopens.map(|(host, guest)| Preopen { host, guest });
        let output = match spec.own_streams {
            true => Output::Inherit,
            false => Output::Capture,
        };
        let options = RunOptions {
            args: spec.argv.clone(),
            env: spec.env.clone(),
            dirs: dirs.collect(),
            stdin: match spec.own_streams {
                true => Input::Inherit,
                false => Input::Bytes(spec.stdin.clone()),
            },
            stdout: output,
            stderr: output,
            calls: spec
                .calls
                .iter()
                .map(|c| run::Call::i32(&c.export, &c.args))
                .collect(),
            initialize: false,
            fuel: Some(spec.timeout.as_secs().max(1) * FUEL_PER_SECOND),
            meter: false,
        };
        let outcome = run::run(wasm, &options)?;
        let mut results = Vec::new();
        for values in outcome.results {
            results.push(match values[..] {
                [] => None,
                [Value::I32(value)] => Some(value),
                _ => bail!("a call returned {values:?}, not one i32"),
            });
        }
        let exit = match outcome.exit {
            run::Exit::Code(code) => Exit::Code(code),
            run::Exit::Trap(message) => Exit::Trap(message),
        };
        Ok(Outcome {
            stdout: outcome.stdout,
            stderr: outcome.stderr,
            exit,
            results,
        })
    }
}
