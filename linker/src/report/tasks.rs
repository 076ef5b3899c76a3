//! What the user should know of the stacks of tasks.

use crate::merge::Merged;
use crate::parse::Input;
use crate::plan::Plan;
use crate::resolve::{CanonId, CanonKind, ComponentFunc, FuncDef};

/// How many names a note has at most.
const NAMES: usize = 8;

/// Notes on what waits, and on what was done for that.
pub fn notes(plan: &Plan<'_, '_>, merged: &Merged) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(done) = merged.unwinds {
        notes.push(format!(
            "--stacks switch: {} of {} functions can be taken off the stack while a task waits, {} -> {} bytes; {} stacks \
             of {} bytes",
            done.functions,
            done.all,
            done.before,
            done.after,
            plan.options.max_tasks,
            plan.options.thread_stack
        ));
    }
    let mut names: Vec<String> = merged
        .deep
        .iter()
        .filter_map(|id| callee(plan, *id))
        .collect();
    names.sort_unstable();
    names.dedup();
    if !names.is_empty() {
        let more = names.len().saturating_sub(NAMES);
        names.truncate(NAMES);
        let more = match more {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        notes.push(format!(
            "what is called without waiting for it, and can wait inside: {}{more}. Where it waits for what its caller would \
             do next, the module traps (\"needs several stacks\"): --stacks switch lets the caller go on",
            names.join(", ")
        ));
    }
    notes
}

/// The function that a lowered one calls: the name of its core function, and whose it is.
fn callee(plan: &Plan<'_, '_>, id: CanonId) -> Option<String> {
    let CanonKind::Lower {
        callee: ComponentFunc::Lift(lift),
        ..
    } = &plan.program.canons[id.0 as usize].kind
    else {
        return None;
    };
    let lift = &plan.program.lifts[lift.0 as usize];
    let name = match lift.func {
        FuncDef::Core(id, index) => exported(
            plan.input,
            plan.program.instances[id.0 as usize].module,
            index,
        ),
        _ => None,
    };
    let path = lift.path.trim_start_matches("component > ");
    Some(match name {
        Some(name) => format!("{name:?} of {path}"),
        None => format!("a function at offset {:#x} of {path}", lift.offset),
    })
}

/// The first name under which a module exports a function.
fn exported(input: &Input<'_>, module: usize, index: u32) -> Option<String> {
    let exports = input.modules[module].exports.iter();
    let names =
        exports.filter(|(_, (kind, at))| *kind == wasmparser::ExternalKind::Func && *at == index);
    names.map(|(name, _)| (*name).to_string()).min()
}
