//! What the suites ask of p1bridge, in one place.

use std::io::Write;

use anyhow::Result;
use p1bridge::flatten::{FlattenOptions, flatten};
use p1bridge::profiles::Profile;
use p1bridge::wrap::{Wasi, World, WrapOptions, wrap};

use crate::Engine;
use crate::manifest::Program;

/// The component of a guest: the file itself, or the module wrapped.
pub fn component(program: &Program) -> Result<Vec<u8>> {
    wrapped(program, WrapOptions::default())
}

/// The same on WASI 0.3.
pub fn component_of_0_3(program: &Program) -> Result<Vec<u8>> {
    let options = WrapOptions {
        wasi: Wasi::V0_3,
        ..WrapOptions::default()
    };
    wrapped(program, options)
}

/// The same with the adapter of wasmtime inside.
pub fn component_with_adapter(program: &Program) -> Result<Vec<u8>> {
    let options = WrapOptions {
        wasmtime_adapter: true,
        ..WrapOptions::default()
    };
    wrapped(program, options)
}

fn wrapped(program: &Program, options: WrapOptions) -> Result<Vec<u8>> {
    let wasm = program.wasm()?;
    if !program.is_module() {
        return Ok(wasm);
    }
    let world = program.world().map(|wit| parse_world(&wit)).transpose()?;
    Ok(wrap(&wasm, &WrapOptions { world, ..options })?.component)
}

/// The name of the profile that modules for an engine are made with, and `portable` where none is named
/// after it.
pub fn profile_name(engine: &dyn Engine) -> &str {
    match engine.name() {
        "wamr" => "wamr-2020",
        name if Profile::named(name).is_some() => name,
        _ => "portable",
    }
}

/// Flattens a component for an engine: with the profile that is named after it, where there is
/// one.
pub fn flatten_for(engine: &dyn Engine, component: &[u8]) -> Result<Vec<u8>> {
    let profile = Profile::named(engine.name()).unwrap_or_default();
    Ok(flatten(
        component,
        &FlattenOptions {
            profile,
            verify: true,
            ..FlattenOptions::default()
        },
    )?
    .wasm)
}

/// The only world of some WIT.
pub fn parse_world(wit: &str) -> Result<World> {
    let mut file = tempfile::Builder::new().suffix(".wit").tempfile()?;
    file.write_all(wit.as_bytes())?;
    World::read(file.path(), None)
}
