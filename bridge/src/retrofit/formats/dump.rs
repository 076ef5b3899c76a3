//! What is read out of a flash, and has no table: boot loaders, images and what fills the rest, one behind the other. Images are
//! known by their heads; everything else are bytes.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use anyhow::{Context, Result, bail};

use crate::retrofit::container::{Format, How, Inside, Member, Put, erased};

use super::{esp, mcuboot, squashfs, uimage};

pub struct Dump;

/// What images for MCUboot and for U-Boot begin with, and squashfs.
static MAGICS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let magics = [
        mcuboot::MAGIC.to_le_bytes(),
        uimage::MAGIC.to_be_bytes(),
        *squashfs::MAGIC,
    ];
    AhoCorasick::new(magics).ok()
});
/// How many bytes an image has that a file begins with; none if that is something else.
type Extent = fn(&[u8]) -> Option<usize>;
/// That of each.
const EXTENTS: [Extent; 3] = [mcuboot::extent, uimage::extent, squashfs::extent];
/// More than any flash has.
const MOST: usize = 1000;
/// Where apps of ESP-IDF can begin.
const SECTOR: usize = 4096;
/// Programs have symbols, which say more of what is in them.
const PROGRAMS: [&[u8]; 5] = [
    b"\x7fELF",
    b"MZ",
    b"\xcf\xfa\xed\xfe",
    b"\xce\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe",
];

fn images(file: &[u8]) -> Result<Vec<Range<usize>>> {
    let mut found = Vec::new();
    if PROGRAMS.iter().any(|magic| file.starts_with(magic)) {
        return Ok(found);
    }
    let magics = MAGICS.as_ref().context("the magics are patterns")?;
    let mut begins = Vec::new();
    for hit in magics.find_iter(file).filter(|hit| hit.start() % 4 == 0) {
        if begins.len() == MOST {
            bail!("more than {MOST} images seem to begin in it");
        }
        begins.push((hit.start(), EXTENTS[hit.pattern().as_usize()]));
    }
    let sectors = (0..file.len()).step_by(SECTOR);
    let apps = sectors.filter(|at| file[*at] == esp::MAGIC);
    begins.extend(apps.map(|at| (at, esp::extent as Extent)));
    begins.sort_unstable_by_key(|(at, _)| *at);
    let mut end = 0;
    for (at, extent) in begins.into_iter().filter(|(at, _)| *at > 0) {
        // What is in an image is a part of it.
        if at >= end
            && let Some(length) = extent(&file[at..])
        {
            end = at + length;
            found.push(at..end);
        }
    }
    Ok(found)
}

impl Format for Dump {
    fn name(&self) -> &'static str {
        "flash"
    }

    fn open<'a>(&self, file: &'a [u8]) -> Result<Option<Inside<'a>>> {
        let images = images(file)?;
        if images.is_empty() {
            return Ok(None);
        }
        let mut inside = Inside::default();
        let mut end = 0;
        for image in images {
            if end < image.start {
                inside
                    .members
                    .push(Member::part("", file, end..image.start));
            }
            end = image.end;
            inside.members.push(Member::image(file, image));
        }
        if end < file.len() {
            inside.members.push(Member::part("", file, end..file.len()));
        }
        Ok(Some(inside))
    }

    fn put(&self, file: &[u8], member: usize, new: &[u8], _: How) -> Result<Put> {
        let inside = self.open(file)?.context("it is a flash")?;
        let member = inside.members.get(member).context("the member is there")?;
        Put::in_place(file, member, &erased(new, member.bytes.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{flipped_and_cut, replaced};
    use super::*;
    use sha2::{Digest, Sha256};

    fn mcuboot(data: &[u8]) -> Vec<u8> {
        let mut image = mcuboot::MAGIC.to_le_bytes().to_vec();
        image.extend([0; 4]);
        image.extend([32, 0, 0, 0]);
        image.extend((data.len() as u32).to_le_bytes());
        image.resize(32, 0);
        image.extend(data);
        let hash = Sha256::digest(&image);
        image.extend([0x07, 0x69, 40, 0, 0x10, 0, 32, 0]);
        image.extend(hash);
        image
    }

    /// A boot loader that knows the magic, two images with other bytes between them, and what is erased.
    fn flash() -> Vec<u8> {
        let mut flash = vec![5; 100];
        flash.extend(mcuboot::MAGIC.to_le_bytes());
        flash.resize(0x400, 0xff);
        flash.extend(mcuboot(&[7; 300]));
        flash.resize(0x800, 0xff);
        flash.extend(mcuboot(&[8; 300]));
        flash.resize(0x1000, 0xff);
        flash
    }

    #[test]
    fn images_are_found_and_keep_their_offsets() {
        let file = flash();
        let inside = Dump.open(&file).unwrap().unwrap();
        let members = inside.members.iter();
        let found: Vec<(u64, bool)> = members.map(|member| (member.base, member.opened)).collect();
        let length = 32 + 300 + 40;
        assert_eq!(
            found,
            [
                (0, false),
                (0x400, true),
                (0x400 + length, false),
                (0x800, true),
                (0x800 + length, false)
            ]
        );
        // What is replaced in an image is put there by its own format.
        for member in [0, 2, 4] {
            replaced(&Dump, &file, member);
        }
        // One that is without its signature is shorter.
        let image = mcuboot(&[7; 260]);
        let put = Dump.put(&file, 1, &image, How::default()).unwrap();
        assert_eq!(put.file.len(), file.len());
        assert_eq!(
            put.file[0x400 + image.len()..0x800],
            vec![0xff; 0x400 - image.len()]
        );
        assert_eq!(put.file[0x800..], file[0x800..]);
    }

    #[test]
    fn bytes_without_images_and_programs_are_no_flash() {
        assert!(Dump.open(&flash()[..0x400]).unwrap().is_none());
        assert!(Dump.open(&[]).unwrap().is_none());
        let mut program = flash();
        program[..4].copy_from_slice(b"\x7fELF");
        assert!(Dump.open(&program).unwrap().is_none());
    }

    #[test]
    fn damage_is_an_error_and_no_panic() {
        flipped_and_cut(&Dump, &flash());
    }
}
