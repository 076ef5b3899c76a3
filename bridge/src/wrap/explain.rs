//! The encoder's errors in terms of the module.
//!
//! The encoder decides what is an error; only when it has refused the module is the cause looked
//! for here, so nothing is refused that would have worked.

use anyhow::{Error, Result, anyhow};
use p1bridge_linker::nearest::{did_you_mean, nearest};
use p1bridge_linker::preview1;
use wasmparser::{FuncType, Import, TypeRef, ValType};

use super::WrapOptions;
use super::adapters::{Chosen, PREVIEW1};
use super::check::shortened;
use super::start;
use super::survey::Survey;
use super::world::World;
use crate::hosts::instead;
use crate::validate::validate;

/// What to tell the user when encoding failed with `error`.
pub fn failure(
    error: Error,
    module: &[u8],
    survey: &Survey<'_>,
    adapters: &[Chosen<'_>],
    options: &WrapOptions,
) -> Error {
    if let Err(invalid) = validate(module) {
        return invalid.context("the module is invalid");
    }
    if let Some(threads) = threads(survey) {
        return anyhow!(threads);
    }
    let carried = match World::carried(&survey.worlds) {
        Ok(carried) => carried,
        Err(broken) => return broken,
    };
    let worlds: Vec<&World> = carried.iter().chain(&options.world).collect();
    let provided = match Provided::new(adapters, &worlds) {
        Ok(provided) => provided,
        Err(broken) => return broken,
    };
    let unprovided: Vec<String> = survey
        .imports
        .iter()
        .zip(&survey.import_types)
        .filter_map(|(import, ty)| provided.complaint(import, ty.as_ref()))
        .collect();
    if !unprovided.is_empty() {
        let mut message = first(&unprovided, "imports").join("\n  ");
        if worlds.is_empty()
            && survey
                .imports
                .iter()
                .any(|import| is_interface(import.module))
        {
            message += match survey.native_world.is_empty() {
                true => {
                    "\n  the module carries no world (`component-type` section); say which one it is written for with \
                     `--wit DIR --world W`"
                }
                false => {
                    "\n  the world that the module carries is for hosts: `flatten` has said why no component can be made of it"
                }
            };
        }
        return anyhow!("{message}");
    }
    let reads_memory = adapters.iter().any(|adapter| adapter.name != start::NAME);
    if reads_memory && !survey.exports_memory() {
        return anyhow!(no_memory(survey));
    }
    let missing: Vec<String> = worlds
        .iter()
        .flat_map(|world| missing_exports(world, survey))
        .collect();
    if !missing.is_empty() {
        return anyhow!(first(&missing, "exports").join("\n  "));
    }
    if let Some(missing) = no_realloc(&worlds, survey) {
        return anyhow!(missing);
    }
    match survey.memory.is_some_and(|memory| memory.memory64) {
        // It says so itself.
        true => error,
        false => error.context("the module does not fit its world or adapter"),
    }
}

/// The most lines of one kind in a message.
const LINES: usize = 12;

/// The first of `lines`, and how many more of `what` there are.
fn first(lines: &[String], what: &str) -> Vec<String> {
    let mut first: Vec<String> = lines.iter().take(LINES).cloned().collect();
    if lines.len() > LINES {
        first.push(format!("and {} more {what}", lines.len() - LINES));
    }
    first
}

/// What to say of a module that starts threads; nothing where it does not.
fn threads(survey: &Survey<'_>) -> Option<String> {
    let mut imports = survey.imports.iter();
    let spawns = imports.any(|import| (import.module, import.name) == ("wasi", "thread-spawn"));
    let shared = survey.memory.is_some_and(|memory| memory.shared);
    let how = match (spawns, shared) {
        (true, true) => "it imports `thread-spawn` of `wasi`, and its memory is shared",
        (true, false) => "it imports `thread-spawn` of `wasi`",
        (false, true) => "its memory is shared",
        (false, false) => return None,
    };
    Some(format!(
        "the module uses threads ({how}), and components of WASI 0.2 have none; compile it without threads \
         (Rust: for wasm32-wasip1, not wasm32-wasip1-threads; clang: for wasm32-wasip1, without -pthread)"
    ))
}

/// What to say of a module that the host cannot put values into.
fn no_realloc(worlds: &[&World], survey: &Survey<'_>) -> Option<String> {
    let names: Vec<&str> = survey.exported_funcs().map(|(name, _)| name).collect();
    if ["cabi_realloc", "cm32p2_realloc", "canonical_abi_realloc"]
        .iter()
        .any(|name| names.contains(name))
    {
        return None;
    }
    let (mut exports, mut imports) = (Vec::new(), Vec::new());
    for world in worlds {
        let (taking, giving) = world.allocating();
        exports.extend(taking.iter().map(|name| format!("`{name}`")));
        imports.extend(giving.iter().map(|name| format!("`{name}`")));
    }
    let needed: Vec<String> = [("the parameters of", exports), ("the results of", imports)]
        .into_iter()
        .filter(|(_, names)| !names.is_empty())
        .map(|(what, names)| format!("{what} {}", shortened(&names)))
        .collect();
    if needed.is_empty() {
        return None;
    }
    Some(format!(
        "the module exports no `cabi_realloc`{}; the host calls it for room in the module's memory, for {}\n  \
         it is `cabi_realloc: (i32, i32, i32, i32) -> i32`, of the old address, the old size, the alignment and the new \
         size, and comes from\n  \
         Rust: the crate `wit-bindgen` with its feature `realloc`\n  \
         C, C++: the file that `wit-bindgen c` writes, linked in; where the linker drops it, `-Wl,--export=cabi_realloc`\n  \
         TinyGo, Go: `wit-bindgen-go`, or a function of this type after `//go:wasmexport cabi_realloc`\n  \
         AssemblyScript, zig and others: an exported function of this name and type",
        did_you_mean(nearest("cabi_realloc", names.iter().copied())),
        needed.join(" and "),
    ))
}

/// What to tell the user when the encoder was content, but its output fails to validate, although
/// the module itself is valid.
pub fn invalid(error: Error, survey: &Survey<'_>, adapters: &[Chosen<'_>]) -> Error {
    if let Some(threads) = threads(survey) {
        return anyhow!(threads);
    }
    let is_64_bit = survey.memory.is_some_and(|memory| memory.memory64);
    match adapters.first() {
        Some(adapter) if is_64_bit => anyhow!(
            "the module's memory is 64-bit; {} works on ordinary 32-bit memories only",
            adapter.origin
        ),
        _ => error.context("the encoded component is invalid, which is a bug"),
    }
}

/// What the world exports and the module does not.
fn missing_exports(world: &World, survey: &Survey<'_>) -> Vec<String> {
    let has = |module: &str, func: &str| {
        survey.exported_funcs().any(|(name, _)| {
            // Names may have a prefix for the way in which they are lifted.
            match (module, name.rsplit_once('#')) {
                ("$root", None) => name == func || name.ends_with(&format!("]{func}")),
                (_, Some((interface, name))) => name == func && interface.contains(base(module)),
                _ => name.starts_with("cm32p2"),
            }
        })
    };
    let names: Vec<&str> = survey.exported_funcs().map(|(name, _)| name).collect();
    let missing = world
        .exports()
        .into_iter()
        .filter(|(module, func)| !has(module, func));
    missing
        .map(|(module, func)| {
            let name = match module.as_str() {
                "$root" => func,
                module => format!("{module}#{func}"),
            };
            let near = did_you_mean(nearest(&name, names.iter().copied()));
            format!(
                "the world exports `{name}`, but the module exports no function of that name{near}"
            )
        })
        .collect()
}

/// Why a module whose memory is needed has none to offer.
pub(super) fn no_memory(survey: &Survey<'_>) -> String {
    let exported = survey
        .exports
        .iter()
        .find(|export| export.kind == wasmparser::ExternalKind::Memory);
    match (survey.memory, exported) {
        (None, _) => format!(
            "the module has no memory, but the functions of `{PREVIEW1}` read and write the program's memory"
        ),
        (Some(_), Some(export)) => format!(
            "the module exports its memory as `{}`; adapters look for it under the name `memory`",
            export.name
        ),
        (Some(_), None) => "the module does not export its memory, so no adapter can read its buffers; export it under the \
             name `memory` (wasm-ld does so unless it is told `--import-memory`)"
            .to_string(),
    }
}

/// Imports that somebody provides.
struct Provided<'a> {
    adapters: Vec<(&'a Chosen<'a>, Survey<'a>)>,
    /// (module, field) of the worlds.
    worlds: Vec<(String, String)>,
}

impl<'a> Provided<'a> {
    fn new(adapters: &'a [Chosen<'a>], worlds: &[&World]) -> Result<Provided<'a>> {
        Ok(Provided {
            adapters: adapters
                .iter()
                .map(|adapter| Ok((adapter, adapter.survey()?)))
                .collect::<Result<_>>()?,
            worlds: worlds.iter().flat_map(|world| world.imports()).collect(),
        })
    }

    /// What is wrong with an import that certainly nothing provides.
    fn complaint(&self, import: &Import<'_>, ty: Option<&FuncType>) -> Option<String> {
        let (module, name) = (import.module, import.name);
        // The encoder makes a memory for a module that imports it by the name that linkers use.
        let memory = matches!(import.ty, TypeRef::Memory(_)) && (module, name) == ("env", "memory");
        if memory {
            return None;
        }
        if !matches!(import.ty, TypeRef::Func(_)) {
            let what = match import.ty {
                TypeRef::Memory(_) => "memory",
                TypeRef::Table(_) => "table",
                TypeRef::Global(_) => "global",
                _ => "tag",
            };
            return Some(format!(
                "the module imports the {what} `{name}` of `{module}`; a module that becomes a component may import only functions"
            ));
        }
        if let Some((adapter, exports)) = self
            .adapters
            .iter()
            .find(|(adapter, _)| adapter.name == module)
        {
            let mut exports = exports.exported_funcs();
            let socket = { adapter.sockets }.then(|| preview1::socket(name));
            let provided = exports
                .find(|(export, _)| *export == name)
                .map(|(_, ty)| ty)
                .or(socket.as_ref().and_then(Option::as_ref));
            return match (provided, ty) {
                (None, _) => Some(format!(
                    "`{name}` of `{module}` is not provided by {}{}",
                    adapter.origin,
                    did_you_mean(self.nearest_of(adapter.name, name))
                )),
                (Some(provided), Some(ty)) if provided != ty => Some(format!(
                    "the module imports `{name}` of `{module}` as {}, but {} has it as {}",
                    signature(ty),
                    adapter.origin,
                    signature(provided)
                )),
                _ => None,
            };
        }
        // Names in brackets are built-ins and those of the standard mangling are spelt in another
        // way; about both the encoder's own message is the better one.
        if name.starts_with('[') || module.starts_with('[') || module.starts_with("cm32p2") {
            return None;
        }
        let fields: Vec<&str> = self
            .worlds
            .iter()
            .filter(|(provided, _)| same_interface(provided, module))
            .map(|(_, field)| field.as_str())
            .collect();
        if fields.contains(&name) {
            return None;
        }
        let mut suggestion = self.suggestion(module, name, &fields);
        if suggestion.is_empty()
            && let Some(instead) = instead(module, name)
        {
            suggestion = format!(": {instead}");
        }
        Some(format!(
            "`{name}` of `{module}` is provided by no adapter and no world{suggestion}"
        ))
    }

    fn nearest_of(&self, adapter: &str, name: &str) -> Option<&'a str> {
        let of = self.functions().filter(|(module, _)| *module == adapter);
        nearest(name, of.map(|(_, function)| function))
    }

    /// What adapters provide: (module, field).
    fn functions(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.adapters.iter().flat_map(|(adapter, survey)| {
            survey
                .exported_funcs()
                .map(|(function, _)| (adapter.name, function))
        })
    }

    fn suggestion(&self, module: &str, name: &str, fields: &[&str]) -> String {
        if !fields.is_empty() {
            return did_you_mean(nearest(name, fields.iter().copied()));
        }
        let worlds = self
            .worlds
            .iter()
            .map(|(module, field)| (module.as_str(), field.as_str()));
        let all: Vec<(&str, &str)> = self.functions().chain(worlds).collect();
        if let Some((elsewhere, _)) = all.iter().find(|(_, field)| *field == name) {
            return format!("; `{elsewhere}` has one of that name");
        }
        let modules = all.iter().map(|(module, _)| *module).chain([PREVIEW1]);
        if let Some(near) = nearest(module, modules) {
            return did_you_mean(Some(near));
        }
        let near = nearest(name, all.iter().map(|(_, field)| *field));
        match all.iter().find(|(_, field)| Some(*field) == near) {
            Some((module, field)) => format!("; did you mean `{field}` of `{module}`?"),
            None => String::new(),
        }
    }
}

/// `ns:pkg/name`, with or without a version.
fn is_interface(module: &str) -> bool {
    module.contains(':') && module.contains('/')
}

/// Whether an import of the interface `wanted` is satisfied by `provided`: the versions need only
/// be compatible, and which are is the encoder's business.
fn same_interface(provided: &str, wanted: &str) -> bool {
    provided == wanted || (is_interface(wanted) && base(provided) == base(wanted))
}

/// The name of an interface without its version.
fn base(interface: &str) -> &str {
    interface.split('@').next().unwrap_or(interface)
}

/// `(i32, i64) -> i32`.
fn signature(ty: &FuncType) -> String {
    let list = |types: &[ValType]| {
        types
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", ")
    };
    match ty.results() {
        [] => format!("({})", list(ty.params())),
        results => format!("({}) -> {}", list(ty.params()), list(results)),
    }
}
