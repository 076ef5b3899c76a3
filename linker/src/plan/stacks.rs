//! Where the stacks of guests lie that share room for them.
//!
//! A stack is in use while its guest is on the way of a call. So two guests of which neither can come to call
//! the other, with anything in between, have never both something on theirs. Functions of the host that are
//! not of WASI may call any export, and with it any guest. What waits for a task runs those of any guest meanwhile.

use anyhow::{Result, bail};

use super::binding::Binding;
use super::model::Plan;
use crate::entity::InstanceId;
use crate::preview1;
use crate::resolve::{CanonKind, FuncDef, Given, HostId};
use crate::statics::canon::calls;
use crate::statics::reach::{Reached, reaches};

/// Where stacks lie.
#[derive(Clone, Debug)]
pub struct Stacks {
    /// Where each of them begins.
    pub at: Vec<u32>,
    /// The bytes of them all.
    pub bytes: u32,
}

/// What a guest can come to call.
#[derive(Clone, Debug)]
struct Reach {
    /// Which of the guests, itself among them.
    guests: Vec<bool>,
    /// The host, where that may call back.
    host: bool,
    /// What runs the tasks of others.
    tasks: bool,
}

impl Reach {
    fn of(plan: &Plan<'_, '_>, id: InstanceId, guests: &[(InstanceId, u32)]) -> Reach {
        let (input, program) = (plan.input, &plan.program);
        let mut reach = Reach {
            guests: guests.iter().map(|(other, _)| *other == id).collect(),
            host: false,
            tasks: false,
        };
        let live = &plan.live.instance(id).funcs;
        let all = (0u32..).zip(live).filter(|(_, live)| **live);
        let all = all.map(|(index, _)| FuncDef::Core(id, index));
        let note = |reached| {
            match reached {
                Reached::Body(at, _) => {
                    for (reached, (other, _)) in reach.guests.iter_mut().zip(guests) {
                        *reached |= *other == at;
                    }
                }
                Reached::Canon(canon) => {
                    let host = plan.bindings.get(&canon).and_then(|binding| match binding {
                        Binding::Func(FuncDef::Host(host)) => Some(*host),
                        _ => None,
                    });
                    reach.host |= host.is_some_and(|host| may_call(plan, host));
                    let kind = &program.canons[canon.0 as usize].kind;
                    reach.tasks |= matches!(
                        kind,
                        CanonKind::Given(Given::Start | Given::Callback | Given::Thread)
                    );
                }
                Reached::Host(host) => reach.host |= may_call(plan, host),
                Reached::Table(_) => {}
            }
            false
        };
        reaches(input, program, all, note, |canon| calls(program, canon));
        reach
    }
}

/// Whether a function of the host may call the module. None of WASI does.
fn may_call(plan: &Plan<'_, '_>, host: HostId) -> bool {
    plan.program.hosts[host.0 as usize].module != preview1::MODULE
}

/// Lays out the stacks of so many bytes, one for each guest: those of guests that may be under way together lie
/// beside each other, all others may lie in one place.
///
/// # Errors
///
/// Where no two guests can share anything, it says which calls which.
pub fn lay_out(plan: &Plan<'_, '_>, guests: &[(InstanceId, u32)]) -> Result<Stacks> {
    let reach: Vec<Reach> = guests
        .iter()
        .map(|(id, _)| Reach::of(plan, *id, guests))
        .collect();
    let together = |a: usize, b: usize| {
        let one = |a: usize, b: usize| reach[a].host || reach[a].tasks || reach[a].guests[b];
        one(a, b) || one(b, a)
    };
    // The largest first, each as low as it can be.
    let mut order: Vec<usize> = (0..guests.len()).collect();
    order.sort_by_key(|at| (std::cmp::Reverse(guests[*at].1), *at));
    let mut at = vec![0u32; guests.len()];
    let mut bytes = 0;
    for (done, &guest) in order.iter().enumerate() {
        let taken = order[..done]
            .iter()
            .filter(|other| together(guest, **other));
        let mut taken: Vec<(u32, u32)> = taken
            .map(|&other| (at[other], at[other].saturating_add(guests[other].1)))
            .collect();
        taken.sort_unstable();
        let mut start = 0u32;
        for (from, to) in taken {
            if from < start.saturating_add(guests[guest].1) {
                start = start.max(to);
            }
        }
        at[guest] = start;
        bytes = bytes.max(u64::from(start) + u64::from(guests[guest].1));
    }
    let all: u64 = guests.iter().map(|(_, bytes)| u64::from(*bytes)).sum();
    if bytes >= all {
        bail!(
            "--share-stack: no two guests can share a stack: {}",
            why(plan, guests, &reach)
        );
    }
    Ok(Stacks {
        at,
        bytes: bytes as u32,
    })
}

/// How many reasons are given.
const REASONS: usize = 4;

/// Which guests call which.
fn why(plan: &Plan<'_, '_>, guests: &[(InstanceId, u32)], reach: &[Reach]) -> String {
    let path = |at: usize| {
        let path = plan.program.module(plan.input, guests[at].0).path.as_str();
        path.trim_start_matches("component > ")
    };
    let mut reasons = Vec::new();
    for (from, found) in reach.iter().enumerate() {
        if found.host {
            reasons.push(format!(
                "{} calls functions of the host, which may call any guest",
                path(from)
            ));
            continue;
        }
        if found.tasks {
            reasons.push(format!(
                "{} waits while tasks of other guests may run",
                path(from)
            ));
            continue;
        }
        for (to, calls) in found.guests.iter().enumerate() {
            if *calls && from != to {
                reasons.push(format!("{} calls {}", path(from), path(to)));
            }
        }
    }
    let more = reasons.len().saturating_sub(REASONS);
    reasons.truncate(REASONS);
    if more > 0 {
        reasons.push(format!("and {more} more"));
    }
    match reasons.is_empty() {
        true => "none of them has one".to_string(),
        false => reasons.join("; "),
    }
}
