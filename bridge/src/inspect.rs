//! `inspect`: what a file is, what it imports and exports, and what it contains.
//!
//! Everything is read from the file itself; nothing is run. The file is validated on the way, so
//! what is shown is also known to be well-formed.

mod features;
mod module;
mod roles;
mod show;
mod walk;

use anyhow::Result;
use serde::Serialize;

use crate::signatures::{Definition, Signature};

/// What [`inspect`] found. As JSON it is the output of `inspect --json`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Inspection {
    /// Which of the two kinds it is.
    pub kind: Kind,
    /// In words, such as "a WASI 0.2 command".
    pub what: String,
    /// The size of the file.
    pub bytes: usize,
    /// What the outermost layer imports.
    pub imports: Vec<Item>,
    /// What the outermost layer exports.
    pub exports: Vec<Item>,
    /// The world that a core module carries for `wrap`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carried_world: Option<World>,
    /// The functions among the imports and exports, with their types in WIT and in core code.
    pub signatures: Vec<Signature>,
    /// The types with names that those of the program's own interfaces use.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub types: Vec<Definition>,
    /// Why a component has no `signatures`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub without_signatures: Option<String>,
    /// Every core module in the file, in file order; a core module itself is the only one.
    pub modules: Vec<Module>,
    /// Every component inside the outermost one.
    pub components: Vec<Nested>,
    /// Core instances and component instances in the whole file.
    pub core_instances: usize,
    /// Component instances, the same way.
    pub instances: usize,
    /// WebAssembly proposals beyond the first version that any core module uses.
    pub features: Vec<&'static str>,
    /// Custom sections of the outermost layer.
    pub custom_sections: Vec<Custom>,
}

/// The two kinds of binaries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A core module.
    Module,
    /// A component.
    Component,
}

/// Imports and exports of a world.
#[derive(Clone, Debug, Serialize)]
pub struct World {
    /// What it imports.
    pub imports: Vec<Item>,
    /// What it exports.
    pub exports: Vec<Item>,
}

/// An import or export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Item {
    /// Its name; for imports of a core module, the module that they come from.
    pub name: String,
    /// `interface`, `func`, `memory` and so on; `module` for imports of a core module.
    pub kind: &'static str,
    /// The functions (and other items, with their kind in brackets) of an interface or module.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<String>,
}

/// A core module.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Module {
    /// Its place, such as `component 1 > module 0`; `module` for a file that is one.
    pub path: String,
    /// The name that it or the component around it gives it.
    pub name: Option<String>,
    /// What it is there for, where that can be seen.
    pub role: Option<String>,
    /// Its size, in bytes.
    pub bytes: usize,
    /// Functions with a body.
    pub functions: usize,
    /// Bytes of code.
    pub code_bytes: usize,
    /// Bytes of data.
    pub data_bytes: usize,
    /// What it imports.
    pub imports: Vec<Item>,
    /// What it exports.
    pub exports: Vec<Item>,
    /// Its memories, imported ones first.
    pub memories: Vec<Limits>,
    /// Its tables, imported ones first.
    pub tables: Vec<Limits>,
    /// Proposals beyond the first version that it uses.
    pub features: Vec<&'static str>,
    /// Its custom sections.
    pub custom_sections: Vec<Custom>,
}

/// A memory (in pages) or table (in elements).
#[derive(Clone, Debug, Serialize)]
pub struct Limits {
    /// What it has at the start.
    pub initial: u64,
    /// What it may grow to, if that is bounded.
    pub maximum: Option<u64>,
    /// Whether it comes from outside.
    pub imported: bool,
    /// Other than usual: `shared`, `64-bit`, the page size, the element type.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// A component inside another.
#[derive(Clone, Debug, Serialize)]
pub struct Nested {
    /// Its place, such as `component 1`.
    pub path: String,
    /// Its size, in bytes.
    pub bytes: usize,
}

/// A custom section.
#[derive(Clone, Debug, Serialize)]
pub struct Custom {
    /// Its name.
    pub name: String,
    /// Its size, in bytes.
    pub bytes: usize,
}

/// Inspects a file.
///
/// # Errors
///
/// When it is not WebAssembly (the message says what it looks like) or not valid.
pub fn inspect(file: &[u8]) -> Result<Inspection> {
    crate::sniff::sniff(file)?;
    p1bridge_linker::timings::stage("inspect", file.len());
    walk::file(file)
}
