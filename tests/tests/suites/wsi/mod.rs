//! WSI: its table and everything that is written after it, programs for it against the same for Preview 1, and what a
//! call costs.

mod component;
mod cost;
mod linked;
mod programs;
mod random;
mod refused;
mod round;
mod serial;
mod sockets;
mod table;

use std::path::PathBuf;

use p1bridge::lower::lower;
use p1bridge::profiles::named;
use p1bridge::weave::{WeaveOptions, Woven, weave};
use p1bridge_tests::link::profile_name;
use p1bridge_tests::{Engine, manifest};

fn interface() -> PathBuf {
    manifest::corpus().join("../wit/wsi")
}

fn prebuilt(name: &str) -> Vec<u8> {
    std::fs::read(manifest::corpus().join(format!("prebuilt/{name}.wasm"))).unwrap()
}

/// A module that imports WSI, without those imports.
fn woven(module: &[u8], options: &WeaveOptions) -> Woven {
    let woven = weave(module, options).unwrap();
    woven.expect("it imports something of WSI")
}

/// A guest for an engine, and the same source for Preview 1.
fn both(engine: &dyn Engine, guest: &str) -> [Vec<u8>; 2] {
    let profile = named(profile_name(engine)).unwrap();
    let guest = format!("wsi-{guest}");
    [guest.clone(), guest + "-p1"].map(|name| lower(&prebuilt(&name), &profile).unwrap().wasm)
}
