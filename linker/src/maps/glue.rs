//! Which functions the linker writes itself: [`crate::glue`] has their code.

use std::collections::{BTreeMap, BTreeSet};

use wasmparser::{FuncType, WasmFeatures};

use super::shared::{Passing, Shared, shared};
use crate::features::FeatureSet;
use crate::memory::layout::MemoryPlan;
use crate::memory::traps::Trap;
use crate::opt::Opt;
use crate::plan::exports::{HOST_ARENA, passed_type};
use crate::plan::strings::Placed;
use crate::plan::tasks::Site;
use crate::plan::{Allocating, Exported, Place, Plan, Target};
use crate::resolve::{CanonId, ComponentInstanceId, FuncDef, InstanceId, LiftId};
use crate::statics::canon::canon_name;

/// A function of the linker's own.
#[derive(Clone, Debug)]
pub struct GlueFunction {
    /// For the name section.
    pub name: String,
    pub ty: FuncType,
    pub kind: GlueKind,
}

#[derive(Clone, Debug)]
pub enum GlueKind {
    /// `memory.grow` of the guest of a region: what lies above it slides up.
    Grow(usize),
    /// `memory.copy` and `memory.fill` of the guest of a region.
    MemoryCopy(usize),
    MemoryFill(usize),
    /// `memory.copy` from one region to another: target and source.
    MemoryCopyBetween(usize, usize),
    /// A function of the canonical ABI between guests.
    Canon(CanonId),
    /// What passes values of one type, for several functions.
    Passing(Passing),
    /// The functions of handle tables.
    HandleFind,
    HandleAdd,
    HandleGrow,
    MoreHandles,
    HandleRemove,
    HandleRemoveOwn,
    HandleLend,
    /// Says why the module is about to trap.
    Tell(Trap),
    /// Traps where there is no room left for the stack of a task that waits.
    FullStack,
    /// What strings need on their way.
    Strings(Placed),
    /// The allocation in the host's arena, and what the host allocates there by.
    ArenaAlloc,
    ArenaRealloc,
    /// A `realloc` whose answers are checked, before which the module may have to be initialised.
    Allocating(Allocating, bool),
    /// An export whose values are copied, or checked where they are, and its `post-return`.
    Copied(LiftId, bool),
    CopiedPost(LiftId),
    /// An export that is an import, before which the module may have to be initialised.
    Passed(LiftId, bool),
    /// A `realloc` or `post-return`, during which the instance must not call out.
    NotLeaving(Target, ComponentInstanceId),
    /// The same for all of the memory, without the instructions.
    LoweredCopy,
    LoweredFill,
    /// A `realloc` that is never asked to shrink.
    AllocateOnly(Target),
    /// Calls what was in an element of a table at the time.
    Late(Place),
    /// Calls a function and turns its exceptions into a trap: `plan/border.rs`.
    Border(InstanceId, u32),
    /// Runs the start functions, once.
    Initialise,
    /// Initialises the module, then calls.
    Initialised(Target),
    /// The same for a `realloc`, which may be called meanwhile.
    Realloc(Target),
    /// Begins a call of a task, whose arguments were kept.
    TaskStart(Site),
    /// The `_start` of a command whose `run` goes by way of the library of tasks.
    TaskRun(LiftId),
    /// The `_start` of a command.
    Run(Target, Option<Target>, ComponentInstanceId),
    /// The arena for the runtime's own use.
    Malloc,
    Free,
    /// The bytes of the arena in which the host leaves what its functions give.
    HostArena(u32),
}

/// All of them; the numbers are places in `functions`.
#[derive(Clone, Debug, Default)]
pub struct Glue {
    pub functions: Vec<GlueFunction>,
    /// For each region of the memory, its own functions.
    pub grow: Vec<Option<u32>>,
    pub memory_copy: Vec<Option<u32>>,
    pub memory_fill: Vec<Option<u32>>,
    /// The functions that copy between regions, by target and source.
    pub copies: BTreeMap<(usize, usize), u32>,
    /// The functions of the canonical ABI between guests.
    pub canons: Vec<(CanonId, u32)>,
    /// What begins calls whose arguments were kept.
    pub task_starts: BTreeMap<Site, u32>,
    /// What passes values for several of them.
    pub shared: Shared,
    pub handles: Handles,
    pub strings: BTreeMap<Placed, u32>,
    pub traps: BTreeMap<Trap, u32>,
    /// What traps where a stack does not fit, if stacks are taken away.
    pub full_stack: Option<u32>,
    pub arena_alloc: Option<u32>,
    pub arena_realloc: Option<u32>,
    /// Copying and filling where the target has no instructions for it.
    pub lowered_copy: Option<u32>,
    pub lowered_fill: Option<u32>,
    pub initialise: Option<u32>,
    /// The functions at which exceptions end, by what they call.
    pub borders: BTreeMap<(InstanceId, u32), u32>,
    /// What is in elements of tables that are written late.
    pub late: BTreeMap<Place, u32>,
    /// The guards of `realloc` functions.
    pub allocate_only: Vec<((InstanceId, u32), u32)>,
    /// The functions that library instances call as `cabi_realloc`, where a guest must not call out meanwhile:
    /// the instance, the index of the import and the function.
    pub library_reallocs: Vec<(InstanceId, u32, u32)>,
    /// What makes room for more handles of the libraries, where their table grows.
    pub more_handles: Option<u32>,
    /// For each export of the plan, the function that was made for it.
    pub exports: Vec<Option<u32>>,
    /// Whether `memory.copy` and `memory.fill` may be used.
    pub has_bulk: bool,
    /// Whether vectors may be used.
    pub has_vectors: bool,
}

impl Glue {
    /// Decides which functions `plan` needs.
    pub fn new(plan: &Plan<'_, '_>) -> Glue {
        use wasmparser::ValType::I32;
        let mut glue = Glue::default();
        let bulk = FeatureSet::of(WasmFeatures::BULK_MEMORY_OPT);
        let allowed = plan.options.profile.allowed(plan.features());
        glue.has_bulk = allowed.contains(bulk);
        glue.has_vectors =
            allowed.contains(FeatureSet::of(WasmFeatures::SIMD)) && plan.options.does(Opt::Vectors);
        if plan.options.trap_messages && plan.memory.is_some() {
            let tables_grow = plan.memory.as_ref().is_some_and(MemoryPlan::tables_grow);
            for trap in Trap::ALL {
                let never = match trap {
                    Trap::Exception => plan.borders.is_empty(),
                    Trap::Deadlock
                    | Trap::MayNotBlock
                    | Trap::SeveralStacks
                    | Trap::TooManyStreams
                    | Trap::TooManyTasks => plan.program.tasks.is_none(),
                    Trap::FullStack => !plan.switches(),
                    Trap::FullTable => tables_grow,
                    Trap::NoMoreHandles => !tables_grow,
                    _ => false,
                };
                if never {
                    continue;
                }
                let name = format!("p1bridge:trap: {}", trap.text());
                let at = glue.add(&name, FuncType::new([], []), GlueKind::Tell(trap));
                glue.traps.insert(trap, at);
            }
        }
        if plan.switches() {
            let ty = FuncType::new([], []);
            glue.full_stack = Some(glue.add("p1bridge:full-stack", ty, GlueKind::FullStack));
        }
        if let Some(memory) = &plan.memory {
            glue.memory_functions(plan, memory);
        }
        glue.canon_functions(plan);
        for &(id, index) in &plan.live.allocate_only {
            let ty = FuncType::new([I32, I32, I32, I32], [I32]);
            let kind = GlueKind::AllocateOnly(plan.target(FuncDef::Core(id, index)));
            let at = glue.add("p1bridge:cabi_realloc", ty, kind);
            glue.allocate_only.push(((id, index), at));
        }
        glue.guard_libraries(plan);
        for (&place, history) in &plan.late {
            let (_, func) = history[0];
            let ty = plan.program.func_ty(plan.input, func).clone();
            let name = format!("p1bridge:element {}", place.1);
            let at = glue.add(&name, ty, GlueKind::Late(place));
            glue.late.insert(place, at);
        }
        for &(id, index) in plan.borders.keys() {
            let module = plan.program.module(plan.input, id);
            let name = match module.function_name(index) {
                Some(name) => format!("p1bridge:catch {name}"),
                None => format!("p1bridge:catch {index}"),
            };
            let ty = module.func_type(index).clone();
            let at = glue.add(&name, ty, GlueKind::Border(id, index));
            glue.borders.insert((id, index), at);
        }
        let nothing = FuncType::new([], []);
        let initialises = plan.exports.iter().any(|export| {
            matches!(
                export.what,
                Exported::Initialize | Exported::Initialised(_) | Exported::Realloc(_)
            )
        });
        if initialises || !plan.init.is_empty() {
            glue.initialise =
                Some(glue.add("p1bridge:initialize", nothing.clone(), GlueKind::Initialise));
        }
        for export in &plan.exports {
            let made = match export.what {
                Exported::Func(_)
                | Exported::Memory
                | Exported::End
                | Exported::Global(..)
                | Exported::Table(..) => None,
                Exported::Initialize => glue.initialise,
                Exported::Initialised(target) => {
                    let ty = plan.target_type(target).clone();
                    let name = format!("p1bridge:export {}", export.name);
                    Some(glue.add(&name, ty, GlueKind::Initialised(target)))
                }
                Exported::Realloc(target) => {
                    let ty = plan.target_type(target).clone();
                    let name = format!("p1bridge:export {}", export.name);
                    Some(glue.add(&name, ty, GlueKind::Realloc(target)))
                }
                Exported::Allocating(allocating, initialised) => {
                    let ty = plan.target_type(allocating.target).clone();
                    let name = format!("p1bridge:export {}", export.name);
                    Some(glue.add(&name, ty, GlueKind::Allocating(allocating, initialised)))
                }
                Exported::Copied(lift, initialised) => {
                    let ty = lifted_type(plan, lift);
                    let name = format!("p1bridge:export {}", export.name);
                    Some(glue.add(&name, ty, GlueKind::Copied(lift, initialised)))
                }
                Exported::Passed(lift, initialised) => {
                    let ty = passed_type(plan, lift);
                    let name = format!("p1bridge:export {}", export.name);
                    Some(glue.add(&name, ty, GlueKind::Passed(lift, initialised)))
                }
                Exported::CopiedPost(lift) => {
                    let ty = FuncType::new([I32], []);
                    let name = format!("p1bridge:export {}", export.name);
                    Some(glue.add(&name, ty, GlueKind::CopiedPost(lift)))
                }
                Exported::NotLeaving(target, instance) => {
                    let ty = plan.target_type(target).clone();
                    let name = format!("p1bridge:export {}", export.name);
                    Some(glue.add(&name, ty, GlueKind::NotLeaving(target, instance)))
                }
                Exported::Arena => glue.arena_realloc,
                Exported::HostArena(bytes) => {
                    let ty = FuncType::new([], [I32]);
                    Some(glue.add(HOST_ARENA, ty, GlueKind::HostArena(bytes)))
                }
                Exported::TaskRun(lift) => {
                    Some(glue.add("_start", nothing.clone(), GlueKind::TaskRun(lift)))
                }
                Exported::Run(target, post_return, instance) => {
                    let kind = GlueKind::Run(target, post_return, instance);
                    Some(glue.add("_start", nothing.clone(), kind))
                }
                Exported::Malloc => {
                    let ty = FuncType::new([I32], [I32]);
                    Some(glue.add("p1bridge:malloc", ty, GlueKind::Malloc))
                }
                Exported::Free => {
                    let ty = FuncType::new([I32], []);
                    Some(glue.add("p1bridge:free", ty, GlueKind::Free))
                }
            };
            glue.exports.push(made);
        }
        glue
    }

    /// Wraps each `realloc` that a library calls, and that could call out.
    fn guard_libraries(&mut self, plan: &Plan<'_, '_>) {
        use wasmparser::ValType::I32;
        for (id, import, target, instance) in plan.guarded_reallocs() {
            let ty = FuncType::new([I32; 4], [I32]);
            let kind = GlueKind::NotLeaving(target, instance);
            let at = self.add("p1bridge:cabi_realloc", ty, kind);
            self.library_reallocs.push((id, import, at));
        }
    }

    /// The functions of the canonical ABI between guests, and what they call.
    fn canon_functions(&mut self, plan: &Plan<'_, '_>) {
        use wasmparser::ValType::I32;
        let block = plan.memory.as_ref().and_then(|memory| memory.block);
        let grow = block.is_some_and(|block| block.tables_grow).then(|| {
            let one = FuncType::new([I32], [I32]);
            self.add("p1bridge:handle-grow", one, GlueKind::HandleGrow)
        });
        self.handles.grow = grow;
        if grow.is_some() && plan.live.more_handles {
            let ty = FuncType::new([], [I32]);
            let at = self.add("p1bridge:more-handles", ty, GlueKind::MoreHandles);
            self.more_handles = Some(at);
        }
        if let (false, Some(block)) = (plan.fusion.tables.is_empty(), block) {
            let three = FuncType::new([I32, I32, I32], [I32]);
            let four = FuncType::new([I32, I32, I32, I32], [I32]);
            let mut add = |name: &str, ty: &FuncType, kind| self.add(name, ty.clone(), kind);
            let handles = Handles {
                find: add("p1bridge:handle-find", &three, GlueKind::HandleFind),
                add: add("p1bridge:handle-add", &four, GlueKind::HandleAdd),
                remove: add("p1bridge:handle-remove", &three, GlueKind::HandleRemove),
                remove_own: add("p1bridge:handle-take", &three, GlueKind::HandleRemoveOwn),
                lend: add("p1bridge:handle-lend", &three, GlueKind::HandleLend),
                grow,
                loans: plan
                    .fusion
                    .loans
                    .map(|offset| block.before_instances() + offset),
                tables: plan
                    .fusion
                    .tables
                    .iter()
                    .map(|(id, offset)| (*id, block.before_instances() + offset))
                    .collect(),
            };
            self.handles = handles;
        }
        for &helper in &plan.fusion.strings {
            let name = format!("p1bridge:{}", helper.name());
            let at = self.add(&name, helper.ty(), GlueKind::Strings(helper));
            self.strings.insert(helper, at);
        }
        if plan.fusion.arena {
            let ty = FuncType::new([I32, I32], [I32]);
            self.arena_alloc = Some(self.add("p1bridge:arena-alloc", ty, GlueKind::ArenaAlloc));
            let exported = plan
                .exports
                .iter()
                .any(|e| matches!(e.what, Exported::Arena));
            if exported || plan.live.arena {
                let ty = FuncType::new([I32, I32, I32, I32], [I32]);
                let at = self.add("p1bridge:arena-realloc", ty, GlueKind::ArenaRealloc);
                self.arena_realloc = Some(at);
            }
        }
        for &id in &plan.live.glue {
            let ty = plan.program.canons[id.0 as usize].ty.clone();
            let name = format!("p1bridge:{}", canon_name(&plan.program, id));
            let at = self.add(&name, ty, GlueKind::Canon(id));
            self.canons.push((id, at));
        }
        for &site in plan.fusion.tasks.iter().flat_map(|tasks| &tasks.sites) {
            if !plan.is_started_later(site) {
                continue;
            }
            let of = match site {
                Site::Lower(id) | Site::Host(id) => canon_name(&plan.program, id),
                Site::Export(id) => format!("exported {}", id.0),
            };
            let name = format!("p1bridge:start {of}");
            let at = self.add(&name, FuncType::new([I32], []), GlueKind::TaskStart(site));
            self.task_starts.insert(site, at);
        }
        self.shared = Shared::new(plan);
        for passing in shared(plan) {
            let kind = GlueKind::Passing(passing.clone());
            let at = self.add(passing.name(), passing.func_type(), kind);
            self.shared.insert(passing, at);
        }
    }

    /// What stands in for the memory instructions of each region.
    fn memory_functions(&mut self, plan: &Plan<'_, '_>, memory: &MemoryPlan) {
        use wasmparser::ValType::I32;
        let bulk = FuncType::new([I32, I32, I32], []);
        let region_is = |set: &BTreeSet<(InstanceId, u32)>, at: usize| {
            memory.regions[at].memory.is_some_and(|m| set.contains(&m))
        };
        let all = 0..memory.regions.len();
        if !self.has_bulk {
            let moves = plan.fusion.moves
                || all
                    .clone()
                    .any(|at| plan.tracks_growth(at) && memory.is_shared());
            if moves || all.clone().any(|at| region_is(&plan.live.copying, at)) {
                let kind = GlueKind::LoweredCopy;
                self.lowered_copy = Some(self.add("p1bridge:memory.copy", bulk.clone(), kind));
            }
            if moves || all.clone().any(|at| region_is(&plan.live.filling, at)) {
                let kind = GlueKind::LoweredFill;
                self.lowered_fill = Some(self.add("p1bridge:memory.fill", bulk.clone(), kind));
            }
        }
        for at in all {
            let grow = plan.tracks_growth(at).then(|| {
                let ty = FuncType::new([I32], [I32]);
                self.add("p1bridge:memory.grow", ty, GlueKind::Grow(at))
            });
            self.grow.push(grow);
            // One that was moved uses them as they are.
            let own = memory.is_shared() && memory.regions[at].placed.is_none();
            let copy = match region_is(&plan.live.copying, at) {
                true if own => {
                    Some(self.add("p1bridge:copy", bulk.clone(), GlueKind::MemoryCopy(at)))
                }
                true => self.lowered_copy,
                false => None,
            };
            self.memory_copy.push(copy);
            let fill = match region_is(&plan.live.filling, at) {
                true if own => {
                    Some(self.add("p1bridge:fill", bulk.clone(), GlueKind::MemoryFill(at)))
                }
                true => self.lowered_fill,
                false => None,
            };
            self.memory_fill.push(fill);
        }
        self.copies_between(plan, memory);
    }

    /// `memory.copy` between the memories of modules that have several.
    fn copies_between(&mut self, plan: &Plan<'_, '_>, memory: &MemoryPlan) {
        use wasmparser::ValType::I32;
        for id in plan.program.ids() {
            let module = plan.program.module(plan.input, id);
            let count = (module.memories.len() + module.imported_memories.len()) as u32;
            let regions: BTreeSet<usize> = (0..count)
                .map(|index| plan.program.memory(plan.input, id, index))
                .filter(|slot| plan.live.copying.contains(slot))
                .filter_map(|slot| memory.region(slot))
                .collect();
            for &target in &regions {
                for &source in regions.iter().filter(|source| **source != target) {
                    if !self.copies.contains_key(&(target, source)) {
                        let ty = FuncType::new([I32, I32, I32], []);
                        let kind = GlueKind::MemoryCopyBetween(target, source);
                        let at = self.add("p1bridge:copy", ty, kind);
                        self.copies.insert((target, source), at);
                    }
                }
            }
        }
    }

    fn add(&mut self, name: &str, ty: FuncType, kind: GlueKind) -> u32 {
        self.functions.push(GlueFunction {
            name: name.to_string(),
            ty,
            kind,
        });
        self.functions.len() as u32 - 1
    }
}

/// The core type of a lifted function: `CanonicalABI.md`, "Flattening".
fn lifted_type(plan: &Plan<'_, '_>, id: LiftId) -> FuncType {
    let lift = &plan.program.lifts[id.0 as usize];
    match plan.fusion.by_tasks(Site::Export(id)) {
        true => passed_type(plan, id),
        false => plan.program.func_ty(plan.input, lift.func).clone(),
    }
}

/// The functions that work on tables, by their place among the linker's own, and where the tables
/// are.
#[derive(Clone, Debug, Default)]
pub struct Handles {
    pub find: u32,
    pub add: u32,
    pub remove: u32,
    pub remove_own: u32,
    pub lend: u32,
    /// What makes more room in a table, where they grow.
    pub grow: Option<u32>,
    /// The offset of each table in the block at the start.
    pub tables: BTreeMap<ComponentInstanceId, u32>,
    /// The offset of the table of loans.
    pub loans: Option<u32>,
}
