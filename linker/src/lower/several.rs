//! Instructions on one of several memories.

use anyhow::{Result, anyhow, bail};
use wasm_encoder::reencode::{Error, Reencode};
use wasm_encoder::{Encode, InstructionSink};
use wasmparser::Operator;

use super::body::Body;
use super::helper::Helper;
use crate::memory::access::{memarg, prepare, prepare_init, touches};

/// Writes an instruction anew for memory 0.
struct InFirst;

impl Reencode for InFirst {
    type Error = std::convert::Infallible;

    fn memory_index(&mut self, _: u32) -> Result<u32, Error<Self::Error>> {
        Ok(0)
    }
}

impl<'a> Body<'_, '_, '_, 'a> {
    /// What an instruction becomes that works on one of several memories; false for all others.
    pub fn in_one_of_several(&mut self, op: &Operator<'a>) -> Result<bool> {
        match *op {
            Operator::MemoryCopy { dst_mem, src_mem } => {
                self.helper(Helper::RegionCopy(dst_mem, src_mem));
            }
            Operator::MemoryFill { mem } => self.helper(Helper::RegionFill(mem)),
            Operator::MemoryInit { data_index, mem } => {
                let access = self.ctx.memories()?.access(mem);
                let (code, locals) = (&mut self.code, &mut self.locals);
                prepare_init(
                    &mut InstructionSink::new(code),
                    |ty, purpose| locals.for_access(ty, purpose),
                    &access,
                );
                match self.ctx.needs.segments {
                    true => self.helper(Helper::MemoryInit(data_index, 0)),
                    false => drop(self.sink().memory_init(0, data_index)),
                }
            }
            _ => {
                let Some(arg) = memarg(op) else {
                    return Ok(false);
                };
                let Some(touched) = touches(op) else {
                    bail!("atomic instructions cannot be kept where several memories are lowered");
                };
                let wasmparser::MemArgTarget::Memory(memory) = arg.target else {
                    return Ok(false);
                };
                let access = self.ctx.memories()?.access(memory);
                let (code, locals) = (&mut self.code, &mut self.locals);
                prepare(
                    &mut InstructionSink::new(code),
                    |ty, purpose| locals.for_access(ty, purpose),
                    &access,
                    arg.offset,
                    touched,
                );
                InFirst
                    .instruction(op.clone())
                    .map_err(|error| anyhow!("{error}"))?
                    .encode(&mut self.code);
            }
        }
        Ok(true)
    }
}
