//! Lays out the memory of the output, as [`crate::memory::layout`] says.
//!
//! With [`MemoryMode::Multi`] only the first memory of the input is such a region; every other one stays
//! a memory of its own, as it was.

use std::collections::HashMap;

use anyhow::{Result, bail};
use wasmparser::WasmFeatures;

use super::fused::{self, Fusion};
use super::live::Live;
use super::{LinkedLibrary, ends, libraries};
use crate::features::FeatureSet;
use crate::memory::arena;
use crate::memory::growing;
use crate::memory::layout::{
    Block, MAX_PAGES, MemoryPlan, OwnMemory, PAGE, Pieces, Region, WhileLent, in_bytes, in_pages,
};
use crate::options::{
    FEW_HANDLES, FIRST_HANDLES, Growth, MAX_HANDLES, MemoryMode, Options, Stacks,
};
use crate::parse::Input;
use crate::parse::scan::Ref;
use crate::preview1;
use crate::profile::Quirks;
use crate::resolve::{CoreDef, Frame, FuncDef, InstanceId, Piece, Program};

/// The pages of the host's arena in a fixed layout, before it gets its share.
const FIXED_ARENA: u32 = 16;

/// Bytes for what the host and the wrappers allocate, and whether the host does.
///
/// Where no code asks for the size of the memory, the host has its own heap behind everything.
fn arena(
    program: &Program,
    live: &Live,
    linked: &[LinkedLibrary],
    options: &Options,
    has_allocator: bool,
    unasked: bool,
) -> (u32, bool) {
    let hosts = live.hosts();
    let imports = |name: &str| {
        hosts.iter().any(|host| {
            let host = &program.hosts[host.0 as usize];
            host.module == preview1::MODULE && host.name == name
        })
    };
    let profile = &options.profile;
    if profile.quirks.app_heap && !has_allocator && !unasked {
        return (profile.host.arena.next_multiple_of(16), true);
    }
    let is_wanted = |name: &&str| profile.quirks.needs_scratch(name) && imports(name);
    let wanted: Vec<&str> = Quirks::SCRATCH.into_iter().filter(is_wanted).collect();
    // A guest may wait for anything. Of the libraries, it is known how much one call takes, and no wrapper
    // is called during another.
    if wanted.iter().any(|name| guests_call(program, linked, name)) {
        return (arena::SCRATCH, false);
    }
    let polls = live.poll_room(options).saturating_add(1);
    let bytes = wanted
        .iter()
        .map(|name| profile.quirks.scratch(name, polls));
    (bytes.max().map_or(0, arena::for_one), false)
}

/// Whether anybody but libraries imports this function of Preview 1.
fn guests_call(program: &Program, linked: &[LinkedLibrary], name: &str) -> bool {
    let is_it = |def: &CoreDef| match def {
        CoreDef::Func(FuncDef::Host(id)) => {
            let host = &program.hosts[id.0 as usize];
            host.module == preview1::MODULE && host.name == name
        }
        _ => false,
    };
    let is_guest = |id: &InstanceId| linked.iter().all(|library| library.instance != *id);
    let mut guests = program.ids().filter(is_guest);
    guests.any(|id| program.instances[id.0 as usize].args.iter().any(is_it))
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
    let fixed = options.growth != Growth::Free;
    let values_grow = fusion.arena && fusion.room.is_none();
    let still = fixed || !grows && !values_grow;
    let ends_anywhere = still && own.is_empty() && options.profile.ends_anywhere();
    // A program whose memory the host may cut keeps it as it is, unless a component has resources.
    let tables_grow = tables_may_grow(options)
        && (fusion.table_count() > 0 || live.more_handles && !ends_anywhere);
    let asks_at_most_for_tables = still
        && options.profile.minds_size()
        && own.is_empty()
        && !asks_natively(input, program, live, linked);
    let unasked = asks_at_most_for_tables && !tables_grow;
    let max_handles = match tables_grow {
        true => FIRST_HANDLES,
        false => handles(fusion, linked, options, ends_anywhere),
    };
    let (state, pieces) = match live.state || !live.pieces.is_empty() || !live.frames.is_empty() {
        // Copies of a library share one state.
        true => state(input, program, live, fusion, linked, options)?,
        false => (0, Pieces::default()),
    };
    let has_memory = !memories.is_empty() || state > 0;
    let (arena, of_host) = match has_memory {
        true => arena(
            program,
            live,
            linked,
            options,
            shared.has_allocator,
            unasked,
        ),
        false => (0, false),
    };
    let of_libraries = match live.handles {
        true => fused::table_size(max_handles)?,
        false => 0,
    };
    let handles = of_libraries + fused::tables_size(fusion, table_capacity(options))?;
    let mut block = (state + arena + handles > 0).then_some(Block {
        state,
        pieces,
        max_handles,
        arena,
        handles,
        of_libraries,
        tables_grow,
        slides: !fixed && (grows || values_grow),
        of_host,
        lent: None,
    });
    if memories.is_empty() && !live.made_memory && block.is_none() && !fusion.arena {
        return Ok(None);
    }
    let said = said(input, program, &memories, &own, options)?;
    let ends = ends::Ends {
        input,
        program,
        live,
        linked,
    };
    // What moves, moves by whole pages; a guest that stays where it is ends where it says.
    let mut regions: Vec<Region> = Vec::new();
    let mut slides = false;
    for (id, index) in memories {
        let module = program.module(input, id);
        let ty = module.memories[index as usize - module.imported_memories.len()];
        let grows = live.growing.contains(&(id, index));
        let pages = ty.initial as u32;
        let placed = input.places.of(program.instances[id.0 as usize].module);
        let bytes = match said.get(&(id, index)) {
            _ if let Some(placed) = placed => placed.bytes,
            Some((name, _)) if !still => bail!(
                "--guest-memory {name}: memory grows here, and what lies above moves by whole pages: add \
                 --no-grow, --memory-max or --ram"
            ),
            Some((name, said)) => ends.said((id, index), *said, name)?,
            None if still => ends.known((id, index)).unwrap_or(in_bytes(pages)),
            None => in_bytes(pages),
        };
        regions.push(Region {
            memory: Some((id, index)),
            base: 0,
            pages,
            bytes,
            room: bytes,
            maximum: ty.maximum.map(|max| max as u32),
            grows,
            slides,
            placed: placed.map(|placed| placed.data),
        });
        slides |= grows && !fixed;
    }
    if regions.is_empty() && !fusion.arena {
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
    let host = fusion.arena.then_some(regions.len());
    if fusion.arena {
        let start = match options.growth {
            Growth::Free => 0,
            // It grows in its share of what is left.
            Growth::Ram(_) => 1,
            _ => FIXED_ARENA,
        };
        let (start, bytes) = match fusion.room {
            Some(bytes) => (in_pages(bytes.into()), bytes.into()),
            None => (start, in_bytes(start)),
        };
        regions.push(Region {
            memory: None,
            base: 0,
            pages: start,
            bytes,
            room: bytes,
            maximum: None,
            grows: fusion.room.is_none(),
            slides,
            placed: None,
        });
    }
    if let (Some(block), true) = (&mut block, of_host)
        && block.slides
    {
        block.lent = Some(while_lent(input, program, &regions, linked));
    }
    let stacks = input.places.stacks;
    share_out(&mut regions, (stacks, block), options, |id| {
        &program.module(input, id).path
    })?;
    let wanted: u64 = regions.iter().map(|region| region.bytes).sum();
    let wanted = wanted + u64::from(stacks) + block.map_or(0, |block| u64::from(block.size()));
    if wanted > in_bytes(MAX_PAGES) {
        bail!(
            "the memories of the guests and the libraries start with {} pages in all, which is more \
             than 4 GiB",
            wanted.div_ceil(PAGE.into())
        );
    }
    if regions.len() > 1 && regions.iter().any(|region| region.pages == MAX_PAGES) {
        bail!("one of several guests starts with 4 GiB of memory, which leaves no room");
    }
    let mut base = stacks;
    for region in &mut regions {
        let placed = region
            .memory
            .and_then(|(id, _)| input.places.of(program.instances[id.0 as usize].module));
        if placed.is_some_and(|placed| placed.base != base) {
            bail!(
                "the memory is laid out in another way than the one that its guests were moved for"
            );
        }
        region.base = base;
        base = base.wrapping_add(region.room as u32);
    }
    // What the linker has for other guests lies above the first: their handles, the state of the
    // libraries that they call, and their values on the way to the host.
    // So do tables where references are lowered ([`crate::lower`]).
    let others = block.is_some_and(|block| block.state + block.handles > 0)
        || host.is_some()
        || has_references(input, program, live);
    let guests = regions.iter().filter(|region| region.memory.is_some());
    let guarded = fusion.beside && others && guests.count() == 1;
    let mut plan = MemoryPlan {
        stacks,
        regions,
        host,
        block,
        fixed,
        own,
        guarded,
        unasked: false,
        shrinks: false,
        whole_for_tables: false,
    };
    // In a memory of no bytes there is nothing that could be touched in place of asking.
    plan.unasked = unasked && plan.end() > 0;
    let is_cut = !plan.end().is_multiple_of(PAGE.into());
    let may_shrink = options.profile.may_shrink() && is_cut;
    plan.shrinks = unasked && may_shrink;
    plan.whole_for_tables = asks_at_most_for_tables && tables_grow && may_shrink;
    Ok(Some(plan))
}

/// Whether tables can grow: with the memory, and as far as nobody sets a limit.
fn tables_may_grow(options: &Options) -> bool {
    options.growth == Growth::Free && options.max_handles.is_none()
}

/// How many handles there is room for at the start in the table of a component instance.
pub fn table_capacity(options: &Options) -> u32 {
    match tables_may_grow(options) {
        true => FIRST_HANDLES,
        false => options.max_handles.unwrap_or(MAX_HANDLES),
    }
}

/// How many handles there are, if nobody says.
fn handles(
    fusion: &Fusion,
    linked: &[LinkedLibrary],
    options: &Options,
    ends_anywhere: bool,
) -> u32 {
    let is_of_streams = |function: &String| {
        [
            "wasi:cli/",
            "wasi:io/streams@",
            "wasi:io/error@",
            "wasi:random/",
        ]
        .iter()
        .any(|of| function.starts_with(of))
            && !function.ends_with("subscribe")
    };
    let mut functions = linked.iter().flat_map(|library| &library.functions);
    let few = ends_anywhere && functions.all(is_of_streams) && fusion.tables.is_empty();
    options.max_handles.unwrap_or(match few {
        true => FEW_HANDLES,
        false => MAX_HANDLES,
    })
}

/// The bytes of the libraries' state, and where its pieces are.
///
/// # Errors
///
/// Fails for sizes that no memory has room for.
fn state(
    input: &Input<'_>,
    program: &Program,
    live: &Live,
    fusion: &Fusion,
    linked: &[LinkedLibrary],
    options: &Options,
) -> Result<(u32, Pieces)> {
    // Libraries that have state at all have it in one block.
    let mut needs = libraries::Needs::default();
    for library in linked {
        needs = needs.max(libraries::needs(program.module(input, library.instance))?);
    }
    let most = 1 << 28;
    // One more for a clock.
    let polls = u64::from(needs.state_per_poll) * (u64::from(live.poll_room(options)) + 1);
    if polls > most {
        bail!("--max-poll {} is too many", options.max_poll);
    }
    if u64::from(options.max_http) > most {
        bail!("--max-http {} is too many", options.max_http);
    }
    let mut pieces = Pieces::default();
    let mut end = needs.state_fixed.next_multiple_of(16);
    let shares = live.pieces.contains(&Piece::Scratch) && polls as u32 <= needs.scratch;
    for piece in &live.pieces {
        let (at, bytes) = match piece {
            Piece::Seed => (&mut pieces.seed, needs.seed),
            Piece::Zeroes => (&mut pieces.zeroes, needs.zeroes),
            Piece::Scratch => (&mut pieces.scratch, needs.scratch),
            Piece::Polls if shares => {
                pieces.polls = pieces.scratch;
                continue;
            }
            Piece::Polls => (&mut pieces.polls, polls as u32),
            Piece::Pool => (&mut pieces.pool, options.max_http),
            Piece::Tasks => (&mut pieces.tasks, task_bytes(needs, fusion, options)?),
        };
        *at = end;
        end += bytes.next_multiple_of(16);
    }
    // One frame at a time: no library calls another.
    let of_polls = u64::from(needs.frame_polls) * (u64::from(options.max_poll) + 1);
    if of_polls > most {
        bail!("--max-poll {} is too many", options.max_poll);
    }
    let frames = live.frames.iter().map(|frame| match frame {
        Frame::Call => needs.frame,
        Frame::Polls => needs.frame + of_polls as u32,
        Frame::Names => needs.frame_names,
    });
    end += frames.max().unwrap_or(0).next_multiple_of(16);
    pieces.frame_end = end;
    Ok((end, pieces))
}

/// The bytes of the records of tasks.
///
/// # Errors
///
/// Fails for sizes that no memory has room for.
fn task_bytes(needs: libraries::Needs, fusion: &Fusion, options: &Options) -> Result<u32> {
    let instances = fusion.tasks.as_ref().map_or(0, |plan| plan.instances.len());
    let bytes = u64::from(needs.tasks_fixed)
        + u64::from(needs.tasks_per_instance) * instances as u64
        + u64::from(needs.tasks_per_task) * u64::from(options.max_tasks)
        + u64::from(needs.tasks_per_stream) * u64::from(options.max_streams)
        + match options.stacks {
            Stacks::Nested => 0,
            Stacks::Switch => u64::from(options.thread_stack) * u64::from(options.max_tasks),
        };
    match u32::try_from(bytes) {
        Ok(bytes) if bytes < 1 << 28 => Ok(bytes),
        _ => bail!(
            "--max-tasks {} with --max-streams {} and --thread-stack {} is too many",
            options.max_tasks,
            options.max_streams,
            options.thread_stack
        ),
    }
}

/// Whether a live function of what sees all of the memory asks for its size, or grows it.
fn asks_natively(
    input: &Input<'_>,
    program: &Program,
    live: &Live,
    linked: &[LinkedLibrary],
) -> bool {
    let mut seeing = linked.iter().filter(|library| library.sees_all);
    seeing.any(|library| {
        let module = program.module(input, library.instance);
        let funcs = &live.instance(library.instance).funcs;
        let first = module.imported_func_count() as usize;
        let mut bodies = (0..module.bodies.len()).filter(|at| funcs[first + at]);
        bodies.any(|at| {
            let asks = |r| matches!(r, Ref::MemorySize(_) | Ref::MemoryGrow(_));
            module.refs.of(at).any(asks)
        })
    })
}

/// What the user says of memories: a name, and bytes.
type Said<'o> = HashMap<(InstanceId, u32), (&'o str, u32)>;

/// The sizes that the user gives, by the memories of the guests that are named, with the names.
///
/// # Errors
///
/// Fails for names that are not of exactly one guest.
fn said<'o>(
    input: &Input<'_>,
    program: &Program,
    memories: &[(InstanceId, u32)],
    own: &[OwnMemory],
    options: &'o Options,
) -> Result<Said<'o>> {
    let mut said = HashMap::new();
    if options.guest_memory.is_empty() {
        return Ok(said);
    }
    if !own.is_empty() {
        bail!("--guest-memory packs the guests of one memory: leave it or --memory=multi out");
    }
    let path = |(id, _): (InstanceId, u32)| program.module(input, id).path.as_str();
    for (name, bytes) in &options.guest_memory {
        let is_it = |memory: &&(InstanceId, u32)| {
            let path = path(**memory);
            path == name
                || path.split(" > ").any(|part| part == name)
                || memories.len() == 1 && name == "guest"
        };
        let found: Vec<_> = memories.iter().filter(is_it).collect();
        match found.as_slice() {
            [memory] => {
                said.insert(**memory, (name.as_str(), *bytes));
            }
            found => {
                let all: Vec<&str> = match found.is_empty() {
                    true => memories.iter().map(|memory| path(*memory)).collect(),
                    false => found.iter().map(|memory| path(**memory)).collect(),
                };
                bail!(
                    "--guest-memory {name}: {} guest with a memory has this name: write one of {}",
                    if found.is_empty() {
                        "no"
                    } else {
                        "more than one"
                    },
                    all.iter()
                        .map(|path| format!("{path:?}"))
                        .collect::<Vec<_>>()
                        .join(", ")
                );
            }
        }
    }
    Ok(said)
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
    if let Growth::Within(_) | Growth::Ram(_) = options.growth {
        bail!(
            "--memory-max or --ram sets the size of one memory, but --memory=multi keeps {}: leave one of \
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
/// grow, in whole pages.
///
/// # Errors
///
/// Fails when the memories do not fit at all.
fn share_out<'p>(
    regions: &mut [Region],
    (stacks, block): (u32, Option<Block>),
    options: &Options,
    path: impl Fn(InstanceId) -> &'p str,
) -> Result<()> {
    let page = u64::from(PAGE);
    let most = match options.growth {
        Growth::Free => return Ok(()),
        Growth::None => {
            for region in regions {
                region.grows = false;
            }
            return Ok(());
        }
        Growth::Within(pages) => in_bytes(pages.min(MAX_PAGES)),
        Growth::Ram(bytes) if options.profile.ends_anywhere() => u64::from(bytes),
        Growth::Ram(bytes) => u64::from(bytes) / page * page,
    };
    let start: u64 = regions.iter().map(|region| region.bytes).sum();
    let start = start + u64::from(stacks) + block.map_or(0, |block| u64::from(block.size()));
    let Some(mut left) = most.checked_sub(start) else {
        bail!(
            "{}",
            too_small(start, regions, (stacks, block), options, path)
        );
    };
    let mut growing = regions.iter().filter(|region| region.grows).count() as u64;
    for region in regions {
        if !region.grows {
            continue;
        }
        let share = left / growing / page * page;
        let most = region.maximum.map_or(in_bytes(MAX_PAGES), in_bytes);
        region.room = (region.bytes + share).min(most).max(region.bytes);
        region.grows = region.room > region.bytes;
        left -= region.room - region.bytes;
        growing -= 1;
    }
    Ok(())
}

/// How many guests are named that take too much.
const NAMED: usize = 8;

/// What to say where `--memory-max` or `--ram` is less than the program starts with, and what helps.
fn too_small<'p>(
    start: u64,
    regions: &[Region],
    (stacks, block): (u32, Option<Block>),
    options: &Options,
    path: impl Fn(InstanceId) -> &'p str,
) -> String {
    let guests = regions
        .iter()
        .filter(|region| region.bytes > 0)
        .map(|region| match region.memory {
            Some((id, _)) => format!("{} bytes for {}", region.bytes, path(id)),
            None => format!("{} bytes for values of the host", region.bytes),
        });
    let shared = (stacks > 0).then(|| format!("{stacks} bytes for the stacks"));
    let mut parts: Vec<String> = shared.into_iter().chain(guests).collect();
    if parts.len() > NAMED {
        let more = parts.len() - NAMED;
        parts.truncate(NAMED);
        parts.push(format!("the rest for {more} more guests"));
    }
    let mut helps =
        "A guest starts with its data and its stack, which is 1 MiB in Rust: link it with a \
                     smaller stack (rustc: -C link-arg=-zstack-size=65536; clang: \
                     -Wl,-z,stack-size=65536). A guest that exports __heap_base and never asks for the \
                     size of its memory takes only what it uses of its last page \
                     (-Wl,--export=__heap_base, or --guest-memory NAME=SIZE)."
            .to_string();
    if let Some(block) = block {
        parts.push(format!("{} bytes for what the linker adds", block.size()));
        let uses = [
            (block.state, "library state (--max-poll, --max-http)"),
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
    let pages = start.div_ceil(PAGE.into());
    let (given, least) = match options.growth {
        Growth::Ram(bytes) => {
            let cut = options.profile.ends_anywhere();
            let least = if cut { start } else { in_bytes(pages as u32) };
            (format!("--ram {bytes}"), format!("--ram {least}"))
        }
        Growth::Within(pages_given) => (
            format!("--memory-max={}KiB", u64::from(pages_given) * 64),
            format!("--memory-max={}KiB", pages * 64),
        ),
        Growth::Free | Growth::None => unreachable!("there is no limit"),
    };
    format!(
        "{given} is too small: the program starts with {start} bytes, {}. Give \
         it {least} or more, or make it smaller. {helps}",
        parts.join(", "),
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
