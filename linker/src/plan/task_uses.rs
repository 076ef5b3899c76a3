//! What a program can come to use of the library of tasks: the rest of it is not linked.

use std::collections::BTreeSet;

use super::libraries::HostEnds;
use super::live::{Live, Tracer};
use crate::options::Stacks;
use crate::resolve::{
    AsyncBuiltin, CanonId, CanonKind, ComponentFunc, ComponentInstanceId, EndType, HOST, Lift,
    LiftId, Program, Resource,
};

/// What is reached, by what the weak imports of the library ask for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Uses {
    /// There is one task at a time: the host calls functions that are over when they return, and no guest calls another
    /// by way of the library.
    pub is_alone: bool,
    /// Something of the host can be waited for, but for its readiness to take what is written.
    pub waits: bool,
    host: bool,
    results: bool,
    pump: bool,
    pairs: bool,
    pending: bool,
}

impl Uses {
    /// Whether there is what a weak import asks for; nothing for a name that is not known.
    pub fn has(&self, name: &str) -> Option<bool> {
        Some(match name {
            "waits" => self.waits,
            "host" => self.host,
            "results" => self.results,
            "pump" => self.pump,
            "pairs" => self.pairs,
            "pending" => self.pending,
            _ => return None,
        })
    }
}

/// Finds out what a program uses.
pub fn uses(
    program: &Program,
    tracer: &Tracer<'_, '_>,
    exported: &[LiftId],
    stacks: Stacks,
    plain: bool,
) -> Uses {
    let host = HostEnds::of(program, tracer);
    let reaching = reaching(program, &tracer.live, plain);
    let (mut read, mut written): (Vec<&EndType>, Vec<&EndType>) = Default::default();
    let is_plain = |id: &LiftId| !program.lifts[id.0 as usize].options.is_async;
    let mut is_alone = stacks == Stacks::Nested && !host.sockets && exported.iter().all(is_plain);
    let reached: Vec<&CanonId> = tracer
        .live
        .glue
        .iter()
        .chain(tracer.reached.keys())
        .collect();
    for id in reached {
        match &program.canons[id.0 as usize].kind {
            CanonKind::Lower {
                callee: ComponentFunc::Lift(lift),
                ..
            } => {
                let lift = &program.lifts[lift.0 as usize];
                is_alone &= !goes_by(lift, &reaching, plain);
            }
            CanonKind::Async(builtin) => {
                match builtin {
                    AsyncBuiltin::Read(end, _) => read.push(end),
                    AsyncBuiltin::Write(end, _) => written.push(end),
                    AsyncBuiltin::BackpressureInc | AsyncBuiltin::BackpressureDec => {
                        is_alone = false;
                    }
                    _ => {}
                }
                is_alone &= !builtin.is_of_threads();
            }
            _ => {}
        }
    }
    Uses {
        is_alone,
        waits: host.pends || host.gives,
        host: host.waits,
        results: read.iter().any(|end| end.is_future),
        pump: host.gives && host.takes,
        // Only calls of sockets are tried again.
        pending: host.sockets,
        pairs: read.iter().any(|end| written.contains(end)),
    }
}

/// Whether a call of a function goes by way of the library. One that is lifted without `async`, of an instance that never
/// asks anything of the library, returns before anything else can happen: nothing holds it back, no task of its instance can
/// be under way, and whoever calls it gets the result at once. So its calls are `plain` ones.
pub fn goes_by(lift: &Lift, reaching: &BTreeSet<ComponentInstanceId>, plain: bool) -> bool {
    lift.options.is_async || lift.is_async && !plain || reaching.contains(&lift.instance)
}

/// The component instances whose functions can come to ask something of the library.
pub fn reaching(program: &Program, live: &Live, plain: bool) -> BTreeSet<ComponentInstanceId> {
    let mut found = BTreeSet::new();
    loop {
        let before = found.len();
        for &id in &live.glue {
            let canon = &program.canons[id.0 as usize];
            let reaches = match &canon.kind {
                CanonKind::Async(_) => true,
                CanonKind::Lower {
                    callee: ComponentFunc::Lift(lift),
                    ..
                } => {
                    let lift = &program.lifts[lift.0 as usize];
                    goes_by(lift, &found, plain)
                }
                CanonKind::ResourceDrop(resource) => {
                    match &program.resources[resource.0 as usize] {
                        Resource::Defined {
                            instance,
                            destructor: Some(_),
                        } => found.contains(instance),
                        _ => false,
                    }
                }
                _ => false,
            };
            if reaches {
                found.insert(canon.instance);
            }
        }
        for import in program.canons.iter() {
            if let CanonKind::Lower {
                callee: ComponentFunc::Import(at),
                ..
            } = &import.kind
                && import.instance != HOST
                && program.imports[*at as usize].has_tasks()
            {
                found.insert(import.instance);
            }
        }
        if found.len() == before {
            return found;
        }
    }
}
