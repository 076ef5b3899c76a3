//! `malloc` and `free` for the runtime, not for the guest.
//!
//! WAMR up to 1.0 allocates in the memory of the module: its argument vectors, and the iovecs of
//! `fd_read` and `fd_write`. For that it puts a heap of its own right above the initial pages, in
//! the middle of what the guest and the linker take for theirs. A module that exports `malloc` and
//! `free` is asked instead, and gets no such heap. What is allocated lives no longer than one host
//! call, so a small arena that starts anew when it is empty does.

use wasm_encoder::{BlockType, Function, InstructionSink, MemArg, MemArgTarget, ValType};
use wasmparser::ExternalKind;

use crate::parse::module::Module;

/// Bytes of the arena, its two words of bookkeeping included.
pub const SIZE: u32 = 4096;
/// In front of what is given away: how much of the arena is taken, and in how many pieces.
const HEADER: u32 = 16;

fn word(offset: u32) -> MemArg {
    MemArg {
        offset: offset.into(),
        align: 2,
        target: MemArgTarget::Memory(0),
        ordering: None,
    }
}

const TAKEN: u32 = 0;
const PIECES: u32 = 4;

/// `malloc: (size: i32) -> i32`, 0 when there is no room. `base` leaves the address of the arena
/// on the stack.
pub fn malloc(base: impl Fn(&mut InstructionSink<'_>)) -> Function {
    let (size, arena, at) = (0, 1, 2);
    let mut body = Function::new([(2, ValType::I32)]);
    let mut code = body.instructions();
    base(&mut code);
    code.local_tee(arena).i32_load(word(TAKEN)).local_set(at);
    // What is taken is a multiple of 16, so rounding up does not go over the end.
    code.local_get(size)
        .i32_const((SIZE - HEADER) as i32)
        .local_get(at)
        .i32_sub()
        .i32_gt_u()
        .if_(BlockType::Empty)
        .i32_const(0)
        .return_()
        .end();
    code.local_get(arena)
        .local_get(at)
        .local_get(size)
        .i32_const(15)
        .i32_add()
        .i32_const(-16)
        .i32_and()
        .i32_add()
        .i32_store(word(TAKEN));
    code.local_get(arena)
        .local_get(arena)
        .i32_load(word(PIECES))
        .i32_const(1)
        .i32_add()
        .i32_store(word(PIECES));
    code.local_get(arena)
        .local_get(at)
        .i32_add()
        .i32_const(HEADER as i32)
        .i32_add()
        .end();
    body
}

/// Whether `malloc` and `free` of `module` are such an arena: what was lowered once needs no other.
pub fn is_exported(module: &Module<'_>) -> bool {
    fn at(base: i32) -> impl Fn(&mut InstructionSink<'_>) {
        move |code| {
            code.i32_const(base);
        }
    }
    is_made(module, "malloc", [malloc(at(0)), malloc(at(1))])
        && is_made(module, "free", [free(at(0)), free(at(1))])
}

/// Whether an exported function is `made`, which is given for two addresses of the arena, for some
/// other address.
fn is_made(module: &Module<'_>, name: &str, made: [Function; 2]) -> bool {
    let Some(&(ExternalKind::Func, func)) = module.exports.get(name) else {
        return false;
    };
    let Some(defined) = func.checked_sub(module.imported_func_count()) else {
        return false;
    };
    let [one, other] = made.map(Function::into_raw_body);
    let Some(differs) = one.iter().zip(&other).position(|(a, b)| a != b) else {
        return false;
    };
    // The opcode of the constant is in front.
    let (before, behind) = (&one[..differs - 1], &one[differs + 1..]);
    let body = module.body(defined as usize);
    let found = body.as_bytes();
    let address = found.len().checked_sub(before.len() + behind.len());
    address.is_some_and(|length| length <= LONGEST_ADDRESS)
        && found.starts_with(before)
        && found.ends_with(behind)
}

/// `global.get`, `i32.const` and `i32.add`, at their longest.
const LONGEST_ADDRESS: usize = 13;

/// `free: (address: i32)`. The last piece that comes back empties the arena.
pub fn free(base: impl Fn(&mut InstructionSink<'_>)) -> Function {
    let (address, arena, left) = (0, 1, 2);
    let mut body = Function::new([(2, ValType::I32)]);
    let mut code = body.instructions();
    code.local_get(address)
        .i32_eqz()
        .if_(BlockType::Empty)
        .return_()
        .end();
    base(&mut code);
    code.local_tee(arena)
        .local_get(arena)
        .i32_load(word(PIECES))
        .i32_const(1)
        .i32_sub()
        .local_tee(left)
        .i32_store(word(PIECES));
    code.local_get(left)
        .i32_eqz()
        .if_(BlockType::Empty)
        .local_get(arena)
        .i32_const(0)
        .i32_store(word(TAKEN))
        .end()
        .end();
    body
}
