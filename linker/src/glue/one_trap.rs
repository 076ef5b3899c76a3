//! One trap for a whole function: what the canonical ABI has checked in many places becomes a branch to the
//! function's end, which is half as long as a trap of its own.

use anyhow::{Result, anyhow};
use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{Function, InstructionSink};
use wasmparser::{BinaryReader, BlockType, FunctionBody, Operator};

/// So many traps pay for the block around everything.
const ENOUGH: usize = 4;

/// Rewrites `if unreachable end` to a branch, if there are enough of them.
///
/// # Errors
///
/// Fails for a body that cannot be read.
pub fn share(function: Function) -> Result<Function> {
    let bytes = function.clone().into_raw_body();
    let body = FunctionBody::new(BinaryReader::new(&bytes, 0));
    let mut locals = Vec::new();
    for group in body.get_locals_reader()? {
        let (count, ty) = group?;
        let ty = RoundtripReencoder.val_type(ty);
        locals.push((count, ty.map_err(|error| anyhow!("{error}"))?));
    }
    let mut all = Vec::new();
    for operator in body.get_operators_reader()?.into_iter_with_offsets() {
        all.push(operator?);
    }
    let is_trap = |at: usize| {
        matches!(
            all.get(at..at + 3),
            Some([
                (
                    Operator::If {
                        blockty: BlockType::Empty
                    },
                    _
                ),
                (Operator::Unreachable, _),
                (Operator::End, _)
            ])
        )
    };
    let traps = (0..all.len()).filter(|at| is_trap(*at)).count();
    // A branch to the end of the function would need another number.
    let is_plain = all.iter().all(|(operator, _)| {
        !matches!(
            operator,
            Operator::Try { .. } | Operator::TryTable { .. } | Operator::BrTable { .. }
        )
    });
    if traps < ENOUGH || !is_plain {
        return Ok(function);
    }
    let mut out = Vec::new();
    let mut depth = 0u32;
    let mut at = 0;
    let end_of = |at: usize| {
        all.get(at)
            .map_or(bytes.len(), |(_, offset)| *offset as usize)
    };
    while at + 1 < all.len() {
        if is_trap(at) {
            InstructionSink::new(&mut out).br_if(depth);
            at += 3;
            continue;
        }
        let (operator, offset) = &all[at];
        match operator {
            Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => depth += 1,
            Operator::End => depth -= 1,
            Operator::Br { relative_depth } | Operator::BrIf { relative_depth }
                if *relative_depth == depth =>
            {
                return Ok(function);
            }
            _ => {}
        }
        out.extend_from_slice(&bytes[*offset as usize..end_of(at + 1)]);
        at += 1;
    }
    let mut shared = Function::new(locals);
    shared.instructions().block(wasm_encoder::BlockType::Empty);
    shared.raw(out);
    shared.instructions().return_().end().unreachable().end();
    Ok(shared)
}
