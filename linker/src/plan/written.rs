//! The proposals that the linker's own functions are written with where the target is known to have them, whether
//! the guests use them or not.

use wasmparser::WasmFeatures;

use super::fused::Fusion;
use crate::features::FeatureSet;
use crate::opt::Opt;
use crate::options::Options;

/// Vectors if there are strings to check, and `memory.copy` if there is anything to move. A profile that takes
/// whatever the input uses does not say what else the target has.
pub fn with(options: &Options, fusion: &Fusion) -> FeatureSet {
    let mut features = FeatureSet::MVP;
    if options.profile.features.is_none() {
        return features;
    }
    if !fusion.strings.is_empty() && options.does(Opt::Vectors) {
        features.insert(FeatureSet::of(WasmFeatures::SIMD));
    }
    if fusion.moves && options.does(Opt::Moves) {
        features.insert(FeatureSet::of(WasmFeatures::BULK_MEMORY_OPT));
    }
    features
}
