//! Handle tables: one for each component instance that has handles of resources of the component.
//!
//! `CanonicalABI.md`, "Table State" and "Resource State". A table is an array in the linker's
//! block. Entry 0 is never a handle: it has the head of the list of freed entries and the number
//! of entries ever used. Freed entries are used again last in, first out.

use wasm_encoder::{BlockType, Function, InstructionSink, MemArg, MemArgTarget, ValType};

use crate::maps::Maps;
use crate::maps::glue::Handles;
use crate::memory::traps::{Trap, Traps};
use crate::options::FIRST_HANDLES;
use crate::plan::Plan;
use crate::resolve::ComponentInstanceId;

/// The type of the resource plus one; 0 in a free entry. In entry 0: the head of the free list.
const TYPE: u64 = 0;
/// The representation. In entry 0: how many entries have ever been used.
const REP: u64 = 4;
/// 1 for an owned handle; for a borrowed one 0, or twice the number of the task that borrows, and two more.
const OWN: u64 = 8;
/// In entry 0 of a table that grows: for how many more handles than at first there is room.
pub const CAPACITY: u64 = OWN;
/// How often the handle is lent. In a free entry: the next one.
const LENDS: u64 = 12;

/// The type of the entries in the table of loans.
pub const LOAN: i32 = 1;

pub fn field(offset: u64) -> MemArg {
    MemArg {
        offset,
        align: 2,
        target: MemArgTarget::Memory(0),
        ordering: None,
    }
}

/// Where the representation is in an entry.
pub fn rep() -> MemArg {
    field(REP)
}

/// Where an entry says whether the handle owns.
pub fn own() -> MemArg {
    field(OWN)
}

impl Handles {
    /// Leaves the address of the table of an instance on the stack.
    pub fn table(
        &self,
        plan: &Plan<'_, '_>,
        maps: &Maps,
        code: &mut Vec<u8>,
        instance: ComponentInstanceId,
    ) {
        let at = self.tables.keys().position(|id| *id == instance);
        let at = at.expect("the instance has handles");
        place(plan, maps, code, at, self.tables[&instance]);
    }

    /// Leaves the address of the table of loans on the stack.
    ///
    /// # Panics
    ///
    /// Panics when no handle is lent in a list.
    pub fn loans(&self, plan: &Plan<'_, '_>, maps: &Maps, code: &mut Vec<u8>) {
        let offset = self.loans.expect("handles are lent in lists");
        place(plan, maps, code, self.tables.len(), offset);
    }

    /// Takes back a loan of an instance: the local has the handle, or 0.
    pub fn unlend(
        &self,
        plan: &Plan<'_, '_>,
        maps: &Maps,
        code: &mut Vec<u8>,
        instance: ComponentInstanceId,
        handle: u32,
    ) {
        InstructionSink::new(code)
            .local_get(handle)
            .if_(BlockType::Empty);
        self.table(plan, maps, code, instance);
        InstructionSink::new(code)
            .local_get(handle)
            .i32_const(4)
            .i32_shl()
            .i32_add()
            .local_tee(handle)
            .local_get(handle)
            .i32_load(field(LENDS))
            .i32_const(1)
            .i32_sub()
            .i32_store(field(LENDS))
            .end();
    }
}

/// Leaves the first address of a table on the stack, by its number and how far into the block it is at the
/// start.
fn place(plan: &Plan<'_, '_>, maps: &Maps, code: &mut Vec<u8>, at: usize, offset: u32) {
    let mut code = InstructionSink::new(code);
    if let Some(table) = maps.globals.tables.get(at) {
        code.global_get(*table);
        return;
    }
    match (maps.globals.block, &plan.memory) {
        (Some(block), _) => code.global_get(block).i32_const(offset as i32).i32_add(),
        (None, Some(memory)) => code.i32_const((memory.block_base() + offset) as i32),
        (None, None) => unreachable!("handle tables lie in a memory"),
    };
}

/// `(table, handle, type) -> entry`: traps unless the handle is there and of the type.
pub fn find(traps: &Traps) -> Function {
    let (table, handle, ty, entry) = (0, 1, 2, 3);
    let mut body = Function::new([(1, ValType::I32)]);
    let mut code = body.instructions();
    // handle - 1 >= used, which is so for 0 as well
    code.local_get(handle)
        .i32_const(1)
        .i32_sub()
        .local_get(table)
        .i32_load(field(REP))
        .i32_ge_u();
    traps.when(&mut code, Trap::HandleUnknown);
    code.local_get(table)
        .local_get(handle)
        .i32_const(4)
        .i32_shl()
        .i32_add()
        .local_tee(entry)
        .i32_load(field(TYPE))
        .local_get(ty)
        .i32_ne();
    if traps.get(Trap::HandleUnknown).is_some() {
        // A freed entry has no type.
        code.if_(BlockType::Empty)
            .local_get(entry)
            .i32_load(field(TYPE))
            .i32_eqz();
        traps.when(&mut code, Trap::HandleUnknown);
        traps.now(&mut code, Trap::HandleOfAnotherType);
        code.end();
    } else {
        traps.when(&mut code, Trap::HandleOfAnotherType);
    }
    code.local_get(entry).end();
    body
}

/// How much room a table has.
#[derive(Clone, Copy, Debug)]
pub enum Capacity {
    /// For so many handles.
    Fixed(u32),
    /// For as many as [`CAPACITY`] says. This function makes more ([`super::tables::grow`]).
    Grows(u32),
}

/// `(table, rep, type, own) -> handle`: traps when the table is full.
pub fn add(traps: &Traps, capacity: Capacity) -> Function {
    let (table, rep, ty, own, handle, entry) = (0, 1, 2, 3, 4, 5);
    let mut body = Function::new([(2, ValType::I32)]);
    let mut code = body.instructions();
    code.local_get(table)
        .i32_load(field(TYPE))
        .local_tee(handle)
        .if_(BlockType::Empty)
        // The freed entry that is first in the list.
        .local_get(table)
        .local_get(table)
        .local_get(handle)
        .i32_const(4)
        .i32_shl()
        .i32_add()
        .local_tee(entry)
        .i32_load(field(LENDS))
        .i32_store(field(TYPE))
        .else_()
        .local_get(table)
        .i32_load(field(REP))
        .i32_const(1)
        .i32_add()
        .local_tee(handle);
    match capacity {
        Capacity::Fixed(capacity) => {
            code.i32_const(capacity as i32).i32_gt_u();
            traps.when(&mut code, Trap::FullTable);
        }
        Capacity::Grows(grow) => {
            code.local_get(table)
                .i32_load(field(CAPACITY))
                .i32_const(FIRST_HANDLES as i32)
                .i32_add()
                .i32_gt_u()
                .if_(BlockType::Empty)
                .local_get(table)
                .call(grow)
                .local_tee(table)
                .i32_const(-1)
                .i32_eq();
            traps.when(&mut code, Trap::NoMoreHandles);
            code.end();
        }
    }
    code.local_get(table)
        .local_get(handle)
        .i32_store(field(REP))
        .local_get(table)
        .local_get(handle)
        .i32_const(4)
        .i32_shl()
        .i32_add()
        .local_set(entry)
        .end();
    for (offset, value) in [(TYPE, ty), (REP, rep), (OWN, own)] {
        code.local_get(entry)
            .local_get(value)
            .i32_store(field(offset));
    }
    code.local_get(entry)
        .i32_const(0)
        .i32_store(field(LENDS))
        .local_get(handle)
        .end();
    body
}

/// `(table, handle, type) -> entry`: the entry is free, but still has what was in it. Traps when
/// the handle is lent.
pub fn remove(traps: &Traps, find: u32) -> Function {
    let (table, handle, ty, entry) = (0, 1, 2, 3);
    let mut body = Function::new([(1, ValType::I32)]);
    let mut code = body.instructions();
    code.local_get(table)
        .local_get(handle)
        .local_get(ty)
        .call(find)
        .local_tee(entry)
        .i32_load(field(LENDS));
    traps.when(&mut code, Trap::Lent);
    code.local_get(entry)
        .i32_const(0)
        .i32_store(field(TYPE))
        .local_get(entry)
        .local_get(table)
        .i32_load(field(TYPE))
        .i32_store(field(LENDS))
        .local_get(table)
        .local_get(handle)
        .i32_store(field(TYPE))
        .local_get(entry)
        .end();
    body
}

/// `(table, handle, type) -> rep`: traps unless the handle owns. `tasks`: borrowed handles know their tasks.
pub fn remove_own(traps: &Traps, remove: u32, tasks: bool) -> Function {
    let mut body = Function::new([(1, ValType::I32)]);
    let mut code = body.instructions();
    code.local_get(0)
        .local_get(1)
        .local_get(2)
        .call(remove)
        .local_tee(3)
        .i32_load(field(OWN));
    if tasks {
        code.i32_const(1).i32_ne();
    } else {
        code.i32_eqz();
    }
    traps.when(&mut code, Trap::NotOwned);
    code.local_get(3).i32_load(field(REP)).end();
    body
}

/// `(table, handle, type) -> entry`: the handle is lent once more.
pub fn lend(find: u32) -> Function {
    let mut body = Function::new([(1, ValType::I32)]);
    let mut code = body.instructions();
    code.local_get(0)
        .local_get(1)
        .local_get(2)
        .call(find)
        .local_tee(3)
        .local_get(3)
        .i32_load(field(LENDS))
        .i32_const(1)
        .i32_add()
        .i32_store(field(LENDS))
        .local_get(3)
        .end();
    body
}
