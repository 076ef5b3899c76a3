//! Where WAMR of 2020 is not as Preview 1 says: a module as it is goes wrong there, and lowered for
//! its profile it does not.

use std::time::Duration;

use p1bridge::check::check;
use p1bridge::flatten::{FlattenOptions, flatten};
use p1bridge::lower::lower;
use p1bridge::profiles::named;
use p1bridge::wrap::{WrapOptions, wrap};
use p1bridge_tests::engines::{Wamr, Wasmtime};
use p1bridge_tests::{Call, Engine, Exit, RunSpec};

/// What `f` gave, called with `args` in a fresh directory; an error when the engine went down, hung
/// or trapped.
fn gave(engine: &dyn Engine, wasm: &[u8], args: &[i32]) -> Result<i32, String> {
    let directory = tempfile::tempdir().expect("a directory");
    let spec = RunSpec {
        dir: Some(directory.path().to_path_buf()),
        calls: vec![Call {
            export: "f".to_owned(),
            args: args.to_vec(),
        }],
        timeout: Duration::from_secs(3),
        ..RunSpec::default()
    };
    let outcome = engine.run(wasm, &spec).map_err(|e| format!("{e:#}"))?;
    match (outcome.exit, outcome.results.as_slice()) {
        (Exit::Trap(why), _) => Err(why),
        (_, [Some(value)]) => Ok(*value),
        other => Err(format!("{other:?}")),
    }
}

/// Checks that `f` of `wat` gives `right` on WAMR of 2020 once it is lowered, and that it does not
/// before, so that the wrapper is what makes the difference.
fn only_lowered(wat: &str, args: &[i32], right: i32) {
    if let Err(why) = Wamr.available() {
        eprintln!("skipped: {why}");
        return;
    }
    let module = wat::parse_str(wat).expect("a module");
    let before = gave(&Wamr, &module, args);
    assert_ne!(before, Ok(right), "the quirk is gone");
    let lowered = lower(&module, &named("wamr-2020").unwrap()).unwrap().wasm;
    assert_eq!(gave(&Wamr, &lowered, args), Ok(right), "was {before:?}");
}

/// The same, and `right` is what wasmtime gives.
fn as_on_wasmtime(wat: &str, args: &[i32], right: i32) {
    let module = wat::parse_str(wat).expect("a module");
    assert_eq!(gave(&Wasmtime::new(), &module, args), Ok(right));
    only_lowered(wat, args, right);
}

#[test]
fn a_descriptor_is_renumbered_to_itself() {
    let wat = r#"(module
        (import "wasi_snapshot_preview1" "fd_renumber" (func $renumber (param i32 i32) (result i32)))
        (memory (export "memory") 1)
        (func (export "f") (param i32) (result i32) local.get 0 local.get 0 call $renumber))"#;
    only_lowered(wat, &[3], 0);
    // One that is not open is no descriptor.
    let lowered = lower(&wat::parse_str(wat).unwrap(), &named("wamr-2020").unwrap());
    if Wamr.available().is_ok() {
        assert_eq!(gave(&Wamr, &lowered.unwrap().wasm, &[99]), Ok(8));
    }
}

#[test]
fn a_poll_of_nothing_is_an_error() {
    let wat = r#"(module
        (import "wasi_snapshot_preview1" "poll_oneoff"
            (func $poll (param i32 i32 i32 i32) (result i32)))
        (memory (export "memory") 1)
        (func (export "f") (result i32)
            i32.const 0 i32.const 1024 i32.const 0 i32.const 2048 call $poll))"#;
    as_on_wasmtime(wat, &[], 28);
}

#[test]
fn a_file_is_opened_with_all_rights() {
    let wat = r#"(module
        (import "wasi_snapshot_preview1" "path_open"
            (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
        (memory (export "memory") 1)
        (data (i32.const 100) "new.txt")
        (func (export "f") (result i32)
            i32.const 3 i32.const 0 i32.const 100 i32.const 7 i32.const 1
            i64.const 0x3fffffff i64.const 0x3fffffff i32.const 0 i32.const 200 call $open))"#;
    as_on_wasmtime(wat, &[], 0);
}

/// Two clocks of 20 ms and 60 s (or the other way round), `flags` of each; gives the errno of the
/// poll, or 100 times the events and the userdata of the first.
fn two_clocks(first: &str, second: &str) -> String {
    let subscription = |at: u32, userdata: u32, clock: &str| {
        format!(
            "i32.const {at} i64.const {userdata} i64.store
             i32.const {} i32.const 1 i32.store
             i32.const {} {clock} i64.store",
            at + 16,
            at + 24
        )
    };
    format!(
        r#"(module
        (import "wasi_snapshot_preview1" "poll_oneoff"
            (func $poll (param i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "clock_time_get"
            (func $now (param i32 i64 i32) (result i32)))
        (memory (export "memory") 1)
        (func (export "f") (param i32) (result i32) (local i32)
            i32.const 1 i64.const 0 i32.const 512 call $now drop
            {} {}
            i32.const 40 local.get 0 i32.store16
            i32.const 88 local.get 0 i32.store16
            i32.const 0 i32.const 1024 i32.const 2 i32.const 2048 call $poll
            local.tee 1 if local.get 1 return end
            i32.const 1032 i32.load16_u if i32.const -1 return end
            i32.const 2048 i32.load i32.const 100 i32.mul i32.const 1024 i32.load i32.add))"#,
        subscription(0, 7, first),
        subscription(48, 8, second),
    )
}

#[test]
fn the_clock_that_is_due_first_ends_a_poll_of_two() {
    let (soon, late) = ("i64.const 20000000", "i64.const 60000000000");
    as_on_wasmtime(&two_clocks(soon, late), &[0], 107);
    as_on_wasmtime(&two_clocks(late, soon), &[0], 108);
}

#[test]
fn an_absolute_clock_is_waited_for() {
    let after = |ns: u64| format!("i32.const 512 i64.load i64.const {ns} i64.add");
    let wat = two_clocks(&after(60_000_000_000), &after(20_000_000));
    as_on_wasmtime(&wat, &[1], 108);
}

#[test]
fn a_function_of_the_hosts_own_is_found_through_env() {
    let wat = r#"(module
        (import "device:math/numbers@1.0.0" "twice" (func $twice (param i32) (result i32)))
        (import "wasi_snapshot_preview1" "sched_yield" (func (result i32)))
        (memory (export "memory") 1)
        (func (export "f") (param i32) (result i32) local.get 0 call $twice))"#;
    only_lowered(wat, &[21], 42);
}

/// A program of the corpus that uses what is wrapped, and the profile that wraps most.
fn corpus(name: &str) -> Vec<u8> {
    let path = format!(
        "{}/../corpus/prebuilt/{name}.wasm",
        env!("CARGO_MANIFEST_DIR")
    );
    std::fs::read(path).expect("the corpus is committed")
}

/// A module without a memory, whose table is lowered into one that is made for it.
fn without_memory() -> Vec<u8> {
    let wat = r#"(module (type $r (func (result i32))) (table $t 3 funcref) (elem declare func $x)
        (func $x (type $r) (i32.const 1))
        (func (export "_start") (table.set $t (i32.const 0) (ref.func $x))
            (drop (call_indirect $t (type $r) (i32.const 0)))))"#;
    wat::parse_str(wat).expect("it is valid")
}

#[test]
fn what_is_lowered_fits_and_is_lowered_no_further() {
    let mut guests = vec![("without memory", without_memory())];
    guests.extend(
        ["files-c", "clocks-c", "hello-rust", "files-rust"].map(|name| (name, corpus(name))),
    );
    for (guest, wasm) in guests {
        for profile in [
            "portable",
            "wamr-2020",
            "wamr-1.0",
            "wamr-1",
            "wamr-2",
            "wasm3",
        ] {
            let profile = named(profile).unwrap();
            let once = lower(&wasm, &profile).unwrap();
            let verdict = check(&once.wasm, &profile).unwrap();
            assert!(verdict.fits || !verdict.fits_lowered, "{guest}: {verdict}");
            let twice = lower(&once.wasm, &profile).unwrap();
            assert_eq!(
                once.wasm.len(),
                twice.wasm.len(),
                "{guest}: {:?}",
                twice.done
            );
        }
    }
    let component = corpus("files-p2-c");
    let profile = named("wamr-2020").unwrap();
    let options = FlattenOptions {
        profile: profile.clone(),
        ..FlattenOptions::default()
    };
    let flat = flatten(&component, &options).unwrap().wasm;
    let verdict = check(&flat, &profile).unwrap();
    assert!(verdict.fits, "{verdict}");
    assert_eq!(lower(&flat, &profile).unwrap().wasm.len(), flat.len());
}

#[test]
fn structs_of_an_old_host_are_refused_everywhere_else() {
    let old = named("wamr-2020").unwrap();
    let lowered = lower(&corpus("files-c"), &old).unwrap().wasm;
    let node = named("node").unwrap();
    let verdict = check(&lowered, &node).unwrap();
    assert!(!verdict.fits && !verdict.fits_lowered, "{verdict}");
    assert!(
        verdict.to_string().contains("the quirk filestat-56"),
        "{verdict}"
    );
    let error = lower(&lowered, &node).unwrap_err().to_string();
    assert!(error.contains("the quirk filestat-56"), "{error}");
    let error = wrap(&lowered, &WrapOptions::default()).unwrap_err();
    assert!(format!("{error:#}").contains("wasi_unstable"), "{error:#}");
    // Wrappers that change no struct are right on any host.
    let lowered = lower(&corpus("files-c"), &named("wamr-2").unwrap())
        .unwrap()
        .wasm;
    assert!(check(&lowered, &node).unwrap().fits);
}
