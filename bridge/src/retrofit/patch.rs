//! What of an image has changed, for whoever has the old one: a bsdiff patch, or the changed pages of a flash as Intel HEX.

use std::io::{self, Cursor, Write};

use anyhow::{Context, Result, bail};
use qbsdiff::{Bsdiff, Bspatch};
use sha2::{Digest, Sha256};

use crate::progress::step;

/// Behind the patch is the one back, then the SHA-256 of the new image, the length of the way back, and this: tools for bsdiff do not
/// look there.
const BACK: &[u8; 8] = b"p1bundo\0";

/// A patch from the old image to the new one, which also has the way back.
///
/// # Errors
///
/// When it cannot be made.
pub fn bsdiff(old: &[u8], new: &[u8]) -> Result<Vec<u8>> {
    let one = |from: &[u8], to: &[u8]| -> io::Result<Vec<u8>> {
        step(|| "making the patch".to_string());
        let mut patch = Vec::new();
        Bsdiff::new(from, to).compare(Cursor::new(&mut patch))?;
        Ok(patch)
    };
    let mut patch = one(old, new).context("cannot make a patch")?;
    let back = one(new, old).context("cannot make a patch")?;
    patch.extend(&back);
    patch.extend(Sha256::digest(new));
    patch.extend((back.len() as u64).to_le_bytes());
    patch.extend(BACK);
    Ok(patch)
}

/// The old image, from the new one and a patch of [`bsdiff`].
///
/// # Errors
///
/// When the patch has no way back, or is of another image.
pub fn undo(new: &[u8], patch: &[u8]) -> Result<Vec<u8>> {
    let back = patch.strip_suffix(BACK).and_then(|rest| {
        let (rest, length) = rest.split_last_chunk::<8>()?;
        let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
        let (rest, hash) = rest.split_last_chunk::<32>()?;
        let back = rest.get(rest.len().checked_sub(length)?..)?;
        Some((back, hash))
    });
    let Some((back, hash)) = back else {
        bail!(
            "there is no way back in the patch: only what `retrofit --patch` has written has one"
        );
    };
    if Sha256::digest(new)[..] != hash[..] {
        bail!("the patch is of another image");
    }
    let patcher = Bspatch::new(back).context("the patch is damaged")?;
    // Nobody has such a large image.
    const MOST: u64 = 1 << 31;
    if patcher.hint_target_size() > MOST {
        bail!("the patch is damaged: its image has more than 2 GiB");
    }
    let mut old = Bounded(Vec::new(), MOST);
    patcher
        .apply(new, &mut old)
        .context("the patch is damaged, or of another image")?;
    // The way there says whether the patch is damaged.
    let forward = Bspatch::new(patch).context("the patch is damaged")?;
    let mut again = Bounded(Vec::new(), MOST);
    forward
        .apply(&old.0, &mut again)
        .context("the patch is damaged, or of another image")?;
    if again.0 != new {
        bail!("the patch is damaged");
    }
    Ok(old.0)
}

/// Memory with an end.
struct Bounded(Vec<u8>, u64);

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() as u64 + bytes.len() as u64 > self.1 {
            return Err(io::Error::other("it does not end"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Bytes in a line of Intel HEX.
const LINE: usize = 16;

/// The pages of so many bytes that differ, as Intel HEX; offsets of the image are addresses.
///
/// # Errors
///
/// When the images are not of one length.
pub fn pages(old: &[u8], new: &[u8], page: usize) -> Result<String> {
    if old.len() != new.len() {
        bail!("the new image has another length: --patch FILE.bsdiff has the difference");
    }
    let mut text = String::new();
    let mut high = 0;
    let pages = old.chunks(page).zip(new.chunks(page)).enumerate();
    for (number, (_, new)) in pages.filter(|(_, (old, new))| old != new) {
        for (line, bytes) in new.chunks(LINE).enumerate() {
            let address = number * page + line * LINE;
            if address >> 16 != high {
                high = address >> 16;
                record(&mut text, 0, 4, &(high as u16).to_be_bytes());
            }
            record(&mut text, address as u16, 0, bytes);
        }
    }
    record(&mut text, 0, 1, &[]);
    Ok(text)
}

fn record(text: &mut String, address: u16, kind: u8, data: &[u8]) {
    let mut bytes = vec![data.len() as u8];
    bytes.extend(address.to_be_bytes());
    bytes.push(kind);
    bytes.extend(data);
    let sum = bytes.iter().fold(0u8, |sum, byte| sum.wrapping_sub(*byte));
    bytes.push(sum);
    text.push(':');
    for byte in bytes {
        text.push_str(&format!("{byte:02X}"));
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_leads_there_and_back() {
        let old: Vec<u8> = (0..9000u32).map(|at| (at * at % 253) as u8).collect();
        let mut new = old.clone();
        new[4000..4500].fill(7);
        let patch = bsdiff(&old, &new).unwrap();
        let mut there = Vec::new();
        Bspatch::new(&patch)
            .unwrap()
            .apply(&old, Cursor::new(&mut there))
            .unwrap();
        assert!(there == new);
        assert!(undo(&new, &patch).unwrap() == old);
        let mut other = new.clone();
        other[0] ^= 1;
        assert!(undo(&other, &patch).is_err());
        for length in (0..patch.len()).step_by(7) {
            assert!(undo(&new, &patch[..length]).is_err());
        }
        for at in 0..patch.len() {
            let mut damaged = patch.clone();
            damaged[at] ^= 0x55;
            if let Ok(found) = undo(&new, &damaged) {
                assert!(found == old);
            }
        }
    }

    #[test]
    fn changed_pages_are_intel_hex() {
        let old = vec![0u8; 0x2_0010];
        let mut new = old.clone();
        new[0x1_0003] = 1;
        new[0x2_000f] = 2;
        let text = pages(&old, &new, 4096).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], ":020000040001F9");
        assert_eq!(lines[1], ":1000000000000001000000000000000000000000EF");
        assert_eq!(lines.len(), 1 + 256 + 1 + 1 + 1);
        assert_eq!(*lines.last().unwrap(), ":00000001FF");
    }
}
