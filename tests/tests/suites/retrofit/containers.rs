//! What firmware lies in, as the generator of random images writes it: each format from its description, in the simplest way that
//! has every sum.

use std::io::{Read, Write};

use anyhow::{Context, Result, ensure};
use flate2::Compression;
use flate2::read::{DeflateDecoder, ZlibDecoder};
use flate2::write::{DeflateEncoder, ZlibEncoder};
use md5::Md5;
use p1bridge_tests::random::numbers::Random;
use sha2::{Digest, Sha256};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Container {
    Raw,
    EspApp,
    EspFlash,
    Mcuboot,
    UImage,
    Ramdisk,
    IntelHex,
    SRecord,
    Uf2,
    /// An image behind a boot loader, without a table.
    Flash,
    Romfs,
    Tar,
    Cpio,
    Ar,
    Stored,
    Deflated,
    Gzip,
    Fat,
    Squashfs,
}

use Container::*;

/// What takes little, and what is padded to a whole flash or disk.
const SMALL: [Container; 16] = [
    Raw, EspApp, Mcuboot, UImage, Ramdisk, IntelHex, SRecord, Uf2, Romfs, Tar, Cpio, Ar, Stored,
    Deflated, Gzip, Squashfs,
];
const LARGE: [Container; 3] = [EspFlash, Flash, Fat];

/// The name of the file in archives, and what lies beside it.
const NAME: &str = "app.bin";
const BESIDE: &[u8] = b"what stays as it is";

/// Contents with a container around them.
pub struct Wrapped {
    pub bytes: Vec<u8>,
    /// What the contents are called in paths; nothing for a part of the file.
    pub name: &'static str,
    /// Where a part begins in the file, or at which address.
    pub base: u64,
}

impl Wrapped {
    fn part(bytes: Vec<u8>, base: u64) -> Wrapped {
        Wrapped {
            bytes,
            name: "",
            base,
        }
    }

    fn file(bytes: Vec<u8>, name: &'static str) -> Wrapped {
        Wrapped {
            bytes,
            name,
            base: 0,
        }
    }
}

/// Containers in each other, from the outside in.
#[derive(Debug)]
pub struct Nest(Vec<Container>);

impl Nest {
    pub fn new(random: &mut Random) -> Nest {
        let mut nest = Nest(Vec::new());
        let depth = random.pick(&[1, 1, 1, 2, 2, 3]);
        while nest.0.len() < depth {
            let large = random.percent(4) && !nest.0.iter().any(|one| LARGE.contains(one));
            let one = match large {
                true => random.pick(&LARGE),
                false => random.pick(&SMALL),
            };
            // What is compressed may get another length, which is for archives.
            let fits = !one.packed() || nest.0.iter().all(|outer| outer.grows());
            let known = nest.0.last() != Some(&Flash) || matches!(one, EspApp | Mcuboot | UImage);
            if fits && known {
                nest.0.push(one);
                if one.ends() {
                    break;
                }
            }
        }
        if nest.0.last() == Some(&Flash) {
            nest.0.push(Mcuboot);
        }
        nest
    }

    /// The image around contents, and what the first byte of them is called: the path and the number.
    pub fn around(&self, contents: &[u8]) -> Result<(Vec<u8>, String, u64)> {
        let mut bytes = contents.to_vec();
        let mut layers = Vec::new();
        for container in self.0.iter().rev() {
            let wrapped = container.around(&bytes)?;
            layers.push((wrapped.name, wrapped.base));
            bytes = wrapped.bytes;
        }
        let (mut path, mut base) = (String::new(), 0);
        for (name, at) in layers.into_iter().rev() {
            match name {
                "" => base += at,
                name => {
                    if base > 0 {
                        path += &format!("{base:#x}!");
                    }
                    path += &format!("{name}!");
                    base = 0;
                }
            }
        }
        Ok((bytes, path, base))
    }

    /// Whether what is inside has to be compressed to as many bytes as before.
    pub fn is_tight(&self) -> bool {
        self.0.contains(&Squashfs)
    }

    /// Holds an image to the contents that it should have: every byte, but for how they are compressed.
    pub fn is_around(&self, contents: &[u8], image: &[u8]) -> Result<()> {
        let packed = self.0.iter().rposition(|one| one.packed());
        let (open, closed) = self.0.split_at(packed.map_or(0, |at| at + 1));
        let mut image = image.to_vec();
        for container in open {
            image = container
                .inside(&image)
                .with_context(|| format!("{container:?}"))?;
        }
        let (expected, ..) = Nest(closed.to_vec()).around(contents)?;
        ensure!(
            image == expected,
            "other bytes than those of the slot have changed"
        );
        Ok(())
    }
}

impl Container {
    /// Whether what is inside is compressed.
    fn packed(self) -> bool {
        matches!(self, Deflated | Gzip | Squashfs)
    }

    /// Whether what is inside may get another length.
    fn grows(self) -> bool {
        matches!(self, Tar | Cpio | Ar | Stored | Deflated | Gzip)
    }

    /// Whether modules alone are looked for inside.
    fn ends(self) -> bool {
        matches!(self, Raw | EspApp | Mcuboot | UImage)
    }

    fn around(self, contents: &[u8]) -> Result<Wrapped> {
        Ok(match self {
            Raw => Wrapped::part(contents.to_vec(), 0),
            EspApp => Wrapped::part(esp_app(contents), 32),
            EspFlash => Wrapped::file(esp_flash(contents), "factory"),
            Mcuboot => Wrapped::part(mcuboot(contents), 32),
            UImage => Wrapped::part(uimage(5, contents), 64),
            Ramdisk => Wrapped::file(uimage(3, contents), "data"),
            IntelHex => Wrapped::part(intel_hex(contents), 0x0800_0000),
            SRecord => Wrapped::part(s_record(contents), 0x2000),
            Uf2 => Wrapped::part(uf2(contents), 0x1000_0000),
            Flash => {
                let mut flash = vec![0xf7; 0x1000];
                flash.extend(contents);
                flash.resize(flash.len() + 100, 0xff);
                Wrapped::part(flash, 0x1000)
            }
            Romfs => Wrapped::file(romfs(contents), NAME),
            Tar => Wrapped::file(tar(contents), NAME),
            Cpio => Wrapped::file(cpio(contents), NAME),
            Ar => Wrapped::file(ar(contents), NAME),
            Stored => Wrapped::file(zip(contents, None), NAME),
            Deflated => Wrapped::file(zip(contents, Some(&deflate(contents)?)), NAME),
            Gzip => Wrapped::file(gzip(contents, &deflate(contents)?), NAME),
            Fat => Wrapped::file(fat(contents), "APP.BIN"),
            Squashfs => {
                let blocks = contents.chunks(BLOCK).map(block);
                let blocks = blocks.collect::<Result<Vec<_>>>()?;
                Wrapped::file(squashfs(contents.len(), &blocks), NAME)
            }
        })
    }

    /// What is inside of one of those that grow or are compressed, once the container around it is the one that it has to be.
    fn inside(self, image: &[u8]) -> Result<Vec<u8>> {
        let word = |at: usize| {
            let bytes = image.get(at..at + 4).context("it is cut off")?;
            anyhow::Ok(u32::from_le_bytes(bytes.try_into()?) as usize)
        };
        if self == Squashfs {
            // The last word of the head of the file's inode, and its list of blocks.
            let inode = word(64)? + 2 + 32;
            let size = word(inode + 28)?;
            let (mut bytes, mut blocks, mut at) = (Vec::new(), Vec::new(), 96);
            for number in 0..size.div_ceil(BLOCK) {
                let said = word(inode + 32 + 4 * number)?;
                let is_plain = said & PLAIN != 0;
                let end = at + (said & !PLAIN);
                let stored = image.get(at..end).context("it is cut off")?;
                match is_plain {
                    true => bytes.extend(stored),
                    false => drop(ZlibDecoder::new(stored).read_to_end(&mut bytes)?),
                }
                blocks.push((stored.to_vec(), is_plain));
                at = end;
            }
            let again = squashfs(bytes.len(), &blocks);
            ensure!(again == image, "it is not made as it was before");
            return Ok(bytes);
        }
        let digits = |at: usize, length: usize, radix| {
            let text = std::str::from_utf8(image.get(at..at + length).context("cut off")?)?;
            anyhow::Ok(usize::from_str_radix(text.trim(), radix)?)
        };
        let (begin, length) = match self {
            Tar => (1536, digits(1024 + 124, 11, 8)?),
            Cpio => (260, digits(140 + 54, 8, 16)?),
            Ar => (148, digits(88 + 48, 10, 10)?),
            Stored | Deflated => (59 + 30 + NAME.len(), word(59 + 18)?),
            Gzip => (18, image.len() - 18 - 8),
            _ => anyhow::bail!("it does not grow"),
        };
        let inside = image.get(begin..begin + length).context("it is cut off")?;
        let (inside, again) = match self {
            Deflated | Gzip => {
                let mut bytes = Vec::new();
                DeflateDecoder::new(inside).read_to_end(&mut bytes)?;
                let again = match self {
                    Gzip => gzip(&bytes, inside),
                    _ => zip(&bytes, Some(inside)),
                };
                (bytes, again)
            }
            _ => (inside.to_vec(), self.around(inside)?.bytes),
        };
        ensure!(again == image, "it is not made as it was before");
        Ok(inside)
    }
}

fn crc32(bytes: &[u8]) -> u32 {
    crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC).checksum(bytes)
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

fn halves(halves: &[usize]) -> Vec<u8> {
    halves
        .iter()
        .flat_map(|half| (*half as u16).to_le_bytes())
        .collect()
}

fn deflate(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::new(6));
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}

fn esp_app(contents: &[u8]) -> Vec<u8> {
    let mut image = vec![0u8; 24];
    (image[0], image[1], image[23]) = (0xe9, 2, 1);
    image[4..8].copy_from_slice(&0x4008_0000u32.to_le_bytes());
    let mut sum = 0xef;
    for data in [contents, &b"another segment "[..]] {
        image.extend(words(&[0x3f40_0020, data.len() as u32]));
        image.extend(data);
        sum = data.iter().fold(sum, |sum, byte| sum ^ byte);
    }
    image.resize((image.len() + 1).next_multiple_of(16) - 1, 0);
    image.push(sum);
    let hash = Sha256::digest(&image);
    image.extend(hash);
    image
}

/// A table of partitions with its MD5, and one partition.
fn esp_flash(contents: &[u8]) -> Vec<u8> {
    let mut flash = vec![0xff; 0x8000];
    let size = contents.len().next_multiple_of(0x1000).max(0x1000) as u32;
    let mut row = vec![0xaa, 0x50, 0, 0];
    row.extend(words(&[0x9000, size]));
    row.extend(b"factory");
    row.resize(32, 0);
    let hash = Md5::digest(&row);
    flash.extend(row);
    flash.extend([0xeb, 0xeb]);
    flash.resize(flash.len() + 14, 0xff);
    flash.extend(hash);
    flash.resize(0x9000, 0xff);
    flash.extend(contents);
    flash
}

fn mcuboot(contents: &[u8]) -> Vec<u8> {
    let mut image = words(&[0x96f3_b83d, 0, 32, contents.len() as u32]);
    image.resize(32, 0);
    image.extend(contents);
    let hash = Sha256::digest(&image);
    image.extend([0x07, 0x69, 40, 0, 0x10, 0, 32, 0]);
    image.extend(hash);
    image
}

fn uimage(kind: u8, contents: &[u8]) -> Vec<u8> {
    let mut head = vec![0u8; 64];
    head[..4].copy_from_slice(&0x2705_1956u32.to_be_bytes());
    head[12..16].copy_from_slice(&(contents.len() as u32).to_be_bytes());
    head[24..28].copy_from_slice(&crc32(contents).to_be_bytes());
    (head[28], head[29], head[30]) = (5, 2, kind);
    let sum = crc32(&head);
    head[4..8].copy_from_slice(&sum.to_be_bytes());
    head.extend(contents);
    head
}

fn line(mark: &str, bytes: &[u8], sum: u8) -> String {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    format!("{mark}{digits}{sum:02X}\r\n")
}

fn intel_hex(contents: &[u8]) -> Vec<u8> {
    let mut text = String::new();
    let mut record = |address: usize, kind: u8, data: &[u8]| {
        let mut bytes = vec![data.len() as u8, (address >> 8) as u8, address as u8, kind];
        bytes.extend(data);
        let sum = bytes.iter().fold(0u8, |sum, byte| sum.wrapping_sub(*byte));
        text += &line(":", &bytes, sum);
    };
    let mut high = None;
    for (number, data) in contents.chunks(32).enumerate() {
        let address = 0x0800_0000 + number * 32;
        if high != Some(address >> 16) {
            high = Some(address >> 16);
            record(0, 4, &[(address >> 24) as u8, (address >> 16) as u8]);
        }
        record(address & 0xffff, 0, data);
    }
    record(0, 1, &[]);
    text.into_bytes()
}

fn s_record(contents: &[u8]) -> Vec<u8> {
    let mut text = String::new();
    let mut record = |mark: &str, number: u32, wide: usize, data: &[u8]| {
        let mut bytes = vec![(wide + data.len() + 1) as u8];
        bytes.extend(&number.to_be_bytes()[4 - wide..]);
        bytes.extend(data);
        let sum = !bytes.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
        text += &line(mark, &bytes, sum);
    };
    record("S0", 0, 2, b"HDR");
    for (number, data) in contents.chunks(28).enumerate() {
        record("S3", 0x2000 + number as u32 * 28, 4, data);
    }
    record("S5", contents.len().div_ceil(28) as u32, 2, &[]);
    record("S7", 0x2000, 4, &[]);
    text.into_bytes()
}

/// Blocks in the wrong order, with an MD5 of all.
fn uf2(contents: &[u8]) -> Vec<u8> {
    let count = contents.len().div_ceil(256);
    let mut hash = words(&[0x1000_0000, contents.len() as u32]);
    hash.extend(Md5::digest(contents));
    let mut image = Vec::new();
    for (number, data) in contents.chunks(256).enumerate().rev() {
        let mut block = words(&[
            0x0a32_4655,
            0x9e5d_5157,
            0x6000,
            0x1000_0000 + number as u32 * 256,
            data.len() as u32,
            number as u32,
            count as u32,
            0xe48b_ff56,
        ]);
        block.extend(data);
        block.resize(484, 0);
        block.extend(&hash);
        block.extend(words(&[0x0ab1_6f30]));
        image.extend(block);
    }
    image
}

fn romfs(contents: &[u8]) -> Vec<u8> {
    let sum = |bytes: &[u8]| {
        let words = bytes.chunks_exact(4);
        let words = words.map(|word| u32::from_be_bytes([word[0], word[1], word[2], word[3]]));
        words.fold(0u32, u32::wrapping_add).wrapping_neg()
    };
    let mut image = b"-rom1fs-".to_vec();
    image.extend([0; 8]);
    image.extend(b"disk\0\0\0\0\0\0\0\0\0\0\0\0");
    for (name, data, last) in [("beside", BESIDE, false), (NAME, contents, true)] {
        let begin = image.len();
        let next = match last {
            true => 0,
            false => begin + 32 + data.len().next_multiple_of(16),
        };
        let mut head = (next as u32 | 2).to_be_bytes().to_vec();
        head.extend([0; 4]);
        head.extend((data.len() as u32).to_be_bytes());
        head.extend([0; 4]);
        head.extend(name.bytes());
        head.resize(32, 0);
        let own = sum(&head);
        head[12..16].copy_from_slice(&own.to_be_bytes());
        image.extend(head);
        image.extend(data);
        image.resize(image.len().next_multiple_of(16), 0);
    }
    let size = image.len() as u32;
    image[8..12].copy_from_slice(&size.to_be_bytes());
    let own = sum(&image[..image.len().min(512)]);
    image[12..16].copy_from_slice(&own.to_be_bytes());
    image
}

fn tar(contents: &[u8]) -> Vec<u8> {
    let mut archive = Vec::new();
    for (name, data) in [("beside", BESIDE), (NAME, contents)] {
        let mut head = vec![0u8; 512];
        head[..name.len()].copy_from_slice(name.as_bytes());
        head[100..108].copy_from_slice(b"0000644\0");
        head[108..116].copy_from_slice(b"0000000\0");
        head[116..124].copy_from_slice(b"0000000\0");
        head[124..136].copy_from_slice(format!("{:011o}\0", data.len()).as_bytes());
        head[136..148].copy_from_slice(b"00000000000\0");
        head[148..156].fill(b' ');
        head[156] = b'0';
        head[257..265].copy_from_slice(b"ustar\x0000");
        let sum: u32 = head.iter().map(|byte| u32::from(*byte)).sum();
        head[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        archive.extend(head);
        archive.extend(data);
        archive.resize(archive.len().next_multiple_of(512), 0);
    }
    archive.resize(archive.len() + 1024, 0);
    archive
}

/// With the sums of files.
fn cpio(contents: &[u8]) -> Vec<u8> {
    let mut archive = Vec::new();
    for (name, mode, data) in [
        ("beside", 0o100_644, BESIDE),
        (NAME, 0o100_644, contents),
        ("TRAILER!!!", 0, &[]),
    ] {
        let sum = data
            .iter()
            .fold(0u32, |sum, byte| sum.wrapping_add(u32::from(*byte)));
        archive.extend(b"070702");
        let length = name.len() as u32 + 1;
        let size = data.len() as u32;
        for number in [1, mode, 0, 0, 1, 0, size, 0, 0, 0, 0, length, sum] {
            archive.extend(format!("{number:08X}").bytes());
        }
        archive.extend(name.bytes());
        archive.push(0);
        archive.resize(archive.len().next_multiple_of(4), 0);
        archive.extend(data);
        archive.resize(archive.len().next_multiple_of(4), 0);
    }
    archive
}

fn ar(contents: &[u8]) -> Vec<u8> {
    let mut archive = b"!<arch>\n".to_vec();
    for (name, data) in [("beside/", BESIDE), ("app.bin/", contents)] {
        let length = data.len();
        let head = format!(
            "{name:<16}{:<12}{:<6}{:<6}{:<8}{length:<10}`\n",
            0, 0, 0, 644
        );
        archive.extend(head.bytes());
        archive.extend(data);
        archive.resize(archive.len().next_multiple_of(2), b'\n');
    }
    archive
}

/// The second of two files may be compressed.
fn zip(contents: &[u8], packed: Option<&[u8]>) -> Vec<u8> {
    let (mut archive, mut rows) = (Vec::new(), Vec::new());
    for (name, data, packed) in [("beside.txt", BESIDE, None), (NAME, contents, packed)] {
        let begin = archive.len() as u32;
        let method = if packed.is_some() { 8 } else { 0 };
        let stored = packed.unwrap_or(data);
        let mut said = halves(&[20, 0, method, 0, 0x5a21]);
        said.extend(words(&[
            crc32(data),
            stored.len() as u32,
            data.len() as u32,
        ]));
        said.extend(halves(&[name.len(), 0]));
        archive.extend(b"PK\x03\x04");
        archive.extend(&said);
        archive.extend(name.bytes());
        archive.extend(stored);
        rows.extend(b"PK\x01\x02\x14\0");
        rows.extend(said);
        rows.extend([0; 10]);
        rows.extend(begin.to_le_bytes());
        rows.extend(name.bytes());
    }
    let begin = archive.len() as u32;
    archive.extend(&rows);
    archive.extend(b"PK\x05\x06\0\0\0\0\x02\0\x02\0");
    archive.extend(words(&[rows.len() as u32, begin]));
    archive.extend([0; 2]);
    archive
}

fn gzip(contents: &[u8], packed: &[u8]) -> Vec<u8> {
    let mut file = vec![0x1f, 0x8b, 8, 8, 1, 2, 3, 4, 0, 3];
    file.extend(NAME.bytes());
    file.push(0);
    file.extend(packed);
    file.extend(words(&[crc32(contents), contents.len() as u32]));
    file
}

/// FAT with 12 bits, whose file has its clusters from the last to the first.
fn fat(contents: &[u8]) -> Vec<u8> {
    const SECTOR: usize = 512;
    let count = contents.len().div_ceil(SECTOR);
    let table = ((count + 4) * 3 / 2).div_ceil(SECTOR);
    let data = SECTOR * (2 + table);
    let mut disk = vec![0u8; data + (count + 2) * SECTOR];
    disk[..3].copy_from_slice(&[0xeb, 0x3c, 0x90]);
    disk[11..13].copy_from_slice(&halves(&[SECTOR]));
    (disk[13], disk[14], disk[16], disk[17], disk[21]) = (1, 1, 1, 16, 0xf8);
    let sectors = disk.len() / SECTOR;
    disk[19..21].copy_from_slice(&halves(&[sectors]));
    disk[22..24].copy_from_slice(&halves(&[table]));
    disk[510..512].copy_from_slice(&[0x55, 0xaa]);
    // The numbers of clusters begin with 2, and the first one is free.
    let number = |piece: usize| 2 + count - piece;
    for (piece, bytes) in contents.chunks(SECTOR).enumerate() {
        let cluster = number(piece);
        let next = match piece + 1 < count {
            true => number(piece + 1),
            false => 0xfff,
        };
        let at = SECTOR + cluster * 3 / 2;
        match cluster % 2 {
            0 => {
                disk[at] = next as u8;
                disk[at + 1] |= (next >> 8) as u8;
            }
            _ => {
                disk[at] |= (next << 4) as u8;
                disk[at + 1] = (next >> 4) as u8;
            }
        }
        let place = data + (cluster - 2) * SECTOR;
        disk[place..place + bytes.len()].copy_from_slice(bytes);
    }
    let row = SECTOR * (1 + table);
    disk[row..row + 11].copy_from_slice(b"APP     BIN");
    disk[row + 11] = 0x20;
    disk[row + 26..row + 28].copy_from_slice(&halves(&[number(0)]));
    disk[row + 28..row + 32].copy_from_slice(&(contents.len() as u32).to_le_bytes());
    disk
}

/// The bytes of a block of squashfs, and what says that it is stored as it is.
const BLOCK: usize = 4096;
const PLAIN: usize = 1 << 24;

fn block(bytes: &[u8]) -> Result<(Vec<u8>, bool)> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::new(6));
    encoder.write_all(bytes)?;
    let packed = encoder.finish()?;
    Ok(match packed.len() < bytes.len() {
        true => (packed, false),
        false => (bytes.to_vec(), true),
    })
}

/// One file in its folder. Tables are stored as they are.
fn squashfs(size: usize, blocks: &[(Vec<u8>, bool)]) -> Vec<u8> {
    let table = |bytes: &[u8]| [&halves(&[bytes.len() | 0x8000])[..], bytes].concat();
    let mut image = vec![0; 96];
    let mut inodes = halves(&[1, 0o755, 0, 0]);
    let listed = 12 + 8 + NAME.len() + 3;
    inodes.extend(words(&[0, 1, 0, 2]));
    inodes.extend(halves(&[listed, 0]));
    inodes.extend(words(&[3]));
    inodes.extend(halves(&[2, 0o644, 0, 0]));
    inodes.extend(words(&[0, 2, 96, u32::MAX, 0, size as u32]));
    for (stored, is_plain) in blocks {
        image.extend(stored);
        let plain = if *is_plain { PLAIN } else { 0 };
        inodes.extend(words(&[(stored.len() | plain) as u32]));
    }
    let inode_table = image.len() as u32;
    image.extend(table(&inodes));
    let folder_table = image.len() as u32;
    let mut folder = words(&[0, 0, 2]);
    folder.extend(halves(&[32, 0, 2, NAME.len() - 1]));
    folder.extend(NAME.bytes());
    image.extend(table(&folder));
    let owners = image.len() as u32;
    image.extend(table(&words(&[0])));
    let owner_table = image.len() as u32;
    image.extend(words(&[owners, 0]));
    let mut head = b"hsqs".to_vec();
    head.extend(words(&[2, 0, BLOCK as u32, 0]));
    head.extend(halves(&[1, 12, 0, 1, 4, 0]));
    let used = image.len() as u32;
    let none = u32::MAX;
    head.extend(words(&[0, 0, used, 0, owner_table, 0, none, none]));
    head.extend(words(&[
        inode_table,
        0,
        folder_table,
        0,
        none,
        none,
        none,
        none,
    ]));
    image[..96].copy_from_slice(&head);
    image
}
