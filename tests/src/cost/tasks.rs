//! What tasks and streams cost: calls, turns and pieces. The programs are beside this file.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};

use super::{Figure, corpus, flat, fuel};
use crate::speed;

/// How often something is done, so that what is done once does not count.
const FEW: i32 = 10;
const MANY: i32 = 110;

/// The fuel of one time of what an export does `n` times.
fn once(flat: &[u8], export: &str) -> Result<f64> {
    let (few, _) = speed::fuel(flat, export, FEW)?;
    let (many, _) = speed::fuel(flat, export, MANY)?;
    Ok((many - few) as f64 / f64::from(MANY - FEW))
}

fn flattened(text: &str) -> Result<Vec<u8>> {
    let component = wat::parse_str(text).context("a program of the costs of tasks")?;
    Ok(flat(&component)?.wasm)
}

/// The fuel of a write of 4 KiB to standard output through a stream.
fn write() -> Result<f64> {
    let cost = |count: i32| {
        let text = include_str!("writes.wat").replace("COUNT", &count.to_string());
        let component = wat::parse_str(text)?;
        anyhow::Ok(fuel(&flat(&component)?.wasm, &[])?.0)
    };
    Ok((cost(MANY)? - cost(FEW)?) / f64::from(MANY - FEW))
}

/// Every figure that is kept.
pub fn figures() -> Result<Vec<Figure>> {
    let figure = |what: &str, value, goal| Figure {
        what: what.to_string(),
        value,
        goal,
    };
    let turns = flattened(include_str!("turns.wat"))?;
    let pieces = flattened(include_str!("pieces.wat"))?;
    let calls = flattened(include_str!("calls.wat"))?;
    let names = [
        "plain",
        "ready-sync",
        "ready-async",
        "blocking-sync",
        "blocking-async",
    ];
    let mut costs = BTreeMap::new();
    for name in names {
        costs.insert(name, once(&calls, name)?);
    }
    ensure!(costs["plain"] < 20.0, "a call of a synchronous function");
    Ok(vec![
        figure(
            "bytes that a hello world in C for WASI 0.3 has more than one for 0.2",
            (flat(&corpus("tiny-p3-c")?)?.wasm.len() - flat(&corpus("tiny-p2-c")?)?.wasm.len())
                as f64,
            // What the design wants is 1536.
            3046.0,
        ),
        figure(
            "bytes of the tasks of a program with one function that gives up its turn",
            turns.len() as f64,
            4224.0,
        ),
        figure(
            "fuel of a turn of a task with a callback",
            once(&turns, "turns")?,
            363.0,
        ),
        figure(
            "fuel of an async call of a function with a callback that does not wait",
            costs["ready-async"],
            552.0,
        ),
        figure(
            "the same, where the caller waits for it",
            costs["ready-sync"],
            545.0,
        ),
        figure(
            "fuel of an async call of a function without a callback that does not wait",
            costs["blocking-async"],
            // 40 more than a synchronous function.
            53.0,
        ),
        figure(
            "the same, where the caller waits for it",
            costs["blocking-sync"],
            20.0,
        ),
        figure(
            "fuel of 64 KiB that pass from guest to guest, in times that of copying them",
            once(&pieces, "pass")? / once(&pieces, "copy")?,
            1.05,
        ),
        figure(
            "fuel of a write of 4 KiB to standard output through a stream",
            write()?,
            493.0,
        ),
    ])
}
