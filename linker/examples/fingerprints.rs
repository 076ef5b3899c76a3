//! Adds the code of adapters of Preview 1 to `src/unadapt/known.txt`.
//!
//! `cargo run --release -p p1bridge-linker --example fingerprints ADAPTER.wasm…` with the command
//! and reactor adapters of a release. What the file knows already stays.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result};

fn main() -> Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/unadapt/known.txt");
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let mut known: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in text.lines() {
        let (name, hashes) = line.split_once(' ').context("a line without hashes")?;
        let hashes = hashes.split(' ').map(str::to_owned);
        known.entry(name.to_owned()).or_default().extend(hashes);
    }
    let mut added = 0;
    for path in std::env::args().skip(1) {
        let bytes = std::fs::read(&path).with_context(|| path.clone())?;
        let input = p1bridge_linker::parse::module(&bytes).with_context(|| path.clone())?;
        for (name, hash) in p1bridge_linker::unadapt::fingerprints(&input.modules[0]) {
            let hash = format!("{hash:016x}");
            added += usize::from(known.entry(name).or_default().insert(hash));
        }
    }
    let lines: String = known
        .iter()
        .map(|(name, hashes)| {
            let hashes: Vec<&str> = hashes.iter().map(String::as_str).collect();
            format!("{name} {}\n", hashes.join(" "))
        })
        .collect();
    std::fs::write(&path, lines).with_context(|| path.display().to_string())?;
    println!("{added} functions were not known");
    Ok(())
}
