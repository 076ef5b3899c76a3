//! What is linked: the files, each as a component with its imports and exports.

use std::path::Path;

use anyhow::{Context, Result, bail};
use wit_parser::{InterfaceId, Resolve, WorldId, WorldItem};

use super::Input;
use super::raw::{self, Raw};
use crate::sniff::{Binary, sniff};
use crate::wrap::{Kind, World, WrapOptions, for_linking, survey_of};

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    Component,
    /// A core module, by what it is to the component that it becomes.
    Module(Kind),
}

/// A file, as a component.
pub struct Node {
    /// How messages and options call it: the file as it was given.
    pub name: String,
    pub kind: FileKind,
    pub component: Vec<u8>,
    /// A core module that calls Preview 1.
    pub calls_preview1: bool,
    world: World,
    pub imports: Vec<Item>,
    pub exports: Vec<Item>,
    /// What may not be as it was meant.
    pub notes: Vec<String>,
}

/// An import or an export of a component.
#[derive(Clone, Debug)]
pub struct Item {
    /// `ns:package/interface@version`, or the name of a function or type of the world.
    pub name: String,
    pub what: What,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    Interface(InterfaceId),
    Function,
    Type,
}

impl Node {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// When it is neither a component nor a core module that can be made one.
    pub fn read(input: &Input, raws: &[Raw]) -> Result<Node> {
        Node::try_read(input, raws).with_context(|| input.name.clone())
    }

    fn try_read(input: &Input, raws: &[Raw]) -> Result<Node> {
        let mut notes = Vec::new();
        let (kind, component, calls_preview1) = match sniff(&input.wasm)? {
            Binary::Component if input.world.is_some() => bail!(
                "it is a component, which has its world in it: leave out its `--wit`, or give the core module that it was made of"
            ),
            Binary::Component => {
                crate::validate::validate(&input.wasm)?;
                (FileKind::Component, input.wasm.clone(), false)
            }
            Binary::Module => {
                let options = WrapOptions {
                    world: input.world.clone(),
                    ..WrapOptions::default()
                };
                let (libraries, raw_notes) = raw::of(&survey_of(&input.wasm)?, raws)?;
                notes = raw_notes;
                let wrapped = for_linking(&input.wasm, &options, &libraries)
                    .map_err(|error| raw::hint(error, &input.wasm, raws))?;
                let calls = !wrapped.adapters.is_empty();
                (FileKind::Module(wrapped.kind), wrapped.component, calls)
            }
        };
        let Some(world) = World::of_component(&component)? else {
            bail!("it is a WIT package, which has no code");
        };
        let (resolve, id) = world.parts();
        let items = |items: &wit_parser::IndexMap<wit_parser::WorldKey, WorldItem>| {
            let item = |(key, item): (&wit_parser::WorldKey, &WorldItem)| Item {
                name: resolve.name_world_key(key),
                what: match item {
                    WorldItem::Interface { id, .. } => What::Interface(*id),
                    WorldItem::Function(_) => What::Function,
                    WorldItem::Type { .. } => What::Type,
                },
            };
            items.iter().map(item).collect::<Vec<_>>()
        };
        let (imports, exports) = (
            items(&resolve.worlds[id].imports),
            items(&resolve.worlds[id].exports),
        );
        Ok(Node {
            name: input.name.clone(),
            kind,
            component,
            calls_preview1,
            world,
            imports,
            exports,
            notes,
        })
    }

    /// The types, and the world that says what is imported and exported.
    pub fn world(&self) -> (&Resolve, WorldId) {
        self.world.parts()
    }

    /// What reports call it: the last part of the name, where no other file has that.
    pub fn shown<'n>(&'n self, nodes: &[Node]) -> &'n str {
        let same = |other: &&Node| other.file_name() == self.file_name();
        match nodes.iter().filter(same).count() {
            1 => self.file_name(),
            _ => &self.name,
        }
    }

    /// The last part of the name: what options may call it, too.
    pub fn file_name(&self) -> &str {
        let name = Path::new(&self.name).file_name();
        name.and_then(|name| name.to_str()).unwrap_or(&self.name)
    }
}
