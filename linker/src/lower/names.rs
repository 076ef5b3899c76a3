//! The custom sections that speak of functions and features.

use anyhow::Result;
use wasm_encoder::{Encode, IndirectNameMap, NameMap, NameSection, Section};
use wasmparser::{BinaryReader, Name, NameSectionReader};

use super::lowering::{GlobalUse, Lowering};
use crate::parse::module::{Element, ElementMode, Items};
use crate::profile::Profile;

/// Appends the names of `bytes`, a name section, with the functions where they are now. What is
/// broken is left out: names are a convenience.
pub fn append(ctx: &Lowering<'_, '_, '_>, bytes: &[u8], wasm: &mut Vec<u8>) {
    if let Ok(section) = names(ctx, bytes) {
        section.append_to(wasm);
    }
}

fn names(ctx: &Lowering<'_, '_, '_>, bytes: &[u8]) -> Result<NameSection> {
    let mut section = NameSection::new();
    let mut functions: Vec<(u32, String)> = Vec::new();
    let mut globals: Vec<(u32, String)> = Vec::new();
    let (mut locals, mut labels) = (None, None);
    let (mut types, mut tables, mut memories) = (NameMap::new(), NameMap::new(), NameMap::new());
    let (mut elements, mut data, mut tags) = (NameMap::new(), NameMap::new(), NameMap::new());
    // Others are left out, and one with nulls may become several.
    let stays = |element: &Element<'_>| {
        matches!(element.mode, ElementMode::Active { .. })
            && matches!(element.items, Items::Functions(_))
    };
    let keeps_elements =
        ctx.tables.is_none() && (!ctx.needs.elements || ctx.module.elements.iter().all(stays));
    let joins_memories = ctx.memories.is_some() && ctx.only_memory().is_none();
    let defined = |func: u32| func.checked_sub(ctx.module.imported_func_count());
    for subsection in NameSectionReader::new(BinaryReader::new(bytes, 0)) {
        match subsection? {
            Name::Module { name, .. } => section.module(name),
            Name::Function(map) => {
                for naming in map {
                    let naming = naming?;
                    if let Some(defined) = defined(naming.index) {
                        functions.push((ctx.first_defined + defined, naming.name.to_string()));
                    }
                }
            }
            Name::Local(map) => {
                for function in map {
                    let function = function?;
                    // A broken section may name a function that is not there.
                    let ty = ctx.module.func_types.get(function.index as usize);
                    let (Some(defined), Some(&ty)) = (defined(function.index), ty) else {
                        continue;
                    };
                    // Parameters that are added come behind those that there were.
                    let params = ctx.module.types[ty as usize].params().len() as u32;
                    let added = ctx.multi.added_params(ty);
                    let mut of_function = NameMap::new();
                    for naming in function.names {
                        let naming = naming?;
                        let moved = if naming.index < params { 0 } else { added };
                        of_function.append(naming.index.saturating_add(moved), naming.name);
                    }
                    locals
                        .get_or_insert_with(IndirectNameMap::new)
                        .append(ctx.first_defined + defined, &of_function);
                }
            }
            // Where blocks are nested anew or added, they are others.
            Name::Label(map) if !ctx.needs.structure() && !joins_memories => {
                for function in map {
                    let function = function?;
                    if let Some(defined) = defined(function.index) {
                        let of_function = same(function.names)?;
                        labels
                            .get_or_insert_with(IndirectNameMap::new)
                            .append(ctx.first_defined + defined, &of_function);
                    }
                }
            }
            Name::Type(map) => types = same(map)?,
            Name::Table(map) if ctx.tables.is_none() && ctx.joined.is_none() => {
                tables = same(map)?;
            }
            Name::Memory(map) if !joins_memories => memories = same(map)?,
            Name::Element(map) if keeps_elements => {
                elements = same(map)?;
            }
            Name::Data(map) => {
                for naming in map {
                    let naming = naming?;
                    if let Some(index) = ctx.data_index(naming.index) {
                        data.append(index, naming.name);
                    }
                }
            }
            Name::Tag(map) => tags = same(map)?,
            Name::Global(map) => {
                for naming in map {
                    let naming = naming?;
                    globals.push((naming.index, naming.name.to_string()));
                }
            }
            _ => {}
        }
    }
    for (index, import) in ctx.imports.iter().enumerate() {
        functions.push((index as u32, import.name.clone()));
    }
    for (index, helper) in ctx.helpers.iter().enumerate() {
        functions.push((ctx.first_helper + index as u32, helper.name(ctx)));
    }
    for (index, global) in ctx.globals.iter().enumerate() {
        let what = match global.what {
            GlobalUse::RegionBytes(region) => format!("memory {region} bytes"),
            GlobalUse::RegionBase(region) => format!("memory {region} base"),
            GlobalUse::BlockBase => "block".to_string(),
            GlobalUse::Started => "started".to_string(),
            GlobalUse::Mark => "quirks".to_string(),
            GlobalUse::Result(ty, n) => format!("result {n} {ty:?}"),
            GlobalUse::SegmentLength(segment) => format!("data {segment}"),
            GlobalUse::TableSize(table) => format!("table {table}"),
            GlobalUse::ElementLength(element) => format!("elem {element}"),
        };
        globals.push((ctx.first_global + index as u32, format!("p1bridge:{what}")));
    }
    section.functions(&sorted(functions));
    if let Some(locals) = &locals {
        section.locals(locals);
    }
    if let Some(labels) = &labels {
        section.labels(labels);
    }
    if !types.is_empty() {
        section.types(&types);
    }
    if !tables.is_empty() {
        section.tables(&tables);
    }
    if !memories.is_empty() {
        section.memories(&memories);
    }
    if !globals.is_empty() {
        section.globals(&sorted(globals));
    }
    if !elements.is_empty() {
        section.elements(&elements);
    }
    if !data.is_empty() {
        section.data(&data);
    }
    if !tags.is_empty() {
        section.tags(&tags);
    }
    Ok(section)
}

/// Names of what has the indices that it had.
fn same(names: wasmparser::NameMap<'_>) -> Result<NameMap> {
    let mut map = NameMap::new();
    for naming in names {
        let naming = naming?;
        map.append(naming.index, naming.name);
    }
    Ok(map)
}

/// Names in the order of their indices, one for each.
pub fn sorted(mut names: Vec<(u32, String)>) -> NameMap {
    names.sort_unstable_by_key(|(index, _)| *index);
    names.dedup_by_key(|(index, _)| *index);
    let mut map = NameMap::new();
    for (index, name) in &names {
        map.append(*index, name);
    }
    map
}

/// A `target_features` section without what `profile` lacks.
pub fn target_features(bytes: &[u8], profile: &Profile) -> Option<Vec<u8>> {
    let mut reader = BinaryReader::new(bytes, 0);
    let mut kept = Vec::new();
    for _ in 0..reader.read_var_u32().ok()? {
        let prefix = reader.read_u8().ok()?;
        let name = reader.read_string().ok()?;
        if profile.names_feature(name) {
            kept.push((prefix, name));
        }
    }
    let mut out = Vec::new();
    kept.len().encode(&mut out);
    for (prefix, name) in kept {
        out.push(prefix);
        name.encode(&mut out);
    }
    Some(out)
}
