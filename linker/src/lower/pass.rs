//! Passes that come before everything else: each gives a whole module again, with other types, globals and
//! bodies, in which every type, function and global keeps its index.

use std::collections::HashMap;
use std::ops::Range;

use anyhow::{Result, anyhow};
use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{
    ConstExpr, CustomSection, Encode, ExportKind, ExportSection, FuncType, GlobalSection,
    InstructionSink, Module as Output, NameSection, RawSection, RefType, Section, SectionId,
    StartSection, TypeSection, ValType,
};
use wasmparser::{
    BinaryReader, ExternalKind, FuncToValidate, NameSectionReader, Parser, ValidPayload, Validator,
    ValidatorResources,
};

use super::names::sorted;
use super::order::Order;
use crate::debug::address::{AddressMap, MovedBody, Points};
use crate::debug::{self, DebugNotes, Guest};
use crate::limits::Room;
use crate::parallel::in_pieces;
use crate::parse;
use crate::parse::module::Module;

/// What a pass made.
pub struct Passed {
    pub wasm: Vec<u8>,
    pub done: Vec<String>,
    pub warnings: Vec<String>,
    /// Why debug information was left out.
    pub left_out: Vec<String>,
}

/// A function that is added.
pub struct Added {
    pub ty: u32,
    pub name: String,
    /// Its body, without the size.
    pub body: Vec<u8>,
}

/// What a module becomes.
pub struct Pass<'m, 'a> {
    pub module: &'m Module<'a>,
    /// Those of the input first.
    pub types: Vec<FuncType>,
    pub added: Vec<Added>,
    /// All that the module defines.
    pub globals: GlobalSection,
    pub global_names: Vec<(u32, String)>,
    /// What the host gets instead of functions.
    pub exported: HashMap<u32, u32>,
    /// Whether tags go.
    pub without_tags: bool,
    /// Whether every local keeps its index.
    pub keeps_locals: bool,
}

/// How many bodies are looked at together.
pub const PIECE: usize = 256;

/// What validates each body, for the types of what is on the stack.
pub fn to_validate(module: &Module<'_>) -> Result<Vec<FuncToValidate<ValidatorResources>>> {
    let mut validator = Validator::new_with_features(parse::accepted());
    let mut bodies = Vec::with_capacity(module.bodies.len());
    for payload in Parser::new(0).parse_all(module.bytes) {
        if let ValidPayload::Func(body, _) = validator.payload(&payload?)? {
            bodies.push(body);
        }
    }
    Ok(bodies)
}

/// A type that stays as it is.
pub fn native(ty: wasmparser::ValType) -> Result<ValType> {
    ValType::try_from(ty).map_err(|_| anyhow!("the type {ty} is not supported"))
}

/// Zero, or null; false where a type has neither.
pub fn zero(ty: ValType, code: &mut InstructionSink<'_>) -> bool {
    match ty {
        ValType::I32 => code.i32_const(0),
        ValType::I64 => code.i64_const(0),
        ValType::F32 => code.f32_const(wasm_encoder::Ieee32::new(0)),
        ValType::F64 => code.f64_const(wasm_encoder::Ieee64::new(0)),
        ValType::V128 => code.v128_const(0),
        ValType::Ref(RefType {
            nullable: true,
            heap_type,
        }) => code.ref_null(heap_type),
        ValType::Ref(_) => return false,
    };
    true
}

/// The initial value of a global as it is.
pub fn same_init(init: &wasmparser::ConstExpr<'_>) -> Result<ConstExpr> {
    let mut reader = init.get_binary_reader();
    let bytes = reader.read_bytes(reader.bytes_remaining())?;
    // The last byte is the end, which the encoder writes itself.
    Ok(ConstExpr::raw(bytes[..bytes.len() - 1].iter().copied()))
}

/// The globals of a module as they are.
pub fn same_globals(module: &Module<'_>) -> Result<GlobalSection> {
    let mut section = GlobalSection::new();
    for global in &module.globals {
        let ty = RoundtripReencoder
            .global_type(global.ty)
            .map_err(|error| anyhow!("{error}"))?;
        section.global(ty, &same_init(&global.init)?);
    }
    Ok(section)
}

/// The content of each section of the input, by its number.
fn contents(wasm: &[u8]) -> Result<HashMap<u8, Range<usize>>> {
    let mut contents = HashMap::new();
    for payload in Parser::new(0).parse_all(wasm) {
        if let Some((id, range)) = payload?.as_section() {
            contents.insert(id, range.start as usize..range.end as usize);
        }
    }
    Ok(contents)
}

impl Pass<'_, '_> {
    /// The whole module. `body` writes a body that changes, without its size, and gives nothing for one
    /// that does not; it is told whether debug information has to follow.
    pub fn finish(
        self,
        done: Vec<String>,
        mut warnings: Vec<String>,
        body: impl Fn(usize, bool, &mut Vec<u8>) -> Result<Option<Points>> + Sync,
    ) -> Result<Passed> {
        let dwarf = debug::has_dwarf(self.module);
        let (code, moved) = self.code(dwarf, body)?;
        let mut wasm = self.sections(&code, &mut warnings)?;
        let mut left_out = Vec::new();
        if dwarf {
            let guest = Guest {
                module: self.module,
                addresses: AddressMap::new(moved),
                keeps_memory: true,
                keeps_locals: self.keeps_locals,
                global: &Some,
            };
            let notes: DebugNotes = debug::append(&[guest], &mut wasm);
            left_out = notes.left_out;
        }
        Ok(Passed {
            wasm,
            done,
            warnings,
            left_out,
        })
    }

    /// The content of the code section, and where its bodies went.
    fn code(
        &self,
        dwarf: bool,
        write: impl Fn(usize, bool, &mut Vec<u8>) -> Result<Option<Points>> + Sync,
    ) -> Result<(Vec<u8>, Vec<MovedBody>)> {
        let module = self.module;
        let room = Room::of(module.bytes.len());
        let pieces = in_pieces(module.bodies.len(), PIECE, |bodies| {
            let mut piece: Vec<(Vec<u8>, Points)> = Vec::new();
            for defined in bodies {
                let range = module.bodies[defined].clone();
                let mut body = Vec::new();
                let points = write(defined, dwarf, &mut body).map_err(|error| {
                    let offset = range.start;
                    error.context(format!("in the function at offset {offset:#x}"))
                })?;
                let points = points.unwrap_or_else(|| {
                    body.extend_from_slice(&module.bytes[range]);
                    vec![(0, 0)]
                });
                room.spend(body.len())?;
                piece.push((body, points));
            }
            anyhow::Ok(piece)
        });
        let mut code = Vec::new();
        (module.bodies.len() + self.added.len()).encode(&mut code);
        let mut moved = Vec::new();
        let mut defined = 0;
        for piece in pieces {
            for (body, points) in piece? {
                body.len().encode(&mut code);
                if dwarf {
                    let new = code.len()..code.len() + body.len();
                    moved.push(MovedBody::new(module, defined, new, points));
                }
                code.extend_from_slice(&body);
                defined += 1;
            }
        }
        for added in &self.added {
            added.body.encode(&mut code);
        }
        Ok((code, moved))
    }

    /// The module with other types, functions, globals, exports and code.
    fn sections(&self, code: &[u8], warnings: &mut Vec<String>) -> Result<Vec<u8>> {
        let module = self.module;
        let order = Order::read(module.bytes)?;
        let contents = contents(module.bytes)?;
        let mut out = Output::new();
        let copy = |out: &mut Output, id: SectionId| {
            if let Some(range) = contents.get(&(id as u8)) {
                out.section(&RawSection {
                    id: id as u8,
                    data: &module.bytes[range.clone()],
                });
            }
        };
        let mut types = TypeSection::new();
        for ty in &self.types {
            types
                .ty()
                .function(ty.params().iter().copied(), ty.results().iter().copied());
        }
        out.section(&types);
        copy(&mut out, SectionId::Import);
        let mut functions = wasm_encoder::FunctionSection::new();
        for &ty in &module.func_types[module.imported_funcs.len()..] {
            functions.function(ty);
        }
        for added in &self.added {
            functions.function(added.ty);
        }
        out.section(&functions);
        copy(&mut out, SectionId::Table);
        copy(&mut out, SectionId::Memory);
        if !self.without_tags {
            copy(&mut out, SectionId::Tag);
        }
        out.section(&self.globals);
        let mut exports = ExportSection::new();
        for export in &order.exports {
            let (kind, index) = match export.kind {
                ExternalKind::Func | ExternalKind::FuncExact => {
                    (ExportKind::Func, self.exported(export.index))
                }
                ExternalKind::Table => (ExportKind::Table, export.index),
                ExternalKind::Memory => (ExportKind::Memory, export.index),
                ExternalKind::Global => (ExportKind::Global, export.index),
                ExternalKind::Tag if self.without_tags => {
                    let name = export.name;
                    warnings.push(format!("the export {name} is left out: it is a tag"));
                    continue;
                }
                ExternalKind::Tag => (ExportKind::Tag, export.index),
            };
            exports.export(export.name, kind, index);
        }
        out.section(&exports);
        if let Some(start) = module.start {
            out.section(&StartSection {
                function_index: self.exported(start),
            });
        }
        copy(&mut out, SectionId::Element);
        copy(&mut out, SectionId::DataCount);
        out.section(&RawSection {
            id: SectionId::Code as u8,
            data: code,
        });
        copy(&mut out, SectionId::Data);
        let mut wasm = out.finish();
        for custom in &module.customs {
            match custom.name {
                // Names are a convenience: those that are broken are left out.
                "name" => {
                    if let Ok(names) = self.names(custom.bytes) {
                        names.append_to(&mut wasm);
                    }
                }
                name if debug::is_debug(name) || debug::is_stale(name) => {}
                name => CustomSection {
                    name: name.into(),
                    data: custom.bytes.into(),
                }
                .append_to(&mut wasm),
            }
        }
        Ok(wasm)
    }

    /// What the host gets for a function.
    fn exported(&self, func: u32) -> u32 {
        self.exported.get(&func).copied().unwrap_or(func)
    }

    /// The name section, with what was added and without what has changed.
    fn names(&self, bytes: &[u8]) -> Result<NameSection> {
        const FUNCTIONS: u8 = 1;
        const LOCALS: u8 = 2;
        const LABELS: u8 = 3;
        const GLOBALS: u8 = 7;
        const TAGS: u8 = 11;
        let mut section = NameSection::new();
        let mut functions: Vec<(u32, String)> = Vec::new();
        let mut globals: Vec<(u32, String)> = Vec::new();
        let mut raw: Vec<(u8, &[u8])> = Vec::new();
        for subsection in NameSectionReader::new(BinaryReader::new(bytes, 0)) {
            match subsection? {
                wasmparser::Name::Function(map) => {
                    for naming in map {
                        let naming = naming?;
                        functions.push((naming.index, naming.name.to_string()));
                    }
                }
                wasmparser::Name::Global(map) => {
                    for naming in map {
                        let naming = naming?;
                        globals.push((naming.index, naming.name.to_string()));
                    }
                }
                _ => {}
            }
        }
        let mut reader = BinaryReader::new(bytes, 0);
        while !reader.eof() {
            let id = reader.read_u8()?;
            let length = reader.read_var_u32()? as usize;
            raw.push((id, reader.read_bytes(length)?));
        }
        let first = self.module.func_types.len() as u32;
        functions.extend((first..).zip(self.added.iter().map(|added| added.name.clone())));
        globals.extend(self.global_names.iter().cloned());
        let functions = sorted(functions);
        let globals = sorted(globals);
        let mut put = [(FUNCTIONS, Some(&functions)), (GLOBALS, Some(&globals))];
        let mut write = |section: &mut NameSection, up_to: u8| {
            for (id, names) in &mut put {
                if *id < up_to
                    && let Some(names) = names.take()
                {
                    match *id {
                        FUNCTIONS => section.functions(names),
                        _ => section.globals(names),
                    }
                }
            }
        };
        for (id, data) in raw {
            write(&mut section, id);
            match id {
                FUNCTIONS | GLOBALS | LABELS => {}
                TAGS if self.without_tags => {}
                LOCALS if !self.keeps_locals => {}
                id => section.raw(id, data),
            }
        }
        write(&mut section, u8::MAX);
        Ok(section)
    }
}
