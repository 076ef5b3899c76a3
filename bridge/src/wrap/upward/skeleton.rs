//! The frame of the component: what wit-component makes of a module that has the imports and exports of the program, and
//! none of its code. Types, imports, lifted functions and exports are taken over from it; the core modules inside are not.

use std::collections::{BTreeSet, HashMap};

use anyhow::{Context, Result, anyhow, bail};
use p1bridge_linker::wrapped::{ENDING, MEMORY, ON_PROGRAM, ON_STATE, ROOT, STATE};
use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{
    CodeSection, EntityType, ExportKind, ExportSection, Function, FunctionSection, ImportSection,
    MemorySection, MemoryType, Module, TypeSection, ValType,
};
use wasmparser::FuncType;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{PackageName, Resolve, SourceMap};

use super::super::survey::Survey;
use super::super::world::rename_package;
use super::super::{Wasi, World, append_custom};
use crate::guarded::guarded;

/// The version of all interfaces of WASI 0.2 that the library imports, but for functions that are newer.
const OLDEST: &str = "0.2.0";

/// What the host calls for room in the memory of a module.
pub const REALLOC: &str = "cabi_realloc";

/// The interface and the name of a function of the component that a core import means.
pub fn meant<'n>(module: &'n str, name: &'n str) -> Option<(&'n str, &'n str)> {
    match module {
        MEMORY | STATE => None,
        _ => {
            let interface = module
                .strip_prefix(ON_PROGRAM)
                .or(module.strip_prefix(ON_STATE));
            Some((interface.unwrap_or(module), name))
        }
    }
}

/// Encodes the component for a module that is woven. `survey` is of it, and `world` one that it does not carry.
///
/// # Errors
///
/// Those of wit-component.
pub fn encode(survey: &Survey<'_>, world: Option<&World>, wasi: Wasi) -> Result<Vec<u8>> {
    let mut module = hollow(survey)?;
    if !survey.worlds.is_empty() {
        // What the program carries, as it is.
        for payload in wasmparser::Parser::new(0).parse_all(&survey.worlds) {
            if let wasmparser::Payload::CustomSection(section) = payload? {
                append_custom(&mut module, section.name(), section.data());
            }
        }
    }
    if let Some(world) = world {
        module = world.embed(&module)?;
    }
    let interfaces: BTreeSet<&str> = { survey.imports.iter() }
        .filter(|import| {
            import.module.starts_with(ON_PROGRAM) || import.module.starts_with(ON_STATE)
        })
        .filter_map(|import| Some(meant(import.module, import.name)?.0))
        .filter(|interface| *interface != ROOT)
        .collect();
    let (old, new): (Vec<&str>, Vec<&str>) =
        { interfaces.into_iter() }.partition(|interface| interface.ends_with(OLDEST));
    if !(old.is_empty() && new.is_empty()) {
        // Worlds are put together by their names.
        let all = match wasi {
            Wasi::V0_2 => p1bridge_wit::WASI_0_2,
            Wasi::V0_3 => p1bridge_wit::WASI_0_3,
        };
        let newest = packages(all, old.iter().chain(&new))?;
        embed(&mut module, "newest", newest.clone(), &new)?;
        embed(&mut module, "oldest", in_oldest(newest)?, &old)?;
    }
    guarded("wit-component cannot encode it", || {
        let mut encoder = ComponentEncoder::default();
        encoder.validate(false).module(&module)?.encode()
    })
}

/// The packages among `all` of WASI that these interfaces are of or need, in their newest release. For a small program they take most
/// of the time.
fn packages<'i>(
    all: &[&[(&str, &str)]],
    interfaces: impl Iterator<Item = &'i &'i str> + Clone,
) -> Result<Resolve> {
    let mut needed: Vec<SourceMap> = Vec::new();
    let mut texts = String::new();
    // Packages come after those that they refer to.
    for files in all.iter().rev() {
        let parts = { files.iter() }.map(|(path, text)| (*path, without_worlds(text)));
        let package = { parts.clone() }.find_map(|(_, text)| text.strip_prefix("package "));
        let name = package.and_then(|name| Some(name.split_once('@')?.0));
        let of_it = format!("{}/", name.context("a package without a name")?);
        let mut wanted = interfaces.clone();
        if wanted.any(|interface| interface.starts_with(&of_it)) || texts.contains(&of_it) {
            let mut sources = SourceMap::new();
            for (path, text) in parts {
                sources.push_str(path, text);
                texts += text;
            }
            needed.push(sources);
        }
    }
    let mut resolve = Resolve::default();
    for sources in needed.into_iter().rev() {
        let package = sources.parse().map_err(|(_, error)| anyhow!("{error:?}"))?;
        resolve.push_group(package)?;
    }
    Ok(resolve)
}

/// A file of WIT up to its worlds, which name more packages than its interfaces need.
fn without_worlds(text: &str) -> &str {
    let end = text.find("\nworld ").unwrap_or(text.len());
    let mut text = text[..end].trim_end();
    // What is said of the first world.
    while let Some((before, last)) = text.rsplit_once('\n')
        && last.starts_with('@')
    {
        text = before.trim_end();
    }
    text
}

/// The same as their oldest release. Functions that are newer stay, and are not used.
fn in_oldest(mut resolve: Resolve) -> Result<Resolve> {
    let version: semver::Version = OLDEST.parse()?;
    let packages: Vec<_> = resolve.package_names.values().copied().collect();
    for id in packages {
        let name = PackageName {
            version: Some(version.clone()),
            ..resolve.packages[id].name.clone()
        };
        rename_package(&mut resolve, id, name);
    }
    Ok(resolve)
}

/// Adds the types of interfaces as a world of this package.
fn embed(
    module: &mut Vec<u8>,
    package: &str,
    mut resolve: Resolve,
    interfaces: &[&str],
) -> Result<()> {
    if interfaces.is_empty() {
        return Ok(());
    }
    let imports = interfaces.iter().map(|name| format!("import {name};"));
    let imports: String = imports.collect();
    let text = format!("package p1bridge:{package}; world library {{ {imports} }}");
    let package = resolve.push_str("library.wit", &text)?;
    let world = resolve.select_world(&[package], None)?;
    embed_component_metadata(module, &resolve, world, StringEncoding::UTF8, false)
        .context("cannot encode the world of the library")
}

/// A module with the same imports and exports, and functions that trap.
fn hollow(survey: &Survey<'_>) -> Result<Vec<u8>> {
    let mut types = Types::default();
    let mut imports = ImportSection::new();
    let mut seen: HashMap<(&str, &str), &FuncType> = HashMap::new();
    let mut functions = 0;
    for (import, ty) in survey.imports.iter().zip(&survey.import_types) {
        let Some((module, name)) = meant(import.module, import.name) else {
            continue;
        };
        let Some(ty) = ty else {
            bail!("{module} {name} is imported and no function");
        };
        match seen.insert((module, name), ty) {
            None => {
                let index = types.index(ty)?;
                imports.import(module, name, EntityType::Function(index));
                functions += 1;
            }
            Some(other) if other == ty => {}
            Some(_) => bail!("{module} {name} is imported with two types"),
        }
    }
    let mut defined = FunctionSection::new();
    let mut exports = ExportSection::new();
    let mut code = CodeSection::new();
    let mut define = |name: &str, ty: &FuncType| -> Result<()> {
        defined.function(types.index(ty)?);
        exports.export(name, ExportKind::Func, functions);
        functions += 1;
        let mut body = Function::new([]);
        body.instructions().unreachable().end();
        code.function(&body);
        Ok(())
    };
    let mut has_realloc = false;
    for (name, ty) in survey.exported_funcs() {
        if !matches!(name, "_start" | "_initialize" | ENDING) {
            has_realloc |= name == REALLOC;
            define(name, ty)?;
        }
    }
    if !has_realloc {
        let i32s = [wasmparser::ValType::I32; 4];
        define(REALLOC, &FuncType::new(i32s, [i32s[0]]))?;
    }
    let mut memories = MemorySection::new();
    memories.memory(MemoryType {
        minimum: 0,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    exports.export("memory", ExportKind::Memory, 0);
    let mut module = Module::new();
    module
        .section(&types.section)
        .section(&imports)
        .section(&defined)
        .section(&memories)
        .section(&exports)
        .section(&code);
    Ok(module.finish())
}

/// The types of a module, each once.
#[derive(Default)]
struct Types {
    section: TypeSection,
    known: HashMap<FuncType, u32>,
}

impl Types {
    fn index(&mut self, ty: &FuncType) -> Result<u32> {
        if let Some(&index) = self.known.get(ty) {
            return Ok(index);
        }
        let val = |ty: &wasmparser::ValType| RoundtripReencoder.val_type(*ty);
        let params: Vec<ValType> = ty.params().iter().map(val).collect::<Result<_, _>>()?;
        let results: Vec<ValType> = ty.results().iter().map(val).collect::<Result<_, _>>()?;
        let index = self.section.len();
        self.section.ty().function(params, results);
        self.known.insert(ty.clone(), index);
        Ok(index)
    }
}
