//! Static archives: `ar` in the ways of GNU, BSD and Windows.

use std::fmt;
use std::ops::Range;

use anyhow::{Context, Result, bail};
use goblin::archive::Archive;

use super::image::Image;

/// The most characters of a member's name that are said.
const NAME: usize = 100;

/// Members that cannot be read and are named; the others are counted.
const NAMED: usize = 20;

/// The images of an archive, each as `read` reads it, and what of it could not be read.
pub fn images<'a>(
    bytes: &'a [u8],
    read: impl Fn(Range<usize>) -> Result<Image<'a>>,
) -> Result<(Vec<Image<'a>>, Vec<String>)> {
    let archive = Archive::parse(bytes).context("the archive is cut off or damaged")?;
    let mut images = Vec::new();
    let mut unknown = Vec::new();
    for index in 0..archive.len() {
        let Some(member) = archive.get_at(index) else {
            continue;
        };
        // Any number of members may have one long name.
        let name = Shortened(member.extended_name());
        let start = usize::try_from(member.offset)?;
        let end = start.saturating_add(member.size());
        if end > bytes.len() {
            bail!("the archive is cut off in {name} (at offset {start:#x})");
        }
        match read(start..end) {
            Ok(mut image) => {
                image.in_archive = true;
                images.push(image);
            }
            Err(why) => unknown.push(format!("{name} (at offset {start:#x}): {why:#}")),
        }
    }
    if unknown.len() > NAMED {
        let more = unknown.len() - NAMED;
        unknown.truncate(NAMED);
        unknown.push(format!("{more} more members"));
    }
    if images.is_empty() {
        match unknown.first() {
            Some(first) => bail!("nothing in the archive can be read: {first}"),
            None => bail!("the archive is empty"),
        }
    }
    Ok((images, unknown))
}

/// A name of which the first characters are shown.
struct Shortened<'a>(&'a str);

impl fmt::Display for Shortened<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.char_indices().nth(NAME) {
            Some((end, _)) => write!(f, "{}…", &self.0[..end]),
            None => f.write_str(self.0),
        }
    }
}
