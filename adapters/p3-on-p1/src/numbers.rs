//! `wasi:random`.

use crate::random;

/// The most that is given at once: the interface allows fewer bytes than were asked for.
const MOST: u64 = 65536;

provides! {
    "wasi:random/random@0.3#get-random-bytes"
    fn get_random_bytes(state, length: u64, out: u32) {
        random::get_random_bytes(length.min(MOST), out);
    }

    "wasi:random/random@0.3#get-random-u64"
    fn get_random_u64(state) -> u64 {
        random::get_random_u64()
    }

    "wasi:random/insecure@0.3#get-insecure-random-bytes"
    fn get_insecure_random_bytes(state, length: u64, out: u32) {
        random::get_random_bytes(length.min(MOST), out);
    }

    "wasi:random/insecure@0.3#get-insecure-random-u64"
    fn get_insecure_random_u64(state) -> u64 {
        random::get_random_u64()
    }

    "wasi:random/insecure-seed@0.3#get-insecure-seed"
    fn get_insecure_seed(state, out: u32) {
        random::insecure_seed(out);
    }
}
