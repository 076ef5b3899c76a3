//! A component of `wasi:http`: messages are data, nobody sends them, and who is called by name answers.

use std::time::Duration;

use p1bridge::flatten::{Allow, FlattenOptions, flatten};
use p1bridge::profiles::Profile;
use p1bridge_tests::{Call, Exit, RunSpec, engines};

use crate::guest;

const HANDLE: &str = "wasi:http/incoming-handler@0.2.12#handle";
/// `internal-error`, the last case of `error-code`.
const INTERNAL_ERROR: i32 = 38;

const WORLD: &str = "package p1bridge:test;
    world proxy {
      import wasi:http/types@0.2.12;
      import wasi:http/outgoing-handler@0.2.12;
      export wasi:http/incoming-handler@0.2.12;
      export send: func() -> u32;
      export handled: func() -> u32;
      export header: func() -> u32;
    }";

/// `send` gives the discriminant of the result and that of the error, `handled` the sum of the
/// handles that `handle` got, `header` the length of a header's value and its last byte.
const GUEST: &str = r#"(module
    (import "wasi:http/types@0.2.12" "[constructor]fields" (func $fields (result i32)))
    (import "wasi:http/types@0.2.12" "[method]fields.append"
      (func $append (param i32 i32 i32 i32 i32 i32)))
    (import "wasi:http/types@0.2.12" "[method]fields.get" (func $get (param i32 i32 i32 i32)))
    (import "wasi:http/types@0.2.12" "[constructor]outgoing-request"
      (func $request (param i32) (result i32)))
    (import "wasi:http/outgoing-handler@0.2.12" "handle" (func $send (param i32 i32 i32 i32)))
    (memory (export "memory") 1)
    (global $free (mut i32) (i32.const 1024))
    (global $sum (mut i32) (i32.const 0))
    (data (i32.const 64) "X-Test" "a value!")
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
      (global.set $free
        (i32.and (i32.add (global.get $free) (i32.const 15)) (i32.const -16)))
      (global.get $free)
      (global.set $free (i32.add (global.get $free) (local.get 3))))
    (func $made (result i32) (local i32)
      (local.set 0 (call $fields))
      (call $append (local.get 0) (i32.const 64) (i32.const 6) (i32.const 70) (i32.const 8)
        (i32.const 256))
      (if (i32.load8_u (i32.const 256)) (then unreachable))
      (local.get 0))
    (func (export "header") (result i32) (local i32)
      (call $get (call $made) (i32.const 64) (i32.const 6) (i32.const 256))
      (if (i32.ne (i32.load (i32.const 260)) (i32.const 1)) (then unreachable))
      (local.set 0 (i32.load (i32.const 256)))
      (i32.or
        (i32.shl (i32.load offset=4 (local.get 0)) (i32.const 8))
        (i32.load8_u offset=7 (i32.load (local.get 0)))))
    (func (export "send") (result i32)
      (call $send (call $request (call $made)) (i32.const 0) (i32.const 0) (i32.const 256))
      (i32.or
        (i32.shl (i32.load8_u (i32.const 256)) (i32.const 8))
        (i32.load8_u (i32.const 264))))
    (func (export "wasi:http/incoming-handler@0.2.12#handle") (param i32 i32)
      (global.set $sum
        (i32.add (global.get $sum) (i32.add (local.get 0) (local.get 1)))))
    (func (export "handled") (result i32) (global.get $sum)))"#;

fn component() -> Vec<u8> {
    guest::component(GUEST, WORLD)
}

fn call(export: &str, args: &[i32]) -> Call {
    Call {
        export: export.to_owned(),
        args: args.to_vec(),
    }
}

#[test]
fn messages_are_data_and_sending_them_is_the_allowed_error() {
    let component = component();
    for engine in engines::available() {
        let options = FlattenOptions {
            profile: Profile::named(engine.name()).unwrap_or_default(),
            allow: vec![Allow::parse("wasi:http/outgoing-handler#handle=internal-error").unwrap()],
            ..FlattenOptions::default()
        };
        let flat = flatten(&component, &options).unwrap().wasm;
        let spec = RunSpec {
            calls: vec![
                call("header", &[]),
                call("send", &[]),
                call(HANDLE, &[3, 4]),
                call(HANDLE, &[30, 5]),
                call("handled", &[]),
            ],
            timeout: Duration::from_secs(30),
            ..RunSpec::default()
        };
        let outcome = engine.run(&flat, &spec).unwrap();
        let name = engine.name();
        assert!(
            !matches!(outcome.exit, Exit::Trap(_)),
            "{name}: {outcome:?}"
        );
        let results: Vec<Option<i32>> = vec![
            Some(8 << 8 | i32::from(b'!')),
            Some(1 << 8 | INTERNAL_ERROR),
            None,
            None,
            Some(42),
        ];
        assert_eq!(outcome.results, results, "{name}");
    }
}

#[test]
fn sending_is_refused_when_linking_unless_it_is_allowed() {
    let error = flatten(&component(), &FlattenOptions::default()).unwrap_err();
    let text = format!("{error:#}");
    for part in [
        "wasi:http/outgoing-handler@0.2.12#handle",
        "--allow wasi:http/outgoing-handler#handle=internal-error",
        "reached from the export \"send\"",
    ] {
        assert!(text.contains(part), "{text}");
    }
}
