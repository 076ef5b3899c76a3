//! Exports that are imports of the component: the host calls itself.
//!
//! What the host gives is passed on as it is, and so is what it returns: both are values of the host
//! in the memory of the output. Only a place for the result has to be found, in the arena, and
//! handles that were lent to the export are dropped as every export has to.

use anyhow::Result;
use wasm_encoder::{BlockType, Function, ValType};

use super::encoder::{Fused, Place, Side, flat};
use super::values::{part, tag};
use crate::abi::{MAX_FLAT_RESULTS, Type, field_offsets, payload_offset};
use crate::maps::Glue;
use crate::maps::Maps;
use crate::memory::bulk::advance;
use crate::memory::traps::Trap;
use crate::plan::exports::lifted_params;
use crate::plan::{Plan, Target, exports::host_drop};
use crate::resolve::{FuncDef, LiftId};

const WORD: Type = Type::Int {
    bits: 32,
    signed: false,
};

/// Encodes such an export.
///
/// # Errors
///
/// Fails when no arena was planned for a result in memory.
pub fn passed(
    glue: &Glue,
    plan: &Plan<'_, '_>,
    maps: &Maps,
    id: LiftId,
    initialised: bool,
) -> Result<Function> {
    let lift = &plan.program.lifts[id.0 as usize];
    let ty = &lift.ty;
    let params = lifted_params(plan, id);
    let mut fused = Fused::exported(glue, plan, maps, &params, initialised);
    let host = fused.host();
    let flat = flat(ty.result.as_ref());
    let in_memory = flat.len() > MAX_FLAT_RESULTS;
    let result = fused.local(match flat[..] {
        [only] => only,
        _ => ValType::I32,
    });
    if let (true, Some(ty)) = (in_memory, &ty.result) {
        fused.place_for_result(&host, ty, result)?;
    }
    for param in 0..params.len() as u32 {
        fused.sink().local_get(param);
    }
    if in_memory {
        fused.give_pointer(&host, result)?;
    }
    let func = fused.core(lift.func);
    fused.sink().call(func);
    if flat.len() == 1 {
        fused.sink().local_set(result);
    }
    if ty.params.any(&|ty| matches!(ty, Type::Borrow(_))) {
        fused.begin_reading(&host);
        let (_, lent) = fused.parameters(&ty.params, &host)?;
        fused.drop_lent(&ty.params, &host, &lent)?;
    }
    match flat.len() {
        0 => fused.empty_arena(None),
        1 => {
            fused.empty_arena(None);
            fused.sink().local_get(result);
        }
        _ => fused.give_pointer(&host, result)?,
    }
    Ok(fused.finish())
}

impl Fused<'_, '_, '_> {
    /// Drops the handles in a value of the host that it has lent.
    fn drop_lent(&mut self, ty: &Type, host: &Side, place: &Place) -> Result<()> {
        let any = ty.any(&|ty| matches!(ty, Type::Borrow(_)));
        if !any || self.drop_apart(ty, host, place) {
            return Ok(());
        }
        self.drop_here(ty, host, place)
    }

    /// The same, written here.
    pub fn drop_here(&mut self, ty: &Type, host: &Side, place: &Place) -> Result<()> {
        self.fits()?;
        match ty {
            Type::Borrow(resource) => {
                let drop = host_drop(&self.plan.program, *resource)
                    .map(|canon| self.plan.target(FuncDef::Canon(canon)));
                // What a library lends is its own number, which the host goes on using.
                if let Some(drop @ Target::Host(_)) = drop
                    && let Some(drop) = self.maps.target(drop)
                {
                    self.load(&WORD, host, place)?;
                    self.sink().call(drop);
                }
            }
            Type::Record(fields) => {
                let mut at = 0;
                for (field, offset) in fields.iter().zip(field_offsets(fields)) {
                    let place = part(place, offset, &mut at, field.flat().len());
                    self.drop_lent(field, host, &place)?;
                }
            }
            Type::FixedList(element, length) => {
                let mut at = 0;
                for index in 0..*length {
                    let offset = index * element.size();
                    let place = part(place, offset, &mut at, element.flat().len());
                    self.drop_lent(element, host, &place)?;
                }
            }
            Type::Variant(cases) => {
                let case = self.local(ValType::I32);
                self.load(&tag(cases, place), host, place)?;
                self.sink().local_set(case);
                self.each_case(cases, case, |fused, ty| {
                    let place = part(place, payload_offset(cases), &mut 1, ty.flat().len());
                    fused.drop_lent(ty, host, &place)
                })?;
            }
            Type::List(element) => self.drop_all_lent(element, host, place)?,
            _ => {}
        }
        Ok(())
    }

    /// The same for the elements of a list.
    fn drop_all_lent(&mut self, element: &Type, host: &Side, place: &Place) -> Result<()> {
        let (pointer, length) = self.load_range(host, place)?;
        let size = element.size();
        let bytes = self.list_bytes(length, size);
        self.sink().local_get(bytes).i64_extend_i32_u();
        self.check_range(host, pointer, element.align(), Trap::List)?;
        let (at, end) = (self.local(ValType::I32), self.local(ValType::I32));
        self.sink()
            .local_get(pointer)
            .local_tee(at)
            .local_get(bytes)
            .i32_add()
            .local_set(end)
            .block(BlockType::Empty)
            .loop_(BlockType::Empty)
            .local_get(at)
            .local_get(end)
            .i32_eq()
            .br_if(1);
        self.drop_lent(element, host, &Place::at(at))?;
        advance(&mut self.sink(), at, size as i32);
        self.sink().br(0).end().end();
        Ok(())
    }
}
