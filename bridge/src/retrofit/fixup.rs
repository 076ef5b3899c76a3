//! Checksums that only the vendor knows of: the caller says where they are, and the image as it is says how they are made.

use std::ops::Range;

use anyhow::{Context, Result, bail};
use crc::{Algorithm, Crc};
use sha2::{Digest, Sha256};

use super::replace::number;

/// What is where: `crc32@0x1c:0x20-0x8000`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fixup {
    kind: Kind,
    at: u64,
    range: Range<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Crc32,
    Crc16,
    Sum8,
    Sha256,
}

const KINDS: [(&str, Kind); 4] = [
    ("crc32", Kind::Crc32),
    ("crc16", Kind::Crc16),
    ("sum8", Kind::Sum8),
    ("sha256", Kind::Sha256),
];

/// The algorithms that firmware has under these names.
const CRC32: [&Algorithm<u32>; 6] = [
    &crc::CRC_32_ISO_HDLC,
    &crc::CRC_32_BZIP2,
    &crc::CRC_32_MPEG_2,
    &crc::CRC_32_JAMCRC,
    &crc::CRC_32_CKSUM,
    &crc::CRC_32_ISCSI,
];
const CRC16: [&Algorithm<u16>; 7] = [
    &crc::CRC_16_IBM_3740,
    &crc::CRC_16_XMODEM,
    &crc::CRC_16_ARC,
    &crc::CRC_16_MODBUS,
    &crc::CRC_16_KERMIT,
    &crc::CRC_16_IBM_SDLC,
    &crc::CRC_16_SPI_FUJITSU,
];

/// What the bytes of the checksum count as, where they are among those that it is of.
const FILLS: [Option<u8>; 3] = [Some(0), Some(0xff), None];

/// A way that makes the checksum that the image has.
#[derive(Clone, Copy, Debug)]
pub struct Way {
    algorithm: usize,
    /// The high byte comes first.
    big: bool,
    fill: Option<u8>,
}

impl Fixup {
    /// Reads `KIND@OFFSET:BEGIN-END`, the end not included; or `BEGIN+LENGTH`.
    ///
    /// # Errors
    ///
    /// For what is not written so.
    pub fn parse(text: &str) -> Result<Fixup> {
        let read = || {
            let (kind, rest) = text.split_once('@')?;
            let (at, range) = rest.split_once(':')?;
            let kind = KINDS.iter().find(|(name, _)| *name == kind)?.1;
            let range = match (range.split_once('-'), range.split_once('+')) {
                (Some((begin, end)), _) => number(begin)?..number(end)?,
                (None, Some((begin, length))) => {
                    let begin = number(begin)?;
                    begin..begin.checked_add(number(length)?)?
                }
                _ => return None,
            };
            (range.start < range.end).then_some(Fixup {
                kind,
                at: number(at)?,
                range,
            })
        };
        read().context("it is KIND@OFFSET:BEGIN-END, with crc32, crc16, sum8 or sha256, such as crc32@0x1c:0x20-0x8000")
    }

    fn bytes(&self) -> u64 {
        match self.kind {
            Kind::Crc32 => 4,
            Kind::Crc16 => 2,
            Kind::Sum8 => 1,
            Kind::Sha256 => 32,
        }
    }

    /// Where the checksum is.
    fn place(&self, image: &[u8]) -> Result<Range<usize>> {
        let end = self.at.checked_add(self.bytes());
        let length = image.len() as u64;
        if end.is_none_or(|end| end > length) || self.range.end > length {
            bail!("--fixup: {self} is behind the end of the image, which has {length} bytes");
        }
        Ok(self.at as usize..(self.at + self.bytes()) as usize)
    }

    fn made(&self, image: &[u8], way: Way) -> Result<Vec<u8>> {
        let place = self.place(image)?;
        let (begin, end) = (self.range.start as usize, self.range.end as usize);
        let mut covered = image[begin..end].to_vec();
        let own = place.start.max(begin)..place.end.min(end);
        if let (Some(fill), true) = (way.fill, own.start < own.end) {
            covered[own.start - begin..own.end - begin].fill(fill);
        }
        let mut made = match self.kind {
            Kind::Crc32 => Crc::<u32>::new(CRC32[way.algorithm])
                .checksum(&covered)
                .to_le_bytes()
                .to_vec(),
            Kind::Crc16 => Crc::<u16>::new(CRC16[way.algorithm])
                .checksum(&covered)
                .to_le_bytes()
                .to_vec(),
            Kind::Sum8 => {
                let sum = covered
                    .iter()
                    .fold(0u8, |sum, byte| sum.wrapping_add(*byte));
                // The bytes alone, or with the sum they give nothing.
                vec![if way.algorithm == 0 {
                    sum
                } else {
                    sum.wrapping_neg()
                }]
            }
            Kind::Sha256 => Sha256::digest(&covered).to_vec(),
        };
        if way.big {
            made.reverse();
        }
        Ok(made)
    }

    /// Finds the way that makes what the image has.
    ///
    /// # Errors
    ///
    /// When none does: it is something else, or the image is damaged.
    pub fn way(&self, image: &[u8]) -> Result<Way> {
        let (algorithms, orders) = match self.kind {
            Kind::Crc32 => (CRC32.len(), 2),
            Kind::Crc16 => (CRC16.len(), 2),
            Kind::Sum8 => (2, 1),
            Kind::Sha256 => (1, 1),
        };
        let place = self.place(image)?;
        let found = image[place.clone()].to_vec();
        for algorithm in 0..algorithms {
            for big in [false, true].into_iter().take(orders) {
                for fill in FILLS {
                    let way = Way {
                        algorithm,
                        big,
                        fill,
                    };
                    if self.made(image, way)? == found {
                        return Ok(way);
                    }
                }
            }
        }
        bail!(
            "--fixup: what is at {:#x} is not the checksum of {:#x}-{:#x} in any way that is known: the image is damaged, or it is of \
             something else",
            self.at,
            self.range.start,
            self.range.end
        );
    }

    /// Makes it again.
    ///
    /// # Errors
    ///
    /// When it is outside of the image.
    pub fn apply(&self, image: &mut [u8], way: Way) -> Result<()> {
        let made = self.made(image, way)?;
        let place = self.place(image)?;
        image[place].copy_from_slice(&made);
        Ok(())
    }

    /// Where it is in the image.
    pub fn offset(&self) -> u64 {
        self.at
    }

    /// How many bytes it has.
    pub fn length(&self) -> u64 {
        self.bytes()
    }
}

impl std::fmt::Display for Fixup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = KINDS.iter().find(|(_, kind)| *kind == self.kind);
        let name = name.map_or("", |(name, _)| name);
        let Range { start, end } = self.range;
        write!(f, "{name}@{:#x}:{start:#x}-{end:#x}", self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checksum_is_made_again_in_the_way_that_the_image_has_it() {
        let image: Vec<u8> = (0..200u32).map(|at| (at * 7 % 251) as u8).collect();
        for (text, algorithm, big) in [
            ("crc32@196:4-196", 0, false),
            ("crc32@0:4-200", 2, true),
            ("crc16@10:0-200", 1, true),
            ("sum8@199:0+199", 1, false),
            ("sha256@100:0-100", 0, false),
        ] {
            let fixup = Fixup::parse(text).unwrap();
            let way = Way {
                algorithm,
                big,
                fill: Some(0),
            };
            let mut guarded = image.clone();
            fixup.apply(&mut guarded, way).unwrap();
            let found = fixup.way(&guarded).unwrap();
            let mut changed = guarded.clone();
            changed[50] ^= 1;
            let mut right = changed.clone();
            fixup.apply(&mut right, way).unwrap();
            fixup.apply(&mut changed, found).unwrap();
            assert_eq!(changed, right, "{text}");
            guarded[60] ^= 1;
            assert!(fixup.way(&guarded).is_err(), "{text}");
        }
        for text in [
            "crc32",
            "crc32@4",
            "crc32@4:9-9",
            "md4@0:1-2",
            "crc32@0x:1-2",
        ] {
            assert!(Fixup::parse(text).is_err(), "{text}");
        }
        assert!(
            Fixup::parse("crc32@198:0-100")
                .unwrap()
                .way(&image)
                .is_err()
        );
    }
}
