//! What `memory.grow`, `memory.copy` and `memory.fill` of a guest become when it is not alone in
//! the memory.

use wasm_encoder::{BlockType, Function, InstructionSink, MemArg, MemArgTarget, ValType};

use super::access::{Access, Quantity, add_base, check_range, quantity};
use super::arena;
use super::globals::{LinkerGlobals, access_in};
use super::layout::{MemoryPlan, PAGE, WhileLent};

/// An aligned word of 64 bits of the first memory, at the address on the stack: what is moved is so much.
pub const WORD: MemArg = MemArg {
    offset: 0,
    align: 3,
    target: MemArgTarget::Memory(0),
    ordering: None,
};

/// `memory.grow` as the guest of a region sees it.
///
/// The memory grows by as much as the guest asks for, everything above moves up by that, and where
/// it lay is zero. A growth that is over the guest's maximum or that the host refuses gives -1 and
/// changes nothing. Without `bulk`, what lies above is moved word by word.
///
/// Pages above all that may be somebody else's, who has grown the memory by itself: the adapter of a
/// component does. They stay where they are, and the first guest sees what it would in a memory of its
/// own: that has grown by them.
///
/// While the host has something in the arena, the block stays where it is ([`WhileLent`]).
///
/// # Panics
///
/// Panics for a region whose size is not kept in a global.
pub fn grow(
    memory: &MemoryPlan,
    globals: &LinkerGlobals,
    region: usize,
    bulk: Option<Bulk>,
) -> Function {
    let access = access_in(memory, globals, region, true);
    let Quantity::Global(bytes) = access.bytes else {
        unreachable!("the size of a region that grows is in a global");
    };
    let (delta, step, was) = (0, 1, 2);
    let moving = Moving {
        step,
        from: 3,
        above: 4,
    };
    let mut body = Function::new([(4, ValType::I32)]);
    let mut code = body.instructions();
    let pages = |code: &mut InstructionSink<'_>| {
        code.global_get(bytes).i32_const(16).i32_shr_u();
    };
    // delta > limit - pages
    code.local_get(delta).i32_const(memory.limit(region) as i32);
    pages(&mut code);
    code.i32_sub().i32_gt_u();
    fail(&mut code);
    // Nothing moves when nothing is asked for.
    code.local_get(delta).i32_eqz().if_(BlockType::Empty);
    pages(&mut code);
    code.return_().end();
    let slides = !memory.fixed && memory.has_above(region);
    if slides {
        leave_lent(&mut code, memory, globals, bytes, delta, was);
    }
    if !memory.fixed {
        code.local_get(delta)
            .memory_grow(0)
            .local_tee(was)
            .i32_const(-1)
            .i32_eq();
        fail(&mut code);
    }
    if slides {
        code.local_get(was);
        end(&mut code, memory, globals);
        in_pages(&mut code);
        code.i32_ne().if_(BlockType::Empty);
        beyond(
            &mut code,
            memory,
            globals,
            region,
            bulk.as_ref(),
            was,
            &moving,
        );
        code.end();
    }
    code.local_get(delta)
        .i32_const(16)
        .i32_shl()
        .local_set(step);
    if slides {
        measure(&mut code, memory, globals, region, &moving);
        slide(&mut code, globals, region, bulk.as_ref(), &moving);
    }
    pages(&mut code);
    add_to(&mut code, bytes, step);
    code.end();
    body
}

/// Grows otherwise, or not at all, where the block must not move: the host has something in its arena,
/// or has had when it was grown before, so that the block lies among the guest's pages now.
fn leave_lent(
    code: &mut InstructionSink<'_>,
    memory: &MemoryPlan,
    globals: &LinkerGlobals,
    bytes: u32,
    delta: u32,
    was: u32,
) {
    let (Some(block), Some(base)) = (memory.block, globals.block) else {
        return;
    };
    let Some(lent) = block.lent else { return };
    arena_is_used(code, block.state, base);
    match lent {
        WhileLent::Refused => fail(code),
        WhileLent::Around => {
            is_among_pages(code, globals);
            code.i32_or()
                .if_(BlockType::Empty)
                .local_get(delta)
                .memory_grow(0)
                .local_tee(was)
                .i32_const(-1)
                .i32_ne()
                .if_(BlockType::Empty)
                .local_get(was)
                .local_get(delta)
                .i32_add()
                .i32_const(16)
                .i32_shl()
                .global_set(bytes)
                .end()
                .local_get(was)
                .return_()
                .end();
        }
    }
}

/// Leaves on the stack whether the only guest has grown around the block, which stays where it is then.
///
/// # Panics
///
/// Panics where nothing slides.
pub fn is_among_pages(code: &mut InstructionSink<'_>, globals: &LinkerGlobals) {
    let bytes = globals.bytes[0].expect("the guest grows");
    let base = globals.block.expect("the block slides");
    code.global_get(bytes).global_get(base).i32_gt_u();
}

/// Leaves on the stack whether the host has something in its arena.
fn arena_is_used(code: &mut InstructionSink<'_>, state: u32, base: u32) {
    arena::in_use(code, |code| {
        code.global_get(base);
        if state > 0 {
            code.i32_const(state as i32).i32_add();
        }
    });
}

/// Takes a condition from the stack; when it holds, the growth has failed.
fn fail(code: &mut InstructionSink<'_>) {
    code.if_(BlockType::Empty).i32_const(-1).return_().end();
}

/// From bytes on the stack to the pages that they take.
pub fn in_pages(code: &mut InstructionSink<'_>) {
    code.i32_const(0xffff).i32_add().i32_const(16).i32_shr_u();
}

/// The locals with what is moved: by how much, from where, and how many bytes.
struct Moving {
    step: u32,
    from: u32,
    above: u32,
}

/// Finds what lies above a region.
fn measure(
    code: &mut InstructionSink<'_>,
    memory: &MemoryPlan,
    globals: &LinkerGlobals,
    region: usize,
    moving: &Moving,
) {
    let access = access_in(memory, globals, region, true);
    quantity(code, access.base);
    quantity(code, access.bytes);
    code.i32_add().local_set(moving.from);
    end(code, memory, globals);
    code.local_get(moving.from)
        .i32_sub()
        .local_set(moving.above);
}

/// Moves what lies above a region.
fn slide(
    code: &mut InstructionSink<'_>,
    globals: &LinkerGlobals,
    region: usize,
    bulk: Option<&Bulk>,
    moving: &Moving,
) {
    let Moving { step, from, above } = *moving;
    match bulk {
        Some(bulk) => move_in_bulk(code, bulk, from, step, above),
        None => move_words(code, from, step, above),
    }
    for (at, base) in globals.bases.iter().enumerate() {
        if let (true, Some(base)) = (at > region, base) {
            add_to(code, *base, step);
        }
    }
    let tables = globals.all_tables();
    for at in globals.block.iter().chain(tables).chain(&globals.top) {
        add_to(code, *at, step);
    }
}

/// Lets everything above the first guest that grows slide beyond pages of somebody else, which end where
/// page `was` begins. That guest, whose place is fixed, has them in its memory then.
fn beyond(
    code: &mut InstructionSink<'_>,
    memory: &MemoryPlan,
    globals: &LinkerGlobals,
    region: usize,
    bulk: Option<&Bulk>,
    was: u32,
    moving: &Moving,
) {
    let first = globals.bytes.iter().position(Option::is_some);
    let first = first.expect("a region grows");
    if memory.host == Some(first) {
        // The host's values cannot lie around them.
        code.i32_const(-1).return_();
        return;
    }
    if let (true, Some(top)) = (memory.host == Some(region), globals.arena) {
        // Nor may they move while their addresses are known.
        code.global_get(top);
        fail(code);
    }
    let base = memory.regions[first].base / PAGE;
    code.local_get(was)
        .i32_const((memory.limit(first) + base) as i32)
        .i32_gt_u();
    fail(code);
    measure(code, memory, globals, first, moving);
    code.local_get(moving.above);
    in_pages(code);
    code.memory_grow(0).i32_const(-1).i32_eq();
    fail(code);
    code.local_get(was)
        .i32_const(16)
        .i32_shl()
        .local_get(moving.from)
        .i32_sub()
        .local_set(moving.step);
    slide(code, globals, first, bulk, moving);
    if let Some(bytes) = globals.bytes[first] {
        add_to(code, bytes, moving.step);
    }
}

fn add_to(code: &mut InstructionSink<'_>, global: u32, local: u32) {
    code.global_get(global)
        .local_get(local)
        .i32_add()
        .global_set(global);
}

/// Leaves the end of what is in use on the stack.
fn end(code: &mut InstructionSink<'_>, memory: &MemoryPlan, globals: &LinkerGlobals) {
    let last = memory.regions.len() - 1;
    if let Some(top) = globals.top {
        code.global_get(top);
        return;
    }
    match (memory.block, globals.block) {
        (Some(block), Some(base)) => {
            code.global_get(base)
                .i32_const(block.size() as i32)
                .i32_add();
        }
        _ => {
            let access = access_in(memory, globals, last, true);
            quantity(code, access.base);
            quantity(code, access.bytes);
            code.i32_add();
        }
    }
}

/// How bytes are moved: the instructions, or the functions that stand in for them.
pub enum Bulk {
    Instructions,
    Functions { copy: u32, fill: u32 },
}

impl Bulk {
    /// `destination source length` are on the stack, of the first memory.
    pub fn copy(&self, code: &mut InstructionSink<'_>) {
        self.copy_between(code, 0, 0);
    }

    /// The same between two memories, which may be one.
    pub fn copy_between(&self, code: &mut InstructionSink<'_>, to: u32, from: u32) {
        match self {
            Bulk::Instructions => code.memory_copy(to, from),
            Bulk::Functions { copy, .. } => code.call(*copy),
        };
    }

    /// `destination value length` are on the stack.
    pub fn fill(&self, code: &mut InstructionSink<'_>) {
        match self {
            Bulk::Instructions => code.memory_fill(0),
            Bulk::Functions { fill, .. } => code.call(*fill),
        };
    }
}

fn move_in_bulk(code: &mut InstructionSink<'_>, bulk: &Bulk, from: u32, step: u32, above: u32) {
    code.local_get(from)
        .local_get(step)
        .i32_add()
        .local_get(from)
        .local_get(above);
    bulk.copy(code);
    // The smaller of both is what has to be cleared.
    code.local_get(from)
        .i32_const(0)
        .local_get(step)
        .local_get(above)
        .local_get(step)
        .local_get(above)
        .i32_lt_u()
        .select();
    bulk.fill(code);
}

/// Moves a small block word by word, from the top down: it may be longer than the step. Every word
/// is cleared where it was before anything can be stored there.
fn move_words(code: &mut InstructionSink<'_>, from: u32, step: u32, above: u32) {
    // `above` counts down; the address of a word is `from + above`.
    code.loop_(BlockType::Empty)
        .local_get(above)
        .i32_const(8)
        .i32_sub()
        .local_tee(above)
        .local_get(from)
        .i32_add()
        .local_get(step)
        .i32_add()
        .local_get(from)
        .local_get(above)
        .i32_add()
        .i64_load(WORD)
        .i64_store(WORD)
        .local_get(from)
        .local_get(above)
        .i32_add()
        .i64_const(0)
        .i64_store(WORD)
        .local_get(above)
        .br_if(0)
        .end();
}

/// `memory.copy` between two regions, which may be one. `copy` is the function that copies in all of
/// the memory, where the target has no instruction for it.
pub fn copy(to: &Access, from: &Access, copy: Option<u32>) -> Function {
    let mut body = Function::new([]);
    let mut code = body.instructions();
    for (address, access) in [(0, to), (1, from)] {
        check_range(&mut code, access, address, 2);
    }
    for (address, access) in [(0, to), (1, from)] {
        code.local_get(address);
        add_base(&mut code, access.base);
    }
    code.local_get(2);
    match copy {
        Some(copy) => code.call(copy),
        None => code.memory_copy(0, 0),
    };
    code.end();
    body
}

/// `memory.fill` in a region; `fill` is like `copy` of [`copy`].
pub fn fill(access: &Access, fill: Option<u32>) -> Function {
    let mut body = Function::new([]);
    let mut code = body.instructions();
    check_range(&mut code, access, 0, 2);
    code.local_get(0);
    add_base(&mut code, access.base);
    code.local_get(1).local_get(2);
    match fill {
        Some(fill) => code.call(fill),
        None => code.memory_fill(0),
    };
    code.end();
    body
}
