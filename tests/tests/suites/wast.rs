//! The `.wast` files of this repository: all of them hold on wasmtime, and when they are
//! flattened.

use std::path::{Path, PathBuf};

use p1bridge_linker::{Growth, Isolation, MemoryMode, Options, Profile, Stacks};
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

/// Where stacks stay, threads are refused.
const THREADS: &str = "async-threads.wast";

fn hold(flat: &Flat, wanted: impl Fn(&str) -> bool) {
    for file in wast::files(&[folder()]).expect("the folder has files") {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        if !wanted(&name) || name == THREADS {
            continue;
        }
        let report = run(flat, &file);
        assert!(
            report.is_green() && report.assertions.passed > 0,
            "{report}"
        );
    }
}

#[test]
fn every_file_holds_when_flattened() {
    hold(&Flat::default(), |_| true);
}

#[test]
fn files_with_tasks_hold_where_stacks_are_taken_away() {
    for growth in [Growth::Free, Growth::Within(64)] {
        let flat = Flat::with(Options {
            stacks: Stacks::Switch,
            growth,
            ..Options::default()
        });
        hold(&flat, |name| name.starts_with("async-"));
        let report = run(&flat, &folder().join(THREADS));
        assert!(
            report.is_green() && report.assertions.passed > 0,
            "{report}"
        );
    }
}

#[test]
fn files_hold_in_a_fixed_layout_of_256_mib() {
    let flat = Flat::with(Options {
        growth: Growth::Within(4096),
        ..Options::default()
    });
    // What is said there of growth is said of a memory that may grow.
    hold(&flat, |name| name != "memory.wast");
}

#[test]
fn files_hold_with_a_memory_for_each_guest() {
    let flat = Flat::with(Options {
        memory: MemoryMode::Multi,
        profile: Profile::named("wasmi").expect("a profile of that name"),
        ..Options::default()
    });
    hold(&flat, |_| true);
}

/// Where a target has no references or one table, they are numbers and regions of one.
#[test]
fn tables_and_references_hold_for_every_built_in_profile() {
    let files = ["tables.wast", "late-elements.wast", "references.wast"];
    for name in Profile::NAMES.iter() {
        let profile = Profile::named(name).expect("a built-in profile");
        let several = profile
            .features
            .is_none_or(|features| features.names().contains(&"multi-memory"));
        let modes = match several {
            true => &[MemoryMode::One, MemoryMode::Multi][..],
            false => &[MemoryMode::One],
        };
        for &memory in modes {
            for growth in [Growth::Free, Growth::Within(4096)] {
                if memory == MemoryMode::Multi && growth != Growth::Free {
                    continue;
                }
                let flat = Flat::with(Options {
                    profile: profile.clone(),
                    memory,
                    growth,
                    ..Options::default()
                });
                hold(&flat, |name| files.contains(&name));
            }
        }
    }
}

#[test]
fn files_without_accesses_out_of_bounds_hold_when_guests_are_trusted() {
    let flat = Flat::with(Options {
        isolation: Isolation::Trusted,
        ..Options::default()
    });
    let files = [
        "aggregates.wast",
        "fixed-lists.wast",
        "lists.wast",
        "nesting.wast",
        "parameters.wast",
        "primitives.wast",
        "resources.wast",
        "strings.wast",
    ];
    hold(&flat, |name| files.contains(&name));
}

/// What a table or a lowered instruction of the guest traps on has no message, and where wasmtime names
/// numbers its words are others.
#[test]
fn modules_with_messages_say_why_they_trap() {
    let flat = Flat::with(Options {
        trap_messages: true,
        ..Options::default()
    });
    let (mut confirmed, mut untold) = (0, 0);
    for file in wast::files(&[folder()]).expect("the folder has files") {
        let report = run(&flat, &file);
        assert!(report.is_green(), "{report}");
        confirmed += report.reasons_confirmed;
        untold += report.reasons_untold;
    }
    assert!(
        confirmed >= 143,
        "{confirmed} reasons are as on wasmtime, {untold} not told or in other words"
    );
}
