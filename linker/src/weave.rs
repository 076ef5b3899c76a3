//! Core module → core module: its calls of WSI become those of a library, and everything else stays as it is.
//!
//! The module is a program by itself: one instance, whose other imports are the host's and whose exports are those of the
//! output.

mod threads;

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use wasm_encoder::{CustomSection, Section};
use wasmparser::{ExternalKind, Import, Parser, Payload, TypeRef};

use crate::options::{Library, Options};
use crate::parse::{self, Input};
use crate::profile::Profile;
use crate::resolve::{CoreDef, FuncDef, Instance, InstanceId, Program};
use crate::unadapt::unadapt;
use crate::wasi::Allow;
use crate::wsi::{self, Own};
use crate::{check_emitted, emit, merge, plan, preview1};

/// What the caller may choose.
#[derive(Clone, Debug)]
pub struct WeaveOptions {
    /// Whether the host has the functions of WAMR for sockets.
    pub sockets: bool,
    /// Whether `wasi.thread-spawn` starts threads.
    pub threads: bool,
    /// The functions of WSI that the host has: calls of them stay.
    pub own: Own,
    /// How many directions of descriptors one poll can wait for.
    pub max_poll: u32,
    /// Functions that may become stubs.
    pub allow: Vec<Allow>,
    /// Refuse functions that can only be approximated.
    pub deny_approximations: bool,
}

impl Default for WeaveOptions {
    fn default() -> WeaveOptions {
        let options = Options::default();
        WeaveOptions {
            sockets: options.profile.host.sockets,
            threads: options.profile.host.threads,
            own: Own::None,
            max_poll: options.max_poll,
            allow: Vec::new(),
            deny_approximations: false,
        }
    }
}

/// A module without imports of WSI.
#[derive(Clone, Debug)]
pub struct Woven {
    pub wasm: Vec<u8>,
    /// The exports of the library that are linked.
    pub functions: Vec<String>,
    /// The functions that are approximated, and how.
    pub approximations: BTreeMap<String, &'static str>,
    /// The functions that only return an error, with its name.
    pub stubs: BTreeMap<String, String>,
}

/// Whether a core module imports something of WSI. No for what is no module.
pub fn imports_wsi(module: &[u8]) -> bool {
    any_import(module, |import| wsi::is_wsi(import.module))
}

/// Whether a core module imports something of Preview 1. No for what is no module.
pub fn imports_preview1(module: &[u8]) -> bool {
    any_import(module, |import| import.module == preview1::MODULE)
}

/// Whether a core module imports a function of WSI that `allow` is about.
pub fn imports(module: &[u8], allow: &Allow) -> bool {
    any_import(module, |import| {
        let interface = import.module.split('@').next().unwrap_or(import.module);
        wsi::is_wsi(import.module) && allow.is_for(interface, import.name)
    })
}

fn any_import(module: &[u8], is_it: impl Fn(Import<'_>) -> bool) -> bool {
    for payload in Parser::new(0).parse_all(module) {
        match payload {
            Ok(Payload::ImportSection(imports)) => {
                let mut imports = imports.into_imports();
                return imports.any(|import| import.is_ok_and(&is_it));
            }
            Ok(Payload::CodeSectionStart { .. }) | Err(_) => return false,
            _ => {}
        }
    }
    false
}

/// Binds the imports of WSI of a core module to the library among `libraries` that has them; and those of Preview 1, if there
/// is a library that has them on WSI.
///
/// # Errors
///
/// For what is not a core module, for functions that the target does not have, and for a module that imports anything but
/// functions.
pub fn weave(module: &[u8], libraries: &[Library<'_>], options: &WeaveOptions) -> Result<Woven> {
    // Places in errors are those of the file.
    parse::module(module)?;
    let unshared = threads::unshare(module)?;
    let (module, shared) = match &unshared {
        Some((module, shared)) => (&module[..], Some(shared)),
        None => (module, None),
    };
    let mut input = parse::module(module)?;
    input.add_libraries(libraries)?;
    let program = program(&input)?;
    let mut profile = Profile::named("as-is").context("a profile that lowers nothing")?;
    profile.host.sockets = options.sockets;
    profile.host.threads = options.threads && shared.is_some();
    profile.wsi = options.own.clone();
    let options = Options {
        tidy: false,
        profile,
        max_poll: options.max_poll,
        allow: options.allow.clone(),
        deny_approximations: options.deny_approximations,
        ..Options::default()
    };
    let adapted = unadapt(&input, program, &options);
    let plan = plan::plan(&input, &adapted, &options)?;
    if shared.is_some() {
        threads::refuse_state(&plan)?;
    }
    let merged = merged(&plan)?;
    let functions = plan
        .libraries
        .iter()
        .flat_map(|library| library.functions.clone());
    let mut wasm = emit::emit(&plan, merged)?.wasm;
    if let Some(shared) = shared {
        wasm = threads::share(&wasm, shared)?;
    }
    Ok(Woven {
        functions: functions.collect(),
        approximations: plan.approximations.clone(),
        stubs: plan.stubs.clone(),
        wasm,
    })
}

/// The merged module, with what it had in custom sections.
fn merged(plan: &plan::Plan<'_, '_>) -> Result<merge::Merged> {
    let mut merged = merge::merge(plan)?;
    if plan.options.verify {
        check_emitted::merged(plan, &merged.wasm)
            .context("the module is not as planned: this is a bug of p1bridge")?;
    }
    for custom in &plan.input.modules[0].customs {
        if is_kept(custom.name) {
            let (name, data) = (custom.name.into(), custom.bytes.into());
            CustomSection { name, data }.append_to(&mut merged.wasm);
        }
    }
    Ok(merged)
}

/// A module that imports lowered functions of WASI of components where it imported Preview 1. It is to be validated with the
/// component that it is put into: a body that was wrong still is.
#[derive(Clone, Debug)]
pub struct Upward {
    pub wasm: Vec<u8>,
    /// What its imports of Preview 1 became, in their order: module, name, and the index of a function.
    pub functions: Vec<(String, String, u32)>,
    /// How many of the functions and of the globals are those of the program: the first.
    pub own_functions: u32,
    pub own_globals: u32,
}

/// Binds the imports of Preview 1 of a core module to the library among `libraries` that has them on WASI of components.
/// `known` is what that may ask about ([`crate::wrapped`]). Nothing for modules that nothing can be woven into: with GC types,
/// with several memories, with imports that are no functions.
///
/// # Errors
///
/// For what is not a core module, and for functions that the library does not have.
pub fn weave_up(
    module: &[u8],
    libraries: &[Library<'_>],
    known: &[&str],
) -> Result<Option<Upward>> {
    let mut input = parse::unproven(module)?;
    let is_plain = |module: &parse::module::Module<'_>| {
        let mut imports = module.imports.iter();
        module.gc_types.is_empty()
            && module.memories.len() < 2
            && imports.all(|import| matches!(import.ty, TypeRef::Func(_)))
    };
    if !is_plain(&input.modules[0]) {
        return Ok(None);
    }
    input.add_libraries(libraries)?;
    let program = program(&input)?;
    let options = Options {
        tidy: false,
        profile: Profile::named("as-is").context("a profile that lowers nothing")?,
        upward: known.iter().map(ToString::to_string).collect(),
        ..Options::default()
    };
    let adapted = unadapt(&input, program, &options);
    let plan = plan::plan(&input, &adapted, &options)?;
    let merged = merged(&plan)?;
    let own = &input.modules[0];
    let mut functions = Vec::new();
    for import in &own.imports {
        let name = (import.module.to_string(), import.name.to_string());
        if let Some(index) = merged.upward.get(&name) {
            let function = (name.0, name.1, *index);
            if !functions.contains(&function) {
                functions.push(function);
            }
        }
    }
    Ok(Some(Upward {
        functions,
        own_functions: own.bodies.len() as u32,
        own_globals: own.globals.len() as u32,
        wasm: merged.wasm,
    }))
}

/// Whether a custom section says the same of the output: not what is written anew, nor what is about places in the code.
fn is_kept(name: &str) -> bool {
    let anew = [
        "name",
        "producers",
        "target_features",
        "linking",
        "sourceMappingURL",
    ];
    !anew.contains(&name) && !name.starts_with(".debug") && !name.starts_with("reloc.")
}

/// A core module as the whole program.
fn program(input: &Input<'_>) -> Result<Program> {
    let mut program = Program::default();
    program.component_instances.push(None);
    let module = &input.modules[0];
    module.refuse_gc_types()?;
    if module.memories.len() > 1 {
        bail!("the module has several memories, which is not supported here");
    }
    let mut args = Vec::with_capacity(module.imports.len());
    for import in &module.imports {
        let TypeRef::Func(ty) = import.ty else {
            bail!(
                "{} {} is imported and no function, which is not supported here (at offset {:#x})",
                import.module,
                import.name,
                import.offset
            );
        };
        let ty = &module.types[ty as usize];
        let host = program.host(import.module, import.name, ty);
        args.push(CoreDef::Func(FuncDef::Host(host)));
    }
    let id = program.add_instance(input, Instance { module: 0, args });
    let mut exports: Vec<_> = module.exports.iter().collect();
    exports.sort_by_key(|(name, _)| **name);
    for (name, &(kind, index)) in exports {
        let def = native(id, kind, index)?;
        program.natives.push(((*name).to_string(), def));
    }
    Ok(program)
}

fn native(id: InstanceId, kind: ExternalKind, index: u32) -> Result<CoreDef> {
    Ok(match kind {
        ExternalKind::Func => CoreDef::Func(FuncDef::Core(id, index)),
        ExternalKind::Memory => CoreDef::Memory(id, index),
        ExternalKind::Global => CoreDef::Global(id, index),
        ExternalKind::Table => CoreDef::Table(id, index),
        ExternalKind::Tag => CoreDef::Tag(id, index),
        other => bail!("an export is {other:?}, which is not supported"),
    })
}
