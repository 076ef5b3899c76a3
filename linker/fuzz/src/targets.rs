//! What must hold for any bytes: no panic, no error that calls itself a bug, and an output that is
//! valid. There is one function for each command that reads files.

use std::fmt::Display;
use std::sync::OnceLock;

use anyhow::Result;
use p1bridge::run::{Input, Output, RunOptions, module_of, parse_call, run};
use p1bridge::{check, flatten, inspect, lower, probe, profiles, retrofit, wrap};
use p1bridge_linker::Options;
use wasmparser::{ExternalKind, Parser, Payload, Validator, WasmFeatures};

/// The instructions that a program may take: less than a second of them.
const FUEL: u64 = 1_000_000;

/// Parses bytes as a component.
pub fn parse(bytes: &[u8]) {
    named(p1bridge_linker::parse::component(bytes));
}

/// Flattens bytes as a component, with nothing linked to it and as the command does.
pub fn flatten(bytes: &[u8]) {
    if let Some(output) = named(p1bridge_linker::flatten(bytes, &[], &Options::default())) {
        valid(&output.wasm);
    }
    let options = flatten::FlattenOptions::default();
    if let Some(output) = named(flatten::flatten(bytes, &options)) {
        valid(&output.wasm);
        shown(&output.report);
    }
}

/// Lowers bytes as a module, for the target that has the least.
pub fn lower(bytes: &[u8]) {
    for name in ["mvp", "wamr-2020"] {
        if let Some(lowered) = named(lower::lower(bytes, &profile(name))) {
            valid(&lowered.wasm);
        }
    }
}

/// Checks bytes as a module or a component.
pub fn check(bytes: &[u8]) {
    for name in ["mvp", "portable"] {
        if let Some(verdict) = named(check::check(bytes, &profile(name))) {
            shown(&verdict);
        }
    }
}

/// Wraps bytes as a module.
pub fn wrap(bytes: &[u8]) {
    if let Some(wrapped) = named(wrap::wrap(bytes, &wrap::WrapOptions::default())) {
        valid(&wrapped.component);
    }
}

/// Inspects bytes.
pub fn inspect(bytes: &[u8]) {
    if let Some(found) = named(inspect::inspect(bytes)) {
        shown(&found);
    }
}

/// Looks for a runtime in bytes.
pub fn probe(bytes: &[u8]) {
    if let Some(report) = named(probe::probe(bytes, "device")) {
        shown(&report);
        for runtime in &report.runtimes {
            profiles::Profile::parse(&runtime.profile).expect("what is written can be read");
        }
    }
}

/// Looks for modules in bytes, and puts another one in place of the first.
pub fn retrofit(bytes: &[u8]) {
    static MODULE: OnceLock<Vec<u8>> = OnceLock::new();
    let module = MODULE.get_or_init(|| wat::parse_str("(module)").expect("a module"));
    let profile = profiles::named("as-is").expect("a profile");
    let Some(report) = named(retrofit::slots(bytes, Some(&profile))) else {
        return;
    };
    shown(&report);
    for slot in &report.slots {
        named(retrofit::contents(bytes, slot));
    }
    let options = retrofit::Options {
        slots: vec![retrofit::Where::Number(1)],
        profile: Some(profile),
        allow: retrofit::Difference::ALL.into_iter().collect(),
        allow_wrong_guards: true,
        unsigned: true,
        ..retrofit::Options::default()
    };
    if let Some(replaced) = named(retrofit::replace(bytes, module, &options)) {
        shown(&replaced);
    }
}

/// Calls what bytes export as a module or component.
pub fn invoke(bytes: &[u8]) {
    let Some(module) = named(module_of(bytes.to_vec())) else {
        return;
    };
    for name in exports(&module) {
        call(bytes, &module, &name);
    }
}

/// A library with a function that takes values of every kind.
const LIBRARY: &str = r#"(component
    (type $r (record (field "a" u8) (field "b" string) (field "c" (option s64))))
    (type $v (variant (case "x") (case "y" (list f32)) (case "z" (tuple char bool))))
    (type $e (enum "red" "green"))
    (type $f (flags "read" "write" "exec"))
    (import "r" (type $r2 (eq $r)))
    (import "v" (type $v2 (eq $v)))
    (import "e" (type $e2 (eq $e)))
    (import "f" (type $f2 (eq $f)))
    (core module $m
        (memory (export "memory") 1)
        (global $next (mut i32) (i32.const 4096))
        (func (export "realloc") (param i32 i32 i32 i32) (result i32)
            (global.set $next (i32.and (i32.add (global.get $next) (i32.const 15)) (i32.const -16)))
            (global.get $next)
            (global.set $next (i32.add (global.get $next) (local.get 3))))
        (func (export "f") (param i32) (result i32) (local.get 0)))
    (core instance $i (instantiate $m))
    (alias core export $i "memory" (core memory $memory))
    (alias core export $i "realloc" (core func $realloc))
    (type $all (tuple $r2 $v2 (list $e2) $f2 (result (list $r2) (error string)) f64 (tuple u64 u64)))
    (func $f (param "all" $all) (result $all)
        (canon lift (core func $i "f") (memory $memory) (realloc $realloc)))
    (export "f" (func $f)))"#;

/// Reads bytes as a call of a library's function, and makes it.
pub fn call_text(bytes: &[u8]) {
    static FILES: OnceLock<(Vec<u8>, Vec<u8>)> = OnceLock::new();
    let (file, module) = FILES.get_or_init(|| {
        let file = wat::parse_str(LIBRARY).expect("the text of a component");
        let module = module_of(file.clone()).expect("it can be flattened");
        (file, module)
    });
    if let Ok(text) = std::str::from_utf8(bytes) {
        call(file, module, text);
    }
}

fn call(file: &[u8], module: &[u8], text: &str) {
    let Some(call) = named(parse_call(file, module, text, &[])) else {
        return;
    };
    let options = RunOptions {
        args: vec!["main.wasm".to_string()],
        stdin: Input::Bytes(b"x\n".to_vec()),
        stdout: Output::Capture,
        stderr: Output::Capture,
        calls: vec![call],
        initialize: true,
        fuel: Some(FUEL),
        ..RunOptions::default()
    };
    named(run(module, &options));
}

/// The functions that a module exports, some of them where there are many.
fn exports(module: &[u8]) -> Vec<String> {
    let mut names = Vec::new();
    for payload in Parser::new(0).parse_all(module) {
        let Ok(Payload::ExportSection(section)) = payload else {
            continue;
        };
        for export in section.into_iter().flatten().take(20) {
            if export.kind == ExternalKind::Func {
                names.push(export.name.to_string());
            }
        }
    }
    names
}

fn profile(name: &str) -> profiles::Profile {
    profiles::named(name).expect("a profile of that name")
}

/// A result; an error may be anything but a bug.
fn named<T>(result: Result<T>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(error) => {
            let text = format!("{error:#}");
            assert!(!text.contains(" a bug"), "{text}");
            None
        }
    }
}

fn shown(what: &impl Display) {
    assert!(!what.to_string().is_empty());
}

fn valid(wasm: &[u8]) {
    Validator::new_with_features(WasmFeatures::all())
        .validate_all(wasm)
        .expect("the output is valid");
}
