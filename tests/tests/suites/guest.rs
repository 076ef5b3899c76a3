//! Components of guests that are written in text.

use std::path::Path;

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{Resolve, WorldId};

/// A world in WIT, which may name the interfaces of WASI 0.2.
pub fn world(text: &str) -> (Resolve, WorldId) {
    world_of("wasi-0.2", text)
}

fn world_of(wasi: &str, text: &str) -> (Resolve, WorldId) {
    let wit = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../wit")
        .join(wasi);
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(wit.canonicalize().unwrap(), folder.path().join("deps")).unwrap();
    std::fs::write(folder.path().join("world.wit"), text).unwrap();
    let mut wit = Resolve::default();
    let (package, _) = wit.push_path(folder.path()).unwrap();
    let world = wit.select_world(&[package], None).unwrap();
    (wit, world)
}

/// The component of a core module with its world.
pub fn component(module: &str, world: &str) -> Vec<u8> {
    encoded(module, self::world(world), StringEncoding::UTF8)
}

/// The same with interfaces of WASI 0.3, and strings of some encoding.
pub fn component_0_3(module: &str, world: &str, encoding: StringEncoding) -> Vec<u8> {
    encoded(module, world_of("wasi-0.3", world), encoding)
}

fn encoded(module: &str, (wit, world): (Resolve, WorldId), encoding: StringEncoding) -> Vec<u8> {
    let mut module = wat::parse_str(module).unwrap();
    embed_component_metadata(&mut module, &wit, world, encoding, false).unwrap();
    let mut encoder = ComponentEncoder::default();
    encoder.module(&module).unwrap().encode().unwrap()
}
