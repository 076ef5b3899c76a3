//! The records, and where they are: a head, streams, calls with waitable sets, and what is kept of each
//! instance. Nothing keeps an address while a guest may run. A call, an end of a stream and a waitable set are known by how far their records
//! are from the head: that is its address in all programs whose records lie at 0, and one addition in the others.

use crate::alone::ALONE;
use crate::import::{contexts, fail, max_streams, max_tasks, reason, tasks, thread_stack, waits};
use p1bridge_shim::abi::{load32, load64, store32, store64};

/// No call: the head is there.
pub const NONE: u32 = 0;
/// No end is of a guest, in place of a port.
pub const NO_PORT: u32 = u32::MAX;
/// The host, in place of an instance.
pub const HOST: u32 = u32::MAX;

/// The head. What waits for the host's call is kept as for a call, at the same offsets.
pub mod head {
    /// The running task.
    pub const CURRENT: u32 = 0;
    /// The payload of the last event.
    pub const EVENT: u32 = 4;
    /// Counts what begins to wait.
    pub const TIME: u32 = 12;
    /// How many frames of guests wait on the stack.
    pub const DEPTH: u32 = 36;
    /// The thread that runs as soon as the current one waits.
    pub const NEXT: u32 = 40;
    /// How many turns were given up since anything else has run.
    pub const TURNS: u32 = 44;
    /// The end of all calls, and of all streams, that were ever there at the same time: nobody has to look further.
    pub const CALLS: u32 = 48;
    pub const STREAMS: u32 = 52;
    /// How many calls there are.
    pub const USED: u32 = 56;
    /// Whether a stream or a call may wait for the host ([`super::asks`]).
    pub const ASKS: u32 = 60;
    /// So many that the number of an end says which of the two it is.
    pub const BYTES: u32 = super::stream::BYTES;
}

/// What may wait for the host.
pub mod asks {
    pub const STREAM: u32 = 1;
    pub const TIMER: u32 = 2;
}

/// What is kept of an instance.
pub mod instance {
    /// The task that has the lock.
    pub const EXCLUSIVE: u32 = 0;
    pub const BACKPRESSURE: u32 = 4;
    /// How many calls wait to enter: read together with what is before it.
    pub const WAITING: u32 = 8;
    pub const BYTES: u32 = 16;
}

/// The first fields of calls and of ends of streams: "Waitable State".
pub mod waitable {
    /// 0: none. Of an end: the result of the copy, and one more.
    pub const EVENT: u32 = 0;
    /// The waitable set, and one more.
    pub const SET: u32 = 4;
    /// Whether a frame waits for it.
    pub const SYNC: u32 = 8;
    /// Its handle.
    pub const HANDLE: u32 = 12;
}

/// A call: the task on the side of the callee, and the subtask on that of the caller.
pub mod call {
    /// What it waits for, and how it goes on then ([`super::how`]).
    pub const WAIT: u32 = 16;
    /// The set, call or end that it waits for.
    pub const WAIT_ON: u32 = 20;
    pub const SINCE: u32 = 24;
    pub const CONTEXT: u32 = 28;
    /// "Task State".
    pub const TASK: u32 = 36;
    /// "Subtask State".
    pub const SUBTASK: u32 = 40;
    pub const LOANS: u32 = 44;
    /// How many borrowed handles the task has.
    pub const BORROWS: u32 = 48;
    /// How many threads it has beside its own.
    pub const THREADS: u32 = 52;
    pub const FLAGS: u32 = 56;
    /// What is kept of the instance that it locks while it runs, from the head; 0 if it locks none.
    pub const LOCK: u32 = 60;
    pub const SITE: u32 = 64;
    pub const LIFT: u32 = 68;
    pub const CALLER: u32 = 72;
    pub const CALLEE: u32 = 76;
    pub const MODE: u32 = 80;
    /// The task that called.
    pub const PARENT: u32 = 84;
    /// Arguments, and where the result goes; of a timer, its deadline.
    pub const ARGS: u32 = 88;
    /// The call on whose stack it is: itself, or one that waits for it.
    pub const STACK: u32 = 128;
    /// The task that ran when this one was entered.
    pub const FRAME: u32 = 132;
    /// The record of a waitable set: it has nothing to do with the call.
    pub const SET: u32 = 136;
    pub const BYTES: u32 = 144;
    // Of a stack that was taken away, where the arguments were: the call at its top, the bytes that were kept of
    // it, and what it begins with.
    pub const TOP: u32 = ARGS + 8;
    pub const KEPT: u32 = ARGS + 12;
    pub const ROOT: u32 = ARGS + 16;
}

/// How a call was made.
pub mod mode {
    pub const ASYNC_LOWER: u32 = 1;
    pub const ASYNC_TYPE: u32 = 2;
    pub const CALLBACK: u32 = 4;
    pub const STACKFUL: u32 = 8;
    pub const BY_HOST: u32 = 16;
    /// Not a call of a guest: it is over when its deadline is.
    pub const TIMER: u32 = 32;
    /// Not a call, but another thread of the task that is its parent.
    pub const THREAD: u32 = 64;
    /// A call of the host, which waits for an end of a stream that nobody has.
    pub const OF_HOST: u32 = 128;
}

pub mod flag {
    pub const USED: u32 = 1;
    /// The task has ended.
    pub const EXITED: u32 = 2;
    /// The caller has a handle.
    pub const HANDLE: u32 = 4;
    /// The caller knows that it is resolved.
    pub const DELIVERED: u32 = 8;
    /// The caller has asked for it to be cancelled.
    pub const CANCEL: u32 = 16;
    /// The caller has nothing more to do with it.
    pub const DETACHED: u32 = 32;
    /// Its own thread has ended.
    pub const THREAD_ENDED: u32 = 64;
}

/// States of tasks.
pub mod task {
    pub const INITIAL: u32 = 0;
    pub const STARTED: u32 = 1;
    pub const PENDING_CANCEL: u32 = 2;
    pub const CANCEL_DELIVERED: u32 = 3;
    pub const RESOLVED: u32 = 4;
}

/// States of subtasks; 0 is `STARTING`.
pub mod subtask {
    pub const STARTED: u32 = 1;
    pub const RETURNED: u32 = 2;
    pub const CANCELLED_BEFORE_STARTED: u32 = 3;
    pub const CANCELLED_BEFORE_RETURNED: u32 = 4;
}

/// What a thread waits for.
pub mod wait {
    pub const NOTHING: u32 = 0;
    /// A turn.
    pub const YIELD: u32 = 1;
    /// An event of a set.
    pub const SET: u32 = 2;
    /// That a call may begin.
    pub const ENTER: u32 = 3;
    /// That a call is resolved.
    pub const RESOLVED: u32 = 4;
    /// An event of a call, or of an end.
    pub const CALL: u32 = 5;
    pub const END: u32 = 6;
    /// Another thread.
    pub const SUSPENDED: u32 = 7;
    /// These bits of the word.
    pub const MASK: u32 = 0xff;
}

/// How a thread that waits goes on; 0 is one whose frames lie on the stack.
pub mod how {
    /// Its callback is called.
    pub const CALLBACK: u32 = 0x100;
    /// It begins.
    pub const CALL: u32 = 0x200;
    /// Its frames are put back.
    pub const STACK: u32 = 0x300;
    /// A thread begins.
    pub const THREAD: u32 = 0x400;
    /// A call of the host is tried again.
    pub const HOST: u32 = 0x500;
    pub const MASK: u32 = 0xf00;
}

/// What a stack begins with.
pub mod root {
    pub const CALL: u32 = 0;
    pub const CALLBACK: u32 = 1;
    pub const THREAD: u32 = 2;
}

/// A waitable set.
pub mod set {
    /// How many wait for it, how many members it has, and one more; 0 is a free record.
    pub const USES: u32 = 0;
    /// How many of its members have an event.
    pub const EVENTS: u32 = 4;
}

/// A stream or future: what is known of it lies behind its two ends.
pub mod stream {
    use super::end;
    pub const USED: u32 = end::OWN;
    /// The type of handles of its readable end; 0 where the host made it.
    pub const TYPE: u32 = end::OWN + 4;
    pub const DROPPED: u32 = end::OWN + 8;
    /// The end whose copy waits.
    pub const PENDING: u32 = end::OWN + 12;
    /// What the host has at its end; 0: both ends are of guests.
    pub const KIND: u32 = end::OWN + 16;
    pub const OBJECT: u32 = end::OWN + 20;
    pub const OFFSET: u32 = end::BYTES + end::OWN;
    /// The future that gets the result of a stream. Of such a future: the result, and one more.
    pub const FUTURE: u32 = OFFSET + 8;
    pub const CODE: u32 = OFFSET + 12;
    pub const BYTES: u32 = 2 * end::BYTES;
}

/// An end.
pub mod end {
    pub const STATE: u32 = 16;
    pub const INSTANCE: u32 = 20;
    pub const POINTER: u32 = 24;
    pub const LENGTH: u32 = 28;
    pub const PROGRESS: u32 = 32;
    pub const PORT: u32 = 36;
    /// What is behind is its own no more.
    pub const OWN: u32 = 40;
    pub const BYTES: u32 = 64;
}

/// "Stream State", `CopyState`; 0 is an end that is gone.
pub mod copy {
    pub const IDLE: u32 = 1;
    pub const COPYING: u32 = 2;
    pub const CANCELLING: u32 = 3;
    pub const DONE: u32 = 4;
}

/// "Stream State", `CopyResult`.
pub mod result {
    pub const COMPLETED: u32 = 0;
    pub const DROPPED: u32 = 1;
    pub const CANCELLED: u32 = 2;
}

/// Types of handles.
pub const SUBTASK: u32 = 0x4000_0000;
pub const SET: u32 = 0x4000_0001;
pub const FIRST_END: u32 = 0x4000_0010;

/// An argument that says nothing.
pub const BLOCKED: u32 = u32::MAX;

/// Where a record is, or a field of one. No record reaches over the end of all addresses, so that the offset of a
/// field is a part of the instruction that reads it.
#[derive(Clone, Copy)]
pub struct At(u32);

impl At {
    /// The address, for the linker.
    pub fn address(self) -> u32 {
        self.0
    }
}

impl core::ops::Add<u32> for At {
    type Output = At;

    #[inline(always)]
    fn add(self, offset: u32) -> At {
        // Records lie in the memory, whose last address is one.
        At(unsafe { self.0.unchecked_add(offset) })
    }
}

pub fn get(at: At) -> u32 {
    load32(at.0)
}

pub fn put(at: At, value: u32) {
    store32(at.0, value)
}

pub fn get64(at: At) -> u64 {
    load64(at.0)
}

pub fn put64(at: At, value: u64) {
    store64(at.0, value)
}

pub fn add(at: At, value: u32) {
    put(at, get(at).wrapping_add(value))
}

/// The head.
#[inline(always)]
pub fn head() -> At {
    At(tasks())
}

/// The first call.
#[inline(always)]
pub fn first_call() -> u32 {
    head::BYTES + max_streams() * stream::BYTES
}

/// A call.
#[inline(always)]
pub fn call_at(call: u32) -> At {
    head() + call
}

/// A waitable set.
pub fn set_at(set: u32) -> At {
    head() + set + call::SET
}

/// An end.
#[inline(always)]
pub fn end_at(end: u32) -> At {
    record_at(end)
}

/// A stream or future: it begins with its readable end.
#[inline(always)]
pub fn stream_at(stream: u32) -> At {
    record_at(stream)
}

/// A record. Most functions that look for ends run once for a stream: a call is less code than an addition there.
#[inline(never)]
fn record_at(record: u32) -> At {
    head() + record
}

/// An end and its stream, where bytes move.
#[inline(always)]
pub fn end_and_stream(end: u32) -> (At, At) {
    (head() + end, head() + stream_of(end))
}

/// The stream of an end.
#[inline(always)]
pub fn stream_of(end: u32) -> u32 {
    end & !end::BYTES
}

/// The other end of a stream.
#[inline(always)]
pub fn other(end: u32) -> u32 {
    end ^ end::BYTES
}

/// The writable end of a stream.
#[inline(always)]
pub fn writable(stream: u32) -> u32 {
    stream | end::BYTES
}

/// Whether an end is the writable one.
#[inline(always)]
pub fn writes(end: u32) -> bool {
    end & end::BYTES != 0
}

/// How far from the head is what is kept of an instance.
#[inline(always)]
pub fn from_head(instance: u32) -> u32 {
    first_call() + max_tasks() * call::BYTES + instance * instance::BYTES
}

/// What is kept of an instance.
#[inline(never)]
pub fn instance_at(instance: u32) -> At {
    head() + from_head(instance)
}

/// The running task.
#[inline(always)]
pub fn current() -> u32 {
    get(head() + head::CURRENT)
}

/// The task of a thread.
#[inline(always)]
pub fn task_of(thread: u32) -> u32 {
    // Tasks have more than one where stacks are taken away.
    if thread_stack() == 0 || thread == NONE {
        return thread;
    }
    let at = call_at(thread);
    match get(at + call::MODE) & mode::THREAD {
        0 => thread,
        _ => get(at + call::PARENT),
    }
}

/// Where the calls end: those behind it were never there.
#[inline(always)]
pub fn calls() -> u32 {
    get(head() + head::CALLS)
}

/// Where the streams end: those behind it were never there.
#[inline(always)]
pub fn streams() -> u32 {
    get(head() + head::STREAMS)
}

/// Notes where records end.
#[inline(always)]
fn reach(mark: u32, end: u32) {
    let at = head() + mark;
    if get(at) < end {
        put(at, end);
    }
}

/// Notes that something waits for the host.
pub fn asks(what: u32) {
    let at = head() + head::ASKS;
    put(at, get(at) | what);
}

/// The next moment.
#[inline(always)]
pub fn tick() -> u32 {
    let now = get(head() + head::TIME).wrapping_add(1);
    put(head() + head::TIME, now);
    now
}

/// A call that is free.
#[inline(never)]
pub fn new_call() -> u32 {
    // Where there is one task at a time, the first record is its own, and does not count.
    let first = u32::from(ALONE);
    let few = max_tasks() - max_tasks() / 4;
    if get(head() + head::USED) >= few {
        make_room(first);
    }
    let mut call = first_call() + first * call::BYTES;
    while get(call_at(call) + call::FLAGS) != 0 {
        call += call::BYTES;
    }
    begin_call(call_at(call));
    add(head() + head::USED, 1);
    reach(head::CALLS, call + call::BYTES);
    call
}

/// Where few calls are left, those that can end do so first: the instance that calls is locked, and its own tasks cannot
/// when none is left.
#[inline(never)]
fn make_room(first: u32) {
    if !ALONE {
        let few = max_tasks() - max_tasks() / 4;
        while get(head() + head::USED) >= few && crate::step::others_go_on() {}
    }
    if get(head() + head::USED) + first >= max_tasks() {
        fail(reason::TASKS);
    }
}

/// What a call begins with. It can be waited for as soon as it has a handle, and waits for nothing when it is freed: what
/// says so is zero already.
#[inline(always)]
pub fn begin_call(at: At) {
    if contexts() != 0 {
        put64(at + call::CONTEXT, 0);
    }
    // Each with what is behind it.
    put64(at + call::TASK, 0);
    put64(at + call::LOANS, 0);
    put64(at + call::THREADS, u64::from(flag::USED) << 32);
}

/// A call is there no more.
#[inline(always)]
pub fn free_call(at: At) {
    put(at + call::FLAGS, 0);
    put(at + call::WAIT, 0);
    add(head() + head::USED, u32::MAX);
}

/// A waitable set that is free.
#[inline(never)]
pub fn new_set() -> u32 {
    let mut set = first_call();
    while set < from_head(0) {
        let at = set_at(set);
        if get(at + set::USES) == 0 {
            put(at + set::USES, 1);
            return set;
        }
        set += call::BYTES;
    }
    fail(reason::TASKS)
}

/// A stream that is free, with both its ends idle.
#[inline(never)]
pub fn new_stream(ty: u32) -> u32 {
    loop {
        let mut stream = head::BYTES;
        while stream < first_call() {
            let at = stream_at(stream);
            if get(at + stream::USED) == 0 {
                clear(at, stream::BYTES);
                put(at + stream::USED, 1);
                put(at + stream::TYPE, ty);
                put(at + end::STATE, copy::IDLE);
                put(at + (end::BYTES + end::STATE), copy::IDLE);
                if waits() != 0 {
                    reach(head::STREAMS, stream + stream::BYTES);
                }
                return stream;
            }
            stream += stream::BYTES;
        }
        if ALONE || !crate::step::others_go_on() {
            fail(reason::STREAMS);
        }
    }
}

/// Makes bytes zero, a multiple of eight.
#[inline(never)]
pub fn clear(at: At, bytes: u32) {
    let mut next = at;
    while next.0 != at.0 + bytes {
        put64(next, 0);
        next = next + 8;
    }
}

/// The entry of a handle, which must be there.
#[inline(never)]
pub fn entry(instance: u32, handle: u32) -> At {
    let table = At(crate::import::table(instance));
    // The first entry has the number of those that were ever used. 0 wraps.
    crate::import::trap_if(handle.wrapping_sub(1) >= get(table + 4));
    table + handle * 16
}

/// What a handle of this type stands for.
pub fn find(instance: u32, handle: u32, ty: u32) -> u32 {
    let entry = entry(instance, handle);
    crate::import::trap_if(get(entry) != ty);
    get(entry + 4)
}

/// The address of what a handle stands for that can be waited for.
#[inline(never)]
pub fn find_waitable(instance: u32, handle: u32) -> At {
    let entry = entry(instance, handle);
    let (ty, rep) = (get(entry), get(entry + 4));
    match ty {
        SUBTASK | FIRST_END.. => head() + rep,
        _ => p1bridge_shim::trap(),
    }
}
