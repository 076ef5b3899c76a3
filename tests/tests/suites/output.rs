//! What holds for every flattened guest of the corpus, whatever the profile.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use p1bridge::flatten::{FlattenOptions, flatten};
use p1bridge::profiles::named;
use p1bridge_tests::manifest::{Kind, Program, programs};
use p1bridge_tests::module::parts;
use p1bridge_tests::{Engine, engines, link};
use wasmparser::{Validator, WasmFeatures};

const PROFILES: [&str; 3] = ["as-is", "portable", "wamr-2020"];

/// Checks every program with every profile; all that is wrong is said together.
fn each(check: impl Fn(&Program, &str, &[u8], &[u8]) -> Result<()> + Sync) {
    let programs = programs().expect("the manifest");
    assert!(programs.len() >= 14);
    let wrong: Vec<String> = programs
        .iter()
        .flat_map(|program| PROFILES.map(|profile| (program, profile)))
        .filter_map(|(program, profile)| {
            let result = link::component(program).and_then(|component| {
                check(program, profile, &component, &flat(&component, profile)?)
            });
            result
                .err()
                .map(|e| format!("{} ({profile}): {e:#}", program.name))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn flat(component: &[u8], profile: &str) -> Result<Vec<u8>> {
    Ok(flatten(
        component,
        &FlattenOptions {
            profile: named(profile)?,
            verify: true,
            ..FlattenOptions::default()
        },
    )?
    .wasm)
}

#[test]
fn a_feature_that_the_input_does_not_need_is_not_needed_by_the_output() {
    let valid = |wasm: &[u8], features| {
        Validator::new_with_features(features)
            .validate_all(wasm)
            .is_ok()
    };
    each(|_, _, component, flat| {
        ensure!(
            valid(component, WasmFeatures::all()),
            "the input is not valid"
        );
        for (name, feature) in WasmFeatures::all().iter_names() {
            let without = WasmFeatures::all().difference(feature);
            ensure!(
                valid(flat, without) || !valid(component, without),
                "the output needs {name}, the input does not"
            );
        }
        Ok(())
    });
}

#[test]
fn there_is_one_memory_and_at_most_one_table() {
    each(|_, _, _, flat| {
        let parts = parts(flat)?;
        ensure!(
            parts.memories.len() == 1,
            "{} memories",
            parts.memories.len()
        );
        ensure!(parts.tables.len() <= 1, "{} tables", parts.tables.len());
        let imported = |(_, _, ty): &&(String, String, String)| !ty.starts_with("FuncType");
        let others: Vec<_> = parts.imports.iter().filter(imported).collect();
        ensure!(
            others.is_empty(),
            "imports other than functions: {others:?}"
        );
        Ok(())
    });
}

#[test]
fn nothing_is_imported_but_preview_1_and_custom_interfaces() {
    each(|program, _, _, flat| {
        let custom = program.covers.iter().any(|c| c == "custom import");
        let mut found_custom = false;
        for (module, name, _) in parts(flat)?.imports {
            match module.as_str() {
                "wasi_snapshot_preview1" => {}
                module if custom && !module.starts_with("wasi:") => found_custom = true,
                _ => bail!("it imports {name} from {module}"),
            }
        }
        ensure!(custom == found_custom, "the custom import is gone");
        Ok(())
    });
}

#[test]
fn nothing_is_exported_but_what_is_documented() {
    each(|program, profile, component, flat| {
        let exports = parts(flat)?.exports;
        let names: BTreeSet<&str> = exports.iter().map(|(name, _)| name.as_str()).collect();
        let reactor = matches!(program.kind, Kind::P1Reactor | Kind::P2Reactor);
        let mut wanted = world_exports(component)?;
        wanted.insert("memory".to_owned());
        wanted.insert(if reactor { "_initialize" } else { "_start" }.to_owned());
        for name in &names {
            let documented = match *name {
                "cabi_realloc" => reactor,
                "malloc" | "free" => profile == "wamr-2020",
                "__heap_base" | "__data_end" => profile != "as-is",
                mark if mark.starts_with("p1bridge.quirks:") => profile == "wamr-2020",
                name => wanted.contains(name.trim_start_matches("cabi_post_")),
            };
            ensure!(documented, "it exports {name}");
        }
        for name in &wanted {
            ensure!(names.contains(name.as_str()), "it does not export {name}");
        }
        Ok(())
    });
}

/// The functions that a component exports, as a flat module names them; `wasi:cli/run` is not
/// among them.
fn world_exports(component: &[u8]) -> Result<BTreeSet<String>> {
    let decoded = wit_component::decode(component)?;
    let resolve = decoded.resolve();
    let wit_component::DecodedWasm::Component(_, world) = &decoded else {
        bail!("not a component");
    };
    let mut names = BTreeSet::new();
    for (key, item) in &resolve.worlds[*world].exports {
        match item {
            wit_parser::WorldItem::Function(function) => drop(names.insert(function.name.clone())),
            wit_parser::WorldItem::Interface { id, .. } => {
                let interface = resolve.name_world_key(key);
                let functions = resolve.interfaces[*id].functions.keys();
                names.extend(functions.map(|name| format!("{interface}#{name}")));
            }
            wit_parser::WorldItem::Type { .. } => {}
        }
    }
    names.retain(|name| !name.starts_with("wasi:cli/run@"));
    Ok(names)
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    each(|_, profile, component, first| {
        ensure!(
            first == flat(component, profile)?,
            "the second time it is another module"
        );
        Ok(())
    });
}

#[test]
fn no_section_is_longer_than_it_must_be() {
    use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
    each(|_, _, _, flat| {
        let mut minimal = wasm_encoder::Module::new();
        RoundtripReencoder.parse_core_module(&mut minimal, wasmparser::Parser::new(0), flat)?;
        let minimal = minimal.finish().len();
        ensure!(
            flat.len() <= minimal,
            "{} bytes, encoded again {minimal}",
            flat.len()
        );
        Ok(())
    });
}

#[test]
fn the_default_output_loads_on_every_engine() {
    let engines = engines::loaders();
    for program in programs().expect("the manifest") {
        // One without runs is another test's.
        let Some(run) = program.runs.first() else {
            continue;
        };
        let component = link::component(&program).expect("a component");
        let wasm = flatten(
            &component,
            &FlattenOptions {
                verify: true,
                ..FlattenOptions::default()
            },
        )
        .expect("it flattens")
        .wasm;
        for engine in &engines {
            let left = run.execute(Duration::from_secs(5), |spec| engine.run(&wasm, spec));
            let why = left.err().map_or(String::new(), |e| format!("{e:#}"));
            // What runs for too long was loaded: WAMR puts a heap of its own where programs grow.
            // And wasm3 has few functions of Preview 1, which is another matter.
            let reasons = ["out of time", "missing imported function"];
            let loaded = why.is_empty() || reasons.iter().any(|reason| why.contains(reason));
            assert!(loaded, "{} on {}: {why}", program.name, engine.name());
        }
    }
}

#[test]
fn outputs_survive_an_optimiser() {
    let wasm_opt = |arguments: &[&str]| Command::new("wasm-opt").args(arguments).output();
    match wasm_opt(&["--version"]) {
        Ok(output) if output.status.success() => {}
        _ => {
            eprintln!("skipped: wasm-opt (binaryen) is not installed");
            return;
        }
    }
    let wasmi: &dyn Engine = &engines::Wasmi;
    each(|program, profile, _, flat| {
        if program.name == "throws-cpp" && profile == "as-is" {
            // Of the two forms of exceptions, it knows the older.
            return Ok(());
        }
        let folder = tempfile::tempdir()?;
        let (before, after) = (
            folder.path().join("in.wasm"),
            folder.path().join("out.wasm"),
        );
        std::fs::write(&before, flat)?;
        let (before, after) = (
            before.to_str().context("a path")?,
            after.to_str().context("a path")?,
        );
        // The features that WAMR 2020 has, or those of today's compilers.
        let features: &[&str] = match profile {
            "wamr-2020" => &["--mvp-features"],
            _ => &[
                "--mvp-features",
                "--enable-bulk-memory",
                "--enable-reference-types",
            ],
        };
        let output = wasm_opt(
            &[
                features,
                &[
                    "--enable-mutable-globals",
                    "--enable-sign-ext",
                    "--enable-multivalue",
                ],
                &[
                    "--enable-nontrapping-float-to-int",
                    "-O2",
                    before,
                    "-o",
                    after,
                ],
            ]
            .concat(),
        )?;
        ensure!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let optimised = std::fs::read(after)?;
        for run in &program.runs {
            if profile == "wamr-2020" || program.leniency(wasmi.name(), run).is_some() {
                continue;
            }
            let unmet = run.unmet_on(wasmi, &optimised, Duration::from_secs(30));
            ensure!(
                unmet.is_empty(),
                "optimised, run `{}`: {}",
                run.name,
                unmet.join("; ")
            );
        }
        Ok(())
    });
}
