//! What can be found out about a runtime, and how sure it is.

use anyhow::{Context, Result};
use p1bridge_linker::preview1;
use serde::Serialize;

use super::hits::{self, Evidence, EvidenceKind, Hits};
use super::image::Image;
use crate::profiles::Profile;

/// How sure a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sure {
    /// Nothing speaks for or against it; the cautious answer.
    Guess,
    /// What else would explain the evidence is far-fetched.
    Likely,
    /// The evidence is the thing itself, or is always there with it.
    Certain,
}

/// A runtime, and what it was built with.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Runtime {
    /// `wamr`, `wasm3`, `wasmi`, `wasmtime` or `node`.
    pub kind: &'static str,
    /// As far as it is known.
    pub version: String,
    /// How sure the version is.
    pub version_sure: Sure,
    /// That it is this runtime at all.
    pub sure: Sure,
    /// What it was concluded from.
    pub evidence: Vec<Evidence>,
    /// The built-in profile that the derived one starts from.
    pub base: &'static str,
    /// Proposals of WebAssembly, by the names that profiles use.
    pub features: Vec<Finding>,
    /// What else it was built with: interpreters, libraries, extensions.
    pub build: Vec<Finding>,
    /// What programs can import.
    pub hosts: Vec<HostModule>,
    /// What to know before the profile is relied on.
    pub notes: Vec<String>,
    /// The derived profile, a TOML file.
    pub profile: String,
}

/// Whether there is something.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Finding {
    /// What there is or is not, by the name that profiles use where they have one.
    pub what: String,
    /// Whether it is there.
    pub has: bool,
    /// How sure that is.
    pub sure: Sure,
    /// What it was concluded from.
    pub evidence: Vec<Evidence>,
}

/// What can be imported from one module.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct HostModule {
    /// Its name.
    pub name: String,
    /// Whether these are all that there can be.
    pub complete: bool,
    /// How sure that is.
    pub sure: Sure,
    /// The functions of it.
    pub functions: Vec<HostFunction>,
}

impl HostModule {
    /// All that an engine has of Preview 1.
    pub fn preview1(functions: Vec<HostFunction>) -> HostModule {
        HostModule {
            name: preview1::MODULE.to_string(),
            complete: true,
            sure: Sure::Likely,
            functions,
        }
    }
}

/// One function that can be imported.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct HostFunction {
    /// Its name.
    pub name: String,
    /// As profiles write it, where it is known.
    pub signature: Option<String>,
    /// What it was concluded from.
    pub evidence: Evidence,
}

impl Runtime {
    /// The derived profile, read.
    ///
    /// # Errors
    ///
    /// None but a bug: the profile is written from built-in ones.
    pub fn parsed_profile(&self) -> Result<Profile> {
        Profile::parse(&self.profile).context("the derived profile")
    }
}

/// Functions of Preview 1 by their names alone, as strings of C or inside longer ones.
pub fn preview1_by_name(hits: &Hits, in_c: bool) -> Vec<HostFunction> {
    preview1::names()
        .filter_map(|name| {
            let evidence = match in_c {
                true => hits.whole(name),
                false => hits.part(name),
            }?;
            Some(HostFunction {
                name: name.to_string(),
                signature: None,
                evidence,
            })
        })
        .collect()
}

/// A version that is written behind `prefix` somewhere: `wasmi-` and `2.0.1`.
pub fn version_behind(images: &[Image], hits: &Hits, prefix: &str) -> Option<(String, Evidence)> {
    let bytes = images.first()?.bytes;
    hits.offsets(prefix).find_map(|offset| {
        let rest = bytes.get(offset + prefix.len()..)?;
        let version: String = rest
            .iter()
            .take(24)
            .map(|byte| char::from(*byte))
            .take_while(|c| c.is_ascii_digit() || *c == '.')
            .collect();
        let version = version.trim_end_matches('.');
        if version.split('.').filter(|part| !part.is_empty()).count() < 3 {
            return None;
        }
        let text = format!("{prefix}{version}");
        Some((
            version.to_string(),
            hits::evidence(EvidenceKind::String, text, offset),
        ))
    })
}
