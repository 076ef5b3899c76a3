//! Several memories in one, and memory of the linker's own above them.
//!
//! The layout is that of `flatten` for several guests ([`crate::memory::layout::MemoryPlan`]): every memory of
//! the module is a region, the one that the host knows at address 0, and what the linker needs for
//! itself (the arena of [`crate::memory::arena`], the tables of [`super::table_layout`]) is a block on top. When a
//! memory grows, everything above slides up. With several regions every access is checked against
//! the end of its own; a single one needs no check against the block, which the module does not see.

use anyhow::{Result, bail};
use wasm_encoder::InstructionSink;

use crate::findings::survey::host_memory;
use crate::memory::access::{Access, Quantity};
use crate::memory::arena;
use crate::memory::globals::{LinkerGlobals, access_in};
use crate::memory::growing;
use crate::memory::layout::{Block, MemoryPlan, Pieces, Region, WhileLent, in_pages};
use crate::parse::module::Module;
use crate::parse::scan::Ref;
use crate::resolve::InstanceId;

/// The number of bytes in a page.
pub const PAGE: u64 = 65536;

/// The most pages that 32-bit addresses reach.
const MOST: u64 = 65536;

/// The one memory of the output.
#[derive(Clone, Debug)]
pub struct Memories {
    pub plan: MemoryPlan,
    /// The globals with sizes and addresses of what grows and slides.
    pub globals: LinkerGlobals,
}

impl Memories {
    /// Lays out the memories of `module`, with a block of `block` bytes above them, or above `end` where
    /// nothing of a single memory is in use behind that. The host has an arena in it if `of_host`. Where they are not `joined`, only that of the host is laid out; the
    /// others stay as they are.
    ///
    /// # Errors
    ///
    /// Fails when all of it is over `most` pages, and for a block above another memory than the first.
    pub fn new(
        module: &Module<'_>,
        (block, end): (u32, Option<u32>),
        of_host: bool,
        most: Option<u64>,
        joined: bool,
    ) -> Result<Memories> {
        let mut order: Vec<u32> = (0..module.memories.len() as u32).collect();
        if !order.is_empty() {
            order[..=host_memory(module) as usize].rotate_right(1);
        }
        if !joined {
            order.truncate(1);
            if order.first().is_some_and(|&first| first != 0) {
                bail!(
                    "the exported memory is not the first of several, so there is no room for what \
                     is lowered: choose a profile with one memory, or export the first"
                );
            }
        }
        let grown = |memory: u32| {
            (0..module.bodies.len())
                .any(|at| module.refs.of(at).any(|r| r == Ref::MemoryGrow(memory)))
        };
        let (mut regions, mut pages, mut slides) = (Vec::new(), 0u64, false);
        for index in order {
            let ty = &module.memories[index as usize];
            let grows = grown(index);
            regions.push(Region {
                memory: Some((InstanceId(0), index)),
                base: (pages << 16) as u32,
                pages: ty.initial as u32,
                bytes: ty.initial << 16,
                room: ty.initial << 16,
                maximum: ty.maximum.map(|most| most as u32),
                grows,
                slides,
                placed: None,
            });
            pages += ty.initial;
            slides |= grows;
        }
        if let (Some(end), [region]) = (end, regions.as_mut_slice()) {
            region.bytes = end.into();
            region.room = end.into();
            pages = in_pages(end.into()).into();
        }
        if regions.is_empty() {
            regions.push(Region {
                memory: None,
                base: 0,
                pages: 0,
                bytes: 0,
                room: 0,
                maximum: Some(0),
                grows: false,
                slides: false,
                placed: None,
            });
        }
        let bytes = regions.iter().map(|region| region.bytes).sum::<u64>();
        let block = (block > 0).then_some(Block {
            state: 0,
            pieces: Pieces::default(),
            max_handles: 0,
            arena: block,
            handles: 0,
            of_libraries: 0,
            tables_grow: false,
            slides,
            of_host,
            lent: (of_host && slides).then(|| {
                // Among several memories, what lies beyond the block would be another one's.
                match regions.len() == 1 && growing::takes_any_place(module) {
                    true => WhileLent::Around,
                    false => WhileLent::Refused,
                }
            }),
        });
        pages = pages.max(in_pages(bytes + block.map_or(0, |block| block.size().into())).into());
        let most = most.map_or(MOST, |most| most.min(MOST));
        if pages > most {
            bail!(
                "the memories leave no room for what is lowered: {pages} pages in all, of at most \
                 {most}"
            );
        }
        if regions.len() > 1 && regions.iter().any(|region| u64::from(region.pages) == MOST) {
            bail!("one of several memories has 4 GiB, which leaves no room for the others");
        }
        Ok(Memories {
            plan: MemoryPlan {
                stacks: 0,
                regions,
                block,
                host: None,
                fixed: false,
                own: Vec::new(),
                guarded: false,
                unasked: false,
                shrinks: false,
                whole_for_tables: false,
            },
            globals: LinkerGlobals::default(),
        })
    }

    /// Whether the module has several.
    pub fn is_shared(&self) -> bool {
        self.plan.is_shared()
    }

    /// Whether a memory of the module is in that of the output, and not one of its own.
    pub fn has(&self, memory: u32) -> bool {
        self.plan.region((InstanceId(0), memory)).is_some()
    }

    /// The region of a memory of the module.
    pub fn region(&self, memory: u32) -> usize {
        self.plan
            .region((InstanceId(0), memory))
            .expect("every memory of the module has a region")
    }

    /// How instructions get at a memory of the module.
    pub fn access(&self, memory: u32) -> Access {
        access_in(&self.plan, &self.globals, self.region(memory), true)
    }

    /// Leaves the address of what is `offset` bytes into the block on the stack.
    pub fn block_address(&self, offset: u32, code: &mut InstructionSink<'_>) {
        match self.globals.block {
            Some(base) => {
                code.global_get(base);
                if offset > 0 {
                    code.i32_const(offset as i32).i32_add();
                }
            }
            None => {
                code.i32_const((self.plan.block_base() + offset) as i32);
            }
        }
    }

    /// The pages that copying and filling may touch where the module has one memory: those that it
    /// sees, and while the host has something in its arena above them, that too.
    pub fn reach(&self, code: &mut InstructionSink<'_>) {
        if !self.plan.block.is_some_and(|block| block.of_host) {
            self.size(0, code);
            return;
        }
        code.memory_size(0);
        self.size(0, code);
        arena::in_use(code, |code| self.block_address(0, code));
        code.select();
    }

    /// `memory.size` as the module sees it.
    pub fn size(&self, memory: u32, code: &mut InstructionSink<'_>) {
        match self.access(memory).bytes {
            Quantity::Global(bytes) => code.global_get(bytes).i32_const(16).i32_shr_u(),
            Quantity::Const(_) => {
                code.i32_const(self.plan.regions[self.region(memory)].pages as i32)
            }
        };
    }
}
