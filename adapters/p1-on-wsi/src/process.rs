//! Arguments, environment, clocks, randomness, the end.

use p1bridge_shim::abi::store32;

use crate::{errno, exports, wide, wsi};

/// What a process that a signal ends is said to have returned, without the number of the signal.
const SIGNALLED: u32 = 128;

/// Writes how many there are, and their bytes.
#[inline(always)]
fn sizes(result: i64, count: u32, bytes: u32) -> u32 {
    if result < 0 {
        return errno(result as i32);
    }
    store32(count, result as u32);
    store32(bytes, (result >> 32) as u32);
    0
}

exports! {
    "args_sizes_get"
    fn args_sizes_get(count: u32, bytes: u32) -> u32 {
        sizes(wsi::args_sizes(), count, bytes)
    }

    "args_get"
    fn args_get(argv: u32, buf: u32) -> u32 {
        errno(wsi::args(argv, buf))
    }

    "environ_sizes_get"
    fn environ_sizes_get(count: u32, bytes: u32) -> u32 {
        sizes(wsi::env_sizes(), count, bytes)
    }

    "environ_get"
    fn environ_get(envp: u32, buf: u32) -> u32 {
        errno(wsi::env(envp, buf))
    }

    "clock_time_get"
    fn clock_time_get(clock: u32, _precision: u64, out: u32) -> u32 {
        wide(wsi::now(clock), out)
    }

    "clock_res_get"
    fn clock_res_get(clock: u32, out: u32) -> u32 {
        wide(wsi::resolution(clock), out)
    }

    "random_get"
    fn random_get(buf: u32, length: u32) -> u32 {
        errno(wsi::fill(buf, length))
    }

    "proc_exit"
    fn proc_exit(code: u32) {
        wsi::exit(code);
    }

    "proc_raise"
    fn proc_raise(signal: u32) -> u32 {
        wsi::exit(SIGNALLED + signal);
        0
    }

    "sched_yield"
    fn sched_yield() -> u32 {
        errno(wsi::yield_())
    }
}
