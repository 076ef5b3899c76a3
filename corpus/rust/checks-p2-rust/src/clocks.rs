//! `wasi:clocks` and `wasi:random`: properties, for no two runs give the same.

use crate::bindings::wasi::clocks::{monotonic_clock, wall_clock};
use crate::bindings::wasi::io::poll::poll;
use crate::bindings::wasi::random::{insecure, insecure_seed, random};
use crate::say::line;

const SECOND: u64 = 1_000_000_000;
const MS: u64 = 1_000_000;

pub fn all() {
    monotonic();
    wall();
    bytes();
}

fn monotonic() {
    let mut last = monotonic_clock::now();
    let mut back = 0;
    for _ in 0..1000 {
        let now = monotonic_clock::now();
        back += u32::from(now < last);
        last = now;
    }
    line("monotonic-steps-back", back);
    let resolution = monotonic_clock::resolution();
    line("monotonic-resolution", (1..=SECOND).contains(&resolution));
    let start = monotonic_clock::now();
    while monotonic_clock::now() == start {}
    line("monotonic-advances", "yes");

    let start = monotonic_clock::now();
    let timer = monotonic_clock::subscribe_duration(20 * MS);
    line(
        "duration-ready-at-once",
        monotonic_clock::subscribe_duration(1000 * SECOND).ready(),
    );
    timer.block();
    let passed = monotonic_clock::now() - start;
    line("duration-blocks", (20 * MS..10 * SECOND).contains(&passed));
    line("duration-ready-after", timer.ready());
    timer.block();
    line("duration-block-again", "returns");
    // Whether it is ready before anybody has waited is up to the host.
    let first = |pollable| poll(&[&pollable, &monotonic_clock::subscribe_duration(u64::MAX)]);
    line(
        "duration-zero",
        format!("{:?}", first(monotonic_clock::subscribe_duration(0))),
    );
    line(
        "duration-longest",
        monotonic_clock::subscribe_duration(u64::MAX).ready(),
    );
    let now = monotonic_clock::now();
    line(
        "instant-zero",
        format!("{:?}", first(monotonic_clock::subscribe_instant(0))),
    );
    line(
        "instant-now",
        format!("{:?}", first(monotonic_clock::subscribe_instant(now))),
    );
    line(
        "instant-far",
        monotonic_clock::subscribe_instant(now + 1000 * SECOND).ready(),
    );
    line(
        "instant-last",
        monotonic_clock::subscribe_instant(u64::MAX).ready(),
    );
    let soon = monotonic_clock::now() + 15 * MS;
    monotonic_clock::subscribe_instant(soon).block();
    line("instant-blocks", monotonic_clock::now() >= soon);
    // Less than the millisecond that some hosts count in.
    let start = monotonic_clock::now();
    monotonic_clock::subscribe_duration(300_000).block();
    line(
        "duration-below-ms",
        monotonic_clock::now() - start >= 300_000,
    );

    // The duration counts from the call, not from the poll.
    let start = monotonic_clock::now();
    let timer = monotonic_clock::subscribe_duration(500 * MS);
    while monotonic_clock::now() - start < 400 * MS {}
    let worked = monotonic_clock::now();
    timer.block();
    let (waited, all) = (
        monotonic_clock::now() - worked,
        monotonic_clock::now() - start,
    );
    line(
        "s16-duration-from-subscribe",
        format!("{} {}", waited < 400 * MS, all >= 500 * MS),
    );
}

fn wall() {
    let first = wall_clock::now();
    line("wall-after-2020", first.seconds > 1_577_836_800);
    line("wall-nanoseconds", u64::from(first.nanoseconds) < SECOND);
    let second = wall_clock::now();
    line(
        "wall-not-back",
        (second.seconds, second.nanoseconds) >= (first.seconds, first.nanoseconds),
    );
    let resolution = wall_clock::resolution();
    line(
        "wall-resolution",
        u64::from(resolution.nanoseconds) < SECOND
            && (resolution.seconds, resolution.nanoseconds) > (0, 0),
    );
    let start = wall_clock::now();
    monotonic_clock::subscribe_duration(20 * MS).block();
    let end = wall_clock::now();
    let passed = (end.seconds - start.seconds) * SECOND + u64::from(end.nanoseconds)
        - u64::from(start.nanoseconds);
    line("wall-and-monotonic-agree", passed >= 19 * MS);
}

fn bytes() {
    for length in [0, 1, 255, 256, 257, 65_535, 1 << 20] {
        let bytes = random::get_random_bytes(length);
        line(&format!("random-bytes-{length}"), bytes.len());
    }
    let last = random::get_random_bytes(4096);
    line("random-last-quarter", last[3072..].iter().any(|b| *b != 0));
    let mut counts = [0u32; 256];
    for byte in random::get_random_bytes(65_536) {
        counts[usize::from(byte)] += 1;
    }
    line("random-every-byte", counts.iter().all(|n| *n > 100));
    line(
        "random-differs",
        random::get_random_bytes(32) != random::get_random_bytes(32),
    );
    line(
        "random-u64-differs",
        random::get_random_u64() != random::get_random_u64(),
    );
    line(
        "insecure-bytes",
        insecure::get_insecure_random_bytes(1000).len(),
    );
    line(
        "insecure-bytes-none",
        insecure::get_insecure_random_bytes(0).len(),
    );
    line(
        "insecure-differs",
        insecure::get_insecure_random_bytes(32) != insecure::get_insecure_random_bytes(32),
    );
    let numbers: Vec<u64> = (0..8)
        .map(|_| insecure::get_insecure_random_u64())
        .collect();
    line(
        "insecure-u64-differs",
        numbers.iter().any(|n| *n != numbers[0]),
    );
    let seed = insecure_seed::insecure_seed();
    line("seed-drawn", seed != (0, 0));
    line("seed-stays", insecure_seed::insecure_seed() == seed);
}
