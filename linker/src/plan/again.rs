//! What it takes that a flat module can be made into a component again.
//!
//! The adapter of such a component takes memory with its first call, through the module's
//! `cabi_realloc` where it exports one. What lies above the guest then slides in the middle of a call that
//! has its address. So the module makes a call of its own first, one that fails.

use super::{Exported, Plan};
use crate::preview1;
use crate::resolve::HostId;

/// Finds the function of Preview 1 for that call, or why the module cannot be made into a component.
/// `exported` says that functions can be called before `_start` is, which makes the call.
pub fn decide(plan: &Plan<'_, '_>, exported: bool) -> Result<Option<HostId>, &'static str> {
    let hosts = plan.live.hosts();
    let name = |id: &HostId| {
        let host = &plan.program.hosts[id.0 as usize];
        (host.module == preview1::MODULE).then_some(&*host.name)
    };
    if !hosts.iter().any(|id| name(id).is_some()) {
        return Ok(None);
    }
    let mut exports = plan.exports.iter();
    let Some(realloc) = exports.find(|export| export.name == "cabi_realloc") else {
        return Ok(None);
    };
    if let Exported::Arena = realloc.what {
        return Err(
            "what the host passes lies in an arena that is emptied with every call, and the \
                    adapter of a component would keep its state there",
        );
    }
    let block = plan.memory.as_ref().and_then(|memory| memory.block);
    if !block.is_some_and(|block| block.slides && block.state > 0) {
        return Ok(None);
    }
    let best = hosts
        .into_iter()
        .filter_map(|id| Some((rank(name(&id)?)?, id)))
        .min_by_key(|(rank, id)| (*rank, id.0));
    match best {
        Some((_, id)) if !exported => Ok(Some(id)),
        _ => Err(
            "the state of the library moves when the program's memory grows, which the adapter \
                  of a component brings about in the middle of a call",
        ),
    }
}

/// How well a function can be called for nothing: the less the better. It must not write anything.
fn rank(name: &str) -> Option<u32> {
    Some(match name {
        _ if reads_buffer(name) => 3,
        "random_get" => 1,
        _ if name.starts_with("fd_") => 0,
        _ if name.starts_with("path_") => 2,
        _ => return None,
    })
}

/// Whether a function takes buffers: the call gives it one, without bytes, at address 0.
pub fn reads_buffer(name: &str) -> bool {
    matches!(name, "fd_read" | "fd_write" | "fd_pread" | "fd_pwrite")
}

/// The arguments of the call: a descriptor that is none, and nothing else.
pub fn arguments(name: &str, count: usize) -> Vec<i64> {
    let mut arguments = vec![0; count];
    if name != "random_get" {
        arguments[0] = -1;
    }
    if reads_buffer(name) {
        // Without a buffer it would not get as far.
        arguments[2] = 1;
    }
    arguments
}
