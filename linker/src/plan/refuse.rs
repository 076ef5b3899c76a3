//! What cannot be lowered is said before anything is linked, with its place in the component.

use anyhow::{Result, bail};

use super::Plan;
use crate::features::of_operator;
use crate::profile::{ENCODED_AWAY, LOWERED};

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
                let refused = of_operator(&op).without(fine);
                if refused.is_empty() {
                    continue;
                }
                let function = module
                    .function_name(index)
                    .map_or_else(|| format!("function {index}"), |name| format!("{name:?}"));
                bail!(
                    "{function} needs {}, which the profile {} lacks and which cannot be lowered: \
                     compile without it, or choose a profile that has it (at offset {offset:#x}, in {})",
                    refused.names().join(", "),
                    profile.name(),
                    module.path
                );
            }
        }
    }
    Ok(())
}
