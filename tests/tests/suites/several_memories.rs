//! Compositions with a memory for each guest, for engines that have several: real guests, which call each
//! other and WASI, do what they do in one memory.

use std::time::Duration;

use p1bridge::flatten::{FlattenOptions, MemoryMode, flatten};
use p1bridge::profiles::Profile;
use p1bridge::run::{Call, Exit, RunOptions};
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
    let (mut compositions, mut runs, mut refused) = (0, 0, Vec::new());
    for program in programs().unwrap() {
        let component = link::component(&program).unwrap();
        let flat = match flatten(&component, &options) {
            Ok(flat) => flat.wasm,
            // What WASI 0.3 reads and writes in streams has to lie where the host sees it.
            Err(error)
                if format!("{error:#}").contains("a memory that a Preview 1 host does not see") =>
            {
                refused.push(program.name);
                continue;
            }
            Err(error) => panic!("{}: {error:#}", program.name),
        };
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
    assert!(
        refused.iter().all(|name| name.contains("-p3")),
        "refused: {refused:?}"
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(
        compositions >= 9 && runs >= 9,
        "only {runs} runs of {compositions} compositions"
    );
}

/// The first memory has what the host passes to the others, too: their arena and handles lie above the
/// guest whose memory it is.
#[test]
fn the_first_guest_does_not_see_what_lies_above_its_memory() {
    let guest = |name: &str, others: &str| {
        format!(
            r#"(component ${name}
              (core module $M (memory (export "memory") 1) {others}
                (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 256))
                (func (export "len") (param i32 i32) (result i32) (local.get 1))
                (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
                (func (export "store") (param i32) (result i32)
                  (i32.store (local.get 0) (i32.const -1)) (i32.const 1))
                (func (export "fill") (param i32) (result i32)
                  (memory.fill (local.get 0) (i32.const 7) (i32.const 16)) (i32.const 1)))
              (core instance $m (instantiate $M))
              (func (export "len") (param "s" string) (result u32) (canon lift (core func $m "len")
                (memory (core memory $m "memory")) (realloc (core func $m "realloc"))))
              (func (export "load") (param "x" u32) (result u32) (canon lift (core func $m "load")))
              (func (export "store") (param "x" u32) (result u32) (canon lift (core func $m "store")))
              (func (export "fill") (param "x" u32) (result u32) (canon lift (core func $m "fill")))
              (func (export "to") (param "x" u32) (result u32) (canon lift (core func $m "to")))
              (func (export "from") (param "x" u32) (result u32) (canon lift (core func $m "from"))))"#
        )
    };
    let second = r#"(memory $o 1)
        (func (export "to") (param i32) (result i32)
          (memory.copy 0 $o (local.get 0) (i32.const 0) (i32.const 16)) (i32.const 1))
        (func (export "from") (param i32) (result i32)
          (memory.copy $o 0 (i32.const 0) (local.get 0) (i32.const 16)) (i32.const 1))"#;
    let within = r#"
        (func (export "to") (param i32) (result i32)
          (memory.copy (local.get 0) (i32.const 0) (i32.const 16)) (i32.const 1))
        (func (export "from") (param i32) (result i32)
          (memory.copy (i32.const 0) (local.get 0) (i32.const 16)) (i32.const 1))"#;
    let names = ["load", "store", "fill", "to", "from"];
    let exports = names.map(|name| format!(r#"(export "{name}" (func $a "{name}"))"#));
    for others in [second, within] {
        let text = format!(
            r#"(component {} {} (instance $a (instantiate $A)) (instance $b (instantiate $B))
              (export "a-len" (func $a "len")) (export "b-len" (func $b "len")) {})"#,
            guest("A", others),
            guest("B", within),
            exports.join(" ")
        );
        let options = FlattenOptions {
            profile: Profile::named("wasmi").expect("a profile of that name"),
            memory: MemoryMode::Multi,
            verify: true,
            ..FlattenOptions::default()
        };
        let flat = flatten(&wat::parse_str(text).unwrap(), &options)
            .unwrap()
            .wasm;
        let run = |name: &str, at: i32| {
            let options = RunOptions {
                calls: vec![
                    Call::i32("cabi_realloc", &[0, 0, 1, 100]),
                    Call::i32(name, &[at]),
                ],
                initialize: true,
                ..RunOptions::default()
            };
            p1bridge::run::run(&flat, &options).unwrap().exit
        };
        for name in names {
            assert_eq!(run(name, 65520), Exit::Code(0), "{name}");
            for at in [65536, 65535 + 64] {
                let exit = run(name, at);
                assert!(matches!(exit, Exit::Trap(_)), "{name} at {at}: {exit:?}");
            }
        }
    }
}
