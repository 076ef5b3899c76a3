//! Every function of wasi:cli, clocks, io and random (those of errors excepted, see files-p2-c), through `std` for
//! wasm32-unknown-unknown, which has collections and formatting but no system below it.
//!
//! `system-p2-rust cli [code N] | clocks | poll | random | streams | empty-poll`

mod bindings {
    include!(env!("GUEST_BINDINGS"));
}
mod streams;

use bindings::exports::wasi::cli::run::Guest;
use bindings::wasi::cli::{environment, exit, stderr, stdin, stdout};
use bindings::wasi::cli::{terminal_stderr, terminal_stdin, terminal_stdout};
use bindings::wasi::clocks::{monotonic_clock, wall_clock};
use bindings::wasi::io::poll;
use bindings::wasi::random::{insecure, insecure_seed, random};

struct Program;
bindings::export!(Program with_types_in bindings);

const MILLISECOND: u64 = 1_000_000;
const SECOND: u64 = 1000 * MILLISECOND;

/// Prints one line through a handle of its own.
pub(crate) fn line(text: impl AsRef<str>) {
    let bytes = [text.as_ref().as_bytes(), b"\n"].concat();
    stdout::get_stdout()
        .blocking_write_and_flush(&bytes)
        .expect("stdout is open");
}

impl Guest for Program {
    fn run() -> Result<(), ()> {
        let args = environment::get_arguments();
        match args.get(1).map_or("", String::as_str) {
            "cli" => cli(&args),
            "clocks" => clocks(),
            "poll" => polling(),
            "random" => randomness(),
            "streams" => streams::all(),
            "empty-poll" => {
                line("polling nothing");
                poll::poll(&[]);
                line("that was no trap");
            }
            other => {
                line(format!("no such mode: {other}"));
                return Err(());
            }
        }
        Ok(())
    }
}

fn cli(args: &[String]) {
    line(format!("arguments {:?}", &args[1..]));
    let mut environment = environment::get_environment();
    environment.sort();
    line(format!("environment {environment:?}"));
    let _ = environment::initial_cwd();
    let first = stdout::get_stdout();
    let second = stdout::get_stdout();
    drop(first);
    second
        .blocking_write_and_flush(b"one of two handles is left\n")
        .expect("stdout is open");
    let errors = stderr::get_stderr();
    errors
        .blocking_write_and_flush(b"to stderr\n")
        .expect("stderr is open");
    let terminals = [
        terminal_stdin::get_terminal_stdin().is_some(),
        terminal_stdout::get_terminal_stdout().is_some(),
        terminal_stderr::get_terminal_stderr().is_some(),
    ];
    line(format!(
        "stdout is a terminal: {}, stderr: {}",
        terminals[1], terminals[2]
    ));
    match args.get(2).map(String::as_str) {
        Some("code") => exit::exit_with_code(args[3].parse().expect("a code")),
        Some("error") => exit::exit(Err(())),
        _ => {}
    }
    line("not left early");
}

fn clocks() {
    let start = monotonic_clock::now();
    let mut noise = start;
    for i in 0..100_000u64 {
        noise = std::hint::black_box(noise.rotate_left(5) ^ i);
    }
    line(format!("monotonic: {}", monotonic_clock::now() > start));
    line(format!(
        "resolution within a second: {}",
        (1..=SECOND).contains(&monotonic_clock::resolution())
    ));
    let wall = wall_clock::now();
    line(format!(
        "after 2020: {}, nanoseconds in range: {}",
        wall.seconds > 1_577_836_800,
        wall.nanoseconds < 1_000_000_000
    ));
    let resolution = wall_clock::resolution();
    line(format!(
        "wall resolution is something: {}",
        resolution.seconds > 0 || resolution.nanoseconds > 0
    ));

    let start = monotonic_clock::now();
    monotonic_clock::subscribe_duration(30 * MILLISECOND).block();
    let slept = monotonic_clock::now() - start;
    line(format!(
        "30 ms: at least {}, below 10 s {}",
        slept >= 30 * MILLISECOND,
        slept < 10 * SECOND
    ));

    let start = monotonic_clock::now();
    monotonic_clock::subscribe_instant(start + 20 * MILLISECOND).block();
    line(format!(
        "an instant 20 ms ahead: reached {}",
        monotonic_clock::now() >= start + 20 * MILLISECOND
    ));
    monotonic_clock::subscribe_instant(0).block();
    line("an instant long past: does not block");

    // The duration counts from the call of subscribe, not from that of block.
    let start = monotonic_clock::now();
    let timer = monotonic_clock::subscribe_duration(50 * MILLISECOND);
    monotonic_clock::subscribe_duration(60 * MILLISECOND).block();
    line(format!(
        "a timer that ran meanwhile: ready {}",
        timer.ready()
    ));
    timer.block();
    line(format!(
        "two timers at once: at least 60 ms {}",
        monotonic_clock::now() - start >= 60 * MILLISECOND
    ));
}

fn polling() {
    let long = monotonic_clock::subscribe_duration(100 * SECOND);
    let short = monotonic_clock::subscribe_duration(150 * MILLISECOND);
    line(format!("ready before: {} {}", long.ready(), short.ready()));
    let start = monotonic_clock::now();
    line(format!(
        "long and short: {:?}",
        poll::poll(&[&long, &short])
    ));
    line(format!(
        "waited: {}",
        monotonic_clock::now() - start < 50 * SECOND
    ));
    line(format!(
        "the same twice: {:?}",
        poll::poll(&[&short, &long, &short])
    ));
    line(format!("ready after: {} {}", long.ready(), short.ready()));

    let out = stdout::get_stdout();
    let writable = out.subscribe();
    line(format!(
        "stdout and a long timer: {:?}",
        poll::poll(&[&long, &writable])
    ));
    let input = stdin::get_stdin();
    let readable = input.subscribe();
    line(format!(
        "stdin at its end and a long timer: {:?}",
        poll::poll(&[&readable, &long])
    ));

    let many: Vec<_> = (0..40)
        .map(|i| monotonic_clock::subscribe_duration((i % 2) * 100 * SECOND))
        .collect();
    let ready = poll::poll(&many.iter().collect::<Vec<_>>());
    line(format!(
        "of 40 pollables {} are ready: {:?}…",
        ready.len(),
        &ready[..4]
    ));
    let never = monotonic_clock::subscribe_duration(u64::MAX);
    line(format!("the longest duration is ready: {}", never.ready()));
}

fn randomness() {
    for length in [0, 1, 64, 100_000] {
        let bytes = random::get_random_bytes(length);
        line(format!("{length} bytes asked, {} given", bytes.len()));
    }
    let different = |a: Vec<u8>, b: Vec<u8>| a.iter().zip(&b).filter(|(a, b)| a != b).count() > 32;
    line(format!(
        "bytes differ: {}",
        different(random::get_random_bytes(64), random::get_random_bytes(64))
    ));
    line(format!(
        "numbers differ: {}",
        random::get_random_u64() != random::get_random_u64()
    ));
    let insecure_differ = different(
        insecure::get_insecure_random_bytes(64),
        insecure::get_insecure_random_bytes(64),
    );
    line(format!("insecure bytes differ: {insecure_differ}"));
    let numbers: Vec<_> = (0..8)
        .map(|_| insecure::get_insecure_random_u64())
        .collect();
    line(format!(
        "insecure numbers differ: {}",
        numbers.iter().any(|n| *n != numbers[0])
    ));
    let mut counts = [0u32; 256];
    for byte in random::get_random_bytes(65_536) {
        counts[usize::from(byte)] += 1;
    }
    line(format!(
        "every byte occurs: {}",
        counts.iter().all(|n| *n > 0)
    ));
    let seed = insecure_seed::insecure_seed();
    line(format!("a seed is drawn: {}", seed.0 != 0 || seed.1 != 0));
}
