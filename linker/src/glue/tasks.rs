//! The built-ins of the async canonical ABI, and what the library of tasks gets from the linker.
//!
//! The library knows numbers and no types. What is written here puts the numbers in front of what a
//! guest passes, checks the guest's pointers, and finds what a number of the library stands for.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use wasm_encoder::{BlockType, Function, InstructionSink, MemArg, MemArgTarget, ValType};

use super::callee::check_may_leave;
use super::fused::{self, error_contexts, tasks::numbers};
use super::handles;
use crate::abi::Type;
use crate::maps::{Glue, Maps, memory_access};
use crate::memory::access::{Quantity, quantity};
use crate::memory::stacks::{REWINDS, UNWINDS};
use crate::memory::traps::Trap;
use crate::parse::module::{ElementMode, Items};
use crate::plan::{Binding, Plan};
use crate::resolve::{
    AsyncBuiltin, CanonId, CanonKind, CanonOptions, ComponentInstanceId, Const, EndType, Given,
    InstanceId, constant,
};
use crate::statics::canon;

/// The most elements that are read or written at once: `Buffer.MAX_LENGTH`.
const MAX_LENGTH: i32 = (1 << 28) - 1;

/// Flags of reading and writing.
const ASYNC: i32 = 1;
const PLAIN: i32 = 2;

/// Encodes a built-in.
///
/// # Errors
///
/// Names what is not supported, and what the component lacks.
pub fn built_in(
    glue: &Glue,
    plan: &Plan<'_, '_>,
    maps: &Maps,
    id: CanonId,
    builtin: &AsyncBuiltin,
) -> Result<Function> {
    let canon = &plan.program.canons[id.0 as usize];
    let instance = numbers(plan).instance(canon.instance);
    let ty = |end: &EndType| numbers(plan).end(end);
    let call =
        |first: &[i32], name: &str, last: &[i32]| stub(glue, plan, maps, id, (first, name, last));
    Ok(match builtin {
        AsyncBuiltin::TaskReturn(result, options) => {
            fused::tasks::task_return(glue, plan, maps, id, (result.as_ref(), options))?
        }
        AsyncBuiltin::ContextGet(slot) => {
            let global = maps.globals.contexts[slot];
            let mut body = Function::new([]);
            body.instructions().global_get(global).end();
            body
        }
        AsyncBuiltin::ContextSet(slot) => {
            let global = maps.globals.contexts[slot];
            let mut body = Function::new([]);
            body.instructions().local_get(0).global_set(global).end();
            body
        }
        AsyncBuiltin::BackpressureInc => call(&[instance, 1], "backpressure", &[]),
        AsyncBuiltin::BackpressureDec => call(&[instance, -1], "backpressure", &[]),
        AsyncBuiltin::ThreadIndex => call(&[], "thread_index", &[]),
        AsyncBuiltin::ThreadNewIndirect(table) => {
            let mut fused = fused::Fused::new(glue, plan, maps, canon.ty.params());
            check_may_leave(plan, maps, &mut fused.code, canon.instance);
            check_start(plan, &mut fused, *table);
            let (function, argument) = (0, 1);
            fused
                .sink()
                .i32_const(instance)
                .i32_const(numbers(plan).thread(id))
                .local_get(function)
                .local_get(argument);
            fused.of_tasks("thread_new");
            fused.finish()
        }
        AsyncBuiltin::ThreadResumeLater => call(&[instance], "resume_later", &[]),
        AsyncBuiltin::ThreadSuspend => call(&[instance], "suspend", &[]),
        AsyncBuiltin::ThreadSuspendThenResume => call(&[instance], "suspend_then_resume", &[]),
        AsyncBuiltin::ThreadYieldThenResume => call(&[instance], "yield_then_resume", &[]),
        AsyncBuiltin::ThreadSuspendThenPromote => call(&[instance], "suspend_then_promote", &[]),
        AsyncBuiltin::ThreadYieldThenPromote => call(&[instance], "yield_then_promote", &[]),
        AsyncBuiltin::TaskCancel => call(&[instance], "task_cancel", &[]),
        AsyncBuiltin::Yield if plan.switches() => call(&[instance], "yield_turn", &[]),
        AsyncBuiltin::Yield => call(&[instance], "yield_", &[]),
        AsyncBuiltin::SubtaskCancel(is_async) => {
            call(&[instance], "subtask_cancel", &[i32::from(*is_async)])
        }
        AsyncBuiltin::SubtaskDrop => call(&[instance], "subtask_drop", &[]),
        AsyncBuiltin::New(end) => call(&[instance, ty(end)], "stream_new", &[]),
        AsyncBuiltin::CancelRead(end, is_async) => {
            call(&[instance, ty(end)], "cancel_read", &[i32::from(*is_async)])
        }
        AsyncBuiltin::CancelWrite(end, is_async) => call(
            &[instance, ty(end)],
            "cancel_write",
            &[i32::from(*is_async)],
        ),
        AsyncBuiltin::DropReadable(end) => call(&[instance, ty(end)], "drop_readable", &[]),
        AsyncBuiltin::DropWritable(end) => call(&[instance, ty(end)], "drop_writable", &[]),
        AsyncBuiltin::SetNew => call(&[instance], "set_new", &[]),
        AsyncBuiltin::SetDrop => call(&[instance], "set_drop", &[]),
        AsyncBuiltin::Join => call(&[instance], "join", &[]),
        AsyncBuiltin::SetWait(memory) => event(glue, plan, maps, id, "set_wait", *memory)?,
        AsyncBuiltin::SetPoll(memory) => event(glue, plan, maps, id, "set_poll", *memory)?,
        AsyncBuiltin::Read(end, options) => {
            let name = match end.is_future {
                true => "future_read",
                false => "stream_read",
            };
            transfer(glue, plan, maps, id, name, (end, options))?
        }
        AsyncBuiltin::Write(end, options) => {
            let name = match end.is_future {
                true => "future_write",
                false => "stream_write",
            };
            transfer(glue, plan, maps, id, name, (end, options))?
        }
        AsyncBuiltin::ErrorContextNew(_) => error_contexts::new(glue, plan, maps, id),
        AsyncBuiltin::ErrorContextDebugMessage(options) => {
            error_contexts::debug_message(glue, plan, maps, id, options)?
        }
        AsyncBuiltin::ErrorContextDrop => error_contexts::drop(glue, plan, maps, id),
    })
}

/// Traps unless the table has a function there with which a thread can begin. A table that is written is looked at when
/// the thread begins.
fn check_start(
    plan: &Plan<'_, '_>,
    fused: &mut fused::Fused<'_, '_, '_>,
    table: (InstanceId, u32),
) {
    let table = plan.program.table(plan.input, table.0, table.1);
    if plan.live.writes(table) {
        return;
    }
    let start = wasmparser::FuncType::new([wasmparser::ValType::I32], []);
    let mut functions: BTreeMap<u32, bool> = BTreeMap::new();
    for id in plan.program.ids() {
        let module = plan.program.module(plan.input, id);
        for element in &module.elements {
            let ElementMode::Active { table: of, offset } = &element.mode else {
                continue;
            };
            if plan.program.table(plan.input, id, *of) != table {
                continue;
            }
            let (Some(Const::I32(first)), Items::Functions(items)) = (
                constant(plan.input, &plan.program, id, offset),
                &element.items,
            ) else {
                return;
            };
            for (function, at) in items.iter().zip(first as u32..) {
                functions.insert(at, *module.func_type(*function) == start);
            }
        }
    }
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for (&at, _) in functions.iter().filter(|(_, starts)| **starts) {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == at => *last = at,
            _ => runs.push((at, at)),
        }
    }
    let function = 0;
    fused.sink().block(BlockType::Empty);
    for (first, last) in runs {
        fused
            .sink()
            .local_get(function)
            .i32_const(first as i32)
            .i32_sub()
            .i32_const((last - first) as i32)
            .i32_le_u()
            .br_if(0);
    }
    fused.sink().unreachable().end();
}

/// A function that calls one of the library, with constants before and behind its own parameters.
fn stub(
    glue: &Glue,
    plan: &Plan<'_, '_>,
    maps: &Maps,
    id: CanonId,
    (first, name, last): (&[i32], &str, &[i32]),
) -> Function {
    let canon = &plan.program.canons[id.0 as usize];
    let mut fused = fused::Fused::new(glue, plan, maps, canon.ty.params());
    // What allocates for an instance, and its `post-return`, may hold calls back.
    if name != "backpressure" {
        check_may_leave(plan, maps, &mut fused.code, canon.instance);
    }
    for value in first {
        fused.sink().i32_const(*value);
    }
    for param in 0..canon.ty.params().len() as u32 {
        fused.sink().local_get(param);
    }
    for value in last {
        fused.sink().i32_const(*value);
    }
    fused.of_tasks(name);
    fused.finish()
}

/// `waitable-set.wait` and `waitable-set.poll`: `(set, pointer) -> event`.
fn event(
    glue: &Glue,
    plan: &Plan<'_, '_>,
    maps: &Maps,
    id: CanonId,
    name: &str,
    memory: (InstanceId, u32),
) -> Result<Function> {
    let (set, pointer) = (0, 1);
    let canon = &plan.program.canons[id.0 as usize];
    let mut fused = fused::Fused::new(glue, plan, maps, canon.ty.params());
    check_may_leave(plan, maps, &mut fused.code, canon.instance);
    let options = CanonOptions {
        memory: Some(memory),
        ..CanonOptions::default()
    };
    let guest = fused.guest(&options, canon.instance);
    let word = Type::Int {
        bits: 32,
        signed: false,
    };
    let payload = Type::Record([word.clone(), word].into());
    let code = fused.local(ValType::I32);
    fused
        .sink()
        .i32_const(numbers(plan).instance(canon.instance))
        .local_get(set);
    fused.of_tasks(name);
    fused.sink().local_set(code);
    fused.check_pointer(&guest, pointer, &payload)?;
    let kept = fused.local(ValType::I32);
    fused.of_tasks("event");
    fused.sink().local_set(kept);
    let access = *fused::memory(&guest)?;
    for offset in [0, 4] {
        fused.address(&guest, pointer)?;
        let at = |memory| MemArg {
            offset,
            align: 2,
            target: MemArgTarget::Memory(memory),
            ordering: None,
        };
        fused
            .sink()
            .local_get(kept)
            .i32_load(at(0))
            .i32_store(at(access.memory));
    }
    fused.sink().local_get(code);
    Ok(fused.finish())
}

/// Reading and writing: `(handle, pointer, count) -> result`, for futures without the count.
fn transfer(
    glue: &Glue,
    plan: &Plan<'_, '_>,
    maps: &Maps,
    id: CanonId,
    name: &str,
    (end, options): (&EndType, &CanonOptions),
) -> Result<Function> {
    let (handle, pointer, count) = (0, 1, 2);
    let canon = &plan.program.canons[id.0 as usize];
    let mut fused = fused::Fused::new(glue, plan, maps, canon.ty.params());
    check_may_leave(plan, maps, &mut fused.code, canon.instance);
    let guest = fused.guest(options, canon.instance);
    if !end.is_future {
        fused
            .sink()
            .local_get(count)
            .i32_const(MAX_LENGTH)
            .i32_gt_u();
        fused.trap_if(Trap::TooLong);
    }
    match &end.element {
        Some(element) if end.is_future => fused.check_pointer(&guest, pointer, element)?,
        Some(element) => {
            fused.sink().local_get(count).if_(BlockType::Empty);
            fused
                .sink()
                .local_get(count)
                .i64_extend_i32_u()
                .i64_const(element.size().into())
                .i64_mul();
            fused.check_range(&guest, pointer, element.align(), Trap::Pointer)?;
            fused.sink().end();
        }
        None => {}
    }
    let mut flags = if options.is_async { ASYNC } else { 0 };
    // `CanonicalABI.md`, "Stream State": `none_or_number_type`.
    if matches!(
        end.element,
        None | Some(Type::Int { .. } | Type::F32 | Type::F64)
    ) {
        flags |= PLAIN;
    }
    fused
        .sink()
        .i32_const(numbers(plan).instance(canon.instance))
        .i32_const(numbers(plan).end(end))
        .local_get(handle)
        .local_get(pointer);
    if !end.is_future {
        fused.sink().local_get(count);
    }
    fused
        .sink()
        .i32_const(numbers(plan).port(id))
        .i32_const(flags);
    fused.of_tasks(name);
    Ok(fused.finish())
}

/// Encodes what the library gets.
///
/// # Errors
///
/// Names what the component lacks.
pub fn given(glue: &Glue, plan: &Plan<'_, '_>, maps: &Maps, given: Given) -> Result<Function> {
    let tasks = numbers(plan);
    let first = maps.first_glue;
    let (params, _) = given.signature();
    let forward = |func: u32| {
        let mut body = Function::new([]);
        let mut code = body.instructions();
        for param in 0..params as u32 {
            code.local_get(param);
        }
        code.call(first + func).end();
        body
    };
    let has_tables = !glue.handles.tables.is_empty();
    Ok(match given {
        Given::HandleAdd if has_tables => forward(glue.handles.add),
        Given::HandleRemove if has_tables => forward(glue.handles.remove),
        Given::HandleAdd | Given::HandleRemove => trapping(),
        Given::Copy => fused::tasks::copy(glue, plan, maps)?,
        Given::Text => fused::tasks::text(glue, plan, maps)?,
        Given::Table => choose(&tasks.instances, |code, id| {
            if glue.handles.tables.contains_key(id) {
                let mut raw = Vec::new();
                glue.handles.table(plan, maps, &mut raw, *id);
                code.extend(raw);
            } else {
                InstructionSink::new(code).unreachable();
            }
        }),
        Given::Size => choose(&tasks.ports, |code, id| {
            let end = fused::tasks::builtin(plan, *id).and_then(|(builtin, _)| builtin.end());
            let size = end.map_or(0, EndType::size);
            InstructionSink::new(code).i32_const(size as i32);
        }),
        Given::Base if is_out_of_sight(plan, maps) => bail!(
            "--memory multi: streams of the host would be read and written in a memory that a Preview 1 host does not see; \
             leave the option out"
        ),
        Given::Base => choose(&tasks.ports, |code, id| {
            let options = fused::tasks::builtin(plan, *id)
                .and_then(|(builtin, _)| builtin.options())
                .and_then(|options| options.memory);
            let slot = options.map(|(id, index)| plan.program.memory(plan.input, id, index));
            let access = slot.and_then(|slot| memory_access(plan, &maps.globals, slot));
            let base = access.map_or(Quantity::Const(0), |access| access.base);
            quantity(&mut InstructionSink::new(code), base);
        }),
        Given::Start => dispatch(false, &tasks.sites, |code, site| {
            let start = glue.task_starts.get(site);
            let start = start?;
            InstructionSink::new(code).local_get(1).call(first + start);
            Some(())
        }),
        Given::Callback => dispatch(true, &tasks.lifts, |code, id| {
            let callback = plan.program.lifts[id.0 as usize].options.callback?;
            let target = plan.try_target(callback).and_then(|to| maps.entry(to))?;
            let mut sink = InstructionSink::new(code);
            sink.local_get(1).local_get(2).local_get(3).call(target);
            Some(())
        }),
        Given::Unlend => unlend(glue, plan, maps, &tasks.instances),
        Given::SwitchContext => switch_context(maps),
        Given::Trap => tell(maps),
        Given::Pause => pause(plan, maps),
        Given::Unwound => unwound(plan, maps),
        Given::Rewind => rewind(plan, maps),
        Given::Thread => dispatch(false, &tasks.threads, |code, id| {
            let (site, function, argument) = (0, 1, 2);
            debug_assert_eq!(site, 0);
            let (table, index) = canon::table(&plan.program, *id)?;
            let (table, index) = plan.program.table(plan.input, table, index);
            let ty = wasmparser::FuncType::new([wasmparser::ValType::I32], []);
            InstructionSink::new(code)
                .local_get(argument)
                .local_get(function)
                .call_indirect(maps.instance(table).table(index), maps.types.known(&ty)?);
            Some(())
        }),
    })
}

/// `()`: comes back when the running thread can go on. Where stacks are taken away, its frames go meanwhile.
fn pause(plan: &Plan<'_, '_>, maps: &Maps) -> Function {
    let nested = fused::tasks::function(plan, maps, "nested");
    let room = 0;
    let Some([state, top, limit]) = maps.globals.stacks else {
        let mut body = Function::new([]);
        body.instructions().call(nested).end();
        return body;
    };
    let mut body = Function::new([(1, ValType::I32)]);
    body.instructions()
        .global_get(state)
        .i32_const(REWINDS)
        .i32_eq()
        .if_(BlockType::Empty)
        // All frames are back.
        .i32_const(0)
        .global_set(state)
        .return_()
        .end()
        .call(fused::tasks::function(plan, maps, "room_of_current"))
        .local_tee(room)
        .i32_eqz()
        .if_(BlockType::Empty)
        .call(nested)
        .return_()
        .end()
        .local_get(room)
        .global_set(top)
        .local_get(room)
        .i32_const(plan.options.thread_stack as i32)
        .i32_add()
        .global_set(limit)
        .i32_const(UNWINDS)
        .global_set(state)
        .end();
    body
}

/// `(thread) -> whether` its frames were taken off the stack: the library gets to know how many bytes they are.
fn unwound(plan: &Plan<'_, '_>, maps: &Maps) -> Function {
    let thread = 0;
    let mut body = Function::new([]);
    let mut code = body.instructions();
    let Some([state, top, _]) = maps.globals.stacks else {
        code.i32_const(0).end();
        return body;
    };
    code.global_get(state)
        .i32_eqz()
        .if_(BlockType::Empty)
        .i32_const(0)
        .return_()
        .end()
        .i32_const(0)
        .global_set(state)
        .local_get(thread)
        .global_get(top)
        .local_get(thread)
        .call(fused::tasks::function(plan, maps, "room"))
        .i32_sub()
        .call(fused::tasks::function(plan, maps, "park"))
        .i32_const(1)
        .end();
    body
}

/// `(thread)`: its frames come back when what its stack begins with is called.
fn rewind(plan: &Plan<'_, '_>, maps: &Maps) -> Function {
    let Some([state, top, _]) = maps.globals.stacks else {
        return trapping();
    };
    let mut body = Function::new([]);
    body.instructions()
        .local_get(0)
        .call(fused::tasks::function(plan, maps, "unpark"))
        .global_set(top)
        .i32_const(REWINDS)
        .global_set(state)
        .end();
    body
}

/// Traps, where the frames of a stack do not fit: it is not being taken away any more when the host calls again.
pub fn full_stack(maps: &Maps) -> Function {
    let mut body = Function::new([]);
    let mut code = body.instructions();
    if let Some([state, ..]) = maps.globals.stacks {
        code.i32_const(0).global_set(state);
    }
    maps.globals.traps.now(&mut code, Trap::FullStack);
    code.end();
    body
}

/// Whether the host has streams, and a guest that reads or writes any does so in another memory than the first.
fn is_out_of_sight(plan: &Plan<'_, '_>, maps: &Maps) -> bool {
    let canons = plan.program.canons.iter().zip(0..);
    let has_streams = canons.into_iter().any(|(canon, at)| {
        matches!(canon.kind, CanonKind::Io("io_read" | "io_write"))
            && matches!(plan.bindings.get(&CanonId(at)), Some(Binding::Func(_)))
    });
    let elsewhere = |id: &CanonId| {
        let options = fused::tasks::builtin(plan, *id)
            .and_then(|(builtin, _)| builtin.options())
            .and_then(|options| options.memory);
        let slot = options.map(|(id, index)| plan.program.memory(plan.input, id, index));
        let access = slot.and_then(|slot| memory_access(plan, &maps.globals, slot));
        access.is_some_and(|access| access.memory != 0)
    };
    has_streams && numbers(plan).ports.iter().any(elsewhere)
}

/// The reasons for which the library traps.
const REASONS: [Trap; 7] = [
    Trap::Deadlock,
    Trap::SeveralStacks,
    Trap::TooManyTasks,
    Trap::TooManyStreams,
    Trap::MayNotBlock,
    Trap::BorrowsRemain,
    Trap::CannotEnter,
];

/// `(reason)`: traps, and says why.
fn tell(maps: &Maps) -> Function {
    let mut body = Function::new([]);
    let mut code = body.instructions();
    for (trap, number) in REASONS.into_iter().zip(0i32..) {
        if maps.globals.traps.get(trap).is_some() {
            code.local_get(0)
                .i32_const(number)
                .i32_eq()
                .if_(BlockType::Empty);
            maps.globals.traps.now(&mut code, trap);
            code.end();
        }
    }
    code.unreachable().end();
    body
}

fn trapping() -> Function {
    let mut body = Function::new([]);
    body.instructions().unreachable().end();
    body
}

/// A function that leaves what `value` writes for the thing with the number in its parameter.
fn choose<T>(all: &[T], value: impl Fn(&mut Vec<u8>, &T)) -> Function {
    dispatch(true, all, |code, thing| {
        value(code, thing);
        Some(())
    })
}

/// A function that does what `act` writes for the thing with the number in its first parameter, if it does
/// anything.
fn dispatch<T>(gives: bool, all: &[T], act: impl Fn(&mut Vec<u8>, &T) -> Option<()>) -> Function {
    let mut code = Vec::new();
    for (thing, number) in all.iter().zip(0i32..) {
        let mut inside = Vec::new();
        if act(&mut inside, thing).is_none() {
            continue;
        }
        InstructionSink::new(&mut code)
            .local_get(0)
            .i32_const(number)
            .i32_eq()
            .if_(BlockType::Empty);
        code.extend(inside);
        InstructionSink::new(&mut code).return_().end();
    }
    let mut sink = InstructionSink::new(&mut code);
    match gives {
        true => sink.i32_const(0).end(),
        false => sink.end(),
    };
    let mut body = Function::new([]);
    body.raw(code);
    body
}

/// `(address, address)`: the contexts of the running thread are kept at the first, and those at the second are its
/// contexts.
fn switch_context(maps: &Maps) -> Function {
    let (keep, bring) = (0, 1);
    let mut body = Function::new([]);
    let mut code = body.instructions();
    for (slot, global) in &maps.globals.contexts {
        let at = MemArg {
            offset: u64::from(*slot) * 4,
            align: 2,
            target: MemArgTarget::Memory(0),
            ordering: None,
        };
        code.local_get(keep)
            .global_get(*global)
            .i32_store(at)
            .local_get(bring)
            .i32_load(at)
            .global_set(*global);
    }
    code.end();
    body
}

/// `(instance, loan)`: what was lent in a call is the caller's own again.
fn unlend(
    glue: &Glue,
    plan: &Plan<'_, '_>,
    maps: &Maps,
    instances: &[ComponentInstanceId],
) -> Function {
    let (instance, last, entry) = (0, 1, 2);
    let mut code = Vec::new();
    if glue.handles.loans.is_some() {
        InstructionSink::new(&mut code)
            .block(BlockType::Empty)
            .loop_(BlockType::Empty)
            .local_get(last)
            .i32_eqz()
            .br_if(1);
        glue.handles.loans(plan, maps, &mut code);
        InstructionSink::new(&mut code)
            .local_get(last)
            .i32_const(handles::LOAN)
            .call(maps.first_glue + glue.handles.remove)
            .local_tee(entry)
            .i32_load(handles::own())
            .local_set(last)
            .local_get(entry)
            .i32_load(handles::rep())
            .local_set(entry);
        for (id, number) in instances.iter().zip(0i32..) {
            if !glue.handles.tables.contains_key(id) {
                continue;
            }
            InstructionSink::new(&mut code)
                .local_get(instance)
                .i32_const(number)
                .i32_eq()
                .if_(BlockType::Empty);
            glue.handles.unlend(plan, maps, &mut code, *id, entry);
            InstructionSink::new(&mut code).end();
        }
        InstructionSink::new(&mut code).br(0).end().end();
    }
    InstructionSink::new(&mut code).end();
    let mut body = Function::new([(1, ValType::I32)]);
    body.raw(code);
    body
}
