//! The indices of what glue calls, and the checks in front of calls.

use wasm_encoder::InstructionSink;

use crate::maps::Maps;
use crate::memory::traps::Trap;
use crate::plan::{Plan, Target};
use crate::preview1;
use crate::resolve::{ComponentInstanceId, HostId};

/// A function of Preview 1 that was planned.
pub fn host(plan: &Plan<'_, '_>, name: &str) -> Target {
    let mut hosts = plan.program.hosts.iter();
    hosts
        .position(|host| host.module == preview1::MODULE && host.name == name)
        .map(|at| Target::Host(HostId(at as u32)))
        .expect("what the linker calls itself is imported")
}

/// The index of a function that is called from outside of its component instance.
pub fn index(maps: &Maps, target: Target) -> u32 {
    maps.entry(target).expect("what is exported is live")
}

/// Traps when the instance may not call out now.
pub fn check_may_leave(
    plan: &Plan<'_, '_>,
    maps: &Maps,
    code: &mut Vec<u8>,
    instance: ComponentInstanceId,
) {
    if plan.fusion.may_not_leave.contains(&instance) {
        let flag = maps.globals.may_not_leave[&instance];
        let mut sink = InstructionSink::new(code);
        sink.global_get(flag);
        maps.globals.traps.when(&mut sink, Trap::CannotLeave);
    }
}
