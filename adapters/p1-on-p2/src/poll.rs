//! `poll_oneoff`: what can be waited for becomes a pollable, and the host is asked once.
//!
//! Lists of the host need some memory. It is that of the events, of which there is one of 32 bytes for each subscription:
//!
//! ```text
//! 0                 the pollables, 4 bytes each
//! 4 * count         where the host puts the place and the length of its answer
//! 4 * count + 8     that answer, 4 bytes for each pollable that is ready
//! 32 * count - 4 *  for each pollable whether it is ready, at the end: events are written from the beginning on, and no
//!   pollables       event is further than what is still to be read
//! ```

use p1bridge_shim::abi::{load8, load16, load32, load64, store32};

use crate::descriptor::{STDERR, STDIN, is_socket};
use crate::error::INVAL;
use crate::events::{EVENT, FD_READ, SUBSCRIPTION, TIMER, put, subject};
use crate::process::{REALTIME, nanoseconds};
use crate::socket::{socket_pollable, socket_waits};
use crate::{given, stdio, wasi};

/// A pollable for a subject; 0 for what is ready, as all is where the host must not be called.
#[inline(always)]
fn pollable(subject: i32, subscription: u32, shift: u32) -> u32 {
    if !is_waited_for(subject) {
        return 0;
    }
    match subject as u32 {
        STDIN => wasi::subscribe_input(stdio::input()),
        kind if kind <= STDERR => wasi::subscribe_output(stdio::output(kind)),
        record if subject != TIMER && given::has_sockets() != 0 => {
            socket_pollable(record, (load8(subscription + 8) == FD_READ).into())
        }
        _ => {
            let timeout = load64(subscription + 24 + shift);
            let is_absolute = load16(subscription + 40 + shift) & 1 != 0;
            if !is_absolute {
                wasi::subscribe_duration(timeout)
            } else if load32(subscription + 16 + shift) == REALTIME {
                wasi::subscribe_duration(timeout.saturating_sub(nanoseconds(wasi::wall_now)))
            } else {
                wasi::subscribe_instant(timeout)
            }
        }
    }
}

/// Whether there is a pollable for a subject.
#[inline(always)]
fn is_waited_for(subject: i32) -> bool {
    (subject == TIMER || subject > 0 && (subject as u32 <= STDERR || is_connected(subject as u32)))
        && given::inside() == 0
}

/// Whether a record is that of a socket for which there is a pollable.
#[inline(always)]
fn is_connected(record: u32) -> bool {
    is_socket(record) && socket_waits(record) != 0
}

/// Waits until one of the pollables at `events` is ready, drops them, and says for each at `flags` whether it is. None is waited
/// for if something is ready already.
#[inline(always)]
fn wait(events: u32, count: u32, pollables: u32, is_ready: bool, flags: u32) {
    let mut asked = pollables;
    if is_ready {
        // There is room: something has no pollable.
        store32(events + pollables * 4, wasi::subscribe_duration(0));
        asked += 1;
    }
    let area = events + count * 4;
    given::returns_at(area + 8, area + 8 + count * 4);
    wasi::poll(events, asked, area);
    while asked != 0 {
        asked -= 1;
        wasi::drop_pollable(load32(events + asked * 4));
        if asked < pollables {
            store32(flags + asked * 4, 0);
        }
    }
    let mut next = load32(area);
    let end = next + load32(area + 4) * 4;
    while next != end {
        let index = load32(next);
        if index < pollables {
            store32(flags + index * 4, 1);
        }
        next += 4;
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
    let mut pollables = 0;
    let mut at = subscriptions;
    while at != end {
        let pollable = pollable(subject(at, shift), at, shift);
        if pollable != 0 {
            store32(events + pollables * 4, pollable);
            pollables += 1;
        }
        at += size;
    }
    let mut flag = events + count * EVENT - pollables * 4;
    if pollables != 0 {
        wait(events, count, pollables, pollables != count, flag);
    }
    let mut event = events;
    at = subscriptions;
    while at != end {
        let subject = subject(at, shift);
        let mut is_ready = true;
        if is_waited_for(subject) {
            is_ready = load32(flag) != 0;
            flag += 4;
        }
        if is_ready {
            put(event, at, subject);
            event += EVENT;
        }
        at += size;
    }
    store32(out, (event - events) / EVENT);
    0
}
