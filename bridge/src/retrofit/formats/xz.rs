//! A stream of xz as squashfs has it: one block, a CRC-32 of it, and an index. It is made again to exactly the bytes that it had.

use std::io::Read;
use std::ops::Range;

use anyhow::{Context, Result, bail, ensure};
use lzma_rust2::filter::bcj::BcjReader;
use lzma_rust2::{Lzma2Options, Lzma2Reader, Lzma2Writer, LzmaOptions};

use crate::retrofit::container::{crc32, le32};

const MAGIC: &[u8] = b"\xfd7zXZ\0";
/// The head of a stream, and its foot; the words of a CRC-32.
const ENDS: usize = 12;
const SUM: usize = 4;
/// The check at the end of a block: this one is a CRC-32.
const CHECK: u8 = 1;
/// The filter that compresses. Others before it turn addresses in code into offsets.
const LZMA2: u64 = 0x21;
/// What the head of a block has at most; behind the filters are zeros.
const LONGEST_HEAD: usize = 1024;
/// A part that is stored has at most so many bytes.
const STORED: usize = 1 << 16;
/// How often the place is looked for from which on bytes are stored.
const TRIES: usize = 24;

struct Stream {
    /// The filter before the compression; 0 for none.
    code: u64,
    /// The byte that says the size of the dictionary.
    dictionary: u8,
    /// Where the compressed bytes are, with their end.
    packed: Range<usize>,
}

/// A number of seven bits in each byte, the low ones first; and where it ends.
fn number(bytes: &[u8], mut at: usize) -> Option<(u64, usize)> {
    let mut value = 0u64;
    for shift in (0..63).step_by(7) {
        let byte = *bytes.get(at)?;
        at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some((value, at));
        }
    }
    None
}

fn write_number(to: &mut Vec<u8>, mut value: u64) {
    while value > 0x7f {
        to.push(value as u8 | 0x80);
        value >>= 7;
    }
    to.push(value as u8);
}

fn stream(file: &[u8]) -> Result<Stream> {
    let cut = "a block is cut off or damaged";
    ensure!(
        file.starts_with(MAGIC),
        "a block does not begin as those of xz do"
    );
    ensure!(
        file.get(6..8) == Some(&[0, CHECK]),
        "it has another check than a CRC-32"
    );
    let size = (usize::from(*file.get(ENDS).context(cut)?) + 1) * 4;
    let head = file.get(ENDS..ENDS + size).context(cut)?;
    let (summed, sum) = head.split_at(size - SUM);
    ensure!(le32(sum, 0) == Some(crc32(summed)) && summed.len() > 1, cut);
    let mut at = 2;
    // The sizes, packed and not, may be there.
    for flag in [0x40, 0x80] {
        if summed[1] & flag != 0 {
            at = number(summed, at).context(cut)?.1;
        }
    }
    let mut filters = Vec::new();
    for _ in 0..=summed[1] & 3 {
        let (kind, next) = number(summed, at).context(cut)?;
        let (length, next) = number(summed, next).context(cut)?;
        let end = usize::try_from(length)
            .ok()
            .and_then(|length| next.checked_add(length));
        let properties = summed.get(next..end.context(cut)?).context(cut)?;
        filters.push((kind, properties));
        at = next + properties.len();
    }
    let (code, dictionary) = match filters[..] {
        [(LZMA2, [dictionary])] => (0, *dictionary),
        [(code, []), (LZMA2, [dictionary])] => (code, *dictionary),
        _ => bail!("it has filters that are not known here"),
    };
    let begin = ENDS + size;
    let end = packed_end(file, begin).context(cut)?;
    Ok(Stream {
        code,
        dictionary,
        packed: begin..end,
    })
}

/// Where compressed bytes end that begin at `at`: they are in parts that say how long they are.
fn packed_end(file: &[u8], mut at: usize) -> Option<usize> {
    let word = |at: usize| {
        let two = file.get(at..)?.first_chunk()?;
        Some(usize::from(u16::from_be_bytes(*two)) + 1)
    };
    loop {
        let next = match *file.get(at)? {
            0 => return Some(at + 1),
            1 | 2 => at + 3 + word(at + 1)?,
            kind @ 0x80.. => {
                let properties = usize::from(kind >= 0xc0);
                at + 5 + properties + word(at + 3)?
            }
            _ => return None,
        };
        at = next;
    }
}

/// What of at most `most` bytes was compressed, and whether its CRC-32 is right.
///
/// # Errors
///
/// When it is damaged, or has what is not known here.
pub fn unpack(file: &[u8], most: usize) -> Result<(Vec<u8>, bool)> {
    let stream = stream(file)?;
    let packed = &file[stream.packed.clone()];
    // Nothing is looked for further back than the bytes that there are.
    let reader = Lzma2Reader::new(packed, most as u32, None);
    let mut reader: Box<dyn Read> = match stream.code {
        0 => Box::new(reader),
        4 => Box::new(BcjReader::new_x86(reader, 0)),
        5 => Box::new(BcjReader::new_ppc(reader, 0)),
        6 => Box::new(BcjReader::new_ia64(reader, 0)),
        7 => Box::new(BcjReader::new_arm(reader, 0)),
        8 => Box::new(BcjReader::new_arm_thumb(reader, 0)),
        9 => Box::new(BcjReader::new_sparc(reader, 0)),
        10 => Box::new(BcjReader::new_arm64(reader, 0)),
        11 => Box::new(BcjReader::new_riscv(reader, 0)),
        other => bail!("it has the filter {other}, which is not known here"),
    };
    let mut bytes = Vec::new();
    reader
        .by_ref()
        .take(most as u64 + 1)
        .read_to_end(&mut bytes)
        .context("the compressed bytes are damaged")?;
    ensure!(
        bytes.len() <= most,
        "a block has more bytes than there can be"
    );
    let sum = stream.packed.start + packed.len().next_multiple_of(4);
    let sum = le32(file, sum).context("a block is cut off")?;
    let right = sum == crc32(&bytes);
    Ok((bytes, right))
}

/// Compresses bytes to exactly as many as `old` has, with its dictionary.
///
/// # Errors
///
/// When they take more.
pub fn exactly(bytes: &[u8], old: &[u8]) -> Result<Vec<u8>> {
    let stream = stream(old)?;
    let made = |stored: usize| -> Result<std::result::Result<Vec<u8>, i64>> {
        let packed = packed(bytes, stored, old, &stream)?;
        Ok(framed(bytes, &packed, &stream, old.len()))
    };
    let mut over = match made(0)? {
        Ok(made) => return Ok(made),
        Err(over) => over,
    };
    ensure!(
        over < 0,
        "a block of it has {} bytes for what takes {} when it is compressed: a module that compresses as well as the old one fits",
        old.len(),
        old.len() as i64 + over
    );
    // The more is stored as it is, the longer it becomes.
    let (mut low, mut high) = (0, bytes.len());
    for _ in 0..TRIES {
        let stored = (low + high) / 2;
        match made(stored)? {
            Ok(made) => return Ok(made),
            Err(now) if now < 0 => (low, over) = (stored, now),
            Err(now) => (high, over) = (stored, now),
        }
    }
    bail!(
        "a block of it has {} bytes, which cannot be reached by {over}",
        old.len()
    )
}

/// Bytes of which the last ones are stored as they are.
fn packed(bytes: &[u8], stored: usize, old: &[u8], stream: &Stream) -> Result<Vec<u8>> {
    let (first, last) = bytes.split_at(bytes.len() - stored);
    let mut packed = Vec::new();
    if !first.is_empty() {
        let mut options = LzmaOptions::with_preset(9);
        options.nice_len = LzmaOptions::NICE_LEN_MAX;
        options.dict_size = dictionary(stream.dictionary).context("the dictionary is none")?;
        // The first part says how bits are told apart: the device knows that it has memory for that.
        let head = &old[stream.packed.clone()];
        if let (Some(0xe0..), Some(properties)) = (head.first(), head.get(5)) {
            let properties = u32::from(*properties);
            options.lc = properties % 9;
            options.lp = properties / 9 % 5;
            options.pb = properties / 45;
            ensure!(
                options.pb <= 4 && options.lc + options.lp <= 4,
                "a block is damaged"
            );
        }
        let options = Lzma2Options {
            lzma_options: options,
            chunk_size: None,
        };
        let mut writer = Lzma2Writer::new(Vec::new(), options);
        std::io::Write::write_all(&mut writer, first)?;
        packed = writer.finish()?;
        ensure!(packed.pop() == Some(0), "the compression has an end");
    }
    for part in last.chunks(STORED) {
        // The first part of all begins a dictionary.
        packed.push(if packed.is_empty() { 1 } else { 2 });
        packed.extend((part.len() as u16).wrapping_sub(1).to_be_bytes());
        packed.extend(part);
    }
    packed.push(0);
    Ok(packed)
}

fn dictionary(byte: u8) -> Option<u32> {
    const LEAST: u32 = 4096;
    /// Blocks of squashfs have no more bytes.
    const MOST: u32 = 1 << 20;
    let size = (2 | u32::from(byte & 1)).checked_shl(u32::from(byte) / 2 + 11)?;
    (byte < 40).then_some(size.clamp(LEAST, MOST))
}

/// The stream around compressed bytes, of exactly so many bytes; or how many there are too many, or too few.
fn framed(
    bytes: &[u8],
    packed: &[u8],
    stream: &Stream,
    length: usize,
) -> std::result::Result<Vec<u8>, i64> {
    const SHORTEST_HEAD: usize = 12;
    let filled = packed.len().next_multiple_of(4);
    // The size of the head is in the index, and may make that longer.
    for head in (SHORTEST_HEAD..=LONGEST_HEAD).step_by(4) {
        let mut index = vec![0, 1];
        write_number(&mut index, (head + packed.len() + SUM) as u64);
        write_number(&mut index, bytes.len() as u64);
        index.resize(index.len().next_multiple_of(4), 0);
        let sum = crc32(&index).to_le_bytes();
        index.extend(sum);
        let whole = ENDS + head + filled + SUM + index.len() + ENDS;
        if whole != length {
            let over = whole as i64 - length as i64;
            match head {
                _ if over > 0 => return Err(over),
                LONGEST_HEAD => return Err(over),
                _ => continue,
            }
        }
        let flags = [0, CHECK];
        let mut made = MAGIC.to_vec();
        made.extend(flags);
        made.extend(crc32(&flags).to_le_bytes());
        let mut block = vec![(head / 4 - 1) as u8, 0, LZMA2 as u8, 1, stream.dictionary];
        block.resize(head - SUM, 0);
        let sum = crc32(&block).to_le_bytes();
        made.extend(block);
        made.extend(sum);
        made.extend(packed);
        made.resize(ENDS + head + filled, 0);
        made.extend(crc32(bytes).to_le_bytes());
        made.extend(&index);
        let mut foot = ((index.len() / 4 - 1) as u32).to_le_bytes().to_vec();
        foot.extend(flags);
        made.extend(crc32(&foot).to_le_bytes());
        made.extend(foot);
        made.extend(b"YZ");
        return Ok(made);
    }
    Err(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As short as it can be.
    fn shortest(bytes: &[u8]) -> Vec<u8> {
        let stream = Stream {
            code: 0,
            dictionary: 18,
            packed: 0..0,
        };
        let packed = packed(bytes, 0, &[], &stream).unwrap();
        let made =
            (0..bytes.len() + 200).find_map(|more| framed(bytes, &packed, &stream, more).ok());
        made.unwrap()
    }

    #[test]
    fn a_block_gets_every_length_of_whole_words_that_has_room() {
        let bytes: Vec<u8> = (0..5000u32).map(|at| ((at * at) >> 7) as u8).collect();
        let old = shortest(&bytes);
        assert_eq!(unpack(&old, 5000).unwrap(), (bytes.clone(), true));
        // Half of it compresses as well, and leaves room.
        let mut new = bytes.clone();
        new[1000..4000].fill(9);
        let least = shortest(&new).len();
        assert!(least + 1200 < old.len(), "{least} of {}", old.len());
        // Up to 1012 bytes are in the head of the block, and more where bytes are stored.
        for more in (0..40).step_by(4).chain([1000, 1012, 1016, 1500, 2500]) {
            let mut room = shortest(&new);
            room.resize(least + more, 0);
            let made = exactly(&new, &room).unwrap();
            assert_eq!(made.len(), least + more);
            assert_eq!(unpack(&made, 5000).unwrap(), (new.clone(), true));
        }
        let made = exactly(&new, &old).unwrap();
        assert_eq!(
            (made.len(), unpack(&made, 5000).unwrap().1),
            (old.len(), true)
        );
        let error = exactly(&bytes, &shortest(&new)).unwrap_err().to_string();
        assert!(error.contains("compresses as well"), "{error}");
    }

    #[test]
    fn damage_is_an_error_or_said() {
        let bytes: Vec<u8> = (0..3000u32).map(|at| ((at * at) >> 9) as u8).collect();
        let whole = shortest(&bytes);
        for length in 0..whole.len() - 24 {
            let cut = unpack(&whole[..length], 3000);
            assert!(cut.is_err(), "{length}");
        }
        for at in 0..whole.len() {
            let mut file = whole.clone();
            file[at] ^= 0x55;
            if let Ok((found, right)) = unpack(&file, 3000) {
                assert!(!right || found == bytes, "{at}");
            }
            if at % 50 == 0 {
                let _ = exactly(&bytes, &file);
            }
        }
        assert!(unpack(&whole, 2999).is_err());
    }
}
