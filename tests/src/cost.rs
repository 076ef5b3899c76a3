//! What a flat module costs in bytes and in fuel: figures that do not wobble.

mod between;
mod tasks;
mod wrapped;

use std::path::Path;

use anyhow::{Context, Result, ensure};
use p1bridge::flatten::{FlattenOptions, Flattened, Strip, flatten};
use p1bridge::lower::lower;
use p1bridge::profiles::named;
use p1bridge::run::{Exit, RunOptions, run};
use p1bridge::wrap::{WrapOptions, wrap};
use p1bridge_linker::{Isolation, Options};
use tempfile::TempDir;
use wasmparser::{Encoding, Parser, Payload};

pub use between::between;
pub use wrapped::wrapped;

use crate::captured;
use crate::speed::{self, KERNELS, Place, kernels};

/// One figure with the most that it may be.
pub struct Figure {
    pub what: String,
    pub value: f64,
    pub goal: f64,
}

impl Figure {
    /// A row of a table.
    pub fn row(&self) -> String {
        let digits = if self.goal < 100.0 { 3 } else { 0 };
        format!(
            "| {} | {:.digits$} | {:.digits$} |",
            self.what, self.value, self.goal
        )
    }
}

fn corpus(name: &str) -> Result<Vec<u8>> {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../corpus/prebuilt/{name}.wasm"));
    read(&path)
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).with_context(|| path.display().to_string())
}

fn flat(component: &[u8]) -> Result<Flattened> {
    let options = FlattenOptions {
        strip: Strip::All,
        verify: true,
        ..FlattenOptions::default()
    };
    flatten(component, &options)
}

/// All bytes of a flat module that are neither the guest's code nor its data.
fn added(name: &str) -> Result<f64> {
    let flat = flat(&corpus(name)?)?;
    let sizes = &flat.report.sizes;
    Ok((sizes.output - sizes.guest_code - sizes.data) as f64)
}

/// The fuel of a run in a fresh directory, and what it printed.
fn fuel(module: &[u8], args: &[&str]) -> Result<(f64, Vec<u8>)> {
    let directory = tempfile::tempdir()?;
    let options = RunOptions {
        meter: true,
        ..captured(args, directory.path())
    };
    let outcome = run(module, &options)?;
    ensure!(matches!(outcome.exit, Exit::Code(0)), "{:?}", outcome.exit);
    ensure!(!outcome.stdout.is_empty(), "it printed nothing");
    let fuel = outcome.stats.fuel.context("the run was metered")?;
    Ok((fuel as f64, outcome.stdout))
}

/// The fuel of `module` in times that of `base`, which has to print the same.
fn fuel_ratio(module: &[u8], base: &[u8], args: &[&str]) -> Result<f64> {
    let (cost, printed) = fuel(module, args)?;
    let (base_cost, base_printed) = fuel(base, args)?;
    ensure!(printed == base_printed, "they do not do the same");
    Ok(cost / base_cost)
}

/// What the accesses of a guest cost in one of two guests: the fuel of each kernel, in times that of
/// the only guest.
pub fn accesses(place: Place, isolation: Isolation) -> Result<Vec<f64>> {
    let options = Options {
        isolation,
        ..Options::default()
    };
    let link = |place| anyhow::Ok(p1bridge_linker::flatten(&kernels(place)?, &[], &options)?.wasm);
    let (alone, one_of_two) = (link(Place::Alone)?, link(place)?);
    let ratio = |&(export, what, argument): &(&str, &str, i32)| {
        let (base, right) = speed::fuel(&alone, export, argument)?;
        let (cost, found) = speed::fuel(&one_of_two, export, argument)?;
        ensure!(found == right, "{what}: {found} instead of {right}");
        Ok(cost as f64 / base as f64)
    };
    KERNELS.iter().map(ratio).collect()
}

/// The bytes of a core module or of all core modules in a component, without custom sections.
fn core_bytes(wasm: &[u8]) -> Result<usize> {
    let mut bytes = 0;
    let mut depth = Vec::new();
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload?;
        match &payload {
            Payload::Version { encoding, .. } => depth.push(*encoding),
            Payload::End(_) => drop(depth.pop()),
            Payload::CodeSectionStart { size, .. } => bytes += *size as usize,
            _ => {
                let (id, range) = payload.as_section().unwrap_or((0, 0..0));
                if id != 0 && depth.last() == Some(&Encoding::Module) {
                    bytes += (range.end - range.start) as usize;
                }
            }
        }
    }
    Ok(bytes)
}

/// The most that a composition of real guests grows when it is flattened.
fn composed(isolation: Isolation) -> Result<f64> {
    let mut most: f64 = 0.0;
    for name in ["pair-c-c", "pair-c-rust", "pair-c16-c16", "chain-c"] {
        let component = corpus(name)?;
        let options = FlattenOptions {
            strip: Strip::All,
            isolation,
            ..FlattenOptions::default()
        };
        let flat = flatten(&component, &options)?.wasm;
        most = most.max(core_bytes(&flat)? as f64 / core_bytes(&component)? as f64);
    }
    Ok(most)
}

/// Every figure that is kept.
pub fn figures() -> Result<Vec<Figure>> {
    let preview1 = corpus("digest-p1-c")?;
    let wrapped = wrap(&preview1, &WrapOptions::default())?;
    let mut figures = vec![
        Figure {
            what: "bytes added to a hello world in C for WASI 0.2".to_string(),
            value: added("tiny-p2-c")?,
            goal: 4096.0,
        },
        Figure {
            what: "bytes added to a program that uses all of wasi:filesystem".to_string(),
            value: added("files-p2-c")?,
            goal: 20480.0,
        },
        Figure {
            what: "fuel of an un-adapted program, in times the module that was wrapped".to_string(),
            value: fuel_ratio(&flat(&wrapped.component)?.wasm, &preview1, &[])?,
            goal: 1.0,
        },
        Figure {
            what: "fuel of a WASI 0.2 program, in times the same for Preview 1".to_string(),
            value: fuel_ratio(&flat(&corpus("digest-p2-c")?)?.wasm, &preview1, &[])?,
            goal: 1.1,
        },
    ];
    for feature in ["sign-ext", "bulk-memory", "nontrapping-fptoint"] {
        figures.extend(lowered(feature, [1.02; 2])?);
    }
    figures.extend(lowered("simd128", [2.5, 1.2])?);
    figures.extend(exceptions()?);
    figures.extend(two_guests()?);
    figures.extend(tasks::figures()?);
    Ok(figures)
}

/// What it costs a guest not to be the only one.
fn two_guests() -> Result<Vec<Figure>> {
    let most = |costs: &[f64]| costs.iter().copied().fold(0.0, f64::max);
    let average = |costs: &[f64]| costs.iter().sum::<f64>() / costs.len() as f64;
    let figure = |what: &str, value, goal| Figure {
        what: what.to_string(),
        value,
        goal,
    };
    let first = accesses(Place::First, Isolation::Trusted)?;
    let second = accesses(Place::Second, Isolation::Trusted)?;
    let trusted = accesses(Place::Sliding, Isolation::Trusted)?;
    let checked = accesses(Place::Sliding, Isolation::Checked)?;
    Ok(vec![
        figure(
            "fuel of a kernel in one of two guests that are trusted and do not slide, in times the only guest",
            most(&first).max(most(&second)),
            1.001,
        ),
        figure(
            "the same, trusted and sliding, the worst of three",
            most(&trusted),
            1.072,
        ),
        figure(
            "the same, trusted and sliding, on average",
            average(&trusted),
            1.002,
        ),
        figure(
            "the same, checked and sliding, the worst of three",
            most(&checked),
            1.372,
        ),
        figure(
            "the same, checked and sliding, on average",
            average(&checked),
            1.2,
        ),
        figure(
            "size of a composition, trusted, in times its core modules",
            composed(Isolation::Trusted)?,
            1.25,
        ),
        figure(
            "size of a composition, checked, in times its core modules",
            composed(Isolation::Checked)?,
            1.515,
        ),
    ])
}

/// The fuel and the size of a kernel that was compiled with a feature and lowered, in times the same
/// source compiled without it.
fn lowered(feature: &str, [fuel, size]: [f64; 2]) -> Result<[Figure; 2]> {
    let kernel = |how: &str| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("kernels");
        read(&folder.join(format!("{feature}.{how}.wasm")))
    };
    let without = kernel("without")?;
    let lowered = lower(&kernel("with")?, &named("mvp")?)?.wasm;
    Ok([
        Figure {
            what: format!(
                "fuel of a lowered program, in times the same compiled without {feature}"
            ),
            value: fuel_ratio(&lowered, &without, &[])?,
            goal: fuel,
        },
        Figure {
            what: format!(
                "size of a lowered program, in times the same compiled without {feature}"
            ),
            value: lowered.len() as f64 / without.len() as f64,
            goal: size,
        },
    ])
}

/// What lowered exceptions cost where nothing is thrown, in times the same with a trap instead.
fn exceptions() -> Result<[Figure; 3]> {
    // Each function calls itself all the time and does little else.
    let module = |throw: &str, tag: &str| {
        wat::parse_str(format!(
            r#"(module {tag}
              (func $throwing (export "throwing") (param i32) (result i32)
                (if (i32.lt_s (local.get 0) (i32.const 0)) (then {throw}))
                (if (i32.lt_s (local.get 0) (i32.const 2)) (then (return (local.get 0))))
                (i32.add
                  (call $throwing (i32.sub (local.get 0) (i32.const 1)))
                  (call $throwing (i32.sub (local.get 0) (i32.const 2)))))
              (func $quiet (export "quiet") (param i32) (result i32)
                (if (i32.lt_s (local.get 0) (i32.const 2)) (then (return (local.get 0))))
                (i32.add
                  (call $quiet (i32.sub (local.get 0) (i32.const 1)))
                  (call $quiet (i32.sub (local.get 0) (i32.const 2)))))
              (func $parse (param $at i32) (result i32) (local $n i32) (local $digits i32)
                (if (i32.eq (local.get $at) (i32.const 100000)) (then {throw}))
                (local.set $digits (i32.const 8))
                (loop $digit
                  (local.set $n (i32.add (i32.mul (local.get $n) (i32.const 10)) (i32.rem_u (local.get $at) (i32.const 10))))
                  (br_if $digit (local.tee $digits (i32.sub (local.get $digits) (i32.const 1)))))
                (local.get $n))
              (func (export "rarely") (param $count i32) (result i32) (local $sum i32)
                (if (i32.eqz (local.get $count)) (then (return (i32.const 0))))
                (loop $again
                  (local.set $sum (i32.add (local.get $sum) (call $parse (local.get $count))))
                  (br_if $again (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))
                (local.get $sum)))"#
        ))
    };
    let without = module("(unreachable)", "")?;
    let with = module("(throw $t (i32.const 1))", "(tag $t (param i32))")?;
    let lowered = lower(&with, &named("mvp")?)?.wasm;
    let figure = |what: &str, export: &str, argument: i32, goal: f64| {
        let (base, right) = speed::fuel(&without, export, argument)?;
        let (cost, found) = speed::fuel(&lowered, export, argument)?;
        ensure!(found == right, "{what}: {found} instead of {right}");
        anyhow::Ok(Figure {
            what: format!("fuel of {what}, in times the same without exceptions"),
            value: cost as f64 / base as f64,
            goal,
        })
    };
    Ok([
        figure("functions that cannot throw", "quiet", 18, 1.0)?,
        figure("a loop that calls what throws rarely", "rarely", 1000, 1.05)?,
        figure(
            "a function that can throw and only calls itself",
            "throwing",
            18,
            1.25,
        )?,
    ])
}

/// One call of WASI 0.2 next to the same on Preview 1.
pub struct Call {
    pub what: &'static str,
    /// Units of fuel for one call, of the guests in `CALLERS`.
    pub fuel: [f64; 3],
    /// Calls of host functions, of the same guests.
    pub host_calls: [f64; 3],
    /// The most host calls that WASI 0.2 may have more than Preview 1.
    pub host_calls_goal: f64,
}

impl Call {
    /// The most units of fuel that a call of WASI 0.2 may cost more than the same on Preview 1.
    const FUEL_GOAL: f64 = 200.0;

    /// Units of fuel that WASI 0.2 costs more than Preview 1, both straight on their imports.
    pub fn more_fuel(&self) -> f64 {
        self.fuel[1] - self.fuel[0]
    }

    /// Whether it costs no more than it may.
    pub fn meets_its_goals(&self) -> bool {
        let [calls, more_calls, bound_calls] = self.host_calls;
        self.more_fuel() <= Self::FUEL_GOAL
            && more_calls - calls <= self.host_calls_goal
            && bound_calls == more_calls
    }

    /// A row of a table.
    pub fn row(&self) -> String {
        let [fuel, more_fuel, bound] = self.fuel;
        let [calls, more_calls, _] = self.host_calls;
        let (what, more) = (self.what, self.more_fuel());
        format!(
            "| {what} | {fuel:.0} | {more_fuel:.0} | {more:.0} | {bound:.0} | {calls:.2} | {more_calls:.2} |"
        )
    }
}

/// The guests that [`calls`] compares: straight on Preview 1, straight on WASI 0.2, and on WASI 0.2
/// through the bindings of wit-bindgen for C.
const CALLERS: [&str; 3] = ["calls-p1-c", "calls-raw-p2-c", "calls-p2-c"];

/// What [`calls`] measures: a name, the operations on Preview 1 and on WASI 0.2, how many calls of
/// WASI 0.2 one operation is, and how many host calls one may have more.
const OPERATIONS: &[(&str, [&str; 2], f64, f64)] = &[
    ("write 4 KiB to stdout", ["write-stdout"; 2], 1.0, 0.0),
    ("write 4 KiB to a file", ["write"; 2], 1.0, 0.0),
    ("read 4 KiB", ["read"; 2], 1.0, 0.0),
    ("read 4 KiB of a stream", ["read", "read-stream"], 1.0, 0.0),
    ("read 1 MiB, by 64 KiB", ["read-large"; 2], 16.0, 0.0),
    ("stat", ["stat"; 2], 1.0, 0.0),
    ("stat-at", ["stat-at"; 2], 1.0, 0.0),
    ("open-at and drop", ["open"; 2], 1.0, 1.0),
    ("monotonic now", ["clock"; 2], 1.0, 0.0),
    ("an entry of 1000", ["readdir"; 2], 1000.0, 0.0),
];

/// A directory with a file of 1 MiB, and one of 1000 entries.
fn directory() -> Result<TempDir> {
    let directory = tempfile::tempdir()?;
    std::fs::write(directory.path().join("data"), vec![b'd'; 1 << 20])?;
    std::fs::create_dir(directory.path().join("many"))?;
    for number in 0..1000 {
        let path = format!("many/entry-{number:04}");
        std::fs::write(directory.path().join(path), b"")?;
    }
    Ok(directory)
}

/// The cost of single calls: the guests repeat an operation, and the cost of the repetitions is
/// divided by their number.
pub fn calls() -> Result<Vec<Call>> {
    let [preview1, raw, bound] = CALLERS.map(corpus);
    let modules = [preview1?, flat(&raw?)?.wasm, flat(&bound?)?.wasm];
    let directory = directory()?;
    let cost = |module: &[u8], operation: &str, count: u32| -> Result<[f64; 2]> {
        let options = RunOptions {
            args: vec!["calls".into(), operation.into(), count.to_string()],
            meter: true,
            ..captured(&[], directory.path())
        };
        let outcome = run(module, &options)?;
        ensure!(
            outcome.exit == Exit::Code(0),
            "{operation}: {:?}",
            outcome.exit
        );
        let fuel = outcome.stats.fuel.context("the run was metered")?;
        let host_calls: u64 = outcome.stats.host_calls.iter().map(|(_, n)| n).sum();
        Ok([fuel as f64, host_calls as f64])
    };
    OPERATIONS
        .iter()
        .map(|&(what, [on_preview1, on_0_2], calls, host_calls_goal)| {
            let (mut fuel, mut host_calls) = ([0.0; 3], [0.0; 3]);
            for (guest, operation) in [on_preview1, on_0_2, on_0_2].into_iter().enumerate() {
                // Two numbers that take equally long to read.
                let (few, many) = (
                    cost(&modules[guest], operation, 1)?,
                    cost(&modules[guest], operation, 9)?,
                );
                fuel[guest] = (many[0] - few[0]) / 8.0 / calls;
                host_calls[guest] = (many[1] - few[1]) / 8.0 / calls;
            }
            Ok(Call {
                what,
                fuel,
                host_calls,
                host_calls_goal,
            })
        })
        .collect()
}
