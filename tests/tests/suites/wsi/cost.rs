//! What WSI costs on Preview 1, in bytes and in fuel.

use p1bridge::lower::lower;
use p1bridge::profiles::named;
use p1bridge::run::{Exit, RunOptions, run};
use p1bridge::weave::WeaveOptions;
use p1bridge_linker::wsi::{Function, Host, functions};
use p1bridge_tests::{captured, module};

use super::woven;

/// What a call of WSI is, and what gives the same number by hand on Preview 1: imports, and the call.
const CALLS: [(&str, [&str; 2], [&str; 2]); 4] = [
    (
        "write",
        [
            r#"(import "wsi:sys/io@0.1.0" "write" (func $f (param i32 i32 i32) (result i32)))"#,
            "(call $f (i32.const 1) (i32.const 8) (i32.const 1))",
        ],
        [
            r#"(import "wasi_snapshot_preview1" "fd_write" (func $f (param i32 i32 i32 i32) (result i32)))"#,
            "(if (result i32) (call $f (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 0)) \
                (then (unreachable)) (else (i32.load (i32.const 0))))",
        ],
    ),
    (
        "read",
        [
            r#"(import "wsi:sys/io@0.1.0" "read" (func $f (param i32 i32 i32) (result i32)))"#,
            "(call $f (i32.const 0) (i32.const 8) (i32.const 1))",
        ],
        [
            r#"(import "wasi_snapshot_preview1" "fd_read" (func $f (param i32 i32 i32 i32) (result i32)))"#,
            "(if (result i32) (call $f (i32.const 0) (i32.const 8) (i32.const 1) (i32.const 0)) \
                (then (unreachable)) (else (i32.load (i32.const 0))))",
        ],
    ),
    (
        "now",
        [
            r#"(import "wsi:sys/time@0.1.0" "now" (func $f (param i32) (result i64)))"#,
            "(call $f (i32.const 1))",
        ],
        [
            r#"(import "wasi_snapshot_preview1" "clock_time_get" (func $f (param i32 i64 i32) (result i32)))"#,
            "(if (result i64) (call $f (i32.const 1) (i64.const 1) (i32.const 0)) \
                (then (unreachable)) (else (i64.load (i32.const 0))))",
        ],
    ),
    (
        "close",
        [
            r#"(import "wsi:sys/io@0.1.0" "close" (func $f (param i32) (result i32)))"#,
            "(call $f (i32.const 99))",
        ],
        [
            r#"(import "wasi_snapshot_preview1" "fd_close" (func $f (param i32) (result i32)))"#,
            "(call $f (i32.const 99))",
        ],
    ),
];

const ROUNDS: u32 = 100;

fn program([import, call]: [&str; 2]) -> Vec<u8> {
    let text = format!(
        r#"(module {import} (memory (export "memory") 1)
            (global $__stack_pointer (mut i32) (i32.const 4096))
            (func (export "_start") (local $n i32)
                (loop $again
                    (drop {call})
                    (local.set $n (i32.add (local.get $n) (i32.const 1)))
                    (br_if $again (i32.lt_u (local.get $n) (i32.const {ROUNDS}))))))"#
    );
    wat::parse_str(text).unwrap()
}

fn fuel(wasm: &[u8]) -> f64 {
    let directory = tempfile::tempdir().unwrap();
    let options = RunOptions {
        meter: true,
        ..captured(&[], directory.path())
    };
    let outcome = run(wasm, &options).unwrap();
    assert!(matches!(outcome.exit, Exit::Code(0)), "{:?}", outcome.exit);
    outcome.stats.fuel.unwrap() as f64
}

/// On Preview 1, encoded by the linker.
fn linked(wasm: &[u8]) -> Vec<u8> {
    lower(wasm, &named("as-is").unwrap()).unwrap().wasm
}

#[test]
fn a_call_costs_little_more_than_on_preview_1() {
    for (name, on_wsi, on_preview1) in CALLS {
        let [wsi, preview1] = [on_wsi, on_preview1].map(|call| linked(&program(call)));
        let fuel = (fuel(&wsi) - fuel(&preview1)) / f64::from(ROUNDS);
        let length = |wasm| module::length_without_custom_sections(wasm).unwrap() as i64;
        let bytes = length(&wsi) - length(&preview1);
        println!("{name}: {fuel:.2} units of fuel and {bytes} bytes more");
        assert!(fuel <= 20.0, "{name}: {fuel} units");
        assert!(bytes <= 64, "{name}: {bytes} bytes");
    }
}

/// The bytes of code of the functions after those of the guest.
fn code(wasm: &[u8], guest: usize) -> usize {
    let mut bodies = Vec::new();
    for payload in wasmparser::Parser::new(0).parse_all(wasm) {
        if let wasmparser::Payload::CodeSectionEntry(body) = payload.unwrap() {
            let range = body.range();
            bodies.push((range.end - range.start) as usize);
        }
    }
    bodies[guest..].iter().sum()
}

fn all(imports: &[String], sockets: bool) -> usize {
    let mut fields = String::new();
    let mut calls = String::new();
    for (at, function) in imports.iter().enumerate() {
        let known = { functions().iter() }
            .find(|known| known.full() == *function)
            .unwrap();
        let ty = known.ty();
        let list = |types: &[wasmparser::ValType]| -> String {
            types.iter().map(|ty| format!(" {ty}")).collect()
        };
        let (params, results) = (list(ty.params()), list(ty.results()));
        fields += &format!(
            r#"(import "wsi:sys/{}@0.1.0" "{}" (func $f{at} (param{params}) (result{results})))"#,
            known.module, known.name
        );
        for ty in ty.params() {
            calls += &format!("({ty}.const 0)");
        }
        calls += &format!("(call $f{at}) ");
        calls += if ty.results().is_empty() { "" } else { "drop " };
    }
    let text = format!(
        r#"(module {fields} (memory (export "memory") 1) (global $__stack_pointer (mut i32) (i32.const 4096))
            (func (export "_start") {calls}))"#
    );
    let module = wat::parse_str(text).unwrap();
    let options = WeaveOptions {
        sockets,
        ..WeaveOptions::default()
    };
    let linked = woven(&module, &options).wasm;
    let (old, new) = (
        module::parts(&module).unwrap(),
        module::parts(&linked).unwrap(),
    );
    // No state, and no memory that grows for it.
    assert_eq!(
        (old.memories, old.data, old.exports.len()),
        (new.memories, new.data, new.exports.len())
    );
    assert!(
        !wasmprinter::print_bytes(&linked)
            .unwrap()
            .contains("memory.grow")
    );
    // `_start` is the first.
    code(&linked, 1)
}

#[test]
fn what_a_program_does_not_call_is_not_there() {
    let some = |names: &str| names.split(' ').map(str::to_string).collect::<Vec<_>>();
    let there = |host: Host, net: bool| {
        let functions = functions().iter();
        let chosen = functions.filter(|f| f.class(host).is_there() && (f.module == "net") == net);
        chosen.map(Function::full).collect::<Vec<_>>()
    };
    for (what, imports, sockets, most) in [
        (
            "read, write and now",
            some("io.read io.write time.now"),
            false,
            160,
        ),
        (
            "and poll",
            some("io.read io.write time.now io.poll"),
            false,
            1536,
        ),
        ("all but net", there(Host::Preview1, false), false, 4096),
        ("net on WAMR", there(Host::Sockets, true), true, 2560),
    ] {
        let bytes = all(&imports, sockets);
        println!("{what}: {bytes} bytes of code");
        assert!(bytes <= most, "{what}: {bytes} bytes");
    }
}

#[test]
fn nothing_but_functions_of_preview_1_is_imported() {
    let linked = linked(&super::prebuilt("wsi-files"));
    let parts = module::parts(&linked).unwrap();
    assert!(
        parts
            .imports
            .iter()
            .all(|(module, ..)| module == "wasi_snapshot_preview1")
    );
}
