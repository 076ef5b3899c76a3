//! tar: headers of 512 bytes, each with a sum of itself, and files in blocks of 512. Nothing guards what is in a file.

use std::io::Cursor;
use std::ops::Range;

use anyhow::{Context, Result, bail};
use tar::{Archive, EntryType};

use crate::retrofit::container::{Edits, Format, How, Inside, Locked, Member, Put};

use super::detached;

pub struct Tar;

const BLOCK: usize = 512;
/// Where a header has the size of its file, and the sum of itself, both in octal digits.
const SIZE: Range<usize> = 124..136;
const SUM: Range<usize> = 148..156;

struct Entry {
    name: String,
    /// With the headers before it that say a long name and the like, and what fills its last block.
    whole: Range<usize>,
    header: usize,
    data: Range<usize>,
    /// Whether the header itself says how long it is.
    sized: bool,
}

struct Entries {
    files: Vec<Entry>,
    /// Where the last one ends.
    end: usize,
}

fn entries(file: &[u8]) -> Result<Option<Entries>> {
    let Some(head) = file.get(..BLOCK) else {
        return Ok(None);
    };
    let magic = head[257..].starts_with(b"ustar");
    let summed = octal(&head[SUM]) == Some(sum(head)) && head[0] != 0;
    if !magic && !summed {
        return Ok(None);
    }
    let mut found = Entries {
        files: Vec::new(),
        end: 0,
    };
    let mut archive = Archive::new(Cursor::new(file));
    for entry in archive.entries_with_seek()? {
        let entry = entry?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let (header, begin) = (entry.raw_header_position(), entry.raw_file_position());
        let (header, begin) = (usize::try_from(header)?, usize::try_from(begin)?);
        let said = entry.header().entry_size()?;
        let kind = entry.header().entry_type();
        // Of a sparse file, the size is that without the holes.
        let size = match kind {
            EntryType::GNUSparse => said,
            _ => entry.size(),
        };
        let end = usize::try_from(size)
            .ok()
            .and_then(|size| begin.checked_add(size));
        let Some(end) = end.filter(|end| *end <= file.len()) else {
            bail!("{name} has {size} bytes, and the archive ends before");
        };
        let whole = found.end..end.next_multiple_of(BLOCK).min(file.len());
        found.end = whole.end;
        let regular = matches!(
            kind,
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse
        );
        if regular && end > begin {
            found.files.push(Entry {
                name,
                whole,
                header,
                data: begin..end,
                sized: kind != EntryType::GNUSparse && said == size,
            });
        }
    }
    Ok(Some(found))
}

/// The number that octal digits are.
fn octal(digits: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(digits).ok()?;
    let text = text.trim_matches([' ', '\0']);
    u64::from_str_radix(text, 8).ok()
}

/// The sum of a header, for which its own place counts as spaces.
fn sum(head: &[u8]) -> u64 {
    let of = |(at, byte): (usize, &u8)| match SUM.contains(&at) {
        true => u64::from(b' '),
        false => u64::from(*byte),
    };
    head.iter().enumerate().map(of).sum()
}

/// The header for a file of another size.
fn resized(head: &[u8], size: usize) -> Result<Vec<u8>> {
    let mut head = head.to_vec();
    let digits = format!("{size:011o}\0");
    if digits.len() != SIZE.len() {
        bail!("a file of {size} bytes is too large for its header");
    }
    head[SIZE].copy_from_slice(digits.as_bytes());
    let sum = format!("{:06o}\0 ", sum(&head));
    head[SUM].copy_from_slice(sum.as_bytes());
    Ok(head)
}

/// An update for Mender begins with a file that says so.
fn locked(names: &[&str]) -> Option<Locked> {
    if names.first() == Some(&"version")
        && names
            .get(1)
            .is_some_and(|name| name.starts_with("manifest"))
    {
        return Some(Locked::Closed {
            why: "a Mender artifact has the SHA-256 of each file in its manifest: take the file out with `mender-artifact cp`, replace \
                  the module there, and put it back with `mender-artifact cp`, or write the artifact again"
                .to_string(),
        });
    }
    detached::locked(names)
}

impl Format for Tar {
    fn name(&self) -> &'static str {
        "tar archive"
    }

    fn open<'a>(&self, file: &'a [u8]) -> Result<Option<Inside<'a>>> {
        let Some(entries) = entries(file)? else {
            return Ok(None);
        };
        let files = entries.files.iter();
        let files = files.map(|entry| (entry.name.as_str(), &entry.data));
        let mut inside = Inside::files(file, files, locked);
        // Some updates have a signature or another file behind the end.
        let end = entries.end;
        if file[end..].iter().any(|byte| *byte != 0) {
            inside
                .members
                .push(Member::part(format!("{end:#x}"), file, end..file.len()));
        }
        Ok(Some(inside))
    }

    fn put(&self, file: &[u8], member: usize, new: &[u8], how: How) -> Result<Put> {
        let entries = entries(file)?.context("it is a tar archive")?.files;
        let names: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
        let dropped = detached::dropped(&names, locked(&names), how)?;
        let Some(entry) = entries.get(member) else {
            let inside = self.open(file)?.context("it is a tar archive")?;
            let tail = inside.members.get(member).context("the member is there")?;
            return Put::in_place(file, tail, new);
        };
        if entry.data.len() == new.len() && dropped.is_empty() {
            return Put::in_place(file, &Member::part("", file, entry.data.clone()), new);
        }
        let mut edits = Edits::default();
        for other in dropped.into_iter().filter(|other| *other != member) {
            edits.put(entries[other].whole.clone(), Vec::new());
        }
        if !entry.sized && entry.data.len() != new.len() {
            bail!(
                "{} says its size in another place than its header",
                entry.name
            );
        }
        let header = entry.header..entry.header + BLOCK;
        let head = resized(&file[header.clone()], new.len())?;
        edits.put(header, head);
        let mut data = new.to_vec();
        data.resize(data.len().next_multiple_of(BLOCK), 0);
        edits.put(entry.data.start..entry.whole.end, data);
        Ok(edits.apply(file))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{flipped_and_cut, replaced, resized};
    use super::*;

    fn image(names: &[&str]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (number, name) in names.iter().enumerate() {
            let data = vec![number as u8 + 1; 300 + 300 * number];
            let mut header = tar::Header::new_gnu();
            header.set_size(data.len() as u64);
            header.set_mode(0o644);
            builder.append_data(&mut header, name, &data[..]).unwrap();
        }
        builder.into_inner().unwrap()
    }

    #[test]
    fn files_are_replaced_in_place_or_in_an_archive_with_other_sizes() {
        let long = "d/".repeat(80) + "long";
        let file = image(&["a", &long, "b"]);
        let inside = Tar.open(&file).unwrap().unwrap();
        let names: Vec<&str> = inside
            .members
            .iter()
            .map(|member| member.name.as_str())
            .collect();
        assert_eq!(names, ["a", long.as_str(), "b"]);
        for member in 0..3 {
            replaced(&Tar, &file, member);
            resized(&Tar, &file, member);
        }
    }

    #[test]
    fn a_wrong_sum_of_a_header_is_an_error() {
        let mut file = image(&["a", "b"]);
        file[1024] ^= 1;
        assert!(Tar.open(&file).is_err());
        file[0] ^= 1;
        assert!(Tar.open(&file).is_err());
    }

    #[test]
    fn a_signature_beside_is_left_out_only_when_that_is_wanted() {
        let file = image(&["app.sig", "app.bin"]);
        let inside = Tar.open(&file).unwrap().unwrap();
        assert!(matches!(inside.locked, Some(Locked::Signed { .. })));
        let put = Tar
            .put(&file, 1, &[9; 600], How { unsigned: true })
            .unwrap();
        let inside = Tar.open(&put.file).unwrap().unwrap();
        assert_eq!(inside.members.len(), 1);
        assert_eq!(inside.members[0].bytes[..], [9; 600]);
        assert!(inside.locked.is_none());
    }

    #[test]
    fn mender_artifacts_are_left_to_their_program() {
        let inside_of = |file: &[u8]| Tar.open(file).unwrap().unwrap().locked;
        let file = image(&["version", "manifest", "data/0000.tar.gz"]);
        assert!(matches!(inside_of(&file), Some(Locked::Closed { .. })));
        assert!(Tar.put(&file, 2, &[1; 900], How::default()).is_err());
    }

    #[test]
    fn damage_is_an_error_and_no_panic() {
        flipped_and_cut(&Tar, &image(&["a", "b"]));
    }
}
