//! What `inspect` says about files.

use crate::common::{Folder, carry};
use p1bridge::inspect::{Inspection, Kind, inspect};
use p1bridge::wrap::{WrapOptions, wrap};
use serde_json::Value;

const COMMAND: &str = r#"(module $hello
    (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func (param i32)))
    (memory (export "memory") 2 16)
    (table 3 3 funcref)
    (data (i32.const 0) "hello")
    (func (export "_start")))"#;

fn inspected(wat: &str) -> Inspection {
    inspect(&wat::parse_str(wat).unwrap()).unwrap()
}

fn names(items: &[p1bridge::inspect::Item]) -> Vec<&str> {
    items.iter().map(|item| item.name.as_str()).collect()
}

#[test]
fn a_module_shows_what_it_wants_offers_and_holds() {
    let found = inspected(COMMAND);
    assert_eq!(found.kind, Kind::Module);
    assert_eq!(found.what, "a WASI Preview 1 command");
    assert_eq!(names(&found.imports), ["wasi_snapshot_preview1"]);
    assert_eq!(found.imports[0].items, ["fd_write", "proc_exit"]);
    assert_eq!(names(&found.exports), ["memory", "_start"]);
    let [module] = &found.modules[..] else {
        panic!("{:?}", found.modules)
    };
    assert_eq!((module.functions, module.data_bytes), (1, 5));
    assert_eq!(module.name.as_deref(), Some("hello"));
    assert_eq!(
        (module.memories[0].initial, module.memories[0].maximum),
        (2, Some(16))
    );
    assert_eq!(
        (module.tables[0].initial, module.tables[0].maximum),
        (3, Some(3))
    );
    assert_eq!(found.features, Vec::<&str>::new());
    assert_eq!(found.custom_sections[0].name, "name");
}

#[test]
fn a_component_shows_its_world_and_the_modules_inside() {
    let module = wat::parse_str(COMMAND).unwrap();
    let ours = wrap(&module, &WrapOptions::default()).unwrap().component;
    let found = inspect(&ours).unwrap();
    assert_eq!(
        found.what,
        "a WASI 0.2 command, made of a Preview 1 module by p1bridge"
    );
    let options = WrapOptions {
        wasmtime_adapter: true,
        ..WrapOptions::default()
    };
    let component = wrap(&module, &options).unwrap().component;
    let found = inspect(&component).unwrap();
    assert_eq!(found.kind, Kind::Component);
    assert_eq!(
        found.what,
        "a WASI 0.2 command, made of a Preview 1 module and an adapter"
    );
    let streams = found
        .imports
        .iter()
        .find(|item| item.name.starts_with("wasi:io/streams@0.2."))
        .unwrap();
    assert_eq!(streams.kind, "interface");
    assert!(
        streams
            .items
            .contains(&"[method]output-stream.write".to_string()),
        "{streams:?}"
    );
    let [run] = &found.exports[..] else {
        panic!("{:?}", found.exports)
    };
    assert!(run.name.starts_with("wasi:cli/run@0.2."));
    assert_eq!(run.items, ["run"]);
    let roles: Vec<&str> = found
        .modules
        .iter()
        .map(|module| module.role.as_deref().unwrap_or("-"))
        .collect();
    assert_eq!(
        roles,
        [
            "Preview 1 command",
            "adapter for wasi_snapshot_preview1",
            "shims for imports that need the memory",
            "fills the table of the shims"
        ]
    );
    assert_eq!(found.modules[0].path, "module 0");
    assert!(found.core_instances > 3 && found.instances == 1 && found.components.len() == 1);
    let inside: usize = found.modules.iter().map(|module| module.bytes).sum();
    assert!(inside > 0 && inside < found.bytes);
}

#[test]
fn a_program_whose_memory_is_imported_is_one_and_what_has_the_memory_is_not() {
    let text = r#"(module $p (import "env" "memory" (memory 1)) (func (export "_start") (i32.store (i32.const 0) (i32.const 1))))"#;
    let module = wat::parse_str(text).unwrap();
    let component = wrap(&module, &WrapOptions::default()).unwrap().component;
    let roles: Vec<_> = inspect(&component)
        .unwrap()
        .modules
        .into_iter()
        .filter_map(|module| {
            let imported = module.memories.first()?.imported;
            Some((imported, module.role.unwrap_or_default()))
        })
        .collect();
    assert!(roles.contains(&(true, "program".to_string())), "{roles:?}");
    let owner = roles.iter().find(|(imported, _)| !imported);
    let (_, role) = owner.expect("somebody has the memory");
    assert!(role.contains("memory") && role != "program", "{roles:?}");
}

#[test]
fn references_of_exceptions_are_not_those_of_another_proposal() {
    let found = inspected(
        "(module (tag $t) (func (local exnref)
            (block $h (result exnref) (try_table (catch_all_ref $h) (throw $t)) (return))
            (local.set 0) (local.set 0 (ref.null exn)) (throw_ref (local.get 0))))",
    );
    assert_eq!(found.features, ["exception-handling"]);
}

#[test]
fn nested_components_have_paths() {
    let found = inspected(
        r#"(component
            (core module)
            (component (core module) (component (core module (memory 1))))
            (component))"#,
    );
    let modules: Vec<&str> = found
        .modules
        .iter()
        .map(|module| module.path.as_str())
        .collect();
    assert_eq!(
        modules,
        [
            "module 0",
            "component 0 > module 0",
            "component 0 > component 0 > module 0"
        ]
    );
    let components: Vec<&str> = found
        .components
        .iter()
        .map(|nested| nested.path.as_str())
        .collect();
    assert_eq!(
        components,
        ["component 0 > component 0", "component 0", "component 1"]
    );
    assert_eq!(found.what, "a component that exports nothing");
}

#[test]
fn each_feature_is_seen_on_its_own() {
    for (wat, feature) in [
        (
            "(module (func (param i32) (drop (i32.extend8_s (local.get 0)))))",
            "sign-ext",
        ),
        (
            "(module (func (param f32) (drop (i32.trunc_sat_f32_s (local.get 0)))))",
            "nontrapping-fptoint",
        ),
        (
            "(module (memory 1) (func (memory.fill (i32.const 0) (i32.const 0) (i32.const 0))))",
            "bulk-memory-opt",
        ),
        (r#"(module (memory 1) (data "passive"))"#, "bulk-memory"),
        ("(module (func (result i32 i32) unreachable))", "multivalue"),
        ("(module (table 1 externref))", "reference-types"),
        (
            "(module (table 1 funcref) (table 1 funcref))",
            "reference-types",
        ),
        ("(module (func (return_call 0)))", "tail-call"),
        ("(module (func (drop (v128.const i64x2 0 0))))", "simd128"),
        ("(module (memory 1 1 shared))", "threads"),
        ("(module (memory i64 1))", "memory64"),
        ("(module (memory 1) (memory 1))", "multi-memory"),
        (
            "(module (global i32 (i32.add (i32.const 1) (i32.const 2))))",
            "extended-const",
        ),
        (
            r#"(module (global (export "g") (mut i32) (i32.const 0)))"#,
            "mutable-globals",
        ),
        ("(module (tag))", "exception-handling"),
        ("(module (type (struct)))", "gc"),
    ] {
        assert_eq!(inspected(wat).features, [feature], "{wat}");
    }
}

#[test]
fn a_module_that_carries_a_world_shows_it() {
    let wit =
        "package my:app; interface log { say: func(); } world w { import log; export go: func(); }";
    let mut module = wat::parse_str(r#"(module (func (export "go")))"#).unwrap();
    carry(&mut module, wit);
    let found = inspect(&module).unwrap();
    let world = found.carried_world.unwrap();
    assert_eq!(names(&world.imports), ["my:app/log"]);
    assert_eq!(world.imports[0].items, ["say"]);
    assert_eq!(names(&world.exports), ["go"]);
}

#[test]
fn the_text_has_it_all_and_the_json_is_json() {
    let folder = Folder::new();
    folder.add("in.wasm", COMMAND);
    let text = folder.run(&["inspect", "in.wasm"]).succeeded();
    for part in [
        "in.wasm: a WASI Preview 1 command (core module",
        "fd_write, proc_exit",
        "_start (func)",
        "memory: 2 pages, up to 16",
        "table: 3 elements, fixed",
        "wasm features: none beyond the first version",
    ] {
        assert!(text.text().contains(part), "no {part:?} in {}", text.text());
    }
    let json = folder.run(&["inspect", "--json", "in.wasm"]).succeeded();
    let json: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["kind"], "module");
    assert_eq!(json["modules"][0]["memories"][0]["maximum"], 16);
}

#[test]
fn what_is_not_webassembly_or_not_valid_is_said() {
    let folder = Folder::new();
    folder.add("elf.wasm", b"\x7fELF\x02\x01\x01");
    folder
        .run(&["inspect", "elf.wasm"])
        .failed_with(&["elf.wasm", "ELF"]);
    let mut broken = wat::parse_str(COMMAND).unwrap();
    broken.truncate(60);
    folder.add("cut.wasm", &broken);
    folder
        .run(&["inspect", "cut.wasm"])
        .failed_with(&["cut.wasm", "offset 0x"]);
}

#[test]
fn a_module_that_is_not_of_the_world_that_it_carries_is_refused() {
    let folder = Folder::new();
    let mut module = wat::parse_str(
        r#"(module (memory (export "memory") 1) (func (export "f") (param i32) (result i32) (local.get 0)))"#,
    )
    .unwrap();
    carry(
        &mut module,
        "package t:t; world w { export f: func(a: u32, b: string) -> u32; }",
    );
    folder.add("m.wasm", module);
    folder.run(&["inspect", "--abi", "m.wasm"]).failed_with(&[
        "f is func(a: u32, b: string) -> u32, but the module's function is (i32) -> i32 and not (i32, i32, i32) -> i32",
    ]);
    folder.add("plain.wasm", "(module)");
    folder
        .run(&["inspect", "--abi", "plain.wasm"])
        .failed_with(&["plain.wasm: it carries no world"]);
}
