//! The types of `wasi:http` 0.3.0: fields, requests and responses are data, whose bodies go from who makes them to who
//! reads them. Nobody sends them.

use p1bridge::flatten::{FlattenOptions, Flattened, Stacks, flatten};
use p1bridge_tests::{Call, Engine, Exit, RunSpec, engines};
use wit_component::StringEncoding;

use crate::guest;

const WORLD: &str = "package test:guest;
world guest {
    import wasi:http/types@0.3.0;
    export fields: func() -> u32;
    export options: func() -> u32;
    export body: func() -> u32;
    export no-body: func() -> u32;
    export dropped: func() -> u32;
    export response: func() -> u32;
}";

/// Each export traps unless all is as it should be.
const GUEST: &str = r#"(module
  (import "wasi:http/types@0.3.0" "[constructor]fields" (func $new-fields (result i32)))
  (import "wasi:http/types@0.3.0" "[static]fields.from-list" (func $from-list (param i32 i32 i32)))
  (import "wasi:http/types@0.3.0" "[method]fields.append" (func $append (param i32 i32 i32 i32 i32 i32)))
  (import "wasi:http/types@0.3.0" "[method]fields.get" (func $get (param i32 i32 i32 i32)))
  (import "wasi:http/types@0.3.0" "[method]fields.has" (func $has (param i32 i32 i32) (result i32)))
  (import "wasi:http/types@0.3.0" "[method]fields.set" (func $set (param i32 i32 i32 i32 i32 i32)))
  (import "wasi:http/types@0.3.0" "[method]fields.delete" (func $delete (param i32 i32 i32 i32)))
  (import "wasi:http/types@0.3.0" "[method]fields.get-and-delete" (func $get-and-delete (param i32 i32 i32 i32)))
  (import "wasi:http/types@0.3.0" "[method]fields.copy-all" (func $copy-all (param i32 i32)))
  (import "wasi:http/types@0.3.0" "[method]fields.clone" (func $clone (param i32) (result i32)))
  (import "wasi:http/types@0.3.0" "[resource-drop]fields" (func $drop-fields (param i32)))
  (import "wasi:http/types@0.3.0" "[static]request.new" (func $request (param i32 i32 i32 i32 i32 i32 i32)))
  (import "wasi:http/types@0.3.0" "[method]request.get-headers" (func $headers (param i32) (result i32)))
  (import "wasi:http/types@0.3.0" "[method]request.set-method" (func $set-method (param i32 i32 i32 i32) (result i32)))
  (import "wasi:http/types@0.3.0" "[method]request.get-method" (func $get-method (param i32 i32)))
  (import "wasi:http/types@0.3.0" "[method]request.set-path-with-query"
    (func $set-path (param i32 i32 i32 i32) (result i32)))
  (import "wasi:http/types@0.3.0" "[method]request.get-path-with-query" (func $get-path (param i32 i32)))
  (import "wasi:http/types@0.3.0" "[method]request.get-options" (func $get-options (param i32 i32)))
  (import "wasi:http/types@0.3.0" "[static]request.consume-body" (func $consume (param i32 i32 i32)))
  (import "wasi:http/types@0.3.0" "[resource-drop]request" (func $drop-request (param i32)))
  (import "wasi:http/types@0.3.0" "[constructor]request-options" (func $new-options (result i32)))
  (import "wasi:http/types@0.3.0" "[method]request-options.set-connect-timeout"
    (func $set-timeout (param i32 i32 i64 i32)))
  (import "wasi:http/types@0.3.0" "[method]request-options.get-connect-timeout" (func $get-timeout (param i32 i32)))
  (import "wasi:http/types@0.3.0" "[method]request-options.get-first-byte-timeout" (func $get-other (param i32 i32)))
  (import "wasi:http/types@0.3.0" "[method]request-options.clone" (func $clone-options (param i32) (result i32)))
  (import "wasi:http/types@0.3.0" "[resource-drop]request-options" (func $drop-options (param i32)))
  (import "wasi:http/types@0.3.0" "[static]response.new" (func $response (param i32 i32 i32 i32 i32)))
  (import "wasi:http/types@0.3.0" "[method]response.set-status-code" (func $set-status (param i32 i32) (result i32)))
  (import "wasi:http/types@0.3.0" "[method]response.get-status-code" (func $get-status (param i32) (result i32)))
  (import "wasi:http/types@0.3.0" "[resource-drop]response" (func $drop-response (param i32)))
  (import "wasi:http/types@0.3.0" "[stream-new-0][static]request.new" (func $new-stream (result i64)))
  (import "wasi:http/types@0.3.0" "[async-lower][stream-write-0][static]request.new"
    (func $write (param i32 i32 i32) (result i32)))
  (import "wasi:http/types@0.3.0" "[stream-drop-writable-0][static]request.new" (func $drop-writer (param i32)))
  (import "wasi:http/types@0.3.0" "[async-lower][stream-read-0][static]request.new"
    (func $read (param i32 i32 i32) (result i32)))
  (import "wasi:http/types@0.3.0" "[future-new-1][static]request.new" (func $new-trailers (result i64)))
  (import "wasi:http/types@0.3.0" "[async-lower][future-write-1][static]request.new"
    (func $write-trailers (param i32 i32) (result i32)))
  (import "wasi:http/types@0.3.0" "[async-lower][future-read-1][static]request.new"
    (func $read-trailers (param i32 i32) (result i32)))
  (import "wasi:http/types@0.3.0" "[future-new-2][static]request.new" (func $new-result (result i64)))
  (import "wasi:http/types@0.3.0" "[async-lower][future-write-2][static]request.new"
    (func $write-result (param i32 i32) (result i32)))
  (import "wasi:http/types@0.3.0" "[async-lower][future-read-2][static]request.new"
    (func $read-result (param i32 i32) (result i32)))
  (import "wasi:http/types@0.3.0" "[future-drop-writable-1][static]request.new" (func $drop-trailers (param i32)))
  (import "wasi:http/types@0.3.0" "[future-drop-readable-2][static]request.new" (func $drop-result (param i32)))
  (memory (export "memory") 1)
  (global $free (mut i32) (i32.const 16384))
  (data (i32.const 64) "X-Test" "a value!" "host")
  (data (i32.const 128) "PATCH2" "/a?b" "/a b")
  ;; entries of one field: X-Test, host
  (data (i32.const 160) "\40\00\00\00\06\00\00\00\46\00\00\00\08\00\00\00")
  (data (i32.const 176) "\4e\00\00\00\04\00\00\00\46\00\00\00\08\00\00\00")
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (global.set $free (i32.and (i32.add (global.get $free) (i32.const 15)) (i32.const -16)))
    (global.get $free)
    (global.set $free (i32.add (global.get $free) (local.get 3))))
  (func $is (param i32 i32) (if (i32.ne (local.get 0) (local.get 1)) (then unreachable)))
  ;; the result at 256: no error, or this one
  (func $ok (call $is (i32.load8_u (i32.const 256)) (i32.const 0)))
  (func $error (param i32)
    (call $is (i32.load8_u (i32.const 256)) (i32.const 1))
    (call $is (i32.load8_u (i32.const 260)) (local.get 0)))
  (func $add (param $fields i32) (param $size i32)
    (call $append (local.get $fields) (i32.const 64) (i32.const 6) (i32.const 70) (local.get $size) (i32.const 256)))
  (func $made (result i32) (local i32)
    (local.set 0 (call $new-fields))
    (call $add (local.get 0) (i32.const 8))
    (call $ok)
    (local.get 0))
  (func $has-test (param i32) (result i32) (call $has (local.get 0) (i32.const 64) (i32.const 6)))
  (func $high (param i64) (result i32) (i32.wrap_i64 (i64.shr_u (local.get 0) (i64.const 32))))
  (func (export "fields") (result i32) (local $f i32) (local $copy i32)
    (local.set $f (call $made))
    (call $is (call $has-test (local.get $f)) (i32.const 1))
    (call $get (local.get $f) (i32.const 64) (i32.const 6) (i32.const 256))
    (call $is (i32.load (i32.const 260)) (i32.const 1))
    (call $is (i32.load offset=4 (i32.load (i32.const 256))) (i32.const 8))
    (local.set $copy (call $clone (local.get $f)))
    (call $get-and-delete (local.get $f) (i32.const 64) (i32.const 6) (i32.const 256))
    (call $ok)
    (call $is (i32.load (i32.const 264)) (i32.const 1))
    (call $is (i32.load8_u (i32.load (i32.load (i32.const 260)))) (i32.const 97))
    (call $is (call $has-test (local.get $f)) (i32.const 0))
    (call $is (call $has-test (local.get $copy)) (i32.const 1))
    (call $copy-all (local.get $copy) (i32.const 256))
    (call $is (i32.load (i32.const 260)) (i32.const 1))
    (call $is (i32.load8_u (i32.load (i32.load (i32.const 256)))) (i32.const 120))
    ;; names and values that are none, a name that is not the program's, more than there is room for
    (call $append (local.get $f) (i32.const 135) (i32.const 6) (i32.const 70) (i32.const 8) (i32.const 256))
    (call $error (i32.const 0))
    (call $append (local.get $f) (i32.const 78) (i32.const 4) (i32.const 70) (i32.const 8) (i32.const 256))
    (call $error (i32.const 1))
    (call $add (local.get $f) (i32.const 60000))
    (call $error (i32.const 3))
    (call $from-list (i32.const 160) (i32.const 2) (i32.const 256))
    (call $error (i32.const 1))
    (call $from-list (i32.const 160) (i32.const 1) (i32.const 256))
    (call $ok)
    (call $is (call $has-test (i32.load (i32.const 260))) (i32.const 1))
    (call $drop-fields (i32.load (i32.const 260)))
    (call $set (local.get $copy) (i32.const 64) (i32.const 6) (i32.const 168) (i32.const 1) (i32.const 256))
    (call $ok)
    (call $delete (local.get $copy) (i32.const 64) (i32.const 6) (i32.const 256))
    (call $ok)
    (call $is (call $has-test (local.get $copy)) (i32.const 0))
    (call $drop-fields (local.get $f))
    (call $drop-fields (local.get $copy))
    (i32.const 1))
  ;; a request, with the writable end of its trailers; the future of its result is at 516
  (func $new-request (param $some i32) (param $stream i32) (param $has i32) (param $options i32) (result i32)
    (local $trailers i64)
    (local.set $trailers (call $new-trailers))
    (call $request (call $made) (local.get $some) (local.get $stream) (i32.wrap_i64 (local.get $trailers))
      (local.get $has) (local.get $options) (i32.const 512))
    (call $high (local.get $trailers)))
  (func (export "options") (result i32) (local $o i32) (local $r i32)
    (local.set $o (call $new-options))
    (call $set-timeout (local.get $o) (i32.const 1) (i64.const 77) (i32.const 256))
    (call $ok)
    (drop (call $new-request (i32.const 0) (i32.const 0) (i32.const 1) (local.get $o)))
    (local.set $r (i32.load (i32.const 512)))
    (call $get-options (local.get $r) (i32.const 256))
    (call $is (i32.load8_u (i32.const 256)) (i32.const 1))
    (local.set $o (i32.load (i32.const 260)))
    (call $get-timeout (local.get $o) (i32.const 256))
    (call $is (i32.load8_u (i32.const 256)) (i32.const 1))
    (call $is (i32.load (i32.const 264)) (i32.const 77))
    (call $get-other (local.get $o) (i32.const 256))
    (call $ok)
    ;; what belongs to a request cannot be changed, a copy can
    (call $set-timeout (local.get $o) (i32.const 0) (i64.const 0) (i32.const 256))
    (call $error (i32.const 1))
    (call $set-timeout (call $clone-options (local.get $o)) (i32.const 0) (i64.const 0) (i32.const 256))
    (call $ok)
    (call $drop-options (local.get $o))
    (local.set $o (call $headers (local.get $r)))
    (call $is (call $has-test (local.get $o)) (i32.const 1))
    (call $add (local.get $o) (i32.const 8))
    (call $error (i32.const 2))
    (call $get-and-delete (local.get $o) (i32.const 64) (i32.const 6) (i32.const 256))
    (call $error (i32.const 2))
    (call $is (call $set-method (local.get $r) (i32.const 9) (i32.const 128) (i32.const 6)) (i32.const 0))
    (call $get-method (local.get $r) (i32.const 256))
    (call $is (i32.load8_u (i32.const 256)) (i32.const 9))
    (call $is (i32.load (i32.const 264)) (i32.const 6))
    (call $is (call $set-path (local.get $r) (i32.const 1) (i32.const 134) (i32.const 4)) (i32.const 0))
    (call $is (call $set-path (local.get $r) (i32.const 1) (i32.const 138) (i32.const 4)) (i32.const 1))
    (call $get-path (local.get $r) (i32.const 256))
    (call $is (i32.load (i32.const 264)) (i32.const 4))
    ;; the headers outlive it
    (call $drop-request (local.get $r))
    (call $is (call $has-test (local.get $o)) (i32.const 1))
    (call $drop-fields (local.get $o))
    (i32.const 1))
  (func (export "body") (result i32) (local $both i64) (local $writer i32) (local $result i64)
    (local.set $both (call $new-stream))
    (local.set $writer (call $high (local.get $both)))
    (drop (call $new-request (i32.const 1) (i32.wrap_i64 (local.get $both)) (i32.const 0) (i32.const 0)))
    ;; the result is there when the body is with its reader
    (call $is (call $read-result (i32.load (i32.const 516)) (i32.const 768)) (i32.const -1))
    (local.set $result (call $new-result))
    (call $consume (i32.load (i32.const 512)) (i32.wrap_i64 (local.get $result)) (i32.const 520))
    (i32.store8 (i32.const 1024) (i32.const 0))
    (call $is (call $read (i32.load (i32.const 520)) (i32.const 1040) (i32.const 16)) (i32.const -1))
    (call $is (call $write (local.get $writer) (i32.const 64) (i32.const 6)) (i32.const 0x60))
    (call $is (i32.load8_u (i32.const 1045)) (i32.const 116))
    ;; nobody has written them: one instance may not do both
    (call $is (call $read-trailers (i32.load (i32.const 524)) (i32.const 1088)) (i32.const -1))
    (call $is (call $write-result (call $high (local.get $result)) (i32.const 2048)) (i32.const 1))
    (i32.const 1))
  (func (export "no-body") (result i32)
    (drop (call $new-request (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))
    (call $get-options (i32.load (i32.const 512)) (i32.const 256))
    (call $ok)
    (call $consume (i32.load (i32.const 512)) (i32.wrap_i64 (call $new-result)) (i32.const 520))
    (call $is (call $read (i32.load (i32.const 520)) (i32.const 1040) (i32.const 16)) (i32.const 1))
    (i32.store8 (i32.const 768) (i32.const 9))
    (call $is (call $read-result (i32.load (i32.const 516)) (i32.const 768)) (i32.const 0))
    (call $is (i32.load8_u (i32.const 768)) (i32.const 0))
    (i32.const 1))
  ;; who writes the body of a request that is dropped gets to know it
  (func (export "dropped") (result i32) (local $both i64) (local $t i32)
    (local.set $both (call $new-stream))
    (local.set $t (call $new-request (i32.const 1) (i32.wrap_i64 (local.get $both)) (i32.const 0) (i32.const 0)))
    (call $drop-request (i32.load (i32.const 512)))
    (call $is (call $write (call $high (local.get $both)) (i32.const 64) (i32.const 6)) (i32.const 1))
    (call $is (call $write-trailers (local.get $t) (i32.const 2048)) (i32.const 1))
    (call $is (call $read-result (i32.load (i32.const 516)) (i32.const 768)) (i32.const 0))
    (call $drop-writer (call $high (local.get $both)))
    (call $drop-trailers (local.get $t))
    (call $drop-result (i32.load (i32.const 516)))
    (i32.const 1))
  (func (export "response") (result i32) (local $r i32)
    (call $response (call $made) (i32.const 0) (i32.const 0) (i32.wrap_i64 (call $new-trailers)) (i32.const 512))
    (local.set $r (i32.load (i32.const 512)))
    (call $is (call $get-status (local.get $r)) (i32.const 200))
    (call $is (call $set-status (local.get $r) (i32.const 404)) (i32.const 0))
    (call $is (call $set-status (local.get $r) (i32.const 99)) (i32.const 1))
    (call $is (call $get-status (local.get $r)) (i32.const 404))
    (call $drop-response (local.get $r))
    (i32.const 1)))"#;

fn component() -> Vec<u8> {
    guest::component_0_3(GUEST, WORLD, StringEncoding::UTF8)
}

fn linked(stacks: Stacks) -> Flattened {
    let options = FlattenOptions {
        stacks,
        verify: true,
        max_streams: Some(8),
        ..FlattenOptions::default()
    };
    flatten(&component(), &options).unwrap_or_else(|error| panic!("{error:#}"))
}

#[test]
fn messages_are_data_whose_bodies_go_to_who_reads_them() {
    for stacks in [Stacks::Nested, Stacks::Switch] {
        let wasm = linked(stacks).wasm;
        for export in [
            "fields", "options", "body", "no-body", "dropped", "response",
        ] {
            let call = Call {
                export: export.to_string(),
                args: Vec::new(),
            };
            let spec = RunSpec {
                // What is dropped is gone.
                calls: match export {
                    "fields" | "dropped" => vec![call; 20],
                    _ => vec![call],
                },
                ..RunSpec::default()
            };
            let outcome = engines::Wasmi.run(&wasm, &spec).unwrap();
            let right = vec![Some(1); spec.calls.len()];
            let trapped = matches!(outcome.exit, Exit::Trap(_));
            assert!(
                !trapped && outcome.results == right,
                "{export}: {outcome:?}"
            );
        }
    }
}

#[test]
fn what_is_approximated_can_be_denied() {
    let options = FlattenOptions {
        deny_approximations: true,
        ..FlattenOptions::default()
    };
    let error = format!("{:#}", flatten(&component(), &options).unwrap_err());
    assert!(error.contains("request.consume-body"), "{error}");
}
