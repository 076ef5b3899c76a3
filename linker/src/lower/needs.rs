//! What is to be lowered in a module for a target.

use wasmparser::WasmFeatures;

use crate::features::FeatureSet;
use crate::findings::survey::{Survey, has_several_memories};
use crate::findings::{Effect, Kind, findings};
use crate::parse::module::Module;
use crate::profile::Profile;

/// What is lowered in a module.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    pub sign_ext: bool,
    pub sat_float: bool,
    /// `memory.copy` and `memory.fill`.
    pub memory_copy: bool,
    /// Passive data segments.
    pub segments: bool,
    pub multi_value: bool,
    pub tail_call: bool,
    /// References as values, and tables that are written.
    pub references: bool,
    /// `select` with a type.
    pub typed_select: bool,
    /// Several tables, and element segments other than active ones of function indices.
    pub tables: bool,
    /// Several memories.
    pub memories: bool,
    /// Whether the module grows a table: nothing to be lowered by itself.
    pub table_grow: bool,
}

impl Needs {
    /// Whether the nesting of blocks has to be followed.
    pub fn structure(self) -> bool {
        self.multi_value || self.tail_call
    }
}

/// What is to be lowered in `module` for `profile`.
pub fn needs(module: &Module<'_>, profile: &Profile, survey: &Survey) -> Needs {
    let lacks = |feature: WasmFeatures| !profile.has(feature);
    let several = profile
        .limits
        .tables
        .is_some_and(|most| module.tables.len() > most);
    Needs {
        sign_ext: lacks(WasmFeatures::SIGN_EXTENSION),
        sat_float: lacks(WasmFeatures::SATURATING_FLOAT_TO_INT),
        memory_copy: lacks(WasmFeatures::BULK_MEMORY_OPT),
        segments: lacks(WasmFeatures::BULK_MEMORY),
        multi_value: lacks(WasmFeatures::MULTI_VALUE)
            && module
                .features
                .contains(FeatureSet::of(WasmFeatures::MULTI_VALUE)),
        tail_call: lacks(WasmFeatures::TAIL_CALL)
            && module
                .features
                .contains(FeatureSet::of(WasmFeatures::TAIL_CALL)),
        references: survey.references && lacks(WasmFeatures::REFERENCE_TYPES)
            || survey.table_bulk && lacks(WasmFeatures::BULK_MEMORY),
        typed_select: lacks(WasmFeatures::REFERENCE_TYPES),
        tables: lacks(WasmFeatures::REFERENCE_TYPES) || several,
        memories: has_several_memories(module, |feature| profile.has(feature)),
        table_grow: survey.table_grow,
    }
}

/// What stands in the way of lowering, for messages.
pub fn refused(module: &Module<'_>, profile: &Profile, survey: &Survey) -> Vec<String> {
    findings(module, profile, survey)
        .into_iter()
        .filter(|finding| finding.effect == Effect::Refused && finding.fix.is_none())
        .filter(|finding| finding.kind != Kind::Import)
        .map(|finding| finding.one_line())
        .collect()
}
