//! Engines and the corpus, as the suites under `tests/` use them.
//!
//! An [`Engine`] runs one WebAssembly file as one process would: arguments, environment, stdin and
//! a directory in; stdout, stderr and an exit status out. The suites compare what different
//! engines say about the same program, so everything an engine cannot know is said to be unknown
//! ([`Exit::Unknown`]) and never guessed.

pub mod child;
pub mod cost;
pub mod engines;
pub mod growth;
pub mod link;
pub mod manifest;
pub mod module;
pub mod random;
pub mod snapshot;
pub mod sockets;
pub mod speed;
pub mod wast;

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use p1bridge::run::{Input, Output, Preopen, RunOptions};
use serde::{Deserialize, Serialize};

/// An error of wasmtime, with what caused it.
pub fn plain(error: wasmtime::Error) -> anyhow::Error {
    anyhow::anyhow!("{error:#}")
}

/// How one program is run once.
#[derive(Debug, Clone)]
pub struct RunSpec {
    /// Arguments, `argv[0]` first.
    pub argv: Vec<String>,
    /// Environment variables; nothing is inherited.
    pub env: Vec<(String, String)>,
    /// All of stdin.
    pub stdin: Vec<u8>,
    /// A host directory that the guest sees as `.`, readable and writable.
    pub dir: Option<PathBuf>,
    /// Preopened directories: the host's name for each, and the guest's. Where there are any, `dir` is
    /// the working directory only. WAMR takes the guest's name for one below the working directory.
    pub preopens: Vec<(PathBuf, String)>,
    /// Functions of a reactor, called in this order instead of the program's main function. The
    /// engine calls `_initialize` only where its command-line tool would.
    pub calls: Vec<Call>,
    /// A run that takes longer is ended and counts as failed.
    pub timeout: Duration,
    /// Bytes of stack, for engines that have to be told: WAMR.
    pub stack: Option<u32>,
    /// A script for `sh` that sets limits or redirects streams and then runs `"$@"`, in `dir`.
    pub shell: Option<String>,
    /// One more argument, of bytes that need not be text. Only WAMR takes it.
    pub raw_argument: Option<Vec<u8>>,
    /// Signals interrupt the engine all the time. node cannot be made to notice.
    pub signals: bool,
    /// The guest's standard streams are those of this process; `stdin` and what the [`Outcome`] says
    /// of the others are empty.
    pub own_streams: bool,
    /// The guest may open sockets, on the network of this machine. Only wasmtime has any.
    pub network: bool,
}

impl RunSpec {
    /// The preopened directories, `dir` among them.
    pub fn preopened(&self) -> Vec<(PathBuf, String)> {
        match &self.dir {
            Some(dir) if self.preopens.is_empty() => vec![(dir.clone(), ".".to_owned())],
            _ => self.preopens.clone(),
        }
    }

    /// Whether an engine that could run in this process needs one of its own.
    pub fn needs_process(&self) -> bool {
        !self.own_streams && (self.shell.is_some() || self.signals)
    }
}

impl Default for RunSpec {
    fn default() -> Self {
        RunSpec {
            argv: vec!["program".to_owned()],
            env: Vec::new(),
            stdin: Vec::new(),
            dir: None,
            preopens: Vec::new(),
            calls: Vec::new(),
            timeout: Duration::from_secs(60),
            stack: None,
            shell: None,
            raw_argument: None,
            signals: false,
            own_streams: false,
            network: false,
        }
    }
}

/// A call of an exported function with 32-bit integers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Call {
    /// The export; a function of an exported interface is `ns:pkg/iface@1.0.0#function`.
    pub export: String,
    /// The arguments. A component's `bool`, `char` and narrow integers are given as numbers too.
    #[serde(default)]
    pub args: Vec<i32>,
}

/// What one run did.
#[derive(Debug, Clone)]
pub struct Outcome {
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    pub exit: Exit,
    /// One for every call of [`RunSpec::calls`] that returned; `None` for a function without a
    /// result.
    pub results: Vec<Option<i32>>,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Exit {
    /// Returned from main (0) or called `proc_exit`.
    Code(i32),
    /// Trapped, with the engine's own words.
    Trap(String),
    /// Ended without a trap; this engine does not pass on the code.
    Unknown,
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Exit::Code(code) => write!(f, "exit {code}"),
            Exit::Trap(message) => write!(f, "trap: {message}"),
            Exit::Unknown => write!(f, "ended"),
        }
    }
}

/// A WebAssembly runtime.
pub trait Engine: Send + Sync {
    /// The name used on the command line and in `corpus/manifest.toml`.
    fn name(&self) -> &'static str;

    /// Whether it can be used on this machine; the error says in one sentence why not.
    fn available(&self) -> Result<(), String>;

    /// Whether it runs components and not only core modules.
    fn runs_components(&self) -> bool {
        false
    }

    /// Runs `wasm`. An error means that the engine could not load or link it, or that it ran out
    /// of time; whatever the guest itself does is an [`Outcome`].
    fn run(&self, wasm: &[u8], spec: &RunSpec) -> anyhow::Result<Outcome>;
}

/// How `p1bridge run` runs a program with arguments in a directory, with nothing to read and all that it
/// writes captured.
pub fn captured(args: &[&str], directory: &Path) -> RunOptions {
    RunOptions {
        args: std::iter::once("program")
            .chain(args.iter().copied())
            .map(str::to_string)
            .collect(),
        dirs: vec![Preopen {
            host: directory.to_path_buf(),
            guest: ".".to_string(),
        }],
        stdin: Input::Bytes(Vec::new()),
        stdout: Output::Capture,
        stderr: Output::Capture,
        ..RunOptions::default()
    }
}
