//! Tables where the target has one that only call_indirect reads.
//!
//! *Joined*: several tables that nobody writes lie one after the other in the only one; an index is
//! checked against its own table first.
//!
//! *Lowered*: where the module has references as values, or writes tables, a reference is a number,
//! and a table is an array of numbers in the block above the memory ([`super::memories`]). The number
//! of a function is its place in the only table of the output, 0 is null: that place is empty, so
//! that an indirect call of it traps as it should.

use anyhow::Result;
use wasm_encoder::{BlockType, Function, InstructionSink, MemArg, MemArgTarget, ValType};

use super::lowering::Lowering;

const WORD: MemArg = MemArg {
    offset: 0,
    align: 2,
    target: MemArgTarget::Memory(0),
    ordering: None,
};

/// `(func (param $index i32) (result i32))` for a joined table.
pub fn bound(ctx: &Lowering<'_, '_, '_>, table: u32) -> Function {
    let base = ctx.joined.as_ref().map_or(0, |bases| bases[table as usize]);
    let entries = ctx.module.tables[table as usize].ty.initial;
    let mut body = Function::new([]);
    body.instructions()
        .local_get(0)
        .i32_const(entries as i32)
        .i32_ge_u()
        .if_(BlockType::Empty)
        .unreachable()
        .end()
        .local_get(0)
        .i32_const(base as i32)
        .i32_add()
        .end();
    body
}

/// Where a table or segment is, and the global with its length.
struct Array {
    offset: u32,
    capacity: u32,
    length: u32,
}

fn table(ctx: &mut Lowering<'_, '_, '_>, table: u32) -> Result<Array> {
    let place = ctx.tables()?.tables[table as usize];
    Ok(Array {
        offset: place.offset,
        capacity: place.capacity,
        length: ctx.table_size(table),
    })
}

fn element(ctx: &mut Lowering<'_, '_, '_>, element: u32) -> Result<Array> {
    let place = ctx.tables()?.elements[element as usize];
    Ok(Array {
        offset: place.offset,
        capacity: place.capacity,
        length: ctx.element_length(element),
    })
}

/// Leaves the address of the entry at the index in `local` on the stack.
fn address(
    ctx: &Lowering<'_, '_, '_>,
    array: &Array,
    local: u32,
    code: &mut InstructionSink<'_>,
) -> Result<()> {
    ctx.memories()?.block_address(array.offset, code);
    code.local_get(local).i32_const(2).i32_shl().i32_add();
    Ok(())
}

/// Traps unless `start + length` is within the array; both are locals.
fn check_range(code: &mut InstructionSink<'_>, array: &Array, start: u32, length: u32) {
    code.local_get(start)
        .i64_extend_i32_u()
        .local_get(length)
        .i64_extend_i32_u()
        .i64_add()
        .global_get(array.length)
        .i64_extend_i32_u()
        .i64_gt_u()
        .if_(BlockType::Empty)
        .unreachable()
        .end();
}

fn check_index(code: &mut InstructionSink<'_>, array: &Array, index: u32) {
    code.local_get(index)
        .global_get(array.length)
        .i32_ge_u()
        .if_(BlockType::Empty)
        .unreachable()
        .end();
}

/// `(func (param $index i32) (result i32))`
pub fn get(ctx: &mut Lowering<'_, '_, '_>, index: u32) -> Result<Function> {
    let array = table(ctx, index)?;
    let mut body = Function::new([]);
    let mut code = body.instructions();
    check_index(&mut code, &array, 0);
    address(ctx, &array, 0, &mut code)?;
    code.i32_load(WORD).end();
    Ok(body)
}

/// `(func (param $index i32) (param $value i32))`
pub fn set(ctx: &mut Lowering<'_, '_, '_>, index: u32) -> Result<Function> {
    let array = table(ctx, index)?;
    let mut body = Function::new([]);
    let mut code = body.instructions();
    check_index(&mut code, &array, 0);
    address(ctx, &array, 0, &mut code)?;
    code.local_get(1).i32_store(WORD).end();
    Ok(body)
}

/// Writes the value in local `value` to `count` entries from the index `at`; both locals change.
fn write_all(
    ctx: &Lowering<'_, '_, '_>,
    array: &Array,
    (at, value, count): (u32, u32, u32),
    code: &mut InstructionSink<'_>,
) -> Result<()> {
    code.block(BlockType::Empty)
        .loop_(BlockType::Empty)
        .local_get(count)
        .i32_eqz()
        .br_if(1);
    address(ctx, array, at, code)?;
    code.local_get(value).i32_store(WORD);
    add(code, at, 1);
    add(code, count, -1);
    code.br(0).end().end();
    Ok(())
}

fn add(code: &mut InstructionSink<'_>, local: u32, value: i32) {
    code.local_get(local)
        .i32_const(value)
        .i32_add()
        .local_set(local);
}

/// `(func (param $value i32) (param $count i32) (result i32))`
pub fn grow(ctx: &mut Lowering<'_, '_, '_>, index: u32) -> Result<Function> {
    let array = table(ctx, index)?;
    let (value, count, at, before) = (0, 1, 2, 3);
    let mut body = Function::new([(2, ValType::I32)]);
    let mut code = body.instructions();
    code.local_get(count)
        .i32_const(array.capacity as i32)
        .global_get(array.length)
        .local_tee(before)
        .local_tee(at)
        .i32_sub()
        .i32_gt_u()
        .if_(BlockType::Empty)
        .i32_const(-1)
        .return_()
        .end();
    code.local_get(before)
        .local_get(count)
        .i32_add()
        .global_set(array.length);
    write_all(ctx, &array, (at, value, count), &mut code)?;
    code.local_get(before).end();
    Ok(body)
}

/// `(func (param $index i32) (param $value i32) (param $count i32))`
pub fn fill(ctx: &mut Lowering<'_, '_, '_>, index: u32) -> Result<Function> {
    let array = table(ctx, index)?;
    let (at, value, count) = (0, 1, 2);
    let mut body = Function::new([]);
    let mut code = body.instructions();
    check_range(&mut code, &array, at, count);
    write_all(ctx, &array, (at, value, count), &mut code)?;
    code.end();
    Ok(body)
}

/// `(func (param $to i32) (param $from i32) (param $count i32))`
pub fn copy(ctx: &mut Lowering<'_, '_, '_>, to: u32, from: u32) -> Result<Function> {
    let (to, from) = (table(ctx, to)?, table(ctx, from)?);
    copy_between(ctx, &to, &from)
}

/// `(func (param $to i32) (param $from i32) (param $count i32))`
pub fn init(ctx: &mut Lowering<'_, '_, '_>, segment: u32, to: u32) -> Result<Function> {
    let (to, from) = (table(ctx, to)?, element(ctx, segment)?);
    copy_between(ctx, &to, &from)
}

fn copy_between(ctx: &Lowering<'_, '_, '_>, to: &Array, from: &Array) -> Result<Function> {
    let (to_index, from_index, count, step) = (0, 1, 2, 3);
    let mut body = Function::new([(1, ValType::I32)]);
    let mut code = body.instructions();
    check_range(&mut code, to, to_index, count);
    check_range(&mut code, from, from_index, count);
    // Upwards, unless that would overwrite what is still to be read.
    code.i32_const(1).local_set(step);
    code.local_get(to_index)
        .local_get(from_index)
        .i32_gt_u()
        .local_get(count)
        .i32_const(0)
        .i32_ne()
        .i32_and()
        .if_(BlockType::Empty)
        .i32_const(-1)
        .local_set(step);
    for index in [to_index, from_index] {
        code.local_get(index)
            .local_get(count)
            .i32_add()
            .i32_const(1)
            .i32_sub()
            .local_set(index);
    }
    code.end();
    code.block(BlockType::Empty)
        .loop_(BlockType::Empty)
        .local_get(count)
        .i32_eqz()
        .br_if(1);
    address(ctx, to, to_index, &mut code)?;
    address(ctx, from, from_index, &mut code)?;
    code.i32_load(WORD).i32_store(WORD);
    for index in [to_index, from_index] {
        code.local_get(index)
            .local_get(step)
            .i32_add()
            .local_set(index);
    }
    add(&mut code, count, -1);
    code.br(0).end().end().end();
    Ok(body)
}
