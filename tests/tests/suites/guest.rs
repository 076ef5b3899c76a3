//! Components of guests that are written in text.

use std::path::Path;

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{Resolve, WorldId};

/// A world in WIT, which may name the interfaces of WASI 0.2.
pub fn world(text: &str) -> (Resolve, WorldId) {
    let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit/wasi-0.2");
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
    let (wit, world) = self::world(world);
    let mut module = wat::parse_str(module).unwrap();
    embed_component_metadata(&mut module, &wit, world, StringEncoding::UTF8, false).unwrap();
    let mut encoder = ComponentEncoder::default();
    encoder.module(&module).unwrap().encode().unwrap()
}
