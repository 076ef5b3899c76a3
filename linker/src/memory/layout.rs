//! Where things lie in the linear memory of the output: one, if not asked for several.
//!
//! Every memory of the input is a region. The first keeps address 0: its pointers are the host's
//! pointers. What libraries need lies in one block above all regions. A guest sees its own region
//! only: when it grows, everything above slides up.

use crate::entity::InstanceId;

/// The number of bytes in a page.
pub const PAGE: u32 = 65536;

/// The number of pages of 4 GiB.
pub const MAX_PAGES: u32 = 65536;

/// How far into the block the pieces of the libraries' state are that only some programs have, in this
/// order. 0 for those that this one does not have.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pieces {
    pub seed: u32,
    pub zeroes: u32,
    pub scratch: u32,
    pub polls: u32,
    pub pool: u32,
    pub tasks: u32,
    /// Where a frame ends, of libraries that serve a guest without a stack pointer.
    pub frame_end: u32,
}

/// The block of the linker above the guests.
#[derive(Clone, Copy, Debug)]
pub struct Block {
    /// Bytes of library state, at the start of the block.
    pub state: u32,
    /// Where the pieces of it are.
    pub pieces: Pieces,
    /// How many handles each of the handle tables has room for, at the start.
    pub max_handles: u32,
    /// Bytes for the runtime's own use, after the state ([`super::arena`]).
    pub arena: u32,
    /// Bytes for the handle tables, after the arena: that of the libraries, and those of component instances.
    pub handles: u32,
    /// How many of these bytes are that of the libraries, which is the first.
    pub of_libraries: u32,
    /// Whether those tables grow where they are full (by a function of their own): the block ends where a global
    /// says.
    pub tables_grow: bool,
    /// Whether it moves: a guest can grow.
    pub slides: bool,
    /// Whether the host gets the arena, as exports.
    pub of_host: bool,
    /// What becomes of growth while the host has something in its arena; none where nothing moves.
    pub lent: Option<WhileLent>,
}

/// What becomes of a guest's growth while the host has something in the arena, which must not move
/// then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhileLent {
    /// The guest gets pages beyond the block. It takes them wherever they are
    /// ([`super::growing::takes_any_place`]).
    Around,
    /// It gets none.
    Refused,
}

impl Block {
    /// The bytes that are in use at the start, a multiple of 16.
    pub fn size(&self) -> u32 {
        self.before_tables() + self.handles
    }

    /// How far into the block the handle tables begin, with that of the libraries.
    pub fn before_tables(&self) -> u32 {
        self.state + self.arena
    }

    /// How far into the block those of component instances begin.
    pub fn before_instances(&self) -> u32 {
        self.before_tables() + self.of_libraries
    }
}

/// A memory of the input.
#[derive(Clone, Copy, Debug)]
pub struct Region {
    /// The memory; none for one that the linker makes for the libraries.
    pub memory: Option<(InstanceId, u32)>,
    /// Its first address at the start.
    pub base: u32,
    /// Its pages at the start, as it declares.
    pub pages: u32,
    /// Its bytes at the start, a multiple of 16: all of its pages, or fewer where it is known to end
    /// earlier and no live code asks for its size.
    pub bytes: u64,
    /// The bytes that are kept for it: more than it has at the start only in a fixed layout.
    pub room: u64,
    /// The most pages that it may have, as it declares.
    pub maximum: Option<u32>,
    /// Whether a live function grows it.
    pub grows: bool,
    /// Whether its base moves: a region below grows.
    pub slides: bool,
    /// What is added to the offsets of its data segments, where its guest was moved: pointers of the guest are
    /// addresses of the memory of the output then. Otherwise the base is added to them. It wraps.
    pub placed: Option<u32>,
}

impl Region {
    /// What is added to the pointers of the guest at the start.
    pub fn added(&self) -> u32 {
        self.placed.map_or(self.base, |_| 0)
    }

    /// What is added to the offsets of its data segments.
    pub fn data(&self) -> u32 {
        self.placed.unwrap_or(self.base)
    }

    /// Where it ends at the start, as a pointer of the guest.
    pub fn limit(&self) -> u64 {
        self.bytes + self.placed.map_or(0, |_| u64::from(self.base))
    }
}

/// The bytes of pages.
pub fn in_bytes(pages: u32) -> u64 {
    u64::from(pages) * u64::from(PAGE)
}

/// The pages that bytes take.
pub fn in_pages(bytes: u64) -> u32 {
    bytes.div_ceil(PAGE.into()) as u32
}

/// A memory of the input that stays one of its own.
#[derive(Clone, Copy, Debug)]
pub struct OwnMemory {
    pub memory: (InstanceId, u32),
    /// Its pages at the start.
    pub pages: u32,
    /// The most pages that it may have.
    pub maximum: Option<u32>,
}

/// The memory of the output.
#[derive(Clone, Debug)]
pub struct MemoryPlan {
    /// Bytes of the stacks that guests share, at address 0.
    pub stacks: u32,
    /// The memories of the input, from there up.
    pub regions: Vec<Region>,
    /// The region in which the host's values lie, if they need one of their own: the last.
    pub host: Option<usize>,
    pub block: Option<Block>,
    /// Whether the layout is final: nothing slides, and the memory never grows.
    pub fixed: bool,
    /// The memories after the first.
    pub own: Vec<OwnMemory>,
    /// Whether what lies above the only region is not for the eyes of its guest: it belongs to others.
    pub guarded: bool,
    /// Whether no code asks for the size of the memory, for a host that looks at that: it has its own heap
    /// behind everything then.
    pub unasked: bool,
    /// Whether the module exports where its memory ends, for a host that cuts it there.
    pub shrinks: bool,
    /// Whether it would, if no tables of handles grew.
    pub whole_for_tables: bool,
}

impl MemoryPlan {
    /// The index in the output of a memory of the input, and its region if it is one.
    pub fn place(&self, memory: (InstanceId, u32)) -> Option<(u32, Option<usize>)> {
        if let Some(region) = self.region(memory) {
            return Some((0, Some(region)));
        }
        let own = self.own.iter().position(|own| own.memory == memory)?;
        Some((own as u32 + 1, None))
    }

    /// The region of a memory.
    pub fn region(&self, memory: (InstanceId, u32)) -> Option<usize> {
        self.regions
            .iter()
            .position(|region| region.memory == Some(memory))
    }

    /// Whether guests have to be kept apart: there is more than one in this memory, or what belongs to
    /// others.
    pub fn is_shared(&self) -> bool {
        self.regions.len() - usize::from(self.host.is_some()) > 1 || self.guarded
    }

    /// Whether anything lies above a region.
    pub fn has_above(&self, region: usize) -> bool {
        region + 1 < self.regions.len() || self.block.is_some()
    }

    /// The globals before those of the input: one that is nobody's, where the host takes the first for the
    /// pointer of a stack.
    pub fn globals_before(&self) -> u32 {
        self.shrinks.into()
    }

    /// Whether nothing in the output grows: what lies where is known when linking.
    pub fn is_still(&self) -> bool {
        self.fixed || !self.regions.iter().any(|region| region.grows) && !self.tables_grow()
    }

    /// Whether the handle tables grow.
    pub fn tables_grow(&self) -> bool {
        self.block.is_some_and(|block| block.tables_grow)
    }

    /// The first address of the block at the start.
    pub fn block_base(&self) -> u32 {
        self.end_of_regions() as u32
    }

    /// Where everything ends at the start: the bytes that are in use.
    pub fn end(&self) -> u64 {
        self.end_of_regions() + self.block.map_or(0, |block| block.size().into())
    }

    fn end_of_regions(&self) -> u64 {
        let regions = self.regions.iter().map(|region| region.room);
        u64::from(self.stacks) + regions.sum::<u64>()
    }

    /// The pages of the output at the start.
    pub fn pages(&self) -> u32 {
        in_pages(self.end())
    }

    /// The most pages that the output may have.
    pub fn maximum(&self) -> Option<u32> {
        if self.fixed {
            return Some(self.pages());
        }
        if self.tables_grow() {
            return None;
        }
        let mut bytes = self.block.map_or(0, |block| block.size().into());
        bytes += u64::from(self.stacks);
        for region in &self.regions {
            bytes += match region.grows || self.regions.len() == 1 {
                true => in_bytes(region.maximum?),
                false => region.bytes,
            };
        }
        Some(in_pages(bytes).min(MAX_PAGES))
    }

    /// The most pages that a region may grow to.
    pub fn limit(&self, region: usize) -> u32 {
        let region = &self.regions[region];
        if self.fixed {
            return (region.room / u64::from(PAGE)) as u32;
        }
        let others = in_pages(self.end() - region.bytes);
        let declared = region.maximum.unwrap_or(MAX_PAGES);
        // Its size in bytes is kept in 32 bits, that of the block included where it grows around it.
        let most = (MAX_PAGES - 1).saturating_sub(others);
        declared.min(most).max(region.pages)
    }
}
