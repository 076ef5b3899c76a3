//! `io.poll`, on `poll_oneoff`.
//!
//! The host gets one subscription for each direction of a descriptor, and never more than one clock: a relative one in
//! whole milliseconds, the earliest of all that is waited for. Everything about time is decided here, by what the clock
//! says afterwards.

use p1bridge_shim::abi::{load8, load16, load32, load64, store16, store32, store64};
use p1bridge_shim::trap_if;

use crate::frame::negative;
use crate::{exports, p1};

mod import {
    #[link(wasm_import_module = "p1bridge")]
    unsafe extern "C" {
        pub safe fn max_poll() -> u32;
        /// Whether other threads may change words.
        pub safe fn threads() -> u32;
        /// The guest's stack pointer, with room below it for all that one poll can wait for.
        pub safe fn frame_polls() -> u32;
    }
}

/// Bytes of an entry of the caller's, and where its fields are.
const ENTRY: u32 = 16;
const WANT: u32 = 4;
const GOT: u32 = 6;
const AT: u32 = 8;
/// What an entry is of, where it is no descriptor.
const TIMER: i32 = -1;
const WORD: i32 = -2;
/// Bits of `got`, the first two of `want` too: IN is 1, OUT is 2.
const IN: u32 = 1;
const OUT: u32 = 2;
const HUP: u32 = 4;
const ERR: u32 = 8;
const DUE: u32 = 16;

/// Bytes of a `subscription` and an `event`.
const SUBSCRIPTION: u32 = 48;
const EVENT: u32 = 32;
const MILLISECOND: u64 = 1_000_000;
/// The longest that a host is asked to wait: a day. Some count in fewer bits than the clock has.
const LONGEST: u64 = 86_400_000 * MILLISECOND;
/// How long other threads may have changed a word before anybody looks, at most.
const SLICE: u64 = 10 * MILLISECOND;
const FOREVER: u64 = u64::MAX;

/// Where the last of `count` subscriptions is: they grow down, like the stack.
#[inline(always)]
fn last(count: u32) -> u32 {
    import::frame_polls() - count * SUBSCRIPTION
}

/// Writes the subscription that is number `count` for a direction of a descriptor.
#[inline(never)]
fn subscribe(count: u32, index: u32, fd: u32, direction: u32) {
    let at = last(count);
    store64(at, index.into());
    store64(at + 8, direction.into());
    store32(at + 16, fd);
}

/// The same for a time from now.
#[inline(never)]
fn subscribe_clock(count: u32, timeout: u64) {
    let at = last(count);
    store64(at + 8, 0);
    store64(at + 16, p1::MONOTONIC.into());
    // Whole milliseconds, as node takes no others, and not none: some hosts say that the time is up before they look.
    store64(
        at + 24,
        timeout.clamp(1, LONGEST).div_ceil(MILLISECOND) * MILLISECOND,
    );
    store64(at + 32, 0);
    store64(at + 40, 0);
}

/// Asks the host about `count` subscriptions from an address on, and adds what happened to the entries.
#[inline(never)]
fn ask(subs: u32, first: u32, count: u32) -> u32 {
    let mut event = first - count * EVENT;
    let length = event - 16;
    let errno = p1::poll_oneoff(first, event, count, length);
    if errno != 0 {
        return errno;
    }
    let end = event + load32(length) * EVENT;
    while event != end {
        // A clock only ends the wait.
        let direction = load8(event + 10);
        if direction != 0 {
            let bits = match load16(event + 8) {
                0 => direction | (load16(event + 24) & 1) * HUP,
                _ => ERR,
            };
            add(subs, load32(event), bits);
        }
        event += EVENT;
    }
    0
}

/// Adds bits to the `got` of an entry.
#[inline(never)]
fn add(subs: u32, index: u32, bits: u32) {
    let at = subs + index * ENTRY + GOT;
    store16(at, load16(at) | bits);
}

/// Asks about each subscription alone, where the host failed for all of them together: some do for one bad descriptor,
/// and some for one that is always ready.
#[inline(never)]
fn ask_each(subs: u32, count: u32) {
    subscribe_clock(count + 1, 0);
    let mut left = count;
    while left != 0 {
        // Beside the clock.
        let at = last(left);
        let (index, direction) = (load32(at), load32(at + 8));
        subscribe(count, index, load32(at + 16), direction);
        let errno = ask(subs, last(count + 1), 2);
        if errno != 0 && errno != p1::INTR {
            add(subs, index, if errno == p1::BADF { ERR } else { direction });
        }
        left -= 1;
    }
}

/// Subscribes to what the entries want and looks at the words. Gives how many subscriptions there are, or more than
/// [`max_poll`](import::max_poll).
#[inline(always)]
fn gather(subs: u32, n: u32) -> u32 {
    let mut count = 0;
    let mut index = 0;
    while index != n {
        let at = subs + index * ENTRY;
        store16(at + GOT, 0);
        let fd = load32(at);
        let want = load16(at + WANT);
        if fd as i32 >= 0 {
            let mut direction = IN;
            while direction <= OUT {
                if want & direction != 0 {
                    count += 1;
                    if count > import::max_poll() {
                        return count;
                    }
                    subscribe(count, index, fd, direction);
                }
                direction += 1;
            }
        } else if fd as i32 == WORD && load32(load32(at + AT)) != load32(at + AT + 4) {
            store16(at + GOT, DUE);
        }
        index += 1;
    }
    count
}

/// Whether an entry is a word that another thread may change.
#[inline(always)]
fn looks_again(subs: u32, n: u32) -> bool {
    let mut at = subs;
    let end = subs + n * ENTRY;
    while import::threads() != 0 && at != end {
        if load32(at) as i32 == WORD {
            return true;
        }
        at += ENTRY;
    }
    false
}

/// The earliest of the deadline and all timers.
#[inline(never)]
fn earliest(subs: u32, n: u32, deadline: u64) -> u64 {
    let mut earliest = deadline;
    let mut at = subs;
    let end = subs + n * ENTRY;
    while at != end {
        if load32(at) as i32 == TIMER {
            earliest = earliest.min(load64(at + AT));
        }
        at += ENTRY;
    }
    earliest
}

/// Marks the timers that are due, and counts what is ready.
#[inline(never)]
fn ready(subs: u32, n: u32, now: u64) -> u32 {
    let mut ready = 0;
    let mut at = subs;
    let end = subs + n * ENTRY;
    while at != end {
        if load32(at) as i32 == TIMER && load64(at + AT) <= now {
            store16(at + GOT, DUE);
        }
        ready += u32::from(load16(at + GOT) != 0);
        at += ENTRY;
    }
    ready
}

/// The monotonic clock.
#[inline(never)]
fn now() -> u64 {
    let at = import::frame_polls() - 16;
    trap_if(p1::clock_time_get(p1::MONOTONIC, 1, at) != 0);
    load64(at)
}

exports! {
    "wsi:sys/io@0.1#poll"
    fn poll(subs: u32, n: u32, deadline: u64) -> i32 {
        let until = earliest(subs, n, deadline);
        let slices = looks_again(subs, n);
        loop {
            // The clock is read in the frame of the subscriptions, so before they are written.
            let timed = until != 0 && (slices || until != FOREVER);
            let mut time = if timed { now() } else { 0 };
            let count = gather(subs, n);
            if count > import::max_poll() {
                return negative(p1::INVAL);
            }
            let once = until <= time || ready(subs, n, time) != 0;
            if count == 0 && !once && !timed {
                // For ever, on nothing.
                return negative(p1::INVAL);
            }
            if count != 0 || !once {
                let mut all = count;
                if once || timed {
                    all += 1;
                    let left = if once { 0 } else { until - time };
                    subscribe_clock(all, if slices { left.min(SLICE) } else { left });
                }
                match ask(subs, last(all), all) {
                    0 | p1::INTR => {}
                    errno if count == 0 => return negative(errno),
                    _ => ask_each(subs, count),
                }
                if timed {
                    time = now();
                }
            }
            let ready = ready(subs, n, time);
            if ready != 0 || deadline <= time {
                return ready as i32;
            }
        }
    }
}
