//! `wasi:io/poll` on `poll_oneoff`, in the way that every host understands: never without a
//! subscription, at most one clock, relative, in whole milliseconds; regular files are ready
//! without asking; what a host reports is a hint, and the clock is looked at again.

use p1bridge_shim::abi::{load16, load32, load64, store32, store64};
use p1bridge_shim::{Entry, Out, list, trap_if};

use crate::state::{Fixed, POLL, State, flag, insert, kind, max_poll, poll_room};
use crate::stream::{drop_stream, weak};
use crate::time::now;
use crate::{exports, p1};

mod import {
    #[link(wasm_import_module = "if wasi:io/poll")]
    unsafe extern "C" {
        #[link_name = "weak:settle"]
        pub safe fn settle(handles: u32, length: u32, once: bool) -> u32;
    }
    #[link(wasm_import_module = "if wasi:http/outgoing-handler")]
    unsafe extern "C" {
        /// Makes progress with a request that was sent, before a poll; gives when the poll has to end.
        #[link_name = "weak:prepare"]
        pub safe fn prepare(client: u32, mode: u32) -> u64;
    }
}

/// Modes of a pollable, in the low bits of `flags`. With [`flag::FILE`], `word` is the index of a
/// descriptor and not an fd.
const READY: u8 = 0;
pub const CLOCK: u8 = 1;
pub const READ: u8 = 2;
pub const WRITE: u8 = 3;
/// The same of a request that was sent, where `word` is its slot; beside these, [`READ`] and [`WRITE`] are for its
/// streams.
pub const OF_RESPONSE: u8 = 0;
pub const OF_TRAILERS: u8 = 1;
/// Beside the mode: the last poll found it ready.
const FIRED: u8 = 1 << 7;

const SUBSCRIPTION: u32 = 48;
const EVENT: u32 = 32;
const _: () = assert!(SUBSCRIPTION + EVENT == POLL);
/// In place of the number of events: the host could not say, so everything counts as ready.
const ALL: u32 = u32::MAX;

pub const MILLISECOND: u64 = 1_000_000;
/// Hosts hand the milliseconds on as an `int`.
pub const LONGEST: u64 = 1_000_000_000 * MILLISECOND;

/// A new pollable for one direction of an fd or descriptor, or for a deadline.
#[inline(never)]
pub fn new_pollable(state: &mut State, mode: u8, word: u32, deadline: u64) -> u32 {
    let handle = insert(state, kind::POLLABLE);
    let entry = state.slot(handle);
    entry.flags.set(mode);
    entry.word.set(word);
    entry.set_wide(deadline);
    if mode != CLOCK {
        if always_ready(file_type(state, entry)) {
            entry.flags.set(READY);
        } else if mode & flag::SHARED != 0 {
            let users = &state.slot(word).low;
            users.set(users.get() + 1);
        }
    }
    handle
}

/// The fd behind a stream or pollable.
#[inline(never)]
pub fn fd(state: &State, entry: &Entry) -> u32 {
    let word = entry.word.get();
    if entry.flags.get() & flag::SHARED != 0 {
        state.slot(word).word.get()
    } else {
        word
    }
}

/// The P1 file type behind a stream or pollable.
#[inline(never)]
fn file_type(state: &State, entry: &Entry) -> u32 {
    let word = entry.word.get();
    if entry.flags.get() & flag::SHARED != 0 {
        state.slot(word).small.get().into()
    } else {
        state.fixed().stdio_type(word)
    }
}

/// Some hosts refuse to poll these, and no host makes one wait for them.
pub fn always_ready(file_type: u32) -> bool {
    file_type == p1::REGULAR_FILE || file_type == p1::DIRECTORY
}

/// What tells the events of the subscriptions apart; never 0.
fn key(fd: u32, mode: u8) -> u64 {
    (u64::from(fd) << 8) | u64::from(mode)
}

/// Writes subscription `index`. `tag` is an `eventtype`, `subject` an fd or clock.
#[inline(never)]
fn write_subscription(at: u32, key: u64, tag: u32, subject: u32, timeout: u64) {
    store64(at, key);
    store64(at + 8, tag.into());
    store64(at + 16, subject.into());
    store64(at + 24, timeout);
    // Two words more than the struct has. A host of 2020 that expects the longer struct of
    // `wasi_unstable` reads a timeout of 0 here, whatever we ask for.
    store64(at + 32, 0);
    store64(at + 40, 0);
    store64(at + 48, 0);
    store64(at + 56, 0);
}

/// Adds a subscription to the first `count` unless it is among them; gives the new count.
#[inline(never)]
pub fn subscribe(fixed: &Fixed, count: u32, fd: u32, mode: u8) -> u32 {
    let mut at = fixed.polls_at();
    let end = at + count * SUBSCRIPTION;
    while at != end {
        if load64(at) == key(fd, mode) {
            return count;
        }
        at += SUBSCRIPTION;
    }
    write_subscription(at, key(fd, mode), u32::from(mode) - 1, fd, 0);
    count + 1
}

/// Where the events are: behind room for a subscription for the clock as well.
#[inline(always)]
fn events_at(fixed: &Fixed) -> u32 {
    fixed.polls_at() + (poll_room() + 1) * SUBSCRIPTION
}

/// Polls the first `count` subscriptions and, if it is `timed`, a timeout in nanoseconds.
#[inline(never)]
pub fn ask(fixed: &Fixed, mut count: u32, timed: bool, timeout: u64) {
    let subscriptions = fixed.polls_at();
    if timed {
        let at = subscriptions + count * SUBSCRIPTION;
        // "At once" is a millisecond: with less than that some hosts report the clock without having
        // looked at the fds. With the number 0 for the clock it reads as 0 in the longer struct.
        let (clock, timeout) = match timeout {
            0 => (p1::REALTIME, MILLISECOND),
            _ => (p1::MONOTONIC, timeout),
        };
        write_subscription(at, 0, 0, clock, timeout);
        count += 1;
    }
    let events = events_at(fixed);
    let mut index = 0;
    while index < count {
        // Some hosts count events that they never wrote.
        store64(events + index * EVENT, 0);
        index += 1;
    }
    let errno = p1::poll_oneoff(subscriptions, events, count, fixed.count_at());
    if errno == p1::INTR {
        fixed.count.set(0);
    } else if errno != 0 {
        fixed.count.set(ALL);
    }
}

/// Whether the last [`ask`] has an event for this subscription.
#[inline(never)]
fn fired(fixed: &Fixed, key: u64) -> bool {
    let count = fixed.count.get();
    let mut at = events_at(fixed);
    let mut index = 0;
    while index < count {
        if count == ALL || load64(at) == key {
            return true;
        }
        at += EVENT;
        index += 1;
    }
    false
}

/// What the last [`ask`] has for one direction of an fd, as bits: it can be read 1, be written 2, has hung up 4, is
/// broken 8.
#[inline(never)]
pub fn happened(fixed: &Fixed, fd: u32, mode: u8) -> u32 {
    let is_ready = 1 << (mode - READ);
    let count = fixed.count.get();
    let mut at = events_at(fixed);
    let mut index = 0;
    while index < count {
        if count == ALL {
            return is_ready;
        }
        if load64(at) == key(fd, mode) {
            return match load16(at + 8) {
                0 => is_ready | (load16(at + 24) & 1) << 2,
                _ => 8,
            };
        }
        at += EVENT;
        index += 1;
    }
    0
}

/// Polls one direction of an fd: whether it would not block. `block` waits until it might not.
#[inline(never)]
pub fn wait_for(state: &State, fd: u32, mode: u8, block: bool) -> bool {
    let fixed = state.fixed();
    ask(fixed, subscribe(fixed, 0, fd, mode), !block, 0);
    fired(fixed, key(fd, mode))
}

/// Waits for a direction of an fd until a time; gives whether it may be ready.
#[inline(never)]
pub fn wait_until(state: &State, fd: u32, mode: u8, until: u64) -> bool {
    let fixed = state.fixed();
    loop {
        let now = now(state, p1::MONOTONIC);
        if now >= until {
            return false;
        }
        let timeout = (until - now).min(LONGEST).div_ceil(MILLISECOND) * MILLISECOND;
        ask(fixed, subscribe(fixed, 0, fd, mode), true, timeout);
        if happened(fixed, fd, mode) != 0 {
            return true;
        }
    }
}

/// What a pollable waits for now.
#[inline(never)]
fn mode(entry: &Entry) -> u8 {
    let flags = entry.flags.get();
    if flags & flag::SOCKET != 0 {
        weak::socket_mode(entry.word.get(), (flags & 3).into()) as u8
    } else {
        flags & 3
    }
}

/// Whether reading from a stream would not block. A socket is asked by reading: it never does.
#[inline(never)]
pub fn ready_now(state: &State, entry: &Entry) -> bool {
    if entry.flags.get() & flag::SOCKET != 0 || always_ready(file_type(state, entry)) {
        return true;
    }
    wait_for(state, fd(state, entry), READ, false)
}

/// Waits until reading from a stream may succeed.
#[inline(never)]
pub fn wait(state: &State, entry: &Entry) {
    wait_for(state, fd(state, entry), READ, true);
}

/// Marks which of the pollables from index `from` to `until` in a list are ready by what the last [`ask`] and look at
/// the clock told.
#[inline(never)]
fn mark(state: &State, handles: u32, mut from: u32, until: u32) {
    while from < until {
        let entry = state.get(load32(handles + from * 4), kind::POLLABLE);
        let ready = match mode(entry) {
            READY => true,
            CLOCK => entry.wide() <= state.fixed().polled_at.get(),
            mode => fired(state.fixed(), key(fd(state, entry), mode)),
        };
        if ready {
            entry.flags.set(entry.flags.get() | FIRED);
        }
        from += 1;
    }
}

/// Takes back what [`mark`] says of responses and trailers that are not there yet: bytes of them have come.
#[inline(never)]
fn unmark(state: &State, handles: u32, mut from: u32, until: u32) {
    while from < until {
        let entry = state.get(load32(handles + from * 4), kind::POLLABLE);
        let flags = entry.flags.get();
        if flag::is_client(flags) && flags & 3 <= OF_TRAILERS && mode(entry) != READY {
            entry.flags.set(flags & !FIRED);
        }
        from += 1;
    }
}

/// Polls the pollables in a list, once or until one is ready. Gives how many are, which [`FIRED`] marks. `is_sending`
/// is for programs in which a pollable can be of a request that was sent: such a one has its own time as well.
#[inline(always)]
fn settle(state: &State, handles: u32, length: u32, once: bool, is_sending: bool) -> u32 {
    // A poll of nothing has trapped.
    unsafe { core::hint::assert_unchecked(length != 0) };
    loop {
        let fixed = state.fixed();
        let mut at_once = once;
        let mut timed = false;
        let mut deadline = u64::MAX;
        let mut index = 0;
        while index < length {
            let entry = state.get(load32(handles + index * 4), kind::POLLABLE);
            entry.flags.set(entry.flags.get() & !FIRED);
            if is_sending && flag::is_client(entry.flags.get()) {
                let handle = load32(handles + index * 4);
                let until = import::prepare(entry.word.get(), (entry.flags.get() & 3).into());
                // The list of one handle is where vectors are.
                store32(handles + index * 4, handle);
                timed |= until != u64::MAX;
                deadline = deadline.min(until);
            }
            match mode(entry) {
                READY => at_once = true,
                CLOCK => {
                    timed = true;
                    deadline = deadline.min(entry.wide());
                }
                _ => {}
            }
            index += 1;
        }
        let mut timeout = 0;
        if timed {
            let now = now(state, p1::MONOTONIC);
            fixed.polled_at.set(now);
            at_once |= deadline <= now;
            timeout = (deadline - now.min(deadline))
                .min(LONGEST)
                .div_ceil(MILLISECOND)
                * MILLISECOND;
        }
        let mut from = 0;
        while from < length {
            let mut count = 0;
            index = from;
            while index < length {
                let entry = state.get(load32(handles + index * 4), kind::POLLABLE);
                let mode = mode(entry);
                if mode >= READ {
                    let more = subscribe(fixed, count, fd(state, entry), mode);
                    // So many different pipes and devices do not fit: they take turns, and nobody waits long.
                    if more > max_poll() {
                        at_once = true;
                        break;
                    }
                    count = more;
                }
                index += 1;
            }
            fixed.count.set(0);
            if count != 0 || !at_once {
                ask(
                    fixed,
                    count,
                    timed || at_once,
                    if at_once { 0 } else { timeout },
                );
                if timed {
                    fixed.polled_at.set(now(state, p1::MONOTONIC));
                }
            }
            mark(state, handles, from, index);
            if is_sending {
                unmark(state, handles, from, index);
            }
            from = index;
        }
        let mut ready = 0;
        index = 0;
        while index < length {
            ready += u32::from(is_ready(state, load32(handles + index * 4)));
            index += 1;
        }
        if ready != 0 || once {
            return ready;
        }
    }
}

/// Whether the last [`settle`] found a pollable ready.
#[inline(always)]
fn is_ready(state: &State, handle: u32) -> bool {
    state.get(handle, kind::POLLABLE).flags.get() & FIRED != 0
}

/// The same for one pollable.
#[inline(never)]
fn settle_one(state: &State, handle: u32, once: bool) -> u32 {
    let at = state.fixed().vector(handle, 0);
    import::settle(at, 1, once)
}

exports! {
    "weak:settle"
    fn settle_plain(state, handles: u32, length: u32, once: bool) -> u32 {
        settle(&state, handles, length, once, false)
    }

    "weak:sending-settle"
    fn settle_sending(state, handles: u32, length: u32, once: bool) -> u32 {
        settle(&state, handles, length, once, true)
    }

    "wasi:io/poll@0.2#[method]pollable.ready"
    fn ready(state, handle: u32) -> u32 {
        settle_one(&state, handle, true)
    }

    "wasi:io/poll@0.2#[method]pollable.block"
    fn block(state, handle: u32) {
        settle_one(&state, handle, false);
    }

    "wasi:io/poll@0.2#poll"
    fn poll(state, handles: u32, length: u32, out: u32) {
        let out = Out::new(out, 8, 4);
        let handles = list(handles, length, 4, 4);
        trap_if(length == 0);
        let count = import::settle(handles, length, false);
        let ready = state.allocate(4, count * 4);
        let mut next = ready;
        let mut index = 0;
        while index < length {
            if is_ready(&state, load32(handles + index * 4)) {
                store32(next, index);
                next += 4;
            }
            index += 1;
        }
        out.list(0, ready, count);
    }

    "wasi:io/poll@0.2#[resource-drop]pollable"
    fn drop_pollable(state, handle: u32) {
        drop_stream(&state, handle, kind::POLLABLE);
    }
}
