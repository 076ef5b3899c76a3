//! Passive data segments, `memory.init` and `data.drop`.
//!
//! The MVP has no bytes outside of memory, and putting them into it would show them to the module.
//! So they become code: a function for each piece of a segment gives eight bytes at a time, found by
//! halving. The length of a segment is a global, which `data.drop` sets to zero.

use wasm_encoder::{BlockType, Function, InstructionSink, MemArg, MemArgTarget, ValType};

use super::helper::Helper;
use super::lowering::Lowering;
use crate::memory::bulk;

/// Words of eight bytes in one function: engines limit the size of a body.
const PIECE: usize = 4096;

/// A store of whatever alignment.
fn at(memory: u32) -> MemArg {
    MemArg {
        offset: 0,
        align: 0,
        target: MemArgTarget::Memory(memory),
        ordering: None,
    }
}

/// `(func (param $destination i32) (param $source i32) (param $length i32))`, for a memory of the output.
pub fn memory_init(ctx: &mut Lowering<'_, '_, '_>, segment: u32, memory: u32) -> Function {
    let (destination, source, length) = (0, 1, 2);
    let words = ctx.module.data[segment as usize].bytes.len().div_ceil(8);
    let pieces: Vec<u32> = (0..words.div_ceil(PIECE) as u32)
        .map(|piece| ctx.helper(Helper::SegmentWord(segment, piece)))
        .collect();
    let left = ctx.segment_length(segment);
    let only = ctx.only_memory().filter(|_| !ctx.unasked);

    let touches = only.is_none() && ctx.unasked;
    // A WAMR of 2020 takes no group of no locals.
    let mut body = Function::new(touches.then_some((1, ValType::I32)));
    let mut code = body.instructions();
    // The size of the memory comes first: wasm3 0.4.7 has no `memory.size` while other values wait.
    match only {
        Some(memories) => memories.reach(&mut code),
        None if touches => {
            code.local_get(destination);
            bulk::touch(&mut code, memory, length, 3);
        }
        None => {
            code.memory_size(memory);
        }
    }
    if !touches {
        code.i64_extend_i32_u().i64_const(16).i64_shl();
        end_of(&mut code, destination, length);
        code.i64_lt_u();
    }
    end_of(&mut code, source, length);
    code.global_get(left).i64_extend_i32_u().i64_gt_u();
    if !touches {
        code.i32_or();
    }
    code.if_(BlockType::Empty).unreachable().end();
    // Byte by byte up to a whole word, and at the end.
    code.block(BlockType::Empty)
        .loop_(BlockType::Empty)
        .local_get(length)
        .i32_eqz()
        .br_if(1);
    code.local_get(source)
        .i32_const(7)
        .i32_and()
        .i32_eqz()
        .local_get(length)
        .i32_const(8)
        .i32_ge_u()
        .i32_and()
        .if_(BlockType::Empty)
        .local_get(destination);
    word_at(&mut code, source, &pieces);
    code.i64_store(at(memory));
    step(&mut code, 8);
    code.else_().local_get(destination);
    word_at(&mut code, source, &pieces);
    code.local_get(source)
        .i32_const(7)
        .i32_and()
        .i32_const(3)
        .i32_shl()
        .i64_extend_i32_u()
        .i64_shr_u()
        .i64_store8(at(memory));
    step(&mut code, 1);
    code.end().br(0).end().end().end();
    body
}

/// Leaves `start + length` on the stack.
fn end_of(code: &mut InstructionSink<'_>, start: u32, length: u32) {
    code.local_get(start)
        .i64_extend_i32_u()
        .local_get(length)
        .i64_extend_i32_u()
        .i64_add();
}

/// Moves all three parameters on.
fn step(code: &mut InstructionSink<'_>, by: i32) {
    for (local, by) in [(0, by), (1, by), (2, -by)] {
        code.local_get(local)
            .i32_const(by)
            .i32_add()
            .local_set(local);
    }
}

/// Leaves the word that the byte at `source` is in on the stack.
fn word_at(code: &mut InstructionSink<'_>, source: u32, pieces: &[u32]) {
    for (at, &piece) in pieces.iter().enumerate() {
        let last = at + 1 == pieces.len();
        if !last {
            code.local_get(source)
                .i32_const(((at + 1) * PIECE * 8) as i32)
                .i32_lt_u()
                .if_(BlockType::Result(ValType::I64));
        }
        code.local_get(source)
            .i32_const(3)
            .i32_shr_u()
            .i32_const((at * PIECE) as i32)
            .i32_sub()
            .call(piece);
        if !last {
            code.else_();
        }
    }
    for _ in 1..pieces.len() {
        code.end();
    }
    if pieces.is_empty() {
        // Every access of an empty segment is out of bounds.
        code.unreachable();
    }
}

/// `(func (param $word i32) (result i64))`
pub fn word(ctx: &Lowering<'_, '_, '_>, segment: u32, piece: u32) -> Function {
    let bytes = ctx.module.data[segment as usize].bytes;
    let words: Vec<i64> = bytes
        .chunks(8)
        .skip(piece as usize * PIECE)
        .take(PIECE)
        .map(|chunk| {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            i64::from_le_bytes(word)
        })
        .collect();
    let mut body = Function::new([]);
    let mut code = body.instructions();
    halve(&mut code, &words, 0);
    code.end();
    body
}

fn halve(code: &mut InstructionSink<'_>, words: &[i64], first: usize) {
    match words {
        [] => {
            code.unreachable();
        }
        [same, others @ ..] if others.iter().all(|word| word == same) => {
            code.i64_const(*same);
        }
        _ => {
            let (low, high) = words.split_at(words.len() / 2);
            code.local_get(0)
                .i32_const((first + low.len()) as i32)
                .i32_lt_u()
                .if_(BlockType::Result(ValType::I64));
            halve(code, low, first);
            code.else_();
            halve(code, high, first + low.len());
            code.end();
        }
    }
}
