//! Tables of handles that grow: as many live resources as in the component, wherever the tables lie.

use std::time::Duration;

use p1bridge::flatten::{FlattenOptions, Growth, flatten};
use p1bridge::profiles::named;
use p1bridge_tests::engines::available;
use p1bridge_tests::link::profile_name;
use p1bridge_tests::{Call, Engine, Exit, Outcome, RunSpec, plain};
use wasmtime::{Instance, Module, Store};

use crate::guest;

/// A component that makes so many things of another one, looks at each, and drops it. It returns how many
/// were not what they were made to be, and how many are left. `MORE` is done for each that is made, and
/// `OTHER` is a component between the two.
const THINGS: &str = r#"(component
  (component $lib
    (core module $m
      (global $live (mut i32) (i32.const 0))
      (func (export "dtor") (param i32) (global.set $live (i32.sub (global.get $live) (i32.const 1))))
      (func (export "ctor") (param i32) (result i32)
        (global.set $live (i32.add (global.get $live) (i32.const 1))) (local.get 0))
      (func (export "count") (result i32) (global.get $live))
      (func (export "value") (param i32) (result i32) (local.get 0)))
    (core instance $i (instantiate $m))
    (type $r' (resource (rep i32) (dtor (core func $i "dtor"))))
    (export $r "r" (type $r'))
    (core func $new (canon resource.new $r'))
    (core module $n
      (import "" "new" (func $new (param i32) (result i32)))
      (import "" "ctor" (func $ctor (param i32) (result i32)))
      (func (export "make") (param i32) (result i32) (call $new (call $ctor (local.get 0)))))
    (core instance $made (instantiate $n (with "" (instance
      (export "new" (func $new)) (export "ctor" (func $i "ctor"))))))
    (func (export "make") (param "v" u32) (result (own $r)) (canon lift (core func $made "make")))
    (func (export "value") (param "r" (borrow $r)) (result u32) (canon lift (core func $i "value")))
    (func (export "count") (result u32) (canon lift (core func $i "count")))
    ;; The sum of the values of a list of borrowed handles, during which more are made and dropped.
    (core func $drop (canon resource.drop $r'))
    (core module $sums
      (import "" "make" (func $make (param i32) (result i32)))
      (import "" "drop" (func $drop (param i32)))
      (memory (export "memory") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64))
      (func (export "sum") (param $at i32) (param $count i32) (result i32) (local $sum i32) (local $i i32)
        (loop $more
          (i32.store (i32.add (i32.const 32768) (i32.shl (local.get $i) (i32.const 2))) (call $make (local.get $i)))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br_if $more (i32.lt_u (local.get $i) (i32.const 700))))
        (loop $less
          (local.set $i (i32.sub (local.get $i) (i32.const 1)))
          (call $drop (i32.load (i32.add (i32.const 32768) (i32.shl (local.get $i) (i32.const 2)))))
          (br_if $less (local.get $i)))
        (loop $next
          (if (local.get $count) (then
            (local.set $sum (i32.add (local.get $sum) (i32.load (local.get $at))))
            (local.set $at (i32.add (local.get $at) (i32.const 4)))
            (local.set $count (i32.sub (local.get $count) (i32.const 1)))
            (br $next))))
        (local.get $sum)))
    (core instance $s (instantiate $sums (with "" (instance
      (export "make" (func $made "make")) (export "drop" (func $drop))))))
    (func (export "sum") (param "r" (list (borrow $r))) (result u32)
      (canon lift (core func $s "sum") (memory (core memory $s "memory")) (realloc (core func $s "realloc")))))
  (instance $lib (instantiate $lib))
  (component $main
    (import "lib" (instance $lib
      (export "r" (type $r (sub resource)))
      (export "make" (func (param "v" u32) (result (own $r))))
      (export "value" (func (param "r" (borrow $r)) (result u32)))
      (export "count" (func (result u32)))
      (export "sum" (func (param "r" (list (borrow $r))) (result u32)))))
    (alias export $lib "r" (type $r))
    (core module $memory (memory (export "memory") 8))
    (core instance $memory (instantiate $memory))
    (core func $make (canon lower (func $lib "make")))
    (core func $value (canon lower (func $lib "value")))
    (core func $count (canon lower (func $lib "count")))
    (core func $sum (canon lower (func $lib "sum") (memory (core memory $memory "memory"))))
    (core func $drop (canon resource.drop $r))
    (core module $m
      (import "" "make" (func $make (param i32) (result i32)))
      (import "" "value" (func $value (param i32) (result i32)))
      (import "" "count" (func $count (result i32)))
      (import "" "sum" (func $sum (param i32 i32) (result i32)))
      (import "" "drop" (func $drop (param i32)))
      (import "memory" "memory" (memory 8))
      (func $of (param i32) (result i32) (i32.xor (local.get 0) (i32.const 0x5555)))
      (func (export "run") (param $n i32) (result i32) (local $i i32) (local $h i32) (local $bad i32)
        (loop $each
          (i32.store (i32.shl (local.get $i) (i32.const 2)) (call $make (call $of (local.get $i))))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          MORE
          (br_if $each (i32.lt_u (local.get $i) (local.get $n))))
        (if (i32.ne (call $count) (local.get $n)) (then (return (i32.const -1))))
        ;; 0x5555 + 0x5554 + 0x5557
        (if (i32.ne (call $sum (i32.const 0) (i32.const 3)) (i32.const 0x10000)) (then (return (i32.const -2))))
        (local.set $i (i32.const 0))
        (loop $each
          (local.set $h (i32.load (i32.shl (local.get $i) (i32.const 2))))
          (if (i32.ne (call $value (local.get $h)) (call $of (local.get $i)))
            (then (local.set $bad (i32.add (local.get $bad) (i32.const 1)))))
          (call $drop (local.get $h))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br_if $each (i32.lt_u (local.get $i) (local.get $n))))
        (i32.add (i32.mul (local.get $bad) (i32.const 1000)) (call $count))))
    (core instance $i (instantiate $m
      (with "memory" (instance $memory))
      (with "" (instance
        (export "make" (func $make)) (export "value" (func $value)) (export "count" (func $count))
        (export "sum" (func $sum)) (export "drop" (func $drop))))))
    (func (export "run") (param "n" u32) (result u32) (canon lift (core func $i "run"))))
  (instance $main (instantiate $main (with "lib" (instance $lib))))
  (export "run" (func $main "run")))"#;

/// The memory of the guest stays as it is, or grows while the tables do.
const MORE: [&str; 2] = [
    "",
    "(if (i32.eqz (i32.and (local.get $i) (i32.const 4095)))
       (then (drop (memory.grow (i32.const 1)))))",
];

const CLOCKS: &str = "package t:t; world guest {
    import wasi:clocks/monotonic-clock@0.2.12;
    import wasi:io/poll@0.2.12;
    export run: func(n: u32) -> u32;
}";

/// A program that keeps so many timers, none of which comes, and one that has come; then it drops all.
/// It returns how many were not as they should be.
const TIMERS: &str = r#"(module
    (import "wasi:clocks/monotonic-clock@0.2.12" "subscribe-duration" (func $timer (param i64) (result i32)))
    (import "wasi:io/poll@0.2.12" "[method]pollable.ready" (func $ready (param i32) (result i32)))
    (import "wasi:io/poll@0.2.12" "[resource-drop]pollable" (func $drop (param i32)))
    (memory (export "memory") 8)
    (func (export "run") (param $n i32) (result i32) (local $i i32) (local $now i32) (local $bad i32)
        (local.set $now (call $timer (i64.const 0)))
        (loop $each
            (i32.store (i32.shl (local.get $i) (i32.const 2)) (call $timer (i64.const -1)))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            MORE
            (br_if $each (i32.lt_u (local.get $i) (local.get $n))))
        (local.set $bad (i32.eqz (call $ready (local.get $now))))
        (call $drop (local.get $now))
        (local.set $i (i32.const 0))
        (loop $each
            (if (i32.eqz (i32.and (local.get $i) (i32.const 1023))) (then
                (local.set $bad (i32.add (local.get $bad)
                    (call $ready (i32.load (i32.shl (local.get $i) (i32.const 2))))))))
            (call $drop (i32.load (i32.shl (local.get $i) (i32.const 2))))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if $each (i32.lt_u (local.get $i) (local.get $n))))
        (local.get $bad)))"#;

fn things(more: &str) -> Vec<u8> {
    wat::parse_str(THINGS.replace("MORE", more)).unwrap()
}

fn flat(component: &[u8], profile: &str, change: impl FnOnce(&mut FlattenOptions)) -> Vec<u8> {
    let mut options = FlattenOptions {
        profile: named(profile).unwrap(),
        verify: true,
        ..FlattenOptions::default()
    };
    change(&mut options);
    flatten(component, &options).unwrap().wasm
}

fn run(engine: &dyn Engine, wasm: &[u8], count: i32) -> Outcome {
    let spec = RunSpec {
        calls: vec![Call {
            export: "run".to_string(),
            args: vec![count],
        }],
        timeout: Duration::from_secs(60),
        ..RunSpec::default()
    };
    engine.run(wasm, &spec).unwrap()
}

/// So many are all right, below and above what there is room for at first.
fn live(engine: &dyn Engine, at: usize, component: &[u8], profile: &str) {
    let flat = flat(component, profile, |_| ());
    for count in [3, 8, 9, 100_000] {
        let outcome = run(engine, &flat, count);
        assert_eq!(
            outcome.results,
            [Some(0)],
            "{at} {profile} {count}: {outcome:?}"
        );
    }
}

#[test]
fn a_hundred_thousand_resources_live_by_default_everywhere() {
    for (at, more) in MORE.into_iter().enumerate() {
        let component = things(more);
        for engine in available() {
            live(
                engine.as_ref(),
                at,
                &component,
                profile_name(engine.as_ref()),
            );
        }
    }
}

#[test]
fn a_hundred_thousand_resources_of_the_host_live_where_memory_grows() {
    for (at, more) in MORE.into_iter().enumerate() {
        let component = guest::component(&TIMERS.replace("MORE", more), CLOCKS);
        for engine in available() {
            // WAMR cuts memory that does not grow, so tables do not either.
            let profile = match (at, engine.name()) {
                (0, "wamr") => continue,
                (0, _) => "wasmi",
                _ => profile_name(engine.as_ref()),
            };
            live(engine.as_ref(), at, &component, profile);
        }
    }
}

#[test]
fn a_limit_that_is_given_and_memory_that_does_not_grow_keep_tables_as_they_are() {
    let component = things("");
    let trusted: [fn(&mut FlattenOptions); 2] = [
        |options| options.max_handles = Some(512),
        |options| options.growth = Growth::None,
    ];
    for change in trusted {
        let flat = flat(&component, "portable", change);
        let text = wasmprinter::print_bytes(&flat).unwrap();
        assert!(!text.contains("memory.grow"), "{text}");
        for engine in available() {
            let outcome = run(engine.as_ref(), &flat, 600);
            assert!(matches!(outcome.exit, Exit::Trap(_)), "{outcome:?}");
        }
    }
}

/// The message that a module writes into its first bytes before it traps, in a memory of so many pages at most.
fn says(wasm: &[u8], pages: usize, count: u32) -> String {
    let engine = wasmtime::Engine::default();
    let module = Module::new(&engine, wasm).map_err(plain).unwrap();
    let most = wasmtime::StoreLimitsBuilder::new().memory_size(pages * 65536);
    let mut store = Store::new(&engine, most.build());
    store.limiter(|limits| limits);
    let mut linker = wasmtime::Linker::new(&engine);
    let host = "wasi_snapshot_preview1";
    linker
        .func_wrap(host, "fd_write", |_: u32, _: u32, _: u32, _: u32| 0u32)
        .map_err(plain)
        .unwrap();
    let instance = linker.instantiate(&mut store, &module).map_err(plain);
    let instance = instance.unwrap();
    let run = instance
        .get_typed_func::<u32, u32>(&mut store, "run")
        .unwrap();
    run.call(&mut store, count).unwrap_err();
    let memory = instance.get_memory(&mut store, "memory").unwrap();
    let text = &memory.data(&store)[16..][..64];
    let line = text.split(|byte| *byte == b'\n').next().unwrap();
    String::from_utf8(line.to_vec()).unwrap()
}

#[test]
fn a_full_table_and_a_full_memory_are_told_apart() {
    let component = things("");
    let grows = flat(&component, "wasmtime", |o| o.trap_messages = true);
    assert_eq!(
        says(&grows, 10, 100_000),
        "p1bridge: no memory for more handles"
    );
    let stays = flat(&component, "wasmtime", |o| {
        o.trap_messages = true;
        o.max_handles = Some(20);
    });
    assert_eq!(
        says(&stays, 1000, 21),
        "p1bridge: the table of handles is full: see --max-handles"
    );
    // Each has the text that it needs, and not the other.
    for (wasm, is_full) in [(grows, false), (stays, true)] {
        let text = wasmprinter::print_bytes(&wasm).unwrap();
        assert_eq!(text.contains("the table of handles is full"), is_full);
        assert_eq!(text.contains("no memory for more handles"), !is_full);
    }
}

/// The host, or what a component has beside the module, may have grown the memory by itself.
#[test]
fn tables_grow_around_pages_of_somebody_else() {
    for more in MORE {
        let flat = flat(&things(more), "portable", |_| ());
        let engine = wasmtime::Engine::default();
        let module = Module::new(&engine, &flat).map_err(plain).unwrap();
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[])
            .map_err(plain)
            .unwrap();
        let memory = instance.get_memory(&mut store, "memory").unwrap();
        let initialize = instance.get_typed_func::<(), ()>(&mut store, "_initialize");
        initialize.unwrap().call(&mut store, ()).unwrap();
        let run = instance
            .get_typed_func::<u32, u32>(&mut store, "run")
            .unwrap();
        assert_eq!(run.call(&mut store, 5).unwrap(), 0);
        let theirs = memory.grow(&mut store, 2).unwrap() as usize * 65536;
        memory.data_mut(&mut store)[theirs..][..2 * 65536].fill(0xa5);
        for count in [600, 5, 100_000] {
            assert_eq!(run.call(&mut store, count).unwrap(), 0, "{count}");
        }
        let kept = &memory.data(&store)[theirs..][..2 * 65536];
        assert!(kept.iter().all(|byte| *byte == 0xa5));
    }
}
