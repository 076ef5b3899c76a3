//! What was decided: everything that the output will be.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use wasmparser::{FuncType, WasmFeatures};

use super::binding::{Binding, LinkedLibrary, Target};
use super::fused::Fusion;
use super::live::Live;
use super::memory;
use super::tasks::Site;
use super::throwing::{Borders, Form, Throwing, values};
use super::written;
use crate::features::FeatureSet;
use crate::memory::layout::MemoryPlan;
use crate::options::{MAX_HANDLES, Options};
use crate::parse::scan::Ref;
use crate::parse::{Input, Placed};
use crate::resolve::{
    Builtin, CanonId, CanonKind, ComponentFunc, ComponentInstanceId, FuncDef, HostId, InstanceId,
    LiftId, Program, Service,
};
use crate::statics::{Forwarders, canon};
use crate::unadapt::Adapter;

/// Everything that the output will be.
pub struct Plan<'i, 'a> {
    pub input: &'i Input<'a>,
    pub options: &'i Options,
    /// The program with the library instances appended.
    pub program: Program,
    pub forwarders: Forwarders,
    pub bindings: HashMap<CanonId, Binding>,
    pub adapters: Vec<Adapter>,
    pub libraries: Vec<LinkedLibrary>,
    pub live: Live,
    /// What calls between component instances need.
    pub fusion: Fusion,
    pub memory: Option<MemoryPlan>,
    /// The host functions that are imported, in order.
    pub hosts: Vec<HostId>,
    /// The start function that stays one.
    pub start: Option<Target>,
    /// What happens before the first export.
    pub init: Vec<Step>,
    /// The function that is called first, for nothing, in a module that may be made into a component.
    pub prime: Option<HostId>,
    /// Why the module cannot be made into a component.
    pub obstacle: Option<&'static str>,
    /// The functions that are written out where another guest calls them.
    pub inlined: BTreeSet<(InstanceId, u32)>,
    /// What may be thrown, and the functions whose exceptions end where they are called from outside.
    pub throwing: Throwing,
    pub borders: Borders,
    /// The elements of tables that call what was there at the time.
    pub late: BTreeMap<Place, History>,
    pub exports: Vec<PlannedExport>,
    /// What imports of Preview 1 became, by module and name, where the module goes into a component.
    pub upward: BTreeMap<(String, String), FuncDef>,
    /// The functions of WASI that are approximated, and how.
    pub approximations: BTreeMap<String, &'static str>,
    /// The functions of WASI that only return an error, with its name.
    pub stubs: BTreeMap<String, String>,
    /// What the user should know, in words.
    pub warnings: Vec<String>,
}

impl Plan<'_, '_> {
    /// Whether stacks are taken away while their tasks wait.
    pub fn switches(&self) -> bool {
        let tasks = self.program.tasks.as_ref();
        tasks.is_some_and(|tasks| tasks.switches)
    }

    /// Whether a call by way of the library of tasks begins where that library says, with arguments that were
    /// kept: one that is lowered with `async`, and one with a stack of its own.
    pub fn is_started_later(&self, site: Site) -> bool {
        match site {
            Site::Export(_) => self.switches(),
            Site::Host(_) => true,
            Site::Lower(id) => match &self.program.canons[id.0 as usize].kind {
                CanonKind::Lower {
                    callee: ComponentFunc::Lift(lift),
                    options,
                } => {
                    let lift = &self.program.lifts[lift.0 as usize];
                    options.is_async || self.switches() && lift.options.is_async
                }
                _ => false,
            },
        }
    }

    /// What is really called, with everything followed.
    ///
    /// # Panics
    ///
    /// Panics for a function of the canonical ABI that nothing live reaches.
    pub fn target(&self, def: FuncDef) -> Target {
        self.try_target(def)
            .expect("only live functions are asked for")
    }

    /// Like [`Plan::target`]; nothing for a function that was not bound because it is dead.
    pub fn try_target(&self, mut def: FuncDef) -> Option<Target> {
        loop {
            match self.forwarders.func(self.input, &self.program, def) {
                FuncDef::Core(id, index) => return Some(Target::Core(id, index)),
                FuncDef::Host(id) => return Some(Target::Host(id)),
                FuncDef::Builtin(builtin) => return Some(Target::Builtin(builtin)),
                FuncDef::Canon(canon) if self.fusion.direct.contains_key(&canon) => {
                    def = self.fusion.direct[&canon];
                }
                FuncDef::Canon(canon)
                    if canon::is_glue(&self.program, canon)
                        || self.fusion.imports.contains(&canon) =>
                {
                    return self
                        .live
                        .glue
                        .contains(&canon)
                        .then_some(Target::Glue(canon));
                }
                FuncDef::Canon(canon) => match self.bindings.get(&canon)? {
                    Binding::Func(next) => def = *next,
                    Binding::Stub(_) => return Some(Target::Glue(canon)),
                },
            }
        }
    }

    /// The `realloc` functions that libraries call, and that could call out: the instance of the library
    /// with its import, the function, and the component instance that must not call out meanwhile.
    pub fn guarded_reallocs(&self) -> Vec<(InstanceId, u32, Target, ComponentInstanceId)> {
        let mut found = Vec::new();
        for library in &self.libraries {
            let guest = self.program.canons.iter().zip(0..).find_map(|(canon, at)| {
                let bound = match self.bindings.get(&CanonId(at)) {
                    Some(Binding::Func(FuncDef::Core(id, _))) => *id == library.instance,
                    _ => false,
                };
                (bound && self.fusion.may_be_inside(canon.instance)).then_some(canon.instance)
            });
            let module = self.program.module(self.input, library.instance);
            let mut imports = module.imported_funcs.iter();
            let import = imports.position(|&at| module.imports[at].name == "cabi_realloc");
            let (Some(guest), Some(import)) = (guest, import) else {
                continue;
            };
            let import = import as u32;
            let live = &self.live.instance(library.instance).funcs;
            let first = module.imported_func_count() as usize;
            let mut bodies = (0..module.bodies.len()).filter(|at| live[first + at]);
            let is_called = bodies.any(|at| module.refs.of(at).any(|at| at == Ref::Func(import)));
            let target = self.try_target(FuncDef::Core(library.instance, import));
            if let (
                true,
                Some(target @ (Target::Core(..) | Target::Builtin(Builtin::AllocateOnly(..)))),
            ) = (is_called, target)
            {
                found.push((library.instance, import, target, guest));
            }
        }
        found
    }

    /// The features of the guests, what the output's memories take beside them, and what the linker's own
    /// functions are written with if the target is known to have it.
    pub fn features(&self) -> FeatureSet {
        let mut features = self.input.features();
        if self
            .memory
            .as_ref()
            .is_some_and(|memory| !memory.own.is_empty())
        {
            features.insert(memory::several());
        }
        if self.throwing.form == Some(Form::TryTable) {
            // A block that catches several values has several results.
            let mut tags = self.borders.values().flatten();
            if tags.any(|&tag| values(self.input, &self.program, tag).params().len() > 1) {
                features.insert(FeatureSet::of(WasmFeatures::MULTI_VALUE));
            }
        }
        features.insert(written::with(self.options, &self.fusion));
        features
    }

    /// Whether something of the bulk memory proposal is live, besides `memory.copy` and `memory.fill`: compilers count data
    /// segments in modules where nothing asks for their number.
    pub fn has_bulk_memory(&self) -> bool {
        let bulk = FeatureSet::of(WasmFeatures::BULK_MEMORY);
        self.live.data_count
            || self.program.ids().any(|id| {
                let module = self.program.module(self.input, id);
                let live = self.live.instance(id);
                let first = module.imported_func_count() as usize;
                let functions = live.funcs.get(first..).unwrap_or_default();
                let mut bodies = functions.iter().enumerate().filter(|(_, live)| **live);
                let mut elements = module.elements.iter().zip(&live.elements);
                let mut data = module.data.iter().zip(&live.data);
                bodies.any(|(at, _)| module.refs.features(at).contains(bulk))
                    || elements.any(|(element, live)| *live && element.has_bulk_memory())
                    || data.any(|(data, live)| *live && data.active.is_none())
            })
    }

    /// How many handles there may be.
    pub fn max_handles(&self) -> u32 {
        let block = self.memory.as_ref().and_then(|memory| memory.block);
        block.map_or(MAX_HANDLES, |block| block.max_handles)
    }

    /// Whether the size of a region is kept in a global: it can grow, and it is not all there is.
    pub fn tracks_growth(&self, region: usize) -> bool {
        self.memory.as_ref().is_some_and(|memory| {
            let alone = memory.regions.len() == 1
                && !memory.has_above(region)
                && !memory.fixed
                && !memory.guarded;
            memory.regions[region].grows && (!alone || memory.host == Some(region))
        })
    }

    /// Whether a function is called through one that ends its exceptions, from outside of its component
    /// instance.
    pub fn has_border(&self, target: Target) -> bool {
        matches!(target, Target::Core(id, index) if self.borders.contains_key(&(id, index)))
    }

    /// What was done to the module of an instance to put it where it lies.
    pub fn placed(&self, id: InstanceId) -> Option<&Placed> {
        let module = self.program.instances[id.0 as usize].module;
        self.input.places.of(module)
    }

    /// Whether an active segment is written by the function that initialises the module.
    pub fn is_late(&self, step: Step) -> bool {
        self.init.contains(&step)
    }

    /// Whether an instance is one of a library.
    pub fn is_library(&self, id: InstanceId) -> bool {
        self.libraries.iter().any(|library| library.instance == id)
    }

    /// Whether an instance is one of a library that sees the memory of the output.
    pub fn sees_all(&self, id: InstanceId) -> bool {
        let mut libraries = self.libraries.iter();
        libraries.any(|library| library.instance == id && library.sees_all)
    }

    /// Whether a live function reserves numbers that are no descriptors.
    pub fn reserves_descriptors(&self) -> bool {
        self.live.glue.iter().any(|id| {
            matches!(
                self.program.canons[id.0 as usize].kind,
                CanonKind::Service(Service::ReserveDescriptor(_))
            )
        })
    }

    /// The type of a target that is a function.
    pub fn target_type(&self, target: Target) -> &FuncType {
        match target {
            Target::Core(id, index) => self.program.module(self.input, id).func_type(index),
            Target::Host(id) => &self.program.hosts[id.0 as usize].ty,
            Target::Glue(id) => &self.program.canons[id.0 as usize].ty,
            Target::Builtin(_) => unreachable!("these are only called"),
        }
    }
}

/// An export of the output.
#[derive(Clone, Debug)]
pub struct PlannedExport {
    pub name: String,
    pub what: Exported,
}

/// What an export is.
#[derive(Clone, Debug)]
pub enum Exported {
    /// A function as it stands.
    Func(Target),
    /// A function before which the module is initialised.
    Initialised(Target),
    /// A `realloc`, before which the module is initialised unless that has begun: start functions
    /// may call a host that allocates.
    Realloc(Target),
    /// A `realloc` of a guest beside which there are others: during it the instance must not call out,
    /// and what it returns has to lie in the memory of the guest. The module may have to be initialised
    /// before it.
    Allocating(Allocating, bool),
    /// A lifted function whose values the linker copies, or checks where they are, before which the
    /// module may have to be initialised.
    Copied(LiftId, bool),
    /// The `post-return` of such a function.
    CopiedPost(LiftId),
    /// An import that is exported, before which the module may have to be initialised. What
    /// [`Exported::CopiedPost`] does comes after it, too, where its result is in memory.
    Passed(LiftId, bool),
    /// A `realloc` or `post-return`, during which the instance must not call out.
    NotLeaving(Target, ComponentInstanceId),
    /// `cabi_realloc` of the host's arena.
    Arena,
    /// The bytes of the arena, where the host leaves what its functions give.
    HostArena(u32),
    /// The `_start` of a command that a lifted `run` makes, with its `post-return`: the result 1 is
    /// exit code 1.
    Run(Target, Option<Target>, ComponentInstanceId),
    /// The same of a `run` that goes by way of the library of tasks.
    TaskRun(LiftId),
    /// The `_initialize` of a reactor.
    Initialize,
    Memory,
    /// What a core module exports beside functions and its memory, by its index space.
    Global(InstanceId, u32),
    Table(InstanceId, u32),
    /// Where the memory ends, for a host that cuts it there.
    End,
    /// `malloc` and `free` for the runtime's own use.
    Malloc,
    Free,
}

/// A `realloc` that the host may call.
#[derive(Clone, Copy, Debug)]
pub struct Allocating {
    pub target: Target,
    pub instance: ComponentInstanceId,
    /// The memory that it allocates in.
    pub memory: Option<(InstanceId, u32)>,
}

/// Something that happens before the first export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A start function runs.
    Call(Target),
    /// A data segment is written, if it fits then.
    Data(InstanceId, usize),
    /// An element segment is written.
    Elements(InstanceId, usize),
    /// An element segment counts as applied from now on ([`super::late`]).
    Applied(InstanceId, usize),
    /// Nothing comes after this: a segment does not fit, and the component is not instantiated.
    Trap,
}

/// An element of a table: the table's instance and index, and the index of the element.
pub type Place = ((InstanceId, u32), u32);

/// What is in an element, one after the other: from so many applied segments on, this function.
pub type History = Vec<(u32, FuncDef)>;
