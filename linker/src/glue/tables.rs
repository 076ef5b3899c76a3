//! Growing the handle tables, where the memory may grow and nobody sets a limit.
//!
//! They are what is topmost in the linker's block, so the last of them has room behind it. Another one that
//! is full moves to the end, with twice as many entries. What it leaves is not used again: at most as much as
//! it has now.

use wasm_encoder::{BlockType, Function, InstructionSink, ValType};

use super::handles::{CAPACITY, field};
use crate::memory::globals::LinkerGlobals;
use crate::memory::layout::{MemoryPlan, WhileLent};
use crate::memory::regions;
use crate::options::FIRST_HANDLES;

/// `(table) -> table`: the address of the table with room for twice as many handles, or -1 where there is
/// no memory for them. `slide` is what the first guest grows by, where that moves the block.
///
/// # Panics
///
/// Panics for tables that do not grow.
pub fn grow(memory: &MemoryPlan, globals: &LinkerGlobals, slide: Option<u32>) -> Function {
    let top = globals.top.expect("the tables grow");
    let around = memory.block.and_then(|block| block.lent) == Some(WhileLent::Around);
    let (table, bytes, size, end, new, apart) = (0, 1, 2, 3, 4, 5);
    let mut body = Function::new([(4 + u32::from(around), ValType::I32)]);
    let mut code = body.instructions();
    let code = &mut code;
    // Entry 0 is no handle.
    code.local_get(table)
        .i32_load(field(CAPACITY))
        .i32_const(FIRST_HANDLES as i32 + 1)
        .i32_add()
        .i32_const(4)
        .i32_shl()
        .local_set(bytes);
    let slides = slide.is_some();
    if let Some(slide) = slide {
        is_below_others(code, top);
        code.if_(BlockType::Empty);
        if around {
            // Pages of the guest may lie above: nothing slides then.
            regions::is_among_pages(code, globals);
            code.local_tee(apart).i32_eqz().if_(BlockType::Empty);
        }
        // The first guest that grows gets those of somebody else, and all that is above it slides.
        code.local_get(table)
            .global_get(top)
            .i32_sub()
            .local_set(size)
            .i32_const(1)
            .call(slide)
            .i32_const(-1)
            .i32_eq();
        fail_if(code);
        code.global_get(top)
            .local_get(size)
            .i32_add()
            .local_set(table);
        if around {
            regions::is_among_pages(code, globals);
            code.local_set(apart).end();
        }
        code.end();
    }
    // The last table gets longer where it is; another one moves there.
    let is_last = globals.all_tables().count() == 1;
    code.local_get(table);
    if !is_last {
        code.global_get(top)
            .local_get(table)
            .local_get(bytes)
            .i32_add()
            .global_get(top)
            .i32_eq()
            .select();
    }
    code.local_set(new)
        .local_get(bytes)
        .i32_const(1)
        .i32_shl()
        .i32_const(16)
        .i32_sub()
        .local_set(size);
    if !slides || around {
        // Where nothing slides, the tables may lie above the pages of others.
        match slides {
            true => _ = code.local_get(apart),
            false => is_below_others(code, top),
        }
        code.if_(BlockType::Empty).local_get(size);
        regions::in_pages(code);
        code.memory_grow(0).local_tee(new).i32_const(-1).i32_eq();
        fail_if(code);
        code.local_get(new)
            .i32_const(16)
            .i32_shl()
            .local_set(new)
            .end();
    }
    code.local_get(new)
        .local_get(size)
        .i32_add()
        .local_tee(end)
        .local_get(new)
        .i32_lt_u();
    fail_if(code);
    code.local_get(end);
    regions::in_pages(code);
    code.memory_size(0)
        .i32_sub()
        .memory_grow(0)
        .i32_const(-1)
        .i32_eq();
    fail_if(code);
    code.local_get(end).global_set(top);
    if !is_last || !slides || around {
        code.local_get(new)
            .local_get(table)
            .i32_ne()
            .if_(BlockType::Empty);
        copy_words(code, new, table, bytes);
        for at in globals.all_tables() {
            code.global_get(*at)
                .local_get(table)
                .i32_eq()
                .if_(BlockType::Empty)
                .local_get(new)
                .global_set(*at)
                .end();
        }
        code.end();
    }
    code.local_get(new)
        .local_get(new)
        .i32_load(field(CAPACITY))
        .i32_const(1)
        .i32_shl()
        .i32_const(FIRST_HANDLES as i32)
        .i32_add()
        .i32_store(field(CAPACITY))
        .local_get(new)
        .end();
    body
}

/// `() -> i32`: makes room for more handles in the table of the libraries, by [`grow`], and says whether it did.
///
/// # Panics
///
/// Panics where that table does not grow.
pub fn more(globals: &LinkerGlobals, grow: u32) -> Function {
    let table = globals.handles.expect("the libraries have handles");
    let room = globals.room.expect("their table grows");
    let mut body = Function::new([(1, ValType::I32)]);
    body.instructions()
        .global_get(table)
        .call(grow)
        .local_tee(0)
        .i32_const(-1)
        .i32_eq()
        .if_(BlockType::Empty)
        .i32_const(0)
        .return_()
        .end()
        .local_get(0)
        .i32_load(field(CAPACITY))
        .i32_const(FIRST_HANDLES as i32)
        .i32_add()
        .global_set(room)
        .i32_const(1)
        .end();
    body
}

/// Takes a condition from the stack; when it holds, there is no more room.
fn fail_if(code: &mut InstructionSink<'_>) {
    code.if_(BlockType::Empty).i32_const(-1).return_().end();
}

/// Leaves on the stack whether somebody else has pages above everything.
fn is_below_others(code: &mut InstructionSink<'_>, top: u32) {
    code.global_get(top);
    regions::in_pages(code);
    code.memory_size(0).i32_ne();
}

/// Copies words from the top down. `left` counts them.
fn copy_words(code: &mut InstructionSink<'_>, to: u32, from: u32, left: u32) {
    code.loop_(BlockType::Empty)
        .local_get(left)
        .i32_const(8)
        .i32_sub()
        .local_tee(left)
        .local_get(to)
        .i32_add()
        .local_get(left)
        .local_get(from)
        .i32_add()
        .i64_load(regions::WORD)
        .i64_store(regions::WORD)
        .local_get(left)
        .br_if(0)
        .end();
}
