//! Whether a module can take the place of another one in firmware that looks things up by name.

use std::collections::BTreeMap;

use super::pad::{self, Most};
use anyhow::{Context, Result};
use wasmparser::{ExternalKind, FuncType, Parser, Payload, TypeRef, Validator, WasmFeatures};

/// What differs so that the firmware may not go on as before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Difference {
    /// It imports what the old one did not.
    Imports,
    /// It lacks an export of the old one, or has it with another type.
    Exports,
    /// Its memory has other limits.
    Memory,
    /// Its table has other limits.
    Table,
    /// One has a start function and the other has none.
    Start,
}

impl Difference {
    /// All of them.
    pub const ALL: [Difference; 5] = [
        Difference::Imports,
        Difference::Exports,
        Difference::Memory,
        Difference::Table,
        Difference::Start,
    ];

    /// The word of `--allow`.
    pub fn word(self) -> &'static str {
        match self {
            Difference::Imports => "imports",
            Difference::Exports => "exports",
            Difference::Memory => "memory",
            Difference::Table => "table",
            Difference::Start => "start",
        }
    }
}

/// What the outside of a module knows of it.
#[derive(Default)]
struct Outside {
    /// By module and name, with the type in words.
    imports: BTreeMap<(String, String), String>,
    exports: BTreeMap<String, String>,
    /// The pages and the elements at the start.
    memory: u64,
    table: u64,
    start: bool,
    /// What those before it in its slot began with.
    before: Most,
}

fn outside(wasm: &[u8]) -> Result<Outside> {
    let mut found = Outside::default();
    let mut validator = Validator::new_with_features(WasmFeatures::all());
    let types = validator.validate_all(wasm)?;
    let types = types.as_ref();
    let func = |index: u32| -> String {
        let id = types.core_function_at(index);
        match &types[id].composite_type.inner {
            wasmparser::CompositeInnerType::Func(ty) => function(ty),
            _ => "a function".to_string(),
        }
    };
    let memory = |ty: &wasmparser::MemoryType| ty.initial;
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::ImportSection(section) => {
                let mut funcs = 0;
                for import in section.into_imports() {
                    let import = import?;
                    let ty = match import.ty {
                        TypeRef::Func(_) => {
                            funcs += 1;
                            func(funcs - 1)
                        }
                        TypeRef::Memory(ty) => {
                            found.memory += memory(&ty);
                            "a memory".to_string()
                        }
                        TypeRef::Table(ty) => {
                            found.table += ty.initial;
                            "a table".to_string()
                        }
                        TypeRef::Global(ty) => format!("a global of {:?}", ty.content_type),
                        _ => "something else".to_string(),
                    };
                    found
                        .imports
                        .insert((import.module.to_string(), import.name.to_string()), ty);
                }
            }
            Payload::MemorySection(section) => {
                for ty in section {
                    found.memory += memory(&ty?);
                }
            }
            Payload::TableSection(section) => {
                for table in section {
                    found.table += table?.ty.initial;
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export?;
                    let ty = match export.kind {
                        ExternalKind::Func => func(export.index),
                        ExternalKind::Memory => "a memory".to_string(),
                        ExternalKind::Table => "a table".to_string(),
                        ExternalKind::Global => {
                            format!(
                                "a global of {:?}",
                                types.global_at(export.index).content_type
                            )
                        }
                        _ => "something else".to_string(),
                    };
                    found.exports.insert(export.name.to_string(), ty);
                }
            }
            Payload::StartSection { .. } => found.start = true,
            Payload::CustomSection(section) if section.name() == pad::NAME => {
                found.before = Most::read(section.data()).unwrap_or_default();
            }
            _ => {}
        }
    }
    Ok(found)
}

fn function(ty: &FuncType) -> String {
    let list = |types: &[wasmparser::ValType]| {
        let types: Vec<String> = types.iter().map(ToString::to_string).collect();
        types.join(", ")
    };
    format!("({}) -> ({})", list(ty.params()), list(ty.results()))
}

/// What a module imports, by module and name.
///
/// # Errors
///
/// When it is no valid module.
pub fn imports(wasm: &[u8]) -> Result<Vec<(String, String)>> {
    let outside = outside(wasm).context("the module in the image is not valid")?;
    Ok(outside.imports.into_keys().collect())
}

/// What the modules in a slot began with at most, of which `old` is the last one.
///
/// # Errors
///
/// When it is no valid module.
pub fn most(old: &[u8]) -> Result<Most> {
    let old = outside(old).context("the module in the image is not valid")?;
    Ok(Most {
        memory: old.memory.max(old.before.memory),
        table: old.table.max(old.before.table),
    })
}

/// What of `new` is another thing than what the firmware has in `old`. `is_known` says whether the runtime has a function for an
/// import that the old module did not have.
///
/// # Errors
///
/// When one of them is no valid module.
pub fn differences(
    old: &[u8],
    new: &[u8],
    is_known: &dyn Fn(&str, &str) -> bool,
) -> Result<Vec<(Difference, String)>> {
    let most = most(old)?;
    let old = outside(old).context("the module in the image is not valid")?;
    let new = outside(new).context("the new module is not valid")?;
    let mut found = Vec::new();
    for ((module, name), ty) in &new.imports {
        let key = (module.clone(), name.clone());
        match old.imports.get(&key) {
            Some(had) if had == ty => {}
            Some(had) => found.push((
                Difference::Imports,
                format!("it imports `{name}` of `{module}` as {ty}, the old one as {had}"),
            )),
            None if is_known(module, name) => {}
            None => found.push((
                Difference::Imports,
                format!("it imports `{name}` of `{module}`, and neither the old one nor the profile has that"),
            )),
        }
    }
    for (name, had) in &old.exports {
        match new.exports.get(name) {
            Some(ty) if ty == had => {}
            Some(ty) => found.push((
                Difference::Exports,
                format!("its export `{name}` is {ty}, that of the old one {had}"),
            )),
            None => found.push((
                Difference::Exports,
                format!("it does not export `{name}`, by which the firmware may find it"),
            )),
        }
    }
    for (difference, what, has, had) in [
        (
            Difference::Memory,
            "it begins with {} pages of memory",
            new.memory,
            most.memory,
        ),
        (
            Difference::Table,
            "its tables begin with {} elements",
            new.table,
            most.table,
        ),
    ] {
        if has > had {
            let what = what.replace("{}", &has.to_string());
            found.push((
                difference,
                format!(
                    "{what}, the old one with {had}; if it is the one that was there before, `--undo` or IMAGE.orig brings the \
                     whole image back"
                ),
            ));
        }
    }
    if new.start && !old.start {
        found.push((
            Difference::Start,
            "it has a start function, which runs when it is instantiated".to_string(),
        ));
    }
    Ok(found)
}
