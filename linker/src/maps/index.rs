//! The index spaces of the output.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use wasmparser::FuncType;

use super::glue::Glue;
use crate::memory::access::{Access, Quantity};
use crate::memory::globals::{LinkerGlobals, access_in};
use crate::memory::layout::MemoryPlan;
use crate::memory::traps::{Trap, Traps};
use crate::options::Isolation;
use crate::parse::scan::Ref;
use crate::plan::throwing::{Form, values};
use crate::plan::{Plan, Target};
use crate::resolve::{
    Builtin, CanonId, ComponentInstanceId, FuncDef, HostId, InstanceId, NO_MEMORY, Piece,
};

/// No index: what has it is dead, and nothing live refers to it.
const DEAD: u32 = u32::MAX;

/// What a call of the input becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Callee {
    Func(u32),
    /// The same, and it is written out where it is called: by its place in [`InstanceMap::inlined`].
    Inline(u32, usize),
    I32Const(i32),
    /// The constant 0, of which an addition or subtraction that follows is left out.
    Zero,
    GlobalGet(u32),
    GlobalSet(u32),
    /// The sum of a global and a constant.
    GlobalPlus(u32, i32),
    /// The same of 64 bits.
    I64Const(i64),
    /// A global of 32 bits as a number of 64.
    GlobalGetWide(u32),
    /// The bytes that the memory has.
    MemoryBytes,
    Unreachable,
    /// Nothing live calls it.
    Dead,
}

/// What `memory.size` and `memory.grow` of a guest become.
#[derive(Clone, Copy, Debug, Default)]
pub enum MemoryOps {
    /// The guest's memory is the whole of the output's.
    #[default]
    Plain,
    /// The guest cannot grow and has this many pages.
    Fixed { pages: i32 },
    /// What lies above slides: the global with the guest's bytes, and the function that grows.
    Sliding { bytes: u32, grow: u32 },
}

/// From the indices of one instance's module to those of the output.
#[derive(Debug, Default)]
pub struct InstanceMap {
    callees: Vec<Callee>,
    types: Vec<u32>,
    tables: Vec<u32>,
    globals: Vec<u32>,
    tags: Vec<u32>,
    elements: Vec<u32>,
    data: Vec<u32>,
    memories: Vec<MemoryMap>,
    /// The functions that are written out where they are called.
    inlined: Vec<(InstanceId, u32)>,
    /// The functions that copy from one memory to another, by target and source.
    copies: Vec<((u32, u32), u32)>,
    /// The functions that trap at once while one of some flags is set.
    flags: BTreeMap<u32, Vec<u32>>,
    /// The function that says so.
    teller: Option<u32>,
}

/// What becomes of the instructions on one memory of a module.
#[derive(Clone, Copy, Debug, Default)]
pub struct MemoryMap {
    /// Its index in the output.
    pub index: u32,
    /// How accesses are rewritten; none when the instance has the memory for its own.
    pub access: Option<Access>,
    pub ops: MemoryOps,
    /// The functions that stand in for `memory.copy` and `memory.fill`.
    pub copy: Option<u32>,
    pub fill: Option<u32>,
    region: Option<usize>,
}

/// An index space of which something may be left.
#[derive(Clone, Copy, Debug)]
pub enum Space {
    Type,
    Table,
    Global,
    Tag,
    Element,
    Data,
}

impl InstanceMap {
    pub fn callee(&self, index: u32) -> Callee {
        self.callees[index as usize]
    }

    /// A function that is written out where it is called.
    pub fn inlined(&self, at: usize) -> (InstanceId, u32) {
        self.inlined[at]
    }

    /// What becomes of the instructions on a memory.
    pub fn memory(&self, index: u32) -> &MemoryMap {
        &self.memories[index as usize]
    }

    /// The flags that have to be off when a function is called, and what tells when one is not.
    pub fn flags(&self, func: u32) -> (&[u32], Option<u32>) {
        (
            self.flags.get(&func).map_or(&[], Vec::as_slice),
            self.teller,
        )
    }

    /// Whether code comes before accesses to a memory.
    pub fn has_work(&self) -> bool {
        let has_work = |memory: &MemoryMap| memory.access.is_some_and(|a| a.has_work());
        self.memories.iter().any(has_work)
    }

    /// Whether accesses to a memory are checked.
    pub fn has_checks(&self) -> bool {
        let is_checked = |memory: &MemoryMap| memory.access.is_some_and(|a| a.checked);
        self.memories.iter().any(is_checked)
    }

    /// How accesses to the first memory are rewritten.
    pub fn first_access(&self) -> Option<Access> {
        self.memories.first().and_then(|memory| memory.access)
    }

    /// The function that stands in for `memory.copy`.
    pub fn memory_copy(&self, target: u32, source: u32) -> Option<u32> {
        let between = self.copies.iter().find(|(at, _)| *at == (target, source));
        let (to, from) = (self.memory(target), self.memory(source));
        let within = to.copy.filter(|_| to.index == from.index);
        between.map(|(_, func)| *func).or(within)
    }

    pub fn ty(&self, index: u32) -> u32 {
        live(self.types[index as usize], "type", index)
    }

    pub fn table(&self, index: u32) -> u32 {
        live(self.tables[index as usize], "table", index)
    }

    pub fn global(&self, index: u32) -> u32 {
        live(self.globals[index as usize], "global", index)
    }

    /// The index of something that may be gone.
    pub fn kept(&self, space: Space, index: u32) -> Option<u32> {
        let list = match space {
            Space::Type => &self.types,
            Space::Table => &self.tables,
            Space::Global => &self.globals,
            Space::Tag => &self.tags,
            Space::Element => &self.elements,
            Space::Data => &self.data,
        };
        let index = *list.get(index as usize)?;
        (index != DEAD).then_some(index)
    }

    pub fn tag(&self, index: u32) -> u32 {
        live(self.tags[index as usize], "tag", index)
    }

    pub fn element(&self, index: u32) -> u32 {
        live(self.elements[index as usize], "element segment", index)
    }

    pub fn data(&self, index: u32) -> u32 {
        live(self.data[index as usize], "data segment", index)
    }
}

/// A live function can only refer to live things: anything else is a bug of the linker.
fn live(index: u32, what: &str, old: u32) -> u32 {
    assert_ne!(index, DEAD, "{what} {old} is used but was not planned");
    index
}

/// Function types, each once, in the order in which they are first needed.
#[derive(Debug, Default)]
pub struct Types {
    indices: HashMap<FuncType, u32>,
    pub list: Vec<FuncType>,
}

impl Types {
    /// The index of a type that is needed already.
    pub fn known(&self, ty: &FuncType) -> Option<u32> {
        self.indices.get(ty).copied()
    }

    pub fn index(&mut self, ty: &FuncType) -> u32 {
        if let Some(&index) = self.indices.get(ty) {
            return index;
        }
        let index = self.list.len() as u32;
        self.indices.insert(ty.clone(), index);
        self.list.push(ty.clone());
        index
    }
}

/// All index spaces of the output.
#[derive(Debug)]
pub struct Maps {
    instances: Vec<InstanceMap>,
    pub types: Types,
    pub hosts: HashMap<HostId, u32>,
    /// The bodies that come from the input and the libraries, in order.
    pub sources: Vec<Source>,
    /// The index of the first function that is not imported.
    pub first_func: u32,
    /// The index of the first function of the linker's own.
    pub first_glue: u32,
    pub globals: LinkerGlobals,
    pub global_count: u32,
    allocate_only: HashMap<Slot, u32>,
    canons: HashMap<CanonId, u32>,
    borders: HashMap<Slot, u32>,
    /// By instance and function.
    targets: Vec<Vec<u32>>,
}

impl Maps {
    pub fn instance(&self, id: InstanceId) -> &InstanceMap {
        &self.instances[id.0 as usize]
    }

    /// The index of a function.
    pub fn target(&self, target: Target) -> Option<u32> {
        match target {
            Target::Core(id, index) => {
                let new = *self.targets.get(id.0 as usize)?.get(index as usize)?;
                (new != DEAD).then_some(new)
            }
            Target::Host(host) => self.hosts.get(&host).copied(),
            Target::Glue(canon) => self.canons.get(&canon).copied(),
            Target::Builtin(Builtin::AllocateOnly(id, index)) => {
                self.allocate_only.get(&(id, index)).copied()
            }
            Target::Builtin(_) => None,
        }
    }

    /// The index of what is called from outside of the component instance that a function is in.
    pub fn entry(&self, target: Target) -> Option<u32> {
        match target {
            Target::Core(id, index) if self.borders.contains_key(&(id, index)) => {
                self.borders.get(&(id, index)).copied()
            }
            target => self.target(target),
        }
    }

    /// Numbers everything that is live.
    pub fn new(plan: &Plan<'_, '_>, glue: &Glue) -> Maps {
        let mut types = Types::default();
        let mut hosts = HashMap::new();
        for &host in &plan.hosts {
            types.index(&plan.program.hosts[host.0 as usize].ty);
            hosts.insert(host, hosts.len() as u32);
        }
        let first_func = hosts.len() as u32;
        let mut maps = Maps {
            instances: Vec::new(),
            types,
            hosts,
            sources: Vec::new(),
            first_func,
            first_glue: 0,
            globals: LinkerGlobals::default(),
            global_count: 0,
            allocate_only: HashMap::new(),
            canons: HashMap::new(),
            borders: HashMap::new(),
            targets: Vec::new(),
        };
        maps.number_functions(plan);
        maps.number_glue(plan, glue);
        maps.number_spaces(plan);
        maps.number_linker_globals(plan, glue);
        maps.map_memories(plan, glue);
        maps.map_callees(plan, glue);
        maps.guard_calls(plan);
        maps
    }

    /// Functions of the input and of libraries, and the types that they have and name.
    fn number_functions(&mut self, plan: &Plan<'_, '_>) {
        for id in plan.program.ids() {
            let module = plan.program.module(plan.input, id);
            let live = plan.live.instance(id);
            let mut map = InstanceMap {
                types: vec![DEAD; module.types.len()],
                ..InstanceMap::default()
            };
            let first = module.imported_func_count();
            let mut targets = vec![DEAD; live.funcs.len()];
            let mut has_type = vec![false; module.types.len()];
            for defined in 0..module.bodies.len() {
                let index = first + defined as u32;
                if !live.funcs[index as usize] {
                    continue;
                }
                targets[index as usize] = self.first_func + self.sources.len() as u32;
                self.sources.push((id, defined));
                let ty = module.func_types[index as usize] as usize;
                if !std::mem::replace(&mut has_type[ty], true) {
                    self.types.index(&module.types[ty]);
                }
                for reference in module.refs.of(defined) {
                    if let Ref::Type(ty) = reference
                        && map.types[ty as usize] == DEAD
                    {
                        map.types[ty as usize] = self.types.index(&module.types[ty as usize]);
                    }
                }
            }
            self.targets.push(targets);
            for (defined, &ty) in module.tags.iter().enumerate() {
                if live.tags[module.imported_tags.len() + defined] {
                    self.types.index(&module.types[ty as usize]);
                }
            }
            self.instances.push(map);
        }
        self.first_glue = self.first_func + self.sources.len() as u32;
    }

    /// The functions of the linker's own.
    fn number_glue(&mut self, plan: &Plan<'_, '_>, glue: &Glue) {
        for function in &glue.functions {
            self.types.index(&function.ty);
        }
        for &tag in plan.borders.values().flatten() {
            let values = values(plan.input, &plan.program, tag).params();
            if values.len() > 1 && plan.throwing.form == Some(Form::TryTable) {
                self.types.index(&FuncType::new([], values.iter().copied()));
            }
        }
        let first = self.first_glue;
        let canons = glue.canons.iter();
        self.canons = canons.map(|&(canon, at)| (canon, first + at)).collect();
        let guards = glue.allocate_only.iter();
        self.allocate_only = guards.map(|&(slot, at)| (slot, first + at)).collect();
        let borders = glue.borders.iter();
        self.borders = borders.map(|(&slot, &at)| (slot, first + at)).collect();
    }

    /// Tables, globals, tags and segments.
    fn number_spaces(&mut self, plan: &Plan<'_, '_>) {
        let (program, input) = (&plan.program, plan.input);
        let tables = number(plan, |l| &l.tables);
        let tags = number(plan, |l| &l.tags);
        let globals = number(plan, |l| &l.globals);
        let memory = plan.memory.as_ref();
        let before = memory.map_or(0, MemoryPlan::globals_before);
        self.global_count = before + globals.len() as u32;
        let (mut next_element, mut next_data) = (0, 0);
        for id in program.ids() {
            let live = plan.live.instance(id);
            let map = &mut self.instances[id.0 as usize];
            map.elements = count(&live.elements, &mut next_element);
            map.data = count(&live.data, &mut next_data);
            map.tables = (0..live.tables.len() as u32)
                .map(|i| get(&tables, program.table(input, id, i)))
                .collect();
            map.tags = (0..live.tags.len() as u32)
                .map(|i| get(&tags, program.tag(input, id, i)))
                .collect();
            map.globals = (0..live.globals.len() as u32)
                .map(|i| get(&globals, program.global(input, id, i)))
                .map(|index| index.saturating_add(before))
                .collect();
        }
    }

    /// The globals that the linker adds, after those of the input.
    fn number_linker_globals(&mut self, plan: &Plan<'_, '_>, glue: &Glue) {
        let global_count = &mut self.global_count;
        let mut global = |wanted: bool| {
            wanted.then(|| {
                *global_count += 1;
                *global_count - 1
            })
        };
        let memory = plan.memory.as_ref();
        let block = memory.and_then(|memory| memory.block);
        let regions = memory.map_or(&[][..], |memory| &memory.regions);
        let fusion = &plan.fusion;
        let traps = glue.traps.iter();
        let first_glue = self.first_glue;
        self.globals = LinkerGlobals {
            traps: Traps(traps.map(|(trap, at)| (*trap, first_glue + at)).collect()),
            bytes: (0..regions.len())
                .map(|at| global(plan.tracks_growth(at)))
                .collect(),
            bases: regions.iter().map(|region| global(region.slides)).collect(),
            block: global(block.is_some_and(|block| block.slides)),
            handles: global(block.is_some_and(|block| {
                block.of_libraries > 0 && (block.slides || block.tables_grow)
            })),
            room: global(block.is_some_and(|block| block.of_libraries > 0 && block.tables_grow)),
            tables: {
                let grow = block.is_some_and(|block| block.tables_grow);
                let count = if grow { fusion.table_count() } else { 0 };
                (0..count).filter_map(|_| global(true)).collect()
            },
            top: global(block.is_some_and(|block| block.tables_grow)),
            arena: global(fusion.arena),
            initialised: global(glue.initialise.is_some()),
            applied: global(!plan.late.is_empty()),
            entered: one_each(&fusion.reentered, &mut global),
            borrows: one_each(&fusion.borrowers, &mut global),
            may_not_leave: {
                let meanwhile = fusion.not_meanwhile.keys();
                let all: BTreeSet<_> = fusion.may_not_leave.iter().chain(meanwhile).collect();
                one_each(all, &mut global)
            },
            contexts: {
                let slots = fusion.tasks.iter().flat_map(|tasks| &tasks.contexts);
                slots
                    .filter_map(|slot| Some((*slot, global(true)?)))
                    .collect()
            },
            words: {
                let words = plan.live.words.iter();
                words
                    .filter_map(|word| Some((*word, global(true)?)))
                    .collect()
            },
            stacks: {
                let state = global(plan.switches());
                state.and_then(|state| Some([state, global(true)?, global(true)?]))
            },
            reserved: global(plan.reserves_descriptors())
                .and_then(|first| Some([first, global(true)?])),
            passing: {
                let types = glue.shared.globals().into_iter();
                types.filter_map(|ty| Some((ty, global(true)?))).collect()
            },
            end: global(memory.is_some_and(|memory| memory.shrinks)),
        };
    }

    /// What becomes of the instructions on each memory.
    fn map_memories(&mut self, plan: &Plan<'_, '_>, glue: &Glue) {
        for id in plan.program.ids() {
            let module = plan.program.module(plan.input, id);
            let count = (module.memories.len() + module.imported_memories.len()) as u32;
            let maps = (0..count)
                .map(|index| {
                    let slot = plan.program.memory(plan.input, id, index);
                    memory_map(plan, glue, &self.globals, self.first_glue, id, slot)
                })
                .collect();
            let map = &mut self.instances[id.0 as usize];
            map.memories = maps;
            for target in 0..count {
                for source in 0..count {
                    let regions = (map.memory(target).region, map.memory(source).region);
                    if let (Some(to), Some(from)) = regions
                        && let Some(&at) = glue.copies.get(&(to, from))
                    {
                        map.copies.push(((target, source), self.first_glue + at));
                    }
                }
            }
        }
    }

    /// What calls become.
    fn map_callees(&mut self, plan: &Plan<'_, '_>, glue: &Glue) {
        for id in plan.program.ids() {
            let module = plan.program.module(plan.input, id);
            let any = plan.live.instance(id).funcs.iter().any(|live| *live);
            let count = if any { module.func_types.len() } else { 0 };
            let mut inlined = Vec::new();
            let callees = (0..count as u32)
                .map(|index| {
                    let def = FuncDef::Core(id, index);
                    let callee = self.callee(plan, glue, def);
                    if index < module.imported_func_count()
                        && let Callee::Func(func) = callee
                        && let Some(Target::Core(other, at)) = plan.try_target(def)
                        && plan.inlined.contains(&(other, at))
                    {
                        inlined.push((other, at));
                        return Callee::Inline(func, inlined.len() - 1);
                    }
                    callee
                })
                .collect();
            let map = &mut self.instances[id.0 as usize];
            map.callees = callees;
            map.inlined = inlined;
        }
        for &(id, import, at) in &glue.library_reallocs {
            let callee = Callee::Func(self.first_glue + at);
            self.instances[id.0 as usize].callees[import as usize] = callee;
        }
    }

    /// The flags that have to be off when functions are called.
    fn guard_calls(&mut self, plan: &Plan<'_, '_>) {
        for (instance, functions) in &plan.fusion.not_meanwhile {
            let flag = self.globals.may_not_leave[instance];
            for &(id, index) in functions {
                let map = &mut self.instances[id.0 as usize];
                map.flags.entry(index).or_default().push(flag);
                map.teller = self.globals.traps.get(Trap::CannotLeave);
            }
        }
    }

    fn callee(&self, plan: &Plan<'_, '_>, glue: &Glue, def: FuncDef) -> Callee {
        let Some(target) = plan.try_target(def) else {
            return Callee::Dead;
        };
        match target {
            Target::Builtin(Builtin::Handles) => {
                match (self.globals.handles, plan.memory.as_ref()) {
                    (Some(global), _) => Callee::GlobalGet(global),
                    (None, Some(memory)) => {
                        let before = memory.block.map_or(0, |block| block.before_tables());
                        Callee::I32Const((memory.block_base() + before) as i32)
                    }
                    (None, None) => Callee::Dead,
                }
            }
            Target::Builtin(Builtin::MaxHandles) => match self.globals.room {
                Some(global) => Callee::GlobalGet(global),
                None => Callee::I32Const(plan.max_handles() as i32),
            },
            Target::Builtin(Builtin::MoreHandles) => match glue.more_handles {
                Some(at) => Callee::Func(self.first_glue + at),
                None => Callee::I32Const(0),
            },
            Target::Builtin(Builtin::Threads) => {
                Callee::I32Const(plan.options.profile.host.threads.into())
            }
            Target::Builtin(Builtin::MaxHttp) => Callee::I32Const(plan.options.max_http as i32),
            Target::Builtin(Builtin::Stdout(fd)) => Callee::I32Const(fd as i32),
            Target::Builtin(Builtin::MaxPoll) => Callee::I32Const(plan.options.max_poll as i32),
            Target::Builtin(Builtin::PollRoom) => {
                Callee::I32Const(plan.live.poll_room(plan.options) as i32)
            }
            Target::Builtin(Builtin::Piece(piece)) => {
                let block = plan.memory.as_ref().and_then(|memory| memory.block);
                let pieces = block.map(|block| block.pieces).unwrap_or_default();
                Callee::I32Const(match piece {
                    Piece::Seed => pieces.seed,
                    Piece::Zeroes => pieces.zeroes,
                    Piece::Scratch => pieces.scratch,
                    Piece::Polls => pieces.polls,
                    Piece::Pool => pieces.pool,
                    Piece::Tasks => pieces.tasks,
                } as i32)
            }
            Target::Builtin(Builtin::Limit(id, index)) => self.limit(plan, (id, index)),
            Target::Builtin(Builtin::Sockets) => {
                Callee::I32Const(plan.options.profile.host.sockets.into())
            }
            Target::Builtin(Builtin::Base(id, index)) => {
                let region = plan.memory.as_ref().and_then(|m| m.region((id, index)));
                match region.map(|at| region_access(plan, &self.globals, at).base) {
                    None | Some(Quantity::Const(0)) => Callee::Zero,
                    Some(Quantity::Const(base)) => Callee::I32Const(base as i32),
                    Some(Quantity::Global(global)) => Callee::GlobalGet(global),
                }
            }
            Target::Builtin(Builtin::StackPointer(id, index)) => {
                let globals = &self.instances[id.0 as usize].globals;
                Callee::GlobalGet(globals[index as usize])
            }
            Target::Builtin(Builtin::FrameEnd(_)) => {
                let block = plan.memory.as_ref().and_then(|memory| memory.block);
                self.in_block(plan, block.map_or(0, |block| block.pieces.frame_end))
            }
            Target::Builtin(Builtin::Tasks) => {
                let block = plan.memory.as_ref().and_then(|memory| memory.block);
                self.in_block(plan, block.map_or(0, |block| block.pieces.tasks))
            }
            Target::Builtin(Builtin::MaxTasks) => Callee::I32Const(plan.options.max_tasks as i32),
            Target::Builtin(Builtin::ThreadStack) => {
                Callee::I32Const(plan.options.thread_stack as i32)
            }
            Target::Builtin(Builtin::MaxStreams) => {
                Callee::I32Const(plan.options.max_streams as i32)
            }
            Target::Builtin(Builtin::TaskInstances) => {
                let tasks = plan.fusion.tasks.as_ref();
                Callee::I32Const(tasks.map_or(0, |tasks| tasks.instances.len()) as i32)
            }
            Target::Builtin(Builtin::TaskContexts) => {
                let tasks = plan.fusion.tasks.as_ref();
                let last = tasks.and_then(|tasks| tasks.contexts.last());
                Callee::I32Const(last.map_or(0, |slot| slot + 1) as i32)
            }
            Target::Builtin(Builtin::Constant(value)) => Callee::I32Const(value),
            Target::Builtin(Builtin::Word(word)) => {
                let global = self.globals.words.get(&word);
                global.map_or(Callee::Dead, |global| Callee::GlobalGet(*global))
            }
            Target::Builtin(Builtin::SetWord(word)) => {
                let global = self.globals.words.get(&word);
                global.map_or(Callee::Dead, |global| Callee::GlobalSet(*global))
            }
            Target::Builtin(Builtin::State) => match (self.globals.block, &plan.memory) {
                (Some(global), _) => Callee::GlobalGet(global),
                (None, Some(memory)) => Callee::I32Const(memory.block_base() as i32),
                (None, None) => Callee::Dead,
            },
            Target::Builtin(Builtin::Unlinked) => Callee::Unreachable,
            Target::Builtin(Builtin::AllocateOnly(id, index)) => self
                .allocate_only
                .get(&(id, index))
                .map_or(Callee::Dead, |at| Callee::Func(*at)),
            Target::Builtin(Builtin::Arena) => glue
                .arena_realloc
                .map_or(Callee::Dead, |at| Callee::Func(self.first_glue + at)),
            // A library is outside of every component instance.
            target => match def {
                FuncDef::Core(id, _) if plan.is_library(id) => self.entry(target),
                _ => self.target(target),
            }
            .map_or(Callee::Dead, Callee::Func),
        }
    }
}

impl Maps {
    /// An address that is so far into the block.
    fn in_block(&self, plan: &Plan<'_, '_>, offset: u32) -> Callee {
        match (self.globals.block, &plan.memory) {
            (Some(global), _) => Callee::GlobalPlus(global, offset as i32),
            (None, Some(memory)) => Callee::I32Const((memory.block_base() + offset) as i32),
            (None, None) => Callee::Dead,
        }
    }

    /// The bytes of the memory that a library works on; of all of it, if that is of no guest.
    fn limit(&self, plan: &Plan<'_, '_>, slot: Slot) -> Callee {
        let Some(memory) = &plan.memory else {
            return Callee::MemoryBytes;
        };
        match memory.region(slot) {
            _ if slot == NO_MEMORY && memory.is_still() => Callee::I64Const(memory.end() as i64),
            Some(at) if slot != NO_MEMORY => match self.globals.bytes[at] {
                Some(bytes) => Callee::GlobalGetWide(bytes),
                None if memory.is_still() || memory.is_shared() || memory.has_above(at) => {
                    Callee::I64Const(memory.regions[at].limit() as i64)
                }
                None => Callee::MemoryBytes,
            },
            _ => Callee::MemoryBytes,
        }
    }
}

/// What becomes of the instructions of an instance on one of its memories.
fn memory_map(
    plan: &Plan<'_, '_>,
    glue: &Glue,
    globals: &LinkerGlobals,
    first_glue: u32,
    id: InstanceId,
    slot: Slot,
) -> MemoryMap {
    let Some(memory) = &plan.memory else {
        return MemoryMap::default();
    };
    let Some((index, region)) = memory.place(slot) else {
        return MemoryMap::default();
    };
    let Some(at) = region else {
        return MemoryMap {
            index,
            ..MemoryMap::default()
        };
    };
    let region = &memory.regions[at];
    let ops = match globals.bytes[at] {
        _ if plan.sees_all(id) => MemoryOps::Plain,
        Some(bytes) => MemoryOps::Sliding {
            bytes,
            grow: first_glue + glue.grow[at].unwrap_or(DEAD),
        },
        None if memory.is_shared() || memory.has_above(at) || memory.fixed || memory.unasked => {
            MemoryOps::Fixed {
                pages: region.pages as i32,
            }
        }
        None => MemoryOps::Plain,
    };
    let rewritten = memory.is_shared() && !plan.is_library(id);
    MemoryMap {
        index,
        access: rewritten.then(|| region_access(plan, globals, at)),
        ops,
        copy: glue.memory_copy[at].map(|at| first_glue + at),
        fill: glue.memory_fill[at].map(|at| first_glue + at),
        region: Some(at),
    }
}

/// How the guests of a region get at it.
pub fn region_access(plan: &Plan<'_, '_>, globals: &LinkerGlobals, at: usize) -> Access {
    let memory = plan.memory.as_ref().expect("a region of a memory");
    let checked = plan.options.isolation == Isolation::Checked;
    access_in(memory, globals, at, checked)
}

/// How values of the guest of a memory are got at, for the linker's own code.
pub fn memory_access(plan: &Plan<'_, '_>, globals: &LinkerGlobals, slot: Slot) -> Option<Access> {
    let memory = plan.memory.as_ref()?;
    Some(match memory.place(slot)? {
        (_, Some(region)) => region_access(plan, globals, region),
        (index, None) => {
            let bytes = u64::from(memory.own[index as usize - 1].pages) << 16;
            Access {
                memory: index,
                base: Quantity::Const(0),
                bytes: Quantity::Const(bytes as u32),
                least: bytes,
                checked: false,
                teller: globals.traps.get(Trap::Memory),
            }
        }
    })
}

type Slot = (InstanceId, u32);

/// Numbers the live items of one index space over all instances.
fn number(
    plan: &Plan<'_, '_>,
    space: impl Fn(&crate::plan::LiveInstance) -> &Vec<bool>,
) -> HashMap<Slot, u32> {
    let mut numbers = HashMap::new();
    for id in plan.program.ids() {
        for (index, live) in space(plan.live.instance(id)).iter().enumerate() {
            if *live {
                numbers.insert((id, index as u32), numbers.len() as u32);
            }
        }
    }
    numbers
}

/// Numbers the live items of one index space of an instance, from `next` on.
fn count(live: &[bool], next: &mut u32) -> Vec<u32> {
    let number = |live: &bool| match live {
        true => {
            *next += 1;
            *next - 1
        }
        false => DEAD,
    };
    live.iter().map(number).collect()
}

/// A global for each of some component instances.
fn one_each<'s>(
    instances: impl IntoIterator<Item = &'s ComponentInstanceId>,
    global: &mut impl FnMut(bool) -> Option<u32>,
) -> BTreeMap<ComponentInstanceId, u32> {
    let with = |id: &ComponentInstanceId| Some((*id, global(true)?));
    instances.into_iter().filter_map(with).collect()
}

fn get(numbers: &HashMap<Slot, u32>, slot: Slot) -> u32 {
    numbers.get(&slot).copied().unwrap_or(DEAD)
}

/// A body of the output by where it comes from.
pub type Source = (InstanceId, usize);
