//! The command `flatten`: files, options and reports. What it links is the linker's business.

use std::fs;

use crate::common::{Folder, carry};
use p1bridge::profiles::NAMES as PROFILES;
use p1bridge::wrap::{WrapOptions, wrap};
use serde_json::Value;

/// A component that prints a line, made of a Preview 1 command.
fn component() -> Vec<u8> {
    component_with(1, "")
}

/// The same with so many pages, and with more that it does first.
fn component_with(pages: u32, first: &str) -> Vec<u8> {
    let module = wat::parse_str(format!(
        r#"(module
            (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
            (memory (export "memory") {pages})
            (data (i32.const 16) "\20\00\00\00")
            (data (i32.const 32) "hello, flat")
            (func $unused)
            (func (export "_start") {first}
                (i32.store (i32.const 20) (i32.const 11))
                (drop (call $write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 0)))))"#,
    ))
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

/// A component that imports `device`, an interface of its own with two functions.
fn with_device() -> Vec<u8> {
    let mut module = wat::parse_str(
        r#"(module
            (import "my:app/device" "read" (func $read (result i32)))
            (import "my:app/device" "write" (func $write (param i32)))
            (memory (export "memory") 1)
            (func (export "go") (call $write (call $read))))"#,
    )
    .unwrap();
    let wit = "package my:app;
        interface device { read: func() -> u32; write: func(x: u32); }
        world app { import device; export go: func(); }";
    carry(&mut module, wit);
    wrap(&module, &WrapOptions::default()).unwrap().component
}

/// What the report says of the imports, and what is in the file.
fn imports_of(folder: &Folder, args: &[&str]) -> (Value, Vec<Value>) {
    let ended = folder
        .run(&[&["flatten", "app.wasm", "-o", "out.wasm", "--json"], args].concat())
        .succeeded();
    let report: Value = serde_json::from_slice(&ended.stdout).unwrap();
    let ended = folder.run(&["inspect", "out.wasm", "--json"]).succeeded();
    let found: Value = serde_json::from_slice(&ended.stdout).unwrap();
    let imports = found["imports"].as_array().unwrap().clone();
    (report, imports)
}

#[test]
fn the_report_has_the_imports_of_the_file_where_they_go_through_env() {
    let folder = Folder::new();
    folder.add("app.wasm", with_device());
    let (report, imports) = imports_of(&folder, &["--profile", "wamr-2020"]);
    assert_eq!(imports.len(), 1, "{imports:?}");
    assert_eq!(imports[0]["name"], "env");
    for (at, name) in [(0, "my:app/device#read"), (1, "my:app/device#write")] {
        assert_eq!(report["imports"][at]["module"], "env");
        assert_eq!(report["imports"][at]["name"], name);
        assert_eq!(imports[0]["items"][at], name);
    }
    assert_eq!(report["warnings"], serde_json::json!([]));
    // Its world is there all the same, and names each function once.
    let ended = folder.run(&["inspect", "out.wasm"]).succeeded();
    let imports = "imports:\n  \
                     my:app/device#read: func() -> u32\n    \
                       core: () -> i32, imported through env\n  \
                     my:app/device#write: func(x: u32)\n    \
                       core: (i32) -> (), imported through env\n\
                   exports:\n";
    assert!(ended.text().contains(imports), "{}", ended.text());
    let ended = folder.run(&["inspect", "out.wasm", "--json"]).succeeded();
    let found: Value = serde_json::from_slice(&ended.stdout).unwrap();
    let signatures = found["signatures"].as_array().unwrap().iter();
    let imported = signatures.filter(|signature| signature["direction"] == "import");
    let through: Vec<&Value> = imported.map(|signature| &signature["through"]).collect();
    assert_eq!(through, ["env", "env"]);
}

#[test]
fn the_report_has_the_exports_and_the_pages_of_the_file() {
    let folder = folder();
    for profile in PROFILES {
        let (report, _) = imports_of(&folder, &["--profile", profile]);
        let ended = folder.run(&["inspect", "out.wasm", "--json"]).succeeded();
        let found: Value = serde_json::from_slice(&ended.stdout).unwrap();
        let exports = found["exports"].as_array().unwrap();
        let names: Vec<&Value> = exports.iter().map(|export| &export["name"]).collect();
        let reported: Vec<&Value> = report["exports"].as_array().unwrap().iter().collect();
        assert_eq!(reported, names, "{profile}");
        assert_eq!(
            report["memory"]["pages"], found["modules"][0]["memories"][0]["initial"],
            "{profile}"
        );
    }
}

#[test]
fn the_sizes_of_the_report_are_those_of_the_file() {
    let folder = Folder::new();
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../corpus/prebuilt");
    let mut lowered = 0;
    for name in ["hello-p2-rust", "files-p2-c", "pair-p1-c", "hello-c"] {
        let file = fs::read(format!("{corpus}/{name}.wasm")).unwrap();
        let component = match wrap(&file, &WrapOptions::default()) {
            Ok(wrapped) => wrapped.component,
            Err(_) => file,
        };
        folder.add("app.wasm", component);
        let mut guest_codes = Vec::new();
        for profile in PROFILES {
            let (report, _) = imports_of(&folder, &["--profile", profile]);
            let ended = folder.run(&["inspect", "out.wasm", "--json"]).succeeded();
            let found: Value = serde_json::from_slice(&ended.stdout).unwrap();
            let module = &found["modules"][0];
            let size = |name: &str| report["sizes"][name].as_u64().unwrap();
            assert_eq!(
                size("guest-code") + size("library-code") + size("linker-code"),
                module["code-bytes"],
                "{name} {profile}"
            );
            assert_eq!(size("data"), module["data-bytes"], "{name} {profile}");
            assert_eq!(size("output"), found["bytes"], "{name} {profile}");
            let libraries = report["libraries"].as_array().unwrap().iter();
            let libraries = libraries.map(|library| library["bytes"].as_u64().unwrap());
            assert_eq!(size("library-code"), libraries.sum::<u64>());
            guest_codes.push(size("guest-code"));
        }
        guest_codes.dedup();
        lowered += guest_codes.len() - 1;
    }
    assert!(lowered > 5, "hardly anything was lowered");
}

/// A device with one function of its own.
const DEVICE: &str = r#"name = "device"
[wasm]
features = []
[[module]]
name = "wasi_snapshot_preview1"
functions = "preview1"
[[module]]
name = "my:app/device"
functions = ["read"]
"#;

#[test]
fn imports_that_the_profile_does_not_provide_are_a_warning_of_flatten_and_a_finding_of_check() {
    let folder = Folder::new();
    folder.add("app.wasm", with_device());
    folder.add("device.toml", DEVICE);
    let args = ["--profile", "device.toml"];
    let ended = folder
        .run(&[&["flatten", "app.wasm"][..], &args].concat())
        .succeeded();
    let what = "my:app/device.write is not provided";
    let line = format!("warning: does not load on device: {what}\n");
    assert!(ended.stderr.contains(&line), "{ended:?}");
    let checked = folder.run(&[&["check", "app.flat.wasm"][..], &args].concat());
    assert_eq!(checked.code, Some(3));
    let line = format!("does not load: {what}\n");
    assert!(checked.text().contains(&line), "{checked:?}");
}

#[test]
fn the_summary_says_where_the_memory_goes() {
    let folder = Folder::new();
    let grows = "(drop (memory.grow (i32.const 0)))";
    folder.add("app.wasm", component_with(1, grows));
    let ended = folder.run(&["flatten", "app.wasm", "--profile", "wamr-2020"]);
    let line = "memory: 2 pages: guest 65536, arena of the runtime 4096\n";
    assert!(ended.stderr.contains(line), "{ended:?}");
}

#[test]
fn a_memory_max_that_is_too_small_says_what_each_guest_needs_and_what_helps() {
    let folder = Folder::new();
    folder.add("app.wasm", component_with(2, ""));
    let args = ["flatten", "app.wasm", "--profile", "wamr-2020"];
    let ended = folder.run(&[&args[..], &["--memory-max", "64KiB"]].concat());
    ended.failed_with(&[
        "--memory-max=64KiB is too small",
        "starts with 131072 bytes, 131072 bytes for component > core module 1",
        "--memory-max=128KiB",
        "-Wl,-z,stack-size=65536",
        "-C link-arg=-zstack-size=65536",
    ]);
    folder
        .run(&[&args[..], &["--memory-max", "128KiB"]].concat())
        .succeeded();
}

#[test]
fn one_place_for_two_outputs_is_refused_before_anything_is_written() {
    let folder = folder();
    let before = folder.files();
    for (args, words) in [
        (
            &["-o", "a.wasm", "--report", "./a.wasm"][..],
            "--report and the output are both a.wasm",
        ),
        (
            &["--report", "app.flat.wasm"],
            "--report and the output are both app.flat.wasm",
        ),
        (
            &["-o", "-", "--report", "-"],
            "--report and the output both go to standard output",
        ),
        (
            &["-o", "-", "--json"],
            "--json and the output both go to standard output",
        ),
        (
            &["--report", "-", "--json"],
            "--json and --report both go to standard output",
        ),
    ] {
        folder
            .run(&[&["flatten", "app.wasm"], args].concat())
            .failed_with(&[words]);
    }
    assert_eq!(folder.files(), before);
}

#[test]
fn a_report_that_cannot_be_written_leaves_no_module() {
    let folder = folder();
    let before = folder.files();
    folder
        .run(&["flatten", "app.wasm", "--report", "no/where.json"])
        .failed_with(&["no/where.json"]);
    assert_eq!(folder.files(), before);
}

#[test]
fn the_help_has_headings_and_explains_its_words() {
    let help = Folder::new().run(&["help", "flatten"]).succeeded();
    let places = [
        "Output:",
        "Target:",
        "Memory:",
        "WASI:",
        "Diagnosis:",
        "Words:",
    ]
    .map(|heading| help.text().find(&format!("\n{heading}\n")).expect(heading));
    assert!(places.is_sorted(), "{places:?}");
    for word in ["guest", "region", "sliding"] {
        assert!(help.text().contains(&format!("\n  {word} ")), "{word}");
    }
}

/// A valid module may declare groups of no locals; WAMR of 2020 refuses them.
#[test]
fn groups_of_no_locals_are_left_out() {
    let mut module = wat::parse_str(
        r#"(module (memory (export "memory") 1) (func (export "_start") (local i32 i64 f32)))"#,
    )
    .unwrap();
    // One local of each type, of which the middle one goes.
    let groups = [3, 1, 0x7f, 1, 0x7e, 1, 0x7d];
    let at = module
        .windows(groups.len())
        .position(|bytes| bytes == groups);
    module[at.unwrap() + 3] = 0;
    let folder = Folder::new();
    folder.add("m.wasm", module);
    folder.run(&["wrap", "m.wasm", "-o", "c.wasm"]).succeeded();
    let args = ["flatten", "c.wasm", "--profile", "as-is", "-o", "f.wasm"];
    folder.run(&args).succeeded();

    let check = |name| folder.run(&["check", "--profile", "wamr-2020", name]);
    let found = check("m.wasm");
    assert_eq!(found.code, Some(3));
    assert!(found.text().contains("groups of no locals"), "{found:?}");
    let args = ["lower", "m.wasm", "--profile", "wamr-2020", "-o", "l.wasm"];
    folder.run(&args).succeeded();
    check("l.wasm").succeeded();

    for name in ["f.wasm", "l.wasm"] {
        let flat = std::fs::read(folder.path().join(name)).unwrap();
        for payload in wasmparser::Parser::new(0).parse_all(&flat) {
            if let wasmparser::Payload::CodeSectionEntry(body) = payload.unwrap() {
                let locals = body.get_locals_reader().unwrap();
                let counts: Vec<u32> = locals.into_iter().map(|group| group.unwrap().0).collect();
                assert_eq!(counts, [1, 1], "{name}");
            }
        }
    }
}

#[test]
fn a_component_of_many_megabytes_keeps_its_world() {
    let folder = Folder::new();
    let bytes = "x".repeat(9 << 20);
    folder.add(
        "large.wasm",
        format!(
            r#"(component
                 (import "test:host/log" (instance $log (export "log" (func (param "x" u32)))))
                 (core func $log (canon lower (func $log "log")))
                 (core module $M (import "" "log" (func $log (param i32))) (memory 200)
                   (data (i32.const 0) "{bytes}")
                   (func (export "f") (param i32) (result i32) (call $log (i32.load (local.get 0))) (local.get 0)))
                 (core instance $m (instantiate $M (with "" (instance (export "log" (func $log))))))
                 (func (export "f") (param "x" u32) (result u32) (canon lift (core func $m "f"))))"#
        ),
    );
    folder
        .run(&["flatten", "large.wasm", "-o", "flat.wasm"])
        .succeeded();
    // It needs no --wit.
    folder.run(&["wrap", "flat.wasm"]).succeeded();
}
