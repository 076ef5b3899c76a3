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
    Absolute {
        name: &'a str,
        address: u32,
        /// Where in the file the address is among the symbols, a LEB128.
        at: usize,
    },
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
    /// The one that says where the first stack begins, in a program whose pointer is in the context of each task.
    pub first_stack: Option<u32>,
    /// Those that say where the variables of the first thread are.
    pub of_thread: Vec<u32>,
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
                    for symbol in table.into_iter_with_offsets() {
                        let (start, symbol) = symbol?;
                        let from = (start - offset) as usize;
                        symbols.add(symbol, start, &contents[from..])?;
                    }
                }
                _ => {}
            }
        }
        Ok(symbols)
    }

    /// Adds a symbol that begins at this offset of the file with these bytes.
    fn add(&mut self, symbol: SymbolInfo<'a>, start: u64, bytes: &'a [u8]) -> Result<()> {
        self.all.push(match symbol {
            SymbolInfo::Data {
                flags,
                name,
                symbol: Some(place),
            } => match flags.contains(SymbolFlags::ABSOLUTE) {
                true => Symbol::Absolute {
                    name,
                    address: place.offset,
                    at: address_of(BinaryReader::new(bytes, start))?,
                },
                false => Symbol::Data {
                    segment: place.index,
                    offset: place.offset,
                },
            },
            SymbolInfo::Data { symbol: None, .. } => Symbol::Undefined,
            SymbolInfo::Section { .. } => Symbol::Section,
            SymbolInfo::Global { index, name, .. } => {
                match name {
                    Some("__stack_pointer") => self.stack_pointer = Some(index),
                    Some("__init_stack_pointer") => self.first_stack = Some(index),
                    Some("__tls_base" | "__init_tls_base") => self.of_thread.push(index),
                    _ => {}
                }
                Symbol::Index(index)
            }
            SymbolInfo::Func { index, .. }
            | SymbolInfo::Event { index, .. }
            | SymbolInfo::Table { index, .. } => Symbol::Index(index),
        });
        Ok(())
    }
}

/// Where the address of a symbol of data is, which is defined and begins here.
fn address_of(mut symbol: BinaryReader<'_>) -> Result<usize> {
    let _kind = symbol.read_u8()?;
    let _flags = symbol.read_var_u32()?;
    let _name = symbol.read_string()?;
    let _segment = symbol.read_var_u32()?;
    Ok(symbol.original_position() as usize)
}
