//! `memory.copy` and `memory.fill` without the bulk memory proposal.
//!
//! Like the instructions, both check all bounds before the first byte is written
//! (WebAssembly core specification, "Memory Instructions").

use wasm_encoder::{BlockType, Function, InstructionSink, MemArg, MemArgTarget, ValType};

const BYTE: MemArg = MemArg {
    offset: 0,
    align: 0,
    target: MemArgTarget::Memory(0),
    ordering: None,
};
const WORD: MemArg = MemArg {
    offset: 0,
    align: 0,
    target: MemArgTarget::Memory(0),
    ordering: None,
};

/// Leaves 1 on the stack when `address + length` lies beyond the pages that `size` leaves there.
fn is_out_of_bounds(
    code: &mut InstructionSink<'_>,
    address: u32,
    length: u32,
    size: impl Fn(&mut InstructionSink<'_>),
) {
    code.local_get(address)
        .i64_extend_i32_u()
        .local_get(length)
        .i64_extend_i32_u()
        .i64_add();
    size(code);
    code.i64_extend_i32_u().i64_const(16).i64_shl().i64_gt_u();
}

/// Adds `step` to a local.
fn advance(code: &mut InstructionSink<'_>, local: u32, step: i32) {
    code.local_get(local)
        .i32_const(step)
        .i32_add()
        .local_set(local);
}

fn all_pages(code: &mut InstructionSink<'_>) {
    code.memory_size(0);
}

/// `memory.copy` in all of the memory.
pub fn memory_copy() -> Function {
    memory_copy_within(all_pages)
}

/// `memory.fill` in all of the memory.
pub fn memory_fill() -> Function {
    memory_fill_within(all_pages)
}

/// `(func (param $destination i32) (param $source i32) (param $length i32))`, in the pages that
/// `size` leaves on the stack.
pub fn memory_copy_within(size: impl Fn(&mut InstructionSink<'_>)) -> Function {
    let (destination, source, length) = (0, 1, 2);
    let mut body = Function::new([]);
    let mut code = body.instructions();
    is_out_of_bounds(&mut code, destination, length, &size);
    is_out_of_bounds(&mut code, source, length, &size);
    code.i32_or().if_(BlockType::Empty).unreachable().end();

    // Upwards, unless the destination begins within the source.
    code.local_get(destination)
        .local_get(source)
        .i32_sub()
        .local_get(length)
        .i32_ge_u()
        .if_(BlockType::Empty);
    while_at_least(&mut code, length, 8, |code| {
        code.local_get(destination)
            .local_get(source)
            .i64_load(WORD)
            .i64_store(WORD);
        advance(code, destination, 8);
        advance(code, source, 8);
        advance(code, length, -8);
    });
    while_at_least(&mut code, length, 1, |code| {
        code.local_get(destination)
            .local_get(source)
            .i32_load8_u(BYTE)
            .i32_store8(BYTE);
        advance(code, destination, 1);
        advance(code, source, 1);
        advance(code, length, -1);
    });
    code.else_();
    for (step, word) in [(8, true), (1, false)] {
        while_at_least(&mut code, length, step, |code| {
            advance(code, length, -step);
            code.local_get(destination)
                .local_get(length)
                .i32_add()
                .local_get(source)
                .local_get(length)
                .i32_add();
            if word {
                code.i64_load(WORD).i64_store(WORD);
            } else {
                code.i32_load8_u(BYTE).i32_store8(BYTE);
            }
        });
    }
    code.end().end();
    body
}

/// `(func (param $destination i32) (param $value i32) (param $length i32))`, in the pages that
/// `size` leaves on the stack.
pub fn memory_fill_within(size: impl Fn(&mut InstructionSink<'_>)) -> Function {
    let (destination, value, length, pattern) = (0, 1, 2, 3);
    let mut body = Function::new([(1, ValType::I64)]);
    let mut code = body.instructions();
    is_out_of_bounds(&mut code, destination, length, &size);
    code.if_(BlockType::Empty).unreachable().end();
    code.local_get(value)
        .i32_const(255)
        .i32_and()
        .i64_extend_i32_u()
        .i64_const(0x0101_0101_0101_0101)
        .i64_mul()
        .local_set(pattern);
    while_at_least(&mut code, length, 8, |code| {
        code.local_get(destination)
            .local_get(pattern)
            .i64_store(WORD);
        advance(code, destination, 8);
        advance(code, length, -8);
    });
    while_at_least(&mut code, length, 1, |code| {
        code.local_get(destination)
            .local_get(value)
            .i32_store8(BYTE);
        advance(code, destination, 1);
        advance(code, length, -1);
    });
    code.end();
    body
}

/// `while (local >= least) { body }`, unsigned.
fn while_at_least(
    code: &mut InstructionSink<'_>,
    local: u32,
    least: i32,
    body: impl FnOnce(&mut InstructionSink<'_>),
) {
    code.block(BlockType::Empty)
        .loop_(BlockType::Empty)
        .local_get(local);
    match least {
        1 => code.i32_eqz(),
        _ => code.i32_const(least).i32_lt_u(),
    };
    code.br_if(1);
    body(code);
    code.br(0).end().end();
}
