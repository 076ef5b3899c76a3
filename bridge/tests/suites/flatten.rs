//! The command `flatten`: files, options and reports. What it links is the linker's business.

use std::fs;

use crate::common::Folder;
use p1bridge::profiles::NAMES as PROFILES;
use p1bridge::wrap::{WrapOptions, wrap};
use serde_json::Value;

/// A component that prints a line, made of a Preview 1 command.
fn component() -> Vec<u8> {
    let module = wat::parse_str(
        r#"(module
            (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
            (memory (export "memory") 1)
            (data (i32.const 16) "\20\00\00\00")
            (data (i32.const 32) "hello, flat")
            (func $unused)
            (func (export "_start")
                (i32.store (i32.const 20) (i32.const 11))
                (drop (call $write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 0)))))"#,
    )
    .unwrap();
    wrap(&module, &WrapOptions::default()).unwrap().component
}

fn folder() -> Folder {
    let folder = Folder::new();
    folder.add("app.wasm", component());
    folder
}

#[test]
fn the_flat_module_runs_and_so_does_the_component() {
    let folder = folder();
    let ended = folder.run(&["flatten", "app.wasm"]).succeeded();
    assert!(ended.stderr.contains("wrote app.flat.wasm: "), "{ended:?}");
    assert_eq!(folder.files(), ["app.flat.wasm", "app.wasm"]);
    for file in ["app.flat.wasm", "app.wasm"] {
        assert_eq!(folder.run(&["run", file]).succeeded().text(), "hello, flat");
    }
}

#[test]
fn the_report_is_json_and_its_short_form_goes_to_standard_error() {
    let folder = folder();
    let ended = folder
        .run(&["flatten", "app.wasm", "--report", "report.json"])
        .succeeded();
    assert!(ended.stderr.contains("size: "), "{ended:?}");
    let report: Value =
        serde_json::from_slice(&fs::read(folder.path().join("report.json")).unwrap()).unwrap();
    assert!(report.is_object());
    let dashed = folder
        .run(&["flatten", "app.wasm", "--report", "-", "-q"])
        .succeeded();
    assert_eq!(
        serde_json::from_slice::<Value>(&dashed.stdout).unwrap(),
        report
    );
    assert_eq!(dashed.stderr, "");
}

#[test]
fn every_profile_is_accepted_and_others_are_not() {
    let folder = folder();
    for profile in PROFILES {
        folder
            .run(&["flatten", "app.wasm", "--profile", profile, "-q"])
            .succeeded();
    }
    let ended = folder.run(&["flatten", "app.wasm", "--profile", "wamr-1920"]);
    assert_eq!(ended.code, Some(2));
    assert!(
        PROFILES
            .iter()
            .all(|profile| ended.stderr.contains(profile)),
        "{ended:?}"
    );
}

#[test]
fn strip_leaves_out_names_and_no_tidy_keeps_what_is_unused() {
    let folder = folder();
    let size = |args: &[&str]| {
        folder
            .run(&[&["flatten", "app.wasm", "-q", "-o", "out.wasm"], args].concat())
            .succeeded();
        fs::metadata(folder.path().join("out.wasm")).unwrap().len()
    };
    let plain = size(&[]);
    assert!(size(&["--strip"]) < plain);
    assert!(size(&["--no-tidy"]) > plain);
}

#[test]
fn a_core_module_and_a_broken_component_are_refused_without_output() {
    let folder = folder();
    folder.add("module.wasm", "(module)");
    let mut cut = component();
    cut.truncate(cut.len() / 2);
    folder.add("cut.wasm", cut);
    let before = folder.files();
    folder
        .run(&["flatten", "module.wasm"])
        .failed_with(&["module.wasm", "core module"]);
    folder
        .run(&["flatten", "cut.wasm", "--report", "r.json"])
        .failed_with(&["cut.wasm", "offset 0x"]);
    assert_eq!(folder.files(), before);
}
