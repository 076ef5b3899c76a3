//! `wasi:clocks`. A host that has no such clock ends the program: the functions have no error.

use p1bridge_shim::abi::store8;
use p1bridge_shim::{Out, trap_if};

use crate::exports;
use crate::p1;
use crate::poll::{CLOCK, new_pollable};
use crate::state::State;
use crate::time::{datetime, now};

#[inline(never)]
fn resolution(state: &State, clock: u32) -> u64 {
    let fixed = state.fixed();
    trap_if(p1::clock_res_get(clock, fixed.result_at()) != 0);
    fixed.result(0)
}

exports! {
    "wasi:clocks/monotonic-clock@0.2#now"
    fn monotonic_now(state) -> u64 {
        now(&state, p1::MONOTONIC)
    }

    "wasi:clocks/monotonic-clock@0.2#resolution"
    fn monotonic_resolution(state) -> u64 {
        resolution(&state, p1::MONOTONIC)
    }

    "wasi:clocks/monotonic-clock@0.2#subscribe-instant"
    fn subscribe_instant(state, when: u64) -> u32 {
        new_pollable(&mut state, CLOCK, 0, when)
    }

    "wasi:clocks/monotonic-clock@0.2#subscribe-duration"
    fn subscribe_duration(state, duration: u64) -> u32 {
        let when = now(&state, p1::MONOTONIC).saturating_add(duration);
        new_pollable(&mut state, CLOCK, 0, when)
    }

    "wasi:clocks/wall-clock@0.2#now"
    fn wall_now(state, out: u32) {
        datetime(Out::new(out, 16, 8), 0, now(&state, p1::REALTIME));
    }

    "wasi:clocks/wall-clock@0.2#resolution"
    fn wall_resolution(state, out: u32) {
        datetime(Out::new(out, 16, 8), 0, resolution(&state, p1::REALTIME));
    }

    /// Preview 1 knows no time zone: UTC, as the interface prescribes.
    "wasi:clocks/timezone@0.2#display"
    fn timezone_display(state, _seconds: u64, _nanoseconds: u32, out: u32) {
        let out = Out::new(out, 16, 4);
        let name = state.allocate(1, 3);
        store8(name, u32::from(b'U'));
        store8(name + 1, u32::from(b'T'));
        store8(name + 2, u32::from(b'C'));
        out.u32(0, 0);
        out.list(4, name, 3);
        out.u8(12, 0);
    }

    "wasi:clocks/timezone@0.2#utc-offset"
    fn timezone_utc_offset(state, _seconds: u64, _nanoseconds: u32) -> u32 {
        0
    }
}
