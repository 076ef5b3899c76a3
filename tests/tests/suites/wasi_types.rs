//! The linker's tables of WASI 0.2 and 0.3 and of the component side of WSI have every function of the WIT, with its type, and a class.
//!
//! `BLESS=1 cargo test --release -p p1bridge-tests --test suites wasi_types` writes the hashes of the
//! types anew.

use std::collections::BTreeMap;
use std::path::Path;

use p1bridge_linker::{parse, resolve, wasi};
use wit_component::{ComponentEncoder, StringEncoding, dummy_module, embed_component_metadata};
use wit_parser::{ManglingAndAbi, Resolve, WorldId};

/// A component that imports all that a command may.
fn component(version: &str, world: &str) -> Vec<u8> {
    let wit = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../wit")
        .join(version);
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(wit.canonicalize().unwrap(), folder.path().join("deps")).unwrap();
    std::fs::write(
        folder.path().join("world.wit"),
        format!("package p1bridge:test; world all {{ {world} }}"),
    )
    .unwrap();
    let mut wit = Resolve {
        all_features: true,
        ..Resolve::default()
    };
    let (package, _) = wit.push_path(folder.path()).unwrap();
    let world = wit.select_world(&[package], Some("all")).unwrap();
    encoded(&wit, world)
}

fn encoded(wit: &Resolve, world: WorldId) -> Vec<u8> {
    let mut module = dummy_module(
        wit,
        world,
        ManglingAndAbi::Legacy(wit_parser::LiftLowerAbi::Sync),
    );
    embed_component_metadata(&mut module, wit, world, StringEncoding::UTF8, true).unwrap();
    let mut encoder = ComponentEncoder::default();
    encoder.module(&module).unwrap().encode().unwrap()
}

/// One that imports the component side of WSI.
fn component_of_wsi() -> Vec<u8> {
    let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit/wsi/wsi.wit");
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(wit).unwrap();
    let world = resolve.select_world(&[package], Some("guest")).unwrap();
    encoded(&resolve, world)
}

/// One that imports what answers a request.
fn component_of_exchange() -> Vec<u8> {
    let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit");
    let folder = tempfile::tempdir().unwrap();
    let deps = wit.join("wasi-0.2").canonicalize().unwrap();
    std::os::unix::fs::symlink(deps, folder.path().join("deps")).unwrap();
    std::fs::copy(
        wit.join("http/exchange.wit"),
        folder.path().join("exchange.wit"),
    )
    .unwrap();
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(folder.path()).unwrap();
    let world = resolve.select_world(&[package], Some("programs")).unwrap();
    encoded(&resolve, world)
}

#[test]
fn the_tables_of_types_are_those_of_the_wit() {
    let of_0_2 = component(
        "wasi-0.2",
        "include wasi:cli/imports@0.2.12; include wasi:http/imports@0.2.12;",
    );
    check(&of_0_2, "wasi:", "wasi-0.2.txt", 170);
    let of_0_3 = component(
        "wasi-0.3",
        "include wasi:cli/imports@0.3.0; \
         import wasi:http/client@0.3.0; import wasi:http/handler@0.3.0;",
    );
    check(&of_0_3, "wasi:", "wasi-0.3.txt", 128);
    check(&component_of_wsi(), "wsi:", "wsi-0.1.txt", 35);
    check(&component_of_exchange(), "p1bridge:", "exchange-0.1.txt", 6);
}

fn check(component: &[u8], of: &str, file: &str, least: usize) {
    let input = parse::component(component).unwrap();
    let mut table = BTreeMap::new();
    for import in resolve::program(&input).unwrap().imports {
        let interface = import.interface.unwrap();
        let interface = wasi::keyed(&interface);
        if interface.starts_with(of) {
            table.insert(format!("{interface}#{}", import.name), import.shape);
        }
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../linker/src")
        .join(file);
    let known = std::fs::read_to_string(&file).unwrap();
    let classes: BTreeMap<&str, &str> = known
        .lines()
        .map(|line| {
            let (name, rest) = line.split_once(' ').unwrap();
            (name, rest.split_once(' ').unwrap().1)
        })
        .collect();
    let text: String = table
        .iter()
        .map(|(name, shape)| {
            let class = classes.get(name.as_str()).copied().unwrap_or("no class");
            format!("{name} {shape:016x} {class}\n")
        })
        .collect();
    if std::env::var_os("BLESS").is_some_and(|value| value == "1") {
        std::fs::write(&file, &text).unwrap();
    } else {
        let wrong: Vec<&str> = text.lines().filter(|line| !known.contains(line)).collect();
        assert!(known == text, "other lines are expected: {wrong:#?}");
    }
    for line in text.lines() {
        let words: Vec<&str> = line.splitn(5, ' ').collect();
        let is_class = |class: &str| ["E", "L", "A", "W", "X"].contains(&class);
        assert!(is_class(words[2]) && is_class(words[3]), "{line}");
        let approximated = words[2] == "A" || words[3] == "A";
        assert!(
            words[2] != "W" && approximated == (words.len() == 5),
            "{line}"
        );
    }
    assert!(table.len() > least, "only {} functions", table.len());
}
