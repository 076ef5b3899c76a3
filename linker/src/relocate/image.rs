//! A module as bytes to be changed in place: where its sections are, and the numbers in them that say where
//! things lie in memory.

use std::ops::Range;

use anyhow::{Result, bail};
use wasmparser::{
    BinaryReader, ConstExpr, DataKind, ExternalKind, Operator, Parser, Payload, ValType,
};

/// A number that is written as a LEB128, and where.
#[derive(Clone, Debug)]
pub struct Number {
    pub value: u32,
    pub at: Range<usize>,
}

/// An active data segment of the memory.
#[derive(Clone, Debug)]
pub struct Segment {
    pub offset: Number,
    pub bytes: u32,
}

/// A global of 32 bits whose initial value is a number.
#[derive(Clone, Debug)]
pub struct Global {
    pub index: u32,
    pub mutable: bool,
    pub initial: Number,
}

/// The sections of a module.
#[derive(Clone, Debug, Default)]
pub struct Image {
    /// The contents of each section, and the name of a custom one, in order.
    pub sections: Vec<(Range<usize>, String)>,
    pub linking: Option<Range<usize>>,
    /// The contents of the sections with relocations.
    pub relocations: Vec<Range<usize>>,
    pub has_code: bool,
    /// The pages that its memory starts with, if it defines one.
    pub pages: Option<Number>,
    /// Its data segments: none for one that is passive.
    pub segments: Vec<Option<Segment>>,
    pub globals: Vec<Global>,
    /// The names of exported globals.
    pub exported: Vec<(u32, String)>,
    /// Whether it has more than one memory, or one of 64 bits or for several threads.
    pub other_memory: bool,
}

impl Image {
    /// Where the first data segment begins.
    pub fn lowest_data(&self) -> u32 {
        let segments = self.segments.iter().flatten();
        let starts = segments.map(|segment| segment.offset.value);
        starts.min().unwrap_or(u32::MAX)
    }

    /// Reads a module.
    ///
    /// # Errors
    ///
    /// Fails for what is malformed, with its offset.
    pub fn read(wasm: &[u8]) -> Result<Image> {
        let mut image = Image::default();
        let mut globals = 0;
        for payload in Parser::new(0).parse_all(wasm) {
            let payload = payload?;
            if let Some((_, range)) = payload.as_section() {
                // Of a custom section, its name is not counted.
                let (name, start) = match &payload {
                    Payload::CustomSection(section) => (section.name(), section.data_offset()),
                    _ => ("", range.start),
                };
                let range = start as usize..range.end as usize;
                image.sections.push((range, name.to_string()));
            }
            match payload {
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        match import?.ty {
                            wasmparser::TypeRef::Global(_) => globals += 1,
                            wasmparser::TypeRef::Memory(_) => image.other_memory = true,
                            _ => {}
                        }
                    }
                }
                Payload::MemorySection(section) => {
                    image.other_memory |= section.count() != 1;
                    let start = section.range().start as usize;
                    for memory in section {
                        let memory = memory?;
                        image.other_memory |= memory.memory64 || memory.shared;
                        // The count, flags, and then the number.
                        let pages = number(wasm, start + 2, false)?;
                        image.other_memory |= u64::from(pages.value) != memory.initial;
                        image.pages = Some(pages);
                    }
                }
                Payload::GlobalSection(section) => {
                    for global in section {
                        let global = global?;
                        let index = globals;
                        globals += 1;
                        if global.ty.content_type == ValType::I32
                            && let Some(initial) = constant(wasm, &global.init_expr)?
                        {
                            image.globals.push(Global {
                                index,
                                mutable: global.ty.mutable,
                                initial,
                            });
                        }
                    }
                }
                Payload::ExportSection(section) => {
                    for export in section {
                        let export = export?;
                        if export.kind == ExternalKind::Global {
                            image.exported.push((export.index, export.name.to_string()));
                        }
                    }
                }
                Payload::CodeSectionStart { .. } => image.has_code = true,
                Payload::DataSection(section) => {
                    for data in section {
                        let data = data?;
                        let DataKind::Active { offset_expr, .. } = &data.kind else {
                            image.segments.push(None);
                            continue;
                        };
                        let offset = constant(wasm, offset_expr)?;
                        image.segments.push(offset.map(|offset| Segment {
                            offset,
                            bytes: data.data.len() as u32,
                        }));
                    }
                }
                Payload::CustomSection(section) => {
                    let range = section.data_offset() as usize..section.range().end as usize;
                    match section.name() {
                        "linking" => image.linking = Some(range),
                        name if name.starts_with("reloc.") => image.relocations.push(range),
                        _ => {}
                    }
                }
                _ => {}
            }
        }
        Ok(image)
    }
}

/// The number of an expression that is one `i32.const`.
fn constant(wasm: &[u8], expr: &ConstExpr<'_>) -> Result<Option<Number>> {
    let mut ops = expr.get_operators_reader();
    let Operator::I32Const { .. } = ops.read()? else {
        return Ok(None);
    };
    if !matches!(ops.read()?, Operator::End) {
        return Ok(None);
    }
    // The opcode is one byte.
    let start = expr.get_binary_reader().original_position() as usize;
    number(wasm, start + 1, true).map(Some)
}

/// The LEB128 at a place.
pub fn number(wasm: &[u8], at: usize, signed: bool) -> Result<Number> {
    let Some(bytes) = wasm.get(at..) else {
        bail!("a number lies outside of the file (at offset {at:#x})");
    };
    let mut reader = BinaryReader::new(bytes, at as u64);
    let value = match signed {
        true => reader.read_var_i32()? as u32,
        false => reader.read_var_u32()?,
    };
    Ok(Number {
        value,
        at: at..reader.original_position() as usize,
    })
}

/// Writes a number in place of one that is not smaller, in as many bytes.
pub fn write(wasm: &mut [u8], at: &Range<usize>, value: u32, signed: bool) {
    // Five bytes have room for 35 bits.
    let mut rest = match signed {
        true => i64::from(value as i32),
        false => i64::from(value),
    };
    let last = at.end - 1;
    for byte in at.clone() {
        let more = if byte < last { 0x80 } else { 0 };
        wasm[byte] = rest as u8 & 0x7f | more;
        rest >>= 7;
    }
}
