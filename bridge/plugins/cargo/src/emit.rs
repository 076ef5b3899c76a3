//! What goes to `OUT_DIR`.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::{Context, Result, bail};
use p1bridge::embed::{Place, Slot as Filled};

use crate::make::Made;

/// How to make a slot that `p1bridge retrofit` finds and replaces.
#[derive(Clone, Debug, Default)]
pub struct Slot {
    reserve: u32,
    section: Option<String>,
}

impl Slot {
    /// A slot with room for the module and no more.
    pub fn new() -> Slot {
        Slot::default()
    }

    /// How many bytes later modules may have more than this one.
    pub fn reserve(mut self, bytes: u32) -> Slot {
        self.reserve = bytes;
        self
    }

    /// The section of the program that the slot goes to.
    pub fn section(mut self, name: impl Into<String>) -> Slot {
        self.section = Some(name.into());
        self
    }
}

/// Prints warnings as Cargo's.
pub(crate) fn tell(warnings: &[String]) {
    for line in warnings.iter().flat_map(|warning| warning.lines()) {
        println!("cargo::warning={line}");
    }
}

/// Writes the module, and a source that includes it.
pub(crate) fn emit(name: &str, slot: Option<&Slot>, made: Made) -> Result<()> {
    tell(&made.warnings);
    let folder = env::var_os("OUT_DIR").context("OUT_DIR is not set: this is for build scripts")?;
    let folder = PathBuf::from(folder);
    // What may be called so in C may in Rust, but for some words in small letters.
    let section = slot.and_then(|slot| slot.section.as_deref());
    Place::new(name, section)?;
    if name.contains(|c: char| c.is_ascii_lowercase()) {
        bail!("{name:?} is the name of a static: it has capital letters, digits and _");
    }
    let stem = name.to_ascii_lowercase();
    if !written().insert(stem.clone()) {
        bail!("there are two {name} in this build script");
    }
    let (ending, ty, bytes) = match slot {
        None => ("wasm", "&[u8]".to_string(), made.wasm),
        Some(slot) => {
            let filled = Filled::new(&made.wasm, slot.reserve)?;
            let ty = format!("[u8; {}]", filled.size());
            ("slot", ty, filled.binary())
        }
    };
    let attributes = match (slot, section) {
        (None, _) => String::new(),
        (Some(_), None) => "#[used]\n".to_string(),
        (Some(_), Some(section)) => {
            format!("#[used]\n#[unsafe(link_section = \"{section}\")]\n")
        }
    };
    let deref = if slot.is_some() { "*" } else { "" };
    let source = format!(
        "{attributes}pub static {name}: {ty} = {deref}include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{stem}.{ending}\"));\n"
    );
    write(&folder.join(format!("{stem}.{ending}")), &bytes)?;
    write(&folder.join(format!("{stem}.rs")), source.as_bytes())
}

/// What this script has written.
fn written() -> std::sync::MutexGuard<'static, BTreeSet<String>> {
    static WRITTEN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    WRITTEN
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// Writes what is not there already: the program is not compiled again for the same bytes.
fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}
