//! Tables of the functions that a WAMR gives to programs: arrays of name, code, signature and
//! attachment. They are found by their signatures, so that a stripped program has them too, and
//! the functions of a product beside those of WASI.

use std::collections::HashMap;

use super::image::{Image, c_string};

/// One function of a table.
pub struct Native {
    pub name: String,
    /// `(i*~I)i`: i I f F are numbers, `*` and `$` addresses, `~` the length of what is before it.
    /// None where the table leaves it out, which means that it is not checked.
    pub signature: Option<String>,
    /// Of the entry in the file.
    pub offset: usize,
}

/// More than any runtime has; a file that claims more is none.
const MOST: usize = 100_000;

/// All entries of all tables of a file.
pub fn all(images: &[Image]) -> Vec<Native> {
    images.iter().flat_map(natives).collect()
}

fn natives(image: &Image) -> Vec<Native> {
    let signatures = signatures(image);
    if signatures.is_empty() {
        return Vec::new();
    }
    let mut slots: Vec<(u64, u64)> = image
        .pointers
        .iter()
        .filter(|(_, target)| signatures.contains_key(target))
        .copied()
        .collect();
    slots.extend(plain_pointers(image, &signatures));
    slots.sort_unstable();
    slots.dedup();

    let width = image.pointer as u64;
    let mut natives: Vec<Native> = Vec::new();
    for (slot, target) in slots.into_iter().take(MOST) {
        let Some(entry) = slot.checked_sub(2 * width) else {
            continue;
        };
        let Some((name, offset)) = function(image, entry) else {
            continue;
        };
        natives.push(Native {
            name,
            signature: Some(signatures[&target].clone()),
            offset,
        });
        // Entries without a signature, up to the next one that has one.
        let mut at = entry.wrapping_add(4 * width);
        while natives.len() < MOST
            && image.pointer_at(at.wrapping_add(2 * width)).is_none()
            && let Some((name, offset)) = function(image, at)
        {
            natives.push(Native {
                name,
                signature: None,
                offset,
            });
            at = at.wrapping_add(4 * width);
        }
    }
    natives
}

/// The name and file offset of the entry at an address, if one can be there.
fn function(image: &Image, entry: u64) -> Option<(String, usize)> {
    let name = name(image, image.pointer_at(entry)?)?;
    let code = image
        .pointer_at(entry.wrapping_add(image.pointer as u64))
        .and_then(|at| image.offset_of(at));
    // The code of an object file may be in another one.
    if image.linked && code.is_none() {
        return None;
    }
    // What code has beside it are strings that it passes on, one behind the other as well.
    if code.is_some_and(|at| is_text(image.bytes, at)) {
        return None;
    }
    Some((name, image.offset_of(entry)?))
}

/// Whether a string of C lies there. The first instructions of a function are none: on no processor are four bytes of them printable
/// with a zero behind, and one before.
fn is_text(bytes: &[u8], at: usize) -> bool {
    const LEAST: usize = 4;
    let Some(text) = c_string(bytes, at).filter(|text| text.len() >= LEAST) else {
        return false;
    };
    at > 0 && bytes[at - 1] == 0 && text.iter().all(|byte| (b' '..=b'~').contains(byte))
}

/// The strings that are signatures, by their addresses.
fn signatures(image: &Image) -> HashMap<u64, String> {
    let mut found = HashMap::new();
    for region in &image.regions {
        let contents = &image.bytes[region.range.clone()];
        for (at, _) in contents
            .iter()
            .enumerate()
            .filter(|(_, byte)| **byte == b'(')
        {
            if found.len() >= MOST {
                return found;
            }
            if at > 0 && contents[at - 1] != 0 {
                continue;
            }
            let text = &contents[at..contents.len().min(at + 64)];
            let Some(end) = text.iter().position(|byte| *byte == 0) else {
                continue;
            };
            if is_signature(&text[..end]) {
                let text = String::from_utf8_lossy(&text[..end]).into_owned();
                found.insert(region.address.wrapping_add(at as u64), text);
            }
        }
    }
    found
}

fn is_signature(text: &[u8]) -> bool {
    let Some(close) = text.iter().position(|byte| *byte == b')') else {
        return false;
    };
    let params = text[1..close]
        .iter()
        .all(|byte| b"iIfFrv*~$".contains(byte));
    let results = &text[close + 1..];
    params && results.len() <= 1 && results.iter().all(|byte| b"iIfFrv".contains(byte))
}

/// Pointers to signatures that are in the file as they are.
fn plain_pointers(image: &Image, signatures: &HashMap<u64, String>) -> Vec<(u64, u64)> {
    let lowest = signatures.keys().min().copied().unwrap_or_default();
    let highest = signatures.keys().max().copied().unwrap_or_default();
    // What an object has in place of a pointer is only a part of it.
    if !image.linked && !image.pointers.is_empty() {
        return Vec::new();
    }
    let chained = image.base.is_some();
    let mut found = Vec::new();
    for region in &image.regions {
        let first = (image.pointer - region.address as usize % image.pointer) % image.pointer;
        for at in (first..region.range.len()).step_by(image.pointer) {
            let Some(word) = image.word(region.range.start + at) else {
                break;
            };
            let table = image.relocations.contains(&(region.range.start + at));
            if table || !chained && !(lowest..=highest).contains(&word) {
                continue;
            }
            let target = match signatures.contains_key(&word) {
                true => Some(word),
                false if chained => image.resolve(word),
                false => None,
            };
            if let Some(target) = target.filter(|target| signatures.contains_key(target)) {
                found.push((region.address.wrapping_add(at as u64), target));
            }
        }
    }
    found
}

/// A name that a program can import.
fn name(image: &Image, address: u64) -> Option<String> {
    let text = image.c_string(image.offset_of(address)?)?;
    // WAMR has tables of signatures and code alone, too.
    let is_name = !text.starts_with(b"(") || !is_signature(text);
    let fine = is_name
        && !text.is_empty()
        && text.len() <= 200
        && text.iter().all(|byte| byte.is_ascii_graphic());
    fine.then(|| String::from_utf8_lossy(text).into_owned())
}

/// A signature as profiles write it; none when it has references of the host.
pub fn profile_signature(signature: &str) -> Option<String> {
    let (params, results) = signature.strip_prefix('(')?.split_once(')')?;
    let types = |text: &str| -> Option<Vec<&'static str>> {
        text.chars()
            .filter(|c| *c != 'v')
            .map(|c| match c {
                'i' | '*' | '~' | '$' => Some("i32"),
                'I' => Some("i64"),
                'f' => Some("f32"),
                'F' => Some("f64"),
                _ => None,
            })
            .collect()
    };
    let results = types(results)?;
    let results = results.first().copied().unwrap_or("()");
    Some(format!("({}) -> {results}", types(params)?.join(", ")))
}

/// A type as profiles write it.
pub fn written(ty: &wasmparser::FuncType) -> String {
    let types = |types: &[wasmparser::ValType]| {
        let names: Vec<String> = types.iter().map(ToString::to_string).collect();
        names.join(", ")
    };
    match ty.results() {
        [] => format!("({}) -> ()", types(ty.params())),
        results => format!("({}) -> {}", types(ty.params()), types(results)),
    }
}
