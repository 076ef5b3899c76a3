//! What the linker says of programs that it cannot link, and what becomes of functions that a target does not have.

use p1bridge_linker::Options;
use p1bridge_linker::wasi::Allow;
use p1bridge_tests::wsi::{Linked, link};

use super::options;

/// A module with these imports, which `_start` calls in order with zeroes.
fn module(imports: &str, calls: &str) -> Vec<u8> {
    let text = format!(
        r#"(module {imports} (memory (export "memory") 1)
            (global $__stack_pointer (mut i32) (i32.const 4096))
            (func (export "_start") {calls}))"#
    );
    wat::parse_str(text).unwrap()
}

fn refusal(module: &[u8], options: &Options) -> String {
    format!("{:#}", link(module, options).err().expect("refused"))
}

fn linked(module: &[u8], options: &Options) -> Linked {
    link(module, options).unwrap()
}

const BIND: &str =
    r#"(import "wsi:sys/net@0.1.0" "bind" (func $bind (param i32 i32) (result i32)))"#;
const CALL: &str = "(drop (call $bind (i32.const 0) (i32.const 0)))";
const HAS: &str = r#"(import "wsi:sys/has@0.1.0" "net.bind" (func $has (result i32)))"#;

#[test]
fn a_function_that_the_target_does_not_have_is_an_error_with_what_to_do() {
    let why = refusal(&module(BIND, CALL), &options("portable"));
    for part in [
        "net@0.1.0#bind",
        "--sockets=wamr",
        "wsi:sys/has",
        "--allow wsi:sys/net#bind=nosys",
    ] {
        assert!(why.contains(part), "{part}: {why}");
    }
    let map =
        r#"(import "wsi:sys/mem@0.1.0" "map" (func $map (param i32 i64 i32 i32) (result i64)))"#;
    let call = "(drop (call $map (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 0)))";
    let why = refusal(&module(map, call), &options("portable"));
    assert!(why.contains("only a host of WSI"), "{why}");
}

#[test]
fn a_function_that_nothing_calls_is_no_error() {
    assert_eq!(
        linked(&module(BIND, ""), &options("portable")).stubs,
        [""; 0]
    );
}

#[test]
fn who_asks_or_allows_it_can_do_without() {
    let asks = format!("(if (call $has) (then {CALL}))");
    let by_asking = linked(
        &module(&format!("{BIND}{HAS}"), &asks),
        &options("portable"),
    );
    assert_eq!(by_asking.stubs, ["wsi:sys/net@0.1.0#bind"]);
    let allowing = Options {
        allow: vec![Allow::parse("wsi:sys/net#bind=nosys").unwrap()],
        ..options("portable")
    };
    assert_eq!(
        linked(&module(BIND, CALL), &allowing).stubs,
        ["wsi:sys/net@0.1.0#bind"]
    );
}

#[test]
fn whether_a_function_is_there_is_a_constant() {
    for (profile, answer) in [("portable", "i32.const 0"), ("wamr-2", "i32.const 1")] {
        let linked = linked(&module(HAS, "(drop (call $has))"), &options(profile));
        let text = wasmprinter::print_bytes(&linked.wasm).unwrap();
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
        let why = refusal(&module(&import, call), &options("portable"));
        assert!(
            why.contains(said) && why.contains("at offset 0x"),
            "{said}: {why}"
        );
    }
}

#[test]
fn a_guest_without_a_stack_pointer_is_told_what_to_do() {
    let text = r#"(module (import "wsi:sys/io@0.1.0" "close" (func $f (param i32) (result i32)))
        (memory (export "memory") 1) (global (mut i32) (i32.const 64))
        (func (export "_start") (drop (call $f (i32.const 9)))))"#;
    let why = refusal(&wat::parse_str(text).unwrap(), &options("portable"));
    assert!(why.contains("__stack_pointer"), "{why}");
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
    let text = wasmprinter::print_bytes(linked(&module("sub"), &options("portable")).wasm).unwrap();
    assert!(text.contains("clock_time_get"), "{text}");
    // What only counts up may be the end of a heap: below it are the program's own bytes.
    assert!(refusal(&module("add"), &options("portable")).contains("__stack_pointer"));
}

#[test]
fn approximations_are_named_and_can_be_denied() {
    let poll = r#"(import "wsi:sys/io@0.1.0" "poll" (func $f (param i32 i32 i64) (result i32)))"#;
    let module = module(
        poll,
        "(drop (call $f (i32.const 0) (i32.const 0) (i64.const 0)))",
    );
    let linked = linked(&module, &options("portable"));
    assert_eq!(linked.approximations, ["wsi:sys/io@0.1.0#poll"]);
    let denying = Options {
        deny_approximations: true,
        ..options("portable")
    };
    assert!(refusal(&module, &denying).contains("io@0.1.0#poll"));
}
