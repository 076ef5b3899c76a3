//! Where modules lie in an image, and how much room they have.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use anyhow::{Context, Result};
use goblin::elf::Elf;
use goblin::elf::section_header::SHT_NOBITS;
use serde::Serialize;
use sha2::{Digest, Sha256};
use wasmparser::{Validator, WasmFeatures};

use super::container::{Child, Guard, Locked, Member, Node, crc32, le32, open};
use super::formats::AR;
use crate::check::Verdict;
use crate::probe::{Embedded, EmbeddedKind, embedded, runtimes};
use crate::profiles::Profile;
use crate::progress::step;

/// What an image has.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Report {
    /// The files in it that are of a known format, itself included.
    pub files: Vec<File>,
    /// What its own runtime is, where one is known.
    pub runtime: Option<String>,
    /// The places with modules, in the order of the image.
    pub slots: Vec<Slot>,
    /// What could not be looked at.
    pub warnings: Vec<String>,
    /// The profile of that runtime.
    #[serde(skip)]
    pub profile: Option<Profile>,
}

/// A file of a known format.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct File {
    /// Nothing for the image itself; of a part of a file, its offset or address is the last word.
    pub path: String,
    pub format: &'static str,
    pub guards: Vec<Guard>,
    pub locked: Option<Locked>,
    pub notes: Vec<String>,
}

/// A place with a module.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Slot {
    /// From 1 on, in the order of the image.
    pub number: usize,
    /// `app.bin!0x120`: the files, and the offset in the last one.
    pub path: String,
    /// Where it is in the last file of the path.
    pub offset: u64,
    /// The bytes of what is there; 0 in a marked slot without a module.
    pub length: u64,
    /// How many it may have; of Base64, characters.
    pub capacity: u64,
    /// What a symbol or a variable with the length says, or what follows and may be custom sections, where that is more.
    pub at_most: Option<u64>,
    /// The form that it has.
    pub kind: Kind,
    /// The section of an ELF file.
    pub section: Option<String>,
    /// And the symbol in it.
    pub symbol: Option<String>,
    /// The number of a slot before it with the same bytes.
    pub same_as: Option<usize>,
    /// What is wrong with what is there.
    pub damaged: Option<String>,
    /// What `check` says of it for the image's own runtime.
    pub verdict: Option<Verdict>,
    /// The innermost file around it that is signed or closed.
    pub locked: Option<Locked>,
    /// Which member to open, one after the other.
    #[serde(skip)]
    pub members: Vec<usize>,
    /// Where it is in the last one.
    #[serde(skip)]
    pub at: usize,
}

/// The forms in which a module can be in an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// As it is.
    Module,
    /// Of Base64.
    Base64,
    /// In a slot that says its capacity: `p1bridge_slot.h`.
    Marked,
    /// Compiled for WAMR by `wamrc`: it cannot be replaced by a module.
    Aot,
    /// A component, which no such runtime loads.
    Component,
}

/// What marks a slot: `p1bridge_slot.h`.
pub const MARK: &[u8; 8] = b"p1bslot\0";
/// The version of the head, the only one there is.
pub const MARK_VERSION: u32 = 1;
/// The mark, the version, the capacity, the length and the CRC-32 of the module.
pub const HEAD: usize = 24;
/// More empty slots than any firmware has.
const MOST_EMPTY: usize = 1000;

/// Finds what is in an image. Modules are checked for `profile`, or for that of the image's own runtime.
///
/// # Errors
///
/// For an image that is damaged, too deep or too large.
pub fn slots(image: &[u8], profile: Option<&Profile>) -> Result<Report> {
    step(|| "opening the image".to_string());
    let root = open(image)?;
    let mut report = Report {
        files: Vec::new(),
        runtime: None,
        slots: Vec::new(),
        warnings: Vec::new(),
        profile: profile.cloned(),
    };
    if report.profile.is_none() {
        let mut runtimes = Vec::new();
        find_runtimes(&root, "the image", &mut runtimes)?;
        runtimes.dedup_by(|a, b| a.0 == b.0);
        match &mut runtimes[..] {
            [(name, profile)] => {
                report.runtime = Some(name.clone());
                report.profile = Some(profile.clone());
            }
            [] => {}
            several => {
                let names: Vec<&str> = several.iter().map(|(name, _)| name.as_str()).collect();
                report.warnings.push(format!(
                    "there are several runtimes in it, {}: --profile says which one runs the modules",
                    names.join(" and ")
                ));
            }
        }
    }
    let mut seen = HashMap::new();
    let place = Place {
        path: String::new(),
        members: Vec::new(),
        base: 0,
        part: false,
        locked: None,
    };
    walk(&root, &place, &mut report, &mut seen)?;
    Ok(report)
}

/// The runtimes in the files that nothing is in, and in archives of objects.
fn find_runtimes(node: &Node<'_>, name: &str, found: &mut Vec<(String, Profile)>) -> Result<()> {
    step(|| format!("looking for a runtime in {name}"));
    let probed = |bytes: &[u8], found: &mut Vec<(String, Profile)>| -> Result<()> {
        if let Ok(report) = runtimes(bytes, "the image's runtime") {
            for runtime in report.runtimes {
                let name = format!("{} {}", runtime.kind, runtime.version);
                found.push((name, runtime.parsed_profile()?));
            }
        }
        Ok(())
    };
    // An object alone may not tell what all of an archive do together.
    if node.format.is_some_and(|format| format.name() == AR) {
        let before = found.len();
        probed(&node.bytes, found)?;
        if found.len() > before {
            return Ok(());
        }
    }
    for bytes in wholes(node) {
        probed(&bytes, found)?;
    }
    let is_file = |child: &&Child<'_>| !child.name.is_empty() || child.node.format.is_some();
    let mut files = node.members.iter().filter(is_file);
    files.try_for_each(|child| {
        let name = if child.name.is_empty() {
            name
        } else {
            &child.name
        };
        find_runtimes(&child.node, name, found)
    })
}

/// The most bytes between parts of a file that are looked at together.
const GAP: u64 = 1 << 20;

/// What is looked at as one: a file that nothing is in, or the parts of one where they are in the memory of the device. The names
/// of a runtime's functions may be in one part, and the pointers to them in the next.
fn wholes<'a>(node: &'a Node<'_>) -> Vec<Cow<'a, [u8]>> {
    if node.format.is_none() {
        return vec![Cow::Borrowed(&node.bytes)];
    }
    let mut found: Vec<(u64, Cow<'a, [u8]>)> = Vec::new();
    let is_part = |child: &&Child<'_>| child.name.is_empty() && child.node.format.is_none();
    for part in node.members.iter().filter(is_part) {
        let last = found.last_mut().and_then(|(base, bytes)| {
            let at = part.base.checked_sub(*base)?;
            let gap = at.checked_sub(bytes.len() as u64)?;
            (gap <= GAP).then_some((at, bytes))
        });
        match last {
            Some((at, bytes)) => {
                let bytes = bytes.to_mut();
                bytes.resize(at as usize, 0xff);
                bytes.extend_from_slice(&part.node.bytes);
            }
            None => found.push((part.base, Cow::Borrowed(&part.node.bytes))),
        }
    }
    found.into_iter().map(|(_, bytes)| bytes).collect()
}

/// Where a file is in the image.
struct Place {
    /// The names, each with a `!` behind it.
    path: String,
    members: Vec<usize>,
    /// Where the bytes begin in the file that the path names, or at which address.
    base: u64,
    /// Whether they are a part of that file.
    part: bool,
    locked: Option<Locked>,
}

fn walk(
    node: &Node<'_>,
    place: &Place,
    report: &mut Report,
    seen: &mut HashMap<Vec<u8>, usize>,
) -> Result<()> {
    let Some(format) = node.format else {
        return leaf(&node.bytes, place, report, seen);
    };
    report.files.push(File {
        path: match place.part {
            false => place.path.trim_end_matches('!').to_string(),
            true => format!("{}{:#x}", place.path, place.base),
        },
        format: format.name(),
        guards: node.guards.clone(),
        locked: node.locked.clone(),
        notes: node.notes.clone(),
    });
    for (number, child) in node.members.iter().enumerate() {
        let mut members = place.members.clone();
        members.push(number);
        let (path, base) = Member::below(&child.name, child.base, &place.path, place.base);
        let inner = Place {
            path,
            base,
            part: child.name.is_empty(),
            members,
            locked: node.locked.clone().or_else(|| place.locked.clone()),
        };
        walk(&child.node, &inner, report, seen)?;
    }
    Ok(())
}

/// Looks for modules in bytes.
fn leaf(
    bytes: &[u8],
    place: &Place,
    report: &mut Report,
    seen: &mut HashMap<Vec<u8>, usize>,
) -> Result<()> {
    step(|| match place.path.trim_end_matches('!') {
        "" => "looking for modules in the image".to_string(),
        path => format!("looking for modules in {path}"),
    });
    let elf = bytes
        .starts_with(b"\x7fELF")
        .then(|| Elf::parse(bytes).ok())
        .flatten();
    let mut all = embedded::modules(bytes, report.profile.as_ref())?;
    all.extend(empty(bytes, &all)?);
    all.sort_by_key(|found| found.offset);
    for found in all {
        let number = report.slots.len() + 1;
        let slot = slot(bytes, place, found, elf.as_ref(), number);
        if slot.kind == Kind::Marked && slot.length > 0 && said(bytes, slot.at).is_none() {
            report.warnings.push(format!(
                "{}: the head of the slot is not that of the module in it, so the firmware takes it for empty",
                slot.path
            ));
        }
        let contents = Sha256::digest(&bytes[slot.at..slot.at + slot.length as usize]).to_vec();
        let same_as = (slot.length > 0)
            .then(|| *seen.entry(contents).or_insert(number))
            .filter(|first| *first != number);
        report.slots.push(Slot { same_as, ..slot });
    }
    Ok(())
}

fn slot(
    bytes: &[u8],
    place: &Place,
    found: Embedded,
    elf: Option<&Elf<'_>>,
    number: usize,
) -> Slot {
    let at = found.offset as usize;
    let most = found.size.unwrap_or(0);
    let marked = marked(bytes, at);
    // The symbol of a marked slot is that of its head.
    let begin = if marked.is_some() { at - HEAD } else { at };
    let named = elf.and_then(|elf| named(elf, bytes, begin, found.at_least));
    let Named {
        section,
        symbol,
        size,
    } = named.unwrap_or_default();
    let kind = match (found.kind, found.base64) {
        (EmbeddedKind::Aot, _) => Kind::Aot,
        (EmbeddedKind::Component, _) => Kind::Component,
        (EmbeddedKind::Module, true) => Kind::Base64,
        (EmbeddedKind::Module, false) if marked.is_some() => Kind::Marked,
        (EmbeddedKind::Module, false) => Kind::Module,
    };
    let offset = place.base + at as u64;
    let (length, at_most) = match size {
        _ if marked.is_some() => (said(bytes, at).unwrap_or(most), None),
        // Behind the text there are its end and signs that fill it up.
        _ if found.base64 => (most, None),
        Some(size) if size > most => (most, Some(size)),
        Some(size) if size == most || size >= found.at_least && is_valid(bytes, at, size) => {
            (size, None)
        }
        _ if found.at_least < most => (found.at_least, Some(most)),
        _ => (most, None),
    };
    Slot {
        number,
        path: format!("{}{offset:#x}", place.path),
        offset,
        length,
        capacity: marked.unwrap_or(length),
        at_most,
        kind,
        section,
        symbol,
        same_as: None,
        damaged: found.damaged,
        verdict: found.verdict,
        locked: place.locked.clone(),
        members: place.members.clone(),
        at,
    }
}

/// The capacity of the marked slot whose module begins at `at`.
fn marked(bytes: &[u8], at: usize) -> Option<u64> {
    let head = bytes.get(at.checked_sub(HEAD)?..at)?;
    if !head.starts_with(MARK) || le32(head, 8)? != MARK_VERSION {
        return None;
    }
    let (capacity, length) = (le32(head, 12)?, le32(head, 16)?);
    let fits = at.checked_add(capacity as usize)? <= bytes.len();
    (fits && length <= capacity).then_some(capacity.into())
}

/// The length of the module in a marked slot, if its head says what is there.
fn said(bytes: &[u8], at: usize) -> Option<u64> {
    let length = le32(bytes, at - 8)?;
    let module = bytes.get(at..at + length as usize)?;
    (le32(bytes, at - 4)? == crc32(module)).then_some(length.into())
}

fn is_valid(bytes: &[u8], at: usize, length: u64) -> bool {
    let mut validator = Validator::new_with_features(WasmFeatures::all());
    bytes[at..]
        .get(..length as usize)
        .is_some_and(|module| validator.validate_all(module).is_ok())
}

/// Made once: an update may have thousands of files.
static MARKS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| AhoCorasick::new([MARK]).ok());

/// The marked slots without a module, outside of those that are known.
fn empty(bytes: &[u8], known: &[Embedded]) -> Result<Vec<Embedded>> {
    let mut found = Vec::new();
    let marks = MARKS.as_ref().context("the mark is a pattern")?;
    for mark in marks.find_iter(bytes) {
        let (mark, at) = (mark.start(), mark.start() + HEAD);
        let Some(capacity) = marked(bytes, at).filter(|_| le32(bytes, at - 8) == Some(0)) else {
            continue;
        };
        let room = at as u64..at as u64 + capacity;
        let blank = bytes[at..room.end as usize]
            .iter()
            .all(|byte| matches!(byte, 0 | 0xff));
        let apart = known.iter().all(|one| {
            one.offset >= room.end || one.offset + one.size.unwrap_or_default() <= mark as u64
        });
        if blank && apart && capacity > 0 && found.len() < MOST_EMPTY {
            found.push(Embedded {
                offset: at as u64,
                size: Some(0),
                at_least: 0,
                kind: EmbeddedKind::Module,
                base64: false,
                damaged: None,
                verdict: None,
                unchecked: None,
            });
        }
    }
    Ok(found)
}

/// The head of a marked slot for a module.
pub fn head(capacity: u32, module: &[u8]) -> Vec<u8> {
    let mut head = MARK.to_vec();
    for word in [MARK_VERSION, capacity, module.len() as u32, crc32(module)] {
        head.extend(word.to_le_bytes());
    }
    head
}

/// What an ELF file says of a place.
#[derive(Default)]
struct Named {
    section: Option<String>,
    symbol: Option<String>,
    /// The bytes that a symbol there has, or a variable beside it says.
    size: Option<u64>,
}

fn named(elf: &Elf<'_>, bytes: &[u8], at: usize, length: u64) -> Option<Named> {
    let mut sections = elf.section_headers.iter().enumerate();
    let (index, section) = sections.find(|(_, section)| {
        section.sh_type != SHT_NOBITS
            && section.sh_addr | section.sh_flags != 0
            && (section.sh_offset..section.sh_offset.saturating_add(section.sh_size))
                .contains(&(at as u64))
    })?;
    let address = section.sh_addr + (at as u64 - section.sh_offset);
    let name = |name: usize| elf.strtab.get_at(name).unwrap_or_default();
    let here = |value: u64, shndx: usize| value == address && shndx == index;
    let mut best = Named {
        section: elf.shdr_strtab.get_at(section.sh_name).map(str::to_string),
        ..Named::default()
    };
    let symbols = || {
        elf.syms
            .iter()
            .filter(|symbol| !name(symbol.st_name).is_empty())
    };
    let Some(symbol) = symbols()
        .filter(|symbol| here(symbol.st_value, symbol.st_shndx))
        // `$d` and the like say what follows, not what it is called.
        .filter(|symbol| !name(symbol.st_name).starts_with('$'))
        .max_by_key(|symbol| symbol.st_size)
    else {
        return Some(best);
    };
    let called = name(symbol.st_name);
    best.symbol = Some(called.to_string());
    best.size = (symbol.st_size > 0).then_some(symbol.st_size);
    // What `ld -r -b binary` and `xxd -i` say of the end.
    let value_of = |wanted: &str| symbols().find(|symbol| name(symbol.st_name) == wanted);
    if let Some(stem) = called.strip_suffix("_start")
        && let Some(end) = value_of(&format!("{stem}_end"))
    {
        best.size = end.st_value.checked_sub(symbol.st_value);
    }
    for suffix in ["_len", "_length", "_size"] {
        let Some(variable) = value_of(&format!("{called}{suffix}")) else {
            continue;
        };
        let Some(home) = elf.section_headers.get(variable.st_shndx) else {
            continue;
        };
        let place = variable
            .st_value
            .wrapping_sub(home.sh_addr)
            .wrapping_add(home.sh_offset);
        let word = bytes
            .get(place as usize..)
            .and_then(|rest| rest.first_chunk::<4>());
        let said = word.map(|word| match elf.little_endian {
            true => u32::from_le_bytes(*word),
            false => u32::from_be_bytes(*word),
        });
        if let Some(said) = said.filter(|said| u64::from(*said) >= length) {
            best.size = Some(said.into());
        }
    }
    Some(best)
}
