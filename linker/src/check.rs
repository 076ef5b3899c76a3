//! Why a core module would not load on a target, or would fail there later.
//!
//! Every finding has its places, what emits it and whether [`crate::lower`] takes it away.

mod emitters;
mod host;

use std::fmt;

use anyhow::Result;
use serde::Serialize;
use wasmparser::WasmFeatures;

use crate::features::FeatureSet;
use crate::lower;
use crate::lower::applied;
use crate::lower::needs::{self, Survey};
use crate::parse;
use crate::parse::module::Module;
use crate::profile::{ENCODED_AWAY, LOWERED, Profile};

/// What a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A WebAssembly proposal.
    Feature,
    Import,
    Export,
    Memory,
    Table,
    Start,
    Locals,
    /// A function of the host that is not as Preview 1 says.
    Behaviour,
    /// What only shows when the module is lowered.
    Lowering,
}

/// What happens because of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// The module is not loaded.
    Refused,
    /// It is loaded, and traps or goes wrong later.
    FailsLater,
    /// Something is to be known; the program may well be content with it.
    Note,
}

/// A place in the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Place {
    /// The index of the function; none outside of functions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// From the start of the file, in bytes.
    pub offset: u64,
    /// How many of its kind there are in the function.
    pub count: u32,
}

/// One reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Finding {
    pub kind: Kind,
    pub effect: Effect,
    /// What it is, in words.
    pub what: String,
    /// The feature, as compilers call it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub feature: Option<String>,
    pub places: Vec<Place>,
    /// What puts it there, and the flag against it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub emitted_by: Option<String>,
    /// What `lower` does about it; none when it cannot do anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

/// What was found in one file.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Verdict {
    pub profile: String,
    /// Whether it loads and nothing is known to fail.
    pub fits: bool,
    /// Whether `lower` makes it fit.
    pub fits_lowered: bool,
    pub findings: Vec<Finding>,
}

/// Checks the core module `wasm`.
///
/// # Errors
///
/// Fails for what is not a valid core module, and for object files.
pub fn check(wasm: &[u8], profile: &Profile) -> Result<Verdict> {
    let input = parse::module(wasm)?;
    let module = &input.modules[0];
    lower::is_linked(module)?;
    let left = &applied::left(profile, module);
    let survey = needs::survey(module)?;
    let mut findings = findings(module, left, &survey);
    host::structs(module, profile, &mut findings);
    let is_note = |finding: &Finding| finding.effect == Effect::Note;
    let fits = findings.iter().all(is_note);
    let mut fits_lowered = findings.iter().all(|f| is_note(f) || f.fix.is_some());
    // The layout, segments and expressions are looked at where they are lowered.
    if !fits
        && fits_lowered
        && let Err(error) = lower::module(wasm, profile)
    {
        fits_lowered = false;
        findings.push(Finding {
            kind: Kind::Lowering,
            effect: Effect::Refused,
            what: format!("lowering fails: {error:#}"),
            feature: None,
            places: Vec::new(),
            emitted_by: None,
            fix: None,
        });
        findings.sort_by_key(|finding| finding.effect);
    }
    Ok(Verdict {
        profile: profile.name().to_string(),
        fits,
        fits_lowered,
        findings,
    })
}

/// Everything that is in the way, what stops a module from loading first.
pub(crate) fn findings(module: &Module<'_>, profile: &Profile, survey: &Survey) -> Vec<Finding> {
    let mut found = Vec::new();
    features(module, profile, survey, &mut found);
    host::values(module, profile, survey, &mut found);
    host::memories(module, profile, survey, &mut found);
    host::memory_and_tables(module, profile, &mut found);
    host::start(module, profile, &mut found);
    host::imports(module, profile, &mut found);
    host::exports(module, profile, &mut found);
    found.sort_by_key(|finding| finding.effect);
    found
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
        // A larger set whose own part is not there, or the part that comes with it.
        if places.is_empty()
            && sections.is_empty()
            && matches!(
                flag,
                WasmFeatures::REFERENCE_TYPES
                    | WasmFeatures::CALL_INDIRECT_OVERLONG
                    | WasmFeatures::BULK_MEMORY
                    | WasmFeatures::BULK_MEMORY_OPT
            )
        {
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
            emitted_by: emitters::of(flag).map(str::to_string),
            fix: fine
                .contains(feature)
                .then(|| emitters::fix(flag).to_string()),
        });
    }
}

fn plural(count: u64, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        count => format!("{count} {what}s"),
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.name, self.function) {
            (Some(name), _) => write!(f, "{name:?} ")?,
            (None, Some(index)) => write!(f, "function {index} ")?,
            (None, None) => {}
        }
        write!(f, "at offset {:#x}", self.offset)
    }
}

impl Finding {
    /// Everything but the fix, on one line with the first place.
    pub(crate) fn one_line(&self) -> String {
        let mut line = self.what.clone();
        if let Some(place) = self.places.first() {
            line.push_str(&format!(", {place}"));
        }
        if let Some(emitter) = &self.emitted_by {
            line.push_str(&format!(" ({emitter})"));
        }
        line
    }
}

/// The most places of one finding that are written out.
const SHOWN: usize = 3;

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let effect = match self.effect {
            Effect::Refused => "does not load",
            Effect::FailsLater => "fails later",
            Effect::Note => "note",
        };
        write!(f, "{effect}: {}", self.what)?;
        for place in self.places.iter().take(SHOWN) {
            write!(f, "\n    {place}")?;
        }
        if self.places.len() > SHOWN {
            write!(f, "\n    and {} more places", self.places.len() - SHOWN)?;
        }
        if let Some(emitter) = &self.emitted_by {
            write!(f, "\n    from: {emitter}")?;
        }
        match (&self.fix, self.effect) {
            (Some(fix), _) => write!(f, "\n    lower: {fix}"),
            (None, Effect::Note) => Ok(()),
            (None, _) => write!(f, "\n    lower: cannot take it away"),
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for finding in &self.findings {
            writeln!(f, "{finding}")?;
        }
        let name = &self.profile;
        match (self.fits, self.fits_lowered) {
            (true, _) => write!(f, "fits {name}"),
            (false, true) => write!(f, "does not fit {name}, but does when it is lowered"),
            (false, false) => write!(f, "does not fit {name}, and lowering is not enough"),
        }
    }
}
