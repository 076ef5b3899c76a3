//! The functions that a file imports and exports: their types in WIT, and those of the core
//! functions that stand for them.
//!
//! | file | WIT | core |
//! |---|---|---|
//! | component | its own | what `flatten` makes of it |
//! | core module that carries its world, as flat modules do | that of the world | its own |
//! | any other core module | none | its own |

mod text;
pub mod types;

use std::collections::{BTreeSet, HashMap};

use anyhow::{Result, bail};
use p1bridge_linker::wasi::is_system;
use serde::Serialize;
use wasmparser::{FuncType, TypeRef, ValType};
use wit_parser::{Function, TypeId, WorldItem};

use crate::sniff::{Binary, sniff};
use crate::wrap::{World, survey_of};

/// Decoding takes more than seven times a component in memory.
const MOST: usize = 8 << 20;
/// In front of the export that frees a result.
const POST_RETURN: &str = "cabi_post_";
/// Some runtimes find functions of other modules than WASI's in this one only. The names there have the
/// module in front: `INTERFACE#FUNCTION`.
const ENV: &str = "env";
/// The module of imports that are in no interface.
pub const ROOT: &str = "$root";

/// Which way a function goes through the boundary of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// Called by the file, and provided by its host.
    Import,
    /// Called by the host.
    Export,
}

/// A function that a file imports or exports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Signature {
    /// Which way it goes through the boundary.
    pub direction: Direction,
    /// The interface that it is in, if it is in one. For imports of core modules, the module.
    pub interface: Option<String>,
    /// Its name there.
    pub function: String,
    /// Its type in WIT, such as `func(name: string) -> string`; `None` where there is no world.
    pub wit: Option<String>,
    /// The type of the core function; `None` where the world has one that the module lacks, or one
    /// that the canonical ABI of this linker has no form for.
    pub core: Option<Core>,
    /// The export to call with the result when it has been read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub post_return: Option<String>,
    /// The module that a core module imports the function from, where that is not its interface.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub through: Option<String>,
}

impl Signature {
    /// The name as flat modules export it: `INTERFACE#FUNCTION`, or `FUNCTION` alone.
    pub fn name(&self) -> String {
        full_name(self.interface.as_deref(), &self.function)
    }
}

/// The type of a core function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Core {
    /// The types of its parameters.
    pub params: Vec<String>,
    /// Those of its results.
    pub results: Vec<String>,
}

impl From<&FuncType> for Core {
    fn from(ty: &FuncType) -> Core {
        let names = |types: &[ValType]| types.iter().map(ToString::to_string).collect();
        Core {
            params: names(ty.params()),
            results: names(ty.results()),
        }
    }
}

impl std::fmt::Display for Core {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "({}) -> ", self.params.join(", "))?;
        match &self.results[..] {
            [one] => f.write_str(one),
            several => write!(f, "({})", several.join(", ")),
        }
    }
}

/// A type with a name that the world of a file uses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Definition {
    /// The interface that it is in; `None` for types of the world itself.
    pub interface: Option<String>,
    /// As WIT writes it, such as `record point { x: f32, y: f32 }`.
    pub text: String,
}

/// What [`signatures`] found.
#[derive(Clone, Debug, Default)]
pub struct Signatures {
    /// All functions of the imports and exports.
    pub functions: Vec<Signature>,
    /// The types with names that they use.
    pub types: Vec<Definition>,
    /// Why there is no WIT for a component.
    pub without_wit: Option<String>,
}

/// What stands before the name of a function in a core module that lifts or lowers it.
const LIFTED: [&str; 3] = ["", "[async-lift]", "[async-lift-stackful]"];
const LOWERED: [&str; 2] = ["", "[async-lower]"];

/// The functions of `file`, in its order: imports first.
///
/// # Errors
///
/// When it is neither module nor component, not valid, or carries a world that is broken.
pub fn signatures(file: &[u8]) -> Result<Signatures> {
    match sniff(file)? {
        Binary::Component => Ok(match world_of_component(file) {
            Ok(Some(world)) => of_component(&world),
            Ok(None) => Signatures::default(),
            Err(why) => Signatures {
                without_wit: Some(format!("{why:#}")),
                ..Signatures::default()
            },
        }),
        Binary::Module => of_module(file),
    }
}

/// The world of a component, or the one that a core module carries.
///
/// # Errors
///
/// When the file is not valid, or what it has cannot be put in WIT.
pub fn world(file: &[u8]) -> Result<Option<World>> {
    match sniff(file)? {
        Binary::Component => world_of_component(file),
        Binary::Module => World::carried(survey_of(file)?.any_world()),
    }
}

fn world_of_component(component: &[u8]) -> Result<Option<World>> {
    if component.len() > MOST {
        bail!("it is larger than {} MiB", MOST >> 20);
    }
    World::of_component(component)
}

/// `INTERFACE#FUNCTION`, or `FUNCTION` alone.
pub fn full_name(interface: Option<&str>, function: &str) -> String {
    match interface {
        Some(interface) => format!("{interface}#{function}"),
        None => function.to_string(),
    }
}

/// Whether an interface is one of WASI, or a module of Preview 1.
pub fn is_wasi(interface: &str) -> bool {
    interface.starts_with("wasi_") || (interface.starts_with("wasi:") && is_system(interface))
}

/// The functions of a world that go in one direction, with the interfaces that they are in.
pub fn functions(world: &World, direction: Direction) -> Vec<(Option<String>, &Function)> {
    let (resolve, id) = world.parts();
    let items = match direction {
        Direction::Import => &resolve.worlds[id].imports,
        Direction::Export => &resolve.worlds[id].exports,
    };
    let mut found = Vec::new();
    for (key, item) in items {
        match item {
            WorldItem::Function(function) => found.push((None, function)),
            WorldItem::Interface { id, .. } => {
                let name = resolve.name_world_key(key);
                let functions = resolve.interfaces[*id].functions.values();
                found.extend(functions.map(|function| (Some(name.clone()), function)));
            }
            WorldItem::Type { .. } => {}
        }
    }
    found
}

fn of_component(world: &World) -> Signatures {
    let (resolve, _) = world.parts();
    let mut signatures = Signatures {
        types: definitions(world),
        ..Signatures::default()
    };
    for direction in [Direction::Import, Direction::Export] {
        for (interface, function) in functions(world, direction) {
            let core = types::function(resolve, function).ok();
            let core = core.map(|ty| match direction {
                Direction::Import => ty.abi.lowered(),
                Direction::Export => ty.abi.lifted(),
            });
            signatures.functions.push(Signature {
                direction,
                interface,
                function: function.name.clone(),
                wit: Some(text::function(resolve, function)),
                core: core.as_ref().map(Core::from),
                post_return: None,
                through: None,
            });
        }
    }
    signatures
}

fn of_module(module: &[u8]) -> Result<Signatures> {
    let survey = survey_of(module)?;
    let world = World::carried(survey.any_world())?;
    let exports: HashMap<&str, &FuncType> = survey.exported_funcs().collect();
    let imports: HashMap<(&str, &str), Option<&FuncType>> = survey
        .imports
        .iter()
        .zip(&survey.import_types)
        .filter(|(import, _)| matches!(import.ty, TypeRef::Func(_) | TypeRef::FuncExact(_)))
        .map(|(import, ty)| ((import.module, import.name), ty.as_ref()))
        .collect();
    let mut found = Signatures::default();
    let mut seen: BTreeSet<(Direction, String)> = BTreeSet::new();
    if let Some(world) = &world {
        found.types = definitions(world);
        let (resolve, _) = world.parts();
        for direction in [Direction::Import, Direction::Export] {
            for (interface, function) in functions(world, direction) {
                let name = full_name(interface.as_deref(), &function.name);
                let post_return = format!("{POST_RETURN}{name}");
                let from = interface.as_deref().unwrap_or(ROOT);
                let in_env = full_name(Some(from), &function.name);
                let through_env = direction == Direction::Import
                    && !imports.contains_key(&(from, &function.name[..]))
                    && imports.contains_key(&(ENV, &in_env[..]));
                // An async function may be there under its own name, or with how it is lifted or lowered.
                let core = match direction {
                    Direction::Import if through_env => imports[&(ENV, &in_env[..])],
                    Direction::Import => LOWERED.iter().find_map(|prefix| {
                        let name = format!("{prefix}{}", function.name);
                        let ty = imports.get(&(from, &name[..])).copied()?;
                        seen.insert((direction, full_name(interface.as_deref(), &name)));
                        ty
                    }),
                    Direction::Export => LIFTED.iter().find_map(|prefix| {
                        let name = format!("{prefix}{name}");
                        let ty = exports.get(&name[..]).copied()?;
                        seen.insert((direction, name));
                        Some(ty)
                    }),
                };
                if through_env {
                    seen.insert((direction, full_name(Some(ENV), &in_env)));
                }
                let freed =
                    direction == Direction::Export && exports.contains_key(&post_return[..]);
                if freed {
                    seen.insert((direction, post_return.clone()));
                }
                seen.insert((direction, name));
                found.functions.push(Signature {
                    direction,
                    interface,
                    function: function.name.clone(),
                    wit: Some(text::function(resolve, function)),
                    core: core.map(Core::from),
                    post_return: freed.then_some(post_return),
                    through: through_env.then(|| ENV.to_string()),
                });
            }
        }
    }
    let core_only = |direction, interface: Option<&str>, name: &str, ty: &FuncType| Signature {
        direction,
        interface: interface.map(str::to_string),
        function: name.to_string(),
        wit: None,
        core: Some(Core::from(ty)),
        post_return: None,
        through: None,
    };
    for (import, ty) in survey.imports.iter().zip(&survey.import_types) {
        let module = Some(import.module).filter(|module| *module != ROOT);
        let name = full_name(module, import.name);
        if let Some(ty) = ty
            && !seen.contains(&(Direction::Import, name))
        {
            let signature = core_only(Direction::Import, Some(import.module), import.name, ty);
            found.functions.push(signature);
        }
    }
    for (name, ty) in survey.exported_funcs() {
        if !seen.contains(&(Direction::Export, name.to_string())) {
            found
                .functions
                .push(core_only(Direction::Export, None, name, ty));
        }
    }
    // Imports first, the rest in order.
    found.functions.sort_by_key(|signature| signature.direction);
    Ok(found)
}

/// The types with names in the interfaces of a world that are not WASI's.
fn definitions(world: &World) -> Vec<Definition> {
    let (resolve, id) = world.parts();
    let mut found: Vec<Definition> = Vec::new();
    let mut seen = BTreeSet::new();
    let world = &resolve.worlds[id];
    for (key, item) in world.imports.iter().chain(&world.exports) {
        let (interface, types): (_, Vec<TypeId>) = match item {
            WorldItem::Interface { id, .. } => (
                Some(resolve.name_world_key(key)).filter(|name| !is_wasi(name)),
                resolve.interfaces[*id].types.values().copied().collect(),
            ),
            WorldItem::Type { id, .. } => (None, vec![*id]),
            WorldItem::Function(_) => continue,
        };
        if interface.is_none() && matches!(item, WorldItem::Interface { .. }) {
            continue;
        }
        for ty in types {
            let definition = text::definition(resolve, ty).map(|text| Definition {
                interface: interface.clone(),
                text,
            });
            // An interface may be imported and exported.
            let new =
                definition.filter(|one| seen.insert((one.interface.clone(), one.text.clone())));
            found.extend(new);
        }
    }
    found
}
