//! Calls between a guest and the host whose values stay where the guest has them.
//!
//! The guest lies at address 0, its strings are UTF-8 and its `realloc` is the only one: its pointers
//! are the host's. But the host sees the memory of the other guests, too, so what a guest gives to it
//! is checked first: `CanonicalABI.md`, "Loading" and "Flat Lifting", without the values. What the host
//! gives is left to the host, or copied from its arena, if it does not allocate in the memory of the guest.

use anyhow::Result;
use wasm_encoder::{BlockType, Function, ValType};

use super::encoder::{Fused, Place, Side, flat};
use super::values::part;
use crate::abi::{MAX_FLAT_RESULTS, Type, field_offsets, payload_offset};
use crate::maps::shared::Party;
use crate::maps::{Glue, Maps};
use crate::memory::bulk::advance;
use crate::memory::traps::Trap;
use crate::plan::strings::Helper;
use crate::plan::{Allocating, Plan, Target};
use crate::resolve::{CanonId, CanonOptions, LiftId, StringEncoding};

/// Encodes a lowered import of the host, which is `target`. The place for the result is checked before
/// the host is called, because the host writes there.
pub fn import(
    glue: &Glue,
    plan: &Plan<'_, '_>,
    maps: &Maps,
    id: CanonId,
    (ty, options): (&crate::abi::FuncType, &CanonOptions),
    target: u32,
) -> Result<Function> {
    let canon = &plan.program.canons[id.0 as usize];
    let params = canon.ty.params();
    let mut fused = Fused::new(glue, plan, maps, params);
    let guest = fused.guest(options, canon.instance);
    crate::glue::callee::check_may_leave(plan, maps, &mut fused.code, canon.instance);
    let (next, source) = fused.parameters(&ty.params, &guest)?;
    if plan.fusion.beside || plan.fusion.only_result(ty).is_none() {
        fused.check_value(&ty.params, &guest, &source)?;
    }
    if let Some(result) = plan.fusion.only_result(ty) {
        fused.fetch_result(&guest, (params.len() as u32, next), result, target)?;
        return Ok(fused.finish());
    }
    if let Some(result) = &ty.result
        && flat(Some(result)).len() > MAX_FLAT_RESULTS
    {
        fused.check_pointer(&guest, next, result)?;
    }
    for param in 0..params.len() as u32 {
        fused.sink().local_get(param);
    }
    fused.sink().call(target);
    Ok(fused.finish())
}

/// Encodes an export of the output for a lifted function with these core parameters.
pub fn export(
    glue: &Glue,
    plan: &Plan<'_, '_>,
    maps: &Maps,
    id: LiftId,
    params: &[wasmparser::ValType],
    initialised: bool,
) -> Result<Function> {
    let lift = &plan.program.lifts[id.0 as usize];
    let mut fused = Fused::exported(glue, plan, maps, params, initialised);
    let callee = fused.guest(&lift.options, lift.instance);
    let entered = fused.enter(None, lift.instance);
    for param in 0..params.len() as u32 {
        fused.sink().local_get(param);
    }
    let func = fused.core(lift.func);
    fused.sink().call(func);
    let flat = flat(lift.ty.result.as_ref());
    let result = flat.first().map(|first| {
        let in_memory = flat.len() > MAX_FLAT_RESULTS;
        fused.local(if in_memory { ValType::I32 } else { *first })
    });
    if let (Some(ty), Some(result)) = (&lift.ty.result, result) {
        fused.sink().local_set(result);
        let place = if flat.len() > MAX_FLAT_RESULTS {
            fused.check_pointer(&callee, result, ty)?;
            Place::at(result)
        } else {
            Place::Flat(vec![result])
        };
        fused.check_value(ty, &callee, &place)?;
    }
    if let (Some(post_return), 0..=MAX_FLAT_RESULTS) = (lift.options.post_return, flat.len()) {
        fused.post_return(post_return, &callee, result.as_slice());
    }
    fused.leave(&entered);
    if let Some(result) = result {
        fused.sink().local_get(result);
    }
    Ok(fused.finish())
}

/// Encodes `cabi_realloc` for the host: `(old address, old size, align, size) -> address`. What it
/// returns is checked as `CanonicalABI.md`, "Storing", has it.
pub fn realloc(
    glue: &Glue,
    plan: &Plan<'_, '_>,
    maps: &Maps,
    allocating: Allocating,
    initialised: bool,
) -> Result<Function> {
    use wasmparser::ValType::I32;
    let (align, size, pointer) = (2, 3, 4);
    let mut fused = Fused::new(glue, plan, maps, &[I32; 4]);
    if let (true, Some(at), Some(state)) = (initialised, glue.initialise, maps.globals.initialised)
    {
        // Start functions may call a host that allocates.
        fused
            .sink()
            .global_get(state)
            .i32_eqz()
            .if_(BlockType::Empty)
            .call(maps.first_glue + at)
            .end();
    }
    let party = Party {
        instance: allocating.instance,
        memory: allocating.memory,
        realloc: None,
        encoding: StringEncoding::Utf8,
    };
    let guest = fused.side(&party, None);
    fused.local(ValType::I32);
    fused.may_not_leave(&guest, 1);
    for param in 0..4 {
        fused.sink().local_get(param);
    }
    let func = fused.live(allocating.target);
    fused.sink().call(func).local_set(pointer);
    fused.may_not_leave(&guest, 0);
    if guest.access.is_some() {
        fused.sink().local_get(size).i64_extend_i32_u();
        fused.check_range(&guest, pointer, 1, Trap::Realloc)?;
        fused
            .sink()
            .local_get(pointer)
            .local_get(align)
            .i32_const(1)
            .i32_sub()
            .i32_and();
        fused.trap_if(Trap::Unaligned);
    }
    fused.sink().local_get(pointer);
    Ok(fused.finish())
}

/// Encodes `cabi_post_…` of an export whose result stays where it is: `(address of the result)`.
pub fn post_return(glue: &Glue, plan: &Plan<'_, '_>, maps: &Maps, id: LiftId) -> Function {
    let lift = &plan.program.lifts[id.0 as usize];
    let mut fused = Fused::new(glue, plan, maps, &[wasmparser::ValType::I32]);
    let callee = fused.guest(&lift.options, lift.instance);
    let entered = fused.enter(None, lift.instance);
    if let Some(post_return) = lift.options.post_return {
        fused.post_return(post_return, &callee, &[0]);
    }
    fused.leave(&entered);
    fused.finish()
}

impl Fused<'_, '_, '_> {
    /// Calls a function of the host with so many parameters as they are, but for the last: the place for its
    /// result, which is in the arena. `next` is where the guest wants it.
    fn fetch_result(
        &mut self,
        guest: &Side,
        (params, next): (u32, u32),
        result: &Type,
        target: u32,
    ) -> Result<()> {
        let host = self.host();
        let pointer = self.local(ValType::I32);
        self.place_for_result(&host, result, pointer)?;
        for param in 0..params - 1 {
            self.sink().local_get(param);
        }
        self.give_pointer(&host, pointer)?;
        self.sink().call(target);
        self.check_pointer(guest, next, result)?;
        self.begin_reading(&host);
        let (source, target) = (Place::at(pointer), Place::at(next));
        self.copy(result, &host, &source, guest, &target)?;
        self.empty_arena(None);
        Ok(())
    }

    /// The index of a function that is live.
    fn live(&self, target: Target) -> u32 {
        self.maps
            .entry(target)
            .expect("what the host can call is live")
    }

    /// Traps unless lifting a value would succeed.
    pub fn check_value(&mut self, ty: &Type, side: &Side, place: &Place) -> Result<()> {
        if !ty.can_be_wrong() || self.check_apart(ty, side, place) {
            return Ok(());
        }
        self.check_here(ty, side, place)
    }

    /// The same, written here.
    pub fn check_here(&mut self, ty: &Type, side: &Side, place: &Place) -> Result<()> {
        self.fits()?;
        match ty {
            Type::Record(fields) => {
                let mut at = 0;
                for (field, offset) in fields.iter().zip(field_offsets(fields)) {
                    let place = part(place, offset, &mut at, field.flat().len());
                    self.check_value(field, side, &place)?;
                }
            }
            Type::FixedList(element, length) => {
                let (width, mut at) = (element.flat().len(), 0);
                for index in 0..*length {
                    let place = part(place, index * element.size(), &mut at, width);
                    self.check_value(element, side, &place)?;
                }
            }
            Type::Variant(cases) => {
                let case = self.load_case(cases, side, place)?;
                self.each_case(cases, case, |fused, ty| {
                    let place = part(place, payload_offset(cases), &mut 1, ty.flat().len());
                    fused.check_value(ty, side, &place)
                })?;
            }
            Type::List(element) => self.check_list(element, side, place)?,
            Type::String => {
                let (pointer, length) = self.load_range(side, place)?;
                let bytes = self.list_bytes(length, 1);
                self.sink().local_get(bytes).i64_extend_i32_u();
                self.check_range(side, pointer, 1, Trap::String)?;
                self.address(side, pointer)?;
                self.sink().local_get(bytes);
                self.call_helper(Helper::CheckUtf8.between(0, 0));
                self.sink().i32_eqz();
                self.trap_if(Trap::Utf8);
            }
            scalar => {
                self.load(scalar, side, place)?;
                self.sink().drop();
            }
        }
        Ok(())
    }

    fn check_list(&mut self, element: &Type, side: &Side, place: &Place) -> Result<()> {
        let (pointer, length) = self.load_range(side, place)?;
        let bytes = self.list_bytes(length, element.size());
        self.sink().local_get(bytes).i64_extend_i32_u();
        self.check_range(side, pointer, element.align(), Trap::List)?;
        if !element.can_be_wrong() {
            return Ok(());
        }
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
        self.check_value(element, side, &Place::at(at))?;
        advance(&mut self.sink(), at, element.size() as i32);
        self.sink().br(0).end().end();
        Ok(())
    }
}
