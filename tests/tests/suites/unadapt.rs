//! `flatten(wrap(m))` of a Preview 1 module `m` is `m` again, with our library and with the adapter of wasmtime inside: without custom sections, with
//! `--no-tidy` and `--profile as-is` the same functions with the same instructions, in a module of the same size. That
//! exit codes are the module's own again is in `corpus.rs`, which compares them exactly.

use anyhow::{Context, Result, ensure};
use p1bridge::flatten::{FlattenOptions, flatten};
use p1bridge::profiles::named;
use p1bridge::wrap::{WrapOptions, wrap};
use p1bridge_tests::link;
use p1bridge_tests::manifest::{self, Kind, Program, programs};
use p1bridge_tests::module::{Parts, length_without_custom_sections, parts};
use wasm_encoder::reencode::{Reencode, RoundtripReencoder};

/// How much bigger or smaller than the original the result may be.
const SLACK: usize = 64;

fn each(kinds: &[Kind], check: impl Fn(&Program, Wrap) -> Result<()>) {
    let programs: Vec<_> = programs()
        .expect("the manifest")
        .into_iter()
        .filter(|p| kinds.contains(&p.kind))
        .collect();
    assert!(!programs.is_empty());
    for program in programs {
        for (way, wrap) in WAYS.into_iter().enumerate() {
            // Relocations are left to the adapter, which is of WASI 0.2.
            if way == ON_0_3 && program.name.starts_with("relocated-c") {
                continue;
            }
            if let Err(error) = check(&program, wrap) {
                panic!("{}, way {way}: {error:#}", program.name);
            }
        }
    }
}

/// A way to make a component of a program.
type Wrap = fn(&Program) -> Result<Vec<u8>>;

/// With our library woven in, on WASI 0.2 and 0.3, and with the adapter of wasmtime.
const WAYS: [Wrap; 3] = [
    link::component,
    link::component_of_0_3,
    link::component_with_adapter,
];

/// The one of WASI 0.3.
const ON_0_3: usize = 1;

fn there_and_back(program: &Program, wrap: Wrap) -> Result<Vec<u8>> {
    let options = FlattenOptions {
        tidy: false,
        profile: named("as-is")?,
        verify: true,
        ..FlattenOptions::default()
    };
    Ok(flatten(&wrap(program)?, &options)?.wasm)
}

#[test]
fn a_command_comes_back_as_it_was() {
    each(&[Kind::P1Command], |program, wrap| {
        let original = parts(&program.wasm()?)?;
        let back = parts(&there_and_back(program, wrap)?)?;
        same_functions(&original, &back, back.functions.len())?;
        ensure!(
            original.imports == back.imports,
            "imports: {:?}",
            back.imports
        );
        ensure!(original.tables == back.tables, "tables: {:?}", back.tables);
        ensure!(
            original.memories == back.memories,
            "memories: {:?}",
            back.memories
        );
        ensure!(
            original.globals == back.globals,
            "globals: {:?}",
            back.globals
        );
        // The rest would be nobody's business: `__main_void` and the like.
        let kept = |(name, _): &&(String, String)| name == "_start" || name == "memory";
        let exports: Vec<_> = original.exports.iter().filter(kept).cloned().collect();
        ensure!(
            exports == back.exports,
            "exports: {exports:?} became {:?}",
            back.exports
        );
        ensure!(original.start == back.start, "start: {:?}", back.start);
        ensure!(
            original.elements == back.elements,
            "elements: {:?}",
            back.elements
        );
        ensure!(original.data == back.data, "data segments differ");
        Ok(())
    });
}

#[test]
fn a_reactor_comes_back_with_a_function_for_each_export_that_initialises() {
    each(&[Kind::P1Reactor], |program, wrap| {
        let original = parts(&program.wasm()?)?;
        let back = parts(&there_and_back(program, wrap)?)?;
        same_functions(&original, &back, original.functions.len())?;
        let exported = original
            .exports
            .iter()
            .filter(|(_, what)| what.starts_with("Func"));
        let added = back.functions.len() - original.functions.len();
        ensure!(added <= exported.count(), "{added} functions were added");
        ensure!(
            original.imports == back.imports,
            "imports: {:?}",
            back.imports
        );
        ensure!(
            original.memories == back.memories,
            "memories: {:?}",
            back.memories
        );
        ensure!(original.data == back.data, "data segments differ");
        Ok(())
    });
}

#[test]
fn functions_for_sockets_are_those_of_wamr_again() -> Result<()> {
    let component = std::fs::read(manifest::corpus().join("prebuilt/sockets-p2-rust.wasm"))?;
    let options = FlattenOptions {
        sockets: Some(true),
        ..FlattenOptions::default()
    };
    let flat = flatten(&component, &options)?.wasm;
    let original = parts(&flat)?;
    let wrapped = wrap(&flat, &WrapOptions::default())?.component;
    let options = FlattenOptions {
        tidy: false,
        profile: named("as-is")?,
        ..FlattenOptions::default()
    };
    let back = parts(&flatten(&wrapped, &options)?.wasm)?;
    same_functions(&original, &back, back.functions.len())?;
    ensure!(original.imports == back.imports, "{:?}", back.imports);
    Ok(())
}

#[test]
fn a_command_is_as_long_as_it_was() {
    each(&[Kind::P1Command], |program, wrap| {
        let original = program.wasm()?;
        let mut minimal = wasm_encoder::Module::new();
        RoundtripReencoder
            .parse_core_module(&mut minimal, wasmparser::Parser::new(0), &original)
            .context("re-encoding")?;
        let minimal = length_without_custom_sections(&minimal.finish())?;
        let original = length_without_custom_sections(&original)?;
        let back = length_without_custom_sections(&there_and_back(program, wrap)?)?;
        ensure!(
            back.abs_diff(minimal) <= SLACK && back <= original + SLACK,
            "{original} bytes, {minimal} minimally encoded, {back} there and back"
        );
        Ok(())
    });
}

/// The first `count` functions of `back` are those of `original`.
fn same_functions(original: &Parts, back: &Parts, count: usize) -> Result<()> {
    ensure!(
        original.functions.len() == count && back.functions.len() >= count,
        "{} functions became {}",
        original.functions.len(),
        back.functions.len()
    );
    for (i, (original, back)) in original.functions.iter().zip(&back.functions).enumerate() {
        ensure!(
            original.ty == back.ty,
            "function {i}: {:?} became {:?}",
            original.ty,
            back.ty
        );
        ensure!(
            original.locals == back.locals,
            "function {i}: locals differ"
        );
        let at = original
            .instructions
            .iter()
            .zip(&back.instructions)
            .position(|(a, b)| a != b);
        if let Some(at) = at {
            let (was, is) = (&original.instructions[at], &back.instructions[at]);
            anyhow::bail!("function {i}, instruction {at}: {was} became {is}");
        }
        ensure!(
            original.instructions.len() == back.instructions.len(),
            "function {i}: its length differs"
        );
    }
    Ok(())
}
