//! Reachability: what the exports and start functions can reach.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::Binding;
use crate::entity::Word;
use crate::fold::{self, Used};
use crate::options::Options;
use crate::parse::Input;
use crate::parse::module::{ElementMode, Items};
use crate::parse::scan::Ref;
use crate::preview1;
use crate::resolve::{
    Builtin, CanonId, CoreDef, Frame, FuncDef, HostId, InstanceId, NO_MEMORY, Piece, Program,
};
use crate::resolve::{Const, constant};
use crate::statics::{Forwarders, canon};

/// What of one instance is live. Functions, globals, tables, memories and tags go by the index
/// space of the module; imports in it are never marked, but what they are bound to.
#[derive(Clone, Debug, Default)]
pub struct LiveInstance {
    pub funcs: Vec<bool>,
    pub globals: Vec<bool>,
    pub tables: Vec<bool>,
    pub memories: Vec<bool>,
    pub tags: Vec<bool>,
    pub elements: Vec<bool>,
    pub data: Vec<bool>,
}

/// What of the whole program is live.
#[derive(Clone, Debug, Default)]
pub struct Live {
    instances: Vec<LiveInstance>,
    hosts: BTreeSet<HostId>,
    /// Whether a library needs a memory and the program has none.
    pub made_memory: bool,
    /// The memories that a live function asks the size of, grows, copies in, fills.
    pub sized: BTreeSet<(InstanceId, u32)>,
    pub growing: BTreeSet<(InstanceId, u32)>,
    pub copying: BTreeSet<(InstanceId, u32)>,
    pub filling: BTreeSet<(InstanceId, u32)>,
    /// The tables that a live function writes.
    written: BTreeSet<(InstanceId, u32)>,
    /// Whether a live function has `memory.init` or `data.drop`.
    pub data_count: bool,
    /// Whether a library allocates in the host's arena.
    pub arena: bool,
    /// Whether a library asks for its table of handles, and for more room in it.
    pub handles: bool,
    pub more_handles: bool,
    /// Whether a library may wait for several things at once.
    pub many_polls: bool,
    /// Whether a library asks for its state block, and for which pieces of it.
    pub state: bool,
    pub pieces: BTreeSet<Piece>,
    /// The frames of libraries that serve a guest without a stack pointer.
    pub frames: BTreeSet<Frame>,
    /// The `realloc` functions that libraries call through a guard.
    pub allocate_only: BTreeSet<(InstanceId, u32)>,
    /// The globals that libraries have for themselves.
    pub words: BTreeSet<Word>,
    /// Functions of the canonical ABI that the linker writes itself.
    pub glue: BTreeSet<CanonId>,
    /// The functions that `ref.func` names in a body.
    pub func_refs: Vec<FuncDef>,
}

impl Live {
    /// What of an instance is live.
    pub fn instance(&self, id: InstanceId) -> &LiveInstance {
        &self.instances[id.0 as usize]
    }

    /// The imported host functions, in the order in which the program names them.
    pub fn hosts(&self) -> Vec<HostId> {
        self.hosts.iter().copied().collect()
    }

    /// For how many things that libraries wait for at once there has to be room, beside a clock.
    pub fn poll_room(&self, options: &Options) -> u32 {
        match self.many_polls {
            true => options.max_poll,
            false => 1,
        }
    }

    /// Whether a live function writes or grows a table.
    pub fn writes(&self, table: (InstanceId, u32)) -> bool {
        self.written.contains(&table)
    }

    /// Makes a host function live.
    pub fn host(&mut self, id: HostId) {
        self.hosts.insert(id);
    }

    /// Every defined memory that is live.
    pub fn memories(&self) -> Vec<(InstanceId, u32)> {
        let mut all = Vec::new();
        for (id, instance) in self.instances.iter().enumerate() {
            for (index, live) in instance.memories.iter().enumerate() {
                if *live {
                    all.push((InstanceId(id as u32), index as u32));
                }
            }
        }
        all
    }
}

/// Marks what is reachable, function by function.
pub struct Tracer<'t, 'a> {
    /// Whether branches on constants in libraries are left out.
    folds: bool,
    input: &'t Input<'a>,
    forwarders: &'t Forwarders,
    pub live: Live,
    /// What functions of the canonical ABI became; those that are not in it are leaves.
    pub bindings: HashMap<CanonId, Binding>,
    /// The leaves that were reached, each with the function that reached it first.
    pub reached: BTreeMap<CanonId, Option<(InstanceId, u32)>>,
    work: Vec<(InstanceId, u32)>,
}

impl<'t, 'a> Tracer<'t, 'a> {
    /// `folds` is whether branches on constants in libraries are left out.
    pub fn new(input: &'t Input<'a>, forwarders: &'t Forwarders, folds: bool) -> Tracer<'t, 'a> {
        Tracer {
            folds,
            input,
            forwarders,
            live: Live::default(),
            bindings: HashMap::new(),
            reached: BTreeMap::new(),
            work: Vec::new(),
        }
    }

    /// Makes a function live; [`Tracer::trace`] then follows it.
    pub fn root(&mut self, program: &Program, def: FuncDef) {
        self.fit(program);
        self.func(program, def, None);
    }

    /// Makes everything that an instance defines live.
    pub fn keep_all(&mut self, program: &Program, id: InstanceId) {
        self.fit(program);
        let module = program.module(self.input, id);
        // What was woven into it does not belong to it.
        let is_replaced = program.replaced.keys().any(|(of, _)| *of == id);
        let own = module.woven.as_ref().filter(|_| is_replaced);
        let first = module.imported_func_count();
        let end = match own {
            Some(woven) => first + woven.own_functions.min(module.bodies.len() as u32),
            None => module.func_types.len() as u32,
        };
        for index in first..end {
            self.func(program, FuncDef::Core(id, index), None);
        }
        // They were imports, used or not.
        for (_, _, index) in own.iter().flat_map(|woven| &woven.functions) {
            self.func(program, FuncDef::Core(id, *index), None);
        }
        for index in 0..module.imported_funcs.len() as u32 {
            // Those of the library have names in capitals.
            let import = module.imports[module.imported_funcs[index as usize]].name;
            if own.is_none() || !import.starts_with(|c: char| c.is_ascii_uppercase()) {
                self.func(program, FuncDef::Core(id, index), None);
            }
        }
        let globals = own.map_or(module.globals.len(), |woven| woven.own_globals as usize);
        for index in 0..globals.min(module.globals.len()) {
            self.global(program, id, (module.imported_globals.len() + index) as u32);
        }
        for index in 0..module.tables.len() {
            self.table(program, id, (module.imported_tables.len() + index) as u32);
        }
        for index in 0..module.memories.len() {
            self.memory(program, id, (module.imported_memories.len() + index) as u32);
        }
        for index in 0..module.elements.len() {
            self.element(program, id, index);
        }
        for index in 0..module.data.len() {
            self.live.instances[id.0 as usize].data[index] = true;
        }
    }

    /// Makes a memory live.
    pub fn memory(&mut self, program: &Program, id: InstanceId, index: u32) {
        let slot = program.memory(self.input, id, index);
        if slot == NO_MEMORY {
            self.live.made_memory = true;
            return;
        }
        let live = &mut self.live.instances[slot.0.0 as usize].memories[slot.1 as usize];
        if std::mem::replace(live, true) {
            return;
        }
        for id in program.ids() {
            for (index, data) in program.module(self.input, id).data.iter().enumerate() {
                if let Some((memory, _)) = &data.active
                    && program.memory(self.input, id, *memory) == slot
                {
                    self.live.instances[id.0 as usize].data[index] = true;
                }
            }
        }
    }

    /// Makes the memory of everybody live whose Preview 1 imports are: the host reads and writes
    /// there, whether or not a live instruction does, and refuses a module without one. Gives
    /// them, by the instances that import them.
    pub fn memories_of_preview1(&mut self, program: &Program) -> Vec<(InstanceId, u32)> {
        let mut found = Vec::new();
        for id in program.ids() {
            let instance = &program.instances[id.0 as usize];
            let calls = instance.args.iter().any(|&arg| match arg {
                CoreDef::Func(def) => match self.forwarders.func(self.input, program, def) {
                    FuncDef::Host(host) => {
                        self.live.hosts.contains(&host)
                            && program.hosts[host.0 as usize].module == preview1::MODULE
                    }
                    _ => false,
                },
                _ => false,
            });
            let replaced = program.replaced.iter().any(|((of, _), def)| match def {
                FuncDef::Host(host) => *of == id && self.live.hosts.contains(host),
                _ => false,
            });
            let calls = calls || replaced;
            let module = program.module(self.input, id);
            if calls && module.memories.len() + module.imported_memories.len() > 0 {
                self.memory(program, id, 0);
                found.push((id, 0));
            }
        }
        found
    }

    /// Whether a function of Preview 1 is live.
    pub fn reaches_preview1(&self, program: &Program) -> bool {
        let mut hosts = self.live.hosts.iter();
        hosts.any(|host| program.hosts[host.0 as usize].module == preview1::MODULE)
    }

    /// Follows everything that was made live until nothing new is found.
    pub fn trace(&mut self, program: &Program) {
        self.fit(program);
        while let Some((id, index)) = self.work.pop() {
            let module = program.module(self.input, id);
            let defined = (index - module.imported_func_count()) as usize;
            let used = self.used(program, id, defined);
            for reference in module.refs.of(defined) {
                match (reference, &used) {
                    (Ref::Func(func), Some(used)) if !used.functions.contains(&func) => continue,
                    (Ref::Global(global), Some(used)) if !used.globals.contains(&global) => {
                        continue;
                    }
                    _ => {}
                }
                match reference {
                    Ref::Func(func) => {
                        self.func(program, FuncDef::Core(id, func), Some((id, index)));
                    }
                    Ref::FuncRef(func) => {
                        let def = FuncDef::Core(id, func);
                        self.live.func_refs.push(def);
                        self.func(program, def, Some((id, index)));
                    }
                    Ref::Type(_) => {}
                    Ref::Global(global) => self.global(program, id, global),
                    Ref::Table(table) => self.table(program, id, table),
                    Ref::TableWrite(table) => {
                        self.live
                            .written
                            .insert(program.table(self.input, id, table));
                        self.table(program, id, table);
                    }
                    Ref::Memory(memory) => self.memory(program, id, memory),
                    Ref::MemorySize(memory) => {
                        let slot = program.memory(self.input, id, memory);
                        self.live.sized.insert(slot);
                    }
                    Ref::MemoryGrow(memory) => {
                        let slot = program.memory(self.input, id, memory);
                        self.live.growing.insert(slot);
                    }
                    Ref::MemoryCopy(memory) => {
                        let slot = program.memory(self.input, id, memory);
                        self.live.copying.insert(slot);
                    }
                    Ref::MemoryFill(memory) => {
                        let slot = program.memory(self.input, id, memory);
                        self.live.filling.insert(slot);
                    }
                    Ref::Data(data) => {
                        self.live.data_count = true;
                        self.live.instances[id.0 as usize].data[data as usize] = true;
                    }
                    Ref::Elem(element) => self.element(program, id, element as usize),
                    Ref::Tag(tag) => {
                        let (id, index) = program.tag(self.input, id, tag);
                        self.live.instances[id.0 as usize].tags[index as usize] = true;
                    }
                }
            }
        }
    }

    /// What of a function that asks for constants is left when they are known; nothing for any other.
    fn used(&self, program: &Program, id: InstanceId, defined: usize) -> Option<Used> {
        if !self.folds {
            return None;
        }
        let module = program.module(self.input, id);
        let constant = |func: u32| {
            if func >= module.imported_func_count() {
                return None;
            }
            match self
                .forwarders
                .func(self.input, program, FuncDef::Core(id, func))
            {
                FuncDef::Builtin(Builtin::Constant(value)) => Some(value),
                _ => None,
            }
        };
        let asks = module.refs.of(defined).any(|reference| match reference {
            Ref::Func(func) => constant(func).is_some(),
            _ => false,
        });
        if !asks {
            return None;
        }
        let reader = module.body(defined).get_operators_reader().ok()?;
        let start = reader.original_position() as usize;
        fold::used(&module.bytes[start..module.bodies[defined].end], constant).ok()?
    }

    /// Makes room for instances that were added to the program.
    fn fit(&mut self, program: &Program) {
        for id in program.ids().skip(self.live.instances.len()) {
            let module = program.module(self.input, id);
            self.live.instances.push(LiveInstance {
                funcs: vec![false; module.func_types.len()],
                globals: vec![false; module.imported_globals.len() + module.globals.len()],
                tables: vec![false; module.imported_tables.len() + module.tables.len()],
                memories: vec![false; module.imported_memories.len() + module.memories.len()],
                tags: vec![false; module.imported_tags.len() + module.tags.len()],
                elements: vec![false; module.elements.len()],
                data: vec![false; module.data.len()],
            });
        }
    }

    fn func(&mut self, program: &Program, def: FuncDef, from: Option<(InstanceId, u32)>) {
        match self.forwarders.func(self.input, program, def) {
            FuncDef::Core(id, index) => {
                let live = &mut self.live.instances[id.0 as usize].funcs[index as usize];
                if !std::mem::replace(live, true) {
                    self.work.push((id, index));
                }
            }
            FuncDef::Canon(canon) if canon::is_glue(program, canon) => {
                if self.live.glue.insert(canon) {
                    for def in canon::calls(program, canon) {
                        self.func(program, def, from);
                    }
                    for (id, index) in canon::memories(program, canon) {
                        self.memory(program, id, index);
                    }
                    if let Some((id, index)) = canon::table(program, canon) {
                        self.table(program, id, index);
                    }
                }
            }
            FuncDef::Canon(canon) => match self.bindings.get(&canon) {
                Some(&Binding::Func(def)) => self.func(program, def, from),
                Some(Binding::Stub(_)) => {}
                None => {
                    self.reached.entry(canon).or_insert(from);
                }
            },
            FuncDef::Host(host) => self.live.host(host),
            FuncDef::Builtin(Builtin::State) => self.live.state = true,
            FuncDef::Builtin(Builtin::Piece(piece)) => {
                self.live.pieces.insert(piece);
            }
            FuncDef::Builtin(Builtin::Tasks) => {
                self.live.pieces.insert(Piece::Tasks);
            }
            FuncDef::Builtin(Builtin::Handles) => self.live.handles = true,
            FuncDef::Builtin(Builtin::MaxPoll) => self.live.many_polls = true,
            FuncDef::Builtin(Builtin::MoreHandles) => self.live.more_handles = true,
            FuncDef::Builtin(Builtin::Arena) => self.live.arena = true,
            FuncDef::Builtin(Builtin::AllocateOnly(id, index)) => {
                self.live.allocate_only.insert((id, index));
                self.func(program, FuncDef::Core(id, index), from);
            }
            FuncDef::Builtin(Builtin::FrameEnd(frame)) => {
                self.live.frames.insert(frame);
            }
            FuncDef::Builtin(Builtin::StackPointer(id, index)) => self.global(program, id, index),
            FuncDef::Builtin(Builtin::Word(word) | Builtin::SetWord(word)) => {
                self.live.words.insert(word);
            }
            FuncDef::Builtin(_) => {}
        }
    }

    fn global(&mut self, program: &Program, id: InstanceId, index: u32) {
        let (id, index) = program.global(self.input, id, index);
        let live = &mut self.live.instances[id.0 as usize].globals[index as usize];
        if std::mem::replace(live, true) {
            return;
        }
        let module = program.module(self.input, id);
        let init = &module.globals[index as usize - module.imported_globals.len()].init;
        if let Some(Const::Func(def)) = constant(self.input, program, id, init) {
            self.func(program, def, None);
        }
    }

    fn table(&mut self, program: &Program, id: InstanceId, index: u32) {
        let slot = program.table(self.input, id, index);
        let live = &mut self.live.instances[slot.0.0 as usize].tables[slot.1 as usize];
        if std::mem::replace(live, true) {
            return;
        }
        for id in program.ids() {
            for (index, element) in program.module(self.input, id).elements.iter().enumerate() {
                if let ElementMode::Active { table, .. } = element.mode
                    && program.table(self.input, id, table) == slot
                {
                    self.element(program, id, index);
                }
            }
        }
    }

    fn element(&mut self, program: &Program, id: InstanceId, index: usize) {
        let live = &mut self.live.instances[id.0 as usize].elements[index];
        if std::mem::replace(live, true) {
            return;
        }
        let element = &program.module(self.input, id).elements[index];
        if let ElementMode::Active { table, .. } = element.mode {
            self.table(program, id, table);
        }
        match &element.items {
            Items::Functions(functions) => {
                for &func in functions {
                    self.func(program, FuncDef::Core(id, func), None);
                }
            }
            Items::Expressions(_, expressions) => {
                for expr in expressions {
                    if let Some(Const::Func(def)) = constant(self.input, program, id, expr) {
                        self.func(program, def, None);
                    }
                }
            }
        }
    }
}
