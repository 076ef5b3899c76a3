//! Glue for random worlds of wit-smith: C that compiles without a warning as C99 and as C++17, or a refusal that names what is
//! documented as refused; the same of Rust, which is written and not compiled. Never a panic.

use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use arbitrary::Unstructured;
use p1bridge::host::{File, HostOptions, Input, c, rust};
use p1bridge::wrap::World;
use p1bridge_tests::random::numbers::Random;
use wit_component::DecodedWasm;
use wit_smith::Config;

use super::glue::{is_ready, run, shim};

/// What may be refused.
const REFUSED: [&str; 5] = [
    "a future is of the async ABI, which is not supported",
    "a stream is of the async ABI, which is not supported",
    "error-context is of the async ABI, which is not supported",
    "it is of the async ABI, which is not supported",
    "is imported and exported, and has resources: nobody could tell the handles apart",
];

/// What may be refused in Rust beside it.
const REFUSED_IN_RUST: [&str; 5] = [
    "more than 32 parameters are not supported in Rust; use a record",
    "a tuple of more than 12 is not supported in Rust; use a record",
    "flags are 1 to 32",
    "a list with resources of the host needs an allocator: leave --no-alloc out",
    "and is given to the guest: that needs an allocator, leave --no-alloc out",
];

/// Random packages as wit-smith makes them; none where it gives up.
fn packages(seed: u64) -> Option<Vec<u8>> {
    let random = &mut Random::new(seed);
    let bytes: Vec<u8> = (0..1000 + random.below(6000))
        .map(|_| random.bits() as u8)
        .collect();
    let parts = random.pick(&[5, 10, 10, 10, 32]);
    let rarely = |random: &mut Random| random.percent(4);
    let config = Config {
        max_packages: 1 + random.below(4),
        max_type_size: 10 + random.below(200),
        max_type_parts: parts,
        async_: rarely(random),
        futures: rarely(random),
        streams: rarely(random),
        error_context: rarely(random),
        fixed_length_lists: random.percent(30),
        world_include: random.percent(30),
        ..Config::default()
    };
    wit_smith::smith(&config, &mut Unstructured::new(&bytes)).ok()
}

/// The worlds of packages.
fn worlds(folder: &Path, wasm: &[u8]) -> Result<Vec<(String, World)>> {
    let file = folder.join("packages.wasm");
    std::fs::write(&file, wasm)?;
    let DecodedWasm::WitPackage(resolve, package) = wit_component::decode(wasm)? else {
        bail!("no packages");
    };
    let names = resolve.packages[package].worlds.keys();
    names
        .map(|name| Ok((name.clone(), World::read(&file, Some(name))?)))
        .collect()
}

/// What was written, or nothing where it was refused as it may be.
fn made(
    seed: u64,
    write: impl Fn() -> Result<Vec<File>> + std::panic::UnwindSafe,
    may: &[&str],
) -> Result<Option<Vec<File>>> {
    let Ok(made) = catch_unwind(write) else {
        bail!("seed {seed}: a panic");
    };
    match made {
        Ok(files) => Ok(Some(files)),
        Err(error) => {
            let why = format!("{error:#}");
            ensure!(
                may.iter().any(|text| why.ends_with(text)),
                "seed {seed}: refused: {why}"
            );
            Ok(None)
        }
    }
}

/// Compiles many sources at once, without making anything of them.
fn compile(folder: &Path, sources: &[PathBuf], compiler: &[&str]) -> Result<()> {
    for some in sources.chunks(100) {
        let mut command = Command::new(compiler[0]);
        command.args(&compiler[1..]);
        command.args(["-fsyntax-only", "-Wall", "-Wextra", "-Wconversion"]);
        // A function of a type is written although a world may need only another one that calls it.
        command.args(["-pedantic", "-Werror", "-Wno-unused-function"]);
        command.arg("-I").arg(shim()).arg("-I").arg(folder);
        run(command.args(some))?;
    }
    Ok(())
}

#[test]
fn random_worlds_have_glue_that_compiles_or_are_refused_by_name() -> Result<()> {
    if !is_ready(true) {
        return Ok(());
    }
    let number = |name: &str, otherwise: u64| match std::env::var(name) {
        Ok(text) => text.parse().expect("a number"),
        Err(_) => otherwise,
    };
    let folder = tempfile::tempdir()?;
    let wanted = number("P1BRIDGE_SMITH_WORLDS", 300);
    let keep = std::env::var_os("P1BRIDGE_SMITH_RUST");
    let (mut written, mut refused, mut in_rust) = (0, 0, 0);
    let mut sources = Vec::new();
    for seed in number("P1BRIDGE_RANDOM_SEED", 1).. {
        if written >= wanted {
            break;
        }
        let Some(wasm) = packages(seed) else {
            continue;
        };
        for (at, (name, world)) in worlds(folder.path(), &wasm)
            .with_context(|| format!("seed {seed}"))?
            .into_iter()
            .enumerate()
        {
            // One name for each, so that they are in one folder.
            let options = |views| HostOptions {
                world: Some(format!("w{seed}-{at}-{name}")),
                views,
                ..HostOptions::default()
            };
            let input = || Input::of_world(world.clone());
            match made(seed, || c(&input(), &options(false)), &REFUSED)? {
                Some(files) => {
                    for file in files {
                        let path = folder.path().join(&file.name);
                        std::fs::write(&path, &file.text)?;
                        sources.extend(file.name.ends_with(".c").then_some(path));
                    }
                    written += 1;
                }
                None => refused += 1,
            }
            for views in [false, true] {
                let may = [REFUSED, REFUSED_IN_RUST].concat();
                let files = made(seed, || rust(&input(), &options(views)), &may)?;
                in_rust += usize::from(files.is_some());
                // To be compiled by hand.
                for file in files.into_iter().flatten() {
                    if let Some(keep) = &keep {
                        let kind = if views { "views" } else { "owned" };
                        let name = format!("{kind}_{}", file.name);
                        std::fs::write(Path::new(keep).join(name), &file.text)?;
                    }
                }
            }
        }
    }
    println!("{written} worlds in C, {refused} refused, {in_rust} files in Rust");
    compile(folder.path(), &sources, &["cc", "-std=c99"])?;
    compile(folder.path(), &sources, &["c++", "-x", "c++", "-std=c++17"])
}
