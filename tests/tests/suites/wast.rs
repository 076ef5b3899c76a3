//! The `.wast` files of this repository: all of them hold on wasmtime, and those that the linker
//! is done with hold when they are flattened.

use std::path::{Path, PathBuf};

use p1bridge_tests::wast::report::FileReport;
use p1bridge_tests::wast::{self, Machine, flat::Flat, oracle::Oracle, script};

/// The files that pass when they are flattened, each as a whole.
const FLAT: &[&str] = &["invalid.wast"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("wast")
}

fn run(machine: &dyn Machine, file: &Path) -> FileReport {
    script::run(machine, file).unwrap_or_else(|error| panic!("{error:#}"))
}

fn file_name(path: &Path) -> String {
    let name = path.file_name().expect("it is a file");
    name.to_string_lossy().into_owned()
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
fn listed_files_hold_when_flattened() {
    let flat = Flat::default();
    for name in FLAT {
        let report = run(&flat, &folder().join(name));
        assert!(
            report.is_green() && report.assertions.passed > 0,
            "{report}"
        );
    }
    let files = wast::files(&[folder()]).expect("the folder has files");
    let missing: Vec<String> = files
        .iter()
        .map(|file| file_name(file))
        .filter(|name| !FLAT.contains(&name.as_str()))
        .collect();
    println!("{} of {} files are not listed:", missing.len(), files.len());
    for name in missing {
        let report = run(&flat, &folder().join(&name));
        let hint = match report.is_green() {
            true => ": passes, list it",
            false => "",
        };
        println!("  {name}: assertions {}{hint}", report.assertions);
    }
}
