//! One trap for a whole function: what is checked in many places becomes a branch to the function's end, which is
//! half as long as a trap of its own.

use anyhow::{Result, anyhow};
use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{Encode, Function};
use wasmparser::{BinaryReader, FunctionBody, Operator, OperatorsReader};

/// So many traps pay for the block around everything.
const ENOUGH: usize = 4;

/// `if unreachable end`
const TRAP: &[u8] = &[0x04, 0x40, 0x00, 0x0b];
/// The start of a block without results.
const BLOCK: &[u8] = &[0x02, 0x40];
const BR_IF: u8 = 0x0d;
/// `return end unreachable end`
const END: &[u8] = &[0x0f, 0x0b, 0x00, 0x0b];

/// The function with one trap, if that is shorter.
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
    let start = body.get_operators_reader()?.original_position() as usize;
    Ok(match shared(&bytes[start..])? {
        Some(code) => {
            let mut shared = Function::new(locals);
            shared.raw(code);
            shared
        }
        None => function,
    })
}

/// The instructions of a function with one trap, if they are fewer bytes then: `if unreachable end` becomes a branch.
///
/// # Errors
///
/// Fails for instructions that cannot be read.
pub fn shared(code: &[u8]) -> Result<Option<Vec<u8>>> {
    let mut ops = OperatorsReader::new(BinaryReader::new(code, 0));
    let mut out = BLOCK.to_vec();
    let (mut depth, mut traps, mut run) = (0u32, 0, 0);
    loop {
        let at = ops.original_position() as usize;
        if code[at..].starts_with(TRAP) {
            out.extend_from_slice(&code[run..at]);
            out.push(BR_IF);
            depth.encode(&mut out);
            run = at + TRAP.len();
            traps += 1;
            while ops.original_position() < run as u64 {
                ops.read()?;
            }
            continue;
        }
        // A branch to the end of the function would need another number.
        let is_outermost = |target: u32| target == depth;
        match ops.read()? {
            Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => depth += 1,
            Operator::End if depth == 0 => {
                out.extend_from_slice(&code[run..at]);
                break;
            }
            Operator::End => depth -= 1,
            Operator::Br { relative_depth } | Operator::BrIf { relative_depth }
                if is_outermost(relative_depth) =>
            {
                return Ok(None);
            }
            Operator::BrTable { targets } => {
                for target in targets.targets() {
                    if is_outermost(target?) {
                        return Ok(None);
                    }
                }
                if is_outermost(targets.default()) {
                    return Ok(None);
                }
            }
            Operator::Try { .. }
            | Operator::TryTable { .. }
            | Operator::BrOnNull { .. }
            | Operator::BrOnNonNull { .. }
            | Operator::BrOnCast { .. }
            | Operator::BrOnCastFail { .. } => return Ok(None),
            _ => {}
        }
    }
    out.extend_from_slice(END);
    Ok((traps >= ENOUGH).then_some(out))
}
