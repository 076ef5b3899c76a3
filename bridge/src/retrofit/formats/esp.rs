//! Images of ESP-IDF: an app, and a whole flash with a table of partitions.
//!
//! An app begins with 0xE9 and the number of its segments; from byte 24 on each segment has its address, its length and its
//! data. The last byte of the next 16 is the XOR of all data; if byte 23 says so, the SHA-256 of all that follows.

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

use crate::retrofit::container::{Format, Guard, How, Inside, Locked, Member, Put, erased, le32};

pub struct App;

pub const MAGIC: u8 = 0xe9;
const HEAD: usize = 24;
const SEED: u8 = 0xef;
/// Each segment begins with its address and its length.
const SEGMENT: usize = 8;
const MOST_SEGMENTS: u8 = 16;
/// Where the header says whether there is a hash.
const HASHED: usize = 23;
/// What ESP-IDF's secure boot v2 signs ends with a sector of signatures.
const SECTOR: usize = 4096;
const SIGNATURES: u8 = 0xe7;

/// Where things are in an app.
struct Layout {
    /// The data of the segments.
    data: Vec<std::ops::Range<usize>>,
    checksum: usize,
    /// Where the hash is, if there is one.
    hash: Option<usize>,
    end: usize,
}

impl Layout {
    /// Where what is behind the app begins: a signature belongs to it.
    fn whole(&self, file: &[u8]) -> usize {
        match signature(file, self.end) {
            Some(signature) => signature.end,
            None => self.end,
        }
    }
}

fn layout(file: &[u8]) -> Result<Option<Layout>> {
    let (Some(&MAGIC), Some(&count), Some(&hashed)) = (file.first(), file.get(1), file.get(HASHED))
    else {
        return Ok(None);
    };
    // The chip, and the four bytes before the flag, which are reserved.
    if !(1..=MOST_SEGMENTS).contains(&count) || hashed > 1 || file.get(19..HASHED) != Some(&[0; 4])
    {
        return Ok(None);
    }
    let mut at = HEAD;
    let mut data = Vec::new();
    for _ in 0..count {
        let length = le32(file, at + 4).context("it is cut off in the head of a segment")? as usize;
        let begin = at + SEGMENT;
        let end = begin.checked_add(length).filter(|end| *end <= file.len());
        let Some(end) = end else {
            bail!("the segment at {at:#x} has {length} bytes, and the file ends before");
        };
        data.push(begin..end);
        at = end;
    }
    // One byte of checksum, at the end of 16.
    let checksum = (at + 1).next_multiple_of(16) - 1;
    let mut end = checksum + 1;
    let hash = (hashed == 1).then_some(end);
    end += if hashed == 1 { 32 } else { 0 };
    if end > file.len() {
        bail!("it is cut off at its checksum");
    }
    Ok(Some(Layout {
        data,
        checksum,
        hash,
        end,
    }))
}

fn checksum(file: &[u8], layout: &Layout) -> u8 {
    let data = layout.data.iter().flat_map(|range| &file[range.clone()]);
    data.fold(SEED, |sum, byte| sum ^ byte)
}

struct Signature {
    by: &'static str,
    end: usize,
}

/// The signature of an app that ends at `end`.
fn signature(file: &[u8], end: usize) -> Option<Signature> {
    let sector = end.next_multiple_of(SECTOR);
    let is_v2 = file.get(sector) == Some(&SIGNATURES)
        && file
            .get(sector + 1)
            .is_some_and(|version| matches!(version, 2 | 3));
    if is_v2 {
        return Some(Signature {
            by: "secure boot v2",
            end: (sector + SECTOR).min(file.len()),
        });
    }
    // A word with 0 and 64 bytes.
    let is_v1 = file.len() == end + 68 && le32(file, end) == Some(0);
    is_v1.then_some(Signature {
        by: "secure boot v1",
        end: end + 68,
    })
}

fn locked(file: &[u8], end: usize) -> Option<Locked> {
    let advice = "build without the signature, or replace the module in the unsigned image and sign it again with `espsecure \
                  sign-data --version 2`; `--unsigned` writes it without the signature";
    signature(file, end).map(|signature| Locked::Signed {
        by: signature.by.to_string(),
        advice: advice.to_string(),
    })
}

/// How many bytes an app has that `file` begins with; none if it may be something else. `open` takes what the file is said to be.
pub fn extent(file: &[u8]) -> Option<usize> {
    let layout = layout(file).ok()??;
    // Where code and data are on these chips; and all of these apps have a hash.
    const LOADED: std::ops::Range<u32> = 0x3c00_0000..0x6000_0000;
    let at = |at: usize| le32(file, at).is_some_and(|address| LOADED.contains(&address));
    let begins = layout.data.iter().map(|range| range.start - SEGMENT);
    let whole = layout.hash.is_some() && at(4) && begins.clone().all(at);
    whole.then(|| layout.whole(file))
}

impl Format for App {
    fn name(&self) -> &'static str {
        "ESP-IDF app"
    }

    fn open<'a>(&self, file: &'a [u8]) -> Result<Option<Inside<'a>>> {
        let Some(layout) = layout(file)? else {
            return Ok(None);
        };
        let mut guards = vec![Guard::new(
            "checksum",
            file[layout.checksum] == checksum(file, &layout),
        )];
        if let Some(at) = layout.hash {
            let right = file[at..at + 32] == Sha256::digest(&file[..at])[..];
            guards.push(Guard::new("SHA-256", right));
        }
        let members = layout
            .data
            .iter()
            .map(|range| Member::part("", file, range.clone()));
        let behind = layout.whole(file)..file.len();
        let behind = (!behind.is_empty()).then(|| Member::image(file, behind));
        Ok(Some(Inside {
            members: members.chain(behind).collect(),
            guards,
            locked: locked(file, layout.end),
            notes: vec![
                "the SHA-256 of the ELF file in the app descriptor stays: core dumps are matched by it".to_string(),
            ],
        }))
    }

    fn put(&self, file: &[u8], member: usize, new: &[u8], how: How) -> Result<Put> {
        let layout = layout(file)?.context("it is an app")?;
        let whole = layout.whole(file);
        let Some(part) = layout.data.get(member) else {
            return Put::in_place(file, &Member::part("", file, whole..file.len()), new);
        };
        let part = Member::part("", file, part.clone());
        let mut put = Put::in_place(file, &part, new)?;
        let sum = checksum(&put.file, &layout);
        put.write("checksum", layout.checksum, &[sum]);
        if let Some(at) = layout.hash {
            let hash = Sha256::digest(&put.file[..at]);
            put.write("SHA-256", at, &hash);
        }
        match how.unsigned && whole > layout.end {
            // What is behind stays where it is.
            true if whole < file.len() => {
                put.write("the signature", layout.end, &vec![0xff; whole - layout.end]);
            }
            true => {
                put.file.truncate(layout.end);
                put.rebuilt = true;
            }
            false => {}
        }
        Ok(put)
    }
}

/// A whole flash: a table of partitions at 0x8000, where ESP-IDF has it.
pub struct Flash;

const TABLE: usize = 0x8000;
const ROW: usize = 32;
const TABLE_SIZE: usize = 0xc00;

struct Partition {
    name: String,
    offset: usize,
    size: usize,
    encrypted: bool,
}

fn partitions(file: &[u8]) -> Option<Vec<Partition>> {
    let rows = file.get(TABLE..TABLE + TABLE_SIZE)?;
    let mut found = Vec::new();
    for row in rows.chunks(ROW) {
        if row[..2] != [0xaa, 0x50] {
            break;
        }
        let name = row[12..28].split(|byte| *byte == 0).next()?;
        found.push(Partition {
            name: String::from_utf8_lossy(name).into_owned(),
            offset: le32(row, 4)? as usize,
            size: le32(row, 8)? as usize,
            encrypted: le32(row, 28)? & 1 != 0,
        });
    }
    // Behind the table: an app may have such a row there by chance.
    let first = found.first()?.offset;
    (first > TABLE && first.is_multiple_of(SECTOR)).then_some(found)
}

/// Whether the MD5 of the rows is right; none where there is none.
fn table_hash(file: &[u8], rows: usize) -> Option<bool> {
    use md5::Md5;
    let end = TABLE + rows * ROW;
    let row = file.get(end..end + ROW)?;
    (row[..2] == [0xeb, 0xeb]).then(|| row[16..] == Md5::digest(&file[TABLE..end])[..])
}

impl Format for Flash {
    fn name(&self) -> &'static str {
        "ESP-IDF flash"
    }

    fn open<'a>(&self, file: &'a [u8]) -> Result<Option<Inside<'a>>> {
        let Some(mut rows) = partitions(file) else {
            return Ok(None);
        };
        let mut inside = Inside::default();
        inside.guards.extend(
            table_hash(file, rows.len())
                .map(|right| Guard::new("MD5 of the partition table", right)),
        );
        if rows.iter().any(|row| row.encrypted) {
            inside.notes.push(
                "partitions are marked as encrypted: what cannot be read is encrypted, and is not replaced".to_string(),
            );
        }
        rows.sort_by_key(|row| row.offset);
        let mut end = 0;
        for row in rows {
            if row.offset < end || row.offset >= file.len() {
                // The flash may end before the last partitions.
                continue;
            }
            // What lies between partitions: the boot loader, for example. With the table in it, it would be a flash again.
            for gap in [end..row.offset.min(TABLE), end.max(TABLE)..row.offset] {
                if gap.start < gap.end {
                    let name = format!("{:#x}", gap.start);
                    inside.members.push(Member::part(name, file, gap));
                }
            }
            end = row.offset.saturating_add(row.size).min(file.len());
            inside
                .members
                .push(Member::part(row.name, file, row.offset..end));
        }
        if end < file.len() {
            inside
                .members
                .push(Member::part(format!("{end:#x}"), file, end..file.len()));
        }
        Ok(Some(inside))
    }

    fn put(&self, file: &[u8], member: usize, new: &[u8], _: How) -> Result<Put> {
        let inside = self.open(file)?.context("it is a flash")?;
        let member = inside.members.get(member).context("the member is there")?;
        Put::in_place(file, member, &erased(new, member.bytes.len()))
    }
}
