//! What the linker says of programs that it cannot link, and what becomes of functions that a target does not have.

use p1bridge::flatten::{Allow, FlattenOptions, Row, wasi_table};
use p1bridge::lower::lower;
use p1bridge::profiles::Profile;
use p1bridge::weave::{WeaveOptions, weave};
use p1bridge_tests::engines::oracle;
use p1bridge_tests::module::parts;
use p1bridge_tests::{Exit, RunSpec};

use super::woven;

/// A module with these imports, which `_start` calls in order with zeroes.
fn module(imports: &str, calls: &str) -> Vec<u8> {
    let text = format!(
        r#"(module {imports} (memory (export "memory") 1)
            (global $__stack_pointer (mut i32) (i32.const 4096))
            (func (export "_start") {calls}))"#
    );
    wat::parse_str(text).unwrap()
}

fn refusal(module: &[u8], options: &WeaveOptions) -> String {
    format!("{:#}", weave(module, options).expect_err("refused"))
}

fn plain() -> WeaveOptions {
    WeaveOptions::default()
}

const BIND: &str =
    r#"(import "wsi:sys/net@0.1.0" "bind" (func $bind (param i32 i32) (result i32)))"#;
const CALL: &str = "(drop (call $bind (i32.const 0) (i32.const 0)))";
const HAS: &str = r#"(import "wsi:sys/has@0.1.0" "net.bind" (func $has (result i32)))"#;

#[test]
fn a_function_that_the_target_does_not_have_is_an_error_with_what_to_do() {
    let why = refusal(&module(BIND, CALL), &plain());
    for part in [
        "net@0.1.0#bind",
        "--profile wamr-2",
        "wsi:sys/has",
        "--allow wsi:sys/net#bind=nosys",
    ] {
        assert!(why.contains(part), "{part}: {why}");
    }
    let map =
        r#"(import "wsi:sys/mem@0.1.0" "map" (func $map (param i32 i64 i32 i32) (result i64)))"#;
    let call = "(drop (call $map (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 0)))";
    let why = refusal(&module(map, call), &plain());
    assert!(why.contains("only a host of WSI"), "{why}");
}

#[test]
fn who_asks_or_allows_it_can_do_without() {
    let asks = format!("(if (call $has) (then {CALL}))");
    let by_asking = woven(&module(&format!("{BIND}{HAS}"), &asks), &plain());
    assert_eq!(by_asking.stubs["wsi:sys/net@0.1.0#bind"], "nosys");
    let allowing = WeaveOptions {
        allow: vec![Allow::parse("wsi:sys/net#bind=nosys").unwrap()],
        ..plain()
    };
    assert_eq!(
        woven(&module(BIND, CALL), &allowing).stubs["wsi:sys/net@0.1.0#bind"],
        "nosys"
    );
}

#[test]
fn the_table_of_inspect_says_what_becomes_of_each_function() {
    let rows = |imports: &str, sockets| {
        let options = FlattenOptions {
            sockets: Some(sockets),
            ..FlattenOptions::default()
        };
        let rows = wasi_table(&module(imports, ""), &options).unwrap();
        let text = |row: &Row| format!("{} {}: {}", row.class.unwrap(), row.function, row.becomes);
        rows.iter().map(text).collect::<Vec<_>>()
    };
    assert_eq!(rows(BIND, true), ["E wsi:sys/net@0.1.0#bind: linked"]);
    assert!(
        rows(BIND, false)[0]
            .starts_with("X wsi:sys/net@0.1.0#bind: refused: Preview 1 has no sockets")
    );
    assert_eq!(
        rows(&format!("{BIND}{HAS}"), false),
        [
            "L wsi:sys/has@0.1.0#net.bind: the constant 0",
            "X wsi:sys/net@0.1.0#bind: returns nosys, as the program asks what is there",
        ]
    );
}

#[test]
fn what_the_host_has_of_wsi_stays_an_import_beside_preview_1() {
    let profile = |functions: &str| {
        Profile::parse(&format!(
            "name = \"device\"\n[wasm]\nfeatures = []\n[wsi]\nfunctions = {functions}\n\
             [[module]]\nname = \"wasi_snapshot_preview1\"\nfunctions = \"preview1\""
        ))
    };
    let fields = r#"(import "wsi:sys/device@0.1.0" "query" (func $query (param i32 i32) (result i32)))
        (import "wsi:sys/io@0.1.0" "close" (func $close (param i32) (result i32)))
        (import "wsi:sys/has@0.1.0" "device.query" (func $has (result i32)))"#;
    let calls = "(if (call $has) (then (drop (call $query (i32.const 3) (i32.const 16))))) (drop (call $close (i32.const 9)))";
    let module = module(fields, calls);
    let imports = |functions: &str| {
        let lowered = lower(&module, &profile(functions).unwrap()).unwrap();
        let parts = parts(&lowered.wasm).unwrap();
        let names = parts
            .imports
            .into_iter()
            .map(|(module, name, _)| format!("{module} {name}"));
        names.collect::<Vec<_>>()
    };
    assert_eq!(
        imports(r#"["device.query"]"#),
        [
            "wsi:sys/device@0.1.0 query",
            "wasi_snapshot_preview1 fd_close"
        ]
    );
    assert_eq!(imports("[]"), ["wasi_snapshot_preview1 fd_close"]);
    let why = format!("{:#}", profile(r#"["device.qurey"]"#).unwrap_err());
    assert!(why.contains("device.query"), "{why}");
}

#[test]
fn a_program_may_import_preview_1_as_well_and_has_one_import_for_both() {
    let fields = r#"(import "wasi_snapshot_preview1" "fd_close" (func $old (param i32) (result i32)))
        (import "wsi:sys/io@0.1.0" "close" (func $new (param i32) (result i32)))"#;
    let calls = "(if (i32.ne (call $old (i32.const 99)) (i32.sub (i32.const 0) (call $new (i32.const 99)))) (then unreachable))";
    let wasm = woven(&module(fields, calls), &plain()).wasm;
    assert_eq!(parts(&wasm).unwrap().imports.len(), 1);
    let outcome = oracle().run(&wasm, &RunSpec::default()).unwrap();
    assert_eq!(outcome.exit, Exit::Code(0));
}

#[test]
fn whether_a_function_is_there_is_a_constant() {
    for (sockets, answer) in [(false, "i32.const 0"), (true, "i32.const 1")] {
        let options = WeaveOptions { sockets, ..plain() };
        let woven = woven(&module(HAS, "(drop (call $has))"), &options);
        let text = wasmprinter::print_bytes(&woven.wasm).unwrap();
        assert!(text.contains(answer), "{text}");
        assert!(!text.contains("wsi:"), "{text}");
    }
}

#[test]
fn what_wsi_does_not_have_is_said_with_the_nearest_name() {
    let import = |module: &str, name: &str, ty: &str| {
        format!(r#"(import "wsi:sys/{module}" "{name}" (func $f {ty}))"#)
    };
    let ty = "(param i32 i32 i32) (result i32)";
    let call = "(drop (call $f (i32.const 0) (i32.const 0) (i32.const 0)))";
    for (import, said) in [
        (import("io@0.1.0", "raed", ty), "did you mean `io.read`?"),
        (import("io@0.2.0", "read", ty), "\"wsi:sys/io@0.1.0\""),
        (import("io", "read", ty), "\"wsi:sys/io@0.1.0\""),
        (import("io@0.1.0", "close", ty), "(i32) -> (i32)"),
    ] {
        let why = refusal(&module(&import, call), &plain());
        assert!(
            why.contains(said) && why.contains("at offset 0x"),
            "{said}: {why}"
        );
    }
}

/// A program without a stack, which fills its memory and lets it grow, and then reads a clock and waits.
#[test]
fn a_guest_without_a_stack_pointer_gets_a_frame_above_its_memory() {
    let text = r#"(module
        (import "wsi:sys/time@0.1.0" "now" (func $now (param i32) (result i64)))
        (import "wsi:sys/io@0.1.0" "poll" (func $poll (param i32 i32 i64) (result i32)))
        (memory (export "memory") 1)
        (func $fill (param $at i32) (param $end i32)
            (loop $again
                (i32.store8 (local.get $at) (i32.const 7))
                (br_if $again (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 1))) (local.get $end)))))
        (func $check (param $at i32) (param $end i32)
            (loop $again
                (if (i32.ne (i32.load8_u (local.get $at)) (i32.const 7)) (then unreachable))
                (br_if $again (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 1))) (local.get $end)))))
        (func $wait
            (if (i64.le_s (call $now (i32.const 1)) (i64.const 0)) (then unreachable))
            (if (call $poll (i32.const 0) (i32.const 0) (i64.add (call $now (i32.const 1)) (i64.const 3000000)))
                (then unreachable)))
        (func (export "_start")
            (call $fill (i32.const 0) (i32.const 65536))
            (call $wait)
            (call $check (i32.const 0) (i32.const 65536))
            (if (i32.ne (memory.grow (i32.const 1)) (i32.const 1)) (then unreachable))
            (call $fill (i32.const 65536) (i32.const 131072))
            (call $wait)
            (call $check (i32.const 0) (i32.const 131072))))"#;
    let wasm = woven(&wat::parse_str(text).unwrap(), &plain()).wasm;
    let outcome = oracle().run(&wasm, &RunSpec::default()).unwrap();
    assert_eq!(outcome.exit, Exit::Code(0));
}

#[test]
fn a_stack_pointer_without_a_name_is_known_by_what_functions_do_with_it() {
    let module = |op: &str| {
        let text = format!(
            r#"(module (import "wsi:sys/time@0.1.0" "now" (func $now (param i32) (result i64)))
            (memory (export "memory") 1) (global (mut i32) (i32.const 4096))
            (func (export "_start") (local i32)
                global.get 0 i32.const 16 i32.{op} local.tee 0 global.set 0
                i32.const 1 call $now drop))"#
        );
        wat::parse_str(text).unwrap()
    };
    let memory = |op: &str| {
        let wasm = woven(&module(op), &plain()).wasm;
        parts(&wasm).unwrap().memories[0].initial
    };
    assert_eq!(memory("sub"), 1);
    // What only counts up may be the end of a heap: below it are the program's own bytes.
    assert_eq!(memory("add"), 2);
}

#[test]
fn approximations_are_named_and_can_be_denied() {
    let poll = r#"(import "wsi:sys/io@0.1.0" "poll" (func $f (param i32 i32 i64) (result i32)))"#;
    let module = module(
        poll,
        "(drop (call $f (i32.const 0) (i32.const 0) (i64.const 0)))",
    );
    let woven = woven(&module, &plain());
    assert_eq!(
        woven.approximations.keys().collect::<Vec<_>>(),
        ["wsi:sys/io@0.1.0#poll"]
    );
    let denying = WeaveOptions {
        deny_approximations: true,
        ..plain()
    };
    assert!(refusal(&module, &denying).contains("io@0.1.0#poll"));
}
