//! `wrap`: a Preview 1 core module becomes a component.
//!
//! The encoding is wit-component's. What is added here is what it leaves unsaid: a component that
//! would export nothing, a memory that the adapter cannot grow, a kind of adapter that does not
//! fit the program. All of it is said before there is anything to write.
//!
//! | step | decides |
//! |---|---|
//! | [`survey`] | what the module imports and exports, which worlds it carries |
//! | [`kind`] | command, reactor or proxy |
//! | [`adapters`] | which adapters are linked; do they fit the module |
//! | encode | wit-component; [`explain`] puts its errors in terms of the module |
//! | [`check`], [`room`] | what the finished component would fail at |

mod adapters;
mod check;
mod explain;
mod kind;
mod layer;
mod room;
mod start;
mod survey;
mod upward;
mod world;

use anyhow::{Context, Result, bail};
use p1bridge_linker::limits::WORLD_FUNCTIONS;
use p1bridge_linker::plan::exports::HOST_ARENA;
use p1bridge_linker::timings::stage;
use wasmparser::TypeRef;
use wit_component::{ComponentEncoder, LibraryInfo};

use crate::guarded::guarded;
use crate::validate::validate;
use crate::weave::on_preview1;

pub(crate) use survey::{NATIVE_WORLD, Survey, append_custom, sections as survey_of};
pub(crate) use world::{carried_names as carried_world, rename_package};

pub use kind::Kind;
pub use world::World;

/// What the caller may choose.
#[derive(Clone, Debug)]
pub struct WrapOptions {
    /// What the module is, and so which adapter it gets. `None`: seen from its exports.
    pub kind: Option<Kind>,
    /// Adapters instead of, or beside, what is embedded.
    pub adapters: Vec<Adapter>,
    /// A world for a module that carries none, or beside the one that it carries.
    pub world: Option<World>,
    /// Whether Preview 1 is done by the adapter of wasmtime, which is embedded, too, and not by our own library.
    pub wasmtime_adapter: bool,
    /// Whether a program can end with other codes than 0 and 1: `exit-with-code` of WASI 0.2.12 is imported for it.
    pub exit_codes: bool,
    /// The WASI that Preview 1 is done with by our own library.
    pub wasi: Wasi,
}

/// A release of WASI that a component can import.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wasi {
    /// 0.2, which every host of components has.
    #[default]
    V0_2,
    /// 0.3, with streams and functions that wait.
    V0_3,
}

impl Default for WrapOptions {
    fn default() -> WrapOptions {
        WrapOptions {
            kind: None,
            adapters: Vec::new(),
            world: None,
            wasmtime_adapter: false,
            exit_codes: true,
            wasi: Wasi::default(),
        }
    }
}

/// A core module that provides the imports from one module name, in the form that wit-component
/// takes: code only, importing the program's memory.
#[derive(Clone, Debug)]
pub struct Adapter {
    /// The module name that it provides, such as `wasi_snapshot_preview1`.
    pub name: String,
    /// Its binary.
    pub wasm: Vec<u8>,
    /// How messages call it: the file it came from.
    pub origin: String,
}

/// A core module that provides the imports from one module name as it is, memory and all.
pub(crate) struct RawLibrary<'a> {
    pub name: &'a str,
    pub wasm: &'a [u8],
}

/// A finished component.
#[derive(Clone, Debug)]
pub struct Wrapped {
    /// The component, validated.
    pub component: Vec<u8>,
    /// What the module was taken for.
    pub kind: Kind,
    /// The adapters that are inside, in words.
    pub adapters: Vec<String>,
    /// What will not work as the program may expect, one sentence each.
    pub notes: Vec<String>,
}

/// Wraps `module`, the binary of a core module.
///
/// # Errors
///
/// When the input is not a core module or is invalid, when something that it imports is not
/// provided, when adapter and program do not fit, and when the component would export nothing or
/// trap as soon as it is used.
pub fn wrap(module: &[u8], options: &WrapOptions) -> Result<Wrapped> {
    wrapped(module, options, &[], true)
}

/// Wraps `module` for the linker, which takes the adapters out again: they need no room. The raw
/// libraries are beside it in the component.
///
/// # Errors
///
/// Those of [`wrap`], but for adapters that the memory has no room for.
pub(crate) fn for_linking(
    module: &[u8],
    options: &WrapOptions,
    raw: &[RawLibrary<'_>],
) -> Result<Wrapped> {
    wrapped(module, options, raw, false)
}

fn wrapped(
    module: &[u8],
    options: &WrapOptions,
    raw: &[RawLibrary<'_>],
    adapters_stay: bool,
) -> Result<Wrapped> {
    stage("survey", module.len());
    let module = &*on_preview1(module)?;
    let survey = survey::module(module)?;
    if survey.exports_func(HOST_ARENA) {
        bail!(
            "the module has an arena for what a host returns (--host-arena), and a component allocates in the module instead: flatten \
             it without that"
        );
    }
    let functions = functions_of(&survey, options)?;
    if functions > WORLD_FUNCTIONS {
        bail!(
            "its world has {functions} functions, and `wrap` takes at most {WORLD_FUNCTIONS}: the \
             time that wit-component needs grows with the square of their number; make several \
             components, or pass what differs as a parameter of fewer functions"
        );
    }
    let kind = kind::of(&survey, options)?;
    let woven = adapters_stay && upward::takes(&survey, kind, options);
    let mut adapters = adapters::choose(&survey, kind, options, woven)?;
    if woven {
        let mut imports = survey.imports.iter();
        let only_functions = imports.all(|import| matches!(import.ty, TypeRef::Func(_)));
        let has_none = survey.memory.is_none() && only_functions;
        if has_none && survey.imports_from(adapters::PREVIEW1) {
            bail!("{}", explain::no_memory(&survey));
        }
        stage("weave", module.len());
        let wrapped = upward::wrap(module, &survey, kind, options)
            .map_err(|error| explain::failure(error, module, &survey, &adapters, options))?;
        if let Some(wrapped) = wrapped {
            return ours(wrapped, kind, &survey, module, &adapters, options);
        }
        adapters = adapters::choose(&survey, kind, options, false)?;
    }
    if options.wasi == Wasi::V0_3 && !adapters.is_empty() {
        bail!(
            "nothing can be woven into the module, and adapters are of WASI 0.2: leave `--wasi 0.3` away"
        );
    }
    let with_world = match &options.world {
        Some(world) => Some(world.embed(module)?),
        None => None,
    };
    stage("encode", module.len());
    let component = encode(with_world.as_deref().unwrap_or(module), &adapters, raw)
        .map_err(|error| explain::failure(error, module, &survey, &adapters, options))?;

    let facts = check::facts(&component)?;
    check::exports_something(&facts, &survey, kind, &adapters, options)?;
    if adapters_stay {
        room::check(&facts, &survey)?;
    }
    stage("validate", component.len());
    if let Err(error) = validate(&component) {
        // The offset is of use only in the file that the user has.
        validate(module).context("the module is invalid")?;
        return Err(explain::invalid(error, &survey, &adapters));
    }
    Ok(Wrapped {
        adapters: adapters
            .iter()
            .filter(|adapter| facts.contains_adapter(adapter))
            .map(|adapter| adapter.described())
            .collect(),
        notes: check::notes(&survey, kind, &adapters)?,
        component,
        kind,
    })
}

/// The component that has our own library inside, checked.
fn ours(
    wrapped: upward::Wrapped,
    kind: Kind,
    survey: &Survey<'_>,
    module: &[u8],
    adapters: &[adapters::Chosen<'_>],
    options: &WrapOptions,
) -> Result<Wrapped> {
    let facts = check::facts(&wrapped.component)?;
    check::exports_something(&facts, survey, kind, adapters, options)?;
    stage("validate", wrapped.component.len());
    if let Err(error) = validate(&wrapped.component) {
        validate(module).context("the module is invalid")?;
        return Err(explain::invalid(error, survey, adapters));
    }
    let is_file = |name: &str| name.starts_with("path_") || name == "fd_readdir";
    let without_files = match kind {
        Kind::Proxy => check::without_files(survey, is_file),
        Kind::Command | Kind::Reactor => None,
    };
    let adapters = match wrapped.functions {
        0 => Vec::new(),
        1 => vec!["1 function of Preview 1 woven in".to_string()],
        count => vec![format!("{count} functions of Preview 1 woven in")],
    };
    Ok(Wrapped {
        adapters,
        notes: { check::notes(survey, kind, &[])?.into_iter() }
            .chain(check::without_groups(survey))
            .chain(check::waiting(survey, kind, options))
            .chain(without_files)
            .collect(),
        component: wrapped.component,
        kind,
    })
}

/// How many functions the worlds of `module` have: what [`wrap`] takes time for, where there are very
/// many.
///
/// # Errors
///
/// When the input is not a core module or is invalid, or its world cannot be read.
pub fn functions(module: &[u8], options: &WrapOptions) -> Result<usize> {
    functions_of(&survey::module(module)?, options)
}

fn functions_of(survey: &Survey<'_>, options: &WrapOptions) -> Result<usize> {
    let carried = World::carried(&survey.worlds)?;
    let worlds = carried.iter().chain(&options.world);
    Ok(worlds.map(World::functions_in_all).sum())
}

fn encode(
    module: &[u8],
    adapters: &[adapters::Chosen<'_>],
    raw: &[RawLibrary<'_>],
) -> Result<Vec<u8>> {
    guarded("wit-component cannot encode it", || {
        let mut encoder = ComponentEncoder::default();
        encoder.validate(false).module(module)?;
        for adapter in adapters {
            encoder.adapter(adapter.name, &adapter.wasm)?;
        }
        for library in raw {
            let arguments = Vec::new();
            encoder.library(library.name, library.wasm, LibraryInfo { arguments })?;
        }
        encoder.encode()
    })
}

/// Whether `wasm` is a core module in which several threads may run.
pub(crate) fn has_threads(wasm: &[u8]) -> bool {
    !wasmparser::Parser::is_component(wasm)
        && survey_of(wasm).is_ok_and(|survey| survey.memory.is_some_and(|memory| memory.shared))
}
