//! Lowered imports of functions of the host or a library, where these are called otherwise than they are lowered: with
//! `async`, or with ends of streams.

use anyhow::{Result, bail};
use wasm_encoder::{Function, ValType};

use super::encoder::{Fused, Place, Side, flat};
use super::tasks::{ASYNC_LOWER, OF_HOST, RESULT_SLOT, RETURNED, field, numbers};
use crate::abi::{FuncType, MAX_FLAT_ASYNC_PARAMS, MAX_FLAT_PARAMS, MAX_FLAT_RESULTS};
use crate::glue::callee::check_may_leave;
use crate::maps::shared::Party;
use crate::maps::{Glue, Maps};
use crate::plan::tasks::Site;
use crate::plan::{Binding, Plan};
use crate::resolve::{CanonId, CanonKind, ComponentFunc};
use crate::statics::canon::canon_name;

/// Encodes a lowered import of the host or a library, whose values stay where they are: it is called as the
/// blocking function that it is there, and what is ends of streams in them becomes records.
///
/// # Errors
///
/// Names what the component lacks.
pub fn import(glue: &Glue, plan: &Plan<'_, '_>, maps: &Maps, id: CanonId) -> Result<Function> {
    if plan.fusion.by_tasks(Site::Host(id)) {
        return pending(glue, plan, maps, id);
    }
    let canon = &plan.program.canons[id.0 as usize];
    let CanonKind::Lower { options, .. } = &canon.kind else {
        unreachable!("only lowered imports are calls of the host");
    };
    let mut fused = Fused::new(glue, plan, maps, canon.ty.params());
    let (ty, target, guest, host) = fused.imported(id)?;
    check_may_leave(plan, maps, &mut fused.code, canon.instance);
    let most = match options.is_async {
        true => MAX_FLAT_ASYNC_PARAMS,
        false => MAX_FLAT_PARAMS,
    };
    let (next, source) = fused.parameters_of(&ty.params, &guest, most)?;
    if plan.fusion.beside {
        fused.check_value(&ty.params, &guest, &source)?;
    }
    match (&source, flat(Some(&ty.params)).len() > MAX_FLAT_PARAMS) {
        (Place::Memory { pointer, .. }, true) => {
            if ty.params.has_ends() {
                bail!(
                    "{}: streams and futures among so many parameters are not supported",
                    canon_name(&plan.program, id)
                );
            }
            fused.sink().local_get(*pointer);
        }
        _ => fused.pass(&ty.params, &guest, &source, &host)?,
    }
    let result = flat(ty.result.as_ref());
    if let (Some(ty), true) = (&ty.result, result.len() > MAX_FLAT_RESULTS) {
        fused.check_pointer(&guest, next, ty)?;
        fused.sink().local_get(next).call(target);
        if ty.has_ends() {
            let place = Place::at(next);
            fused.copy(ty, &host, &place, &guest, &place)?;
        }
    } else if let Some(ty) = &ty.result {
        fused.sink().call(target);
        let given = fused.local(result[0]);
        let source = Place::Flat(vec![given]);
        fused.sink().local_set(given);
        if options.is_async {
            fused.check_pointer(&guest, next, ty)?;
            fused.copy(ty, &host, &source, &guest, &Place::at(next))?;
        } else {
            let to = fused.local(result[0]);
            fused.copy(ty, &host, &source, &guest, &Place::Flat(vec![to]))?;
            fused.sink().local_get(to);
        }
    } else {
        fused.sink().call(target);
    }
    if options.is_async {
        fused.sink().i32_const(RETURNED);
    }
    Ok(fused.finish())
}

/// Encodes a call of a function of a library that waits for the host, before it waits or when the host may be ready: `(task)`.
/// The library says to that of tasks what it waits for, or that the call is over.
///
/// # Errors
///
/// Names what the component lacks.
pub fn attempt(glue: &Glue, plan: &Plan<'_, '_>, maps: &Maps, id: CanonId) -> Result<Function> {
    let task = 0;
    let mut fused = Fused::new(glue, plan, maps, &[wasmparser::ValType::I32]);
    let (ty, target, guest, host) = fused.imported(id)?;
    // Its realloc has a context of its own.
    let kept = fused.keep_contexts();
    let source = fused.kept_arguments(&ty.params, &guest, ("args", MAX_FLAT_ASYNC_PARAMS), task)?;
    if plan.fusion.beside {
        fused.check_value(&ty.params, &guest, &source)?;
    }
    fused.pass(&ty.params, &guest, &source, &host)?;
    fused.sink().local_get(task);
    fused.of_tasks("args");
    fused
        .sink()
        .i32_load(field(RESULT_SLOT, 2))
        .local_get(task)
        .call(target);
    fused.bring_contexts(kept);
    Ok(fused.finish())
}

/// Encodes a lowered import whose call can be left pending.
fn pending(glue: &Glue, plan: &Plan<'_, '_>, maps: &Maps, id: CanonId) -> Result<Function> {
    let canon = &plan.program.canons[id.0 as usize];
    let tasks = numbers(plan);
    let mut fused = Fused::new(glue, plan, maps, canon.ty.params());
    check_may_leave(plan, maps, &mut fused.code, canon.instance);
    let site = Site::Host(id);
    let task = fused.local(ValType::I32);
    fused
        .sink()
        .i32_const(tasks.site(site).unwrap_or(-1))
        .i32_const(-1)
        .i32_const(tasks.instance(canon.instance))
        .i32_const(-1)
        .i32_const(ASYNC_LOWER | OF_HOST);
    fused.of_tasks("begin");
    fused.sink().local_set(task);
    let place = canon.ty.params().len() as u32 - 1;
    fused.keep_arguments("args", Some(place), task);
    let start = glue.task_starts[&site] + maps.first_glue;
    fused.sink().local_get(task).call(start).local_get(task);
    fused.of_tasks("finish_async");
    Ok(fused.finish())
}

impl<'p> Fused<'p, '_, '_> {
    /// A lowered import that is called otherwise than it is lowered: its type, what it is bound to, and the two sides.
    fn imported(&mut self, id: CanonId) -> Result<(&'p FuncType, u32, Side, Side)> {
        let plan = self.plan;
        let canon = &plan.program.canons[id.0 as usize];
        let CanonKind::Lower {
            callee: ComponentFunc::Import(callee),
            options,
        } = &canon.kind
        else {
            unreachable!("only lowered imports are calls of the host");
        };
        let import = &plan.program.imports[*callee as usize];
        let target = match plan.bindings.get(&id) {
            Some(Binding::Func(def)) => self.maps.target(plan.target(*def)),
            _ => None,
        };
        let Some(target) = target else {
            bail!("nothing is bound to {}", import.name);
        };
        let guest = self.guest(options, canon.instance);
        let host = Side {
            party: Party::HOST,
            access: guest.access,
            realloc: None,
            host: None,
        };
        self.is_shallow = true;
        Ok((&import.ty, target, guest, host))
    }
}
