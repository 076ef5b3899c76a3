//! The check that a string is UTF-8, alone and while it is copied.

use wasm_encoder::{BlockType, Function, InstructionSink, MemArg, MemArgTarget, ValType};

use crate::memory::bulk::advance;
use crate::memory::regions::Bulk;

/// The bits of eight bytes that ASCII does not have.
pub const NOT_ASCII: i64 = 0x8080_8080_8080_8080_u64 as i64;

fn at(offset: u64, memory: u32) -> MemArg {
    MemArg {
        offset,
        align: 0,
        target: MemArgTarget::Memory(memory),
        ordering: None,
    }
}

/// Whether a word on the stack has bytes that are not ASCII.
fn is_not_ascii(code: &mut InstructionSink<'_>) {
    code.i64_const(NOT_ASCII).i64_and().i64_const(0).i64_ne();
}

/// Moves `address` behind ASCII, so many words of eight bytes at a time.
fn skip_ascii(code: &mut InstructionSink<'_>, memory: u32, address: u32, end: u32, words: u32) {
    let bytes = words as i32 * 8;
    code.block(BlockType::Empty)
        .loop_(BlockType::Empty)
        .local_get(end)
        .local_get(address)
        .i32_sub()
        .i32_const(bytes)
        .i32_lt_u()
        .br_if(1);
    for word in 0..words {
        code.local_get(address)
            .i64_load(at(u64::from(word) * 8, memory));
        if word > 0 {
            code.i64_or();
        }
    }
    is_not_ascii(code);
    code.br_if(1);
    advance(code, address, bytes);
    code.br(0).end().end();
}

/// `(target, address, length) -> 1 if the bytes are UTF-8, else 0`: eight to sixteen bytes of ASCII are copied as
/// they are looked at, two words that may overlap; `long` does all others. Apart from it this is a function
/// that keeps nothing.
pub fn copy(long: u32, to: u32, from: u32) -> Function {
    let (target, address, length, first) = (0, 1, 2, 3);
    let mut body = Function::new([(2, ValType::I64)]);
    let mut code = body.instructions();
    code.block(BlockType::Empty)
        .local_get(length)
        .i32_const(8)
        .i32_sub()
        .i32_const(8)
        .i32_gt_u()
        .br_if(0)
        .local_get(target)
        .local_get(address)
        .i64_load(at(0, from))
        .local_tee(first)
        .i64_store(at(0, to));
    last(&mut code, target, length);
    last(&mut code, address, length);
    code.i64_load(at(0, from))
        .local_tee(first + 1)
        .i64_store(at(0, to))
        .local_get(first)
        .local_get(first + 1)
        .i64_or();
    is_not_ascii(&mut code);
    code.br_if(0).i32_const(1).return_().end();
    for local in [target, address, length] {
        code.local_get(local);
    }
    code.call(long).end();
    body
}

/// Leaves the address of the last word of what begins at the address in a local.
fn last(code: &mut InstructionSink<'_>, local: u32, length: u32) {
    code.local_get(local)
        .local_get(length)
        .i32_add()
        .i32_const(-8)
        .i32_add();
}

/// `(target, address, length) -> 1 if the bytes are UTF-8, else 0`: ASCII is copied as it is looked at,
/// anything else from its first word on without a look. `check` is the function below.
pub fn copy_long(bulk: &Bulk, check: u32, to: u32, from: u32) -> Function {
    const WORDS: u32 = 8;
    let (target, address, length, first) = (0, 1, 2, 3);
    let mut body = Function::new([(WORDS, ValType::I64)]);
    let mut code = body.instructions();
    code.block(BlockType::Empty)
        .local_get(length)
        .i32_const(8)
        .i32_lt_u()
        .br_if(0);
    for words in [WORDS, 1] {
        let bytes = words as i32 * 8;
        code.block(BlockType::Empty)
            .local_get(length)
            .i32_const(bytes)
            .i32_lt_u()
            .br_if(0)
            .loop_(BlockType::Empty);
        for word in 0..words {
            let offset = u64::from(word) * 8;
            code.local_get(target)
                .local_get(address)
                .i64_load(at(offset, from))
                .local_tee(first + word)
                .i64_store(at(offset, to));
        }
        for word in 0..words {
            code.local_get(first + word);
            if word > 0 {
                code.i64_or();
            }
        }
        is_not_ascii(&mut code);
        code.br_if(2);
        for (local, step) in [(target, bytes), (address, bytes), (length, -bytes)] {
            advance(&mut code, local, step);
        }
        code.local_get(length)
            .i32_const(bytes)
            .i32_ge_u()
            .br_if(0)
            .end()
            .end();
    }
    // The last word, some of which has been copied already.
    last(&mut code, target, length);
    last(&mut code, address, length);
    code.i64_load(at(0, from))
        .local_tee(first)
        .i64_store(at(0, to))
        .local_get(first);
    is_not_ascii(&mut code);
    code.br_if(0).i32_const(1).return_().end();
    for local in [target, address, length] {
        code.local_get(local);
    }
    bulk.copy_between(&mut code, to, from);
    code.local_get(address).local_get(length).call(check).end();
    body
}

/// `(address, length) -> 1 if the bytes are UTF-8, else 0`
pub fn check(memory: u32) -> Function {
    let (address, length, byte, more, low, high) = (0, 1, 2, 3, 4, 5);
    // The length becomes the end.
    let end = length;
    let mut body = Function::new([(4, ValType::I32)]);
    let mut code = body.instructions();
    let fail = |code: &mut InstructionSink<'_>| {
        code.if_(BlockType::Empty).i32_const(0).return_().end();
    };
    code.local_get(address)
        .local_get(length)
        .i32_add()
        .local_set(end)
        .loop_(BlockType::Empty);
    // Many bytes of ASCII at once, in loops of their own: engines that meter charge for all of a loop.
    for words in [4, 1] {
        skip_ascii(&mut code, memory, address, end, words);
    }
    code.local_get(address)
        .local_get(end)
        .i32_eq()
        .if_(BlockType::Empty)
        .i32_const(1)
        .return_()
        .end();
    code.local_get(address)
        .i32_load8_u(at(0, memory))
        .local_set(byte)
        .local_get(address)
        .i32_const(1)
        .i32_add()
        .local_set(address)
        .local_get(byte)
        .i32_const(0x80)
        .i32_lt_u()
        .br_if(0);
    // A continuation byte, an over-long form, or above U+10FFFF.
    code.local_get(byte)
        .i32_const(0xc2)
        .i32_sub()
        .i32_const(0xf5 - 0xc2)
        .i32_ge_u();
    fail(&mut code);
    // How many bytes follow.
    code.local_get(byte)
        .i32_const(0xe0)
        .i32_ge_u()
        .local_get(byte)
        .i32_const(0xf0)
        .i32_ge_u()
        .i32_add()
        .i32_const(1)
        .i32_add()
        .local_tee(more)
        .local_get(end)
        .local_get(address)
        .i32_sub()
        .i32_gt_u();
    fail(&mut code);
    // The range of the first of them: without over-long forms, surrogates, what is too large.
    for (local, plain, cases) in [
        (low, 0x80, [(0xe0, 0xa0), (0xf0, 0x90)]),
        (high, 0xbf, [(0xed, 0x9f), (0xf4, 0x8f)]),
    ] {
        code.i32_const(plain).local_set(local);
        for (lead, bound) in cases {
            code.local_get(byte)
                .i32_const(lead)
                .i32_eq()
                .if_(BlockType::Empty)
                .i32_const(bound)
                .local_set(local)
                .end();
        }
    }
    code.local_get(address)
        .i32_load8_u(at(0, memory))
        .local_get(low)
        .i32_sub()
        .local_get(high)
        .local_get(low)
        .i32_sub()
        .i32_gt_u();
    fail(&mut code);
    for follower in [1u32, 2] {
        code.local_get(more)
            .i32_const(follower as i32)
            .i32_gt_u()
            .if_(BlockType::Empty)
            .local_get(address)
            .i32_load8_u(at(follower.into(), memory))
            .i32_const(0xc0)
            .i32_and()
            .i32_const(0x80)
            .i32_ne();
        fail(&mut code);
        code.end();
    }
    code.local_get(address)
        .local_get(more)
        .i32_add()
        .local_set(address)
        .br(0)
        .end()
        .unreachable()
        .end();
    body
}
