//! How long `flatten`, `wrap` and `lower` take and how much memory they use, next to their peers on the same
//! input in the same run: `wasmparser`'s validator and `wit-component`'s encoder.
//!
//! `cargo bench` prints the table that the README has. The large inputs are made here: the code
//! of a corpus program many times over, every copy reachable.

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use p1bridge::flatten::{FlattenOptions, flatten};
use p1bridge::lower::lower;
use p1bridge::profiles::named;
use p1bridge::wrap::{WrapOptions, wrap};
use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{
    CodeSection, ConstExpr, ElementSection, Elements, FunctionSection, Module, RawSection,
};
use wasmparser::{Parser, Payload};

/// Counts what is allocated, and the most that there was at once.
struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let live = LIVE.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(live, Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

struct Cost {
    time: Duration,
    /// Bytes that were allocated at most, beyond what there was before.
    memory: usize,
}

/// The best of several runs: what is above it is the machine's doing.
fn measure<T>(mut run: impl FnMut() -> T) -> Cost {
    let mut cost = Cost {
        time: Duration::MAX,
        memory: 0,
    };
    let budget = Instant::now();
    for round in 0.. {
        let before = LIVE.load(Ordering::Relaxed);
        PEAK.store(before, Ordering::Relaxed);
        let start = Instant::now();
        let result = black_box(run());
        cost.time = cost.time.min(start.elapsed());
        cost.memory = PEAK.load(Ordering::Relaxed) - before;
        drop(result);
        if round >= 4 && budget.elapsed() > Duration::from_secs(5) || round >= 200 {
            break;
        }
    }
    cost
}

/// The same module with its functions `copies` times over, the copies in a table.
fn multiply(module: &[u8], copies: u32) -> Vec<u8> {
    let mut out = Module::new();
    let mut functions: Vec<u32> = Vec::new();
    let mut imported = 0;
    let mut bodies = CodeSection::new();
    let mut table_entries = 0;
    for payload in Parser::new(0).parse_all(module) {
        match payload.expect("a corpus program is valid") {
            Payload::ImportSection(section) => {
                imported = section.count();
                let range = section.range();
                raw(&mut out, 2, module, range);
            }
            Payload::FunctionSection(section) => {
                functions = section.into_iter().flatten().collect();
                let mut all = FunctionSection::new();
                for _ in 0..copies {
                    for &ty in &functions {
                        all.function(ty);
                    }
                }
                out.section(&all);
            }
            Payload::TableSection(section) => {
                let mut tables = wasm_encoder::TableSection::new();
                for table in section.into_iter().flatten() {
                    table_entries = table.ty.initial as u32;
                    let mut ty = RoundtripReencoder.table_type(table.ty).expect("funcref");
                    ty.minimum += u64::from(copies) * functions.len() as u64;
                    ty.maximum = None;
                    tables.table(ty);
                }
                out.section(&tables);
            }
            Payload::ElementSection(section) => {
                let mut elements = ElementSection::new();
                RoundtripReencoder
                    .parse_element_section(&mut elements, section)
                    .expect("plain elements");
                let count = copies * functions.len() as u32;
                let all: Vec<u32> = (imported..imported + count).collect();
                elements.active(
                    None,
                    &ConstExpr::i32_const(table_entries as i32),
                    Elements::Functions(all.into()),
                );
                out.section(&elements);
            }
            Payload::CodeSectionStart { .. } => {}
            Payload::CodeSectionEntry(body) => {
                bodies.raw(body.as_bytes());
                if bodies.len() as usize == functions.len() {
                    let mut all = CodeSection::new();
                    let one: Vec<Vec<u8>> = raw_bodies(module);
                    for _ in 0..copies {
                        for body in &one {
                            all.raw(body);
                        }
                    }
                    out.section(&all);
                }
            }
            Payload::CustomSection(section) => {
                if section.name().starts_with("component-type") {
                    out.section(&wasm_encoder::CustomSection {
                        name: section.name().into(),
                        data: section.data().into(),
                    });
                }
            }
            payload => {
                if let Some((id, range)) = payload.as_section() {
                    raw(&mut out, id, module, range);
                }
            }
        }
    }
    out.finish()
}

fn raw(out: &mut Module, id: u8, module: &[u8], range: std::ops::Range<u64>) {
    out.section(&RawSection {
        id,
        data: &module[range.start as usize..range.end as usize],
    });
}

fn raw_bodies(module: &[u8]) -> Vec<Vec<u8>> {
    Parser::new(0)
        .parse_all(module)
        .filter_map(|payload| match payload {
            Ok(Payload::CodeSectionEntry(body)) => Some(body.as_bytes().to_vec()),
            _ => None,
        })
        .collect()
}

/// What `wasm-tools component new` does, without our checks.
fn encode(module: &[u8]) -> Vec<u8> {
    use wasi_preview1_component_adapter_provider as provider;
    let mut encoder = wit_component::ComponentEncoder::default();
    encoder
        .module(module)
        .expect("a valid module")
        .validate(true);
    let uses_preview1 = Parser::new(0).parse_all(module).any(|payload| {
        matches!(payload, Ok(Payload::ImportSection(section))
            if section.clone().into_imports().flatten().any(|i| i.module.starts_with("wasi_snapshot")))
    });
    if uses_preview1 {
        encoder
            .adapter(
                provider::WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME,
                provider::WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER,
            )
            .expect("the adapter fits");
    }
    encoder.encode().expect("a component")
}

/// The core module of a component with one guest, with the world put back into it.
fn module_of(component: &[u8]) -> Vec<u8> {
    let mut main = None;
    for payload in Parser::new(0).parse_all(component) {
        if let Ok(Payload::ModuleSection {
            unchecked_range, ..
        }) = payload
        {
            main = main.or(Some(unchecked_range));
        }
    }
    let range = main.expect("a component has a core module");
    let mut module = component[range.start as usize..range.end as usize].to_vec();
    let wit_component::DecodedWasm::Component(resolve, world) =
        wit_component::decode(component).expect("a component has a world")
    else {
        panic!("this is a WIT package");
    };
    wit_component::embed_component_metadata(
        &mut module,
        &resolve,
        world,
        wit_component::StringEncoding::UTF8,
        false,
    )
    .expect("the world fits");
    module
}

fn mib(bytes: usize) -> String {
    format!("{:.1}", bytes as f64 / f64::from(1 << 20))
}

fn ms(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64() * 1e3)
}

fn corpus(name: &str) -> Vec<u8> {
    let path = format!(
        "{}/../corpus/prebuilt/{name}.wasm",
        env!("CARGO_MANIFEST_DIR")
    );
    std::fs::read(path).expect("the corpus is committed")
}

/// A component with a module of a megabyte and so many instances of it, each with a table of all of its functions.
fn instances(count: u32) -> Vec<u8> {
    const FUNCTIONS: u32 = 2_600;
    let mut text = format!(
        r#"(component (core module $m (memory (export "memory") 2) (table {FUNCTIONS} funcref)
             (type $t (func (param i32) (result i32)))"#
    );
    for function in 0..FUNCTIONS {
        text += &format!("(func $f{function} (type $t) (local i32)");
        for step in 0..12 {
            let number = (function * 12 + step).wrapping_mul(0x9e37_79b9);
            let (factor, at) = (number >> 2, number % 60_000);
            text += &format!(
                "(local.set 1 (i32.add (i32.mul (local.get 1) (i32.const {factor}))
                   (i32.load offset={at} (i32.and (local.get 0) (i32.const 65532)))))
                 (i32.store offset={at} (i32.and (local.get 1) (i32.const 65532)) (local.get 0))"
            );
        }
        text += "(local.get 1))";
    }
    text += "(elem (i32.const 0) func ";
    for function in 0..FUNCTIONS {
        text += &format!("{function} ");
    }
    text += &format!(
        r#") (func (export "run") (param i32) (result i32)
              (call_indirect (type $t) (local.get 0) (i32.rem_u (local.get 0) (i32.const {FUNCTIONS})))))"#
    );
    for at in 0..count {
        text += &format!(
            r#"(core instance $i{at} (instantiate $m))
               (func $g{at} (param "x" u32) (result u32) (canon lift (core func $i{at} "run")))
               (export "run{at}" (func $g{at}))"#
        );
    }
    wat::parse_str(text + ")").expect("a component")
}

/// All tables, or with the argument `lower` or `instances` one of them.
fn main() {
    let only = std::env::args().find(|argument| ["lower", "instances"].contains(&&argument[..]));
    if only.is_none() {
        components();
        println!();
    }
    if only.as_deref() != Some("instances") {
        lowering();
        println!();
    }
    if only.as_deref() != Some("lower") {
        copies();
    }
}

fn copies() {
    println!("| instances of a module of 1 MB | written | flatten | memory, x written |");
    println!("|---|---|---|---|");
    for count in [2, 20] {
        let component = instances(count);
        let options = FlattenOptions::default();
        let mut written = 0;
        let flat = measure(|| {
            let flat = flatten(&component, &options).expect("it flattens");
            written = flat.wasm.len();
            flat
        });
        println!(
            "| {count} | {} MiB | {} ms | {:.2} |",
            mib(written),
            ms(flat.time),
            (flat.memory + component.len()) as f64 / written as f64,
        );
    }
}

fn components() {
    let preview1 = corpus("files-rust");
    let native = module_of(&corpus("files-p2-c"));
    let small = |module: &[u8]| module.to_vec();
    let inputs = [
        ("un-adapt, small", small(&corpus("hello-c"))),
        ("un-adapt, 6 MB", multiply(&preview1, 84)),
        ("un-adapt, 40 MB", multiply(&preview1, 560)),
        ("link, small", small(&native)),
        ("link, 6 MB", multiply(&native, 240)),
        ("link, 40 MB", multiply(&native, 1600)),
    ];
    println!(
        "| input | component | validate | flatten | ratio | memory, x input | wrap | wit-component | ratio |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for (name, module) in inputs {
        let component = encode(&module);
        let options = FlattenOptions::default();
        let validated = measure(|| wasmparser::validate(&component).expect("valid"));
        let flat = measure(|| flatten(&component, &options).expect("it flattens"));
        let wrapped = measure(|| wrap(&module, &WrapOptions::default()).expect("it wraps"));
        let encoded = measure(|| encode(&module));
        println!(
            "| {name} | {} MiB | {} ms | {} ms | {:.2} | {} MiB, {:.1}x | {} ms | {} ms | {:.2} |",
            mib(component.len()),
            ms(validated.time),
            ms(flat.time),
            flat.time.as_secs_f64() / validated.time.as_secs_f64(),
            mib(flat.memory + component.len()),
            (flat.memory + component.len()) as f64 / component.len() as f64,
            ms(wrapped.time),
            ms(encoded.time),
            wrapped.time.as_secs_f64() / encoded.time.as_secs_f64(),
        );
    }
}

fn lowering() {
    let preview1 = corpus("files-rust");
    println!("| module | size | validate | lower to mvp | ratio | memory, x input |");
    println!("|---|---|---|---|---|---|");
    let mvp = named("mvp").expect("it is built in");
    for (name, module) in [
        ("hello world", corpus("hello-c")),
        ("6 MB", multiply(&preview1, 84)),
        ("40 MB", multiply(&preview1, 560)),
    ] {
        let validated = measure(|| wasmparser::validate(&module).expect("valid"));
        let lowered = measure(|| lower(&module, &mvp).expect("it can be lowered"));
        println!(
            "| {name} | {} MiB | {} ms | {} ms | {:.2} | {:.1}x |",
            mib(module.len()),
            ms(validated.time),
            ms(lowered.time),
            lowered.time.as_secs_f64() / validated.time.as_secs_f64(),
            (lowered.memory + module.len()) as f64 / module.len() as f64,
        );
    }
}
