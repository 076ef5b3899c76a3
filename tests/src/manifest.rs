//! `corpus/manifest.toml`: the guests, how they are run and what they must do. The keys are
//! explained in `corpus/README.md`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

use crate::{Call, Engine, Exit, Outcome, RunSpec, snapshot};

/// The folder `corpus/`.
pub fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus")
}

/// Reads the manifest.
///
/// # Errors
///
/// When it has a key that is not known, or a run that a program could pass without having done
/// anything.
pub fn programs() -> Result<Vec<Program>> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "kebab-case")]
    struct Manifest {
        program: Vec<Program>,
        /// A suite of their own runs these.
        #[serde(rename = "with-sockets")]
        _with_sockets: Vec<Program>,
        #[serde(rename = "embedded")]
        _embedded: Vec<Program>,
        #[serde(rename = "part")]
        _parts: Vec<Program>,
        #[serde(rename = "wsi")]
        _wsi: Vec<Program>,
    }
    let path = corpus().join("manifest.toml");
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let Manifest {
        program: programs, ..
    } = toml::from_str(&text).with_context(|| path.display().to_string())?;
    for program in &programs {
        for run in &program.runs {
            ensure!(
                run.proves_something(),
                "{}, run `{}`: expects nothing that only the guest can have produced",
                program.name,
                run.name
            );
            ensure!(
                run.exit.is_none() || !run.trap,
                "{}, run `{}`: both `exit` and `trap`",
                program.name,
                run.name
            );
        }
        for (way, differences) in &program.differs {
            ensure!(
                differences
                    .all()
                    .iter()
                    .all(|difference| !difference.why.is_empty()),
                "{}: `differs.{way}` does not say why",
                program.name
            );
            for name in differences
                .all()
                .iter()
                .flat_map(|difference| &difference.runs)
            {
                ensure!(
                    program.runs.iter().any(|run| run.name == *name),
                    "{}: `differs.{way}` names a run `{name}` that does not exist",
                    program.name
                );
            }
        }
    }
    Ok(programs)
}

/// What `link` takes: the file of a guest that is a part of programs.
///
/// # Errors
///
/// When there is no such file.
pub fn part(name: &str) -> Result<Vec<u8>> {
    let path = corpus().join("prebuilt").join(format!("{name}.wasm"));
    std::fs::read(&path).with_context(|| path.display().to_string())
}

/// One guest.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Program {
    pub name: String,
    pub kind: Kind,
    wasm: String,
    /// What `build.sh` and readers want to know.
    #[serde(default)]
    pub sources: Vec<String>,
    #[serde(default)]
    pub build: String,
    #[serde(default)]
    pub covers: Vec<String>,
    /// Known differences by engine, or `wrapped` for the wrapped module on wasmtime.
    #[serde(default)]
    differs: BTreeMap<String, Differences>,
    #[serde(rename = "run", default)]
    pub runs: Vec<Run>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    P1Command,
    P1Reactor,
    P2Command,
    P2Reactor,
    P3Command,
    MixedCommand,
}

/// The known differences of one engine.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Differences {
    One(Difference),
    Several(Vec<Difference>),
}

impl Differences {
    fn all(&self) -> &[Difference] {
        match self {
            Differences::One(difference) => std::slice::from_ref(difference),
            Differences::Several(differences) => differences,
        }
    }
}

/// Runs that are known to come out differently, for one reason.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Difference {
    runs: Vec<String>,
    what: Leniency,
    why: String,
}

/// What a known difference is spared from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Leniency {
    /// Everything.
    Skip,
    /// What is printed; how it ends and the files must be right.
    Lenient,
}

/// One way to run a guest, and what it must do.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    pub name: String,
    #[serde(default)]
    args: Vec<String>,
    #[serde(default)]
    env: BTreeMap<String, String>,
    stdin: Option<String>,
    stdin_bytes: Option<usize>,
    dir: Option<String>,
    #[serde(default)]
    calls: Vec<ExpectedCall>,

    exit: Option<i32>,
    #[serde(default)]
    trap: bool,
    stdout: Option<String>,
    #[serde(default)]
    stdout_has: Vec<String>,
    stdout_bytes: Option<usize>,
    stdout_fnv1a64: Option<String>,
    stderr: Option<String>,
    #[serde(default)]
    stderr_has: Vec<String>,
    stderr_bytes: Option<usize>,
    stderr_fnv1a64: Option<String>,
    #[serde(default)]
    files: BTreeMap<String, String>,
    #[serde(default)]
    files_absent: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectedCall {
    export: String,
    #[serde(default)]
    args: Vec<i32>,
    result: Option<i32>,
}

/// What a run left: the outcome, and every file in and around the directory that it was given.
#[derive(Debug)]
pub struct Left {
    pub outcome: Outcome,
    pub files: snapshot::Files,
}

/// The directory of a run is called so inside a folder of its own, in which nothing else may
/// appear.
const GUEST_DIR: &str = "dir";

impl Program {
    /// The prebuilt binary: a core module for `p1-*`, otherwise a component.
    pub fn wasm(&self) -> Result<Vec<u8>> {
        let path = corpus().join(&self.wasm);
        std::fs::read(&path).with_context(|| path.display().to_string())
    }

    /// Whether [`Program::wasm`] is a core module.
    pub fn is_module(&self) -> bool {
        matches!(self.kind, Kind::P1Command | Kind::P1Reactor)
    }

    /// How `run` may differ on an engine, or as `wrapped`.
    pub fn leniency(&self, way: &str, run: &Run) -> Option<Leniency> {
        let differences = self.differs.get(way)?;
        let named = differences
            .all()
            .iter()
            .find(|difference| difference.runs.contains(&run.name))?;
        Some(named.what)
    }

    /// A world, as WIT, that exports the functions that the runs call: modules of reactors
    /// without a world of their own are wrapped with it. `None` for everything else.
    pub fn world(&self) -> Option<String> {
        if self.kind != Kind::P1Reactor {
            return None;
        }
        let functions: BTreeMap<&str, String> = self
            .runs
            .iter()
            .flat_map(|run| &run.calls)
            .map(|call| {
                let params: Vec<_> = (0..call.args.len()).map(|i| format!("a{i}: s32")).collect();
                let result = call.result.map_or("", |_| " -> s32");
                let ty = format!("func({}){result}", params.join(", "));
                (call.export.as_str(), ty)
            })
            .collect();
        let exports: String = functions
            .iter()
            .map(|(name, ty)| format!("  export {name}: {ty};\n"))
            .collect();
        Some(format!(
            "package test:reactor;\nworld reactor {{\n{exports}}}\n"
        ))
    }
}

impl Run {
    /// Runs it by `start`, in fresh directories.
    pub fn execute(
        &self,
        timeout: Duration,
        start: impl FnOnce(&RunSpec) -> Result<Outcome>,
    ) -> Result<Left> {
        let folder = tempfile::tempdir()?;
        let dir = match &self.dir {
            None => None,
            Some(fixture) => {
                let dir = folder.path().join(GUEST_DIR);
                std::fs::create_dir(&dir)?;
                if !fixture.is_empty() {
                    snapshot::copy(&corpus().join(fixture), &dir)?;
                }
                Some(dir)
            }
        };
        let spec = RunSpec {
            argv: std::iter::once("program".to_owned())
                .chain(self.args.iter().cloned())
                .collect(),
            env: self.env.clone().into_iter().collect(),
            stdin: match (&self.stdin, self.stdin_bytes) {
                (Some(_), Some(_)) => bail!("both `stdin` and `stdin_bytes`"),
                (Some(text), None) => text.clone().into_bytes(),
                (None, Some(length)) => (0..length).map(|i| ((i * 31 + 7) % 251) as u8).collect(),
                (None, None) => Vec::new(),
            },
            dir,
            calls: self
                .calls
                .iter()
                .map(|call| Call {
                    export: call.export.clone(),
                    args: call.args.clone(),
                })
                .collect(),
            timeout,
            ..RunSpec::default()
        };
        let outcome = start(&spec)?;
        Ok(Left {
            outcome,
            files: snapshot::read(folder.path())?,
        })
    }

    /// Like [`Run::unmet`] of what it leaves on an engine; one that does not run is one more word.
    pub fn unmet_on(&self, engine: &dyn Engine, wasm: &[u8], timeout: Duration) -> Vec<String> {
        match self.execute(timeout, |spec| engine.run(wasm, spec)) {
            Ok(left) => self.unmet(&left, false),
            Err(error) => vec![format!("{error:#}")],
        }
    }

    /// What of `left` is not as the manifest says, in words; nothing when all is. `zero_or_not`:
    /// only whether the exit code is zero is known.
    pub fn unmet(&self, left: &Left, zero_or_not: bool) -> Vec<String> {
        let Left { outcome, files } = left;
        let mut unmet = Vec::new();
        match (&outcome.exit, self.trap, self.exit) {
            (Exit::Trap(_), true, _) => {}
            (ended, true, _) => unmet.push(format!("{ended} instead of a trap")),
            (Exit::Trap(message), false, _) => unmet.push(format!("trap: {message}")),
            (Exit::Code(code), false, Some(expected)) => {
                let same = if zero_or_not {
                    (*code == 0) == (expected == 0)
                } else {
                    *code == expected
                };
                if !same {
                    unmet.push(format!("exit {code} instead of {expected}"));
                }
            }
            (Exit::Code(_), false, None) | (Exit::Unknown, false, _) => {}
        }
        Expected {
            exact: self.stdout.as_deref(),
            has: &self.stdout_has,
            bytes: self.stdout_bytes,
            fnv1a64: self.stdout_fnv1a64.as_deref(),
        }
        .check("stdout", &outcome.stdout, &mut unmet);
        Expected {
            exact: self.stderr.as_deref(),
            has: &self.stderr_has,
            bytes: self.stderr_bytes,
            fnv1a64: self.stderr_fnv1a64.as_deref(),
        }
        .check("stderr", &outcome.stderr, &mut unmet);
        for (i, call) in self.calls.iter().enumerate() {
            match outcome.results.get(i) {
                None => unmet.push(format!("call {i} of `{}` did not return", call.export)),
                Some(result) if *result != call.result => unmet.push(format!(
                    "call {i} of `{}` gave {result:?} instead of {:?}",
                    call.export, call.result
                )),
                Some(_) => {}
            }
        }
        for (path, expected) in &self.files {
            match files.get(&Path::new(GUEST_DIR).join(path)) {
                Some(snapshot::Entry::File(bytes)) if bytes == expected.as_bytes() => {}
                Some(other) => unmet.push(format!("{path} is {other}, not {expected:?}")),
                None => unmet.push(format!("{path} is not there")),
            }
        }
        for path in &self.files_absent {
            if files.contains_key(&snapshot::normal(&Path::new(GUEST_DIR).join(path))) {
                unmet.push(format!("{path} is there"));
            }
        }
        unmet
    }

    /// Whether something is expected that only the guest can have produced.
    fn proves_something(&self) -> bool {
        let text = |exact: &Option<String>, has: &[String], fnv: &Option<String>| {
            exact.as_deref().is_some_and(|t| !t.is_empty())
                || has.iter().any(|t| !t.is_empty())
                || fnv.is_some()
        };
        text(&self.stdout, &self.stdout_has, &self.stdout_fnv1a64)
            || text(&self.stderr, &self.stderr_has, &self.stderr_fnv1a64)
            || self.calls.iter().any(|call| call.result.is_some())
            || !self.files.is_empty()
    }
}

/// What is expected of one output stream.
struct Expected<'a> {
    exact: Option<&'a str>,
    has: &'a [String],
    bytes: Option<usize>,
    fnv1a64: Option<&'a str>,
}

impl Expected<'_> {
    fn check(&self, name: &str, found: &[u8], unmet: &mut Vec<String>) {
        if let Some(exact) = self.exact
            && exact.as_bytes() != found
        {
            unmet.push(format!("{name} is {} instead of {exact:?}", show(found)));
        }
        for part in self.has {
            if !found
                .windows(part.len())
                .any(|window| window == part.as_bytes())
            {
                unmet.push(format!("{name} does not have {part:?}: {}", show(found)));
            }
        }
        if let Some(bytes) = self.bytes
            && bytes != found.len()
        {
            unmet.push(format!(
                "{name} has {} bytes instead of {bytes}",
                found.len()
            ));
        }
        if let Some(expected) = self.fnv1a64 {
            let hash = format!("{:016x}", fnv1a64(found));
            if hash != expected {
                unmet.push(format!(
                    "the fnv1a64 of {name} is {hash} instead of {expected}"
                ));
            }
        }
    }
}

/// Output as text, cut where it is long.
pub fn show(bytes: &[u8]) -> String {
    const MOST: usize = 1500;
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(MOST)]);
    match bytes.len() {
        ..=MOST => format!("{text:?}"),
        all => format!("{text:?}… ({all} bytes)"),
    }
}

fn fnv1a64(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
