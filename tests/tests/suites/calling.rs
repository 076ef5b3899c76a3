//! The hosts of `docs/calling-from-c.md` do what the page says, and the page shows these files.

use std::path::{Path, PathBuf};
use std::process::Command;

use p1bridge::flatten::{FlattenOptions, flatten};
use p1bridge::profiles::named;

#[path = "../../embedder/library.rs"]
mod library;

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn flat(profile: &str) -> Vec<u8> {
    let component = std::fs::read(top().join("corpus/prebuilt/reactor-p2-c.wasm")).unwrap();
    let options = FlattenOptions {
        profile: named(profile).unwrap(),
        ..FlattenOptions::default()
    };
    flatten(&component, &options).unwrap().wasm
}

#[test]
fn the_page_shows_the_hosts_that_are_tested() {
    let page = std::fs::read_to_string(top().join("docs/calling-from-c.md")).unwrap();
    for (file, language) in [("library.c", "c"), ("library.rs", "rust")] {
        let source = std::fs::read_to_string(top().join("tests/embedder").join(file)).unwrap();
        let block = format!("```{language}\n{source}```\n");
        assert!(
            page.contains(&block),
            "docs/calling-from-c.md is to show tests/embedder/{file} as it is"
        );
    }
}

#[test]
fn a_host_in_rust_calls_a_flat_library() {
    assert_eq!(
        library::host(&flat("portable")).unwrap(),
        ["42", "Hello, Rust!", "one, two, three"]
    );
}

#[test]
fn a_host_in_c_calls_a_flat_library() {
    let (Some(sources), Some(embedder)) = (
        option_env!("WAMR_2020_SOURCES"),
        option_env!("WAMR_2020_EMBEDDER"),
    ) else {
        let required = std::env::var("P1BRIDGE_REQUIRE_ENGINES").unwrap_or_default();
        assert!(!required.contains("wamr"), "WAMR is not built");
        eprintln!("skipped: WAMR is not built");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("library");
    let module = folder.path().join("library.wasm");
    std::fs::write(&module, flat("wamr-2020")).unwrap();
    let built = Command::new("cc")
        .args(["-O1", "-Wall", "-Werror", "-std=gnu99", "-o"])
        .arg(&program)
        .arg("-I")
        .arg(Path::new(sources).join("core/iwasm/include"))
        .arg(top().join("tests/embedder/library.c"))
        .arg(Path::new(embedder).with_file_name("libwamr2020.a"))
        .args(["-lm", "-lpthread"])
        .output()
        .unwrap();
    assert!(
        built.status.success(),
        "{}",
        String::from_utf8_lossy(&built.stderr)
    );
    let output = Command::new(&program).arg(&module).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "42\nHello, C!\none, two, three\n"
    );
}
