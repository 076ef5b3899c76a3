//! How the time and the memory of `flatten` grow with what a file has many of, as a table for the README: with so many of a
//! thing, and with four times as many.

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use p1bridge::flatten::{FlattenOptions, flatten};
use p1bridge_tests::growth::{KINDS, Kind};

/// The best time of several: what is above it is the machine's doing.
fn best(component: &[u8]) -> Result<Duration> {
    let options = FlattenOptions::default();
    let mut best = Duration::MAX;
    for _ in 0..7 {
        let start = Instant::now();
        black_box(flatten(component, &options)?);
        best = best.min(start.elapsed());
    }
    Ok(best)
}

/// So many times as many as tests link.
const TIMES: usize = 10;

fn main() -> Result<()> {
    println!("| many | count | component | flatten | four times as many | times as long |");
    println!("|---|---|---|---|---|---|");
    for Kind { name, few, make } in &KINDS {
        let count = few * TIMES;
        let (few, many) = (make(count), make(4 * count));
        let (short, long) = (best(&few).context(*name)?, best(&many).context(*name)?);
        println!(
            "| {name} | {count} | {:.1} KiB | {:.1} ms | {:.1} ms | {:.1} |",
            few.len() as f64 / 1024.0,
            short.as_secs_f64() * 1e3,
            long.as_secs_f64() * 1e3,
            long.as_secs_f64() / short.as_secs_f64(),
        );
    }
    Ok(())
}
