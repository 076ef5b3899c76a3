//! The symbols of a linked module: the `linking` section that `wasm-ld --emit-relocs` leaves in it
//! (`Linking.md` of the tool conventions, "Symbol Table Subsection").

use anyhow::{Result, bail};
use wasmparser::{BinaryReader, Linking, LinkingSectionReader, SymbolFlags, SymbolInfo};

/// What a relocation refers to.
#[derive(Clone, Copy, Debug)]
pub enum Symbol<'a> {
    /// An address: in a data segment.
    Data { segment: u32, offset: u32 },
    /// An address that the linker has made up, by its name.
    Absolute { name: &'a str, address: u32 },
    /// An address that nothing defines: 0.
    Undefined,
    /// A function, global, table or tag, by its index.
    Index(u32),
    /// A custom section.
    Section,
}

/// The `linking` section of a module.
#[derive(Clone, Debug, Default)]
pub struct Symbols<'a> {
    pub all: Vec<Symbol<'a>>,
    /// The global with the pointer of the stack, if a symbol has that name.
    pub stack_pointer: Option<u32>,
    /// The largest alignment of a data segment, in bytes.
    pub alignment: u32,
}

impl<'a> Symbols<'a> {
    /// Reads the contents of the section.
    ///
    /// # Errors
    ///
    /// Fails for what is malformed, with its offset.
    pub fn read(contents: &'a [u8], offset: u64) -> Result<Symbols<'a>> {
        let mut symbols = Symbols {
            alignment: 1,
            ..Symbols::default()
        };
        let section = LinkingSectionReader::new(BinaryReader::new(contents, offset))?;
        for subsection in section.subsections() {
            match subsection? {
                Linking::SegmentInfo(segments) => {
                    for segment in segments {
                        let alignment = segment?.alignment;
                        if alignment > 16 {
                            bail!("a data segment is aligned to 2 to the power of {alignment}");
                        }
                        symbols.alignment = symbols.alignment.max(1 << alignment);
                    }
                }
                Linking::SymbolTable(table) => {
                    for symbol in table {
                        symbols.add(symbol?);
                    }
                }
                _ => {}
            }
        }
        Ok(symbols)
    }

    fn add(&mut self, symbol: SymbolInfo<'a>) {
        self.all.push(match symbol {
            SymbolInfo::Data {
                flags,
                name,
                symbol: Some(place),
            } => match flags.contains(SymbolFlags::ABSOLUTE) {
                true => Symbol::Absolute {
                    name,
                    address: place.offset,
                },
                false => Symbol::Data {
                    segment: place.index,
                    offset: place.offset,
                },
            },
            SymbolInfo::Data { symbol: None, .. } => Symbol::Undefined,
            SymbolInfo::Section { .. } => Symbol::Section,
            SymbolInfo::Global { index, name, .. } => {
                if name == Some("__stack_pointer") {
                    self.stack_pointer = Some(index);
                }
                Symbol::Index(index)
            }
            SymbolInfo::Func { index, .. }
            | SymbolInfo::Event { index, .. }
            | SymbolInfo::Table { index, .. } => Symbol::Index(index),
        });
    }
}
