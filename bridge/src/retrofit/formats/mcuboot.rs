//! Images for MCUboot: a header, the image, and TLVs behind it of which one is its hash.

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256, Sha384, Sha512};

use crate::retrofit::container::{
    Format, Guard, How, Inside, Locked, Member, Put, erased, le16, le32,
};

pub struct Mcuboot;

pub const MAGIC: u32 = 0x96f3_b83d;
const PROTECTED: u16 = 0x6908;
const PLAIN: u16 = 0x6907;
/// Flags of images that are encrypted.
const ENCRYPTED: u32 = 0x4 | 0x8;
/// The TLVs with a key, a signature, and a key for decryption.
const KEY: [u16; 2] = [0x01, 0x02];
const SIGNATURES: std::ops::RangeInclusive<u16> = 0x20..=0x25;
const ENCRYPTION: std::ops::RangeInclusive<u16> = 0x30..=0x33;

struct Layout {
    image: std::ops::Range<usize>,
    /// What the hash is of, from the start of the file.
    hashed: usize,
    /// Kind and contents.
    tlvs: Vec<(u16, std::ops::Range<usize>)>,
    flags: u32,
    end: usize,
}

fn layout(file: &[u8]) -> Result<Option<Layout>> {
    if le32(file, 0) != Some(MAGIC) {
        return Ok(None);
    }
    let (header, size, flags) = (
        le16(file, 8).context("it is cut off in its header")?,
        le32(file, 12).context("it is cut off in its header")?,
        le32(file, 16).context("it is cut off in its header")?,
    );
    let begin = usize::from(header);
    let end = begin
        .checked_add(size as usize)
        .filter(|end| *end <= file.len());
    let Some(end) = end else {
        bail!("the image has {size} bytes behind a header of {header}, and the file ends before");
    };
    let mut layout = Layout {
        image: begin..end,
        hashed: end,
        tlvs: Vec::new(),
        flags,
        end,
    };
    let mut at = end;
    if le16(file, at) == Some(PROTECTED) {
        at = tlvs(file, at, &mut layout.tlvs)?;
        layout.hashed = at;
    }
    if le16(file, at) != Some(PLAIN) {
        bail!("there are no TLVs at {at:#x}, behind the image");
    }
    layout.end = tlvs(file, at, &mut layout.tlvs)?;
    Ok(Some(layout))
}

/// Reads an area of TLVs; where it ends.
fn tlvs(
    file: &[u8],
    begin: usize,
    found: &mut Vec<(u16, std::ops::Range<usize>)>,
) -> Result<usize> {
    let size = le16(file, begin + 2).context("it is cut off in its TLVs")?;
    let end = begin + usize::from(size);
    if end > file.len() {
        bail!("the TLVs at {begin:#x} have {size} bytes, and the file ends before");
    }
    let mut at = begin + 4;
    while at < end {
        let (kind, length) = (le16(file, at), le16(file, at + 2));
        let (Some(kind), Some(length)) = (kind, length) else {
            bail!("the TLV at {at:#x} is cut off");
        };
        let contents = at + 4..at + 4 + usize::from(length);
        if contents.end > end {
            bail!("the TLV at {at:#x} has {length} bytes, and its area ends before");
        }
        at = contents.end;
        found.push((kind, contents));
    }
    Ok(end)
}

/// The hash that a TLV of this kind and length has.
fn hash(kind: u16, length: usize, bytes: &[u8]) -> Option<(&'static str, Vec<u8>)> {
    let made = match kind {
        0x10 => ("SHA-256", Sha256::digest(bytes).to_vec()),
        0x11 => ("SHA-384", Sha384::digest(bytes).to_vec()),
        0x12 => ("SHA-512", Sha512::digest(bytes).to_vec()),
        _ => return None,
    };
    (made.1.len() == length).then_some(made)
}

/// How many bytes an image has that `file` begins with; none if it may be something else.
pub fn extent(file: &[u8]) -> Option<usize> {
    let layout = layout(file).ok()??;
    let mut tlvs = layout.tlvs.iter();
    let known = tlvs.any(|(kind, contents)| hash(*kind, contents.len(), &[]).is_some());
    known.then_some(layout.end)
}

fn locked(layout: &Layout) -> Option<Locked> {
    let kinds = || layout.tlvs.iter().map(|(kind, _)| *kind);
    if layout.flags & ENCRYPTED != 0 || kinds().any(|kind| ENCRYPTION.contains(&kind)) {
        return Some(Locked::Closed {
            why: "the image is encrypted: replace the module in the file that it was made of, and let `imgtool sign --encrypt` make \
                  it again"
                .to_string(),
        });
    }
    let signed = kinds().any(|kind| KEY.contains(&kind) || SIGNATURES.contains(&kind));
    signed.then(|| Locked::Signed {
        by: "a key of MCUboot".to_string(),
        advice: "replace the module in the file that it was made of, and let `imgtool sign` make it again; `--unsigned` writes it \
                 without the signature"
            .to_string(),
    })
}

impl Format for Mcuboot {
    fn name(&self) -> &'static str {
        "MCUboot image"
    }

    fn open<'a>(&self, file: &'a [u8]) -> Result<Option<Inside<'a>>> {
        let Some(layout) = layout(file)? else {
            return Ok(None);
        };
        let guards = layout.tlvs.iter().filter_map(|(kind, contents)| {
            let (name, right) = hash(*kind, contents.len(), &file[..layout.hashed])?;
            Some(Guard::new(name, file[contents.clone()] == right[..]))
        });
        let guards: Vec<Guard> = guards.collect();
        let locked = locked(&layout);
        if guards.is_empty() && locked.is_none() {
            bail!("it has no hash that is known");
        }
        let mut members = vec![Member::part("", file, layout.image.clone())];
        if layout.end < file.len() {
            members.push(Member::image(file, layout.end..file.len()));
        }
        Ok(Some(Inside {
            members,
            guards,
            locked,
            notes: Vec::new(),
        }))
    }

    fn put(&self, file: &[u8], member: usize, new: &[u8], how: How) -> Result<Put> {
        let layout = layout(file)?.context("it is such an image")?;
        let inside = self.open(file)?.context("it is such an image")?;
        let mut put = Put::in_place(file, &inside.members[member], new)?;
        if member > 0 {
            return Ok(put);
        }
        for (kind, contents) in &layout.tlvs {
            if let Some((name, hash)) = hash(*kind, contents.len(), &put.file[..layout.hashed]) {
                put.write(name, contents.start, &hash);
            }
        }
        if how.unsigned && locked(&layout).is_some() {
            without_signature(&mut put, &layout)?;
        }
        Ok(put)
    }
}

/// Takes the signature and the key out of the area of TLVs that the hash is not of.
fn without_signature(put: &mut Put, layout: &Layout) -> Result<()> {
    let mut area: Vec<u8> = Vec::new();
    for (kind, contents) in &layout.tlvs {
        if contents.start <= layout.hashed || KEY.contains(kind) || SIGNATURES.contains(kind) {
            continue;
        }
        area.extend_from_slice(&put.file[contents.start - 4..contents.end]);
    }
    let size = u16::try_from(area.len() + 4).context("the area of TLVs is that large")?;
    let mut whole = PLAIN.to_le_bytes().to_vec();
    whole.extend(size.to_le_bytes());
    whole.extend(area);
    if layout.end < put.file.len() {
        // What is behind stays where it is.
        let whole = erased(&whole, layout.end - layout.hashed);
        put.write("TLVs without the signature", layout.hashed, &whole);
        return Ok(());
    }
    put.file.splice(layout.hashed..layout.end, whole);
    put.rebuilt = true;
    Ok(())
}
