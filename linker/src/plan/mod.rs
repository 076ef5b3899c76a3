//! `Program` → [`Plan`]: everything that is decided before a byte of code is written.
//!
//! Which libraries are linked, what is live, where things lie in memory, what runs before the
//! first export, what is imported and exported under which name, and everything that cannot be
//! linked, all of it found here.

pub mod again;
pub mod exports;
pub mod fate;
pub mod fused;
pub mod inline;
pub mod late;
mod libraries;
mod live;
mod memory;
mod refuse;
mod start;
pub mod strings;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anyhow::{Result, bail};
use wasmparser::{FuncType, WasmFeatures};

use crate::features::{FeatureSet, of_operator};
use crate::memory::layout::MemoryPlan;
use crate::options::{MemoryMode, Options};
use crate::parse::Input;
use crate::parse::scan::Ref;
use crate::preview1;
use crate::resolve::{
    Builtin, CanonId, CanonKind, ComponentInstanceId, FuncDef, HOST, HostId, InstanceId, LiftId,
    Program,
};
use crate::statics::{Forwarders, canon};
use crate::unadapt::{Adapted, Adapter};

pub use exports::{Exported, PlannedExport};
pub use fused::{Crossing, Fusion};
pub use live::{Live, LiveInstance};
pub use start::Step;

/// What a function of the canonical ABI became.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    /// A function of a library or of the host.
    Func(FuncDef),
    /// It does nothing.
    NoOp,
    /// It returns this case of its error type, or traps.
    Stub(Option<u32>),
}

/// What a call in the input becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    Core(InstanceId, u32),
    Host(HostId),
    Builtin(Builtin),
    /// A function of the canonical ABI that the linker writes itself.
    Glue(CanonId),
    NoOp,
}

/// A library instance: one for each memory and `realloc` that the lowered imports of guests name.
#[derive(Clone, Debug)]
pub struct LinkedLibrary {
    pub name: String,
    pub instance: InstanceId,
    /// Whether it sees the memory of the output, and not that of a guest alone.
    pub sees_all: bool,
    /// The exports that are linked.
    pub functions: Vec<String>,
}

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
    /// The elements of tables that call what was there at the time.
    pub late: BTreeMap<late::Place, late::History>,
    pub exports: Vec<PlannedExport>,
    /// The functions of WASI that are approximated, and how.
    pub approximations: BTreeMap<String, &'static str>,
    /// The functions of WASI that only return an error, with its name.
    pub stubs: BTreeMap<String, String>,
    /// What the user should know, in words.
    pub warnings: Vec<String>,
}

impl Plan<'_, '_> {
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
                    Binding::NoOp => return Some(Target::NoOp),
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

    /// The features of the guests, and what the output's memories take beside them.
    pub fn features(&self) -> FeatureSet {
        let mut features = self.input.features();
        if self
            .memory
            .as_ref()
            .is_some_and(|memory| !memory.own.is_empty())
        {
            features.insert(memory::several());
        }
        features
    }

    /// Whether the size of a region is kept in a global: it can grow, and it is not all there is.
    pub fn tracks_growth(&self, region: usize) -> bool {
        self.memory.as_ref().is_some_and(|memory| {
            let alone = memory.regions.len() == 1 && !memory.has_above(region) && !memory.fixed;
            memory.regions[region].grows && (!alone || memory.host == Some(region))
        })
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

    /// The type of a target that is a function.
    pub fn target_type(&self, target: Target) -> &FuncType {
        match target {
            Target::Core(id, index) => self.program.module(self.input, id).func_type(index),
            Target::Host(id) => &self.program.hosts[id.0 as usize].ty,
            Target::Glue(id) => &self.program.canons[id.0 as usize].ty,
            Target::Builtin(_) | Target::NoOp => unreachable!("these are only called"),
        }
    }
}

/// Decides everything about the output.
///
/// # Errors
///
/// Everything that cannot be linked, by name, with its byte offset and place.
pub fn plan<'i, 'a>(
    input: &'i Input<'a>,
    adapted: &Adapted,
    options: &'i Options,
) -> Result<Plan<'i, 'a>> {
    let mut program = adapted.program.clone();
    refuse_features(input, &program)?;
    refuse_typed_references(input, &program)?;
    let forwarders = Forwarders::new(input, &program, options.tidy, true);
    let boundary = exports::Boundary::new(&mut program, adapted)?;
    let starts: Vec<(InstanceId, FuncDef)> = program
        .ids()
        .filter(|&id| !taken_out(adapted, id))
        .filter_map(|id| {
            let start = program.module(input, id).start?;
            Some((id, FuncDef::Core(id, start)))
        })
        .collect();

    // What the guests reach, with the canonical functions as leaves.
    let mut tracer = live::Tracer::new(input, &forwarders);
    for def in boundary.roots() {
        tracer.root(&program, def);
    }
    for &(_, def) in &starts {
        tracer.root(&program, def);
    }
    if !options.tidy {
        for id in program.ids() {
            if !taken_out(adapted, id) && !forwarders.is_shim(input, &program, id) {
                tracer.keep_all(&program, id);
            }
        }
    }
    tracer.trace(&program);
    // What is returned into a guest goes through its realloc, which may reach further imports.
    loop {
        let reached: Vec<CanonId> = tracer.reached.keys().copied().collect();
        for canon in &reached {
            if let CanonKind::Lower { options, .. } = &program.canons[canon.0 as usize].kind
                && let Some(realloc) = options.realloc
            {
                tracer.root(&program, realloc);
            }
        }
        tracer.trace(&program);
        if tracer.reached.len() == reached.len() {
            break;
        }
    }

    // What the libraries have to provide for that.
    let reaching = |program: &Program, canon: CanonId| {
        boundary.reaching(program, |program, roots| {
            let mut tracer = live::Tracer::new(input, &forwarders);
            for root in roots {
                tracer.root(program, root);
            }
            tracer.trace(program);
            tracer.reached.contains_key(&canon)
        })
    };
    let calls_host = tracer
        .memories_of_preview1(&program)
        .first()
        .map(|&(id, index)| program.memory(input, id, index));
    let linked = libraries::link(
        input,
        &mut program,
        adapted,
        &tracer,
        options,
        calls_host,
        &reaching,
    )?;
    tracer.bindings.clone_from(&linked.bindings);
    let reached: Vec<CanonId> = tracer.reached.keys().copied().collect();
    for canon in reached {
        let def = match tracer.bindings[&canon] {
            Binding::Func(def) => def,
            Binding::Stub(_) => {
                tracer.live.glue.insert(canon);
                if let CanonKind::Lower { options, .. } = &program.canons[canon.0 as usize].kind
                    && let Some((id, index)) = options.memory
                {
                    tracer.memory(&program, id, index);
                }
                continue;
            }
            Binding::NoOp => continue,
        };
        tracer.root(&program, def);
        // The arguments of custom imports are read in the guest's memory, and those that are copied.
        if let CanonKind::Lower { options, .. } = &program.canons[canon.0 as usize].kind
            && (matches!(def, FuncDef::Host(_)) || linked.copied.contains(&canon))
            && let Some((id, index)) = options.memory
        {
            tracer.memory(&program, id, index);
        }
    }
    for (id, index) in boundary.memories() {
        tracer.memory(&program, id, index);
    }
    tracer.trace(&program);
    let of_preview1 = tracer
        .memories_of_preview1(&program)
        .into_iter()
        .find(|(id, _)| {
            linked
                .libraries
                .iter()
                .all(|library| library.instance != *id)
        })
        .map(|(id, index)| program.memory(input, id, index));
    if options.trap_messages {
        let ty = preview1::signature("fd_write").expect("a function of Preview 1");
        let host = program.host(preview1::MODULE, "fd_write", &ty);
        tracer.live.host(host);
    }
    if boundary.may_exit() || tracer.reaches_preview1(&program) {
        // Hosts refuse every call from a module without a memory.
        tracer.live.made_memory = true;
    }

    let live::Tracer {
        mut live, bindings, ..
    } = tracer;
    let mut crossing = crossing(&program, &bindings, &linked, &boundary, of_preview1);
    let mut firsts = [crossing.first_memory(input, &program), linked.memory];
    if options.memory == MemoryMode::Multi
        && linked.libraries.iter().any(|library| !library.sees_all)
    {
        // What a library works on at its place can only be in the memory of the libraries.
        firsts.reverse();
    }
    let first = crossing
        .shared
        .or_else(|| firsts.into_iter().flatten().next());
    crossing.memories = memory::indices(&live, first, options.memory);
    let fusion = fused::plan(
        input,
        &program,
        &live,
        &bindings,
        &crossing,
        options.max_handles,
    )?;
    live.glue.extend(&fusion.imports);
    live.glue.retain(|id| !fusion.direct.contains_key(id));
    let memory = memory::plan(
        input,
        &program,
        &live,
        &fusion,
        first,
        &linked.libraries,
        options,
    )?;

    let mut plan = Plan {
        input,
        options,
        program,
        forwarders,
        bindings,
        adapters: adapted.adapters.clone(),
        libraries: linked.libraries,
        live,
        fusion,
        memory,
        hosts: Vec::new(),
        start: None,
        init: Vec::new(),
        prime: None,
        obstacle: None,
        inlined: BTreeSet::new(),
        late: BTreeMap::new(),
        exports: Vec::new(),
        approximations: linked.approximations,
        stubs: linked.stubs,
        warnings: boundary
            .warnings
            .iter()
            .cloned()
            .chain(linked.warnings)
            .collect(),
    };
    plan.init = start::steps(&mut plan, |id| taken_out(adapted, id), &starts)?;
    if plan
        .init
        .iter()
        .any(|step| matches!(step, Step::Elements(..)))
    {
        plan.live.data_count = true;
    }
    plan.late = late::plan(&plan)?;
    exports::plan(&mut plan, &boundary)?;
    plan.hosts = plan.live.hosts();
    if options.tidy {
        plan.inlined = inline::targets(&plan);
    }
    refuse::refuse(&plan)?;
    Ok(plan)
}

fn taken_out(adapted: &Adapted, id: InstanceId) -> bool {
    adapted
        .adapters
        .iter()
        .any(|adapter| adapter.instance == id && adapter.kept.is_none())
}

/// What passes between the guests and the host.
///
/// `shared` is the memory of a guest that calls the host by itself: its pointers are the host's.
/// Libraries know where the guest that they serve is.
fn crossing(
    program: &Program,
    bindings: &HashMap<CanonId, Binding>,
    linked: &libraries::Linked,
    boundary: &exports::Boundary,
    shared: Option<(InstanceId, u32)>,
) -> Crossing {
    let mut crossing = Crossing {
        exports: boundary.lifts(),
        passed: boundary.passed(),
        copied: linked.copied.clone(),
        guarded: linked.guarded,
        shared,
        ..Crossing::default()
    };
    let mut bound: Vec<(&CanonId, &Binding)> = bindings.iter().collect();
    bound.sort_by_key(|(id, _)| **id);
    for (&id, binding) in bound {
        if let (CanonKind::Lower { .. }, Binding::Func(FuncDef::Host(_))) =
            (&program.canons[id.0 as usize].kind, binding)
            && program.canons[id.0 as usize].instance != HOST
        {
            crossing.imports.push(id);
        }
    }
    crossing
}

/// Refuses what no flat module can have, wherever it is.
fn refuse_features(input: &Input<'_>, program: &Program) -> Result<()> {
    for id in program.ids() {
        let module = program.module(input, id);
        let place = |what: &str| {
            format!(
                "{what}, in {} (at offset {:#x})",
                module.path, module.range.start
            )
        };
        for memory in &module.memories {
            if memory.shared {
                bail!(place(
                    "shared memories are not supported: compile without threads"
                ));
            }
            if memory.memory64 {
                bail!(place(
                    "64-bit memories are not supported: compile for wasm32"
                ));
            }
            if memory.page_size_log2.is_some() {
                bail!(place("memories with a custom page size are not supported"));
            }
        }
        for table in &module.tables {
            if table.ty.table64 || table.ty.shared {
                bail!(
                    "64-bit and shared tables are not supported, in {} (at offset {:#x})",
                    module.path,
                    table.offset
                );
            }
        }
    }
    Ok(())
}

/// Refuses the proposals whose types have indices of types in them, with the place of the first
/// instruction that needs them.
fn refuse_typed_references(input: &Input<'_>, program: &Program) -> Result<()> {
    let typed = [
        WasmFeatures::FUNCTION_REFERENCES,
        WasmFeatures::STACK_SWITCHING,
    ]
    .map(FeatureSet::of);
    for id in program.ids() {
        let module = program.module(input, id);
        let Some(feature) = typed.into_iter().find(|f| module.features.contains(*f)) else {
            continue;
        };
        let mut offset = module.range.start as u64;
        'bodies: for defined in 0..module.bodies.len() {
            let ops = module.body(defined).get_operators_reader()?;
            for op in ops.into_iter_with_offsets() {
                let (op, at) = op?;
                if of_operator(&op).contains(feature) {
                    offset = at;
                    break 'bodies;
                }
            }
        }
        bail!(
            "{} are not supported: compile without them (at offset {offset:#x}, in {})",
            feature.names().join(", "),
            module.path
        );
    }
    Ok(())
}

/// What a lifted function is: the start of a Preview 1 command, or an ordinary export.
pub(crate) fn is_preview1_start(adapted: &Adapted, lift: LiftId) -> bool {
    adapted.starts.contains(&lift)
}
