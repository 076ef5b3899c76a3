//! Files in files.

use std::borrow::Cow;
use std::ops::Range;

use anyhow::{Context, Result, bail, ensure};
use serde::Serialize;

use super::formats::FORMATS;
use crate::progress::step;

/// How deep files may lie in each other.
const DEPTH: usize = 8;
/// The most bytes that are unpacked in all.
const UNPACKED: usize = 256 << 20;

/// What a file of some format has inside.
#[derive(Default)]
pub struct Inside<'a> {
    /// Where modules can be, in the order of the file; they do not overlap.
    pub members: Vec<Member<'a>>,
    pub guards: Vec<Guard>,
    pub locked: Option<Locked>,
    /// What the user should know.
    pub notes: Vec<String>,
}

impl<'a> Inside<'a> {
    /// A file that only the vendor's programs write: modules are looked for in its bytes, to be listed.
    pub fn closed(file: &'a [u8], why: impl Into<String>) -> Inside<'a> {
        Inside {
            members: vec![Member::part("", file, 0..file.len())],
            locked: Some(Locked::Closed { why: why.into() }),
            ..Inside::default()
        }
    }

    /// The files of an archive, which lie in it as they are. `locked` says of their names why none can be replaced.
    pub fn files<'n>(
        file: &'a [u8],
        files: impl Iterator<Item = (&'n str, &'n Range<usize>)>,
        locked: fn(&[&str]) -> Option<Locked>,
    ) -> Inside<'a> {
        let mut names = Vec::new();
        let mut inside = Inside::default();
        for (name, data) in files {
            names.push(name);
            inside.members.push(Member::part(name, file, data.clone()));
        }
        inside.locked = locked(&names);
        inside
    }
}

/// A part of a file, or a file in it.
pub struct Member<'a> {
    /// In paths; nothing for a part whose offsets are those of the file.
    pub name: String,
    pub bytes: Cow<'a, [u8]>,
    /// Where it lies in the file, if it lies there as it is.
    pub place: Option<usize>,
    /// What its first byte is called, if it has no name: its place, or its address.
    pub base: u64,
    /// Whether it is looked at as a file is, and not only for modules in its bytes.
    pub opened: bool,
}

impl<'a> Member<'a> {
    /// A part of the file that lies there as it is. With a name, it is a file.
    pub fn part(name: impl Into<String>, file: &'a [u8], range: Range<usize>) -> Member<'a> {
        let name = name.into();
        Member {
            opened: !name.is_empty(),
            name,
            place: Some(range.start),
            base: range.start as u64,
            bytes: Cow::Borrowed(&file[range]),
        }
    }

    /// A part without a name that may be a file nevertheless: its offsets go on being those of the file.
    pub fn image(file: &'a [u8], range: Range<usize>) -> Member<'a> {
        Member {
            opened: true,
            ..Member::part("", file, range)
        }
    }

    /// What is made of the file, with a name.
    pub fn made(name: impl Into<String>, bytes: Vec<u8>) -> Member<'a> {
        Member {
            name: name.into(),
            place: None,
            base: 0,
            bytes: Cow::Owned(bytes),
            opened: true,
        }
    }

    /// A part of a memory that is written in another way, from this address on.
    pub fn memory(address: u64, bytes: Vec<u8>) -> Member<'a> {
        Member {
            base: address,
            ..Member::made("", bytes)
        }
    }

    /// Its path, with a `!` at the end unless that is nothing, and what its first byte is called there; in the file with this
    /// path, whose own first byte is called `base`.
    pub fn below(name: &str, at: u64, path: &str, base: u64) -> (String, u64) {
        match (name, base) {
            ("", _) => (path.to_string(), base.saturating_add(at)),
            (name, 0) => (format!("{path}{name}!"), 0),
            (name, _) => (format!("{path}{base:#x}!{name}!"), 0),
        }
    }
}

/// A checksum or something like it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Guard {
    /// `SHA-256 of the image`.
    pub what: String,
    /// Whether it is that of the file as it is.
    pub right: bool,
}

impl Guard {
    /// A check of this name, and whether it is right now.
    pub fn new(what: impl Into<String>, right: bool) -> Guard {
        Guard {
            what: what.into(),
            right,
        }
    }
}

/// Why nothing in a file can be replaced as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Locked {
    /// It is signed.
    Signed {
        /// In words: with what.
        by: String,
        /// What to do.
        advice: String,
    },
    /// It cannot be written.
    Closed {
        /// And what to do.
        why: String,
    },
}

/// How a member is put back.
#[derive(Clone, Copy, Debug, Default)]
pub struct How {
    /// Leave the signature out.
    pub unsigned: bool,
}

/// A file with a member that is another one.
pub struct Put {
    pub file: Vec<u8>,
    /// What of the new file may differ from the old one, in words; without words for the member.
    pub fields: Vec<(String, Range<usize>)>,
    /// Whether other bytes lie elsewhere now: it is read again instead of compared.
    pub rebuilt: bool,
}

impl Put {
    /// The file with the member in its place, before anything is summed up again.
    pub fn in_place(file: &[u8], member: &Member<'_>, new: &[u8]) -> Result<Put> {
        let place = member.place.context("the member lies in its place")?;
        ensure!(
            member.bytes.len() == new.len(),
            "{} bytes of it become {}, and what it lies in has no room for others: a module that compresses as well as the old one \
             fits",
            member.bytes.len(),
            new.len()
        );
        let mut put = Put {
            file: file.to_vec(),
            fields: Vec::new(),
            rebuilt: false,
        };
        put.write("", place, new);
        Ok(put)
    }

    /// Writes bytes, which the comparison expects then.
    pub fn write(&mut self, what: &str, at: usize, bytes: &[u8]) {
        let range = at..at + bytes.len();
        self.file[range.clone()].copy_from_slice(bytes);
        self.fields.push((what.to_string(), range));
    }
}

/// What takes the place of so many bytes of a flash; without what was left out, it ends as a flash is when it is erased.
pub fn erased(new: &[u8], length: usize) -> Cow<'_, [u8]> {
    let mut new = Cow::Borrowed(new);
    if new.len() < length {
        new.to_mut().resize(length, 0xff);
    }
    new
}

/// Parts of a file that become other bytes, of any length.
#[derive(Default)]
pub struct Edits(Vec<(Range<usize>, Vec<u8>)>);

impl Edits {
    /// Puts bytes in place of a range; ranges may not overlap.
    pub fn put(&mut self, range: Range<usize>, bytes: Vec<u8>) {
        let at = self
            .0
            .partition_point(|(other, _)| other.start < range.start);
        self.0.insert(at, (range, bytes));
    }

    /// Where the byte at `at`, which is in no range, is then.
    pub fn moved(&self, at: usize) -> usize {
        let before = self.0.iter().filter(|(range, _)| range.end <= at);
        before.fold(at, |to, (range, bytes)| to + bytes.len() - range.len())
    }

    /// The file with the new bytes.
    pub fn apply(&self, file: &[u8]) -> Put {
        let mut new = Vec::with_capacity(file.len());
        let mut at = 0;
        for (range, bytes) in &self.0 {
            new.extend_from_slice(&file[at..range.start]);
            new.extend_from_slice(bytes);
            at = range.end;
        }
        new.extend_from_slice(&file[at..]);
        Put {
            fields: vec![("put together again".to_string(), 0..new.len())],
            file: new,
            rebuilt: true,
        }
    }
}

/// A format in which modules can be.
pub trait Format: Sync {
    /// `ESP-IDF app`.
    fn name(&self) -> &'static str;

    /// What is inside; none for a file of another format.
    ///
    /// # Errors
    ///
    /// For a file of this format that is cut off or damaged so that nobody could use it.
    fn open<'a>(&self, file: &'a [u8]) -> Result<Option<Inside<'a>>>;

    /// The file with another member in place of the one of this number: everything that guards it is made again.
    ///
    /// # Errors
    ///
    /// When that cannot be done.
    fn put(&self, file: &[u8], member: usize, new: &[u8], how: How) -> Result<Put>;

    /// The number of another member that is written when this one is replaced, for example with sums of it.
    fn goes_with(&self, _file: &[u8], _member: usize) -> Option<usize> {
        None
    }
}

/// A file, and the files in it.
pub struct Node<'a> {
    pub bytes: Cow<'a, [u8]>,
    /// None where modules are looked for in the bytes themselves.
    pub format: Option<&'static dyn Format>,
    /// What the format says of it.
    pub guards: Vec<Guard>,
    pub locked: Option<Locked>,
    pub notes: Vec<String>,
    pub members: Vec<Child<'a>>,
}

pub struct Child<'a> {
    pub name: String,
    pub base: u64,
    pub node: Node<'a>,
}

/// Opens a file and everything in it.
///
/// # Errors
///
/// For a file that is damaged, too deep, or too large when it is unpacked; with the path.
pub fn open(file: &[u8]) -> Result<Node<'_>> {
    node(Cow::Borrowed(file), 0, &mut 0)
}

fn node<'a>(bytes: Cow<'a, [u8]>, depth: usize, unpacked: &mut usize) -> Result<Node<'a>> {
    let mut leaf = Node {
        bytes: Cow::Borrowed(&[]),
        format: None,
        guards: Vec::new(),
        locked: None,
        notes: Vec::new(),
        members: Vec::new(),
    };
    // Members that are made of a member live as long as they, so they are copied.
    let found = match &bytes {
        Cow::Borrowed(bytes) => inside(bytes)?,
        Cow::Owned(bytes) => inside(bytes)?.map(|(format, inside)| {
            let members = inside.members.into_iter().map(|member| Member {
                bytes: Cow::Owned(member.bytes.into_owned()),
                ..member
            });
            let members = members.collect();
            (format, Inside { members, ..inside })
        }),
    };
    if let Some((format, inside)) = found {
        if depth == DEPTH {
            bail!("more than {DEPTH} files lie in each other");
        }
        leaf.format = Some(format);
        leaf.guards = inside.guards;
        leaf.locked = inside.locked;
        leaf.notes = inside.notes;
        for member in inside.members {
            if member.place.is_none() {
                *unpacked = unpacked.saturating_add(member.bytes.len());
                if *unpacked > UNPACKED {
                    bail!(
                        "it has more than {} MiB when it is unpacked",
                        UNPACKED >> 20
                    );
                }
            }
            let named = member.name.clone();
            let node = match member.opened {
                false => Node {
                    bytes: member.bytes,
                    format: None,
                    guards: Vec::new(),
                    locked: None,
                    notes: Vec::new(),
                    members: Vec::new(),
                },
                true => {
                    let called = || match named.as_str() {
                        "" => format!("at {:#x}", member.base),
                        name => name.to_string(),
                    };
                    step(|| format!("opening {}", called()));
                    node(member.bytes, depth + 1, unpacked).with_context(called)?
                }
            };
            leaf.members.push(Child {
                name: named,
                base: member.base,
                node,
            });
        }
    }
    leaf.bytes = bytes;
    Ok(leaf)
}

/// What the first format that knows the file says.
pub fn inside(file: &[u8]) -> Result<Option<(&'static dyn Format, Inside<'_>)>> {
    for &format in FORMATS {
        if let Some(inside) = format.open(file).with_context(|| format.name())? {
            return Ok(Some((format, inside)));
        }
    }
    Ok(None)
}

/// The bytes from `at` on as a number, low byte first.
pub fn le32(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_le_bytes(*four))
}

pub fn le16(bytes: &[u8], at: usize) -> Option<u16> {
    let two = bytes.get(at..)?.first_chunk()?;
    Some(u16::from_le_bytes(*two))
}

/// The bytes from `at` on as a number, high byte first.
pub fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_be_bytes(*four))
}

/// CRC-32 as in zip and Ethernet.
pub fn crc32(bytes: &[u8]) -> u32 {
    crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC).checksum(bytes)
}
