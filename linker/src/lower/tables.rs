//! Tables where the target has one that only call_indirect reads.
//!
//! *Joined*: several tables that nobody writes lie one after the other in the only one; an index is
//! checked against its own table first.
//!
//! *Lowered*: where the module has references as values, or writes tables, a reference is a number,
//! and a table is an array of numbers in the block above the memory ([`super::memories`]). The number
//! of a function is its place in the only table of the output, 0 is null: that place is empty, so
//! that an indirect call of it traps as it should.

use std::collections::HashMap;

use anyhow::{Result, bail};
use wasm_encoder::{BlockType, Function, InstructionSink, MemArg, MemArgTarget, ValType};

use super::Lowering;
use crate::parse::constant::{self, Value};
use crate::parse::module::{Element, ElementMode, Items, Module};

/// How much a table may grow that says no maximum: the room is reserved.
const GROWTH: u32 = 4096;
/// The most entries of all lowered tables.
const MOST: u64 = 1 << 22;

const WORD: MemArg = MemArg {
    offset: 0,
    align: 2,
    target: MemArgTarget::Memory(0),
    ordering: None,
};

/// Lowered tables and element segments in the block.
#[derive(Clone, Debug, Default)]
pub struct Tables {
    tables: Vec<Place>,
    /// The element segments that `table.init` may use.
    elements: Vec<Place>,
    /// The numbers at the start, for the whole part of the block.
    pub contents: Vec<u8>,
    /// Where this part of the block begins.
    pub offset: u32,
    /// The functions that have numbers, from 1.
    pub functions: Vec<u32>,
    numbers: HashMap<u32, i32>,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    /// From the start of the block, in bytes.
    offset: u32,
    entries: u32,
    capacity: u32,
}

impl Tables {
    /// Lays out the tables of `module` from `offset` of the block on.
    ///
    /// # Errors
    ///
    /// Fails for what cannot be a number, and for segments that would trap at the start.
    pub fn new(module: &Module<'_>, offset: u32, grows: bool) -> Result<Tables> {
        let mut tables = Tables {
            offset,
            ..Tables::default()
        };
        let mut end = offset;
        let mut total = 0;
        let mut place = |entries: u32, capacity: u32| -> Result<Place> {
            total += u64::from(capacity);
            if total > MOST {
                bail!("the tables are too large to be lowered: {total} entries");
            }
            let place = Place {
                offset: end,
                entries,
                capacity,
            };
            end += capacity * 4;
            Ok(place)
        };
        for table in &module.tables {
            let initial = u32::try_from(table.ty.initial)?;
            let capacity = match (grows, table.ty.maximum) {
                (false, _) => initial,
                (true, Some(maximum)) => {
                    u32::try_from(maximum)?.min(initial.saturating_add(GROWTH))
                }
                (true, None) => initial.saturating_add(GROWTH),
            };
            tables.tables.push(place(initial, capacity)?);
        }
        for element in &module.elements {
            let entries = match (&element.mode, &element.items) {
                (ElementMode::Passive, Items::Functions(funcs)) => funcs.len(),
                (ElementMode::Passive, Items::Expressions(_, exprs)) => exprs.len(),
                _ => 0,
            } as u32;
            tables.elements.push(place(entries, entries)?);
        }
        let size = (end - offset).next_multiple_of(16);
        tables.contents = vec![0; size as usize];
        for (at, element) in module.elements.iter().enumerate() {
            tables.fill_in(module, at, element)?;
        }
        Ok(tables)
    }

    fn fill_in(&mut self, module: &Module<'_>, at: usize, element: &Element<'_>) -> Result<()> {
        let refs = references(module, element)?;
        let first = match &element.mode {
            ElementMode::Declared => return Ok(()),
            ElementMode::Passive => self.elements[at].offset,
            ElementMode::Active { table, offset } => {
                let Some(Value::I32(offset)) = constant::of_module(module, offset) else {
                    bail!("the offset of an element segment depends on an import");
                };
                let place = self.tables[*table as usize];
                let end = u64::from(offset as u32) + refs.len() as u64;
                if end > u64::from(place.entries) {
                    bail!("an element segment does not fit its table: the module traps at once");
                }
                place.offset + offset as u32 * 4
            }
        };
        for (n, func) in refs.into_iter().enumerate() {
            let number = func.map_or(0, |func| self.number(func));
            let start = (first - self.offset) as usize + n * 4;
            self.contents[start..start + 4].copy_from_slice(&number.to_le_bytes());
        }
        Ok(())
    }

    /// The number of a function.
    pub fn number(&mut self, func: u32) -> i32 {
        *self.numbers.entry(func).or_insert_with(|| {
            self.functions.push(func);
            self.functions.len() as i32
        })
    }

    /// The entries of a table at the start.
    pub fn initial(&self, table: u32) -> u32 {
        self.tables[table as usize].entries
    }

    /// The entries of an element segment.
    pub fn element_entries(&self, element: u32) -> u32 {
        self.elements[element as usize].entries
    }
}

/// What is in an element segment; nothing stands for null.
pub fn references(module: &Module<'_>, element: &Element<'_>) -> Result<Vec<Option<u32>>> {
    match &element.items {
        Items::Functions(funcs) => Ok(funcs.iter().map(|&func| Some(func)).collect()),
        Items::Expressions(_, exprs) => exprs
            .iter()
            .map(|expr| match constant::of_module(module, expr) {
                Some(Value::Func(func)) => Ok(Some(func)),
                Some(Value::Null(_)) => Ok(None),
                _ => bail!(
                    "an element of the segment at offset {:#x} depends on an import",
                    element.offset
                ),
            })
            .collect(),
    }
}

/// The bases of several tables that are joined in one.
pub fn join(module: &Module<'_>) -> Result<Vec<u32>> {
    let mut next = 0u32;
    let mut bases = Vec::new();
    for table in &module.tables {
        bases.push(next);
        next = u32::try_from(table.ty.initial)
            .ok()
            .and_then(|entries| next.checked_add(entries))
            .ok_or_else(|| anyhow::anyhow!("the tables are too large to be joined"))?;
    }
    Ok(bases)
}

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
