//! cpio in its new ways: headers of digits, the name and the file, each filled up to four bytes. One of both has the sum of all
//! bytes of a file in its header.

use std::ops::Range;

use anyhow::{Context, Result, bail};

use crate::retrofit::container::{Edits, Format, Guard, How, Inside, Locked, Member, Put};

use super::detached;

pub struct Cpio;

const NEW: &[u8] = b"070701";
const SUMMED: &[u8] = b"070702";
const HEAD: usize = 110;
/// Where numbers are in the header, of eight hexadecimal digits each.
const MODE: usize = 14;
const SIZE: usize = 54;
const NAME_SIZE: usize = 94;
const SUM: usize = 102;
/// The kind of a file in its mode.
const KIND: u32 = 0o170_000;
const REGULAR: u32 = 0o100_000;
const LAST: &str = "TRAILER!!!";

struct Entry {
    name: String,
    /// With the header and what fills it up.
    whole: Range<usize>,
    data: Range<usize>,
    /// What the header says the sum is, if it says one.
    sum: Option<u32>,
}

struct Entries {
    files: Vec<Entry>,
    /// Where the archive ends.
    end: usize,
}

fn entries(file: &[u8]) -> Result<Option<Entries>> {
    if !file.starts_with(NEW) && !file.starts_with(SUMMED) {
        return Ok(None);
    }
    let mut files = Vec::new();
    let mut at = 0;
    loop {
        let head = file.get(at..).unwrap_or_default();
        if !head.starts_with(NEW) && !head.starts_with(SUMMED) {
            bail!("there is no header of a file at {at:#x}");
        }
        let number = |place: usize| {
            let digits = head.get(place..place + 8);
            let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
            let number = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
            number.with_context(|| format!("the header at {at:#x} is cut off or damaged"))
        };
        let (mode, size, length) = (
            number(MODE)?,
            number(SIZE)? as usize,
            number(NAME_SIZE)? as usize,
        );
        let sum = number(SUM)?;
        let begin = at + HEAD;
        let name = file.get(begin..).and_then(|rest| rest.get(..length));
        let Some((0, name)) = name.and_then(<[u8]>::split_last) else {
            bail!("the name in the header at {at:#x} is cut off or damaged");
        };
        let name = String::from_utf8_lossy(name).into_owned();
        let begin = (begin + length).next_multiple_of(4);
        if name == LAST {
            let end = begin.min(file.len());
            return Ok(Some(Entries { files, end }));
        }
        let end = begin.checked_add(size).filter(|end| *end <= file.len());
        let Some(end) = end else {
            bail!("{name} has {size} bytes, and the archive ends before");
        };
        let whole = at..end.next_multiple_of(4).min(file.len());
        let sum = head.starts_with(SUMMED).then_some(sum);
        at = whole.end;
        if mode & KIND == REGULAR && size > 0 {
            files.push(Entry {
                name,
                whole,
                data: begin..end,
                sum,
            });
        }
    }
}

fn sum(bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .fold(0u32, |sum, byte| sum.wrapping_add(u32::from(*byte)))
}

fn locked(names: &[&str]) -> Option<Locked> {
    if names.first() == Some(&"sw-description") {
        let signed = names.iter().any(|name| name.starts_with("sw-description."));
        let sign = if signed { ", sign it," } else { "" };
        return Some(Locked::Closed {
            why: format!(
                "an update for SWUpdate has the SHA-256 of its files in sw-description: take the files out with `cpio -id`, replace \
                 the module in the file, write its hash into sw-description{sign} and pack them with `cpio -o -H crc`, sw-description \
                 first"
            ),
        });
    }
    detached::locked(names)
}

impl Format for Cpio {
    fn name(&self) -> &'static str {
        "cpio archive"
    }

    fn open<'a>(&self, file: &'a [u8]) -> Result<Option<Inside<'a>>> {
        let Some(entries) = entries(file)? else {
            return Ok(None);
        };
        let files = entries.files.iter();
        let files = files.map(|entry| (entry.name.as_str(), &entry.data));
        let mut inside = Inside::files(file, files, locked);
        let mut summed = entries
            .files
            .iter()
            .filter_map(|entry| Some((entry, entry.sum?)))
            .peekable();
        if summed.peek().is_some() {
            let right = summed.all(|(entry, said)| sum(&file[entry.data.clone()]) == said);
            inside.guards.push(Guard::new("sums of all files", right));
        }
        // RAM disks for Linux are several archives, of which the last ones are often compressed.
        let zeros = file[entries.end..].iter().take_while(|byte| **byte == 0);
        let end = entries.end + zeros.count();
        if end < file.len() {
            inside
                .members
                .push(Member::part(format!("{end:#x}"), file, end..file.len()));
        }
        Ok(Some(inside))
    }

    fn put(&self, file: &[u8], member: usize, new: &[u8], how: How) -> Result<Put> {
        let entries = entries(file)?.context("it is a cpio archive")?.files;
        let names: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
        let dropped = detached::dropped(&names, locked(&names), how)?;
        let Some(entry) = entries.get(member) else {
            let inside = self.open(file)?.context("it is a cpio archive")?;
            let tail = inside.members.get(member).context("the member is there")?;
            return Put::in_place(file, tail, new);
        };
        let head = entry.whole.start;
        let digits = |number: u32| format!("{number:08X}").into_bytes();
        if entry.data.len() == new.len() && dropped.is_empty() {
            let mut put = Put::in_place(file, &Member::part("", file, entry.data.clone()), new)?;
            if entry.sum.is_some() {
                put.write("sum of the file", head + SUM, &digits(sum(new)));
            }
            return Ok(put);
        }
        let mut edits = Edits::default();
        for other in dropped.into_iter().filter(|other| *other != member) {
            edits.put(entries[other].whole.clone(), Vec::new());
        }
        let size = u32::try_from(new.len()).context("a file is too large for its header")?;
        edits.put(head + SIZE..head + SIZE + 8, digits(size));
        if entry.sum.is_some() {
            edits.put(head + SUM..head + SUM + 8, digits(sum(new)));
        }
        let mut data = new.to_vec();
        data.resize(data.len().next_multiple_of(4), 0);
        edits.put(entry.data.start..entry.whole.end, data);
        Ok(edits.apply(file))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{flipped_and_cut, replaced, resized};
    use super::*;

    fn image(magic: &[u8], names: &[&str]) -> Vec<u8> {
        let mut file = Vec::new();
        for (number, name) in names.iter().chain(&[LAST]).enumerate() {
            let data = match *name {
                LAST => Vec::new(),
                _ => vec![number as u8 + 1; 30 + number],
            };
            file.extend(magic);
            let summed = if magic == SUMMED { sum(&data) } else { 0 };
            let mode = if *name == LAST { 0 } else { REGULAR | 0o644 };
            let size = data.len() as u32;
            for value in [
                1,
                mode,
                0,
                0,
                1,
                0,
                size,
                0,
                0,
                0,
                0,
                name.len() as u32 + 1,
                summed,
            ] {
                file.extend(format!("{value:08X}").bytes());
            }
            file.extend(name.bytes());
            file.push(0);
            file.resize(file.len().next_multiple_of(4), 0);
            file.extend(data);
            file.resize(file.len().next_multiple_of(4), 0);
        }
        file.resize(file.len().next_multiple_of(512), 0);
        file
    }

    #[test]
    fn both_ways_are_replaced_with_their_sums() {
        for magic in [NEW, SUMMED] {
            let mut file = image(magic, &["a", "d/b"]);
            file.extend(b"behind");
            let inside = Cpio.open(&file).unwrap().unwrap();
            assert_eq!(inside.members.len(), 3);
            assert_eq!(inside.guards.len(), usize::from(magic == SUMMED));
            assert!(inside.guards.iter().all(|guard| guard.right));
            for member in 0..3 {
                replaced(&Cpio, &file, member);
            }
            resized(&Cpio, &file, 0);
            resized(&Cpio, &file, 1);
        }
        let mut file = image(SUMMED, &["a"]);
        file[HEAD + 5] ^= 1;
        let inside = Cpio.open(&file).unwrap().unwrap();
        assert_eq!(inside.guards, [Guard::new("sums of all files", false)]);
    }

    #[test]
    fn swupdate_and_signatures_are_locked() {
        let lock = |names: &[&str]| Cpio.open(&image(NEW, names)).unwrap().unwrap().locked;
        let Some(Locked::Closed { why }) = lock(&["sw-description", "sw-description.sig", "a"])
        else {
            panic!("not closed");
        };
        assert!(why.contains("sign it"), "{why}");
        assert!(matches!(lock(&["a.sig", "a"]), Some(Locked::Signed { .. })));
        let put = Cpio.put(
            &image(NEW, &["a.sig", "a"]),
            1,
            &[5; 31],
            How { unsigned: true },
        );
        let put = put.unwrap();
        let inside = Cpio.open(&put.file).unwrap().unwrap();
        assert_eq!(inside.members.len(), 1);
    }

    #[test]
    fn damage_is_an_error_and_no_panic() {
        flipped_and_cut(&Cpio, &image(SUMMED, &["a", "b"]));
    }
}
