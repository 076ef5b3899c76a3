//! The records, and where they are: a head, what is kept of each instance, calls with waitable sets, and
//! streams. Nothing keeps an address while a guest may run: a record is known by its number.

use crate::import::{fail, instances, max_streams, max_tasks, reason, tasks};
use p1bridge_shim::abi::{load32, store32};

/// No record.
pub const NONE: u32 = u32::MAX;
/// The host, in place of an instance.
pub const HOST: u32 = u32::MAX;

/// The head.
pub mod head {
    /// The running task, and one more.
    pub const CURRENT: u32 = 0;
    /// The payload of the last event.
    pub const EVENT: u32 = 4;
    /// Counts what begins to wait.
    pub const TIME: u32 = 12;
    /// How many frames of guests wait on the stack.
    pub const DEPTH: u32 = 16;
    /// The contexts of what is no task.
    pub const CONTEXT: u32 = 20;
    /// What the host's call waits for, as `call::WAIT` and those after it.
    pub const WAIT: u32 = 28;
    /// The thread that runs as soon as the current one waits, and one more.
    pub const NEXT: u32 = 40;
    /// How many turns were given up since anything else has run.
    pub const TURNS: u32 = 44;
    /// How many calls, and how many streams, were ever there at the same time: nobody has to look further.
    pub const CALLS: u32 = 48;
    pub const STREAMS: u32 = 52;
    pub const BYTES: u32 = 56;
}

/// What is kept of an instance.
pub mod instance {
    pub const BACKPRESSURE: u32 = 0;
    /// The task that has the lock, and one more.
    pub const EXCLUSIVE: u32 = 4;
    /// How many calls wait to enter.
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
    pub const SITE: u32 = 16;
    pub const LIFT: u32 = 20;
    pub const CALLER: u32 = 24;
    pub const CALLEE: u32 = 28;
    pub const MODE: u32 = 32;
    /// "Task State".
    pub const TASK: u32 = 36;
    /// "Subtask State".
    pub const SUBTASK: u32 = 40;
    pub const FLAGS: u32 = 44;
    /// The task that called, and one more.
    pub const PARENT: u32 = 48;
    /// The task that ran when this one was entered, and one more.
    pub const FRAME: u32 = 52;
    pub const CONTEXT: u32 = 56;
    /// What it waits for, and how it goes on then ([`super::how`]).
    pub const WAIT: u32 = 64;
    /// The set, call or end that it waits for.
    pub const WAIT_ON: u32 = 68;
    pub const SINCE: u32 = 72;
    pub const LOANS: u32 = 76;
    /// Arguments, and where the result goes; of a timer, its deadline.
    pub const ARGS: u32 = 80;
    /// How many borrowed handles the task has.
    pub const BORROWS: u32 = 120;
    /// The call on whose stack it is: itself, or one that waits for it.
    pub const STACK: u32 = 124;
    /// How many threads it has beside its own.
    pub const THREADS: u32 = 128;
    pub const BYTES: u32 = 136;
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
    /// How many wait for it, and one more; 0 is a free record.
    pub const WAITERS: u32 = 0;
    pub const BYTES: u32 = 8;
}

/// A stream or future, before its two ends.
pub mod stream {
    pub const USED: u32 = 0;
    /// The type of handles of its readable end; 0 where the host made it.
    pub const TYPE: u32 = 4;
    pub const DROPPED: u32 = 8;
    /// The end whose copy waits, and one more.
    pub const PENDING: u32 = 12;
    /// What the host has at its end; 0: both ends are of guests.
    pub const KIND: u32 = 16;
    pub const OBJECT: u32 = 20;
    pub const OFFSET: u32 = 24;
    /// The future that gets the result of a stream, and one more. Of such a future: the result, and one more.
    pub const FUTURE: u32 = 32;
    pub const CODE: u32 = 36;
    pub const HEAD: u32 = 40;
    pub const BYTES: u32 = HEAD + 2 * super::end::BYTES;
}

/// An end.
pub mod end {
    pub const STATE: u32 = 16;
    pub const INSTANCE: u32 = 20;
    pub const POINTER: u32 = 24;
    pub const LENGTH: u32 = 28;
    pub const PROGRESS: u32 = 32;
    pub const PORT: u32 = 36;
    pub const BYTES: u32 = 48;
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

pub fn get(address: u32) -> u32 {
    load32(address)
}

pub fn put(address: u32, value: u32) {
    store32(address, value)
}

pub fn add(address: u32, value: u32) {
    put(address, get(address).wrapping_add(value))
}

/// The head.
pub fn head() -> u32 {
    tasks()
}

/// What is kept of an instance.
#[inline(never)]
pub fn instance_at(instance: u32) -> u32 {
    tasks() + head::BYTES + instance * instance::BYTES
}

/// A call.
#[inline(never)]
pub fn call_at(call: u32) -> u32 {
    instance_at(instances()) + call * call::BYTES
}

/// A waitable set.
#[inline(never)]
pub fn set_at(set: u32) -> u32 {
    call_at(max_tasks()) + set * set::BYTES
}

/// A stream or future.
#[inline(never)]
pub fn stream_at(stream: u32) -> u32 {
    set_at(max_tasks()) + stream * stream::BYTES
}

/// An end: twice the number of its stream, and one more for the writable one.
#[inline(never)]
pub fn end_at(end: u32) -> u32 {
    stream_at(end >> 1) + stream::HEAD + (end & 1) * end::BYTES
}

/// The running task.
pub fn current() -> u32 {
    get(head() + head::CURRENT).wrapping_sub(1)
}

/// The task of a thread.
pub fn task_of(thread: u32) -> u32 {
    match thread {
        NONE => NONE,
        thread => {
            let at = call_at(thread);
            match get(at + call::MODE) & mode::THREAD {
                0 => thread,
                _ => get(at + call::PARENT).wrapping_sub(1),
            }
        }
    }
}

/// How many calls there may be: those with higher numbers were never there.
pub fn calls() -> u32 {
    get(head() + head::CALLS)
}

/// How many streams there may be.
pub fn streams() -> u32 {
    get(head() + head::STREAMS)
}

/// Notes the highest number of a record.
fn reach(mark: u32, record: u32) {
    let at = head() + mark;
    put(at, get(at).max(record + 1));
}

/// The next moment.
pub fn tick() -> u32 {
    add(head() + head::TIME, 1);
    get(head() + head::TIME)
}

/// A call that is free, made zero. Where few are left, those that can end do so first: the instance that calls is
/// locked, and its own tasks cannot when none is left.
#[inline(never)]
pub fn new_call() -> u32 {
    loop {
        let (mut found, mut free) = (NONE, 0);
        let mut call = max_tasks();
        while call != 0 {
            call -= 1;
            if get(call_at(call) + call::FLAGS) == 0 {
                found = call;
                free += 1;
            }
        }
        if free <= max_tasks() / 4 && crate::step::others_go_on() {
            continue;
        }
        if found == NONE {
            fail(reason::TASKS);
        }
        clear(call_at(found), call::BYTES);
        put(call_at(found) + call::FLAGS, flag::USED);
        reach(head::CALLS, found);
        return found;
    }
}

/// A waitable set that is free.
#[inline(never)]
pub fn new_set() -> u32 {
    let mut set = 0;
    while set < max_tasks() {
        let at = set_at(set);
        if get(at + set::WAITERS) == 0 {
            put(at + set::WAITERS, 1);
            return set;
        }
        set += 1;
    }
    fail(reason::TASKS)
}

/// A stream that is free, with both its ends idle.
#[inline(never)]
pub fn new_stream(ty: u32) -> u32 {
    loop {
        let mut stream = 0;
        while stream < max_streams() {
            let at = stream_at(stream);
            if get(at + stream::USED) == 0 {
                clear(at, stream::BYTES);
                put(at + stream::USED, 1);
                put(at + stream::TYPE, ty);
                put(at + stream::HEAD + end::STATE, copy::IDLE);
                put(at + stream::HEAD + end::BYTES + end::STATE, copy::IDLE);
                reach(head::STREAMS, stream);
                return stream;
            }
            stream += 1;
        }
        if !crate::step::others_go_on() {
            fail(reason::STREAMS);
        }
    }
}

fn clear(at: u32, bytes: u32) {
    let mut next = at;
    while next != at + bytes {
        put(next, 0);
        next += 4;
    }
}

/// The entry of a handle, which must be there.
#[inline(never)]
pub fn entry(instance: u32, handle: u32) -> u32 {
    let table = crate::import::table(instance);
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
pub fn find_waitable(instance: u32, handle: u32) -> u32 {
    let entry = entry(instance, handle);
    let (ty, rep) = (get(entry), get(entry + 4));
    match ty {
        SUBTASK => call_at(rep),
        FIRST_END.. => end_at(rep),
        _ => p1bridge_shim::trap(),
    }
}
