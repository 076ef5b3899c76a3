//! Why a module traps: with `--trap-messages` it says so on standard error before it does.
//!
//! The traps are those of `CanonicalABI.md` and of the accesses to memory that the linker checks.

use std::collections::BTreeMap;

use wasm_encoder::{BlockType, Function, InstructionSink, MemArg, MemArgTarget};

/// A reason for a trap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trap {
    BorrowsRemain,
    CannotEnter,
    CannotLeave,
    Char,
    Deadlock,
    Discriminant,
    Exception,
    FullStack,
    FullTable,
    HandleOfAnotherType,
    HandleUnknown,
    List,
    Memory,
    NotInitialised,
    NoMemory,
    NoMoreHandles,
    NotOwned,
    Lent,
    MayNotBlock,
    Pointer,
    Realloc,
    SeveralStacks,
    String,
    Stub,
    TooLong,
    TooManyStreams,
    TooManyTasks,
    Unaligned,
    Utf16,
    Utf8,
}

impl Trap {
    pub const ALL: [Trap; 30] = [
        Trap::BorrowsRemain,
        Trap::CannotEnter,
        Trap::CannotLeave,
        Trap::Char,
        Trap::Deadlock,
        Trap::Discriminant,
        Trap::Exception,
        Trap::FullStack,
        Trap::FullTable,
        Trap::HandleOfAnotherType,
        Trap::HandleUnknown,
        Trap::List,
        Trap::Memory,
        Trap::NotInitialised,
        Trap::NoMemory,
        Trap::NoMoreHandles,
        Trap::NotOwned,
        Trap::Lent,
        Trap::MayNotBlock,
        Trap::Pointer,
        Trap::Realloc,
        Trap::SeveralStacks,
        Trap::String,
        Trap::Stub,
        Trap::TooLong,
        Trap::TooManyStreams,
        Trap::TooManyTasks,
        Trap::Unaligned,
        Trap::Utf16,
        Trap::Utf8,
    ];

    /// What the module says, in the words of other engines where they have any.
    pub fn text(self) -> &'static str {
        match self {
            Trap::BorrowsRemain => "borrow handles still remain at the end of the call",
            Trap::CannotEnter => "cannot enter component instance",
            Trap::CannotLeave => "cannot leave component instance",
            Trap::Char => "invalid char: a surrogate, or above 0x10ffff",
            Trap::Deadlock => "deadlock detected: event loop cannot make further progress",
            Trap::Discriminant => "invalid variant discriminant",
            Trap::Exception => "uncaught exception propagated out of component",
            Trap::FullStack => {
                "there is no room for the stack of a task that waits: see --thread-stack"
            }
            Trap::FullTable => "the table of handles is full: see --max-handles",
            Trap::HandleOfAnotherType => "handle index used with the wrong type",
            Trap::HandleUnknown => "unknown handle index",
            Trap::List => "list content out-of-bounds",
            Trap::Memory => "out of bounds memory access",
            Trap::NotInitialised => "an earlier start function has trapped",
            Trap::NoMemory => "no memory for values of the host",
            Trap::NoMoreHandles => "no memory for more handles",
            Trap::NotOwned => "cannot lift own resource from a borrow",
            Trap::Lent => "cannot remove owned resource while borrowed",
            Trap::MayNotBlock => "cannot block a synchronous task before returning",
            Trap::Pointer => "pointer out of bounds of memory",
            Trap::Realloc => "realloc return: beyond end of memory",
            Trap::SeveralStacks => {
                "needs several stacks: a call that waits for another lies above it on the stack"
            }
            Trap::String => "string content out-of-bounds",
            Trap::Stub => "this function of WASI only traps: see --allow",
            Trap::TooLong => "string or list too long",
            Trap::TooManyStreams => "there is no room for more streams: see --max-streams",
            Trap::TooManyTasks => "there is no room for more tasks: see --max-tasks",
            Trap::Unaligned => "unaligned pointer",
            Trap::Utf16 => "invalid utf16 encoding",
            Trap::Utf8 => "invalid utf8 encoding",
        }
    }
}

/// The functions of the output that say why; none without `--trap-messages`.
#[derive(Clone, Debug, Default)]
pub struct Traps(pub BTreeMap<Trap, u32>);

impl Traps {
    /// The function that tells a reason.
    pub fn get(&self, trap: Trap) -> Option<u32> {
        self.0.get(&trap).copied()
    }

    /// Traps.
    pub fn now(&self, code: &mut InstructionSink<'_>, trap: Trap) {
        now(code, self.get(trap));
    }

    /// Traps if the condition on the stack holds.
    pub fn when(&self, code: &mut InstructionSink<'_>, trap: Trap) {
        when(code, self.get(trap));
    }
}

/// Traps, after a call of what tells why.
pub fn now(code: &mut InstructionSink<'_>, teller: Option<u32>) {
    if let Some(teller) = teller {
        code.call(teller);
    }
    code.unreachable();
}

/// The same if the condition on the stack holds.
pub fn when(code: &mut InstructionSink<'_>, teller: Option<u32>) {
    code.if_(BlockType::Empty);
    now(code, teller);
    code.end();
}

/// A function that writes a reason to standard error with the host's `fd_write`, from the first bytes
/// of the memory: nothing of the guest runs after it.
pub fn encode(trap: Trap, fd_write: u32) -> Function {
    const STDERR: i32 = 2;
    const TEXT: u64 = 16;
    let mut text = format!("p1bridge: {}\n", trap.text()).into_bytes();
    let length = text.len();
    text.resize(length.next_multiple_of(8), 0);
    let mut body = Function::new([]);
    let mut code = body.instructions();
    let at = |offset| MemArg {
        offset,
        align: 0,
        target: MemArgTarget::Memory(0),
        ordering: None,
    };
    for (word, bytes) in text.chunks_exact(8).enumerate() {
        let bytes = bytes.try_into().expect("a chunk has eight bytes");
        code.i32_const(0)
            .i64_const(i64::from_le_bytes(bytes))
            .i64_store(at(TEXT + 8 * word as u64));
    }
    // The vector, and where the host says how much it wrote.
    code.i32_const(0)
        .i64_const((length as i64) << 32 | TEXT as i64)
        .i64_store(at(0))
        .i32_const(STDERR)
        .i32_const(0)
        .i32_const(1)
        .i32_const(8)
        .call(fd_write)
        .drop()
        .end();
    body
}
