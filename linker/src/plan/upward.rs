//! What becomes of the functions of Preview 1 that a core module imports where it is to be a component: those of a library
//! that does them with WASI of components.
//!
//! What that library imports is imported by the output, too, in the canonical ABI's core form: the caller makes the
//! component around it, in which these functions are lowered.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};
use wasmparser::ExternalKind;

use super::LinkedLibrary;
use super::libraries::{self, Home, signature};
use crate::parse::Input;
use crate::parse::module::Module;
use crate::preview1;
use crate::resolve::{CoreDef, FuncDef, HostId, InstanceId, NO_MEMORY, Program};
use crate::wrapped::{AT_END, ENDING, ENDS, FILES, MEMORY, NO_FILES, PROXY, WITHOUT};

/// What was linked.
#[derive(Default)]
pub struct Linked {
    pub libraries: Vec<LinkedLibrary>,
    /// The functions of the library that the program calls, by what they are to it: module and name.
    pub functions: BTreeMap<(String, String), FuncDef>,
}

/// Whether something that a program imports is bound here.
pub fn imports_any(input: &Input<'_>, program: &Program) -> bool {
    library(input).is_some() && program.hosts.iter().any(|host| is_bound(&host.module))
}

fn is_bound(module: &str) -> bool {
    module == preview1::MODULE || module == preview1::UNSTABLE
}

/// The library for that, by its place in the input.
fn library(input: &Input<'_>) -> Option<usize> {
    let is_it = |module: &Module<'_>| module.imports.iter().any(|import| import.module == MEMORY);
    let mut libraries = input.libraries.iter();
    libraries.position(|library| is_it(&input.modules[library.module]))
}

/// Binds the imports of Preview 1 in `program`, a single module. `known` is what constants and weak imports ask about.
///
/// # Errors
///
/// Fails for functions that the library does not have, or not with their type, by name.
pub fn link(input: &Input<'_>, program: &mut Program, known: &BTreeSet<String>) -> Result<Linked> {
    let mut linked = Linked::default();
    let Some(at) = library(input) else {
        return Ok(linked);
    };
    let mut used = known.clone();
    for host in program.hosts.iter().filter(|host| is_bound(&host.module)) {
        if needs_descriptors(&host.name) && !used.contains(PROXY) {
            used.insert(FILES.to_string());
        }
        used.insert(host.name.clone());
    }
    if !used.contains(FILES) {
        used.insert(NO_FILES.to_string());
    }
    libraries::check(&input.modules[input.libraries[at].module])?;
    let mut instance = None;
    for id in program.ids() {
        for arg in 0..program.instances[id.0 as usize].args.len() {
            let CoreDef::Func(FuncDef::Host(host)) = program.instances[id.0 as usize].args[arg]
            else {
                continue;
            };
            if !is_bound(&program.hosts[host.0 as usize].module) {
                continue;
            }
            let library = match instance {
                Some(library) => library,
                None => {
                    let home = Home {
                        memory: memory(input, program, id),
                        realloc: None,
                        stack: None,
                    };
                    let library = libraries::instantiate(input, program, at, home, &used)?;
                    linked.libraries.push(LinkedLibrary {
                        name: input.libraries[at].name.to_string(),
                        instance: library,
                        sees_all: false,
                        functions: Vec::new(),
                    });
                    instance = Some(library);
                    library
                }
            };
            let (export, def) = bind(input, program, id, host, (library, &used))?;
            let host = &program.hosts[host.0 as usize];
            let name = (host.module.clone(), host.name.clone());
            linked.functions.insert(name, def);
            linked.libraries[0].functions.push(export);
            program.instances[id.0 as usize].args[arg] = CoreDef::Func(def);
        }
    }
    if let (Some(library), true) = (instance, used.contains(ENDS)) {
        let ends = at_end(program.module(input, library), &used);
        let ends = ends.map(|index| {
            (
                ENDING.to_string(),
                CoreDef::Func(FuncDef::Core(library, index)),
            )
        });
        program.natives.extend(ends);
    }
    for library in &mut linked.libraries {
        library.functions.sort();
        library.functions.dedup();
    }
    Ok(linked)
}

/// The function of the library that is called when the program has returned.
fn at_end(module: &Module<'_>, used: &BTreeSet<String>) -> Option<u32> {
    let exports = module.exports.iter();
    let ends = |(name, &(kind, index)): (&&str, &(ExternalKind, u32))| {
        let of = name.strip_prefix(AT_END)?;
        (kind == ExternalKind::Func && used.contains(of)).then_some(index)
    };
    exports.filter_map(ends).next()
}

fn memory(input: &Input<'_>, program: &Program, id: InstanceId) -> (InstanceId, u32) {
    let module = program.module(input, id);
    match module.memories.len() + module.imported_memories.len() {
        0 => NO_MEMORY,
        _ => program.memory(input, id, 0),
    }
}

/// The function of the library that an import is, and the name of that.
fn bind(
    input: &Input<'_>,
    program: &Program,
    guest: InstanceId,
    id: HostId,
    (library, used): (InstanceId, &BTreeSet<String>),
) -> Result<(String, FuncDef)> {
    let host = &program.hosts[id.0 as usize];
    let module = program.module(input, guest);
    let mut imports = module.imports.iter();
    let found = imports.find(|import| import.module == host.module && import.name == host.name);
    let offset = found.map_or(0, |import| import.offset);
    let place = format!("(at offset {offset:#x}, in {})", module.path);
    let provider = program.module(input, library);
    let without = format!("{WITHOUT}{}", host.name);
    let own = format!("{}#{}", host.module, host.name);
    let same = format!("{}#{}", preview1::MODULE, host.name);
    let found = { used.contains(PROXY).then_some(without).into_iter() }
        .chain([own, same])
        .find_map(|export| match provider.exports.get(&*export) {
            Some(&(ExternalKind::Func, index)) => Some((export, index)),
            _ => None,
        });
    let Some((export, index)) = found else {
        bail!(
            "{}#{}: Preview 1 has no such function {place}",
            host.module,
            host.name
        );
    };
    let ty = provider.func_type(index);
    if *ty != host.ty {
        bail!(
            "{}#{}: it is imported as {}, but Preview 1 has {} {place}",
            host.module,
            host.name,
            signature(&host.ty),
            signature(ty),
        );
    }
    Ok((export, FuncDef::Core(library, index)))
}

/// Whether a program that imports this function can get or use descriptors that are not standard streams.
fn needs_descriptors(name: &str) -> bool {
    let files = [
        "fd_prestat_get",
        "fd_prestat_dir_name",
        "fd_readdir",
        "fd_renumber",
    ];
    files.contains(&name) || name.starts_with("path_") || name.starts_with("sock_")
}
