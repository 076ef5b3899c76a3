//! Memory to the byte: programs that fit a device with little of it, on engines that cut memory where the
//! module says, and what keeps that sound.

use std::time::Duration;

use p1bridge::flatten::{FlattenOptions, Flattened, Growth, Isolation, flatten};
use p1bridge::lower::lower;
use p1bridge::profiles::named;
use p1bridge_tests::engines::{self, available};
use p1bridge_tests::link::profile_name;
use p1bridge_tests::{Call, Engine, Exit, Outcome, RunSpec, plain};

use crate::guest;

const PRINTS: &str = "package t:t; world guest {
    import wasi:cli/stdout@0.2.12;
    export wasi:cli/run@0.2.12;
}";

/// A program that prints, with a stack of 1 KiB, as clang links it.
const HELLO: &str = r#"(module
    (import "wasi:cli/stdout@0.2.12" "get-stdout" (func $stdout (result i32)))
    (import "wasi:io/streams@0.2.12" "[method]output-stream.blocking-write-and-flush"
        (func $write (param i32 i32 i32 i32)))
    (import "wasi:io/streams@0.2.12" "[resource-drop]output-stream" (func $drop (param i32)))
    (memory (export "memory") 1)
    (global $__stack_pointer (mut i32) (i32.const 1024))
    (global (export "__heap_base") i32 (i32.const 1040))
    (data (i32.const 1024) "hello, world\n")
    (func (export "wasi:cli/run@0.2.12#run") (result i32)
        (local $out i32) (local $frame i32)
        (global.set $__stack_pointer
            (local.tee $frame (i32.sub (global.get $__stack_pointer) (i32.const 16))))
        (local.set $out (call $stdout))
        (call $write (local.get $out) (i32.const 1024) (i32.const 13) (local.get $frame))
        (call $drop (local.get $out))
        (global.set $__stack_pointer (i32.add (local.get $frame) (i32.const 16)))
        (i32.load8_u (local.get $frame))))"#;

fn flat(component: &[u8], profile: &str, change: impl FnOnce(&mut FlattenOptions)) -> Flattened {
    let mut options = FlattenOptions {
        profile: named(profile).unwrap(),
        verify: true,
        ..FlattenOptions::default()
    };
    change(&mut options);
    flatten(component, &options).unwrap()
}

fn refused(component: &[u8], profile: &str, change: impl FnOnce(&mut FlattenOptions)) -> String {
    let mut options = FlattenOptions {
        profile: named(profile).unwrap(),
        ..FlattenOptions::default()
    };
    change(&mut options);
    format!("{:#}", flatten(component, &options).unwrap_err())
}

fn bytes(flat: &Flattened) -> u64 {
    flat.report.memory.as_ref().unwrap().bytes
}

fn run(engine: &dyn Engine, wasm: &[u8], calls: &[(&str, i32)]) -> Outcome {
    let calls = calls.iter().map(|(export, argument)| Call {
        export: (*export).to_string(),
        args: vec![*argument],
    });
    let spec = RunSpec {
        calls: calls.collect(),
        timeout: Duration::from_secs(30),
        ..RunSpec::default()
    };
    engine.run(wasm, &spec).unwrap()
}

fn wamr() -> std::sync::Arc<dyn Engine> {
    let mut all = engines::all().into_iter();
    let wamr = all
        .find(|engine| engine.name().starts_with("wamr"))
        .unwrap();
    wamr.available().unwrap();
    wamr
}

/// A library of one function, whose core module is given.
fn library(body: &str) -> Vec<u8> {
    let text = format!(
        r#"(component
            (core module $program {body})
            (core instance $program (instantiate $program))
            (func (export "f") (param "n" u32) (result u32) (canon lift (core func $program "f"))))"#
    );
    wat::parse_str(text).unwrap()
}

#[test]
fn a_program_that_prints_takes_less_than_two_kilobytes_everywhere() {
    let component = guest::component(HELLO, PRINTS);
    for engine in available() {
        let name = profile_name(engine.as_ref()).to_string();
        let flat = flat(&component, &name, |o| o.max_handles = Some(8));
        assert_eq!(bytes(&flat), 1040 + 256, "{name}");
        let outcome = run(engine.as_ref(), &flat.wasm, &[]);
        assert_eq!(outcome.stdout, b"hello, world\n", "{name}: {outcome:?}");
    }
    // Where memory ends at a byte, so few handles are the default.
    assert_eq!(bytes(&flat(&component, "wamr-2020", |_| ())), 1040 + 256);
    // Elsewhere it has as many as it needs.
    assert_eq!(bytes(&flat(&component, "wasmi", |_| ())), 65536);
}

/// Valgrind measures the embedding in C, with what `iwasm` gives a module by default. It takes a minute and a
/// tool that is not everywhere: `P1BRIDGE_MASSIF=1` asks for it.
#[test]
fn the_peak_heap_on_wamr_is_within_its_goals() {
    if std::env::var_os("P1BRIDGE_MASSIF").is_none() {
        return;
    }
    let Some(embedder) = option_env!("WAMR_2020_EMBEDDER") else {
        panic!("the embedding is not built");
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("module.wasm");
    let prints = flat(&guest::component(HELLO, PRINTS), "wamr-2020", |_| ()).wasm;
    let drivers = flat(&three_drivers(), "wamr-2020", |_| ()).wasm;
    for (name, wasm, call, heap, most) in [
        ("prints", &prints, "_start()", 16384, 48_000),
        ("prints", &prints, "_start()", 512, 32_000),
        ("three drivers", &drivers, "send(3)", 16384, 48_000),
    ] {
        std::fs::write(&file, wasm).unwrap();
        let massif = folder.path().join("massif");
        let output = std::process::Command::new("valgrind")
            .args(["-q", "--tool=massif"])
            .arg(format!("--massif-out-file={}", massif.display()))
            .arg(embedder)
            .arg(&file)
            .args([&format!("heap={heap}"), call])
            .output()
            .expect("valgrind");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success() && !said.contains('!'),
            "{name}: {said}"
        );
        let text = std::fs::read_to_string(&massif).unwrap();
        let bytes = text
            .lines()
            .filter_map(|line| line.strip_prefix("mem_heap_B="));
        let peak: u32 = bytes.map(|bytes| bytes.parse().unwrap()).max().unwrap();
        println!("{name}, heap of {heap}: {peak} bytes");
        assert!(peak <= most, "{name}, heap of {heap}: {peak} bytes");
    }
}

#[test]
fn nothing_asks_for_the_size_of_memory_that_is_cut() {
    let component = guest::component(HELLO, PRINTS);
    for profile in ["wamr-2020", "wamr-1", "wamr-2", "portable", "mvp"] {
        let flat = flat(&component, profile, |_| ());
        let text = wasmprinter::print_bytes(&flat.wasm).unwrap();
        assert!(
            !text.contains("memory.size") && !text.contains("memory.grow"),
            "{text}"
        );
        // The first mutable global is nobody's.
        assert!(
            text.contains("(global $p1bridge:first (;0;) (mut i32) i32.const 0)"),
            "{text}"
        );
        for end in ["__heap_base", "__data_end"] {
            assert!(
                text.contains(&format!("(export \"{end}\" (global $p1bridge:end))")),
                "{text}"
            );
        }
    }
}

fn three_drivers() -> Vec<u8> {
    let drivers = include_str!("../../flatten/three-drivers-take-what-they-use/component.wat");
    wat::parse_str(drivers).unwrap()
}

#[test]
fn three_drivers_do_the_same_packed_as_in_pages() {
    let component = three_drivers();
    let engine = engines::oracle();
    let right = run(engine.as_ref(), &component, &[("send", 100)]).results;
    assert_eq!(right, [Some(16_680_201)]);
    for isolation in [Isolation::Checked, Isolation::Trusted] {
        for engine in available() {
            let flat = flat(&component, profile_name(engine.as_ref()), |o| {
                o.isolation = isolation
            });
            assert_eq!(bytes(&flat), 560 + 560 + 544);
            let found = run(engine.as_ref(), &flat.wasm, &[("send", 100)]);
            assert_eq!(found.results, right, "{}: {found:?}", engine.name());
        }
    }
}

/// What the linker adds to the memory of the guests.
fn added(flat: &Flattened) -> u32 {
    let regions = &flat.report.memory.as_ref().unwrap().regions;
    let added = regions.iter().filter(|region| !region.is_guest);
    added.map(|region| region.bytes).sum()
}

#[test]
fn a_program_with_the_standard_streams_gets_less_than_a_kilobyte_of_the_linker() {
    // It reads, which may have to wait.
    let rust = include_bytes!("../../../corpus/prebuilt/hello-p2-rust.wasm");
    for profile in ["portable", "wamr-2020", "wamr-1", "wamr-2", "wasm3"] {
        let flat = flat(rust, profile, |o| o.growth = Growth::None);
        assert!(added(&flat) <= 1024, "{profile}: {}", added(&flat));
        // What it cannot be without: small results, a poll of a stream and a clock, the handles.
        assert!(added(&flat) >= 112 + 2 * 80 + 144, "{profile}");
    }
    // A program that has files keeps the scratch.
    let files = include_bytes!("../../../corpus/prebuilt/files-p2-c.wasm");
    let files = flat(files, "portable", |o| o.growth = Growth::None);
    assert!(added(&files) > 4096, "{}", added(&files));
}

const POLLS: &str = "package t:t; world guest {
    import wasi:cli/stdin@0.2.12;
    import wasi:cli/stdout@0.2.12;
    import wasi:cli/stderr@0.2.12;
    import wasi:clocks/monotonic-clock@0.2.12;
    import wasi:io/poll@0.2.12;
    export polls: func() -> u32;
}";

/// Waits for the standard streams and a clock at once.
const POLL_OF_FOUR: &str = r#"(module
    (import "wasi:cli/stdin@0.2.12" "get-stdin" (func $stdin (result i32)))
    (import "wasi:cli/stdout@0.2.12" "get-stdout" (func $stdout (result i32)))
    (import "wasi:cli/stderr@0.2.12" "get-stderr" (func $stderr (result i32)))
    (import "wasi:io/streams@0.2.12" "[method]input-stream.subscribe" (func $in (param i32) (result i32)))
    (import "wasi:io/streams@0.2.12" "[method]output-stream.subscribe" (func $out (param i32) (result i32)))
    (import "wasi:clocks/monotonic-clock@0.2.12" "subscribe-duration" (func $timer (param i64) (result i32)))
    (import "wasi:io/poll@0.2.12" "poll" (func $poll (param i32 i32 i32)))
    (memory (export "memory") 1)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
    (func (export "polls") (result i32)
        (i32.store (i32.const 0) (call $in (call $stdin)))
        (i32.store (i32.const 4) (call $out (call $stdout)))
        (i32.store (i32.const 8) (call $out (call $stderr)))
        (i32.store (i32.const 12) (call $timer (i64.const 1000000000000)))
        (call $poll (i32.const 0) (i32.const 4) (i32.const 64))
        (i32.load (i32.const 68))))"#;

#[test]
fn wrappers_have_room_for_the_largest_poll_and_no_more() {
    let component = guest::component(POLL_OF_FOUR, POLLS);
    let flat = flat(&component, "wamr-2020", |o| {
        o.growth = Growth::None;
        o.max_poll = Some(3);
    });
    let scratch = |region: &&p1bridge_linker::report::Region| region.what == "scratch of wrappers";
    let mut regions = flat.report.memory.as_ref().unwrap().regions.iter();
    let bytes = regions.find(scratch).unwrap().bytes;
    // The arena's own words and the time, and subscriptions of 56 bytes.
    assert_eq!(bytes, 3 * 16 + 4 * 56);
    let engine = wasmtime::Engine::default();
    let module = wasmtime::Module::new(&engine, &flat.wasm).map_err(plain);
    let mut store = wasmtime::Store::new(&engine, 0);
    let mut linker = wasmtime::Linker::new(&engine);
    let host = "wasi_snapshot_preview1";
    type Caller<'a> = wasmtime::Caller<'a, u32>;
    let put = |caller: &mut Caller<'_>, at: u32, bytes: &[u8]| {
        let memory = caller.get_export("memory").unwrap().into_memory().unwrap();
        memory.write(caller, at as usize, bytes).unwrap();
    };
    // A character device, at all times 0.
    let type_of = move |mut caller: Caller<'_>, _: u32, at: u32| {
        put(&mut caller, at, &[2]);
        0
    };
    let time = move |mut caller: Caller<'_>, _: u32, _: u64, at: u32| {
        put(&mut caller, at, &[0; 8]);
        0
    };
    let poll = move |mut caller: Caller<'_>, from: u32, events: u32, count: u32, stored: u32| {
        let memory = caller.get_export("memory").unwrap().into_memory().unwrap();
        // The first is ready.
        let mut key = [0; 8];
        memory.read(&caller, from as usize, &mut key).unwrap();
        put(&mut caller, events, &key);
        put(&mut caller, stored, &1u32.to_le_bytes());
        *caller.data_mut() = count;
        0
    };
    linker
        .func_wrap(host, "fd_fdstat_get", type_of)
        .map_err(plain)
        .unwrap();
    linker
        .func_wrap(host, "clock_time_get", time)
        .map_err(plain)
        .unwrap();
    linker
        .func_wrap(host, "poll_oneoff", poll)
        .map_err(plain)
        .unwrap();
    let module = module.unwrap();
    linker.define_unknown_imports_as_traps(&module).unwrap();
    let instance = linker.instantiate(&mut store, &module);
    let instance = instance.map_err(plain).unwrap();
    let polls = instance.get_typed_func::<(), u32>(&mut store, "polls");
    assert_eq!(polls.unwrap().call(&mut store, ()).unwrap(), 1);
    assert_eq!(*store.data(), 4, "the host was asked for");
}

/// A program whose component has a resource of its own.
const LAMP: &str = r#"(component
    (core module $drop (func (export "dtor") (param i32)))
    (core instance $drop (instantiate $drop))
    (type $lamp' (resource (rep i32) (dtor (core func $drop "dtor"))))
    (export $lamp "lamp" (type $lamp'))
    (core func $new (canon resource.new $lamp'))
    (core module $program
        (import "lamp" "new" (func $new (param i32) (result i32)))
        (memory (export "memory") 1)
        (global (export "__heap_base") i32 (i32.const 512))
        (data (i32.const 16) "lamp")
        MORE
        (func (export "make") (result i32) (call $new (i32.load (i32.const 16)))))
    (core instance $i (instantiate $program (with "lamp" (instance (export "new" (func $new))))))
    (func (export "make") (result (own $lamp)) (canon lift (core func $i "make"))))"#;

#[test]
fn a_note_says_what_lets_the_runtime_cut_memory_with_tables_that_grow() {
    let notes = |text: &str, profile: &str, change: fn(&mut FlattenOptions)| {
        let component = wat::parse_str(text).unwrap();
        let flat = flat(&component, profile, change);
        (flat.report.notes.join(" "), bytes(&flat))
    };
    let lamp = LAMP.replace("MORE", "");
    let (few, cut) = notes(&lamp, "wamr-2", |o| o.max_handles = Some(8));
    assert!(few.is_empty() && cut < 1024, "{cut}: {few}");
    let what = format!("with --max-handles 8 it takes {cut} bytes instead of 65536");
    for profile in ["wamr-2020", "wamr-2", "portable"] {
        let (found, bytes) = notes(&lamp, profile, |_| ());
        assert!(found.contains(&what), "{profile}: {found}");
        assert_eq!(bytes, 65536, "{profile}");
        for change in [
            |o: &mut FlattenOptions| o.growth = Growth::None,
            |o: &mut FlattenOptions| o.growth = Growth::Ram(65536),
        ] {
            let (found, bytes) = notes(&lamp, profile, change);
            assert!(found.is_empty() && bytes < 65536, "{profile}: {found}");
        }
    }
    // Where nothing is cut, and where the guest itself keeps it whole.
    let grows = r#"(func (export "grow") (result i32) (memory.grow (i32.const 1)))"#;
    let grows = LAMP.replace("MORE", grows).replace(
        "(canon lift (core func $i \"make\")))",
        "(canon lift (core func $i \"make\")))
         (func (export \"grow\") (result u32) (canon lift (core func $i \"grow\")))",
    );
    assert_eq!(notes(&lamp, "wasmi", |_| ()).0, "");
    assert_eq!(notes(&grows, "wamr-2", |_| ()).0, "");
}

#[test]
fn an_access_behind_the_end_traps_where_the_host_cuts_memory() {
    let component = library(
        r#"(memory (export "memory") 1)
        (global (export "__heap_base") i32 (i32.const 512))
        (func (export "f") (param i32) (result i32) (i32.load (local.get 0)))"#,
    );
    let flat = flat(&component, "wamr-2020", |_| ());
    assert_eq!(bytes(&flat), 512);
    let wamr = wamr();
    let found = run(wamr.as_ref(), &flat.wasm, &[("f", 508)]);
    assert_eq!(found.results, [Some(0)], "{found:?}");
    // Its own heap lies behind the end, and behind that nothing does.
    let found = run(wamr.as_ref(), &flat.wasm, &[("f", 40_000)]);
    assert!(matches!(found.exit, Exit::Trap(_)), "{found:?}");
}

#[test]
fn a_guest_that_looks_above_its_data_keeps_its_pages() {
    // An allocator that asks nobody; one that has the address in its data; a second stack up there; an
    // access at a fixed address; one that asks for the size; one that grows.
    let guests = [
        r#"(global $next (mut i32) (i32.const 0))
        (func (export "f") (param i32) (result i32)
            (i32.store (i32.add (i32.const 512) (local.get 0)) (i32.const 7))
            (i32.load (i32.add (i32.const 512) (local.get 0))))"#,
        r#"(data (i32.const 16) "\00\02\00\00")
        (func (export "f") (param i32) (result i32)
            (i32.store (i32.add (i32.load (i32.const 16)) (local.get 0)) (i32.const 7))
            (i32.load (i32.add (i32.load (i32.const 16)) (local.get 0))))"#,
        r#"(global $other (mut i32) (i32.const 65536))
        (func (export "f") (param i32) (result i32)
            (i32.store (i32.sub (global.get $other) (i32.const 4)) (i32.const 7))
            (i32.load (i32.const 0)) (drop) (i32.load (i32.sub (global.get $other) (i32.const 4))))"#,
        r#"(func (export "f") (param i32) (result i32)
            (i32.store offset=4096 (local.get 0) (i32.const 7))
            (i32.load offset=4096 (local.get 0)))"#,
        r#"(func (export "f") (param i32) (result i32)
            (i32.store (i32.sub (i32.shl (memory.size) (i32.const 16)) (i32.const 8)) (i32.const 7))
            (i32.load (i32.sub (i32.shl (memory.size) (i32.const 16)) (i32.const 8))))"#,
        r#"(func (export "f") (param i32) (result i32)
            (drop (memory.grow (i32.const 0))) (i32.const 7))"#,
        r#"(func (export "f") (param i32) (result i32)
            (i32.store (global.get $end) (i32.const 7)) (i32.load (global.get $end)))"#,
        // Rounded up; in data that was cut in the midst of the word.
        r#"(func (export "f") (param i32) (result i32)
            (i32.store (i32.and (i32.const 527) (i32.const -16)) (i32.const 7))
            (i32.load (i32.and (i32.const 527) (i32.const -16))))"#,
        r#"(func (export "f") (param i32) (result i32) (local i32)
            (local.set 1 (i32.and (i32.add (local.get 0) (i32.const 575)) (i32.const -64)))
            (i32.store (local.get 1) (i32.const 7)) (i32.load (local.get 1)))"#,
        r#"(func (export "f") (param i32) (result i32) (local i32)
            (local.set 1 (i32.and (i32.sub (local.get 0) (i32.const -4607)) (i32.const -4096)))
            (i32.store (local.get 1) (i32.const 7)) (i32.load (local.get 1)))"#,
        r#"(data (i32.const 17) "\02")
        (func (export "f") (param i32) (result i32)
            (i32.store (i32.load (i32.const 16)) (i32.const 7))
            (i32.load (i32.load (i32.const 16))))"#,
    ];
    let wamr = wamr();
    for body in guests {
        let component = library(&format!(
            r#"(memory (export "memory") 1)
            (global $end (export "__heap_base") i32 (i32.const 512)) {body}"#
        ));
        let flat = flat(&component, "wamr-2020", |_| ());
        assert!(bytes(&flat) >= 65536, "{body}: {}", bytes(&flat));
        let found = run(wamr.as_ref(), &flat.wasm, &[("f", 1000)]);
        assert_eq!(found.results, [Some(7)], "{body}: {found:?}");
    }
}

#[test]
fn the_end_of_one_of_several_memories_is_not_that_of_another() {
    let component = library(
        r#"(memory (export "memory") 1) (memory $other 1)
        (global (export "__heap_base") i32 (i32.const 512))
        (func (export "f") (param i32) (result i32)
            (i32.store $other (local.get 0) (i32.const 7))
            (i32.add (i32.load $other (local.get 0)) (i32.load (local.get 0))))"#,
    );
    let flat = flat(&component, "wamr-2020", |_| ());
    let found = run(wamr().as_ref(), &flat.wasm, &[("f", 30_000)]);
    assert_eq!(found.results, [Some(7)], "{found:?}");
}

/// Two guests: the first stores where the second says.
fn two(end: u32) -> Vec<u8> {
    wat::parse_str(format!(
        r#"(component
            (component $a
                (core module $program
                    (memory (export "memory") 1)
                    (global (export "__heap_base") i32 (i32.const {end}))
                    (func (export "f") (param i32) (result i32)
                        (i32.store8 (local.get 0) (i32.const 9))
                        (i32.load8_u (local.get 0))))
                (core instance $i (instantiate $program))
                (func (export "f") (param "n" u32) (result u32) (canon lift (core func $i "f"))))
            (component $b
                (import "f" (func $f (param "n" u32) (result u32)))
                (core module $program
                    (import "" "f" (func $f (param i32) (result i32)))
                    (memory (export "memory") 1)
                    (global (export "__heap_base") i32 (i32.const 64))
                    (data (i32.const 0) "\05")
                    (func (export "f") (param i32) (result i32)
                        (i32.add
                            (i32.mul (call $f (local.get 0)) (i32.const 1000))
                            (i32.load8_u (i32.const 0)))))
                (core func $f (canon lower (func $f)))
                (core instance $i (instantiate $program (with "" (instance (export "f" (func $f))))))
                (func (export "f") (param "n" u32) (result u32) (canon lift (core func $i "f"))))
            (instance $a (instantiate $a))
            (instance $b (instantiate $b (with "f" (func $a "f"))))
            (export "f" (func $b "f")))"#
    ))
    .unwrap()
}

#[test]
fn a_guest_whose_end_is_wrong_traps_and_never_reaches_the_next() {
    let wamr = wamr();
    let flat = flat(&two(128), "wamr-2020", |_| ());
    assert_eq!(bytes(&flat), 128 + 64);
    assert_eq!(
        run(wamr.as_ref(), &flat.wasm, &[("f", 127)]).results,
        [Some(9005)]
    );
    for place in [128, 129, 191, 192, 65535] {
        let found = run(wamr.as_ref(), &flat.wasm, &[("f", place)]);
        assert!(matches!(found.exit, Exit::Trap(_)), "{place}: {found:?}");
    }
}

#[test]
fn the_user_says_how_much_a_guest_uses() {
    let component = library(
        r#"(memory (export "memory") 1)
        (data (i32.const 100) "x")
        (func (export "f") (param i32) (result i32) (i32.load8_u (local.get 0)))"#,
    );
    let say = |name: &str, bytes| vec![(name.to_string(), bytes)];
    let flat = flat(&component, "wamr-2020", |o| {
        o.guest_memory = say("guest", 200)
    });
    assert_eq!(bytes(&flat), 208);
    let found = run(wamr().as_ref(), &flat.wasm, &[("f", 100)]);
    assert_eq!(found.results, [Some(120)], "{found:?}");
    for (said, why) in [
        (
            say("guest", 90),
            "--guest-memory guest=90 is too small: the guest's data ends at 101",
        ),
        (say("guest", 70_000), "declares 65536 bytes"),
        (say("gust", 200), "no guest with a memory has this name"),
    ] {
        let error = refused(&component, "wamr-2020", |o| o.guest_memory = said);
        assert!(error.contains(why), "{error}");
    }
    let asks = library(
        r#"(memory (export "memory") 1)
        (func (export "f") (param i32) (result i32) (memory.size))"#,
    );
    let error = refused(&asks, "wamr-2020", |o| o.guest_memory = say("guest", 200));
    assert!(error.contains("asks for the size of its memory"), "{error}");
}

#[test]
fn what_does_not_fit_the_ram_is_refused_with_what_takes_it() {
    let component = guest::component(HELLO, PRINTS);
    let fits = flat(&component, "wamr-2020", |o| o.growth = Growth::Ram(1296));
    assert_eq!(bytes(&fits), 1296);
    let error = refused(&component, "wamr-2020", |o| o.growth = Growth::Ram(1295));
    for part in [
        "--ram 1295 is too small",
        "1296 bytes, 1040 bytes for",
        "256 bytes for what the linker adds",
    ] {
        assert!(error.contains(part), "{error}");
    }
    // A host that has whole pages only.
    let error = refused(&component, "wasmi", |o| o.growth = Growth::Ram(40_000));
    assert!(error.contains("Give it --ram 65536 or more"), "{error}");
    // What grows gets the rest, in whole pages.
    let grows = library(
        r#"(memory (export "memory") 1)
        (func (export "f") (param i32) (result i32) (memory.grow (local.get 0)))"#,
    );
    let flat = flat(&grows, "wamr-2020", |o| o.growth = Growth::Ram(200_000));
    let found = run(wamr().as_ref(), &flat.wasm, &[("f", 2), ("f", 1)]);
    assert_eq!(found.results, [Some(1), Some(-1)], "{found:?}");
}

#[test]
fn lowered_copies_and_fills_trap_before_they_write_where_memory_is_cut() {
    // Stores nothing when the range is too long: what is asked for afterwards is still there.
    let component = library(
        r#"(memory (export "memory") 1)
        (global (export "__heap_base") i32 (i32.const 256))
        (data (i32.const 0) "abcdefgh") (data $passive "xyz")
        (func (export "f") (param i32) (result i32)
            (memory.copy (i32.const 8) (i32.const 0) (i32.const 8))
            (memory.copy (i32.const 0) (i32.const 248) (i32.const 0))
            (memory.fill (i32.const 16) (i32.const 1) (local.get 0))
            (memory.init $passive (i32.const 24) (i32.const 1) (i32.const 2))
            (i32.load8_u (i32.const 15)))"#,
    );
    for engine in available() {
        let name = profile_name(engine.as_ref());
        let flat = flat(&component, name, |_| ());
        assert_eq!(bytes(&flat), 256, "{name}");
        let found = run(engine.as_ref(), &flat.wasm, &[("f", 8)]);
        assert_eq!(found.results, [Some(104)], "{name}: {found:?}");
        for length in [-1, -16, i32::MAX] {
            let found = run(engine.as_ref(), &flat.wasm, &[("f", length)]);
            assert!(matches!(found.exit, Exit::Trap(_)), "{name}: {found:?}");
        }
    }
}

#[test]
fn what_lowering_adds_lies_behind_the_end_and_is_counted() {
    // A table that is written becomes numbers in memory.
    let component = library(
        r#"(type $t (func (result i32)))
        (memory (export "memory") 1)
        (global (export "__heap_base") i32 (i32.const 256))
        (table $t 2 2 funcref) (elem (i32.const 0) $one $two)
        (func $one (result i32) (i32.const 1)) (func $two (result i32) (i32.const 2))
        (func (export "f") (param i32) (result i32)
            (table.set $t (i32.const 0) (table.get $t (i32.const 1)))
            (i32.store (i32.const 16) (local.get 0))
            (call_indirect $t (type $t) (i32.load (i32.const 16))))"#,
    );
    let flat = flat(&component, "wamr-2020", |_| ());
    let end = bytes(&flat);
    assert!((257..400).contains(&end), "{end}");
    let text = wasmprinter::print_bytes(&flat.wasm).unwrap();
    assert!(
        text.contains(&format!("(global $p1bridge:end (;2;) i32 i32.const {end})")),
        "{text}"
    );
    let found = run(wamr().as_ref(), &flat.wasm, &[("f", 0)]);
    assert_eq!(found.results, [Some(2)], "{found:?}");
    let error = refused(&component, "wamr-2020", |o| o.growth = Growth::Ram(256));
    assert!(error.contains("--ram 256 is too small for"), "{error}");
    // Lowering once more changes nothing.
    let again = lower(&flat.wasm, &named("wamr-2020").unwrap()).unwrap();
    assert_eq!(again.wasm.len(), flat.wasm.len());
}

#[test]
fn zeroes_at_the_ends_of_data_are_left_out_unless_something_lies_beneath() {
    let component = library(
        r#"(memory (export "memory") 1)
        (data (i32.const 0) "\00\00\00a\00b\00\00")
        (data (i32.const 16) "zzzz") (data (i32.const 17) "\00\00")
        (data (i32.const 32) "\00\00\00\00")
        (func (export "f") (param i32) (result i32) (i32.load8_u (local.get 0)))"#,
    );
    let flat = flat(&component, "portable", |_| ());
    assert_eq!(flat.report.sizes.data, 3 + 4 + 2);
    let calls: Vec<(&str, i32)> = (0..36).map(|at| ("f", at)).collect();
    let oracle = engines::oracle();
    let right = run(oracle.as_ref(), &component, &calls).results;
    for engine in available() {
        let found = run(engine.as_ref(), &flat.wasm, &calls);
        assert_eq!(found.results, right, "{}", engine.name());
    }
}
