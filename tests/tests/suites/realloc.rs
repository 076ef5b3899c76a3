//! Guests whose `realloc` allocates and does nothing else: all that the canonical ABI asks of one. And
//! those whose `realloc` does what it must not.

use p1bridge::flatten::{FlattenOptions, flatten};
use p1bridge_tests::{Engine, Exit, Outcome, RunSpec, engines};

use crate::guest;

/// Echoes one read of 60,000 bytes. `CHECK` makes sure that there is no old block, in one of the
/// ways in which compilers write it.
const GUEST: &str = r#"(module
  (import "wasi:cli/stdin@0.2.12" "get-stdin" (func $get-stdin (result i32)))
  (import "wasi:cli/stdout@0.2.12" "get-stdout" (func $get-stdout (result i32)))
  (import "wasi:io/streams@0.2.12" "[method]input-stream.blocking-read" (func $read (param i32 i64 i32)))
  (import "wasi:io/streams@0.2.12" "[method]output-stream.blocking-write-and-flush"
    (func $write (param i32 i32 i32 i32)))
  (import "wasi:clocks/monotonic-clock@0.2.12" "now" (func $now (result i64)))
  (memory (export "memory") 4)
  (global $next (mut i32) (i32.const 65536))
  (func (export "cabi_realloc") (param $old i32) (param i32 i32) (param $size i32) (result i32)
    (local $at i32)
    CHECK
    (local.set $at (global.get $next))
    (global.set $next (i32.add (local.get $at) (local.get $size)))
    (local.get $at))
  (func (export "wasi:cli/run@0.2.12#run") (result i32)
    (call $read (call $get-stdin) (i64.const 60000) (i32.const 16))
    (call $write (call $get-stdout) (i32.load (i32.const 20)) (i32.load (i32.const 24)) (i32.const 32))
    (i32.load8_u (i32.const 32))))"#;

const WORLD: &str = "package test:guest;
world guest {
    import wasi:cli/stdin@0.2.12;
    import wasi:cli/stdout@0.2.12;
    import wasi:clocks/monotonic-clock@0.2.12;
    export wasi:cli/run@0.2.12;
}";

const CHECKS: [&str; 4] = [
    "(block (br_if 0 (i32.eqz (local.get $old))) unreachable)",
    "(block (block (br_if 0 (local.get $old)) (br 1)) unreachable)",
    "(if (local.get $old) (then unreachable))",
    "",
];

fn component(check: &str) -> Vec<u8> {
    guest::component(&GUEST.replace("CHECK", check), WORLD)
}

fn echo(engine: &dyn Engine, wasm: &[u8]) -> Outcome {
    let spec = RunSpec {
        stdin: b"echo".to_vec(),
        ..RunSpec::default()
    };
    engine.run(wasm, &spec).unwrap()
}

#[test]
fn what_a_library_does_not_need_is_not_given_back_to_a_realloc_that_refuses() {
    for check in CHECKS {
        let flat = flatten(&component(check), &FlattenOptions::default()).unwrap();
        let outcome = echo(&engines::Wasmi, &flat.wasm);
        assert_eq!(outcome.stdout, b"echo", "{check}: {:?}", outcome.exit);
    }
}

/// `CanonicalABI.md`, "canon lower": nothing is called while an instance may not leave.
#[test]
fn a_realloc_that_calls_wasi_traps_when_it_does() {
    let cases = [
        ("(drop (call $now))", true),
        (
            "(if (i32.eq (local.get $size) (i32.const 1)) (then (drop (call $now))))",
            false,
        ),
    ];
    for (check, traps) in cases {
        let component = component(check);
        let flat = flatten(&component, &FlattenOptions::default()).unwrap();
        let right = echo(&engines::Wasmtime::default(), &component);
        let found = echo(&engines::Wasmi, &flat.wasm);
        for outcome in [right, found] {
            let trapped = matches!(outcome.exit, Exit::Trap(_));
            assert_eq!(trapped, traps, "{check}: {:?}", outcome.exit);
            assert_eq!(outcome.stdout == b"echo", !traps, "{check}");
        }
    }
}
