//! The targets of `linker/fuzz`, on the programs of the corpus: what a fuzzer starts from has to pass.

use std::fs;
use std::path::Path;

#[path = "../../linker/fuzz/src/targets.rs"]
mod targets;

/// Gives every file of a folder of the repository to a target.
fn all(folder: &str, target: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join(folder);
    let mut files: Vec<_> = fs::read_dir(&folder)
        .unwrap_or_else(|e| panic!("{}: {e}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{}", folder.display());
    for file in files {
        // The last line of a failing test names the file.
        eprintln!("{}", file.display());
        target(&fs::read(&file).unwrap());
    }
}

#[test]
fn parse_takes_the_corpus() {
    all("corpus/prebuilt", targets::parse);
}

#[test]
fn flatten_takes_the_corpus() {
    all("corpus/prebuilt", targets::flatten);
}

#[test]
fn lower_takes_the_corpus() {
    all("corpus/prebuilt", targets::lower);
}

#[test]
fn check_takes_the_corpus() {
    all("corpus/prebuilt", targets::check);
}

#[test]
fn wrap_takes_the_corpus() {
    all("corpus/prebuilt", targets::wrap);
}

#[test]
fn inspect_takes_the_corpus() {
    all("corpus/prebuilt", targets::inspect);
}

#[test]
fn probe_takes_the_corpus() {
    all("corpus/prebuilt", targets::probe);
}

#[test]
fn retrofit_takes_the_corpus() {
    all("corpus/prebuilt", targets::retrofit);
}

#[test]
fn invoke_takes_the_corpus() {
    all("corpus/prebuilt", targets::invoke);
}

#[test]
fn call_text_takes_its_seeds() {
    all("linker/fuzz/calls", targets::call_text);
}
