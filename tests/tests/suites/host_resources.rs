//! Several guests that have handles of the host's resources, and that do not all lie at address 0.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use p1bridge::flatten::{FlattenOptions, flatten};
use p1bridge::profiles::Profile;
use p1bridge::run::{Call, Exit, Output, RunOptions, RunOutcome, Value, run};
use p1bridge_tests::{RunSpec, engines};

fn run_flat(component: &[u8], export: &str, args: &[i32]) -> Result<RunOutcome> {
    let flat = flatten(component, &FlattenOptions::default())?;
    let options = RunOptions {
        stdout: Output::Capture,
        calls: vec![Call::i32(export, args)],
        initialize: true,
        ..RunOptions::default()
    };
    run(&flat.wasm, &options)
}

/// A guest that lends a pollable to another, `look` being what the other does with handle `x`.
fn lender(look: &str) -> Result<Vec<u8>> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/flatten/host-resource-lent-between-guests/component.wat"
    );
    let text = std::fs::read_to_string(path)?;
    let dropped = "(local.set $x (call $r (local.get 0))) (call $d (local.get 0)) (local.get $x)";
    ensure!(text.contains(dropped), "{path} has changed");
    Ok(wat::parse_str(text.replace(dropped, look))?)
}

#[test]
fn the_drop_of_a_lent_handle_leaves_that_of_the_owner() -> Result<()> {
    let component =
        lender("(local.set $x (call $r (local.get 0))) (call $d (local.get 0)) (local.get $x)")?;
    let outcome = run_flat(&component, "f", &[0])?;
    assert_eq!(outcome.exit, Exit::Code(0));
    // The first pollable is still there, and ready; a new one in its place would not be.
    assert_eq!(outcome.results, [[Value::I32(1)]]);
    Ok(())
}

#[test]
fn a_lent_handle_has_to_be_dropped() -> Result<()> {
    let outcome = run_flat(&lender("(call $r (local.get 0))")?, "f", &[0])?;
    ensure!(matches!(outcome.exit, Exit::Trap(_)), "{:?}", outcome.exit);
    Ok(())
}

#[test]
fn a_guest_cannot_use_a_handle_that_it_was_not_given() -> Result<()> {
    let look = "(call $d (local.get 0)) (call $r (local.get 0))";
    let outcome = run_flat(&lender(look)?, "f", &[0])?;
    ensure!(matches!(outcome.exit, Exit::Trap(_)), "{:?}", outcome.exit);
    Ok(())
}

/// A component that prints `text`, with a memory of its own.
fn printer(name: &str, text: &str) -> String {
    format!(
        r#"(component ${name}
          (import "output-stream" (type $o (sub resource)))
          (import "error" (type $e (sub resource)))
          (type $failed' (variant (case "last-operation-failed" (own $e)) (case "closed")))
          (import "stream-error" (type $failed (eq $failed')))
          (import "get" (func $get (result (own $o))))
          (import "write" (func $write (param "self" (borrow $o)) (param "contents" (list u8))
            (result (result (error $failed)))))
          (core module $libc (memory (export "memory") 1))
          (core instance $libc (instantiate $libc))
          (core func $get (canon lower (func $get)))
          (core func $write (canon lower (func $write) (memory (core memory $libc "memory"))))
          (core func $drop (canon resource.drop $o))
          (core module $m
            (import "" "memory" (memory 1))
            (import "" "get" (func $get (result i32)))
            (import "" "write" (func $write (param i32 i32 i32 i32)))
            (import "" "drop" (func $drop (param i32)))
            (data (i32.const 64) "{text}")
            (func (export "print") (local $h i32)
              (local.set $h (call $get))
              (call $write (local.get $h) (i32.const 64) (i32.const {length}) (i32.const 32))
              (if (i32.load8_u (i32.const 32)) (then unreachable))
              (call $drop (local.get $h))))
          (core instance $i (instantiate $m (with "" (instance
            (export "memory" (memory $libc "memory")) (export "get" (func $get))
            (export "write" (func $write)) (export "drop" (func $drop))))))
          (func (export "print") (canon lift (core func $i "print"))))"#,
        length = text.len()
    )
}

#[test]
fn every_guest_prints_what_lies_in_its_own_memory() -> Result<()> {
    let args = r#"(with "output-stream" (type $out)) (with "error" (type $error))
        (with "stream-error" (type $failed)) (with "get" (func $get)) (with "write" (func $write))"#;
    let text = format!(
        r#"(component
          (import "wasi:io/error@0.2.0" (instance $errors (export "error" (type (sub resource)))))
          (alias export $errors "error" (type $error))
          (import "wasi:io/streams@0.2.0" (instance $streams
            (export "output-stream" (type $o (sub resource)))
            (alias outer 1 $error (type $e'))
            (export "error" (type $e (eq $e')))
            (type $failed (variant (case "last-operation-failed" (own $e)) (case "closed")))
            (export "stream-error" (type $f (eq $failed)))
            (export "[method]output-stream.blocking-write-and-flush"
              (func (param "self" (borrow $o)) (param "contents" (list u8)) (result (result (error $f)))))))
          (alias export $streams "output-stream" (type $out))
          (alias export $streams "stream-error" (type $failed))
          (alias export $streams "[method]output-stream.blocking-write-and-flush" (func $write))
          (import "wasi:cli/stdout@0.2.0" (instance $stdout
            (alias outer 1 $out (type $o'))
            (export "output-stream" (type $o (eq $o')))
            (export "get-stdout" (func (result (own $o))))))
          (alias export $stdout "get-stdout" (func $get))
          {a} {b}
          (instance $a (instantiate $A {args}))
          (instance $b (instantiate $B {args}))
          (core func $pa (canon lower (func $a "print")))
          (core func $pb (canon lower (func $b "print")))
          (core module $m (import "" "a" (func $a)) (import "" "b" (func $b))
            (func (export "both") (call $a) (call $b) (call $a)))
          (core instance $i (instantiate $m (with "" (instance
            (export "a" (func $pa)) (export "b" (func $pb))))))
          (func (export "both") (canon lift (core func $i "both"))))"#,
        a = printer("A", "first "),
        b = printer("B", "the second "),
    );
    let component = wat::parse_str(text).context("the component")?;
    for engine in engines::available() {
        let options = FlattenOptions {
            profile: Profile::named(engine.name()).unwrap_or_default(),
            ..FlattenOptions::default()
        };
        let flat = flatten(&component, &options)?.wasm;
        let call = p1bridge_tests::Call {
            export: "both".to_owned(),
            args: Vec::new(),
        };
        let spec = RunSpec {
            calls: vec![call.clone(), call],
            timeout: Duration::from_secs(30),
            ..RunSpec::default()
        };
        let outcome = engine.run(&flat, &spec)?;
        assert_eq!(
            String::from_utf8_lossy(&outcome.stdout),
            "first the second first ".repeat(2),
            "{}: {:?}",
            engine.name(),
            outcome.exit
        );
    }
    Ok(())
}

#[test]
fn the_only_holder_passes_a_handle_in_a_call_whose_values_are_copied() -> Result<()> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/flatten/handle-beside-utf16/component.wat"
    );
    let flat = flatten(&wat::parse_file(path)?, &FlattenOptions::default())?;
    let options = RunOptions {
        stdout: Output::Capture,
        ..RunOptions::default()
    };
    let outcome = run(&flat.wasm, &options)?;
    assert_eq!(outcome.exit, Exit::Code(0));
    assert_eq!(outcome.stdout, b"hello\n");
    Ok(())
}
