//! Runs one core module on Wasmer with its WASI: `wasmer-host FOLDER`, where FOLDER has `module.wasm` and
//! `order.json`. It leaves `answer.json` there. `tests/src/engines/process.rs` has what is in them.
//!
//! Directories are mounted in a file system in memory. One that the order calls `.` is mounted as `/home`,
//! which is the working directory, as `wasmer run --dir .` does it. The root is preopened as well: without
//! it, Wasmer does not find the targets of symbolic links.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;
use wasmer::sys::EngineBuilder;
use wasmer::{Engine, Module, RuntimeError, Store, Value};
use wasmer_wasix::virtual_fs::{MountFileSystem, TmpFileSystem, host_fs};
use wasmer_wasix::{WasiEnvBuilder, WasiError};

/// Where `wasmer run --dir .` puts the directory.
const HOME: &str = "/home";

#[derive(Deserialize)]
struct Order {
    argv: Vec<String>,
    env: Vec<(String, String)>,
    preopens: Vec<(PathBuf, String)>,
    calls: Vec<Call>,
}

#[derive(Deserialize)]
struct Call {
    export: String,
    args: Vec<i32>,
}

#[derive(Serialize)]
struct Answer {
    refused: Option<String>,
    exit: Exit,
    results: Vec<Option<i32>>,
}

#[derive(Serialize)]
enum Exit {
    Code(i32),
    Trap(String),
    Unknown,
}

fn main() -> Result<()> {
    let folder = PathBuf::from(std::env::args_os().nth(1).expect("a folder"));
    let answer = run(&folder).unwrap_or_else(|why| Answer {
        refused: Some(format!("{why:#}")),
        exit: Exit::Unknown,
        results: Vec::new(),
    });
    std::fs::write(folder.join("answer.json"), serde_json::to_vec(&answer)?)?;
    // Threads of its runtime may still wait for standard input.
    std::process::exit(0);
}

fn run(folder: &Path) -> Result<Answer> {
    let order: Order = serde_json::from_slice(&std::fs::read(folder.join("order.json"))?)?;
    let wasm = std::fs::read(folder.join("module.wasm"))?;
    let tokio = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let _entered = tokio.enter();
    let engine: Engine = EngineBuilder::new(wasmer::sys::Cranelift::default())
        .engine()
        .into();
    let module = Module::new(&engine, &wasm)?;
    run_module(order, engine, module)
}

/// Instantiates the module, which runs `_initialize`, and calls what the order says: without calls `_start`.
fn run_module(order: Order, engine: Engine, module: Module) -> Result<Answer> {
    let mut store = Store::new(engine.clone());
    let program = order.argv.first().cloned().unwrap_or_default();
    let files = MountFileSystem::new();
    files.mount("/", Arc::new(TmpFileSystem::new()))?;
    let mut builder = WasiEnvBuilder::new(program)
        .engine(engine)
        .args(order.argv.iter().skip(1))
        .envs(order.env);
    builder.add_preopen_dir("/")?;
    for (host, guest) in order.preopens {
        let directory = host_fs::FileSystem::new(Handle::current(), host)?;
        let place = match guest.as_str() {
            "." => HOME.to_owned(),
            _ => format!("/{}", guest.trim_start_matches('/')),
        };
        files.mount(&place, Arc::new(directory))?;
        builder.add_map_dir(&guest, &place)?;
        if guest == "." {
            builder.set_current_dir(HOME);
        }
    }
    builder.set_mount_fs(files);
    let (instance, env) = builder.instantiate(module, &mut store)?;
    let mut answer = Answer {
        refused: None,
        exit: Exit::Code(0),
        results: Vec::new(),
    };
    if order.calls.is_empty() {
        let start = instance.exports.get_function("_start")?;
        if let Err(error) = start.call(&mut store, &[]) {
            answer.exit = ended(error);
        }
    }
    for call in order.calls {
        let function = instance.exports.get_function(&call.export)?;
        let args: Vec<Value> = call.args.into_iter().map(Value::I32).collect();
        match function.call(&mut store, &args) {
            Ok(values) => answer.results.push(match values[..] {
                [] => None,
                [Value::I32(value)] => Some(value),
                _ => bail!("a call returned {values:?}, not one i32"),
            }),
            Err(error) => {
                answer.exit = ended(error);
                break;
            }
        }
    }
    // What is written to files is kept back until they are closed.
    env.on_exit(&mut store, None);
    Ok(answer)
}

/// How a call ended that did not return.
fn ended(error: RuntimeError) -> Exit {
    match error.downcast::<WasiError>() {
        Ok(WasiError::Exit(code)) => Exit::Code(code.raw()),
        Ok(other) => Exit::Trap(other.to_string()),
        Err(error) => Exit::Trap(error.message()),
    }
}
