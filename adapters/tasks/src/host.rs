//! Streams and futures of which the host has an end.
//!
//! A source is a stream that the host writes: what it has is read when a guest reads. A sink is one that
//! it reads: what a guest writes is written at once. A future of the host has a result, or gets that of a
//! source or sink when it ends.

use crate::ends::{FUTURE, gone, notify, pointer};
use crate::import::{
    base, io_close, io_poll, io_read, io_result, io_subscribe, io_write, waits, weak,
};
use crate::pump;
use crate::record::{
    At, NO_PORT, add, asks, copy, end, end_and_stream, end_at, get, get64, head, new_stream, other,
    put, put64, result, stream, stream_at, stream_of, streams, wait, waitable, writable, writes,
};
use crate::step::wait_for_event;

/// The kind of a future: its result is of the kind below.
const RESULT: u32 = 0x8000_0000;
/// In place of a number of bytes.
pub const WOULD_BLOCK: i64 = -1;

/// A stream that the host writes.
#[unsafe(no_mangle)]
extern "C" fn host_source(kind: u32, object: u32, offset: u64) -> u32 {
    let new = new_stream(0);
    let at = stream_at(new);
    put(at + stream::KIND, kind);
    put(at + stream::OBJECT, object);
    put64(at + stream::OFFSET, offset);
    new
}

/// A future that the host will write.
#[unsafe(no_mangle)]
extern "C" fn host_future() -> u32 {
    let new = new_stream(FUTURE);
    put(stream_at(new) + stream::KIND, RESULT);
    new
}

/// A future that has a result.
#[unsafe(no_mangle)]
extern "C" fn resolved_future(kind: u32, code: u32) -> u32 {
    let new = host_future();
    settle(new, kind, code);
    new
}

/// A future gets the result of a source.
#[unsafe(no_mangle)]
extern "C" fn source_result(source: u32, future: u32, kind: u32) {
    put(stream_at(source) + stream::FUTURE, future);
    put(stream_at(source) + stream::CODE, kind);
}

/// A read of a kind, at a stream that nobody has: the end that has an event when the read would go on.
#[inline(never)]
pub fn watch(kind: u32, object: u32) -> u32 {
    let new = host_source(kind, object, 0);
    let end = new;
    put(end_at(end) + end::STATE, copy::COPYING);
    put(end_at(end) + end::LENGTH, 1);
    put(end_at(end) + end::PORT, NO_PORT);
    put(stream_at(new) + stream::PENDING, end);
    go_on(end);
    end
}

/// Nobody looks at such an end any more.
pub fn forget(end: u32) {
    put(stream_at(stream_of(end)) + stream::USED, 0);
}

/// Waits until a read of a kind would go on.
#[unsafe(no_mangle)]
extern "C" fn host_wait(kind: u32, object: u32) {
    let end = watch(kind, object);
    if get(end_at(end) + waitable::EVENT) == 0 {
        wait_for_event(wait::END, end);
    }
    forget(end);
}

/// Nobody reads a stream any more.
#[unsafe(no_mangle)]
extern "C" fn host_drop(stream: u32) {
    gone(stream);
}

/// Gives a string in the state block to the guest that reads at a port: the records move.
#[unsafe(no_mangle)]
extern "C" fn host_text(port: u32, place: u32, bytes: u32, pointer: u32) {
    crate::import::text(port, place, bytes, pointer)
}

/// Where the memory of a port begins.
#[unsafe(no_mangle)]
extern "C" fn host_base(port: u32) -> u32 {
    base(port)
}

/// The host takes the readable end of a stream.
#[unsafe(no_mangle)]
extern "C" fn host_sink(source: u32, kind: u32, object: u32, offset: u64) -> u32 {
    let future = host_future();
    let at = stream_at(source);
    if get(at + stream::KIND) != 0 {
        weak::pump_begin(source, kind, object, offset, future);
        return future;
    }
    put(at + stream::KIND, kind);
    put(at + stream::OBJECT, object);
    put64(at + stream::OFFSET, offset);
    put(at + stream::FUTURE, future);
    if get(at + stream::DROPPED) != 0 {
        finish(source, 0);
        gone(source);
    } else if get(at + stream::PENDING) != 0 {
        go_on(writable(source));
    }
    future
}

/// A future has a result.
pub fn settle(future: u32, kind: u32, code: u32) {
    let at = stream_at(future);
    put(at + stream::KIND, RESULT | kind);
    put(at + stream::CODE, code + 1);
    if get(at + stream::PENDING) != 0 {
        settled(future, weak::give_result(future));
    }
    if get(stream_at(future) + stream::DROPPED) != 0 {
        gone(writable(future));
    }
}

/// A source or sink has ended; 0 is no error.
#[inline(never)]
pub fn finish(shared: u32, code: u32) {
    let at = stream_at(shared);
    let (mut kind, future) = (get(at + stream::KIND), get(at + stream::FUTURE));
    io_close(kind, get(at + stream::OBJECT));
    if future != 0 {
        // What has failed at once has the result of what it would have been.
        let meant = get(stream_at(shared) + stream::CODE);
        if meant != 0 {
            kind = meant;
        }
        put(stream_at(shared) + stream::FUTURE, 0);
        settle(future, kind, code);
    }
}

/// The guest's end of a stream of the host is no more.
#[unsafe(export_name = "weak:other-gone")]
extern "C" fn other_gone(end: u32) {
    let shared = stream_of(end);
    let at = stream_at(shared);
    let kind = get(at + stream::KIND);
    if kind & RESULT != 0 {
        if get(at + stream::CODE) != 0 {
            put(end_at(other(end)) + end::STATE, 0);
        }
        return;
    }
    finish(shared, 0);
    put(end_at(other(end)) + end::STATE, 0);
}

/// A guest that reads a future of the host gets the result, if that is there: then this is how the copy has ended, and one
/// more.
#[unsafe(export_name = "weak:give-result")]
extern "C" fn give_result(end: u32) -> u32 {
    let at = stream_at(stream_of(end));
    let code = get(at + stream::CODE);
    if code == 0 {
        return 0;
    }
    let address = base(get(end_at(end) + end::PORT)) + pointer(end);
    io_result(get(at + stream::KIND) & !RESULT, code - 1, address);
    add(end_at(end) + end::PROGRESS, 1);
    put(end_at(other(end)) + end::STATE, 0);
    OVER
}

/// A copy has ended as it should.
const OVER: u32 = result::COMPLETED + 1;
/// The host is asked again at once.
const AGAIN: u32 = u32::MAX;

/// Goes on with a copy of a guest at its end: how it has ended, and one more, or 0 while it has not.
#[unsafe(export_name = "weak:host-transfer")]
extern "C" fn transfer(end: u32) -> u32 {
    loop {
        let state = ask(end);
        if state != AGAIN {
            return state;
        }
    }
}

#[inline(never)]
fn ask(end: u32) -> u32 {
    let (at, of) = end_and_stream(end);
    let kind = get(of + stream::KIND);
    if kind & RESULT != 0 {
        return weak::give_result(end);
    }
    let count = get(at + end::LENGTH) - get(at + end::PROGRESS);
    if count == 0 {
        return OVER;
    }
    let (object, offset) = (get(of + stream::OBJECT), get64(of + stream::OFFSET));
    let (port, place) = (get(at + end::PORT), pointer(end));
    let address = base(port) + place;
    let moved = match writes(end) {
        true => io_write(kind, object, offset, address, count),
        false => io_read(kind, object, offset, address, count, port, place),
    };
    if moved <= 0 {
        return stopped(end, moved);
    }
    // What is read may be given to the guest, where all moves.
    let (at, of) = end_and_stream(end);
    add(at + end::PROGRESS, moved as u32);
    put64(of + stream::OFFSET, offset + moved as u64);
    match moved as u32 == count || !writes(end) {
        true => OVER,
        false => AGAIN,
    }
}

/// The host has moved nothing.
#[inline(never)]
fn stopped(end: u32, moved: i64) -> u32 {
    if moved == 0 && writes(end) || moved == WOULD_BLOCK && waits() == 0 {
        return AGAIN;
    }
    if moved == WOULD_BLOCK {
        asks(asks::STREAM);
        return 0;
    }
    let code = if moved < 0 { (-2 - moved) as u32 } else { 0 };
    let shared = stream_of(end);
    finish(shared, code);
    put(stream_at(shared) + stream::DROPPED, 1);
    put(end_at(other(end)) + end::STATE, 0);
    result::DROPPED + 1
}

/// Goes on with a copy that its guest has asked for before.
fn go_on(end: u32) {
    settled(end, transfer(end));
}

/// A copy has ended, if it has: so, and one more.
#[inline(never)]
fn settled(end: u32, state: u32) {
    if state != 0 {
        put(stream_at(stream_of(end)) + stream::PENDING, 0);
        notify(end, state - 1);
    }
}

/// Whether a copy waits for the host, at a stream.
fn is_waiting(at: At) -> bool {
    get(at + stream::USED) != 0
        && get(at + stream::KIND) != 0
        && get(at + stream::KIND) & RESULT == 0
        && get(at + stream::PENDING) != 0
}

/// Begins a poll: nothing is subscribed to yet.
pub fn begin() {
    io_subscribe(0, 0, 0);
}

/// Adds what is waited for to the next poll; says whether there is anything.
#[inline(never)]
pub fn subscribe() -> bool {
    let asked = get(head() + head::ASKS);
    if asked & asks::STREAM == 0 {
        return false;
    }
    let mut any = false;
    let mut shared = head::BYTES;
    while shared < streams() {
        let at = stream_at(shared);
        if is_waiting(at) {
            if !any {
                begin();
            }
            any = true;
            match get(at + stream::PENDING) {
                pump::PENDING => weak::pump_subscribe(shared),
                pending => {
                    io_subscribe(
                        get(at + stream::KIND),
                        get(at + stream::OBJECT),
                        writes(pending).into(),
                    );
                }
            }
        }
        shared += stream::BYTES;
    }
    if !any {
        put(head() + head::ASKS, asked & !asks::STREAM);
    }
    any
}

/// Tries again what waits for the host.
#[inline(never)]
pub fn retry() {
    let mut shared = head::BYTES;
    while shared < streams() {
        let at = stream_at(shared);
        if is_waiting(at) {
            match get(at + stream::PENDING) {
                pump::PENDING => weak::pump_go_on(shared),
                pending => go_on(pending),
            }
        }
        shared += stream::BYTES;
    }
}

/// Looks once whether the host has something for a stream.
#[unsafe(export_name = "weak:look")]
extern "C" fn look() {
    if subscribe() {
        io_poll(1, 0);
        retry();
    }
}
