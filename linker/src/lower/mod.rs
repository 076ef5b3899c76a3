//! What a target takes, and what is rewritten for it.

pub mod arena;
pub mod bulk;

use anyhow::{Result, bail};
use wasmparser::WasmFeatures;

use crate::features::{FeatureSet, of_operator};
use crate::parse::module::Module;
use crate::plan::Plan;

/// What the engine of a target takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    name: &'static str,
    /// The proposals that the engine knows; none when it takes whatever the input uses.
    features: Option<FeatureSet>,
    /// Whether the runtime puts a heap of its own into the memory, unless it can ask the module.
    app_heap: bool,
}

impl Default for Profile {
    fn default() -> Profile {
        Profile {
            name: "as-is",
            features: None,
            app_heap: false,
        }
    }
}

/// Proposals that every output is free of, because all of it is encoded anew.
const ENCODED_AWAY: FeatureSet = FeatureSet::of(
    WasmFeatures::CALL_INDIRECT_OVERLONG
        .union(WasmFeatures::EXTENDED_CONST)
        .union(WasmFeatures::COMPACT_IMPORTS)
        .union(WasmFeatures::MUTABLE_GLOBAL),
);

impl Profile {
    /// The names of the built-in profiles.
    pub const NAMES: &'static [&'static str] = &["as-is", "wamr-2020"];

    /// The profile of this name.
    pub fn named(name: &str) -> Option<Profile> {
        match name {
            "as-is" => Some(Profile::default()),
            "wamr-2020" => Some(Profile {
                name: "wamr-2020",
                features: Some(FeatureSet::of(
                    WasmFeatures::MUTABLE_GLOBAL
                        | WasmFeatures::SIGN_EXTENSION
                        | WasmFeatures::SATURATING_FLOAT_TO_INT
                        | WasmFeatures::MULTI_VALUE,
                )),
                app_heap: true,
            }),
            _ => None,
        }
    }

    /// The name of the profile.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Whether `memory.copy` and `memory.fill` become calls.
    pub fn lowers_bulk_memory(&self) -> bool {
        let bulk = FeatureSet::of(WasmFeatures::BULK_MEMORY_OPT);
        self.features
            .is_some_and(|features| !features.contains(bulk))
    }

    /// Whether the output exports an arena for the runtime's own use.
    pub fn wants_arena(&self) -> bool {
        self.app_heap
    }

    /// What the output may use when the input uses `input`.
    pub fn allowed(&self, input: FeatureSet) -> FeatureSet {
        match self.features {
            Some(features) => features.intersection(input),
            None => input.without(ENCODED_AWAY),
        }
    }

    /// Whether a name in a `target_features` section still holds for the output.
    pub fn names_feature(&self, name: &str) -> bool {
        match self.features {
            None => name != "call-indirect-overlong",
            Some(features) => features.names().contains(&name),
        }
    }

    /// What neither the target has nor is rewritten.
    fn refused(&self, used: FeatureSet) -> FeatureSet {
        let Some(features) = self.features else {
            return FeatureSet::MVP;
        };
        let mut fine = features;
        fine.insert(ENCODED_AWAY);
        fine.insert(FeatureSet::of(WasmFeatures::BULK_MEMORY_OPT));
        used.without(fine)
    }
}

/// Refuses what the profile of `plan` lacks and what is not rewritten yet, with the place of the
/// first live instruction or definition that needs it.
pub fn check(plan: &Plan<'_, '_>) -> Result<()> {
    let profile = &plan.options.profile;
    for id in plan.program.ids() {
        let module = plan.program.module(plan.input, id);
        if profile.refused(module.features).is_empty() {
            continue;
        }
        let live = plan.live.instance(id);
        for defined in 0..module.bodies.len() {
            let index = module.imported_func_count() + defined as u32;
            if live.funcs[index as usize] {
                check_body(profile, module, defined)?;
            }
        }
        for (element, live) in module.elements.iter().zip(&live.elements) {
            if *live
                && !matches!(
                    element.mode,
                    crate::parse::module::ElementMode::Active { .. }
                )
            {
                refuse(
                    profile,
                    module,
                    "a passive element segment",
                    "bulk-memory",
                    element.offset,
                )?;
            }
        }
        for (data, live) in module.data.iter().zip(&live.data) {
            if *live && data.active.is_none() {
                refuse(
                    profile,
                    module,
                    "a passive data segment",
                    "bulk-memory",
                    data.offset,
                )?;
            }
        }
        let tables = live.tables.iter().filter(|live| **live).count();
        if tables > 1 {
            let offset = module.tables.first().map_or(0, |table| table.offset);
            refuse(profile, module, "several tables", "reference-types", offset)?;
        }
    }
    Ok(())
}

fn check_body(profile: &Profile, module: &Module<'_>, defined: usize) -> Result<()> {
    for op in module
        .body(defined)
        .get_operators_reader()?
        .into_iter_with_offsets()
    {
        let (op, offset) = op?;
        let refused = profile.refused(of_operator(&op));
        if !refused.is_empty() {
            let index = module.imported_func_count() + defined as u32;
            let function = module
                .func_names
                .iter()
                .find(|(named, _)| *named == index)
                .map_or_else(
                    || format!("function {index}"),
                    |(_, name)| format!("{name:?}"),
                );
            refuse(
                profile,
                module,
                &function,
                &refused.names().join(", "),
                offset,
            )?;
        }
    }
    Ok(())
}

fn refuse(
    profile: &Profile,
    module: &Module<'_>,
    what: &str,
    feature: &str,
    offset: u64,
) -> Result<()> {
    bail!(
        "{what} needs {feature}, which the profile {} lacks and which is not lowered yet: compile \
         without it (at offset {offset:#x}, in {})",
        profile.name,
        module.path
    )
}
