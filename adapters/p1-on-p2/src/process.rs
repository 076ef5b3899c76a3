//! Arguments, environment, clocks, randomness, the end.

use p1bridge_shim::abi::{store8, store32, store64};

use crate::area::{LOW, beside, borrow, get32, get64};
use crate::error::{BADF, INVAL};
use crate::given::state::{self, RESULT};
use crate::given::{self, words};
use crate::{exports, wasi, weak};

/// The clocks.
pub const REALTIME: u32 = 0;
const MONOTONIC: u32 = 1;
/// The last clock, of the CPU as the one before it.
const LAST: u32 = 3;
/// Bytes of randomness that the host is asked for at a time; there are hosts that refuse to give many.
const RANDOM: u32 = 1 << 16;

weak! {
    "if exit_codes" {
        "exit-code"
        fn exit_code(code: u32) {
            wasi::exit_with_code(code.min(255));
        }
    }
    "if no_exit_codes" {
        "exit-plain"
        fn exit_plain(code: u32) {
            wasi::exit((code != 0).into());
        }
    }
}

/// Ends the program.
#[inline(always)]
fn end(code: u32) {
    if given::exit_codes() != 0 {
        exit_code(code);
    } else {
        exit_plain(code);
    }
}

/// Writes how many entries the list at [`RESULT`] has, and the bytes of their strings, each with one more behind it. There are
/// `strings` in an entry. Then the list is given up, from `top` on.
#[inline(never)]
fn sizes(strings: u32, top: u32, count: u32, bytes: u32) -> u32 {
    let entries = state::load32(RESULT + 4);
    let mut at = state::load32(RESULT);
    let end = at + entries * strings * 8;
    let mut sum = 0;
    while at != end {
        sum += state::load32(at + 4) + 1;
        at += 8;
    }
    store32(count, entries);
    store32(bytes, sum);
    state::cut(top);
    0
}

/// Writes the strings of that list one behind the other at `to`, with an equals sign between those of an entry and a zero behind
/// it, and the address of each entry at `pointers`.
#[inline(never)]
fn strings(strings: u32, top: u32, pointers: u32, to: u32) -> u32 {
    let (mut pointers, mut to) = (pointers, to);
    let mut at = state::load32(RESULT);
    let mut left = state::load32(RESULT + 4) * strings;
    while left != 0 {
        // An entry has one or two.
        let is_first = left & (strings - 1) == 0;
        if is_first {
            store32(pointers, to);
            pointers += 4;
        }
        let length = state::load32(at + 4);
        bring(to, state::load32(at), length);
        to += length;
        left -= 1;
        store8(
            to,
            if left & (strings - 1) == 0 {
                0
            } else {
                b'='.into()
            },
        );
        to += 1;
        at += 8;
    }
    state::cut(top);
    0
}

/// Copies from the library's memory to that of the program.
#[inline(never)]
pub fn bring(to: u32, from: u32, length: u32) {
    let mut done = 0;
    if length >= 8 {
        let last = length - 8;
        while done < last {
            store64(to + done, state::load64(from + done));
            done += 8;
        }
        // The last eight bytes may be some of those before them again.
        store64(to + last, state::load64(from + last));
        return;
    }
    while done != length {
        store8(to + done, state::load8(from + done));
        done += 1;
    }
}

/// Nanoseconds of a `datetime` that a function gives.
#[inline(always)]
pub fn nanoseconds(get: unsafe extern "C" fn(u32)) -> u64 {
    borrow(LOW, || {
        unsafe { get(LOW) };
        get64(LOW)
            .wrapping_mul(1_000_000_000)
            .wrapping_add(get32(LOW + 8).into())
    })
}

/// The error number for a clock that is neither of the two.
#[inline(always)]
fn no_clock(clock: u32) -> u32 {
    (if clock > LAST { INVAL } else { BADF }) as u32
}

exports! {
    "wasi_snapshot_preview1#args_sizes_get"
    fn args_sizes_get(count: u32, bytes: u32) -> u32 {
        let top = state::top();
        wasi::state::arguments(RESULT);
        sizes(1, top, count, bytes)
    }

    "wasi_snapshot_preview1#args_get"
    fn args_get(argv: u32, to: u32) -> u32 {
        let top = state::top();
        wasi::state::arguments(RESULT);
        strings(1, top, argv, to)
    }

    "wasi_snapshot_preview1#environ_sizes_get"
    fn environ_sizes_get(count: u32, bytes: u32) -> u32 {
        let top = state::top();
        wasi::state::environment(RESULT);
        sizes(2, top, count, bytes)
    }

    "wasi_snapshot_preview1#environ_get"
    fn environ_get(envp: u32, to: u32) -> u32 {
        let top = state::top();
        wasi::state::environment(RESULT);
        strings(2, top, envp, to)
    }

    // Garbage collectors look at the clock within `cabi_realloc`: then the time stands still.
    "wasi_snapshot_preview1#clock_time_get"
    fn clock_time_get(clock: u32, _precision: u64, out: u32) -> u32 {
        let now = match clock {
            REALTIME => {
                if given::inside() == 0 {
                    words::set_realtime(nanoseconds(wasi::wall_now));
                }
                words::realtime()
            }
            MONOTONIC => {
                if given::inside() == 0 {
                    words::set_monotonic(wasi::now());
                }
                words::monotonic()
            }
            _ => return no_clock(clock),
        };
        store64(out, now);
        0
    }

    "wasi_snapshot_preview1#clock_res_get"
    fn clock_res_get(clock: u32, out: u32) -> u32 {
        let resolution = match clock {
            REALTIME => wasi::realtime_resolution(),
            MONOTONIC => wasi::resolution(),
            _ => return no_clock(clock),
        };
        store64(out, resolution);
        0
    }

    "wasi_snapshot_preview1#random_get"
    fn random_get(to: u32, length: u32) -> u32 {
        let (mut to, mut left) = (to, length);
        while left != 0 {
            let (area, length) = beside(to, left.min(RANDOM));
            let length = borrow(area, || {
                given::returns_at(to, to + length);
                wasi::random(length.into(), area);
                get32(area + 4)
            });
            to += length;
            left -= length;
        }
        0
    }

    "wasi_snapshot_preview1#proc_exit"
    fn proc_exit(code: u32) {
        end(code);
    }

    // No signal does anything but to end the program.
    "wasi_snapshot_preview1#proc_raise"
    fn proc_raise(_signal: u32) -> u32 {
        end(1);
        0
    }

    "wasi_snapshot_preview1#sched_yield"
    fn sched_yield() -> u32 {
        0
    }
}
