//! Numbers that are no descriptors, for a libc that has descriptors of its own beside those of
//! Preview 1: `adapter_open_badfd` and `adapter_close_badfd` of the adapters.
//!
//! No host hands them out: hosts number upwards from 3, or at random within a table that is about as
//! big as what is open. So every function of Preview 1 answers `badf` for one, without our doing.

use wasm_encoder::{BlockType, Function, InstructionSink, MemArg, MemArgTarget, ValType};

use crate::maps::{Maps, memory_access};
use crate::memory::access;
use crate::memory::layout::MemoryPlan;
use crate::plan::Plan;
use crate::resolve::InstanceId;

/// The first of them. It is positive as an `int`, and so is what programs add to it.
const FIRST: i32 = 0x4000_0000;

/// How many bits of a global tell of them. Two globals make it as many descriptors as an adapter has.
const BITS: i32 = 64;

/// Errors of Preview 1, as adapters give them: `badf`, and `nomem` when there is none left.
const BADF: i32 = 8;
const NOMEM: i32 = 48;

/// `(address) -> errno`: reserves the lowest free number and writes it into a memory of the guest.
///
/// # Panics
///
/// Panics when the plan reserves none.
pub fn reserve(plan: &Plan<'_, '_>, maps: &Maps, memory: (InstanceId, u32)) -> Function {
    let (address, number, scratch) = (0, 1, 2);
    let mut body = Function::new([(2 + 1, ValType::I32)]);
    let mut code = body.instructions();
    let globals = maps.globals.reserved.expect("numbers are reserved");
    for (first, global) in (FIRST..).step_by(BITS as usize).zip(globals) {
        code.global_get(global)
            .i64_const(-1)
            .i64_ne()
            .if_(BlockType::Empty)
            .global_get(global)
            .i64_const(-1)
            .i64_xor()
            .i64_ctz()
            .i32_wrap_i64()
            .local_set(number);
        code.local_get(address)
            .local_get(number)
            .i32_const(first)
            .i32_add();
        store(&mut code, plan, maps, memory, scratch);
        code.global_get(global);
        bit(&mut code, number);
        code.i64_or()
            .global_set(global)
            .i32_const(0)
            .return_()
            .end();
    }
    code.i32_const(NOMEM).end();
    body
}

/// `(number) -> errno`: gives a number back, if it is reserved.
pub fn release(maps: &Maps) -> Function {
    let number = 0;
    let mut body = Function::new([]);
    let mut code = body.instructions();
    let globals = maps.globals.reserved.into_iter().flatten();
    for (first, global) in (FIRST..).step_by(BITS as usize).zip(globals) {
        code.local_get(number)
            .i32_const(first)
            .i32_sub()
            .i32_const(BITS)
            .i32_lt_u()
            .if_(BlockType::Empty)
            .global_get(global);
        bit(&mut code, number);
        code.i64_and()
            .i64_eqz()
            .if_(BlockType::Empty)
            .i32_const(BADF)
            .return_()
            .end()
            .global_get(global);
        bit(&mut code, number);
        code.i64_xor()
            .global_set(global)
            .i32_const(0)
            .return_()
            .end();
    }
    code.i32_const(BADF).end();
    body
}

/// Leaves the bit of a number: shifts count modulo the width, of which every first number is a multiple.
fn bit(code: &mut InstructionSink<'_>, number: u32) {
    code.i64_const(1)
        .local_get(number)
        .i64_extend_i32_u()
        .i64_shl();
}

/// Takes an address of the guest and a number from the stack, and stores the number there.
fn store(
    code: &mut InstructionSink<'_>,
    plan: &Plan<'_, '_>,
    maps: &Maps,
    memory: (InstanceId, u32),
    scratch: u32,
) {
    let slot = plan.program.memory(plan.input, memory.0, memory.1);
    let access = memory_access(plan, &maps.globals, slot).expect("the guest's memory is live");
    if plan.memory.as_ref().is_some_and(MemoryPlan::is_shared) {
        let local = |_, purpose| match purpose {
            access::Use::Value => scratch,
            _ => scratch + 1,
        };
        access::prepare(code, local, &access, 0, (4, Some(ValType::I32)));
    }
    code.i32_store(MemArg {
        offset: 0,
        align: 0,
        target: MemArgTarget::Memory(access.memory),
        ordering: None,
    });
}
