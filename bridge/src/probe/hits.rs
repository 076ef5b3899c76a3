//! Which of the known strings and symbols a file has, and where.

use std::collections::HashMap;

use aho_corasick::AhoCorasick;
use anyhow::Result;
use serde::Serialize;

use super::image::Image;

/// What something was concluded from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Evidence {
    /// What was found.
    pub kind: EvidenceKind,
    /// The symbol, string or table entry; the bytes of machine code.
    pub text: String,
    /// Where it is in the file; none for what is missing.
    pub offset: Option<u64>,
}

/// What can be found in the file of a runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EvidenceKind {
    /// A text.
    String,
    /// The name of a function or of data.
    Symbol,
    /// An entry in a table of functions for programs.
    Table,
    /// Machine code or data that is known.
    Code,
    /// A string or symbol that would be there.
    Missing,
}

/// Strings that are looked for all at once.
pub struct Strings {
    strings: Vec<&'static str>,
    matcher: AhoCorasick,
}

impl Strings {
    /// # Errors
    ///
    /// None but a bug in the strings.
    pub fn new(strings: Vec<&'static str>) -> Result<Strings> {
        let matcher = AhoCorasick::new(&strings)?;
        Ok(Strings { strings, matcher })
    }
}

/// Occurrences of one string that are remembered.
const ENOUGH: usize = 256;

/// The occurrences of known strings in what is loaded, and of known symbols.
#[derive(Default)]
pub struct Hits {
    strings: HashMap<&'static str, Vec<Found>>,
    symbols: HashMap<String, Vec<SymbolHit>>,
}

#[derive(Clone, Copy)]
struct Found {
    offset: usize,
    /// Whether a zero follows: the string of C ends here. What is before it may be shared with a
    /// longer string.
    ends: bool,
}

#[derive(Clone, Copy)]
pub struct SymbolHit {
    /// Of its name.
    pub offset: usize,
    pub image: usize,
    pub address: Option<u64>,
}

impl Hits {
    /// Searches all images for the strings; their symbols have been chosen already.
    pub fn search(images: &[Image], Strings { strings, matcher }: &Strings) -> Hits {
        let mut hits = Hits::default();
        for (index, image) in images.iter().enumerate() {
            for region in &image.regions {
                let contents = &image.bytes[region.range.clone()];
                for found in matcher.find_overlapping_iter(contents) {
                    let offset = region.range.start + found.start();
                    if image.names.contains(&offset) {
                        continue;
                    }
                    let all = hits
                        .strings
                        .entry(strings[found.pattern().as_usize()])
                        .or_default();
                    if all.len() < ENOUGH {
                        let ends = contents.get(found.end()).is_none_or(|byte| *byte == 0);
                        all.push(Found { offset, ends });
                    }
                }
            }
            for symbol in &image.symbols {
                let name = String::from_utf8_lossy(symbol.name).into_owned();
                let all = hits.symbols.entry(name).or_default();
                if all.len() < ENOUGH {
                    all.push(SymbolHit {
                        offset: symbol.offset,
                        image: index,
                        address: symbol.address,
                    });
                }
            }
        }
        hits
    }

    /// The string, where a string of C ends with it.
    pub fn whole(&self, string: &str) -> Option<Evidence> {
        let all = self.strings.get(string)?;
        all.iter()
            .find(|found| found.ends)
            .map(|found| evidence(EvidenceKind::String, string, found.offset))
    }

    /// The string, also inside a longer one: languages other than C do not end strings with zeros.
    pub fn part(&self, string: &str) -> Option<Evidence> {
        self.offsets(string)
            .next()
            .map(|offset| evidence(EvidenceKind::String, string, offset))
    }

    /// All places of the string.
    pub fn offsets(&self, string: &str) -> impl Iterator<Item = usize> {
        self.strings
            .get(string)
            .into_iter()
            .flatten()
            .map(|found| found.offset)
    }

    /// A symbol that is defined in the file.
    pub fn symbol(&self, name: &str) -> Option<Evidence> {
        let defined = self.defined(name)?;
        Some(evidence(EvidenceKind::Symbol, name, defined.offset))
    }

    /// Where a symbol is defined.
    pub fn defined(&self, name: &str) -> Option<SymbolHit> {
        let all = self.symbols.get(name)?;
        all.iter().find(|hit| hit.address.is_some()).copied()
    }

    /// The first of the strings of C or symbols that there is.
    pub fn any(&self, names: &[&str]) -> Option<Evidence> {
        names
            .iter()
            .find_map(|name| self.whole(name).or_else(|| self.symbol(name)))
    }
}

pub fn evidence(kind: EvidenceKind, text: impl Into<String>, offset: usize) -> Evidence {
    Evidence {
        kind,
        text: text.into(),
        offset: Some(offset as u64),
    }
}

/// That a string is nowhere in the file.
pub fn missing(string: &str) -> Evidence {
    Evidence {
        kind: EvidenceKind::Missing,
        text: string.to_string(),
        offset: None,
    }
}
