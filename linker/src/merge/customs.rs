//! The custom sections of the output: names, producers, target features.

use anyhow::Result;
use wasm_encoder::{CustomSection, ProducersField, ProducersSection, Section};
use wasmparser::ProducersSectionReader;

use super::code::Traced;
use super::names;
use crate::maps::Glue;
use crate::maps::index::Maps;
use crate::parse::module::Module;
use crate::plan::Plan;

/// The custom sections that may be kept, about.
pub fn size(plan: &Plan<'_, '_>) -> usize {
    if plan.options.strip {
        return 0;
    }
    let sizes = plan.program.ids().map(|id| {
        let customs = plan.program.module(plan.input, id).customs.iter();
        customs.map(|custom| custom.bytes.len()).sum::<usize>()
    });
    sizes.sum()
}

/// Appends the custom sections that a flat module keeps, except for debug information. The content
/// of the code section is at `code` in `wasm`.
pub fn append(
    plan: &Plan<'_, '_>,
    glue: &Glue,
    maps: &Maps,
    traces: &[Traced],
    code: usize,
    wasm: &mut Vec<u8>,
) -> Result<()> {
    let guests: Vec<&Module<'_>> = plan
        .program
        .ids()
        .filter(|&id| !plan.is_library(id))
        .filter(|&id| plan.live.instance(id).funcs.iter().any(|live| *live))
        .map(|id| plan.program.module(plan.input, id))
        .collect();
    if guests.iter().any(|module| module.custom("name").is_some()) {
        names::append(plan, glue, maps, traces, code, wasm);
    }
    if let Some(section) = wasi(plan) {
        section.append_to(wasm);
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

/// What of WASI is approximated, and what only returns an error.
fn wasi<'a>(plan: &Plan<'_, '_>) -> Option<CustomSection<'a>> {
    let mut text = String::new();
    for (function, note) in &plan.approximations {
        text += &format!("approximated {function}: {note}\n");
    }
    for (function, code) in &plan.stubs {
        text += &format!("stub {function}: {code}\n");
    }
    (!text.is_empty()).then(|| CustomSection {
        name: "p1bridge.wasi".into(),
        data: text.into_bytes().into(),
    })
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
