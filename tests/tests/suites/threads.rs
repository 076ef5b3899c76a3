//! A program with threads (the proposal wasi-threads): lowered for a host with quirks it does on every thread what
//! it did, and what is added has no state that threads would share, no start function and no active segment.
//!
//! The host is wasmtime with a `wasi.thread-spawn` of this file: every thread is a new instance with the memory of the
//! first.

use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use p1bridge::lower::lower;
use p1bridge::profiles::{Profile, named};
use p1bridge_tests::manifest::part;
use p1bridge_tests::plain;
use wasmparser::{Parser, Payload};
use wasmtime::{Caller, Config, Engine, Error, InstancePre, Linker, Module, SharedMemory, Store};

/// What all threads of a program have.
#[derive(Clone)]
struct Host {
    memory: SharedMemory,
    stdout: Arc<Mutex<Vec<u8>>>,
    threads: Arc<Mutex<Vec<JoinHandle<()>>>>,
    program: Arc<Mutex<Option<InstancePre<Host>>>>,
    /// The most clocks that a poll had.
    clocks: Arc<Mutex<u32>>,
}

impl Host {
    fn bytes(&self, at: u32, length: u32) -> Vec<u8> {
        let cells = &self.memory.data()[at as usize..(at + length) as usize];
        // SAFETY: the program does not write there while it waits for the host.
        cells.iter().map(|cell| unsafe { *cell.get() }).collect()
    }

    fn word(&self, at: u32) -> u32 {
        u32::from_le_bytes(self.bytes(at, 4).try_into().expect("four bytes"))
    }

    fn write(&self, at: u32, bytes: &[u8]) {
        for (cell, byte) in self.memory.data()[at as usize..].iter().zip(bytes) {
            // SAFETY: as above.
            unsafe { *cell.get() = *byte };
        }
    }
}

fn fd_write(caller: Caller<'_, Host>, _fd: u32, vectors: u32, count: u32, written: u32) -> u32 {
    let host = caller.data();
    let mut text = Vec::new();
    for n in 0..count {
        text.extend(host.bytes(host.word(vectors + 8 * n), host.word(vectors + 8 * n + 4)));
    }
    host.write(written, &(text.len() as u32).to_le_bytes());
    host.stdout.lock().expect("no panic").extend(text);
    0
}

/// Waits for the first of some relative clocks, as Preview 1 says.
fn poll_oneoff(caller: Caller<'_, Host>, input: u32, output: u32, count: u32, events: u32) -> u32 {
    let host = caller.data();
    let clocks = (0..count).map(|n| {
        let at = input + 48 * n;
        assert_eq!(host.bytes(at + 8, 1), [0], "a clock");
        let nanoseconds = host.bytes(at + 24, 8).try_into().expect("eight bytes");
        (u64::from_le_bytes(nanoseconds), host.bytes(at, 8))
    });
    let (nanoseconds, userdata) = clocks.min().expect("a subscription");
    {
        let mut most = host.clocks.lock().expect("no panic");
        *most = (*most).max(count);
    }
    std::thread::sleep(Duration::from_nanos(nanoseconds));
    host.write(output, &[0; 32]);
    host.write(output, &userdata);
    host.write(events, &1u32.to_le_bytes());
    0
}

fn clock_time_get(caller: Caller<'_, Host>, _clock: u32, _precision: u64, out: u32) -> u32 {
    static BEGIN: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    let now = BEGIN.get_or_init(std::time::Instant::now).elapsed();
    let nanoseconds = 1_000_000_000 + now.as_nanos() as u64;
    caller.data().write(out, &nanoseconds.to_le_bytes());
    0
}

fn thread_spawn(caller: Caller<'_, Host>, argument: i32) -> i32 {
    let host = caller.data().clone();
    let engine = caller.engine().clone();
    let program = host.program.lock().expect("no panic").clone();
    let program = program.expect("the program runs");
    let mut threads = caller.data().threads.lock().expect("no panic");
    let id = threads.len() as i32 + 1;
    threads.push(std::thread::spawn(move || {
        let mut store = Store::new(&engine, host);
        let instance = program.instantiate(&mut store).expect("an instance");
        let start = instance.get_typed_func::<(i32, i32), ()>(&mut store, "wasi_thread_start");
        let start = start.expect("the entry of threads");
        start
            .call(&mut store, (id, argument))
            .expect("a thread does not trap");
    }));
    id
}

const EXIT: &str = "the program ends: ";

/// What a program prints, its exit code, and the most clocks that one poll had.
fn run(wasm: &[u8]) -> Result<(String, i32, u32)> {
    let mut config = Config::new();
    config.shared_memory(true);
    let engine = Engine::new(&config).map_err(plain)?;
    let module = Module::new(&engine, wasm).map_err(plain)?;
    let memory = module
        .imports()
        .find_map(|import| import.ty().memory().cloned());
    let memory = memory.context("the memory is imported")?;
    let host = Host {
        memory: SharedMemory::new(&engine, memory).map_err(plain)?,
        stdout: Arc::default(),
        threads: Arc::default(),
        program: Arc::default(),
        clocks: Arc::default(),
    };
    let mut linker = Linker::new(&engine);
    let mut store = Store::new(&engine, host.clone());
    let define = |linker: &mut Linker<Host>, store: &mut Store<Host>| -> Result<(), Error> {
        linker.define(&mut *store, "env", "memory", host.memory.clone())?;
        const P1: &str = "wasi_snapshot_preview1";
        linker.func_wrap(P1, "fd_write", fd_write)?;
        linker.func_wrap(P1, "poll_oneoff", poll_oneoff)?;
        linker.func_wrap(P1, "clock_time_get", clock_time_get)?;
        linker.func_wrap(P1, "proc_exit", |code: i32| -> Result<(), Error> {
            Err(Error::msg(format!("{EXIT}{code}")))
        })?;
        linker.func_wrap("wasi", "thread-spawn", thread_spawn)?;
        Ok(())
    };
    define(&mut linker, &mut store).map_err(plain)?;
    let program = linker.instantiate_pre(&module).map_err(plain)?;
    *host.program.lock().expect("no panic") = Some(program.clone());
    let instance = program.instantiate(&mut store).map_err(plain)?;
    let start = instance.get_typed_func::<(), ()>(&mut store, "_start");
    let ended = start.map_err(plain)?.call(&mut store, ());
    for thread in std::mem::take(&mut *host.threads.lock().expect("no panic")) {
        thread
            .join()
            .map_err(|_| anyhow::anyhow!("a thread traps"))?;
    }
    let code = match ended {
        Ok(()) => 0,
        Err(error) => {
            let text = format!("{error:?}");
            let Some((_, code)) = text.split_once(EXIT) else {
                bail!("{text}");
            };
            let digits: String = code.chars().take_while(char::is_ascii_digit).collect();
            digits.parse()?
        }
    };
    let text = String::from_utf8(host.stdout.lock().expect("no panic").clone())?;
    let clocks = *host.clocks.lock().expect("no panic");
    Ok((text, code, clocks))
}

const RIGHT: &str = "a thread of 4\na thread of 4\na thread of 4\na thread of 4\nsum 100000\nresults 1000\nown 77\n";

#[test]
fn a_lowered_program_does_on_all_threads_what_it_did() -> Result<()> {
    let program = part("threads-c")?;
    let (text, code, clocks) = run(&program)?;
    ensure!(
        (text.as_str(), code, clocks) == (RIGHT, 0, 2),
        "as it is: {code} {clocks} {text}"
    );
    let lowered = lower(&program, &named("wamr-2-threads")?)?;
    // Every thread waits at the same time, through the wrapper for hosts with one clock.
    for _ in 0..5 {
        let (text, code, clocks) = run(&lowered.wasm)?;
        ensure!(
            (text.as_str(), code, clocks) == (RIGHT, 0, 1),
            "lowered: {code} {clocks} {text}"
        );
    }
    Ok(())
}

#[test]
fn a_program_on_wsi_does_on_all_threads_what_it_does_on_preview_1() -> Result<()> {
    let program = part("threads-wsi")?;
    for (profile, most) in [("wamr-2-threads", 1), (PLAIN, 1)] {
        let profile = match profile {
            PLAIN => Profile::parse(PLAIN)?,
            name => named(name)?,
        };
        let lowered = lower(&program, &profile)?;
        ensure!(has_spawn(&lowered.wasm)?, "the host starts threads");
        for _ in 0..5 {
            let (text, code, clocks) = run(&lowered.wasm)?;
            ensure!(
                (text.as_str(), code, clocks) == (RIGHT, 0, most),
                "lowered: {code} {clocks} {text}"
            );
        }
        // Nothing more runs in every thread, and nothing is kept.
        let (before, after) = (at_start(&program)?, at_start(&lowered.wasm)?);
        ensure!((before.0, before.1) == (after.0, after.1));
    }
    Ok(())
}

/// A runtime with threads that lacks nothing else.
const PLAIN: &str = "name = \"t\"\nabout = \"t\"\n[wasm]\nfeatures = [\"threads\", \"bulk-memory\", \"mutable-globals\"]\n[host]\nthreads = true\n";

fn has_spawn(wasm: &[u8]) -> Result<bool> {
    let module = p1bridge_tests::module::parts(wasm)?;
    let mut imports = module.imports.iter();
    Ok(imports.any(|(module, name, _)| module == "wasi" && name == "thread-spawn"))
}

#[test]
fn threads_on_wsi_need_a_runtime_that_starts_them_and_a_stack_pointer() -> Result<()> {
    let program = part("threads-wsi")?;
    let error = format!(
        "{:#}",
        lower(&program, &named("wamr-2")?).expect_err("no threads")
    );
    ensure!(error.contains("wamr-2-threads"), "{error}");
    // Also where a frame would find room in the last page.
    for heap in [
        "",
        r#"(global (export "__heap_base") i32 (i32.const 1024))"#,
    ] {
        let without = wat::parse_str(format!(
            r#"(module
                (import "wsi:sys/time@0.1.0" "now" (func $now (param i32) (result i64)))
                (import "env" "memory" (memory 1 2 shared))
                {heap}
                (func (export "_start") (drop (call $now (i32.const 1)))))"#
        ))?;
        let error = lower(&without, &named("wamr-2-threads")?).expect_err("nowhere to put a frame");
        let error = format!("{error:#}");
        ensure!(error.contains("__stack_pointer"), "{error}");
    }
    Ok(())
}

#[test]
fn a_program_on_wsi_that_is_cut_off_is_refused_with_the_offset() -> Result<()> {
    let program = part("threads-wsi")?;
    let profile = named("wamr-2-threads")?;
    for length in (8..program.len()).step_by(29) {
        // Some of what is left has no import of WSI, or is a module.
        if let Err(error) = lower(&program[..length], &profile) {
            let error = format!("{error:#}");
            ensure!(error.contains("offset 0x"), "{length}: {error}");
        }
    }
    Ok(())
}

/// The start function and the number of active data segments.
fn at_start(wasm: &[u8]) -> Result<(bool, usize, usize)> {
    let (mut start, mut active, mut globals) = (false, 0, 0);
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::StartSection { .. } => start = true,
            Payload::DataSection(section) => {
                for data in section {
                    active +=
                        usize::from(matches!(data?.kind, wasmparser::DataKind::Active { .. }));
                }
            }
            Payload::GlobalSection(section) => globals = section.count() as usize,
            _ => {}
        }
    }
    Ok((start, active, globals))
}

#[test]
fn nothing_runs_again_in_every_thread_and_none_has_state_of_its_own() -> Result<()> {
    let program = part("threads-c")?;
    let lowered = lower(&program, &named("wamr-2-threads")?)?;
    let (start, active, globals) = at_start(&program)?;
    // One more global says which wrappers there are; it never changes.
    ensure!(at_start(&lowered.wasm)? == (start, active, globals + 1));
    Ok(())
}

#[test]
fn what_would_be_state_of_all_threads_is_refused_by_name() -> Result<()> {
    let refused = |text: &str, profile: &str, why: &str| -> Result<()> {
        let profile = Profile::parse(profile)?;
        let error = lower(&wat::parse_str(text)?, &profile).expect_err("refused");
        let error = format!("{error:#}");
        ensure!(error.contains(why), "{error}");
        Ok(())
    };
    let profile = |features: &str, quirks: &str| {
        format!(
            "name = \"t\"\nabout = \"t\"\n[wasm]\nfeatures = [{features}]\n[host]\nthreads = true\n[quirks]\n{quirks}\n"
        )
    };
    let memory = r#"(memory (export "memory") 1 2 shared)"#;
    refused(
        &format!(
            r#"(module {memory} (table 1 funcref) (elem declare func $f) (func $f (export "f") (table.set (i32.const 0) (ref.func $f))))"#
        ),
        &profile("\"threads\", \"bulk-memory\"", ""),
        "tables as numbers would be state in it",
    )?;
    refused(
        &format!(
            r#"(module (import "wasi_snapshot_preview1" "fd_write" (func $w (param i32 i32 i32 i32) (result i32))) {memory}
              (func (export "_start") (drop (call $w (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 8))) (drop (memory.grow (i32.const 1)))))"#
        ),
        &profile("\"threads\", \"bulk-memory\"", "app-heap = true"),
        "the arena of the host would be state in it",
    )?;
    refused(
        r#"(module (import "wasi_snapshot_preview1" "poll_oneoff" (func $p (param i32 i32 i32 i32) (result i32)))
          (memory (export "memory") 1 2 shared) (func (export "_start") (drop (call $p (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128)))))"#,
        &profile("\"threads\", \"bulk-memory\"", "one-relative-clock = true"),
        "a stack that nobody finds",
    )
}
