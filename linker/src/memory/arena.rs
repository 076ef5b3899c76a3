//! `malloc` and `free` for the runtime, not for the guest.
//!
//! WAMR up to 1.2 allocates in the memory of the module: the iovecs of `fd_read` and `fd_write`, and
//! what its embedder asks for. For that it puts a heap of its own right above the initial pages, in
//! the middle of what the guest and the linker take for theirs. A module that exports `malloc` and
//! `free` is asked instead, and gets no such heap.
//!
//! The iovecs live no longer than one host call, but an embedder may keep what it has allocated while
//! the program prints, so pieces come back in any order. In front of each piece is its size, with the
//! last bit set while it is in use; 0 stands for all that is left. So an arena of zeroes is an empty
//! one.

use wasm_encoder::{BlockType, Function, InstructionSink, MemArg, MemArgTarget, ValType};

/// In front of all pieces: how many are in use.
const HEADER: u32 = 16;
/// In front of each piece: its size, this included, and whether it is in use.
const PIECE: u32 = 16;
/// Bytes of an arena that only wrappers use.
pub const SCRATCH: u32 = 4096;
/// Bytes of an arena with room for one piece of so many.
pub fn for_one(bytes: u32) -> u32 {
    bytes.next_multiple_of(16) + HEADER + PIECE
}

/// What such an arena is exported as between two stages; the last one takes it out.
pub const SCRATCH_NAMES: [&str; 2] = ["p1bridge:malloc", "p1bridge:free"];

fn word(offset: u32) -> MemArg {
    MemArg {
        offset: offset.into(),
        align: 2,
        target: MemArgTarget::Memory(0),
        ordering: None,
    }
}

/// Leaves how many pieces of the arena are in use on the stack; `base` leaves its address.
pub fn in_use(code: &mut InstructionSink<'_>, base: impl Fn(&mut InstructionSink<'_>)) {
    base(code);
    code.i32_load(word(0));
}

/// `malloc: (size: i32) -> i32`, 0 when there is no room in an arena of `bytes`. `base` leaves the
/// address of the arena on the stack.
pub fn malloc(bytes: u32, base: impl Fn(&mut InstructionSink<'_>)) -> Function {
    let size = 0;
    let (end, at, length, next, found) = (1, 2, 3, 4, 5);
    let mut body = Function::new([(5, ValType::I32)]);
    let mut code = body.instructions();
    code.local_get(size)
        .i32_const((bytes - HEADER - PIECE) as i32)
        .i32_gt_u()
        .if_(BlockType::Empty)
        .i32_const(0)
        .return_()
        .end();
    code.local_get(size)
        .i32_const(PIECE as i32 + 15)
        .i32_add()
        .i32_const(-16)
        .i32_and()
        .local_set(size);
    base(&mut code);
    code.local_tee(at)
        .i32_const(bytes as i32)
        .i32_add()
        .local_set(end)
        .local_get(at)
        .i32_const(HEADER as i32)
        .i32_add()
        .local_set(at);
    // What the word `found` says of the place `at`, where nothing is in use.
    let free_at = |code: &mut InstructionSink<'_>, at: u32| {
        code.local_get(found)
            .local_get(end)
            .local_get(at)
            .i32_sub()
            .local_get(found)
            .select();
    };
    code.loop_(BlockType::Empty);
    code.local_get(at)
        .local_get(end)
        .i32_ge_u()
        .if_(BlockType::Empty)
        .i32_const(0)
        .return_()
        .end();
    code.local_get(at)
        .i32_load(word(0))
        .local_tee(found)
        .i32_const(1)
        .i32_and()
        .if_(BlockType::Empty)
        .local_get(at)
        .local_get(found)
        .i32_add()
        .i32_const(1)
        .i32_sub()
        .local_set(at)
        .br(1)
        .end();
    free_at(&mut code, at);
    code.local_set(length);
    // What is free behind it belongs to it.
    code.block(BlockType::Empty).loop_(BlockType::Empty);
    code.local_get(at)
        .local_get(length)
        .i32_add()
        .local_tee(next)
        .local_get(end)
        .i32_ge_u()
        .br_if(1)
        .local_get(next)
        .i32_load(word(0))
        .local_tee(found)
        .i32_const(1)
        .i32_and()
        .br_if(1)
        .local_get(length);
    free_at(&mut code, next);
    code.i32_add().local_set(length).br(0).end().end();
    code.local_get(length)
        .local_get(size)
        .i32_lt_u()
        .if_(BlockType::Empty)
        .local_get(at)
        .local_get(length)
        .i32_store(word(0))
        .local_get(next)
        .local_set(at)
        .br(1)
        .end();
    code.end();
    code.local_get(length)
        .local_get(size)
        .i32_gt_u()
        .if_(BlockType::Empty)
        .local_get(at)
        .local_get(size)
        .i32_add()
        .local_get(length)
        .local_get(size)
        .i32_sub()
        .i32_store(word(0))
        .end();
    code.local_get(at)
        .local_get(size)
        .i32_const(1)
        .i32_or()
        .i32_store(word(0));
    base(&mut code);
    code.local_tee(next)
        .local_get(next)
        .i32_load(word(0))
        .i32_const(1)
        .i32_add()
        .i32_store(word(0));
    code.local_get(at).i32_const(PIECE as i32).i32_add().end();
    body
}

/// `free: (address: i32)`. A piece of no bytes may lie at the very end. What is not in use is left
/// alone; the last piece that comes back empties the arena.
pub fn free(bytes: u32, base: impl Fn(&mut InstructionSink<'_>)) -> Function {
    let (address, arena, left) = (0, 1, 2);
    let mut body = Function::new([(2, ValType::I32)]);
    let mut code = body.instructions();
    code.local_get(address);
    base(&mut code);
    code.local_tee(arena)
        .i32_const((HEADER + PIECE) as i32)
        .i32_add()
        .i32_sub()
        .i32_const((bytes - HEADER - PIECE) as i32)
        .i32_gt_u()
        .if_(BlockType::Empty)
        .return_()
        .end();
    code.local_get(address)
        .i32_const(PIECE as i32)
        .i32_sub()
        .local_tee(address)
        .i32_load(word(0))
        .local_tee(left)
        .i32_const(1)
        .i32_and()
        .i32_eqz()
        .if_(BlockType::Empty)
        .return_()
        .end();
    code.local_get(address)
        .local_get(left)
        .i32_const(1)
        .i32_sub()
        .i32_store(word(0));
    code.local_get(arena)
        .local_get(arena)
        .i32_load(word(0))
        .i32_const(1)
        .i32_sub()
        .local_tee(left)
        .i32_store(word(0));
    code.local_get(left)
        .i32_eqz()
        .if_(BlockType::Empty)
        .local_get(arena)
        .i32_const(0)
        .i32_store(word(HEADER))
        .end()
        .end();
    body
}
