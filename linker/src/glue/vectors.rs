//! The check of UTF-8 that is not ASCII, sixteen bytes at a time.
//!
//! Whether a byte may come after another depends on the upper half of the first, its lower half and the
//! upper half of the second. A table for each of them has a bit for everything that can be wrong, and
//! what is wrong is in all three. Where the third and the fourth byte of a character have to be is said by
//! what comes two and three bytes before: there, and nowhere else, one continuation byte may follow another.
//! (J. Keiser and D. Lemire, "Validating UTF-8 In Less Than One Instruction Per Byte", 2021.)

use wasm_encoder::{BlockType, InstructionSink};

use super::runs::{at, twice};
use crate::memory::bulk::advance;

/// How many vectors the check keeps in locals.
pub const LOCALS: u32 = 4;

/// A byte that begins a character, and no continuation.
const TOO_SHORT: u8 = 1 << 0;
/// A continuation after ASCII.
const TOO_LONG: u8 = 1 << 1;
/// e0, and what two bytes could say.
const OVERLONG_3: u8 = 1 << 2;
/// Above U+10FFFF.
const TOO_LARGE: u8 = 1 << 3;
/// The first half of what may not be there alone.
const SURROGATE: u8 = 1 << 4;
/// c0 or c1, and what one byte could say.
const OVERLONG_2: u8 = 1 << 5;
/// f5 and more with 80 to 8f behind it, or f0 with it, which three bytes could say.
const TOO_LARGE_1000: u8 = 1 << 6;
const OVERLONG_4: u8 = 1 << 6;
/// A continuation after another. It is the highest bit, which is compared with where they have to be.
const TWO_CONTINUATIONS: u8 = 1 << 7;

/// By the upper half of the first of two bytes.
const FIRST_UPPER: [u8; 16] = {
    let mut table = [TOO_LONG; 16];
    let mut at = 8;
    while at < 12 {
        table[at] = TWO_CONTINUATIONS;
        at += 1;
    }
    table[12] = TOO_SHORT | OVERLONG_2;
    table[13] = TOO_SHORT;
    table[14] = TOO_SHORT | OVERLONG_3 | SURROGATE;
    table[15] = TOO_SHORT | TOO_LARGE | TOO_LARGE_1000 | OVERLONG_4;
    table
};

/// By the lower half of the first.
const FIRST_LOWER: [u8; 16] = {
    // What does not depend on it.
    const ANY: u8 = TOO_SHORT | TOO_LONG | TWO_CONTINUATIONS;
    let mut table = [ANY | TOO_LARGE | TOO_LARGE_1000; 16];
    table[0] = ANY | OVERLONG_3 | OVERLONG_2 | OVERLONG_4;
    table[1] = ANY | OVERLONG_2;
    table[2] = ANY;
    table[3] = ANY;
    table[4] = ANY | TOO_LARGE;
    table[13] |= SURROGATE;
    table
};

/// By the upper half of the second.
const SECOND_UPPER: [u8; 16] = {
    const CONTINUATION: u8 = TOO_LONG | OVERLONG_2 | TWO_CONTINUATIONS;
    let mut table = [TOO_SHORT; 16];
    table[8] = CONTINUATION | OVERLONG_3 | TOO_LARGE_1000 | OVERLONG_4;
    table[9] = CONTINUATION | OVERLONG_3 | TOO_LARGE;
    table[10] = CONTINUATION | SURROGATE | TOO_LARGE;
    table[11] = CONTINUATION | SURROGATE | TOO_LARGE;
    table
};

/// The same byte sixteen times.
fn splat(byte: u8) -> i128 {
    twice(i64::from_le_bytes([byte; 8]))
}

/// The vector that ends so many bytes before the one in a local: `before` has the sixteen in front of it.
fn earlier(code: &mut InstructionSink<'_>, (before, now): (u32, u32), by: u8) {
    let lanes = std::array::from_fn(|at| 16 + at as u8 - by);
    code.local_get(before).local_get(now).i8x16_shuffle(lanes);
}

/// Leaves on the stack what a table says of each half byte in the vector there.
fn look_up(code: &mut InstructionSink<'_>, table: [u8; 16], upper: bool, vector: u32) {
    code.v128_const(i128::from_le_bytes(table))
        .local_get(vector);
    if upper {
        code.i32_const(4).i8x16_shr_u();
    } else {
        code.v128_const(splat(0x0f)).v128_and();
    }
    code.i8x16_swizzle();
}

/// Moves `address` behind UTF-8, whose first character begins there, to the beginning of a character with less
/// than sixteen bytes from the next one to `end`. Returns 0 if anything was wrong before. `first` is the first
/// of the locals for vectors.
pub fn check(code: &mut InstructionSink<'_>, memory: u32, (address, end): (u32, u32), first: u32) {
    let (before, now, wrong, one) = (first, first + 1, first + 2, first + 3);
    let enough = |code: &mut InstructionSink<'_>| {
        code.local_get(end)
            .local_get(address)
            .i32_sub()
            .i32_const(16)
            .i32_ge_u();
    };
    enough(code);
    code.if_(BlockType::Empty)
        .v128_const(0)
        .local_tee(before)
        .local_set(wrong)
        .loop_(BlockType::Empty)
        .local_get(address)
        .v128_load(at(0, memory))
        .local_set(now);
    earlier(code, (before, now), 1);
    code.local_set(one);
    look_up(code, FIRST_UPPER, true, one);
    look_up(code, FIRST_LOWER, false, one);
    code.v128_and();
    look_up(code, SECOND_UPPER, true, now);
    code.v128_and();
    for (by, lead) in [(2, 0xe0u8), (3, 0xf0)] {
        // The highest bit stays where one is at least as large.
        earlier(code, (before, now), by);
        code.v128_const(splat(lead - 0x80)).i8x16_sub_sat_u();
        if by == 3 {
            code.v128_or();
        }
    }
    code.v128_const(splat(0x80))
        .v128_and()
        .v128_xor()
        .local_get(wrong)
        .v128_or()
        .local_set(wrong)
        .local_get(now)
        .local_set(before);
    advance(code, address, 16);
    enough(code);
    code.br_if(0)
        .end()
        .local_get(wrong)
        .v128_any_true()
        .if_(BlockType::Empty)
        .i32_const(0)
        .return_()
        .end();
    // Back to where the last character begins: it may go on behind what was looked at.
    code.loop_(BlockType::Empty);
    advance(code, address, -1);
    code.local_get(address)
        .i32_load8_u(at(0, memory))
        .i32_const(0xc0)
        .i32_and()
        .i32_const(0x80)
        .i32_eq()
        .br_if(0)
        .end()
        .end();
}
