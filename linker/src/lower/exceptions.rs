//! Exceptions of both proposals become branches and tests, before anything else is lowered.
//!
//! | file | what it has |
//! |---|---|
//! | [`tags`] | sets of tags |
//! | [`flow`] | which instructions are reached at all |
//! | [`scan`] | what a body throws, calls and catches |
//! | [`escapes`] | which exceptions come out of which functions |
//! | [`layout`] | types, globals and functions that are added |
//! | [`helpers`] | those functions |
//! | [`rewrite`], [`clauses`] | one body |
//!
//! `throw` sets globals and branches to the innermost handler, or to the end of the function. After a call
//! that may throw, one of the globals is tested. Only functions that throw, or call what throws,
//! change; every function keeps its index. What comes out may use blocks and functions with several
//! values: those are lowered after this.

mod clauses;
mod escapes;
mod flow;
mod helpers;
mod layout;
mod rewrite;
mod scan;
mod tags;

use std::collections::HashMap;
use std::ops::Range;

use anyhow::{Result, anyhow};
use wasm_encoder::{
    ConstExpr, CustomSection, Encode, ExportKind, ExportSection, GlobalSection, GlobalType,
    Module as Output, NameSection, RawSection, Section, SectionId, StartSection, TypeSection,
    ValType,
};
use wasmparser::{
    BinaryReader, ExternalKind, FuncToValidate, NameSectionReader, Parser, ValidPayload, Validator,
    ValidatorResources, WasmFeatures,
};

use super::names::sorted;
use super::order::Order;
use crate::debug::address::{AddressMap, MovedBody, Points};
use crate::debug::{self, DebugNotes, Guest};
use crate::features::FeatureSet;
use crate::findings::survey::global_types;
use crate::limits::Room;
use crate::parallel::in_pieces;
use crate::parse;
use crate::parse::module::Module;
use layout::{Layout, zero};
use scan::is_exn;

/// A module without exceptions.
pub struct Without {
    pub wasm: Vec<u8>,
    pub done: Vec<String>,
    pub warnings: Vec<String>,
    /// Why debug information was left out.
    pub left_out: Vec<String>,
}

/// How many bodies are looked at together.
const PIECE: usize = 256;

/// Takes the exceptions out of a module.
///
/// # Errors
///
/// Fails for what cannot be lowered and is not found before.
pub fn lower(module: &Module<'_>) -> Result<Without> {
    let globals: Vec<_> = global_types(module).collect();
    let scans = in_pieces(module.bodies.len(), PIECE, |bodies| {
        bodies
            .map(|defined| scan::scan(module, &globals, defined))
            .collect::<Result<Vec<_>>>()
    });
    let scans: Vec<Vec<_>> = scans.into_iter().collect::<Result<_>>()?;
    let layout = Layout::new(module, scans.into_iter().flatten().collect())?;
    let dwarf = debug::has_dwarf(module);
    let (code, moved) = code(&layout, dwarf)?;
    let mut without = sections(&layout, code)?;
    if dwarf {
        let guest = Guest {
            module,
            addresses: AddressMap::new(moved),
            keeps_memory: true,
            // References become other values, and move what comes behind them.
            keeps_locals: layout.narrow && module.types.iter().all(|ty| !scan::has_exn(ty)),
            global: &Some,
        };
        let notes: DebugNotes = debug::append(&[guest], &mut without.wasm);
        without.left_out = notes.left_out;
    }
    Ok(without)
}

/// The content of the code section, and where its bodies went.
fn code(layout: &Layout<'_, '_>, dwarf: bool) -> Result<(Vec<u8>, Vec<MovedBody>)> {
    let module = layout.module;
    let exceptions = FeatureSet::of(WasmFeatures::EXCEPTIONS | WasmFeatures::LEGACY_EXCEPTIONS);
    let wants_types =
        (layout.scans.iter()).any(|scan| scan.needs_types || scan.drops && !layout.narrow);
    let types = match wants_types {
        true => to_validate(module)?,
        false => Vec::new(),
    };
    let room = Room::of(module.bytes.len());
    let pieces = in_pieces(module.bodies.len(), PIECE, |bodies| {
        let mut piece: Vec<(Vec<u8>, Points)> = Vec::new();
        for defined in bodies {
            let range = module.bodies[defined].clone();
            let mut body = Vec::new();
            let points = match rewrite::changes(layout, exceptions, defined) {
                true => rewrite::body(layout, defined, types.get(defined), dwarf, &mut body)
                    .map_err(|error| {
                        let offset = range.start;
                        error.context(format!("in the function at offset {offset:#x}"))
                    })?,
                false => {
                    body.extend_from_slice(&module.bytes[range]);
                    vec![(0, 0)]
                }
            };
            room.spend(body.len())?;
            piece.push((body, points));
        }
        anyhow::Ok(piece)
    });
    let mut code = Vec::new();
    (module.bodies.len() + layout.helpers.len()).encode(&mut code);
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
    for helper in &layout.helpers {
        helper.function(layout).encode(&mut code);
    }
    Ok((code, moved))
}

/// What validates each body, for the types of what is on the stack.
fn to_validate(module: &Module<'_>) -> Result<Vec<FuncToValidate<ValidatorResources>>> {
    let mut validator = Validator::new_with_features(parse::accepted());
    let mut bodies = Vec::with_capacity(module.bodies.len());
    for payload in Parser::new(0).parse_all(module.bytes) {
        if let ValidPayload::Func(body, _) = validator.payload(&payload?)? {
            bodies.push(body);
        }
    }
    Ok(bodies)
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

/// The module with other types, functions, globals, exports and code.
fn sections(layout: &Layout<'_, '_>, code: Vec<u8>) -> Result<Without> {
    let module = layout.module;
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
    for ty in &layout.types {
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
    for &helper in &layout.helpers {
        functions.function(layout.helper_type_index(helper));
    }
    out.section(&functions);
    copy(&mut out, SectionId::Table);
    copy(&mut out, SectionId::Memory);
    out.section(&global_section(layout)?);
    let mut warnings = Vec::new();
    let mut exports = ExportSection::new();
    for export in &order.exports {
        let (kind, index) = match export.kind {
            ExternalKind::Func | ExternalKind::FuncExact => {
                (ExportKind::Func, layout.bordered(export.index))
            }
            ExternalKind::Table => (ExportKind::Table, export.index),
            ExternalKind::Memory => (ExportKind::Memory, export.index),
            ExternalKind::Global => (ExportKind::Global, export.index),
            ExternalKind::Tag => {
                let name = export.name;
                warnings.push(format!("the export {name} is left out: it is a tag"));
                continue;
            }
        };
        exports.export(export.name, kind, index);
    }
    out.section(&exports);
    if let Some(start) = module.start {
        out.section(&StartSection {
            function_index: layout.bordered(start),
        });
    }
    copy(&mut out, SectionId::Element);
    copy(&mut out, SectionId::DataCount);
    out.section(&RawSection {
        id: SectionId::Code as u8,
        data: &code,
    });
    copy(&mut out, SectionId::Data);
    let mut wasm = out.finish();
    for custom in &module.customs {
        match custom.name {
            // Names are a convenience: those that are broken are left out.
            "name" => {
                if let Ok(names) = names(layout, custom.bytes) {
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
    if layout.open_table {
        warnings.push(
            "the host can call functions through a table: what one of them throws does not trap \
             there, as it does where the host calls an export"
                .to_string(),
        );
    }
    Ok(Without {
        wasm,
        done: done(layout),
        warnings,
        left_out: Vec::new(),
    })
}

/// What was done, for people.
fn done(layout: &Layout<'_, '_>) -> Vec<String> {
    let imported = layout.module.imported_func_count();
    let all = layout.module.bodies.len();
    let throw = (imported..imported + all as u32)
        .filter(|func| !layout.escapes.of(*func).is_empty())
        .count();
    vec![format!(
        "exceptions became branches: they can come out of {throw} of {all} functions"
    )]
}

fn global_section(layout: &Layout<'_, '_>) -> Result<GlobalSection> {
    let mut section = GlobalSection::new();
    let zero_of = |ty: ValType| {
        let mut code = Vec::new();
        let known = zero(ty, &mut wasm_encoder::InstructionSink::new(&mut code));
        known
            .then(|| ConstExpr::raw(code))
            .ok_or_else(|| anyhow!("a global is a reference that cannot be null"))
    };
    for global in &layout.module.globals {
        let exn = is_exn(global.ty.content_type);
        let ty = GlobalType {
            val_type: layout.values(&[global.ty.content_type])?[0],
            mutable: global.ty.mutable,
            shared: global.ty.shared,
        };
        let init = match exn {
            // There is no other value that it could begin with than null.
            true => zero_of(ty.val_type)?,
            false => {
                let mut reader = global.init.get_binary_reader();
                let bytes = reader.read_bytes(reader.bytes_remaining())?;
                // The last byte is the end, which the encoder writes itself.
                ConstExpr::raw(bytes[..bytes.len() - 1].iter().copied())
            }
        };
        section.global(ty, &init);
    }
    let added = [ValType::I32];
    let added = added
        .iter()
        .chain(&layout.payload)
        .chain(&layout.split_types);
    for &val_type in added {
        let ty = GlobalType {
            val_type,
            mutable: true,
            shared: false,
        };
        section.global(ty, &zero_of(val_type)?);
    }
    Ok(section)
}

/// The name section, with what was added and without what has changed.
fn names(layout: &Layout<'_, '_>, bytes: &[u8]) -> Result<NameSection> {
    const FUNCTIONS: u8 = 1;
    const LOCALS: u8 = 2;
    const LABELS: u8 = 3;
    const GLOBALS: u8 = 7;
    const TAGS: u8 = 11;
    let mut section = NameSection::new();
    let moves_locals = !layout.narrow || layout.module.types.iter().any(scan::has_exn);
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
    let first = layout.module.func_types.len() as u32;
    functions.extend((first..).zip(layout.helpers.iter().map(|helper| helper.name(layout))));
    globals.push((layout.pending, "p1bridge:exception".to_string()));
    for (at, _) in layout.payload.iter().enumerate() {
        let name = format!("p1bridge:exception value {at}");
        globals.push((layout.pending + 1 + at as u32, name));
    }
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
            FUNCTIONS | GLOBALS | LABELS | TAGS => {}
            LOCALS if moves_locals => {}
            id => section.raw(id, data),
        }
    }
    write(&mut section, u8::MAX);
    Ok(section)
}
