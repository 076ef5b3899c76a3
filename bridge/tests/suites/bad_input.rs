//! Damaged files: errors, never panics.

use std::time::{Duration, Instant};

use crate::common::carry;
use p1bridge::inspect::inspect;
use p1bridge::wrap::{WrapOptions, wrap};

const COMMAND: &str = r#"(module $hello
    (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func (param i32)))
    (memory (export "memory") 2 16)
    (table 3 3 funcref)
    (global $sp (mut i32) (i32.const 1024))
    (data (i32.const 0) "hello")
    (elem (i32.const 0) func $f)
    (func $f (param i32) (result i32) (local i64)
        (block (br_if 0 (local.get 0)) (global.set $sp (i32.const 0)))
        (call_indirect (type 0) (i32.const 1) (i32.const 2) (i32.const 3) (i32.const 4) (i32.const 0)))
    (func (export "_start") (drop (call $f (i32.const 1)))))"#;

/// Nothing on this scale takes longer, even on a busy machine.
const LIMIT: Duration = Duration::from_secs(5);

fn feed(bytes: &[u8]) {
    let start = Instant::now();
    let _ = inspect(bytes);
    let _ = wrap(bytes, &WrapOptions::default());
    assert!(start.elapsed() < LIMIT);
}

#[test]
fn every_prefix_of_a_module_is_refused() {
    let module = wat::parse_str(COMMAND).unwrap();
    assert!(wrap(&module, &WrapOptions::default()).is_ok());
    for end in 0..module.len() {
        // What ends between two sections, before anything that the others need, may be valid.
        if inspect(&module[..end]).is_err() {
            assert!(
                wrap(&module[..end], &WrapOptions::default()).is_err(),
                "{end} bytes"
            );
        }
        feed(&module[..end]);
    }
}

#[test]
fn no_changed_byte_of_a_module_causes_a_panic() {
    let module = wat::parse_str(COMMAND).unwrap();
    for at in 0..module.len() {
        for change in [1, 0x40, 0x80, 0xff] {
            let mut damaged = module.clone();
            damaged[at] ^= change;
            feed(&damaged);
        }
    }
}

#[test]
fn no_changed_byte_of_a_component_causes_a_panic() {
    let module = wat::parse_str(COMMAND).unwrap();
    let component = wrap(&module, &WrapOptions::default()).unwrap().component;
    for at in (0..component.len()).step_by(11) {
        let mut damaged = component.clone();
        damaged[at] ^= 0xff;
        feed(&damaged);
        feed(&component[..at]);
    }
}

#[test]
fn no_changed_byte_of_a_carried_world_causes_a_panic() {
    let wit = "package my:app@1.0.0;
        interface log { resource file { say: func(s: string) -> result<list<u8>, option<u32>>; } }
        world w { import log; export go: func(x: tuple<u8, f64>) -> u32; }";
    let mut module = wat::parse_str(
        r#"(module (memory (export "memory") 1) (func (export "go") (param i32 f64) (result i32) unreachable))"#,
    )
    .unwrap();
    let start = module.len();
    carry(&mut module, wit);
    assert!(wrap(&module, &WrapOptions::default()).is_ok());
    for at in start..module.len() {
        for change in [1, 0x40, 0xff] {
            let mut damaged = module.clone();
            damaged[at] ^= change;
            feed(&damaged);
        }
    }
}

#[cfg(feature = "run")]
#[test]
fn no_changed_byte_of_a_running_module_causes_a_panic() {
    use p1bridge::run::{Input, Output, RunOptions, run};
    let module = wat::parse_str(COMMAND).unwrap();
    let options = RunOptions {
        stdin: Input::Bytes(Vec::new()),
        stdout: Output::Capture,
        stderr: Output::Capture,
        fuel: Some(100_000),
        ..RunOptions::default()
    };
    for at in 0..module.len() {
        for change in [1, 0x40, 0x80, 0xff] {
            let mut damaged = module.clone();
            damaged[at] ^= change;
            let _ = run(&damaged, &options);
        }
    }
}
