//! The custom sections that speak of functions and features.

use anyhow::Result;
use wasm_encoder::{Encode, IndirectNameMap, NameMap, NameSection, Section};
use wasmparser::{BinaryReader, Name, NameSectionReader};

use super::{GlobalUse, Lowering};
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
    let mut locals = IndirectNameMap::new();
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
            // Parameters that were added would move them.
            Name::Local(map) if !ctx.needs.multi_value => {
                for function in map {
                    let function = function?;
                    let Some(defined) = defined(function.index) else {
                        continue;
                    };
                    let mut of_function = NameMap::new();
                    for naming in function.names {
                        let naming = naming?;
                        of_function.append(naming.index, naming.name);
                    }
                    locals.append(ctx.first_defined + defined, &of_function);
                }
            }
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
            GlobalUse::Result(ty, n) => format!("result {n} {ty:?}"),
            GlobalUse::SegmentLength(segment) => format!("data {segment}"),
            GlobalUse::TableSize(table) => format!("table {table}"),
            GlobalUse::ElementLength(element) => format!("elem {element}"),
        };
        globals.push((ctx.first_global + index as u32, format!("p1bridge:{what}")));
    }
    section.functions(&sorted(functions));
    section.locals(&locals);
    if !globals.is_empty() {
        section.globals(&sorted(globals));
    }
    Ok(section)
}

fn sorted(mut names: Vec<(u32, String)>) -> NameMap {
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
