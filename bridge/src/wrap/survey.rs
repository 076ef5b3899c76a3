//! What a core module imports, exports and carries: the sections without the function bodies.

use anyhow::{Result, bail};
use p1bridge_linker::findings::applied;
use p1bridge_linker::sections::each;
use wasmparser::types::{CoreTypeId, TypesRef};
use wasmparser::{
    CompositeInnerType, Export, ExternalKind, FuncType, Import, MemoryType, Payload, TypeRef,
    Validator, WasmFeatures,
};

use crate::sniff::{Binary, sniff};
use crate::validate::{located, relocated};

/// The section with the world of a module that keeps the handles of its resources itself.
pub const NATIVE_WORLD: &str = "p1bridge.world";

/// The sections of a core module that decide how it can be wrapped.
#[derive(Debug, Default)]
pub struct Survey<'a> {
    pub imports: Vec<Import<'a>>,
    pub exports: Vec<Export<'a>>,
    /// The types of the functions among the imports and exports, in the same order.
    pub import_types: Vec<Option<FuncType>>,
    pub export_types: Vec<Option<FuncType>>,
    /// The first memory, imported or defined.
    pub memory: Option<MemoryType>,
    /// A module of nothing but the `component-type` sections; empty when there are none.
    pub worlds: Vec<u8>,
    /// The same for a host alone: a component could not be made of it.
    pub native_world: &'a [u8],
    /// It has a `linking` section: it is an object file, or a program that still has its relocations and
    /// also has exports.
    pub for_linkers: bool,
    /// It was lowered for a host with other structs than those of Preview 1.
    pub foreign_structs: bool,
    /// It has a `dylink.0` section: a shared library.
    pub shared_library: bool,
}

impl<'a> Survey<'a> {
    /// The world that the module carries, for a component or for a host alone.
    pub fn any_world(&self) -> &[u8] {
        match self.worlds.is_empty() {
            true => self.native_world,
            false => &self.worlds,
        }
    }

    pub fn exports_func(&self, name: &str) -> bool {
        self.export(name, ExternalKind::Func)
    }

    pub fn exports_memory(&self) -> bool {
        // The second name is that of the standard mangling of the component model.
        self.export("memory", ExternalKind::Memory)
            || self.export("cm32p2_memory", ExternalKind::Memory)
    }

    fn export(&self, name: &str, kind: ExternalKind) -> bool {
        self.exports
            .iter()
            .any(|export| export.name == name && export.kind == kind)
    }

    /// The functions imported from `module`, each once.
    pub fn imported_funcs(&self, module: &str) -> Vec<&'a str> {
        let mut names = Vec::new();
        for import in &self.imports {
            if import.module == module
                && matches!(import.ty, TypeRef::Func(_))
                && !names.contains(&import.name)
            {
                names.push(import.name);
            }
        }
        names
    }

    pub fn imports_from(&self, module: &str) -> bool {
        self.imports.iter().any(|import| import.module == module)
    }

    /// The exported functions and their types.
    pub fn exported_funcs(&self) -> impl Iterator<Item = (&'a str, &FuncType)> {
        let names = self.exports.iter().map(|export| export.name);
        names
            .zip(&self.export_types)
            .filter_map(|(name, ty)| Some((name, ty.as_ref()?)))
    }

    /// The type of the export `_start`, if it is a function.
    pub fn start(&self) -> Option<&FuncType> {
        self.exported_funcs()
            .find(|(name, _)| *name == "_start")
            .map(|(_, ty)| ty)
    }
}

/// Reads the sections of the core module `wasm`.
///
/// # Errors
///
/// When it is a component or no WebAssembly at all, or a section is invalid.
pub fn module(wasm: &[u8]) -> Result<Survey<'_>> {
    if sniff(wasm)? == Binary::Component {
        bail!(
            "the input is a component already; `wrap` takes a core module, and `flatten` is the way back"
        );
    }
    sections(wasm)
}

/// Reads the sections of a core module that has been recognised as one, such as an adapter.
///
/// What it is read from is validated; the code is stepped over.
pub fn sections(wasm: &[u8]) -> Result<Survey<'_>> {
    let mut survey = Survey::default();
    let mut validator = Some(Validator::new_with_features(WasmFeatures::all()));
    each(wasm, |payload| {
        // Nothing is asked about behind the exports.
        if matches!(
            payload,
            Payload::ElementSection(_) | Payload::CodeSectionStart { .. }
        ) {
            validator = None;
        }
        if let Some(validator) = &mut validator {
            validator.payload(&payload).map_err(located)?;
        }
        match payload {
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import.map_err(located)?;
                    if let TypeRef::Memory(ty) = import.ty {
                        survey.memory.get_or_insert(ty);
                    }
                    let ty = match import.ty {
                        TypeRef::Func(index) => type_at(validator.as_ref(), |types| {
                            types.core_type_at_in_module(index)
                        }),
                        _ => None,
                    };
                    survey.import_types.push(ty);
                    survey.imports.push(import);
                }
            }
            Payload::MemorySection(section) => {
                for ty in section {
                    survey.memory.get_or_insert(ty.map_err(located)?);
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export.map_err(located)?;
                    survey.foreign_structs |= applied::has_structs(export.name);
                    let ty = match export.kind {
                        ExternalKind::Func => type_at(validator.as_ref(), |types| {
                            types.core_function_at(export.index)
                        }),
                        _ => None,
                    };
                    survey.export_types.push(ty);
                    survey.exports.push(export);
                }
            }
            Payload::CustomSection(section) => match section.name() {
                "linking" => survey.for_linkers = true,
                "dylink.0" => survey.shared_library = true,
                NATIVE_WORLD => survey.native_world = section.data(),
                name if name.starts_with("component-type") => {
                    append_custom(&mut survey.worlds, name, section.data());
                }
                _ => {}
            },
            _ => {}
        }
        Ok(())
    })
    .map_err(relocated)?;
    Ok(survey)
}

/// The type of a function. Sections of imports and exports come before the code, so there is a
/// validator when they are read.
fn type_at(
    validator: Option<&Validator>,
    index: impl Fn(TypesRef<'_>) -> CoreTypeId,
) -> Option<FuncType> {
    let types = validator?.types(0)?;
    match &types[index(types)].composite_type.inner {
        CompositeInnerType::Func(ty) => Some(ty.clone()),
        _ => None,
    }
}

/// Appends a custom section to a module of nothing else; an empty `module` becomes one.
pub fn append_custom(module: &mut Vec<u8>, name: &str, data: &[u8]) {
    use wasm_encoder::{CustomSection, Section};
    if module.is_empty() {
        module.extend_from_slice(b"\0asm\x01\0\0\0");
    }
    CustomSection {
        name: name.into(),
        data: data.into(),
    }
    .append_to(module);
}
