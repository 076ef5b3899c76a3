//! `probe`: what a runtime takes, from its binary.
//!
//! The file is never run. [`image`] reads what is loaded of a native program, [`hits`] finds the
//! strings and symbols that the recognisers know ([`wamr`], [`wasm3`], [`v8`], [`crates`]), and
//! [`natives`] the tables of functions in a WAMR. Each recogniser starts from a built-in profile
//! and says which parts of it the evidence confirms or changes; [`derive`] writes that profile.

mod archive;
mod coff;
mod crates;
mod derive;
mod elf;
mod embedded;
mod hits;
mod image;
mod macho;
mod natives;
mod show;
mod v8;
mod wamr;
mod wasm3;

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use p1bridge_linker::preview1;
use serde::Serialize;

pub use embedded::{Embedded, EmbeddedKind};
pub use hits::{Evidence, EvidenceKind};

use crate::profiles::Profile;
use hits::Hits;
use image::Image;

/// What is known of a file.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Report {
    /// `ELF 64-bit x86-64`; of an archive, that of its objects.
    pub format: String,
    /// How many object files it is an archive of; 0 when it is none.
    pub objects: usize,
    /// Whether the names of its own functions have been taken out.
    pub stripped: bool,
    /// The runtimes in it, the surest first.
    pub runtimes: Vec<Runtime>,
    /// WebAssembly that the file carries, checked for the profile of the only runtime.
    pub modules: Vec<Embedded>,
    /// What could not be looked at.
    pub warnings: Vec<String>,
}

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
    pub version_sure: Sure,
    /// That it is this runtime at all.
    pub sure: Sure,
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
    pub what: String,
    pub has: bool,
    pub sure: Sure,
    pub evidence: Vec<Evidence>,
}

/// What can be imported from one module.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct HostModule {
    pub name: String,
    /// Whether these are all that there can be.
    pub complete: bool,
    pub sure: Sure,
    pub functions: Vec<HostFunction>,
}

impl HostModule {
    /// All that an engine has of Preview 1.
    fn preview1(functions: Vec<HostFunction>) -> HostModule {
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
    pub name: String,
    /// As profiles write it, where it is known.
    pub signature: Option<String>,
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

/// Looks into `bytes`, a native program, library, object file or archive of such. `name` is what
/// the derived profiles are called.
///
/// # Errors
///
/// A file that is none of these, or is cut off or damaged so that it could not be loaded.
pub fn probe(bytes: &[u8], name: &str) -> Result<Report> {
    let strings: BTreeSet<&'static str> = wamr::strings()
        .chain(wasm3::strings())
        .chain(v8::strings())
        .chain(crates::strings())
        .chain(preview1::names())
        .collect();
    let strings: Vec<&'static str> = strings.into_iter().collect();
    let symbols: BTreeSet<&str> = wamr::SYMBOLS
        .iter()
        .chain(wasm3::SYMBOLS)
        .copied()
        .collect();
    let keep = |name: &[u8]| {
        std::str::from_utf8(name).is_ok_and(|name| symbols.contains(name) || v8::is_symbol(name))
    };
    let (images, warnings) = image::images(bytes, &keep)?;
    let hits = Hits::search(&images, &strings)?;

    let mut runtimes: Vec<Runtime> = [
        wamr::recognise(&images, &hits),
        wasm3::recognise(&hits),
        v8::recognise(&images, &hits),
    ]
    .into_iter()
    .flatten()
    .chain(crates::recognise(&images, &hits))
    .collect();
    runtimes.sort_by_key(|runtime| std::cmp::Reverse(runtime.sure));
    for runtime in &mut runtimes {
        runtime.profile = derive::profile(runtime, name)?;
    }
    let mut report = Report {
        format: images[0].format.clone(),
        objects: images.iter().filter(|image| image.member.is_some()).count(),
        stripped: images.iter().all(|image| image.stripped),
        runtimes,
        modules: Vec::new(),
        warnings,
    };
    report.check_modules(bytes)?;
    Ok(report)
}

impl Report {
    /// Looks for WebAssembly in the file again, and checks it for the runtime if that is the only
    /// one left.
    ///
    /// # Errors
    ///
    /// None but a bug: the profile is written from built-in ones.
    pub fn check_modules(&mut self, bytes: &[u8]) -> Result<()> {
        let profile = match &self.runtimes[..] {
            [only] => Some(only.parsed_profile()?),
            _ => None,
        };
        self.modules = embedded::modules(bytes, profile.as_ref())?;
        Ok(())
    }
}

/// Functions of Preview 1 by their names alone, as strings of C or inside longer ones.
fn preview1_by_name(hits: &Hits, in_c: bool) -> Vec<HostFunction> {
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
fn version_behind(images: &[Image], hits: &Hits, prefix: &str) -> Option<(String, Evidence)> {
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
