//! Random programs with async functions: what the component does on wasmtime, the flat module does on wasmi, but for the order of tasks.
//!
//! `P1BRIDGE_RANDOM_TASKS` says another number of programs, `P1BRIDGE_RANDOM_SEED` where to begin: components have numbers, and each has
//! several programs. A component with one that fails is left in `target/random-tasks/`.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result, bail};
use p1bridge::flatten::{FlattenOptions, flatten};
use p1bridge_linker::{Isolation, Opt, Stacks};
use p1bridge_tests::random::run::Engines;
use p1bridge_tests::random::run::Outcome;
use p1bridge_tests::random::tasks::{Programs, by_number, is_of_callee, name, programs};

/// What an otherwise idle machine with two cores does in 3 seconds.
const PROGRAMS: u64 = 2000;

/// How many programs a component has, by its number: with few, less is linked.
const TOGETHER: [u64; 4] = [1, 20, 80, 120];

fn number(variable: &str, otherwise: u64) -> u64 {
    match std::env::var(variable) {
        Ok(text) => text
            .parse()
            .unwrap_or_else(|_| panic!("{variable} is no number: {text}")),
        Err(_) => otherwise,
    }
}

/// How many programs of a component trapped, on both.
fn check(engines: &Engines, seed: u64, programs: &Programs, oracle_only: bool) -> Result<u64> {
    let component = wat::parse_str(&programs.text).context("the text")?;
    let names: Vec<String> = (0..programs.faulty.len()).map(name).collect();
    let right = engines.component_with_tasks(&component, &names)?;
    for ((right, faulty), name) in right.iter().zip(&programs.faulty).zip(&names) {
        match &right.trap {
            Some(trap) if !faulty => bail!("{name}: nothing is wrong, but wasmtime traps: {trap}"),
            None if *faulty => bail!("{name}: wasmtime does not trap"),
            _ => {}
        }
    }
    let trapped = programs
        .faulty
        .iter()
        .map(|faulty| u64::from(*faulty))
        .sum();
    if oracle_only {
        return Ok(trapped);
    }
    let options = FlattenOptions {
        isolation: match seed % 5 {
            0 => Isolation::Trusted,
            _ => Isolation::Checked,
        },
        stacks: match seed % 3 {
            0 => Stacks::Switch,
            _ => Stacks::Nested,
        },
        without: match seed % 7 {
            0 => Opt::ALL.iter().copied().collect(),
            _ => BTreeSet::new(),
        },
        verify: true,
        ..FlattenOptions::default()
    };
    let flat = flatten(&component, &options)?;
    let found = engines.each_of_flat(&flat.wasm, &names)?;
    for (((right, found), faulty), name) in
        right.iter().zip(&found).zip(&programs.faulty).zip(&names)
    {
        compare(right, found, *faulty).with_context(|| name.clone())?;
    }
    Ok(trapped)
}

/// Fails where a program did one thing in the component and another in the flat module.
fn compare(right: &Outcome, found: &Outcome, faulty: bool) -> Result<()> {
    if found.trap.is_some() != right.trap.is_some() {
        bail!("wasmtime: {:?}; flat: {:?}", right.trap, found.trap);
    }
    let right = by_number(&right.log, faulty);
    let found = by_number(&found.log, faulty);
    let mut numbers = right.keys().chain(found.keys());
    let of = |log: &Log, number: &u64| log.get(number).cloned().unwrap_or_default();
    let other = numbers.find(|number| {
        let (right, found) = (of(&right, number), of(&found, number));
        // A task of the callee that is left when `run` returns has come to any point.
        let ends_early = right.starts_with(&found) || found.starts_with(&right);
        found != right && !(is_of_callee(**number) && ends_early)
    });
    if let Some(number) = other {
        bail!(
            "under {number} wasmtime: {:x?}; flat: {:x?}",
            right.get(number),
            found.get(number)
        );
    }
    Ok(())
}

/// What was logged, by number.
type Log = std::collections::BTreeMap<u64, Vec<u64>>;

/// Where the text of a component is left.
fn leave(seed: u64, programs: &Programs) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("random-tasks");
    let file = folder.join(format!("{seed}.wat"));
    let written =
        std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(&file, &programs.text));
    written.expect("the target folder can be written to");
    file
}

/// How many programs the component with a number has.
fn together(seed: u64) -> u64 {
    TOGETHER[(seed % TOGETHER.len() as u64) as usize]
}

/// The number of programs that returned and trapped.
fn all(count: u64, oracle_only: bool) -> (u64, u64) {
    let first = number("P1BRIDGE_RANDOM_SEED", 1);
    let count = number("P1BRIDGE_RANDOM_TASKS", count);
    let (mut last, mut left) = (first, count);
    while left > 0 {
        left = left.saturating_sub(together(last));
        last += 1;
    }
    let next = AtomicU64::new(first);
    let tally = Mutex::new((0, 0, Vec::new()));
    let work = || {
        let engines = Engines::default();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= last {
                return;
            }
            let programs = programs(seed, together(seed) as usize);
            let end = check(&engines, seed, &programs, oracle_only);
            let mut tally = tally.lock().expect("nobody panics with it");
            match end {
                Ok(trapped) => {
                    tally.0 += together(seed) - trapped;
                    tally.1 += trapped;
                }
                Err(error) => {
                    let file = leave(seed, &programs);
                    tally
                        .2
                        .push(format!("seed {seed}: {error:#}\n  {}", file.display()));
                }
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    let (returned, trapped, wrong) = tally.into_inner().expect("nobody panicked with it");
    println!("{returned} returned, {trapped} trapped");
    assert!(
        wrong.is_empty(),
        "{} of {} components:\n{}",
        wrong.len(),
        last - first,
        wrong[..wrong.len().min(10)].join("\n")
    );
    (returned, trapped)
}

#[test]
fn random_tasks_do_the_same_when_they_are_flattened() {
    let (returned, trapped) = all(PROGRAMS, false);
    // The generator itself: most return, and what is wrong traps.
    if returned + trapped >= PROGRAMS {
        assert!(trapped > PROGRAMS / 20 && returned > PROGRAMS / 2);
    }
}

/// The generator itself, on wasmtime alone: to be run when it is changed.
#[test]
#[ignore = "to be run by name"]
fn random_tasks_are_right_on_wasmtime() {
    all(PROGRAMS, true);
}
