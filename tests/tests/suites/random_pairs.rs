//! Random pairs of components: what the component does on wasmtime, the flat module does on wasmi.
//!
//! `P1BRIDGE_RANDOM_PAIRS` says another number of pairs, `P1BRIDGE_RANDOM_SEED` where to begin. A
//! pair that fails is left in `target/random-pairs/`.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result, bail};
use p1bridge::flatten::{FlattenOptions, flatten};
use p1bridge::link::{Choices, Input, Plug, link};
use p1bridge_linker::{Isolation, MemoryMode, Opt};
use p1bridge_tests::random::run::{Engines, Flattened, Outcome, flattened};
use p1bridge_tests::random::{Pair, Part, pair};
use wit_component::{DecodedWasm, StringEncoding, embed_component_metadata};

const PAIRS: u64 = 1200;

#[derive(Debug, Default)]
struct Tally {
    returned: u64,
    trapped: u64,
    wrong: Vec<String>,
}

fn number(variable: &str, otherwise: u64) -> u64 {
    match std::env::var(variable) {
        Ok(text) => text
            .parse()
            .unwrap_or_else(|_| panic!("{variable} is no number: {text}")),
        Err(_) => otherwise,
    }
}

enum End {
    Returned,
    Trapped,
}

fn check(engines: &Engines, seed: u64, pair: &Pair) -> Result<End> {
    let component = wat::parse_str(&pair.text).context("the text")?;
    let right = engines.component(&component)?;
    if let (Some(trap), 0) = (&right.trap, pair.faults) {
        bail!("nothing is wrong, but wasmtime traps: {trap}");
    }
    let (isolation, memory) = match seed % 5 {
        0 => (Isolation::Trusted, MemoryMode::One),
        1 => (Isolation::Checked, MemoryMode::Multi),
        _ => (Isolation::Checked, MemoryMode::One),
    };
    let without = match seed % 7 {
        0 => Opt::ALL.iter().copied().collect(),
        1 => [Opt::ALL[seed as usize / 7 % Opt::ALL.len()]].into(),
        _ => BTreeSet::new(),
    };
    let share_all = seed.is_multiple_of(2);
    let flat = match flattened(&component, isolation, memory, share_all, without)? {
        Flattened::Module(flat) => flat,
        Flattened::Refused(message) => bail!("refused: {message}"),
    };
    let found = engines.flat(&flat)?;
    if (&found.log, found.trap.is_some()) != (&right.log, right.trap.is_some()) {
        let same = found.log.iter().zip(&right.log).take_while(|(a, b)| a == b);
        let same = same.count();
        bail!(
            "after {same} equal entries wasmtime: {}; flat: {}",
            rest(&right, same),
            rest(&found, same)
        );
    }
    Ok(match right.trap {
        Some(_) => End::Trapped,
        None => End::Returned,
    })
}

/// What comes after the first entries of a log.
fn rest(outcome: &Outcome, from: usize) -> String {
    let entries = outcome.log[from..].iter().take(6);
    let entries: String = entries.map(|x| format!("{x:#x} ")).collect();
    let left = outcome.log.len() - from;
    let end = outcome.trap.as_deref().unwrap_or("returns");
    format!("{entries}({left} entries), {end}")
}

/// Where the text of a pair is left.
fn leave(seed: u64, pair: &Pair) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("random-pairs");
    let file = folder.join(format!("{seed}.wat"));
    let written = std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(&file, &pair.text));
    written.expect("the target folder can be written to");
    file
}

#[test]
fn random_pairs_do_the_same_when_they_are_flattened() {
    let first = number("P1BRIDGE_RANDOM_SEED", 1);
    let count = number("P1BRIDGE_RANDOM_PAIRS", PAIRS);
    let next = AtomicU64::new(first);
    let tally = Mutex::new(Tally::default());
    let work = || {
        let engines = Engines::default();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= first + count {
                return;
            }
            let pair = pair(seed);
            let end = check(&engines, seed, &pair);
            let mut tally = tally.lock().expect("nobody panics with it");
            match end {
                Ok(End::Returned) => tally.returned += 1,
                Ok(End::Trapped) => tally.trapped += 1,
                Err(error) => {
                    let file = leave(seed, &pair);
                    tally.wrong.push(format!(
                        "{error:#}\n  {}\n  P1BRIDGE_RANDOM_SEED={seed} P1BRIDGE_RANDOM_PAIRS=1 \
                         cargo test --release -p p1bridge-tests --test suites -- random_pairs",
                        file.display()
                    ));
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
    let tally = tally.into_inner().expect("nobody panicked with it");
    println!("{} returned, {} trapped", tally.returned, tally.trapped);
    assert!(
        tally.wrong.is_empty(),
        "{} of {count}:\n{}",
        tally.wrong.len(),
        tally.wrong[..tally.wrong.len().min(10)].join("\n")
    );
    // The generator itself: values go through, and what is wrong traps.
    if count >= PAIRS {
        let ran = tally.returned + tally.trapped;
        assert!(
            tally.returned > ran / 2 && tally.trapped > ran / 10,
            "{tally:?}"
        );
    }
}

/// How many pairs are linked from their parts.
const LINKED: u64 = 240;

/// A component as a core module that carries its world, as wit-bindgen leaves it.
fn core_module(component: &[u8]) -> Result<Vec<u8>> {
    let mut module = flatten(component, &FlattenOptions::default())?.wasm;
    let DecodedWasm::Component(resolve, world) = wit_component::decode(component)? else {
        bail!("no component");
    };
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false)?;
    Ok(module)
}

/// Whether a `realloc` that goes wrong at its n-th call may not get that far once a part is a core module. A core module's
/// strings are UTF-8 at its border: what was in another encoding there is transcoded in two steps, the second of which
/// knows how long it gets, where one step allocates for the worst and shrinks.
fn calls_realloc_less_often(pair: &Pair, part: &Part) -> bool {
    let counted = pair.text.contains("(i32.eq (global.get $calls)");
    let other = ["string-encoding=utf16", "string-encoding=latin1"];
    counted && other.iter().any(|encoding| part.text.contains(encoding))
}

/// The files of a pair, linked: a chain where there is one in between, and two instances of the callee where the
/// caller uses two. One of them is a core module, if it has no resources: those of a flat module are in its own hands. Says
/// whether one is.
fn link_parts(seed: u64, pair: &Pair) -> Result<(Vec<u8>, bool)> {
    let mut inputs = Vec::new();
    let mut has_core = false;
    for (n, part) in pair.parts.iter().enumerate() {
        let mut wasm = wat::parse_str(&part.text).with_context(|| part.text.clone())?;
        let chosen = n as u64 == seed % pair.parts.len() as u64;
        if chosen && !pair.text.contains("resource") && !calls_realloc_less_often(pair, part) {
            wasm = core_module(&wasm)?;
            has_core = true;
        }
        inputs.push(Input {
            name: part.name.to_string(),
            wasm,
            world: None,
        });
    }
    let mut choices = Choices::default();
    let between = pair.parts.iter().any(|part| part.name == "Between");
    if between {
        choices
            .chains
            .push(["Caller", "Between", "Callee"].map(str::to_string).to_vec());
    }
    if pair.twice {
        choices.fresh.push("Callee".into());
        choices.plugs.push(Plug {
            import: "t:t/b".into(),
            file: "Callee".into(),
            export: Some("t:t/a".into()),
        });
    }
    let options = FlattenOptions {
        isolation: match seed % 3 {
            0 => Isolation::Trusted,
            _ => Isolation::Checked,
        },
        verify: true,
        ..FlattenOptions::default()
    };
    let (_, flat) = link(&inputs, &[], &choices, &options)?;
    Ok((flat.wasm, has_core))
}

/// The parts of a pair as files that `link` puts together do what the component does that has them inside.
#[test]
fn random_pairs_do_the_same_when_they_are_linked_from_their_parts() {
    let first = number("P1BRIDGE_RANDOM_SEED", 1);
    let count = number("P1BRIDGE_RANDOM_PAIRS", LINKED);
    let engines = Engines::default();
    let (mut linked, mut no_wit, mut cores, mut wrong) = (0, 0, 0, Vec::new());
    for seed in first..first + count {
        let pair = pair(seed);
        let mut check = || -> Result<bool> {
            let (flat, has_core) = match link_parts(seed, &pair) {
                Ok(flat) => flat,
                // WIT has no words for some types of the generator.
                Err(error) if format!("{error:#}").contains("cannot be put in WIT") => {
                    return Ok(false);
                }
                Err(error) => return Err(error),
            };
            let right = engines.component(&wat::parse_str(&pair.text)?)?;
            let found = engines.flat(&flat)?;
            if (&found.log, found.trap.is_some()) != (&right.log, right.trap.is_some()) {
                bail!("wasmtime: {}; linked: {}", rest(&right, 0), rest(&found, 0));
            }
            cores += u64::from(has_core);
            Ok(true)
        };
        match check() {
            Ok(true) => linked += 1,
            Ok(false) => no_wit += 1,
            Err(error) => wrong.push(format!(
                "seed {seed}: {error:#}\n  {}",
                leave(seed, &pair).display()
            )),
        }
    }
    println!("{linked} linked, {cores} with a core module, {no_wit} that WIT has no words for");
    assert!(
        wrong.is_empty(),
        "{} of {count}:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(5)].join("\n")
    );
    assert!(linked > count / 2, "{linked} linked, {no_wit} without WIT");
}
