//! `wasi:clocks`. A host that has no such clock ends the program: the functions have no error.

use p1bridge_shim::abi::store8;
use p1bridge_shim::{Out, trap_if};

use crate::p1;
use crate::state::State;
use crate::tasks::{timer, timer_sync};
use crate::time::{datetime, now};

#[inline(never)]
fn resolution(state: &State, clock: u32) -> u64 {
    let fixed = state.fixed();
    trap_if(p1::clock_res_get(clock, fixed.result_at()) != 0);
    fixed.result(0)
}

fn after(state: &State, duration: u64) -> u64 {
    now(state, p1::MONOTONIC).saturating_add(duration)
}

provides! {
    "wasi:clocks/monotonic-clock@0.3#now"
    fn monotonic_now(state) -> u64 {
        now(&state, p1::MONOTONIC)
    }

    "wasi:clocks/monotonic-clock@0.3#get-resolution"
    fn monotonic_resolution(state) -> u64 {
        resolution(&state, p1::MONOTONIC)
    }

    "wasi:clocks/monotonic-clock@0.3#wait-until"
    fn wait_until(state, when: u64) {
        timer_sync(when);
    }

    "wasi:clocks/monotonic-clock@0.3#wait-for"
    fn wait_for(state, duration: u64) {
        timer_sync(after(&state, duration));
    }

    "[async-lower]wasi:clocks/monotonic-clock@0.3#wait-until"
    fn begin_wait_until(state, when: u64) -> u32 {
        timer(when)
    }

    "[async-lower]wasi:clocks/monotonic-clock@0.3#wait-for"
    fn begin_wait_for(state, duration: u64) -> u32 {
        timer(after(&state, duration))
    }

    "wasi:clocks/system-clock@0.3#now"
    fn system_now(state, out: u32) {
        datetime(Out::new(out, 16, 8), 0, now(&state, p1::REALTIME));
    }

    "wasi:clocks/system-clock@0.3#get-resolution"
    fn system_resolution(state) -> u64 {
        resolution(&state, p1::REALTIME)
    }

    /// Preview 1 knows no time zone: `none`.
    "wasi:clocks/timezone@0.3#iana-id"
    fn iana_id(state, out: u32) {
        Out::new(out, 12, 4).u8(0, 0);
    }

    "wasi:clocks/timezone@0.3#utc-offset"
    fn utc_offset(state, _seconds: u64, _nanoseconds: u32, out: u32) {
        Out::new(out, 16, 8).u8(0, 0);
    }

    "wasi:clocks/timezone@0.3#to-debug-string"
    fn to_debug_string(state, out: u32) {
        let out = Out::new(out, 8, 4);
        let name = state.allocate(1, 3);
        store8(name, u32::from(b'U'));
        store8(name + 1, u32::from(b'T'));
        store8(name + 2, u32::from(b'C'));
        out.list(0, name, 3);
    }
}
