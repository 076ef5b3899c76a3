//! The sections of a module, to be changed one by one and put together again.

use std::borrow::Cow;

use anyhow::{Context, Result};
use wasm_encoder::{ComponentSection, ComponentSectionId, Encode, Module, SectionId};
use wasmparser::{Parser, Payload};

/// The sections of a module, in its order: their ids and contents.
pub struct Sections<'a> {
    all: Vec<(u8, Cow<'a, [u8]>)>,
}

impl<'a> Sections<'a> {
    /// Reads the sections of `module`; `look` gets everything that is in them.
    ///
    /// # Errors
    ///
    /// When the module is malformed, with the byte offset, and those of `look`.
    pub fn read(
        module: &'a [u8],
        mut look: impl FnMut(Payload<'a>) -> Result<()>,
    ) -> Result<Sections<'a>> {
        let mut all = Vec::new();
        for payload in Parser::new(0).parse_all(module) {
            let payload = payload?;
            if let Some((id, range)) = payload.as_section() {
                let bytes = module.get(range.start as usize..range.end as usize);
                let bytes = bytes.with_context(|| {
                    format!(
                        "the file ends within a section (at offset {:#x})",
                        module.len()
                    )
                })?;
                all.push((id, Cow::Borrowed(bytes)));
            }
            look(payload)?;
        }
        Ok(Sections { all })
    }

    fn find(&mut self, id: SectionId) -> Option<&mut Cow<'a, [u8]>> {
        let mut all = self.all.iter_mut();
        let found = all.find(|(other, _)| *other == id as u8);
        found.map(|(_, content)| content)
    }

    /// Puts a section in the place of the one of that kind, or where it belongs.
    pub fn put(&mut self, id: SectionId, section: &impl Encode) {
        let new = Cow::Owned(content(section));
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
        match self.find(id) {
            None => self.put(id, section),
            Some(data) => {
                let (count, length) = leb(data);
                let mut longer = Vec::with_capacity(data.len() + 16);
                (count + 1).encode(&mut longer);
                longer.extend_from_slice(&data[length..]);
                // Behind the number of entries, which is one.
                longer.extend_from_slice(&content(section)[1..]);
                *data = Cow::Owned(longer);
            }
        }
    }

    /// Leaves a section out.
    pub fn remove(&mut self, id: SectionId) {
        self.all.retain(|(other, _)| *other != id as u8);
    }

    /// Leaves custom sections out whose names begin so.
    pub fn remove_customs(&mut self, prefix: &str) {
        let has_name = |data: &[u8]| data[leb(data).1..].starts_with(prefix.as_bytes());
        self.all
            .retain(|(id, data)| *id != SectionId::Custom as u8 || !has_name(data));
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
            [Cow::Owned(head), Cow::Borrowed(&data[..])]
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
