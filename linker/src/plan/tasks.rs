//! The tasks of a program: whether it has any, the library that runs them, and the numbers by which that
//! library and the linker speak of instances, calls, and the ends of streams.
//!
//! `docs/async.md` has the contract.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, anyhow, bail};
use wasmparser::{ExternalKind, FuncType, TypeRef, ValType};

use super::live::{Live, Tracer};
use super::task_uses::{Uses, goes_by, reaching};
use crate::abi::{FuncType as ComponentFuncType, Type};
use crate::options::Stacks;
use crate::parse::Input;
use crate::resolve::{
    AsyncBuiltin, Builtin, Canon, CanonId, CanonKind, ComponentFunc, ComponentInstanceId, CoreDef,
    EndType, FuncDef, Given, HOST, Instance, InstanceId, LiftId, NO_MEMORY, Program, Tasks,
};

/// The name of the library.
pub const LIBRARY: &str = "tasks";
/// The same for programs with one task at a time.
const LIBRARY_ALONE: &str = "tasks-alone";
/// The prefix of the module name of a weak import.
const WEAK: &str = "if ";
/// The module name of what the linker gives to it.
const LINKER: &str = "p1bridge";

/// The types of handles of the async ABI, beyond those of resources.
pub const FIRST_END: u32 = 0x4000_0010;

/// A place that calls a function by way of the library.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Site {
    Lower(CanonId),
    /// The host.
    Export(LiftId),
    /// One that calls a function of a library, which can come to wait for the host.
    Host(CanonId),
}

/// The numbers of what takes part in tasks: places in these lists.
#[derive(Clone, Debug, Default)]
pub struct TaskPlan {
    pub instances: Vec<ComponentInstanceId>,
    pub lifts: Vec<LiftId>,
    pub sites: Vec<Site>,
    /// The built-ins that read and write.
    pub ports: Vec<CanonId>,
    pub ends: Vec<EndType>,
    /// The built-ins that make threads.
    pub threads: Vec<CanonId>,
    /// The slots of contexts that are used.
    pub contexts: BTreeSet<u32>,
}

impl TaskPlan {
    /// The number of a component instance.
    pub fn instance(&self, id: ComponentInstanceId) -> i32 {
        match self.instances.binary_search(&id) {
            Ok(at) => at as i32,
            Err(_) => -1,
        }
    }

    /// The number of a lifted function.
    pub fn lift(&self, id: LiftId) -> i32 {
        self.lifts.binary_search(&id).map_or(-1, |at| at as i32)
    }

    /// The number of a place that calls.
    pub fn site(&self, site: Site) -> Option<i32> {
        self.sites.binary_search(&site).ok().map(|at| at as i32)
    }

    /// The number of a built-in that reads or writes.
    pub fn port(&self, id: CanonId) -> i32 {
        self.ports.binary_search(&id).map_or(-1, |at| at as i32)
    }

    /// The number of a built-in that makes threads.
    pub fn thread(&self, id: CanonId) -> i32 {
        self.threads.binary_search(&id).map_or(-1, |at| at as i32)
    }

    /// The type of handles of readable ends; that of the writable ones is the next.
    pub fn end(&self, end: &EndType) -> i32 {
        let at = self.ends.iter().position(|known| known == end);
        let at = at.expect("the types of streams were numbered") as u32;
        (FIRST_END + 4 * at + 2 * u32::from(end.is_future)) as i32
    }
}

/// Whether a program that reaches this has tasks; with `plain` calls, some need none ([`goes_by`]).
pub fn any(program: &Program, tracer: &Tracer<'_, '_>, exported: &[LiftId], plain: bool) -> bool {
    if program.hands_over {
        return false;
    }
    let lift = |id: &LiftId| &program.lifts[id.0 as usize];
    let ends = |ty: &ComponentFuncType| {
        ty.params.has_ends() || ty.result.as_ref().is_some_and(Type::has_ends)
    };
    let reaching = reaching(program, &tracer.live, plain);
    let is_async = |id: &CanonId| match &program.canons[id.0 as usize].kind {
        CanonKind::Async(_) => true,
        CanonKind::Lower {
            callee: ComponentFunc::Lift(id),
            ..
        } => goes_by(lift(id), &reaching, plain) || ends(&lift(id).ty),
        CanonKind::Lower {
            callee: ComponentFunc::Import(import),
            ..
        } => program.imports[*import as usize].has_tasks(),
        _ => false,
    };
    tracer.live.glue.iter().any(is_async)
        || tracer.reached.keys().any(is_async)
        || exported
            .iter()
            .any(|id| lift(id).is_async || ends(&lift(id).ty))
}

/// Adds the library to the program.
///
/// # Errors
///
/// When it is not among the libraries, or asks for what the linker does not give.
pub fn instantiate(
    input: &Input<'_>,
    program: &mut Program,
    stacks: Stacks,
    uses: &Uses,
) -> Result<()> {
    let named = |name: &str| input.libraries.iter().find(|library| library.name == name);
    let alone = named(LIBRARY_ALONE).filter(|_| uses.is_alone);
    let library = alone.or_else(|| named(LIBRARY)).ok_or_else(|| {
        anyhow!(
            "the component has async functions, for which the library {LIBRARY:?} has to be linked"
        )
    })?;
    let module = &input.modules[library.module];
    super::libraries::check(module)?;
    let instance = InstanceId(program.instances.len() as u32);
    let mut args = Vec::with_capacity(module.imports.len());
    for import in &module.imports {
        let bad = || {
            anyhow!(
                "{} imports {:?} {:?}, which the linker does not give to it",
                module.path,
                import.module,
                import.name
            )
        };
        args.push(match import.ty {
            TypeRef::Memory(_) => CoreDef::Memory(NO_MEMORY.0, NO_MEMORY.1),
            TypeRef::Func(_) if (import.module, import.name) == (LINKER, "waits") => {
                CoreDef::Func(FuncDef::Builtin(Builtin::Constant(uses.waits.into())))
            }
            TypeRef::Func(_) if import.module.starts_with(WEAK) => {
                let has = uses.has(&import.module[WEAK.len()..]).ok_or_else(bad)?;
                match module.exports.get(import.name) {
                    Some((ExternalKind::Func, index)) if has => {
                        CoreDef::Func(FuncDef::Core(instance, *index))
                    }
                    Some(_) => CoreDef::Func(FuncDef::Builtin(Builtin::Unlinked)),
                    None => return Err(bad()),
                }
            }
            TypeRef::Func(ty) if import.module == LINKER => {
                let ty = &module.types[ty as usize];
                let known = constant(program, import.name, stacks);
                CoreDef::Func(match known {
                    Some(value) => FuncDef::Builtin(Builtin::Constant(value)),
                    None => given(program, import.name, ty).ok_or_else(bad)?,
                })
            }
            _ => return Err(bad()),
        });
    }
    program.instances.push(Instance {
        module: library.module,
        args,
    });
    let functions: BTreeMap<String, u32> = module
        .exports
        .iter()
        .filter(|(_, (kind, _))| *kind == ExternalKind::Func)
        .map(|(name, (_, index))| ((*name).to_string(), *index))
        .collect();
    program.tasks = Some(Tasks {
        instance,
        functions,
        switches: stacks == Stacks::Switch,
    });
    Ok(())
}

/// What is known of a program before it is known what it reaches: what the library would do otherwise is left out.
fn constant(program: &Program, name: &str, stacks: Stacks) -> Option<i32> {
    let is_context = |canon: &Canon| {
        let kind = &canon.kind;
        matches!(
            kind,
            CanonKind::Async(AsyncBuiltin::ContextGet(_) | AsyncBuiltin::ContextSet(_))
        )
    };
    match name {
        // No stack is taken away.
        "thread_stack" if stacks != Stacks::Switch => Some(0),
        "contexts" if !program.canons.iter().any(is_context) => Some(0),
        _ => None,
    }
}

/// What the library gets under a name.
fn given(program: &mut Program, name: &str, ty: &FuncType) -> Option<FuncDef> {
    let builtin = match name {
        "tasks" => Some(Builtin::Tasks),
        "max_tasks" => Some(Builtin::MaxTasks),
        "thread_stack" => Some(Builtin::ThreadStack),
        "max_streams" => Some(Builtin::MaxStreams),
        "instances" => Some(Builtin::TaskInstances),
        "contexts" => Some(Builtin::TaskContexts),
        _ => None,
    };
    if let Some(builtin) = builtin {
        return Some(FuncDef::Builtin(builtin));
    }
    let kind = match Given::ALL.iter().find(|given| given.name() == name) {
        Some(given) => {
            let (params, gives) = given.signature();
            let results: &[ValType] = if gives { &[ValType::I32] } else { &[] };
            let wanted = FuncType::new(vec![ValType::I32; params], results.iter().copied());
            if *ty != wanted {
                return None;
            }
            CanonKind::Given(*given)
        }
        None => CanonKind::Io(IO.iter().find(|io| **io == name)?),
    };
    let id = CanonId(program.canons.len() as u32);
    program.canons.push(Canon {
        kind,
        ty: ty.clone(),
        instance: HOST,
        offset: 0,
        path: "the library of tasks".to_string(),
    });
    Some(FuncDef::Canon(id))
}

/// What the library asks of one for the host.
const IO: [&str; 7] = [
    "io_read",
    "io_write",
    "io_close",
    "io_result",
    "io_subscribe",
    "io_poll",
    "io_now",
];

/// Numbers what takes part in tasks.
///
/// # Errors
///
/// Names what the linker does not have.
pub fn number(
    program: &Program,
    live: &Live,
    exports: &[LiftId],
    pending: &BTreeSet<CanonId>,
    plain: bool,
) -> Result<Option<TaskPlan>> {
    let Some(tasks) = &program.tasks else {
        return Ok(None);
    };
    let mut plan = TaskPlan::default();
    let reaching = reaching(program, live, plain);
    let mut instances: BTreeSet<ComponentInstanceId> = reaching.clone();
    let mut lifts: BTreeSet<LiftId> = BTreeSet::new();
    let mut ends: Vec<EndType> = Vec::new();
    let mut note = |ty: &Type| {
        let found = std::cell::RefCell::new(&mut ends);
        ty.any(&|ty| {
            if let Some(end) = EndType::of(ty) {
                let mut ends = found.borrow_mut();
                if !ends.contains(&end) {
                    ends.push(end);
                }
            }
            false
        });
    };
    let mut noted: Vec<EndType> = Vec::new();
    for &id in &live.glue {
        let canon = &program.canons[id.0 as usize];
        match &canon.kind {
            CanonKind::Lower {
                callee: ComponentFunc::Lift(lift),
                ..
            } => {
                let lifted = &program.lifts[lift.0 as usize];
                note(&lifted.ty.params);
                lifted.ty.result.iter().for_each(&mut note);
                if goes_by(lifted, &reaching, plain) {
                    lifts.insert(*lift);
                    plan.sites.push(Site::Lower(id));
                    instances.extend([canon.instance, lifted.instance]);
                }
            }
            CanonKind::Async(builtin) => {
                instances.insert(canon.instance);
                if let Some(end) = builtin.end() {
                    noted.push(end.clone());
                    end.element.iter().for_each(&mut note);
                }
                if builtin.is_of_threads() && !tasks.switches {
                    bail!(
                        "{} (at offset {:#x}, in {}): threads of one task need stacks that can be taken away: add --stacks \
                         switch",
                        builtin.name(),
                        canon.offset,
                        canon.path
                    );
                }
                match builtin {
                    AsyncBuiltin::ThreadNewIndirect(_) => plan.threads.push(id),
                    AsyncBuiltin::Read(..) | AsyncBuiltin::Write(..) => plan.ports.push(id),
                    AsyncBuiltin::ContextGet(slot) | AsyncBuiltin::ContextSet(slot) => {
                        plan.contexts.insert(*slot);
                    }
                    AsyncBuiltin::TaskReturn(Some(ty), _) => note(ty),
                    _ => {}
                }
            }
            _ => {}
        }
    }
    for id in pending {
        plan.sites.push(Site::Host(*id));
        instances.insert(program.canons[id.0 as usize].instance);
    }
    for id in exports {
        let lifted = &program.lifts[id.0 as usize];
        if lifted.instance != HOST && (lifted.is_async || reaching.contains(&lifted.instance)) {
            lifts.insert(*id);
            plan.sites.push(Site::Export(*id));
            instances.insert(lifted.instance);
        }
    }
    for import in &program.imports {
        note(&import.ty.params);
        import.ty.result.iter().for_each(&mut note);
    }
    for end in noted {
        if !ends.contains(&end) {
            ends.push(end);
        }
    }
    if ends.len() > 1 << 20 {
        bail!("the component has more types of streams and futures than there are numbers for");
    }
    plan.instances = instances.into_iter().collect();
    plan.lifts = lifts.into_iter().collect();
    plan.sites.sort();
    plan.ports.sort();
    plan.threads.sort();
    plan.ends = ends;
    Ok(Some(plan))
}
