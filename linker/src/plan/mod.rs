//! `Program` → [`Plan`]: everything that is decided before a byte of code is written.
//!
//! Which libraries are linked, what is live, where things lie in memory, what runs before the
//! first export, what is imported and exported under which name, and everything that cannot be
//! linked, all of it found here.

pub mod again;
mod allowed;
mod binding;
mod border;
mod ends;
pub mod exports;
pub mod fate;
pub mod fused;
pub mod inline;
pub mod late;
mod libraries;
mod live;
mod memory;
mod model;
pub mod place;
mod refusals;
mod refuse;
mod stacks;
mod start;
pub mod strings;
mod task_uses;
pub mod tasks;
pub mod throwing;
pub mod upward;
mod written;
pub mod wsi;
pub mod zeroes;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anyhow::{Result, bail};

use crate::opt::Opt;
use crate::options::{Isolation, MemoryMode, Options};
use crate::parse::Input;
use crate::preview1;
use crate::resolve::{
    CanonId, CanonKind, ComponentFunc, ComponentInstanceId, FuncDef, HOST, InstanceId, LiftId,
    Program,
};
use crate::statics::Forwarders;
use crate::statics::tasks::functions;
use crate::unadapt::Adapted;

pub use binding::{Binding, LinkedLibrary, Target};
pub use fused::{Crossing, Fusion};
pub use live::{Live, LiveInstance};
pub use model::{Allocating, Exported, History, Place, Plan, PlannedExport, Step};

use live::Tracer;

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
    allowed::check(options, &program)?;
    if options.host_arena.is_some() && options.boundary == crate::options::Boundary::Wit {
        bail!(
            "--host-arena is for a host, --boundary wit for a component, which has no such arena: leave one out"
        );
    }
    refuse::features(input, &program)?;
    refuse::typed_references(input, &program)?;
    let follow = |program: &Program| match options.does(Opt::Forwarders) {
        true => Forwarders::new(input, program, options.tidy, true),
        false => Forwarders::default(),
    };
    let mut forwarders = follow(&program);
    let boundary = exports::Boundary::new(&mut program, adapted)?;
    let starts = starts(input, &program, adapted);
    let mut roots = boundary.roots();
    roots.extend(starts.iter().map(|&(_, def)| def));
    // What stays, whether or not something reaches it.
    let kept = program.ids().filter(|&id| {
        let taken_out = taken_out(adapted, id) || adapted.beside.contains(&id);
        !options.tidy && !taken_out && !forwarders.is_shim(input, &program, id)
    });
    let kept: Vec<InstanceId> = kept.collect();

    let mut of_wsi = wsi::Linked::default();
    if wsi::imports_any(input, &program) {
        let hosts = trace(input, &program, (&forwarders, options), &roots, &kept)
            .live
            .hosts();
        let reached = hosts.into_iter().collect();
        of_wsi = wsi::link(input, &mut program, &reached, options)?;
        forwarders = follow(&program);
    }
    let mut upward = upward::Linked::default();
    if upward::imports_any(input, &program) {
        upward = upward::link(input, &mut program, &options.upward)?;
        forwarders = follow(&program);
    }
    let mut tracer = trace(input, &program, (&forwarders, options), &roots, &kept);
    let plain = options.does(Opt::PlainCalls);
    if tasks::any(&program, &tracer, &boundary.lifts(), plain) {
        let uses = task_uses::uses(&program, &tracer, &boundary.lifts(), options.stacks, plain);
        tasks::instantiate(input, &mut program, options.stacks, &uses)?;
        forwarders = follow(&program);
        roots.extend(boundary.task_roots(&program));
        tracer = trace(input, &program, (&forwarders, options), &roots, &kept);
    }
    // What the libraries have to provide for that.
    let reaching = |program: &Program, canon: CanonId| {
        boundary.reaching(program, |program, roots| {
            let mut tracer = Tracer::new(input, &forwarders, options.does(Opt::Fold));
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
    let mut linked = libraries::link(
        input,
        &mut program,
        adapted,
        &tracer,
        options,
        calls_host,
        &reaching,
    )?;
    linked.libraries.extend(of_wsi.libraries);
    linked.libraries.append(&mut upward.libraries);
    linked
        .libraries
        .extend(program.tasks.as_ref().map(|tasks| LinkedLibrary {
            name: tasks::LIBRARY.to_string(),
            instance: tasks.instance,
            sees_all: true,
            functions: Vec::new(),
        }));
    linked.approximations.extend(of_wsi.approximations);
    linked.stubs.extend(of_wsi.stubs);
    trace_bound(&mut tracer, &program, &linked, &boundary);
    let of_preview1 = of_preview1(input, &program, &mut tracer, &linked);
    if options.trap_messages {
        let ty = preview1::signature("fd_write").expect("a function of Preview 1");
        let host = program.host(preview1::MODULE, "fd_write", &ty);
        tracer.live.host(host);
    }
    if boundary.may_exit() || tracer.reaches_preview1(&program) {
        // Hosts refuse every call from a module without a memory.
        tracer.live.made_memory = true;
    }

    let Tracer {
        mut live, bindings, ..
    } = tracer;
    let mut crossing = crossing(&program, &bindings, &linked, &boundary);
    let first = of_preview1.or_else(|| first_memory(input, &program, &crossing, &linked, options));
    crossing.first = first;
    crossing.host_arena = options.host_arena;
    crossing.memories = memory::indices(&live, first, options.memory);
    if options.isolation == Isolation::Checked && are_several(&program, &live, &bindings, &crossing)
    {
        crossing.beside = true;
        crossing.callers = callers(&program, &bindings);
    }
    let throwing = throwing::Throwing::new(input, &program, &live);
    let tasks = tasks::number(&program, &live, &crossing.exports, &crossing.pending, plain)?;
    let fusion = fused::plan(
        input,
        &program,
        &live,
        &bindings,
        (&crossing, &throwing, tasks),
        memory::table_capacity(options),
    )?;
    live.glue.extend(&fusion.imports);
    live.glue.retain(|id| !fusion.direct.contains_key(id));
    let memory = memory::plan(
        input,
        &program,
        &live,
        &fusion,
        memory::Shared {
            first,
            has_allocator: boundary.has_allocator(&program),
        },
        &linked.libraries,
        options,
    )?;

    let warnings = boundary.warnings.iter().cloned().chain(linked.warnings);
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
        throwing,
        borders: BTreeMap::new(),
        late: BTreeMap::new(),
        exports: Vec::new(),
        upward: upward.functions,
        approximations: linked.approximations,
        stubs: linked.stubs,
        warnings: warnings.collect(),
    };
    plan.init = start::steps(&mut plan, |id| taken_out(adapted, id), &starts)?;
    let late = |step: &Step| matches!(step, Step::Elements(..));
    plan.live.data_count |= plan.init.iter().any(late);
    plan.late = late::plan(&plan)?;
    exports::plan(&mut plan, &boundary)?;
    plan.borders = border::plan(&plan);
    plan.hosts = plan.live.hosts();
    if options.tidy && options.does(Opt::Inline) {
        plan.inlined = inline::targets(&plan);
    }
    refuse::refuse(&plan)?;
    Ok(plan)
}

/// The start functions of what stays, in order.
fn starts(input: &Input<'_>, program: &Program, adapted: &Adapted) -> Vec<(InstanceId, FuncDef)> {
    let start = |id| Some((id, FuncDef::Core(id, program.module(input, id).start?)));
    let stays = program.ids().filter(|&id| !taken_out(adapted, id));
    stays.filter_map(start).collect()
}

/// What is live for `roots` and the instances in `kept`.
fn trace<'t, 'a>(
    input: &'t Input<'a>,
    program: &Program,
    (forwarders, options): (&'t Forwarders, &Options),
    roots: &[FuncDef],
    kept: &[InstanceId],
) -> Tracer<'t, 'a> {
    let mut tracer = Tracer::new(input, forwarders, options.does(Opt::Fold));
    for &def in roots {
        tracer.root(program, def);
    }
    for &id in kept {
        tracer.keep_all(program, id);
    }
    trace_guests(&mut tracer, program);
    tracer
}

/// What the guests reach, with the canonical functions as leaves.
fn trace_guests(tracer: &mut Tracer<'_, '_>, program: &Program) {
    tracer.trace(program);
    // What is returned into a guest goes through its realloc, which may reach further imports.
    loop {
        let reached: Vec<CanonId> = tracer.reached.keys().copied().collect();
        for canon in &reached {
            if let CanonKind::Lower { options, .. } = &program.canons[canon.0 as usize].kind
                && let Some(realloc) = options.realloc
            {
                tracer.root(program, realloc);
            }
        }
        tracer.trace(program);
        if tracer.reached.len() == reached.len() {
            break;
        }
    }
}

/// What is reached through the canonical functions, now that it is known what they became.
fn trace_bound(
    tracer: &mut Tracer<'_, '_>,
    program: &Program,
    linked: &libraries::Linked,
    boundary: &exports::Boundary,
) {
    tracer.bindings.clone_from(&linked.bindings);
    let reached: Vec<CanonId> = tracer.reached.keys().copied().collect();
    for canon in reached {
        // The arguments of custom imports are read in the guest's memory, and those that are copied.
        let reads = match tracer.bindings[&canon] {
            Binding::Func(def) => {
                tracer.root(program, def);
                if linked.adapted.contains(&canon)
                    && let Some(tasks) = &program.tasks
                {
                    for name in functions(program, canon) {
                        tracer.root(program, tasks.function(name));
                    }
                }
                matches!(def, FuncDef::Host(_))
                    || linked.copied.contains(&canon)
                    || linked.adapted.contains(&canon)
            }
            Binding::Stub(_) => {
                tracer.live.glue.insert(canon);
                true
            }
        };
        if let CanonKind::Lower { options, .. } = &program.canons[canon.0 as usize].kind
            && let Some((id, index)) = options.memory
            && reads
        {
            tracer.memory(program, id, index);
        }
    }
    for (id, index) in boundary.memories() {
        tracer.memory(program, id, index);
    }
    tracer.trace(program);
}

/// The memory of a guest that calls Preview 1 by itself.
fn of_preview1(
    input: &Input<'_>,
    program: &Program,
    tracer: &mut Tracer<'_, '_>,
    linked: &libraries::Linked,
) -> Option<(InstanceId, u32)> {
    let is_library = |id| {
        linked
            .libraries
            .iter()
            .any(|library| library.instance == id)
    };
    let mut memories = tracer.memories_of_preview1(program).into_iter();
    let (id, index) = memories.find(|(id, _)| !is_library(*id))?;
    Some(program.memory(input, id, index))
}

/// The memory that keeps address 0, where no guest calls the host by itself: the one that the host
/// shares.
fn first_memory(
    input: &Input<'_>,
    program: &Program,
    crossing: &Crossing,
    linked: &libraries::Linked,
    options: &Options,
) -> Option<(InstanceId, u32)> {
    // What async functions of another component pass lies where the guest has it.
    let asked = program.canons.iter().find_map(|canon| match &canon.kind {
        CanonKind::Asked {
            memory: Some((id, index)),
            ..
        } => Some(program.memory(input, *id, *index)),
        _ => None,
    });
    let mut firsts = [
        crossing.first_memory(input, program).or(asked),
        linked.memory,
    ];
    if options.memory == MemoryMode::Multi
        && linked.libraries.iter().any(|library| !library.sees_all)
    {
        // What a library works on at its place can only be in the memory of the libraries.
        firsts.reverse();
    }
    firsts.into_iter().flatten().next()
}

fn taken_out(adapted: &Adapted, id: InstanceId) -> bool {
    adapted
        .adapters
        .iter()
        .any(|adapter| adapter.instance == Some(id) && adapter.kept.is_none())
}

/// What passes between the guests and the host. Libraries know where the guest that they serve is.
fn crossing(
    program: &Program,
    bindings: &HashMap<CanonId, Binding>,
    linked: &libraries::Linked,
    boundary: &exports::Boundary,
) -> Crossing {
    let mut crossing = Crossing {
        exports: boundary.lifts(),
        passed: boundary.passed(),
        copied: linked.copied.clone(),
        adapted: linked.adapted.clone(),
        pending: linked.pending.clone(),
        guarded: linked.guarded,
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

/// Whether there are several guests: memories, or component instances whose functions call or are
/// called.
fn are_several(
    program: &Program,
    live: &Live,
    bindings: &HashMap<CanonId, Binding>,
    crossing: &Crossing,
) -> bool {
    let canon = |id: &CanonId| program.canons[id.0 as usize].instance;
    let lift = |id: &LiftId| program.lifts[id.0 as usize].instance;
    let called = live
        .glue
        .iter()
        .filter_map(|id| match &program.canons[id.0 as usize].kind {
            CanonKind::Lower {
                callee: ComponentFunc::Lift(callee),
                ..
            } => Some(lift(callee)),
            _ => None,
        });
    let calling = live.glue.iter().chain(bindings.keys()).map(canon);
    let exported = crossing.exports.iter().map(lift);
    let all = called.chain(calling).chain(exported);
    let guests: BTreeSet<ComponentInstanceId> = all.filter(|id| *id != HOST).collect();
    guests.len() > 1 || crossing.memories.len() > 1
}

/// The component instances that call functions of the host that could call back: none of WASI does.
fn callers(
    program: &Program,
    bindings: &HashMap<CanonId, Binding>,
) -> BTreeSet<ComponentInstanceId> {
    let custom = bindings.iter().filter(|(_, binding)| match binding {
        Binding::Func(FuncDef::Host(host)) => {
            program.hosts[host.0 as usize].module != preview1::MODULE
        }
        _ => false,
    });
    custom
        .map(|(id, _)| program.canons[id.0 as usize].instance)
        .filter(|id| *id != HOST)
        .collect()
}
