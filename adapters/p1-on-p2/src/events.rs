//! Subscriptions and events of `poll_oneoff`.

use p1bridge_shim::abi::{load8, load32, load64, store64};

use crate::descriptor::{STDERR, STDIN, find, is_socket};
use crate::error::{BADF, INVAL};
use crate::poll::poll;
use crate::{exports, file, weak};

/// Bytes of a subscription, and of an event.
pub const SUBSCRIPTION: u32 = 48;
pub const EVENT: u32 = 32;

/// `tag`.
const CLOCK: u32 = 0;
pub const FD_READ: u32 = 1;

/// The right that it takes.
const POLL: u32 = 1 << 27;

/// Flags of an event: the other side has hung up.
const HANGUP: u32 = 1;

/// What a subscription to one of the clocks is about; no descriptor has its record there.
pub const TIMER: i32 = i32::MAX;

/// What a subscription is about: [`TIMER`], or what [`find`] gives, or an error number, negative. The fields of clocks are
/// `shift` bytes further in the preview before Preview 1.
#[inline(never)]
pub fn subject(subscription: u32, shift: u32) -> i32 {
    let tag = load8(subscription + 8);
    let what = load32(subscription + 16 + if tag == CLOCK { shift } else { 0 });
    if tag == CLOCK {
        return if what > 1 { -INVAL } else { TIMER };
    }
    let found = find(what, POLL);
    // Input is read, output is written.
    let is_wrong =
        found > 0 && found as u32 <= STDERR && (found as u32 == STDIN) != (tag == FD_READ);
    if is_wrong { -BADF } else { found }
}

weak! {
    "if files" {
        "bytes-left"
        fn bytes_left(record: u32) -> u64 {
            if is_socket(record) {
                return 1;
            }
            (file::size(record).saturating_sub(file::position(record))).max(0) as u64
        }
    }
}

/// Writes an event about a subject that is ready.
#[inline(always)]
pub fn put(event: u32, at: u32, subject: i32) {
    let tag = load8(at + 8);
    let mut bytes = u64::from(subject != TIMER);
    let mut flags = 0;
    if subject > STDERR as i32 && subject != TIMER && tag == FD_READ {
        bytes = bytes_left(subject as u32);
        flags = if bytes == 0 { HANGUP } else { 0 };
    }
    let error = if subject < 0 { -subject as u32 } else { 0 };
    store64(event, load64(at));
    store64(event + 8, (error | tag << 16).into());
    store64(event + 16, bytes);
    store64(event + 24, flags.into());
}

exports! {
    "wasi_snapshot_preview1#poll_oneoff"
    fn poll_oneoff(subscriptions: u32, events: u32, count: u32, out: u32) -> u32 {
        poll(subscriptions, events, count, out, 0)
    }

    // A clock has an identifier before its number there.
    "wasi_unstable#poll_oneoff"
    fn poll_oneoff_unstable(subscriptions: u32, events: u32, count: u32, out: u32) -> u32 {
        poll(subscriptions, events, count, out, 8)
    }
}
