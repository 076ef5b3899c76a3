//! ar: archives of objects, and packages of Debian and OpenWrt. Nothing guards what is in a file.

use std::ops::Range;

use anyhow::{Context, Result, bail};
use goblin::archive::Archive;

use crate::retrofit::container::{Edits, Format, How, Inside, Locked, Member, Put};

use super::{deb, detached};

pub struct Ar;

/// What [`Format::name`] says, for those that look at archives as a whole.
pub const NAME: &str = "ar archive";
const MAGIC: &[u8] = b"!<arch>\n";
const HEAD: usize = 60;
/// Where a header has the size of its file, in decimal digits and spaces.
const SIZE: Range<usize> = 48..58;

struct Entry {
    name: String,
    /// With the header and what makes its size even.
    whole: Range<usize>,
    data: Range<usize>,
}

struct Entries {
    files: Vec<Entry>,
    /// Whether there is an index, which knows where objects lie.
    indexed: bool,
}

fn entries(file: &[u8]) -> Result<Option<Entries>> {
    if !file.starts_with(MAGIC) {
        return Ok(None);
    }
    let archive = Archive::parse(file).context("it is cut off or damaged")?;
    let mut found = Entries {
        files: Vec::new(),
        indexed: archive
            .summarize()
            .iter()
            .any(|(_, _, symbols)| !symbols.is_empty()),
    };
    for index in 0..archive.len() {
        let Some(member) = archive.get_at(index) else {
            continue;
        };
        let name = member.extended_name().trim_end_matches('/').to_string();
        let (header, begin) = (
            usize::try_from(member.header_offset)?,
            usize::try_from(member.offset)?,
        );
        let end = begin
            .checked_add(member.size())
            .filter(|end| *end <= file.len());
        let Some(end) = end else {
            bail!(
                "{name} has {} bytes, and the archive ends before",
                member.size()
            );
        };
        if begin < header.saturating_add(HEAD) {
            bail!("the header of {name} is damaged");
        }
        if end > begin {
            found.files.push(Entry {
                name,
                whole: header..end.next_multiple_of(2).min(file.len()),
                data: begin..end,
            });
        }
    }
    found.files.sort_by_key(|entry| entry.data.start);
    let both = found
        .files
        .windows(2)
        .find(|pair| pair[0].data.end > pair[1].whole.start);
    if let Some(pair) = both {
        bail!("{} and {} have the same bytes", pair[0].name, pair[1].name);
    }
    Ok(Some(found))
}

fn locked(names: &[&str]) -> Option<Locked> {
    // What debsigs adds to a package.
    match names.iter().find(|name| name.starts_with("_gpg")) {
        Some(name) => Some(Locked::Signed {
            by: format!("{name}, which lies in it"),
            advice: "replace the module in the package before `debsigs` signs it; `--unsigned` leaves the signature out".to_string(),
        }),
        None => detached::locked(names),
    }
}

fn signatures(names: &[&str]) -> Vec<usize> {
    let mut found = detached::signatures(names);
    found.extend((0..names.len()).filter(|at| names[*at].starts_with("_gpg")));
    found
}

impl Format for Ar {
    fn name(&self) -> &'static str {
        NAME
    }

    fn open<'a>(&self, file: &'a [u8]) -> Result<Option<Inside<'a>>> {
        let Some(entries) = entries(file)? else {
            return Ok(None);
        };
        let files = entries.files.iter();
        let files = files.map(|entry| (entry.name.as_str(), &entry.data));
        let mut inside = Inside::files(file, files, locked);
        if let Some(control) = control(&entries)
            && !deb::has_sums(&file[control.data.clone()])
        {
            inside.notes.push(
                "if the package has the MD5 of its files, that of the replaced one stays, and `dpkg --verify` tells: they are in \
                 a control.tar that is not read here"
                    .to_string(),
            );
        }
        Ok(Some(inside))
    }

    fn put(&self, file: &[u8], member: usize, new: &[u8], how: How) -> Result<Put> {
        let found = entries(file)?.context("it is an ar archive")?;
        let entry = found.files.get(member).context("the member is there")?;
        let data = || file[entry.data.clone()].to_vec();
        let sums = match control(&found).filter(|_| entry.name.starts_with(deb::DATA)) {
            Some(control) => deb::control(&file[control.data.clone()], &data(), new)?,
            None => None,
        };
        let put = one(file, &found, member, new, how)?;
        let Some(sums) = sums else {
            return Ok(put);
        };
        let after = entries(&put.file)?.context("it is an ar archive")?;
        let number = after
            .files
            .iter()
            .position(|entry| entry.name.starts_with(deb::CONTROL));
        let number = number.context("the package has control files")?;
        let with = one(&put.file, &after, number, &sums, How::default())?;
        let place = after.files[number].data.start;
        let mut fields = put.fields;
        fields.push((
            "MD5 of the file, for dpkg".to_string(),
            place..place + sums.len(),
        ));
        Ok(Put {
            file: with.file,
            fields,
            rebuilt: put.rebuilt || with.rebuilt,
        })
    }

    fn goes_with(&self, file: &[u8], member: usize) -> Option<usize> {
        let found = entries(file).ok()??;
        control(&found).filter(|_| found.files[member].name.starts_with(deb::DATA))?;
        let mut files = found.files.iter();
        files.position(|entry| entry.name.starts_with(deb::CONTROL))
    }
}

/// The control files of a package.
fn control(found: &Entries) -> Option<&Entry> {
    let mut files = found.files.iter();
    files.next().filter(|first| first.name == deb::FIRST)?;
    files.find(|entry| entry.name.starts_with(deb::CONTROL))
}

/// The archive with another file in place of one.
fn one(file: &[u8], found: &Entries, member: usize, new: &[u8], how: How) -> Result<Put> {
    let Entries { files, indexed } = found;
    let entry = files.get(member).context("the member is there")?;
    let names: Vec<&str> = files.iter().map(|entry| entry.name.as_str()).collect();
    let dropped = match how.unsigned {
        true => signatures(&names),
        false => Vec::new(),
    };
    if entry.data.len() == new.len() && dropped.is_empty() {
        return Put::in_place(file, &Member::part("", file, entry.data.clone()), new);
    }
    if *indexed {
        bail!(
            "its index knows where its objects lie, so {} cannot get another size",
            entry.name
        );
    }
    let mut edits = Edits::default();
    for other in dropped.into_iter().filter(|other| *other != member) {
        edits.put(files[other].whole.clone(), Vec::new());
    }
    // A long name may be the first bytes of the file.
    let head = entry.whole.start;
    let size = entry.data.start - head - HEAD + new.len();
    let digits = format!("{size:<10}");
    if digits.len() != SIZE.len() {
        bail!("{} is too large for its header", entry.name);
    }
    edits.put(head + SIZE.start..head + SIZE.end, digits.into_bytes());
    let mut data = new.to_vec();
    if !size.is_multiple_of(2) {
        data.push(b'\n');
    }
    edits.put(entry.data.start..entry.whole.end, data);
    Ok(edits.apply(file))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{flipped_and_cut, replaced, resized};
    use super::*;

    fn image(names: &[&str]) -> Vec<u8> {
        let mut file = MAGIC.to_vec();
        for (number, name) in names.iter().enumerate() {
            let data = vec![number as u8 + 1; 31 + number];
            file.extend(
                format!(
                    "{:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n",
                    format!("{name}/"),
                    0,
                    0,
                    0,
                    "644",
                    data.len()
                )
                .bytes(),
            );
            file.extend(data);
            file.resize(file.len().next_multiple_of(2), b'\n');
        }
        file
    }

    #[test]
    fn files_are_replaced_in_place_or_in_an_archive_with_other_sizes() {
        let file = image(&["debian-binary", "a.o", "a.o"]);
        let inside = Ar.open(&file).unwrap().unwrap();
        let names: Vec<&str> = inside
            .members
            .iter()
            .map(|member| member.name.as_str())
            .collect();
        assert_eq!(names, ["debian-binary", "a.o", "a.o"]);
        assert!(inside.notes.is_empty());
        for member in 0..3 {
            replaced(&Ar, &file, member);
            resized(&Ar, &file, member);
        }
    }

    #[test]
    fn signatures_are_left_out_only_when_that_is_wanted() {
        let file = image(&["debian-binary", "data.tar", "_gpgorigin"]);
        assert!(Ar.open(&file).unwrap().unwrap().locked.is_some());
        let put = Ar.put(&file, 1, &[5; 40], How { unsigned: true }).unwrap();
        let inside = Ar.open(&put.file).unwrap().unwrap();
        assert_eq!(inside.members.len(), 2);
        assert!(inside.locked.is_none());
    }

    #[test]
    fn damage_is_an_error_and_no_panic() {
        flipped_and_cut(&Ar, &image(&["a", "b"]));
    }
}
