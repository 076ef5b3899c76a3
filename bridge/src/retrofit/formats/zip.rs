//! zip, and what is one: jar, apk, updates. A stored file is replaced where it lies, with its CRC-32 in both places; a
//! compressed one is compressed again, to as many bytes as before where that can be. All other files stay byte for byte.

use std::ops::Range;

use anyhow::{Context, Result, bail};

use crate::retrofit::container::{
    Edits, Format, Guard, How, Inside, Locked, Member, Put, crc32, le16, le32,
};

use super::deflate::{self, MOST};
use super::detached;

pub struct Zip;

const LOCAL: u32 = 0x0403_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const END: u32 = 0x0605_4b50;
const DESCRIPTOR: u32 = 0x0807_4b50;
const LOCAL_HEAD: usize = 30;
const CENTRAL_HEAD: usize = 46;
const END_HEAD: usize = 22;
/// Flags: encrypted; the CRC-32 and the sizes come behind the data.
const ENCRYPTED: u16 = 1;
const BEHIND: u16 = 8;
const STORED: u16 = 0;
const DEFLATED: u16 = 8;
/// A number that is in an extra field of 64 bits instead.
const ELSEWHERE: u32 = u32::MAX;
/// What the signature of an Android package ends with, right before the directory.
const APK: &[u8] = b"APK Sig Block 42";

struct Entry {
    name: String,
    flags: u16,
    method: u16,
    sum: u32,
    /// Unpacked.
    size: u64,
    /// Its row in the directory.
    central: Range<usize>,
    local: usize,
    data: Range<usize>,
    /// The CRC-32 and the sizes behind the data.
    descriptor: Range<usize>,
    /// Whether its sizes have 64 bits.
    wide: bool,
}

struct Layout {
    /// In the order of the file.
    entries: Vec<Entry>,
    /// The directory.
    directory: Range<usize>,
    end: usize,
    /// The signature of an Android package.
    block: Option<Range<usize>>,
    wide: bool,
}

fn layout(file: &[u8]) -> Result<Option<Layout>> {
    if le32(file, 0) != Some(LOCAL) {
        return Ok(None);
    }
    let end = end(file).context("it is cut off: it has no directory at its end")?;
    let word = |at: usize| le16(file, at).context("it is cut off");
    let long = |at: usize| le32(file, at).context("it is cut off");
    let (count, size, begin) = (word(end + 10)?, long(end + 12)?, long(end + 16)?);
    let wide = count == u16::MAX || size == ELSEWHERE || begin == ELSEWHERE;
    let mut layout = Layout {
        entries: Vec::new(),
        directory: 0..0,
        end,
        block: None,
        wide,
    };
    if wide {
        return Ok(Some(layout));
    }
    let begin = begin as usize;
    let directory_end = begin
        .checked_add(size as usize)
        .filter(|end| *end <= layout.end);
    let Some(directory_end) = directory_end else {
        bail!("the directory at {begin:#x} has {size} bytes, and the file ends before");
    };
    layout.directory = begin..directory_end;
    let mut at = begin;
    for _ in 0..count {
        let entry = entry(&file[..directory_end], at)?;
        at = entry.central.end;
        layout.entries.push(entry);
    }
    layout.entries.sort_by_key(|entry| entry.local);
    let both = layout
        .entries
        .windows(2)
        .find(|pair| pair[0].descriptor.end > pair[1].local);
    if let Some(pair) = both {
        bail!("{} and {} have the same bytes", pair[0].name, pair[1].name);
    }
    let files_end = layout.entries.last().map_or(0, |last| last.descriptor.end);
    if files_end > begin {
        bail!("the directory lies in a file");
    }
    layout.block = block(file, files_end, begin);
    Ok(Some(layout))
}

/// Where the record at the end is, before a remark of its length.
fn end(file: &[u8]) -> Option<usize> {
    let last = file.len().checked_sub(END_HEAD)?;
    let first = last.saturating_sub(usize::from(u16::MAX));
    (first..=last).rev().find(|at| {
        le32(file, *at) == Some(END)
            && le16(file, at + 20)
                .is_some_and(|remark| at + END_HEAD + usize::from(remark) == file.len())
    })
}

/// The file of the row of the directory at `at`.
fn entry(file: &[u8], at: usize) -> Result<Entry> {
    let cut = || format!("the row of the directory at {at:#x} is cut off or damaged");
    let word = |place: usize| le16(file, at + place).with_context(cut);
    let long = |place: usize| le32(file, at + place).with_context(cut);
    if long(0)? != CENTRAL {
        bail!("{}", cut());
    }
    let (flags, method, sum) = (word(8)?, word(10)?, long(16)?);
    let lengths = [word(28)?, word(30)?, word(32)?].map(usize::from);
    let name = at + CENTRAL_HEAD..at + CENTRAL_HEAD + lengths[0];
    let extra = name.end..name.end + lengths[1];
    let central = at..extra.end + lengths[2];
    if central.end > file.len() {
        bail!("{}", cut());
    }
    let name = String::from_utf8_lossy(&file[name]).into_owned();
    let (mut packed, mut size, mut local) = (
        u64::from(long(20)?),
        u64::from(long(24)?),
        u64::from(long(42)?),
    );
    let mut more = wide_numbers(&file[extra]);
    let mut wide = false;
    for number in [&mut size, &mut packed, &mut local] {
        if *number == u64::from(ELSEWHERE) {
            *number = more
                .next()
                .with_context(|| format!("{name} does not say its sizes"))?;
            wide = true;
        }
    }
    let (local, packed) = (usize::try_from(local)?, usize::try_from(packed)?);
    if le32(file, local) != Some(LOCAL) {
        bail!("{name} is not at {local:#x}, where the directory says");
    }
    let skip = le16(file, local + 26).zip(le16(file, local + 28));
    let (name_length, extra) = skip.with_context(|| format!("the head of {name} is cut off"))?;
    let begin = local + LOCAL_HEAD + usize::from(name_length) + usize::from(extra);
    let end = begin.checked_add(packed).filter(|end| *end <= file.len());
    let Some(end) = end else {
        bail!("{name} has {packed} bytes, and the file ends before");
    };
    let descriptor = match flags & BEHIND {
        0 => end..end,
        _ => {
            let marked = le32(file, end) == Some(DESCRIPTOR);
            let from = end + if marked { 4 } else { 0 };
            if le32(file, from) != Some(sum) {
                bail!("{name} has another CRC-32 behind its data than in the directory");
            }
            // Sizes of 64 bits can be there without a word about it.
            let narrow = le32(file, from + 4) == Some(packed as u32)
                && le32(file, from + 8) == Some(size as u32);
            from..(from + if narrow { 12 } else { 20 }).min(file.len())
        }
    };
    Ok(Entry {
        name,
        flags,
        method,
        sum,
        size,
        central,
        local,
        data: begin..end,
        descriptor,
        wide,
    })
}

/// The numbers of 64 bits in extra fields.
fn wide_numbers(mut extra: &[u8]) -> impl Iterator<Item = u64> {
    const WIDE: u16 = 1;
    let mut numbers = Vec::new();
    while let (Some(kind), Some(length)) = (le16(extra, 0), le16(extra, 2)) {
        let Some(field) = extra.get(4..4 + usize::from(length)) else {
            break;
        };
        if kind == WIDE {
            let eights = field
                .chunks_exact(8)
                .filter_map(|eight| eight.first_chunk());
            numbers.extend(eights.map(|eight| u64::from_le_bytes(*eight)));
        }
        extra = &extra[4 + field.len()..];
    }
    numbers.into_iter()
}

/// The block with signatures before the directory: a length, pairs, the length again and 16 bytes that mark it.
fn block(file: &[u8], files_end: usize, directory: usize) -> Option<Range<usize>> {
    let mark = directory.checked_sub(APK.len())?;
    if mark < files_end || !file[mark..directory].starts_with(APK) {
        return None;
    }
    let length = file.get(mark.checked_sub(8)?..mark)?.first_chunk()?;
    let length = usize::try_from(u64::from_le_bytes(*length))
        .ok()?
        .checked_add(8)?;
    let begin = directory
        .checked_sub(length)
        .filter(|begin| *begin >= files_end)?;
    Some(begin..directory)
}

/// The bytes of a file; none for what cannot be unpacked here, with the reason.
fn contents(
    file: &[u8],
    entry: &Entry,
    most: usize,
) -> Result<std::result::Result<Option<Vec<u8>>, String>> {
    let data = &file[entry.data.clone()];
    if entry.flags & ENCRYPTED != 0 {
        return Ok(Err(format!(
            "{} is encrypted: nothing in it is seen or replaced",
            entry.name
        )));
    }
    Ok(match entry.method {
        STORED => Ok(None),
        DEFLATED => {
            let (bytes, length) =
                deflate::unpack(data, most).with_context(|| entry.name.clone())?;
            if length != data.len() {
                bail!(
                    "{} has {} bytes behind its data",
                    entry.name,
                    data.len() - length
                );
            }
            Ok(Some(bytes))
        }
        other => Err(format!(
            "{} is compressed in a way (number {other}) that is not known here: nothing in it is seen or replaced; pack it \
             with `zip` again",
            entry.name
        )),
    })
}

/// Whether a name is that of a signature of a jar.
fn signs_jar(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    let inner = upper.strip_prefix("META-INF/");
    inner.is_some_and(|file| {
        !file.contains('/')
            && [".RSA", ".DSA", ".EC"]
                .iter()
                .any(|ending| file.ends_with(ending))
    })
}

/// Whether a file goes with the signature of a jar.
fn of_signature(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    signs_jar(name) || upper.starts_with("META-INF/") && upper.ends_with(".SF")
}

/// Whether the remark at the end has the signature of an update for Android.
fn signed_remark(file: &[u8], end: usize) -> bool {
    let remark = file.get(end + END_HEAD..).unwrap_or_default();
    let foot = remark.len().checked_sub(6).map(|at| &remark[at..]);
    foot.is_some_and(|foot| {
        foot[2..4] == [0xff, 0xff] && le16(foot, 4) == Some(remark.len() as u16)
    })
}

fn locked(file: &[u8], layout: &Layout) -> Option<Locked> {
    let names: Vec<&str> = layout
        .entries
        .iter()
        .map(|entry| entry.name.as_str())
        .collect();
    let signed = |by: &str, advice: &str| {
        Some(Locked::Signed {
            by: by.to_string(),
            advice: advice.to_string(),
        })
    };
    if layout.wide {
        return Some(Locked::Closed {
            why: "it has a directory of 64 bits, which is not read here: pack its files with `zip` again".to_string(),
        });
    }
    if names.contains(&"manifest.json") && names.iter().any(|name| name.ends_with(".dat")) {
        return Some(Locked::Closed {
            why: "an update for Nordic's DFU has a signed hash of each image in its .dat file: replace the module in the .hex file \
                  that it is made of, and make it again with `nrfutil pkg generate`"
                .to_string(),
        });
    }
    if layout.block.is_some() {
        return signed(
            "the signature block of an Android package",
            "`--unsigned` writes it without the signature; then `zipalign` it and sign it with `apksigner sign`",
        );
    }
    if let Some(name) = names.iter().find(|name| signs_jar(name)) {
        return signed(
            name,
            "`--unsigned` writes it without the signature; then sign it with `jarsigner`, or an Android package with `apksigner sign`",
        );
    }
    if signed_remark(file, layout.end) {
        return signed(
            "the remark at its end, as updates of Android are",
            "`--unsigned` writes it without the signature; then sign it with `signapk -w`",
        );
    }
    detached::locked(&names)
}

/// What of the entries are members: what a file has, if it can be read.
fn readable(entry: &Entry) -> bool {
    entry.flags & ENCRYPTED == 0
        && matches!(entry.method, STORED | DEFLATED)
        && !entry.data.is_empty()
        && entry.size > 0
}

impl Format for Zip {
    fn name(&self) -> &'static str {
        "zip archive"
    }

    fn open<'a>(&self, file: &'a [u8]) -> Result<Option<Inside<'a>>> {
        let Some(layout) = layout(file)? else {
            return Ok(None);
        };
        let mut inside = Inside {
            locked: locked(file, &layout),
            ..Inside::default()
        };
        let mut wrong = Vec::new();
        let mut room = MOST;
        for entry in &layout.entries {
            let member = match contents(file, entry, room)? {
                Err(why) => {
                    inside.notes.push(why);
                    continue;
                }
                Ok(None) => Member::part(&entry.name, file, entry.data.clone()),
                Ok(Some(bytes)) => Member::made(&entry.name, bytes),
            };
            if member.place.is_none() {
                room = room.saturating_sub(member.bytes.len());
            }
            let there = le32(file, entry.local + 14);
            let same = there == Some(entry.sum) || entry.flags & BEHIND != 0;
            if crc32(&member.bytes) != entry.sum || !same || member.bytes.len() as u64 != entry.size
            {
                wrong.push(Guard::new(format!("CRC-32 of {}", entry.name), false));
            }
            if readable(entry) {
                inside.members.push(member);
            }
        }
        inside.guards = match wrong.is_empty() {
            true => vec![Guard::new("CRC-32 of all files", true)],
            false => wrong,
        };
        Ok(Some(inside))
    }

    fn put(&self, file: &[u8], member: usize, new: &[u8], how: How) -> Result<Put> {
        let layout = layout(file)?.context("it is a zip archive")?;
        let locked = locked(file, &layout);
        if let Some(Locked::Closed { why }) = locked {
            bail!("{why}");
        }
        let entry = layout
            .entries
            .iter()
            .filter(|entry| readable(entry))
            .nth(member);
        let entry = entry.context("the member is there")?;
        let data = match entry.method {
            STORED => new.to_vec(),
            _ => deflate::pack(new, entry.data.len())?,
        };
        let unsigned = how.unsigned && locked.is_some();
        let fields = Fields {
            sum: crc32(new),
            packed: data.len(),
            size: new.len(),
        };
        if data.len() == entry.data.len() && new.len() as u64 == entry.size && !unsigned {
            let mut put = Put {
                file: file.to_vec(),
                fields: Vec::new(),
                rebuilt: false,
            };
            put.write("", entry.data.start, &data);
            fields.write_sum(&mut put, entry, &|at| at);
            return Ok(put);
        }
        again(file, &layout, entry, data, &fields, unsigned)
    }
}

/// What is said of a file in two or three places.
struct Fields {
    sum: u32,
    packed: usize,
    size: usize,
}

impl Fields {
    /// Writes the CRC-32, where `moved` says that places are now.
    fn write_sum(&self, put: &mut Put, entry: &Entry, moved: &dyn Fn(usize) -> usize) {
        let sum = self.sum.to_le_bytes();
        let what = "CRC-32 of the file";
        let local = moved(entry.local) + 14;
        // Where the sum comes behind the data, it need not be here.
        if entry.flags & BEHIND == 0 || le32(&put.file, local) == Some(entry.sum) {
            put.write(what, local, &sum);
        }
        if !entry.descriptor.is_empty() {
            put.write(what, moved(entry.descriptor.start), &sum);
        }
        put.write(what, moved(entry.central.start) + 16, &sum);
    }

    fn write_sizes(
        &self,
        put: &mut Put,
        entry: &Entry,
        moved: &dyn Fn(usize) -> usize,
    ) -> Result<()> {
        if entry.wide
            || le32(&put.file, moved(entry.local) + 18) == Some(ELSEWHERE)
            || entry.descriptor.len() > 12
        {
            bail!(
                "{} has sizes of 64 bits: pack it with `zip` again",
                entry.name
            );
        }
        let packed = u32::try_from(self.packed)
            .context("a file is too large for zip")?
            .to_le_bytes();
        let size = u32::try_from(self.size)
            .context("a file is too large for zip")?
            .to_le_bytes();
        let both = [packed, size].concat();
        let what = "sizes of the file";
        if entry.flags & BEHIND == 0 {
            put.write(what, moved(entry.local) + 18, &both);
        }
        if !entry.descriptor.is_empty() {
            put.write(what, moved(entry.descriptor.start) + 4, &both);
        }
        put.write(what, moved(entry.central.start) + 20, &both);
        Ok(())
    }
}

/// Where a head says how long its extra fields are, which come right before the data.
const EXTRA_LENGTH: usize = 28;
/// The extra field of Android that aligns data: this, its length, the alignment, and zeros.
const ALIGNMENT: u16 = 0xd935;
const ALIGNMENT_HEAD: usize = 6;
/// What libraries are aligned to, the largest first, and everything else.
const PAGES: [usize; 2] = [16384, 4096];
const WORD: usize = 4;

/// Keeps stored files where they were, as far as programs see that which map them: at multiples of four, or of a page. Which ones
/// have other extra fields then, and how many bytes of them.
fn align<'a>(
    file: &[u8],
    layout: &Layout,
    kept: &[&'a Entry],
    edits: &mut Edits,
) -> Result<Vec<(&'a Entry, usize)>> {
    let is_stored = |entry: &Entry| entry.method == STORED && !entry.data.is_empty();
    let mut stored = layout.entries.iter().filter(|entry| is_stored(entry));
    if stored.any(|entry| !entry.data.start.is_multiple_of(WORD)) {
        return Ok(Vec::new());
    }
    let mut aligned = Vec::new();
    for entry in kept.iter().filter(|entry| is_stored(entry)) {
        let begin = entry.data.start;
        let pages = PAGES.into_iter().find(|page| begin.is_multiple_of(*page));
        let alignment = match pages.filter(|_| entry.name.ends_with(".so")) {
            Some(page) => page,
            None => WORD,
        };
        if edits.moved(begin).is_multiple_of(alignment) {
            continue;
        }
        let name = le16(file, entry.local + 26).context("the head of a file is cut off")?;
        let extra = entry.local + LOCAL_HEAD + usize::from(name);
        let fill = extra + fields(&file[extra..begin]);
        let over = edits.moved(fill) % alignment;
        let mut length = alignment - over;
        while length < ALIGNMENT_HEAD {
            length += alignment;
        }
        let mut field = ALIGNMENT.to_le_bytes().to_vec();
        field.extend((length as u16 - 4).to_le_bytes());
        field.extend((alignment as u16).to_le_bytes());
        field.resize(length, 0);
        edits.put(fill..begin, field);
        aligned.push((*entry, fill - extra + length));
    }
    Ok(aligned)
}

/// How many bytes extra fields have before those that only fill up: zeros, or the field for that.
fn fields(extra: &[u8]) -> usize {
    let (mut at, mut end) = (0, 0);
    while let (Some(kind), Some(length)) = (le16(extra, at), le16(extra, at + 2)) {
        let next = at + 4 + usize::from(length);
        if next > extra.len() {
            break;
        }
        at = next;
        if !matches!(kind, 0 | ALIGNMENT) {
            end = at;
        }
    }
    end
}

/// The archive with a file of another size, without signatures if that is wanted.
fn again(
    file: &[u8],
    layout: &Layout,
    entry: &Entry,
    data: Vec<u8>,
    fields: &Fields,
    unsigned: bool,
) -> Result<Put> {
    let mut edits = Edits::default();
    let names: Vec<&str> = layout
        .entries
        .iter()
        .map(|entry| entry.name.as_str())
        .collect();
    let beside = detached::signatures(&names);
    let goes = |number: usize, one: &Entry| {
        unsigned
            && one.local != entry.local
            && (beside.contains(&number) || of_signature(&one.name))
    };
    let mut kept = Vec::new();
    for (number, one) in layout.entries.iter().enumerate() {
        match goes(number, one) {
            true => {
                edits.put(one.local..one.descriptor.end, Vec::new());
                edits.put(one.central.clone(), Vec::new());
            }
            false => kept.push(one),
        }
    }
    let remark = layout.end + END_HEAD..file.len();
    let without_remark = unsigned && signed_remark(file, layout.end);
    if without_remark {
        edits.put(remark, Vec::new());
    }
    if let Some(block) = layout.block.clone().filter(|_| unsigned) {
        edits.put(block, Vec::new());
    }
    edits.put(entry.data.clone(), data);
    let aligned = align(file, layout, &kept, &mut edits)?;
    let mut put = edits.apply(file);
    let moved = |at: usize| edits.moved(at);
    for (one, length) in aligned {
        let length = u16::try_from(length).context("a file has too many extra fields")?;
        let there = moved(one.local) + EXTRA_LENGTH;
        put.write("places of files", there, &length.to_le_bytes());
    }
    for one in &kept {
        let at = u32::try_from(moved(one.local)).context("the archive is too large for zip")?;
        let there = moved(one.central.start) + 42;
        match le32(&put.file, there) {
            Some(ELSEWHERE) if at as usize != one.local => {
                bail!(
                    "{} has its place in 64 bits: pack it with `zip` again",
                    one.name
                )
            }
            Some(ELSEWHERE) => {}
            _ => put.write("places of files", there, &at.to_le_bytes()),
        }
    }
    fields.write_sum(&mut put, entry, &moved);
    fields.write_sizes(&mut put, entry, &moved)?;
    let end = moved(layout.end);
    let count = (kept.len() as u16).to_le_bytes();
    let begin = moved(layout.directory.start);
    let size = moved(layout.directory.end) - begin;
    put.write("end of the directory", end + 8, &[count, count].concat());
    put.write(
        "end of the directory",
        end + 12,
        &(size as u32).to_le_bytes(),
    );
    put.write(
        "end of the directory",
        end + 16,
        &(begin as u32).to_le_bytes(),
    );
    if without_remark {
        put.write("end of the directory", end + 20, &[0, 0]);
    }
    Ok(put)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{flipped_and_cut, replaced, resized};
    use super::*;

    struct File {
        name: &'static str,
        data: Vec<u8>,
        method: u16,
        flags: u16,
    }

    fn file(name: &'static str, method: u16, flags: u16) -> File {
        let data = (0..700u32).map(|at| ((at * at) >> 6) as u8).collect();
        File {
            name,
            data,
            method,
            flags,
        }
    }

    fn image(files: &[File], block: &[u8], remark: &[u8]) -> Vec<u8> {
        let (mut image, mut rows) = (Vec::new(), Vec::new());
        let halves = |to: &mut Vec<u8>, halves: &[u16]| {
            halves.iter().for_each(|half| to.extend(half.to_le_bytes()))
        };
        for file in files {
            let local = image.len() as u32;
            let packed = match file.method {
                DEFLATED => deflate::pack(&file.data, 0).unwrap(),
                _ => file.data.clone(),
            };
            let said = [
                crc32(&file.data),
                packed.len() as u32,
                file.data.len() as u32,
            ];
            let said: Vec<u8> = said.iter().flat_map(|word| word.to_le_bytes()).collect();
            let behind = file.flags & BEHIND != 0;
            image.extend(LOCAL.to_le_bytes());
            halves(&mut image, &[20, file.flags, file.method, 1, 2]);
            image.extend(if behind { &[0; 12] } else { &said[..] });
            halves(&mut image, &[file.name.len() as u16, 0]);
            image.extend(file.name.bytes());
            image.extend(packed);
            if behind {
                image.extend(DESCRIPTOR.to_le_bytes());
                image.extend(&said);
            }
            rows.extend(CENTRAL.to_le_bytes());
            halves(&mut rows, &[20, 20, file.flags, file.method, 1, 2]);
            rows.extend(said);
            halves(&mut rows, &[file.name.len() as u16, 0, 0, 0, 0, 0, 0]);
            rows.extend(local.to_le_bytes());
            rows.extend(file.name.bytes());
        }
        image.extend(block);
        let begin = image.len() as u32;
        image.extend(&rows);
        image.extend(END.to_le_bytes());
        let count = files.len() as u16;
        halves(&mut image, &[0, 0, count, count]);
        image.extend((rows.len() as u32).to_le_bytes());
        image.extend(begin.to_le_bytes());
        halves(&mut image, &[remark.len() as u16]);
        image.extend(remark);
        image
    }

    fn all() -> Vec<u8> {
        let files = [
            file("stored", STORED, 0),
            file("d/deflated", DEFLATED, 0),
            file("behind", STORED, BEHIND),
            file("both", DEFLATED, BEHIND),
            file("secret", STORED, ENCRYPTED),
            file("rare", 12, 0),
        ];
        image(&files, b"", b"a remark")
    }

    #[test]
    fn files_of_every_way_are_replaced() {
        let file = all();
        let inside = Zip.open(&file).unwrap().unwrap();
        let names: Vec<&str> = inside
            .members
            .iter()
            .map(|member| member.name.as_str())
            .collect();
        assert_eq!(names, ["stored", "d/deflated", "behind", "both"]);
        assert_eq!(inside.notes.len(), 2);
        assert_eq!(inside.guards, [Guard::new("CRC-32 of all files", true)]);
        replaced(&Zip, &file, 0);
        replaced(&Zip, &file, 2);
        for member in 0..4 {
            resized(&Zip, &file, member);
        }
    }

    #[test]
    fn what_is_compressed_keeps_its_size_where_there_is_room() {
        let file = all();
        let inside = Zip.open(&file).unwrap().unwrap();
        for member in [1, 3] {
            let mut new = inside.members[member].bytes.to_vec();
            new[100..400].fill(0);
            let put = Zip.put(&file, member, &new, How::default()).unwrap();
            assert!(!put.rebuilt && put.file.len() == file.len());
            let after = Zip.open(&put.file).unwrap().unwrap();
            assert_eq!(after.members[member].bytes[..], new[..]);
            assert!(after.guards.iter().all(|guard| guard.right));
        }
    }

    #[test]
    fn stored_files_stay_aligned_where_all_were() {
        let names = [
            "packed.bin",
            "four.bin",
            "lib/arm/a.so",
            "META-INF/A.RSA",
            "last.bin",
        ];
        let mut files: Vec<File> = names.map(|name| file(name, STORED, 0)).into();
        files[0].method = DEFLATED;
        let plain = image(&files, b"", b"");
        // `zipalign` fills up with zeros in extra fields.
        let fill = |file: &[u8], to: &dyn Fn(&str) -> usize| {
            let mut edits = Edits::default();
            let layout = layout(file).unwrap().unwrap();
            for entry in &layout.entries {
                if entry.method == STORED {
                    let begin = edits.moved(entry.data.start);
                    let more = begin.next_multiple_of(to(&entry.name)) - begin;
                    edits.put(entry.data.start..entry.data.start, vec![0; more]);
                    let length = (more as u16).to_le_bytes().to_vec();
                    edits.put(entry.local + 28..entry.local + 30, length);
                }
            }
            let mut put = edits.apply(file);
            for entry in &layout.entries {
                let at = edits.moved(entry.local) as u32;
                put.write("", edits.moved(entry.central.start) + 42, &at.to_le_bytes());
            }
            let begin = edits.moved(layout.directory.start) as u32;
            put.write("", edits.moved(layout.end) + 16, &begin.to_le_bytes());
            put.file
        };
        let begins = |file: &[u8]| -> Vec<(String, usize)> {
            let entries = layout(file).unwrap().unwrap().entries.into_iter();
            let stored = entries.filter(|entry| entry.method == STORED);
            stored.map(|entry| (entry.name, entry.data.start)).collect()
        };
        let page = |name: &str| if name.ends_with(".so") { 4096 } else { 4 };
        let aligned = fill(&plain, &page);
        let how = How { unsigned: true };
        for length in [1000, 1001, 1002, 1003, 20_000] {
            let new: Vec<u8> = (0..length)
                .map(|at: u32| (at.wrapping_mul(at * 7) >> 7) as u8)
                .collect();
            let put = Zip.put(&aligned, 0, &new, how).unwrap();
            let inside = Zip.open(&put.file).unwrap().unwrap();
            assert_eq!(inside.members.len(), 4);
            assert!(inside.guards.iter().all(|guard| guard.right));
            for (name, begin) in begins(&put.file) {
                assert_eq!(begin % page(&name), 0, "{name} of {length}");
            }
            // Where nobody has aligned anything, nothing is added.
            let put = Zip.put(&plain, 0, &new, How::default()).unwrap();
            let more = put.file.len() as i64 - plain.len() as i64;
            let was = layout(&plain).unwrap().unwrap().entries[0].data.len() as i64;
            let is = layout(&put.file).unwrap().unwrap().entries[0].data.len() as i64;
            assert_eq!(more, is - was);
        }
    }

    #[test]
    fn a_wrong_sum_in_either_place_is_said() {
        let right = all();
        for place in [14, LOCAL_HEAD + 20] {
            let mut file = right.clone();
            file[place] ^= 1;
            let inside = Zip.open(&file).unwrap().unwrap();
            assert_eq!(inside.guards, [Guard::new("CRC-32 of stored", false)]);
        }
        let mut file = right.clone();
        let row = file
            .windows(4)
            .position(|four| four == CENTRAL.to_le_bytes())
            .unwrap();
        file[row + 16] ^= 1;
        assert!(!Zip.open(&file).unwrap().unwrap().guards[0].right);
    }

    #[test]
    fn signatures_are_left_out_only_when_that_is_wanted() {
        let mut block = 24u64.to_le_bytes().to_vec();
        block.extend(24u64.to_le_bytes());
        block.extend(APK);
        let jar = || {
            [
                file("META-INF/A.SF", DEFLATED, 0),
                file("app.bin", STORED, 0),
                file("META-INF/A.RSA", STORED, 0),
                file("z", STORED, BEHIND),
            ]
        };
        let remark = [b"signed".as_slice(), &[8, 0, 0xff, 0xff, 12, 0]].concat();
        let beside = [file("app.bin", STORED, 0), file("app.bin.sig", STORED, 0)];
        let plain = [file("app.bin", STORED, 0)];
        for (file, count) in [
            (image(&jar(), b"", b""), 2),
            (image(&jar(), &block, b"x"), 2),
            (image(&plain, &block, b""), 1),
            (image(&plain, b"", &remark), 1),
            (image(&beside, b"", b""), 1),
        ] {
            let inside = Zip.open(&file).unwrap().unwrap();
            assert!(matches!(inside.locked, Some(Locked::Signed { .. })));
            let member = inside
                .members
                .iter()
                .position(|member| member.name == "app.bin")
                .unwrap();
            let put = Zip
                .put(&file, member, &[5; 700], How { unsigned: true })
                .unwrap();
            let after = Zip.open(&put.file).unwrap().unwrap();
            assert!(after.locked.is_none(), "{:?}", after.locked);
            assert_eq!(after.members.len(), count);
            assert_eq!(after.members[0].bytes[..], [5; 700]);
            assert!(after.guards.iter().all(|guard| guard.right));
        }
    }

    #[test]
    fn updates_of_nordic_are_left_to_their_program() {
        let files = [
            file("manifest.json", DEFLATED, 0),
            file("a.bin", STORED, 0),
            file("a.dat", STORED, 0),
        ];
        let file = image(&files, b"", b"");
        let inside = Zip.open(&file).unwrap().unwrap();
        assert!(matches!(inside.locked, Some(Locked::Closed { .. })));
        assert!(Zip.put(&file, 1, &[5; 700], How::default()).is_err());
    }

    #[test]
    fn damage_is_an_error_and_no_panic() {
        flipped_and_cut(&Zip, &all());
    }
}
