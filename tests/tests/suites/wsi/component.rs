//! The component side: a component that imports `wsi:sys` does on every engine what the WIT says.

use p1bridge::flatten::{FlattenOptions, flatten};
use p1bridge::profiles::{Profile, named};
use p1bridge_linker::wasi::Allow;
use p1bridge_tests::engines::available;
use p1bridge_tests::link::profile_name;
use p1bridge_tests::module::parts;

use super::prebuilt;
use super::programs::run;

const SAID: &str = r#"wrote 10, 0
at 10, 5
read Ok("bytes")
end []
none []
wrote 4
read Ok("ME byt")
whence Err(28)
Kind::RegularFile of 10 bytes, 1 link
modified after 2020: true
Kind::RegularFile of 3 bytes
FdFlags(0x0) Kind::RegularFile
FdFlags(APPEND)
read Ok("SOM++")
write of what is open for reading fails: true
it has nothing to sync: Ok(())
again: Err(20)
Kind::Directory
exclusive: Some(20)
[("one", Kind::RegularFile), ("three", Kind::RegularFile), ("été", Kind::Directory)]
not empty: true
missing: Some(44)
missing: Some(44)
[Events(0x0), Events(DUE)]
20 ms: true
[Events(DUE), Events(READABLE | WRITABLE), Events(0x0), Events(WRITABLE)]
[Events(0x0)]
[Events(0x0)]
10 ms: true
for ever on nothing: Err(28)
no time: Ok([])
200 answers, Some(150) is due
clocks: Err(28) true
10000 bytes
10000 bytes
10000 bytes
1
"#;

fn options(profile: Profile) -> FlattenOptions {
    FlattenOptions {
        profile,
        verify: true,
        ..FlattenOptions::default()
    }
}

#[test]
fn a_component_on_wsi_does_on_every_engine_what_its_interfaces_say() {
    for engine in available() {
        let profile = named(profile_name(&*engine)).unwrap();
        let flat = flatten(&prebuilt("wsi-p2-rust"), &options(profile)).unwrap();
        let outcome = run(&*engine, &flat.wasm, &[], b"");
        let said = String::from_utf8(outcome.stdout).unwrap();
        let (given, rest) = said.split_once('\n').unwrap();
        assert!(given.starts_with("1 directory"), "{given}");
        // node's host has other bits set than were asked for.
        let rest = match engine.name() {
            "node" => rest
                .replace("FdFlags(DSYNC) K", "FdFlags(0x0) K")
                .replace("FdFlags(DSYNC)\n", "FdFlags(APPEND)\n"),
            _ => rest.to_string(),
        };
        assert_eq!(rest, SAID, "{}", engine.name());
        assert!(
            flat.report
                .approximations
                .iter()
                .any(|entry| entry.function.ends_with("polling@0.1.0#wait")),
            "what differs is said"
        );
    }
}

/// A component that calls one function, without parameters that matter.
fn calls(interface: &str, types: &str, function: &str, core: &str, call: &str) -> Vec<u8> {
    wat::parse_str(format!(
        r#"(component
            (import "wsi:sys/{interface}@0.1.0" (instance $i {types}))
            (core module $m
                (import "i" "f" (func $f {core}))
                (memory (export "memory") 1)
                (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
                (func (export "run") {call}))
            (core module $memory (memory (export "memory") 1)
                (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))
            (core instance $memory (instantiate $memory))
            (alias export $i "{function}" (func $f))
            (core func $lowered (canon lower (func $f) (memory (core memory $memory "memory")) (realloc (core func $memory "cabi_realloc"))))
            (core instance $m (instantiate $m (with "i" (instance (export "f" (func $lowered))))))
            (func (export "run") (canon lift (core func $m "run"))))"#
    ))
    .unwrap()
}

fn resolves() -> Vec<u8> {
    let address = r#"(export "family" (type $family (eq $f)))
        (type $b (tuple u64 u64))
        (type $a (record (field "family" $family) (field "port" u16) (field "scope" u32) (field "bytes" $b)))
        (export "address" (type $address (eq $a)))
        (export "resolve" (func (param "name" string) (result (result (list $address) (error u16)))))"#;
    calls(
        "sockets",
        &format!(r#"(type $f (enum "inet4" "inet6")) {address}"#),
        "resolve",
        "(param i32 i32 i32)",
        "(call $f (i32.const 0) (i32.const 0) (i32.const 16))",
    )
}

#[test]
fn what_only_a_host_of_wsi_has_is_refused_unless_it_is_allowed_to_trap() {
    let component = resolves();
    let mut options = options(Profile::default());
    let error = format!("{:#}", flatten(&component, &options).unwrap_err());
    assert!(error.contains("wsi:sys/sockets@0.1.0#resolve"), "{error}");
    assert!(error.contains("only a host of WSI has it"), "{error}");
    let allow = "wsi:sys/sockets#resolve=trap";
    assert!(error.contains(&format!("--allow {allow}")), "{error}");
    options.allow = vec![Allow::parse(allow).unwrap()];
    let flat = flatten(&component, &options).unwrap();
    assert!(parts(&flat.wasm).unwrap().imports.is_empty());
}

#[test]
fn a_host_of_wsi_keeps_the_imports() {
    let native = "name = \"t\"\nabout = \"t\"\n[wasm]\nfeatures = []\n[wsi]\nfunctions = \"all\"\n";
    let flat = flatten(&resolves(), &options(Profile::parse(native).unwrap())).unwrap();
    let imports = parts(&flat.wasm).unwrap().imports;
    assert!(
        imports
            .iter()
            .any(|(module, name, _)| module == "wsi:sys/sockets@0.1.0" && name == "resolve"),
        "{imports:?}"
    );
}

#[test]
fn a_function_of_another_type_is_refused() {
    let component = calls(
        "clocks",
        r#"(export "now" (func (param "clock" u8) (result (result u64 (error u32)))))"#,
        "now",
        "(param i32 i32)",
        "(call $f (i32.const 0) (i32.const 16))",
    );
    let error = format!(
        "{:#}",
        flatten(&component, &options(Profile::default())).unwrap_err()
    );
    assert!(error.contains("not that of WSI 0.1"), "{error}");
}
