//! The functions that the linker writes itself.

mod border;
mod callee;
mod canon;
mod descriptors;
pub mod fused;
pub mod handles;
mod initialise;
mod memory;
pub mod one_trap;
mod runs;
pub mod strings;
mod tables;
mod tasks;
mod utf8;
mod vectors;

use anyhow::{Context, Result};
use wasm_encoder::{BlockType, Function, InstructionSink, ValType};

use crate::maps::glue::{Glue, GlueKind};
use crate::maps::{Maps, region_access};
use crate::memory::bulk::{self, Bounds};
use crate::memory::layout::in_bytes;
use crate::memory::traps::{self, Trap};
use crate::memory::{arena, regions};
use crate::opt::Opt;
use crate::plan::{self, Plan, tasks::Site};
use callee::{host, index};
use runs::Pieces;

/// Encodes one of the functions, by its place in [`Glue::functions`].
///
/// # Errors
///
/// Names what a function of the canonical ABI needs and does not have.
pub fn encode(glue: &Glue, at: usize, plan: &Plan<'_, '_>, maps: &Maps) -> Result<Function> {
    glue.encode(at, plan, maps)
        .and_then(|function| match plan.options.does(Opt::OneTrap) {
            true => one_trap::share(function),
            false => Ok(function),
        })
        .with_context(|| format!("in the function {}", glue.functions[at].name))
}

impl Glue {
    fn encode(&self, at: usize, plan: &Plan<'_, '_>, maps: &Maps) -> Result<Function> {
        let function = &self.functions[at];
        let traps = &maps.globals.traps;
        Ok(match function.kind {
            GlueKind::Passing(ref passing) => fused::shared(self, plan, maps, passing)?,
            GlueKind::Canon(id) => canon::encode(self, plan, maps, id)?,
            GlueKind::TaskStart(Site::Host(id)) => fused::imports::attempt(self, plan, maps, id)?,
            GlueKind::TaskStart(site) => fused::tasks::start(self, plan, maps, site)?,
            GlueKind::HandleFind => handles::find(traps),
            GlueKind::HandleAdd => {
                let capacity = match self.handles.grow {
                    Some(grow) => handles::Capacity::Grows(maps.first_glue + grow),
                    None => handles::Capacity::Fixed(plan.max_handles()),
                };
                handles::add(traps, capacity)
            }
            GlueKind::HandleGrow => {
                let memory = plan.memory.as_ref().expect("tables lie in a memory");
                let slides = memory.block.is_some_and(|block| block.slides);
                let grow = self.grow.iter().flatten().next();
                let slide = grow.filter(|_| slides).map(|at| maps.first_glue + at);
                tables::grow(memory, &maps.globals, slide)
            }
            GlueKind::MoreHandles => {
                let grow = self.handles.grow.expect("tables grow by a function");
                tables::more(&maps.globals, maps.first_glue + grow)
            }
            GlueKind::HandleRemove => handles::remove(traps, maps.first_glue + self.handles.find),
            GlueKind::HandleRemoveOwn => {
                let remove = maps.first_glue + self.handles.remove;
                handles::remove_own(traps, remove, plan.fusion.tasks.is_some())
            }
            GlueKind::HandleLend => handles::lend(maps.first_glue + self.handles.find),
            GlueKind::FullStack => tasks::full_stack(maps),
            GlueKind::Tell(trap) => traps::encode(trap, index(maps, host(plan, "fd_write"))),
            GlueKind::Strings(helper) => {
                let callee = |other| maps.first_glue + self.strings[&other];
                let pieces = match self.has_vectors {
                    _ if !plan.options.does(Opt::TextRuns) => Pieces::Units,
                    true => Pieces::Vectors,
                    false => Pieces::Words,
                };
                helper.encode(self.can_move(maps), callee, pieces)
            }
            GlueKind::ArenaAlloc => fused::arena_alloc(self, plan, maps)?,
            GlueKind::ArenaRealloc => fused::host_realloc(self, plan, maps)?,
            GlueKind::HostArena(bytes) => {
                let mut body = Function::new([]);
                body.instructions().i32_const(bytes as i32).end();
                body
            }
            GlueKind::Allocating(allocating, initialised) => {
                fused::realloc(self, plan, maps, allocating, initialised)?
            }
            GlueKind::Copied(lift, initialised) if plan.fusion.by_tasks(Site::Export(lift)) => {
                fused::tasks::export(self, plan, maps, lift, initialised)?
            }
            GlueKind::Copied(lift, initialised) => {
                fused::export(self, plan, maps, lift, initialised)?
            }
            GlueKind::Passed(lift, initialised) => {
                fused::passed(self, plan, maps, lift, initialised)?
            }
            GlueKind::CopiedPost(lift) => fused::post_return(self, plan, maps, lift),
            GlueKind::NotLeaving(target, instance) => {
                let flag = maps.globals.may_not_leave[&instance];
                let mut body = Function::new([]);
                let mut code = body.instructions();
                code.i32_const(1).global_set(flag);
                for param in 0..function.ty.params().len() as u32 {
                    code.local_get(param);
                }
                code.call(index(maps, target))
                    .i32_const(0)
                    .global_set(flag)
                    .end();
                body
            }
            GlueKind::Grow(region) => {
                let memory = plan.memory.as_ref().expect("a region of a memory");
                regions::grow(memory, &maps.globals, region, self.can_move(maps))
            }
            GlueKind::MemoryCopy(region) => {
                let access = region_access(plan, &maps.globals, region);
                let lowered = self.lowered_copy.filter(|_| !self.has_bulk);
                regions::copy(&access, &access, lowered.map(|at| maps.first_glue + at))
            }
            GlueKind::MemoryFill(region) => {
                let access = region_access(plan, &maps.globals, region);
                let lowered = self.lowered_fill.filter(|_| !self.has_bulk);
                regions::fill(&access, lowered.map(|at| maps.first_glue + at))
            }
            GlueKind::MemoryCopyBetween(target, source) => {
                let [target, source] =
                    [target, source].map(|at| region_access(plan, &maps.globals, at));
                let lowered = self.lowered_copy.filter(|_| !self.has_bulk);
                regions::copy(&target, &source, lowered.map(|at| maps.first_glue + at))
            }
            GlueKind::LoweredCopy => bulk::memory_copy((0, 0), &bounds(plan)),
            GlueKind::LoweredFill => bulk::memory_fill(0, &bounds(plan)),
            GlueKind::Malloc => {
                arena::malloc(arena_bytes(plan), |code| arena_base(plan, maps, code))
            }
            GlueKind::Free => arena::free(arena_bytes(plan), |code| arena_base(plan, maps, code)),
            GlueKind::AllocateOnly(target) => {
                let (old, old_size, new_size) = (0, 1, 3);
                let mut body = Function::new([]);
                let mut code = body.instructions();
                // old != 0 && new_size <= old_size
                code.local_get(old)
                    .i32_eqz()
                    .local_get(new_size)
                    .local_get(old_size)
                    .i32_gt_u()
                    .i32_or()
                    .i32_eqz()
                    .if_(BlockType::Empty)
                    .local_get(old)
                    .return_()
                    .end();
                for param in 0..4 {
                    code.local_get(param);
                }
                code.call(index(maps, target)).end();
                body
            }
            GlueKind::Border(id, index) => border::encode(plan, maps, &function.ty, (id, index)),
            GlueKind::Late(place) => initialise::late(plan, maps, &function.ty, place),
            GlueKind::Initialise => initialise::encode(plan, maps),
            GlueKind::Initialised(target) => {
                let mut body = Function::new([]);
                let mut code = body.instructions();
                if let Some(at) = self.initialise {
                    code.call(maps.first_glue + at);
                }
                for param in 0..function.ty.params().len() as u32 {
                    code.local_get(param);
                }
                code.call(index(maps, target)).end();
                body
            }
            GlueKind::Realloc(target) => {
                let mut body = Function::new([]);
                let mut code = body.instructions();
                if let (Some(at), Some(state)) = (self.initialise, maps.globals.initialised) {
                    code.global_get(state)
                        .i32_eqz()
                        .if_(BlockType::Empty)
                        .call(maps.first_glue + at)
                        .end();
                }
                for param in 0..function.ty.params().len() as u32 {
                    code.local_get(param);
                }
                code.call(index(maps, target)).end();
                body
            }
            GlueKind::TaskRun(lift) => {
                let mut fused = fused::Fused::exported(self, plan, maps, &[], true);
                if self.initialise.is_none() {
                    initialise::prime(plan, maps, &mut fused.sink());
                }
                fused::tasks::run(&mut fused, lift)?;
                fused
                    .sink()
                    .if_(BlockType::Empty)
                    .i32_const(1)
                    .call(index(maps, host(plan, "proc_exit")))
                    .end();
                fused.finish()
            }
            GlueKind::Run(target, post_return, instance) => {
                let result = 0;
                let returns = !plan.target_type(target).results().is_empty();
                let mut body = Function::new(returns.then_some((1, ValType::I32)));
                let mut code = body.instructions();
                match self.initialise {
                    Some(at) => {
                        code.call(maps.first_glue + at);
                    }
                    None => initialise::prime(plan, maps, &mut code),
                }
                let entered = plan::fused::entered(&plan.program, None, instance);
                let flags: Vec<u32> = entered
                    .iter()
                    .filter_map(|id| maps.globals.entered.get(id).copied())
                    .collect();
                for &flag in &flags {
                    code.global_get(flag);
                    traps.when(&mut code, Trap::CannotEnter);
                    code.i32_const(1).global_set(flag);
                }
                code.call(index(maps, target));
                if returns {
                    // There is no case beyond `ok` and `error`.
                    code.local_tee(result).i32_const(1).i32_gt_u();
                    traps.when(&mut code, Trap::Discriminant);
                    if let Some(post_return) = post_return {
                        code.local_get(result).call(index(maps, post_return));
                    }
                }
                for flag in flags {
                    code.i32_const(0).global_set(flag);
                }
                if returns {
                    code.local_get(result)
                        .if_(BlockType::Empty)
                        .i32_const(1)
                        .call(index(maps, host(plan, "proc_exit")))
                        .end();
                }
                code.end();
                body
            }
        })
    }
}

/// How the linker's own functions see whether a range lies in the memory.
fn bounds(plan: &Plan<'_, '_>) -> Bounds<'static> {
    let memory = plan.memory.as_ref().filter(|memory| memory.unasked);
    let bytes = memory.map(|memory| match memory.shrinks {
        true => memory.end(),
        false => in_bytes(memory.pages()),
    });
    let is_command = plan.exports.iter().any(|export| export.name == "_start");
    Bounds::of_all(bytes, is_command)
}

/// The bytes of the arena.
fn arena_bytes(plan: &Plan<'_, '_>) -> u32 {
    let block = plan.memory.as_ref().and_then(|memory| memory.block);
    block.expect("an arena was planned in a block").arena
}

/// Leaves the address of the arena on the stack.
fn arena_base(plan: &Plan<'_, '_>, maps: &Maps, code: &mut InstructionSink<'_>) {
    let memory = plan
        .memory
        .as_ref()
        .expect("an arena was planned in a memory");
    let block = memory.block.expect("an arena was planned in a block");
    let offset = block.state;
    match maps.globals.block {
        Some(base) => code.global_get(base).i32_const(offset as i32).i32_add(),
        None => code.i32_const((memory.block_base() + offset) as i32),
    };
}
