//! One core module.

use std::collections::HashMap;

use wasmparser::{
    BinaryReaderError, ExternalKind, FuncValidatorAllocations, Imports, KnownCustom, MemoryType,
    Name, Payload, RefType, TableType, TypeRef, ValidPayload, WasmFeatures,
};

use super::features::Uses;
use super::{Custom, Item, Limits, Module};

type Result<T = ()> = std::result::Result<T, BinaryReaderError>;

/// A module whose end has not been reached.
#[derive(Default)]
pub struct Open {
    pub module: Module,
    /// Where it begins in the file.
    start: u64,
    pub uses: Uses,
    /// The `component-type` sections, as a module of their own.
    pub worlds: Vec<u8>,
    /// Where in the list of imports a module name is.
    import_modules: HashMap<String, usize>,
    /// Which of the globals can be written to.
    mutable_globals: Vec<bool>,
    allocations: FuncValidatorAllocations,
}

impl Open {
    pub fn new(path: String, start: u64) -> Open {
        Open {
            module: Module {
                path,
                ..Module::default()
            },
            start,
            ..Open::default()
        }
    }

    /// Takes in a payload and what the validator has made of it.
    pub fn payload(&mut self, payload: Payload<'_>, valid: ValidPayload<'_>) -> Result {
        if let ValidPayload::Func(func, body) = valid {
            self.module.functions += 1;
            self.module.code_bytes += body.as_bytes().len();
            let mut validator = func.into_validator(std::mem::take(&mut self.allocations));
            self.uses.body(&body, &mut validator)?;
            self.allocations = validator.into_allocations();
            return Ok(());
        }
        match payload {
            Payload::TypeSection(section) => {
                for group in section {
                    self.uses.types(&group?);
                }
            }
            Payload::ImportSection(section) => {
                for imports in section.clone() {
                    if !matches!(imports?, Imports::Single(..)) {
                        self.uses.add(WasmFeatures::COMPACT_IMPORTS);
                    }
                }
                for import in section.into_imports() {
                    self.import(import?);
                }
            }
            Payload::MemorySection(section) => {
                for ty in section {
                    self.memory(&ty?, false);
                }
            }
            Payload::TableSection(section) => {
                for table in section {
                    self.table(&table?.ty, false);
                }
            }
            Payload::GlobalSection(section) => {
                for global in section {
                    let global = global?;
                    self.mutable_globals.push(global.ty.mutable);
                    self.uses
                        .global(global.ty.content_type, &global.init_expr)?;
                }
            }
            Payload::TagSection(_) => self.uses.add(WasmFeatures::EXCEPTIONS),
            Payload::ExportSection(section) => {
                for export in section {
                    self.export(export?);
                }
            }
            Payload::ElementSection(section) => {
                for element in section {
                    self.uses.element(element?)?;
                }
            }
            Payload::DataCountSection { .. } => self.uses.add(WasmFeatures::BULK_MEMORY),
            Payload::DataSection(section) => {
                for data in section {
                    let data = data?;
                    self.module.data_bytes += data.data.len();
                    self.uses.data(&data)?;
                }
            }
            Payload::CustomSection(section) => {
                if let KnownCustom::Name(names) = section.as_known() {
                    // Names are a convenience; broken ones are no reason to stop.
                    for name in names.into_iter().flatten() {
                        if let Name::Module { name, .. } = name {
                            self.module.name = Some(name.to_string());
                        }
                    }
                }
                if section.name().starts_with("component-type") {
                    crate::wrap::append_custom(&mut self.worlds, section.name(), section.data());
                }
                self.module.custom_sections.push(custom(&section));
            }
            _ => {}
        }
        Ok(())
    }

    fn import(&mut self, import: wasmparser::Import<'_>) {
        let kind = match import.ty {
            TypeRef::Func(_) | TypeRef::FuncExact(_) => "func",
            TypeRef::Table(ty) => {
                self.table(&ty, true);
                "table"
            }
            TypeRef::Memory(ty) => {
                self.memory(&ty, true);
                "memory"
            }
            TypeRef::Global(ty) => {
                self.mutable_globals.push(ty.mutable);
                "global"
            }
            TypeRef::Tag(_) => "tag",
        };
        self.uses.import(&import.ty);
        let name = with_kind(import.name, kind);
        let imports = &mut self.module.imports;
        if let Some(&at) = self.import_modules.get(import.module) {
            imports[at].items.push(name);
            return;
        }
        self.import_modules
            .insert(import.module.to_string(), imports.len());
        imports.push(Item {
            name: import.module.to_string(),
            kind: "module",
            items: vec![name],
        });
    }

    fn export(&mut self, export: wasmparser::Export<'_>) {
        let kind = match export.kind {
            ExternalKind::Func | ExternalKind::FuncExact => "func",
            ExternalKind::Table => "table",
            ExternalKind::Memory => "memory",
            ExternalKind::Global => "global",
            ExternalKind::Tag => "tag",
        };
        if kind == "global" && self.mutable_globals.get(export.index as usize) == Some(&true) {
            self.uses.add(WasmFeatures::MUTABLE_GLOBAL);
        }
        self.module.exports.push(Item {
            name: export.name.to_string(),
            kind,
            items: Vec::new(),
        });
    }

    fn memory(&mut self, ty: &MemoryType, imported: bool) {
        self.uses.memory(ty, self.module.memories.is_empty());
        let mut notes = Vec::new();
        if ty.shared {
            notes.push("shared".to_string());
        }
        if ty.memory64 {
            notes.push("64-bit".to_string());
        }
        if let Some(log2) = ty.page_size_log2 {
            notes.push(format!("pages of {} bytes", 1u64 << log2));
        }
        self.module.memories.push(Limits {
            initial: ty.initial,
            maximum: ty.maximum,
            imported,
            notes,
        });
    }

    fn table(&mut self, ty: &TableType, imported: bool) {
        self.uses.table(ty, self.module.tables.is_empty());
        let mut notes = Vec::new();
        if ty.element_type != RefType::FUNCREF {
            notes.push(ty.element_type.to_string());
        }
        self.module.tables.push(Limits {
            initial: ty.initial,
            maximum: ty.maximum,
            imported,
            notes,
        });
    }

    /// The finished module, which ends at `end` in the file.
    pub fn finish(mut self, end: u64) -> Self {
        self.module.bytes = (end - self.start) as usize;
        self.module.features = self.uses.set().names();
        self
    }
}

pub fn custom(section: &wasmparser::CustomSectionReader<'_>) -> Custom {
    Custom {
        name: section.name().to_string(),
        bytes: section.data().len(),
    }
}

/// Functions go without saying.
pub fn with_kind(name: &str, kind: &str) -> String {
    match kind {
        "func" => name.to_string(),
        kind => format!("{name} ({kind})"),
    }
}
