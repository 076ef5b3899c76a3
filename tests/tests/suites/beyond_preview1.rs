//! What guests use beside the functions of Preview 1: what adapters offer to them, and what libcs expect
//! when they start. `docs/toolchains.md` has the list.
//!
//! Every guest prints a letter for each check that fails, and a dot at its end: as a component on
//! wasmtime, which has the adapter, and flat on every engine and for every profile, without it.

use p1bridge::flatten::{FlattenOptions, flatten};
use p1bridge::profiles::{NAMES, named};
use p1bridge::wrap::{WrapOptions, wrap};
use p1bridge_tests::{Engine, Exit, RunSpec, engines, link};
use wasmparser::{Parser, Payload};

/// A command with these imports, whose functions are in `fields` and whose checks are `checks`.
fn guest(imports: &str, fields: &str, checks: &str) -> Vec<u8> {
    let wat = format!(
        r#"(module
          {imports}
          (import "wasi_snapshot_preview1" "fd_write"
            (func $fd_write (param i32 i32 i32 i32) (result i32)))
          (memory (export "memory") 1)
          (data (i32.const 0) "\10\00\00\00\01\00\00\00")
          (func $say (param i32)
            (i32.store8 (i32.const 16) (local.get 0))
            (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))
          (func $want (param $letter i32) (param $is i32) (param $right i32)
            (if (i32.ne (local.get $is) (local.get $right)) (then (call $say (local.get $letter)))))
          {fields}
          (func (export "_start") (local $n i32)
            {checks}
            (call $say (i32.const 46))))"#
    );
    let module = wat::parse_str(wat).unwrap();
    wrap(&module, &WrapOptions::default()).unwrap().component
}

/// Runs a component with its adapter, and flat in every way.
fn prints_a_dot(component: &[u8]) {
    let spec = RunSpec::default();
    let outcome = engines::oracle().run(component, &spec).unwrap();
    assert_eq!(String::from_utf8_lossy(&outcome.stdout), ".", "wasmtime");
    for engine in engines::available() {
        let flat = link::flatten_for(&*engine, component).unwrap();
        let outcome = engine.run(&flat, &spec).unwrap();
        let said = String::from_utf8_lossy(&outcome.stdout);
        assert_eq!(said, ".", "{}: {}", engine.name(), outcome.exit);
    }
    for name in NAMES {
        let options = FlattenOptions {
            profile: named(name).unwrap(),
            verify: true,
            ..FlattenOptions::default()
        };
        let flat = flatten(component, &options).unwrap().wasm;
        let outcome = engines::Wasmi.run(&flat, &spec).unwrap();
        let said = String::from_utf8_lossy(&outcome.stdout);
        assert_eq!(said, ".", "for {name}: {}", outcome.exit);
    }
}

const BADFD: &str = r#"
    (import "wasi_snapshot_preview1" "adapter_open_badfd" (func $open (param i32) (result i32)))
    (import "wasi_snapshot_preview1" "adapter_close_badfd" (func $close (param i32) (result i32)))"#;

#[test]
fn reserved_descriptors_are_different_and_known_to_nothing_else() {
    let imports = format!(
        r#"{BADFD}
        (import "wasi_snapshot_preview1" "fd_close" (func $fd_close (param i32) (result i32)))
        (import "wasi_snapshot_preview1" "fd_read"
          (func $fd_read (param i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "fd_fdstat_get"
          (func $fd_fdstat_get (param i32 i32) (result i32)))"#
    );
    // Eight bytes that are not aligned: an address of a libc may be any.
    let checks = r#"
        (call $want (i32.const 65) (call $open (i32.const 33)) (i32.const 0))
        (call $want (i32.const 66) (call $open (i32.const 37)) (i32.const 0))
        (call $want (i32.const 67)
          (i32.eq (i32.load (i32.const 33)) (i32.load (i32.const 37))) (i32.const 0))
        (call $want (i32.const 68) (i32.lt_s (i32.load (i32.const 33)) (i32.const 3)) (i32.const 0))
        (call $want (i32.const 69) (call $fd_close (i32.load (i32.const 33))) (i32.const 8))
        (call $want (i32.const 70)
          (call $fd_write (i32.load (i32.const 33)) (i32.const 0) (i32.const 1) (i32.const 8))
          (i32.const 8))
        (call $want (i32.const 71)
          (call $fd_read (i32.load (i32.const 33)) (i32.const 0) (i32.const 1) (i32.const 8))
          (i32.const 8))
        (call $want (i32.const 72)
          (call $fd_fdstat_get (i32.load (i32.const 33)) (i32.const 64)) (i32.const 8))
        (call $want (i32.const 74) (call $close (i32.load (i32.const 33))) (i32.const 0))
        (call $want (i32.const 75) (call $close (i32.load (i32.const 33))) (i32.const 8))
        (call $want (i32.const 76) (call $close (i32.load (i32.const 37))) (i32.const 0))
        (call $want (i32.const 77) (call $close (i32.const 99)) (i32.const 8))
        (call $want (i32.const 78) (call $close (i32.const -1)) (i32.const 8))"#;
    prints_a_dot(&guest(&imports, "", checks));
}

#[test]
fn reserved_descriptors_run_out_as_those_of_an_adapter_do() {
    // As many as there are, each given back once, and then as many again.
    let fields = r#"
        (func $fill (param $at i32) (result i32) (local $errno i32)
          (loop $again (result i32)
            (local.set $errno (call $open (local.get $at)))
            (if (i32.eqz (local.get $errno)) (then
              (local.set $at (i32.add (local.get $at) (i32.const 4)))
              (br $again)))
            (call $want (i32.const 65) (local.get $errno) (i32.const 48))
            (local.get $at)))
        (func $empty (param $end i32)
          (loop $again
            (local.set $end (i32.sub (local.get $end) (i32.const 4)))
            (call $want (i32.const 66) (call $close (i32.load (local.get $end))) (i32.const 0))
            (br_if $again (i32.gt_u (local.get $end) (i32.const 1024)))))"#;
    let checks = r#"
        (local.set $n (call $fill (i32.const 1024)))
        ;; 128 descriptors, or those without the streams and directories
        (call $want (i32.const 67)
          (i32.gt_u (local.get $n) (i32.const 1436)) (i32.const 1))
        (call $want (i32.const 68)
          (i32.le_u (local.get $n) (i32.const 1536)) (i32.const 1))
        (call $empty (local.get $n))
        (call $want (i32.const 69) (call $close (i32.load (i32.const 1024))) (i32.const 8))
        (call $want (i32.const 70) (call $fill (i32.const 1024)) (local.get $n))
        (call $empty (local.get $n))"#;
    prints_a_dot(&guest(BADFD, fields, checks));
}

#[test]
fn a_libc_that_never_opens_a_socket_pays_nothing() {
    let imports = r#"
        (import "wasi_snapshot_preview1" "adapter_close_badfd"
          (func $close (param i32) (result i32)))"#;
    let checks = "(call $want (i32.const 65) (call $close (i32.const 3)) (i32.const 8))";
    let component = guest(imports, "", checks);
    prints_a_dot(&component);
    let flat = flatten(&component, &FlattenOptions::default())
        .unwrap()
        .wasm;
    for payload in Parser::new(0).parse_all(&flat) {
        match payload.unwrap() {
            Payload::GlobalSection(_) => panic!("there is a global"),
            Payload::ImportSection(imports) => {
                let names: Vec<_> = imports.into_imports().map(|i| i.unwrap().name).collect();
                assert_eq!(names, ["fd_write"]);
            }
            Payload::CodeSectionEntry(body) => assert!(body.range().end - body.range().start < 64),
            _ => {}
        }
    }
}

#[test]
fn what_adapters_offer_can_be_called_through_a_table() {
    let imports = format!(
        r#"{BADFD}
        (import "wasi_snapshot_preview1" "reset_adapter_state" (func $reset))
        (import "wasi_snapshot_preview1" "adapter_monotonic_clock_set_paused"
          (func $pause (param i32)))"#
    );
    let fields = r#"
        (type $number (func (param i32) (result i32)))
        (type $flag (func (param i32)))
        (type $nothing (func))
        (table 4 funcref)
        (elem (i32.const 0) $open $close $reset $pause)"#;
    let checks = r#"
        (call $want (i32.const 65)
          (call_indirect (type $number) (i32.const 32) (i32.const 0)) (i32.const 0))
        (call $want (i32.const 66)
          (call_indirect (type $number) (i32.load (i32.const 32)) (i32.const 1)) (i32.const 0))
        (call_indirect (type $flag) (i32.const 1) (i32.const 3))
        (call_indirect (type $flag) (i32.const 0) (i32.const 3))
        (call_indirect (type $nothing) (i32.const 2))"#;
    prints_a_dot(&guest(&imports, fields, checks));
}

#[test]
fn the_state_of_an_adapter_can_be_reset_where_there_is_none() {
    let imports = r#"(import "wasi_snapshot_preview1" "reset_adapter_state" (func $reset))"#;
    let checks = r#"
        (call $reset)
        (call $want (i32.const 65)
          (call $fd_write (i32.const 1) (i32.const 4) (i32.const 0) (i32.const 8)) (i32.const 0))
        (call $reset)"#;
    prints_a_dot(&guest(imports, "", checks));
}

#[test]
fn a_clock_that_is_paused_never_goes_back() {
    let imports = r#"
        (import "wasi_snapshot_preview1" "adapter_monotonic_clock_set_paused"
          (func $pause (param i32)))
        (import "wasi_snapshot_preview1" "clock_time_get"
          (func $clock_time_get (param i32 i64 i32) (result i32)))"#;
    let fields = r#"
        (func $now (param $at i32)
          (call $want (i32.const 65)
            (call $clock_time_get (i32.const 1) (i64.const 0) (local.get $at)) (i32.const 0)))"#;
    let checks = r#"
        (call $now (i32.const 32))
        (call $pause (i32.const 1))
        (call $now (i32.const 40))
        (call $pause (i32.const 0))
        (call $now (i32.const 48))
        (call $want (i32.const 66)
          (i64.gt_u (i64.load (i32.const 32)) (i64.load (i32.const 40))) (i32.const 0))
        (call $want (i32.const 67)
          (i64.gt_u (i64.load (i32.const 40)) (i64.load (i32.const 48))) (i32.const 0))"#;
    prints_a_dot(&guest(imports, fields, checks));
}

#[test]
fn the_allocator_that_an_adapter_takes_its_state_from_is_not_called() {
    let fields = r#"
        (global $calls (mut i32) (i32.const 0))
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
          (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
          (i32.const 32768))"#;
    // wasmtime's adapter calls it: this one is for flat modules alone.
    let checks = "(call $want (i32.const 65) (global.get $calls) (i32.const 0))";
    let component = guest("", fields, checks);
    for engine in engines::available() {
        let flat = link::flatten_for(&*engine, &component).unwrap();
        let outcome = engine.run(&flat, &RunSpec::default()).unwrap();
        let said = String::from_utf8_lossy(&outcome.stdout);
        assert_eq!(said, ".", "{}", engine.name());
    }
}

#[test]
fn a_descriptor_is_reserved_nowhere_but_in_the_memory_of_the_guest() {
    let checks = "(call $want (i32.const 65) (call $open (i32.const -3)) (i32.const 0))";
    let component = guest(BADFD, "", checks);
    let spec = RunSpec::default();
    let is_trap = |exit: &Exit| matches!(exit, Exit::Trap(_));
    let outcome = engines::oracle().run(&component, &spec).unwrap();
    assert!(is_trap(&outcome.exit), "wasmtime: {}", outcome.exit);
    let flat = flatten(&component, &FlattenOptions::default())
        .unwrap()
        .wasm;
    let outcome = engines::Wasmi.run(&flat, &spec).unwrap();
    assert!(is_trap(&outcome.exit), "wasmi: {}", outcome.exit);
}

#[test]
fn what_an_adapter_has_for_itself_is_refused_by_its_name() {
    let imports = r#"
        (import "wasi_snapshot_preview1" "cabi_import_realloc"
          (func $realloc (param i32 i32 i32 i32) (result i32)))"#;
    let checks = r#"
        (drop (call $realloc (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))"#;
    let component = guest(imports, "", checks);
    let error = flatten(&component, &FlattenOptions::default()).unwrap_err();
    let error = format!("{error:#}");
    assert!(
        error.contains("cabi_import_realloc of the adapter") && error.contains("at offset"),
        "{error}"
    );
}
