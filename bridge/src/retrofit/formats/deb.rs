//! Packages of Debian: an ar archive with the files in one tar archive, and in another one, beside what `dpkg` wants to know, their
//! MD5.

use std::borrow::Cow;

use anyhow::{Context, Result};
use md5::{Digest, Md5};

use crate::retrofit::container::{Format, How};

use super::gzip::Gzip;
use super::tape::Tar;

/// The first file of a package, and how the names of the two others begin.
pub const FIRST: &str = "debian-binary";
pub const CONTROL: &str = "control.tar";
pub const DATA: &str = "data.tar";
/// The file with the sums: a line for each, of 32 digits, two spaces and the path.
const SUMS: [&str; 2] = ["./md5sums", "md5sums"];

/// The tar archive that a file is, or that is compressed in it; none for what is compressed in a way that is not known here.
fn archive(file: &[u8]) -> Result<Option<Cow<'_, [u8]>>> {
    let bytes = match Gzip.open(file)? {
        Some(inside) => {
            let first = inside.members.into_iter().next();
            Cow::Owned(first.context("it has a file in it")?.bytes.into_owned())
        }
        None => Cow::Borrowed(file),
    };
    Ok(Tar.open(&bytes)?.is_some().then_some(bytes))
}

/// Whether sums can be written: what they are in is read here.
pub fn has_sums(control: &[u8]) -> bool {
    let found = archive(control).ok().flatten();
    found.is_some_and(|archive| sums(&archive).is_ok_and(|sums| sums.is_some()))
}

/// The number and the contents of the file with the sums.
fn sums(archive: &[u8]) -> Result<Option<(usize, String)>> {
    let inside = Tar.open(archive)?.context("it is a tar archive")?;
    let mut members = inside.members.iter().enumerate();
    let found = members.find(|(_, member)| SUMS.contains(&member.name.as_str()));
    Ok(found.map(|(number, member)| (number, String::from_utf8_lossy(&member.bytes).into_owned())))
}

/// The sums for other files: the archive of control files, as it has to be for `new` in place of `old`, the archives of files. None if
/// no sum changes.
///
/// # Errors
///
/// For archives that are damaged.
pub fn control(control: &[u8], old: &[u8], new: &[u8]) -> Result<Option<Vec<u8>>> {
    let (Some(old), Some(new), Some(tar)) = (archive(old)?, archive(new)?, archive(control)?)
    else {
        return Ok(None);
    };
    let Some((number, text)) = sums(&tar)? else {
        return Ok(None);
    };
    let old = Tar.open(&old)?.context("it is a tar archive")?;
    let new = Tar.open(&new)?.context("it is a tar archive")?;
    let mut made = text.clone();
    let sum = |bytes: &[u8]| -> String {
        let digest = Md5::digest(bytes);
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    };
    for (old, new) in old.members.iter().zip(&new.members) {
        if old.bytes != new.bytes {
            let path = old.name.strip_prefix("./").unwrap_or(&old.name);
            let line = |sum: String| format!("{sum}  {path}\n");
            made = made.replace(&line(sum(&old.bytes)), &line(sum(&new.bytes)));
        }
    }
    if made == text || made.len() != text.len() {
        return Ok(None);
    }
    let tar = Tar.put(&tar, number, made.as_bytes(), How::default())?.file;
    Ok(Some(match Gzip.open(control)?.is_some() {
        true => Gzip.put(control, 0, &tar, How::default())?.file,
        false => tar,
    }))
}
