//! Runs of characters that take one unit before and after: they are checked and written many at a time, in
//! vectors of sixteen bytes where the target has them and in words of eight elsewhere.

use wasm_encoder::{BlockType, InstructionSink, MemArg, MemArgTarget, ValType};

use crate::memory::bulk::{advance, leave_without};
use crate::plan::strings::Units;

/// The bits of eight bytes that ASCII does not have.
pub const NOT_ASCII: i64 = 0x8080_8080_8080_8080_u64 as i64;
/// The lowest bit of each of four units of two bytes.
const PAIRS: i64 = 0x0001_0001_0001_0001;

/// A place in a memory that need not be aligned.
pub fn at(offset: u64, memory: u32) -> MemArg {
    MemArg {
        offset,
        align: 0,
        target: MemArgTarget::Memory(memory),
        ordering: None,
    }
}

/// The same constant in both halves of a vector.
pub fn twice(word: i64) -> i128 {
    (i128::from(word) << 64) | i128::from(word as u64)
}

/// What texts are taken in, beside single units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pieces {
    /// Nothing else.
    Units,
    Words,
    Vectors,
}

/// The types of the locals that a run needs, one behind the other.
pub fn locals(pieces: Pieces) -> Vec<(u32, ValType)> {
    let mut locals = Vec::new();
    if pieces >= Pieces::Words {
        locals.push((2, ValType::I64));
    }
    if pieces >= Pieces::Vectors {
        locals.push((2, ValType::V128));
    }
    locals
}

/// Characters on their way from one memory to another.
#[derive(Clone, Copy)]
pub struct Run {
    pub from: (Units, u32),
    pub to: (Units, u32),
    /// The first character that is not taken; none where all are.
    pub limit: Option<i64>,
    /// Locals with addresses: where the next character goes, where it is, and where the last one ends.
    pub target: u32,
    pub address: u32,
    pub end: u32,
    /// The first of [`locals`].
    pub scratch: u32,
    pub pieces: Pieces,
}

fn bytes(units: Units, count: u32) -> i32 {
    let size = if units == Units::Utf16 { 2 } else { 1 };
    (count * size) as i32
}

impl Run {
    /// Takes as many characters as it can, but for up to three at the end, or before one that is not
    /// taken.
    pub fn encode(&self, code: &mut InstructionSink<'_>) {
        let only_widens =
            self.limit.is_none() && (self.from.0, self.to.0) == (Units::Latin1, Units::Utf16);
        if only_widens {
            self.widen_all(code);
            return;
        }
        if self.pieces >= Pieces::Vectors {
            self.turns(code, 16, true);
        }
        if self.pieces >= Pieces::Words {
            self.turns(code, 8, self.pieces == Pieces::Words);
            self.turns(code, 4, false);
        }
    }

    /// Takes units of one byte that become two, with nothing to check: as many in a turn as make what the
    /// turn itself costs small. Without vectors each is moved alone, which takes two instructions of most
    /// machines, where a word takes three for each unit in it.
    fn widen_all(&self, code: &mut InstructionSink<'_>) {
        if self.pieces >= Pieces::Vectors {
            self.widen_turns(code, 64, true, 8);
            self.widen_turns(code, 16, true, 8);
            self.widen_turns(code, 8, false, 8);
        } else if self.pieces >= Pieces::Words {
            self.widen_turns(code, 16, true, 1);
        }
        if self.pieces >= Pieces::Words {
            self.widen_turns(code, 4, true, 1);
        }
    }

    /// Takes so many such units in a turn, again and again or once, `lanes` of them at once: 8 or 1.
    fn widen_turns(&self, code: &mut InstructionSink<'_>, count: u32, again: bool, lanes: u32) {
        self.turns_of(code, count, again, |code, _| {
            for unit in (0..count).step_by(lanes as usize) {
                let source = at(u64::from(unit), self.from.1);
                let target = at(u64::from(unit) * 2, self.to.1);
                code.local_get(self.target).local_get(self.address);
                if lanes == 8 {
                    code.v128_load8x8_u(source).v128_store(target);
                } else {
                    code.i32_load8_u(source).i32_store16(target);
                }
            }
        });
    }

    /// Takes characters of two bytes in UTF-8, four at once as long as it goes, from UTF-8 to UTF-16 or back.
    /// What is read is known to be right.
    pub fn two_bytes(&self, code: &mut InstructionSink<'_>) {
        if self.pieces < Pieces::Words {
            return;
        }
        let word = self.scratch;
        code.block(BlockType::Empty).loop_(BlockType::Empty);
        leave_without(code, (self.address, self.end), 8, 1);
        code.local_get(self.address)
            .i64_load(at(0, self.from.1))
            .local_set(word);
        let part = |code: &mut InstructionSink<'_>, mask: i64| {
            code.i64_const(PAIRS.wrapping_mul(mask)).i64_and();
        };
        if self.from.0 == Units::Utf8 {
            are_of_two_bytes(code, word);
        } else {
            // At least 80 and below 800: what is above carries into the highest bit.
            code.local_get(word);
            part(code, 0xf800);
            code.i64_eqz().local_get(word);
            part(code, 0x0780);
            code.i64_const(PAIRS * 0x7f80).i64_add();
            part(code, 0x8000);
            code.i64_const(PAIRS.wrapping_mul(0x8000))
                .i64_eq()
                .i32_and();
        }
        code.i32_eqz()
            .br_if(1)
            .local_get(self.target)
            .local_get(word);
        if self.from.0 == Units::Utf8 {
            part(code, 0x001f);
            code.i64_const(6).i64_shl().local_get(word);
            code.i64_const(8).i64_shr_u();
            part(code, 0x003f);
        } else {
            code.i64_const(6).i64_shr_u();
            part(code, 0x001f);
            code.local_get(word);
            part(code, 0x003f);
            code.i64_const(8).i64_shl();
            code.i64_or().i64_const(PAIRS.wrapping_mul(0x80c0));
        }
        code.i64_or().i64_store(at(0, self.to.1));
        advance(code, self.target, 8);
        advance(code, self.address, 8);
        code.br(0).end().end();
    }

    /// Takes so many characters, again and again or once.
    fn turns(&self, code: &mut InstructionSink<'_>, count: u32, again: bool) {
        self.turns_of(code, count, again, |code, out| match count {
            16 => self.vectors(code, out),
            _ => self.words(code, count, out),
        });
    }

    /// Takes so many characters, again and again or once, as `take` does, which branches to the label that it
    /// gets where it does not take them.
    fn turns_of<'a>(
        &self,
        code: &mut InstructionSink<'a>,
        count: u32,
        again: bool,
        take: impl FnOnce(&mut InstructionSink<'a>, u32),
    ) {
        let (read, written) = (bytes(self.from.0, count), bytes(self.to.0, count));
        code.block(BlockType::Empty);
        if again {
            code.loop_(BlockType::Empty);
        }
        let out = u32::from(again);
        leave_without(code, (self.address, self.end), read, out);
        take(code, out);
        advance(code, self.target, written);
        advance(code, self.address, read);
        if again {
            code.br(0).end();
        }
        code.end();
    }

    /// The bits that a unit of what is read must not have, in each of four or eight.
    fn mask(&self) -> Option<i64> {
        let limit = self.limit?;
        Some(match self.from.0 {
            Units::Utf16 => PAIRS.wrapping_mul(0x1_0000 - limit),
            _ => NOT_ASCII,
        })
    }

    fn vectors(&self, code: &mut InstructionSink<'_>, out: u32) {
        let (source, memory) = (self.from.1, self.to.1);
        let first = self.scratch + 2;
        let is_pair = (self.from.0 == Units::Utf16, self.to.0 == Units::Utf16);
        let load = |code: &mut InstructionSink<'_>, at_vector: u32| {
            code.local_get(self.address);
            match is_pair {
                (false, true) => code.v128_load8x8_u(at(u64::from(at_vector) * 8, source)),
                _ => code.v128_load(at(u64::from(at_vector) * 16, source)),
            };
            code.local_set(first + at_vector);
        };
        let count = if is_pair.0 == is_pair.1 { 1 } else { 2 };
        for vector in 0..count {
            load(code, vector);
        }
        if let Some(mask) = self.mask() {
            code.local_get(first);
            if count == 2 {
                code.local_get(first + 1).v128_or();
            }
            // Units of one byte that become two have become that already.
            let mask = if is_pair == (false, true) {
                PAIRS << 7
            } else {
                mask
            };
            code.v128_const(twice(mask))
                .v128_and()
                .v128_any_true()
                .br_if(out);
        }
        code.local_get(self.target).local_get(first);
        match is_pair {
            (true, false) => {
                code.local_get(first + 1).i8x16_narrow_i16x8_u();
            }
            (false, true) => {
                code.v128_store(at(0, memory))
                    .local_get(self.target)
                    .local_get(first + 1)
                    .v128_store(at(16, memory));
                return;
            }
            _ => {}
        }
        code.v128_store(at(0, memory));
    }

    fn words(&self, code: &mut InstructionSink<'_>, count: u32, out: u32) {
        let (source, memory) = (self.from.1, self.to.1);
        let word = self.scratch;
        let is_pair = (self.from.0 == Units::Utf16, count == 8);
        code.local_get(self.address);
        match is_pair {
            (false, false) => code.i64_load32_u(at(0, source)),
            _ => code.i64_load(at(0, source)),
        };
        code.local_tee(word);
        if is_pair == (true, true) {
            code.local_get(self.address)
                .i64_load(at(8, source))
                .local_tee(word + 1)
                .i64_or();
        }
        match self.mask() {
            Some(mask) => {
                code.i64_const(mask)
                    .i64_and()
                    .i64_const(0)
                    .i64_ne()
                    .br_if(out);
            }
            None => {
                code.drop();
            }
        }
        code.local_get(self.target);
        match (self.from.0 == Units::Utf16, self.to.0 == Units::Utf16) {
            (true, false) => {
                narrow(code, word);
                if count == 8 {
                    narrow(code, word + 1);
                    code.i64_const(32).i64_shl().i64_or();
                    code.i64_store(at(0, memory));
                } else {
                    code.i64_store32(at(0, memory));
                }
            }
            (false, true) => {
                if count == 8 {
                    code.local_get(word)
                        .i64_const(0xffff_ffff)
                        .i64_and()
                        .local_set(word + 1);
                    widen(code, word + 1);
                    code.i64_store(at(0, memory)).local_get(self.target);
                    code.local_get(word)
                        .i64_const(32)
                        .i64_shr_u()
                        .local_set(word);
                    widen(code, word);
                    code.i64_store(at(8, memory));
                } else {
                    widen(code, word);
                    code.i64_store(at(0, memory));
                }
            }
            _ => {
                code.local_get(word);
                match count {
                    8 => code.i64_store(at(0, memory)),
                    _ => code.i64_store32(at(0, memory)),
                };
            }
        }
    }
}

/// Leaves on the stack whether the word in a local is four characters of two bytes each in UTF-8, if nothing is wrong
/// with them.
fn are_of_two_bytes(code: &mut InstructionSink<'_>, word: u32) {
    code.local_get(word)
        .i64_const(PAIRS.wrapping_mul(0xc0e0))
        .i64_and()
        .i64_const(PAIRS.wrapping_mul(0x80c0))
        .i64_eq();
}

/// Leaves four units of two bytes in a local, of which one each is used, as four bytes on the stack.
fn narrow(code: &mut InstructionSink<'_>, word: u32) {
    // Pairs first.
    code.local_get(word)
        .local_get(word)
        .i64_const(8)
        .i64_shr_u()
        .i64_or()
        .i64_const(0xffff_0000_ffff)
        .i64_and()
        .local_tee(word)
        .local_get(word)
        .i64_const(16)
        .i64_shr_u()
        .i64_or()
        .i64_const(0xffff_ffff)
        .i64_and();
}

/// Leaves four bytes in a local, with nothing above them, as four units of two bytes on the stack.
fn widen(code: &mut InstructionSink<'_>, word: u32) {
    for (shift, mask) in [(16, 0xffff_0000_ffff), (8, PAIRS * 0xff)] {
        code.local_get(word)
            .local_get(word)
            .i64_const(shift)
            .i64_shl()
            .i64_or()
            .i64_const(mask)
            .i64_and();
        if shift > 8 {
            code.local_set(word);
        }
    }
}

/// Moves `address` behind units of UTF-16 none of which is a surrogate, but for up to three at the end.
pub fn skip_plain_utf16(
    code: &mut InstructionSink<'_>,
    memory: u32,
    (address, end): (u32, u32),
    scratch: u32,
    pieces: Pieces,
) {
    const HIGH: i64 = PAIRS.wrapping_mul(0xf800);
    const SURROGATES: i64 = PAIRS.wrapping_mul(0xd800);
    for (needs, count) in [(Pieces::Vectors, 8), (Pieces::Words, 4)] {
        if pieces < needs {
            continue;
        }
        let step = bytes(Units::Utf16, count);
        code.block(BlockType::Empty).loop_(BlockType::Empty);
        leave_without(code, (address, end), step, 1);
        code.local_get(address);
        if count == 8 {
            code.v128_load(at(0, memory))
                .v128_const(twice(HIGH))
                .v128_and()
                .v128_const(twice(SURROGATES))
                .i16x8_eq()
                .v128_any_true()
                .br_if(1);
        } else {
            // Whether one of four is zero: the borrow of a unit begins at the lowest of them.
            code.i64_load(at(0, memory))
                .i64_const(HIGH)
                .i64_and()
                .i64_const(SURROGATES)
                .i64_xor()
                .local_tee(scratch)
                .i64_const(PAIRS)
                .i64_sub()
                .local_get(scratch)
                .i64_const(-1)
                .i64_xor()
                .i64_and()
                .i64_const(PAIRS << 15)
                .i64_and()
                .i64_const(0)
                .i64_ne()
                .br_if(1);
        }
        advance(code, address, step);
        code.br(0).end().end();
    }
}

/// From the last byte of a text in Latin-1 to the first, several at once: what is not read yet is not
/// written over. Up to three remain at its beginning, and `bytes` is their number then.
pub fn inflate(
    code: &mut InstructionSink<'_>,
    memory: u32,
    (address, bytes): (u32, u32),
    scratch: u32,
    pieces: Pieces,
) {
    for (needs, count) in [(Pieces::Vectors, 16), (Pieces::Words, 4)] {
        if pieces < needs {
            continue;
        }
        code.block(BlockType::Empty)
            .loop_(BlockType::Empty)
            .local_get(bytes)
            .i32_const(count)
            .i32_lt_u()
            .br_if(1);
        advance(code, bytes, -count);
        let to = |code: &mut InstructionSink<'_>| {
            code.local_get(address)
                .local_get(bytes)
                .i32_const(1)
                .i32_shl()
                .i32_add();
        };
        code.local_get(address).local_get(bytes).i32_add();
        if count == 16 {
            let vector = scratch + 2;
            code.v128_load(at(0, memory)).local_set(vector);
            to(code);
            code.local_get(vector)
                .i16x8_extend_low_i8x16_u()
                .v128_store(at(0, memory));
            to(code);
            code.local_get(vector)
                .i16x8_extend_high_i8x16_u()
                .v128_store(at(16, memory));
        } else {
            code.i64_load32_u(at(0, memory)).local_set(scratch);
            to(code);
            widen(code, scratch);
            code.i64_store(at(0, memory));
        }
        code.br(0).end().end();
    }
}
