//! The globals that the linker adds.

use std::collections::BTreeMap;

use wasmparser::ValType;

use super::access::{Access, Quantity};
use super::layout::MemoryPlan;
use super::traps::{Trap, Traps};
use crate::entity::{ComponentInstanceId, Word};

/// The globals that the linker adds, and what tells of traps.
#[derive(Clone, Debug, Default)]
pub struct LinkerGlobals {
    /// For each region, its bytes, if it can grow.
    pub bytes: Vec<Option<u32>>,
    /// For each region, its first address, if it slides.
    pub bases: Vec<Option<u32>>,
    /// The first address of the linker's block, if it slides.
    pub block: Option<u32>,
    /// The first address of the libraries' table of handles, if it moves.
    pub handles: Option<u32>,
    /// How many handles there is room for in it, if it grows.
    pub room: Option<u32>,
    /// The first address of the table of each component instance, in their order, if they grow.
    pub tables: Vec<u32>,
    /// Where the block ends, if tables grow.
    pub top: Option<u32>,
    /// How much of the host's arena is in use.
    pub arena: Option<u32>,
    /// Whether the module has been initialised.
    pub initialised: Option<u32>,
    /// How many late element segments count as applied.
    pub applied: Option<u32>,
    /// For component instances that could be entered again: whether they are entered.
    pub entered: BTreeMap<ComponentInstanceId, u32>,
    /// For those that get borrowed handles: how many they have.
    pub borrows: BTreeMap<ComponentInstanceId, u32>,
    /// For those that may not call out at times: whether that is so.
    pub may_not_leave: BTreeMap<ComponentInstanceId, u32>,
    /// The context slots of the running thread that are used.
    pub contexts: BTreeMap<u32, u32>,
    /// What libraries keep in globals.
    pub words: BTreeMap<Word, u32>,
    /// Of stacks that are taken away: what happens, where the next frame goes, and where the room ends.
    pub stacks: Option<[u32; 3]>,
    /// Which numbers that are no descriptors are reserved, a bit each, if the program reserves any.
    pub reserved: Option<[u32; 2]>,
    /// Where functions that pass a value leave it when it is several flat ones, by their types.
    pub passing: Vec<(ValType, u32)>,
    /// Where the memory ends, exported for a host that cuts it there.
    pub end: Option<u32>,
    /// The functions that say why the module is about to trap.
    pub traps: Traps,
}

impl LinkerGlobals {
    /// The globals with first addresses of handle tables.
    pub fn all_tables(&self) -> impl Iterator<Item = &u32> {
        self.handles.iter().chain(&self.tables)
    }
}

/// How a guest gets at a region of a memory.
pub fn access_in(memory: &MemoryPlan, globals: &LinkerGlobals, at: usize, checked: bool) -> Access {
    let region = &memory.regions[at];
    let bytes = region.limit();
    Access {
        memory: 0,
        base: match globals.bases[at] {
            Some(global) => Quantity::Global(global),
            None => Quantity::Const(region.added()),
        },
        bytes: match globals.bytes[at] {
            Some(global) => Quantity::Global(global),
            None => Quantity::Const(bytes as u32),
        },
        least: bytes,
        checked,
        teller: globals.traps.get(Trap::Memory),
    }
}
