//! Where things lie in the one linear memory of the output.
//!
//! The guest keeps address 0. What libraries need lies in one block right above the guest's
//! pages. The guest sees its own memory only: when it grows, the block slides up.

use anyhow::{Result, bail};

use super::live::Live;
use super::{LinkedLibrary, libraries};
use crate::Options;
use crate::lower::arena;
use crate::parse::Input;
use crate::resolve::{InstanceId, Program};

/// The number of bytes in a page.
pub const PAGE: u32 = 65536;

/// The block of the linker above the guest.
#[derive(Clone, Copy, Debug)]
pub struct Block {
    /// Bytes of library state, at the start of the block.
    pub state: u32,
    /// Bytes for the runtime's own use, after the state ([`crate::lower::arena`]).
    pub arena: u32,
    /// Whether it moves: the guest can grow.
    pub slides: bool,
}

impl Block {
    /// The bytes that are in use, a multiple of 16.
    pub fn size(&self) -> u32 {
        self.state + self.arena
    }

    /// The pages that it takes.
    pub fn pages(&self) -> u32 {
        self.size().div_ceil(PAGE)
    }
}

/// The memory of the output.
#[derive(Clone, Copy, Debug)]
pub struct MemoryPlan {
    /// The guest's memory; none when the guest has none.
    pub guest: Option<(InstanceId, u32)>,
    /// The guest's pages at the start.
    pub guest_pages: u32,
    /// The most pages that the guest may have, as it declares.
    pub guest_maximum: Option<u32>,
    pub block: Option<Block>,
}

impl MemoryPlan {
    /// The first address of the block at the start.
    pub fn block_base(&self) -> u32 {
        self.guest_pages * PAGE
    }

    /// The pages of the output at the start.
    pub fn pages(&self) -> u32 {
        self.guest_pages + self.block.map_or(0, |block| block.pages())
    }

    /// The most pages that the output may have.
    pub fn maximum(&self) -> Option<u32> {
        let block = self.block.map_or(0, |block| block.pages());
        self.guest_maximum.map(|max| (max + block).min(PAGE))
    }

    /// The most pages that the guest may grow to.
    pub fn guest_limit(&self) -> u32 {
        let block = self.block.map_or(0, |block| block.pages());
        self.guest_maximum.unwrap_or(PAGE).min(PAGE - block)
    }
}

fn wants_arena(program: &Program, live: &Live, options: &Options) -> bool {
    let hosts = live.hosts();
    options.profile.wants_arena(|name| {
        hosts.iter().any(|host| {
            let host = &program.hosts[host.0 as usize];
            host.module == crate::preview1::MODULE && host.name == name
        })
    })
}

/// Lays out the memory.
///
/// # Errors
///
/// Fails when the program has several memories, and when the block does not fit above the guest.
pub fn plan(
    input: &Input<'_>,
    program: &Program,
    live: &Live,
    linked: &[LinkedLibrary],
    options: &Options,
) -> Result<Option<MemoryPlan>> {
    let memories = live.memories();
    if memories.len() > 1 {
        let paths: Vec<&str> = memories
            .iter()
            .map(|&(id, _)| program.module(input, id).path.as_str())
            .collect();
        bail!(
            "the component has {} memories, and only one is supported yet: {}",
            memories.len(),
            paths.join(", ")
        );
    }
    let mut state = 0;
    if live.state {
        // Copies of a library share one state.
        let mut seen: Vec<&str> = Vec::new();
        for library in linked {
            if seen.contains(&library.name.as_str()) {
                continue;
            }
            seen.push(&library.name);
            let needs = libraries::needs(program.module(input, library.instance))?;
            let handles = needs.state_per_handle.checked_mul(options.max_handles);
            state += handles
                .and_then(|handles| handles.checked_add(needs.state_fixed))
                .filter(|&state| state < 1 << 28)
                .ok_or_else(|| {
                    anyhow::anyhow!("--max-handles {} is too many", options.max_handles)
                })?
                .next_multiple_of(16);
        }
    }
    let has_memory = !memories.is_empty() || state > 0;
    let arena = match wants_arena(program, live, options) && has_memory {
        true => arena::SIZE,
        false => 0,
    };
    let block = (state + arena > 0).then_some(Block {
        state,
        arena,
        slides: live.memory_grow,
    });
    let Some(&(id, index)) = memories.first() else {
        return Ok((live.made_memory || block.is_some()).then_some(MemoryPlan {
            guest: None,
            guest_pages: 0,
            guest_maximum: Some(0),
            block,
        }));
    };
    let module = program.module(input, id);
    let ty = module.memories[index as usize - module.imported_memories.len()];
    let plan = MemoryPlan {
        guest: Some((id, index)),
        guest_pages: ty.initial as u32,
        guest_maximum: ty.maximum.map(|max| max as u32),
        block,
    };
    if plan.pages() > PAGE {
        bail!(
            "{} starts with {} pages of memory, which leaves no room for the {} of the libraries",
            module.path,
            plan.guest_pages,
            plan.pages() - plan.guest_pages
        );
    }
    Ok(Some(plan))
}
