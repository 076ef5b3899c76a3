//! UF2: blocks of 512 bytes, each with an address and up to 476 bytes for it. Blocks stay where they are, in any order; the MD5
//! that some have of a part of the flash is made again.

use std::collections::BTreeMap;
use std::ops::Range;

use anyhow::{Context, Result, bail};
use md5::{Digest, Md5};

use crate::retrofit::container::{Format, Guard, How, Inside, Member, Put, erased, le32};

pub struct Uf2;

const BLOCK: usize = 512;
const BEGIN: [u32; 2] = [0x0a32_4655, 0x9e5d_5157];
const END: u32 = 0x0ab1_6f30;
/// Where the data of a block is, and how much there can be.
const DATA: usize = 32;
const MOST: usize = 476;
/// The flags: not for the flash; a file, not flash; a family in place of the file's size; an MD5 in the last bytes of the data.
const NOT_MAIN: u32 = 0x1;
const FILE: u32 = 0x1000;
const FAMILY: u32 = 0x2000;
const HASHED: u32 = 0x4000;
/// An address, a length, and the MD5.
const HASH: usize = 24;

struct Block {
    address: u64,
    /// In the file.
    data: Range<usize>,
    /// Where the words of its MD5 are.
    hash: Option<usize>,
}

/// Whose blocks they are: of a family of processors, or of a file.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Owner {
    Family(u32),
    File(String),
}

struct Blocks {
    owned: BTreeMap<Owner, Vec<Block>>,
    notes: Vec<String>,
}

fn blocks(file: &[u8]) -> Result<Option<Blocks>> {
    let begins =
        |at: usize| le32(file, at) == Some(BEGIN[0]) && le32(file, at + 4) == Some(BEGIN[1]);
    if !begins(0) {
        return Ok(None);
    }
    let mut found = Blocks {
        owned: BTreeMap::new(),
        notes: Vec::new(),
    };
    let mut said = BTreeMap::new();
    for (at, block) in file
        .chunks(BLOCK)
        .enumerate()
        .map(|(n, block)| (n * BLOCK, block))
    {
        if block.len() < BLOCK {
            bail!("the block at {at:#x} is cut off");
        }
        if !begins(at) || le32(block, BLOCK - 4) != Some(END) {
            bail!("the block at {at:#x} does not begin and end as blocks do");
        }
        let word = |place: usize| le32(block, place).context("a block has 512 bytes");
        let (flags, address, length) = (word(8)?, word(12)?, word(16)? as usize);
        let (count, family) = (word(24)?, word(28)?);
        if flags & NOT_MAIN != 0 {
            continue;
        }
        let room = MOST - if flags & HASHED != 0 { HASH } else { 0 };
        if length > room {
            bail!("the block at {at:#x} says {length} bytes, and has room for {room}");
        }
        let owner = match (flags & FILE != 0, flags & FAMILY != 0) {
            (true, _) => {
                let name = block[DATA + length..DATA + room].split(|byte| *byte == 0);
                Owner::File(
                    String::from_utf8_lossy(name.take(1).next().unwrap_or(&[])).into_owned(),
                )
            }
            (false, true) => Owner::Family(family),
            (false, false) => Owner::Family(0),
        };
        said.insert(owner.clone(), count);
        found.owned.entry(owner).or_default().push(Block {
            address: address.into(),
            data: at + DATA..at + DATA + length,
            hash: (flags & HASHED != 0).then(|| at + hash_place(block, address, length)),
        });
    }
    for (owner, blocks) in &mut found.owned {
        let count = said.get(owner).copied().unwrap_or_default();
        if (blocks.len() as u64) < u64::from(count) {
            let blocks = blocks.len();
            found.notes.push(format!(
                "{blocks} of {count} blocks are there: the others may come in another file"
            ));
        }
        blocks.sort_by_key(|block| block.address);
        let twice = blocks
            .windows(2)
            .find(|pair| pair[0].address + pair[0].data.len() as u64 > pair[1].address);
        if let Some(pair) = twice {
            bail!(
                "two blocks have bytes for the address {:#x}",
                pair[1].address
            );
        }
    }
    Ok(Some(found))
}

/// Where in a block the words of its MD5 are: at the end of what is there for data. `esptool` writes it right behind the data,
/// of which the last block of a file has less.
fn hash_place(block: &[u8], address: u32, length: usize) -> usize {
    let (last, behind) = (DATA + MOST - HASH, DATA + length);
    let is_behind =
        le32(block, behind) == Some(address) && le32(block, behind + 4) == Some(length as u32);
    if is_behind && length > 0 {
        behind
    } else {
        last
    }
}

/// Blocks for addresses without a gap.
struct Segment<'b> {
    owner: &'b Owner,
    address: u64,
    end: u64,
    blocks: Vec<&'b Block>,
}

fn segments(blocks: &Blocks) -> Vec<Segment<'_>> {
    let mut found: Vec<Segment<'_>> = Vec::new();
    for (owner, blocks) in &blocks.owned {
        for block in blocks.iter().filter(|block| !block.data.is_empty()) {
            let end = block.address + block.data.len() as u64;
            match found.last_mut() {
                Some(last) if last.owner == owner && last.end == block.address => {
                    last.blocks.push(block);
                    last.end = end;
                }
                _ => found.push(Segment {
                    owner,
                    address: block.address,
                    end,
                    blocks: vec![block],
                }),
            }
        }
    }
    found
}

fn bytes(file: &[u8], segment: &Segment<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for block in &segment.blocks {
        bytes.extend_from_slice(&file[block.data.clone()]);
    }
    bytes
}

/// The MD5 of a part of the flash: where it is in the file, the range it is of, and what it must be; that is none where not all
/// bytes of the range are in the file.
struct Hash {
    at: usize,
    of: Range<u64>,
    made: Option<[u8; 16]>,
}

fn hashes(file: &[u8], segments: &[Segment<'_>]) -> Result<Vec<Hash>> {
    if segments
        .iter()
        .flat_map(|segment| &segment.blocks)
        .all(|block| block.hash.is_none())
    {
        return Ok(Vec::new());
    }
    let contents: Vec<Vec<u8>> = segments
        .iter()
        .map(|segment| bytes(file, segment))
        .collect();
    // All blocks of one part of the flash have the same.
    let mut known: BTreeMap<(usize, u64, u64), [u8; 16]> = BTreeMap::new();
    let mut found = Vec::new();
    for (number, segment) in segments.iter().enumerate() {
        for block in &segment.blocks {
            let Some(at) = block.hash else {
                continue;
            };
            let word = |at: usize| le32(file, at).context("a block has 512 bytes");
            let (begin, length) = (u64::from(word(at)?), u64::from(word(at + 4)?));
            let whole = segment.address <= begin && begin + length <= segment.end;
            let made = whole.then(|| {
                *known.entry((number, begin, length)).or_insert_with(|| {
                    let from = (begin - segment.address) as usize;
                    Md5::digest(&contents[number][from..from + length as usize]).into()
                })
            });
            found.push(Hash {
                at: at + 8,
                of: begin..begin + length,
                made,
            });
        }
    }
    Ok(found)
}

/// Whether two families have bytes for the same address.
fn shared(segments: &[Segment<'_>]) -> bool {
    let mut ranges: Vec<(u64, u64)> = segments
        .iter()
        .filter(|segment| matches!(segment.owner, Owner::Family(_)))
        .map(|segment| (segment.address, segment.end))
        .collect();
    ranges.sort_unstable();
    ranges.windows(2).any(|pair| pair[0].1 > pair[1].0)
}

impl Format for Uf2 {
    fn name(&self) -> &'static str {
        "UF2"
    }

    fn open<'a>(&self, file: &'a [u8]) -> Result<Option<Inside<'a>>> {
        let Some(blocks) = blocks(file)? else {
            return Ok(None);
        };
        let segments = segments(&blocks);
        let mut inside = Inside::default();
        // Addresses say it all, unless two families have the same ones.
        let shared = shared(&segments);
        for segment in &segments {
            let bytes = bytes(file, segment);
            let name = match segment.owner {
                Owner::File(name) => name.clone(),
                Owner::Family(family) if shared => format!("{family:#010x}@{:#x}", segment.address),
                Owner::Family(_) => String::new(),
            };
            inside.members.push(Member {
                name,
                ..Member::memory(segment.address, bytes)
            });
        }
        let hashes = hashes(file, &segments)?;
        let mut known = hashes
            .iter()
            .filter_map(|hash| Some((hash.at, hash.made?)))
            .peekable();
        if known.peek().is_some() {
            let right = known.all(|(at, made)| file[at..at + made.len()] == made);
            inside.guards.push(Guard::new("MD5 of the flash", right));
        }
        inside.notes = blocks.notes;
        if hashes.iter().any(|hash| hash.made.is_none()) {
            inside.notes.push(
                "it has an MD5 of flash that it has not all bytes for: what that is of is not replaced".to_string(),
            );
        }
        Ok(Some(inside))
    }

    fn put(&self, file: &[u8], member: usize, new: &[u8], _: How) -> Result<Put> {
        let blocks = blocks(file)?.context("it has such blocks")?;
        let segments = segments(&blocks);
        let segment = segments.get(member).context("the member is there")?;
        let mut put = Put {
            file: file.to_vec(),
            fields: Vec::new(),
            rebuilt: false,
        };
        let new = erased(new, (segment.end - segment.address) as usize);
        let mut rest = &new[..];
        for block in &segment.blocks {
            let (now, after) = rest
                .split_at_checked(block.data.len())
                .context("a member of another length")?;
            rest = after;
            if file[block.data.clone()] != *now {
                put.write("", block.data.start, now);
            }
        }
        if !rest.is_empty() {
            bail!("a member of another length");
        }
        let hashes = hashes(&put.file, &segments)?;
        for hash in hashes {
            match hash.made {
                Some(made) if put.file[hash.at..hash.at + made.len()] != made => {
                    put.write("MD5 of the flash", hash.at, &made);
                }
                Some(_) => {}
                None if hash.of.start < segment.end && segment.address < hash.of.end => bail!(
                    "the MD5 at {:#x} is of bytes that are not all in the file, so it cannot be made again: replace the module in the \
                     whole image, and convert it again",
                    hash.at
                ),
                None => {}
            }
        }
        Ok(put)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{flipped_and_cut, replaced};
    use super::*;

    fn block(flags: u32, address: u32, family: u32, data: &[u8]) -> Vec<u8> {
        let mut block = Vec::new();
        for word in [
            BEGIN[0],
            BEGIN[1],
            flags,
            address,
            data.len() as u32,
            0,
            1,
            family,
        ] {
            block.extend(word.to_le_bytes());
        }
        block.extend(data);
        block.resize(BLOCK - 4, 0);
        block.extend(END.to_le_bytes());
        block
    }

    fn hashed(mut block: Vec<u8>, of: &[u8], begin: u32) -> Vec<u8> {
        let at = DATA + MOST - HASH;
        block[at..at + 4].copy_from_slice(&begin.to_le_bytes());
        block[at + 4..at + 8].copy_from_slice(&(of.len() as u32).to_le_bytes());
        block[at + 8..at + HASH].copy_from_slice(&Md5::digest(of));
        block
    }

    /// Two blocks with a hash of both, in the wrong order, one for something else, and one of a file.
    fn image() -> Vec<u8> {
        let whole = [[7; 256], [8; 256]].concat();
        let flags = FAMILY | HASHED;
        [
            hashed(block(flags, 0x2100, 5, &whole[256..]), &whole, 0x2000),
            hashed(block(flags, 0x2000, 5, &whole[..256]), &whole, 0x2000),
            block(FAMILY | NOT_MAIN, 0x2000, 5, &[9; 100]),
            block(FAMILY, 0x2080, 6, &[1; 256]),
            block(FILE, 0, 4, b"abcdname.txt\0"),
        ]
        .concat()
    }

    #[test]
    fn blocks_in_any_order_are_one_part_and_its_hash_is_made_again() {
        let mut file = image();
        // The name of the file lies behind its data.
        file[4 * BLOCK + 16] = 4;
        let inside = Uf2.open(&file).unwrap().unwrap();
        let names: Vec<&str> = inside
            .members
            .iter()
            .map(|member| member.name.as_str())
            .collect();
        assert_eq!(
            names,
            ["0x00000005@0x2000", "0x00000006@0x2080", "name.txt"]
        );
        assert_eq!(inside.members[0].bytes.len(), 512);
        assert_eq!(inside.guards, [Guard::new("MD5 of the flash", true)]);
        for member in 0..3 {
            replaced(&Uf2, &file, member);
        }
        file[DATA + 5] ^= 1;
        let inside = Uf2.open(&file).unwrap().unwrap();
        assert_eq!(inside.guards, [Guard::new("MD5 of the flash", false)]);
    }

    #[test]
    fn a_hash_right_behind_fewer_bytes_is_made_again() {
        // Also where it lies across the place that it should have.
        for length in [100, 440] {
            let data = vec![7; length];
            let mut file = block(FAMILY | HASHED, 0x2000, 5, &data);
            let at = DATA + length;
            file[at..at + 4].copy_from_slice(&0x2000u32.to_le_bytes());
            file[at + 4..at + 8].copy_from_slice(&(length as u32).to_le_bytes());
            file[at + 8..at + HASH].copy_from_slice(&Md5::digest(&data));
            let inside = Uf2.open(&file).unwrap().unwrap();
            assert_eq!(inside.guards, [Guard::new("MD5 of the flash", true)]);
            assert!(inside.notes.is_empty());
            replaced(&Uf2, &file, 0);
            file[at + 8] ^= 1;
            let inside = Uf2.open(&file).unwrap().unwrap();
            assert_eq!(inside.guards, [Guard::new("MD5 of the flash", false)]);
        }
    }

    #[test]
    fn a_hash_of_bytes_that_are_elsewhere_forbids_to_replace_them() {
        let file = hashed(block(HASHED, 0x2000, 5, &[1; 256]), &[1; 4096], 0x2000);
        let inside = Uf2.open(&file).unwrap().unwrap();
        assert_eq!(inside.members[0].base, 0x2000);
        assert_eq!(inside.notes.len(), 1);
        let error = Uf2.put(&file, 0, &[2; 256], How::default()).err().unwrap();
        assert!(error.to_string().contains("not all in the file"), "{error}");
    }

    #[test]
    fn damage_is_an_error_and_no_panic() {
        flipped_and_cut(&Uf2, &image());
    }
}
