//! `link`: what is put together from parts does on every engine what its composition does on wasmtime,
//! and what `wac` made of the same parts does.

use anyhow::{Context, Result, ensure};
use p1bridge::flatten::{Descriptors, FlattenOptions, Isolation};
use p1bridge::link::{Choices, Input, Plug, compose, link};
use p1bridge::profiles::Profile;
use p1bridge_tests::link::profile_name;
use p1bridge_tests::manifest::{Program, part, programs};
use p1bridge_tests::{Engine, Exit, Outcome, RunSpec, engines};

fn inputs(parts: &[&str]) -> Result<Vec<Input>> {
    let input = |name: &&str| {
        Ok(Input {
            name: (*name).to_string(),
            wasm: part(name)?,
            world: None,
        })
    };
    parts.iter().map(input).collect()
}

fn options(engine: &dyn Engine) -> FlattenOptions {
    FlattenOptions {
        profile: Profile::named(profile_name(engine)).unwrap_or_default(),
        descriptors: Descriptors::Shared,
        verify: true,
        ..FlattenOptions::default()
    }
}

/// The parts as one module for an engine.
fn linked(parts: &[&str], choices: &Choices, options: &FlattenOptions) -> Result<Vec<u8>> {
    let (_, flat) = link(&inputs(parts)?, &[], choices, options)?;
    Ok(flat.wasm)
}

fn stdout(outcome: &Outcome) -> String {
    String::from_utf8_lossy(&outcome.stdout).into_owned()
}

/// What every user of the words prints.
pub const TOUR: &str = "\
added pear: 1
added apple: 1
added fig: 1
added apple: 1
added plum: 1
added pear: 1
added apple: 2
refused: an empty word
apple 1, fig 1, pear 1, plum 1
apple 2, pear 1
bags: 2
merged: 3
apple 3, pear 2, fig 1, plum 1
pear 2, plum 1
bags: 0
GRüßE, WELT
";

const USERS: [&str; 5] = [
    "user-c",
    "user-rust",
    "user-wsi-c",
    "user-p2-c",
    "user-p2-rust",
];
const MAKERS: [&str; 5] = [
    "maker-c",
    "maker-rust",
    "maker-wsi-c",
    "maker-p2-c",
    "maker-p2-rust",
];

/// A program of Preview 1 gets its arguments, ends with its own code, and a library of Preview 1 reads
/// the same environment and writes to the same stderr.
fn check_tour(user: &str, maker: &str, wasm: &[u8], engine: &dyn Engine) -> Result<()> {
    let spec = RunSpec {
        argv: ["program", "one", "two words"].map(str::to_string).to_vec(),
        env: vec![("LOUD".into(), "1".into())],
        ..RunSpec::default()
    };
    let outcome = engine.run(wasm, &spec)?;
    let (mut right, mut code) = (TOUR.to_string(), 0);
    if !user.contains("p2") {
        right += "argument one\nargument two words\n";
        code = 43;
    }
    ensure!(stdout(&outcome) == right, "stdout: {}", stdout(&outcome));
    let said = String::from_utf8_lossy(&outcome.stderr).into_owned();
    let loud =
        "maker: a bag first\nmaker: a bag second\nmaker: no bag second\nmaker: no bag first\n";
    let right = if maker.contains("p2") { "" } else { loud };
    ensure!(said == right, "stderr: {said}");
    match outcome.exit {
        Exit::Code(found) => ensure!(found == code, "exit {found}"),
        Exit::Unknown => {}
        Exit::Trap(message) => anyhow::bail!("trap: {message}"),
    }
    Ok(())
}

#[test]
fn every_mixture_of_modules_and_components_does_the_same() -> Result<()> {
    for engine in engines::available() {
        for user in USERS {
            for maker in MAKERS {
                let wasm = linked(&[user, maker], &Choices::default(), &options(&*engine))
                    .with_context(|| format!("{user} + {maker}"))?;
                check_tour(user, maker, &wasm, &*engine)
                    .with_context(|| format!("{user} + {maker} on {}", engine.name()))?;
            }
        }
    }
    Ok(())
}

#[test]
fn guests_that_are_trusted_or_have_descriptors_of_their_own_do_the_same() -> Result<()> {
    let engine = engines::Wasmi;
    for user in USERS {
        for maker in MAKERS {
            let trusted = FlattenOptions {
                isolation: Isolation::Trusted,
                ..options(&engine)
            };
            let wasm = linked(&[user, maker], &Choices::default(), &trusted)?;
            check_tour(user, maker, &wasm, &engine)
                .with_context(|| format!("{user} + {maker}, trusted"))?;
        }
    }
    // An adapter knows the codes 0 and 1 only, so components alone are compared.
    for maker in MAKERS {
        let separate = FlattenOptions {
            descriptors: Descriptors::Separate,
            ..options(&engine)
        };
        let wasm = linked(&["user-p2-c", maker], &Choices::default(), &separate)?;
        check_tour("user-p2-c", maker, &wasm, &engine)
            .with_context(|| format!("user-p2-c + {maker}, separate"))?;
    }
    Ok(())
}

#[test]
fn the_composition_of_components_and_modules_runs_on_wasmtime() -> Result<()> {
    let engine = engines::oracle();
    for user in ["user-p2-c", "user-p2-rust"] {
        for maker in MAKERS {
            let composed = compose(&inputs(&[user, maker])?, &[], &Choices::default())?;
            check_tour(user, maker, &composed.component, &*engine)
                .with_context(|| format!("{user} + {maker}"))?;
        }
    }
    Ok(())
}

/// A program of the corpus that `wac` composed, and the parts that it was composed of.
fn by_wac() -> Vec<(&'static str, Vec<&'static str>, Choices)> {
    let chain = |files: &[&str]| Choices {
        chains: vec![files.iter().map(ToString::to_string).collect()],
        ..Choices::default()
    };
    let relayed = vec!["guest-c", "relay-c", "provider-c"];
    vec![
        (
            "pair-c-c",
            vec!["guest-c", "provider-c"],
            Choices::default(),
        ),
        ("chain-c-c16-c", relayed.clone(), chain(&relayed)),
        (
            "diamond-c",
            vec!["top-c", "base-c", "side-c"],
            Choices {
                plugs: vec![Plug {
                    import: "corpus:sides/other".into(),
                    file: "side-c".into(),
                    export: Some("corpus:sides/side".into()),
                }],
                fresh: vec!["side-c".into()],
                ..Choices::default()
            },
        ),
    ]
}

fn program(name: &str) -> Result<Program> {
    let mut programs = programs()?.into_iter();
    programs
        .find(|program| program.name == name)
        .context(name.to_string())
}

#[test]
fn what_wac_composes_of_parts_and_what_link_makes_of_them_do_the_same() -> Result<()> {
    for (name, parts, choices) in by_wac() {
        let program = program(name)?;
        let composed = compose(&inputs(&parts)?, &[], &choices)?;
        for run in &program.runs {
            let spec_timeout = RunSpec::default().timeout;
            let unmet = run.unmet_on(&*engines::oracle(), &composed.component, spec_timeout);
            ensure!(unmet.is_empty(), "{name}, composed: {}", unmet.join("\n"));
            for engine in engines::available() {
                let wasm = linked(&parts, &choices, &options(&*engine))?;
                let unmet = run.unmet_on(&*engine, &wasm, spec_timeout);
                ensure!(
                    unmet.is_empty(),
                    "{name} on {}: {}",
                    engine.name(),
                    unmet.join("\n")
                );
            }
        }
    }
    Ok(())
}

/// Two Preview 1 guests with files: with adapters as in the component, where each has descriptors of its
/// own, and with those of the host, where the second file has the next number.
#[test]
fn preview1_guests_share_the_hosts_descriptors_or_have_their_own() -> Result<()> {
    let program = program("pair-p1-c")?;
    let parts = ["writer-c", "keeper-c"];
    let timeout = RunSpec::default().timeout;
    for engine in engines::available() {
        let separate = FlattenOptions {
            descriptors: Descriptors::Separate,
            ..options(&*engine)
        };
        let apart = linked(&parts, &Choices::default(), &separate)?;
        let together = linked(&parts, &Choices::default(), &options(&*engine))?;
        ensure!(
            together.len() + 30_000 < apart.len(),
            "{} bytes with one table, {} with two",
            together.len(),
            apart.len()
        );
        for run in &program.runs {
            if program.leniency(engine.name(), run).is_some() {
                continue;
            }
            let unmet = run.unmet_on(&*engine, &apart, timeout);
            ensure!(
                unmet.is_empty(),
                "separate on {}: {}",
                engine.name(),
                unmet.join("\n")
            );
            let left = run.execute(timeout, |spec| engine.run(&together, spec))?;
            let said = stdout(&left.outcome);
            let unmet = run.unmet(&left, false);
            let only = matches!(unmet.as_slice(), [only] if only.starts_with("stdout"));
            ensure!(only, "shared on {}: {}", engine.name(), unmet.join("\n"));
            // Some hosts hand out numbers at random.
            let line = said.lines().find(|line| line.starts_with("writer: fd "));
            let line = line.context(said.clone())?;
            let numbers: Vec<&str> = line
                .split(' ')
                .filter(|word| word.parse::<u32>().is_ok())
                .collect();
            ensure!(
                matches!(numbers.as_slice(), [a, b] if a != b),
                "shared on {}: {line}",
                engine.name()
            );
            let mut right = left;
            right.outcome.stdout = said
                .replace(line, "writer: fd 4 here, fd 4 there")
                .into_bytes();
            let unmet = run.unmet(&right, false);
            ensure!(
                unmet.is_empty(),
                "shared on {}: {}",
                engine.name(),
                unmet.join("\n")
            );
        }
    }
    Ok(())
}

/// A file system in memory in front of the host's: the program sees its files alone, with resources of the library that
/// have the names of the host's, and nothing of the host's files is left in the module.
#[test]
fn a_virtual_file_system_stands_before_that_of_the_host() -> Result<()> {
    let parts = ["reader-rust", "virtual-rust"];
    let composed = compose(&inputs(&parts)?, &[], &Choices::default())?;
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("greeting.txt"), "of the host")?;
    let spec = RunSpec {
        dir: Some(folder.path().to_path_buf()),
        ..RunSpec::default()
    };
    let right = stdout(&engines::oracle().run(&composed.component, &spec)?);
    for line in [
        "/memory/greeting.txt: DescriptorType::RegularFile\n  18 bytes\n  \"from memory\\n\" true\n",
        "/memory/deep/number",
        "no-entry",
    ] {
        ensure!(right.contains(line), "{right}");
    }
    for engine in engines::available() {
        let wasm = linked(&parts, &Choices::default(), &options(&*engine))?;
        let found = stdout(&engine.run(&wasm, &spec)?);
        ensure!(found == right, "{}: {found}", engine.name());
        let names = String::from_utf8_lossy(&wasm).into_owned();
        ensure!(
            !names.contains("path_open") && !names.contains("fd_readdir"),
            "files of the host"
        );
    }
    Ok(())
}
