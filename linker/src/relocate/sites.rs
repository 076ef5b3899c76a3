//! The places of a module that relocations speak of: `reloc.*` (`Linking.md` of the tool conventions,
//! "Relocation Sections").

use std::collections::HashSet;
use std::ops::Range;

use anyhow::{Context, Result, bail};
use wasmparser::{BinaryReader, Operator, Parser, Payload, RelocSectionReader, RelocationType};

use crate::memory::access::memarg;

use super::image::{Image, number};
use super::symbols::{Symbol, Symbols};

/// How a number is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Leb,
    SignedLeb,
    FourBytes,
}

/// A place that has an address in memory.
#[derive(Clone, Debug)]
pub struct Site {
    pub at: Range<usize>,
    pub form: Form,
    /// The address that is there.
    pub value: u32,
    /// What it is an address of, by its place among the symbols.
    pub symbol: usize,
}

/// Finds all addresses, and checks of every place that it has what its relocation says: what works on
/// modules without knowing of relocations leaves them as they were, and nothing fits then.
///
/// # Errors
///
/// Names the first place that does not fit, and kinds of relocations that cannot be applied.
pub fn find(wasm: &[u8], image: &Image, symbols: &Symbols<'_>) -> Result<Vec<Site>> {
    let mut sites = Vec::new();
    let mut known = HashSet::new();
    for range in &image.relocations {
        let reader = BinaryReader::new(&wasm[range.clone()], range.start as u64);
        let section = RelocSectionReader::new(reader)?;
        let target = section.section_index() as usize;
        let Some((target, name)) = image.sections.get(target) else {
            bail!("relocations of section {target}, which is not there");
        };
        // Debug information has places that were left out.
        let is_custom = !name.is_empty();
        for entry in section.entries() {
            let entry = entry?;
            let start = target.start + entry.offset as usize;
            let at = start..start + entry.ty.extent();
            let place = || format!("the relocation of the bytes at offset {start:#x}");
            if at.end > target.end {
                bail!("{} lies outside of its section", place());
            }
            known.insert(start);
            match expected(entry.ty, entry.index, entry.addend, image, symbols)
                .with_context(place)?
            {
                Expected::Nothing => {}
                Expected::Index(index) => {
                    let found = number(wasm, start, false)?;
                    if found.at != at || found.value != index {
                        bail!("{} does not fit", place());
                    }
                }
                Expected::Address { value, symbol } => {
                    let form = match entry.ty {
                        RelocationType::MemoryAddrSleb => Form::SignedLeb,
                        RelocationType::MemoryAddrLeb => Form::Leb,
                        _ => Form::FourBytes,
                    };
                    let found = match form {
                        Form::Leb | Form::SignedLeb => {
                            let found = number(wasm, start, form == Form::SignedLeb)?;
                            (found.at == at).then_some(found.value)
                        }
                        Form::FourBytes => {
                            let bytes = wasm[at.clone()].try_into().expect("four of them");
                            Some(u32::from_le_bytes(bytes))
                        }
                    };
                    if found == Some(value) {
                        sites.push(Site {
                            at,
                            form,
                            value,
                            symbol,
                        });
                    } else if !is_custom {
                        bail!("{} does not fit", place());
                    }
                }
            }
        }
    }
    complete(wasm, &known)?;
    Ok(sites)
}

/// Looks for numbers in code that have room for a relocation and none: some relocations are gone then.
fn complete(wasm: &[u8], known: &HashSet<usize>) -> Result<()> {
    for payload in Parser::new(0).parse_all(wasm) {
        let Payload::CodeSectionEntry(body) = payload? else {
            continue;
        };
        for operator in body.get_operators_reader()?.into_iter_with_offsets() {
            let (operator, offset) = operator?;
            let start = offset as usize + 1;
            let (start, signed) = match operator {
                Operator::Call { .. } | Operator::GlobalGet { .. } | Operator::GlobalSet { .. } => {
                    (start, false)
                }
                Operator::I32Const { .. } => (start, true),
                // Those of one byte, before which the alignment is.
                op if memarg(&op).is_some() && wasm[offset as usize] < 0xfc => {
                    (number(wasm, start, false)?.at.end, false)
                }
                _ => continue,
            };
            let found = number(wasm, start, signed)?;
            let fits_less = match signed {
                true => (-1 << 27..1 << 27).contains(&(found.value as i32)),
                false => found.value < 1 << 28,
            };
            if found.at.len() == 5 && fits_less && !known.contains(&start) {
                bail!("there is no relocation of the bytes at offset {start:#x}");
            }
        }
    }
    Ok(())
}

/// What a place should have.
enum Expected {
    /// Something that does not depend on where data lies.
    Nothing,
    Index(u32),
    Address {
        value: u32,
        symbol: usize,
    },
}

fn expected(
    ty: RelocationType,
    index: u32,
    addend: i64,
    image: &Image,
    symbols: &Symbols<'_>,
) -> Result<Expected> {
    use RelocationType::*;
    let symbol = symbols.all.get(index as usize);
    Ok(match ty {
        FunctionIndexLeb | GlobalIndexLeb | EventIndexLeb | TableNumberLeb => match symbol {
            Some(Symbol::Index(index)) => Expected::Index(*index),
            _ => bail!("symbol {index} is of another kind"),
        },
        TypeIndexLeb => Expected::Index(index),
        TableIndexSleb | TableIndexI32 => match symbol {
            Some(Symbol::Index(_)) => Expected::Nothing,
            _ => bail!("symbol {index} is no function"),
        },
        FunctionOffsetI32 | SectionOffsetI32 | FunctionIndexI32 | GlobalIndexI32 => {
            Expected::Nothing
        }
        MemoryAddrLeb | MemoryAddrSleb | MemoryAddrI32 => {
            let Some(address) = symbol.and_then(|symbol| address(symbol, image)) else {
                bail!("symbol {index} is no address");
            };
            Expected::Address {
                value: (i64::from(address) + addend) as u32,
                symbol: index as usize,
            }
        }
        _ => bail!("{ty:?} is for code that is relocated at run time, or for 64 bits"),
    })
}

/// The address of a symbol that has one.
pub fn address(symbol: &Symbol<'_>, image: &Image) -> Option<u32> {
    Some(match symbol {
        Symbol::Data { segment, offset } => {
            let segment = image.segments.get(*segment as usize)?.as_ref()?;
            segment.offset.value.wrapping_add(*offset)
        }
        Symbol::Absolute { address, .. } => *address,
        Symbol::Undefined => 0,
        Symbol::Index(_) | Symbol::Section => return None,
    })
}
