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
const SUBSCRIPTION: u32 = 48;
/// Where the number of subscriptions is kept until the poll, in the words for small results.
const COUNT: usize = 7;

fn failed(errno: u32) -> i64 {
    match errno {
        p1::AGAIN => WOULD_BLOCK,
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
    if p1::poll_oneoff(at, events, count, fixed.count_at()) != 0 {
        // A host that cannot say: everything counts as ready.
        return true;
    }
    let mut event = 0;
    while event < fixed.count.get() {
        // The type of the event, behind its number and its error.
        if load16(events + event * 32 + 10) & 0xff != 0 {
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
            return crate::entries::read(&mut state, object, port, pointer);
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
        moved(&state, errno)
    }

    "io:write"
    fn write(state, kind: u32, object: u32, offset: u64, address: u32, count: u32) -> i64 {
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
        moved(&state, errno)
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
            return fixed.set_result(COUNT, 0);
        }
        let count = fixed.result(COUNT) as u32;
        if count < max_poll() {
            let at = fixed.polls_at() + count * SUBSCRIPTION;
            write_subscription(at, 1 + writes, fd(&state, kind, object), 0);
            fixed.set_result(COUNT, u64::from(count) + 1);
        }
    }

    /// Waits until one of those is ready, or a moment of the monotonic clock is over.
    "io:poll"
    fn poll_all(state, has_deadline: u32, deadline: u64) {
        let fixed = state.fixed();
        let mut count = fixed.result(COUNT) as u32;
        fixed.set_result(COUNT, 0);
        if has_deadline != 0 {
            let left = deadline.saturating_sub(now(&state, p1::MONOTONIC));
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
