//! The parts of a core module, in a form that does not depend on how types are numbered.

use anyhow::{Context, Result};
use wasmparser::{BlockType, ElementItems, FuncType, Operator, Parser, Payload, TypeRef, ValType};

/// A core module without custom sections. Function, table, memory, global and segment indices are
/// as they are; type indices are replaced by the types.
#[derive(Debug, Default, PartialEq)]
pub struct Parts {
    /// Module, name, type.
    pub imports: Vec<(String, String, String)>,
    /// The functions defined here.
    pub functions: Vec<Function>,
    pub tables: Vec<String>,
    pub memories: Vec<wasmparser::MemoryType>,
    /// Type and initial value.
    pub globals: Vec<String>,
    /// Name, kind and index, sorted.
    pub exports: Vec<(String, String)>,
    pub start: Option<u32>,
    pub elements: Vec<String>,
    /// Where, and which bytes.
    pub data: Vec<(String, Vec<u8>)>,
}

#[derive(Debug, PartialEq)]
pub struct Function {
    pub ty: FuncType,
    pub locals: Vec<(u32, ValType)>,
    /// One for each instruction.
    pub instructions: Vec<String>,
}

/// Parses a valid core module.
///
/// # Errors
///
/// When it is not one, or has types other than functions.
pub fn parts(wasm: &[u8]) -> Result<Parts> {
    let mut parts = Parts::default();
    let mut types: Vec<FuncType> = Vec::new();
    let mut declared = Vec::new();
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::TypeSection(section) => {
                for ty in section.into_iter_err_on_gc_types() {
                    types.push(ty?);
                }
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import?;
                    let ty = match import.ty {
                        TypeRef::Func(index) => format!("{:?}", types[index as usize]),
                        other => format!("{other:?}"),
                    };
                    parts
                        .imports
                        .push((import.module.to_owned(), import.name.to_owned(), ty));
                }
            }
            Payload::FunctionSection(section) => {
                for index in section {
                    declared.push(types[index? as usize].clone());
                }
            }
            Payload::TableSection(section) => {
                for table in section {
                    parts.tables.push(format!("{:?}", table?.ty));
                }
            }
            Payload::MemorySection(section) => {
                for memory in section {
                    parts.memories.push(memory?);
                }
            }
            Payload::GlobalSection(section) => {
                for global in section {
                    let global = global?;
                    parts
                        .globals
                        .push(format!("{:?} {}", global.ty, constant(&global.init_expr)?));
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export?;
                    let what = format!("{:?} {}", export.kind, export.index);
                    parts.exports.push((export.name.to_owned(), what));
                }
            }
            Payload::StartSection { func, .. } => parts.start = Some(func),
            Payload::ElementSection(section) => {
                for element in section {
                    parts.elements.push(segment(&element?)?);
                }
            }
            Payload::DataSection(section) => {
                for data in section {
                    let data = data?;
                    let place = match &data.kind {
                        wasmparser::DataKind::Passive => "passive".to_owned(),
                        wasmparser::DataKind::Active {
                            memory_index,
                            offset_expr,
                        } => {
                            format!("memory {memory_index} at {}", constant(offset_expr)?)
                        }
                    };
                    parts.data.push((place, data.data.to_vec()));
                }
            }
            Payload::CodeSectionEntry(body) => {
                let ty = declared
                    .get(parts.functions.len())
                    .context("more bodies than functions")?;
                parts.functions.push(Function {
                    ty: ty.clone(),
                    locals: body
                        .get_locals_reader()?
                        .into_iter()
                        .collect::<Result<_, _>>()?,
                    instructions: body
                        .get_operators_reader()?
                        .into_iter()
                        .map(|op| Ok(instruction(&op?, &types)))
                        .collect::<Result<_>>()?,
                });
            }
            // The tags of exceptions: their types are among the others.
            Payload::TagSection(_) => {}
            _ => {}
        }
    }
    parts.exports.sort();
    Ok(parts)
}

fn instruction(op: &Operator<'_>, types: &[FuncType]) -> String {
    match op {
        Operator::CallIndirect {
            type_index,
            table_index,
        } => {
            format!(
                "CallIndirect table {table_index} {:?}",
                types[*type_index as usize]
            )
        }
        Operator::Block {
            blockty: BlockType::FuncType(index),
        } => {
            format!("Block {:?}", types[*index as usize])
        }
        Operator::Loop {
            blockty: BlockType::FuncType(index),
        } => {
            format!("Loop {:?}", types[*index as usize])
        }
        Operator::If {
            blockty: BlockType::FuncType(index),
        } => {
            format!("If {:?}", types[*index as usize])
        }
        other => format!("{other:?}"),
    }
}

fn constant(expr: &wasmparser::ConstExpr<'_>) -> Result<String> {
    let ops: Vec<_> = expr
        .get_operators_reader()
        .into_iter()
        .collect::<Result<_, _>>()?;
    Ok(ops.iter().map(|op| format!("{op:?} ")).collect())
}

fn segment(element: &wasmparser::Element<'_>) -> Result<String> {
    let place = match &element.kind {
        wasmparser::ElementKind::Passive => "passive".to_owned(),
        wasmparser::ElementKind::Declared => "declared".to_owned(),
        wasmparser::ElementKind::Active {
            table_index,
            offset_expr,
        } => {
            format!(
                "table {} at {}",
                table_index.unwrap_or(0),
                constant(offset_expr)?
            )
        }
    };
    let items = match element.items.clone() {
        ElementItems::Functions(section) => {
            let items: Vec<u32> = section.into_iter().collect::<Result<_, _>>()?;
            format!("{items:?}")
        }
        ElementItems::Expressions(ty, section) => {
            let mut items = format!("{ty:?}");
            for expr in section {
                items.push_str(&constant(&expr?)?);
            }
            items
        }
    };
    Ok(format!("{place}: {items}"))
}

/// The length of a module without its custom sections.
///
/// # Errors
///
/// When it cannot be parsed.
pub fn length_without_custom_sections(wasm: &[u8]) -> Result<usize> {
    let mut length = wasm.len();
    for payload in Parser::new(0).parse_all(wasm) {
        if let Payload::CustomSection(section) = payload? {
            let contents = section.range();
            let contents = (contents.end - contents.start) as usize;
            // The section's id and its size in front.
            let size = (u32::try_from(contents)?.max(1).ilog2() / 7 + 1) as usize;
            length -= 1 + size + contents;
        }
    }
    Ok(length)
}
