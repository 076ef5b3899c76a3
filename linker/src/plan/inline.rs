//! Functions of another guest that are written out where they are called: a call would cost more than
//! what they do.

use std::collections::BTreeSet;

use wasmparser::{Operator, ValType};

use super::{Plan, Target};
use crate::parse::module::Module;
use crate::resolve::{FuncDef, InstanceId};

/// The most bytes of a body with up to two parameters: about what calling it takes.
const MOST: usize = 24;
/// How many more with each other one: it is passed on the stack, or kept while the others are read.
const MORE: usize = 4;

/// A function that only computes: numbers in, numbers out, straight on.
#[derive(Clone, Debug)]
pub struct Inline<'a> {
    pub params: Vec<ValType>,
    /// How many of the first parameters are read once, in order, before anything else: they are on the stack at a
    /// call as they are wanted.
    pub ready: usize,
    /// The instructions, without those that read the parameters that are `ready`.
    pub code: Vec<Operator<'a>>,
}

/// What is written out: the targets of imports that only compute.
pub fn targets(plan: &Plan<'_, '_>) -> BTreeSet<(InstanceId, u32)> {
    let mut found = BTreeSet::new();
    for id in plan.program.ids() {
        for func in 0..plan.program.module(plan.input, id).imported_func_count() {
            if let Some(Target::Core(other, index)) = plan.try_target(FuncDef::Core(id, func))
                && !plan.is_library(other)
                && inline(plan.program.module(plan.input, other), index).is_some()
            {
                found.insert((other, index));
            }
        }
    }
    found
}

/// Reads a function that only computes; nothing for any other.
pub fn inline<'m>(module: &'m Module<'_>, index: u32) -> Option<Inline<'m>> {
    let defined = index.checked_sub(module.imported_func_count())? as usize;
    let ty = module.func_type(index);
    let most = MOST + MORE * ty.params().len().saturating_sub(2);
    if module.bodies[defined].len() > most {
        return None;
    }
    let numbers = [ValType::I32, ValType::I64, ValType::F32, ValType::F64];
    if !ty.params().iter().all(|ty| numbers.contains(ty)) {
        return None;
    }
    let body = module.body(defined);
    if body.get_locals_reader().ok()?.get_count() > 0 {
        return None;
    }
    let mut code = Vec::new();
    let reader = body.get_operators_reader().ok()?;
    let mut ended = false;
    for op in reader.into_iter_with_offsets() {
        let (op, offset) = op.ok()?;
        // `drop`, `select`, locals, constants, and all that takes numbers and gives one.
        let opcode = module.bytes[offset as usize];
        match opcode {
            0x0b => ended = true,
            0x1a | 0x1b | 0x20..=0x22 | 0x41..=0x44 | 0x45..=0xc4 if !ended => code.push(op),
            _ => return None,
        }
    }
    let count = ty.params().len();
    let reads = |(op, at): &(&Operator<'_>, u32)| matches!(op, Operator::LocalGet { local_index } if local_index == at);
    let mut ready = code.iter().zip(0..count as u32).take_while(reads).count();
    let again = code[ready..].iter().filter_map(local_of).min();
    if again.is_some_and(|local| (local as usize) < ready) {
        ready = again.map_or(0, |local| local as usize);
    }
    code.drain(..ready);
    Some(Inline {
        params: ty.params().to_vec(),
        ready,
        code,
    })
}

/// The local that an instruction reads or writes.
pub fn local_of(op: &Operator<'_>) -> Option<u32> {
    match op {
        Operator::LocalGet { local_index }
        | Operator::LocalSet { local_index }
        | Operator::LocalTee { local_index } => Some(*local_index),
        _ => None,
    }
}
