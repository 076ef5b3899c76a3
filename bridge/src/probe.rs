//! `probe`: what a runtime takes, from its binary.
//!
//! The file is never run. [`formats`] reads what is loaded of a native program, [`hits`] finds the
//! strings and symbols that the recognisers know ([`wamr`], [`wasm3`], [`v8`], [`crates`]), and
//! [`natives`] the tables of functions in a WAMR. Each recogniser starts from a built-in profile
//! and says which parts of it the evidence confirms or changes; [`derive`] writes that profile.

mod archive;
mod coff;
mod crates;
mod derive;
mod elf;
pub(crate) mod embedded;
mod findings;
mod formats;
mod hits;
mod image;
mod macho;
mod natives;
mod show;
mod v8;
mod wamr;
mod wasm3;

use std::collections::BTreeSet;
use std::sync::OnceLock;

use anyhow::{Result, bail};
use p1bridge_linker::preview1;
use serde::Serialize;

pub use embedded::{Embedded, EmbeddedKind};
pub use findings::{Finding, HostFunction, HostModule, Runtime, Sure};
pub use hits::{Evidence, EvidenceKind};

use hits::{Hits, Strings};

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

/// The runtimes in `bytes`, a native program, library, object file, archive of such or raw image. `name` is what the derived profiles
/// are called. WebAssembly is not looked for.
///
/// # Errors
///
/// A file that is cut off or damaged so that it could not be loaded.
pub fn runtimes(bytes: &[u8], name: &str) -> Result<Report> {
    let symbols: BTreeSet<&str> = wamr::SYMBOLS
        .iter()
        .chain(wasm3::SYMBOLS)
        .copied()
        .collect();
    let keep = |name: &[u8]| {
        std::str::from_utf8(name).is_ok_and(|name| symbols.contains(name) || v8::is_symbol(name))
    };
    let (images, warnings) = formats::images(bytes, &keep)?;
    let hits = Hits::search(&images, strings()?);

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
    Ok(Report {
        format: images[0].format.clone(),
        objects: images.iter().filter(|image| image.in_archive).count(),
        stripped: images.iter().all(|image| image.stripped),
        runtimes,
        modules: Vec::new(),
        warnings,
    })
}

/// The runtimes in `bytes`, and the WebAssembly that is in it.
///
/// # Errors
///
/// A file that is none of those of [`runtimes`] and in which nothing is found, or one that is cut off or damaged so that it could not
/// be loaded.
pub fn probe(bytes: &[u8], name: &str) -> Result<Report> {
    p1bridge_linker::timings::stage("runtimes", bytes.len());
    let mut report = runtimes(bytes, name)?;
    p1bridge_linker::timings::stage("modules", bytes.len());
    report.check_modules(bytes)?;
    if report.format == formats::RAW && report.runtimes.is_empty() && report.modules.is_empty() {
        bail!(
            "this is no native program (ELF, PE, Mach-O, or a static archive of them), and as a raw image it has no runtime and no \
             WebAssembly that is known"
        );
    }
    Ok(report)
}

/// All strings that the recognisers know. What is made of them is the same for every file, and an update may have thousands.
fn strings() -> Result<&'static Strings> {
    static KNOWN: OnceLock<Strings> = OnceLock::new();
    if let Some(known) = KNOWN.get() {
        return Ok(known);
    }
    let all: BTreeSet<&'static str> = wamr::strings()
        .chain(wasm3::strings())
        .chain(v8::strings())
        .chain(crates::strings())
        .chain(preview1::names())
        .collect();
    let made = Strings::new(all.into_iter().collect())?;
    Ok(KNOWN.get_or_init(|| made))
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
