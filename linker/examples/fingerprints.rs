//! Prints the lines of `src/unadapt/known.txt` for adapters of Preview 1.
//!
//! `cargo run --release -p p1bridge-linker --example fingerprints ADAPTER.wasm…` with the command
//! and reactor adapters of every release that is to be known.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};

fn main() -> Result<()> {
    let mut known: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
    for path in std::env::args().skip(1) {
        let bytes = std::fs::read(&path).with_context(|| path.clone())?;
        let input = p1bridge_linker::parse::module(&bytes).with_context(|| path.clone())?;
        for (name, hash) in p1bridge_linker::unadapt::fingerprints(&input.modules[0]) {
            known.entry(name).or_default().insert(hash);
        }
    }
    for (name, hashes) in known {
        let hashes: Vec<String> = hashes.iter().map(|hash| format!("{hash:016x}")).collect();
        println!("{name} {}", hashes.join(" "));
    }
    Ok(())
}
