//! Images for U-Boot in its old way: a header of 64 bytes with the CRC-32 of the data and of itself. And FIT images, which are
//! device trees with images in them: those are left to `mkimage`.

use std::ops::Range;

use anyhow::{Context, Result, bail};

use crate::retrofit::container::{Format, Guard, How, Inside, Locked, Member, Put, be32, crc32};

pub struct UImage;

pub const MAGIC: u32 = 0x2705_1956;
const HEAD: usize = 64;
const HEAD_SUM: usize = 4;
const SIZE: usize = 12;
const DATA_SUM: usize = 24;
const KIND: usize = 30;
const COMPRESSION: usize = 31;
/// Kinds of images: a RAM disk, several files, a file system.
const RAMDISK: u8 = 3;
const MULTI: u8 = 4;
const FILESYSTEM: u8 = 7;

fn data(file: &[u8]) -> Result<Option<Range<usize>>> {
    if be32(file, 0) != Some(MAGIC) {
        return Ok(None);
    }
    let size = be32(file, SIZE).context("it is cut off in its header")? as usize;
    let end = HEAD.checked_add(size).filter(|end| *end <= file.len());
    let Some(end) = end else {
        bail!("the image has {size} bytes behind its header, and the file ends before");
    };
    Ok(Some(HEAD..end))
}

/// The CRC-32 of the header, for which its own place counts as zero.
fn head_sum(file: &[u8]) -> u32 {
    let mut head = file[..HEAD].to_vec();
    head[HEAD_SUM..HEAD_SUM + 4].fill(0);
    crc32(&head)
}

/// How many bytes an image has that `file` begins with; none if it may be something else.
pub fn extent(file: &[u8]) -> Option<usize> {
    let data = data(file).ok()??;
    (be32(file, HEAD_SUM) == Some(head_sum(file))).then_some(data.end)
}

fn locked(file: &[u8]) -> Option<Locked> {
    if file[KIND] == MULTI {
        return Some(Locked::Closed {
            why: "the image has several files in it: take them out with `dumpimage -T multi -p N -o FILE IMAGE`, replace the module \
                  there, and put them together with `mkimage -T multi`"
                .to_string(),
        });
    }
    let unpack = match file[COMPRESSION] {
        0 => return None,
        1 => "gunzip",
        2 => "bunzip2",
        3 => "unlzma",
        4 => "lzop -d",
        5 => "unlz4",
        6 => "unzstd",
        _ => "the program for its compression",
    };
    Some(Locked::Closed {
        why: format!(
            "its data is compressed: take it out with `dumpimage -T kernel -p 0 -o FILE IMAGE`, unpack it with {unpack}, replace the module \
             there, pack it, and make the image with `mkimage`"
        ),
    })
}

impl Format for UImage {
    fn name(&self) -> &'static str {
        "U-Boot image"
    }

    fn open<'a>(&self, file: &'a [u8]) -> Result<Option<Inside<'a>>> {
        let Some(data) = data(file)? else {
            return Ok(None);
        };
        let sum = |at: usize| be32(file, at);
        // Others are code, which nothing is looked for in but modules.
        let name = match file[KIND] {
            RAMDISK | FILESYSTEM => "data",
            _ => "",
        };
        let end = data.end;
        let mut inside = Inside {
            guards: vec![
                Guard::new(
                    "CRC-32 of the header",
                    sum(HEAD_SUM) == Some(head_sum(file)),
                ),
                Guard::new(
                    "CRC-32 of the data",
                    sum(DATA_SUM) == Some(crc32(&file[data.clone()])),
                ),
            ],
            locked: locked(file),
            members: vec![Member::part(name, file, data)],
            notes: Vec::new(),
        };
        if end < file.len() {
            inside.members.push(Member::image(file, end..file.len()));
        }
        Ok(Some(inside))
    }

    fn put(&self, file: &[u8], member: usize, new: &[u8], _: How) -> Result<Put> {
        let data = data(file)?.context("it is such an image")?;
        let inside = self.open(file)?.context("it is such an image")?;
        let member = inside.members.get(member).context("the member is there")?;
        let mut put = Put::in_place(file, member, new)?;
        if member.place != Some(HEAD) {
            return Ok(put);
        }
        if let Some(Locked::Closed { why }) = inside.locked {
            bail!("{why}");
        }
        let sum = crc32(&put.file[data]);
        put.write("CRC-32 of the data", DATA_SUM, &sum.to_be_bytes());
        let sum = head_sum(&put.file);
        put.write("CRC-32 of the header", HEAD_SUM, &sum.to_be_bytes());
        Ok(put)
    }
}

pub struct Fit;

const TREE: u32 = 0xd00d_feed;

impl Format for Fit {
    fn name(&self) -> &'static str {
        "FIT image"
    }

    fn open<'a>(&self, file: &'a [u8]) -> Result<Option<Inside<'a>>> {
        // The node that images are under; other device trees have none.
        const IMAGES: &[u8] = b"\0\0\0\x01images\0";
        if be32(file, 0) != Some(TREE) || !file.windows(IMAGES.len()).any(|at| at == IMAGES) {
            return Ok(None);
        }
        let why = "a FIT image has hashes and signatures that `mkimage` makes: take a file out with `dumpimage -T flat_dt -p N -o \
                   FILE IMAGE`, replace the module there, and make the image with `mkimage -f IMAGE.its IMAGE`";
        Ok(Some(Inside::closed(file, why)))
    }

    fn put(&self, _: &[u8], _: usize, _: &[u8], _: How) -> Result<Put> {
        bail!("a FIT image is made by `mkimage`")
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{flipped_and_cut, replaced};
    use super::*;

    fn image(kind: u8, compression: u8, data: &[u8]) -> Vec<u8> {
        let mut file = MAGIC.to_be_bytes().to_vec();
        file.resize(HEAD, 0);
        file[SIZE..SIZE + 4].copy_from_slice(&(data.len() as u32).to_be_bytes());
        file[DATA_SUM..DATA_SUM + 4].copy_from_slice(&crc32(data).to_be_bytes());
        file[KIND] = kind;
        file[COMPRESSION] = compression;
        let sum = head_sum(&file);
        file[HEAD_SUM..HEAD_SUM + 4].copy_from_slice(&sum.to_be_bytes());
        file.extend(data);
        file
    }

    #[test]
    fn both_sums_are_made_again() {
        let mut file = image(5, 0, &[3; 100]);
        file.extend([0xff; 20]);
        replaced(&UImage, &file, 0);
        let inside = UImage.open(&file).unwrap().unwrap();
        assert!(inside.guards.iter().all(|guard| guard.right));
        assert_eq!(inside.members[1].base, 0xa4);
    }

    #[test]
    fn each_wrong_sum_is_said() {
        for (at, wrong) in [(HEAD + 1, [true, false]), (40, [false, true])] {
            let mut file = image(5, 0, &[3; 100]);
            file[at] ^= 1;
            let inside = UImage.open(&file).unwrap().unwrap();
            let right: Vec<bool> = inside.guards.iter().map(|guard| guard.right).collect();
            assert_eq!(right, wrong);
        }
    }

    #[test]
    fn what_is_compressed_or_several_files_is_left_to_mkimage() {
        for (kind, compression, word) in [(MULTI, 0, "multi"), (2, 1, "gunzip")] {
            let file = image(kind, compression, &[3; 100]);
            let inside = UImage.open(&file).unwrap().unwrap();
            let Some(Locked::Closed { why }) = inside.locked else {
                panic!("not closed");
            };
            assert!(why.contains(word), "{why}");
            assert!(UImage.put(&file, 0, &[1; 100], How::default()).is_err());
        }
        let mut tree = TREE.to_be_bytes().to_vec();
        tree.resize(60, 0);
        assert!(Fit.open(&tree).unwrap().is_none());
        tree.extend(b"\0\0\0\x01images\0\0");
        assert!(Fit.open(&tree).unwrap().unwrap().locked.is_some());
    }

    #[test]
    fn damage_is_an_error_and_no_panic() {
        flipped_and_cut(&UImage, &image(5, 0, &[3; 100]));
    }
}
