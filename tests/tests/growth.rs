//! How the work grows with the input: instructions are counted, not time, by valgrind where there is one.
//!
//! Each kind of thing that a file can have many of is linked twice, the second time with four times as many of them. What
//! grows in proportion takes at most four times the instructions then; looking at all for each takes up to sixteen.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use p1bridge_linker::{Options, flatten};
use p1bridge_tests::growth::{KINDS, Kind};

/// The file that the child links.
const FILE: &str = "P1BRIDGE_GROWTH_FILE";
/// What four times as much may take: sorted lists and trees take a little more than in proportion.
const MOST: f64 = 4.6;

/// What the child does: nothing where the tests are only run.
#[test]
fn child() {
    let Some(file) = std::env::var_os(FILE) else {
        return;
    };
    let component = std::fs::read(file).expect("the parent has written it");
    let options = Options {
        verify: false,
        ..Options::default()
    };
    flatten(&component, &[], &options).expect("it can be linked");
}

/// The instructions of linking a component; none without valgrind.
fn instructions(name: &str, component: &[u8]) -> Option<f64> {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("growth-{name}.wasm"));
    std::fs::write(&file, component).expect("the folder of the tests can be written");
    let this: PathBuf = std::env::current_exe().expect("a test has a file");
    let ran = Command::new("valgrind")
        .args([
            "--tool=cachegrind",
            "--cache-sim=no",
            "--cachegrind-out-file=/dev/null",
        ])
        .arg(this)
        .args(["--exact", "child", "--test-threads=1"])
        .env(FILE, &file)
        .stdin(Stdio::null())
        .output();
    let Ok(ran) = ran else {
        return None;
    };
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{name}: {said}");
    let line = said
        .lines()
        .find(|line| line.contains("I   refs:") || line.contains("I refs:"));
    let count = line
        .and_then(|line| line.rsplit(' ').next())
        .expect("a count");
    Some(count.replace(',', "").parse().expect("a number"))
}

#[test]
fn work_grows_in_proportion_to_what_a_file_has_many_of() {
    for Kind { name, few, make } in &KINDS {
        let file = name.replace(' ', "-");
        let Some(before) = instructions(&format!("{file}-few"), &make(*few)) else {
            println!("no valgrind: the growth with {name} is not looked at");
            continue;
        };
        let many = instructions(&format!("{file}-many"), &make(4 * few));
        let times = many.expect("as before") / before;
        println!(
            "{name}: {before} instructions for {few}, {times:.2} times as many for four times as many"
        );
        assert!(
            times <= MOST,
            "{name}: {times:.2} times the instructions for 4 times as many"
        );
    }
}
