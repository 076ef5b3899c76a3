//! What the pages show happens: every console example of the README and of `docs/` is run.
//!
//! An example is a block that is marked `console`: lines that begin with `$ ` are commands, and what
//! follows each is what it prints, on standard output and standard error. A line `...` stands for
//! any lines, `[..]` for anything within one. The commands of a page run one after the other in a
//! folder of its own, by a shell, and find there
//!
//! - the corpus, as `corpus/prebuilt/` and once more without that folder,
//! - `iwasm`, a program with the WAMR of 2020 inside, stripped,
//! - the firmware of the corpus, as `firmware/`,
//! - what is in `tests/pages/`: text of WebAssembly (`NAME.wat`) as `NAME.wasm`, all else as it is.
//!
//! A command ends with code 0, or with another one where what it prints begins with `error:` or
//! `does not fit`. A block marked `console,ignore` is not run: it needs what is not here. A command that begins with the name
//! of QEMU is skipped without it.
//!
//! `BLESS=1 cargo test --release -p p1bridge-tests --test pages` writes what came out, but for
//! what `...` and `[..]` stand for.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use libtest_mimic::{Arguments, Trial};
use p1bridge_tests::child;
use snapbox::Data;
use snapbox::filter::NormalizeToExpected;

/// Where pages are, below the top.
const FOLDERS: [&str; 5] = [".", "docs", "adapters", "corpus", "tests"];

fn main() {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    for folder in FOLDERS {
        let mut pages: Vec<_> = fs::read_dir(top().join(folder))
            .expect("a folder")
            .map(|entry| entry.expect("an entry").path())
            .filter(|path| path.extension().is_some_and(|ending| ending == "md"))
            .collect();
        pages.sort();
        for page in pages {
            let text = fs::read_to_string(&page).expect("text");
            if text.lines().any(|line| line == FENCE) {
                let name = page.strip_prefix(top()).expect("below the top");
                let name = name.display().to_string();
                trials.push(Trial::test(name, move || {
                    check(&page, &text).map_err(|e| format!("{e:#}").into())
                }));
            }
        }
    }
    libtest_mimic::run(&arguments, trials).exit();
}

const FENCE: &str = "```console";

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn check(page: &Path, text: &str) -> Result<()> {
    let place = Place::new()?;
    let mut found = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        found += line;
        found.push('\n');
        if line == FENCE {
            let block: Vec<_> = lines.by_ref().take_while(|line| *line != "```").collect();
            for example in examples(&block)? {
                found += &match is_skipped(&example.command) {
                    true => format!("{}{}", example.shown, example.prints),
                    false => place.run(&example)?,
                };
            }
            found += "```\n";
        }
    }
    if found == text {
        return Ok(());
    }
    if std::env::var_os("BLESS").is_some_and(|value| value == "1") {
        return Ok(fs::write(page, found)?);
    }
    let mut difference = String::new();
    let [expected, found] = [text, &found].map(|text| Data::text(text.to_owned()));
    snapbox::report::write_diff(
        &mut difference,
        &expected,
        &found,
        Some(&"the page"),
        Some(&"what came out"),
        snapbox::report::Palette::plain(),
    )?;
    bail!("{difference}\nBLESS=1 writes it anew")
}

/// Whether a command needs a machine that is not here; says so.
fn is_skipped(command: &str) -> bool {
    const MACHINE: &str = "qemu-system-arm";
    if !command.starts_with(MACHINE) || Command::new(MACHINE).arg("--version").output().is_ok() {
        return false;
    }
    let required = std::env::var("P1BRIDGE_REQUIRE_ENGINES").unwrap_or_default();
    assert!(!required.contains("qemu"), "there is no {MACHINE}");
    eprintln!("skipped: there is no {MACHINE}");
    true
}

/// A command, and what it is shown to print.
struct Example {
    /// The lines of the command as they are on the page, each with its end.
    shown: String,
    command: String,
    prints: String,
}

fn examples(block: &[&str]) -> Result<Vec<Example>> {
    let mut examples: Vec<Example> = Vec::new();
    let mut goes_on = false;
    for line in block {
        if goes_on {
            let last = examples.last_mut().expect("there is one");
            last.shown += &format!("{line}\n");
            last.command += &format!("\n{line}");
            goes_on = line.ends_with('\\');
        } else if let Some(command) = line.strip_prefix("$ ") {
            examples.push(Example {
                shown: format!("{line}\n"),
                command: command.to_owned(),
                prints: String::new(),
            });
            goes_on = command.ends_with('\\');
        } else {
            let last = examples.last_mut();
            let last = last.with_context(|| format!("{line:?} comes before any command"))?;
            last.prints += &format!("{line}\n");
        }
    }
    Ok(examples)
}

/// A folder with all that the commands of a page need.
struct Place {
    folder: tempfile::TempDir,
    /// Programs of the examples.
    programs: tempfile::TempDir,
}

impl Place {
    fn new() -> Result<Place> {
        let place = Place {
            folder: tempfile::tempdir()?,
            programs: tempfile::tempdir()?,
        };
        let here = place.folder.path();
        fs::create_dir_all(here.join("corpus/prebuilt"))?;
        for entry in fs::read_dir(top().join("corpus/prebuilt"))? {
            let entry = entry?;
            fs::copy(entry.path(), here.join(entry.file_name()))?;
            fs::copy(
                entry.path(),
                here.join("corpus/prebuilt").join(entry.file_name()),
            )?;
        }
        for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("pages"))? {
            let path = entry?.path();
            let to = here.join(path.file_name().context("a name")?);
            if path.extension().is_some_and(|ending| ending == "wat") {
                // Text that does not validate is fine: refusing it is what the example may be about.
                fs::write(to.with_extension("wasm"), wat::parse_file(&path)?)?;
            } else {
                fs::copy(&path, to)?;
            }
        }
        for entry in fs::read_dir(top().join("corpus/firmware/prebuilt"))? {
            let from = entry?.path();
            if from.is_dir() {
                let to = here
                    .join("firmware")
                    .join(from.file_name().context("a name")?);
                fs::create_dir_all(&to)?;
                for image in fs::read_dir(&from)? {
                    let image = image?;
                    fs::copy(image.path(), to.join(image.file_name()))?;
                }
            }
        }
        let tests = env!("CARGO_BIN_EXE_p1bridge-tests");
        place.program("p1bridge", &format!("exec {tests:?} p1bridge \"$@\""))?;
        // What is built already is not built once more, in a folder without sources.
        place.program(
            "cargo",
            &format!(
                "case \"$*\" in\n\
                 'run --release -p p1bridge-tests -- '*) shift 5; exec {tests:?} \"$@\" ;;\n\
                 'run --release -- '*) shift 3; exec {tests:?} p1bridge \"$@\" ;;\n\
                 *) echo \"not known here: cargo $*\"; exit 101 ;;\n\
                 esac"
            ),
        )?;
        if let Some(embedder) = option_env!("WAMR_2020_EMBEDDER") {
            let to = here.join("iwasm");
            let strip = Command::new("strip")
                .arg("-o")
                .arg(to)
                .arg(embedder)
                .status()?;
            ensure!(strip.success(), "strip ended with {strip}");
        }
        Ok(place)
    }

    fn program(&self, name: &str, script: &str) -> Result<()> {
        let path = self.programs.path().join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n"))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
        Ok(())
    }

    /// The lines of the example as they ought to be.
    fn run(&self, example: &Example) -> Result<String> {
        let mut path = self.programs.path().as_os_str().to_owned();
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        let mut shell = Command::new("sh");
        shell
            .args(["-c", "exec 2>&1; eval \"$0\"", &example.command])
            .current_dir(self.folder.path())
            .env("PATH", path)
            .env("HOME", self.folder.path())
            .env_remove("P1BRIDGE_REQUIRE_ENGINES");
        let ended = child::run(&mut shell, &[], Duration::from_secs(300))
            .with_context(|| example.command.clone())?;
        let printed = String::from_utf8(ended.stdout)
            .with_context(|| format!("{}: not text", example.command))?;
        let fails = printed
            .lines()
            .any(|line| line.starts_with("error:") || line.starts_with("does not fit"));
        // What is asked about it afterwards ends well.
        let asked = example.command.contains("$?");
        ensure!(
            ended.status.success() != (fails && !asked),
            "{}: ended with {}, and printed\n{printed}",
            example.command,
            ended.status
        );
        let prints = NormalizeToExpected::new()
            .redact()
            .normalize(printed.into(), &Data::text(example.prints.clone()))
            .render()
            .context("text")?;
        Ok(format!("{}{prints}", example.shown))
    }
}
