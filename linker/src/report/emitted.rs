//! What the bytes of a finished module import, export, keep in memory and consist of, as a report tells
//! it.

use anyhow::{Context, Result};
use wasmparser::{FuncType, Parser, Payload, TypeRef};

use crate::findings::Effect;
use crate::findings::host;
use crate::profile::Profile;

/// How many imports are named that the target lacks, for each effect.
const NAMED: usize = 3;

/// The parts of a module that its host sees, and how large its code and data are.
#[derive(Debug, Default)]
pub struct Emitted<'a> {
    /// Everything that is imported, in order.
    pub imports: Vec<(&'a str, &'a str)>,
    /// The functions among them, with their types and byte offsets.
    functions: Vec<(&'a str, &'a str, FuncType, u64)>,
    pub exports: Vec<&'a str>,
    /// The pages of each memory at the start, and the most that it may have.
    pub memories: Vec<(u64, Option<u64>)>,
    /// The bytes of each function body, in order.
    pub bodies: Vec<usize>,
    /// The bytes of all data segments.
    pub data: usize,
}

impl<'a> Emitted<'a> {
    /// Reads the sections of `wasm`; of its functions only how long they are.
    ///
    /// # Errors
    ///
    /// Fails for what is not a core module.
    pub fn read(wasm: &'a [u8]) -> Result<Emitted<'a>> {
        let mut emitted = Emitted::default();
        let mut types = Vec::new();
        for payload in Parser::new(0).parse_all(wasm) {
            match payload? {
                Payload::TypeSection(section) => {
                    for group in section {
                        for ty in group?.into_types() {
                            types.push(match ty.composite_type.inner {
                                wasmparser::CompositeInnerType::Func(ty) => Some(ty),
                                _ => None,
                            });
                        }
                    }
                }
                Payload::ImportSection(section) => {
                    for import in section.into_imports_with_offsets() {
                        let (offset, import) = import?;
                        emitted.imports.push((import.module, import.name));
                        match import.ty {
                            TypeRef::Func(index) | TypeRef::FuncExact(index) => {
                                let ty = types.get(index as usize).cloned().flatten();
                                emitted.functions.push((
                                    import.module,
                                    import.name,
                                    ty.context("an import has no type of a function")?,
                                    offset,
                                ));
                            }
                            TypeRef::Memory(ty) => {
                                emitted.memories.push((ty.initial, ty.maximum));
                            }
                            _ => {}
                        }
                    }
                }
                Payload::MemorySection(section) => {
                    for memory in section {
                        let ty = memory?;
                        emitted.memories.push((ty.initial, ty.maximum));
                    }
                }
                Payload::ExportSection(section) => {
                    for export in section {
                        emitted.exports.push(export?.name);
                    }
                }
                Payload::CodeSectionEntry(body) => emitted.bodies.push(body.as_bytes().len()),
                Payload::DataSection(section) => {
                    for data in section {
                        emitted.data += data?.data.len();
                    }
                }
                _ => {}
            }
        }
        Ok(emitted)
    }

    /// What is wrong with the imports on a host of `profile`, as `check` finds it: a warning for each
    /// effect.
    pub fn not_provided(&self, profile: &Profile) -> Vec<String> {
        let found: Vec<_> = self
            .functions
            .iter()
            .filter_map(|(module, name, ty, offset)| {
                host::import(profile, (module, name), ty, *offset, true)
            })
            .collect();
        [Effect::Refused, Effect::FailsLater]
            .into_iter()
            .filter_map(|effect| {
                let all: Vec<&str> = found
                    .iter()
                    .filter(|finding| finding.effect == effect)
                    .map(|finding| &*finding.what)
                    .collect();
                let more = match all.len().saturating_sub(NAMED) {
                    0 => String::new(),
                    n => format!("; and {n} more imports"),
                };
                let named = all[..all.len().min(NAMED)].join("; ");
                (!all.is_empty()).then(|| format!("{effect} on {}: {named}{more}", profile.name()))
            })
            .collect()
    }
}
