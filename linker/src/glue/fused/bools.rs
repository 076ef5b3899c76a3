//! Lists of `bool`: eight at a time.

use anyhow::Result;
use wasm_encoder::{BlockType, ValType};

use super::encoder::{Fused, Side, memory};
use crate::glue::runs::at;
use crate::memory::bulk::advance;

/// The same byte eight times.
const fn eight(byte: u8) -> i64 {
    i64::from_le_bytes([byte; 8])
}

impl Fused<'_, '_, '_> {
    /// Moves as many bytes as there are words of them, and makes each 1 that is not 0. The locals with addresses
    /// go on; `end` has where the first ends.
    pub fn copy_bools(
        &mut self,
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
        self.address(to, target)?;
        self.address(from, source)?;
        // What is in the lower bits of a byte carries into the highest.
        self.sink()
            .i64_load(at(0, read))
            .local_tee(word)
            .i64_const(eight(0x7f))
            .i64_and()
            .i64_const(eight(0x7f))
            .i64_add()
            .local_get(word)
            .i64_or()
            .i64_const(7)
            .i64_shr_u()
            .i64_const(eight(1))
            .i64_and()
            .i64_store(at(0, written));
        for local in [source, target] {
            advance(&mut self.sink(), local, 8);
        }
        self.sink().br(0).end().end();
        Ok(())
    }
}
