//! Calls between two component instances.

use anyhow::Result;
use wasm_encoder::{Function, ValType};

use super::encoder::{Fused, Place, flat};
use super::tasks::RETURNED;
use crate::abi::{MAX_FLAT_ASYNC_PARAMS, MAX_FLAT_PARAMS, MAX_FLAT_RESULTS};
use crate::glue::callee::check_may_leave;
use crate::maps::{Glue, Maps};
use crate::plan::Plan;
use crate::resolve::{CanonId, CanonKind, ComponentFunc};

/// Encodes the function for a lowered import that is another guest's lifted export, which does not go by way of the library
/// of tasks: who lowers it with `async` gets its result in memory, and that it has returned.
///
/// # Errors
///
/// Names what the component lacks, such as a `realloc` option.
pub fn call(glue: &Glue, plan: &Plan<'_, '_>, maps: &Maps, id: CanonId) -> Result<Function> {
    let canon = &plan.program.canons[id.0 as usize];
    let CanonKind::Lower {
        callee: ComponentFunc::Lift(lift),
        options,
    } = &canon.kind
    else {
        unreachable!("only calls between guests are fused");
    };
    let lift = &plan.program.lifts[lift.0 as usize];
    let ty = &lift.ty;
    let mut fused = Fused::new(glue, plan, maps, canon.ty.params());
    let caller = fused.guest(options, canon.instance);
    let callee = fused.guest(&lift.options, lift.instance);

    // Trap before anything else when the callee may not be entered.
    check_may_leave(plan, maps, &mut fused.code, canon.instance);
    let entered = fused.enter(Some(canon.instance), lift.instance);
    let counter = fused.begin_borrows(ty, &callee);

    let most = match options.is_async {
        true => MAX_FLAT_ASYNC_PARAMS,
        false => MAX_FLAT_PARAMS,
    };
    let (next, source) = fused.parameters_of(&ty.params, &caller, most)?;
    fused.pass(&ty.params, &caller, &source, &callee)?;
    let func = fused.core(lift.func);
    fused.sink().call(func);

    let flat = flat(ty.result.as_ref());
    let mut returned = Vec::new();
    let mut results = Vec::new();
    if let Some(result) = &ty.result {
        let in_memory = flat.len() > MAX_FLAT_RESULTS;
        let from = fused.local(if in_memory { ValType::I32 } else { flat[0] });
        fused.sink().local_set(from);
        returned.push(from);
        let source = if in_memory {
            fused.check_pointer(&callee, from, result)?;
            Place::at(from)
        } else {
            Place::Flat(vec![from])
        };
        let target = if in_memory || options.is_async {
            fused.check_pointer(&caller, next, result)?;
            Place::at(next)
        } else {
            results.push(fused.local(flat[0]));
            Place::Flat(results.clone())
        };
        fused.copy(result, &callee, &source, &caller, &target)?;
    }
    fused.end_borrows(counter);
    if let Some(post_return) = lift.options.post_return {
        fused.post_return(post_return, &callee, &returned);
    }
    fused.leave(&entered);
    for result in results {
        fused.sink().local_get(result);
    }
    if options.is_async {
        fused.sink().i32_const(RETURNED);
    }
    Ok(fused.finish())
}
