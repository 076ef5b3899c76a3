//! How fast a plugin takes bytes and gives records (`corpus/plugins/parser`): the flat module through glue in Rust on wasmtime's
//! core modules next to the component through wasmtime's own bindings, in turns. Prints the table of the plugin's README.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use p1bridge::flatten::{FlattenOptions, flatten};
use p1bridge_host::Error;
use p1bridge_host::wasmtime::{State, bind, link};
use p1bridge_tests::manifest::part;
use p1bridge_tests::plain;
use wasmtime::component::{Component, HasSelf};
use wasmtime::{Engine, Linker, Module, Store};

#[path = "../../corpus/plugins/parser/host/v1.rs"]
#[rustfmt::skip]
mod flat;

mod bindings {
    wasmtime::component::bindgen!({ path: "../corpus/plugins/parser/parser-0.1.0.wit", world: "plugin" });
}

/// No bytes: they are given, and not read.
struct Source;

impl flat::chip::parser::byte_source::Host for Source {
    fn size(&mut self) -> Result<u64, Error> {
        Ok(0)
    }

    fn read(&mut self, _: u64, _: u32) -> Result<Vec<u8>, Error> {
        Ok(Vec::new())
    }
}

impl bindings::chip::parser::byte_source::Host for Source {
    fn size(&mut self) -> u64 {
        0
    }

    fn read(&mut self, _: u64, _: u32) -> Vec<u8> {
        Vec::new()
    }
}

/// Lines of a log, of so many bytes.
fn log(size: usize) -> Vec<u8> {
    let mut text = String::new();
    for i in 0.. {
        let line = format!(
            "{} info [job:{}] step {i} has ended as it was to end\n",
            i * 40,
            i % 7
        );
        if text.len() + line.len() > size {
            break;
        }
        text += &line;
    }
    text.into_bytes()
}

fn main() -> Result<()> {
    let engine = Engine::default();
    println!("| plugin | bytes | records | flat | component | times as fast |");
    println!("|---|---|---|---|---|---|");
    for name in ["parser-1-c", "parser-1-rust"] {
        let component = part(name)?;
        let module = flatten(&component, &FlattenOptions::default())?.wasm;
        let module = Module::new(&engine, module).map_err(plain)?;
        let mut store = Store::new(&engine, State::new(Source));
        let mut linker = Linker::new(&engine);
        link::<flat::V1, _>(&engine, &mut linker).map_err(plain)?;
        let instance = linker.instantiate(&mut store, &module).map_err(plain)?;
        let mut guest = bind::<flat::V1, _>(&mut store, &instance);

        let component = Component::new(&engine, component).map_err(plain)?;
        let mut linker = wasmtime::component::Linker::new(&engine);
        bindings::Plugin::add_to_linker::<_, HasSelf<_>>(&mut linker, |source: &mut Source| source)
            .map_err(plain)?;
        let mut other = Store::new(&engine, Source);
        let plugin =
            bindings::Plugin::instantiate(&mut other, &component, &linker).map_err(plain)?;

        for size in [4 << 10, 64 << 10, 1 << 20] {
            let bytes = log(size);
            let (mut ours, mut theirs) = (Duration::MAX, Duration::MAX);
            let (mut one, mut two) = (0, 0);
            // The best of several rounds, and in turns: what else the machine does hits both.
            let calls = (4 << 20) / size;
            for _ in 0..15 {
                let start = Instant::now();
                for _ in 0..calls {
                    let parsed = flat::exports::chip::parser::parser::parse(&mut guest, &bytes)?;
                    one = parsed.map_or(0, |all| all.len());
                }
                ours = ours.min(start.elapsed());
                let start = Instant::now();
                for _ in 0..calls {
                    let parser = plugin.chip_parser_parser();
                    let parsed = parser.call_parse(&mut other, &bytes).map_err(plain)?;
                    two = parsed.map_or(0, |all| all.len());
                }
                theirs = theirs.min(start.elapsed());
            }
            ensure!(one == two && one > 0, "{one} records, and {two}");
            let speed = |time: Duration| {
                (bytes.len() * calls) as f64 / time.as_secs_f64() / f64::from(1 << 20)
            };
            println!(
                "| {name} | {} | {one} | {:.0} MiB/s | {:.0} MiB/s | {:.2} |",
                bytes.len(),
                speed(ours),
                speed(theirs),
                theirs.as_secs_f64() / ours.as_secs_f64()
            );
        }
    }
    Ok(())
}
