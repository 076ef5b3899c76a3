//! Every program of `corpus/manifest.toml`, every run, in every form on every engine.
//!
//! | trial | what runs |
//! |---|---|
//! | `NAME on wasmtime` | the module or component as it is; must do what the manifest says |
//! | `NAME wrapped on wasmtime` | modules only: `wrap(module)` |
//! | `NAME flattened and wrapped again on wasmtime` | `wrap(flatten(component))`, by the world that it carries |
//! | `NAME flattened on ENGINE` | `flatten(component)`, for modules `flatten(wrap(module))` |
//!
//! All but the first must also do what the first did: stdout, stderr, how it ended, what the calls
//! returned and the files left behind, in the directory given and next to it. Exit codes are
//! compared as zero or not for wrapped modules, and not at all where an engine does not know them.
//!
//! `[program.differs]` in the manifest spares a run of an engine (or of `wrapped`) from that. Such
//! a run is executed all the same, and must differ: an entry that is not needed any more fails. Where
//! the program is a module, the module itself must do on that engine what the flattened one does.
//!
//! `cargo test --release --test corpus -- hello-c` runs the trials whose names contain `hello-c`.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::{Result, anyhow, ensure};
use libtest_mimic::{Arguments, Trial};
use p1bridge::flatten::{FlattenOptions, flatten};
use p1bridge::wrap::{WrapOptions, wrap};
use p1bridge_tests::manifest::{Kind, Left, Leniency, Program, Run, programs, show};
use p1bridge_tests::{Engine, Exit, engines, link, snapshot};

/// No run of the corpus takes a second on an idle machine.
const TIMEOUT: Duration = Duration::from_secs(30);

fn main() {
    let arguments = Arguments::from_args();
    let programs = match programs() {
        Ok(programs) => programs,
        Err(error) => {
            eprintln!("{error:#}");
            std::process::exit(1);
        }
    };
    let engines = engines::available();
    let mut trials = Vec::new();
    // A guest without runs needs a host of its own: see `custom_import.rs`.
    for program in programs
        .into_iter()
        .filter(|program| !program.runs.is_empty())
    {
        let name = program.name.clone();
        let subject = Arc::new(Subject::new(program));
        let mut add = |title: String, form: Form, engine: &Arc<dyn Engine>| {
            let (subject, engine) = (subject.clone(), engine.clone());
            trials.push(Trial::test(title, move || {
                subject
                    .check(form, &*engine)
                    .map_err(|e| format!("{e:#}").into())
            }));
        };
        add(
            format!("{name} on wasmtime"),
            Form::AsItIs,
            &engines::oracle(),
        );
        if subject.program.is_module() {
            add(
                format!("{name} wrapped on wasmtime"),
                Form::Wrapped,
                &engines::oracle(),
            );
        }
        add(
            format!("{name} flattened and wrapped again on wasmtime"),
            Form::WrappedAgain,
            &engines::oracle(),
        );
        for engine in &engines {
            add(
                format!("{name} flattened on {}", engine.name()),
                Form::Flattened,
                engine,
            );
        }
    }
    libtest_mimic::run(&arguments, trials).exit();
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    AsItIs,
    Wrapped,
    Flattened,
    /// What was flattened is wrapped by the world that it carries.
    WrappedAgain,
}

/// A program with what its trials share: each is made by the first that needs it.
struct Subject {
    program: Program,
    /// One for every run.
    oracle: OnceLock<Result<Vec<Left>, String>>,
    component: OnceLock<Result<Vec<u8>, String>>,
}

impl Subject {
    fn new(program: Program) -> Subject {
        Subject {
            program,
            oracle: OnceLock::new(),
            component: OnceLock::new(),
        }
    }

    fn check(&self, form: Form, engine: &dyn Engine) -> Result<()> {
        let oracle = self.oracle()?;
        let wasm = match form {
            Form::AsItIs => self.program.wasm()?,
            Form::Wrapped => self.component()?.to_vec(),
            Form::Flattened => link::flatten_for(engine, self.component()?)?,
            Form::WrappedAgain => {
                let flat = flatten(self.component()?, &FlattenOptions::default())?.wasm;
                wrap(&flat, &WrapOptions::default())?.component
            }
        };
        // An adapter knows the codes 0 and 1 only; flattening gives the module its own back.
        let zero_or_not = matches!(form, Form::Wrapped | Form::WrappedAgain)
            || form == Form::AsItIs && self.program.kind == Kind::MixedCommand;
        let oracle_zero_or_not = zero_or_not || self.program.kind == Kind::MixedCommand;
        let mut failures = Vec::new();
        for (run, right) in self.program.runs.iter().zip(oracle) {
            let leniency = match form {
                Form::AsItIs => None,
                Form::Wrapped | Form::WrappedAgain => self.program.leniency("wrapped", run),
                Form::Flattened => self.program.leniency(engine.name(), run),
            };
            let beside_itself = form == Form::Flattened && self.program.is_module();
            // A run that is known to fail may do so by never ending.
            let timeout = match leniency {
                Some(Leniency::Skip) if !beside_itself => TIMEOUT / 10,
                _ => TIMEOUT,
            };
            let left = run.execute(timeout, |spec| engine.run(&wasm, spec));
            if beside_itself && leniency.is_some() {
                let module = self.program.wasm()?;
                let itself = run.execute(timeout, |spec| engine.run(&module, spec));
                failures.extend(
                    unlike_itself(&itself, &left)
                        .into_iter()
                        .map(|text| format!("run `{}`: {text}", run.name)),
                );
            }
            let problems = match left {
                Err(error) => Problems {
                    other: vec![format!("{error:#}")],
                    ..Problems::default()
                },
                Ok(left) if form == Form::AsItIs => Problems {
                    unmet: run.unmet(&left, zero_or_not),
                    ..Problems::default()
                },
                Ok(left) => Problems {
                    unmet: run.unmet(&left, zero_or_not),
                    ..Problems::compared(right, &left, oracle_zero_or_not)
                },
            };
            let wrong = problems.that_count(leniency);
            failures.extend(
                wrong
                    .iter()
                    .map(|text| format!("run `{}`: {text}", run.name)),
            );
        }
        ensure!(failures.is_empty(), "{}", failures.join("\n"));
        Ok(())
    }

    fn oracle(&self) -> Result<&[Left]> {
        let made = self.oracle.get_or_init(|| {
            let run_all = || -> Result<Vec<Left>> {
                let wasm = self.program.wasm()?;
                let engine = engines::oracle();
                let run = |run: &Run| run.execute(TIMEOUT, |spec| engine.run(&wasm, spec));
                self.program.runs.iter().map(run).collect()
            };
            run_all().map_err(|e| format!("as it is, on wasmtime: {e:#}"))
        });
        made.as_deref().map_err(|e| anyhow!("{e}"))
    }

    fn component(&self) -> Result<&[u8]> {
        let made = self
            .component
            .get_or_init(|| link::component(&self.program).map_err(|e| format!("wrap: {e:#}")));
        made.as_deref().map_err(|e| anyhow!("{e}"))
    }
}

/// How what a flattened module left on an engine is not what the module itself leaves there. A
/// difference is the engine's only if both have it.
fn unlike_itself(itself: &Result<Left>, flat: &Result<Left>) -> Vec<String> {
    let texts = match (itself, flat) {
        (Err(_), Err(_)) => Vec::new(),
        (Ok(itself), Ok(flat)) => Problems::compared(itself, flat, false).all(),
        (Ok(_), Err(error)) => vec![format!("{error:#}")],
        (Err(error), Ok(_)) => vec![format!("it ends, the module itself does not: {error:#}")],
    };
    texts
        .into_iter()
        .map(|text| format!("{text}, where the oracle is the module itself on this engine"))
        .collect()
}

/// What is wrong with one run.
#[derive(Default)]
struct Problems {
    /// Not as the manifest says.
    unmet: Vec<String>,
    /// stdout or stderr is not the oracle's.
    printed: Vec<String>,
    /// Something else is not the oracle's, or it did not run at all.
    other: Vec<String>,
}

impl Problems {
    /// How `left` is not what the oracle left.
    fn compared(right: &Left, left: &Left, zero_or_not: bool) -> Problems {
        let mut found = Problems::default();
        for (name, right, left) in [
            ("stdout", &right.outcome.stdout, &left.outcome.stdout),
            ("stderr", &right.outcome.stderr, &left.outcome.stderr),
        ] {
            if right != left {
                let (right, left) = (show(right), show(left));
                found
                    .printed
                    .push(format!("{name} is {left}, on the oracle {right}"));
            }
        }
        let same_end = match (&right.outcome.exit, &left.outcome.exit) {
            (Exit::Code(right), Exit::Code(left)) if zero_or_not => (*right == 0) == (*left == 0),
            (Exit::Code(right), Exit::Code(left)) => right == left,
            (Exit::Trap(_), Exit::Trap(_)) | (Exit::Code(_), Exit::Unknown) => true,
            _ => false,
        };
        if !same_end {
            let (right, left) = (&right.outcome.exit, &left.outcome.exit);
            found.other.push(format!("{left}, on the oracle {right}"));
        }
        if right.outcome.results != left.outcome.results {
            let (right, left) = (&right.outcome.results, &left.outcome.results);
            found
                .other
                .push(format!("the calls gave {left:?}, on the oracle {right:?}"));
        }
        for path in right
            .files
            .keys()
            .chain(left.files.keys())
            .collect::<BTreeSet<_>>()
        {
            let (right, left) = (right.files.get(path), left.files.get(path));
            if right != left {
                let words = |entry: Option<&snapshot::Entry>| {
                    entry.map_or("absent".to_owned(), ToString::to_string)
                };
                let (path, right, left) = (path.display(), words(right), words(left));
                found
                    .other
                    .push(format!("{path} is {left}, on the oracle {right}"));
            }
        }
        found
    }

    fn all(self) -> Vec<String> {
        [self.unmet, self.printed, self.other].concat()
    }

    /// Those that fail the trial, given what the manifest spares this run from.
    fn that_count(self, leniency: Option<Leniency>) -> Vec<String> {
        let Problems {
            unmet,
            printed,
            other,
        } = self;
        let nothing_left = match leniency {
            None => return [unmet, printed, other].concat(),
            Some(Leniency::Skip) => unmet.is_empty() && printed.is_empty() && other.is_empty(),
            Some(Leniency::Lenient) if !other.is_empty() => return other,
            Some(Leniency::Lenient) => printed.is_empty(),
        };
        match nothing_left {
            true => vec!["does not differ any more: take it out of `differs`".to_owned()],
            false => Vec::new(),
        }
    }
}
