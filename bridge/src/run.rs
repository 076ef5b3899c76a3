//! `run`: a Preview 1 module, or a component flattened in memory, on the interpreter wasmi.
//!
//! The interpreter is there so that somebody without a device sees what a device would do, and so
//! that the test suite has an engine in its own process. It offers all of Preview 1; where wasmi's
//! own implementation is stricter than other runtimes (exit codes from 126 on, polling a standard
//! input that is not a pipe) the host functions here take what a device takes.

mod call;
mod engine;
mod host;
mod json;
mod lift;
mod select;
mod stdio;
mod values;
pub mod wave;

use std::fmt;
use std::path::PathBuf;

use anyhow::Result;
use serde::Serialize;

use crate::flatten::{FlattenOptions, flatten};
use crate::signatures::types::FunctionType;
use crate::sniff::{Binary, sniff};
use crate::weave::on_preview1;

pub use call::parse_call;

/// What a program sees of its surroundings, and which of its functions are called.
#[derive(Clone, Debug, Default)]
pub struct RunOptions {
    /// `argv`, the program's name first.
    pub args: Vec<String>,
    /// The environment, in order. Nothing is inherited.
    pub env: Vec<(String, String)>,
    /// Directories that the program may open.
    pub dirs: Vec<Preopen>,
    /// Where standard input comes from.
    pub stdin: Input,
    /// Where standard output goes.
    pub stdout: Output,
    /// Where standard error goes.
    pub stderr: Output,
    /// Functions to call, in order. Empty: `_start` is called.
    pub calls: Vec<Call>,
    /// Call `_initialize`, if the module exports it, before `calls`.
    pub initialize: bool,
    /// Trap after so many units of wasmi fuel (about one per instruction).
    pub fuel: Option<u64>,
    /// Count fuel even where it is not limited. Slower.
    pub meter: bool,
}

/// A directory of the host under the name that the program sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preopen {
    /// A directory that exists.
    pub host: PathBuf,
    /// The preopen's name in the program, such as `.` or `/data`.
    pub guest: String,
}

/// The source of standard input.
#[derive(Clone, Debug, Default)]
pub enum Input {
    /// This process's own.
    #[default]
    Inherit,
    /// These bytes, then the end.
    Bytes(Vec<u8>),
}

/// The destination of standard output or standard error.
#[derive(Clone, Copy, Debug, Default)]
pub enum Output {
    /// This process's own.
    #[default]
    Inherit,
    /// Kept in [`RunOutcome`].
    Capture,
    /// This process's standard error.
    Stderr,
}

/// A call of an exported function.
#[derive(Clone, Debug)]
pub struct Call {
    /// The export's name.
    pub export: String,
    /// Its arguments; their types have to be those of the function.
    pub args: Args,
}

/// The arguments of a call.
#[derive(Clone, Debug)]
pub enum Args {
    /// Numbers, for a core function.
    Core(Vec<Value>),
    /// Values of WIT, which are lowered; the result is lifted.
    Lifted(FunctionType, Vec<wave::Data>),
}

impl Call {
    /// A call whose arguments are all `i32`.
    pub fn i32(export: &str, args: &[i32]) -> Call {
        Call {
            export: export.to_string(),
            args: Args::Core(args.iter().copied().map(Value::I32).collect()),
        }
    }
}

/// A number of WebAssembly.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    /// A whole number of 32 bits.
    I32(i32),
    /// One of 64 bits.
    I64(i64),
    /// A floating-point number of 32 bits.
    F32(f32),
    /// One of 64 bits.
    F64(f64),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::I32(v) => v.fmt(f),
            Value::I64(v) => v.fmt(f),
            Value::F32(v) => v.fmt(f),
            Value::F64(v) => v.fmt(f),
        }
    }
}

/// How a program ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exit {
    /// `proc_exit` with this code, or 0 when `_start` or the last call returned.
    Code(i32),
    /// A trap, in words.
    Trap(String),
}

/// What a program left behind.
#[derive(Clone, Debug)]
pub struct RunOutcome {
    /// How it ended.
    pub exit: Exit,
    /// Empty unless [`Output::Capture`] was asked for.
    pub stdout: Vec<u8>,
    /// Empty unless [`Output::Capture`] was asked for.
    pub stderr: Vec<u8>,
    /// The numbers that each call of [`RunOptions::calls`] returned; none for lifted ones.
    pub results: Vec<Vec<Value>>,
    /// The same as text: numbers apart by blanks, lifted values in WAVE.
    pub printed: Vec<String>,
    /// The same as JSON: what each call returned, one value for each result.
    pub json: Vec<Vec<serde_json::Value>>,
    /// What it took.
    pub stats: Stats,
}

/// Figures that are the same from run to run.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Stats {
    /// Units of wasmi fuel; `None` when neither `fuel` nor `meter` was set.
    pub fuel: Option<u64>,
    /// The largest size of all exported memories together, in bytes. Memories never shrink.
    pub memory_bytes: u64,
    /// Calls of host functions by name, those that were never called left out.
    pub host_calls: Vec<(String, u64)>,
}

impl Stats {
    /// [`Stats::memory_bytes`] in pages of 64 KiB, rounded up.
    pub fn memory_pages(&self) -> u64 {
        self.memory_bytes.div_ceil(65536)
    }
}

/// The core module that stands for `wasm`: itself, or what it is flattened to.
///
/// # Errors
///
/// When it is neither module nor component, or a component that cannot be flattened.
pub fn module_of(wasm: Vec<u8>) -> Result<Vec<u8>> {
    match sniff(&wasm)? {
        Binary::Module => Ok(on_preview1(&wasm)?.into_owned()),
        Binary::Component => Ok(flatten(&wasm, &FlattenOptions::default())?.wasm),
    }
}

/// Runs the Preview 1 module `wasm`; see [`module_of`] for components.
///
/// # Errors
///
/// When the program cannot be started: it does not validate, imports something that is not
/// Preview 1, a directory cannot be opened, or an export to call is missing or has another type.
/// A program that was started and trapped is an [`Exit::Trap`], not an error.
pub fn run(wasm: &[u8], options: &RunOptions) -> Result<RunOutcome> {
    engine::run(wasm, options)
}
