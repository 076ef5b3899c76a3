//! The `.wast` files of this repository: all of them hold on wasmtime, and those that the linker
//! is done with hold when they are flattened.

use std::path::{Path, PathBuf};

use p1bridge_tests::wast::report::FileReport;
use p1bridge_tests::wast::{self, Machine, flat::Flat, oracle::Oracle, script};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("wast")
}

fn run(machine: &dyn Machine, file: &Path) -> FileReport {
    script::run(machine, file).unwrap_or_else(|error| panic!("{error:#}"))
}

#[test]
fn every_file_holds_on_wasmtime() {
    let oracle = Oracle::default();
    let reports: Vec<FileReport> = wast::files(&[folder()])
        .expect("the folder has files")
        .iter()
        .map(|file| run(&oracle, file))
        .collect();
    let red: String = reports
        .iter()
        .filter(|report| !report.is_green())
        .map(ToString::to_string)
        .collect();
    assert!(red.is_empty(), "{red}");
    for report in &reports {
        assert!(report.assertions.passed > 0, "{report}");
    }
}

#[test]
fn every_file_holds_when_flattened() {
    let flat = Flat::default();
    for file in wast::files(&[folder()]).expect("the folder has files") {
        let report = run(&flat, &file);
        assert!(
            report.is_green() && report.assertions.passed > 0,
            "{report}"
        );
    }
}
