//! Streams and futures: "Stream State" and "Future State". A record has both ends; a stream is known as its readable one
//! is.

use crate::import::{self, handle_add, handle_remove, size, table, trap_if, weak};
use crate::record::{
    BLOCKED, add, copy, end, end_and_stream, end_at, find, get, new_stream, other, put, result,
    stream, stream_at, stream_of, wait, waitable, writable, writes,
};
use crate::set::{move_to, set_event};
use crate::step::wait_for_event;

/// Flags of reading and writing.
const ASYNC: u32 = 1;
const PLAIN: u32 = 2;
/// In a type of handles: that of a future; that of a writable end.
pub const FUTURE: u32 = 2;
const WRITABLE: u32 = 1;

/// `EventCode.STREAM_READ`; the others follow.
const STREAM_READ: u32 = 2;

pub fn is_future(end: u32) -> bool {
    get(stream_at(stream_of(end)) + stream::TYPE) & FUTURE != 0
}

/// The code of the events of an end.
pub fn event_code(end: u32) -> u32 {
    STREAM_READ + u32::from(writes(end)) + if is_future(end) { 2 } else { 0 }
}

/// `stream.new` and `future.new`.
#[unsafe(no_mangle)]
extern "C" fn stream_new(instance: u32, ty: u32) -> u64 {
    let new = new_stream(ty);
    let readable = own(instance, ty, new);
    let writable = own(instance, ty + WRITABLE, writable(new));
    u64::from(readable) | u64::from(writable) << 32
}

/// Gives an end to an instance.
fn own(instance: u32, ty: u32, end: u32) -> u32 {
    let handle = handle_add(table(instance), end, ty, 1);
    let at = end_at(end);
    put(at + waitable::HANDLE, handle);
    put(at + end::INSTANCE, instance);
    handle
}

/// A result for an end whose copy was waiting, or has just been asked for.
pub fn notify(end: u32, result: u32) {
    set_event(end_at(end), result + 1);
}

/// Takes the event of an end: its payload.
#[inline(never)]
pub fn take(end: u32) -> u32 {
    let at = end_at(end);
    let result = get(at + waitable::EVENT) - 1;
    set_event(at, 0);
    conclude(end, result)
}

/// What an end is when its guest knows how a copy has ended, and what the guest gets to know.
#[inline(never)]
fn conclude(end: u32, result: u32) -> u32 {
    let (at, shared) = end_and_stream(end);
    // A buffer that is not full was only lent until now.
    if get(shared + stream::PENDING) == end {
        put(shared + stream::PENDING, 0);
    }
    let future = get(shared + stream::TYPE) & FUTURE != 0;
    let done = result == result::DROPPED || future && result == result::COMPLETED;
    put(at + end::STATE, if done { copy::DONE } else { copy::IDLE });
    match future {
        true => result,
        false => result | get(at + end::PROGRESS) << 4,
    }
}

fn remain(end: u32) -> u32 {
    let at = end_at(end);
    get(at + end::LENGTH) - get(at + end::PROGRESS)
}

/// Where the next element of the buffer of an end is, as its guest has pointers.
pub fn pointer(end: u32) -> u32 {
    let (at, _) = end_and_stream(end);
    get(at + end::POINTER) + get(at + end::PROGRESS) * size(get(at + end::PORT))
}

/// Copies from the writer to the reader what both have room for.
fn exchange(shared: u32, count: u32) {
    let (reader, writer) = (shared, writable(shared));
    let (source, target) = (pointer(writer), pointer(reader));
    let (from, to) = (
        get(end_at(writer) + end::PORT),
        get(end_at(reader) + end::PORT),
    );
    import::copy(from, to, source, target, count);
    add(end_at(reader) + end::PROGRESS, count);
    add(end_at(writer) + end::PROGRESS, count);
}

/// Reads or writes at an end.
#[inline(never)]
fn transfer(end: u32, pointer: u32, count: u32, port: u32, flags: u32) -> u32 {
    let (at, shared) = end_and_stream(end);
    trap_if(get(at + end::STATE) != copy::IDLE);
    trap_if(get(at + waitable::SET) != 0 && flags & ASYNC == 0);
    put(at + end::STATE, copy::COPYING);
    put(at + end::POINTER, pointer);
    put(at + end::LENGTH, count);
    put(at + end::PROGRESS, 0);
    put(at + end::PORT, port);
    if get(shared + stream::DROPPED) != 0 {
        notify(end, result::DROPPED);
    } else if get(shared + stream::KIND) != 0 {
        put(shared + stream::PENDING, end);
        let result = weak::host_transfer(end);
        if result != 0 {
            return conclude(end, result - 1);
        }
    } else if get(shared + stream::PENDING) == 0 {
        put(shared + stream::PENDING, end);
    } else {
        weak::meet(end, flags);
    }
    finish(end, flags & ASYNC)
}

/// The other end has a buffer that waits.
#[unsafe(export_name = "weak:meet")]
extern "C" fn meet(end: u32, flags: u32) {
    let (at, shared, other) = (end_at(end), stream_at(stream_of(end)), other(end));
    let count = get(at + end::LENGTH);
    let same = get(at + end::INSTANCE) == get(end_at(other) + end::INSTANCE);
    trap_if(same && flags & PLAIN == 0);
    if remain(other) > 0 {
        if count > 0 {
            let most = remain(other).min(count);
            exchange(stream_of(end), most);
            if is_future(end) {
                put(stream_at(stream_of(end)) + stream::PENDING, 0);
            }
            notify(other, result::COMPLETED);
        }
        notify(end, result::COMPLETED);
    } else if writes(end) && count == 0 && get(end_at(other) + end::LENGTH) == 0 {
        notify(end, result::COMPLETED);
    } else {
        put(shared + stream::PENDING, end);
        notify(other, result::COMPLETED);
    }
}

/// Gives the result of a copy, waits for it, or says that it is not there yet.
fn finish(end: u32, is_async: u32) -> u32 {
    if get(end_at(end) + waitable::EVENT) == 0 {
        if is_async != 0 {
            return BLOCKED;
        }
        wait_for_event(wait::END, end);
    }
    take(end)
}

#[unsafe(no_mangle)]
extern "C" fn stream_read(
    instance: u32,
    ty: u32,
    handle: u32,
    pointer: u32,
    count: u32,
    port: u32,
    flags: u32,
) -> u32 {
    transfer(find(instance, handle, ty), pointer, count, port, flags)
}

#[unsafe(no_mangle)]
extern "C" fn stream_write(
    instance: u32,
    ty: u32,
    handle: u32,
    pointer: u32,
    count: u32,
    port: u32,
    flags: u32,
) -> u32 {
    transfer(
        find(instance, handle, ty + WRITABLE),
        pointer,
        count,
        port,
        flags,
    )
}

#[unsafe(no_mangle)]
extern "C" fn future_read(
    instance: u32,
    ty: u32,
    handle: u32,
    pointer: u32,
    port: u32,
    flags: u32,
) -> u32 {
    transfer(find(instance, handle, ty), pointer, 1, port, flags)
}

#[unsafe(no_mangle)]
extern "C" fn future_write(
    instance: u32,
    ty: u32,
    handle: u32,
    pointer: u32,
    port: u32,
    flags: u32,
) -> u32 {
    transfer(
        find(instance, handle, ty + WRITABLE),
        pointer,
        1,
        port,
        flags,
    )
}

/// `cancel_copy`.
fn cancel(end: u32, is_async: u32) -> u32 {
    let at = end_at(end);
    trap_if(get(at + end::STATE) != copy::COPYING || get(at + waitable::SYNC) != 0);
    trap_if(get(at + waitable::SET) != 0 && is_async == 0);
    put(at + end::STATE, copy::CANCELLING);
    let event = get(at + waitable::EVENT);
    // A copy that could have gone on is cancelled, even if a part of it is done.
    if event == 0 || event == result::COMPLETED + 1 && !is_future(end) {
        put(stream_at(stream_of(end)) + stream::PENDING, 0);
        notify(end, result::CANCELLED);
    }
    take(end)
}

#[unsafe(no_mangle)]
extern "C" fn cancel_read(instance: u32, ty: u32, handle: u32, is_async: u32) -> u32 {
    cancel(find(instance, handle, ty), is_async)
}

#[unsafe(no_mangle)]
extern "C" fn cancel_write(instance: u32, ty: u32, handle: u32, is_async: u32) -> u32 {
    cancel(find(instance, handle, ty + WRITABLE), is_async)
}

/// Drops an end.
fn drop(instance: u32, ty: u32, handle: u32) {
    let end = find(instance, handle, ty);
    let at = end_at(end);
    let state = get(at + end::STATE);
    trap_if(state == copy::COPYING || state == copy::CANCELLING);
    trap_if(get(at + waitable::EVENT) != 0 || get(at + waitable::SYNC) != 0);
    trap_if(ty & (FUTURE | WRITABLE) == FUTURE | WRITABLE && state != copy::DONE);
    handle_remove(table(instance), handle, ty);
    gone(end);
}

/// An end is no more: the other one gets to know it.
#[inline(never)]
pub fn gone(end: u32) {
    let at = end_at(end);
    put(at + end::STATE, 0);
    move_to(at, 0);
    let shared = stream_at(stream_of(end));
    if get(shared + stream::DROPPED) == 0 {
        put(shared + stream::DROPPED, 1);
        if get(shared + stream::PENDING) != 0 {
            put(shared + stream::PENDING, 0);
            notify(other(end), result::DROPPED);
        }
        if get(shared + stream::KIND) != 0 {
            weak::other_gone(end);
        }
    }
    if get(end_at(other(end)) + end::STATE) == 0 {
        put(stream_at(stream_of(end)) + stream::USED, 0);
    }
}

#[unsafe(no_mangle)]
extern "C" fn drop_readable(instance: u32, ty: u32, handle: u32) {
    drop(instance, ty, handle)
}

#[unsafe(no_mangle)]
extern "C" fn drop_writable(instance: u32, ty: u32, handle: u32) {
    drop(instance, ty + WRITABLE, handle)
}

/// `lift_async_value`: the stream behind a readable end, which the instance has no more.
#[unsafe(no_mangle)]
extern "C" fn take_end(instance: u32, ty: u32, handle: u32) -> u32 {
    let end = find(instance, handle, ty);
    let at = end_at(end);
    trap_if(get(at + end::STATE) != copy::IDLE || get(at + waitable::SET) != 0);
    handle_remove(table(instance), handle, ty);
    end
}

/// `lower_async_value`: a handle of a readable end.
#[unsafe(no_mangle)]
extern "C" fn give_end(instance: u32, ty: u32, shared: u32) -> u32 {
    let at = stream_at(shared) + stream::TYPE;
    if get(at) == 0 || get(at) == FUTURE {
        put(at, ty);
    }
    own(instance, ty, shared)
}
