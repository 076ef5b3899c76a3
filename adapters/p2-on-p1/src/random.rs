//! `wasi:random`. A host without randomness ends the program: zeroes would be worse.

use p1bridge_shim::{Out, trap_if};

use crate::exports;
use crate::p1;
use crate::state::State;

#[inline(never)]
fn bytes(mut state: State, length: u64, out: u32) {
    let out = Out::new(out, 8, 4);
    trap_if(length > u64::from(u32::MAX));
    let length = length as u32;
    let at = state.allocate(1, length);
    trap_if(length != 0 && p1::random_get(at, length) != 0);
    out.list(0, at, length);
}

#[inline(never)]
fn number(state: State) -> u64 {
    let fixed = state.fixed();
    trap_if(p1::random_get(fixed.result_at(), 8) != 0);
    fixed.result(0)
}

exports! {
    "wasi:random/random@0.2#get-random-bytes"
    fn get_random_bytes(state, length: u64, out: u32) {
        bytes(state, length, out);
    }

    "wasi:random/random@0.2#get-random-u64"
    fn get_random_u64(state) -> u64 {
        number(state)
    }

    "wasi:random/insecure@0.2#get-insecure-random-bytes"
    fn get_insecure_random_bytes(state, length: u64, out: u32) {
        bytes(state, length, out);
    }

    "wasi:random/insecure@0.2#get-insecure-random-u64"
    fn get_insecure_random_u64(state) -> u64 {
        number(state)
    }

    /// The same value for the whole life of the program.
    "wasi:random/insecure-seed@0.2#insecure-seed"
    fn insecure_seed(state, out: u32) {
        let out = Out::new(out, 16, 8);
        let fixed = state.fixed();
        let seed = fixed.seed();
        if seed.drawn.replace(1) == 0 {
            trap_if(p1::random_get(seed.words.as_ptr() as u32, 16) != 0);
        }
        out.u64(0, seed.words[0].get());
        out.u64(8, seed.words[1].get());
    }
}
