//! `wasi:io/poll`, with clocks, files and standard streams.

use crate::bindings::wasi::cli::{stdin, stdout};
use crate::bindings::wasi::clocks::monotonic_clock::{now, subscribe_duration, subscribe_instant};
use crate::bindings::wasi::filesystem::types::Descriptor;
use crate::bindings::wasi::io::poll::{self, Pollable};
use crate::say::{self, line};

const MS: u64 = 1_000_000;
const LONG: u64 = 100_000 * MS;

/// What is ready, in order: a host may name it in any.
fn poll(pollables: &[&Pollable]) -> Vec<u32> {
    let mut ready = poll::poll(pollables);
    ready.sort_unstable();
    ready
}

pub fn all() {
    let base = say::root();
    clocks();
    files(&base);
    let input = stdin::get_stdin();
    let readable = input.subscribe();
    let long = subscribe_duration(LONG);
    line(
        "stdin-with-bytes",
        format!("{:?}", poll(&[&readable, &long])),
    );
    line("stdin-with-bytes-ready", readable.ready());
    say::stream(
        "stdin-read",
        input.blocking_read(100).map(|b| say::text(&b)),
    );
    line("stdin-at-end", format!("{:?}", poll(&[&long, &readable])));
    say::stream("stdin-after-end", input.blocking_read(1));
    line("stdin-closed-is-ready", readable.ready());
    drop(readable);
    line("stdin-closed-subscribe", input.subscribe().ready());
}

fn clocks() {
    let (short, long) = (subscribe_duration(30 * MS), subscribe_duration(LONG));
    line("poll-two", format!("{:?}", poll(&[&long, &short])));
    line("poll-again", format!("{:?}", poll(&[&long, &short])));
    line("poll-one", format!("{:?}", poll(&[&short])));
    line(
        "poll-repeated",
        format!("{:?}", poll(&[&short, &short, &long, &short])),
    );
    let past = subscribe_instant(0);
    past.block();
    line(
        "poll-past-and-short",
        format!("{:?}", poll(&[&past, &long, &short])),
    );
    let start = now();
    let timers: Vec<Pollable> = (1..=20)
        .rev()
        .map(|n| subscribe_duration(n * 5 * MS))
        .collect();
    let mut left: Vec<(usize, &Pollable)> = timers.iter().enumerate().collect();
    let mut order = Vec::new();
    while !left.is_empty() {
        let ready = poll(&left.iter().map(|(_, p)| *p).collect::<Vec<_>>());
        for index in ready.iter().rev() {
            order.push(left.remove(*index as usize).0);
        }
    }
    line("poll-many-timers", order.len());
    line(
        "poll-many-timers-last",
        order.contains(&0) && now() - start >= 100 * MS,
    );
    let never = subscribe_duration(u64::MAX);
    let short = subscribe_duration(10 * MS);
    line(
        "poll-never-and-short",
        format!("{:?}", poll(&[&never, &short])),
    );
}

fn files(base: &Descriptor) {
    let file = say::make(base, "polled", b"0123456789");
    let input = file.read_via_stream(0).expect("a file");
    let output = file.write_via_stream(0).expect("a file");
    let (readable, writable) = (input.subscribe(), output.subscribe());
    let long = subscribe_duration(LONG);
    readable.block();
    writable.block();
    line(
        "file-ready",
        format!("{} {}", readable.ready(), writable.ready()),
    );
    line(
        "poll-file-and-clock",
        format!("{:?}", poll(&[&long, &readable, &writable])),
    );
    say::stream("read-after-poll", input.read(10).map(|b| say::text(&b)));
    readable.block();
    line("file-at-end-ready", readable.ready());
    say::stream("file-at-end", input.read(10));
    line("file-closed-ready", readable.ready());
    drop((readable, writable));
    let out = stdout::get_stdout();
    let writable = out.subscribe();
    line("stdout-ready", writable.ready());
    writable.block();
    line(
        "poll-stdout-and-clock",
        format!("{:?}", poll(&[&long, &writable])),
    );
    let past = subscribe_instant(1);
    past.block();
    line("poll-file-stdout-past", {
        let readable = input.subscribe();
        format!("{:?}", poll(&[&past, &readable, &writable, &long]))
    });
}

/// Standard input where nothing comes and nothing ends.
pub fn idle_stdin() {
    let input = stdin::get_stdin();
    say::stream("s03-idle-read", input.read(10).map(|b| b.len()));
    say::stream("idle-skip", input.skip(10));
    say::stream("idle-read-nothing", input.read(0).map(|b| b.len()));
    let readable = input.subscribe();
    line("idle-ready", readable.ready());
    let start = now();
    let (late, soon) = (subscribe_duration(5000 * MS), subscribe_duration(100 * MS));
    let ready = poll(&[&late, &soon, &readable]);
    let passed = now() - start;
    line(
        "s17-clocks-and-idle-stdin",
        format!("{ready:?} {}", (100 * MS..4500 * MS).contains(&passed)),
    );
    line("idle-block-clock", {
        let start = now();
        subscribe_duration(20 * MS).block();
        now() - start >= 20 * MS
    });
    let out = stdout::get_stdout();
    let moved = out.splice(&input, 100);
    say::stream("idle-splice", moved);
    drop(readable);
    say::stream(
        "idle-read-again",
        stdin::get_stdin().read(1).map(|b| b.len()),
    );
}
