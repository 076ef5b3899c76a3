//! The world of a flat module: what its component imports and exports apart from WASI, in a
//! `component-type` section, so that the module can be wrapped again.
//!
//! It is made from the types of the component itself: compositions carry no such section.

use std::collections::{BTreeSet, HashSet};

use anyhow::{Context, Result, bail};
use p1bridge_linker::Boundary;
use p1bridge_linker::wasi::is_system;
use wasmparser::{Chunk, Parser, Payload};
use wit_component::{DecodedWasm, StringEncoding, embed_component_metadata, metadata};
use wit_parser::{InterfaceId, LiveTypes, Resolve, TypeDefKind, TypeOwner, WorldItem, WorldKey};

use super::skeleton::skeleton;
use crate::guarded::guarded;
use crate::wrap::{NATIVE_WORLD, append_custom};

/// What becomes `_start`.
const RUN: &str = "wasi:cli/run@";
/// The crates for WIT panic about some of the types that only components have.
const NOT_WIT: &str = "its types cannot be put in WIT";
/// Decoding takes more than seven times what is decoded, which has no bodies and no data.
const MOST: usize = 8 << 20;

/// Whether a component imports or exports anything but WASI and what becomes `_start`: most programs do
/// not, and decoding takes as long as validating.
fn names_other_interfaces(component: &[u8]) -> Result<bool> {
    let mut rest = component;
    let mut parser = Parser::new(0);
    loop {
        let (consumed, payload) = match parser.parse(rest, true)? {
            Chunk::Parsed { consumed, payload } => (consumed, payload),
            Chunk::NeedMoreData(_) => bail!("it is cut off"),
        };
        rest = &rest[consumed..];
        match payload {
            Payload::ComponentImportSection(imports) => {
                for import in imports {
                    if !is_system(import?.name.name) {
                        return Ok(true);
                    }
                }
            }
            Payload::ComponentExportSection(exports) => {
                for export in exports {
                    if !export?.name.name.starts_with(RUN) {
                        return Ok(true);
                    }
                }
            }
            // What is inside concerns nobody.
            Payload::ModuleSection {
                unchecked_range, ..
            }
            | Payload::ComponentSection {
                unchecked_range, ..
            } => {
                let length = unchecked_range.end - unchecked_range.start;
                rest = rest.get(length as usize..).context("it is cut off")?;
            }
            Payload::End(_) => return Ok(false),
            _ => {}
        }
    }
}

/// Appends the world of `component` to the flat module made of it, without the interfaces of WASI
/// that are gone; nothing where no other interface is left. `imports` are the modules that the flat
/// module imports from, as the component calls them; `obstacle` is why the component would not work.
///
/// # Errors
///
/// Fails when WIT has no words for the types of the component, when it exports resources that are
/// not for a component, and when the component would not work.
pub fn append(
    component: &[u8],
    boundary: Boundary,
    imports: &BTreeSet<String>,
    obstacle: Option<&str>,
    flat: &mut Vec<u8>,
) -> Result<()> {
    let length = flat.len();
    let result = embed(component, boundary, imports, obstacle, flat).and_then(|()| {
        if flat.len() > length {
            let worlds = worlds(flat)?;
            guarded(NOT_WIT, || metadata::decode(&worlds))
                .context("its world cannot be read again")?;
        }
        Ok(())
    });
    if let Err(error) = &result
        && !error.is::<ForHosts>()
    {
        flat.truncate(length);
    }
    result
}

/// What of a module its world is read from: reading all of it would make another module.
fn worlds(module: &[u8]) -> Result<Vec<u8>> {
    let mut worlds = Vec::new();
    for payload in Parser::new(0).parse_all(module) {
        if let Payload::CustomSection(section) = payload?
            && (section.name().starts_with("component-type") || section.name() == "producers")
        {
            append_custom(&mut worlds, section.name(), section.data());
        }
    }
    Ok(worlds)
}

fn embed(
    component: &[u8],
    boundary: Boundary,
    imports: &BTreeSet<String>,
    obstacle: Option<&str>,
    flat: &mut Vec<u8>,
) -> Result<()> {
    if !names_other_interfaces(component)? {
        return Ok(());
    }
    let types = skeleton(component)?;
    if types.len() > MOST {
        bail!(
            "its types take more than {} MiB; tell `wrap` the world with --wit",
            MOST >> 20
        );
    }
    let decoded = guarded(NOT_WIT, || wit_component::decode(&types).context(NOT_WIT))?;
    drop(types);
    let DecodedWasm::Component(mut resolve, id) = decoded else {
        bail!("it is a WIT package");
    };
    let world = &resolve.worlds[id];
    let exports: Vec<WorldKey> = world
        .exports
        .keys()
        .filter(|key| !resolve.name_world_key(key).starts_with(RUN))
        .cloned()
        .collect();
    let kept: Vec<WorldKey> = world
        .imports
        .iter()
        .filter(|(key, item)| match item {
            WorldItem::Interface { id, .. } => {
                !is_wasi(&resolve, *id) || imports.contains(resolve.name_world_key(key).as_str())
            }
            WorldItem::Function(_) | WorldItem::Type { .. } => true,
        })
        .map(|(key, _)| key.clone())
        .collect();
    let speaks = |key: &WorldKey| !matches!(world.imports[key], WorldItem::Type { .. });
    if exports.is_empty() && !kept.iter().any(speaks) {
        return Ok(());
    }

    // What they take types from has to be there, whoever provides it.
    let mut live = LiveTypes::default();
    let items = kept.iter().map(|key| &world.imports[key]);
    for item in items.chain(exports.iter().map(|key| &world.exports[key])) {
        live.add_world_item(&resolve, item);
    }
    let needed: Vec<InterfaceId> = live
        .iter()
        .filter_map(|ty| match resolve.types[ty].owner {
            TypeOwner::Interface(id) => Some(id),
            _ => None,
        })
        .collect();
    // Their handles are in a table of the module; a component that is made of it would have its own.
    let defines = |key: &WorldKey| match &world.exports[key] {
        WorldItem::Interface { id, .. } => resolve.interfaces[*id]
            .types
            .values()
            .any(|&ty| matches!(resolve.types[ty].kind, TypeDefKind::Resource)),
        WorldItem::Function(_) | WorldItem::Type { .. } => false,
    };
    let own_handles = (boundary == Boundary::Native)
        .then(|| exports.iter().find(|key| defines(key)))
        .flatten()
        .map(|key| resolve.name_world_key(key));
    let (kept, exports): (HashSet<_>, HashSet<_>) =
        (kept.iter().collect(), exports.iter().collect());
    let world = &mut resolve.worlds[id];
    world.imports.retain(|key, item| {
        kept.contains(key) || matches!(item, WorldItem::Interface { id, .. } if needed.contains(id))
    });
    world.exports.retain(|key, _| exports.contains(key));
    let embed = |module: &mut Vec<u8>| {
        guarded(NOT_WIT, || {
            embed_component_metadata(module, &resolve, id, StringEncoding::UTF8, false)
                .context("its world cannot be encoded")
        })
    };
    let own_handles = own_handles.map(|key| {
        format!(
            "{key} has resources, whose handles the module keeps itself; `--boundary wit` leaves them to the component"
        )
    });
    let Some(why) = own_handles.or(obstacle.map(str::to_string)) else {
        return embed(flat);
    };
    // For whoever embeds the module.
    let mut only = b"\0asm\x01\0\0\0".to_vec();
    embed(&mut only)?;
    append_custom(flat, NATIVE_WORLD, &only);
    Err(ForHosts(why).into())
}

/// Why no component can be made of a module, which carries its world for a host all the same.
#[derive(Debug)]
struct ForHosts(String);

impl std::fmt::Display for ForHosts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ForHosts {}

fn is_wasi(resolve: &Resolve, id: InterfaceId) -> bool {
    resolve.id_of(id).is_some_and(|name| is_system(&name))
}
