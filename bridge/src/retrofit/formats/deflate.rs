//! The compression of gzip and zip.

use anyhow::{Context, Result, bail};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

/// The most bytes that anything is unpacked to.
pub const MOST: usize = 256 << 20;

/// What compressed bytes are, and how many of them there are; the bytes may go on behind.
///
/// # Errors
///
/// When they are damaged, or become more than `most` bytes.
pub fn unpack(packed: &[u8], most: usize) -> Result<(Vec<u8>, usize)> {
    let mut unpack = Decompress::new(false);
    let mut bytes = Vec::with_capacity(packed.len().saturating_mul(4).clamp(4096, 1 << 20));
    loop {
        let before = (unpack.total_in(), unpack.total_out());
        let rest = &packed[before.0 as usize..];
        let status = unpack
            .decompress_vec(rest, &mut bytes, FlushDecompress::None)
            .context("the compressed bytes are damaged")?;
        if bytes.len() > most {
            bail!("it has more than {} MiB when it is unpacked", MOST >> 20);
        }
        if status == Status::StreamEnd {
            return Ok((bytes, unpack.total_in() as usize));
        }
        if before == (unpack.total_in(), unpack.total_out()) && bytes.len() < bytes.capacity() {
            bail!("the compressed bytes are cut off");
        }
        if bytes.len() == bytes.capacity() {
            bytes.reserve(bytes.len());
        }
    }
}

/// Compresses bytes, to `length` if that can be: then nothing around them has to move.
///
/// # Errors
///
/// None but a bug in the compression.
pub fn pack(bytes: &[u8], length: usize) -> Result<Vec<u8>> {
    let whole = packed(&[bytes], FlushCompress::Finish)?;
    if whole.len() < length {
        let open = packed(&[bytes], FlushCompress::Sync)?;
        if let Some(filled) = filled(open, length) {
            return Ok(filled);
        }
    }
    Ok(whole)
}

/// Compresses a block of bytes to exactly `length`.
///
/// # Errors
///
/// When it has too many bytes, or that length is none that can be reached.
pub fn exactly(bytes: &[u8], length: usize) -> Result<Vec<u8>> {
    /// In so many places a block is cut in two, which makes it a few bytes longer: that, or what fills it, reaches the length.
    const CUTS: usize = 64;
    let one = pack(bytes, length)?;
    if one.len() == length {
        return Ok(one);
    }
    if one.len() > length {
        bail!(
            "a block of it has {length} bytes for what takes {} when it is compressed: a module that compresses as well as the old \
             one fits",
            one.len()
        );
    }
    for cut in 1..CUTS {
        let parts = bytes.split_at(bytes.len() * cut / CUTS);
        let made = packed(&[parts.0, parts.1], FlushCompress::Finish)?;
        if made.len() == length {
            return Ok(made);
        }
        if let Some(made) = filled(packed(&[parts.0, parts.1], FlushCompress::Sync)?, length) {
            return Ok(made);
        }
    }
    bail!(
        "a block of it takes {} bytes when it is compressed, and has {length}, which cannot be filled",
        one.len()
    )
}

/// Bytes in parts, each of which ends at a whole byte; the last one as `flush` says.
fn packed(parts: &[&[u8]], flush: FlushCompress) -> Result<Vec<u8>> {
    let mut pack = Compress::new(Compression::best(), false);
    let all: usize = parts.iter().map(|part| part.len()).sum();
    let mut packed = Vec::with_capacity(all / 2 + 1024);
    for (number, part) in parts.iter().enumerate() {
        let flush = match number + 1 < parts.len() {
            true => FlushCompress::Sync,
            false => flush,
        };
        let before = pack.total_in() as usize;
        loop {
            let done = pack.total_in() as usize - before;
            let status = pack.compress_vec(&part[done..], &mut packed, flush)?;
            let done = match flush {
                FlushCompress::Finish => status == Status::StreamEnd,
                _ => {
                    pack.total_in() as usize - before == part.len()
                        && packed.len() < packed.capacity()
                }
            };
            if done {
                break;
            }
            packed.reserve(packed.capacity());
        }
    }
    Ok(packed)
}

/// Fills with blocks of nothing up to `length`: one that is stored has five bytes, one that is compressed ten bits.
fn filled(mut open: Vec<u8>, length: usize) -> Option<Vec<u8>> {
    const STORED: [u8; 5] = [0x00, 0x00, 0x00, 0xff, 0xff];
    /// The last block, with compressed ones before it as it takes: of two to six bytes.
    const LAST: [&[u8]; 5] = [
        &[0x03, 0x00],
        &[0x02, 0x0c, 0x00],
        &[0x02, 0x08, 0x30, 0x00],
        &[0x01, 0x00, 0x00, 0xff, 0xff],
        &[0x02, 0x04, 0x00, 0x00, 0xff, 0xff],
    ];
    let gap = length.checked_sub(open.len() + LAST[0].len())?;
    open.extend(STORED.repeat(gap / STORED.len()));
    open.extend(LAST[gap % STORED.len()]);
    Some(open)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_packed_to_every_length_that_has_room() {
        let bytes: Vec<u8> = (0..5000u32).map(|at| ((at * at) >> 7) as u8).collect();
        let short = pack(&bytes, 0).unwrap().len();
        for length in (short..short + 120).chain([short + 10_007]) {
            let packed = pack(&bytes, length).unwrap();
            assert!(packed.len() == length || length < short + 8, "{length}");
            let mut behind = packed.clone();
            behind.extend([7; 30]);
            assert_eq!(
                unpack(&behind, MOST).unwrap(),
                (bytes.clone(), packed.len())
            );
        }
    }

    #[test]
    fn a_block_gets_every_length_from_a_few_bytes_on() {
        let bytes: Vec<u8> = (0..5000u32).map(|at| ((at * at) >> 7) as u8).collect();
        let short = pack(&bytes, 0).unwrap().len();
        assert_eq!(exactly(&bytes, short).unwrap().len(), short);
        for length in short + 8..short + 300 {
            let packed = exactly(&bytes, length).unwrap();
            assert_eq!(packed.len(), length);
            assert_eq!(unpack(&packed, MOST).unwrap(), (bytes.clone(), length));
        }
        let error = exactly(&bytes, short - 1).unwrap_err().to_string();
        assert!(error.contains("compresses as well"), "{error}");
    }

    #[test]
    fn what_is_cut_off_damaged_or_too_large_is_an_error() {
        let packed = pack(&[5; 100_000], 0).unwrap();
        for length in 0..packed.len() {
            assert!(unpack(&packed[..length], MOST).is_err(), "{length}");
        }
        let error = unpack(&packed, 99_999).unwrap_err().to_string();
        assert!(error.contains("more than"), "{error}");
        assert!(unpack(&[7; 10], MOST).is_err());
    }
}
