//! Golden cases: what p1bridge makes of small files written by hand.
//!
//! A case is a folder below `flatten/` or `wrap/`, named after the behaviour that it pins. Files
//! that it may have:
//!
//! | file | meaning |
//! |---|---|
//! | `component.wat` | flatten: the input |
//! | `guest.wat`, `world.wit` | flatten: a core module that is wrapped first (with that world, where there is one); what comes out is the input |
//! | `module.wat` | wrap: the input; flatten: the expected output |
//! | `world.wit` | wrap: given as `--wit world.wit` |
//! | `NAME.adapter.wat` | wrap, and flatten with a `guest.wat`: given as `--adapt NAME.wasm`, so that it provides the imports from NAME |
//! | `options` | more options for the command, separated by white space |
//! | `component.wat` | wrap: the expected output |
//! | `skeleton.wat` | the expected output without function bodies and data, for outputs with libraries or adapters inside |
//! | `error.txt` | instead of an output: what the command says on stderr when it fails, with exit code 1 and without leaving a file |
//! | `notes.txt` | what the command says on stderr when it succeeds; not compared when it is absent |
//!
//! Files of the input are called `component.wasm`, `module.wasm`, `world.wit` and `NAME.wasm` in
//! messages; offsets are those of the binary that `wat` makes of the text.
//!
//! `BLESS=1 cargo test --release -p p1bridge-tests --test golden` writes what came out. A case
//! keeps the form that it has (`skeleton.wat`, or the full text), new ones get the full text.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use libtest_mimic::{Arguments, Trial};
use p1bridge_tests::child;

fn main() {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    for command in ["flatten", "wrap"] {
        for case in cases(command) {
            let name = format!(
                "{command}/{}",
                case.file_name().unwrap_or_default().display()
            );
            trials.push(Trial::test(name, move || {
                check(command, &case).map_err(|e| format!("{e:#}").into())
            }));
        }
    }
    libtest_mimic::run(&arguments, trials).exit();
}

fn cases(command: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(command);
    let entries = fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut cases: Vec<_> = entries
        .map(|entry| entry.expect("a folder").path())
        .collect();
    cases.sort();
    cases
}

fn check(command: &str, case: &Path) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let here = folder.path();
    let has = |name: &str| case.join(name).is_file();
    let mut wrap_options = Vec::new();
    if has("world.wit") {
        fs::copy(case.join("world.wit"), here.join("world.wit"))?;
        wrap_options.extend(["--wit".to_owned(), "world.wit".to_owned()]);
    }
    for entry in fs::read_dir(case)? {
        let file = entry?
            .file_name()
            .into_string()
            .ok()
            .context("a file name of text")?;
        if let Some(name) = file.strip_suffix(".adapter.wat") {
            let adapter = format!("{name}.wasm");
            assemble(case, &file, &here.join(&adapter))?;
            wrap_options.extend(["--adapt".to_owned(), adapter]);
        }
    }
    let options: Vec<String> = match fs::read_to_string(case.join("options")) {
        Ok(text) => text.split_whitespace().map(str::to_owned).collect(),
        Err(_) => Vec::new(),
    };
    let ended = if command == "wrap" {
        assemble(case, "module.wat", &here.join("module.wasm"))?;
        let options = [wrap_options, options].concat();
        p1bridge(here, &["wrap", "module.wasm", "-o", "out.wasm"], &options)?
    } else {
        if has("guest.wat") {
            assemble(case, "guest.wat", &here.join("guest.wasm"))?;
            let wrap = ["wrap", "guest.wasm", "-o", "component.wasm"];
            let wrapped = p1bridge(here, &wrap, &wrap_options)?;
            ensure!(wrapped.code == 0, "cannot wrap guest.wat: {}", wrapped.said);
        } else {
            assemble(case, "component.wat", &here.join("component.wasm"))?;
        }
        p1bridge(
            here,
            &["flatten", "component.wasm", "-o", "out.wasm", "--verify"],
            &options,
        )?
    };

    let output = here.join("out.wasm");
    if ended.code != 0 {
        ensure!(ended.code == 1, "exit code {}: {}", ended.code, ended.said);
        ensure!(!output.exists(), "failed, and left a file: {}", ended.said);
        return compare(case, "error.txt", &ended.said);
    }
    let wasm = fs::read(&output)?;
    let whole = match command {
        "wrap" => "component.wat",
        _ => "module.wat",
    };
    let skeleton = has("skeleton.wat");
    let (wasm, mut text) = match command {
        "wrap" => (wasm, String::new()),
        _ => without_world(wasm)?,
    };
    wasmprinter::Config::new()
        .print_skeleton(skeleton)
        .print(&wasm, &mut wasmprinter::PrintFmtWrite(&mut text))?;
    if has("notes.txt") {
        compare(case, "notes.txt", &ended.said)?;
    }
    compare(case, if skeleton { "skeleton.wat" } else { whole }, &text)
}

/// Takes the world out of a module, which is binary, and gives it as comments.
fn without_world(wasm: Vec<u8>) -> Result<(Vec<u8>, String)> {
    let (rest, bindings) = wit_component::metadata::decode(&wasm)?;
    let Some(rest) = rest else {
        return Ok((wasm, String::new()));
    };
    let resolve = &bindings.resolve;
    let package = resolve.worlds[bindings.world].package;
    let mut printer = wit_component::WitPrinter::default();
    printer.print(resolve, package.context("the package of a world")?, &[])?;
    let text = printer.output.to_string();
    let lines = text.lines().filter(|line| !line.is_empty());
    Ok((rest, lines.map(|line| format!(";; {line}\n")).collect()))
}

/// Parses a text file of the case. Text that does not validate is fine: refusing it is what the
/// case may be about.
fn assemble(case: &Path, name: &str, to: &Path) -> Result<()> {
    let wasm = wat::parse_file(case.join(name))?;
    fs::write(to, wasm)?;
    Ok(())
}

struct Ended {
    code: i32,
    said: String,
}

fn p1bridge(here: &Path, arguments: &[&str], options: &[String]) -> Result<Ended> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_p1bridge-tests"));
    command.arg("p1bridge").args(arguments).args(options);
    command.current_dir(here);
    let ended = child::run(&mut command, &[], Duration::from_secs(60))?;
    Ok(Ended {
        code: ended
            .status
            .code()
            .context("the command was killed by a signal")?,
        said: String::from_utf8(ended.stderr)?,
    })
}

/// The files that say what comes out; a case has one, and perhaps `notes.txt`.
const EXPECTED: [&str; 4] = ["module.wat", "component.wat", "skeleton.wat", "error.txt"];

fn compare(case: &Path, name: &str, found: &str) -> Result<()> {
    let path = case.join(name);
    if std::env::var_os("BLESS").is_some_and(|value| value == "1") {
        if name != "notes.txt" {
            remove_other_expectations(case, name)?;
        }
        return Ok(fs::write(path, found)?);
    }
    let Ok(expected) = fs::read_to_string(&path) else {
        bail!("there is no {name}, and this came out:\n{found}");
    };
    if expected == found {
        return Ok(());
    }
    let line = expected
        .lines()
        .zip(found.lines())
        .position(|(e, f)| e != f);
    let line = line.unwrap_or(expected.lines().count().min(found.lines().count()));
    let part = |text: &str| -> String {
        text.lines()
            .skip(line.saturating_sub(3))
            .take(12)
            .map(|l| format!("    {l}\n"))
            .collect()
    };
    bail!(
        "{name} differs from line {} on; expected\n{}found\n{}BLESS=1 writes it anew",
        line + 1,
        part(&expected),
        part(found)
    )
}

/// When a case changes from failing to succeeding or back, the old file must not stay.
fn remove_other_expectations(case: &Path, name: &str) -> Result<()> {
    let of_wrap = case
        .parent()
        .and_then(Path::file_name)
        .is_some_and(|folder| folder == "wrap");
    let input = if of_wrap {
        "module.wat"
    } else {
        "component.wat"
    };
    for other in EXPECTED
        .into_iter()
        .filter(|other| *other != name && *other != input)
    {
        if case.join(other).exists() {
            fs::remove_file(case.join(other))?;
        }
    }
    Ok(())
}
