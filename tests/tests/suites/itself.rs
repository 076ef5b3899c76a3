//! p1bridge as WebAssembly: the module that `bridge/plugins/wasm/build.sh` makes, which `P1BRIDGE_WASM` names, does what the
//! command does, on every engine, as a component, and flattened again. It is what made it.
//!
//! `npm.rs` has the whole corpus; here every run starts an engine.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use p1bridge::flatten::{FlattenOptions, flatten};
use p1bridge::lower::lower;
use p1bridge::profiles::named;
use p1bridge::run::RunOptions;
use p1bridge::sniff::{Binary, sniff};
use p1bridge::wrap::{WrapOptions, wrap};
use p1bridge_tests::engines::process::this_binary;
use p1bridge_tests::manifest::{corpus, show};
use p1bridge_tests::{Engine, Exit, Outcome, RunSpec, captured, child, engines, link, snapshot};

/// Long enough for WAMR.
const TIMEOUT: Duration = Duration::from_secs(600);

/// Bytes of stack on WAMR, which has all frames of the interpreter there.
const STACK: u32 = 1 << 20;

/// Its interpreter looks for the ends of blocks again and again in large functions, so that it does only the first lines. They take ten
/// seconds each, others minutes. `P1BRIDGE_WAMR_LINES` is another number of them.
const WAMR_LINES: usize = 3;

/// Command lines that read and write all kinds of files, and what they read of the corpus. In every folder, there are a file `old` and
/// a link `link` to it: an output is written whole or not at all, and a link stays one.
const LINES: [(&[&str], &[&str]); 9] = [
    (
        &[
            "flatten",
            "tiny-p2-c.wasm",
            "-o",
            "link",
            "--report",
            "report.json",
        ],
        &["tiny-p2-c.wasm"],
    ),
    (&["flatten", "hello-c.wasm", "-o", "old"], &["hello-c.wasm"]),
    (
        &[
            "flatten",
            "tiny-p2-c.wasm",
            "-o",
            "old",
            "--report",
            "missing/report.json",
        ],
        &["tiny-p2-c.wasm"],
    ),
    (
        &[
            "flatten",
            "--profile=wamr-2020",
            "hello-p2-rust.wasm",
            "-o",
            "flat.wasm",
        ],
        &["hello-p2-rust.wasm"],
    ),
    (&["wrap", "hello-c.wasm"], &["hello-c.wasm"]),
    (
        &["lower", "--profile=mvp", "hello-rust.wasm", "-o", "old"],
        &["hello-rust.wasm"],
    ),
    (
        &["check", "--profile=wamr-2020", "hello-c.wasm", "--json"],
        &["hello-c.wasm"],
    ),
    (
        &["link", "user-c.wasm", "maker-p2-rust.wasm"],
        &["user-c.wasm", "maker-p2-rust.wasm"],
    ),
    (
        &[
            "flatten",
            "tiny-p2-c.wasm",
            "-o",
            "./tiny-p2-c.wasm",
            "--report",
            "tiny-p2-c.wasm",
        ],
        &["tiny-p2-c.wasm"],
    ),
];

/// Where the module is, if somebody has built it.
pub(super) fn path() -> Option<PathBuf> {
    let path = std::env::var_os("P1BRIDGE_WASM").map(PathBuf::from);
    if path.is_none() {
        eprintln!("skipped: P1BRIDGE_WASM does not name p1bridge.wasm");
    }
    path
}

fn module() -> Option<Vec<u8>> {
    path().map(|path| fs::read(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display())))
}

fn folder(files: &[&str]) -> Result<tempfile::TempDir> {
    let folder = tempfile::tempdir()?;
    for file in files {
        fs::copy(
            corpus().join("prebuilt").join(file),
            folder.path().join(file),
        )?;
    }
    fs::write(folder.path().join("old"), "what was there before")?;
    std::os::unix::fs::symlink("old", folder.path().join("link"))?;
    Ok(folder)
}

/// The command as a native program, in `folder`.
pub(super) fn native(args: &[&str], folder: &Path) -> Result<Outcome> {
    let mut command = Command::new(this_binary()?);
    command.arg("p1bridge").args(args).current_dir(folder);
    let ended = child::run(&mut command, &[], TIMEOUT)?;
    Ok(Outcome {
        stdout: ended.stdout,
        stderr: ended.stderr,
        exit: Exit::Code(ended.status.code().context("a signal")?),
        results: Vec::new(),
    })
}

fn spec(args: &[&str], folder: &Path) -> RunSpec {
    RunSpec {
        argv: ["p1bridge"]
            .iter()
            .chain(args)
            .map(|arg| arg.to_string())
            .collect(),
        dir: Some(folder.to_path_buf()),
        timeout: TIMEOUT,
        stack: Some(STACK),
        ..RunSpec::default()
    }
}

/// Runs a command line natively and as `wasm`, and compares what both print and leave.
fn the_same(engine: &dyn Engine, wasm: &[u8], (args, files): (&[&str], &[&str])) -> Result<()> {
    let (here, there) = (folder(files)?, folder(files)?);
    let wanted = native(args, here.path())?;
    let found = engine.run(wasm, &spec(args, there.path()))?;
    let at = || format!("{} on {}", args.join(" "), engine.name());
    let is_component = sniff(wasm)? == Binary::Component;
    // Systems number their errors in their own ways.
    let said = |outcome: &Outcome| {
        let text = show(&outcome.stderr);
        text.split(" (os error ").next().map(str::to_owned)
    };
    // A component only says whether it has failed.
    let exits = match is_component {
        true => [found.exit.clone(), wanted.exit.clone()].map(|exit| match exit {
            Exit::Code(code) => Exit::Code(code.min(1)),
            other => other,
        }),
        false => [found.exit.clone(), wanted.exit.clone()],
    };
    ensure!(
        exits[0] == exits[1] || found.exit == Exit::Unknown,
        "{}: {}: {}",
        at(),
        found.exit,
        show(&found.stderr)
    );
    ensure!(
        said(&found) == said(&wanted),
        "{}: {:?}, not {:?}",
        at(),
        said(&found),
        said(&wanted)
    );
    ensure!(
        found.stdout == wanted.stdout,
        "{}: it prints something else",
        at()
    );
    let (wanted, found) = (snapshot::read(here.path())?, snapshot::read(there.path())?);
    let names = |files: &snapshot::Files| {
        files
            .keys()
            .map(|path| path.display().to_string())
            .collect::<Vec<_>>()
    };
    ensure!(
        names(&found) == names(&wanted),
        "{}: it leaves {:?}",
        at(),
        names(&found)
    );
    ensure!(found == wanted, "{}: other bytes", at());
    Ok(())
}

#[test]
fn it_does_what_the_command_does_on_every_engine() -> Result<()> {
    let Some(wasm) = module() else { return Ok(()) };
    for engine in engines::available() {
        // What is for all runtimes knows nothing of the quirks of the oldest.
        let lowered = lower(&wasm, &named(link::profile_name(&*engine))?)?.wasm;
        let count = match engine.name() {
            "wamr-2020" => std::env::var("P1BRIDGE_WAMR_LINES")
                .map_or(WAMR_LINES, |n| n.parse().expect("a number")),
            _ => LINES.len(),
        };
        for line in LINES.into_iter().take(count) {
            the_same(&*engine, &lowered, line)?;
        }
    }
    Ok(())
}

/// What the module is when it is wrapped, and what that is when it is flattened.
fn wrapped_and_flattened(wasm: &[u8]) -> Result<(Vec<u8>, Vec<u8>)> {
    let component = wrap(wasm, &WrapOptions::default())?.component;
    let flat = flatten(&component, &FlattenOptions::default())?.wasm;
    Ok((component, flat))
}

#[test]
fn it_lowers_wraps_and_flattens_itself() -> Result<()> {
    let Some(path) = path() else { return Ok(()) };
    let mut engines = engines::available().into_iter();
    let Some(engine) = engines.find(|engine| engine.name() == "node") else {
        return Ok(());
    };
    let folder = folder(&[])?;
    let raw = path.with_extension("raw.wasm");
    fs::copy(&raw, folder.path().join("raw.wasm")).with_context(|| raw.display().to_string())?;
    let wasm = fs::read(&path)?;
    let (component, flat) = wrapped_and_flattened(&wasm)?;
    for (line, output, wanted) in [
        (
            "lower --profile=portable raw.wasm -o itself.wasm",
            "itself.wasm",
            &wasm,
        ),
        (
            "wrap itself.wasm -o component.wasm",
            "component.wasm",
            &component,
        ),
        ("flatten component.wasm -o flat.wasm", "flat.wasm", &flat),
    ] {
        let words: Vec<&str> = line.split(' ').collect();
        let outcome = engine.run(&wasm, &spec(&words, folder.path()))?;
        ensure!(
            outcome.exit == Exit::Code(0),
            "{line}: {}",
            show(&outcome.stderr)
        );
        let found = fs::read(folder.path().join(output))?;
        ensure!(
            found == *wanted,
            "{line}: it makes other bytes than the command"
        );
    }
    Ok(())
}

#[test]
fn wrapped_it_is_a_component_that_does_the_same() -> Result<()> {
    let Some(wasm) = module() else { return Ok(()) };
    let (component, _) = wrapped_and_flattened(&wasm)?;
    for line in LINES {
        the_same(&*engines::oracle(), &component, line)?;
    }
    Ok(())
}

#[test]
fn flattened_again_it_is_the_module() -> Result<()> {
    let Some(wasm) = module() else { return Ok(()) };
    // Without exports that only a component needs, and what only they reached.
    let (_, once) = wrapped_and_flattened(&wasm)?;
    let (_, twice) = wrapped_and_flattened(&once)?;
    ensure!(once == twice, "flattened twice, it is another module");
    the_same(&*engines::oracle(), &once, LINES[0])
}

#[test]
fn its_size_and_fuel_stay_below_their_goals() -> Result<()> {
    const BYTES: usize = 8_500_000;
    // Of wasmi, which counts what it translates, too: five times as much as wasmtime. The largest part is the library p2-on-p1,
    // which is read whole.
    const FUEL: u64 = 210_000_000;
    let Some(wasm) = module() else { return Ok(()) };
    ensure!(wasm.len() <= BYTES, "{} bytes", wasm.len());
    let folder = folder(&["tiny-p2-c.wasm"])?;
    let options = RunOptions {
        meter: true,
        ..captured(&["flatten", "-q", "tiny-p2-c.wasm"], folder.path())
    };
    let outcome = p1bridge::run::run(&wasm, &options)?;
    ensure!(
        outcome.exit == p1bridge::run::Exit::Code(0),
        "it does nothing"
    );
    let fuel = outcome.stats.fuel.context("fuel is counted")?;
    ensure!(fuel <= FUEL, "{fuel} of fuel");
    Ok(())
}
