//! What the library of tasks asks for: streams and futures of which the host has an end.
//!
//! This instance of the library sees all of the memory: addresses are those of the output.

use p1bridge_shim::abi::{load16, store8, store64};

use crate::state::{State, max_poll};
use crate::tasks::kind;
use crate::time::now;
use crate::{file, files, p1};

const WOULD_BLOCK: i64 = -1;
/// The most that one call of the host moves.
const MOST: u32 = 65536;

const MILLISECOND: u64 = 1_000_000;
/// Hosts hand the milliseconds on as an `int`.
const LONGEST: u64 = 1_000_000_000 * MILLISECOND;
/// How long those that found no place in a poll wait for the next one.
const CROWDED: u64 = 10 * MILLISECOND;
const SUBSCRIPTION: u32 = 48;
const EVENT: u32 = 32;
/// In the number of subscriptions: there was no place for more.
const FULL: u32 = 1 << 7;

/// A call that was interrupted is made again when the next poll is over.
pub fn failed(errno: u32) -> i64 {
    match errno {
        p1::AGAIN | p1::INTR => WOULD_BLOCK,
        errno => -2 - i64::from(errno),
    }
}

/// What the host has moved, or its error.
fn moved(state: &State, errno: u32) -> i64 {
    match errno {
        0 => i64::from(state.fixed().count.get()),
        errno => failed(errno),
    }
}

/// What a host with rights says of a descriptor that is not open for reading.
fn of_read(errno: u32) -> u32 {
    match errno {
        p1::NOTCAPABLE | p1::ACCES => p1::BADF,
        errno => errno,
    }
}

/// The fd behind an object.
fn fd(state: &State, kind: u32, object: u32) -> u32 {
    match kind {
        kind::INPUT | kind::OUTPUT => object,
        _ => state.slot_here(object).word.get(),
    }
}

/// Whether a read may wait: then the host is asked first.
fn waits(state: &State, kind: u32, object: u32) -> bool {
    let file_type = match kind {
        kind::INPUT | kind::OUTPUT => state.fixed().stdio_type(object),
        _ => state.slot_here(object).small.get().into(),
    };
    file_type != p1::REGULAR_FILE && file_type != p1::DIRECTORY
}

/// Writes a subscription.
fn write_subscription(at: u32, tag: u32, subject: u32, timeout: u64) {
    store64(at, 0);
    store64(at + 8, tag.into());
    store64(at + 16, subject.into());
    store64(at + 24, timeout);
    // Two words more than the struct has: a host of 2020 may expect the longer one of `wasi_unstable`.
    store64(at + 32, 0);
    store64(at + 40, 0);
}

/// Asks the host; gives whether anything but the clock is ready.
fn poll(state: &State, count: u32) -> bool {
    let fixed = state.fixed();
    let at = fixed.polls_at();
    let events = at + count * SUBSCRIPTION;
    let mut event = 0;
    while event < count {
        // Some hosts count events that they never wrote.
        store64(events + event * EVENT + 8, 0);
        event += 1;
    }
    match p1::poll_oneoff(at, events, count, fixed.count_at()) {
        0 => {}
        p1::INTR => return false,
        // A host that cannot say: everything counts as ready.
        _ => return true,
    }
    event = 0;
    while event < fixed.count.get().min(count) {
        // The type of the event, behind its number and its error.
        if load16(events + event * EVENT + 10) & 0xff != 0 {
            return true;
        }
        event += 1;
    }
    false
}

/// Whether a read or write would go on at once.
#[inline(never)]
fn is_ready(state: &State, fd: u32, writes: u32) -> bool {
    let at = state.fixed().polls_at();
    write_subscription(at, 1 + writes, fd, 0);
    // A clock of a millisecond: some hosts report a shorter timeout before they look at descriptors.
    write_subscription(at + SUBSCRIPTION, 0, p1::MONOTONIC, MILLISECOND);
    poll(state, 2)
}

provides! {
    "io:read"
    fn read(state, kind: u32, object: u32, offset: u64, address: u32, count: u32, port: u32, pointer: u32) -> i64 {
        if kind == kind::FAILED {
            return failed(object);
        }
        if kind == kind::ENTRIES {
            return crate::entries::read(&state, object, count, port, pointer);
        }
        let fd = fd(&state, kind, object);
        if waits(&state, kind, object) && !is_ready(&state, fd, 0) {
            return WOULD_BLOCK;
        }
        let fixed = state.fixed();
        let vector = fixed.vector(address, count.min(MOST));
        let mut errno = p1::SPIPE;
        if kind == kind::READ {
            errno = p1::fd_pread(fd, vector, 1, offset, fixed.count_at());
        }
        if errno == p1::SPIPE {
            errno = p1::fd_read(fd, vector, 1, fixed.count_at());
        }
        if kind == kind::READ {
            errno = of_read(errno);
        }
        moved(&state, errno)
    }

    "io:write"
    fn write(state, kind: u32, object: u32, offset: u64, address: u32, count: u32) -> i64 {
        if count == 0 {
            return 0;
        }
        let fd = fd(&state, kind, object);
        let fixed = state.fixed();
        let vector = fixed.vector(address, count.min(MOST));
        let mut errno = p1::SPIPE;
        if kind == kind::WRITE {
            errno = p1::fd_pwrite(fd, vector, 1, offset, fixed.count_at());
        }
        if kind == kind::APPEND {
            let appends = p1::fd_fdstat_set_flags(fd, p1::APPEND) == 0;
            if appends {
                errno = p1::fd_write(fd, vector, 1, fixed.count_at());
                p1::fd_fdstat_set_flags(fd, 0);
            } else {
                let size = p1::fd_filestat_get(fd, fixed.result_at());
                errno = match size {
                    0 => p1::fd_pwrite(fd, vector, 1, fixed.result(4), fixed.count_at()),
                    errno => errno,
                };
            }
        } else if errno == p1::SPIPE {
            errno = p1::fd_write(fd, vector, 1, fixed.count_at());
        }
        match moved(&state, errno) {
            // A host that takes nothing and says nothing would be asked for ever.
            0 => failed(p1::IO),
            moved => moved,
        }
    }

    "io:close"
    fn close(state, kind: u32, object: u32) {
        match kind {
            kind::READ | kind::WRITE | kind::APPEND => file::give_back(&state, object),
            kind::ENTRIES => crate::directory::drop_directory_entry_stream(object),
            _ => {}
        }
    }

    /// Standard streams have an `error-code` of their own: `io`, `illegal-byte-sequence`, `pipe`.
    "io:result"
    fn result(state, kind: u32, errno: u32, address: u32) {
        if kind == kind::INPUT || kind == kind::OUTPUT {
            store8(address, (errno != 0).into());
            store8(address + 1, match errno {
                p1::ILSEQ => 1,
                p1::PIPE => 2,
                _ => 0,
            });
            return;
        }
        files::put_result(address, errno);
    }

    /// Adds one to the next poll; of kind 0, begins with none.
    "io:subscribe"
    fn subscribe(state, kind: u32, object: u32, writes: u32) {
        let fixed = state.fixed();
        if kind == 0 {
            return fixed.set_subscribed(0);
        }
        let count = fixed.subscribed();
        if count >= max_poll().min(FULL - 1) {
            fixed.set_subscribed(FULL | count);
        } else {
            let at = fixed.polls_at() + count * SUBSCRIPTION;
            write_subscription(at, 1 + writes, fd(&state, kind, object), 0);
            fixed.set_subscribed(count + 1);
        }
    }

    /// Waits until one of those is ready, or a moment of the monotonic clock is over.
    "io:poll"
    fn poll_all(state, has_deadline: u32, deadline: u64) {
        let fixed = state.fixed();
        let mut count = fixed.subscribed() & !FULL;
        let is_full = fixed.subscribed() & FULL != 0;
        fixed.set_subscribed(0);
        if has_deadline != 0 || is_full {
            let mut left = u64::MAX;
            if has_deadline != 0 {
                left = deadline.saturating_sub(now(&state, p1::MONOTONIC));
            }
            if is_full {
                left = left.min(CROWDED);
            }
            // Whole milliseconds, at least one.
            let left = left.clamp(1, LONGEST).div_ceil(MILLISECOND) * MILLISECOND;
            let at = state.fixed().polls_at() + count * SUBSCRIPTION;
            write_subscription(at, 0, p1::MONOTONIC, left);
            count += 1;
        }
        poll(&state, count);
    }

    "io:now"
    fn io_now(state) -> u64 {
        now(&state, p1::MONOTONIC)
    }
}
