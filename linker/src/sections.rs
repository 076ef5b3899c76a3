//! The sections of a module, to be changed one by one and put together again.

use std::borrow::Cow;

use anyhow::{Context, Result, bail};
use wasm_encoder::{ComponentSection, ComponentSectionId, Encode, Module, SectionId};
use wasmparser::{Chunk, Parser, Payload};

/// The sections of a module, in its order: their ids and contents.
pub struct Sections<'a> {
    all: Vec<(u8, Content<'a>)>,
}

/// The content of a section in pieces, so that a long one is not copied for what is added to it.
struct Content<'a>(Vec<Cow<'a, [u8]>>);

impl Content<'_> {
    fn len(&self) -> usize {
        self.0.iter().map(|piece| piece.len()).sum()
    }

    fn first(&self) -> &[u8] {
        self.0.first().map_or(&[], |piece| piece)
    }
}

/// Tells `look` all that is in a module but its bodies, which are stepped over.
///
/// # Errors
///
/// When the module is malformed, with the byte offset, and those of `look`.
pub fn each<'a>(module: &'a [u8], mut look: impl FnMut(Payload<'a>) -> Result<()>) -> Result<()> {
    let mut parser = Parser::new(0);
    let mut rest = module;
    loop {
        let Chunk::Parsed { consumed, payload } = parser.parse(rest, true)? else {
            bail!("the module is cut off at offset {:#x}", module.len());
        };
        rest = &rest[consumed..];
        if let Payload::CodeSectionStart { size, .. } = payload {
            parser.skip_section();
            let Some(after) = rest.get(size as usize..) else {
                bail!("the code section is cut off at offset {:#x}", module.len());
            };
            rest = after;
        }
        let is_end = matches!(payload, Payload::End(_));
        look(payload)?;
        if is_end {
            return Ok(());
        }
    }
}

impl<'a> Sections<'a> {
    /// Reads the sections of `module`; `look` gets everything that is in them but the bodies.
    ///
    /// # Errors
    ///
    /// When the module is malformed, with the byte offset, and those of `look`.
    pub fn read(
        module: &'a [u8],
        mut look: impl FnMut(Payload<'a>) -> Result<()>,
    ) -> Result<Sections<'a>> {
        let mut all = Vec::new();
        each(module, |payload| {
            if let Some((id, range)) = payload.as_section() {
                let bytes = module.get(range.start as usize..range.end as usize);
                let bytes = bytes.with_context(|| {
                    format!(
                        "the file ends within a section (at offset {:#x})",
                        module.len()
                    )
                })?;
                all.push((id, Content(vec![Cow::Borrowed(bytes)])));
            }
            look(payload)
        })?;
        Ok(Sections { all })
    }

    fn find(&mut self, id: SectionId) -> Option<&mut Content<'a>> {
        let mut all = self.all.iter_mut();
        let found = all.find(|(other, _)| *other == id as u8);
        found.map(|(_, content)| content)
    }

    /// Puts a section in the place of the one of that kind, or where it belongs.
    pub fn put(&mut self, id: SectionId, section: &impl Encode) {
        let new = Content(vec![Cow::Owned(content(section))]);
        match self.find(id) {
            Some(old) => *old = new,
            None => {
                let later = |(other, _): &(u8, _)| place(*other) > place(id as u8);
                let at = self.all.iter().position(later);
                self.all
                    .insert(at.unwrap_or(self.all.len()), (id as u8, new));
            }
        }
    }

    /// Adds the one entry of `section` to the section of that kind, which is made if there is none.
    pub fn append(&mut self, id: SectionId, section: &impl Encode) {
        let Some(Content(pieces)) = self.find(id) else {
            return self.put(id, section);
        };
        // The number of entries is in front of them, alone or not.
        if let Some(first) = pieces.first_mut() {
            let (count, length) = leb(first);
            let mut more = Vec::new();
            (count + 1).encode(&mut more);
            let entries = match first {
                Cow::Borrowed(bytes) => Cow::Borrowed(&bytes[length..]),
                Cow::Owned(bytes) => Cow::Owned(bytes.split_off(length)),
            };
            *first = Cow::Owned(more);
            pieces.insert(1, entries);
        }
        pieces.push(Cow::Owned(content(section).split_off(1)));
    }

    /// Leaves a section out.
    pub fn remove(&mut self, id: SectionId) {
        self.all.retain(|(other, _)| *other != id as u8);
    }

    /// Leaves custom sections out whose names begin so.
    pub fn remove_customs(&mut self, prefix: &str) {
        let has_name = |data: &[u8]| data[leb(data).1..].starts_with(prefix.as_bytes());
        self.all
            .retain(|(id, data)| *id != SectionId::Custom as u8 || !has_name(data.first()));
    }

    /// The module of them.
    pub fn module(&self) -> Vec<u8> {
        let mut module = Vec::with_capacity(self.size());
        for part in self.parts() {
            module.extend_from_slice(&part);
        }
        module
    }

    /// The bytes of that module, part by part.
    pub fn parts(&self) -> impl Iterator<Item = Cow<'_, [u8]>> {
        let header = Cow::Borrowed(&Module::HEADER[..]);
        let sections = self.all.iter().flat_map(|(id, data)| {
            let mut head = vec![*id];
            data.len().encode(&mut head);
            let pieces = data.0.iter().map(|piece| Cow::Borrowed(&piece[..]));
            std::iter::once(Cow::Owned(head)).chain(pieces)
        });
        std::iter::once(header).chain(sections)
    }

    /// How many bytes the module has.
    fn size(&self) -> usize {
        self.parts().map(|part| part.len()).sum()
    }
}

/// The module of them in a component, without a copy in between.
impl Encode for Sections<'_> {
    fn encode(&self, sink: &mut Vec<u8>) {
        let size = self.size();
        size.encode(sink);
        sink.reserve_exact(size);
        for part in self.parts() {
            sink.extend_from_slice(&part);
        }
    }
}

impl ComponentSection for Sections<'_> {
    fn id(&self) -> u8 {
        ComponentSectionId::CoreModule as u8
    }
}

/// The number that a valid section begins with, and its bytes.
fn leb(data: &[u8]) -> (u32, usize) {
    let length = data.iter().take_while(|byte| **byte & 0x80 != 0).count() + 1;
    let digits = data[..length].iter().rev();
    let number = digits.fold(0, |all, byte| all << 7 | u32::from(byte & 0x7f));
    (number, length)
}

/// The content of a section.
pub fn content(section: &impl Encode) -> Vec<u8> {
    let mut bytes = Vec::new();
    section.encode(&mut bytes);
    // Behind the size.
    let (_, size) = leb(&bytes);
    bytes.split_off(size)
}

/// Where a section belongs, by its id: those of tags and of the number of data segments are not in the order of their ids.
fn place(id: u8) -> u8 {
    const TAG: u8 = SectionId::Tag as u8;
    const DATA_COUNT: u8 = SectionId::DataCount as u8;
    match id {
        // Custom sections may be anywhere.
        0 => 0,
        TAG => 2 * SectionId::Memory as u8 + 1,
        DATA_COUNT => 2 * SectionId::Element as u8 + 1,
        id => 2 * id,
    }
}
