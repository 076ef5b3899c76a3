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
    let packed = packed(bytes, FlushCompress::Finish)?;
    if packed.len() == length {
        return Ok(packed);
    }
    if packed.len() < length {
        let open = packed_open(bytes)?;
        if let Some(filled) = filled(open, length) {
            return Ok(filled);
        }
    }
    Ok(packed)
}

fn packed(bytes: &[u8], flush: FlushCompress) -> Result<Vec<u8>> {
    let mut pack = Compress::new(Compression::best(), false);
    let mut packed = Vec::with_capacity(bytes.len() / 2 + 1024);
    loop {
        let rest = &bytes[pack.total_in() as usize..];
        let status = pack.compress_vec(rest, &mut packed, flush)?;
        let done = match flush {
            FlushCompress::Finish => status == Status::StreamEnd,
            _ => pack.total_in() as usize == bytes.len() && packed.len() < packed.capacity(),
        };
        if done {
            return Ok(packed);
        }
        packed.reserve(packed.capacity());
    }
}

/// Compressed bytes that end at a whole byte, and may go on.
fn packed_open(bytes: &[u8]) -> Result<Vec<u8>> {
    packed(bytes, FlushCompress::Sync)
}

/// Fills with blocks of nothing: one that is stored has five bytes, one before it that is compressed makes them six.
fn filled(mut open: Vec<u8>, length: usize) -> Option<Vec<u8>> {
    const STORED: [u8; 5] = [0x00, 0x00, 0x00, 0xff, 0xff];
    const BOTH: [u8; 6] = [0x02, 0x00, 0x00, 0x00, 0xff, 0xff];
    const LAST: [u8; 2] = [0x03, 0x00];
    let gap = length.checked_sub(open.len() + LAST.len())?;
    let sixes = gap % STORED.len();
    let fives = gap.checked_sub(BOTH.len() * sixes)? / STORED.len();
    open.extend(BOTH.repeat(sixes));
    open.extend(STORED.repeat(fives));
    open.extend(LAST);
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
            assert!(packed.len() == length || length < short + 32, "{length}");
            let mut behind = packed.clone();
            behind.extend([7; 30]);
            assert_eq!(
                unpack(&behind, MOST).unwrap(),
                (bytes.clone(), packed.len())
            );
        }
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
