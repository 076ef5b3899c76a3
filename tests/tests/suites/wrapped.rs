//! Programs of Preview 1 as components, made with our own library, against the same programs as modules: on wasmtime, which has
//! Preview 1 itself.
//!
//! | module | what is compared |
//! |---|---|
//! | [`script`], [`steps`] | the guest: it does what a script says |
//! | [`calls`], [`paths`] | each function, with its errors |
//! | [`faults`] | what other adapters get wrong, and where the host is unusual |
//! | [`random`] | long sequences of calls |
//! | [`sockets`] | WAMR's functions for sockets, in components alone |

mod calls;
mod faults;
mod paths;
mod random;
mod script;
mod sockets;
mod steps;

use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::OnceLock;

use p1bridge::wrap::{Wasi, WrapOptions, wrap};
use p1bridge_tests::snapshot::{self, Files};
use p1bridge_tests::{Exit, RunSpec, engines};

use wasmparser::{Validator, WasmFeatures};

use script::{ALL, Arg, Script};

/// What a guest did: the lines of its log, standard output, its end, and the files that it left.
#[derive(Debug, PartialEq)]
struct Did {
    lines: Vec<String>,
    stdout: String,
    exit: String,
    files: Files,
}

/// How guests are run.
#[derive(Clone, Default)]
struct Setting {
    spec: RunSpec,
    /// Whether there is a directory, with [`fill`]ed files.
    has_files: bool,
}

impl Setting {
    fn with_files() -> Setting {
        Setting {
            has_files: true,
            ..Setting::default()
        }
    }
}

/// The files that a guest finds.
fn fill(dir: &Path) {
    std::fs::write(dir.join("ten"), "0123456789").unwrap();
    std::fs::write(dir.join("empty"), "").unwrap();
    std::fs::create_dir(dir.join("sub")).unwrap();
    std::fs::write(dir.join("sub/inner"), "inner").unwrap();
    symlink("ten", dir.join("link")).unwrap();
    symlink("round", dir.join("round")).unwrap();
    symlink("nothing", dir.join("dangling")).unwrap();
    symlink("../outside", dir.join("out")).unwrap();
}

/// Runs a guest once; `log` says what of its outcome is the log.
fn run(guest: &Guest, script: &Script, setting: &Setting) -> Did {
    let folder = tempfile::tempdir().unwrap();
    let mut spec = setting.spec.clone();
    if setting.has_files {
        let dir = folder.path().join("dir");
        std::fs::create_dir(&dir).unwrap();
        fill(&dir);
        spec.dir = Some(dir);
    }
    if guest.reads_script {
        spec.stdin = script.input(&spec.stdin);
    }
    let outcome = engines::oracle().run(&guest.wasm, &spec).unwrap();
    Did {
        lines: script.lines(&outcome.stderr),
        stdout: String::from_utf8_lossy(&outcome.stdout).into_owned(),
        exit: match outcome.exit {
            Exit::Trap(_) => "trap".to_owned(),
            other => other.to_string(),
        },
        files: snapshot::read(folder.path()).unwrap(),
    }
}

/// The component that a module becomes.
fn component(module: &[u8]) -> Vec<u8> {
    wrap(module, &WrapOptions::default()).unwrap().component
}

/// The same on WASI 0.3, of which it needs nothing that is behind a gate.
fn component_of_0_3(module: &[u8]) -> Vec<u8> {
    let options = WrapOptions {
        wasi: Wasi::V0_3,
        ..WrapOptions::default()
    };
    let component = wrap(module, &options).unwrap().component;
    let mut features = WasmFeatures::WASM2 | WasmFeatures::COMPONENT_MODEL;
    features |= WasmFeatures::CM_ASYNC;
    { Validator::new_with_features(features).validate_all(&component) }.unwrap();
    component
}

/// A guest, and whether it reads its script from standard input.
#[derive(Clone)]
struct Guest {
    wasm: Vec<u8>,
    reads_script: bool,
}

/// The module and the components of WASI 0.2 and 0.3 that do a script with these functions: one for all scripts that may call
/// any.
fn guests(script: &Script, functions: &[&str]) -> [Guest; 3] {
    static ANY: OnceLock<[Guest; 3]> = OnceLock::new();
    let guests = |wasm: Vec<u8>, reads_script| {
        let components = [component(&wasm), component_of_0_3(&wasm)];
        let guest = |wasm| Guest { wasm, reads_script };
        let [of_0_2, of_0_3] = components.map(guest);
        [guest(wasm), of_0_2, of_0_3]
    };
    if functions.len() < ALL.len() {
        return guests(script.guest(functions, 2), false);
    }
    ANY.get_or_init(|| guests(script::reader(), true)).clone()
}

/// Runs a script as a component alone.
fn alone(script: &Script, setting: &Setting) -> Did {
    run(&guests(script, &ALL)[1], script, setting)
}

/// Runs a script as a module and as a component. Gives both, and says where they differ, beside the lines in `known`: what
/// the component has there instead.
#[track_caller]
fn both(
    script: &Script,
    functions: &[&str],
    setting: &Setting,
    known: &[(&str, &str)],
) -> (Did, Did) {
    let [module, component, of_0_3] = guests(script, functions);
    let (right, mut did) = (
        run(&module, script, setting),
        run(&component, script, setting),
    );
    let on_0_3 = run(&of_0_3, script, setting);
    let differ: Vec<String> = { did.lines.iter().zip(&on_0_3.lines) }
        .filter(|(did, on_0_3)| did != on_0_3)
        .map(|(did, on_0_3)| format!("on WASI 0.2: {did}\non WASI 0.3: {on_0_3}\n"))
        .collect();
    assert!(differ.is_empty(), "{}", differ.concat());
    assert_eq!(did, on_0_3);
    let wrapped = did.lines.clone();
    let mut left: Vec<_> = known.iter().collect();
    for (line, expected) in did.lines.iter_mut().zip(&right.lines) {
        if line == expected {
            continue;
        }
        if let Some(at) = left
            .iter()
            .position(|(of_module, of_component)| expected == of_module && line == of_component)
        {
            left.remove(at);
            line.clone_from(expected);
        }
    }
    let differ: Vec<String> = right
        .lines
        .iter()
        .zip(&did.lines)
        .filter(|(right, did)| right != did)
        .map(|(right, did)| format!("module:    {right}\ncomponent: {did}\n"))
        .collect();
    assert!(differ.is_empty(), "{}", differ.concat());
    assert_eq!(right.exit, did.exit, "{:?}", did.lines.last());
    assert_eq!(did, right);
    assert!(left.is_empty(), "no longer so: {left:?}");
    did.lines = wrapped;
    (right, did)
}

/// Short forms for scripts: a number, and one in memory.
fn n(value: i64) -> Arg {
    Arg::Is(value)
}

fn at(address: u32) -> Arg {
    Arg::At(address)
}
