//! Engines in processes of their own.
//!
//! The child finds `module.wasm` and `order.json` in a folder and leaves `answer.json` there; the
//! guest's standard streams are those of the process. node and WAMR always run so, the engines in
//! this process when a run wants a shell around them or signals ([`RunSpec::shell`],
//! [`RunSpec::signals`]).

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};

use crate::{Call, Exit, Outcome, RunSpec, child};

/// The first argument of the binary of this package when it is such a child; the name of the engine
/// and the folder follow.
pub const CHILD: &str = "--engine-child";

/// Milliseconds between the signals of [`RunSpec::signals`].
const SIGNAL_EVERY: i64 = 3;

/// What the child is told.
#[derive(Serialize, Deserialize)]
pub struct Order {
    pub argv: Vec<String>,
    pub raw_argument: Option<Vec<u8>>,
    pub env: Vec<(String, String)>,
    /// Preopened directories: the host's name for each, and the guest's.
    pub preopens: Vec<(PathBuf, String)>,
    pub calls: Vec<Call>,
    pub stack: Option<u32>,
    signals: bool,
}

/// What it answers.
#[derive(Serialize, Deserialize)]
pub struct Answer {
    /// Why nothing was run.
    refused: Option<String>,
    exit: Exit,
    results: Vec<Option<i32>>,
}

/// Runs `wasm` in the child that `command` starts for a folder.
pub fn run(
    wasm: &[u8],
    spec: &RunSpec,
    command: impl FnOnce(&Path) -> Result<Command>,
) -> Result<Outcome> {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("module.wasm"), wasm)?;
    let order = Order {
        argv: spec.argv.clone(),
        raw_argument: spec.raw_argument.clone(),
        env: spec.env.clone(),
        preopens: spec.preopened(),
        calls: spec.calls.clone(),
        stack: spec.stack,
        signals: spec.signals,
    };
    let order = serde_json::to_vec(&order)?;
    std::fs::write(folder.path().join("order.json"), order)?;
    let mut command = command(folder.path())?;
    // WAMR knows directories by their names in the working directory.
    command.current_dir(spec.dir.as_deref().unwrap_or(folder.path()));
    if let Some(script) = &spec.shell {
        let mut shell = Command::new("sh");
        shell
            .args(["-c", script, "sh"])
            .arg(command.get_program())
            .args(command.get_args())
            .current_dir(command.get_current_dir().expect("it was just set"));
        command = shell;
    }
    let ended = child::run(&mut command, &spec.stdin, spec.timeout)?;
    let said = String::from_utf8_lossy(&ended.stderr);
    let Ok(answer) = std::fs::read(folder.path().join("answer.json")) else {
        bail!("it went down with {}: {said}", ended.status);
    };
    let answer: Answer = serde_json::from_slice(&answer)?;
    if let Some(why) = answer.refused {
        bail!("{why}");
    }
    // Around a shell the status is the shell's.
    ensure!(
        spec.shell.is_some() || ended.status.success(),
        "it went down with {}: {said}",
        ended.status
    );
    Ok(Outcome {
        stdout: ended.stdout,
        stderr: ended.stderr,
        exit: answer.exit,
        results: answer.results,
    })
}

/// The binary of this package as the child for `engine`.
pub fn child_of(engine: &str, folder: &Path) -> Result<Command> {
    let mut command = Command::new(this_binary()?);
    command.arg(CHILD).arg(engine).arg(folder);
    Ok(command)
}

/// The binary of this package: this process, or next to the test that this process is.
pub fn this_binary() -> Result<PathBuf> {
    let name = format!("p1bridge-tests{}", std::env::consts::EXE_SUFFIX);
    let exe = std::env::current_exe()?;
    exe.ancestors()
        .skip(1)
        .take(2)
        .map(|folder| folder.join(&name))
        .find(|path| path.is_file())
        .with_context(|| format!("the binary `{name}` is not built"))
}

/// The child: does what the files in `folder` say.
pub fn run_as_child(engine: &str, folder: &Path) -> Result<()> {
    let order: Order = serde_json::from_slice(&std::fs::read(folder.join("order.json"))?)?;
    let wasm = std::fs::read(folder.join("module.wasm"))?;
    if order.signals {
        interrupt_always();
    }
    let done = if engine == super::wamr::NAME {
        super::wamr::run_here(wasm, &order)
    } else {
        run_with_own_streams(engine, &wasm, order)
    };
    let answer = match done {
        Ok((exit, results)) => Answer {
            refused: None,
            exit,
            results,
        },
        Err(why) => Answer {
            refused: Some(format!("{why:#}")),
            exit: Exit::Unknown,
            results: Vec::new(),
        },
    };
    std::fs::write(folder.join("answer.json"), serde_json::to_vec(&answer)?)?;
    Ok(())
}

fn run_with_own_streams(
    engine: &str,
    wasm: &[u8],
    order: Order,
) -> Result<(Exit, Vec<Option<i32>>)> {
    let spec = RunSpec {
        argv: order.argv,
        env: order.env,
        preopens: order.preopens,
        calls: order.calls,
        own_streams: true,
        ..RunSpec::default()
    };
    let engine = super::all()
        .into_iter()
        .find(|known| known.name() == engine)
        .with_context(|| format!("there is no engine `{engine}`"))?;
    let outcome = engine.run(wasm, &spec)?;
    Ok((outcome.exit, outcome.results))
}

/// Sends this process a signal every few milliseconds, whose handler does nothing: what waits in
/// the host's kernel comes back with EINTR.
fn interrupt_always() {
    extern "C" fn nothing(_: libc::c_int) {}
    let every = libc::timeval {
        tv_sec: 0,
        tv_usec: SIGNAL_EVERY * 1000,
    };
    let timer = libc::itimerval {
        it_interval: every,
        it_value: every,
    };
    // SAFETY: both structs are complete, and the handler touches nothing.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = nothing as extern "C" fn(libc::c_int) as usize;
        libc::sigaction(libc::SIGALRM, &action, std::ptr::null_mut());
        libc::setitimer(libc::ITIMER_REAL, &timer, std::ptr::null_mut());
    }
}
