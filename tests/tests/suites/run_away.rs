//! Small files that multiply: what they describe is exponentially larger than they are. Each is
//! flattened or refused in no time.

use std::fmt::Write;
use std::time::{Duration, Instant};

use p1bridge::flatten::{FlattenOptions, flatten};
use p1bridge::inspect::inspect;

/// Generous: each takes a few milliseconds, and would take from seconds to forever.
const TIME: Duration = Duration::from_secs(5);

fn flattened(wat: &str) -> Result<Vec<u8>, String> {
    let component = wat::parse_str(wat).expect("the text of the test");
    let start = Instant::now();
    let result = flatten(&component, &FlattenOptions::default());
    let took = start.elapsed();
    assert!(took < TIME, "{took:?} for {} bytes", component.len());
    result
        .map(|flat| flat.wasm)
        .map_err(|error| format!("{error:#}"))
}

#[test]
fn a_global_that_is_the_sum_of_the_one_before_and_itself_is_evaluated_once() {
    let mut globals = String::from("(global i32 (i32.const 1))");
    for before in 0..40 {
        write!(
            globals,
            "(global i32 (i32.add (global.get {before}) (global.get {before})))"
        )
        .unwrap();
    }
    let flat = flattened(&format!(
        r#"(component
            (core module $m {globals}
                (func (export "f") (result i64) (i64.extend_i32_u (global.get 30))))
            (core instance $i (instantiate $m))
            (func (export "f") (result u64) (canon lift (core func $i "f"))))"#
    ));
    let text = wasmprinter::print_bytes(flat.unwrap()).unwrap();
    assert!(text.contains("i32.const 1073741824"), "{text}");
}

#[test]
fn functions_of_an_adapter_that_call_all_of_the_next_layer_are_looked_at_once() {
    const WIDTH: usize = 8;
    const LAYERS: usize = 18;
    let mut functions = String::new();
    for layer in 0..LAYERS {
        for at in 0..WIDTH {
            write!(functions, "(func $f{layer}_{at} ").unwrap();
            if layer + 1 < LAYERS {
                for next in 0..WIDTH {
                    write!(functions, "(call $f{}_{next})", layer + 1).unwrap();
                }
            }
            functions.push(')');
        }
    }
    let flat = flattened(&format!(
        r#"(component
            (core module $memory (memory (export "memory") 1))
            (core instance $memory (instantiate $memory))
            (core module $adapter
                (import "env" "memory" (memory 0))
                {functions}
                (func (export "fd_write") (param i32 i32 i32 i32) (result i32)
                    (call $f0_0)
                    (i32.const 1)))
            (core instance $adapter (instantiate $adapter (with "env" (instance $memory))))
            (core module $guest
                (import "env" "memory" (memory 0))
                (import "wasi_snapshot_preview1" "fd_write"
                    (func $write (param i32 i32 i32 i32) (result i32)))
                (func (export "f") (result i32)
                    (call $write (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))))
            (core instance $guest (instantiate $guest
                (with "env" (instance $memory))
                (with "wasi_snapshot_preview1" (instance $adapter))))
            (func (export "f") (result u32) (canon lift (core func $guest "f"))))"#
    ));
    flat.unwrap();
}

#[test]
fn a_module_that_is_instantiated_thousands_of_times_by_nesting_is_refused() {
    let functions = "(func)".repeat(2000);
    let inner = "(core instance (instantiate $m))".repeat(100);
    let outer = "(instance (instantiate $inner))".repeat(90);
    let error = flattened(&format!(
        r#"(component
            (component $outer
                (component $inner (core module $m {functions}) {inner})
                {outer})
            (instance (instantiate $outer)))"#
    ))
    .unwrap_err();
    assert!(error.contains("many times as large as the file"), "{error}");
}

#[test]
fn a_chain_of_components_that_instantiate_each_other_does_not_exhaust_the_stack() {
    let mut components = String::from("(component $c0)");
    for at in 1..900 {
        write!(
            components,
            "(component $c{at} (alias outer 1 $c{} (component $c)) (instance (instantiate $c)))",
            at - 1
        )
        .unwrap();
    }
    let error = flattened(&format!(
        "(component {components} (instance (instantiate $c899)))"
    ))
    .unwrap_err();
    assert!(error.contains("levels deep"), "{error}");
}

#[test]
fn types_are_not_copied_for_every_nested_component() {
    let types = "(type u32)".repeat(50_000);
    let components = "(component)".repeat(900);
    let error = flattened(&format!("(component {types} {components})")).unwrap_err();
    assert!(error.contains("many times as large as the file"), "{error}");
}

#[test]
fn imports_from_a_hundred_thousand_modules_are_bound_and_shown() {
    let mut imports = String::new();
    let mut arguments = String::new();
    for at in 0..90_000 {
        write!(imports, r#"(import "m{at}" "f" (func))"#).unwrap();
        write!(arguments, r#"(with "m{at}" (instance $one))"#).unwrap();
    }
    let text = format!(
        r#"(component
            (core module $one (func (export "f")))
            (core instance $one (instantiate $one))
            (core module $many {imports} (func (export "f")))
            (core instance $i (instantiate $many {arguments}))
            (func (export "f") (canon lift (core func $i "f"))))"#
    );
    flattened(&text).unwrap();
    let component = wat::parse_str(&text).unwrap();
    let start = Instant::now();
    inspect(&component).unwrap();
    assert!(start.elapsed() < TIME, "{:?}", start.elapsed());
}
