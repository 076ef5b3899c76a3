//! The formats that are understood, by their first bytes.

use std::ops::Range;

use anyhow::{Result, bail};

use super::image::Image;
use super::{archive, coff, elf, macho};

/// What is none of the formats.
pub const RAW: &str = "raw image";

/// The images of a file: one, or those of an archive, and what of it could not be read. `keep` says which symbols are wanted.
///
/// # Errors
///
/// A file that is cut off or damaged.
pub fn images<'a>(
    bytes: &'a [u8],
    keep: &dyn Fn(&[u8]) -> bool,
) -> Result<(Vec<Image<'a>>, Vec<String>)> {
    if bytes.starts_with(b"!<arch>\n") {
        return archive::images(bytes, |range| match one(bytes, range, keep)? {
            image if image.format == RAW => bail!("this is no object file"),
            image => Ok(image),
        });
    }
    if bytes.starts_with(b"!<thin>\n") {
        bail!(
            "a thin archive has no objects in it, only their names; give them or a linked program"
        );
    }
    one(bytes, 0..bytes.len(), keep).map(|image| (vec![image], Vec::new()))
}

/// The image that is at `range` of the file.
fn one<'a>(
    bytes: &'a [u8],
    range: Range<usize>,
    keep: &dyn Fn(&[u8]) -> bool,
) -> Result<Image<'a>> {
    let head = &bytes[range.clone()];
    match head {
        [0x7f, b'E', b'L', b'F', ..] => elf::image(bytes, range, keep),
        [b'M', b'Z', ..] => coff::program(bytes, range, keep),
        [0xcf | 0xce, 0xfa, 0xed, 0xfe, ..] | [0xfe, 0xed, 0xfa, 0xce | 0xcf, ..] => {
            macho::image(bytes, range, keep)
        }
        [0xca, 0xfe, 0xba, 0xbe, ..] => {
            let mut image = one(bytes, macho::fat(bytes, range)?, keep)?;
            image.format.push_str(", one of several in the file");
            Ok(image)
        }
        _ if coff::is_object(head) => coff::object(bytes, range, keep),
        [b'B', b'C', 0xc0, 0xde, ..] => {
            bail!("LLVM bitcode says nothing about what is built; compile it first")
        }
        [] => bail!("the file is empty"),
        // Nobody knows at which address it is loaded.
        _ => {
            let mut image = Image::new(bytes, range.clone(), RAW.to_string(), 4);
            image.region(
                range.start as u64,
                range.len() as u64,
                range.start as u64,
                true,
            );
            Ok(image)
        }
    }
}
