//! `wasi:clocks` and `wasi:random`: properties, for no two runs give the same.

use std::pin::pin;

use futures::FutureExt;
use futures::future::{Either, join_all, select};

use crate::bindings::wasi::clocks::monotonic_clock::{get_resolution, now, wait_for, wait_until};
use crate::bindings::wasi::clocks::system_clock;
use crate::bindings::wasi::random::{insecure, insecure_seed, random};
use crate::say::line;

const SECOND: u64 = 1_000_000_000;
const MS: u64 = 1_000_000;

pub async fn all() {
    monotonic().await;
    waiting().await;
    system().await;
    bytes().await;
}

async fn monotonic() {
    let mut last = now();
    let mut back = 0;
    for _ in 0..1000 {
        let now = now();
        back += u32::from(now < last);
        last = now;
    }
    line("monotonic-clock.now steps back", back).await;
    let start = now();
    while now() == start {}
    line("monotonic-clock.now advances", "yes").await;
    let resolution = get_resolution();
    line(
        "monotonic-clock.get-resolution",
        (1..=SECOND).contains(&resolution),
    )
    .await;
}

async fn waiting() {
    let start = now();
    wait_for(20 * MS).await;
    let passed = now() - start;
    line(
        "monotonic-clock.wait-for",
        (20 * MS..10 * SECOND).contains(&passed),
    )
    .await;
    wait_for(0).await;
    line("monotonic-clock.wait-for nothing", "over").await;
    let start = now();
    wait_for(300_000).await;
    line(
        "monotonic-clock.wait-for less than a millisecond",
        now() - start >= 300_000,
    )
    .await;
    let soon = now() + 15 * MS;
    wait_until(soon).await;
    line("monotonic-clock.wait-until", now() >= soon).await;
    wait_until(0).await;
    line("monotonic-clock.wait-until zero", "over").await;
    wait_until(now()).await;
    line("monotonic-clock.wait-until now", "over").await;

    let longest = wait_for(u64::MAX).now_or_never().is_some();
    line(
        "monotonic-clock.wait-for the longest time, given up",
        longest,
    )
    .await;
    let last = wait_until(u64::MAX).now_or_never().is_some();
    line("monotonic-clock.wait-until the end, given up", last).await;
    let order = async {
        let slow = pin!(async {
            wait_for(1000 * SECOND).await;
        });
        let fast = pin!(async {
            wait_for(10 * MS).await;
        });
        match select(slow, fast).await {
            Either::Left(_) => "the long one",
            Either::Right(_) => "the short one",
        }
    };
    line("monotonic-clock.wait-for first of two", order.await).await;
    let start = now();
    join_all((1..=8).map(|n| wait_for(n * 5 * MS))).await;
    let passed = now() - start;
    line(
        "monotonic-clock.wait-for eight at once",
        (40 * MS..10 * SECOND).contains(&passed),
    )
    .await;
    // The time counts from the call.
    let start = now();
    let mut timer = pin!(wait_for(400 * MS));
    let early = timer.as_mut().now_or_never().is_some();
    while now() - start < 300 * MS {}
    let worked = now();
    timer.await;
    let in_time = now() - worked < 300 * MS && now() - start >= 400 * MS;
    line(
        "monotonic-clock.wait-for from the call on",
        format!("{early} {in_time}"),
    )
    .await;
}

async fn system() {
    let first = system_clock::now();
    line("system-clock.now after 2020", first.seconds > 1_577_836_800).await;
    line(
        "system-clock.now nanoseconds",
        u64::from(first.nanoseconds) < SECOND,
    )
    .await;
    let second = system_clock::now();
    let is_later = (second.seconds, second.nanoseconds) >= (first.seconds, first.nanoseconds);
    line("system-clock.now again", is_later).await;
    let resolution = system_clock::get_resolution();
    line(
        "system-clock.get-resolution",
        (1..=SECOND).contains(&resolution),
    )
    .await;
}

async fn bytes() {
    for length in [0, 1, 255, 256, 257, 65_535, 65_536] {
        let bytes = random::get_random_bytes(length);
        line(&format!("random.get-random-bytes {length}"), bytes.len()).await;
    }
    let many = random::get_random_bytes(1 << 20).len();
    line(
        "random.get-random-bytes a million",
        (1..=1 << 20).contains(&many),
    )
    .await;
    let last = random::get_random_bytes(4096);
    line(
        "random.get-random-bytes last quarter",
        last[3072..].iter().any(|b| *b != 0),
    )
    .await;
    let differ = random::get_random_bytes(32) != random::get_random_bytes(32);
    line("random.get-random-bytes differ", differ).await;
    let differ = random::get_random_u64() != random::get_random_u64();
    line("random.get-random-u64 differ", differ).await;
    let lengths = [0, 1000].map(|length| insecure::get_insecure_random_bytes(length).len());
    line("insecure.get-insecure-random-bytes", format!("{lengths:?}")).await;
    let differ = insecure::get_insecure_random_bytes(32) != insecure::get_insecure_random_bytes(32);
    line("insecure.get-insecure-random-bytes differ", differ).await;
    let numbers: Vec<u64> = (0..8)
        .map(|_| insecure::get_insecure_random_u64())
        .collect();
    let differ = numbers.iter().any(|n| *n != numbers[0]);
    line("insecure.get-insecure-random-u64 differ", differ).await;
    let seed = insecure_seed::get_insecure_seed();
    line("insecure-seed.get-insecure-seed drawn", seed != (0, 0)).await;
    line(
        "insecure-seed.get-insecure-seed stays",
        insecure_seed::get_insecure_seed() == seed,
    )
    .await;
}
