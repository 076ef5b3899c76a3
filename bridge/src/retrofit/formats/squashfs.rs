//! squashfs 4. Its blocks have no sums, but where each of them lies, and how long it is when it is compressed, is in tables that
//! are compressed themselves. So a block is compressed again to exactly the bytes that it has, and no table changes.
//!
//! A file has blocks of its own, and the rest of it lies in a block with the ends of others, a fragment.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use anyhow::{Context, Result, bail, ensure};

use crate::retrofit::container::{
    Format, Guard, How, Inside, Locked, Member, Put, be32, le16, le32,
};

use super::deflate::{self, MOST};
use super::xz;

pub struct Squashfs;

pub const MAGIC: &[u8; 4] = b"hsqs";
const HEAD: usize = 96;
/// The bytes of a block of a table when it is unpacked.
const TABLE: usize = 8192;
/// In the size of a block of a table, and of a file: it is stored as it is.
const PLAIN_TABLE: u16 = 1 << 15;
const PLAIN: u32 = 1 << 24;
const NO_FRAGMENT: u32 = u32::MAX;
/// The kinds of inodes: folders and files, and both with more fields.
const FOLDER: u16 = 1;
const FILE: u16 = 2;
const LARGE_FOLDER: u16 = 8;
const LARGE_FILE: u16 = 9;
/// How long a path may be.
const DEEPEST: usize = 4096;
/// How it is compressed.
const GZIP: u16 = 1;
const XZ: u16 = 4;
const UNPACK: &str = "take the files out with `unsquashfs`, replace the module there, and make the image with `mksquashfs`, with what \
                      `unsquashfs -s` says of the old one";

/// A block of files as it lies in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Block {
    begin: usize,
    end: usize,
    /// Whether it is stored as it is.
    plain: bool,
}

impl Block {
    fn place(&self) -> Range<usize> {
        self.begin..self.end
    }
}

/// Where a part of the contents of a file is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Piece {
    /// None for zeros that are nowhere.
    block: Option<Block>,
    /// Where it begins in the block when that is unpacked.
    from: usize,
    length: usize,
}

struct File {
    path: String,
    /// Other paths with the same bytes.
    also: Vec<String>,
    pieces: Vec<Piece>,
    size: usize,
    /// Another file that has some of the bytes.
    shared: Option<String>,
}

struct Volume<'a> {
    file: &'a [u8],
    codec: u16,
    /// Of a block that is full.
    block: usize,
    used: usize,
    inodes: usize,
    folders: usize,
    fragments: usize,
}

impl<'a> Volume<'a> {
    /// The head; none for what is another file system.
    fn new(file: &'a [u8]) -> Option<Volume<'a>> {
        if !file.starts_with(MAGIC) {
            return None;
        }
        let long = |at: usize| {
            let both = le32(file, at + 4)
                .filter(|high| *high == 0)
                .and(le32(file, at));
            both.map(|low| low as usize)
        };
        let fragments = match le32(file, 16)? {
            0 => 0,
            _ => long(80)?,
        };
        let volume = Volume {
            file,
            codec: le16(file, 20)?,
            block: le32(file, 12)? as usize,
            used: long(40)?,
            inodes: long(64)?,
            folders: long(72)?,
            fragments,
        };
        let sizes = 4096..=1 << 20;
        let whole = le16(file, 28)? == 4
            && sizes.contains(&volume.block)
            && volume.block.is_power_of_two()
            && volume.used <= file.len()
            && HEAD <= volume.inodes
            && volume.inodes <= volume.folders
            && volume.folders <= volume.used;
        whole.then_some(volume)
    }

    /// What of at most so many bytes was compressed, and whether its sum is right.
    fn unpacked(&self, packed: &[u8], most: usize) -> Result<(Vec<u8>, bool)> {
        let name = match self.codec {
            GZIP => return zlib(packed, most),
            XZ => return xz::unpack(packed, most),
            2 => "lzma",
            3 => "lzo",
            5 => "lz4",
            6 => "zstd",
            _ => "what is not known",
        };
        bail!("it is compressed with {name}")
    }

    /// Bytes, compressed to as many as the block had.
    fn packed(&self, bytes: &[u8], old: &[u8]) -> Result<Vec<u8>> {
        match self.codec {
            GZIP => zlib_exactly(bytes, old),
            _ => xz::exactly(bytes, old),
        }
    }

    /// The bytes of a block of files, and whether their sum is right.
    fn contents(&self, block: &Block) -> Result<(Vec<u8>, bool)> {
        let bytes = &self.file[block.place()];
        match block.plain {
            true => Ok((bytes.to_vec(), true)),
            false => self.unpacked(bytes, self.block),
        }
    }

    fn block(&self, begin: usize, size: u32) -> Result<Block> {
        let length = (size & !PLAIN) as usize;
        let end = begin.saturating_add(length);
        ensure!(
            begin >= HEAD && end <= self.inodes && length <= self.block,
            "a block at {begin:#x} does not lie where files do"
        );
        Ok(Block {
            begin,
            end,
            plain: size & PLAIN != 0,
        })
    }
}

/// What is unpacked of the tables, by where it lies.
struct Tables<'a, 'b> {
    volume: &'b Volume<'a>,
    /// With where the next one begins.
    blocks: BTreeMap<usize, (Vec<u8>, usize)>,
    /// What may still be read: what was made to keep us busy says the same over and over.
    budget: usize,
}

impl Tables<'_, '_> {
    /// So many bytes of a table: from which of its blocks on, and where in that.
    fn bytes(&mut self, mut block: usize, mut from: usize, length: usize) -> Result<Vec<u8>> {
        self.takes(length)?;
        let mut bytes = Vec::new();
        while bytes.len() < length {
            let (unpacked, next) = self.unpacked(block)?;
            let rest = unpacked.get(from..).context("a place in a table is none")?;
            ensure!(!rest.is_empty(), "a table is cut off");
            bytes.extend_from_slice(&rest[..rest.len().min(length - bytes.len())]);
            (block, from) = (*next, 0);
        }
        Ok(bytes)
    }

    fn takes(&mut self, bytes: usize) -> Result<()> {
        let left = self.budget.checked_sub(bytes);
        self.budget = left.context("its tables say more than is in them")?;
        Ok(())
    }

    /// The block of a table that lies at `at`, and where the next one does.
    fn unpacked(&mut self, at: usize) -> Result<&(Vec<u8>, usize)> {
        if !self.blocks.contains_key(&at) {
            self.takes(TABLE)?;
            let file = &self.volume.file[..self.volume.used];
            let size = le16(file, at).context("a table is cut off")?;
            let begin = at + 2;
            let end = begin + usize::from(size & !PLAIN_TABLE);
            let packed = file.get(begin..end).context("a table is cut off")?;
            let bytes = match size & PLAIN_TABLE {
                0 => self.volume.unpacked(packed, TABLE)?.0,
                _ => packed.to_vec(),
            };
            self.blocks.insert(at, (bytes, end));
        }
        self.blocks.get(&at).context("it was put there")
    }

    /// The block of the ends of files with this number.
    fn fragment(&mut self, number: u32) -> Result<Block> {
        let volume = self.volume;
        let count = le32(volume.file, 16).unwrap_or_default();
        ensure!(number < count, "there is no fragment {number}");
        let at = number as usize * 16;
        let file = &volume.file[..volume.used];
        let table = le32(file, volume.fragments + at / TABLE * 8).context("a table is cut off")?;
        let row = self.bytes(table as usize, at % TABLE, 16)?;
        let (Some(begin), Some(0), Some(size)) = (le32(&row, 0), le32(&row, 4), le32(&row, 8))
        else {
            bail!("the fragment {number} lies behind 4 GiB");
        };
        volume.block(begin as usize, size)
    }
}

/// Where an inode is in its table: the block, and the place in it.
type Reference = (usize, usize);

enum Inode {
    Folder { begin: Reference, size: usize },
    File { size: usize, pieces: Vec<Piece> },
    Other,
}

fn inode(tables: &mut Tables<'_, '_>, (block, from): Reference) -> Result<Inode> {
    let volume = tables.volume;
    let block = volume.inodes + block;
    let mut head = |length| tables.bytes(block, from, length);
    let kind = le16(&head(2)?, 0).unwrap_or_default();
    let (head, length) = match kind {
        FOLDER => (head(32)?, 32),
        LARGE_FOLDER => (head(40)?, 40),
        FILE => (head(32)?, 32),
        LARGE_FILE => (head(56)?, 56),
        _ => return Ok(Inode::Other),
    };
    let word = |at: usize| le32(&head, at).unwrap_or_default() as usize;
    let half = |at: usize| usize::from(le16(&head, at).unwrap_or_default());
    let (begin, high, size, fragment, in_fragment) = match kind {
        FOLDER => {
            return Ok(Inode::Folder {
                begin: (word(16), half(26)),
                size: half(24),
            });
        }
        LARGE_FOLDER => {
            return Ok(Inode::Folder {
                begin: (word(24), half(34)),
                size: word(20),
            });
        }
        FILE => (word(16), 0, word(28), word(20), word(24)),
        _ => (word(16), word(20) | word(28), word(24), word(44), word(48)),
    };
    ensure!(high == 0, "a file lies behind 4 GiB");
    let has_fragment = fragment != NO_FRAGMENT as usize;
    let full = match has_fragment {
        true => size / volume.block,
        false => size.div_ceil(volume.block),
    };
    tables.takes(full.saturating_mul(std::mem::size_of::<Piece>()))?;
    let sizes = tables.bytes(block, from, length + 4 * full)?;
    let mut at = begin;
    let mut pieces = Vec::new();
    for number in 0..full {
        let packed = le32(&sizes, length + 4 * number).context("a table is cut off")?;
        let block = match packed & !PLAIN {
            0 => None,
            _ => Some(volume.block(at, packed)?),
        };
        at = block.map_or(at, |block| block.end);
        pieces.push(Piece {
            block,
            from: 0,
            length: volume.block.min(size - number * volume.block),
        });
    }
    if has_fragment && size > full * volume.block {
        pieces.push(Piece {
            block: Some(tables.fragment(fragment as u32)?),
            from: in_fragment,
            length: size - full * volume.block,
        });
    }
    Ok(Inode::File { size, pieces })
}

/// The names in a folder, and where their inodes are.
fn names(
    tables: &mut Tables<'_, '_>,
    (block, from): Reference,
    size: usize,
) -> Result<Vec<(String, Reference)>> {
    // Three more than there are, for the folder itself and the one above.
    let Some(size) = size.checked_sub(3).filter(|size| *size > 0) else {
        return Ok(Vec::new());
    };
    let table = tables.bytes(tables.volume.folders + block, from, size)?;
    let cut = "a folder is cut off";
    let mut found = Vec::new();
    let mut at = 0;
    while at < table.len() {
        let count = le32(&table, at).context(cut)?;
        let inodes = le32(&table, at + 4).context(cut)? as usize;
        at += 12;
        for _ in 0..=count {
            let place = usize::from(le16(&table, at).context(cut)?);
            let length = usize::from(le16(&table, at + 6).context(cut)?) + 1;
            let name = table.get(at + 8..at + 8 + length).context(cut)?;
            found.push((String::from_utf8_lossy(name).into_owned(), (inodes, place)));
            at += 8 + length;
        }
    }
    Ok(found)
}

/// All files with contents, in the order in which they lie there.
fn files(volume: &Volume<'_>) -> Result<Vec<File>> {
    let mut tables = Tables {
        volume,
        blocks: BTreeMap::new(),
        budget: MOST,
    };
    let root = (le32(volume.file, 32), le16(volume.file, 36));
    let (Some(low), Some(high)) = root else {
        bail!("it is cut off");
    };
    let root = (
        (low >> 16 | u32::from(high) << 16) as usize,
        (low & 0xffff) as usize,
    );
    let mut open = vec![(String::new(), root)];
    let mut seen = BTreeSet::new();
    let mut found: BTreeMap<Vec<Piece>, File> = BTreeMap::new();
    while let Some((path, place)) = open.pop() {
        match inode(&mut tables, place)? {
            Inode::Folder { begin, size } => {
                let prefix = match path.as_str() {
                    "" => String::new(),
                    path => format!("{path}/"),
                };
                ensure!(
                    prefix.len() < DEEPEST && seen.insert(place),
                    "the folder {path} lies in itself or twice"
                );
                for (name, inode) in names(&mut tables, begin, size)? {
                    tables.takes(prefix.len())?;
                    open.push((format!("{prefix}{name}"), inode));
                }
            }
            Inode::File { size, pieces } if size > 0 => {
                let file = found.entry(pieces.clone()).or_insert_with(|| File {
                    path: String::new(),
                    also: Vec::new(),
                    pieces,
                    size,
                    shared: None,
                });
                file.also.push(path);
            }
            _ => {}
        }
    }
    let mut files: Vec<File> = found.into_values().collect();
    for file in &mut files {
        // The first by name has it.
        file.also.sort();
        file.path = file.also.remove(0);
    }
    share(&mut files);
    Ok(files)
}

/// Says of files that have some of their bytes in the same place as another one, and not all of them.
fn share(files: &mut [File]) {
    let mut pieces: Vec<(Block, Range<usize>, usize)> = Vec::new();
    for (number, file) in files.iter().enumerate() {
        for piece in &file.pieces {
            if let Some(block) = piece.block {
                pieces.push((block, piece.from..piece.from + piece.length, number));
            }
        }
    }
    pieces.sort_by_key(|(block, part, _)| (*block, part.start, part.end));
    let mut last: Option<(Block, Range<usize>, usize)> = None;
    for (block, part, number) in pieces {
        if let Some((before, had, other)) = &last {
            let both = match *before == block {
                true => part.start < had.end,
                false => block.begin < before.end,
            };
            if both {
                files[*other].shared = Some(files[number].path.clone());
                files[number].shared = Some(files[*other].path.clone());
            }
        }
        let is_further = last
            .as_ref()
            .is_none_or(|(before, had, _)| (block.end, part.end) >= (before.end, had.end));
        if is_further {
            last = Some((block, part, number));
        }
    }
}

/// Reads files that have the same block one behind the other.
struct Reader<'a, 'v> {
    volume: &'v Volume<'a>,
    last: Option<(Block, Vec<u8>)>,
    /// Whether all sums were right.
    right: bool,
}

impl Reader<'_, '_> {
    fn file(&mut self, file: &File) -> Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(file.size);
        for piece in &file.pieces {
            let Some(block) = piece.block else {
                bytes.resize(bytes.len() + piece.length, 0);
                continue;
            };
            if self.last.as_ref().is_none_or(|(last, _)| *last != block) {
                let (contents, right) = self.volume.contents(&block)?;
                self.right &= right;
                self.last = Some((block, contents));
            }
            let contents = self.last.as_ref().map(|(_, contents)| contents);
            let contents = contents.context("it was put there")?;
            let end = piece.from.saturating_add(piece.length);
            let part = contents.get(piece.from..end);
            bytes.extend_from_slice(part.context("a block has fewer bytes than the file")?);
        }
        Ok(bytes)
    }
}

/// The sum at the end of what zlib compresses.
fn adler32(bytes: &[u8]) -> u32 {
    const MODULUS: u32 = 65521;
    // As many as fit into 32 bits before they have to be divided.
    const RUN: usize = 5552;
    let (mut low, mut high) = (1u32, 0u32);
    for run in bytes.chunks(RUN) {
        for byte in run {
            low += u32::from(*byte);
            high += low;
        }
        (low, high) = (low % MODULUS, high % MODULUS);
    }
    high << 16 | low
}

/// What is behind the file system, if it guards that.
fn locked(behind: &[u8]) -> Option<Locked> {
    let closed = |why: &str| {
        Some(Locked::Closed {
            why: why.to_string(),
        })
    };
    const SECTOR: usize = 512;
    if behind
        .chunks(SECTOR)
        .any(|at| at.starts_with(b"verity\0\0"))
    {
        return closed(
            "there are hashes of all its blocks behind it, of which the kernel knows the root: replace the module in the file system \
             alone, and make them again with `veritysetup format`",
        );
    }
    const FOOTER: usize = 64;
    let footer = behind.len().checked_sub(FOOTER).map(|at| &behind[at..]);
    match footer.is_some_and(|footer| footer.starts_with(b"AVBf")) {
        true => closed(
            "it has hashes for Android at its end: replace the module in the file system alone, and make them again with `avbtool \
             add_hashtree_footer`",
        ),
        false => None,
    }
}

impl Squashfs {
    fn inside<'a>(&self, volume: &Volume<'a>) -> Result<Inside<'a>> {
        let files = files(volume)?;
        let size = files
            .iter()
            .fold(0usize, |sum, file| sum.saturating_add(file.size));
        ensure!(size <= MOST, "its files have more than {} MiB", MOST >> 20);
        let mut reader = Reader {
            volume,
            last: None,
            right: true,
        };
        let mut inside = Inside::default();
        for file in &files {
            let bytes = reader.file(file).with_context(|| file.path.clone())?;
            inside.members.push(Member::made(&file.path, bytes));
            let others = match &file.also[..] {
                [] => continue,
                [one] => format!("{one} has"),
                [first, rest @ ..] => format!("{first} and {} more have", rest.len()),
            };
            inside.notes.push(format!(
                "{others} the bytes of {}, and what replaces that replaces all of them",
                file.path
            ));
        }
        let sum = match volume.codec {
            GZIP => Some("Adler-32 of all blocks"),
            XZ => Some("CRC-32 of all blocks"),
            _ => None,
        };
        let guard = sum.map(|sum| Guard::new(sum, reader.right));
        inside.guards.extend(guard);
        let end = volume.used.next_multiple_of(1024).min(volume.file.len());
        let behind = &volume.file[end..];
        if behind.iter().any(|byte| !matches!(byte, 0 | 0xff)) {
            inside.locked = locked(behind);
            inside
                .members
                .push(Member::image(volume.file, end..volume.file.len()));
        }
        Ok(inside)
    }
}

impl Format for Squashfs {
    fn name(&self) -> &'static str {
        "squashfs"
    }

    fn open<'a>(&self, file: &'a [u8]) -> Result<Option<Inside<'a>>> {
        if !is_one(file) {
            return Ok(None);
        }
        let inside = match Volume::new(file) {
            Some(volume) => self.inside(&volume),
            None => Err(anyhow::anyhow!("it is cut off, or of another version")),
        };
        Ok(Some(inside.unwrap_or_else(|error| {
            Inside::closed(file, format!("{error:#}, which is not read here: {UNPACK}"))
        })))
    }

    fn put(&self, file: &[u8], member: usize, new: &[u8], _: How) -> Result<Put> {
        let volume = Volume::new(file).context("it is a squashfs")?;
        let files = files(&volume)?;
        let Some(one) = files.get(member) else {
            let inside = self.inside(&volume)?;
            let tail = inside.members.get(member).context("the member is there")?;
            return Put::in_place(file, tail, new);
        };
        if let Some(other) = &one.shared {
            bail!(
                "{} has some of its bytes where {other} has them: {UNPACK}",
                one.path
            );
        }
        ensure!(
            new.len() == one.size,
            "{} has {} bytes, and would have {}: {UNPACK}",
            one.path,
            one.size,
            new.len()
        );
        let mut put = Put {
            file: file.to_vec(),
            fields: Vec::new(),
            rebuilt: false,
        };
        let mut rest = new;
        for piece in &one.pieces {
            let (now, after) = rest.split_at(piece.length);
            rest = after;
            let Some(block) = piece.block else {
                ensure!(
                    now.iter().all(|byte| *byte == 0),
                    "{} has zeros that are nowhere in the image: {UNPACK}",
                    one.path
                );
                continue;
            };
            let (mut contents, _) = volume.contents(&block)?;
            let part = piece.from..piece.from + piece.length;
            let part = contents
                .get_mut(part)
                .context("the piece is in the block")?;
            if *part == *now {
                continue;
            }
            part.copy_from_slice(now);
            if block.plain {
                put.write("", block.begin, &contents);
                continue;
            }
            let packed = volume
                .packed(&contents, &file[block.place()])
                .with_context(|| format!("{}: {UNPACK}", one.path))?;
            ensure!(
                volume.unpacked(&packed, volume.block)? == (contents, true),
                "what was compressed is something else"
            );
            put.write("compressed again", block.begin, &packed);
        }
        Ok(put)
    }
}

fn zlib(packed: &[u8], most: usize) -> Result<(Vec<u8>, bool)> {
    let head = packed.first_chunk::<2>().context("a block is cut off")?;
    ensure!(
        u16::from_be_bytes(*head) % 31 == 0 && head[0] & 15 == 8 && head[1] & 32 == 0,
        "a block does not begin as those of zlib do"
    );
    let (bytes, length) = deflate::unpack(&packed[2..], most)?;
    let sum = be32(packed, 2 + length).context("a block is cut off")?;
    let right = sum == adler32(&bytes);
    Ok((bytes, right))
}

fn zlib_exactly(bytes: &[u8], old: &[u8]) -> Result<Vec<u8>> {
    /// What is before and behind the compressed bytes.
    const AROUND: usize = 2 + 4;
    let length = old.len().saturating_sub(AROUND);
    let mut packed = old[..2].to_vec();
    packed.extend(deflate::exactly(bytes, length)?);
    packed.extend(adler32(bytes).to_be_bytes());
    Ok(packed)
}

/// Whether a file begins as those of any version do.
pub fn is_one(file: &[u8]) -> bool {
    file.starts_with(MAGIC) || file.starts_with(b"sqsh")
}

/// How many bytes a file system has that `file` begins with; none if it may be something else.
pub fn extent(file: &[u8]) -> Option<usize> {
    Volume::new(file).map(|volume| volume.used)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_is_that_of_zlib() {
        assert_eq!(adler32(b"Wikipedia"), 0x11e6_0398);
        assert_eq!(adler32(&[0xff; 100_000]), 0x149a_302c);
    }

    #[test]
    fn files_with_some_bytes_of_another_are_told_from_those_beside_it() {
        let block = |begin: usize, length: usize| Block {
            begin,
            end: begin + length,
            plain: false,
        };
        let file = |pieces: &[(Block, usize, usize)]| File {
            path: format!("{}", pieces[0].0.begin),
            also: Vec::new(),
            pieces: pieces
                .iter()
                .map(|(block, from, length)| Piece {
                    block: Some(*block),
                    from: *from,
                    length: *length,
                })
                .collect(),
            size: 1,
            shared: None,
        };
        let tied = |files: &[File]| -> Vec<bool> {
            files.iter().map(|file| file.shared.is_some()).collect()
        };
        let ends = block(900, 50);
        let mut apart = [
            file(&[(block(100, 10), 0, 4096), (ends, 0, 20)]),
            file(&[(block(110, 10), 0, 4096), (ends, 20, 20)]),
            file(&[(ends, 40, 5)]),
        ];
        share(&mut apart);
        assert_eq!(tied(&apart), [false; 3]);
        let mut both = [
            file(&[(block(100, 50), 0, 4096), (ends, 0, 20)]),
            file(&[(block(110, 10), 0, 4096)]),
            file(&[(block(130, 10), 0, 4096), (ends, 30, 9)]),
            file(&[(ends, 38, 5)]),
            file(&[(ends, 43, 7)]),
        ];
        share(&mut both);
        assert_eq!(tied(&both), [true, true, true, true, false]);
    }
}
