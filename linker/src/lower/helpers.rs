//! The functions that lowered instructions call. Each is added when it is first needed.

use anyhow::Result;
use wasm_encoder::{BlockType, FuncType, Function, ValType};

use super::helper::Helper;
use super::lowering::Lowering;
use super::quirks;
use super::{segments, start, tables};
use crate::memory::arena;
use crate::memory::bulk::{self, Bounds};
use crate::memory::regions::{self, Bulk};

impl Helper {
    /// For the name section.
    pub fn name(self, ctx: &Lowering<'_, '_, '_>) -> String {
        let what = match self {
            Helper::MemoryCopy(0, 0) => "memory.copy".to_string(),
            Helper::MemoryFill(0) => "memory.fill".to_string(),
            Helper::MemoryCopy(to, from) => format!("memory.copy {to} {from}"),
            Helper::MemoryFill(memory) => format!("memory.fill {memory}"),
            Helper::RegionCopy(to, from) => format!("memory.copy {to} {from}"),
            Helper::RegionFill(memory) => format!("memory.fill {memory}"),
            Helper::MemoryGrow(memory) => format!("memory.grow {memory}"),
            Helper::Saturate(conversion) => conversion.name(),
            Helper::MemoryInit(segment, 0) => format!("memory.init {segment}"),
            Helper::MemoryInit(segment, memory) => format!("memory.init {memory} {segment}"),
            Helper::SegmentWord(segment, piece) => format!("data {segment}.{piece}"),
            Helper::Bound(table) => format!("index {table}"),
            Helper::TableGet(table) => format!("table.get {table}"),
            Helper::TableSet(table) => format!("table.set {table}"),
            Helper::TableGrow(table) => format!("table.grow {table}"),
            Helper::TableFill(table) => format!("table.fill {table}"),
            Helper::TableCopy(to, from) => format!("table.copy {to} {from}"),
            Helper::TableInit(element, table) => format!("table.init {element} {table}"),
            Helper::Malloc if ctx.frames.is_some() => "frame".to_string(),
            Helper::Malloc => "malloc".to_string(),
            Helper::Free => "free".to_string(),
            Helper::Wrapper(wrapper) => wrapper.function().to_string(),
            Helper::Start => "start".to_string(),
            Helper::Started(func) => match ctx.function_name(func) {
                Some(name) => format!("start {name}"),
                None => format!("start {func}"),
            },
        };
        format!("p1bridge:{what}")
    }

    pub fn ty(self, ctx: &Lowering<'_, '_, '_>) -> FuncType {
        use ValType::{I32, I64};
        match self {
            Helper::MemoryCopy(..)
            | Helper::MemoryFill(_)
            | Helper::RegionCopy(..)
            | Helper::RegionFill(_)
            | Helper::MemoryInit(..)
            | Helper::TableFill(_)
            | Helper::TableCopy(..)
            | Helper::TableInit(..) => FuncType::new([I32, I32, I32], []),
            Helper::Saturate(conversion) => FuncType::new([conversion.from], [conversion.to]),
            Helper::SegmentWord(..) => FuncType::new([I32], [I64]),
            Helper::MemoryGrow(_) | Helper::Bound(_) | Helper::TableGet(_) | Helper::Malloc => {
                FuncType::new([I32], [I32])
            }
            Helper::TableSet(_) => FuncType::new([I32, I32], []),
            Helper::TableGrow(_) => FuncType::new([I32, I32], [I32]),
            Helper::Free => FuncType::new([I32], []),
            Helper::Wrapper(wrapper) => wrapper.ty(),
            Helper::Start => FuncType::new([], []),
            Helper::Started(func) => {
                ctx.types[ctx.module.func_types[func as usize] as usize].clone()
            }
        }
    }

    pub fn function(self, ctx: &mut Lowering<'_, '_, '_>) -> Result<Function> {
        Ok(match self {
            Helper::MemoryCopy(to, from) => match ctx.only_memory().filter(|_| !ctx.unasked) {
                Some(memories) => {
                    bulk::memory_copy((0, 0), &Bounds::Pages(&|_, code| memories.reach(code)))
                }
                None => bulk::memory_copy((to, from), &ctx.bounds(to)),
            },
            Helper::MemoryFill(memory) => match ctx.only_memory().filter(|_| !ctx.unasked) {
                Some(memories) => {
                    bulk::memory_fill(0, &Bounds::Pages(&|_, code| memories.reach(code)))
                }
                None => bulk::memory_fill(memory, &ctx.bounds(memory)),
            },
            Helper::RegionCopy(to, from) => {
                let copy = ctx
                    .needs
                    .memory_copy
                    .then(|| ctx.helper(Helper::MemoryCopy(0, 0)));
                let memories = ctx.memories()?;
                regions::copy(&memories.access(to), &memories.access(from), copy)
            }
            Helper::RegionFill(region) => {
                let fill = ctx
                    .needs
                    .memory_copy
                    .then(|| ctx.helper(Helper::MemoryFill(0)));
                regions::fill(&ctx.memories()?.access(region), fill)
            }
            Helper::MemoryGrow(grown) => {
                // A small block alone is moved word by word.
                let bulk = match (ctx.memories()?.is_shared(), ctx.needs.memory_copy) {
                    (false, _) => None,
                    (true, false) => Some(Bulk::Instructions),
                    (true, true) => Some(Bulk::Functions {
                        copy: ctx.helper(Helper::MemoryCopy(0, 0)),
                        fill: ctx.helper(Helper::MemoryFill(0)),
                    }),
                };
                let memories = ctx.memories()?;
                regions::grow(
                    &memories.plan,
                    &memories.globals,
                    memories.region(grown),
                    bulk,
                )
            }
            Helper::Saturate(conversion) => conversion.beyond(),
            Helper::MemoryInit(segment, memory) => segments::memory_init(ctx, segment, memory),
            Helper::SegmentWord(segment, piece) => segments::word(ctx, segment, piece),
            Helper::Bound(table) => tables::bound(ctx, table),
            Helper::TableGet(table) => tables::get(ctx, table)?,
            Helper::TableSet(table) => tables::set(ctx, table)?,
            Helper::TableGrow(table) => tables::grow(ctx, table)?,
            Helper::TableFill(table) => tables::fill(ctx, table)?,
            Helper::TableCopy(to, from) => tables::copy(ctx, to, from)?,
            Helper::TableInit(element, table) => tables::init(ctx, element, table)?,
            Helper::Malloc if let Some(stack) = ctx.frames => frame(stack),
            Helper::Free if ctx.frames.is_some() => {
                let mut body = Function::new([]);
                body.instructions().end();
                body
            }
            Helper::Malloc => {
                let memories = ctx.memories()?;
                arena::malloc(ctx.arena_bytes, |code| memories.block_address(0, code))
            }
            Helper::Free => {
                let memories = ctx.memories()?;
                arena::free(ctx.arena_bytes, |code| memories.block_address(0, code))
            }
            Helper::Wrapper(wrapper) => quirks::function(ctx, wrapper)?,
            Helper::Start => start::start(ctx)?,
            Helper::Started(func) => start::started(ctx, func),
        })
    }
}

/// The most that a wrapper has below the stack pointer.
const MOST: i32 = 1024;

/// Room for the time of a call, below the stack pointer of the thread, which stays where it is: the host
/// calls nothing. None for what the stack of a small thread would not have.
fn frame(stack: u32) -> Function {
    let mut body = Function::new([]);
    body.instructions()
        .local_get(0)
        .i32_const(MOST)
        .i32_gt_u()
        .if_(BlockType::Empty)
        .i32_const(0)
        .return_()
        .end()
        .global_get(stack)
        .local_get(0)
        .i32_sub()
        .i32_const(-16)
        .i32_and()
        .end();
    body
}
