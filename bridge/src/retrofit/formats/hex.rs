//! Intel HEX: lines of a colon and bytes in digits, each with its checksum. Lines, their order and their ends stay as they are.

use anyhow::{Result, bail};

use crate::retrofit::container::{Format, How, Inside, Put};

use super::text::{self, Record};

pub struct IntelHex;

/// The kinds of records.
const DATA: u8 = 0;
const END: u8 = 1;
const SEGMENT: u8 = 2;
const LINEAR: u8 = 4;

fn records(file: &[u8]) -> Result<Option<Vec<Record>>> {
    if !text::is_lines_of(file, b':') {
        return Ok(None);
    }
    let mut found = Vec::new();
    let mut base = 0u64;
    for line in text::lines(file) {
        let at = line.start;
        let bytes = text::digits(file, at + 1..line.end)?;
        let [length, high, low, kind, rest @ ..] = &bytes[..] else {
            bail!("the line at {at:#x} is too short");
        };
        if rest.len() != usize::from(*length) + 1 {
            bail!("the line at {at:#x} has not the {length} bytes that it says");
        }
        let data = &rest[..rest.len() - 1];
        let sum = bytes.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
        let number = data
            .iter()
            .fold(0u64, |number, byte| number << 8 | u64::from(*byte));
        match *kind {
            DATA => found.push(Record {
                address: base + (u64::from(*high) << 8 | u64::from(*low)),
                digits: at + 9..at + 9 + 2 * data.len(),
                checked: at + 1..line.end - 2,
                right: sum == 0,
            }),
            END => break,
            SEGMENT | LINEAR if data.len() != 2 => {
                bail!("the line at {at:#x} has a part of an address, and not in 2 bytes")
            }
            SEGMENT => base = number << 4,
            LINEAR => base = number << 16,
            3 | 5 => {}
            other => bail!("the line at {at:#x} is of kind {other}, which there is none of"),
        }
        if *kind != DATA && sum != 0 {
            bail!("the checksum of the line at {at:#x} is wrong");
        }
    }
    Ok(Some(found))
}

/// What the last byte of a line makes the sum of all zero.
fn checksum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0u8, |sum, byte| sum.wrapping_sub(*byte))
}

impl Format for IntelHex {
    fn name(&self) -> &'static str {
        "Intel HEX"
    }

    fn open<'a>(&self, file: &'a [u8]) -> Result<Option<Inside<'a>>> {
        Ok(match records(file)? {
            Some(records) => Some(text::inside(file, &records)?),
            None => None,
        })
    }

    fn put(&self, file: &[u8], member: usize, new: &[u8], _: How) -> Result<Put> {
        let records = records(file)?.unwrap_or_default();
        text::put(file, &records, member, new, checksum)
    }
}
