//! `poll_oneoff`: clocks become timers of the monotonic clock, the rest entries for descriptors.

use p1bridge_shim::abi::{load8, load16, load32, load64, store16, store32, store64};

use crate::wsi::{self, frame_polls, max_poll};
use crate::{errno, exports};

const SUBSCRIPTION: u32 = 48;
const EVENT: u32 = 32;
/// Bytes of both.
const STACKED: u32 = SUBSCRIPTION + EVENT;
/// Bytes of an entry of WSI, where what is ready is, and the bits of that.
const ENTRY: u32 = 16;
const GOT: u32 = 6;
const HUP: u32 = 4;
const ERR: u32 = 8;
/// An entry that is a timer.
const TIMER: u32 = u32::MAX;
/// `tag` of a clock; those of descriptors are the bits that WSI has for them.
const CLOCK: u32 = 0;
const REALTIME: u32 = 0;
const MONOTONIC: u32 = 1;

/// The time on the monotonic clock of a subscription to a clock, from now on if it is relative; negative for an error.
#[inline(never)]
fn due(subscription: u32) -> i64 {
    let clock = load32(subscription + 16);
    let timeout = load64(subscription + 24);
    let now = wsi::now(MONOTONIC);
    if now < 0 {
        return now;
    }
    let left = if load16(subscription + 40) & 1 == 0 {
        timeout
    } else if clock == MONOTONIC {
        timeout.saturating_sub(now as u64)
    } else if clock == REALTIME {
        let real = wsi::now(REALTIME);
        if real < 0 {
            return real;
        }
        timeout.saturating_sub(real as u64)
    } else {
        return -i64::from(wsi::NOTSUP);
    };
    (now as u64).saturating_add(left).min(i64::MAX as u64) as i64
}

exports! {
    "poll_oneoff"
    fn poll_oneoff(subscriptions: u32, events: u32, count: u32, result: u32) -> u32 {
        if count == 0 || count > max_poll() {
            return wsi::INVAL;
        }
        // Below what `wsi-on-p1` needs for that poll, which may be below the same stack pointer.
        let entries = frame_polls() - (count + 1) * (STACKED + ENTRY);
        let end = entries + count * ENTRY;
        let mut at = subscriptions;
        let mut entry = entries;
        while entry != end {
            let tag = load8(at + 8);
            store32(entry + 4, tag);
            if tag == CLOCK {
                let due = due(at);
                if due < 0 {
                    return errno(due as i32);
                }
                store32(entry, TIMER);
                store64(entry + 8, due as u64);
            } else {
                store32(entry, load32(at + 16));
            }
            at += SUBSCRIPTION;
            entry += ENTRY;
        }
        let ready = wsi::poll(entries, count, u64::MAX);
        if ready < 0 {
            return errno(ready);
        }
        at = subscriptions;
        entry = entries;
        let mut event = events;
        while entry != end {
            let got = load16(entry + GOT);
            if got != 0 {
                let tag = load8(at + 8);
                let is_broken = tag != CLOCK && got & ERR != 0;
                store64(event, load64(at));
                store16(event + 8, if is_broken { wsi::BADF } else { 0 });
                store16(event + 10, tag);
                store64(event + 16, 0);
                store16(event + 24, (got & HUP) / HUP);
                event += EVENT;
            }
            at += SUBSCRIPTION;
            entry += ENTRY;
        }
        store32(result, (event - events) / EVENT);
        0
    }
}
