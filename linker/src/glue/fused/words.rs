//! Records of numbers on their way from one memory to the other: a word at a time, whatever fields it has.

use anyhow::Result;
use wasm_encoder::{MemArg, MemArgTarget};

use super::encoder::{Fused, Place, Side, memory};
use crate::abi::Type;
use crate::opt::Opt;

/// The most bytes that are moved by code for each word.
const MOST: u32 = 256;

/// The bytes of a value that is numbers and has nothing between them: what lies there is not part of it.
fn numbers(ty: &Type) -> Option<u32> {
    match ty {
        Type::Int { .. } | Type::F32 | Type::F64 => Some(ty.size()),
        Type::FixedList(element, length) => numbers(element)?.checked_mul(*length),
        Type::Record(fields) => fields
            .iter()
            .map(numbers)
            .try_fold(0u32, |sum, field| sum.checked_add(field?)),
        _ => None,
    }
}

impl Fused<'_, '_, '_> {
    /// Moves a record or list of a fixed length by words, if it is in memory on both sides and can be moved so.
    pub fn copy_words(
        &mut self,
        ty: &Type,
        (from, source): (&Side, &Place),
        (to, target): (&Side, &Place),
    ) -> Result<bool> {
        let (
            Place::Memory { pointer, offset },
            Place::Memory {
                pointer: new,
                offset: start,
            },
        ) = (source, target)
        else {
            return Ok(false);
        };
        let size = ty.size();
        if numbers(ty) != Some(size)
            || !(5..=MOST).contains(&size)
            || !self.plan.options.does(Opt::Words)
        {
            return Ok(false);
        }
        let (read, written) = (memory(from)?.memory, memory(to)?.memory);
        let align = ty.align().ilog2();
        let mut done = 0;
        while done < size {
            let piece = [8, 4, 2, 1].into_iter().find(|piece| *piece <= size - done);
            let piece = piece.unwrap_or(1);
            let slot = |memory: u32, offset: u32| MemArg {
                offset: (offset + done).into(),
                align: align.min(piece.ilog2()),
                target: MemArgTarget::Memory(memory),
                ordering: None,
            };
            let (from_slot, to_slot) = (slot(read, *offset), slot(written, *start));
            self.address(to, *new)?;
            self.address(from, *pointer)?;
            let mut code = self.sink();
            match piece {
                8 => code.i64_load(from_slot).i64_store(to_slot),
                4 => code.i32_load(from_slot).i32_store(to_slot),
                2 => code.i32_load16_u(from_slot).i32_store16(to_slot),
                _ => code.i32_load8_u(from_slot).i32_store8(to_slot),
            };
            done += piece;
        }
        Ok(true)
    }
}
