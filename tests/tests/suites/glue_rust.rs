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

pub(super) fn flat(component: &[u8]) -> Result<Vec<u8>> {
    Ok(flatten(component, &FlattenOptions::default())?.wasm)
}

/// The file that is committed is what is written today; with BLESS it becomes that.
pub(super) fn is_written(input: &Input, world: &str, folder: &str) -> Result<()> {
    let options = HostOptions {
        world: Some(world.into()),
        views: world == "views",
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
    for name in ["every", "views"] {
        let world = World::read(&every.join(format!("{name}.wit")), None)?;
        is_written(&Input::of_world(world), name, folder)?;
    }
    Ok(())
}

#[test]
fn what_a_host_in_rust_cannot_have_is_refused_by_name() -> Result<()> {
    let numbers = |count: usize, text: &dyn Fn(usize) -> String| -> String {
        (0..count).map(text).collect::<Vec<_>>().join(", ")
    };
    let many = numbers(33, &|n| format!("x{n}: u8"));
    let thirteen = numbers(13, &|_| "u8".into());
    for (text, views, part) in [
        (
            "f: func(x: future<u8>);",
            false,
            "a:b/i#f: a future is of the async ABI",
        ),
        (
            &*format!("f: func({many});"),
            false,
            "a:b/i#f: more than 32 parameters",
        ),
        (
            &*format!("f: func(x: tuple<{thirteen}>);"),
            false,
            "a:b/i#f: a tuple of more than 12",
        ),
        (
            "record r { x: list<u8> } f: func() -> option<r>;",
            true,
            "a:b/i#f: r has a list, and is given to the guest",
        ),
        (
            "resource r; f: func(x: list<r>);",
            true,
            "a:b/i#f: a list with resources of the host",
        ),
    ] {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("w.wit");
        std::fs::write(
            &file,
            format!("package a:b; interface i {{ {text} }} world w {{ import i; }}"),
        )?;
        let options = HostOptions {
            views,
            ..HostOptions::default()
        };
        let input = Input::of_world(World::read(&file, None)?);
        let refused = match rust(&input, &options) {
            Ok(_) => "taken".to_string(),
            Err(error) => format!("{error:#}"),
        };
        ensure!(refused.starts_with(part), "{text}: {refused}");
    }
    Ok(())
}

#[test]
fn a_host_in_rust_provides_an_interface() -> Result<()> {
    let component = wrap(&part("user-c")?, &WrapOptions::default())?.component;
    for host_arena in [None, Some(1024)] {
        let options = FlattenOptions {
            host_arena,
            ..FlattenOptions::default()
        };
        let module = flatten(&component, &options)?.wasm;
        for (engine, said) in [
            ("wasmi", tour::user_on_wasmi(&module)?),
            ("wasmtime", tour::user_on_wasmtime(&module)?),
        ] {
            ensure!(said == TOUR, "{engine}, {host_arena:?}: {said}");
        }
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

#[test]
fn what_a_guest_gives_wrong_traps_it_with_the_reason() -> Result<()> {
    for (arguments, reason) in [
        (
            "(i32.const -1) (i32.const 5) (i32.const 0)",
            "an address is outside of the memory",
        ),
        (
            "(i32.const 0) (i32.const 1) (i32.const 2)",
            "an address is not aligned",
        ),
        (
            "(i32.const 8) (i32.const 1) (i32.const 0)",
            "a string is not UTF-8",
        ),
        (
            "(i32.const 0) (i32.const 1) (i32.const 0)",
            "the module has no export `cabi_realloc`",
        ),
    ] {
        let module = wat::parse_str(format!(
            r#"(module
              (import "corpus:linked/words@1.2.0" "shout" (func $shout (param i32 i32 i32)))
              (memory (export "memory") 1)
              (data (i32.const 8) "\ff")
              (func (export "_start") (call $shout {arguments})))"#
        ))?;
        for ended in [
            tour::user_on_wasmi(&module),
            tour::user_on_wasmtime(&module),
        ] {
            let why = ended.unwrap_or_else(|error| format!("{error:#}"));
            ensure!(why.contains(reason), "{arguments}: {why}");
        }
    }
    Ok(())
}
