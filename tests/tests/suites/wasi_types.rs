//! The linker knows the types of WASI 0.2 as the WIT has them.
//!
//! `BLESS=1 cargo test --release -p p1bridge-tests --test suites wasi_types` writes the linker's table
//! anew.

use std::collections::BTreeMap;
use std::path::Path;

use p1bridge_linker::{parse, resolve};
use wit_component::{ComponentEncoder, StringEncoding, dummy_module, embed_component_metadata};
use wit_parser::{ManglingAndAbi, Resolve};

/// A component that imports all that a command may.
fn component() -> Vec<u8> {
    let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit/wasi-0.2");
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(wit.canonicalize().unwrap(), folder.path().join("deps")).unwrap();
    std::fs::write(
        folder.path().join("world.wit"),
        "package p1bridge:test; world all { include wasi:cli/imports@0.2.12; }",
    )
    .unwrap();
    let mut wit = Resolve {
        all_features: true,
        ..Resolve::default()
    };
    let (package, _) = wit.push_path(folder.path()).unwrap();
    let world = wit.select_world(&[package], Some("all")).unwrap();
    let mut module = dummy_module(
        &wit,
        world,
        ManglingAndAbi::Legacy(wit_parser::LiftLowerAbi::Sync),
    );
    embed_component_metadata(&mut module, &wit, world, StringEncoding::UTF8, true).unwrap();
    let mut encoder = ComponentEncoder::default();
    encoder.module(&module).unwrap().encode().unwrap()
}

#[test]
fn the_table_of_types_is_that_of_the_wit() {
    let component = component();
    let input = parse::component(&component).unwrap();
    let mut table = BTreeMap::new();
    for import in resolve::program(&input).unwrap().imports {
        let interface = import.interface.unwrap();
        let interface = interface.split('@').next().unwrap();
        // Nothing is linked for sockets.
        if !interface.starts_with("wasi:sockets/") {
            table.insert(format!("{interface}#{}", import.name), import.shape);
        }
    }
    let text: String = table
        .iter()
        .map(|(name, shape)| format!("{name} {shape:016x}\n"))
        .collect();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../linker/src/wasi-0.2.txt");
    if std::env::var_os("BLESS").is_some_and(|value| value == "1") {
        std::fs::write(&file, &text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
    assert!(table.len() > 60, "only {} functions", table.len());
}
