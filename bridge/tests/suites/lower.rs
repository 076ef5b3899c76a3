//! The commands `check`, `lower` and `profiles`: files, options and exit codes.

use std::fs;

use crate::common::Folder;
use serde_json::Value;

/// Uses bulk memory in a function that has a name.
const COPIES: &str = r#"(module
    (memory (export "memory") 1)
    (func $copies (export "_start") i32.const 0 i32.const 8 i32.const 8 memory.copy))"#;

fn folder() -> Folder {
    let folder = Folder::new();
    folder.add("app.wasm", COPIES);
    folder
}

#[test]
fn check_says_why_a_module_does_not_fit_and_ends_with_three() {
    let folder = folder();
    let ended = folder.run(&["check", "app.wasm", "--profile", "wasm3"]);
    assert_eq!(ended.code, Some(3));
    let text = String::from_utf8(ended.stdout).unwrap();
    for word in [
        "bulk-memory",
        "\"copies\" at offset 0x",
        "-mno-bulk-memory",
        "lower:",
    ] {
        assert!(text.contains(word), "{text}");
    }
}

#[test]
fn check_ends_with_zero_for_what_fits() {
    let ended = folder().run(&["check", "app.wasm", "--profile", "node"]);
    assert_eq!(ended.code, Some(0));
}

#[test]
fn check_prints_json_with_every_place() {
    let ended = folder().run(&["check", "app.wasm", "--profile", "mvp", "--json"]);
    assert_eq!(ended.code, Some(3));
    let verdict: Value = serde_json::from_slice(&ended.stdout).unwrap();
    assert_eq!(verdict["fits"], false);
    assert_eq!(verdict["fits-lowered"], true);
    let finding = &verdict["findings"][0];
    assert_eq!(finding["feature"], "bulk-memory-opt");
    assert_eq!(finding["places"][0]["name"], "copies");
    assert!(finding["places"][0]["offset"].as_u64().unwrap() > 8);
}

/// Has nothing that cannot be lowered, but the segment of its second memory does not fit.
const BEYOND: &str = r#"(module
    (memory (export "memory") 1) (memory $second 1)
    (data (memory $second) (i32.const 65535) "two"))"#;

#[test]
fn check_says_what_only_shows_when_a_module_is_lowered() {
    let folder = Folder::new();
    folder.add("app.wasm", BEYOND);
    let args = ["check", "app.wasm", "--profile", "mvp"];
    let ended = folder.run(&args);
    assert_eq!(ended.code, Some(3));
    let lower = folder.run(&["lower", "app.wasm", "--profile", "mvp"]);
    assert_eq!(lower.code, Some(1));
    let why = lower.stderr.trim_end().rsplit("app.wasm: ").next().unwrap();
    for word in ["lowering fails: ", why, "lowering is not enough"] {
        assert!(ended.text().contains(word), "{word}: {}", ended.text());
    }

    let ended = folder.run(&[&args[..], &["--json"]].concat());
    assert_eq!(ended.code, Some(3));
    let verdict: Value = serde_json::from_slice(&ended.stdout).unwrap();
    assert_eq!(verdict["fits-lowered"], false);
    let findings = verdict["findings"].as_array().unwrap();
    let of_lowering: Vec<_> = findings
        .iter()
        .filter(|finding| finding["kind"] == "lowering")
        .collect();
    assert_eq!(of_lowering.len(), 1, "{findings:#?}");
    assert_eq!(of_lowering[0]["effect"], "refused");
    assert_eq!(of_lowering[0]["fix"], Value::Null);
    assert!(of_lowering[0]["what"].as_str().unwrap().contains(why));
}

#[test]
fn check_ends_with_the_command_that_makes_a_file_fit() {
    let folder = folder();
    let profile = p1bridge::profiles::source("wasm3").unwrap();
    folder.add("my device.toml", profile.replace("\"wasm3\"", "\"device\""));
    folder.add("my app.wasm", COPIES);
    folder
        .run(&["wrap", "app.wasm", "-o", "component.wasm", "-q"])
        .succeeded();
    for (input, profile, said) in [
        ("app.wasm", "wasm3", "lower app.wasm --profile wasm3"),
        (
            "my app.wasm",
            "my device.toml",
            "lower 'my app.wasm' --profile 'my device.toml'",
        ),
        (
            "component.wasm",
            "wasm3",
            "flatten component.wasm --profile wasm3",
        ),
    ] {
        let ended = folder.run(&["check", input, "--profile", profile]);
        let last = ended.text().lines().last().unwrap();
        assert!(last.ends_with(&format!(": `p1bridge {said}`")), "{last}");
        let (_, command) = last.trim_end_matches('`').split_once("p1bridge ").unwrap();
        let words: Vec<&str> = match command.contains('\'') {
            true => vec!["lower", input, "--profile", profile],
            false => command.split(' ').collect(),
        };
        let output = ["-q", "-o", "fits.wasm"];
        folder.run(&[&words[..], &output].concat()).succeeded();
        let ended = folder.run(&["check", "fits.wasm", "--profile", profile]);
        assert_eq!(ended.code, Some(0), "{ended:?}");
    }
}

#[test]
fn what_a_profile_lacks_comes_with_the_profiles_that_have_it() {
    let folder = Folder::new();
    folder.add("app.wasm", "(module (memory i64 1))");
    let names = "profiles that have it: wasmi, wasmtime";
    let checked = folder.run(&["check", "app.wasm"]);
    assert!(checked.text().contains(names), "{checked:?}");
    folder.run(&["lower", "app.wasm"]).failed_with(&[names]);
}

#[test]
fn many_added_functions_are_counted() {
    let folder = Folder::new();
    // Each export first runs the start function, which is one more.
    let exports: String = (0..40)
        .map(|n| format!("(func (export \"f{n}\"))"))
        .collect();
    folder.add(
        "app.wasm",
        format!("(module (func $s) (start $s) {exports})"),
    );
    let profile = "name = \"device\"\n[wasm]\nfeatures = []\n[host]\nstart = false\n";
    folder.add("device.toml", profile);
    let ended = folder
        .run(&["lower", "app.wasm", "--profile", "device.toml"])
        .succeeded();
    let mut lines = ended.stderr.lines();
    let added = lines
        .find(|line| line.starts_with("functions added: "))
        .unwrap();
    assert!(added.ends_with(" and 29 more"), "{added}");
}

#[test]
fn an_object_file_is_to_be_linked_first() {
    let folder = Folder::new();
    folder.add("app.wasm", r#"(module (@custom "linking" "\02"))"#);
    for command in ["check", "lower"] {
        folder
            .run(&[command, "app.wasm"])
            .failed_with(&["app.wasm", "object file"]);
    }
}

#[test]
fn a_lowered_module_fits() {
    let folder = folder();
    folder
        .run(&["lower", "app.wasm", "--profile", "mvp"])
        .succeeded();
    let ended = folder.run(&["check", "app.lowered.wasm", "--profile", "mvp"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[test]
fn lower_refuses_what_it_cannot_lower_and_writes_nothing() {
    let folder = Folder::new();
    folder.add(
        "app.wasm",
        "(module (type $pair (struct (field i32))) (func $wide (drop (struct.new_default $pair))))",
    );
    let ended = folder.run(&["lower", "app.wasm", "--profile", "mvp"]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("gc") && ended.stderr.contains("\"wide\""));
    assert_eq!(folder.files(), ["app.wasm"]);
}

#[test]
fn a_printed_profile_can_be_given_as_a_file() {
    let folder = folder();
    let printed = folder.run(&["profiles", "wamr-2020"]).succeeded();
    let text = String::from_utf8(printed.stdout).unwrap();
    fs::write(
        folder.path().join("device.toml"),
        text.replace("wamr-2020", "device"),
    )
    .unwrap();
    let named = folder.run(&[
        "lower",
        "app.wasm",
        "--profile",
        "wamr-2020",
        "-o",
        "a.wasm",
    ]);
    let read = folder.run(&[
        "lower",
        "app.wasm",
        "--profile",
        "device.toml",
        "-o",
        "b.wasm",
    ]);
    assert_eq!((named.code, read.code), (Some(0), Some(0)), "{read:?}");
    let bytes = |name: &str| fs::read(folder.path().join(name)).unwrap();
    assert_eq!(bytes("a.wasm"), bytes("b.wasm"));
}

#[test]
fn profiles_are_listed_with_what_they_are() {
    let listed = Folder::new().run(&["profiles"]).succeeded();
    let text = String::from_utf8(listed.stdout).unwrap();
    for name in p1bridge::profiles::NAMES {
        assert!(text.lines().any(|line| line.starts_with(name)), "{text}");
    }
}

#[test]
fn a_component_is_checked_as_what_flatten_makes_of_it() {
    let folder = folder();
    folder
        .run(&["wrap", "app.wasm", "-o", "component.wasm", "-q"])
        .succeeded();
    let ended = folder.run(&["check", "component.wasm", "--profile", "wasm3"]);
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(
        String::from_utf8(ended.stdout)
            .unwrap()
            .contains("bulk-memory")
    );
}
