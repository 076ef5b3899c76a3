//! The functions of the canonical ABI between the guests of one output: fused calls, and the
//! built-ins for resources that a component defines.

use anyhow::{Result, bail};
use wasm_encoder::{BlockType, Function, InstructionSink, MemArg, MemArgTarget, ValType};

use super::callee::check_may_leave;
use super::{descriptors, fused, handles, tasks};
use crate::abi::{Type, payload_offset};
use crate::maps::Glue;
use crate::maps::{Maps, memory_access};
use crate::memory::access::Quantity;
use crate::memory::layout::MemoryPlan;
use crate::memory::traps::Trap;
use crate::plan::{
    Binding, Plan,
    fused::{caller_of, entered},
    tasks::Site,
};
use crate::resolve::{
    Canon, CanonId, CanonKind, ComponentFunc, ComponentInstanceId, Resource, ResourceId, Service,
};
use crate::statics::canon::canon_name;

/// Encodes one of them.
///
/// # Errors
///
/// Names what is not supported yet.
pub fn encode(glue: &Glue, plan: &Plan<'_, '_>, maps: &Maps, id: CanonId) -> Result<Function> {
    let canon = &plan.program.canons[id.0 as usize];
    if let Some(Binding::Stub(case)) = plan.bindings.get(&id) {
        return stub(plan, maps, canon, *case);
    }
    match &canon.kind {
        &CanonKind::ResourceNew(resource) => {
            Ok(resource_new(glue, plan, maps, canon.instance, resource))
        }
        &CanonKind::ResourceRep(resource) => {
            Ok(resource_rep(glue, plan, maps, canon.instance, resource))
        }
        &CanonKind::ResourceDrop(resource) => Ok(resource_drop(glue, plan, maps, id, resource)),
        CanonKind::Lower {
            callee: ComponentFunc::Import(_),
            ..
        } if plan.fusion.is_adapted(id) => fused::imports::import(glue, plan, maps, id),
        CanonKind::Lower {
            callee: ComponentFunc::Import(_),
            ..
        } => fused::import(glue, plan, maps, id),
        CanonKind::Lower { .. } if plan.fusion.by_tasks(Site::Lower(id)) => {
            fused::tasks::call(glue, plan, maps, id)
        }
        CanonKind::Lower { .. } => fused::call(glue, plan, maps, id),
        CanonKind::Async(builtin) => tasks::built_in(glue, plan, maps, id, builtin),
        &CanonKind::Given(given) => tasks::given(glue, plan, maps, given),
        &CanonKind::Service(service) => Ok(match service {
            Service::ReserveDescriptor(slot) => descriptors::reserve(plan, maps, slot),
            Service::ReleaseDescriptor => descriptors::release(maps),
            Service::Nothing(_) => finish(&[], Vec::new()),
        }),
        CanonKind::Preview1(..)
        | CanonKind::Io(_)
        | CanonKind::Asked { .. }
        | CanonKind::Unsupported(_) => {
            anyhow::bail!("{}", canon_name(&plan.program, id))
        }
    }
}

/// A function that returns a case of its error type, or traps.
fn stub(plan: &Plan<'_, '_>, maps: &Maps, canon: &Canon, case: Option<u32>) -> Result<Function> {
    let mut code = Vec::new();
    let mut sink = InstructionSink::new(&mut code);
    let (
        Some(case),
        CanonKind::Lower {
            callee: ComponentFunc::Import(import),
            options,
        },
    ) = (case, &canon.kind)
    else {
        maps.globals.traps.now(&mut sink, Trap::Stub);
        return Ok(finish(&[], code));
    };
    let import = &plan.program.imports[*import as usize];
    let (Some(ty @ Type::Variant(result)), Some((id, index))) = (&import.ty.result, options.memory)
    else {
        bail!(
            "a stub of {} has no memory to return its error in",
            import.name
        );
    };
    let Some(Some(Type::Variant(errors))) = result.get(1) else {
        bail!("{} has no error to return", import.name);
    };
    // The last parameter is where the result goes.
    let out = canon.ty.params().len() as u32 - 1;
    sink.local_get(out)
        .i32_const(ty.align() as i32 - 1)
        .i32_and();
    maps.globals.traps.when(&mut sink, Trap::Unaligned);
    let slot = plan.program.memory(plan.input, id, index);
    let Some(access) = memory_access(plan, &maps.globals, slot) else {
        bail!("a stub of {} has no memory", import.name);
    };
    if plan.memory.as_ref().is_some_and(MemoryPlan::is_shared) {
        sink.local_get(out)
            .i64_extend_i32_u()
            .i64_const(ty.size().into())
            .i64_add();
        match access.bytes {
            Quantity::Const(bytes) => sink.i64_const(bytes.into()),
            Quantity::Global(global) => sink.global_get(global).i64_extend_i32_u(),
        };
        sink.i64_gt_u();
        maps.globals.traps.when(&mut sink, Trap::Pointer);
        sink.local_get(out);
        crate::memory::access::add_base(&mut sink, access.base);
        sink.local_set(out);
    }
    let payload = payload_offset(result);
    let mut bytes = vec![(0, 1), (payload, case as i32)];
    if let Some(Some(_)) = errors.get(case as usize) {
        // A payload that is absent.
        bytes.push((payload + payload_offset(errors), 0));
    }
    for (offset, value) in bytes {
        let at = MemArg {
            offset: offset.into(),
            align: 0,
            target: MemArgTarget::Memory(access.memory),
            ordering: None,
        };
        sink.local_get(out).i32_const(value).i32_store8(at);
    }
    if options.is_async {
        sink.i32_const(fused::tasks::RETURNED);
    }
    Ok(finish(&[], code))
}

fn finish(locals: &[(u32, ValType)], mut code: Vec<u8>) -> Function {
    InstructionSink::new(&mut code).end();
    let mut function = Function::new(locals.iter().copied());
    function.raw(code);
    function
}

/// `CanonicalABI.md`, "canon resource.new".
fn resource_new(
    glue: &Glue,
    plan: &Plan<'_, '_>,
    maps: &Maps,
    instance: ComponentInstanceId,
    resource: ResourceId,
) -> Function {
    let mut code = Vec::new();
    check_may_leave(plan, maps, &mut code, instance);
    glue.handles.table(plan, maps, &mut code, instance);
    InstructionSink::new(&mut code)
        .local_get(0)
        .i32_const(resource.0 as i32 + 1)
        .i32_const(1)
        .call(maps.first_glue + glue.handles.add);
    finish(&[], code)
}

/// `CanonicalABI.md`, "canon resource.rep".
fn resource_rep(
    glue: &Glue,
    plan: &Plan<'_, '_>,
    maps: &Maps,
    instance: ComponentInstanceId,
    resource: ResourceId,
) -> Function {
    let mut code = Vec::new();
    glue.handles.table(plan, maps, &mut code, instance);
    InstructionSink::new(&mut code)
        .local_get(0)
        .i32_const(resource.0 as i32 + 1)
        .call(maps.first_glue + glue.handles.find)
        .i32_load(handles::rep());
    finish(&[], code)
}

/// `CanonicalABI.md`, "canon resource.drop".
fn resource_drop(
    glue: &Glue,
    plan: &Plan<'_, '_>,
    maps: &Maps,
    id: CanonId,
    resource: ResourceId,
) -> Function {
    let instance = plan.program.canons[id.0 as usize].instance;
    let mut code = Vec::new();
    check_may_leave(plan, maps, &mut code, instance);
    let entry = 1;
    let mut locals = 1;
    glue.handles.table(plan, maps, &mut code, instance);
    InstructionSink::new(&mut code)
        .local_get(0)
        .i32_const(resource.0 as i32 + 1)
        .call(maps.first_glue + glue.handles.remove)
        .local_tee(entry)
        .i32_load(handles::own());
    let has_tasks = plan.fusion.tasks.is_some();
    if has_tasks {
        InstructionSink::new(&mut code).i32_const(1).i32_eq();
    }
    InstructionSink::new(&mut code).if_(BlockType::Empty);
    let (destructor, owner) = match &plan.program.resources[resource.0 as usize] {
        Resource::Defined {
            instance,
            destructor,
        } => (*destructor, Some(*instance)),
        // The host's own drop of what is in the table.
        Resource::Imported { .. } => match plan.bindings.get(&id) {
            Some(Binding::Func(def)) => (Some(*def), None),
            _ => (None, None),
        },
    };
    if let Some(target) = destructor.and_then(|def| plan.try_target(def)) {
        let flags: Vec<u32> = owner
            .iter()
            .flat_map(|owner| entered(&plan.program, caller_of(instance), *owner))
            .filter_map(|id| maps.globals.entered.get(&id).copied())
            .collect();
        let mut sink = InstructionSink::new(&mut code);
        for &flag in &flags {
            sink.global_get(flag);
            maps.globals.traps.when(&mut sink, Trap::CannotEnter);
            sink.i32_const(1).global_set(flag);
        }
        // A call of a guest has a context of its own: `CanonicalABI.md`, "canon resource.drop".
        let contexts = owner.map(|_| &maps.globals.contexts);
        let contexts: Vec<u32> = contexts.into_iter().flatten().map(|(_, at)| *at).collect();
        for (&context, kept) in contexts.iter().zip(entry + 1..) {
            sink.global_get(context)
                .local_set(kept)
                .i32_const(0)
                .global_set(context);
        }
        sink.local_get(entry).i32_load(handles::rep());
        sink.call(maps.entry(target).expect("a destructor is live"));
        for (&context, kept) in contexts.iter().zip(entry + 1..) {
            sink.local_get(kept).global_set(context);
        }
        locals += contexts.len() as u32;
        for &flag in &flags {
            sink.i32_const(0).global_set(flag);
        }
    }
    if let Some(&borrows) = maps.globals.borrows.get(&instance) {
        InstructionSink::new(&mut code).else_();
        if has_tasks {
            // What a task has borrowed is counted with it.
            InstructionSink::new(&mut code)
                .local_get(entry)
                .i32_load(handles::own())
                .if_(BlockType::Empty)
                .local_get(entry)
                .i32_load(handles::own())
                .i32_const(1)
                .i32_shr_u()
                .i32_const(1)
                .i32_sub()
                .i32_const(-1);
            let borrow = fused::tasks::function(plan, maps, "borrow");
            InstructionSink::new(&mut code).call(borrow).else_();
        }
        InstructionSink::new(&mut code)
            .global_get(borrows)
            .i32_const(1)
            .i32_sub()
            .global_set(borrows);
        if has_tasks {
            InstructionSink::new(&mut code).end();
        }
    }
    InstructionSink::new(&mut code).end();
    finish(&[(locals, ValType::I32)], code)
}
