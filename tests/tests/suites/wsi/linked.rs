//! `link` and `wrap` take modules that import WSI as they take those of Preview 1.

use p1bridge::flatten::{Allow, Descriptors, FlattenOptions, flatten};
use p1bridge::link::{Choices, Input, link};
use p1bridge::profiles::named;
use p1bridge::wrap::{WrapOptions, wrap};
use p1bridge_tests::engines::{available, oracle};
use p1bridge_tests::link::{parse_world, profile_name};
use p1bridge_tests::{RunSpec, manifest};

use super::prebuilt;

const WIT: &str = "package demo:lib@1.0.0; interface api { twice: func(n: u32) -> u32; }";

/// Prints twice 4, which the other module says.
const USER: &str = r#"(module
    (import "wsi:sys/io@0.1.0" "write" (func $write (param i32 i32 i32) (result i32)))
    (import "demo:lib/api@1.0.0" "twice" (func $twice (param i32) (result i32)))
    (memory (export "memory") 1)
    (global $__stack_pointer (mut i32) (i32.const 4096))
    (data (i32.const 16) "\20\00\00\00\02\00\00\00") (data (i32.const 32) "?\0a")
    (func (export "_start")
        (i32.store8 (i32.const 32) (i32.add (i32.const 48) (call $twice (i32.const 4))))
        (drop (call $write (i32.const 1) (i32.const 16) (i32.const 1)))))"#;

/// Says so when it is asked, and looks at a clock.
const MAKER: &str = r#"(module
    (import "wsi:sys/io@0.1.0" "write" (func $write (param i32 i32 i32) (result i32)))
    (import "wsi:sys/time@0.1.0" "now" (func $now (param i32) (result i64)))
    (memory (export "memory") 1)
    (global $__stack_pointer (mut i32) (i32.const 4096))
    (data (i32.const 16) "\20\00\00\00\06\00\00\00") (data (i32.const 32) "maker\0a")
    (func (export "demo:lib/api@1.0.0#twice") (param i32) (result i32)
        (if (i64.le_s (call $now (i32.const 1)) (i64.const 0)) (then unreachable))
        (if (i32.ne (call $write (i32.const 1) (i32.const 16) (i32.const 1)) (i32.const 6)) (then unreachable))
        (i32.mul (i32.const 2) (local.get 0))))"#;

fn input(name: &str, text: &str, world: &str) -> Input {
    Input {
        name: name.to_string(),
        wasm: wat::parse_str(text).unwrap(),
        world: Some(parse_world(&format!("{WIT} world {name} {{ {world} api; }}")).unwrap()),
    }
}

#[test]
fn two_guests_of_wsi_are_one_module_with_a_frame_each() {
    for engine in available() {
        let options = FlattenOptions {
            profile: named(profile_name(&*engine)).unwrap(),
            descriptors: Descriptors::Shared,
            verify: true,
            ..FlattenOptions::default()
        };
        let inputs = [
            input("user", USER, "import"),
            input("maker", MAKER, "export"),
        ];
        let (_, flat) = link(&inputs, &[], &Choices::default(), &options).unwrap();
        let outcome = engine.run(&flat.wasm, &RunSpec::default()).unwrap();
        assert_eq!(
            String::from_utf8(outcome.stdout).unwrap(),
            "maker\n8\n",
            "{}",
            engine.name()
        );
    }
}

#[test]
fn a_wrapped_module_does_as_a_component_what_it_does_flat() {
    let component = wrap(&prebuilt("wsi-files"), &WrapOptions::default())
        .unwrap()
        .component;
    let flat = flatten(&component, &FlattenOptions::default())
        .unwrap()
        .wasm;
    let preview1 = std::fs::read(manifest::corpus().join("prebuilt/wsi-files-p1.wasm")).unwrap();
    let [component, flat, preview1] = [component, flat, preview1].map(|wasm| {
        let directory = tempfile::tempdir().unwrap();
        let spec = RunSpec {
            dir: Some(directory.path().to_path_buf()),
            ..RunSpec::default()
        };
        String::from_utf8(oracle().run(&wasm, &spec).unwrap().stdout).unwrap()
    });
    assert!(preview1.contains("wake nobody: 0"), "{preview1}");
    assert_eq!(flat, preview1);
    // The adapter says other things of what is not open.
    assert!(
        component.contains("stat moved: kind 4, size 11"),
        "{component}"
    );
}

#[test]
fn a_function_that_the_host_does_not_have_can_be_allowed() {
    let text = r#"(module
        (import "wsi:sys/net@0.1.0" "bind" (func $bind (param i32 i32) (result i32)))
        (memory (export "memory") 1) (global $__stack_pointer (mut i32) (i32.const 4096))
        (func (export "_start")
            (if (i32.ne (call $bind (i32.const 0) (i32.const 0)) (i32.const -52)) (then unreachable))))"#;
    let inputs = [Input {
        name: "net".to_string(),
        wasm: wat::parse_str(text).unwrap(),
        world: None,
    }];
    let linked = |allow: &[&str]| {
        let options = FlattenOptions {
            allow: allow
                .iter()
                .map(|text| Allow::parse(text).unwrap())
                .collect(),
            ..FlattenOptions::default()
        };
        link(&inputs, &[], &Choices::default(), &options)
            .map(|(linked, flat)| (linked.notes, flat.wasm))
            .map_err(|error| format!("{error:#}"))
    };
    let (notes, flat) = linked(&["wsi:sys/net#bind=nosys"]).unwrap();
    assert_eq!(notes, ["net: wsi:sys/net@0.1.0#bind only returns nosys"]);
    let outcome = oracle().run(&flat, &RunSpec::default()).unwrap();
    assert_eq!(outcome.exit, p1bridge_tests::Exit::Code(0));
    for (allow, said) in [
        (vec![], "link --allow wsi:sys/net#bind=nosys"),
        (
            vec!["wsi:sys/net#bnd=nosys"],
            "no core module imports such a function",
        ),
        (vec!["wsi:sys/net#bind=io"], "nosys only"),
    ] {
        let why = linked(&allow).unwrap_err();
        assert!(why.contains(said), "{said}: {why}");
    }
}
