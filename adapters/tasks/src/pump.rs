//! Streams from host to host: a file to standard output.
//!
//! Neither end is of a guest: what is known of the sink is where its ends would be. Bytes go by way of a buffer of the
//! library that has the host's streams, of which [`BUFFER`] stands for the address.

use crate::ends::gone;
use crate::host::{WOULD_BLOCK, finish, settle};
use crate::import::{io_close, io_poll, io_read, io_subscribe, io_write};
use crate::record::{
    NO_PORT, asks, end, end_at, get, get64, put, put64, stream, stream_at, writable,
};

/// In `stream::PENDING`: neither end.
pub const PENDING: u32 = 3;
/// The buffer, and its bytes: to the end of all addresses. In front of it is room for one question to the host.
const BUFFER: u32 = 0xffff_f100;
const SIZE: u32 = 0xf00;

/// The sink, where the readable end would be. Its state and its set stay zero.
mod sink {
    use super::end;
    /// Whether it is waited for, and not the source.
    pub const WAITS: u32 = end::INSTANCE;
    pub const KIND: u32 = end::POINTER;
    pub const OBJECT: u32 = end::LENGTH;
    pub const FUTURE: u32 = end::PROGRESS;
    /// Of the writable end, too.
    pub const OFFSET: u32 = end::BYTES + end::POINTER;
}

/// The host takes the readable end of a stream that it writes itself.
#[unsafe(export_name = "weak:pump-begin")]
extern "C" fn begin(source: u32, kind: u32, object: u32, offset: u64, future: u32) {
    if get(stream_at(source) + stream::DROPPED) != 0 {
        io_close(kind, object);
        settle(future, kind, 0);
        gone(source);
        return;
    }
    let at = end_at(source);
    put(at + end::STATE, 0);
    put(end_at(writable(source)) + end::STATE, 0);
    put(at + sink::KIND, kind);
    put(at + sink::OBJECT, object);
    put(at + sink::FUTURE, future);
    put64(at + sink::OFFSET, offset);
    put(stream_at(source) + stream::PENDING, PENDING);
    go_on(source);
}

/// Adds what is waited for to the next poll.
#[unsafe(export_name = "weak:pump-subscribe")]
extern "C" fn subscribe(shared: u32) {
    let (at, to) = (stream_at(shared), end_at(shared));
    match get(to + sink::WAITS) {
        0 => io_subscribe(get(at + stream::KIND), get(at + stream::OBJECT), 0),
        _ => io_subscribe(get(to + sink::KIND), get(to + sink::OBJECT), 1),
    }
}

/// Passes on what there is.
#[unsafe(export_name = "weak:pump-go-on")]
extern "C" fn go_on(shared: u32) {
    loop {
        // A write of nothing says whether one would go on.
        let waits = write(shared, BUFFER, 0) == WOULD_BLOCK;
        put(end_at(shared) + sink::WAITS, waits.into());
        if waits {
            return asks(asks::STREAM);
        }
        let at = stream_at(shared);
        let offset = get64(at + stream::OFFSET);
        let (kind, object) = (get(at + stream::KIND), get(at + stream::OBJECT));
        let moved = io_read(kind, object, offset, BUFFER, SIZE, NO_PORT, 0);
        if moved == WOULD_BLOCK {
            return asks(asks::STREAM);
        }
        if moved <= 0 {
            return end(shared, code(moved), 0);
        }
        put64(
            stream_at(shared) + stream::OFFSET,
            offset.wrapping_add(moved as u64),
        );
        let mut done = 0;
        while done != moved as u32 {
            let taken = write(shared, BUFFER + done, moved as u32 - done);
            // What has been read is in no other place: it is tried until it is gone.
            if taken >= 0 {
                done += taken as u32;
                let to = end_at(shared) + sink::OFFSET;
                put64(to, get64(to).wrapping_add(taken as u64));
            } else if taken == WOULD_BLOCK {
                let at = end_at(shared);
                io_subscribe(0, 0, 0);
                io_subscribe(get(at + sink::KIND), get(at + sink::OBJECT), 1);
                io_poll(0, 0);
            } else {
                return end(shared, 0, code(taken));
            }
        }
    }
}

fn write(shared: u32, address: u32, count: u32) -> i64 {
    let at = end_at(shared);
    let (kind, object) = (get(at + sink::KIND), get(at + sink::OBJECT));
    io_write(kind, object, get64(at + sink::OFFSET), address, count)
}

/// The error of a read or write, or 0 at the end.
fn code(moved: i64) -> u32 {
    match moved {
        0 => 0,
        failed => (-2 - failed) as u32,
    }
}

/// Nothing more is passed on: both futures get to know it.
fn end(shared: u32, of_source: u32, of_sink: u32) {
    let at = end_at(shared);
    let (kind, object) = (get(at + sink::KIND), get(at + sink::OBJECT));
    let future = get(at + sink::FUTURE);
    put(stream_at(shared) + stream::PENDING, 0);
    finish(shared, of_source);
    io_close(kind, object);
    settle(future, kind, of_sink);
    put(stream_at(shared) + stream::USED, 0);
}
