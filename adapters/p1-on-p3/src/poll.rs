//! `poll_oneoff`: the clocks become one time to wait until, and standard input is read ahead. All else is ready.

use p1bridge_shim::abi::{load16, load32, load64, store32};

use crate::area::get32;
use crate::descriptor::STDIN;
use crate::error::INVAL;
use crate::events::{EVENT, SUBSCRIPTION, TIMER, put, subject};
use crate::given::words;
use crate::process::{REALTIME, nanoseconds};
use crate::wait::{Done, set};
use crate::{ahead, given, kept, wasi, weak};

/// What the host says of a call that is over, in the lower bits.
const RETURNED: u32 = 2;
/// Its event for one that was not.
const SUBTASK: u32 = 1;

/// When a subscription to a clock is ready, by the monotonic clock, which shows `now`.
#[inline(never)]
fn deadline(subscription: u32, shift: u32, now: u64) -> u64 {
    let time = load64(subscription + 24 + shift);
    let is_absolute = load16(subscription + 40 + shift) & 1 != 0;
    if !is_absolute {
        now.saturating_add(time)
    } else if load32(subscription + 16 + shift) == REALTIME {
        now.saturating_add(time.saturating_sub(nanoseconds(wasi::wall_now)))
    } else {
        time
    }
}

/// What a descriptor that is polled waits for: standard input, where it is read.
#[inline(always)]
fn is_input(subject: i32) -> bool {
    kept::has_read() != 0 && subject == STDIN as i32
}

weak! {
    "if fd_read" {
        "is-input-here"
        fn is_input_here() -> u32 {
            ahead::is_here().into()
        }
        // Waits for input or for the time, whatever comes first. `area` has 8 bytes.
        "wait-with-input"
        fn wait_with_input(until: u64, area: u32) {
            let (stream, set) = (words::stdin(), set());
            let mut timer = 0;
            if until != u64::MAX {
                let said = wasi::begin_wait(until);
                if said & 15 == RETURNED {
                    return;
                }
                timer = said >> 4;
                wasi::join(timer, set);
            }
            wasi::join(stream, set);
            let is_input = wasi::wait(set, area) != SUBTASK;
            wasi::join(stream, 0);
            if is_input {
                ahead::arrive(Done(get32(area + 4)));
            }
            if timer != 0 {
                // What is cancelled must not be waited for.
                wasi::join(timer, 0);
                if is_input {
                    wasi::cancel_subtask(timer);
                }
                wasi::drop_subtask(timer);
            }
        }
    }
}

/// What `poll_oneoff` does.
#[inline(never)]
pub fn poll(subscriptions: u32, events: u32, count: u32, out: u32, shift: u32) -> u32 {
    if count == 0 {
        return INVAL as u32;
    }
    let size = SUBSCRIPTION + shift;
    let end = subscriptions + count * size;
    let mut until = u64::MAX;
    // All is where the host must not be called.
    let is_inside = given::inside() != 0;
    let begin = if is_inside { 0 } else { wasi::now() };
    let mut now = begin;
    let (mut is_ready, mut waits_for_input) = (is_inside, false);
    let mut at = subscriptions;
    while at != end {
        let subject = subject(at, shift);
        if is_inside {
            break;
        }
        if subject == TIMER {
            until = until.min(deadline(at, shift, begin));
        } else if !is_ready && is_input(subject) && is_input_here() == 0 {
            waits_for_input = true;
        } else {
            is_ready = true;
        }
        at += size;
    }
    if !is_ready && until > now {
        if waits_for_input {
            wait_with_input(until, events);
        } else {
            wasi::wait_until(until);
            now = until;
        }
        now = now.max(wasi::now());
    }
    let mut event = events;
    at = subscriptions;
    while at != end {
        let subject = subject(at, shift);
        let ready = is_inside
            || if subject == TIMER {
                deadline(at, shift, begin) <= now
            } else {
                !is_input(subject) || is_input_here() != 0
            };
        if ready {
            put(event, at, subject);
            event += EVENT;
        }
        at += size;
    }
    store32(out, (event - events) / EVENT);
    0
}
