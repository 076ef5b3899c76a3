//! The table of suites in `docs/testing.md` has all of them, and no other.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

#[test]
fn the_table_of_suites_has_every_suite_and_nothing_else() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let page = fs::read_to_string(top.join("docs/testing.md")).unwrap();
    let (_, table) = page.split_once("\n## Suites\n").unwrap();
    let table = table.split("\n## ").next().unwrap();
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `"));
    let named: BTreeSet<String> = rows
        .flat_map(|row| row.split(" | ").next().unwrap().split(", "))
        .map(|name| name.trim_matches('`').to_string())
        .collect();

    // A suite is a file or a folder.
    let file = |folder: &str, name: &str| match top.join(folder).join(name).is_dir() {
        true => format!("{name}/"),
        false => format!("{name}.rs"),
    };
    let main = include_str!("main.rs").lines();
    let modules = main.filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'));
    let mut suites: BTreeSet<String> = modules
        .map(|name| file("tests/tests/suites", name))
        .collect();
    for entry in fs::read_dir(top.join("tests/tests")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        suites.extend(name.ends_with(".rs").then_some(name));
    }

    let missing: Vec<_> = suites.difference(&named).collect();
    // A part of a suite may have a row of its own.
    let is_part = |name: &&String| {
        let suites = top.join("tests/tests/suites");
        name.contains('/') && suites.join(name).is_file()
    };
    let unknown: Vec<_> = named
        .difference(&suites)
        .filter(|name| !is_part(name))
        .collect();
    assert!(
        missing.is_empty() && unknown.is_empty(),
        "not in the table: {missing:?}; not a suite: {unknown:?}"
    );
}
