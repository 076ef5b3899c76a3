//! The function that does what happens while the component is instantiated, once.

use wasm_encoder::{BlockType, Function, InstructionSink, MemArg, MemArgTarget};
use wasmparser::FuncType;

use super::callee::index;
use super::memory::bytes;
use crate::maps::{Maps, memory_access};
use crate::memory::access::Quantity;
use crate::memory::traps::Trap;
use crate::parse::module::ElementMode;
use crate::plan::again::{arguments, reads_buffer};
use crate::plan::{Place, Plan, Step, Target};
use crate::resolve::InstanceId;
use crate::resolve::{Const, constant};

/// The states of the module, in a global: not initialised, done, and begun. What has begun and not
/// come to its end has trapped, and never runs.
const DONE: i32 = 1;
const BEGUN: i32 = 2;

/// Encodes the function.
pub fn encode(plan: &Plan<'_, '_>, maps: &Maps) -> Function {
    let traps = &maps.globals.traps;
    let mut body = Function::new([]);
    let mut code = body.instructions();
    if let (Some(state), false) = (maps.globals.initialised, plan.init.is_empty()) {
        code.global_get(state)
            .if_(BlockType::Empty)
            .global_get(state)
            .i32_const(DONE)
            .i32_ne();
        traps.when(&mut code, Trap::NotInitialised);
        code.return_().end().i32_const(BEGUN).global_set(state);
        prime(plan, maps, &mut code);
        let mut applied = 0;
        for &step in &plan.init {
            match step {
                Step::Applied(..) => {
                    applied += 1;
                    code.i32_const(applied).global_set(count(maps));
                }
                Step::Call(target) => {
                    code.call(index(maps, target));
                    // The next one has a context of its own, and so has what is called later.
                    for context in maps.globals.contexts.values() {
                        code.i32_const(0).global_set(*context);
                    }
                }
                Step::Data(id, at) => data(plan, maps, &mut code, id, at),
                Step::Elements(id, at) => elements(plan, maps, &mut code, id, at),
                Step::Trap => {
                    traps.now(&mut code, Trap::Memory);
                }
            }
        }
        code.i32_const(DONE).global_set(state);
    } else {
        prime(plan, maps, &mut code);
    }
    code.end();
    body
}

/// Calls the host for nothing, where that has to be.
pub fn prime(plan: &Plan<'_, '_>, maps: &Maps, code: &mut InstructionSink<'_>) {
    let Some(id) = plan.prime else { return };
    let host = &plan.program.hosts[id.0 as usize];
    let arguments = arguments(&host.name, host.ty.params().len());
    let first = MemArg {
        offset: 0,
        align: 0,
        target: MemArgTarget::Memory(0),
        ordering: None,
    };
    // A buffer that is none, at address 0 for the time: some hosts look at it before the descriptor.
    let buffer = reads_buffer(&host.name);
    if buffer {
        code.i32_const(0).i32_const(0).i64_load(first);
        code.i32_const(0).i64_const(0).i64_store(first);
    }
    for (value, ty) in arguments.into_iter().zip(host.ty.params()) {
        match ty {
            wasmparser::ValType::I64 => code.i64_const(value),
            _ => code.i32_const(value as i32),
        };
    }
    code.call(index(maps, Target::Host(id))).drop();
    if buffer {
        code.i64_store(first);
    }
}

/// The global with the number of late segments that count as applied.
fn count(maps: &Maps) -> u32 {
    let global = maps.globals.applied;
    global.expect("what late segments write was planned")
}

/// Encodes a function that calls what an element of a table has at the time, of the same type.
pub fn late(plan: &Plan<'_, '_>, maps: &Maps, ty: &FuncType, place: Place) -> Function {
    let mut body = Function::new([]);
    let mut code = body.instructions();
    for &(since, func) in plan.late[&place].iter().rev() {
        if since > 0 {
            code.global_get(count(maps))
                .i32_const(since as i32)
                .i32_ge_u()
                .if_(BlockType::Empty);
        }
        for param in 0..ty.params().len() as u32 {
            code.local_get(param);
        }
        // The table is the instance's own.
        let func = maps.target(plan.target(func));
        code.call(func.expect("what is in a table is live"));
        match since {
            0 => {
                code.end();
                return body;
            }
            _ => code.return_().end(),
        };
    }
    // Nothing was there yet: it traps like an element that is not initialised.
    code.unreachable().end();
    body
}

fn offset(plan: &Plan<'_, '_>, id: InstanceId, expr: &wasmparser::ConstExpr<'_>) -> u32 {
    match constant(plan.input, &plan.program, id, expr) {
        Some(Const::I32(start)) => start as u32,
        _ => unreachable!("the merge refuses offsets that are not constants"),
    }
}

/// Writes a data segment, if it fits the memory as it is now.
fn data(
    plan: &Plan<'_, '_>,
    maps: &Maps,
    code: &mut InstructionSink<'_>,
    id: InstanceId,
    at: usize,
) {
    let data = &plan.program.module(plan.input, id).data[at];
    let Some((memory, expr)) = &data.active else {
        unreachable!("only active segments are late");
    };
    let start = u64::from(offset(plan, id, expr));
    let slot = plan.program.memory(plan.input, id, *memory);
    let access = memory_access(plan, &maps.globals, slot).expect("a segment has a memory");
    code.i64_const((start + data.bytes.len() as u64) as i64);
    bytes(plan, code, &access);
    code.i64_gt_u();
    maps.globals.traps.when(code, Trap::Memory);
    let mut at = start;
    if let Quantity::Const(base) = access.base {
        at += u64::from(base);
    }
    let mut rest = data.bytes;
    while !rest.is_empty() {
        match access.base {
            Quantity::Const(_) => code.i32_const(0),
            Quantity::Global(base) => code.global_get(base),
        };
        let arg = MemArg {
            offset: at,
            align: 0,
            target: MemArgTarget::Memory(access.memory),
            ordering: None,
        };
        let length = match rest.first_chunk::<8>() {
            Some(word) => {
                code.i64_const(i64::from_le_bytes(*word)).i64_store(arg);
                8
            }
            None => {
                code.i32_const(rest[0].into()).i32_store8(arg);
                1
            }
        };
        rest = &rest[length..];
        at += length as u64;
    }
}

/// Writes an element segment.
fn elements(
    plan: &Plan<'_, '_>,
    maps: &Maps,
    code: &mut InstructionSink<'_>,
    id: InstanceId,
    at: usize,
) {
    let element = &plan.program.module(plan.input, id).elements[at];
    let ElementMode::Active {
        table,
        offset: expr,
    } = &element.mode
    else {
        unreachable!("only active segments are late");
    };
    let map = maps.instance(id);
    code.i32_const(offset(plan, id, expr) as i32)
        .i32_const(0)
        .i32_const(element.items.len() as i32)
        .table_init(map.table(*table), map.element(at as u32))
        .elem_drop(map.element(at as u32));
}
