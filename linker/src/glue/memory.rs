//! The memory of a guest as the functions of the canonical ABI see it.

use wasm_encoder::InstructionSink;

use crate::maps::Glue;
use crate::maps::Maps;
use crate::memory::access::{Access, Quantity, quantity};
use crate::memory::layout::MemoryPlan;
use crate::memory::regions::Bulk;
use crate::plan::Plan;

/// Whether a guest's memory may grow without anybody knowing: nothing of the linker's lies in it.
pub fn grows_freely(plan: &Plan<'_, '_>, access: &Access) -> bool {
    let alone = |memory: &MemoryPlan| {
        memory.regions.len() == 1 && memory.block.is_none() && !memory.unasked
    };
    match access.bytes {
        Quantity::Const(_) => access.memory > 0 || plan.memory.as_ref().is_some_and(alone),
        Quantity::Global(_) => false,
    }
}

/// Leaves the bytes that a guest has now on the stack, as an i64.
pub fn bytes(plan: &Plan<'_, '_>, code: &mut InstructionSink<'_>, access: &Access) {
    if grows_freely(plan, access) {
        code.memory_size(access.memory)
            .i64_extend_i32_u()
            .i64_const(16)
            .i64_shl();
    } else {
        quantity(code, access.bytes);
        code.i64_extend_i32_u();
    }
}

impl Glue {
    /// How much can be moved at once, if it can.
    pub fn can_move(&self, maps: &Maps) -> Option<Bulk> {
        if self.has_bulk {
            return Some(Bulk::Instructions);
        }
        Some(Bulk::Functions {
            copy: maps.first_glue + self.lowered_copy?,
            fill: maps.first_glue + self.lowered_fill?,
        })
    }
}
