//! The functions that lowered instructions call: which there are. [`super::helpers`] has their code.

use super::sat_float::Conversion;
use crate::findings::wrapper::Wrapper;

/// A function of the linker's own. Indices are those of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Helper {
    /// From one memory of the output to another or the same, to and from.
    MemoryCopy(u32, u32),
    MemoryFill(u32),
    /// From one of several memories to another, to and from.
    RegionCopy(u32, u32),
    RegionFill(u32),
    MemoryGrow(u32),
    /// What a conversion gives for values that are out of range.
    Saturate(Conversion),
    /// `memory.init` of a data segment, in a memory of the output.
    MemoryInit(u32, u32),
    /// The eight bytes of a data segment at an index; of one piece of it.
    SegmentWord(u32, u32),
    /// The index in the only table for one of a table that was joined to others.
    Bound(u32),
    TableGet(u32),
    TableSet(u32),
    TableGrow(u32),
    TableFill(u32),
    /// To, from.
    TableCopy(u32, u32),
    /// The element segment and the table.
    TableInit(u32, u32),
    Malloc,
    Free,
    Wrapper(Wrapper),
    /// Runs the start function, once.
    Start,
    /// Runs the start function, then a function.
    Started(u32),
}
