//! Compositions with a memory for each guest, for engines that have several: real guests, which call each
//! other and WASI, do what they do in one memory.

use std::time::Duration;

use p1bridge::flatten::{FlattenOptions, MemoryMode, flatten};
use p1bridge::profiles::Profile;
use p1bridge_tests::manifest::{Leniency, programs};
use p1bridge_tests::{Engine, engines, link};
use wasmparser::{Parser, Payload};

const TIMEOUT: Duration = Duration::from_secs(30);

fn memories(wasm: &[u8]) -> u32 {
    let mut payloads = Parser::new(0).parse_all(wasm);
    let found = payloads.find_map(|payload| match payload.unwrap() {
        Payload::MemorySection(memories) => Some(memories.count()),
        _ => None,
    });
    found.unwrap_or_default()
}

#[test]
fn guests_do_the_same_in_memories_of_their_own() {
    let engine = engines::Wasmi;
    let options = FlattenOptions {
        profile: Profile::named(engine.name()).expect("a profile of that name"),
        memory: MemoryMode::Multi,
        verify: true,
        ..FlattenOptions::default()
    };
    let mut wrong = Vec::new();
    let (mut compositions, mut runs) = (0, 0);
    for program in programs().unwrap() {
        let component = link::component(&program).unwrap();
        let flat = flatten(&component, &options).unwrap().wasm;
        if memories(&flat) < 2 {
            continue;
        }
        compositions += 1;
        for run in &program.runs {
            if program.leniency(engine.name(), run) == Some(Leniency::Skip) {
                continue;
            }
            runs += 1;
            let unmet = run.unmet_on(&engine, &flat, TIMEOUT);
            if !unmet.is_empty() {
                let unmet = unmet.join("; ");
                wrong.push(format!("{} `{}`: {unmet}", program.name, run.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(
        compositions >= 9 && runs >= 9,
        "only {runs} runs of {compositions} compositions"
    );
}
