//! WASI 0.2 and 0.3 function by function: the guests `checks-p2-rust` and `checks-p3-rust` print a line for
//! each check, as components on wasmtime and flattened on every engine, and the lines have to be the same.
//!
//! `wasi_checks.toml` and `wasi_checks_0_3.toml` have the runs, and every line that is another one on an engine,
//! with the reason. An entry that is not needed any more fails.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Context, Result};
use p1bridge::flatten::{Allow, FlattenOptions, Growth, flatten, wasi_table};
use p1bridge::profiles::Profile;
use p1bridge_tests::{Engine, Exit, Outcome, RunSpec, engines, manifest};
use serde::Deserialize;
use wit_component::{ComponentEncoder, StringEncoding, dummy_module, embed_component_metadata};
use wit_parser::{LiftLowerAbi, ManglingAndAbi, Resolve};

/// The runs of one version, and its guest.
struct Version {
    name: &'static str,
    suite: &'static str,
    guest: &'static [u8],
}

static OF_0_2: Version = Version {
    name: "0.2",
    suite: include_str!("wasi_checks.toml"),
    guest: include_bytes!("../../../corpus/prebuilt/checks-p2-rust.wasm"),
};
static OF_0_3: Version = Version {
    name: "0.3",
    suite: include_str!("wasi_checks_0_3.toml"),
    guest: include_bytes!("../../../corpus/prebuilt/checks-p3-rust.wasm"),
};
/// Every function of WASI 0.3.
const FUNCTIONS_OF_0_3: &str = include_str!("../../../linker/src/wasi-0.3.txt");
const TIMEOUT: Duration = Duration::from_secs(60);
/// What stands for all engines but the oracle.
const FLAT: &str = "flat";
/// Stands for a line that is not printed.
const ABSENT: &str = "(absent)";
/// The last line of every run: how it ended.
const ENDED: &str = "(ended)";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Suite {
    run: Vec<Run>,
    differs: Vec<Differs>,
    #[serde(default)]
    elsewhere: Vec<Elsewhere>,
}

/// Functions that the guest does not call, with the test that does.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Elsewhere {
    /// How their names begin, without `wasi:` and the version.
    functions: Vec<String>,
    /// A file of the repository, and words that are in it: `{}` is the name of the function, as in Rust.
    file: PathBuf,
    has: String,
    why: String,
}

/// One run of the guest.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Run {
    name: String,
    args: Vec<String>,
    #[serde(default)]
    env: BTreeMap<String, String>,
    #[serde(default)]
    stdin: String,
    /// Whether a fresh directory is preopened.
    #[serde(default)]
    dir: bool,
    /// This directory of the host is preopened instead.
    host_dir: Option<PathBuf>,
    /// So many directories below the fresh one are preopened instead of it, `d00` and so on.
    #[serde(default)]
    preopens: u32,
    /// See [`RunSpec::shell`].
    shell: Option<String>,
    #[serde(default)]
    signals: bool,
    raw_argument: Option<Vec<u8>>,
    max_handles: Option<u32>,
    max_poll: Option<u32>,
    /// A command for `sh` that has to succeed where the run can be arranged at all.
    needs: Option<String>,
    /// Engines that cannot be put into this situation, with the reason.
    #[serde(default)]
    not_on: BTreeMap<String, String>,
}

/// Lines of one run that come out differently, for one reason.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Differs {
    run: String,
    /// Engines, or `flat`.
    on: Vec<String>,
    why: String,
    lines: BTreeMap<String, String>,
}

impl Differs {
    fn concerns(&self, run: &Run, engine: &str) -> bool {
        self.run == run.name && self.on.iter().any(|on| on == engine || on == FLAT)
    }
}

/// The name of a check, and what it saw.
type Line = (String, String);
type Lines = Vec<Line>;

impl Version {
    fn suite(&self) -> &'static Suite {
        static READ: OnceLock<[Suite; 2]> = OnceLock::new();
        let read = |version: &Version| toml::from_str(version.suite).expect("a suite");
        let [of_0_2, of_0_3] = READ.get_or_init(|| [&OF_0_2, &OF_0_3].map(read));
        if self.name == OF_0_2.name {
            of_0_2
        } else {
            of_0_3
        }
    }

    /// What the oracle prints in each run; nothing for one that cannot be arranged here.
    fn oracle(&self) -> &'static [Option<Lines>] {
        static LINES: [OnceLock<Vec<Option<Lines>>>; 2] = [const { OnceLock::new() }; 2];
        LINES[usize::from(self.name != OF_0_2.name)].get_or_init(|| {
            let run = |run: &Run| match run.can_be_arranged() {
                true => Some(run.lines(&*engines::oracle(), self.guest)),
                false => None,
            };
            let lines = self.suite().run.iter().map(run);
            lines
                .map(|lines| lines.transpose().unwrap_or_else(|e| panic!("{e:#}")))
                .collect()
        })
    }

    /// The names of all checks.
    fn names(&self) -> BTreeSet<&'static str> {
        let lines = self.oracle().iter().flatten().flatten();
        lines.map(|(name, _)| name.as_str()).collect()
    }
}

impl Run {
    fn can_be_arranged(&self) -> bool {
        let Some(needs) = &self.needs else {
            return true;
        };
        let tried = Command::new("sh").args(["-c", needs]).output();
        let can = tried.is_ok_and(|output| output.status.success());
        if !can {
            eprintln!("skipped: run `{}` needs `{needs}`", self.name);
        }
        can
    }

    fn lines(&self, engine: &dyn Engine, wasm: &[u8]) -> Result<Lines> {
        let folder = tempfile::tempdir()?;
        let mut spec = RunSpec {
            env: self.env.clone().into_iter().collect(),
            stdin: self.stdin.clone().into_bytes(),
            timeout: TIMEOUT,
            shell: self.shell.clone(),
            signals: self.signals,
            raw_argument: self.raw_argument.clone(),
            ..RunSpec::default()
        };
        spec.argv.extend(self.args.iter().cloned());
        if self.dir {
            spec.dir = Some(folder.path().to_path_buf());
        }
        if let Some(dir) = &self.host_dir {
            spec.dir = Some(dir.clone());
        }
        for number in 0..self.preopens {
            let name = format!("d{number:02}");
            let host = folder.path().join(&name);
            std::fs::create_dir(&host)?;
            spec.preopens.push((host, name));
        }
        let outcome = engine
            .run(wasm, &spec)
            .with_context(|| format!("run `{}` on {}", self.name, engine.name()))?;
        Ok(lines_of(&outcome))
    }

    /// How the lines of a flattened run are not what they should be.
    fn wrong(&self, suite: &Suite, engine: &str, oracle: &[Line], found: &[Line]) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut expected = oracle.to_vec();
        for differs in suite.differs.iter().filter(|d| d.concerns(self, engine)) {
            for (name, value) in &differs.lines {
                let Some(line) = expected.iter_mut().find(|(known, _)| known == name) else {
                    // One that only this engine prints, before it says how it ended.
                    expected.insert(expected.len() - 1, (name.clone(), value.clone()));
                    continue;
                };
                if line.1 == *value {
                    wrong.push(format!(
                        "differs: {name:?} is as on the oracle: take it out"
                    ));
                }
                line.1.clone_from(value);
            }
        }
        expected.retain(|(_, value)| value != ABSENT);
        let known: BTreeMap<&str, &str> = pairs(found);
        for (name, value) in &expected {
            match known.get(name.as_str()) {
                Some(found) if same(name, value, found) => {}
                Some(found) => wrong.push(format!("{name:?} = {found:?} # expected {value:?}")),
                None => wrong.push(format!("{name:?} = {ABSENT:?} # expected {value:?}")),
            }
        }
        let wanted = pairs(&expected);
        for (name, value) in found {
            if !wanted.contains_key(name.as_str()) {
                wrong.push(format!("{name:?} = {value:?} # expected no such line"));
            }
        }
        if wrong.is_empty() && !expected.iter().map(|l| &l.0).eq(found.iter().map(|l| &l.0)) {
            wrong.push("the lines come in another order".to_owned());
        }
        wrong
    }
}

fn pairs(lines: &[Line]) -> BTreeMap<&str, &str> {
    lines
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect()
}

/// Not every engine passes the code on.
fn same(name: &str, expected: &str, found: &str) -> bool {
    expected == found || name == ENDED && found == "somehow" && expected.starts_with("exit")
}

fn lines_of(outcome: &Outcome) -> Lines {
    let mut lines = Lines::new();
    for bytes in [&outcome.stdout, &outcome.stderr] {
        let text = String::from_utf8_lossy(bytes);
        for line in text.lines() {
            let (name, value) = line.split_once(": ").unwrap_or((line, ""));
            let mut name = name.to_owned();
            // What a guest prints between two checks may repeat itself.
            while lines.iter().any(|(known, _)| *known == name) {
                name.push('\'');
            }
            lines.push((name, value.to_owned()));
        }
    }
    let ended = match &outcome.exit {
        Exit::Code(code) => format!("exit {code}"),
        Exit::Trap(_) => "trap".to_owned(),
        Exit::Unknown => "somehow".to_owned(),
    };
    lines.push((ENDED.to_owned(), ended));
    lines
}

fn check(version: &Version, engine: &dyn Engine, growth: Growth) {
    if let Err(why) = engine.available() {
        let required = std::env::var("P1BRIDGE_REQUIRE_ENGINES").unwrap_or_default();
        let required = required
            .split(',')
            .any(|name| engines::is_called(engine, name.trim()));
        assert!(!required, "{} is required: {why}", engine.name());
        eprintln!("skipped: {why}");
        return;
    }
    let mut flat: BTreeMap<[Option<u32>; 2], Vec<u8>> = BTreeMap::new();
    let mut wrong = Vec::new();
    let suite = version.suite();
    for (run, oracle) in suite.run.iter().zip(version.oracle()) {
        let Some(oracle) = oracle else { continue };
        if run.not_on.contains_key(engine.name()) {
            continue;
        }
        let wasm = flat
            .entry([run.max_handles, run.max_poll])
            .or_insert_with(|| {
                let options = FlattenOptions {
                    profile: Profile::named(engine.name()).unwrap_or_default(),
                    max_handles: run.max_handles,
                    max_poll: run.max_poll,
                    growth,
                    ..FlattenOptions::default()
                };
                let flat = flatten(version.guest, &options);
                flat.expect("it can be flattened").wasm
            });
        let differs = || match run.lines(engine, wasm) {
            Err(error) => Some(format!("{error:#}")),
            Ok(found) => {
                let lines = run.wrong(suite, engine.name(), oracle, &found);
                (!lines.is_empty())
                    .then(|| format!("run `{}`:\n  {}", run.name, lines.join("\n  ")))
            }
        };
        // A poll "at once" gives a host one millisecond to look at descriptors. On a busy machine
        // node may find that over before it has looked.
        let tries = if engine.name() == "node" { 3 } else { 1 };
        let answers: Vec<_> = (0..tries).map_while(|_| differs()).collect();
        if answers.len() == tries {
            wrong.extend(answers.into_iter().last());
        }
    }
    assert!(
        wrong.is_empty(),
        "on {}:\n{}",
        engine.name(),
        wrong.join("\n")
    );
}

#[test]
fn flattened_guests_print_on_wasmi_what_the_component_prints_on_wasmtime() {
    check(&OF_0_2, &engines::Wasmi, Growth::Free);
}

#[test]
fn in_a_memory_that_never_grows_they_print_the_same() {
    check(&OF_0_2, &engines::Wasmi, Growth::None);
}

#[test]
fn flattened_guests_print_on_wamr_what_the_component_prints_on_wasmtime() {
    check(&OF_0_2, &engines::Wamr, Growth::Free);
}

#[test]
fn flattened_guests_print_on_node_what_the_component_prints_on_wasmtime() {
    check(&OF_0_2, &engines::Node::new(), Growth::Free);
}

#[test]
fn flattened_guests_of_0_3_print_on_wasmi_what_the_component_prints_on_wasmtime() {
    check(&OF_0_3, &engines::Wasmi, Growth::Free);
}

#[test]
fn flattened_guests_of_0_3_print_on_wamr_what_the_component_prints_on_wasmtime() {
    check(&OF_0_3, &engines::Wamr, Growth::Free);
}

#[test]
fn flattened_guests_of_0_3_print_on_node_what_the_component_prints_on_wasmtime() {
    check(&OF_0_3, &engines::Node::new(), Growth::Free);
}

#[test]
fn every_difference_has_a_run_an_engine_and_a_reason() {
    let names: Vec<&str> = engines::all().iter().map(|engine| engine.name()).collect();
    for suite in [OF_0_2.suite(), OF_0_3.suite()] {
        for differs in &suite.differs {
            let run = &differs.run;
            assert!(!differs.why.is_empty(), "run `{run}` does not say why");
            let is_there = suite.run.iter().any(|other| other.name == *run);
            assert!(is_there, "no run `{run}`");
            for on in &differs.on {
                assert!(
                    on == FLAT || names.contains(&on.as_str()),
                    "no engine `{on}`"
                );
            }
        }
    }
}

/// What the lines of a function begin with: that of `wasi:cli/exit@0.3#exit` is `exit.exit`, and methods have that of
/// their resource.
fn label(function: &str) -> String {
    let (interface, name) = function.split_once('#').expect("an interface and a name");
    match name.split_once(']') {
        Some((_, name)) => name.to_owned(),
        None => {
            let (_, interface) = interface.split_once('/').expect("a package");
            format!("{}.{name}", interface.split('@').next().expect("a name"))
        }
    }
}

/// A function of WASI 0.3 without a check is a function that nobody has looked at.
#[test]
fn every_function_of_0_3_has_a_line_or_a_test_elsewhere() {
    let names = OF_0_3.names();
    let elsewhere = &OF_0_3.suite().elsewhere;
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let texts: Vec<String> = elsewhere
        .iter()
        .map(|other| std::fs::read_to_string(root.join(&other.file)).expect("a file"))
        .collect();
    let mut missing = Vec::new();
    for function in FUNCTIONS_OF_0_3.lines() {
        let function = function.split(' ').next().expect("a name");
        let label = label(function);
        let has_line = names
            .iter()
            .any(|name| name.split([' ', ',']).next() == Some(label.as_str()));
        let short = function.replacen("wasi:", "", 1).replacen("@0.3", "", 1);
        let name = label.rsplit('.').next().expect("a name");
        let name = name.replace('-', "_");
        let is_elsewhere = elsewhere.iter().zip(&texts).any(|(other, text)| {
            assert!(!other.why.is_empty());
            other
                .functions
                .iter()
                .any(|f| short.starts_with(f.as_str()))
                && text.contains(&other.has.replace("{}", &name))
        });
        if has_line == is_elsewhere {
            missing.push(format!(
                "{function} (line: {has_line}, elsewhere: {is_elsewhere})"
            ));
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

/// A component that calls all functions of some interfaces of WASI 0.3, by way of a table.
fn caller(interfaces: &[&str]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let wit = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../wit/wasi-0.3");
    std::os::unix::fs::symlink(wit.canonicalize().unwrap(), folder.path().join("deps")).unwrap();
    let imports: String = interfaces
        .iter()
        .map(|it| format!("import {it};"))
        .collect();
    let world = format!("package p1bridge:test; world all {{ {imports} export run: func(); }}");
    std::fs::write(folder.path().join("world.wit"), world).unwrap();
    let mut wit = Resolve::default();
    let (package, _) = wit.push_path(folder.path()).unwrap();
    let world = wit.select_world(&[package], Some("all")).unwrap();
    let names = ManglingAndAbi::Legacy(LiftLowerAbi::Sync);
    let text = wasmprinter::print_bytes(dummy_module(&wit, world, names)).unwrap();
    let text = text.replace("unreachable", "i32.const 0 call_indirect unreachable");
    let functions = text.matches("(import ").count();
    let (head, tail) = text.rsplit_once(')').unwrap();
    let all: Vec<String> = (0..functions).map(|index| index.to_string()).collect();
    let table = format!(
        "(table (export \"all\") {functions} funcref) (elem (i32.const 0) func {})){tail}",
        all.join(" ")
    );
    let mut module = wat::parse_str(format!("{head}{table}")).unwrap();
    embed_component_metadata(&mut module, &wit, world, StringEncoding::UTF8, true).unwrap();
    let mut encoder = ComponentEncoder::default();
    encoder.module(&module).unwrap().encode().unwrap()
}

#[test]
fn what_preview_1_cannot_do_is_refused_by_name() {
    let refused = flatten(&beyond(), &FlattenOptions::default()).unwrap_err();
    let why = format!("{refused:#}");
    // Those that have the same remedy are told together.
    let mut groups: BTreeMap<(&str, bool), Vec<&str>> = BTreeMap::new();
    for function in FUNCTIONS_OF_0_3.lines() {
        let words: Vec<&str> = function.split(' ').collect();
        let (interface, name) = words[0].split_once('#').unwrap();
        if words[2] == "X" {
            let group = groups.entry((interface, words[3] == "X")).or_default();
            group.push(name);
        }
    }
    for ((interface, _), names) in groups {
        let told = match names[..] {
            [name] => format!("{interface}.0#{name}: "),
            _ => format!("{interface}.0: {} functions (", names.len()),
        };
        assert!(why.contains(&told), "{told} in: {why}");
    }
    for remedy in ["--sockets=wamr", "--allow 'wasi:http/*#*=internal-error'"] {
        assert!(why.contains(remedy), "{remedy} in: {why}");
    }
}

/// All functions of HTTP and sockets of WASI 0.3.
fn beyond() -> Vec<u8> {
    caller(&[
        "wasi:http/types@0.3.0",
        "wasi:http/client@0.3.0",
        "wasi:http/handler@0.3.0",
        "wasi:sockets/types@0.3.0",
        "wasi:sockets/ip-name-lookup@0.3.0",
    ])
}

fn allowing(allow: &[&str]) -> FlattenOptions {
    let parse = |text: &&str| Allow::parse(text).unwrap();
    FlattenOptions {
        allow: allow.iter().map(parse).collect(),
        ..FlattenOptions::default()
    }
}

/// Synchronous and asynchronous functions, with errors that have a payload and without errors.
#[test]
fn what_is_allowed_of_0_3_fails_when_it_is_called() {
    let all = allowing(&["wasi:http/*#*=trap", "wasi:sockets/*#*=not-supported"]);
    let report = flatten(&beyond(), &all)
        .expect("all of it is allowed")
        .report;
    let stubs = report.stubs.len();
    let impossible = FUNCTIONS_OF_0_3
        .lines()
        .filter(|line| line.split(' ').nth(2) == Some("X"));
    assert_eq!(stubs, impossible.count());

    let guest = manifest::corpus().join("prebuilt/sockets-p3-rust.wasm");
    let guest = std::fs::read(guest).unwrap();
    for (code, said) in [
        ("not-supported", "Err(not-supported)\n"),
        ("other", "Err(other(-none))\n"),
    ] {
        let allow = format!("wasi:sockets/types#*={code}");
        let flat = flatten(
            &guest,
            &allowing(&[&allow, "wasi:sockets/ip-name-lookup#*=other"]),
        );
        let flat = flat.expect("it can be flattened").wasm;
        let mut spec = RunSpec::default();
        spec.argv.extend(["refused", "1"].map(String::from));
        let outcome = engines::Wasmi.run(&flat, &spec).unwrap();
        assert_eq!(String::from_utf8_lossy(&outcome.stdout), said);
    }
}

#[test]
fn approximations_of_0_3_can_be_denied() {
    let deny = FlattenOptions {
        deny_approximations: true,
        ..FlattenOptions::default()
    };
    let why = format!("{:#}", flatten(OF_0_3.guest, &deny).unwrap_err());
    for line in FUNCTIONS_OF_0_3.lines() {
        let words: Vec<&str> = line.splitn(5, ' ').collect();
        // The guest has no HTTP: see `http_0_3.rs`.
        if words[2] == "A" && !words[0].starts_with("wasi:http") {
            assert!(why.contains(words[4]), "{} in: {why}", words[4]);
        }
    }
}

#[test]
fn inspect_tells_the_classes_of_0_3() {
    for (options, column) in [(allowing(&[]), 2), (with_sockets(), 3)] {
        let rows = wasi_table(&beyond(), &options).unwrap();
        for line in FUNCTIONS_OF_0_3.lines() {
            let words: Vec<&str> = line.split(' ').collect();
            let name = words[0].replace("@0.3#", "@0.3.0#");
            let is_imported = name.starts_with("wasi:http") || name.starts_with("wasi:sockets");
            let row = rows.iter().find(|row| row.function == name);
            let class = row.and_then(|row| row.class).map(String::from);
            let wanted = is_imported.then(|| words[column].to_owned());
            assert_eq!(class, wanted, "{name}");
        }
    }
}

fn with_sockets() -> FlattenOptions {
    FlattenOptions {
        sockets: Some(true),
        ..FlattenOptions::default()
    }
}

/// The numbered scenarios that a guest can show; number 19 is about linking.
#[test]
fn all_scenarios_and_enough_checks_are_there() {
    let names: BTreeSet<&str> = OF_0_2
        .names()
        .into_iter()
        .filter(|name| !name.starts_with('(') && !name.starts_with('='))
        .collect();
    println!("{} checks", names.len());
    assert!(names.len() >= 170, "{} checks", names.len());
    for scenario in (1..=20).filter(|n| *n != 19) {
        let prefix = format!("s{scenario:02}-");
        assert!(
            names.iter().any(|name| name.starts_with(&prefix)),
            "scenario {scenario}"
        );
    }
}

/// A wait is one question to the host, not a loop of them.
#[test]
fn waiting_does_not_spin() {
    use p1bridge::run::{Input, Output, RunOptions, run};
    let flat = flatten(OF_0_2.guest, &FlattenOptions::default()).expect("it can be flattened");
    let options = RunOptions {
        args: vec!["program".into(), "clocks".into()],
        stdin: Input::Bytes(Vec::new()),
        stdout: Output::Capture,
        ..RunOptions::default()
    };
    let outcome = run(&flat.wasm, &options).expect("it runs");
    let text = String::from_utf8_lossy(&outcome.stdout).into_owned();
    assert!(text.ends_with("end: reached\n"), "{text}");
    let polls = outcome.stats.host_calls.iter();
    let polls: u64 = polls
        .filter(|(name, _)| name == "poll_oneoff")
        .map(|(_, n)| n)
        .sum();
    assert!((1..50).contains(&polls), "{polls} calls of poll_oneoff");
}
