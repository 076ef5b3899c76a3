//! Random programs: what they print on WSI is what they print on Preview 1.

use p1bridge_tests::engines::oracle;
use p1bridge_tests::{Engine, RunSpec};

use super::both;

/// How many programs there are, of 800 bytes: about 200 calls each.
const PROGRAMS: u64 = 60;

/// Bytes that depend on a seed (splitmix64).
fn bytes(seed: u64) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) as u8
    };
    (0..800).map(|_| next()).collect()
}

fn agree(engine: &dyn Engine) {
    let programs = std::env::var("P1BRIDGE_WSI_PROGRAMS").map_or(PROGRAMS, |n| n.parse().unwrap());
    let guests = both(engine, "calls");
    let mut answers = 0;
    for seed in 0..programs {
        let [linked, preview1] = guests.each_ref().map(|wasm| {
            let directory = tempfile::tempdir().unwrap();
            let spec = RunSpec {
                stdin: bytes(seed),
                dir: Some(directory.path().to_path_buf()),
                ..RunSpec::default()
            };
            let outcome = engine.run(wasm, &spec).unwrap();
            (String::from_utf8(outcome.stdout).unwrap(), outcome.exit)
        });
        assert_eq!(linked, preview1, "seed {seed} on {}", engine.name());
        answers += linked.0.lines().count() as u64;
    }
    assert!(
        answers > programs * 150,
        "{answers} lines are too few to mean something"
    );
}

#[test]
fn calls_give_what_preview_1_gives_on_wasmtime() {
    agree(&*oracle());
}

#[test]
fn calls_give_what_preview_1_gives_on_wasmi() {
    agree(&p1bridge_tests::engines::Wasmi);
}
