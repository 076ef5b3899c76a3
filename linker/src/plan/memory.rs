//! Lays out the memory of the output, as [`crate::memory::layout`] says.
//!
//! With [`MemoryMode::Multi`] only the first memory of the input is such a region; every other one stays
//! a memory of its own, as it was.

use std::collections::HashMap;

use anyhow::{Result, bail};
use wasmparser::WasmFeatures;

use super::fused::{self, Fusion};
use super::live::Live;
use super::{LinkedLibrary, libraries};
use crate::features::FeatureSet;
use crate::memory::arena;
use crate::memory::growing;
use crate::memory::layout::{Block, MAX_PAGES, MemoryPlan, OwnMemory, PAGE, Region, WhileLent};
use crate::options::{Growth, MemoryMode, Options};
use crate::parse::Input;
use crate::resolve::{InstanceId, Program};

/// The pages of the host's arena in a fixed layout, before it gets its share.
const FIXED_ARENA: u32 = 16;

/// Bytes for what the host and the wrappers allocate, and whether the host does.
fn arena(program: &Program, live: &Live, options: &Options, has_allocator: bool) -> (u32, bool) {
    let hosts = live.hosts();
    let imports = |name: &str| {
        hosts.iter().any(|host| {
            let host = &program.hosts[host.0 as usize];
            host.module == crate::preview1::MODULE && host.name == name
        })
    };
    let profile = &options.profile;
    match profile.quirks.app_heap && !has_allocator {
        true => (profile.host.arena, true),
        false if profile.wants_scratch(imports) => (arena::SCRATCH, false),
        false => (0, false),
    }
}

/// What becomes of growth while the host has something in the arena.
fn while_lent(
    input: &Input<'_>,
    program: &Program,
    regions: &[Region],
    linked: &[LinkedLibrary],
) -> WhileLent {
    let guests = program
        .ids()
        .filter(|id| linked.iter().all(|library| library.instance != *id));
    // Among several guests, what lies beyond the block would be another one's.
    let alone = regions.len() == 1;
    match alone && { guests }.all(|id| growing::takes_any_place(program.module(input, id))) {
        true => WhileLent::Around,
        false => WhileLent::Refused,
    }
}

/// What the host has to do with the memory.
#[derive(Clone, Copy, Debug)]
pub struct Shared {
    /// The memory of the input that it shares: the one that keeps address 0.
    pub first: Option<(InstanceId, u32)>,
    /// Whether it allocates with functions of the program.
    pub has_allocator: bool,
}

/// Lays out the memory.
///
/// # Errors
///
/// Fails when it is more than 4 GiB.
pub fn plan(
    input: &Input<'_>,
    program: &Program,
    live: &Live,
    fusion: &Fusion,
    shared: Shared,
    linked: &[LinkedLibrary],
    options: &Options,
) -> Result<Option<MemoryPlan>> {
    let mut memories = in_order(live, shared.first);
    let own = own_memories(input, program, &mut memories, options)?;
    let grows = memories.iter().any(|memory| live.growing.contains(memory));
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
            let handles = u64::from(needs.state_per_handle) * u64::from(options.max_handles);
            let polls = match options.max_poll > needs.polls_in_state {
                // One more for a clock.
                true => u64::from(needs.state_per_poll) * (u64::from(options.max_poll) + 1),
                false => 0,
            };
            let http = linked.iter().any(|linked| {
                linked.name == library.name
                    && linked
                        .functions
                        .iter()
                        .any(|f| f.starts_with("wasi:http/types@"))
            });
            let http = if http { options.max_http } else { 0 };
            let most = 1 << 28;
            if handles > most {
                bail!("--max-handles {} is too many", options.max_handles);
            }
            if polls > most {
                bail!("--max-poll {} is too many", options.max_poll);
            }
            if u64::from(http) > most {
                bail!("--max-http {http} is too many");
            }
            let size = u64::from(needs.state_fixed) + handles + polls + u64::from(http);
            state += (size as u32).next_multiple_of(16);
        }
    }
    let has_memory = !memories.is_empty() || state > 0;
    let (arena, of_host) = match has_memory {
        true => arena(program, live, options, shared.has_allocator),
        false => (0, false),
    };
    let handles = fused::tables_size(fusion, options.max_handles)?;
    let fixed = options.growth != Growth::Free;
    let mut block = (state + arena + handles > 0).then_some(Block {
        state,
        arena,
        handles,
        slides: !fixed && (grows || fusion.arena),
        of_host,
        lent: None,
    });
    if memories.is_empty() && !live.made_memory && block.is_none() && !fusion.arena {
        return Ok(None);
    }
    let mut regions: Vec<Region> = Vec::new();
    let (mut pages, mut slides) = (0u64, false);
    for (id, index) in memories {
        let module = program.module(input, id);
        let ty = module.memories[index as usize - module.imported_memories.len()];
        let grows = live.growing.contains(&(id, index));
        regions.push(Region {
            memory: Some((id, index)),
            base: 0,
            pages: ty.initial as u32,
            room: ty.initial as u32,
            maximum: ty.maximum.map(|max| max as u32),
            grows,
            slides,
        });
        pages += ty.initial;
        slides |= grows && !fixed;
    }
    if regions.is_empty() && !fusion.arena {
        regions.push(Region {
            memory: None,
            base: 0,
            pages: 0,
            room: 0,
            maximum: Some(0),
            grows: false,
            slides: false,
        });
    }
    let host = fusion.arena.then_some(regions.len());
    if fusion.arena {
        let start = if fixed { FIXED_ARENA } else { 0 };
        regions.push(Region {
            memory: None,
            base: 0,
            pages: start,
            room: start,
            maximum: None,
            grows: true,
            slides,
        });
        pages += u64::from(start);
    }
    if let (Some(block), true) = (&mut block, of_host)
        && block.slides
    {
        block.lent = Some(while_lent(input, program, &regions, linked));
    }
    share_out(&mut regions, block, options.growth, |id| {
        &program.module(input, id).path
    })?;
    let wanted = pages + u64::from(block.map_or(0, |block| block.pages()));
    if wanted > MAX_PAGES.into() {
        bail!(
            "the memories of the guests and the libraries start with {wanted} pages in all, which \
             is more than 4 GiB"
        );
    }
    if regions.len() > 1 && regions.iter().any(|region| region.pages == MAX_PAGES) {
        bail!("one of several guests starts with 4 GiB of memory, which leaves no room");
    }
    let mut base = 0;
    for region in &mut regions {
        region.base = base;
        base = base.wrapping_add(region.room.wrapping_mul(PAGE));
    }
    // What the linker has for other guests lies above the first: their handles, the state of the
    // libraries that they call, and their values on the way to the host.
    // So do tables where references are lowered ([`crate::lower`]).
    let others = block.is_some_and(|block| block.state + block.handles > 0)
        || host.is_some()
        || has_references(input, program, live);
    let guests = regions.iter().filter(|region| region.memory.is_some());
    let guarded = fusion.beside && others && guests.count() == 1;
    Ok(Some(MemoryPlan {
        regions,
        host,
        block,
        fixed,
        own,
        guarded,
    }))
}

/// Whether live functions may have references as values, or write tables.
fn has_references(input: &Input<'_>, program: &Program, live: &Live) -> bool {
    let references = FeatureSet::of(WasmFeatures::REFERENCE_TYPES);
    program.ids().any(|id| {
        let uses = || program.module(input, id).features.contains(references);
        let module = live.instance(id);
        let mut tables = (0..).zip(&module.tables).filter(|(_, live)| **live);
        module.funcs.iter().any(|live| *live) && uses()
            || tables.any(|(at, _)| live.writes((id, at)))
    })
}

/// What a module with several memories takes: values are copied from one to another.
pub fn several() -> FeatureSet {
    FeatureSet::of(WasmFeatures::MULTI_MEMORY | WasmFeatures::BULK_MEMORY_OPT)
}

/// Takes all but the first out of the memories, where they are to stay.
///
/// # Errors
///
/// Fails for options and targets that allow one memory only.
fn own_memories(
    input: &Input<'_>,
    program: &Program,
    memories: &mut Vec<(InstanceId, u32)>,
    options: &Options,
) -> Result<Vec<OwnMemory>> {
    if options.memory == MemoryMode::One || memories.len() < 2 {
        return Ok(Vec::new());
    }
    if let Growth::Within(_) = options.growth {
        bail!(
            "--memory-max sets the size of one memory, but --memory=multi keeps {}: leave one of \
             the two out",
            memories.len()
        );
    }
    if let Some(features) = options.profile.features
        && !features.contains(several())
    {
        bail!(
            "--memory=multi needs a target with the multi-memory and bulk-memory proposals, which the \
             profile {} lacks: name the target with --profile (`as-is` takes everything), or leave \
             --memory out",
            options.profile.name()
        );
    }
    let own = memories.split_off(1).into_iter().map(|(id, index)| {
        let module = program.module(input, id);
        let ty = module.memories[index as usize - module.imported_memories.len()];
        let pages = ty.initial as u32;
        OwnMemory {
            memory: (id, index),
            pages,
            maximum: match options.growth {
                Growth::None => Some(pages),
                _ => ty.maximum.map(|most| most as u32),
            },
        }
    });
    Ok(own.collect())
}

/// The index in the output of each live memory.
pub fn indices(
    live: &Live,
    first: Option<(InstanceId, u32)>,
    mode: MemoryMode,
) -> HashMap<(InstanceId, u32), u32> {
    let memories = in_order(live, first).into_iter().zip(0..);
    memories
        .map(|(memory, at)| match mode {
            MemoryMode::One => (memory, 0),
            MemoryMode::Multi => (memory, at),
        })
        .collect()
}

/// Decides the room of each region in a fixed layout: what is left over is shared by those that
/// grow.
///
/// # Errors
///
/// Fails when the memories do not fit at all.
fn share_out<'p>(
    regions: &mut [Region],
    block: Option<Block>,
    growth: Growth,
    path: impl Fn(InstanceId) -> &'p str,
) -> Result<()> {
    let most = match growth {
        Growth::Free => return Ok(()),
        Growth::None => {
            for region in regions {
                region.grows = false;
            }
            return Ok(());
        }
        Growth::Within(pages) => u64::from(pages.min(MAX_PAGES)),
    };
    let start: u64 = regions.iter().map(|region| u64::from(region.pages)).sum();
    let start = start + u64::from(block.map_or(0, |block| block.pages()));
    let Some(mut left) = most.checked_sub(start) else {
        bail!("{}", too_small(most, start, regions, block, path));
    };
    let mut growing = regions.iter().filter(|region| region.grows).count() as u64;
    for region in regions {
        if !region.grows {
            continue;
        }
        let share = (left / growing) as u32;
        let room = region.pages.saturating_add(share);
        region.room = room
            .min(region.maximum.unwrap_or(MAX_PAGES))
            .max(region.pages);
        region.grows = region.room > region.pages;
        left -= u64::from(region.room - region.pages);
        growing -= 1;
    }
    Ok(())
}

/// How many guests are named that take too much.
const NAMED: usize = 8;

/// What to say where `--memory-max` is less than the program starts with, and what helps.
fn too_small<'p>(
    most: u64,
    start: u64,
    regions: &[Region],
    block: Option<Block>,
    path: impl Fn(InstanceId) -> &'p str,
) -> String {
    let mut parts: Vec<String> = regions
        .iter()
        .filter(|region| region.pages > 0)
        .map(|region| match region.memory {
            Some((id, _)) => format!("{} for {}", region.pages, path(id)),
            None => format!("{} for values of the host", region.pages),
        })
        .collect();
    if parts.len() > NAMED {
        let more = parts.len() - NAMED;
        parts.truncate(NAMED);
        parts.push(format!("the rest for {more} more guests"));
    }
    let mut helps =
        "A guest starts with its data and its stack, which is 1 MiB in Rust: link it with a \
                     smaller stack (rustc: -C link-arg=-zstack-size=65536; clang: \
                     -Wl,-z,stack-size=65536)."
            .to_string();
    if let Some(block) = block {
        parts.push(format!("{} for what the linker adds", block.pages()));
        let uses = [
            (
                block.state,
                "library state (--max-handles, --max-poll, --max-http)",
            ),
            (block.arena, "the arena (--arena)"),
            (block.handles, "handle tables (--max-handles)"),
        ];
        let uses: Vec<String> = uses
            .into_iter()
            .filter(|(bytes, _)| *bytes > 0)
            .map(|(bytes, what)| format!("{bytes} bytes of {what}"))
            .collect();
        let uses = uses.join(", ");
        helps.push_str(&format!(
            " The linker adds {uses}: smaller numbers there help too."
        ));
    }
    format!(
        "--memory-max={}KiB is too small: the program starts with {start} pages of 64 KiB, {}. Give it \
         --memory-max={}KiB or more, or make it smaller. {helps}",
        most * 64,
        parts.join(", "),
        start * 64,
    )
}

/// The live memories, the one that the host shares first.
fn in_order(live: &Live, first: Option<(InstanceId, u32)>) -> Vec<(InstanceId, u32)> {
    let mut memories = live.memories();
    if let Some(at) = memories.iter().position(|memory| Some(*memory) == first) {
        memories[..=at].rotate_right(1);
    }
    memories
}
