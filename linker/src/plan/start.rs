//! What happens while the component is instantiated: segments that are written late and start
//! functions, in the order of the specification.
//!
//! Segments of the output are all applied before anything runs. That is only the same when no
//! start function has run that can see the difference; others are written by the function that
//! runs the start functions, or count as applied from then on.

use anyhow::{Result, bail};
use wasmparser::WasmFeatures;

use super::binding::Target;
use super::model::{Plan, Step};
use crate::features::FeatureSet;
use crate::parse::module::{ElementMode, Items};
use crate::resolve::{CanonKind, FuncDef, InstanceId, Service};
use crate::resolve::{Const, constant};
use crate::statics::reach::sees_table;

/// What happens before the first export. `starts` are the start functions in order.
///
/// # Errors
///
/// Fails for an element segment of expressions that would have to be written when a function runs, in
/// a program without instructions for that.
pub fn steps(
    plan: &mut Plan<'_, '_>,
    left_out: impl Fn(InstanceId) -> bool,
    starts: &[(InstanceId, FuncDef)],
) -> Result<Vec<Step>> {
    let mut steps = Vec::new();
    let mut trapping = Vec::new();
    for id in plan.program.ids().filter(|&id| !left_out(id)) {
        segments(plan, id, starts, &mut steps, &mut trapping)?;
        if steps.last() == Some(&Step::Trap) {
            break;
        }
        for &(_, def) in starts.iter().filter(|(owner, _)| *owner == id) {
            let target = plan.target(def);
            if !is_trivial(plan, target, 0) {
                steps.push(Step::Call(target));
            }
        }
    }
    plan.warnings.append(&mut trapping);
    Ok(steps)
}

/// The steps for the segments of one instance.
fn segments(
    plan: &Plan<'_, '_>,
    id: InstanceId,
    starts: &[(InstanceId, FuncDef)],
    steps: &mut Vec<Step>,
    trapping: &mut Vec<String>,
) -> Result<()> {
    let (program, input) = (&plan.program, plan.input);
    let module = program.module(input, id);
    let live = plan.live.instance(id);
    let start = |expr| match constant(input, program, id, expr) {
        Some(Const::I32(start)) => Some(u64::from(start as u32)),
        _ => None,
    };
    let ran = |owner: InstanceId| {
        let ran = starts
            .iter()
            .filter(move |(at, _)| owner <= *at && *at < id);
        ran.map(|(_, def)| *def)
    };
    let mut misfit = |what: &str, offset: u64| {
        trapping.push(format!(
            "{what} of {} does not fit: like the component, the module traps when it is \
             initialised (at offset {offset:#x})",
            module.path
        ));
    };
    for (at, element) in module.elements.iter().enumerate() {
        let ElementMode::Active { table, offset } = &element.mode else {
            continue;
        };
        let slot = program.table(input, id, *table);
        let owner = program.module(input, slot.0);
        let ty = owner.tables[slot.1 as usize - owner.imported_tables.len()].ty;
        let end = start(offset).map(|start| start + element.items.len() as u64);
        let grown = ran(slot.0).next().is_some() && plan.live.writes(slot);
        if end.is_some_and(|end| end > ty.initial) && !grown {
            misfit("an element segment", element.offset);
            steps.push(Step::Trap);
            return Ok(());
        }
        let seen = ran(slot.0).any(|def| sees_table(input, program, def, slot));
        // One without elements has nothing to write at any time.
        let is_empty = element.items.is_empty() && !grown;
        if !live.elements[at] || is_empty || !(seen || grown) {
            continue;
        }
        let references = FeatureSet::of(WasmFeatures::REFERENCE_TYPES);
        if input.features().contains(references) || plan.live.writes(slot) {
            steps.push(Step::Elements(id, at));
        } else if matches!(element.items, Items::Functions(_)) {
            steps.push(Step::Applied(id, at));
        } else {
            bail!(
                "an element segment of expressions of {} is applied after a start function that can \
                 see the table, which needs the reference-types proposal (at offset {:#x})",
                module.path,
                element.offset
            );
        }
    }
    for (at, data) in module.data.iter().enumerate() {
        let Some((memory, offset)) = &data.active else {
            continue;
        };
        let slot = program.memory(input, id, *memory);
        let owner = program.module(input, slot.0);
        let ty = owner.memories[slot.1 as usize - owner.imported_memories.len()];
        let end = start(offset).map(|start| start + data.bytes.len() as u64);
        let seen = ran(slot.0).next().is_some();
        let grown = seen && plan.live.growing.contains(&slot);
        if end.is_some_and(|end| end > ty.initial << 16) && !grown {
            misfit("a data segment", data.offset);
            steps.push(Step::Trap);
            return Ok(());
        }
        if live.data[at] && seen && (grown || !data.bytes.is_empty()) {
            steps.push(Step::Data(id, at));
        }
    }
    Ok(())
}

/// Whether a function does nothing: its body is empty, or calls only such functions.
fn is_trivial(plan: &Plan<'_, '_>, target: Target, depth: u32) -> bool {
    let Target::Core(id, index) = target else {
        return match target {
            Target::Glue(id) => matches!(
                plan.program.canons[id.0 as usize].kind,
                CanonKind::Service(Service::Nothing(_))
            ),
            _ => false,
        };
    };
    let module = plan.program.module(plan.input, id);
    let body = module.body((index - module.imported_func_count()) as usize);
    let Ok(ops) = body.get_operators_reader() else {
        return false;
    };
    depth < 8
        && ops.into_iter().all(|op| match op {
            Ok(wasmparser::Operator::End | wasmparser::Operator::Nop) => true,
            Ok(wasmparser::Operator::Call { function_index }) => is_trivial(
                plan,
                plan.target(FuncDef::Core(id, function_index)),
                depth + 1,
            ),
            _ => false,
        })
}
