//! The debug information of the output: that of all guests, with the addresses of the output.

use std::collections::{BTreeMap, BTreeSet};

use super::code::Traced;
use super::names;
use crate::debug::address::{AddressMap, MovedBody};
use crate::debug::{self, DebugNotes, Guest};
use crate::maps::index::{Maps, Space};
use crate::memory::access::Quantity;
use crate::plan::Plan;
use crate::resolve::InstanceId;

/// The instances whose code has to be traced, because something speaks of places in it.
pub fn traced(plan: &Plan<'_, '_>) -> BTreeSet<InstanceId> {
    let ids = plan.program.ids();
    ids.filter(|&id| !plan.options.strip && !plan.is_library(id))
        .filter(|&id| {
            let module = plan.program.module(plan.input, id);
            debug::has_dwarf(module) || names::names_labels(module)
        })
        .collect()
}

/// Appends the sections.
pub fn append(
    plan: &Plan<'_, '_>,
    maps: &Maps,
    traces: Vec<Traced>,
    wasm: &mut Vec<u8>,
) -> DebugNotes {
    let mut bodies: BTreeMap<InstanceId, Vec<MovedBody>> = BTreeMap::new();
    for trace in traces {
        let (id, defined) = trace.source;
        let module = plan.program.module(plan.input, id);
        if debug::has_dwarf(module) {
            let moved = MovedBody::new(module, defined, trace.range, trace.points);
            bodies.entry(id).or_default().push(moved);
        }
    }
    let global = |id: InstanceId| move |index: u32| maps.instance(id).kept(Space::Global, index);
    let globals: BTreeMap<InstanceId, _> = bodies.keys().map(|&id| (id, global(id))).collect();
    let guests: Vec<Guest<'_, '_>> = bodies
        .into_iter()
        .map(|(id, bodies)| Guest {
            module: plan.program.module(plan.input, id),
            addresses: AddressMap::new(bodies),
            // Addresses are those of the first memory.
            keeps_memory: match maps.instance(id).first_access() {
                Some(access) => access.base == Quantity::Const(0),
                None => true,
            },
            keeps_locals: true,
            global: &globals[&id],
        })
        .collect();
    debug::append(&guests, wasm)
}
