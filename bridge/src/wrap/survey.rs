//! What a core module imports, exports and carries: the sections without the function bodies.

use anyhow::{Result, bail};
use wasmparser::{
    Chunk, Export, ExternalKind, FuncType, Import, MemoryType, Parser, Payload, TypeRef, Validator,
    WasmFeatures,
};

use crate::sniff::{Binary, sniff};
use crate::validate::located;

/// The sections of a core module that decide how it can be wrapped.
#[derive(Debug, Default)]
pub struct Survey<'a> {
    pub imports: Vec<Import<'a>>,
    pub exports: Vec<Export<'a>>,
    /// The first memory, imported or defined.
    pub memory: Option<MemoryType>,
    /// A module of nothing but the `component-type` sections; empty when there are none.
    pub worlds: Vec<u8>,
    /// It has a `linking` section: an object file, not a program.
    pub relocatable: bool,
    /// It has a `dylink.0` section: a shared library.
    pub shared_library: bool,
    start: Option<FuncType>,
}

impl<'a> Survey<'a> {
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

    /// The type of the export `_start`, if it is a function.
    pub fn start(&self) -> Option<&FuncType> {
        self.start.as_ref()
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
/// What comes before the code is validated; the code is stepped over.
pub fn sections(wasm: &[u8]) -> Result<Survey<'_>> {
    let mut survey = Survey::default();
    let mut validator = Some(Validator::new_with_features(WasmFeatures::all()));
    let mut parser = Parser::new(0);
    let mut rest = wasm;
    loop {
        let (consumed, payload) = match parser.parse(rest, true).map_err(located)? {
            Chunk::Parsed { consumed, payload } => (consumed, payload),
            Chunk::NeedMoreData(_) => bail!("the module is cut off at offset {:#x}", wasm.len()),
        };
        rest = &rest[consumed..];
        if let Payload::CodeSectionStart { size, .. } = payload {
            validator = None;
            parser.skip_section();
            let Some(after) = rest.get(size as usize..) else {
                bail!("the code section is cut off at offset {:#x}", wasm.len());
            };
            rest = after;
            continue;
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
                    if export.name == "_start" && export.kind == ExternalKind::Func {
                        survey.start = validator
                            .as_ref()
                            .and_then(|validator| func_type(validator, export.index));
                    }
                    survey.exports.push(export);
                }
            }
            Payload::CustomSection(section) => match section.name() {
                "linking" => survey.relocatable = true,
                "dylink.0" => survey.shared_library = true,
                name if name.starts_with("component-type") => {
                    append_custom(&mut survey.worlds, name, section.data());
                }
                _ => {}
            },
            Payload::End(_) => return Ok(survey),
            _ => {}
        }
    }
}

fn func_type(validator: &Validator, index: u32) -> Option<FuncType> {
    let types = validator.types(0)?;
    Some(types[types.core_function_at(index)].unwrap_func().clone())
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
