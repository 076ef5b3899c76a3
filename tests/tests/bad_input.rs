//! Bad input is normal input: cut, damaged, random and huge files are refused with one message.
//!
//! In process, for volume, by the library: no panic, not even one that is caught and printed, no
//! run-away (10 s, and 4x the input + 32 MiB of heap, counted by an allocator of this test), and no
//! error that calls itself a bug. Then a
//! sample by the built command: exit code 1, one message, and no output file, or the one that was
//! there before as it was.

mod counted {
    //! A global allocator that knows the heap of each thread.

    use std::alloc::{GlobalAlloc, Layout, System};
    use std::cell::Cell;

    pub struct Counted;

    thread_local! {
        static NOW: Cell<isize> = const { Cell::new(0) };
        static PEAK: Cell<isize> = const { Cell::new(0) };
    }

    fn add(bytes: isize) {
        let now = NOW.get() + bytes;
        NOW.set(now);
        PEAK.set(PEAK.get().max(now));
    }

    // SAFETY: the system's allocator does the work; counting neither allocates nor unwinds.
    unsafe impl GlobalAlloc for Counted {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            add(layout.size() as isize);
            unsafe { System.alloc(layout) }
        }

        unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
            add(layout.size() as isize);
            unsafe { System.alloc_zeroed(layout) }
        }

        unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
            add(-(layout.size() as isize));
            unsafe { System.dealloc(pointer, layout) }
        }

        unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
            // Both exist while the bytes are copied.
            add(size as isize);
            add(-(layout.size() as isize));
            unsafe { System.realloc(pointer, layout, size) }
        }
    }

    /// The most that this thread had allocated at a time during `work`, above what it had before.
    pub fn peak<T>(work: impl FnOnce() -> T) -> (T, usize) {
        let before = NOW.get();
        PEAK.set(before);
        let result = work();
        (result, (PEAK.get() - before).max(0) as usize)
    }
}

#[global_allocator]
static ALLOCATOR: counted::Counted = counted::Counted;

use std::cell::Cell;
use std::fs;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::Command;
use std::sync::Once;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use p1bridge::check::check;
use p1bridge::flatten::{FlattenOptions, flatten};
use p1bridge::inspect::inspect;
use p1bridge::lower::lower;
use p1bridge::profiles::{NAMES, Profile, named};
use p1bridge::run::{Input, Output, RunOptions, module_of, run};
use p1bridge::wrap::{WrapOptions, wrap};
use p1bridge_tests::manifest::{Program, programs};
use p1bridge_tests::random::numbers::Random as Numbers;
use p1bridge_tests::random::{pair, tasks};
use p1bridge_tests::{child, link};
use wasmparser::{Validator, WasmFeatures};

const TIME: Duration = Duration::from_secs(10);
const MEMORY: usize = 32 << 20;

/// A command on the bytes of a file.
type Attempt = fn(&[u8]) -> Result<()>;

/// The commands, as the library has them.
const COMMANDS: [(&str, Attempt); 6] = [
    ("flatten", |bytes| {
        let flat = flatten(bytes, &FlattenOptions::default())?;
        let valid = Validator::new_with_features(WasmFeatures::all()).validate_all(&flat.wasm);
        valid
            .map(drop)
            .context("the output is not valid, which is a bug")
    }),
    ("wrap", |bytes| {
        wrap(bytes, &WrapOptions::default()).map(drop)
    }),
    ("inspect", |bytes| inspect(bytes).map(drop)),
    ("check", |bytes| check(bytes, &profile(bytes)).map(drop)),
    ("lower", |bytes| {
        let lowered = lower(bytes, &profile(bytes))?;
        let valid = Validator::new_with_features(WasmFeatures::all()).validate_all(&lowered.wasm);
        valid
            .map(drop)
            .context("the output is not valid, which is a bug")
    }),
    ("run", |bytes| {
        let options = RunOptions {
            stdin: Input::Bytes(Vec::new()),
            stdout: Output::Capture,
            stderr: Output::Capture,
            fuel: Some(100_000),
            ..RunOptions::default()
        };
        run(&module_of(bytes.to_vec())?, &options).map(drop)
    }),
];

/// One of the profiles, another one for most files.
fn profile(bytes: &[u8]) -> Profile {
    let sum: usize = bytes.iter().map(|byte| usize::from(*byte)).sum();
    named(NAMES[sum % NAMES.len()]).expect("a profile")
}

/// The same from one run to the next.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }
}

/// Every file of the corpus, the modules wrapped too.
fn files() -> Vec<(String, Vec<u8>)> {
    watch();
    let mut files = Vec::new();
    for program in programs().expect("the manifest") {
        let name = program.name.clone();
        if program.is_module() {
            files.push((
                format!("{name}, wrapped"),
                link::component(&program).expect("wraps"),
            ));
        }
        files.push((name, program.wasm().expect("prebuilt")));
    }
    files
}

thread_local! {
    /// Whether a panic was printed.
    static PANICKED: Cell<bool> = const { Cell::new(false) };
}

/// Notes panics that are printed. It comes before every call of the library, which wraps the hook that
/// it finds in one that is silent where a panic is expected.
fn watch() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            PANICKED.set(true);
            usual(info);
        }));
    });
}

/// What `attempt` does that it must not, if anything.
fn offence(attempt: impl FnOnce() -> Result<()>, length: usize) -> Option<String> {
    watch();
    PANICKED.set(false);
    let started = Instant::now();
    let (result, peak) = counted::peak(|| catch_unwind(AssertUnwindSafe(attempt)));
    let took = started.elapsed();
    if took > TIME {
        return Some(format!("took {took:?}"));
    }
    if peak > 4 * length + MEMORY {
        return Some(format!(
            "took {peak} bytes of heap for {length} bytes of input"
        ));
    }
    if result.is_ok() && PANICKED.get() {
        return Some("printed a panic and went on".to_string());
    }
    match result {
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text
                .or(panic.downcast_ref::<&str>().copied())
                .unwrap_or("?");
            Some(format!("panicked: {text}"))
        }
        Ok(Ok(())) => None,
        Ok(Err(error)) => {
            let text = format!("{error:#}");
            let says = text.to_lowercase();
            if text.trim().is_empty() {
                Some("an empty message".to_owned())
            } else if says.contains(" a bug") || says.contains("panicked") {
                Some(format!("calls it a bug of p1bridge: {text}"))
            } else {
                None
            }
        }
    }
}

/// Feeds `inputs` to every command that takes such a file.
fn feed(inputs: impl Iterator<Item = (String, Vec<u8>)>) {
    let mut offences = Vec::new();
    let mut count = 0;
    for (what, bytes) in inputs {
        for (command, call) in COMMANDS {
            // Each is refused at once by the command that does not take its kind; once is enough.
            let is_component = wasmparser::Parser::is_component(&bytes);
            let takes = match command {
                "flatten" => is_component,
                "wrap" => !is_component,
                "inspect" => true,
                "lower" => !is_component,
                // Of components it is that of what flatten makes of them.
                "check" => !is_component || count % 5 == 0,
                // Programs that sleep may be told to sleep for years.
                _ => count % 5 == 0 && what.starts_with("hello"),
            };
            if takes && let Some(offence) = offence(|| call(&bytes), bytes.len()) {
                let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{what}.wasm"));
                fs::write(&file, &bytes).expect("the target folder can be written to");
                offences.push(format!(
                    "{command} of {what}: {offence}: {}",
                    file.display()
                ));
            }
        }
        count += 1;
    }
    assert!(count > 100, "only {count} inputs");
    assert!(
        offences.is_empty(),
        "{} offences in {count} inputs, the first:\n{}",
        offences.len(),
        offences[..offences.len().min(10)].join("\n")
    );
}

#[test]
fn cut_files_are_refused_in_words() {
    feed(files().into_iter().flat_map(|(name, bytes)| {
        // The first bytes one by one, then in steps that are no multiples of anything.
        let step = bytes.len() / 60 + 1;
        let lengths: Vec<usize> = (0..40.min(bytes.len()))
            .chain((40..bytes.len()).step_by(step))
            .chain(bytes.len().saturating_sub(5)..bytes.len())
            .collect();
        lengths
            .into_iter()
            .map(move |n| (format!("{name}, the first {n} bytes"), bytes[..n].to_vec()))
    }));
}

#[test]
fn files_with_one_damaged_byte_are_linked_or_refused_in_words() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    feed(files().into_iter().flat_map(move |(name, bytes)| {
        let damaged: Vec<_> = (0..120)
            .map(|i| {
                let at = random.below(bytes.len());
                let flip = match i % 3 {
                    0 => 1 << random.below(8),
                    1 => 0xff,
                    _ => 1 + random.below(255),
                } as u8;
                let mut damaged = bytes.clone();
                damaged[at] ^= flip;
                (format!("{name}, byte {at:#x} xor {flip:#x}"), damaged)
            })
            .collect();
        damaged
    }));
}

#[test]
fn every_byte_of_the_first_sections_is_guarded() {
    let (name, bytes) = files()
        .into_iter()
        .filter(|(_, bytes)| wasmparser::Parser::is_component(bytes))
        .min_by_key(|(_, bytes)| bytes.len())
        .expect("a component");
    feed((0..bytes.len().min(1200)).map(|at| {
        let mut damaged = bytes.clone();
        damaged[at] = !damaged[at];
        (format!("{name}, byte {at:#x} inverted"), damaged)
    }));
}

/// Components with more inside than one guest: the golden cases, random pairs, and random programs with tasks.
fn components() -> Vec<(String, Vec<u8>)> {
    watch();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("flatten");
    let mut cases: Vec<_> = fs::read_dir(folder)
        .expect("the golden cases")
        .map(|case| case.expect("readable").path())
        .collect();
    cases.sort();
    let mut components = Vec::new();
    for case in cases {
        // Some are text that is not meant to be a component.
        if let Ok(bytes) = wat::parse_file(case.join("component.wat")) {
            let name = case.file_name().expect("a name").to_string_lossy();
            components.push((name.into_owned(), bytes));
        }
    }
    assert!(components.len() > 20, "{} golden cases", components.len());
    for seed in 0..60 {
        let bytes = wat::parse_str(pair(seed).text).expect("a pair is well-formed");
        components.push((format!("pair {seed}"), bytes));
    }
    for seed in 0..12 {
        let bytes =
            wat::parse_str(tasks::programs(seed, 1).text).expect("a program is well-formed");
        components.push((format!("tasks {seed}"), bytes));
    }
    components
}

/// Bytes with one to four places changed: bits, small numbers, pieces left out, twice, or of
/// another file.
fn mutant(random: &mut Numbers, bytes: &[u8], other: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..1 + random.below(4) {
        let at = random.below(bytes.len());
        let piece = |random: &mut Numbers, of: &[u8]| {
            let from = random.below(of.len());
            let to = (from + 1 + random.below(12)).min(of.len());
            from..to
        };
        match random.below(8) {
            0 | 1 => bytes[at] ^= 1 << random.below(8),
            2 | 3 => bytes[at] = random.pick(&[0, 1, 2, 3, 4, 0x40, 0x60, 0x7f, 0x80, 0xff]),
            4 => bytes[at] = bytes[at].wrapping_add(random.pick(&[1, 255])),
            5 => {
                let range = piece(random, &bytes);
                bytes.drain(range);
            }
            6 => {
                let twice = bytes[piece(random, &bytes)].to_vec();
                bytes.splice(at..at, twice);
            }
            _ => {
                let alien = other[piece(random, other)].to_vec();
                let end = (at + alien.len()).min(bytes.len());
                bytes.splice(at..end, alien);
            }
        }
        if bytes.is_empty() {
            break;
        }
    }
    bytes
}

/// How many mutants are tried; `P1BRIDGE_MUTANTS` says another number.
const MUTANTS: usize = 12_000;

fn mutants() -> usize {
    match std::env::var("P1BRIDGE_MUTANTS") {
        Ok(text) => text.parse().expect("P1BRIDGE_MUTANTS is a number"),
        Err(_) => MUTANTS,
    }
}

#[test]
fn mutated_components_are_linked_or_refused_in_words() {
    let count = mutants();
    let components = components();
    let taken = components
        .iter()
        .filter(|(_, bytes)| flatten(bytes, &FlattenOptions::default()).is_ok());
    assert!(taken.count() > 20, "what is mutated is refused anyway");
    feed((0..count).map(|i| {
        let mut random = Numbers::new(i as u64);
        let (name, bytes) = &components[i % components.len()];
        let (_, other) = &components[random.below(components.len())];
        let mutant = mutant(&mut random, bytes, other);
        (format!("{name}, mutant {i}"), mutant)
    }));
}

/// Core modules with one odd thing each, and those of the golden cases.
fn modules() -> Vec<(String, Vec<u8>)> {
    let odd = [
        r#"(memory 1) (memory $m 1 2) (data $d (memory $m) (i32.const 1) "ab") (data $p "cd")
           (func (export "f") (memory.init $m $p (i32.const 0) (i32.const 0) (i32.const 2)) (data.drop $p)
             (memory.copy $m 0 (i32.const 1) (i32.const 2) (i32.const 3)) (drop (memory.grow $m (i32.const 1))))"#,
        r#"(table $t (export "t") 2 4 funcref) (table $u 3 funcref) (elem $e (table $u) (i32.const 1) func $f)
           (elem $p funcref (ref.func $f) (ref.null func)) (elem declare func $g)
           (func $f (result i32) (table.size $t)) (func $g)
           (func (export "f") (result i32) (table.copy $u $t (i32.const 0) (i32.const 0) (i32.const 1))
             (table.init $t $p (i32.const 0) (i32.const 0) (i32.const 1)) (elem.drop $p)
             (table.set $t (i32.const 0) (ref.func $g)) (drop (table.grow $u (ref.null func) (i32.const 1)))
             (call_indirect $u (result i32) (i32.const 1)))"#,
        r#"(import "env" "t" (table 1 funcref)) (import "env" "g" (global $g i32)) (import "env" "m" (global (mut i64)))
           (import "env" "memory" (memory 1)) (data (global.get $g) "x")
           (global $h i32 (global.get $g)) (elem (global.get $g) func 0)
           (func (export "f") (result i32 i64) (global.get $h) (global.get 1))"#,
        r#"(type $p (struct (field (mut i32)))) (rec (type $q (array i8)) (type $r (func (param (ref null $q)))))
           (func (export "f") (param (ref null $p)) (result i32) (struct.get $p 0 (local.get 0)))
           (func (type $r) (drop (array.get_s $q (local.get 0) (i32.const 0))))"#,
        r#"(tag $t (param i32)) (import "env" "x" (tag $x))
           (func (export "f") (result i32) (local exnref)
             (block $h (result i32 exnref) (try_table (result i32) (catch_ref $t $h) (throw $t (i32.const 1)))
               (return)) (local.set 0) (throw_ref (local.get 0)))"#,
        r#"(import "wasi_snapshot_preview1" "fd_write" (func $w (param i32 i32 i32 i32) (result i32)))
           (import "wasi_snapshot_preview1" "poll_oneoff" (func $p (param i32 i32 i32 i32) (result i32)))
           (memory (export "memory") 1) (start $s) (global $g (export "g") (mut funcref) (ref.func $s))
           (func $s (drop (call $w (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))
           (func (export "_start") (return_call $t)) (func $t (return_call_indirect (i32.const 0))) (table 1 funcref)
           (func (export "p") (result i32) (call $p (i32.const 0) (i32.const 8) (i32.const 1) (i32.const 80))
             (i32.trunc_sat_f64_u (f64.const 1)) (i32.extend8_s) (i32.add))"#,
        r#"(memory i64 1) (func (export "f") (param i64) (result v128) (v128.load (local.get 0)))"#,
        r#"(memory 1 1 shared) (func (export "f") (result i32) (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))"#,
        r#"(func $two (param i32 i64) (result i64 i32) (local.get 1) (local.get 0))
           (func (export "f") (param i32) (result i32) (local.get 0) (i64.const 2)
             (loop $l (param i32 i64) (result i64 i32) (call $two) (br_if 1 (i32.const 1) (i64.const 3) (i32.const 0) (drop) (drop))
               (block (param i64 i32) (result i64 i32))) (return) (unreachable))"#,
    ];
    let mut modules: Vec<_> = (odd.iter().enumerate())
        .filter_map(|(at, fields)| {
            let bytes = wat::parse_str(format!("(module {fields})")).ok()?;
            Some((format!("odd module {at}"), bytes))
        })
        .collect();
    assert!(
        modules.len() + 1 >= odd.len(),
        "{} odd modules",
        modules.len()
    );
    for command in ["flatten", "wrap"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(command);
        let mut cases: Vec<_> = fs::read_dir(folder)
            .expect("the golden cases")
            .map(|case| case.expect("readable").path().join("module.wat"))
            .collect();
        cases.sort();
        for case in cases {
            if let Ok(bytes) = wat::parse_file(&case) {
                modules.push((
                    case.parent()
                        .expect("a case")
                        .file_name()
                        .expect("a name")
                        .to_string_lossy()
                        .into_owned(),
                    bytes,
                ));
            }
        }
    }
    modules
}

#[test]
fn mutated_modules_are_taken_or_refused_in_words() {
    let modules = modules();
    feed((0..mutants()).map(|i| {
        let mut random = Numbers::new(i as u64);
        // The odd ones come as often as all the others.
        let at = match i % 2 {
            0 => (i / 2) % 8,
            _ => (i / 2) % modules.len(),
        };
        let (name, bytes) = &modules[at];
        let (_, other) = &modules[random.below(modules.len())];
        let mutant = mutant(&mut random, bytes, other);
        (format!("{name}, mutant {i} of a module"), mutant)
    }));
}

#[test]
fn random_bytes_are_refused_in_words() {
    let mut random = Random(0x0123_4567_89ab_cdef);
    feed((0..2000).map(move |i| {
        let mut bytes: Vec<u8> = match i % 4 {
            0 => Vec::new(),
            1 => b"\0asm\x01\0\0\0".to_vec(),
            _ => b"\0asm\x0d\0\x01\0".to_vec(),
        };
        let length = random.below(300);
        // Small numbers make more sections that begin well.
        let bound = if i % 2 == 0 { 256 } else { 24 };
        bytes.extend((0..length).map(|_| random.below(bound) as u8));
        (format!("random bytes number {i}"), bytes)
    }));
}

#[test]
fn two_hundred_megabytes_of_zeros_are_refused_at_once() {
    for header in [&b""[..], b"\0asm\x01\0\0\0", b"\0asm\x0d\0\x01\0"] {
        let mut bytes = vec![0; 200_000_000];
        bytes[..header.len()].copy_from_slice(header);
        for (command, call) in COMMANDS {
            if command == "run" {
                continue;
            }
            let mut refused = false;
            let found = offence(
                || {
                    let result = call(&bytes);
                    refused = result.is_err();
                    result
                },
                // Not as much as four times this.
                MEMORY,
            );
            assert_eq!(found, None, "{command} after the header {header:?}");
            assert!(
                refused,
                "{command} after the header {header:?}: not refused"
            );
        }
    }
}

/// Runs the built command on `input` and checks how it fails.
fn fails_well(folder: &Path, arguments: &[&str]) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_p1bridge-tests"));
    command.arg("p1bridge").args(arguments).current_dir(folder);
    let ended = child::run(&mut command, &[], TIME).expect("ends in time");
    let said = String::from_utf8(ended.stderr).expect("a message of text");
    let what = format!("p1bridge {}: {said}", arguments.join(" "));
    assert_eq!(ended.status.code(), Some(1), "{what}");
    assert!(said.starts_with("error: "), "{what}");
    assert_eq!(said.matches("error: ").count(), 1, "{what}");
    assert!(
        !said.contains("panicked") && !said.contains("RUST_BACKTRACE"),
        "{what}"
    );
    assert!(ended.stdout.is_empty(), "{what}");
}

fn sample(program: &Program) -> Vec<(String, Vec<u8>)> {
    let bytes = program.wasm().expect("prebuilt");
    // Not 8: the empty module and the empty component are files like any other.
    [0, 3, 9, bytes.len() / 3, bytes.len() - 1]
        .into_iter()
        .map(|n| (format!("{}-{n}", program.name), bytes[..n].to_vec()))
        .collect()
}

#[test]
fn the_command_fails_with_one_message_and_leaves_no_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    for program in programs().expect("the manifest") {
        for (name, bytes) in sample(&program) {
            fs::write(here.join(&name), bytes).expect("written");
            for command in ["flatten", "wrap"] {
                fails_well(here, &[command, &name, "-o", "new.wasm"]);
                assert!(
                    !here.join("new.wasm").exists(),
                    "{command} {name} left a file"
                );
                fs::write(here.join("old.wasm"), "as it was").expect("written");
                fails_well(here, &[command, &name, "-o", "old.wasm"]);
                let old = fs::read(here.join("old.wasm")).expect("still there");
                assert_eq!(old, b"as it was", "{command} {name} changed the old output");
            }
            fails_well(here, &["inspect", &name]);
            fails_well(here, &["run", &name]);
            fs::remove_file(here.join(&name)).expect("removed");
        }
    }
    let left: Vec<_> = fs::read_dir(here)
        .expect("a folder")
        .map(|e| e.unwrap().file_name())
        .collect();
    assert_eq!(left, ["old.wasm"], "something else was left");
}

#[test]
fn the_command_refuses_two_hundred_megabytes_of_zeros() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    // Sparse: it takes no room on the disk.
    fs::File::create(here.join("zeros"))
        .and_then(|f| f.set_len(200_000_000))
        .expect("a file");
    fails_well(here, &["flatten", "zeros", "-o", "out.wasm"]);
    fails_well(here, &["wrap", "zeros", "-o", "out.wasm"]);
    fails_well(here, &["inspect", "zeros"]);
    fails_well(here, &["run", "zeros"]);
    assert!(!here.join("out.wasm").exists());
}
