//! romfs: a file system that only is read. The sum of the words in its first 512 bytes is zero, and that of each file's header.

use std::collections::BTreeSet;
use std::ops::Range;

use anyhow::{Context, Result, bail};

use crate::retrofit::container::{Format, Guard, How, Inside, Member, Put, be32};

pub struct Romfs;

const MAGIC: &[u8] = b"-rom1fs-";
const SIZE: usize = 8;
const SUM: usize = 12;
/// What the sum is of.
const SUMMED: usize = 512;
/// Before the name of the volume, or of a file.
const HEAD: usize = 16;
/// The low bits of a file's first word: what it is.
const KIND: u32 = 7;
const FOLDER: u32 = 1;
const REGULAR: u32 = 2;

struct File {
    path: String,
    data: Range<usize>,
}

struct Volume {
    size: usize,
    files: Vec<File>,
    /// Whether the sums of all files' headers are right.
    heads: bool,
}

fn volume(file: &[u8]) -> Result<Option<Volume>> {
    if !file.starts_with(MAGIC) {
        return Ok(None);
    }
    let size = be32(file, SIZE).context("it is cut off in its header")? as usize;
    if size > file.len() || size < SUM + 4 {
        bail!("it says {size} bytes, and the file has {}", file.len());
    }
    let mut volume = Volume {
        size,
        files: Vec::new(),
        heads: true,
    };
    let (_, root) = name(&file[..size], HEAD)?;
    // Folders that are to be read, and headers that were: chains may be made to run in a circle.
    let mut open = vec![(String::new(), root)];
    let mut seen = BTreeSet::new();
    while let Some((folder, mut at)) = open.pop() {
        while at != 0 {
            if !seen.insert(at) {
                bail!("the headers of files run in a circle at {at:#x}");
            }
            let word = |place: usize| {
                be32(&file[..size], at + place)
                    .with_context(|| format!("the header of a file at {at:#x} is cut off"))
            };
            let (next, info, length) = (word(0)?, word(4)? as usize, word(8)? as usize);
            let (name, data) = name(&file[..size], at + HEAD)?;
            volume.heads &= sum(&file[at..data]) == 0;
            let path = format!("{folder}{name}");
            match next & KIND {
                FOLDER if name != "." && name != ".." && info != at => {
                    open.push((format!("{path}/"), info & !0xf));
                }
                REGULAR => {
                    let end = data.checked_add(length).filter(|end| *end <= size);
                    let Some(end) = end else {
                        bail!("{path} has {length} bytes, and the file system ends before");
                    };
                    volume.files.push(File {
                        path,
                        data: data..end,
                    });
                }
                _ => {}
            }
            at = (next & !0xf) as usize;
        }
    }
    volume.files.sort_by_key(|file| file.data.start);
    let both = volume
        .files
        .windows(2)
        .find(|pair| pair[0].data.end > pair[1].data.start);
    if let Some(pair) = both {
        bail!("{} and {} have the same bytes", pair[0].path, pair[1].path);
    }
    Ok(Some(volume))
}

/// The name at `at`, and where its 16 bytes or more end.
fn name(file: &[u8], at: usize) -> Result<(String, usize)> {
    let rest = file.get(at..).unwrap_or_default();
    let Some(length) = rest.iter().position(|byte| *byte == 0) else {
        bail!("the name at {at:#x} does not end");
    };
    let end = at + (length + 1).next_multiple_of(16);
    if end > file.len() {
        bail!("the name at {at:#x} is cut off");
    }
    Ok((String::from_utf8_lossy(&rest[..length]).into_owned(), end))
}

fn sum(bytes: &[u8]) -> u32 {
    let words = bytes.chunks_exact(4).filter_map(|word| be32(word, 0));
    words.fold(0u32, u32::wrapping_add)
}

impl Format for Romfs {
    fn name(&self) -> &'static str {
        "romfs"
    }

    fn open<'a>(&self, file: &'a [u8]) -> Result<Option<Inside<'a>>> {
        let Some(volume) = volume(file)? else {
            return Ok(None);
        };
        let summed = &file[..volume.size.min(SUMMED)];
        let mut inside = Inside {
            guards: vec![
                Guard::new("sum of the first 512 bytes", sum(summed) == 0),
                Guard::new("sums of the headers of files", volume.heads),
            ],
            ..Inside::default()
        };
        let files = volume.files.into_iter();
        inside
            .members
            .extend(files.map(|one| Member::part(one.path, file, one.data)));
        if volume.size < file.len() {
            inside.members.push(Member::part(
                format!("{:#x}", volume.size),
                file,
                volume.size..file.len(),
            ));
        }
        Ok(Some(inside))
    }

    fn put(&self, file: &[u8], member: usize, new: &[u8], _: How) -> Result<Put> {
        let volume = volume(file)?.context("it is a romfs")?;
        let inside = self.open(file)?.context("it is a romfs")?;
        let member = inside.members.get(member).context("the member is there")?;
        let mut put = Put::in_place(file, member, new)?;
        if member
            .place
            .is_some_and(|place| place < volume.size.min(SUMMED))
        {
            put.write("sum of the first 512 bytes", SUM, &[0; 4]);
            let rest = sum(&put.file[..volume.size.min(SUMMED)]).wrapping_neg();
            put.file[SUM..SUM + 4].copy_from_slice(&rest.to_be_bytes());
        }
        Ok(put)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{flipped_and_cut, replaced};
    use super::*;

    fn head(next: u32, info: u32, size: u32, name: &str) -> Vec<u8> {
        let mut head = Vec::new();
        for word in [next, info, size, 0] {
            head.extend(word.to_be_bytes());
        }
        head.extend(name.as_bytes());
        head.resize((HEAD + name.len() + 1).next_multiple_of(16), 0);
        let rest = sum(&head).wrapping_neg();
        head[12..16].copy_from_slice(&rest.to_be_bytes());
        head
    }

    /// `a` in the first 512 bytes, and `d/b` behind them.
    fn image() -> Vec<u8> {
        let mut file = MAGIC.to_vec();
        file.resize(32, 0);
        // At 32: `a` with 40 bytes; at 112: `d`; at 144: a link; at 176: `d/b`.
        file.extend(head(112 | REGULAR, 0, 40, "a"));
        file.resize(112, 3);
        file[104..112].fill(0);
        file.extend(head(FOLDER, 144, 0, "d"));
        file.extend(head(176, 112, 0, ".."));
        file.extend(head(REGULAR | 8, 0, 600, "b"));
        file.resize(1024, 4);
        let size = (file.len() as u32).to_be_bytes();
        file[SIZE..SIZE + 4].copy_from_slice(&size);
        let rest = sum(&file[..SUMMED]).wrapping_neg();
        file[SUM..SUM + 4].copy_from_slice(&rest.to_be_bytes());
        file
    }

    #[test]
    fn files_have_their_paths_and_the_first_sum_is_made_again() {
        let mut file = image();
        let inside = Romfs.open(&file).unwrap().unwrap();
        let names: Vec<&str> = inside
            .members
            .iter()
            .map(|member| member.name.as_str())
            .collect();
        assert_eq!(names, ["a", "d/b"]);
        assert!(inside.guards.iter().all(|guard| guard.right));
        replaced(&Romfs, &file, 0);
        replaced(&Romfs, &file, 1);
        file[70] ^= 1;
        let inside = Romfs.open(&file).unwrap().unwrap();
        assert!(!inside.guards[0].right && inside.guards[1].right);
        file[45] ^= 1;
        assert!(!Romfs.open(&file).unwrap().unwrap().guards[1].right);
    }

    #[test]
    fn damage_is_an_error_and_no_panic() {
        flipped_and_cut(&Romfs, &image());
    }
}
