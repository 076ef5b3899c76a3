//! The built-ins of the async canonical ABI: `CanonicalABI.md`, "canon task.return" to "canon
//! error-context.drop".

use crate::abi::Type;
use crate::entity::InstanceId;

use super::function::CanonOptions;

/// The type of a stream or a future.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EndType {
    pub is_future: bool,
    /// What one element is; none for the empty type.
    pub element: Option<Type>,
}

impl EndType {
    /// The type of a value that is a readable end.
    pub fn of(ty: &Type) -> Option<EndType> {
        let (is_future, element) = match ty {
            Type::Stream(element) => (false, element),
            Type::Future(element) => (true, element),
            _ => return None,
        };
        Some(EndType {
            is_future,
            element: element.as_deref().cloned(),
        })
    }

    /// Whether there are strings in its elements.
    pub fn has_text(&self) -> bool {
        let element = self.element.as_ref();
        element.is_some_and(|element| element.any(&|ty| *ty == Type::String))
    }

    /// The bytes of an element in memory.
    pub fn size(&self) -> u32 {
        self.element.as_ref().map_or(0, Type::size)
    }
}

/// A built-in of the async canonical ABI.
#[derive(Clone, Debug)]
pub enum AsyncBuiltin {
    BackpressureInc,
    BackpressureDec,
    /// What the task returns, and how its values are lifted.
    TaskReturn(Option<Type>, CanonOptions),
    TaskCancel,
    ContextGet(u32),
    ContextSet(u32),
    Yield,
    /// Whether it may give `BLOCKED`.
    SubtaskCancel(bool),
    SubtaskDrop,
    /// `stream.new` and `future.new`.
    New(EndType),
    Read(EndType, CanonOptions),
    Write(EndType, CanonOptions),
    /// Whether they may give `BLOCKED`.
    CancelRead(EndType, bool),
    CancelWrite(EndType, bool),
    DropReadable(EndType),
    DropWritable(EndType),
    SetNew,
    /// The memory that the event goes to.
    SetWait((InstanceId, u32)),
    SetPoll((InstanceId, u32)),
    SetDrop,
    Join,
    ErrorContextNew(CanonOptions),
    ErrorContextDebugMessage(CanonOptions),
    ErrorContextDrop,
    ThreadIndex,
    /// The table with the functions that threads begin with.
    ThreadNewIndirect((InstanceId, u32)),
    ThreadResumeLater,
    ThreadSuspend,
    ThreadSuspendThenResume,
    ThreadYieldThenResume,
    ThreadSuspendThenPromote,
    ThreadYieldThenPromote,
}

impl AsyncBuiltin {
    /// Its name in the text format.
    pub fn name(&self) -> &'static str {
        let of = |end: &EndType, stream, future| match end.is_future {
            true => future,
            false => stream,
        };
        match self {
            AsyncBuiltin::BackpressureInc => "backpressure.inc",
            AsyncBuiltin::BackpressureDec => "backpressure.dec",
            AsyncBuiltin::TaskReturn(..) => "task.return",
            AsyncBuiltin::TaskCancel => "task.cancel",
            AsyncBuiltin::ContextGet(_) => "context.get",
            AsyncBuiltin::ContextSet(_) => "context.set",
            AsyncBuiltin::Yield => "thread.yield",
            AsyncBuiltin::SubtaskCancel(_) => "subtask.cancel",
            AsyncBuiltin::SubtaskDrop => "subtask.drop",
            AsyncBuiltin::New(end) => of(end, "stream.new", "future.new"),
            AsyncBuiltin::Read(end, _) => of(end, "stream.read", "future.read"),
            AsyncBuiltin::Write(end, _) => of(end, "stream.write", "future.write"),
            AsyncBuiltin::CancelRead(end, _) => of(end, "stream.cancel-read", "future.cancel-read"),
            AsyncBuiltin::CancelWrite(end, _) => {
                of(end, "stream.cancel-write", "future.cancel-write")
            }
            AsyncBuiltin::DropReadable(end) => {
                of(end, "stream.drop-readable", "future.drop-readable")
            }
            AsyncBuiltin::DropWritable(end) => {
                of(end, "stream.drop-writable", "future.drop-writable")
            }
            AsyncBuiltin::SetNew => "waitable-set.new",
            AsyncBuiltin::SetWait(_) => "waitable-set.wait",
            AsyncBuiltin::SetPoll(_) => "waitable-set.poll",
            AsyncBuiltin::SetDrop => "waitable-set.drop",
            AsyncBuiltin::Join => "waitable.join",
            AsyncBuiltin::ErrorContextNew(_) => "error-context.new",
            AsyncBuiltin::ErrorContextDebugMessage(_) => "error-context.debug-message",
            AsyncBuiltin::ErrorContextDrop => "error-context.drop",
            AsyncBuiltin::ThreadIndex => "thread.index",
            AsyncBuiltin::ThreadNewIndirect(_) => "thread.new-indirect",
            AsyncBuiltin::ThreadResumeLater => "thread.resume-later",
            AsyncBuiltin::ThreadSuspend => "thread.suspend",
            AsyncBuiltin::ThreadSuspendThenResume => "thread.suspend-then-resume",
            AsyncBuiltin::ThreadYieldThenResume => "thread.yield-then-resume",
            AsyncBuiltin::ThreadSuspendThenPromote => "thread.suspend-then-promote",
            AsyncBuiltin::ThreadYieldThenPromote => "thread.yield-then-promote",
        }
    }

    /// The options that it has for values.
    pub fn options(&self) -> Option<&CanonOptions> {
        match self {
            AsyncBuiltin::TaskReturn(_, options)
            | AsyncBuiltin::Read(_, options)
            | AsyncBuiltin::Write(_, options)
            | AsyncBuiltin::ErrorContextNew(options)
            | AsyncBuiltin::ErrorContextDebugMessage(options) => Some(options),
            _ => None,
        }
    }

    /// Whether it is about threads that a task has beside its own.
    pub fn is_of_threads(&self) -> bool {
        matches!(
            self,
            AsyncBuiltin::ThreadIndex
                | AsyncBuiltin::ThreadNewIndirect(_)
                | AsyncBuiltin::ThreadResumeLater
                | AsyncBuiltin::ThreadSuspend
                | AsyncBuiltin::ThreadSuspendThenResume
                | AsyncBuiltin::ThreadYieldThenResume
                | AsyncBuiltin::ThreadSuspendThenPromote
                | AsyncBuiltin::ThreadYieldThenPromote
        )
    }

    /// Whether it is about handles of the instance.
    pub fn has_handles(&self) -> bool {
        !self.is_of_threads()
            && !matches!(
                self,
                AsyncBuiltin::BackpressureInc
                    | AsyncBuiltin::BackpressureDec
                    | AsyncBuiltin::TaskReturn(..)
                    | AsyncBuiltin::TaskCancel
                    | AsyncBuiltin::ContextGet(_)
                    | AsyncBuiltin::ContextSet(_)
                    | AsyncBuiltin::Yield
            )
    }

    /// The stream or future that it is about.
    pub fn end(&self) -> Option<&EndType> {
        match self {
            AsyncBuiltin::New(end)
            | AsyncBuiltin::Read(end, _)
            | AsyncBuiltin::Write(end, _)
            | AsyncBuiltin::CancelRead(end, _)
            | AsyncBuiltin::CancelWrite(end, _)
            | AsyncBuiltin::DropReadable(end)
            | AsyncBuiltin::DropWritable(end) => Some(end),
            _ => None,
        }
    }
}

/// What the linker gives to the library of tasks: functions whose code depends on the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Given {
    /// `(instance) -> address` of its table of handles.
    Table,
    /// `(table, representation, type, own) -> handle`.
    HandleAdd,
    /// `(table, handle, type) -> address` of the entry, which is free.
    HandleRemove,
    /// `(site, task)`: begins a call whose arguments are kept.
    Start,
    /// `(lift, event, payload, payload) -> code`.
    Callback,
    /// `(port, port, pointer, pointer, count)`: moves elements from a writer to a reader.
    Copy,
    /// `(port) -> bytes` of an element.
    Size,
    /// `(port) -> address` where the memory of a guest begins.
    Base,
    /// `(port, place, bytes, pointer)`: the guest that reads gets a string, as its own strings are, at a pointer. It is UTF-8
    /// so far into the state block.
    Text,
    /// `(instance, loan)`: gives back what was lent for a call.
    Unlend,
    /// `(address, address)`: keeps the contexts of the running thread at the first, and brings those at the second.
    SwitchContext,
    /// `(reason)`: traps.
    Trap,
    /// Comes back when the running thread can go on.
    Pause,
    /// `(thread) -> whether` its frames were taken off the stack.
    Unwound,
    /// `(thread)`: what its stack begins with puts them back when it is called.
    Rewind,
    /// `(site, function, argument)`: begins a thread.
    Thread,
}

impl Given {
    pub const ALL: [Given; 16] = [
        Given::Table,
        Given::HandleAdd,
        Given::HandleRemove,
        Given::Start,
        Given::Callback,
        Given::Copy,
        Given::Size,
        Given::Base,
        Given::Text,
        Given::Unlend,
        Given::SwitchContext,
        Given::Trap,
        Given::Pause,
        Given::Unwound,
        Given::Rewind,
        Given::Thread,
    ];

    /// What the library calls it.
    pub fn name(self) -> &'static str {
        match self {
            Given::Table => "table",
            Given::HandleAdd => "handle_add",
            Given::HandleRemove => "handle_remove",
            Given::Start => "start",
            Given::Callback => "callback",
            Given::Copy => "copy",
            Given::Size => "size",
            Given::Base => "base",
            Given::Text => "text",
            Given::Unlend => "unlend",
            Given::SwitchContext => "switch_context",
            Given::Trap => "trap",
            Given::Pause => "pause",
            Given::Unwound => "unwound",
            Given::Rewind => "rewind",
            Given::Thread => "thread",
        }
    }

    /// How many parameters it has, and whether it gives something: all of 32 bits.
    pub fn signature(self) -> (usize, bool) {
        match self {
            Given::Table | Given::Size | Given::Base | Given::Unwound => (1, true),
            Given::HandleAdd | Given::Callback => (4, true),
            Given::HandleRemove => (3, true),
            Given::Text => (4, false),
            Given::Start | Given::Unlend | Given::SwitchContext => (2, false),
            Given::Copy => (5, false),
            Given::Trap | Given::Rewind => (1, false),
            Given::Pause => (0, false),
            Given::Thread => (3, false),
        }
    }
}
