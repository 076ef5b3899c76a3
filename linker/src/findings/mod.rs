//! What a core module has that a target does not take, or gets wrong later.
//!
//! Every finding has its places, what emits it and whether [`crate::lower`] takes it away. The lowering
//! refuses what it cannot take away, [`crate::check`] says all of it.
//!
//! | file | what it has |
//! |---|---|
//! | [`finding`] | one reason |
//! | [`survey`] | what the code and the sections of a module use |
//! | [`needs`] | what of it is to be lowered |
//! | [`host`] | what is wrong with the parts that the host sees |
//! | [`exceptions`] | what of exceptions the host would have to know, or cannot be lowered |
//! | [`simd`] | what of vectors the host would have to know |
//! | [`emitters`] | what puts a proposal into a module |
//! | [`wrapper`] | functions of a host that are not as Preview 1 says |
//! | [`allocator`] | what a host can allocate with |
//! | [`applied`] | what a module has been lowered for already |

pub mod allocator;
pub mod applied;
mod emitters;
mod exceptions;
mod finding;
pub mod host;
pub mod needs;
mod simd;
pub mod survey;
pub mod wrapper;

use wasmparser::WasmFeatures;

pub use finding::{Effect, Finding, Kind, Place};

use crate::features::FeatureSet;
use crate::parse::module::Module;
use crate::profile::{ENCODED_AWAY, LOWERED, Profile};
use needs::Needs;
use survey::{Survey, memory_types, table_types};

/// Everything that is in the way, what stops a module from loading first.
pub fn findings(
    module: &Module<'_>,
    profile: &Profile,
    survey: &Survey,
    needs: &Needs,
) -> Vec<Finding> {
    let mut found = Vec::new();
    features(module, profile, survey, &mut found);
    host::values(module, profile, survey, needs, &mut found);
    exceptions::unlowered(module, needs, &mut found);
    simd::unlowered(module, needs, &mut found);
    host::memories(module, needs, &mut found);
    host::memory_and_tables(module, profile, &mut found);
    host::tables(module, profile, needs, &mut found);
    host::start(module, profile, &mut found);
    host::imports(module, profile, &mut found);
    host::exports(module, profile, &mut found);
    found.sort_by_key(|finding| finding.effect);
    found
}

/// What stands in the way of lowering, for messages.
pub fn refused(
    module: &Module<'_>,
    profile: &Profile,
    survey: &Survey,
    needs: &Needs,
) -> Vec<String> {
    findings(module, profile, survey, needs)
        .into_iter()
        .filter(|finding| finding.effect == Effect::Refused && finding.fix.is_none())
        .filter(|finding| finding.kind != Kind::Import)
        .map(|finding| finding.one_line())
        .collect()
}

/// Each proposal once, smaller ones apart from those that include them.
const PROPOSALS: &[WasmFeatures] = &[
    WasmFeatures::MUTABLE_GLOBAL,
    WasmFeatures::SATURATING_FLOAT_TO_INT,
    WasmFeatures::SIGN_EXTENSION,
    WasmFeatures::CALL_INDIRECT_OVERLONG,
    WasmFeatures::REFERENCE_TYPES,
    WasmFeatures::MULTI_VALUE,
    WasmFeatures::BULK_MEMORY_OPT,
    WasmFeatures::BULK_MEMORY,
    WasmFeatures::SIMD,
    WasmFeatures::RELAXED_SIMD,
    WasmFeatures::THREADS,
    WasmFeatures::SHARED_EVERYTHING_THREADS,
    WasmFeatures::TAIL_CALL,
    WasmFeatures::MULTI_MEMORY,
    WasmFeatures::EXCEPTIONS,
    WasmFeatures::LEGACY_EXCEPTIONS,
    WasmFeatures::MEMORY64,
    WasmFeatures::EXTENDED_CONST,
    WasmFeatures::FUNCTION_REFERENCES,
    WasmFeatures::GC,
    WasmFeatures::STACK_SWITCHING,
    WasmFeatures::WIDE_ARITHMETIC,
    WasmFeatures::CUSTOM_PAGE_SIZES,
    WasmFeatures::MEMORY_CONTROL,
    WasmFeatures::CUSTOM_DESCRIPTORS,
    WasmFeatures::ACQUIRE_RELEASE_ATOMICS,
    WasmFeatures::COMPACT_IMPORTS,
];

fn features(module: &Module<'_>, profile: &Profile, survey: &Survey, found: &mut Vec<Finding>) {
    let Some(has) = profile.features else { return };
    let mut fine = LOWERED;
    fine.insert(ENCODED_AWAY);
    for &flag in PROPOSALS {
        let feature = FeatureSet::of(flag);
        if !module.features.contains(feature) || has.contains(feature) {
            continue;
        }
        let mut places: Vec<Place> = survey
            .uses
            .iter()
            .filter(|used| used.features == feature)
            .map(|used| Place {
                function: Some(used.func),
                name: module.function_name(used.func).map(str::to_string),
                offset: used.offset,
                count: used.count,
            })
            .collect();
        let sections = host::sections_with(module, flag);
        // Or the proposal has nothing but longer encodings of what there was before.
        let encoding = match flag {
            WasmFeatures::MULTI_MEMORY => memory_types(module).count() < 2,
            WasmFeatures::MEMORY64 => {
                !memory_types(module).any(|ty| ty.memory64)
                    && !table_types(module).any(|ty| ty.table64)
            }
            _ => false,
        };
        // A larger set whose own part is not there, or the part that comes with it.
        let comes_with = match flag {
            WasmFeatures::REFERENCE_TYPES
            | WasmFeatures::CALL_INDIRECT_OVERLONG
            | WasmFeatures::BULK_MEMORY
            | WasmFeatures::BULK_MEMORY_OPT => true,
            WasmFeatures::FUNCTION_REFERENCES => {
                module.features.contains(FeatureSet::of(WasmFeatures::GC))
            }
            _ => false,
        };
        let legacy = FeatureSet::of(WasmFeatures::LEGACY_EXCEPTIONS);
        let of_legacy = flag == WasmFeatures::EXCEPTIONS
            && module.features.contains(legacy)
            && !survey.new_exceptions;
        if of_legacy || comes_with && places.is_empty() && sections.is_empty() {
            continue;
        }
        let instructions: u64 = places.iter().map(|place| u64::from(place.count)).sum();
        let mut parts: Vec<String> = Vec::new();
        if instructions > 0 {
            parts.push(format!(
                "{} in {}",
                plural(instructions, "instruction"),
                plural(places.len() as u64, "function")
            ));
        }
        for (what, place) in sections {
            if !parts.contains(&what) {
                parts.push(what);
            }
            places.push(place);
        }
        // With a memory that others have as well, atomic instructions mean something.
        let shared =
            flag == WasmFeatures::THREADS && memory_types(module).any(|memory| memory.shared);
        let fix = match encoding {
            true => Some("the shortest encoding".to_string()),
            false if shared => None,
            false => fine
                .contains(feature)
                .then(|| emitters::fix(flag).to_string()),
        };
        let name = feature.names().first().copied().unwrap_or("a proposal");
        found.push(Finding {
            kind: Kind::Feature,
            effect: Effect::Refused,
            what: match parts.is_empty() {
                true => name.to_string(),
                false => format!("{name}: {}", parts.join(", ")),
            },
            feature: Some(name.to_string()),
            places,
            emitted_by: emitters::of(flag).filter(|_| !encoding).map(str::to_string),
            profiles: match fix {
                Some(_) => Vec::new(),
                None => Profile::names_with(feature),
            },
            fix,
        });
    }
}

fn plural(count: u64, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        count => format!("{count} {what}s"),
    }
}
