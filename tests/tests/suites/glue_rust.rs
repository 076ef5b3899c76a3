//! Glue for hosts in Rust: the worlds of the corpus in both directions on wasmi and on the core modules of wasmtime, with the
//! files that `p1bridge host` writes, and those against memory and values that are all wrong.

mod tour;

use std::path::Path;

use anyhow::{Context, Result, ensure};
use p1bridge::flatten::{FlattenOptions, flatten};
use p1bridge::host::{HostOptions, Input, rust};
use p1bridge::wrap::{World, WrapOptions, wrap};
use p1bridge_tests::manifest::part;

use super::linked::TOUR;

/// A program that uses the words, as a flat module.
fn user() -> Result<Vec<u8>> {
    flat(&wrap(&part("user-c")?, &WrapOptions::default())?.component)
}

fn flat(component: &[u8]) -> Result<Vec<u8>> {
    Ok(flatten(component, &FlattenOptions::default())?.wasm)
}

/// The file that is committed is what is written today; with BLESS it becomes that.
fn is_written(input: &Input, world: &str, folder: &str) -> Result<()> {
    let options = HostOptions {
        world: Some(world.into()),
        ..HostOptions::default()
    };
    let [file] = &rust(input, &options)?[..] else {
        anyhow::bail!("not one file");
    };
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(folder)
        .join(&file.name);
    if std::env::var_os("BLESS").is_some() {
        return Ok(std::fs::write(path, &file.text)?);
    }
    let found = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    ensure!(found == file.text, "{} is old: BLESS=1", path.display());
    Ok(())
}

#[test]
fn the_files_of_the_hosts_are_what_is_written_today() -> Result<()> {
    let here = "tests/suites/glue_rust";
    is_written(&Input::of_module(&user()?)?, "user", here)?;
    is_written(
        &Input::of_module(&flat(&part("maker-p2-c")?)?)?,
        "maker",
        here,
    )?;
    // What the tests of the crate stand on.
    let folder = "../runtime-shim/host-rust/tests/world";
    let every = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let world = World::read(&every.join("every.wit"), None)?;
    is_written(&Input::of_world(world), "every", folder)
}

#[test]
fn a_host_in_rust_provides_an_interface() -> Result<()> {
    let module = user()?;
    for (engine, said) in [
        ("wasmi", tour::user_on_wasmi(&module)?),
        ("wasmtime", tour::user_on_wasmtime(&module)?),
    ] {
        ensure!(said == TOUR, "{engine}: {said}");
    }
    Ok(())
}

#[test]
fn a_host_in_rust_calls_an_interface() -> Result<()> {
    for maker in ["maker-p2-c", "maker-p2-rust"] {
        let module = flat(&part(maker)?)?;
        for (engine, said) in [
            ("wasmi", tour::maker_on_wasmi(&module)?),
            ("wasmtime", tour::maker_on_wasmtime(&module)?),
        ] {
            ensure!(said == TOUR, "{maker} on {engine}: {said}");
        }
    }
    Ok(())
}
