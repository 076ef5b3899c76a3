//! `Program` → [`Plan`]: everything that is decided before a byte of code is written.
//!
//! Which libraries are linked, what is live, where things lie in memory, what runs before the
//! first export, what is imported and exported under which name, and everything that cannot be
//! linked, all of it found here.

mod exports;
mod libraries;
mod live;
mod memory;

use std::collections::{BTreeMap, HashMap};

use anyhow::{Result, bail};
use wasmparser::FuncType;

use crate::Options;
use crate::parse::Input;
use crate::resolve::{Builtin, CanonId, CanonKind, FuncDef, HostId, InstanceId, LiftId, Program};
use crate::statics::Forwarders;
use crate::unadapt::{Adapted, Adapter};

pub use exports::{Exported, PlannedExport};
pub use live::{Live, LiveInstance};
pub use memory::{Block, MemoryPlan};

/// What a function of the canonical ABI became.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    /// A function of a library or of the host.
    Func(FuncDef),
    /// It does nothing.
    NoOp,
}

/// What a call in the input becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    Core(InstanceId, u32),
    Host(HostId),
    Builtin(Builtin),
    NoOp,
}

/// A library instance: one for each `realloc` that the lowered imports of guests name.
#[derive(Clone, Debug)]
pub struct LinkedLibrary {
    pub name: String,
    pub instance: InstanceId,
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
    pub memory: Option<MemoryPlan>,
    /// The host functions that are imported, in order.
    pub hosts: Vec<HostId>,
    /// The start function that stays one.
    pub start: Option<Target>,
    /// Start functions that run before the first export instead.
    pub init: Vec<Target>,
    pub exports: Vec<PlannedExport>,
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
                FuncDef::Canon(canon) => match self.bindings.get(&canon)? {
                    Binding::Func(next) => def = *next,
                    Binding::NoOp => return Some(Target::NoOp),
                },
            }
        }
    }

    /// Whether an instance is one of a library.
    pub fn is_library(&self, id: InstanceId) -> bool {
        self.libraries.iter().any(|library| library.instance == id)
    }

    /// The type of a target that is a function.
    pub fn target_type(&self, target: Target) -> &FuncType {
        match target {
            Target::Core(id, index) => self.program.module(self.input, id).func_type(index),
            Target::Host(id) => &self.program.hosts[id.0 as usize].ty,
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
    let forwarders = Forwarders::new(input, &program, options.tidy);
    let boundary = exports::Boundary::new(&program, adapted)?;
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

    // What the libraries have to provide for that.
    let linked = libraries::link(input, &mut program, adapted, &tracer)?;
    tracer.bindings = linked.bindings;
    let reached: Vec<CanonId> = tracer.reached.keys().copied().collect();
    for canon in reached {
        let Binding::Func(def) = tracer.bindings[&canon] else {
            continue;
        };
        tracer.root(&program, def);
        // The host reads the arguments of custom imports in the guest's memory, and stores their
        // results through its realloc.
        if let (FuncDef::Host(_), CanonKind::Lower { options, .. }) =
            (def, &program.canons[canon.0 as usize].kind)
        {
            if let Some((id, index)) = options.memory {
                tracer.memory(&program, id, index);
            }
            if let Some(realloc) = options.realloc {
                tracer.root(&program, realloc);
            }
        }
    }
    for (id, index) in boundary.memories() {
        tracer.memory(&program, id, index);
    }
    tracer.trace(&program);
    tracer.memories_of_preview1(&program);

    let live::Tracer { live, bindings, .. } = tracer;
    let memory = memory::plan(input, &program, &live, &linked.libraries, options)?;

    let mut plan = Plan {
        input,
        options,
        program,
        forwarders,
        bindings,
        adapters: adapted.adapters.clone(),
        libraries: linked.libraries,
        live,
        memory,
        hosts: Vec::new(),
        start: None,
        init: Vec::new(),
        exports: Vec::new(),
        warnings: linked.warnings,
    };
    exports::plan(&mut plan, &boundary, &starts)?;
    plan.hosts = plan.live.hosts();
    one_of_each(&plan)?;
    refuse_late_segments(&plan, &starts)?;
    crate::lower::check(&plan)?;
    Ok(plan)
}

fn taken_out(adapted: &Adapted, id: InstanceId) -> bool {
    adapted
        .adapters
        .iter()
        .any(|adapter| adapter.instance == id && adapter.kept.is_none())
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

/// One memory, and one table unless the input itself has several.
fn one_of_each(plan: &Plan<'_, '_>) -> Result<()> {
    let mut owners: BTreeMap<InstanceId, usize> = BTreeMap::new();
    for id in plan.program.ids() {
        let tables = plan.live.instance(id).tables.iter().filter(|live| **live);
        let count = tables.count();
        if count > 0 {
            owners.insert(id, count);
        }
    }
    if owners.len() > 1 {
        let paths: Vec<&str> = owners
            .keys()
            .map(|&id| plan.program.module(plan.input, id).path.as_str())
            .collect();
        bail!(
            "several core modules have a table of their own, which is not supported yet: {}",
            paths.join(", ")
        );
    }
    Ok(())
}

/// Segments of the output are all applied before anything runs. That is only the same when no
/// start function has run before a segment was applied in the original.
fn refuse_late_segments(plan: &Plan<'_, '_>, starts: &[(InstanceId, FuncDef)]) -> Result<()> {
    let Some(&(first, _)) = starts.first() else {
        return Ok(());
    };
    for id in plan.program.ids().filter(|&id| id > first) {
        let module = plan.program.module(plan.input, id);
        let live = plan.live.instance(id);
        let data = module
            .data
            .iter()
            .zip(&live.data)
            .find(|(data, live)| **live && data.active.is_some() && !data.bytes.is_empty());
        if let Some((data, _)) = data {
            bail!(
                "a data segment of {} is applied after a start function has run, which is not \
                 supported yet (at offset {:#x})",
                module.path,
                data.offset
            );
        }
    }
    Ok(())
}

/// What a lifted function is: the start of a Preview 1 command, or an ordinary export.
pub(crate) fn is_preview1_start(adapted: &Adapted, lift: LiftId) -> bool {
    adapted.starts.contains(&lift)
}

/// The name of a function of the canonical ABI, for messages.
pub(crate) fn canon_name(program: &Program, id: CanonId) -> String {
    let resource = |id: crate::resolve::ResourceId| match &program.resources[id.0 as usize] {
        crate::resolve::Resource::Imported { interface, name } => match interface {
            Some(interface) => format!("{interface}#{name}"),
            None => name.clone(),
        },
        crate::resolve::Resource::Defined { .. } => "a resource of the component".to_string(),
    };
    match &program.canons[id.0 as usize].kind {
        CanonKind::Lower {
            callee: crate::resolve::ComponentFunc::Import(import),
            ..
        } => {
            let import = &program.imports[*import as usize];
            match &import.interface {
                Some(interface) => format!("{interface}#{}", import.name),
                None => import.name.clone(),
            }
        }
        CanonKind::Lower { .. } => "a function of another component".to_string(),
        CanonKind::ResourceNew(id) => format!("resource.new of {}", resource(*id)),
        CanonKind::ResourceRep(id) => format!("resource.rep of {}", resource(*id)),
        CanonKind::ResourceDrop(id) => format!("resource.drop of {}", resource(*id)),
        CanonKind::Unsupported(name) => (*name).to_string(),
    }
}
