//! What Intel HEX and S-records share: lines of digits, with addresses.

use std::ops::Range;

use anyhow::{Context, Result, bail};

use crate::retrofit::container::{Guard, Inside, Member, Put, erased};

/// A line with data.
pub struct Record {
    pub address: u64,
    /// Where the digits of the data are in the file.
    pub digits: Range<usize>,
    /// Where those are that the checksum is of; it comes right behind them.
    pub checked: Range<usize>,
    /// Whether the checksum is right.
    pub right: bool,
}

/// Whether a file begins with such a line and consists of printable lines, as far as a look at its head tells.
pub fn is_lines_of(file: &[u8], first: u8) -> bool {
    let head = &file[..file.len().min(80)];
    head.len() > 8
        && head[0] == first
        && head
            .iter()
            .skip(1)
            .all(|byte| byte.is_ascii_hexdigit() || byte.is_ascii_whitespace() || *byte == first)
}

/// The lines without their ends.
pub fn lines(file: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        while file.get(at).is_some_and(u8::is_ascii_whitespace) {
            at += 1;
        }
        let begin = at;
        while file.get(at).is_some_and(|byte| !byte.is_ascii_whitespace()) {
            at += 1;
        }
        (at > begin).then_some(begin..at)
    })
}

/// The bytes that the digits of a range are.
pub fn digits(file: &[u8], range: Range<usize>) -> Result<Vec<u8>> {
    if range.start > range.end || !range.len().is_multiple_of(2) {
        bail!(
            "the line at {:#x} has half a byte at its end",
            range.start.saturating_sub(1)
        );
    }
    // Images have millions of them.
    let mut bytes = Vec::with_capacity(range.len() / 2);
    for pair in file[range.clone()].chunks_exact(2) {
        let (Some(high), Some(low)) = (digit(pair[0]), digit(pair[1])) else {
            let at = range.start + 2 * bytes.len();
            let at = if digit(pair[0]).is_none() { at } else { at + 1 };
            bail!("there is no hexadecimal digit at {at:#x}");
        };
        bytes.push(high << 4 | low);
    }
    Ok(bytes)
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}

/// More gaps than any memory has.
const MOST: usize = 100_000;

/// Data without a gap: the address, and the records in the order of addresses.
fn segments(records: &[Record]) -> Result<Vec<(u64, Vec<&Record>)>> {
    let mut sorted: Vec<&Record> = records
        .iter()
        .filter(|record| !record.digits.is_empty())
        .collect();
    sorted.sort_by_key(|record| record.address);
    let mut found: Vec<(u64, Vec<&Record>)> = Vec::new();
    let mut end = None;
    for record in sorted {
        let length = record.digits.len() as u64 / 2;
        match (end, found.last_mut()) {
            (Some(end), _) if record.address < end => {
                bail!("two lines have bytes for the address {:#x}", record.address)
            }
            (Some(end), Some((_, last))) if record.address == end => last.push(record),
            _ => found.push((record.address, vec![record])),
        }
        if found.len() > MOST {
            bail!("its memory has more than {MOST} gaps");
        }
        end = Some(record.address + length);
    }
    Ok(found)
}

/// A member for each part of the memory without a gap, by its address.
pub fn inside<'a>(file: &[u8], records: &[Record]) -> Result<Inside<'a>> {
    let mut inside = Inside {
        guards: vec![Guard::new(
            "checksums of all lines",
            records.iter().all(|record| record.right),
        )],
        ..Inside::default()
    };
    for (address, records) in segments(records)? {
        let mut bytes = Vec::new();
        for record in records {
            bytes.extend(digits(file, record.digits.clone())?);
        }
        inside.members.push(Member::memory(address, bytes));
    }
    Ok(inside)
}

/// Writes the digits of a member, and the checksums of the lines that change.
pub fn put(
    file: &[u8],
    records: &[Record],
    member: usize,
    new: &[u8],
    checksum: fn(&[u8]) -> u8,
) -> Result<Put> {
    let segments = segments(records)?;
    let (_, records) = &segments[member];
    let mut put = Put {
        file: file.to_vec(),
        fields: Vec::new(),
        rebuilt: false,
    };
    let length: usize = records.iter().map(|record| record.digits.len() / 2).sum();
    let new = erased(new, length);
    let mut rest = &new[..];
    for record in records {
        let length = record.digits.len() / 2;
        let (now, after) = rest
            .split_at_checked(length)
            .context("a member of another length")?;
        rest = after;
        if digits(file, record.digits.clone())? == now {
            continue;
        }
        // Small letters stay small.
        let small = file[record.checked.clone()]
            .iter()
            .any(u8::is_ascii_lowercase);
        put.write("", record.digits.start, &in_digits(now, small));
        let sum = checksum(&digits(&put.file, record.checked.clone())?);
        put.write(
            "checksums of lines",
            record.checked.end,
            &in_digits(&[sum], small),
        );
    }
    if !rest.is_empty() {
        bail!("a member of another length");
    }
    Ok(put)
}

fn in_digits(bytes: &[u8], small: bool) -> Vec<u8> {
    let digits: &[u8; 16] = if small {
        b"0123456789abcdef"
    } else {
        b"0123456789ABCDEF"
    };
    bytes
        .iter()
        .flat_map(|byte| {
            [
                digits[usize::from(byte >> 4)],
                digits[usize::from(byte & 15)],
            ]
        })
        .collect()
}
