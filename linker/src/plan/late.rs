//! Element segments that are applied after a start function that can see the table, in programs that
//! only call through it.
//!
//! Nobody can tell one function from another in such a table but by calling it. So it has its last
//! contents from the beginning: functions of the linker that call what was there at the time, by the
//! number of late segments that count as applied.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Result, bail};

use super::model::{History, Place, Plan, Step};
use crate::parse::module::{ElementMode, Items};
use crate::resolve::{Const, constant};
use crate::resolve::{FuncDef, InstanceId};

/// The elements that late segments write.
///
/// # Errors
///
/// Fails for an element whose functions have several types: a call of another type than the one that
/// is there traps.
pub fn plan(plan: &Plan<'_, '_>) -> Result<BTreeMap<Place, History>> {
    let mut late: BTreeMap<Place, History> = BTreeMap::new();
    let steps = plan.init.iter().filter_map(|step| match step {
        Step::Applied(id, at) => Some((*id, *at)),
        _ => None,
    });
    let steps: Vec<(InstanceId, usize)> = steps.collect();
    if steps.is_empty() {
        return Ok(late);
    }
    let before = before(plan);
    for ((id, at), applied) in steps.into_iter().zip(1..) {
        for (place, func) in functions(plan, id, at) {
            let history = late.entry(place).or_insert_with(|| {
                let first = before.get(&place);
                first.map(|func| (0, *func)).into_iter().collect()
            });
            let ty = |func| plan.program.func_ty(plan.input, func);
            if history.iter().any(|(_, other)| ty(*other) != ty(func)) {
                let module = plan.program.module(plan.input, id);
                bail!(
                    "an element segment of {} is applied after a start function that can see the \
                     table, and puts a function of another type where one is, which needs the \
                     reference-types proposal (at offset {:#x})",
                    module.path,
                    module.elements[at].offset
                );
            }
            history.push((applied, func));
        }
    }
    Ok(late)
}

/// Where an active segment of functions puts which; nothing for any other segment.
pub fn functions(plan: &Plan<'_, '_>, id: InstanceId, at: usize) -> Vec<(Place, FuncDef)> {
    let element = &plan.program.module(plan.input, id).elements[at];
    let (ElementMode::Active { table, offset }, Items::Functions(items)) =
        (&element.mode, &element.items)
    else {
        return Vec::new();
    };
    let Some(Const::I32(start)) = constant(plan.input, &plan.program, id, offset) else {
        return Vec::new();
    };
    let slot = plan.program.table(plan.input, id, *table);
    let indices = (start as u32)..;
    let items = items.iter().map(|&func| FuncDef::Core(id, func));
    indices.map(|index| (slot, index)).zip(items).collect()
}

/// What elements have before any late segment: the last that is written.
fn before(plan: &Plan<'_, '_>) -> HashMap<Place, FuncDef> {
    let mut before = HashMap::new();
    for id in plan.program.ids() {
        for (at, live) in plan.live.instance(id).elements.iter().enumerate() {
            if *live && !plan.is_late(Step::Applied(id, at)) {
                before.extend(functions(plan, id, at));
            }
        }
    }
    before
}
