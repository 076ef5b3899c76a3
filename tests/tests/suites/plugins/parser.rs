//! `corpus/plugins/parser`: plugins of two versions of one interface, side by side in a host in C on the WAMR of 2020 and in one in
//! Rust on wasmi, and as components on wasmtime.

use std::process::Command;

use anyhow::{Result, ensure};
use p1bridge::host::Input;
use p1bridge_tests::manifest::part;
use p1bridge_tests::plain;
use wasmtime::component::{Component, HasSelf, Linker};
use wasmtime::{Engine, Store};

use super::super::{glue, glue_rust};

#[path = "../../../../corpus/plugins/parser/host/host.rs"]
#[rustfmt::skip]
mod host;

use host::{Failure, LEVELS, LOGS, Message, Source, job, show};

const PLUGINS: [&str; 4] = ["parser-1-c", "parser-1-rust", "parser-2-c", "parser-2-rust"];

/// Uses a component of a version as the hosts do: what it prints, and the lines of the tally.
macro_rules! version {
    ($name:ident, $wit:literal, $thread:expr, $tally:expr) => {
        mod $name {
            wasmtime::component::bindgen!({ path: $wit, world: "plugin" });

            use super::*;
            use exports::chip::parser::parser;

            impl chip::parser::byte_source::Host for Source {
                fn size(&mut self) -> u64 {
                    self.0.len() as u64
                }

                fn read(&mut self, offset: u64, length: u32) -> Vec<u8> {
                    let from = self.0.iter().skip(offset as usize);
                    from.take(length as usize).copied().collect()
                }
            }

            fn of(result: Result<Vec<parser::Message>, parser::Failure>) -> Result<Vec<Message>, Failure> {
                let thread: fn(&parser::Message) -> Option<u32> = $thread;
                let message = |one: parser::Message| Message {
                    time: one.time,
                    level: one.level as usize,
                    thread: thread(&one),
                    source: one.source,
                    text: one.text,
                };
                match result {
                    Ok(all) => Ok(all.into_iter().map(message).collect()),
                    Err(parser::Failure::Empty) => Err(Failure::Empty),
                    Err(parser::Failure::Line(line)) => Err(Failure::Line(line)),
                    Err(parser::Failure::Text(line)) => Err(Failure::Text(line)),
                }
            }

            pub fn run(component: &[u8]) -> Result<String> {
                let engine = Engine::default();
                let component = Component::new(&engine, component).map_err(plain)?;
                let mut linker = Linker::new(&engine);
                Plugin::add_to_linker::<_, HasSelf<_>>(&mut linker, |source: &mut Source| source).map_err(plain)?;
                let mut store = Store::new(&engine, Source(job()));
                let plugin = Plugin::instantiate(&mut store, &component, &linker).map_err(plain)?;
                let parser = plugin.chip_parser_parser();
                let mut out = parser.call_version(&mut store).map_err(plain)? + "\n";
                for log in LOGS {
                    show(&mut out, of(parser.call_parse(&mut store, log).map_err(plain)?), true)?;
                }
                show(&mut out, of(parser.call_parse_source(&mut store).map_err(plain)?), false)?;
                let tally: fn(&parser::Guest, &mut Store<Source>) -> Result<String> = $tally;
                Ok(out + &tally(parser, &mut store)?)
            }
        }
    };
}

version!(
    first,
    "../corpus/plugins/parser/parser-0.1.0.wit",
    |_| None,
    |_, _| Ok(String::new())
);
version!(
    second,
    "../corpus/plugins/parser/parser-0.2.0.wit",
    |one| one.thread,
    |parser, store| {
        let line = |(level, count): (parser::Level, u32)| {
            format!("  {}: {count}\n", LEVELS[level as usize])
        };
        let tally = parser.call_tally(store).map_err(plain)?;
        Ok(tally.into_iter().map(line).collect())
    }
);

#[test]
fn two_versions_of_an_interface_are_side_by_side_in_one_host() -> Result<()> {
    let (mut right, mut plugins, mut flat) = (String::new(), Vec::new(), Vec::new());
    for name in PLUGINS {
        let component = part(name)?;
        right += &match name.contains("-1-") {
            true => first::run(&component)?,
            false => second::run(&component)?,
        };
        flat.push(glue_rust::flat(&component)?);
        plugins.push(glue::plugin(name, "wamr-2020")?);
    }
    // What only a plugin can have made.
    for part in [
        "lines, in Rust, of 0.2.0\n",
        "  1750 info from net:7 \"link is up, größer\"\n",
        "  1750 info from net thread 7 \"link is up, größer\"\n",
        "  150 messages, the last one:\n",
        "  error: 31\n",
    ] {
        ensure!(right.contains(part), "{part} is not in: {right}");
    }
    let folder = "../corpus/plugins/parser/host";
    glue_rust::is_written(&Input::of_module(&flat[0])?, "v1", folder)?;
    glue_rust::is_written(&Input::of_module(&flat[2])?, "v2", folder)?;
    let said = host::run(&flat)?;
    ensure!(said == right, "Rust on wasmi: {said}\nand not: {right}");

    if !glue::is_ready(false) {
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let mut sources = vec![glue::shim().join("p1b_abi.c")];
    for (at, prefix) in [(0, "v1"), (2, "v2")] {
        let input = Input::of_module(&plugins[at])?;
        sources.extend(glue::written(
            folder.path(),
            &input,
            "plugin",
            Some(prefix),
        )?);
    }
    let objects = glue::compiled(folder.path(), &sources)?;
    let source = glue::top().join("corpus/plugins/parser/host/main.c");
    let mut command = Command::new(glue::program(folder.path(), &source, objects, false)?);
    for (name, plugin) in PLUGINS.iter().zip(&plugins) {
        let file = folder.path().join(format!("{name}.wasm"));
        std::fs::write(&file, plugin)?;
        command.arg(file);
    }
    let said = glue::run(&mut command)?;
    ensure!(said == right, "C on WAMR: {said}\nand not: {right}");
    Ok(())
}
