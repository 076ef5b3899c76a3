//! A module is replaced, and the image is held to what was planned.

use std::collections::BTreeSet;
use std::ops::Range;

use anyhow::{Context, Result, bail, ensure};
use serde::Serialize;
use wasmparser::{Validator, WasmFeatures};

use super::Locked;
use super::container::{How, Inside, Member, Put, inside};
use super::fit::{self, Difference, differences};
use super::fixup::Fixup;
use super::pad::{self, Most};
use super::slots::{HEAD, Kind, Report, Slot, head, slots};
use crate::check::{Effect, Kind as FindingKind, check};
use crate::flatten::{FlattenOptions, Strip, flatten};
use crate::lower::lower;
use crate::probe::embedded;
use crate::profiles::Profile;
use crate::progress::step;
use crate::sniff::{Binary, sniff};

/// Which slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Where {
    /// By its number in the list.
    Number(usize),
    /// By what the list calls it, or its symbol; with another size than the list says.
    Named {
        /// A path with an offset, or a symbol.
        name: String,
        /// The bytes that the slot has, if the list is wrong about it.
        size: Option<u64>,
    },
}

impl Where {
    /// Reads `2`, `guest_wasm`, `app.bin!0x120` or `0x120+4096`.
    pub fn parse(text: &str) -> Where {
        if let Ok(number) = text.parse() {
            return Where::Number(number);
        }
        let (name, size) = match text.rsplit_once('+') {
            Some((name, size)) => match number(size) {
                Some(size) => (name, Some(size)),
                None => (text, None),
            },
            None => (text, None),
        };
        Where::Named {
            name: name.to_string(),
            size,
        }
    }

    fn is(&self, slot: &Slot) -> bool {
        match self {
            Where::Number(number) => *number == slot.number,
            Where::Named { name, .. } => *name == slot.path || slot.symbol.as_ref() == Some(name),
        }
    }

    fn size(&self) -> Option<u64> {
        match self {
            Where::Number(_) => None,
            Where::Named { size, .. } => *size,
        }
    }
}

/// A number in decimal, or with `0x`.
pub fn number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

/// What the caller may choose.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Which slots; none where there is only one.
    pub slots: Vec<Where>,
    /// The runtime, where the image does not tell.
    pub profile: Option<Profile>,
    /// Which differences from the old module are wanted.
    pub allow: BTreeSet<Difference>,
    /// Go on where a checksum of the image is wrong as it is.
    pub allow_wrong_guards: bool,
    /// Leave signatures out.
    pub unsigned: bool,
    /// Checksums that only the vendor knows of.
    pub fixups: Vec<Fixup>,
    /// Where the length of the module is in the file that has the slot: 32 bits, low byte first. The module is not padded then.
    pub length_at: Option<u64>,
}

/// An image with another module.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Replaced {
    /// The image, of the length that it had.
    #[serde(skip)]
    pub image: Vec<u8>,
    /// The slots that have the new module.
    pub slots: Vec<Slot>,
    /// The bytes of the new module before it was made as long as its slot.
    pub module: usize,
    /// What was written beside it, from the innermost file outwards.
    pub changes: Vec<Change>,
    /// What else is to be known.
    pub notes: Vec<String>,
}

/// Bytes that were written, of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Change {
    /// The file; nothing for the image itself.
    pub path: String,
    /// What they are, such as the name of a checksum.
    pub what: String,
    /// Where in the file.
    pub places: Vec<u64>,
    /// All of their bytes.
    pub length: u64,
}

/// Puts `new`, a core module or a component, in place of a module of `image`.
///
/// # Errors
///
/// When it does not fit, the image is guarded by what cannot be made again, or the result is not what was planned. The image is
/// never changed.
pub fn replace(image: &[u8], new: &[u8], options: &Options) -> Result<Replaced> {
    let report = slots(image, options.profile.as_ref())?;
    let chosen = choose(image, &report, options)?;
    let Some(profile) = &report.profile else {
        bail!(
            "no runtime is known in the image: say with --profile what runs the module (`p1bridge profiles` lists what there is)"
        );
    };
    for file in &report.files {
        let wrong = file.guards.iter().find(|guard| !guard.right);
        if let Some(wrong) = wrong.filter(|_| !options.allow_wrong_guards) {
            bail!(
                "{}the {} of the {} is not right as it is: the image is damaged, or guarded in another way; --allow checksums goes \
                 on and makes it right",
                shown(&file.path),
                wrong.what,
                file.format
            );
        }
    }
    let ways = options.fixups.iter().map(|fixup| fixup.way(image));
    let ways = ways.collect::<Result<Vec<_>>>()?;
    // What the old modules import is there, whether or not it was found in the runtime. `--allow imports` is for the rest.
    let mut imports = Vec::new();
    for slot in chosen.iter().filter(|slot| slot.length > 0) {
        imports.extend(fit::imports(&contents(image, slot)?)?);
    }
    let is_given = |what: &str| {
        let is_of = |(module, name): &(String, String)| {
            what.strip_prefix(&format!("{module}.{name} "))
                .is_some_and(|rest| rest == "is not provided")
        };
        options.allow.contains(&Difference::Imports) || imports.iter().any(is_of)
    };
    step(|| "making the module fit".to_string());
    let (module, mut notes) = prepared(new, profile, &chosen, &is_given)?;
    let mut replaced = Replaced {
        image: image.to_vec(),
        slots: Vec::new(),
        module: module.len(),
        changes: Vec::new(),
        notes: Vec::new(),
    };
    let mut mosts = Vec::new();
    for (before, slot) in chosen.iter().enumerate() {
        let mut slot = slot.clone();
        if before > 0 && options.unsigned {
            // Without the signatures, the numbers of files are others.
            let now = slots(&replaced.image, Some(profile))?;
            let same = now.slots.into_iter().nth(slot.number - 1);
            slot.members = same.context("the slot is there")?.members;
        }
        let slot = &slot;
        let old = contents(&replaced.image, slot)?;
        let known = |module: &str, name: &str| profile.names_function(module, name);
        let differences = match slot.length {
            // An empty slot: nobody has promised anything.
            0 => Vec::new(),
            _ => differences(&old, &module, &known)?,
        };
        let complaints: Vec<String> = differences
            .into_iter()
            .filter(|(difference, _)| !options.allow.contains(difference))
            .map(|(difference, what)| format!("{what} (--allow {})", difference.word()))
            .collect();
        if !complaints.is_empty() {
            bail!(
                "the module does not fit the slot {}:\n  {}",
                slot.path,
                complaints.join("\n  ")
            );
        }
        // In an empty slot, nothing was.
        let most = match slot.length {
            0 => Most::default(),
            _ => fit::most(&old)?,
        };
        mosts.push(most);
        let edit = Edit {
            slot,
            module: &module,
            most,
            length_at: options.length_at,
            how: How {
                unsigned: options.unsigned,
            },
        };
        step(|| format!("replacing {}", slot.path));
        let place = (&slot.members[..], String::new(), 0);
        replaced.image = edit.put(&replaced.image, place, &mut replaced.changes)?;
    }
    for (fixup, way) in options.fixups.iter().zip(ways) {
        fixup.apply(&mut replaced.image, way)?;
        replaced.changes.push(Change {
            path: String::new(),
            what: format!("checksum of --fixup {fixup}"),
            places: vec![fixup.offset()],
            length: fixup.length(),
        });
    }
    let chosen: Vec<(Slot, Most)> = chosen.into_iter().zip(mosts).collect();
    let after = verify(&report, &chosen, &module, &replaced.image, options)
        .context("the new image is not what was planned, and nothing is written")?;
    replaced.slots = chosen
        .iter()
        .filter_map(|(slot, _)| after.slots.get(slot.number - 1).cloned())
        .collect();
    for file in &after.files {
        notes.extend(
            file.notes
                .iter()
                .map(|note| format!("{}{note}", shown(&file.path))),
        );
    }
    replaced.notes = notes;
    Ok(replaced)
}

/// The bytes of the module in a slot.
///
/// # Errors
///
/// For an image that cannot be read.
pub fn contents(image: &[u8], slot: &Slot) -> Result<Vec<u8>> {
    fn inner(file: &[u8], members: &[usize], slot: &Slot) -> Result<Vec<u8>> {
        let Some((first, rest)) = members.split_first() else {
            let end = slot.at + slot.length as usize;
            let bytes = file.get(slot.at..end).context("the slot is in the file")?;
            return Ok(match slot.kind {
                Kind::Base64 => embedded::decode(bytes),
                _ => bytes.to_vec(),
            });
        };
        let (_, inside) = inside(file)?.context("the file is of a known format")?;
        let member = inside.members.get(*first).context("the member is there")?;
        inner(&member.bytes, rest, slot)
    }
    inner(image, &slot.members, slot)
}

fn shown(path: &str) -> String {
    match path {
        "" => String::new(),
        path => format!("{path}: "),
    }
}

impl Report {
    /// The only slot, or the one that is meant.
    ///
    /// # Errors
    ///
    /// When there is none, or it is not said which.
    pub fn one(&self, wanted: &[Where]) -> Result<&Slot> {
        let found: Vec<&Slot> = match wanted {
            [] => self.slots.iter().collect(),
            [wanted] => self.slots.iter().filter(|slot| wanted.is(slot)).collect(),
            _ => bail!("--slot is given several times, and one is wanted"),
        };
        match found[..] {
            [only] => Ok(only),
            [] => bail!("there is no such slot:{}", self.list()),
            _ => bail!(
                "there are several; --slot says which is meant:{}",
                self.list()
            ),
        }
    }

    /// A line for each slot.
    fn list(&self) -> String {
        let lines = self
            .slots
            .iter()
            .map(|slot| format!("\n  {}. {}", slot.number, slot.path));
        lines.collect()
    }
}

/// The slots that were asked for, if modules can be put there.
fn choose(image: &[u8], report: &Report, options: &Options) -> Result<Vec<Slot>> {
    let list = || report.list();
    let modules = || {
        let slots = report.slots.iter();
        slots.filter(|slot| !matches!(slot.kind, Kind::Aot | Kind::Component))
    };
    let mut chosen: Vec<Slot> = Vec::new();
    if options.slots.is_empty() {
        let mut all = modules();
        match (all.next(), all.next()) {
            (Some(only), None) => chosen.push(only.clone()),
            (Some(_), Some(_)) => bail!(
                "there are several modules in it; --slot says which one is to be replaced:{}",
                list()
            ),
            (None, _) => match report.slots.is_empty() {
                true => bail!(
                    "no module was found in it. What is compressed, encrypted, or written as numbers in text cannot be found{}",
                    closed(report)
                ),
                false => bail!("there is no core module in it:{}", list()),
            },
        }
    }
    for wanted in &options.slots {
        let found: Vec<&Slot> = report.slots.iter().filter(|slot| wanted.is(slot)).collect();
        let slot = match found[..] {
            [only] => only,
            [] => bail!("--slot: there is no such slot; there are:{}", list()),
            _ => bail!(
                "--slot: several slots are called so; give the number of one:{}",
                list()
            ),
        };
        let slot = match wanted.size() {
            Some(size) => resized(image, slot, size, options)?,
            None => slot.clone(),
        };
        if chosen.iter().all(|one| one.number != slot.number) {
            chosen.push(slot);
        }
    }
    for slot in &chosen {
        usable(slot, options)?;
    }
    Ok(chosen)
}

/// What to do about the files that nothing can be found in.
fn closed(report: &Report) -> String {
    let whys = report.files.iter().filter_map(|file| match &file.locked {
        Some(Locked::Closed { why }) => {
            Some(format!("\n  {}{}: {why}", shown(&file.path), file.format))
        }
        _ => None,
    });
    whys.collect()
}

/// A slot of the size that the caller says. Nothing else may lie there, and the firmware has to know about it.
fn resized(image: &[u8], slot: &Slot, size: u64, options: &Options) -> Result<Slot> {
    let called = format!("--slot {}+{size}", slot.path);
    ensure!(
        slot.kind != Kind::Base64 && slot.kind != Kind::Marked,
        "{called}: this slot says its size itself"
    );
    ensure!(
        size >= slot.length,
        "{called}: the module there has {} bytes, and its end would be left behind the new one",
        slot.length
    );
    let resized = Slot {
        capacity: size,
        at_most: None,
        ..slot.clone()
    };
    if size == slot.length || slot.at_most == Some(size) {
        return Ok(resized);
    }
    let all = Slot {
        length: size,
        ..slot.clone()
    };
    let all = contents(image, &all).with_context(|| called.clone())?;
    // A module with custom sections at its end that nobody would have taken for some.
    if Validator::new_with_features(WasmFeatures::all())
        .validate_all(&all)
        .is_ok()
    {
        return Ok(resized);
    }
    let behind = &all[slot.length as usize..];
    if let Some(at) = behind.iter().position(|byte| !matches!(byte, 0 | 0xff)) {
        bail!(
            "{called}: something else is there, from {:#x} on",
            slot.offset + slot.length + at as u64
        );
    }
    ensure!(
        options.length_at.is_some(),
        "{called}: the firmware takes the module for {} bytes long: --length-at says where it has that from",
        slot.length
    );
    Ok(resized)
}

/// Refuses a slot that no module can be put into.
fn usable(slot: &Slot, options: &Options) -> Result<()> {
    let path = &slot.path;
    match slot.kind {
        Kind::Aot => bail!(
            "{path} is code that `wamrc` has compiled for one processor, no WebAssembly: compile the flat module with the same \
             `wamrc` and the same options"
        ),
        Kind::Component => {
            bail!(
                "{path} is a component, which only a runtime for components loads: nothing there needs p1bridge"
            )
        }
        Kind::Module | Kind::Base64 | Kind::Marked => {}
    }
    // In what is compressed, pieces of modules can be seen.
    if let Some(Locked::Closed { why }) = &slot.locked {
        bail!("{path}: {why}");
    }
    if let Some(damaged) = &slot.damaged {
        bail!("what lies at {path} is not valid ({damaged}), so nobody knows how long it is");
    }
    if let Some(most) = slot.at_most {
        let why = match &slot.symbol {
            Some(symbol) => format!("{symbol} says {most}"),
            None => format!("{most} if what follows belongs to it"),
        };
        bail!(
            "the module at {path} has {} bytes, and {why}: --slot {path}+{} or --slot {path}+{most} says which it is",
            slot.length,
            slot.length
        );
    }
    match &slot.locked {
        Some(Locked::Signed { by, advice }) if !options.unsigned => {
            bail!("{path} is in an image that is signed by {by}: {advice}")
        }
        _ => Ok(()),
    }
}

/// The new module, as the runtime takes it; and what was done. `is_given` says of what `check` says of an import whether the
/// firmware gives it nevertheless.
fn prepared(
    new: &[u8],
    profile: &Profile,
    chosen: &[Slot],
    is_given: &dyn Fn(&str) -> bool,
) -> Result<(Vec<u8>, Vec<String>)> {
    let room = chosen.iter().map(room).min().unwrap_or(0);
    let mut notes = Vec::new();
    let module = match sniff(new)? {
        Binary::Module => {
            let verdict = check(new, profile)?;
            match verdict.fits {
                true => new.to_vec(),
                false => {
                    let lowered = lower(new, profile)?;
                    notes.extend(lowered.done.iter().map(|done| format!("lowered: {done}")));
                    lowered.wasm
                }
            }
        }
        Binary::Component => {
            let flat = |strip| {
                let options = FlattenOptions {
                    profile: profile.clone(),
                    strip,
                    ..FlattenOptions::default()
                };
                flatten(new, &options)
            };
            let whole = flat(Strip::Nothing)?;
            notes.push("the component was flattened".to_string());
            match whole.wasm.len() as u64 <= room {
                true => whole.wasm,
                false => {
                    notes.push("names and the world were left out, for the room".to_string());
                    flat(Strip::All)?.wasm
                }
            }
        }
    };
    if module.len() as u64 > room {
        bail!(
            "the module has {} bytes, and the slot has room for {room}: {} too many. `flatten --strip`, `--isolation trusted` for \
             guests that are trusted, and `wasm-opt -Oz` on what goes in make it shorter",
            module.len(),
            module.len() as u64 - room
        );
    }
    let reasons: Vec<String> = check(&module, profile)?
        .findings
        .iter()
        .filter(|finding| finding.effect != Effect::Note)
        .filter(|finding| finding.kind != FindingKind::Import || !is_given(&finding.what))
        .map(|finding| {
            let allow = match finding.kind {
                FindingKind::Import => " (--allow imports)",
                _ => "",
            };
            format!("\n  {}: {}{allow}", finding.effect, finding.one_line())
        })
        .collect();
    if !reasons.is_empty() {
        bail!(
            "the module does not run on the image's runtime:{}",
            reasons.concat()
        );
    }
    Ok((module, notes))
}

/// How many bytes a module may have.
fn room(slot: &Slot) -> u64 {
    match slot.kind {
        Kind::Base64 => slot.capacity * 3 / 4,
        _ => slot.capacity,
    }
}

struct Edit<'a> {
    slot: &'a Slot,
    module: &'a [u8],
    most: Most,
    length_at: Option<u64>,
    how: How,
}

impl Edit<'_> {
    /// The file with the new module, from the inside outwards. Every byte that differs is in a field that was written.
    fn put(
        &self,
        file: &[u8],
        (members, path, base): (&[usize], String, u64),
        changes: &mut Vec<Change>,
    ) -> Result<Vec<u8>> {
        let put = match members.split_first() {
            None => self.leaf(file)?,
            Some((first, rest)) => {
                let (format, inside) = inside(file)?.context("the file is of a known format")?;
                let member = inside.members.get(*first).context("the member is there")?;
                let (below, begin) = Member::below(&member.name, member.base, &path, base);
                let new = self.put(&member.bytes, (rest, below, begin), changes)?;
                let put = format.put(file, *first, &new, self.how)?;
                if put.rebuilt {
                    let also = format.goes_with(file, *first);
                    nothing_else(&inside, (*first, &new), also, &put, self.how)?;
                }
                put
            }
        };
        if !put.rebuilt {
            only_there(file, &put)?;
        }
        let path = path.trim_end_matches('!').to_string();
        for (what, range) in put.fields {
            if what.is_empty() {
                continue;
            }
            let (offset, length) = (base + range.start as u64, range.len() as u64);
            let mut before = changes.iter_mut();
            match before.find(|change| change.path == path && change.what == what) {
                Some(change) if change.places.contains(&offset) => {}
                Some(change) => {
                    change.places.push(offset);
                    change.length += length;
                }
                None => changes.push(Change {
                    path: path.clone(),
                    what,
                    places: vec![offset],
                    length,
                }),
            }
        }
        Ok(put.file)
    }

    fn leaf(&self, bytes: &[u8]) -> Result<Put> {
        let (slot, module) = (self.slot, self.module);
        let mut put = Put {
            file: bytes.to_vec(),
            fields: Vec::new(),
            rebuilt: false,
        };
        let capacity = slot.capacity as usize;
        let end = slot
            .at
            .checked_add(capacity)
            .filter(|end| *end <= bytes.len());
        ensure!(
            end.is_some(),
            "the slot {} has {capacity} bytes, and its file ends before",
            slot.path
        );
        match slot.kind {
            Kind::Base64 => {
                let old = embedded::decode(&bytes[slot.at..slot.at + capacity]);
                let text = embedded::encode(
                    &pad::to(module, old.len(), self.most)?,
                    &bytes[slot.at..slot.at + capacity],
                );
                put.write("the module", slot.at, &text);
            }
            Kind::Marked => {
                put.write("the module", slot.at, module);
                let rest = vec![0xff; capacity - module.len()];
                put.write("the rest of the slot", slot.at + module.len(), &rest);
                let head = head(capacity as u32, module);
                put.write("the head of the slot", slot.at - HEAD, &head);
            }
            _ if let Some(at) = self.length_at => {
                put.write("the module", slot.at, module);
                let at = at as usize;
                ensure!(
                    at.checked_add(4).is_some_and(|end| end <= bytes.len()),
                    "--length-at {at:#x} is behind the file"
                );
                put.write(
                    "the length of the module",
                    at,
                    &(module.len() as u32).to_le_bytes(),
                );
            }
            _ => put.write(
                "the module",
                slot.at,
                &pad::to(module, capacity, self.most)?,
            ),
        }
        Ok(put)
    }
}

/// Refuses a file in which anything else is another than before.
fn only_there(old: &[u8], put: &Put) -> Result<()> {
    ensure!(old.len() == put.file.len(), "the file has another length");
    let mut fields: Vec<&Range<usize>> = put.fields.iter().map(|(_, range)| range).collect();
    fields.sort_by_key(|range| range.start);
    let mut at = 0;
    for range in fields {
        if range.start > at {
            ensure!(
                old[at..range.start] == put.file[at..range.start],
                "bytes before {:#x} have changed",
                range.start
            );
        }
        at = at.max(range.end);
    }
    ensure!(
        old[at..] == put.file[at..],
        "bytes behind {at:#x} have changed"
    );
    Ok(())
}

/// Refuses a file that was put together again and has another file in it than before, or one less that is no signature.
fn nothing_else(
    before: &Inside<'_>,
    (number, new): (usize, &[u8]),
    also: Option<usize>,
    put: &Put,
    how: How,
) -> Result<()> {
    let (_, after) = inside(&put.file)?.context("the file is of a known format")?;
    let mut expected = before.members.iter().enumerate();
    for member in &after.members {
        loop {
            let (at, old) = expected
                .next()
                .with_context(|| format!("{} is another file than before", member.name))?;
            let bytes = if at == number { new } else { &old.bytes };
            if *bytes == member.bytes[..] || also == Some(at) && old.name == member.name {
                break;
            }
            ensure!(
                how.unsigned && at != number,
                "{} has other contents",
                old.name
            );
        }
    }
    let mut rest = expected;
    ensure!(
        rest.all(|(at, _)| how.unsigned && at != number),
        "a file is missing"
    );
    Ok(())
}

/// Reads the new image as if it were any: the same slots, the module where it is to be, everything else as it was, and all
/// guards right.
fn verify(
    before: &Report,
    chosen: &[(Slot, Most)],
    module: &[u8],
    image: &[u8],
    options: &Options,
) -> Result<Report> {
    let after = slots(image, before.profile.as_ref())?;
    ensure!(
        after.slots.len() == before.slots.len(),
        "there are {} modules in it, and were {}",
        after.slots.len(),
        before.slots.len()
    );
    for (old, new) in before.slots.iter().zip(&after.slots) {
        let replaced = chosen.iter().find(|(slot, _)| slot.number == old.number);
        ensure!(
            old.path == new.path && old.kind == new.kind,
            "{} is {} now",
            old.path,
            new.path
        );
        match replaced {
            None => ensure!(
                old.length == new.length && old.capacity == new.capacity,
                "{} has another length",
                old.path
            ),
            Some((slot, most)) => {
                // What is not padded may end with what only may belong to it.
                let length = new.at_most.filter(|most| *most == slot.capacity);
                let whole = Slot {
                    length: length.unwrap_or(new.length),
                    ..new.clone()
                };
                let found = contents(image, &whole)?;
                let whole = match (slot.kind, options.length_at) {
                    (Kind::Marked, _) | (_, Some(_)) => found == module,
                    _ => pad::is_of(&found, module, *most),
                };
                ensure!(whole, "the module at {} is not the new one", new.path);
                ensure!(
                    new.damaged.is_none(),
                    "the module at {} is damaged",
                    new.path
                );
            }
        }
    }
    for file in &after.files {
        if let Some(wrong) = file.guards.iter().find(|guard| !guard.right) {
            bail!("{}the {} is wrong", shown(&file.path), wrong.what);
        }
    }
    Ok(after)
}
