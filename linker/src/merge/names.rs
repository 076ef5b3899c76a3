//! The custom sections of the output: function and global names, producers, target features.

use anyhow::Result;
use wasm_encoder::{
    CustomSection, NameMap, NameSection, ProducersField, ProducersSection, Section,
};
use wasmparser::ProducersSectionReader;

use super::index::Maps;
use crate::glue::Glue;
use crate::parse::module::Module;
use crate::plan::{Plan, Target};

/// Appends the custom sections that a flat module keeps.
pub fn append(plan: &Plan<'_, '_>, glue: &Glue, maps: &Maps, wasm: &mut Vec<u8>) -> Result<()> {
    let guests: Vec<&Module<'_>> = plan
        .program
        .ids()
        .filter(|&id| !plan.is_library(id))
        .filter(|&id| plan.live.instance(id).funcs.iter().any(|live| *live))
        .map(|id| plan.program.module(plan.input, id))
        .collect();
    if guests.iter().any(|module| module.custom("name").is_some()) {
        names(plan, glue, maps).append_to(wasm);
    }
    producers(&guests)?.append_to(wasm);
    if let Some(features) = target_features(plan, &guests) {
        CustomSection {
            name: "target_features".into(),
            data: features.into(),
        }
        .append_to(wasm);
    }
    Ok(())
}

fn names(plan: &Plan<'_, '_>, glue: &Glue, maps: &Maps) -> NameSection {
    let mut functions = NameMap::new();
    for &host in &plan.hosts {
        let name = &plan.program.hosts[host.0 as usize].name;
        functions.append(maps.hosts[&host], name);
    }
    let mut index = maps.first_func;
    let mut current = None;
    let mut by_index: Vec<Option<&str>> = Vec::new();
    for &(id, defined) in &maps.sources {
        let module = plan.program.module(plan.input, id);
        if current != Some(id) {
            current = Some(id);
            by_index.clear();
            by_index.resize(module.func_types.len(), None);
            for &(named, name) in &module.func_names {
                if let Some(slot) = by_index.get_mut(named as usize) {
                    *slot = Some(name);
                }
            }
        }
        let old = module.imported_func_count() as usize + defined;
        debug_assert_eq!(
            maps.target(Target::Core(id, old as u32)),
            Some(index),
            "functions are named in the order in which they are encoded"
        );
        if let Some(name) = by_index[old] {
            functions.append(index, name);
        }
        index += 1;
    }
    for function in &glue.functions {
        functions.append(index, &function.name);
        index += 1;
    }

    let mut globals: Vec<(u32, &str)> = Vec::new();
    for id in plan.program.ids().filter(|&id| !plan.is_library(id)) {
        let live = &plan.live.instance(id).globals;
        for &(old, name) in &plan.program.module(plan.input, id).global_names {
            if live.get(old as usize) == Some(&true) {
                globals.push((maps.instance(id).global(old), name));
            }
        }
    }
    let own = &maps.globals;
    for (index, name) in [
        (own.bytes.first().copied().flatten(), "p1bridge:bytes"),
        (own.block, "p1bridge:block"),
        (own.initialised, "p1bridge:initialized"),
    ] {
        globals.extend(index.map(|index| (index, name)));
    }
    globals.sort_unstable_by_key(|(index, _)| *index);
    globals.dedup_by_key(|(index, _)| *index);
    let mut global_map = NameMap::new();
    for (index, name) in &globals {
        global_map.append(*index, name);
    }

    let mut section = NameSection::new();
    section.functions(&functions);
    if !globals.is_empty() {
        section.globals(&global_map);
    }
    section
}

/// The producers of all guests, and this linker.
fn producers(guests: &[&Module<'_>]) -> Result<ProducersSection> {
    let mut fields: Vec<(String, Vec<(String, String)>)> = Vec::new();
    let mut add = |field: &str, name: &str, version: &str| {
        let at = match fields.iter().position(|(known, _)| known == field) {
            Some(at) => at,
            None => {
                fields.push((field.to_string(), Vec::new()));
                fields.len() - 1
            }
        };
        let values = &mut fields[at].1;
        if !values.iter().any(|(known, _)| known == name) {
            values.push((name.to_string(), version.to_string()));
        }
    };
    for module in guests {
        let Some(bytes) = module.custom("producers") else {
            continue;
        };
        let reader = wasmparser::BinaryReader::new(bytes, 0);
        // Like a name section, one that is broken is left out.
        let Ok(reader) = ProducersSectionReader::new(reader) else {
            continue;
        };
        for field in reader.into_iter().flatten() {
            for value in field.values.into_iter().flatten() {
                add(field.name, value.name, value.version);
            }
        }
    }
    add("processed-by", "p1bridge", env!("CARGO_PKG_VERSION"));
    let mut section = ProducersSection::new();
    for (name, values) in &fields {
        let mut field = ProducersField::new();
        for (name, version) in values {
            field.value(name, version);
        }
        section.field(name, &field);
    }
    Ok(section)
}

/// The `target_features` of the guests, without what the output no longer has. Optimisers read
/// from it what they may use.
fn target_features(plan: &Plan<'_, '_>, guests: &[&Module<'_>]) -> Option<Vec<u8>> {
    let bytes = guests.iter().find_map(|m| m.custom("target_features"))?;
    let mut reader = wasmparser::BinaryReader::new(bytes, 0);
    let mut kept = Vec::new();
    for _ in 0..reader.read_var_u32().ok()? {
        let prefix = reader.read_u8().ok()?;
        let name = reader.read_string().ok()?;
        if plan.options.profile.names_feature(name) {
            kept.push((prefix, name));
        }
    }
    let mut out = Vec::new();
    wasm_encoder::Encode::encode(&kept.len(), &mut out);
    for (prefix, name) in kept {
        out.push(prefix);
        wasm_encoder::Encode::encode(name, &mut out);
    }
    Some(out)
}
