//! WebAssembly that a file carries: modules, components, code compiled ahead of time for WAMR, as
//! they are or in Base64.

use std::ops::ControlFlow;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use anyhow::{Context, Result};
use serde::Serialize;
use wasmparser::{BinaryReader, Validator, WasmFeatures};

use crate::check::{Verdict, check};
use crate::profiles::Profile;

/// One of them.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Embedded {
    /// In the file.
    pub offset: u64,
    /// In bytes; of Base64, those of the text. None where the format does not say.
    pub size: Option<u64>,
    /// The size without what only may belong to it: custom sections at the end that no tool is known for.
    #[serde(skip)]
    pub at_least: u64,
    /// What it is.
    pub kind: EmbeddedKind,
    /// Whether it is written in Base64.
    pub base64: bool,
    /// What is wrong with it, if it is not whole.
    pub damaged: Option<String>,
    /// What `check` says of it for the derived profile; none when there is no such profile.
    pub verdict: Option<Verdict>,
    /// Why `check` has no answer.
    pub unchecked: Option<String>,
}

/// What can be inside of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EmbeddedKind {
    /// A core module.
    Module,
    /// A component.
    Component,
    /// For WAMR, from `wamrc`.
    Aot,
}

/// Enough for any program; a file with more is made to keep us busy.
const MOST: usize = 1000;
/// What is checked in all, in bytes: `check` costs more than finding does.
const CHECKED: usize = 64 << 20;

/// `\0asm`, `\0aot`, and Base64 of the first with the three versions of bytes behind it.
const PATTERNS: [&[u8]; 3] = [b"\0asm", b"\0aot", b"AGFzb"];

/// Made once: an update may have thousands of files.
static MATCHER: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| AhoCorasick::new(PATTERNS).ok());

/// What of WebAssembly is in `bytes`, in the order of the file.
///
/// # Errors
///
/// None but a bug in the patterns.
pub fn modules(bytes: &[u8], profile: Option<&Profile>) -> Result<Vec<Embedded>> {
    let matcher = MATCHER.as_ref().context("the patterns are right")?;
    let mut found: Vec<Embedded> = Vec::new();
    let mut end = 0;
    let mut budget = CHECKED;
    for hit in matcher.find_iter(bytes) {
        // What is inside the one before is a part of it.
        if hit.start() < end {
            continue;
        }
        if found.len() == MOST {
            break;
        }
        let rest = &bytes[hit.start()..];
        let one = match hit.pattern().as_usize() {
            1 => aot(rest),
            2 => {
                // It is decoded before it is known what it is: once.
                let text = rest
                    .iter()
                    .take_while(|byte| sextet(**byte).is_some())
                    .count();
                end = hit.start() + text;
                in_base64(&rest[..text], profile, &mut budget)
            }
            _ => wasm(rest).map(|extent| extent.embedded(profile, &mut budget)),
        };
        if let Some(one) = one {
            let offset = hit.start() as u64;
            end = end.max(hit.start() + one.size.unwrap_or_default() as usize);
            found.push(Embedded { offset, ..one });
        }
    }
    Ok(found)
}

/// Code for WAMR: version 1 to 6 of its format. Its size is where no section follows: each has a number and its size, and
/// begins at a multiple of four.
fn aot(rest: &[u8]) -> Option<Embedded> {
    const CUSTOM: u32 = 100;
    let version = rest.get(4..8)?;
    let word = |at: usize| Some(u32::from_le_bytes(*rest.get(at..)?.first_chunk()?));
    let mut end = 8usize;
    loop {
        let at = end.next_multiple_of(4);
        let (Some(kind), Some(size)) = (word(at), word(at + 4)) else {
            break;
        };
        let next = (at + 8).saturating_add(size as usize);
        if !matches!(kind, 0..=7 | CUSTOM) || size == 0 || next > rest.len() {
            break;
        }
        end = next;
    }
    let size = (end > 8).then_some(end as u64);
    (matches!(version, [1..=6, 0, 0, 0]) && rest.len() > 16).then_some(Embedded {
        offset: 0,
        size,
        at_least: size.unwrap_or_default(),
        kind: EmbeddedKind::Aot,
        base64: false,
        damaged: None,
        verdict: None,
        unchecked: Some("it is compiled for one kind of processor".to_string()),
    })
}

fn in_base64(text: &[u8], profile: Option<&Profile>, budget: &mut usize) -> Option<Embedded> {
    let wasm_bytes = decode(text);
    let mut one = wasm(&wasm_bytes)?.embedded(profile, budget);
    let size = one.size.unwrap_or_default();
    one.size = Some((size * 4).div_ceil(3));
    one.at_least = (size * 4).div_ceil(3);
    one.base64 = true;
    Some(one)
}

/// The bytes that text in Base64 is, with either alphabet.
pub fn decode(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 3);
    for four in text.chunks(4) {
        let bits = four
            .iter()
            .filter_map(|byte| sextet(*byte))
            .fold(0u32, |bits, sextet| bits << 6 | u32::from(sextet));
        let missing = 4 - four.len();
        let three = (bits << (6 * missing)).to_be_bytes();
        bytes.extend(&three[1..4 - missing.min(2)]);
    }
    bytes
}

/// Text in Base64 in the alphabet of the text that was there, of the same length.
pub fn encode(bytes: &[u8], like: &[u8]) -> Vec<u8> {
    let url = like.iter().any(|byte| matches!(byte, b'-' | b'_'));
    let digits: &[u8; 64] = match url {
        true => b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
        false => b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    };
    let mut text = Vec::with_capacity(like.len());
    for three in bytes.chunks(3) {
        let mut bits = 0u32;
        for at in 0..3 {
            bits = bits << 8 | u32::from(three.get(at).copied().unwrap_or(0));
        }
        for at in 0..=three.len() {
            text.push(digits[(bits >> (18 - 6 * at) & 63) as usize]);
        }
    }
    text
}

fn sextet(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

/// A binary from its head to the end of its last section.
struct Extent<'a> {
    bytes: &'a [u8],
    /// Where the last section ends that is one without doubt.
    sure: usize,
    kind: EmbeddedKind,
    damaged: Option<String>,
}

/// What starts here, if at least one section follows the head: the head alone is also in every
/// loader, as a constant.
fn wasm(bytes: &[u8]) -> Option<Extent<'_>> {
    let kind = match bytes.get(4..8)? {
        [1, 0, 0, 0] => EmbeddedKind::Module,
        [0x0d, 0, 1, 0] => EmbeddedKind::Component,
        _ => return None,
    };
    let (mut end, mut sure) = (8, 8);
    let mut last = 0;
    let mut cut = None;
    while let ControlFlow::Continue((section, known)) = section(bytes, end, kind, &mut last) {
        if section > bytes.len() {
            cut = Some(section);
            break;
        }
        end = section;
        if known {
            sure = end;
        }
    }
    if end == 8 {
        return None;
    }
    let whole = Validator::new_with_features(WasmFeatures::all()).validate_all(&bytes[..end]);
    let damaged = match (cut, whole) {
        (Some(section), _) => Some(format!(
            "it is cut off: a section of it would end {} bytes behind the file",
            section - bytes.len()
        )),
        (None, Err(error)) => Some(error.to_string()),
        (None, Ok(_)) => None,
    };
    Some(Extent {
        bytes: &bytes[..end],
        sure,
        kind,
        damaged,
    })
}

/// The most bytes of the name of a custom section.
const LONGEST_NAME: usize = 64;

/// Names of custom sections, or how they begin, that tools write. A string in firmware, such as "I (%d) connected", looks like a
/// section with another name.
const WRITTEN: [&str; 16] = [
    "name",
    "producers",
    "target_features",
    "linking",
    "reloc.",
    ".debug_",
    "dylink",
    "component-",
    "p1bridge.",
    "sourceMappingURL",
    "external_debug_info",
    "build_id",
    "emscripten_metadata",
    "metadata.code.",
    "go:buildid",
    "wasi-",
];

fn is_written(name: &str) -> bool {
    // What fills a slot of a few bytes has a shorter name.
    WRITTEN.iter().any(|known| name.starts_with(known)) || "p1bridge.pad".starts_with(name)
}

/// Where the section at `start` ends, if one can be there; and whether it is one without doubt.
fn section(
    bytes: &[u8],
    start: usize,
    kind: EmbeddedKind,
    last: &mut u8,
) -> ControlFlow<(), (usize, bool)> {
    /// The order of the sections of a module by their ids: tags before globals, the count of data
    /// segments before code.
    const ORDER: [u8; 14] = [0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 12, 13, 11, 6];
    let Some(rest) = bytes.get(start..) else {
        return ControlFlow::Break(());
    };
    let mut reader = BinaryReader::new(rest, 0);
    let (Ok(id), Ok(size)) = (reader.read_u8(), reader.read_var_u32()) else {
        return ControlFlow::Break(());
    };
    let contents = reader.original_position() as usize;
    let size = size as usize;
    let mut known = true;
    let fits = match (kind, id) {
        // What lies behind a module in firmware looks like custom sections, padding like ones without a name and
        // pointers like ones with a name of a byte that nobody prints.
        (_, 0) => {
            let printable = |name: &str| {
                (1..=LONGEST_NAME).contains(&name.len())
                    && name.bytes().all(|byte| (b' '..=b'~').contains(&byte))
            };
            let name = reader.read_string().unwrap_or_default();
            known = is_written(name);
            size > 0 && printable(name) && reader.original_position() as usize - contents <= size
        }
        (EmbeddedKind::Module, 1..=13) => {
            let place = ORDER[usize::from(id)];
            let later = place > *last;
            *last = place;
            later && size > 0
        }
        (EmbeddedKind::Component, 1..=12) => size > 0,
        _ => false,
    };
    match fits {
        true => ControlFlow::Continue((start + contents + size, known)),
        false => ControlFlow::Break(()),
    }
}

impl Extent<'_> {
    fn embedded(self, profile: Option<&Profile>, budget: &mut usize) -> Embedded {
        let mut one = Embedded {
            offset: 0,
            size: Some(self.bytes.len() as u64),
            at_least: self.sure as u64,
            kind: self.kind,
            base64: false,
            damaged: self.damaged,
            verdict: None,
            unchecked: None,
        };
        let Some(profile) = profile.filter(|_| one.damaged.is_none()) else {
            return one;
        };
        match budget.checked_sub(self.bytes.len()) {
            None => {
                *budget = 0;
                one.unchecked = Some("the file has too many of them".to_string());
            }
            Some(left) => {
                *budget = left;
                match check(self.bytes, profile) {
                    Ok(verdict) => one.verdict = Some(verdict),
                    Err(error) => one.unchecked = Some(format!("{error:#}")),
                }
            }
        }
        one
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_ends_before_pointers_that_look_like_custom_sections() {
        let module = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\0\x06\x04name\0";
        // Tables of pointers as they lie behind modules in two real images, and padding.
        for behind in [
            &b"\0\xc0\x71\x01\0\xc0\x71\x02\0"[..],
            b"\0\xb2\x14\0\x20\xb2\x14\0\x20",
            b"\0\x02\x01\x01\0",
            b"\0\0\0\0",
            b"\0\x05\x03a\x07b\0",
        ] {
            let mut image = module.to_vec();
            image.extend(behind);
            image.extend([0; 20_000]);
            let found = modules(&image, None).unwrap();
            assert_eq!(found.len(), 1, "{behind:?}");
            assert_eq!(found[0].size, Some(module.len() as u64), "{behind:?}");
            assert_eq!(found[0].damaged, None, "{behind:?}");
        }
    }

    #[test]
    fn base64_is_decoded_with_and_without_a_full_last_group() {
        for (text, bytes) in [
            ("AGFzbQ==", &b"\0asm"[..]),
            ("AGFzbQE", b"\0asm\x01"),
            ("AGFzbQEA", b"\0asm\x01\0"),
        ] {
            let plain = text.trim_end_matches('=');
            assert_eq!(decode(plain.as_bytes()), bytes, "{text}");
        }
    }
}
