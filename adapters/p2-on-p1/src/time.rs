//! The time of a clock, and times as WASI 0.2 writes them.

use p1bridge_shim::{Out, trap_if};

use crate::p1;
use crate::state::State;

const SECOND: u64 = 1_000_000_000;

/// The time of a clock, in nanoseconds.
#[inline(never)]
pub fn now(state: &State, clock: u32) -> u64 {
    let fixed = state.fixed();
    trap_if(p1::clock_time_get(clock, 1, fixed.result_at()) != 0);
    fixed.result(0)
}

/// Writes nanoseconds as a `datetime`.
pub fn datetime(out: Out, offset: u32, time: u64) {
    out.u64(offset, time / SECOND);
    out.u32(offset + 8, (time % SECOND) as u32);
}

/// The nanoseconds of a `datetime`, if there are that many.
pub fn nanoseconds(seconds: u64, nanoseconds: u32) -> Option<u64> {
    if seconds > u64::MAX / SECOND {
        return None;
    }
    (seconds * SECOND).checked_add(nanoseconds.into())
}
