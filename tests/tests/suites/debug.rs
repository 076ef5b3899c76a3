//! Debug information follows the code: a trap in a flat module is at the source line at which the
//! guest traps on its own, inlined functions and callers included.
//!
//! The guest is `tests/debug/lines.c`, compiled with debug information.

use anyhow::{Context, Result, bail, ensure};
use gimli::{EndianSlice, LittleEndian};
use p1bridge::flatten::{FlattenOptions, flatten};
use p1bridge::profiles::Profile;
use p1bridge_tests::plain;
use wasm_encoder::{
    Alias, ComponentBuilder, ComponentExportKind, ExportKind, ModuleArg, PrimitiveValType,
};
use wasmparser::{Parser, Payload};

const LINES: &[u8] = include_bytes!("../../debug/lines.wasm");

/// What the argument of `run` makes it do, and where it then traps.
const TRAPS: [(i32, &str); 3] = [
    (1, "divide lines.c:15:16"),
    (2, "deeper lines.c:24:"),
    (3, "deeper lines.c:26:"),
];

/// The places of a trap of the guest alone, from the inside out.
fn alone(argument: i32) -> Result<Vec<String>> {
    let places = trap(LINES, "run", argument)?;
    ensure!(places.len() >= 2, "{places:?}");
    Ok(places)
}

/// A component with as many instances of the guest as there are names; each is the name of `run`.
fn component(names: &[&str]) -> Vec<u8> {
    let mut builder = ComponentBuilder::default();
    let (ty, mut func) = builder.type_function(None);
    func.params([("where", PrimitiveValType::S32)])
        .result(Some(PrimitiveValType::S32.into()));
    let module = builder.core_module_raw(None, LINES);
    for name in names {
        let instance = builder.core_instantiate(None, module, [] as [(&str, ModuleArg); 0]);
        let run = builder.alias(
            None,
            Alias::CoreInstanceExport {
                instance,
                kind: ExportKind::Func,
                name: "run",
            },
        );
        let lifted = builder.lift_func(None, run, ty, []);
        builder.export(*name, ComponentExportKind::Func, lifted, None);
    }
    builder.finish()
}

/// The sections of a core module that say where its code is.
struct Symbols<'a> {
    code: u64,
    dwarf: addr2line::Context<EndianSlice<'a, LittleEndian>>,
}

impl<'a> Symbols<'a> {
    fn new(wasm: &'a [u8]) -> Result<Symbols<'a>> {
        let mut code = 0;
        let mut customs = Vec::new();
        for payload in Parser::new(0).parse_all(wasm) {
            match payload? {
                Payload::CodeSectionStart {
                    unchecked_range, ..
                } => code = unchecked_range.start,
                Payload::CustomSection(section) => customs.push((section.name(), section.data())),
                _ => {}
            }
        }
        let dwarf = gimli::Dwarf::load(|id| -> Result<_, gimli::Error> {
            let section = customs.iter().find(|(name, _)| *name == id.name());
            let bytes = section.map_or(&[][..], |(_, bytes)| *bytes);
            Ok(EndianSlice::new(bytes, LittleEndian))
        })?;
        Ok(Symbols {
            code,
            dwarf: addr2line::Context::from_dwarf(dwarf)?,
        })
    }

    /// `function file:line:column`, the innermost first, of an offset in the file.
    fn places(&self, offset: u64) -> Result<Vec<String>> {
        let mut places = Vec::new();
        let mut frames = self
            .dwarf
            .find_frames(offset - self.code)
            .skip_all_loads()?;
        while let Some(frame) = frames.next()? {
            let (Some(function), Some(at)) = (&frame.function, &frame.location) else {
                continue;
            };
            places.push(format!(
                "{} {}:{}:{}",
                function.raw_name()?,
                at.file.unwrap_or("?").trim_start_matches("./"),
                at.line.unwrap_or(0),
                at.column.unwrap_or(0)
            ));
        }
        Ok(places)
    }
}

/// Calls `export` of a core module, which traps; the places of all frames.
fn trap(wasm: &[u8], export: &str, argument: i32) -> Result<Vec<String>> {
    let engine = wasmtime::Engine::default();
    let module = wasmtime::Module::new(&engine, wasm).map_err(plain)?;
    let mut store = wasmtime::Store::new(&engine, ());
    let instance = wasmtime::Instance::new(&mut store, &module, &[]).map_err(plain)?;
    let func = instance
        .get_typed_func::<i32, i32>(&mut store, export)
        .map_err(plain)?;
    let Err(error) = func.call(&mut store, argument) else {
        bail!("{export} does not trap");
    };
    let backtrace = error
        .downcast_ref::<wasmtime::WasmBacktrace>()
        .context("a trap has a backtrace")?;
    let symbols = Symbols::new(wasm)?;
    let mut places = Vec::new();
    for frame in backtrace.frames() {
        let offset = frame.module_offset().context("a frame has an offset")?;
        places.extend(symbols.places(offset as u64)?);
    }
    Ok(places)
}

fn profile(name: &str) -> Result<FlattenOptions> {
    Ok(FlattenOptions {
        profile: Profile::named(name).context("the profile")?,
        verify: true,
        ..FlattenOptions::default()
    })
}

fn without_column(place: &mut String) {
    place.truncate(place.rfind(':').unwrap_or(0));
}

#[test]
fn a_trap_is_at_the_line_of_the_source() -> Result<()> {
    for (argument, place) in TRAPS {
        let found = alone(argument)?;
        assert!(found[0].starts_with(place), "the guest alone: {found:?}");
    }
    for profile_name in ["as-is", "portable", "wamr-2020", "mvp"] {
        for names in [&["run"][..], &["one", "two"]] {
            let flat = flatten(&component(names), &profile(profile_name)?)?;
            let debug = flat.report.debug.as_ref().context("debug information")?;
            assert_eq!((debug.units, &debug.left_out[..]), (names.len(), &[][..]));
            for name in names {
                for (argument, _) in TRAPS {
                    let mut found = trap(&flat.wasm, name, argument)?;
                    let mut expected = alone(argument)?;
                    if names.len() > 1 {
                        // The address of an access is checked where it is computed.
                        found.iter_mut().for_each(without_column);
                        expected.iter_mut().for_each(without_column);
                    }
                    let place = format!("{name} of {names:?} for {profile_name}");
                    assert_eq!(found, expected, "{place}");
                }
            }
        }
    }
    Ok(())
}

#[test]
fn lowered_code_keeps_its_lines() -> Result<()> {
    let mvp = Profile::named("mvp").context("the profile")?;
    let lowered = p1bridge::lower::lower(LINES, &mvp)?.wasm;
    for (argument, _) in TRAPS {
        assert_eq!(trap(&lowered, "run", argument)?, alone(argument)?);
    }
    Ok(())
}
