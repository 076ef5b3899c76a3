//! Small files of which much would have to be made: each kind is generated in two sizes. What is made
//! of it grows no faster than the file, in bytes that are written, in bytes that are allocated on the
//! way and in those that are in use at once, or it is refused with the limit that it meets. Counts hardly
//! wobble; of time only that of the processor is looked at, for what would take minutes.

mod counted {
    //! A global allocator that counts what is asked of it, by all threads.

    use std::alloc::{GlobalAlloc, Layout, System};
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    pub struct Counted;

    static ALL: AtomicUsize = AtomicUsize::new(0);
    static NOW: AtomicUsize = AtomicUsize::new(0);
    static PEAK: AtomicUsize = AtomicUsize::new(0);

    fn taken(bytes: usize) {
        ALL.fetch_add(bytes, Relaxed);
        let now = NOW.fetch_add(bytes, Relaxed) + bytes;
        PEAK.fetch_max(now, Relaxed);
    }

    // SAFETY: the system's allocator does the work; counting neither allocates nor unwinds.
    unsafe impl GlobalAlloc for Counted {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            taken(layout.size());
            unsafe { System.alloc(layout) }
        }

        unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
            NOW.fetch_sub(layout.size(), Relaxed);
            unsafe { System.dealloc(pointer, layout) }
        }

        unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
            // Both blocks may be there at once.
            taken(size);
            let new = unsafe { System.realloc(pointer, layout, size) };
            NOW.fetch_sub(layout.size(), Relaxed);
            new
        }
    }

    /// The bytes that were ever allocated until now.
    pub fn bytes() -> usize {
        ALL.load(Relaxed)
    }

    /// Forgets how many bytes were in use at once, and says how many are.
    pub fn begin() -> usize {
        let now = NOW.load(Relaxed);
        PEAK.store(now, Relaxed);
        now
    }

    /// The most bytes that were in use at once since then.
    pub fn peak() -> usize {
        PEAK.load(Relaxed)
    }
}

#[global_allocator]
static ALLOCATOR: counted::Counted = counted::Counted;

use std::fmt::Write;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use p1bridge::flatten::{FlattenOptions, flatten};
use p1bridge::lower::lower;
use p1bridge::probe::probe;
use p1bridge::profiles::named;
use p1bridge::wrap::{WrapOptions, wrap};
use wasm_encoder::{
    Alias, CanonicalFunctionSection, Component, ComponentAliasSection, ComponentExportKind,
    ComponentExportSection, ComponentSectionId, ComponentTypeSection, ComponentValType,
    CustomSection, ExportKind, InstanceSection, ModuleArg, RawSection, Section,
};

/// One at a time: the allocator counts for all threads.
static ONE: Mutex<()> = Mutex::new(());

/// What no input of these sizes may take.
const TIME: Duration = Duration::from_secs(10);

/// The bytes that may be in use at once for any input of these sizes.
const MEMORY: usize = 1 << 30;

/// The time for which processors have worked for this process: other processes do not count.
fn time_of_all_threads() -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: it writes to what it is given.
    let failed = unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut time) };
    assert_eq!(failed, 0, "the clock can be read");
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// What was made of one input.
struct Made {
    input: usize,
    allocated: usize,
    /// The most bytes that were in use at once.
    peak: usize,
    /// The output, or the message.
    output: Result<Vec<u8>, String>,
}

impl Made {
    fn by(input: &[u8], work: impl FnOnce(&[u8]) -> Result<Vec<u8>>) -> Made {
        let (start, before, had) = (time_of_all_threads(), counted::bytes(), counted::begin());
        let output = work(input).map_err(|error| format!("{error:#}"));
        let (took, allocated) = (time_of_all_threads() - start, counted::bytes() - before);
        let peak = counted::peak().saturating_sub(had);
        println!(
            "{} bytes -> {}; {allocated} bytes allocated, {peak} at once, {took:?}",
            input.len(),
            match &output {
                Ok(bytes) => format!("{} bytes", bytes.len()),
                Err(message) => message.chars().take(200).collect(),
            }
        );
        assert!(took < TIME, "{took:?} for {} bytes", input.len());
        assert!(peak < MEMORY, "{peak} bytes for {}", input.len());
        Made {
            input: input.len(),
            allocated,
            peak,
            output,
        }
    }

    fn error(&self) -> &str {
        let error = self.output.as_ref().expect_err("it is refused");
        assert!(!error.contains("a bug"), "{error}");
        error
    }

    fn bytes(&self) -> usize {
        self.output.as_ref().expect("it is made").len()
    }
}

/// What is made of inputs of two sizes grows no faster than they do, with some room for tables that
/// double.
fn grows_with_the_input(make: impl Fn(usize) -> Made, sizes: [usize; 2]) {
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let [small, large] = sizes.map(make);
    assert!(small.input < large.input);
    let times = sizes[1] as f64 / sizes[0] as f64;
    let allocated = large.allocated as f64 / small.allocated as f64;
    assert!(allocated < times * 1.5, "{allocated} for {times}");
    let peak = large.peak as f64 / small.peak as f64;
    assert!(peak < times * 1.5, "{peak} for {times}");
    if large.output.is_ok() {
        let written = large.bytes() as f64 / small.bytes() as f64;
        assert!(written < times * 1.2, "{written} for {times}");
    } else {
        large.error();
    }
}

fn flattened(wat: &str) -> Made {
    let component = wat::parse_str(wat).expect("the text of the test");
    Made::by(&component, |bytes| {
        Ok(flatten(bytes, &FlattenOptions::default())?.wasm)
    })
}

fn lowered(wat: &str) -> Made {
    let module = wat::parse_str(wat).expect("the text of the test");
    let mvp = named("mvp").expect("a profile");
    Made::by(&module, |bytes| Ok(lower(bytes, &mvp)?.wasm))
}

#[test]
fn a_large_program_takes_little_more_than_twice_its_size_beside_it() {
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    // Functions as large as those of programs are on average.
    let program = |functions: usize| {
        let body =
            "(local.set 0 (i32.add (call $f (local.get 0)) (i32.load offset=64 (i32.const 100))))"
                .repeat(20);
        let all: String = (0..=functions).map(|at| format!("{at} ")).collect();
        let entries = functions + 1;
        let functions =
            format!("(func (param i32) (result i32) {body} (local.get 0))").repeat(functions);
        flattened(&format!(
            r#"(component (core module $M (memory 1) (table {entries} funcref) (elem (i32.const 0) func {all})
                 (func $f (export "f") (param i32) (result i32)
                   (call_indirect (param i32) (result i32) (local.get 0) (local.get 0)))
                 {functions}
                 ;; What is not reached makes nothing to lower, and clang counts segments in any case.
                 (func (data.drop $d)) (data $d "x"))
               (core instance $m (instantiate $M))
               (func (export "f") (param "x" s32) (result s32) (canon lift (core func $m "f"))))"#
        ))
    };
    let [small, large] = [1_000, 5_000].map(program);
    let more = (large.peak - small.peak) as f64 / (large.input - small.input) as f64;
    println!("{more:.2} bytes for each byte of the program");
    assert!(more < 2.25, "{more}");
}

fn refused(made: impl FnOnce() -> Made) -> String {
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    made().error().to_string()
}

/// The locals of the first function of a module.
fn locals(wasm: &[u8]) -> u32 {
    for payload in wasmparser::Parser::new(0).parse_all(wasm) {
        if let wasmparser::Payload::CodeSectionEntry(body) = payload.unwrap() {
            let locals = body.get_locals_reader().unwrap();
            return locals.into_iter().map(|local| local.unwrap().0).sum();
        }
    }
    panic!("no function");
}

fn values(count: usize) -> String {
    " i32".repeat(count)
}

/// Blocks of `values` values inside of each other, with a branch in each.
fn blocks(depth: usize, of: usize) -> String {
    let open = "(block (type $v) ".repeat(depth);
    let constants = "(i32.const 1)".repeat(of);
    let close = "(br_if 0 (i32.const 0)))".repeat(depth);
    let drops = "drop ".repeat(of);
    format!(
        "(module (type $v (func (result{}))) (func (export \"f\") {open}{constants}{close}{drops}))",
        values(of)
    )
}

#[test]
fn blocks_of_many_values_share_the_locals_that_values_travel_in() {
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    for depth in [2, 60] {
        let made = lowered(&blocks(depth, 1000));
        assert_eq!(locals(made.output.as_ref().unwrap()), 1001, "{depth}");
    }
}

#[test]
fn a_branch_table_out_of_blocks_of_values_puts_them_into_locals_once() {
    let table = |targets: usize| {
        let open = "(block (type $v) ".repeat(40);
        let constants = "(i32.const 1)".repeat(100);
        let list: String = (0..targets).map(|at| format!("{} ", at % 40)).collect();
        lowered(&format!(
            "(module (type $v (func (result{}))) (func (export \"f\")
                {open}{constants} (i32.const 0) br_table {list} 0 {} {}))",
            values(100),
            ")".repeat(40),
            "drop ".repeat(100),
        ))
    };
    grows_with_the_input(table, [2000, 4000]);
}

#[test]
fn branches_with_a_thousand_values_are_refused_where_the_body_would_be_too_large() {
    let branches = |count: usize| {
        lowered(&format!(
            "(module (type $v (func (result{}))) (func (export \"f\")
                (block (type $v) {} {} ) {}))",
            values(1000),
            "(i32.const 1)".repeat(1000),
            "(br_if 0 (i32.const 0))".repeat(count),
            "drop ".repeat(1000),
        ))
    };
    grows_with_the_input(branches, [200, 400]);
    let error = refused(|| branches(75_000));
    assert!(error.contains("7654321 bytes"), "{error}");
}

#[test]
fn calls_with_a_thousand_results_are_refused_where_the_output_would_be_too_large() {
    let calls = |functions: usize| {
        let calls = "call $f ".repeat(1000);
        let others =
            format!("(func (type $t) {} {calls})", "(i32.const 1)".repeat(1000)).repeat(functions);
        lowered(&format!(
            "(module (type $t (func (result{0}))) (type $p (func (param{0}) (result{0})))
                (func $f (type $p) unreachable) {others})",
            values(1000)
        ))
    };
    grows_with_the_input(calls, [4, 8]);
    let error = refused(|| calls(60));
    assert!(error.contains("more than 64 MiB"), "{error}");
}

/// A component that lifts one function under many names.
fn lifts(count: usize) -> Made {
    let module = wat::parse_str(r#"(module (func (export "f")))"#).expect("a module");
    let mut instances = InstanceSection::new();
    instances.instantiate(0, Vec::<(&str, ModuleArg)>::new());
    let mut aliases = ComponentAliasSection::new();
    aliases.alias(Alias::CoreInstanceExport {
        instance: 0,
        kind: ExportKind::Func,
        name: "f",
    });
    let mut types = ComponentTypeSection::new();
    let none = Vec::<(&str, ComponentValType)>::new();
    types.function().params(none).result(None);
    let (mut lifts, mut exports) = (
        CanonicalFunctionSection::new(),
        ComponentExportSection::new(),
    );
    for at in 0..count {
        lifts.lift(0, 0, []);
        exports.export(format!("f{at}"), ComponentExportKind::Func, at as u32, None);
    }
    let mut component = Component::new();
    component
        .section(&RawSection {
            id: ComponentSectionId::CoreModule as u8,
            data: &module,
        })
        .section(&instances)
        .section(&aliases)
        .section(&types)
        .section(&lifts)
        .section(&exports);
    Made::by(&component.finish(), |bytes| {
        Ok(flatten(bytes, &FlattenOptions::default())?.wasm)
    })
}

#[test]
fn lifts_and_exports_are_looked_at_once() {
    grows_with_the_input(lifts, [5_000, 10_000]);
}

/// Guests that call functions of another one, each with a value of the type `$t` of `types`, which is
/// passed by a pointer.
fn calls(types: &str, functions: usize, callers: usize) -> String {
    calls_with("i32", "", types, functions, callers)
}

/// The same, with the core parameters that such a value becomes, and a type that needs a name: it is `$v`
/// in `types`.
fn calls_with(params: &str, named: &str, types: &str, functions: usize, callers: usize) -> String {
    let (root, import, given_type) = match named {
        "" => Default::default(),
        named => (
            format!("(type $v {named})"),
            format!(r#"(type $of {named}) (import "v" (type $v (eq $of)))"#),
            r#"(with "v" (type $v))"#,
        ),
    };
    let guest = format!(
        r#"
    (core module $m
        (memory (export "memory") 1)
        (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 0))
        (func (export "f") (param {params})))
    (core instance $m (instantiate $m))
    (alias core export $m "memory" (core memory $memory))
    (alias core export $m "realloc" (core func $realloc))"#
    );
    let zeros: String = params
        .split(' ')
        .map(|ty| format!("({ty}.const 0)"))
        .collect();
    let (mut lifted, mut imported, mut lowered) = (String::new(), String::new(), String::new());
    let (mut given, mut instantiated, mut called) = (String::new(), String::new(), String::new());
    for at in 0..functions {
        write!(
            lifted,
            r#"(func (export "f{at}") (param "x" $t) (canon lift (core func $m "f")
                (memory $memory) (realloc $realloc)))"#
        )
        .unwrap();
        write!(imported, r#"(import "f{at}" (func $f{at} (param "x" $t)))"#).unwrap();
        write!(
            lowered,
            r#"(core func $l{at} (canon lower (func $f{at}) (memory $memory)))"#
        )
        .unwrap();
        write!(given, r#"(with "f{at}" (func $callee "f{at}"))"#).unwrap();
        write!(instantiated, r#"(export "f{at}" (func $l{at}))"#).unwrap();
        write!(
            called,
            r#"(import "" "f{at}" (func $f{at} (param {params})))"#
        )
        .unwrap();
    }
    let all: String = (0..functions)
        .map(|at| format!("(call $f{at} {zeros})"))
        .collect();
    let callers: String = (0..callers)
        .map(|at| {
            format!(
                r#"(instance $caller{at} (instantiate $caller {given_type} {given}))
                (export "run{at}" (func $caller{at} "run"))"#
            )
        })
        .collect();
    format!(
        r#"(component
            {root}
            (component $callee {import} {types} {guest} {lifted})
            (component $caller {import} {types} {imported}
                (core module $memory (memory (export "memory") 1))
                (core instance $memory (instantiate $memory))
                (alias core export $memory "memory" (core memory $memory))
                {lowered}
                (core module $m {called} (func (export "run") {all}))
                (core instance $i (instantiate $m (with "" (instance {instantiated}))))
                (func (export "run") (canon lift (core func $i "run"))))
            (instance $callee (instantiate $callee {given_type}))
            {callers})"#
    )
}

/// A tuple of two that are tuples of two, and so on.
fn doubled(levels: usize) -> String {
    let mut types = String::from("(type $t0 (tuple u32 u32))");
    for at in 1..levels {
        write!(types, "(type $t{at} (tuple $t{0} $t{0}))", at - 1).unwrap();
    }
    write!(types, "(type $t (tuple $t{} u32))", levels - 1).unwrap();
    types
}

#[test]
fn a_type_that_doubles_seventeen_times_is_refused_by_the_number_of_its_types() {
    let error = refused(|| flattened(&calls(&doubled(17), 1, 1)));
    assert!(error.contains("more than 100000 types"), "{error}");
}

#[test]
fn a_value_of_more_parts_than_a_function_has_room_for_is_refused_by_that_limit() {
    // Each character needs a local on its way.
    let mut types = String::new();
    for at in 0..8 {
        write!(
            types,
            "(type $t{at} (tuple {}))",
            "char ".repeat(6_300 + at)
        )
        .unwrap();
    }
    types.push_str("(type $t (tuple $t0 $t1 $t2 $t3 $t4 $t5 $t6 $t7))");
    let error = refused(|| flattened(&calls(&types, 1, 1)));
    assert!(error.contains("at most 50000"), "{error}");
}

#[test]
fn functions_that_take_one_large_type_share_the_code_that_passes_it() {
    let types = doubled(9).replace("u32", "string");
    grows_with_the_input(|count| flattened(&calls(&types, count, 1)), [20, 40]);
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let made = flattened(&calls(&types, 400, 4));
    assert!(made.bytes() < 8 * made.input, "{}", made.bytes());
}

#[test]
fn parts_of_one_type_share_the_code_that_passes_them() {
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let [small, large] = [8, 15].map(|levels| {
        let types = doubled(levels).replace("u32", "string");
        flattened(&calls(&types, 1, 1)).bytes()
    });
    // It is 128 times as large in memory.
    assert!(large < small + 1000, "{small} -> {large}");
}

/// A variant of so many cases.
fn variant(cases: usize) -> String {
    let payloads = ["u32", "string", "f64"];
    let cases: String = (0..cases)
        .map(|at| format!(r#"(case "c{at}" {})"#, payloads[at % 3]))
        .collect();
    format!("(variant {cases})")
}

#[test]
fn a_variant_of_thousands_of_cases_is_passed_by_code_that_is_written_once() {
    for (of, params, functions) in [
        // Flat, it comes and goes in locals.
        ("(tuple $v)", "i32 i64 i32", 100),
        ("(list $v)", "i32 i32", 100),
        ("(tuple $v $v $v $v $v $v)", "i32", 10),
    ] {
        let make = |cases: usize| {
            let types = format!("(type $t {of})");
            flattened(&calls_with(params, &variant(cases), &types, functions, 1))
        };
        grows_with_the_input(make, [2500, 5000]);
        let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        let made = make(5000);
        assert!(made.bytes() < 8 * made.input, "{} for {of}", made.bytes());
    }
}

#[test]
fn a_module_that_is_instantiated_hundreds_of_times_side_by_side_is_refused() {
    let instances = |count: usize| {
        let body = "(drop (i32.const 1))".repeat(60_000);
        let mut instances = String::new();
        let mut lifts = String::new();
        for at in 0..count {
            write!(instances, "(core instance $i{at} (instantiate $m))").unwrap();
            write!(
                lifts,
                r#"(func (export "f{at}") (canon lift (core func $i{at} "f")))"#
            )
            .unwrap();
        }
        flattened(&format!(
            r#"(component (core module $m (func (export "f") {body})) {instances} {lifts})"#
        ))
    };
    let error = refused(|| instances(900));
    assert!(error.contains("many times as large as the file"), "{error}");
}

/// A module with units of debug information that have one table of abbreviations.
fn units(count: usize, abbreviations: u64) -> Vec<u8> {
    let mut table = Vec::new();
    for code in 1..=abbreviations {
        let mut rest = code;
        while rest > 127 {
            table.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        // A compile unit without children and attributes.
        table.extend([rest as u8, 0x11, 0, 0, 0]);
    }
    table.push(0);
    let mut info = Vec::new();
    for _ in 0..count {
        info.extend(8u32.to_le_bytes());
        info.extend(4u16.to_le_bytes());
        info.extend(0u32.to_le_bytes());
        info.extend([4, 1]);
    }
    let mut wasm = wat::parse_str(r#"(module (func (export "f")))"#).unwrap();
    for (name, data) in [(".debug_abbrev", table), (".debug_info", info)] {
        CustomSection {
            name: name.into(),
            data: data.into(),
        }
        .append_to(&mut wasm);
    }
    wasm
}

#[test]
fn abbreviations_that_units_share_are_read_once() {
    let make = |count: usize| {
        let mvp = named("mvp").expect("a profile");
        Made::by(&units(count, count as u64 * 2), |bytes| {
            let lowered = lower(bytes, &mvp)?;
            let notes = lowered.debug.left_out.join("\n");
            assert!(notes.contains("debug information is left out"), "{notes}");
            Ok(lowered.wasm)
        })
    };
    grows_with_the_input(make, [10_000, 20_000]);
}

#[test]
fn a_long_name_that_members_of_an_archive_share_is_not_kept_for_each() {
    let object = empty_object();
    let archive = |members: usize| {
        let mut bytes = b"!<arch>\n".to_vec();
        let mut add = |name: &str, data: &[u8]| {
            write_header(&mut bytes, name, data.len());
            bytes.extend(data);
            if data.len() % 2 == 1 {
                bytes.push(b'\n');
            }
        };
        let mut long = vec![b'n'; members * 60];
        long.extend(b"/\n");
        add("//", &long);
        for _ in 0..members {
            add("/0", &object);
        }
        Made::by(&bytes, |bytes| {
            probe(bytes, "profile")?;
            Ok(Vec::from(*b"x"))
        })
    };
    grows_with_the_input(archive, [1000, 2000]);
}

fn write_header(bytes: &mut Vec<u8>, name: &str, size: usize) {
    bytes.extend(format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{size:<10}`\n", 0, 0, 0, 644).bytes());
}

/// The header of an object file for x86-64 without sections.
fn empty_object() -> Vec<u8> {
    let mut object = vec![0u8; 64];
    object[..7].copy_from_slice(&[0x7f, b'E', b'L', b'F', 2, 1, 1]);
    object[16] = 1;
    object[18] = 62;
    object[20] = 1;
    object[52] = 64;
    object[58] = 64;
    object
}

/// A module for a world of so many functions, half of them imported, which carries that world.
fn of_world(functions: usize) -> Vec<u8> {
    let list: String = (0..functions / 2)
        .map(|at| format!("call{at}: func(x: u32) -> string; "))
        .collect();
    let wit = format!("package a:b; interface i {{ {list} }} world w {{ import i; export i; }}");
    let mut resolve = wit_parser::Resolve::default();
    let package = resolve
        .push_str("a.wit", &wit)
        .expect("the WIT of the test");
    let world = resolve.select_world(&[package], None).expect("its world");
    let mangling = wit_parser::ManglingAndAbi::Legacy(wit_parser::LiftLowerAbi::Sync);
    let mut module = wit_component::dummy_module(&resolve, world, mangling);
    let utf8 = wit_component::StringEncoding::UTF8;
    wit_component::embed_component_metadata(&mut module, &resolve, world, utf8, false)
        .expect("a module that carries its world");
    module
}

/// What `wrap` makes of it, and what its encoder makes of it on its own.
fn wrapped(functions: usize) -> [Made; 2] {
    let module = of_world(functions);
    let all = Made::by(&module, |bytes| {
        Ok(wrap(bytes, &WrapOptions::default())?.component)
    });
    [all, Made::by(&module, encoded)]
}

fn encoded(module: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = wit_component::ComponentEncoder::default();
    encoder.validate(false).module(module)?.encode()
}

#[test]
fn wrap_takes_what_its_encoder_takes() {
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    for functions in [500, 1000] {
        let [all, encoder] = wrapped(functions);
        assert!(all.allocated < 2 * encoder.allocated, "{functions}");
        assert!(all.peak < 2 * encoder.peak, "{functions}");
    }
}

#[test]
#[ignore = "it takes a minute: it is for the figures in docs/commands.md"]
fn how_long_wrap_takes_and_its_encoder() {
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    for functions in [1000, 5000, 10_000] {
        wrapped(functions);
    }
    let module = of_world(25_000);
    let start = time_of_all_threads();
    encoded(&module).expect("a component");
    println!("25000 functions: {:?}", time_of_all_threads() - start);
}

#[test]
fn wrap_refuses_worlds_for_which_its_encoder_would_take_minutes() {
    let error = refused(|| {
        Made::by(&of_world(10_002), |bytes| {
            Ok(wrap(bytes, &WrapOptions::default())?.component)
        })
    });
    assert!(error.contains("10002 functions"), "{error}");
    assert!(error.contains("at most 10000"), "{error}");
}
