//! Programs whose memory never grows: what `--no-grow` makes runs files, streams and standard
//! input like any other module. What has more checks is in `wasi_checks.rs` and `sockets.rs`.

use std::time::Duration;

use p1bridge::flatten::{FlattenOptions, Growth, flatten};
use p1bridge::profiles::Profile;
use p1bridge_tests::manifest::{Leniency, programs};
use p1bridge_tests::{engines, link};
use wasmparser::{Parser, Payload};

/// Programs that need no more memory than they start with.
const PROGRAMS: [&str; 2] = ["files-p2-c", "stdio-p2-c"];
const TIMEOUT: Duration = Duration::from_secs(30);

/// The pages that a module's memory has at first and at most.
fn pages(wasm: &[u8]) -> (u64, Option<u64>) {
    for payload in Parser::new(0).parse_all(wasm) {
        if let Payload::MemorySection(memories) = payload.unwrap() {
            let memory = memories.into_iter().next().unwrap().unwrap();
            return (memory.initial, memory.maximum);
        }
    }
    panic!("the module has no memory");
}

#[test]
fn programs_do_the_same_in_a_fixed_memory() {
    let mut wrong = Vec::new();
    let mut runs = 0;
    for program in programs().unwrap() {
        if !PROGRAMS.contains(&program.name.as_str()) {
            continue;
        }
        let component = link::component(&program).unwrap();
        for engine in engines::available() {
            let options = FlattenOptions {
                profile: Profile::named(engine.name()).unwrap_or_default(),
                growth: Growth::None,
                ..FlattenOptions::default()
            };
            let flat = flatten(&component, &options).unwrap().wasm;
            let (initial, maximum) = pages(&flat);
            assert_eq!(maximum, Some(initial), "{}", program.name);
            for run in &program.runs {
                if program.leniency(engine.name(), run) == Some(Leniency::Skip) {
                    continue;
                }
                runs += 1;
                let unmet = run.unmet_on(engine.as_ref(), &flat, TIMEOUT);
                if !unmet.is_empty() {
                    wrong.push(format!(
                        "{} `{}` on {}: {}",
                        program.name,
                        run.name,
                        engine.name(),
                        unmet.join("; ")
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(runs >= 20, "only {runs} runs");
}
