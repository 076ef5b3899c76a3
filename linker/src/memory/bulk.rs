//! `memory.copy` and `memory.fill` without the bulk memory proposal.
//!
//! Like the instructions, both check all bounds before the first byte is written
//! (WebAssembly core specification, "Memory Instructions").

use wasm_encoder::{BlockType, Function, InstructionSink, MemArg, MemArgTarget, ValType};

/// How many bytes a turn of the loops moves, and the most that is moved without a loop.
const CHUNK: i32 = 32;

/// How it is known whether a range of bytes lies in a memory.
pub enum Bounds<'b> {
    /// By its pages, which this leaves on the stack.
    Pages(&'b dyn Fn(u32, &mut InstructionSink<'_>)),
    /// By its bytes, which are known.
    Bytes(u64),
    /// By a load of the last byte of the range. The memory is never asked for its size: a host that cuts
    /// it in the midst of a page may not be asked, and would not say where that is. What an embedder has
    /// allocated behind the memory, in the runtime's own heap, can be reached as by any access.
    Touch,
}

impl Bounds<'_> {
    /// Those of the whole memory. `unasked`: for a module that must not ask for its size, the bytes that
    /// it has. Nobody allocates anything for a command, so those are all that it can reach.
    pub fn of_all(unasked: Option<u64>, is_command: bool) -> Bounds<'static> {
        match unasked {
            Some(bytes) if is_command => Bounds::Bytes(bytes),
            Some(_) => Bounds::Touch,
            None => Bounds::Pages(&|memory, code| {
                code.memory_size(memory);
            }),
        }
    }
}

/// `memory.copy` in the memory `to`, from `from`, which may be the same:
/// `(func (param $destination i32) (param $source i32) (param $length i32))`.
///
/// Chunks are copied until so little is left that all of it is read before any of it is written:
/// there the direction does not matter any more.
pub fn memory_copy((to, from): (u32, u32), bounds: &Bounds<'_>) -> Function {
    let (destination, source, length) = (0, 1, 2);
    let (first, last, second, half) = (3, 4, 5, 6);
    let mut body = Function::new([(3, ValType::I64), (1, ValType::I32)]);
    let mut code = body.instructions();
    if to == from {
        trap_out_of_bounds(&mut code, to, (length, half), bounds, |code| {
            // What is in bounds for the higher address is so for the other one.
            code.local_get(destination)
                .local_get(source)
                .local_get(destination)
                .local_get(source)
                .i32_gt_u()
                .select();
        });
    } else {
        for (memory, address) in [(to, destination), (from, source)] {
            trap_out_of_bounds(&mut code, memory, (length, half), bounds, |code| {
                code.local_get(address);
            });
        }
    }

    code.local_get(length)
        .i32_const(CHUNK)
        .i32_gt_u()
        .if_(BlockType::Empty);
    // Upwards, unless the destination begins within the source.
    code.local_get(destination)
        .local_get(source)
        .i32_sub()
        .local_get(length)
        .i32_ge_u()
        .if_(BlockType::Empty)
        .loop_(BlockType::Empty);
    for offset in [0, 8, 16, 24] {
        code.local_get(destination)
            .local_get(source)
            .i64_load(at(from, offset))
            .i64_store(at(to, offset));
    }
    advance(&mut code, source, CHUNK);
    advance(&mut code, destination, CHUNK);
    advance(&mut code, length, -CHUNK);
    while_more_than_a_chunk(&mut code, length);
    code.end().else_().loop_(BlockType::Empty);
    code.local_get(length)
        .i32_const(-8)
        .i32_add()
        .local_tee(length)
        .local_get(destination)
        .i32_add()
        .local_get(source)
        .local_get(length)
        .i32_add()
        .i64_load(at(from, 0))
        .i64_store(at(to, 0));
    while_more_than_a_chunk(&mut code, length);
    code.end().end().end();

    // From 8 bytes on: the first and the last word, from 17 on two of each.
    if_at_least(&mut code, length, 8);
    code.local_get(source)
        .i64_load(at(from, 0))
        .local_set(first);
    before_end(&mut code, source, length, 8);
    code.i64_load(at(from, 0)).local_set(last);
    if_at_least(&mut code, length, 17);
    code.local_get(source)
        .i64_load(at(from, 8))
        .local_set(second);
    before_end(&mut code, destination, length, 16);
    before_end(&mut code, source, length, 16);
    code.i64_load(at(from, 0)).i64_store(at(to, 0));
    code.local_get(destination)
        .local_get(second)
        .i64_store(at(to, 8))
        .end();
    code.local_get(destination)
        .local_get(first)
        .i64_store(at(to, 0));
    before_end(&mut code, destination, length, 8);
    code.local_get(last).i64_store(at(to, 0)).return_().end();

    if_at_least(&mut code, length, 4);
    code.local_get(destination)
        .local_get(source)
        .i64_load32_u(at(from, 0));
    before_end(&mut code, destination, length, 4);
    before_end(&mut code, source, length, 4);
    code.i64_load32_u(at(from, 0))
        .i64_store32(at(to, 0))
        .i64_store32(at(to, 0))
        .return_()
        .end();

    // Up to 3 bytes: the first, the middle and the last one.
    code.local_get(length).if_(BlockType::Empty);
    code.local_get(destination)
        .local_get(source)
        .i32_load8_u(at(from, 0))
        .local_get(destination)
        .local_get(length)
        .i32_const(1)
        .i32_shr_u()
        .local_tee(half)
        .i32_add()
        .local_get(source)
        .local_get(half)
        .i32_add()
        .i32_load8_u(at(from, 0));
    before_end(&mut code, destination, length, 1);
    before_end(&mut code, source, length, 1);
    code.i32_load8_u(at(from, 0))
        .i32_store8(at(to, 0))
        .i32_store8(at(to, 0))
        .i32_store8(at(to, 0))
        .end()
        .end();
    body
}

/// `memory.fill`: `(func (param $destination i32) (param $value i32) (param $length i32))`.
pub fn memory_fill(memory: u32, bounds: &Bounds<'_>) -> Function {
    let (destination, value, length, pattern, end) = (0, 1, 2, 3, 4);
    // A WAMR of 2020 takes no group of no locals.
    let mut locals = vec![(1, ValType::I64)];
    locals.extend(matches!(bounds, Bounds::Touch).then_some((1, ValType::I32)));
    let mut body = Function::new(locals);
    let mut code = body.instructions();
    trap_out_of_bounds(&mut code, memory, (length, end), bounds, |code| {
        code.local_get(destination);
    });
    code.local_get(value)
        .i64_extend_i32_u()
        .i64_const(255)
        .i64_and()
        .i64_const(0x0101_0101_0101_0101)
        .i64_mul()
        .local_set(pattern);

    code.local_get(length)
        .i32_const(CHUNK)
        .i32_gt_u()
        .if_(BlockType::Empty)
        .loop_(BlockType::Empty);
    for offset in [0, 8, 16, 24] {
        code.local_get(destination)
            .local_get(pattern)
            .i64_store(at(memory, offset));
    }
    advance(&mut code, destination, CHUNK);
    advance(&mut code, length, -CHUNK);
    while_more_than_a_chunk(&mut code, length);
    code.end().end();

    if_at_least(&mut code, length, 8);
    if_at_least(&mut code, length, 17);
    code.local_get(destination)
        .local_get(pattern)
        .i64_store(at(memory, 8));
    before_end(&mut code, destination, length, 16);
    code.local_get(pattern).i64_store(at(memory, 0)).end();
    code.local_get(destination)
        .local_get(pattern)
        .i64_store(at(memory, 0));
    before_end(&mut code, destination, length, 8);
    code.local_get(pattern)
        .i64_store(at(memory, 0))
        .return_()
        .end();

    if_at_least(&mut code, length, 4);
    code.local_get(destination)
        .local_get(pattern)
        .i64_store32(at(memory, 0));
    before_end(&mut code, destination, length, 4);
    code.local_get(pattern)
        .i64_store32(at(memory, 0))
        .return_()
        .end();

    code.local_get(length).if_(BlockType::Empty);
    code.local_get(destination)
        .local_get(value)
        .i32_store8(at(memory, 0))
        .local_get(destination)
        .local_get(length)
        .i32_const(1)
        .i32_shr_u()
        .i32_add()
        .local_get(value)
        .i32_store8(at(memory, 0));
    before_end(&mut code, destination, length, 1);
    code.local_get(value).i32_store8(at(memory, 0)).end().end();
    body
}

/// An access of whatever alignment.
fn at(memory: u32, offset: u64) -> MemArg {
    MemArg {
        offset,
        align: 0,
        target: MemArgTarget::Memory(memory),
        ordering: None,
    }
}

/// Traps when `length` bytes from the address that `address` leaves on the stack reach beyond the
/// memory. The size comes first: wasm3 0.4.7 has no `memory.size` while other values wait.
fn trap_out_of_bounds(
    code: &mut InstructionSink<'_>,
    memory: u32,
    (length, end): (u32, u32),
    bounds: &Bounds<'_>,
    address: impl Fn(&mut InstructionSink<'_>),
) {
    match bounds {
        Bounds::Pages(size) => {
            size(memory, code);
            code.i64_extend_i32_u().i64_const(16).i64_shl();
        }
        Bounds::Bytes(bytes) => {
            code.i64_const(*bytes as i64);
        }
        Bounds::Touch => {
            address(code);
            return touch(code, memory, length, end);
        }
    }
    address(code);
    code.i64_extend_i32_u()
        .local_get(length)
        .i64_extend_i32_u()
        .i64_add()
        .i64_lt_u()
        .if_(BlockType::Empty)
        .unreachable()
        .end();
}

/// Loads the last of `length` bytes from the address on the stack: traps as the access would. `end` is
/// a local for the meantime.
pub fn touch(code: &mut InstructionSink<'_>, memory: u32, length: u32, end: u32) {
    code.local_get(length)
        .i32_add()
        .local_tee(end)
        .local_get(length)
        .i32_lt_u()
        .if_(BlockType::Empty)
        .unreachable()
        .end();
    // No bytes at address 0 are in every memory, and so is the byte there.
    code.local_get(end)
        .local_get(end)
        .i32_eqz()
        .i32_eqz()
        .i32_sub()
        .i32_load8_u(at(memory, 0))
        .drop();
}

/// Adds `step` to a local.
pub fn advance(code: &mut InstructionSink<'_>, local: u32, step: i32) {
    code.local_get(local)
        .i32_const(step)
        .i32_add()
        .local_set(local);
}

/// Goes to `label` if there are fewer bytes from `address` to `end` than so many.
pub fn leave_without(
    code: &mut InstructionSink<'_>,
    (address, end): (u32, u32),
    bytes: i32,
    label: u32,
) {
    code.local_get(end)
        .local_get(address)
        .i32_sub()
        .i32_const(bytes)
        .i32_lt_u()
        .br_if(label);
}

/// The end of a loop.
fn while_more_than_a_chunk(code: &mut InstructionSink<'_>, length: u32) {
    code.local_get(length).i32_const(CHUNK).i32_gt_u().br_if(0);
}

fn if_at_least(code: &mut InstructionSink<'_>, length: u32, least: i32) {
    code.local_get(length)
        .i32_const(least)
        .i32_ge_u()
        .if_(BlockType::Empty);
}

/// Leaves the address of the last `bytes` of `length` bytes on the stack.
fn before_end(code: &mut InstructionSink<'_>, address: u32, length: u32, bytes: i32) {
    code.local_get(address)
        .local_get(length)
        .i32_add()
        .i32_const(-bytes)
        .i32_add();
}
