//! Exceptions end where a component instance does: `CanonicalABI.md`, "canon lift" and "canon
//! resource.drop", `call_and_trap_on_throw`.
//!
//! What another component instance, a library or the host calls, and what may throw, is called through
//! a function that turns an exception of the callee into a trap. It catches the tags of the callee and
//! nothing else: what a host throws to unwind, such as its `proc_exit`, passes.

use std::collections::BTreeSet;

use super::binding::Target;
use super::model::{Exported, Plan, Step};
use super::throwing::Borders;
use crate::resolve::{CanonKind, FuncDef, InstanceId, LiftId};
use crate::statics::canon;

/// Finds what is called from outside of its component instance and may throw.
pub fn plan(plan: &Plan<'_, '_>) -> Borders {
    let (input, program) = (plan.input, &plan.program);
    let mut borders = Borders::new();
    if plan.throwing.form.is_none() {
        return borders;
    }
    let called: BTreeSet<(InstanceId, u32)> = called(plan)
        .into_iter()
        .filter_map(|target| match target {
            Target::Core(id, index) if !plan.is_library(id) => Some((id, index)),
            _ => None,
        })
        .collect();
    for (id, index) in called {
        if plan.throwing.can(input, program, FuncDef::Core(id, index)) {
            let tags = plan.throwing.tags(input, program, &plan.live, id);
            borders.insert((id, index), tags);
        }
    }
    borders
}

/// Everything that is called from outside of its component instance.
fn called(plan: &Plan<'_, '_>) -> Vec<Target> {
    let program = &plan.program;
    let mut called: Vec<FuncDef> = Vec::new();
    for &id in &plan.live.glue {
        called.extend(canon::calls(program, id));
        if let CanonKind::Lower { options, .. } = &program.canons[id.0 as usize].kind {
            called.extend(options.realloc);
        }
    }
    let lifted = |lift: LiftId| {
        let lift = &program.lifts[lift.0 as usize];
        let options = &lift.options;
        let all = [
            Some(lift.func),
            options.realloc,
            options.post_return,
            options.callback,
        ];
        all.into_iter().flatten()
    };
    let mut targets = Vec::new();
    // A module that was wrapped comes back as it was.
    let exact = matches!(plan.adapters.as_slice(), [only] if only.kept.is_none())
        || !plan.program.natives.is_empty();
    let exports = plan.exports.iter().filter(|_| !exact);
    for export in exports {
        match export.what {
            Exported::Func(target)
            | Exported::Initialised(target)
            | Exported::Realloc(target)
            | Exported::NotLeaving(target, _) => targets.push(target),
            Exported::Allocating(allocating, _) => targets.push(allocating.target),
            Exported::Copied(lift, _) | Exported::CopiedPost(lift) | Exported::TaskRun(lift) => {
                called.extend(lifted(lift));
            }
            Exported::Run(target, post_return, _) => {
                targets.push(target);
                targets.extend(post_return);
            }
            Exported::Passed(..)
            | Exported::Arena
            | Exported::HostArena(_)
            | Exported::Initialize
            | Exported::Memory
            | Exported::Global(..)
            | Exported::Table(..)
            | Exported::End
            | Exported::Malloc
            | Exported::Free => {}
        }
    }
    if !exact {
        targets.extend(plan.init.iter().filter_map(|step| match step {
            Step::Call(target) => Some(*target),
            _ => None,
        }));
    }
    for library in &plan.libraries {
        let imported = program
            .module(plan.input, library.instance)
            .imported_func_count();
        called.extend((0..imported).map(|func| FuncDef::Core(library.instance, func)));
    }
    let guarded = plan.live.allocate_only.iter();
    called.extend(guarded.map(|&(id, index)| FuncDef::Core(id, index)));
    targets.extend(called.into_iter().filter_map(|def| plan.try_target(def)));
    targets
}
