//! Why a core module would not load on a target, or would fail there later.

use std::fmt;

use anyhow::Result;
use serde::Serialize;

pub use crate::findings::{Effect, Finding, Kind, Place};

use crate::findings::needs::Needs;
use crate::findings::survey::{is_linked, survey};
use crate::findings::{applied, findings, host};
use crate::lower;
use crate::parse;
use crate::profile::Profile;
use crate::timings::stage;

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
    stage("parse", wasm.len());
    let input = parse::module(wasm)?;
    stage("findings", wasm.len());
    let module = &input.modules[0];
    is_linked(module)?;
    let left = &applied::left(profile, module);
    let survey = survey(module)?;
    let needs = Needs::of(module, left, &survey, false);
    let mut findings = findings(module, left, &survey, &needs);
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
            profiles: Vec::new(),
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
