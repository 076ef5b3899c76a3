//! Calls between a guest and the host where the host cannot use the guest's values as they are:
//! the guest does not lie at address 0, has other strings than UTF-8 or a `realloc` of its own, or
//! passes handles of its own resources.
//!
//! The host then is one more component: its values lie in a region of their own, the arena, in
//! which `cabi_realloc` allocates, and its handles in a table of its own. The arena holds the
//! arguments or results of one call and is emptied with the next.

use anyhow::{Result, bail};
use wasm_encoder::{BlockType, Function, MemArg, MemArgTarget, ValType};

use super::encoder::{BEFORE, Fused, Place, Side, flat};
use super::{in_place, tasks};
use crate::abi::{MAX_FLAT_ASYNC_PARAMS, MAX_FLAT_PARAMS, MAX_FLAT_RESULTS, Type};
use crate::maps::Glue;
use crate::maps::shared::Party;
use crate::maps::{Maps, region_access};
use crate::memory::access::quantity;
use crate::memory::traps::Trap;
use crate::plan::exports::lifted_params;
use crate::plan::{Binding, Plan};
use crate::resolve::{CanonId, CanonKind, ComponentFunc, LiftId};

/// What lies before the place for a result of the host: the two addresses between which there is room.
const ROOM: u32 = 8;

fn word(offset: u32) -> MemArg {
    MemArg {
        offset: offset.into(),
        align: 2,
        target: MemArgTarget::Memory(0),
        ordering: None,
    }
}

/// Encodes an export of the output for a lifted function.
pub fn export(
    glue: &Glue,
    plan: &Plan<'_, '_>,
    maps: &Maps,
    id: LiftId,
    initialised: bool,
) -> Result<Function> {
    let lift = &plan.program.lifts[id.0 as usize];
    let ty = &lift.ty;
    let params = lifted_params(plan, id);
    if plan.fusion.in_place(ty) {
        return in_place::export(glue, plan, maps, id, &params, initialised);
    }
    let mut fused = Fused::exported(glue, plan, maps, &params, initialised);
    let host = fused.host();
    let callee = fused.guest(&lift.options, lift.instance);
    let entered = fused.enter(None, lift.instance);
    let counter = fused.begin_borrows(ty, &callee);
    let (_, source) = fused.parameters(&ty.params, &host)?;
    fused.pass(&ty.params, &host, &source, &callee)?;
    fused.empty_arena(None);
    let func = fused.core(lift.func);
    fused.sink().call(func);

    let flat = flat(ty.result.as_ref());
    if let Some(result) = &ty.result {
        if flat.len() > MAX_FLAT_RESULTS {
            let from = fused.local(ValType::I32);
            fused.sink().local_set(from);
            fused.check_pointer(&callee, from, result)?;
            let block = fused.local(ValType::I32);
            let align = result.align().max(4);
            fused.allocate_const(&host, align, result.size() + BEFORE, block)?;
            fused.address(&host, block)?;
            fused.sink().local_get(from).i32_store(word(BEFORE - 4));
            let pointer = fused.local(ValType::I32);
            fused
                .sink()
                .local_get(block)
                .i32_const(BEFORE as i32)
                .i32_add()
                .local_set(pointer);
            fused.copy(
                result,
                &callee,
                &Place::at(from),
                &host,
                &Place::at(pointer),
            )?;
            fused.end_borrows(counter);
            fused.leave(&entered);
            fused.give_pointer(&host, pointer)?;
            return Ok(fused.finish());
        }
        let from = fused.local(flat[0]);
        let to = fused.local(flat[0]);
        fused.sink().local_set(from);
        fused.copy(
            result,
            &callee,
            &Place::Flat(vec![from]),
            &host,
            &Place::Flat(vec![to]),
        )?;
        fused.end_borrows(counter);
        if let Some(post_return) = lift.options.post_return {
            fused.post_return(post_return, &callee, &[from]);
        }
        fused.leave(&entered);
        fused.sink().local_get(to);
        return Ok(fused.finish());
    }
    fused.end_borrows(counter);
    if let Some(post_return) = lift.options.post_return {
        fused.post_return(post_return, &callee, &[]);
    }
    fused.leave(&entered);
    Ok(fused.finish())
}

/// Encodes `cabi_post_…` of an export that [`export`] made: `(address of the result)`.
pub fn post_return(glue: &Glue, plan: &Plan<'_, '_>, maps: &Maps, id: LiftId) -> Function {
    let lift = &plan.program.lifts[id.0 as usize];
    if plan.fusion.in_place(&lift.ty) {
        return in_place::post_return(glue, plan, maps, id);
    }
    let mut fused = Fused::new(glue, plan, maps, &[wasmparser::ValType::I32]);
    let callee = fused.guest(&lift.options, lift.instance);
    if let Some(post_return) = lift.options.post_return {
        let entered = fused.enter(None, lift.instance);
        let returned = fused.local(ValType::I32);
        fused
            .sink()
            .local_get(0)
            .i32_const(4)
            .i32_sub()
            .i32_load(word(0))
            .local_set(returned);
        fused.post_return(post_return, &callee, &[returned]);
        fused.leave(&entered);
    }
    fused.empty_arena(None);
    fused.finish()
}

/// Encodes a lowered import of the host.
pub fn import(glue: &Glue, plan: &Plan<'_, '_>, maps: &Maps, id: CanonId) -> Result<Function> {
    let canon = &plan.program.canons[id.0 as usize];
    let CanonKind::Lower {
        callee: ComponentFunc::Import(callee),
        options,
    } = &canon.kind
    else {
        unreachable!("only lowered imports are calls of the host");
    };
    let ty = &plan.program.imports[*callee as usize].ty;
    let target = match plan.bindings.get(&id) {
        Some(Binding::Func(def)) => plan.target(*def),
        _ => bail!("nothing is bound to {}", canon.path),
    };
    let Some(func) = maps.target(target) else {
        bail!("nothing is bound to {}", canon.path);
    };
    if plan.fusion.in_place(ty) {
        return in_place::import(glue, plan, maps, id, (ty, options), func);
    }
    let mut fused = Fused::new(glue, plan, maps, canon.ty.params());
    let guest = fused.guest(options, canon.instance);
    let host = fused.host();
    crate::glue::callee::check_may_leave(plan, maps, &mut fused.code, canon.instance);
    let top = fused.local(ValType::I32);
    if let Some(global) = maps.globals.arena {
        fused.sink().global_get(global).local_set(top);
    }
    let most = match options.is_async {
        true => MAX_FLAT_ASYNC_PARAMS,
        false => MAX_FLAT_PARAMS,
    };
    let (next, source) = fused.parameters_of(&ty.params, &guest, most)?;
    fused.pass(&ty.params, &guest, &source, &host)?;
    let flat = flat(ty.result.as_ref());
    let in_memory = flat.len() > MAX_FLAT_RESULTS;
    let result = match &ty.result {
        Some(result) if in_memory => {
            let pointer = fused.local(ValType::I32);
            fused.place_for_result(&host, result, pointer)?;
            fused.give_pointer(&host, pointer)?;
            pointer
        }
        Some(_) => fused.local(flat[0]),
        None => 0,
    };
    fused.sink().call(func);
    if let (Some(ty), true) = (&ty.result, in_memory) {
        // The place for the result is looked at when there is one: `lower_flat_values`.
        fused.check_pointer(&guest, next, ty)?;
        fused.begin_reading(&host);
        let (source, target) = (Place::at(result), Place::at(next));
        fused.copy(ty, &host, &source, &guest, &target)?;
        fused.empty_arena(Some(top));
        fused.end_borrows(None);
    } else if let Some(ty) = &ty.result {
        let given = fused.local(flat[0]);
        fused.sink().local_set(result);
        let source = Place::Flat(vec![result]);
        let target = match options.is_async {
            true => {
                fused.check_pointer(&guest, next, ty)?;
                Place::at(next)
            }
            false => Place::Flat(vec![given]),
        };
        fused.copy(ty, &host, &source, &guest, &target)?;
        fused.empty_arena(Some(top));
        fused.end_borrows(None);
        if !options.is_async {
            fused.sink().local_get(given);
        }
    } else {
        fused.empty_arena(Some(top));
        fused.end_borrows(None);
    }
    if options.is_async {
        fused.sink().i32_const(tasks::RETURNED);
    }
    Ok(fused.finish())
}

/// Encodes `cabi_realloc` for the host: `(old address, old size, align, size) -> address`.
///
/// # Errors
///
/// Fails when no arena was planned.
pub fn host_realloc(glue: &Glue, plan: &Plan<'_, '_>, maps: &Maps) -> Result<Function> {
    use wasmparser::ValType::I32;
    let (old, old_size, align, size) = (0, 1, 2, 3);
    let mut fused = Fused::new(glue, plan, maps, &[I32; 4]);
    let Some(alloc) = glue.arena_alloc else {
        bail!("an arena is exported, but none was planned");
    };
    let host = fused.host();
    let pointer = fused.local(ValType::I32);
    // A block that shrinks stays where it is.
    fused
        .sink()
        .local_get(old)
        .i32_const(0)
        .i32_ne()
        .local_get(size)
        .local_get(old_size)
        .i32_le_u()
        .i32_and()
        .if_(BlockType::Empty)
        .local_get(old)
        .return_()
        .end()
        .local_get(align)
        .local_get(size)
        .call(maps.first_glue + alloc)
        .local_set(pointer);
    fused.sink().local_get(old).if_(BlockType::Empty);
    fused.address(&host, pointer)?;
    fused.sink().local_get(old).local_get(old_size);
    fused.move_bytes(&host, &host)?;
    fused.sink().end();
    fused.give_pointer(&host, pointer)?;
    Ok(fused.finish())
}

/// Encodes the allocation in the arena: `(align, bytes) -> pointer`, which counts from the host's
/// region.
pub fn arena_alloc(glue: &Glue, plan: &Plan<'_, '_>, maps: &Maps) -> Result<Function> {
    use wasmparser::ValType::I32;
    let (align, bytes) = (0, 1);
    let mut fused = Fused::new(glue, plan, maps, &[I32; 2]);
    let (Some(top), Some(region)) = (
        maps.globals.arena,
        plan.memory.as_ref().and_then(|memory| memory.host),
    ) else {
        bail!("an arena is used, but none was planned");
    };
    let access = region_access(plan, &maps.globals, region);
    let pointer = fused.local(ValType::I32);
    let end = fused.local(ValType::I64);
    let mut code = fused.sink();
    // Aligned up; then the end, in 64 bits.
    code.global_get(top)
        .local_get(align)
        .i32_const(1)
        .i32_sub()
        .i32_add()
        .i32_const(0)
        .local_get(align)
        .i32_sub()
        .i32_and()
        .local_tee(pointer)
        .i64_extend_i32_u()
        .local_get(bytes)
        .i64_extend_i32_u()
        .i64_add()
        .local_tee(end);
    quantity(&mut code, access.bytes);
    code.i64_extend_i32_u().i64_gt_u().if_(BlockType::Empty);
    match glue.grow[region] {
        Some(grow) => {
            code.local_get(end);
            quantity(&mut code, access.bytes);
            code.i64_extend_i32_u()
                .i64_sub()
                .i64_const(0xffff)
                .i64_add()
                .i64_const(16)
                .i64_shr_u()
                .i32_wrap_i64()
                .call(maps.first_glue + grow)
                .i32_const(-1)
                .i32_eq();
            maps.globals.traps.when(&mut code, Trap::NoMemory);
        }
        None => {
            // A host that goes on after the trap begins anew.
            code.i32_const(0).global_set(top);
            maps.globals.traps.now(&mut code, Trap::NoMemory);
        }
    }
    code.end()
        .local_get(end)
        .i32_wrap_i64()
        .global_set(top)
        .local_get(pointer);
    Ok(fused.finish())
}

impl Fused<'_, '_, '_> {
    /// The host as a side; what it has made until now can be read.
    pub fn host(&mut self) -> Side {
        let base = self.local(ValType::I32);
        let host = self.side(&Party::HOST, Some(base));
        self.begin_reading(&host);
        host
    }

    /// Makes the place for a result of the host in the arena. Where the host leaves there what the result points
    /// to, the two words before it are the address of what is free, and the end of that.
    pub fn place_for_result(&mut self, host: &Side, ty: &Type, pointer: u32) -> Result<()> {
        let (Some(bytes), Some(top)) = (self.plan.fusion.room, self.maps.globals.arena) else {
            return self.allocate_const(host, ty.align(), ty.size(), pointer);
        };
        let align = ty.align().max(ROOM);
        self.allocate_const(host, align, align + ty.size(), pointer)?;
        self.sink()
            .local_get(pointer)
            .i32_const(align as i32)
            .i32_add()
            .local_set(pointer);
        let header = self.local(ValType::I32);
        let base = host.access.expect("the arena is a region").base;
        self.address(host, pointer)?;
        let mut code = self.sink();
        code.i32_const(ROOM as i32).i32_sub().local_tee(header);
        quantity(&mut code, base);
        code.global_get(top)
            .i32_add()
            .i32_store(word(0))
            .local_get(header);
        quantity(&mut code, base);
        code.i32_const(bytes as i32).i32_add().i32_store(word(4));
        Ok(())
    }

    /// Remembers where the host's region is, for the pointers that the host has made.
    pub fn begin_reading(&mut self, host: &Side) {
        if let (Some(access), Some(base)) = (&host.access, host.host) {
            quantity(&mut self.sink(), access.base);
            self.sink().local_set(base);
        }
    }

    /// Empties the arena, down to what was in it before.
    pub fn empty_arena(&mut self, down_to: Option<u32>) {
        let Some(global) = self.maps.globals.arena else {
            return;
        };
        match down_to {
            Some(local) => self.sink().local_get(local),
            None => self.sink().i32_const(0),
        };
        self.sink().global_set(global);
    }

    /// A pointer that was read, counted from the region of the side. What has no length may point
    /// anywhere in the host.
    pub fn copied_from_host(&mut self, side: &Side, pointer: u32, length: Option<u32>) -> u32 {
        let Some(base) = side.host else {
            return pointer;
        };
        let counted = self.local(ValType::I32);
        self.sink()
            .local_get(pointer)
            .local_get(base)
            .i32_sub()
            .local_set(counted);
        if let Some(length) = length {
            self.sink()
                .local_get(counted)
                .i32_const(0)
                .local_get(length)
                .select()
                .local_set(counted);
        }
        counted
    }

    /// Leaves a pointer on the stack as the side has pointers.
    pub fn give_pointer(&mut self, side: &Side, pointer: u32) -> Result<()> {
        match side.host {
            Some(_) => self.address(side, pointer),
            None => {
                self.sink().local_get(pointer);
                Ok(())
            }
        }
    }
}
