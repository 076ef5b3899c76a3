//! Strings in other encodings than UTF-8: the functions that check and transcode them.
//!
//! `CanonicalABI.md`, "Loading" and "Storing" of strings. All addresses are those of the output's
//! memories. What is transcoded has been checked before.

use wasm_encoder::{BlockType, Function, InstructionSink, MemArg, ValType};

use super::runs::{self, Pieces, Run, at};
use crate::memory::bulk::advance;
use crate::memory::regions::Bulk;
use crate::plan::strings::{Helper, Placed, Units};

impl Placed {
    /// Encodes the function; `bulk` copies bytes, `callee` gives the index of another one, and texts
    /// are taken in `pieces`.
    pub fn encode(
        self,
        bulk: Option<Bulk>,
        callee: impl Fn(Placed) -> u32,
        pieces: Pieces,
    ) -> Function {
        let Placed { helper, to, from } = self;
        match helper {
            Helper::CheckUtf8 => super::utf8::check(from, pieces),
            Helper::CopyUtf8 => {
                super::utf8::copy(callee(Helper::CopyLongUtf8.between(to, from)), to, from)
            }
            Helper::CopyLongUtf8 => {
                let bulk = bulk.expect("what copies strings was planned");
                super::utf8::copy_long(
                    &bulk,
                    callee(Helper::CheckUtf8.between(from, from)),
                    to,
                    from,
                    pieces,
                )
            }
            Helper::CheckUtf16 => check_utf16(from, pieces),
            Helper::Begin(source, target) => begin((source, from), (target, to), pieces),
            Helper::Transcode(source, target) => transcode((source, from), (target, to), pieces),
            Helper::Inflate => inflate(to, pieces),
        }
    }
}

fn at2(offset: u64, memory: u32) -> MemArg {
    MemArg {
        align: 1,
        ..at(offset, memory)
    }
}

fn check_utf16(memory: u32, pieces: Pieces) -> Function {
    let (address, end, unit, scratch) = (0, 1, 2, 3);
    let mut locals = vec![(1, ValType::I32)];
    locals.extend(runs::locals(pieces));
    let mut body = Function::new(locals);
    let mut code = body.instructions();
    code.local_get(address)
        .local_get(end)
        .i32_add()
        .local_set(end)
        .loop_(BlockType::Empty);
    runs::skip_plain_utf16(&mut code, memory, (address, end), scratch, pieces);
    code.loop_(BlockType::Empty)
        .local_get(address)
        .local_get(end)
        .i32_ge_u()
        .if_(BlockType::Empty)
        .i32_const(1)
        .return_()
        .end()
        .local_get(address)
        .i32_load16_u(at2(0, memory))
        .local_set(unit);
    advance(&mut code, address, 2);
    code.local_get(unit)
        .i32_const(0xf800)
        .i32_and()
        .i32_const(0xd800)
        .i32_ne()
        .br_if(0);
    // The first of two, with the second behind it.
    code.local_get(unit)
        .i32_const(0xdc00)
        .i32_ge_u()
        .local_get(address)
        .local_get(end)
        .i32_ge_u()
        .i32_or()
        .if_(BlockType::Empty)
        .i32_const(0)
        .return_()
        .end()
        .local_get(address)
        .i32_load16_u(at2(0, memory))
        .i32_const(0xfc00)
        .i32_and()
        .i32_const(0xdc00)
        .i32_ne()
        .if_(BlockType::Empty)
        .i32_const(0)
        .return_()
        .end();
    advance(&mut code, address, 2);
    code.br(1).end().end().unreachable().end();
    body
}

/// Takes the next code point at `address` into `char`, and goes on behind it.
fn decode(code: &mut InstructionSink<'_>, (from, memory): (Units, u32), address: u32, char: u32) {
    let load = |code: &mut InstructionSink<'_>, from: Units, offset: u64| {
        code.local_get(address);
        match from {
            Units::Utf16 => code.i32_load16_u(at2(offset, memory)),
            _ => code.i32_load8_u(at(offset, memory)),
        };
    };
    load(code, from, 0);
    code.local_set(char);
    match from {
        Units::Latin1 => advance(code, address, 1),
        Units::Utf16 => {
            advance(code, address, 2);
            code.local_get(char)
                .i32_const(0xf800)
                .i32_and()
                .i32_const(0xd800)
                .i32_eq()
                .if_(BlockType::Empty)
                .local_get(char)
                .i32_const(10)
                .i32_shl();
            load(code, from, 0);
            // What both marks add up to is taken off at once.
            code.i32_add()
                .i32_const(0x1_0000 - (0xd800 << 10) - 0xdc00)
                .i32_add()
                .local_set(char);
            advance(code, address, 2);
            code.end();
        }
        Units::Utf8 => {
            let more = |code: &mut InstructionSink<'_>, offset: u64| {
                code.i32_const(6).i32_shl();
                load(code, Units::Utf8, offset);
                code.i32_const(0x3f).i32_and().i32_or();
            };
            let first = |code: &mut InstructionSink<'_>, mask: i32| {
                code.local_get(char).i32_const(mask).i32_and();
            };
            code.local_get(char)
                .i32_const(0x80)
                .i32_lt_u()
                .if_(BlockType::Empty);
            advance(code, address, 1);
            code.else_();
            for (limit, mask, length) in [(0xe0, 0x1f, 2), (0xf0, 0x0f, 3), (0x100, 0x07, 4)] {
                let last = length == 4;
                if !last {
                    code.local_get(char)
                        .i32_const(limit)
                        .i32_lt_u()
                        .if_(BlockType::Empty);
                }
                first(code, mask);
                for offset in 1..length {
                    more(code, offset);
                }
                code.local_set(char);
                advance(code, address, length as i32);
                if !last {
                    code.else_();
                }
            }
            code.end().end().end();
        }
    }
}

/// Takes the characters of one byte, several at once as long as it goes.
fn begin((from, source): (Units, u32), (to, memory): (Units, u32), pieces: Pieces) -> Function {
    let (target, address, end, first_target, first, char, scratch) = (0, 1, 2, 3, 4, 5, 6);
    let mut locals = vec![(3, ValType::I32)];
    locals.extend(runs::locals(pieces));
    let mut body = Function::new(locals);
    let mut code = body.instructions();
    let limit = if to == Units::Latin1 { 0x100 } else { 0x80 };
    code.local_get(target)
        .local_set(first_target)
        .local_get(address)
        .local_tee(first)
        .local_get(end)
        .i32_add()
        .local_set(end);
    let run = Run {
        from: (from, source),
        to: (to, memory),
        limit: Some(limit),
        target,
        address,
        end,
        scratch,
        pieces,
    };
    run.encode(&mut code);
    code.block(BlockType::Empty)
        .loop_(BlockType::Empty)
        .local_get(address)
        .local_get(end)
        .i32_ge_u()
        .br_if(1)
        .local_get(address);
    match from {
        Units::Utf16 => code.i32_load16_u(at2(0, source)),
        _ => code.i32_load8_u(at(0, source)),
    };
    code.local_tee(char);
    if from == Units::Utf8 {
        // The characters from U+80 on that are in Latin-1 begin with c2 and c3.
        code.i32_const(0xc4)
            .i32_ge_u()
            .br_if(1)
            .local_get(char)
            .i32_const(0x80)
            .i32_ge_u()
            .if_(BlockType::Empty);
        advance(&mut code, address, 1);
        code.local_get(char)
            .i32_const(6)
            .i32_shl()
            .local_get(address)
            .i32_load8_u(at(0, source))
            .i32_const(0x3f)
            .i32_and()
            .i32_or()
            .local_set(char)
            .end();
    } else {
        code.i32_const(limit as i32).i32_ge_u().br_if(1);
    }
    code.local_get(target)
        .local_get(char)
        .i32_store8(at(0, memory));
    advance(&mut code, target, 1);
    advance(&mut code, address, if from == Units::Utf16 { 2 } else { 1 });
    code.br(0)
        .end()
        .end()
        .local_get(address)
        .local_get(first)
        .i32_sub()
        .i64_extend_i32_u()
        .i64_const(32)
        .i64_shl()
        .local_get(target)
        .local_get(first_target)
        .i32_sub()
        .i64_extend_i32_u()
        .i64_or()
        .end();
    body
}

/// From the last byte to the first: what is not read yet is not written over.
fn inflate(memory: u32, pieces: Pieces) -> Function {
    let (address, bytes, scratch) = (0, 1, 2);
    let mut body = Function::new(runs::locals(pieces));
    let mut code = body.instructions();
    runs::inflate(&mut code, memory, (address, bytes), scratch, pieces);
    code.block(BlockType::Empty)
        .loop_(BlockType::Empty)
        .local_get(bytes)
        .i32_eqz()
        .br_if(1);
    advance(&mut code, bytes, -1);
    code.local_get(address)
        .local_get(bytes)
        .i32_const(1)
        .i32_shl()
        .i32_add()
        .local_get(address)
        .local_get(bytes)
        .i32_add()
        .i32_load8_u(at(0, memory))
        .i32_store16(at2(0, memory))
        .br(0)
        .end()
        .end()
        .end();
    body
}

fn transcode((from, source): (Units, u32), (to, memory): (Units, u32), pieces: Pieces) -> Function {
    let (target, address, end, char, row, scratch) = (0, 1, 2, 3, 4, 5);
    let mut locals = vec![(2, ValType::I32)];
    locals.extend(runs::locals(pieces));
    let mut body = Function::new(locals);
    let mut code = body.instructions();
    code.local_get(address)
        .local_get(end)
        .i32_add()
        .local_set(end)
        .loop_(BlockType::Empty);
    let run = Run {
        from: (from, source),
        to: (to, memory),
        limit: (from != Units::Latin1 || to != Units::Utf16).then_some(0x80),
        target,
        address,
        end,
        scratch,
        pieces,
    };
    run.encode(&mut code);
    code.loop_(BlockType::Empty);
    if from != Units::Latin1 {
        run.two_bytes(&mut code);
    }
    code.loop_(BlockType::Empty)
        .local_get(address)
        .local_get(end)
        .i32_ge_u()
        .if_(BlockType::Empty)
        .local_get(target)
        .return_()
        .end();
    decode(&mut code, (from, source), address, char);
    match to {
        Units::Latin1 => unreachable!("what is not in Latin-1 is the rest"),
        Units::Utf16 => {
            code.local_get(char)
                .i32_const(0x1_0000)
                .i32_lt_u()
                .if_(BlockType::Empty)
                .local_get(target)
                .local_get(char)
                .i32_store16(at2(0, memory));
            advance(&mut code, target, 2);
            code.else_()
                .local_get(target)
                .local_get(char)
                .i32_const(10)
                .i32_shr_u()
                .i32_const(0xd800 - (0x1_0000 >> 10))
                .i32_add()
                .i32_store16(at2(0, memory))
                .local_get(target)
                .local_get(char)
                .i32_const(0x3ff)
                .i32_and()
                .i32_const(0xdc00)
                .i32_or()
                .i32_store16(at2(2, memory));
            advance(&mut code, target, 4);
            code.end();
        }
        Units::Utf8 => {
            let put = |code: &mut InstructionSink<'_>, offset: u64, shift: i32, mark: i32| {
                code.local_get(target).local_get(char);
                if shift > 0 {
                    code.i32_const(shift).i32_shr_u();
                }
                if mark == 0x80 {
                    code.i32_const(0x3f).i32_and();
                }
                if mark > 0 {
                    code.i32_const(mark).i32_or();
                }
                code.i32_store8(at(offset, memory));
            };
            for (limit, mark, length) in [
                (0x80, 0, 1),
                (0x800, 0xc0, 2),
                (0x1_0000, 0xe0, 3),
                (0, 0xf0, 4),
            ] {
                if limit > 0 {
                    code.local_get(char)
                        .i32_const(limit)
                        .i32_lt_u()
                        .if_(BlockType::Empty);
                }
                put(&mut code, 0, 6 * (length - 1), mark);
                for offset in 1..length {
                    put(&mut code, offset as u64, 6 * (length - 1 - offset), 0x80);
                }
                advance(&mut code, target, length);
                if limit > 0 {
                    code.else_();
                }
            }
            code.end().end().end();
        }
    }
    // Where two characters of one unit come after others, there may be many; and after ASCII, letters.
    code.local_get(char)
        .i32_const(0x80)
        .i32_lt_u()
        .if_(BlockType::Empty);
    advance(&mut code, row, 1);
    code.local_get(row)
        .i32_const(2)
        .i32_eq()
        .br_if(3)
        .else_()
        .local_get(row)
        .i32_const(0)
        .local_set(row)
        .br_if(2)
        .end()
        .br(0)
        .end()
        .end()
        .end()
        .unreachable()
        .end();
    body
}
