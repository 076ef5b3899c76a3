//! Guests that have their relocations are moved to where they lie, and their stacks to one place: they do what
//! they do in the component, with less.

use std::time::Duration;

use p1bridge::flatten::{FlattenOptions, Flattened, Growth, Isolation, flatten};
use p1bridge::profiles::named;
use p1bridge::run::RunOptions;
use p1bridge_linker::relocate;
use p1bridge_tests::engines::{self, available};
use p1bridge_tests::link::profile_name;
use p1bridge_tests::{Call, Engine, Exit, Outcome, RunSpec};
use wasmparser::{Parser, Payload};

/// Three guests that call each other; the same and two that call nobody; one that prints, and two that do not; one
/// that calls the host, and another.
const DRIVERS: &[u8] = include_bytes!("../../../corpus/prebuilt/drivers-c.wasm");
const ALL: &[u8] = include_bytes!("../../../corpus/prebuilt/all-drivers-c.wasm");
const LOUD: &[u8] = include_bytes!("../../../corpus/prebuilt/loud-drivers-c.wasm");
const HOSTED: &[u8] = include_bytes!("../../../corpus/prebuilt/hosted-drivers-c.wasm");

const PACK: &str = "corpus:drivers/codec@0.1.0#pack";
const MEDIAN: &str = "corpus:drivers/meter@0.1.0#median";

type Change = fn(&mut FlattenOptions);

fn options(profile: &str, change: Change) -> FlattenOptions {
    let mut options = FlattenOptions {
        profile: named(profile).unwrap(),
        isolation: Isolation::Trusted,
        verify: true,
        ..FlattenOptions::default()
    };
    change(&mut options);
    options
}

fn flat(component: &[u8], profile: &str, change: Change) -> Flattened {
    flatten(component, &options(profile, change)).unwrap()
}

fn refused(component: &[u8], change: Change) -> String {
    let error = flatten(component, &options("wamr-2020", change)).unwrap_err();
    format!("{error:#}")
}

fn bytes(flat: &Flattened) -> u64 {
    flat.report.memory.as_ref().unwrap().bytes
}

/// How pointers of the guests become addresses, as the report says.
fn addresses(flat: &Flattened) -> Vec<String> {
    let regions = &flat.report.memory.as_ref().unwrap().regions;
    let guests = regions.iter().filter(|region| region.is_guest);
    guests
        .map(|region| region.addresses.clone().unwrap_or_default())
        .collect()
}

fn run(engine: &dyn Engine, wasm: &[u8], calls: &[(&str, &[i32])]) -> Outcome {
    let calls = calls.iter().map(|(export, args)| Call {
        export: (*export).to_string(),
        args: args.to_vec(),
    });
    let spec = RunSpec {
        argv: vec![
            "program".to_string(),
            "one".to_string(),
            "two words".to_string(),
        ],
        calls: calls.collect(),
        timeout: Duration::from_secs(30),
        ..RunSpec::default()
    };
    engine.run(wasm, &spec).unwrap()
}

/// Calls of all guests in turn.
fn calls(component: &[u8]) -> Vec<(&'static str, &'static [i32])> {
    let mut calls: Vec<(&str, &[i32])> = vec![
        ("report", &[1, 40]),
        (PACK, &[77, 200]),
        ("report", &[0, 50]),
        (MEDIAN, &[5, 99]),
        (PACK, &[3, 255]),
        ("report", &[2, 50]),
        (MEDIAN, &[9, 50]),
        (MEDIAN, &[1, 1]),
        ("report", &[3, 9]),
    ];
    if component == DRIVERS {
        calls.retain(|(export, _)| *export == "report");
    }
    if component == LOUD {
        calls.retain(|(export, _)| *export != "report");
        calls.insert(1, ("shout", &[4711]));
        calls.push(("shout", &[0]));
    }
    calls
}

/// The same component without its relocations.
fn without_relocations(component: &[u8]) -> Vec<u8> {
    let mut without = component.to_vec();
    for payload in Parser::new(0).parse_all(component) {
        if let Payload::CustomSection(section) = payload.unwrap()
            && section.name().starts_with("reloc.")
        {
            // The name of a section comes right before its contents.
            let end = section.data_offset() as usize;
            let name = end - section.name().len()..end;
            without[name].fill(b'x');
        }
    }
    without
}

#[test]
fn guests_that_are_moved_do_what_they_do_in_the_component() {
    for component in [DRIVERS, ALL, LOUD] {
        let calls = calls(component);
        let right = run(engines::oracle().as_ref(), component, &calls);
        assert!(right.results.iter().all(Option::is_some));
        let mut ways: Vec<(&str, Vec<u8>, Change)> = vec![
            ("moved", component.to_vec(), |o| o.relocate = true),
            ("not moved", without_relocations(component), |o| {
                o.relocate = true
            }),
            ("not asked for", component.to_vec(), |_| ()),
            ("fixed", component.to_vec(), |o| {
                o.relocate = true;
                o.growth = Growth::Within(3);
            }),
            ("smaller stacks", component.to_vec(), |o| {
                o.relocate = true;
                o.stack_size = Some(1040);
            }),
            ("checked", component.to_vec(), |o| {
                o.isolation = Isolation::Checked;
            }),
        ];
        if component != DRIVERS {
            ways.push(("shared", component.to_vec(), |o| o.share_stack = true));
            ways.push(("shared, smaller", component.to_vec(), |o| {
                o.share_stack = true;
                o.stack_size = Some(1040);
                o.growth = Growth::Ram(65536);
            }));
        }
        for engine in available() {
            for (way, component, change) in &ways {
                let flat = flat(component, profile_name(engine.as_ref()), *change);
                let found = run(engine.as_ref(), &flat.wasm, &calls);
                assert_eq!(
                    found.results,
                    right.results,
                    "{way}, {}: {found:?}",
                    engine.name()
                );
                assert_eq!(found.stdout, right.stdout, "{way}, {}", engine.name());
                let moved = addresses(&flat)
                    .iter()
                    .skip(1)
                    .all(|how| how.starts_with("moved when"));
                assert_eq!(
                    moved,
                    !["not moved", "not asked for", "checked"].contains(way),
                    "{way}"
                );
            }
        }
    }
}

/// What calls cost on the interpreter.
fn fuel(wasm: &[u8], calls: &[(&str, &[i32])]) -> u64 {
    let calls = calls
        .iter()
        .map(|(export, args)| p1bridge::run::Call::i32(export, args));
    let options = RunOptions {
        meter: true,
        initialize: true,
        calls: calls.collect(),
        ..RunOptions::default()
    };
    p1bridge::run::run(wasm, &options)
        .unwrap()
        .stats
        .fuel
        .unwrap()
}

#[test]
fn guests_that_are_moved_cost_no_more_than_others() {
    for component in [DRIVERS, ALL] {
        let calls = calls(component);
        let cost = |component: &[u8], change: Change| {
            let flat = flat(component, "wamr-2020", change);
            let fuel = fuel(&flat.wasm, &calls);
            let sizes = flat.report.sizes;
            (
                fuel,
                sizes.guest_code + sizes.linker_code,
                bytes_of_guests(component, change),
            )
        };
        let before = cost(component, |_| ());
        let moved = cost(component, |o| o.relocate = true);
        println!("fuel, code, memory: {before:?}, moved {moved:?}");
        assert!(moved.0 < before.0 && moved.1 < before.1 && moved.2 == before.2);
        if component == ALL {
            let shared = cost(component, |o| o.share_stack = true);
            println!("shared: {shared:?}");
            assert!(shared.0 <= moved.0 && shared.1 <= moved.1);
            // Three that call each other have 2 KiB each; the other two lie where those do.
            assert_eq!(shared.2, moved.2 - 2 * 2048);
            // They are promised no more than they take, which would be too little with a stack each.
            let fits = cost(component, |o| {
                o.share_stack = true;
                o.growth = Growth::Ram(14160);
            });
            assert_eq!(fits.2, 14160);
        }
    }
}

fn bytes_of_guests(component: &[u8], change: Change) -> u64 {
    bytes(&flat(component, "wamr-2020", change))
}

#[test]
fn three_guests_that_share_a_stack_take_that_of_one() {
    let alone = bytes_of_guests(LOUD, |_| ());
    assert_eq!(alone, 3104 + 3104 + 3136 + 256);
    assert_eq!(
        bytes_of_guests(LOUD, |o| o.share_stack = true),
        alone - 2 * 2048
    );
}

#[test]
fn a_guest_with_relocations_ends_where_its_data_does_even_if_that_touches_the_end() {
    // One of them has the address behind its last array.
    assert_eq!(
        bytes(&flat(DRIVERS, "wamr-2020", |_| ())),
        3184 + 3120 + 5712
    );
    let checked: Change = |o| o.isolation = Isolation::Checked;
    assert_eq!(
        bytes(&flat(DRIVERS, "wamr-2020", checked)),
        3184 + 3120 + 5712
    );
    // Without them it might be that of a heap.
    let without = without_relocations(DRIVERS);
    assert_eq!(
        bytes(&flat(&without, "wamr-2020", |_| ())),
        3184 + 3120 + 65536
    );
    // A program that asks for its end.
    let asks = include_bytes!("../../../corpus/prebuilt/relocated-c.wasm");
    assert!(relocate::addresses(asks).unwrap().of_end);
    assert!(relocate::addresses(&without).is_none());
}

#[test]
fn stacks_are_shared_only_by_guests_of_which_none_comes_to_call_the_other() {
    let share: Change = |o| o.share_stack = true;
    let error = refused(DRIVERS, share);
    for part in [
        "no two guests can share a stack",
        "component 1 > core module 0 \"core.wasm\" calls component 0 > core module 0",
        "component 2 > core module 0 \"core.wasm\" calls component 1 > core module 0",
    ] {
        assert!(error.contains(part), "{error}");
    }
    let error = refused(HOSTED, |o| {
        o.share_stack = true;
        o.growth = Growth::None;
    });
    assert!(
        error.contains("component 0 > core module 0 \"core.wasm\" calls functions of the host, which may call any"),
        "{error}"
    );
}

#[test]
fn stacks_that_cannot_be_shared_are_refused_with_the_reason() {
    let without = without_relocations(ALL);
    let share: Change = |o| o.share_stack = true;
    let error = refused(&without, share);
    assert!(
        error.contains("component 0 > core module 0") && error.contains("--emit-relocs"),
        "{error}"
    );
    let error = refused(ALL, |o| {
        o.share_stack = true;
        o.isolation = Isolation::Checked;
    });
    assert!(
        error.contains("--share-stack: guests whose accesses are checked")
            && error.contains("add --isolation trusted"),
        "{error}"
    );
    let one = wat::parse_str("(component)").unwrap();
    let error = refused(&one, share);
    assert!(error.contains("no guests beside each other"), "{error}");
    // What lies above a guest that grows moves.
    let grows = include_bytes!("../../../corpus/prebuilt/pair-c-c.wasm");
    let error = refused(grows, share);
    assert!(error.contains("memory grows here: --no-grow"), "{error}");
}

#[test]
fn a_guest_whose_relocations_do_not_fit_stays_as_it_is_and_a_note_says_so() {
    let place = relocation_places(ALL).nth(2).unwrap();
    let mut stale = ALL.to_vec();
    stale[place.end - 2] ^= 1;
    let flat = flat(&stale, "wamr-2020", |o| o.relocate = true);
    let notes = flat.report.notes.join("\n");
    assert!(
        notes.contains(
            "the addresses of component 2 > core module 0 \"core.wasm\" are moved at each access"
        ),
        "{notes}"
    );
    let how = addresses(&flat);
    assert!(
        how[1].starts_with("moved when") && how[2].starts_with("moved at each access: "),
        "{how:?}"
    );
    let calls = calls(ALL);
    let right = run(engines::oracle().as_ref(), ALL, &calls).results;
    let wasmi = engines::all()
        .into_iter()
        .find(|engine| engine.name() == "wasmi");
    assert_eq!(
        run(wasmi.unwrap().as_ref(), &flat.wasm, &calls).results,
        right
    );
}

/// What `wasm-ld --emit-relocs` leaves in a module that has no addresses: global 0 is the pointer of the stack.
const LINKING: &str = r#"(@custom "linking" "\02\08\14\01\02\00\00\0f__stack_pointer")
    (@custom "reloc.CODE" "\03\00")"#;

/// A guest with a stack of 1 KiB that is all of its memory, and `f`.
fn guest(name: &str, more: &str, f: &str) -> String {
    format!(
        r#"(core module ${name}
            (memory (export "memory") 1)
            (global $sp (mut i32) (i32.const 1024))
            (global (export "__heap_base") i32 (i32.const 1024))
            {more}
            (func (export "f") (param i32) (result i32) (local $frame i32) {f})
            {LINKING})
        (core instance ${name} (instantiate ${name}))
        (func (export "{name}") (param "n" u32) (result u32) (canon lift (core func ${name} "f")))"#
    )
}

/// The same where the pointer is in the context of each task: nobody writes the global.
fn in_context(guest: &str) -> String {
    guest
        .replace("$sp (mut i32)", "$sp i32")
        .replace("\\02\\08\\14", "\\02\\08\\19")
        .replace("\\00\\0f__stack_pointer", "\\00\\14__init_stack_pointer")
}

/// While one waits with a frame on its stack, the loop runs the other.
#[test]
fn stacks_are_not_shared_by_guests_whose_tasks_wait_inside() {
    let waits = |name: &str| {
        let f = "(global.set $sp (local.tee $frame (i32.sub (global.get $sp) (i32.const 16))))
            (i32.store (local.get $frame) (local.get 0))
            (call $more)
            (drop (call $yield))
            (global.set $sp (i32.add (local.get $frame) (i32.const 16)))
            (i32.load (local.get $frame))";
        guest(name, "", f)
            .replace(
                &format!("(core module ${name}"),
                &format!(
                    r#"(core module ${name} (import "" "yield" (func $yield (result i32)))
                        (import "" "more" (func $more))"#
                ),
            )
            .replace(
                &format!("(instantiate ${name})"),
                &format!(r#"(instantiate ${name} (with "" (instance $built-ins)))"#),
            )
            .replace("(param \"n\"", "async (param \"n\"")
    };
    let first = format!(
        r#"(canon thread.yield (core func $yield)) (canon backpressure.inc (core func $more))
        (core instance $built-ins (export "yield" (func $yield)) (export "more" (func $more))) {}"#,
        waits("a")
    );
    let error = refused(&two(&first, &waits("b")), |o| o.share_stack = true);
    assert!(
        error.contains("\"a\" waits while tasks of other guests may run"),
        "{error}"
    );
}

#[test]
fn a_guest_whose_tasks_have_stacks_of_their_own_is_moved() {
    let f = "(i32.store (i32.sub (global.get $sp) (i32.const 16)) (local.get 0))
        (i32.sub (global.get $sp) (local.get 0))";
    let component = two(&guest("a", "", PLAIN), &in_context(&guest("b", "", f)));
    let flat = flat(&component, "wasmtime", |o| o.relocate = true);
    let how = addresses(&flat);
    assert_eq!(how[1], "moved when linking, by its relocations");
    // Its pointers are addresses of the memory that both lie in.
    let first = |wasm: &[u8]| run(engines::oracle().as_ref(), wasm, &[("b", &[24])]).results;
    assert_ne!(first(&flat.wasm), first(&component));
}

/// One that stores in its frame, and loads from there.
const PLAIN: &str = "(global.set $sp (local.tee $frame (i32.sub (global.get $sp) (i32.const 16))))
    (i32.store (local.get $frame) (i32.add (i32.load (local.get $frame)) (local.get 0)))
    (i32.store offset=4 (local.get $frame) (local.get 0))
    (global.set $sp (i32.add (local.get $frame) (i32.const 16)))
    (i32.load offset=4 (local.get $frame))";

fn two(first: &str, second: &str) -> Vec<u8> {
    wat::parse_str(format!("(component {first} {second})")).unwrap()
}

#[test]
fn a_guest_that_cannot_be_moved_is_named_with_the_reason() {
    let a = guest("a", "", PLAIN);
    let twice = format!(
        r#"{a} (core instance $b (instantiate $a))
        (func (export "b") (param "n" u32) (result u32) (canon lift (core func $b "f")))"#
    );
    for (component, why) in [
        (
            two(
                &a,
                &guest("b", "", "(i32.shr_u (memory.size) (local.get 0))"),
            ),
            "it asks for the size of its memory",
        ),
        (two(&twice, ""), "its module is instantiated more than once"),
        (
            two(
                &a,
                &guest("b", "(global (mut i32) (i32.const 1024))", PLAIN),
            ),
            "global 2 may be an address",
        ),
        (
            two(
                &a,
                &guest(
                    "b",
                    "(data $d \"x\")",
                    "(memory.init $d (i32.const 0) (i32.const 0) (i32.const 1)) (i32.load (i32.const 0))",
                ),
            ),
            "filled by its own code",
        ),
        (
            two(&a, &guest("b", "", PLAIN).replace(LINKING, "")),
            "link it with --emit-relocs",
        ),
    ] {
        let calls: Vec<(&str, &[i32])> = vec![("a", &[7]), ("b", &[5]), ("a", &[3])];
        let right = run(engines::oracle().as_ref(), &component, &calls).results;
        let flat = flat(&component, "wasmtime", |o| o.relocate = true);
        let how = addresses(&flat);
        assert!(how[1].contains(why), "{why}: {how:?}");
        assert!(
            flat.report.notes.iter().any(|note| note.contains(why)),
            "{why}"
        );
        for engine in available() {
            let flat = flatten(
                &component,
                &options(profile_name(engine.as_ref()), |o| o.relocate = true),
            );
            let found = run(engine.as_ref(), &flat.unwrap().wasm, &calls);
            assert_eq!(found.results, right, "{why}, {}: {found:?}", engine.name());
        }
        if !why.contains("global 2") {
            let error = refused(&component, |o| o.share_stack = true);
            assert!(error.contains(why), "{error}");
        }
    }
}

#[test]
fn stacks_that_may_have_something_on_them_between_calls_are_not_shared() {
    let a = guest("a", "", PLAIN);
    let share: Change = |o| o.share_stack = true;
    let shared = flat(&two(&a, &guest("b", "", PLAIN)), "wamr-2020", share);
    assert_eq!(bytes(&shared), 1024);
    for (guest, why) in [
        (
            guest(
                "b",
                "",
                "(global.set $sp (i32.sub (global.get $sp) (i32.const 16))) (i32.load (global.get $sp))",
            ),
            "may return without giving its frame back",
        ),
        (
            guest("b", r#"(export "sp" (global $sp))"#, PLAIN),
            "it exports the pointer of its stack",
        ),
        (
            guest("b", r#"(data (i32.const 16) "x")"#, PLAIN),
            "does not lie below its data",
        ),
        (
            in_context(&guest(
                "b",
                "",
                "(i32.load (i32.sub (global.get $sp) (i32.const 4)))",
            )),
            "have the pointer of their stack in their context",
        ),
    ] {
        let error = refused(&two(&a, &guest), share);
        assert!(
            error.contains(why) && error.contains("--share-stack: core module 1"),
            "{error}"
        );
    }
}

/// The second guest gets a resource of the first from the host, and drops it.
#[test]
fn a_destructor_is_a_call() {
    let module = |f: &str| {
        format!(
            r#"(memory (export "memory") 1)
            (global $sp (mut i32) (i32.const 1024))
            (global (export "__heap_base") i32 (i32.const 1024))
            (func (export "f") (param i32) (local $frame i32) {PLAIN} (drop) {f})
            {LINKING}"#
        )
    };
    let drops = module("(call $drop (local.get 0))");
    let keeps = module("");
    let component = |main: &str| {
        wat::parse_str(format!(
            r#"(component
            (component $lib
                (core module $m {keeps})
                (core instance $i (instantiate $m))
                (type $r' (resource (rep i32) (dtor (core func $i "f"))))
                (export $r "r" (type $r'))
                (core func $new (canon resource.new $r'))
                (func (export "make") (param "n" u32) (result (own $r)) (canon lift (core func $new))))
            (instance $lib (instantiate $lib))
            (component $main
                (import "r" (type $r (sub resource)))
                (core func $drop (canon resource.drop $r))
                (core module $m (import "" "drop" (func $drop (param i32))) {main})
                (core instance $i (instantiate $m (with "" (instance (export "drop" (func $drop))))))
                (func (export "take") (param "r" (own $r)) (canon lift (core func $i "f"))))
            (alias export $lib "r" (type $r))
            (instance $main (instantiate $main (with "r" (type $r))))
            (export $x "x" (type $r))
            (export "make" (func $lib "make") (func (param "n" u32) (result (own $x))))
            (export "take" (func $main "take") (func (param "r" (own $x)))))"#
        ))
        .unwrap()
    };
    let share: Change = |o| o.share_stack = true;
    let error = refused(&component(&drops), share);
    assert!(
        error.contains("component 1 > core module 0 \"m\" calls component 0 > core module 0"),
        "{error}"
    );
    flat(&component(&keeps), "wamr-2020", share);
}

/// Where the contents of `reloc.CODE` of each guest are.
fn relocation_places(component: &[u8]) -> impl Iterator<Item = std::ops::Range<usize>> {
    Parser::new(0)
        .parse_all(component)
        .filter_map(|payload| match payload.unwrap() {
            Payload::CustomSection(section) if section.name() == "reloc.CODE" => {
                Some(section.data_offset() as usize..section.range().end as usize)
            }
            _ => None,
        })
}

/// Bytes of the relocations or the symbols that are others never make a wrong program.
#[test]
fn damaged_relocations_of_guests_do_no_harm() {
    let calls = calls(ALL);
    let right = run(engines::oracle().as_ref(), ALL, &calls).results;
    let wasmi = engines::all()
        .into_iter()
        .find(|engine| engine.name() == "wasmi");
    let wasmi = wasmi.unwrap();
    let mut places = Vec::new();
    for payload in Parser::new(0).parse_all(ALL) {
        if let Payload::CustomSection(section) = payload.unwrap()
            && ["linking", "reloc.CODE"].contains(&section.name())
        {
            places
                .extend((section.data_offset() as usize..section.range().end as usize).step_by(37));
        }
    }
    let (mut done, mut moved) = (0, 0);
    for at in places {
        let mut damaged = ALL.to_vec();
        damaged[at] ^= if at % 2 == 0 { 1 } else { 0x80 };
        for share in [false, true] {
            let mut options = options("wasmi", |_| ());
            options.relocate = true;
            options.share_stack = share;
            options.verify = false;
            let Ok(flat) = flatten(&damaged, &options) else {
                assert!(share);
                continue;
            };
            moved += usize::from(
                addresses(&flat)
                    .iter()
                    .skip(1)
                    .all(|how| how.starts_with("moved when")),
            );
            let found = run(wasmi.as_ref(), &flat.wasm, &calls);
            assert_eq!(
                found.results, right,
                "at {at:#x}, shared: {share}: {found:?}"
            );
            done += 1;
        }
    }
    assert!(done > 50 && moved < done, "{done} {moved}");
}

#[test]
fn a_stack_that_is_shared_and_overflows_traps_below_the_memory() {
    // The largest frame that the guest makes is some hundred bytes.
    let flat = flat(ALL, "wamr-2020", |o| {
        o.share_stack = true;
        o.stack_size = Some(256);
    });
    for engine in available() {
        let found = run(engine.as_ref(), &flat.wasm, &[(PACK, &[3, 255])]);
        assert!(
            matches!(found.exit, Exit::Trap(_)),
            "{}: {found:?}",
            engine.name()
        );
    }
}
