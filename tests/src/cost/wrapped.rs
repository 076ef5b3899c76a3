//! What the library that `wrap` weaves in costs: bytes that a component has more than its module, and fuel on wasmtime in times
//! that of the same program with wasmtime's adapter.

use std::path::Path;

use anyhow::{Result, ensure};
use p1bridge::wrap::{Wasi, WrapOptions, wrap};
use wasmtime::component::{Component, Linker};
use wasmtime::{Config, Engine, Store};
use wasmtime_wasi::p2::bindings::sync::Command;
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;
use wasmtime_wasi::{FsPerms, WasiCtxBuilder};

use super::{Figure, corpus, directory};
use crate::engines::wasmtime::State;
use crate::module::length_without_custom_sections as length;
use crate::plain;

/// A module that only writes to standard output.
const PRINTS: &str = r#"(module
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 0) "\10\00\00\00\06\00\00\00hello\n")
    (func (export "_start")
        (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 32)))))"#;

/// The most bytes that `wrap` may add: for hello-c what is reached, where 2560 are wanted.
const BYTES: [(&str, Wasi, f64); 5] = [
    ("standard output alone", Wasi::V0_2, 1100.0),
    ("hello-c", Wasi::V0_2, 3000.0),
    ("files-c", Wasi::V0_2, 14848.0),
    ("standard output alone", Wasi::V0_3, 1400.0),
    ("files-c", Wasi::V0_3, 14000.0),
];

/// The most fuel, in times that with wasmtime's adapter, of what [`REPEATS`] does, in its order.
const FUEL: [(&str, f64); 7] = [
    ("write 4 KiB to stdout", 0.7),
    ("write 4 KiB to a file", 0.7),
    ("read 4 KiB", 0.7),
    ("stat", 0.7),
    ("open and close", 0.7),
    ("monotonic now", 0.7),
    ("a directory of 1000 entries", 0.7),
];

const REPEATS: &str = include_str!("wrapped.wat");

/// Runs [`REPEATS`], and gives its fuel.
fn fuel(
    engine: &Engine,
    component: &Component,
    what: usize,
    times: usize,
    dir: &Path,
) -> Result<f64> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_sync(&mut linker).map_err(plain)?;
    let mut wasi = WasiCtxBuilder::new();
    let mut args = vec![String::new(); what];
    args[0] = "x".repeat(times);
    wasi.args(&args).stdout(MemoryOutputPipe::new(64 << 20));
    wasi.preopened_dir(dir, ".", FsPerms::ReadWrite)
        .map_err(plain)?;
    let mut store = Store::new(engine, State::new(&mut wasi));
    let all = u64::MAX / 2;
    store.set_fuel(all).map_err(plain)?;
    let command = Command::instantiate(&mut store, component, &linker).map_err(plain)?;
    let ended = command.wasi_cli_run().call_run(&mut store).map_err(plain)?;
    ensure!(ended.is_ok(), "it failed");
    Ok((all - store.get_fuel().map_err(plain)?) as f64)
}

/// The figures.
pub fn wrapped() -> Result<Vec<Figure>> {
    let on = |module: &[u8], wasi| {
        let options = WrapOptions {
            wasi,
            ..WrapOptions::default()
        };
        anyhow::Ok(wrap(module, &options)?.component)
    };
    let ours = |module: &[u8]| on(module, Wasi::V0_2);
    let mut figures = Vec::new();
    for (name, wasi, goal) in BYTES {
        let module = match name.ends_with("-c") {
            true => corpus(name)?,
            false => wat::parse_str(PRINTS)?,
        };
        figures.push(Figure {
            what: match wasi {
                Wasi::V0_2 => format!("bytes that `wrap` adds: {name}"),
                Wasi::V0_3 => format!("bytes that `wrap --wasi 0.3` adds: {name}"),
            },
            value: length(&on(&module, wasi)?)? as f64 - length(&module)? as f64,
            goal,
        });
    }

    let mut config = Config::new();
    config.consume_fuel(true);
    let engine = Engine::new(&config).map_err(plain)?;
    let module = wat::parse_str(REPEATS)?;
    let with_adapter = WrapOptions {
        wasmtime_adapter: true,
        ..WrapOptions::default()
    };
    let adapted = wrap(&module, &with_adapter)?.component;
    let compile = |wasm: &[u8]| Component::new(&engine, wasm).map_err(plain);
    let components = [compile(&ours(&module)?)?, compile(&adapted)?];
    let directory = directory()?;
    for (at, (what, goal)) in FUEL.into_iter().enumerate() {
        let mut cost = [0.0; 2];
        for (cost, component) in cost.iter_mut().zip(&components) {
            let times = |times| fuel(&engine, component, at + 1, times, directory.path());
            // What comes before, once more or less.
            *cost = (times(9)? - times(1)?) / 8.0;
        }
        figures.push(Figure {
            what: format!(
                "fuel of a wrapped program, in times that with wasmtime's adapter: {what}"
            ),
            value: cost[0] / cost[1],
            goal,
        });
    }
    Ok(figures)
}
