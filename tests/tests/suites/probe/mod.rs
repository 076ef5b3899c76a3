//! What `probe` says of runtimes, asked of the runtimes themselves: WAMR of 2020 built in nine
//! ways, wasm3, wasmtime, wasmi and node.

mod build;
mod formats;
mod hostile;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use p1bridge::probe::{Evidence, EvidenceKind, Report, Runtime, probe};
use p1bridge::profiles::Profile;
use p1bridge_linker::profile::Import;
use p1bridge_linker::{FeatureSet, preview1};
use p1bridge_tests::{Engine, Exit, child, engines};

use crate::profiles::{FEATURES, call, calls, with_memory};
use build::{CLASSIC, stripped, wamrs};

/// One that no engine of the suites has.
const THREADS: (&str, &str) = (
    "threads",
    r#"(memory 1 1 shared) (func (export "f") (result i32)
        i32.const 0 i32.const 1 i32.atomic.rmw.add drop i32.const 0 i32.atomic.load)"#,
);

fn probed(program: &Path) -> Report {
    let bytes = std::fs::read(program).expect("the program");
    probe(&bytes, "device").unwrap_or_else(|error| panic!("{}: {error:#}", program.display()))
}

/// The only runtime in a file.
fn only(program: &Path) -> Runtime {
    let mut report = probed(program);
    assert_eq!(report.runtimes.len(), 1, "{report}");
    report.runtimes.remove(0)
}

/// What a program that runs `f` of a module says.
fn said(program: &Path, wat: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("module.wasm");
    std::fs::write(&file, wat::parse_str(wat).expect("a module")).expect("written");
    let mut command = Command::new(program);
    command.arg(&file).current_dir(folder.path());
    let ended = child::run(&mut command, &[], Duration::from_secs(20)).expect("it ends");
    String::from_utf8_lossy(&[ended.stdout, ended.stderr].concat()).into_owned()
}

fn takes(program: &Path, wat: &str) -> bool {
    said(program, wat).contains("f = 1")
}

fn has(profile: &Profile, feature: &str) -> bool {
    let feature = FeatureSet::named(feature).expect("a feature");
    profile.features.is_some_and(|all| all.contains(feature))
}

fn provided(profile: &Profile, name: &str) -> bool {
    let ty = preview1::signature(name).expect("a signature");
    profile.import(preview1::MODULE, name, &ty) == Import::Provided
}

fn profile_of(runtime: &Runtime) -> Profile {
    Profile::parse(&runtime.profile).expect("the derived profile")
}

fn finding<'r>(runtime: &'r Runtime, what: &str) -> &'r p1bridge::probe::Finding {
    runtime
        .build
        .iter()
        .chain(&runtime.features)
        .find(|finding| finding.what.contains(what))
        .unwrap_or_else(|| panic!("nothing about {what}"))
}

#[test]
fn the_features_of_a_stripped_wamr_are_those_that_it_takes() {
    let mut wrong = Vec::new();
    for (config, program) in wamrs() {
        if config.interpreter.is_none() {
            continue;
        }
        let profile = profile_of(&only(&stripped(program)));
        for (name, fields) in FEATURES.iter().chain([&THREADS]) {
            let takes = takes(program, &with_memory(fields));
            let says = has(&profile, name);
            // A loader that checks nothing takes more than it can be relied on for.
            let fine = match config.name {
                "mini-loader" => takes || !says,
                _ => takes == says,
            };
            if !fine {
                wrong.push(format!("{}: {name} is {says} in the profile", config.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_functions_of_a_stripped_wamr_are_those_that_it_links() {
    let mut wrong = Vec::new();
    for (config, program) in wamrs() {
        if config.interpreter.is_none() {
            continue;
        }
        let profile = profile_of(&only(&stripped(program)));
        for name in preview1::names() {
            let ty = preview1::signature(name).expect("a signature");
            let said = said(program, &calls(name, &ty));
            let linked = said.contains("f = 1") && !said.contains("failed to link");
            let says = provided(&profile, name);
            if linked != says {
                wrong.push(format!("{}: {name} is {says} in the profile", config.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// `f` of this gives 1 and calls nothing, but WAMR warns of an import that it cannot link.
fn imports(name: &str, signature: &str) -> String {
    let (params, results) = signature.split_once(" -> ").expect("a signature");
    let words = |text: &str| text.replace(['(', ')', ','], " ");
    format!(
        "(module (import \"env\" {name:?} (func (param{}) (result {})))
         (memory (export \"memory\") 1) (func (export \"f\") (result i32) i32.const 1))",
        words(params),
        words(results)
    )
}

#[test]
fn a_wamr_links_all_functions_of_env_with_the_signatures_that_were_found() {
    for (config, program) in wamrs() {
        if config.interpreter.is_none() || config.name == "mini-loader" {
            continue;
        }
        let runtime = only(&stripped(program));
        let env = runtime.hosts.iter().find(|host| host.name == "env");
        let env = env.expect("functions of env");
        let known: Vec<_> = env
            .functions
            .iter()
            .filter_map(|function| Some((&function.name, function.signature.as_ref()?)))
            .collect();
        // 54 of the C library, 19 for threads, two of the product.
        let threads = if config.on.contains(&"LIB_PTHREAD") {
            19
        } else {
            0
        };
        assert_eq!(known.len(), 56 + threads, "{}", config.name);
        assert!(known.contains(&(&"led".to_string(), &"(i32, i64) -> i32".to_string())));
        assert!(known.contains(&(&"say".to_string(), &"(i32, i32) -> ()".to_string())));
        for (name, signature) in known {
            let said = said(program, &imports(name, signature));
            assert!(
                said.contains("f = 1") && !said.contains("failed to link"),
                "{} {name} {signature}: {said}",
                config.name
            );
        }
        let wrong = said(program, &imports("led", "(i32) -> i32"));
        assert!(wrong.contains("failed to link"), "{wrong}");
    }
}

#[test]
fn a_function_without_a_signature_is_found_beside_those_that_have_one() {
    let Some((_, program)) = wamrs().first() else {
        return;
    };
    let runtime = only(program);
    let unchecked = runtime
        .hosts
        .iter()
        .flat_map(|host| &host.functions)
        .find(|function| function.name == "unchecked")
        .expect("it is found");
    assert_eq!(unchecked.signature, None);
    assert!(
        runtime.profile.contains("\"unchecked\""),
        "{}",
        runtime.profile
    );
}

#[test]
fn what_a_wamr_was_built_with_is_found_with_symbols_and_without() {
    for (config, program) in wamrs() {
        let whole = only(program);
        let without = only(&stripped(program));
        assert!(!probed(program).stripped && probed(&stripped(program)).stripped);
        assert_eq!(whole.profile, without.profile, "{}", config.name);
        for runtime in [&whole, &without] {
            assert_eq!(runtime.kind, "wamr");
            assert_eq!(runtime.base, "wamr-2020", "{}", runtime.version);
            let on = |name: &str| config.on.contains(&name);
            let interpreted = config.interpreter.is_some();
            let checked = interpreted && config.loader == CLASSIC.loader;
            for (what, expected) in [
                ("interpreter", interpreted),
                ("ahead-of-time", on("AOT")),
                ("multi-module", on("MULTI_MODULE")),
                ("lib-pthread", on("LIB_PTHREAD")),
                ("libc-builtin", on("LIBC_BUILTIN")),
                ("sockets", false),
                ("WASI-NN", false),
            ] {
                assert_eq!(
                    finding(runtime, what).has,
                    expected,
                    "{} {what}",
                    config.name
                );
            }
            let says = |what: &str| runtime.build.iter().any(|finding| finding.what == what);
            assert_eq!(says("mini loader"), interpreted && !checked);
            assert_eq!(says("fast interpreter"), on("FAST_INTERP"));
            assert_eq!(
                says("classic interpreter"),
                interpreted && !on("FAST_INTERP")
            );
            let noted = runtime.notes.iter().any(|note| note.contains("wamrc"));
            assert_eq!(noted, !interpreted);
        }
    }
}

#[test]
fn evidence_is_where_it_is_said_to_be() {
    for (_, program) in wamrs().iter().take(1) {
        for program in [program.clone(), stripped(program)] {
            let bytes = std::fs::read(&program).expect("the program");
            let runtime = only(&program);
            let all = runtime
                .evidence
                .iter()
                .chain(runtime.features.iter().flat_map(|one| &one.evidence))
                .chain(runtime.build.iter().flat_map(|one| &one.evidence));
            let mut seen = 0;
            for Evidence { kind, text, offset } in all {
                match (kind, offset) {
                    (EvidenceKind::String | EvidenceKind::Symbol, Some(offset)) => {
                        let found = &bytes[*offset as usize..][..text.len()];
                        assert_eq!(found, text.as_bytes());
                        seen += 1;
                    }
                    (EvidenceKind::Missing, None) => {
                        let there = bytes
                            .windows(text.len() + 1)
                            .any(|bytes| bytes == [text.as_bytes(), &[0]].concat());
                        assert!(!there, "{text}");
                        seen += 1;
                    }
                    _ => {}
                }
            }
            assert!(seen > 10);
        }
    }
}

#[test]
fn the_profile_of_wasm3_is_what_it_takes() {
    let Some(program) = build::wasm3() else {
        eprintln!("skipped: no sources of wasm3");
        return;
    };
    let runtime = only(&stripped(&program));
    assert_eq!((runtime.kind, runtime.base), ("wasm3", "wasm3"));
    let profile = profile_of(&runtime);
    for (name, fields) in FEATURES {
        // It takes these for something else, and crashes or goes on.
        if matches!(*name, "bulk-memory-opt" | "tail-call" | "bulk-memory") {
            assert!(!has(&profile, name), "{name}");
            continue;
        }
        let takes = takes(&program, &with_memory(fields));
        assert_eq!(takes, has(&profile, name), "{name}");
    }
    // It says nothing of functions that are not called.
    let silent = |name: &&str| matches!(*name, "proc_exit" | "proc_raise" | "poll_oneoff");
    for name in preview1::names().filter(|name| !silent(name)) {
        let ty = preview1::signature(name).expect("a signature");
        let said = said(&program, &calls(name, &ty));
        let linked = !said.contains("missing imported function");
        assert_eq!(linked, provided(&profile, name), "{name}: {said}");
    }
}

/// What an engine of the suites takes is what its profile says.
fn assert_profile(engine: &dyn Engine, runtime: &Runtime) {
    let profile = profile_of(runtime);
    for (name, fields) in FEATURES {
        let does = call(engine, &with_memory(fields), Vec::new());
        let takes = matches!(does, Ok((_, Some(1))));
        assert_eq!(takes, has(&profile, name), "{}: {name}", engine.name());
    }
    for name in preview1::names() {
        let ty = preview1::signature(name).expect("a signature");
        let linked = match call(engine, &calls(name, &ty), Vec::new()) {
            Err(_) => false,
            Ok((Exit::Trap(why), _)) => !why.contains("unlinked"),
            Ok(_) => true,
        };
        assert_eq!(
            linked,
            provided(&profile, name),
            "{}: {name}",
            engine.name()
        );
    }
}

#[test]
fn engines_that_are_linked_into_one_program_are_told_apart() {
    // This test has wasmtime and wasmi in it.
    let report = probed(&std::env::current_exe().expect("this program"));
    for engine in engines::available() {
        if !matches!(engine.name(), "wasmtime" | "wasmi") {
            continue;
        }
        let runtime = report.runtimes.iter().find(|one| one.kind == engine.name());
        assert_profile(&*engine, runtime.unwrap_or_else(|| panic!("{report}")));
    }
}

#[test]
fn the_profile_of_node_is_what_it_takes() {
    let node = engines::available()
        .into_iter()
        .find(|engine| engine.name() == "node");
    let Some(node) = node else {
        return;
    };
    let program = Command::new("node")
        .args(["-p", "process.execPath"])
        .output()
        .expect("node");
    let program = String::from_utf8_lossy(&program.stdout).trim().to_owned();
    let runtime = only(Path::new(&program));
    assert_eq!(runtime.kind, "node");
    assert_profile(&*node, &runtime);
}
