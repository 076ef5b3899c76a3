//! Lists of `bool`, of enums and of `char`: a word at a time, as long as nothing is wrong or rare.

use anyhow::Result;
use wasm_encoder::{BlockType, InstructionSink, ValType};

use super::encoder::{Fused, Side, memory};
use crate::abi::Type;
use crate::glue::runs::at;
use crate::memory::bulk::advance;
use crate::opt::Opt;

/// What is done with a word of elements.
#[derive(Clone, Copy, PartialEq)]
pub enum Scalars {
    /// Each byte becomes 1 if it is not 0.
    Bools,
    /// Each byte is below this, which is at most 80.
    Enums(u8),
    /// Both are below U+D800.
    Chars,
}

/// The same byte eight times.
const fn eight(byte: u8) -> i64 {
    i64::from_le_bytes([byte; 8])
}

/// The same number twice.
const fn two(half: u32) -> i64 {
    ((half as u64) << 32 | half as u64) as i64
}

impl Scalars {
    /// How elements of a type are passed, if there is such a way.
    pub fn of(ty: &Type) -> Option<Scalars> {
        match ty {
            Type::Bool => Some(Scalars::Bools),
            Type::Char => Some(Scalars::Chars),
            Type::Variant(cases) if cases.iter().all(Option::is_none) && cases.len() <= 0x80 => {
                Some(Scalars::Enums(cases.len() as u8))
            }
            _ => None,
        }
    }

    /// Whether a word may follow one that is not passed at once: what is wrong traps, but not what is rare.
    pub fn goes_on(self) -> bool {
        self == Scalars::Chars
    }
}

impl Fused<'_, '_, '_> {
    /// Whether lists of a type are passed so.
    pub fn scalars(&self, ty: &Type) -> Option<Scalars> {
        Scalars::of(ty).filter(|_| self.plan.options.does(Opt::Scalars))
    }

    /// Moves as many words as there are without anything wrong or rare. The locals with addresses go on; `end` has
    /// where the first ends.
    pub fn copy_scalars(
        &mut self,
        scalars: Scalars,
        (from, source): (&Side, u32),
        (to, target): (&Side, u32),
        end: u32,
    ) -> Result<()> {
        let word = self.local(ValType::I64);
        let (read, written) = (memory(from)?.memory, memory(to)?.memory);
        self.sink()
            .block(BlockType::Empty)
            .loop_(BlockType::Empty)
            .local_get(end)
            .local_get(source)
            .i32_sub()
            .i32_const(8)
            .i32_lt_u()
            .br_if(1);
        self.address(from, source)?;
        self.sink().i64_load(at(0, read)).local_set(word);
        // What is at least so much carries into the highest bit, which may be there already.
        let (lower, more, highest) = match scalars {
            Scalars::Bools => (eight(0x7f), eight(0x7f), eight(0x80)),
            Scalars::Enums(count) => (eight(0x7f), eight(0x80 - count), eight(0x80)),
            Scalars::Chars => (
                two(0x7fff_ffff),
                two(0x8000_0000 - 0xd800),
                two(0x8000_0000),
            ),
        };
        let carry = |code: &mut InstructionSink<'_>| {
            code.i64_const(lower)
                .i64_and()
                .i64_const(more)
                .i64_add()
                .local_get(word)
                .i64_or();
        };
        if scalars != Scalars::Bools {
            self.sink().local_get(word);
            carry(&mut self.sink());
            self.sink()
                .i64_const(highest)
                .i64_and()
                .i64_const(0)
                .i64_ne()
                .br_if(1);
        }
        self.address(to, target)?;
        self.sink().local_get(word);
        if scalars == Scalars::Bools {
            carry(&mut self.sink());
            self.sink()
                .i64_const(7)
                .i64_shr_u()
                .i64_const(eight(1))
                .i64_and();
        }
        self.sink().i64_store(at(0, written));
        for local in [source, target] {
            advance(&mut self.sink(), local, 8);
        }
        self.sink().br(0).end().end();
        Ok(())
    }
}
