//! The boundary of the output: what it exports under which name, and what runs first.
//!
//! Names are those that `wit-component` reads. `wasi:cli/run` becomes `_start`; a program without
//! it is a reactor and exports `_initialize`. Hosts that call neither are met by wrappers that
//! initialise the module on the first call.

use std::collections::HashSet;

use anyhow::{Result, bail};
use wasmparser::{FuncType, ValType};

use super::again;
use super::binding::Binding;
use super::model::{Allocating, Exported, Plan, PlannedExport, Step};
use super::tasks::Site;
use crate::abi::{MAX_FLAT_PARAMS, MAX_FLAT_RESULTS, Type};
use crate::memory::arena;
use crate::memory::layout::WhileLent;
use crate::preview1;
use crate::profile::ENDS;
use crate::resolve::{
    Canon, CanonId, CanonKind, CanonOptions, ComponentFunc, ComponentInstanceId, CoreDef,
    ExportItem, FuncDef, HOST, InstanceId, Lift, LiftId, Program, Resource, ResourceId,
};
use crate::statics::tasks;
use crate::unadapt::Adapted;

/// The name of the export that says how many bytes there are for what the host gives.
pub const HOST_ARENA: &str = "p1bridge.host-arena";

/// The names of the exports of `wasi:cli/run`.
const RUN: [&str; 2] = ["wasi:cli/run@0.2.", "wasi:cli/run@0.3."];

/// What the root component exports, before liveness is known.
pub struct Boundary {
    functions: Vec<LiftedExport>,
    /// What is exported and no core module can export.
    pub warnings: Vec<String>,
    /// Destructors of resources whose handles the host has, or what drops the handles that it has in
    /// a table of the linker's, and the names of their exports.
    destructors: Vec<(String, FuncDef)>,
    /// What is exported as it is.
    natives: Vec<(String, CoreDef)>,
    /// What drops the handles that are lent to exported imports.
    drops: Vec<CanonId>,
}

struct LiftedExport {
    /// `interface#function` or `function`.
    name: String,
    lift: LiftId,
    instance: ComponentInstanceId,
    func: FuncDef,
    callback: Option<FuncDef>,
    post_return: Option<FuncDef>,
    realloc: Option<FuncDef>,
    memory: Option<(InstanceId, u32)>,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    /// The lifted `wasi:cli/run`.
    Run,
    /// The `_start` of a module that was a command of Preview 1.
    Start,
    /// An import.
    Passed,
    /// An async function of the component that is made of the output.
    Task,
}

impl Boundary {
    /// Reads the exports of the root.
    pub fn new(program: &mut Program, adapted: &Adapted) -> Result<Boundary> {
        let mut boundary = Boundary {
            functions: Vec::new(),
            warnings: Vec::new(),
            destructors: program.destructors.clone(),
            natives: program.natives.clone(),
            drops: Vec::new(),
        };
        let mut resources = Vec::new();
        for export in &program.exports.clone() {
            match &export.item {
                ExportItem::Func(func) => {
                    boundary.add(program, adapted, &export.name, *func, export.offset)?;
                }
                ExportItem::Instance(items) => {
                    for (name, item) in items {
                        let full = format!("{}#{name}", export.name);
                        match item {
                            ExportItem::Func(func) => {
                                boundary.add(program, adapted, &full, *func, export.offset)?;
                            }
                            ExportItem::Type(ty) => {
                                let prefix = format!("{}#", export.name);
                                resources
                                    .extend(ty.map(|ty| (prefix, name.clone(), ty, export.offset)));
                            }
                            ExportItem::Instance(_) => {
                                boundary.leave_out(&full, "an instance inside an instance", export);
                            }
                            ExportItem::Other(kind) => boundary.leave_out(&full, kind, export),
                        }
                    }
                }
                ExportItem::Type(ty) => {
                    let prefix = String::new();
                    resources.extend(ty.map(|ty| (prefix, export.name.clone(), ty, export.offset)));
                }
                ExportItem::Other(kind) => boundary.leave_out(&export.name, kind, export),
            }
        }
        if let Some(why) = &program.keeps {
            boundary.warnings.push(format!(
                "async functions of the output block, because no component that is made of it could have \
                 their tasks: {why}"
            ));
        }
        boundary.keep_newest_run();
        let resources_of_host = (0..program.resources.len() as u32).map(ResourceId);
        boundary.drops = resources_of_host
            .filter_map(|id| host_drop(program, id))
            .collect();
        for (prefix, name, ty, offset) in resources {
            boundary.drop_export(
                program,
                format!("{prefix}[resource-drop]{name}"),
                ty,
                offset,
            );
        }
        Ok(boundary)
    }

    /// A program that serves several releases of `wasi:cli/run` has one `_start`, the newest.
    fn keep_newest_run(&mut self) {
        let runs = self.functions.iter().filter(|export| is_run(&export.name));
        let Some((newest, func)) = runs
            .max_by_key(|export| version(&export.name))
            .map(|export| (export.name.clone(), export.func))
        else {
            return;
        };
        let interface = |name: &str| name.trim_end_matches("#run").to_string();
        let mut others = Vec::new();
        self.functions.retain(|export| {
            let kept = !is_run(&export.name) || export.name == newest;
            // The same function under another name is the same program.
            if !kept && export.func != func {
                others.push(interface(&export.name));
            }
            kept
        });
        if !others.is_empty() {
            self.warnings.push(format!(
                "`_start` is the `run` of {}, the newest that is exported: that of {} is left out",
                interface(&newest),
                others.join(" and "),
            ));
        }
    }

    /// Lets the host drop the handles of a resource of the component, if it gets any.
    fn drop_export(&mut self, program: &mut Program, name: String, id: ResourceId, offset: u64) {
        let is_it = |ty: &Type| *ty == Type::Own(id);
        let given = self.functions.iter().any(|export| {
            let result = &program.lifts[export.lift.0 as usize].ty.result;
            result.as_ref().is_some_and(|result| result.any(&is_it))
        });
        if !given || matches!(program.resources[id.0 as usize], Resource::Imported { .. }) {
            return;
        }
        let canon = CanonId(program.canons.len() as u32);
        program.canons.push(Canon {
            kind: CanonKind::ResourceDrop(id),
            ty: FuncType::new([ValType::I32], []),
            instance: HOST,
            offset,
            path: "component".to_string(),
        });
        self.destructors.push((name, FuncDef::Canon(canon)));
    }

    fn leave_out(&mut self, name: &str, kind: &str, export: &crate::resolve::Export) {
        self.warnings.push(format!(
            "export {name:?} is {kind}, which no core module can export: it is left out \
             (at offset {:#x})",
            export.offset
        ));
    }

    fn add(
        &mut self,
        program: &mut Program,
        adapted: &Adapted,
        name: &str,
        func: ComponentFunc,
        offset: u64,
    ) -> Result<()> {
        let lift_id = match func {
            ComponentFunc::Lift(id) => id,
            ComponentFunc::Import(import) => pass_through(program, import, offset),
        };
        let lift = &program.lifts[lift_id.0 as usize];
        let place = format!("(at offset {:#x}, in {})", lift.offset, lift.path);
        if let Some(option) = lift.options.unsupported {
            bail!("export {name:?}: the canonical option {option} is not supported {place}");
        }
        let passes =
            lift.ty.params.has_ends() || lift.ty.result.as_ref().is_some_and(Type::has_ends);
        if passes && !program.hands_over {
            bail!(
                "export {name:?} passes a stream or a future to or from the host, which a core module has no type \
                 for: use a list, or several calls {place}"
            );
        }
        let kind = match lift.instance {
            HOST => Kind::Passed,
            _ if program.hands_over && lift.options.is_async => Kind::Task,
            _ => kind(adapted, lift_id, name),
        };
        if kind == Kind::Start && !is_run(name) {
            bail!(
                "export {name:?} runs a Preview 1 command, which is only supported as \
                 wasi:cli/run {place}"
            );
        }
        if name.starts_with("wasi:cli/run@") && !is_run(name) {
            bail!("export {name:?} is of a version that is not supported: 0.2 and 0.3 are {place}");
        }
        let result = Type::Variant([None, None].into());
        if is_run(name) && (!lift.ty.params().is_empty() || lift.ty.result != Some(result)) {
            bail!("export {name:?} is not of the type func() -> result {place}");
        }
        self.functions.push(LiftedExport {
            name: name.to_string(),
            lift: lift_id,
            instance: lift.instance,
            func: lift.func,
            callback: lift.options.callback,
            post_return: lift.options.post_return,
            realloc: lift.options.realloc,
            memory: lift.options.memory,
            kind,
        });
        Ok(())
    }

    /// Whether the program exports `malloc` and `free`, as a runtime looks for them.
    pub fn has_allocator(&self, program: &Program) -> bool {
        let has = |name: &str, results: &[ValType]| {
            self.functions.iter().any(|export| {
                let ty = &program.lifts[export.lift.0 as usize].ty;
                let result: Vec<ValType> = ty.result.iter().flat_map(Type::flat).collect();
                let params: Vec<ValType> = ty.params().iter().flat_map(Type::flat).collect();
                export.name == name && params == [ValType::I32] && result == results
            })
        };
        has("malloc", &[ValType::I32]) && has("free", &[])
    }

    /// The name of the first export for whose functions `reaches` says yes.
    pub fn reaching(
        &self,
        program: &Program,
        reaches: impl Fn(&Program, Vec<FuncDef>) -> bool,
    ) -> Option<String> {
        let export = self.functions.iter().find(|export| {
            let roots = [Some(export.func), export.post_return, export.realloc];
            reaches(program, roots.into_iter().flatten().collect())
        });
        export.map(|export| export.name.clone())
    }

    /// Everything that the exports of the output can call.
    pub fn roots(&self) -> Vec<FuncDef> {
        self.functions
            .iter()
            .flat_map(|export| {
                let callback = export.callback.filter(|_| export.kind == Kind::Task);
                [
                    Some(export.func),
                    callback,
                    export.post_return,
                    export.realloc,
                ]
                .into_iter()
                .flatten()
            })
            .chain(self.destructors.iter().map(|(_, def)| *def))
            .chain(self.natives.iter().filter_map(|(_, def)| match def {
                CoreDef::Func(def) => Some(*def),
                _ => None,
            }))
            .chain(self.drops.iter().map(|canon| FuncDef::Canon(*canon)))
            .collect()
    }

    /// The functions of the library of tasks that exports need.
    pub fn task_roots(&self, program: &Program) -> Vec<FuncDef> {
        let Some(tasks) = &program.tasks else {
            return Vec::new();
        };
        let callbacks = self.lifts().into_iter().filter_map(|id| {
            let lift = &program.lifts[id.0 as usize];
            lift.options.callback
        });
        let functions = tasks::SYNC_CALL.iter().map(|name| tasks.function(name));
        let switched = match tasks.switches {
            true => tasks::HOST_CALL,
            false => &[],
        };
        let switched = switched.iter().map(|name| tasks.function(name));
        functions.chain(switched).chain(callbacks).collect()
    }

    /// The lifted functions of guests.
    pub fn lifts(&self) -> Vec<LiftId> {
        self.of_kind(|kind| kind != Kind::Passed)
    }

    /// The imports that are exported.
    pub fn passed(&self) -> Vec<LiftId> {
        self.of_kind(|kind| kind == Kind::Passed)
    }

    fn of_kind(&self, is_wanted: impl Fn(Kind) -> bool) -> Vec<LiftId> {
        let wanted = self
            .functions
            .iter()
            .filter(|export| is_wanted(export.kind));
        wanted.map(|export| export.lift).collect()
    }

    /// Whether an export of the output can end the program by itself.
    pub fn may_exit(&self) -> bool {
        self.functions.iter().any(|export| export.kind == Kind::Run)
    }

    /// The memories that lifted functions work on.
    pub fn memories(&self) -> Vec<(InstanceId, u32)> {
        self.functions
            .iter()
            .filter_map(|export| export.memory)
            .collect()
    }
}

/// Makes an import that is exported a function that the host calls and that calls the host: lowered
/// and lifted again by [`HOST`]. What is lent to it is dropped by functions of the host, too.
fn pass_through(program: &mut Program, import: u32, offset: u64) -> LiftId {
    let ty = program.imports[import as usize].ty.clone();
    let canon = |kind, ty| Canon {
        kind,
        ty,
        instance: HOST,
        offset,
        path: "component".to_string(),
    };
    let func = FuncDef::Canon(CanonId(program.canons.len() as u32));
    program.canons.push(canon(
        CanonKind::Lower {
            callee: ComponentFunc::Import(import),
            options: CanonOptions::default(),
        },
        ty.lowered(),
    ));
    for resource in (0..program.resources.len() as u32).map(ResourceId) {
        let lent = ty.params.any(&|ty| *ty == Type::Borrow(resource));
        if lent && host_drop(program, resource).is_none() {
            let ty = FuncType::new([ValType::I32], []);
            program
                .canons
                .push(canon(CanonKind::ResourceDrop(resource), ty));
        }
    }
    program.lifts.push(Lift {
        func,
        options: CanonOptions::default(),
        ty,
        is_async: false,
        instance: HOST,
        offset,
        path: "component".to_string(),
    });
    LiftId(program.lifts.len() as u32 - 1)
}

/// What drops a handle of a resource that was lent to an exported import.
pub fn host_drop(program: &Program, resource: ResourceId) -> Option<CanonId> {
    let is_it = |canon: &Canon| {
        canon.instance == HOST
            && matches!(canon.kind, CanonKind::ResourceDrop(id) if id == resource)
    };
    let at = program.canons.iter().position(is_it)?;
    Some(CanonId(at as u32))
}

fn kind(adapted: &Adapted, lift: LiftId, name: &str) -> Kind {
    if is_preview1_start(adapted, lift) {
        Kind::Start
    } else if is_run(name) {
        Kind::Run
    } else {
        Kind::Plain
    }
}

/// Whether an export is `run` of a release of `wasi:cli/run`, 0.2 or 0.3.
fn is_run(name: &str) -> bool {
    let patch = RUN.iter().find_map(|run| name.strip_prefix(run));
    patch
        .and_then(|rest| rest.strip_suffix("#run"))
        .is_some_and(|patch| !patch.contains('-'))
}

/// The version of `wasi:cli/run@0.2.N#run`: 2 or 3, and N.
fn version(name: &str) -> Option<(usize, u64)> {
    let (at, patch) = RUN
        .iter()
        .zip(2..)
        .find_map(|(run, at)| Some((at, name.strip_prefix(run)?)))?;
    let end = patch.find(|c: char| !c.is_ascii_digit())?;
    Some((at, patch[..end].parse().ok()?))
}

/// Decides the exports of `plan` and what runs before them.
pub fn plan(plan: &mut Plan<'_, '_>, boundary: &Boundary) -> Result<()> {
    keep_start(plan, boundary);
    if !boundary.natives.is_empty() {
        return natives(plan, boundary);
    }
    let is_command = boundary
        .functions
        .iter()
        .any(|export| matches!(export.kind, Kind::Run | Kind::Start));
    let has_others = |kind| matches!(kind, Kind::Plain | Kind::Passed | Kind::Task);
    let guarded = !plan.init.is_empty() && boundary.functions.iter().any(|e| has_others(e.kind));

    let mut exports = Vec::new();
    let mut add = |name: String, what: Exported| exports.push(PlannedExport { name, what });
    let mut realloc: Option<Allocating> = None;
    for export in &boundary.functions {
        let target = plan.target(export.func);
        match export.kind {
            Kind::Start if plan.init.is_empty() => add("_start".into(), Exported::Func(target)),
            Kind::Run if plan.fusion.by_tasks(Site::Export(export.lift)) => {
                add("_start".into(), Exported::TaskRun(export.lift));
            }
            Kind::Start | Kind::Run => {
                let post_return = export.post_return.map(|def| plan.target(def));
                add(
                    "_start".into(),
                    Exported::Run(target, post_return, export.instance),
                );
            }
            Kind::Task => {
                if plan.fusion.copies() || plan.fusion.exports.contains(&export.lift) {
                    bail!(
                        "--boundary wit: the values of export {:?} would have to be copied on their way, which they cannot in \
                         an async function: leave --boundary wit out",
                        export.name
                    );
                }
                let what = match guarded {
                    true => Exported::Initialised(target),
                    false => Exported::Func(target),
                };
                match export.callback.map(|def| plan.target(def)) {
                    Some(callback) => {
                        add(format!("[async-lift]{}", export.name), what);
                        let name = format!("[callback][async-lift]{}", export.name);
                        add(name, Exported::Func(callback));
                    }
                    None => add(format!("[async-lift-stackful]{}", export.name), what),
                }
                realloc = of_export(plan, export.lift).or(realloc);
            }
            Kind::Passed => {
                add(export.name.clone(), Exported::Passed(export.lift, guarded));
                if result_in_memory(plan, export.lift) {
                    let name = format!("cabi_post_{}", export.name);
                    add(name, Exported::CopiedPost(export.lift));
                }
            }
            Kind::Plain if plan.fusion.exports.contains(&export.lift) => {
                add(export.name.clone(), Exported::Copied(export.lift, guarded));
                // Such a call has called it.
                let by_tasks = plan.fusion.by_tasks(Site::Export(export.lift));
                let has_post = export.post_return.is_some() && !by_tasks;
                if has_post && result_in_memory(plan, export.lift) {
                    let name = format!("cabi_post_{}", export.name);
                    add(name, Exported::CopiedPost(export.lift));
                }
                if !plan.fusion.copies() {
                    realloc = of_export(plan, export.lift).or(realloc);
                }
            }
            Kind::Plain => {
                add(
                    export.name.clone(),
                    if guarded {
                        Exported::Initialised(target)
                    } else {
                        Exported::Func(target)
                    },
                );
                if let Some(post_return) = export.post_return {
                    let target = plan.target(post_return);
                    let what = match plan.fusion.may_be_inside(export.instance) {
                        true => Exported::NotLeaving(target, export.instance),
                        false => Exported::Func(target),
                    };
                    add(format!("cabi_post_{}", export.name), what);
                }
                realloc = of_export(plan, export.lift).or(realloc);
            }
        }
    }
    for (name, def) in &boundary.destructors {
        add(name.clone(), Exported::Func(plan.target(*def)));
    }
    realloc = import_realloc(plan).or(realloc);
    if let Some(bytes) = plan.fusion.room {
        add(HOST_ARENA.into(), Exported::HostArena(bytes));
    }
    if plan.fusion.copies() && uses_arena(plan) {
        add("cabi_realloc".into(), Exported::Arena);
    } else if let Some(allocating) = realloc {
        let Allocating {
            target, instance, ..
        } = allocating;
        let what = if plan.fusion.beside && !plan.fusion.copies() {
            Exported::Allocating(allocating, guarded)
        } else if plan.fusion.may_be_inside(instance) {
            Exported::NotLeaving(target, instance)
        } else if guarded {
            Exported::Realloc(target)
        } else {
            Exported::Func(target)
        };
        add("cabi_realloc".into(), what);
    }
    if boundary.functions.is_empty() && plan.init.is_empty() {
        plan.warnings.push(
            "the component exports no function, so nothing in the flat module can ever run; if it \
             was made from a Preview 1 module, make it again with a world that has its exports"
                .to_string(),
        );
    }
    if !is_command {
        add("_initialize".into(), Exported::Initialize);
    }
    if let Some(memory) = &plan.memory {
        add("memory".into(), Exported::Memory);
        if memory.shrinks {
            for name in ENDS {
                add(name.into(), Exported::End);
            }
        }
    }
    let block = plan.memory.as_ref().and_then(|memory| memory.block);
    if let Some(block) = block.filter(|block| block.arena > 0) {
        let [malloc, free] = match block.of_host {
            true => ["malloc", "free"],
            false => arena::SCRATCH_NAMES,
        };
        add(malloc.into(), Exported::Malloc);
        add(free.into(), Exported::Free);
        if block.of_host && !is_command {
            let grows = match block.lent {
                Some(WhileLent::Refused) => {
                    "; while it has anything there, memory.grow of a guest gives -1"
                }
                _ => "",
            };
            plan.warnings.push(format!(
                "a host that allocates in the module by malloc gets an arena of {} bytes{grows}: \
                 --arena sets its size",
                block.arena
            ));
        }
    }
    let mut names = HashSet::new();
    for export in &exports {
        if !names.insert(export.name.as_str()) {
            bail!("{}", twice(plan, boundary, &exports, &export.name));
        }
    }
    if exports.iter().any(|export| match export.what {
        Exported::TaskRun(_) => true,
        Exported::Run(target, ..) => !plan.target_type(target).results().is_empty(),
        _ => false,
    }) {
        let exit = FuncType::new([wasmparser::ValType::I32], []);
        let id = plan.program.host(preview1::MODULE, "proc_exit", &exit);
        plan.live.host(id);
    }
    plan.exports = exports;
    // What can be called before a `_start` of ours is.
    let early = is_command
        && boundary.functions.iter().any(|export| match export.kind {
            Kind::Plain | Kind::Passed | Kind::Task => true,
            Kind::Start => plan.init.is_empty(),
            Kind::Run => false,
        });
    match again::decide(plan, early) {
        Ok(prime) => plan.prime = prime,
        Err(why) => plan.obstacle = Some(why),
    }
    if plan.fusion.room.is_some() {
        plan.obstacle =
            Some("a component allocates in the module, which has an arena instead (--host-arena)");
    } else if plan.options.host_arena.is_some() {
        plan.warnings.push(
            "the host gives no strings or lists to the module: there is no arena for them (--host-arena)"
                .to_string(),
        );
    }
    Ok(())
}

/// The exports of a program that is a core module: those that it has.
fn natives(plan: &mut Plan<'_, '_>, boundary: &Boundary) -> Result<()> {
    if !plan.init.is_empty() {
        bail!("a segment of the module lies where only the host knows: it cannot be linked");
    }
    for (name, def) in &boundary.natives {
        let what = match *def {
            CoreDef::Func(def) => Exported::Func(plan.target(def)),
            CoreDef::Memory(..) => Exported::Memory,
            CoreDef::Global(id, index) => Exported::Global(id, index),
            CoreDef::Table(id, index) => Exported::Table(id, index),
            CoreDef::Tag(..) => bail!("export {name:?} is a tag, which no host can use"),
        };
        plan.exports.push(PlannedExport {
            name: name.clone(),
            what,
        });
    }
    Ok(())
}

/// What to say of a name that two exports of the output would have.
fn twice(
    plan: &Plan<'_, '_>,
    boundary: &Boundary,
    exports: &[PlannedExport],
    name: &str,
) -> String {
    let theirs = boundary.functions.iter().find(|export| export.name == name);
    let place = theirs.map(|export| {
        let lift = &plan.program.lifts[export.lift.0 as usize];
        format!(" (at offset {:#x}, in {})", lift.offset, lift.path)
    });
    let ours = exports
        .iter()
        .filter(|export| export.name == name)
        .find_map(|export| {
            Some(match export.what {
                Exported::End => "where its memory ends",
                Exported::Memory => "its memory, in which every host looks for strings and lists",
                Exported::Malloc | Exported::Free => {
                    "the arena that a runtime of this profile uses in place of a heap of its own"
                }
                Exported::Arena | Exported::Realloc(_) => "what the host allocates with",
                Exported::HostArena(_) => "the size of the host's arena",
                Exported::Initialize => "what initialises it",
                Exported::Run(..) | Exported::TaskRun(_) => "what `wasi:cli/run` becomes",
                Exported::CopiedPost(_) => "what frees the result of another export",
                _ => return None,
            })
        });
    format!(
        "the component exports a function {name:?}{}, but the module needs that name for {}: rename \
         the function in its world, or export it in an interface, so that its name begins with \
         that of the interface",
        place.unwrap_or_default(),
        ours.unwrap_or("another one"),
    )
}

fn result_in_memory(plan: &Plan<'_, '_>, lift: LiftId) -> bool {
    let result = &plan.program.lifts[lift.0 as usize].ty.result;
    result.iter().flat_map(Type::flat).count() > MAX_FLAT_RESULTS
}

/// A `realloc` that the host may call for the results of custom imports: without an arena they are
/// all one.
fn import_realloc(plan: &Plan<'_, '_>) -> Option<Allocating> {
    let mut canons = plan.program.canons.iter().zip((0..).map(CanonId));
    canons.find_map(|(canon, id)| match (&canon.kind, plan.bindings.get(&id)) {
        (CanonKind::Lower { options, .. }, Some(Binding::Func(FuncDef::Host(_))))
            if !(plan.fusion.arena && plan.fusion.imports.contains(&id)) =>
        {
            allocating(plan, options, canon.instance)
        }
        _ => None,
    })
}

fn of_export(plan: &Plan<'_, '_>, lift: LiftId) -> Option<Allocating> {
    let lift = &plan.program.lifts[lift.0 as usize];
    allocating(plan, &lift.options, lift.instance)
}

fn allocating(
    plan: &Plan<'_, '_>,
    options: &CanonOptions,
    instance: ComponentInstanceId,
) -> Option<Allocating> {
    let memory = options.memory;
    Some(Allocating {
        target: plan.target(options.realloc?),
        instance,
        memory: memory.map(|(id, index)| plan.program.memory(plan.input, id, index)),
    })
}

/// Whether the host allocates in the arena: it passes pointers.
fn uses_arena(plan: &Plan<'_, '_>) -> bool {
    let passes = |ty: &Type| ty.has_pointers() || ty.flat().len() > MAX_FLAT_PARAMS;
    let program = &plan.program;
    let mut lifts = program.lifts.iter();
    let passed = lifts.any(|lift| lift.instance == HOST && passes(&lift.ty.params));
    let mut exports = plan.fusion.exports.iter();
    let mut imports = plan.bindings.iter().filter_map(|(id, binding)| {
        match (binding, &program.canons[id.0 as usize].kind) {
            (
                Binding::Func(FuncDef::Host(_)),
                CanonKind::Lower {
                    callee: ComponentFunc::Import(import),
                    ..
                },
            ) => Some(&program.imports[*import as usize].ty),
            _ => None,
        }
    });
    passed
        || exports.any(|id| passes(&program.lifts[id.0 as usize].ty.params))
        || plan.fusion.room.is_none()
            && imports.any(|ty| ty.result.as_ref().is_some_and(Type::has_pointers))
}

/// A start function of a command of Preview 1 stays one, as the module had it. Others run before
/// the first export: hosts differ in what they allow while a module is instantiated.
fn keep_start(plan: &mut Plan<'_, '_>, boundary: &Boundary) {
    let preview1 = boundary.functions.iter().all(|e| e.kind == Kind::Start);
    if let [Step::Call(only)] = plan.init[..]
        && preview1
        && (plan.libraries.is_empty() || !boundary.natives.is_empty())
    {
        plan.start = Some(only);
        plan.init.clear();
    }
}

/// The type of the core function that is exported: `CanonicalABI.md`, "Flattening".
pub fn passed_type(plan: &Plan<'_, '_>, id: LiftId) -> FuncType {
    plan.program.lifts[id.0 as usize].ty.lifted()
}

/// The core parameters of a lifted function.
pub fn lifted_params(plan: &Plan<'_, '_>, id: LiftId) -> Vec<wasmparser::ValType> {
    passed_type(plan, id).params().to_vec()
}

/// What a lifted function is: the start of a Preview 1 command, or an ordinary export.
fn is_preview1_start(adapted: &Adapted, lift: LiftId) -> bool {
    adapted.starts.contains(&lift)
}
