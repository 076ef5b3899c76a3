//! Runs one WebAssembly file on one engine, by hand:
//!
//!     cargo run --release -p p1bridge-tests -- engine ENGINE FILE [options] [-- args…]
//!
//! ENGINE is `wasmtime`, `wasmi`, `wamr` or `node`. Options: `--dir HOST` preopens a directory as
//! `.`, with `--dir-as-on-host` under its own name, with `--dir-as NAME` under that; `--stack BYTES` for WAMR; `--env K=V`; `--invoke
//! NAME ARGS` calls an export of a reactor with i32 arguments (`1,2` or `` for none), several times if
//! need be, and prints what it returned; `--timeout SECONDS`; `--network` for a guest with sockets on
//! wasmtime, which gets the standard streams as they are. Without it stdin is read first, where it
//! is not a terminal. The exit code is the guest's, 134 after a trap.

use std::io::{IsTerminal, Read, Write};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use p1bridge_tests::engines;
use p1bridge_tests::{Call, Exit, RunSpec};

/// Runs what `args` say.
pub fn run(mut args: impl Iterator<Item = String>) -> Result<ExitCode> {
    let name = args.next().context("which engine?")?;
    let file = args.next().context("which file?")?;
    let mut spec = RunSpec {
        argv: vec![file.clone()],
        ..RunSpec::default()
    };
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or_else(|| anyhow!("{arg} wants a value"));
        match arg.as_str() {
            "--dir" => spec.dir = Some(value()?.into()),
            "--env" => {
                let pair = value()?;
                let (key, val) = pair.split_once('=').context("--env wants K=V")?;
                spec.env.push((key.to_owned(), val.to_owned()));
            }
            "--invoke" => {
                let export = value()?;
                let numbers = value()?;
                let args = numbers
                    .split(',')
                    .filter(|n| !n.is_empty())
                    .map(|n| {
                        n.trim()
                            .parse()
                            .with_context(|| format!("`{n}` is not an i32"))
                    })
                    .collect::<Result<_>>()?;
                spec.calls.push(Call { export, args });
            }
            "--dir-as-on-host" => {
                let dir = spec.dir.clone().context("--dir comes first")?;
                let name = dir.to_str().context("a name of text")?.to_owned();
                spec.preopens = vec![(dir, name)];
            }
            "--dir-as" => {
                let dir = spec.dir.clone().context("--dir comes first")?;
                spec.preopens = vec![(dir, value()?)];
            }
            "--network" => (spec.network, spec.own_streams) = (true, true),
            "--stack" => spec.stack = Some(value()?.parse()?),
            "--timeout" => spec.timeout = Duration::from_secs(value()?.parse()?),
            "--" => spec.argv.extend(args.by_ref()),
            other => bail!("unknown option `{other}`"),
        }
    }
    if !spec.own_streams && !std::io::stdin().is_terminal() {
        std::io::stdin().read_to_end(&mut spec.stdin)?;
    }
    let engine = engines::all()
        .into_iter()
        .find(|engine| engines::is_called(&**engine, &name))
        .ok_or_else(|| anyhow!("there is no engine `{name}`"))?;
    engine
        .available()
        .map_err(|why| anyhow!("{name} is not available: {why}"))?;
    let wasm = std::fs::read(&file).with_context(|| format!("cannot read {file}"))?;
    let outcome = engine.run(&wasm, &spec)?;
    std::io::stdout().write_all(&outcome.stdout)?;
    std::io::stderr().write_all(&outcome.stderr)?;
    for (call, result) in spec.calls.iter().zip(&outcome.results) {
        println!(
            "{} -> {}",
            call.export,
            result.map_or("()".to_owned(), |r| r.to_string())
        );
    }
    Ok(match outcome.exit {
        Exit::Code(code) => ExitCode::from(code as u8),
        Exit::Unknown => ExitCode::SUCCESS,
        Exit::Trap(message) => {
            eprintln!("trap: {message}");
            ExitCode::from(134)
        }
    })
}
