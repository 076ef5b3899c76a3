//! What cannot be lowered is said before anything is linked, with its place in the component.

use anyhow::{Result, bail};
use wasmparser::{Operator, WasmFeatures};

use super::model::Plan;
use crate::features::{FeatureSet, of_operator};
use crate::parse::Input;
use crate::profile::{ENCODED_AWAY, LOWERED, Profile};
use crate::resolve::Program;

/// Refuses what the profile of `plan` lacks and what cannot be lowered, with the place of the first
/// live instruction that needs it.
pub fn refuse(plan: &Plan<'_, '_>) -> Result<()> {
    let profile = &plan.options.profile;
    let Some(mut fine) = profile.features else {
        return Ok(());
    };
    fine.insert(LOWERED);
    fine.insert(ENCODED_AWAY);
    for id in plan.program.ids() {
        let module = plan.program.module(plan.input, id);
        if module.features.without(fine).is_empty() {
            continue;
        }
        let live = plan.live.instance(id);
        for defined in 0..module.bodies.len() {
            let index = module.imported_func_count() + defined as u32;
            if !live.funcs[index as usize] {
                continue;
            }
            let ops = module.body(defined).get_operators_reader()?;
            for op in ops.into_iter_with_offsets() {
                let (op, offset) = op?;
                let legacy = FeatureSet::of(WasmFeatures::LEGACY_EXCEPTIONS);
                let refused = match op {
                    // It is of both proposals.
                    Operator::Throw { .. } if fine.contains(legacy) => continue,
                    op => of_operator(&op).without(fine),
                };
                if refused.is_empty() {
                    continue;
                }
                let function = module
                    .function_name(index)
                    .map_or_else(|| format!("function {index}"), |name| format!("{name:?}"));
                bail!(
                    "{function} needs {}, which the profile {} lacks and which cannot be lowered: \
                     compile without it, or choose another profile: {} (at offset {offset:#x}, in {})",
                    refused.names().join(", "),
                    profile.name(),
                    Profile::who_has(refused),
                    module.path
                );
            }
        }
    }
    Ok(())
}

/// Refuses what no flat module can have, wherever it is.
pub fn features(input: &Input<'_>, program: &Program) -> Result<()> {
    for id in program.ids() {
        let module = program.module(input, id);
        let place = |what: &str| {
            format!(
                "{what}, in {} (at offset {:#x})",
                module.path, module.range.start
            )
        };
        for memory in &module.memories {
            if memory.shared {
                bail!(place(
                    "shared memories are not supported: compile without threads"
                ));
            }
            if memory.memory64 {
                bail!(place(
                    "64-bit memories are not supported: compile for wasm32"
                ));
            }
            if memory.page_size_log2.is_some() {
                bail!(place("memories with a custom page size are not supported"));
            }
        }
        for table in &module.tables {
            if table.ty.table64 || table.ty.shared {
                bail!(
                    "64-bit and shared tables are not supported, in {} (at offset {:#x})",
                    module.path,
                    table.offset
                );
            }
        }
    }
    Ok(())
}

/// Refuses the proposals whose types have indices of types in them, with the place of the first
/// instruction that needs them.
pub fn typed_references(input: &Input<'_>, program: &Program) -> Result<()> {
    let typed = [
        WasmFeatures::FUNCTION_REFERENCES,
        WasmFeatures::STACK_SWITCHING,
    ]
    .map(FeatureSet::of);
    for id in program.ids() {
        let module = program.module(input, id);
        let Some(feature) = typed.into_iter().find(|f| module.features.contains(*f)) else {
            continue;
        };
        let mut offset = module.range.start as u64;
        'bodies: for defined in 0..module.bodies.len() {
            let ops = module.body(defined).get_operators_reader()?;
            for op in ops.into_iter_with_offsets() {
                let (op, at) = op?;
                if of_operator(&op).contains(feature) {
                    offset = at;
                    break 'bodies;
                }
            }
        }
        bail!(
            "{} are not supported: compile without them (at offset {offset:#x}, in {})",
            feature.names().join(", "),
            module.path
        );
    }
    Ok(())
}
