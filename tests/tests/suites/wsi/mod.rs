//! WSI: its table and everything that is written after it, programs for it against the same for Preview 1, and what a
//! call costs.

mod cost;
mod programs;
mod random;
mod refused;
mod table;

use std::path::PathBuf;

use p1bridge::lower::lower;
use p1bridge_linker::{Options, Profile};
use p1bridge_tests::link::profile_name;
use p1bridge_tests::{Engine, manifest, wsi};

fn interface() -> PathBuf {
    manifest::corpus().join("../wit/wsi")
}

fn prebuilt(name: &str) -> Vec<u8> {
    std::fs::read(manifest::corpus().join(format!("prebuilt/{name}.wasm"))).unwrap()
}

fn options(profile: &str) -> Options {
    Options {
        profile: Profile::named(profile).unwrap(),
        verify: true,
        ..Options::default()
    }
}

/// A guest for an engine: linked, and the same source for Preview 1 made for the engine.
fn both(engine: &dyn Engine, guest: &str) -> [Vec<u8>; 2] {
    let profile = profile_name(engine);
    let linked = wsi::link(&prebuilt(&format!("wsi-{guest}")), &options(profile)).unwrap();
    let preview1 = prebuilt(&format!("wsi-{guest}-p1"));
    let lowered = lower(&preview1, &Profile::named(profile).unwrap()).unwrap();
    [linked.wasm, lowered.wasm]
}
