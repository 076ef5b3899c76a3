//! A module of exactly so many bytes.
//!
//! Bytes behind a module are refused by WAMR and wasm3, as are custom sections without a name. What both take: the size of a
//! section in more bytes than it needs, up to five, and a custom section at the end whose name has a byte.

use anyhow::{Result, bail};
use wasm_encoder::Encode;
use wasmparser::BinaryReader;

/// The name of the section that fills a slot: the next one who replaces the module sees how much room there is.
pub const NAME: &str = "p1bridge.pad";
/// The most bytes of a number of 32 bits.
const LONGEST: usize = 5;
/// The id of a section, its size, the length of its name, and one byte of that.
const SMALLEST: usize = 4;

/// What modules in a slot began with at most: the firmware has room for that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Most {
    /// Pages of memory.
    pub memory: u64,
    /// Elements of tables.
    pub table: u64,
}

impl Most {
    /// As it is in the section that fills a slot.
    pub fn read(section: &[u8]) -> Option<Most> {
        let word = |at: usize| {
            let four = section.get(at..)?.first_chunk()?;
            Some(u32::from_le_bytes(*four).into())
        };
        Some(Most {
            memory: word(0)?,
            table: word(4)?,
        })
    }

    fn write(self) -> Vec<u8> {
        let word = |value: u64| u32::try_from(value).unwrap_or(0).to_le_bytes();
        [word(self.memory), word(self.table)].concat()
    }
}

/// Makes `module` as long as its slot. Where there is room for it, what fills it has `most`, for the next one.
///
/// # Errors
///
/// When it is longer: by how many bytes; and for the few lengths that cannot be reached.
pub fn to(module: &[u8], length: usize, most: Most) -> Result<Vec<u8>> {
    let Some(gap) = length.checked_sub(module.len()) else {
        bail!(
            "the module has {} bytes, and its slot {length}: {} too many",
            module.len(),
            module.len() - length
        );
    };
    if gap >= SMALLEST {
        let mut padded = module.to_vec();
        padded.extend(section(gap, most));
        return Ok(padded);
    }
    match stretched(module, gap) {
        Some(padded) => Ok(padded),
        None => bail!(
            "the module is {gap} bytes shorter than its slot, which cannot be filled: no section of it has a short size"
        ),
    }
}

/// Whether bytes are what [`to`] makes of a module.
pub fn is_of(padded: &[u8], module: &[u8], most: Most) -> bool {
    to(module, padded.len(), most).is_ok_and(|made| made == padded)
}

/// A custom section of so many bytes in all.
fn section(bytes: usize, most: Most) -> Vec<u8> {
    // The size that is written in so many bytes.
    let width = (1..=LONGEST).find(|width| bytes - 1 - width < 1 << (7 * width));
    let width = width.unwrap_or(LONGEST);
    let size = bytes - 1 - width;
    let name = &NAME[..NAME.len().min(size - 1)];
    let mut section = vec![0];
    section.extend(leb(size as u32, width));
    name.encode(&mut section);
    let most = most.write();
    if bytes - section.len() >= most.len() {
        section.extend(most);
    }
    section.resize(bytes, 0);
    section
}

/// A number in exactly so many bytes.
fn leb(value: u32, width: usize) -> Vec<u8> {
    let byte = |at: usize| {
        let more = if at + 1 < width { 0x80 } else { 0 };
        (value >> (7 * at)) as u8 & 0x7f | more
    };
    (0..width).map(byte).collect()
}

/// The module with the sizes of its sections in so many more bytes.
fn stretched(module: &[u8], mut gap: usize) -> Option<Vec<u8>> {
    let mut stretched = module.get(..8)?.to_vec();
    let mut at = 8;
    while at < module.len() {
        let mut reader = BinaryReader::new(&module[at..], 0);
        let id = reader.read_u8().ok()?;
        let size = reader.read_var_u32().ok()?;
        let head = reader.original_position() as usize;
        let width = head - 1;
        let more = gap.min(LONGEST - width);
        gap -= more;
        stretched.push(id);
        stretched.extend(leb(size, width + more));
        let end = at + head + size as usize;
        stretched.extend(module.get(at + head..end)?);
        at = end;
    }
    (gap == 0).then_some(stretched)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_is_reached_and_is_the_same_module() {
        let module = wat_module();
        let most = Most {
            memory: 17,
            table: 0x10203,
        };
        for gap in (0..300).chain([16_300, 16_384, 16_385, 16_386, 16_387, 16_400, 2_097_170]) {
            let padded = to(&module, module.len() + gap, most).unwrap();
            assert_eq!(padded.len(), module.len() + gap);
            wasmparser::Validator::new().validate_all(&padded).unwrap();
            let sections = |bytes: &[u8]| -> Vec<String> {
                let payloads = wasmparser::Parser::new(0).parse_all(bytes);
                let custom = payloads.filter_map(|payload| match payload.unwrap() {
                    wasmparser::Payload::CustomSection(section) => {
                        let room = section.data().len() >= 8;
                        let read = Most::read(section.data());
                        assert_eq!(read, room.then_some(most));
                        Some(section.name().to_string())
                    }
                    _ => None,
                });
                custom.collect()
            };
            let names = sections(&padded);
            assert!(
                names
                    .iter()
                    .all(|name| !name.is_empty() && NAME.starts_with(name.as_str())),
                "{names:?}"
            );
            assert_eq!(names.len(), usize::from(gap >= SMALLEST));
        }
        let error = to(&module, module.len() - 3, most).unwrap_err().to_string();
        assert!(error.contains("3 too many"), "{error}");
    }

    fn wat_module() -> Vec<u8> {
        wat::parse_str(r#"(module (memory 1) (func (export "run") (result i32) i32.const 7))"#)
            .unwrap()
    }
}
