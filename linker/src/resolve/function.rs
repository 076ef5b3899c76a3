//! Where core functions come from, and the options of those that the canonical ABI makes.

use crate::entity::{CanonId, HostId, InstanceId, Word};

/// Where a core function comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FuncDef {
    /// A function of the index space of a core instance.
    Core(InstanceId, u32),
    Canon(CanonId),
    Host(HostId),
    /// Something that the linker itself gives to a library.
    Builtin(Builtin),
}

/// What the linker gives to a library.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Builtin {
    /// The address of the state block.
    State,
    /// How far into the state block a piece of it is.
    Piece(Piece),
    /// The bytes of the memory of the guest that a library serves.
    Limit(InstanceId, u32),
    /// Where the memory of the guest that a library serves begins.
    Base(InstanceId, u32),
    /// The address of the libraries' own table of handles.
    Handles,
    /// How many handles there is room for in it.
    MaxHandles,
    /// Makes room for more, and says whether it did.
    MoreHandles,
    /// How many different things one poll can wait for.
    MaxPoll,
    /// For how many there is room.
    PollRoom,
    /// Bytes for the strings of HTTP.
    MaxHttp,
    /// The descriptor that is the program's standard output.
    Stdout(u32),
    /// Whether the host has functions for sockets.
    Sockets,
    /// Whether other threads may change the guest's memory.
    Threads,
    /// The stack pointer of a guest: a global of its index space.
    StackPointer(InstanceId, u32),
    /// The end of a frame for libraries that serve a guest without a stack pointer: in the state block.
    FrameEnd(Frame),
    /// A number that is known when the program is linked.
    Constant(i32),
    /// What a library keeps in a global, and where it puts something there.
    Word(Word),
    SetWord(Word),
    /// A weak import whose interface the program does not use: it traps.
    Unlinked,
    /// The address of the records of tasks, and for how many there is room.
    Tasks,
    MaxTasks,
    /// The bytes that are kept of a stack at most.
    ThreadStack,
    MaxStreams,
    /// How many component instances have tasks.
    TaskInstances,
    /// How many slots of contexts they use: one more than the highest.
    TaskContexts,
    /// A `realloc` of the guest that only allocates: a block that shrinks stays as it is.
    AllocateOnly(InstanceId, u32),
    /// `cabi_realloc` of the host: it allocates in the arena.
    Arena,
}

impl Builtin {
    /// What a library reads or writes by a function of this name: `get0`, `set0`; `wide0` and `set-wide0` are other words.
    pub fn word(name: &str) -> Option<Builtin> {
        let (is_set, is_wide, number) = if let Some(number) = name.strip_prefix("set-wide") {
            (true, true, number)
        } else if let Some(number) = name.strip_prefix("wide") {
            (false, true, number)
        } else if let Some(number) = name.strip_prefix("set") {
            (true, false, number)
        } else {
            (false, false, name.strip_prefix("get")?)
        };
        let number = number.parse().ok()?;
        let word = Word { number, is_wide };
        Some(match is_set {
            true => Builtin::SetWord(word),
            false => Builtin::Word(word),
        })
    }
}

/// How large a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Frame {
    /// For most calls.
    Call,
    /// For a poll of as much as one can wait for.
    Polls,
    /// For looking up a name.
    Names,
}

/// A piece of the state block: there if anything reaches it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Piece {
    /// The insecure seed, once drawn.
    Seed,
    /// Zeroes to write.
    Zeroes,
    /// Bytes for the time of a call, and listed directory entries.
    Scratch,
    /// Subscriptions and events of a poll; where the scratch is, if both are there and it is large enough.
    Polls,
    /// Strings of HTTP.
    Pool,
    /// Tasks, waitable sets, streams and futures.
    Tasks,
}

impl Piece {
    /// All of them, in their order in the block.
    pub const ALL: [Piece; 6] = [
        Piece::Seed,
        Piece::Zeroes,
        Piece::Scratch,
        Piece::Polls,
        Piece::Pool,
        Piece::Tasks,
    ];

    /// What a library calls it.
    pub fn name(self) -> &'static str {
        match self {
            Piece::Seed => "seed",
            Piece::Zeroes => "zeroes",
            Piece::Scratch => "scratch",
            Piece::Polls => "polls",
            Piece::Pool => "pool",
            Piece::Tasks => "tasks",
        }
    }
}

/// How strings are encoded in a guest's memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum StringEncoding {
    #[default]
    Utf8,
    Utf16,
    Latin1Utf16,
}

impl StringEncoding {
    /// The name of the canonical option.
    pub fn name(self) -> &'static str {
        match self {
            StringEncoding::Utf8 => "utf8",
            StringEncoding::Utf16 => "utf16",
            StringEncoding::Latin1Utf16 => "latin1+utf16",
        }
    }
}

/// The options of `canon lift` and `canon lower` (`CanonicalABI.md`, "Canonical Definitions").
#[derive(Clone, Debug, Default)]
pub struct CanonOptions {
    pub encoding: StringEncoding,
    pub memory: Option<(InstanceId, u32)>,
    pub realloc: Option<FuncDef>,
    pub post_return: Option<FuncDef>,
    /// Whether the option `async` is there.
    pub is_async: bool,
    pub callback: Option<FuncDef>,
    /// The first option that is not supported, by its name.
    pub unsupported: Option<&'static str>,
}
