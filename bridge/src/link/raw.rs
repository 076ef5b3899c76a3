//! Core modules that fill imports by name, without types: `--raw NAME=FILE`.

use anyhow::{Error, Result, bail};
use p1bridge_linker::nearest::nearest;
use wasmparser::{ExternalKind, FuncType, TypeRef, ValType};

use crate::sniff::{Binary, sniff};
use crate::wrap::{RawLibrary, Survey, survey_of};

/// A core module that provides the imports from one module name.
#[derive(Clone, Debug)]
pub struct Raw {
    /// The module name.
    pub name: String,
    /// How messages call it: the file.
    pub file: String,
    /// The core module.
    pub wasm: Vec<u8>,
}

/// The libraries that a module imports from, and what may not be as it was meant.
///
/// # Errors
///
/// When a library is no core module, does not have what is imported, or wants more than is there.
pub fn of<'r>(module: &Survey<'_>, raws: &'r [Raw]) -> Result<(Vec<RawLibrary<'r>>, Vec<String>)> {
    let (mut libraries, mut notes) = (Vec::new(), Vec::new());
    for raw in raws.iter().filter(|raw| module.imports_from(&raw.name)) {
        let library = read(raw)?;
        let mut shares_memory = false;
        for import in &library.imports {
            match (import.module, import.ty) {
                ("env", TypeRef::Memory(_)) if import.name == "memory" => shares_memory = true,
                ("wasi_snapshot_preview1", _) => bail!(
                    "--raw {}={}: it calls Preview 1, which a raw library cannot; give it a world, and link it as a library",
                    raw.name,
                    raw.file
                ),
                (other, _) => bail!(
                    "--raw {}={}: it imports {other} {}, which nobody provides: a raw library may import `memory` \
                     from `env`, which is that of its user",
                    raw.name,
                    raw.file,
                    import.name
                ),
            }
        }
        let pointers = provided(module, raw, &library)?;
        if !shares_memory && !pointers.is_empty() {
            notes.push(format!(
                "{} has a memory of its own: if a number that {} takes or gives is an address, it means nothing on the other \
                 side",
                raw.file,
                pointers.join(", ")
            ));
        }
        libraries.push(RawLibrary {
            name: &raw.name,
            wasm: &raw.wasm,
        });
    }
    Ok((libraries, notes))
}

/// Adds to why a module cannot be wrapped that a library may have what it imports.
pub fn hint(error: Error, wasm: &[u8], raws: &[Raw]) -> Error {
    let Ok(survey) = survey_of(wasm) else {
        return error;
    };
    let plain = survey.imports.iter().find(|import| {
        let module = import.module;
        matches!(import.ty, TypeRef::Func(_))
            && !module.contains([':', '|', '$'])
            && !module.starts_with("wasi_")
            && module != "env"
            && !raws.iter().any(|raw| raw.name == module)
    });
    match plain {
        Some(import) => error.context(format!(
            "`{}` of `{}` is provided by no adapter and no world; if a core module has it, write --raw {}=FILE",
            import.name, import.module, import.module
        )),
        None => error,
    }
}

fn read(raw: &Raw) -> Result<Survey<'_>> {
    let what = || format!("--raw {}={}", raw.name, raw.file);
    if sniff(&raw.wasm)? == Binary::Component {
        bail!(
            "{}: it is a component; give it as a library, its types say what fits",
            what()
        );
    }
    crate::validate::validate(&raw.wasm)?;
    let library = survey_of(&raw.wasm)?;
    if library.shared_library {
        bail!(
            "{}: it is a shared library (it has a `dylink.0` section); `wasm-tools component link` takes those",
            what()
        );
    }
    if library.for_linkers && library.exports.is_empty() {
        bail!(
            "{}: it is an object file; link it with wasm-ld first",
            what()
        );
    }
    Ok(library)
}

/// Checks that a library has what is imported of it. Gives the functions that take or give an `i32`.
fn provided(module: &Survey<'_>, raw: &Raw, library: &Survey<'_>) -> Result<Vec<String>> {
    let mut pointers = Vec::new();
    for (import, ty) in module.imports.iter().zip(&module.import_types) {
        if import.module != raw.name {
            continue;
        }
        let what = || format!("--raw {}={}", raw.name, raw.file);
        let Some(wanted) = ty else {
            bail!(
                "{}: {} is imported, which is no function; a raw library provides functions only",
                what(),
                import.name
            );
        };
        let mut exports = library.exported_funcs();
        let Some((_, found)) = exports.find(|(name, _)| *name == import.name) else {
            let functions = library
                .exports
                .iter()
                .filter(|e| e.kind == ExternalKind::Func);
            let near = nearest(import.name, functions.map(|export| export.name));
            let near = near.map_or(String::new(), |near| format!("; is {near} meant?"));
            bail!("{}: it exports no function {}{near}", what(), import.name);
        };
        if found != wanted {
            bail!(
                "{}: {} is imported as {}, but it is {}",
                what(),
                import.name,
                signature(wanted),
                signature(found)
            );
        }
        let mut all = found.params().iter().chain(found.results());
        if all.any(|ty| *ty == ValType::I32) {
            pointers.push(import.name.to_string());
        }
    }
    Ok(pointers)
}

fn signature(ty: &FuncType) -> String {
    let list = |types: &[ValType]| {
        let names: Vec<String> = types.iter().map(ToString::to_string).collect();
        names.join(", ")
    };
    format!("({}) -> ({})", list(ty.params()), list(ty.results()))
}
