//! `host`: glue for whoever embeds a flat module, from the world that the module carries or from WIT.
//!
//! | step | does |
//! |---|---|
//! | [`maps`] | makes lists of maps |
//! | [`types`] | flat forms and layouts |
//! | [`functions`] | the functions and resources between the module and its host |
//! | [`names`] | names in C |
//! | [`c`] | the header, and the functions of imports and exports |
//! | [`values`] | the code that lifts and lowers in C |
//! | [`rust`] | glue in Rust, where a crate lifts and lowers |
//! | [`ts`] | declarations for TypeScript |
//! | [`js`] | glue in JavaScript, where `p1b.mjs` lifts and lowers |

mod c;
mod functions;
mod js;
mod maps;
mod names;
mod rust;
mod ts;
pub(crate) mod types;
mod values;

use anyhow::{Result, bail};

pub(crate) use names::is_reserved as is_reserved_in_c;

use crate::wrap::{World, survey_of};
use p1bridge_linker::plan::exports::HOST_ARENA;

/// What the caller may choose.
#[derive(Clone, Debug, Default)]
pub struct HostOptions {
    /// What all names begin with, instead of nothing; for C.
    pub prefix: Option<String>,
    /// What the world is called, instead of its own name.
    pub world: Option<String>,
    /// Strings and lists in Rust are views, for hosts without an allocator.
    pub views: bool,
}

/// A file of glue.
#[derive(Clone, Debug)]
pub struct File {
    /// Its name, without a folder.
    pub name: String,
    /// What is in it.
    pub text: String,
}

/// The world, and what the module has of it.
pub struct Input {
    /// What is called in which direction.
    pub world: World,
    /// Whether what functions of the host give goes to an arena of the module (`flatten --host-arena`).
    pub arena: bool,
    /// The pairs that were maps in it.
    entries: maps::Entries,
    /// The imports and exports of the module; none where there is only WIT.
    functions: Option<Functions>,
}

struct Functions {
    imports: Vec<(String, String)>,
    exports: Vec<String>,
}

impl Input {
    /// All of a world.
    pub fn of_world(mut world: World) -> Input {
        Input {
            entries: maps::despecialize(world.resolve_mut()),
            world,
            arena: false,
            functions: None,
        }
    }

    /// The world that a flat module carries.
    ///
    /// # Errors
    ///
    /// When the module carries none.
    pub fn of_module(wasm: &[u8]) -> Result<Input> {
        let survey = survey_of(wasm)?;
        let Some(world) = World::carried(survey.any_world())? else {
            bail!(
                "the module carries no world: it has no interfaces but WASI, or it was stripped; flatten it without --strip, or \
                 give the WIT"
            );
        };
        let imports = survey.imports.iter().map(|import| {
            match (import.module, import.name.split_once('#')) {
                // What `lower` has put there for a runtime that looks nowhere else.
                ("env", Some((module, name))) => (module.to_string(), name.to_string()),
                _ => (import.module.to_string(), import.name.to_string()),
            }
        });
        Ok(Input {
            functions: Some(Functions {
                imports: imports.collect(),
                exports: survey
                    .exports
                    .iter()
                    .map(|export| export.name.to_string())
                    .collect(),
            }),
            arena: survey.exports_func(HOST_ARENA),
            ..Input::of_world(world)
        })
    }

    /// Whether there is such a function, as far as that is known.
    fn has(&self, module: &str, name: &str, import: bool) -> bool {
        let Some(functions) = &self.functions else {
            return true;
        };
        match import {
            true => functions
                .imports
                .iter()
                .any(|(m, n)| m == module && n == name),
            false => {
                let full = match module {
                    "" => name.to_string(),
                    module => format!("{module}#{name}"),
                };
                functions.exports.contains(&full)
            }
        }
    }
}

/// Glue in C.
///
/// # Errors
///
/// For types that no host can have, by name.
pub fn c(input: &Input, options: &HostOptions) -> Result<Vec<File>> {
    c::generate(input, options)
}

/// Glue in Rust.
///
/// # Errors
///
/// For types that no host can have, by name.
pub fn rust(input: &Input, options: &HostOptions) -> Result<Vec<File>> {
    rust::generate(input, options)
}

/// Glue in JavaScript, with declarations for TypeScript and the module that both stand on.
///
/// # Errors
///
/// For types that no host can have, by name.
pub fn js(input: &Input, options: &HostOptions) -> Result<Vec<File>> {
    js::generate(input, options)
}
