//! The check that a string is UTF-8, alone and while it is copied.

use wasm_encoder::{BlockType, Function, InstructionSink, ValType};

use super::runs::{NOT_ASCII, Pieces, at, twice};
use super::vectors;
use crate::memory::bulk::{advance, leave_without};
use crate::memory::regions::Bulk;

/// Whether a word on the stack has bytes that are not ASCII.
fn is_not_ascii(code: &mut InstructionSink<'_>) {
    code.i64_const(NOT_ASCII).i64_and().i64_const(0).i64_ne();
}

/// A piece of what is looked at or copied at once.
#[derive(Clone, Copy, PartialEq)]
enum Piece {
    Word,
    Vector,
}

impl Piece {
    fn bytes(self) -> u32 {
        match self {
            Piece::Word => 8,
            Piece::Vector => 16,
        }
    }

    fn load(self, code: &mut InstructionSink<'_>, offset: u64, memory: u32) {
        match self {
            Piece::Word => code.i64_load(at(offset, memory)),
            Piece::Vector => code.v128_load(at(offset, memory)),
        };
    }

    fn store(self, code: &mut InstructionSink<'_>, offset: u64, memory: u32) {
        match self {
            Piece::Word => code.i64_store(at(offset, memory)),
            Piece::Vector => code.v128_store(at(offset, memory)),
        };
    }

    fn or(self, code: &mut InstructionSink<'_>) {
        match self {
            Piece::Word => code.i64_or(),
            Piece::Vector => code.v128_or(),
        };
    }

    /// Whether the one on the stack has bytes that are not ASCII.
    fn is_not_ascii(self, code: &mut InstructionSink<'_>) {
        match self {
            Piece::Word => is_not_ascii(code),
            Piece::Vector => {
                code.v128_const(twice(NOT_ASCII)).v128_and().v128_any_true();
            }
        }
    }
}

/// Moves `address` behind ASCII, so many pieces at a time.
fn skip_ascii(
    code: &mut InstructionSink<'_>,
    memory: u32,
    (address, end): (u32, u32),
    (piece, count): (Piece, u32),
) {
    let bytes = (count * piece.bytes()) as i32;
    code.block(BlockType::Empty).loop_(BlockType::Empty);
    leave_without(code, (address, end), bytes, 1);
    for at in 0..count {
        code.local_get(address);
        piece.load(code, (at * piece.bytes()).into(), memory);
        if at > 0 {
            piece.or(code);
        }
    }
    piece.is_not_ascii(code);
    code.br_if(1);
    advance(code, address, bytes);
    code.br(0).end().end();
}

/// How many words [`skip_short`] keeps in locals.
const SHORT_LOCALS: u32 = 4;

/// Moves `address` behind characters of one and two bytes in any order, a word at a time, to the beginning of the
/// character in which a word begins that has others, wrong ones, or ASCII alone; `first` is the first of its locals.
///
/// The highest bit of a byte of a mask says what the byte is. All bytes that are not ASCII either lead or follow a byte
/// that leads, and no other.
fn skip_short(code: &mut InstructionSink<'_>, memory: u32, (address, end): (u32, u32), first: u32) {
    // `carry` has the highest bit of its first byte, if the last byte of the word before leads.
    let (word, high, leads, carry) = (first, first + 1, first + 2, first + 3);
    let each = |byte: u8| i64::from_le_bytes([byte; 8]);
    let shifted = |code: &mut InstructionSink<'_>, local: u32, by: i64| {
        code.local_get(local).i64_const(by).i64_shl();
    };
    let enough = |code: &mut InstructionSink<'_>| {
        code.local_get(end)
            .local_get(address)
            .i32_sub()
            .i32_const(8)
            .i32_ge_u();
    };
    enough(code);
    code.if_(BlockType::Empty)
        .i64_const(0)
        .local_set(carry)
        .block(BlockType::Empty)
        .loop_(BlockType::Empty)
        .local_get(address)
        .i64_load(at(0, memory))
        .local_tee(word)
        .i64_const(NOT_ASCII)
        .i64_and()
        .local_tee(high)
        .i64_eqz()
        .br_if(1);
    // 11xxxxxx leads.
    shifted(code, word, 1);
    code.local_get(high).i64_and().local_tee(leads);
    // What follows has to be behind it.
    code.local_get(high).i64_xor().local_get(carry).i64_xor();
    shifted(code, leads, 8);
    code.i64_xor();
    // 111xxxxx has more than one behind it.
    shifted(code, word, 2);
    code.local_get(leads).i64_and().i64_or();
    // c0 and c1 would lead what one byte could say: what is at least c2 carries into the highest bit.
    code.local_get(word)
        .i64_const(each(0x1e))
        .i64_and()
        .i64_const(each(0x7e))
        .i64_add()
        .i64_const(-1)
        .i64_xor()
        .local_get(leads)
        .i64_and()
        .i64_or()
        .i64_const(0)
        .i64_ne()
        .br_if(1)
        .local_get(leads)
        .i64_const(56)
        .i64_shr_u()
        .local_set(carry);
    advance(code, address, 8);
    enough(code);
    code.br_if(0).end().end();
    // Back to a byte that leads.
    code.local_get(address)
        .local_get(carry)
        .i64_const(7)
        .i64_shr_u()
        .i32_wrap_i64()
        .i32_sub()
        .local_set(address)
        .end();
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
    last(&mut code, target, length, Piece::Word);
    last(&mut code, address, length, Piece::Word);
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

/// Leaves the address of the last piece of what begins at the address in a local.
fn last(code: &mut InstructionSink<'_>, local: u32, length: u32, piece: Piece) {
    code.local_get(local)
        .local_get(length)
        .i32_add()
        .i32_const(-(piece.bytes() as i32))
        .i32_add();
}

/// `(target, address, length) -> 1 if the bytes are UTF-8, else 0`: ASCII is copied as it is looked at,
/// anything else from its first word on without a look. `check` is the function below.
pub fn copy_long(bulk: &Bulk, check: u32, to: u32, from: u32, pieces: Pieces) -> Function {
    let (piece, ty, most) = match pieces {
        Pieces::Vectors => (Piece::Vector, ValType::V128, 4),
        _ => (Piece::Word, ValType::I64, 8),
    };
    let (target, address, length, first) = (0, 1, 2, 3);
    let mut body = Function::new([(most, ty)]);
    let mut code = body.instructions();
    code.block(BlockType::Empty)
        .local_get(length)
        .i32_const(piece.bytes() as i32)
        .i32_lt_u()
        .br_if(0);
    for count in [most, 1] {
        let bytes = (count * piece.bytes()) as i32;
        code.block(BlockType::Empty)
            .local_get(length)
            .i32_const(bytes)
            .i32_lt_u()
            .br_if(0)
            .loop_(BlockType::Empty);
        for at in 0..count {
            let offset = (at * piece.bytes()).into();
            code.local_get(target).local_get(address);
            piece.load(&mut code, offset, from);
            code.local_tee(first + at);
            piece.store(&mut code, offset, to);
        }
        for at in 0..count {
            code.local_get(first + at);
            if at > 0 {
                piece.or(&mut code);
            }
        }
        piece.is_not_ascii(&mut code);
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
    // The last piece, some of which has been copied already.
    last(&mut code, target, length, piece);
    last(&mut code, address, length, piece);
    piece.load(&mut code, 0, from);
    code.local_tee(first);
    piece.store(&mut code, 0, to);
    code.local_get(first);
    piece.is_not_ascii(&mut code);
    code.br_if(0).i32_const(1).return_().end();
    for local in [target, address, length] {
        code.local_get(local);
    }
    bulk.copy_between(&mut code, to, from);
    code.local_get(address).local_get(length).call(check).end();
    body
}

/// `(address, length) -> 1 if the bytes are UTF-8, else 0`
pub fn check(memory: u32, pieces: Pieces) -> Function {
    let (address, length, byte, more, low, high, row, scratch) = (0, 1, 2, 3, 4, 5, 6, 7);
    // The length becomes the end.
    let end = length;
    let mut locals = vec![(5, ValType::I32)];
    locals.extend(match pieces {
        Pieces::Vectors => Some((vectors::LOCALS, ValType::V128)),
        Pieces::Words => Some((SHORT_LOCALS, ValType::I64)),
        Pieces::Units => None,
    });
    let mut body = Function::new(locals);
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
    let steps: &[(Piece, u32)] = match pieces {
        Pieces::Vectors => &[(Piece::Vector, 4), (Piece::Vector, 1)],
        Pieces::Words => &[(Piece::Word, 4), (Piece::Word, 1)],
        Pieces::Units => &[],
    };
    for &piece in steps {
        skip_ascii(&mut code, memory, (address, end), piece);
    }
    code.loop_(BlockType::Empty);
    match pieces {
        Pieces::Vectors => vectors::check(&mut code, memory, (address, end), scratch),
        Pieces::Words => skip_short(&mut code, memory, (address, end), scratch),
        Pieces::Units => {}
    }
    code.loop_(BlockType::Empty)
        .local_get(address)
        .local_get(end)
        .i32_eq()
        .if_(BlockType::Empty)
        .i32_const(1)
        .return_()
        .end();
    code.local_get(address)
        .i32_load8_u(at(0, memory))
        .local_set(byte);
    advance(&mut code, address, 1);
    code.local_get(byte)
        .i32_const(0x80)
        .i32_lt_u()
        .if_(BlockType::Empty);
    // Where two characters of one byte come after others, there may be many.
    advance(&mut code, row, 1);
    code.local_get(row)
        .i32_const(2)
        .i32_eq()
        .br_if(3)
        .br(1)
        .end();
    // And letters after ASCII.
    code.local_get(row)
        .if_(BlockType::Empty)
        .i32_const(0)
        .local_set(row);
    advance(&mut code, address, -1);
    code.br(2).end();
    // A continuation byte, an over-long form, or above U+10FFFF.
    code.local_get(byte)
        .i32_const(0xc2)
        .i32_sub()
        .i32_const(0xf5 - 0xc2)
        .i32_ge_u();
    fail(&mut code);
    // One more byte, as most often.
    code.local_get(byte)
        .i32_const(0xe0)
        .i32_lt_u()
        .if_(BlockType::Empty)
        .local_get(address)
        .local_get(end)
        .i32_eq();
    fail(&mut code);
    code.local_get(address)
        .i32_load8_u(at(0, memory))
        .i32_const(0xc0)
        .i32_and()
        .i32_const(0x80)
        .i32_ne();
    fail(&mut code);
    advance(&mut code, address, 1);
    code.br(1).end();
    // How many bytes follow.
    code.local_get(byte)
        .i32_const(0xf0)
        .i32_ge_u()
        .i32_const(2)
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
        let is_last = follower == 2;
        if is_last {
            code.local_get(more)
                .i32_const(follower as i32)
                .i32_gt_u()
                .if_(BlockType::Empty);
        }
        code.local_get(address)
            .i32_load8_u(at(follower.into(), memory))
            .i32_const(0xc0)
            .i32_and()
            .i32_const(0x80)
            .i32_ne();
        fail(&mut code);
        if is_last {
            code.end();
        }
    }
    code.local_get(address)
        .local_get(more)
        .i32_add()
        .local_set(address)
        .br(0)
        .end()
        .end()
        .end()
        .unreachable()
        .end();
    body
}
