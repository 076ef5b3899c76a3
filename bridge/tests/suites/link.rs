//! Which export fills which import, and what `link` says where that is open or cannot be.

use crate::common::{Ended, Folder, carry};

/// A core module that exports `NAME#f` of an interface, giving a number.
fn provider(package: &str, version: &str, gives: u32) -> Vec<u8> {
    let name = format!("{package}/api{version}");
    let mut module = wat::parse_str(format!(
        r#"(module (memory (export "memory") 1) (func (export "{name}#f") (result i32) (i32.const {gives})))"#
    ))
    .unwrap();
    carry(
        &mut module,
        &format!(
            "package {package}{version}; interface api {{ f: func() -> u32; }} world w {{ export api; }}"
        ),
    );
    module
}

/// A core module that exports `run`, the sum of what it gets from the interfaces.
fn user(interfaces: &[(&str, &str)]) -> Vec<u8> {
    let (mut imports, mut calls, mut packages, mut world) =
        (String::new(), String::new(), String::new(), String::new());
    for (at, (package, version)) in interfaces.iter().enumerate() {
        imports += &format!(r#"(import "{package}/api{version}" "f" (func $f{at} (result i32)))"#);
        calls += &format!("(i32.add (call $f{at})");
        packages +=
            &format!("package {package}{version} {{ interface api {{ f: func() -> u32; }} }}\n");
        world += &format!("import {package}/api{version};\n");
    }
    let close = ")".repeat(interfaces.len());
    let mut module = wat::parse_str(format!(
        r#"(module {imports} (memory (export "memory") 1) (func (export "run") (result i32) {calls} (i32.const 0){close}))"#
    ))
    .unwrap();
    carry(
        &mut module,
        &format!("package t:user; {packages} world w {{ {world} export run: func() -> u32; }}"),
    );
    module
}

/// A core module that imports one interface and exports another, which gives one more.
fn between(from: &str, to: &str) -> Vec<u8> {
    let mut module = wat::parse_str(format!(
        r#"(module (import "{from}/api" "f" (func $f (result i32))) (memory (export "memory") 1)
          (func (export "{to}/api#f") (result i32) (i32.add (call $f) (i32.const 1))))"#
    ))
    .unwrap();
    let own = match from == to {
        true => String::new(),
        false => format!("package {from} {{ interface api {{ f: func() -> u32; }} }}"),
    };
    carry(
        &mut module,
        &format!(
            "package {to}; {own} interface api {{ f: func() -> u32; }} world w {{ import {}; export api; }}",
            if from == to {
                "api".to_string()
            } else {
                format!("{from}/api")
            },
        ),
    );
    module
}

/// Links in a folder with these files, of which the first is the program.
fn linked(files: &[(&str, Vec<u8>)], args: &[&str]) -> (Folder, Ended) {
    let folder = Folder::new();
    for (name, bytes) in files {
        folder.add(name, bytes);
    }
    let names: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
    let ended = folder.run(&[&["link"], names.as_slice(), &["-o", "out.wasm"], args].concat());
    (folder, ended)
}

/// What `run` of the linked program gives, and what was said.
#[track_caller]
fn result(files: &[(&str, Vec<u8>)], args: &[&str]) -> (i32, String) {
    let (folder, ended) = linked(files, args);
    let said = ended.succeeded().stderr;
    let run = folder
        .run(&["run", "out.wasm", "--invoke", "run()"])
        .succeeded();
    let number = run.text().trim().parse();
    (number.unwrap_or_else(|_| panic!("{:?}", run.text())), said)
}

#[track_caller]
fn refused(files: &[(&str, Vec<u8>)], args: &[&str], parts: &[&str]) {
    let (folder, ended) = linked(files, args);
    ended.failed_with(parts);
    assert!(!folder.files().contains(&"out.wasm".to_string()));
}

#[test]
fn an_import_is_filled_by_the_same_version_before_any_other() {
    let files = [
        ("user.wasm", user(&[("a:b", "@1.2.0")])),
        ("old.wasm", provider("a:b", "@1.1.0", 11)),
        ("same.wasm", provider("a:b", "@1.2.0", 12)),
        ("new.wasm", provider("a:b", "@1.9.0", 19)),
    ];
    let (number, said) = result(&files, &[]);
    assert_eq!(number, 12);
    assert!(
        said.contains("nothing uses old.wasm, it is left out"),
        "{said}"
    );
}

#[test]
fn without_the_same_version_the_newest_compatible_one_fills() {
    let files = [
        ("user.wasm", user(&[("a:b", "@1.2.0")])),
        ("newer.wasm", provider("a:b", "@1.3.0", 13)),
        ("newest.wasm", provider("a:b", "@1.9.0", 19)),
        ("other.wasm", provider("a:b", "@2.0.0", 20)),
    ];
    let (number, said) = result(&files, &[]);
    assert_eq!(number, 19);
    assert!(
        said.contains("a:b/api@1.2.0 <- newest.wasm, as a:b/api@1.9.0"),
        "{said}"
    );
}

#[test]
fn an_older_version_fills_with_a_note() {
    let files = [
        ("user.wasm", user(&[("a:b", "@1.2.0")])),
        ("older.wasm", provider("a:b", "@1.1.0", 11)),
    ];
    let (number, said) = result(&files, &[]);
    assert_eq!(number, 11);
    assert!(said.contains("which is older"), "{said}");
}

#[test]
fn incompatible_versions_live_side_by_side() {
    let files = [
        (
            "user.wasm",
            user(&[("a:b", "@1.2.0"), ("a:b", "@2.0.0"), ("a:b", "@0.4.1")]),
        ),
        ("one.wasm", provider("a:b", "@1.2.0", 1)),
        ("two.wasm", provider("a:b", "@2.1.0", 20)),
        ("zero.wasm", provider("a:b", "@0.4.2", 300)),
    ];
    assert_eq!(result(&files, &[]).0, 321);
}

#[test]
fn what_nobody_exports_stays_an_import_under_its_name() {
    let files = [
        ("user.wasm", user(&[("a:b", "@1.2.0"), ("c:d", "")])),
        ("lib.wasm", provider("a:b", "@1.2.0", 1)),
    ];
    let (folder, ended) = linked(&files, &[]);
    let said = ended.succeeded().stderr;
    assert!(said.contains("  c:d/api <- the host"), "{said}");
    let inspected = folder.run(&["inspect", "out.wasm"]).succeeded();
    assert!(inspected.text().contains("c:d/api"), "{}", inspected.text());
    refused(
        &files,
        &["--no-unresolved"],
        &[
            "user.wasm imports c:d/api, which no file exports",
            "--keep c:d/api",
        ],
    );
    let (_, ended) = linked(&files, &["--no-unresolved", "--keep", "c:d/api"]);
    ended.succeeded();
}

#[test]
fn several_files_with_an_export_are_an_error_that_has_the_options() {
    let files = [
        ("user.wasm", user(&[("a:b", "@1.2.0")])),
        ("x.wasm", provider("a:b", "@1.2.0", 1)),
        ("y.wasm", provider("a:b", "@1.2.0", 2)),
    ];
    refused(
        &files,
        &[],
        &[
            "user.wasm imports a:b/api@1.2.0, which several files export",
            "--plug a:b/api@1.2.0=x.wasm",
            "--plug a:b/api@1.2.0=y.wasm",
            "--keep a:b/api@1.2.0",
        ],
    );
    assert_eq!(result(&files, &["--plug", "a:b/api@1.2.0=y.wasm"]).0, 2);
    assert_eq!(result(&files, &["--plug", "a:b/api=x.wasm"]).0, 1);
}

#[test]
fn a_plug_may_name_another_interface_or_version() {
    let files = [
        ("user.wasm", user(&[("a:b", "@1.2.0")])),
        ("x.wasm", provider("c:d", "@4.0.0", 7)),
        ("y.wasm", provider("a:b", "@2.0.0", 9)),
    ];
    assert_eq!(result(&files, &["--plug", "a:b/api=x.wasm#c:d/api"]).0, 7);
    refused(
        &files,
        &["--plug", "a:b/api=y.wasm"],
        &[
            "y.wasm exports a:b/api@2.0.0",
            "--plug a:b/api@1.2.0=y.wasm#a:b/api@2.0.0",
        ],
    );
    assert_eq!(
        result(&files, &["--plug", "a:b/api=y.wasm#a:b/api@2.0.0"]).0,
        9
    );
    refused(
        &files,
        &["--plug", "a:b/ap=x.wasm"],
        &["nothing imports it", "is a:b/api@1.2.0 meant?"],
    );
    refused(
        &files,
        &["--plug", "a:b/api=z.wasm"],
        &["no such file is linked"],
    );
    refused(
        &files,
        &["--plug", "a:b/api=x.wasm#c:d/apo"],
        &["x.wasm does not export c:d/apo"],
    );
}

#[test]
fn a_chain_passes_each_import_to_the_next_file() {
    let files = [
        ("user.wasm", user(&[("a:b", "")])),
        ("one.wasm", between("a:b", "a:b")),
        ("two.wasm", between("a:b", "a:b")),
        ("last.wasm", provider("a:b", "", 40)),
    ];
    let chain = ["--chain", "user.wasm,one.wasm,two.wasm,last.wasm"];
    assert_eq!(result(&files, &chain).0, 42);
    let chain = ["--chain", "user.wasm,two.wasm,last.wasm"];
    assert_eq!(result(&files, &chain).0, 41);
    refused(
        &files,
        &["--chain", "user.wasm,one.wasm,user.wasm"],
        &["user.wasm is in it twice"],
    );
}

#[test]
fn files_that_need_each_other_are_refused_with_the_ring() {
    let files = [
        ("user.wasm", user(&[("a:a", "")])),
        ("a.wasm", between("b:b", "a:a")),
        ("b.wasm", between("c:c", "b:b")),
        ("c.wasm", between("a:a", "c:c")),
    ];
    refused(
        &files,
        &[],
        &[
            "a.wasm (imports b:b/api) -> b.wasm (imports c:c/api) -> c.wasm (imports a:a/api) -> a.wasm",
        ],
    );
}

#[test]
fn a_library_is_shared_unless_every_user_gets_its_own() {
    // Counts its calls.
    let mut counter = wat::parse_str(
        r#"(module (memory (export "memory") 1) (global $n (mut i32) (i32.const 0))
          (func (export "c:c/api#f") (result i32)
            (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n)))"#,
    )
    .unwrap();
    carry(
        &mut counter,
        "package c:c; interface api { f: func() -> u32; } world w { export api; }",
    );
    let files = [
        ("user.wasm", user(&[("a:a", ""), ("b:b", "")])),
        ("a.wasm", between("c:c", "a:a")),
        ("b.wasm", between("c:c", "b:b")),
        ("counter.wasm", counter),
    ];
    // Each of the two adds one to what it gets: 1 and 2 of one counter, 1 and 1 of two.
    assert_eq!(result(&files, &[]).0, 5);
    assert_eq!(result(&files, &["--fresh", "counter.wasm"]).0, 4);
}

#[test]
fn types_that_differ_are_named_with_the_way_to_them() {
    let part = |wit: &str, export: bool| {
        let text = match export {
            true => {
                r#"(module (memory (export "memory") 1) (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
                  (func (export "a:b/api#f") (param i32 i32)))"#
            }
            false => {
                r#"(module (import "a:b/api" "f" (func $f (param i32 i32))) (memory (export "memory") 1)
                  (func (export "run") (call $f (i32.const 0) (i32.const 0))))"#
            }
        };
        let mut module = wat::parse_str(text).unwrap();
        let world = if export {
            "export api;"
        } else {
            "import api; export run: func();"
        };
        carry(
            &mut module,
            &format!("package a:b; interface api {{ {wit} }} world w {{ {world} }}"),
        );
        module
    };
    let wanted = "record point { x: u32, y: list<u8> } f: func(of: list<point>);";
    let found = "record point { x: u32, y: list<u16> } f: func(of: list<point>);";
    refused(
        &[
            ("user.wasm", part(wanted, false)),
            ("lib.wasm", part(found, true)),
        ],
        &[],
        &[
            "user.wasm imports a:b/api#f, whose type is not that of a:b/api in lib.wasm",
            "parameter of > list > record point > field y > list: wanted is u8, but there is u16",
        ],
    );
    let renamed = "record point { x: u32, z: list<u8> } f: func(of: list<point>);";
    refused(
        &[
            ("user.wasm", part(wanted, false)),
            ("lib.wasm", part(renamed, true)),
        ],
        &[],
        &["record point: wanted is the fields x, y, but there is the fields x, z"],
    );
}

#[test]
fn an_export_of_a_library_is_exported_if_asked_for() {
    let files = [
        ("user.wasm", user(&[("a:b", "")])),
        ("lib.wasm", provider("a:b", "", 5)),
        ("more.wasm", provider("c:d", "@1.0.0", 6)),
    ];
    let (folder, ended) = linked(&files, &["--export", "c:d/api", "--export", "a:b/api"]);
    ended.succeeded();
    let of = |name: &str| {
        let run = folder
            .run(&["run", "out.wasm", "--invoke", name])
            .succeeded();
        run.text().trim().to_string()
    };
    assert_eq!(of("run()"), "5");
    assert_eq!(of("c:d/api@1.0.0#f()"), "6");
    assert_eq!(of("a:b/api#f()"), "5");
    refused(
        &files,
        &["--export", "c:d/apis"],
        &["no library exports it", "is c:d/api@1.0.0 meant?"],
    );
}

#[test]
fn a_library_that_nearly_fits_is_named() {
    let files = [
        ("user.wasm", user(&[("a:b", "@1.0.0")])),
        ("lib.wasm", provider("a:b", "@0.2.0", 5)),
    ];
    let (_, ended) = linked(&files, &[]);
    let said = ended.succeeded().stderr;
    assert!(
        said.contains("nothing uses lib.wasm, it is left out: it exports a:b/api@0.2.0, and wanted is a:b/api@1.0.0 (by user.wasm)"),
        "{said}"
    );
}

#[test]
fn the_plan_is_printed_and_nothing_written() {
    let folder = Folder::new();
    folder.add("user.wasm", user(&[("a:b", "@1.0.0"), ("c:d", "")]));
    folder.add("lib.wasm", provider("a:b", "@1.0.1", 5));
    let ended = folder
        .run(&["link", "user.wasm", "lib.wasm", "--plan"])
        .succeeded();
    assert_eq!(
        ended.text(),
        "lib.wasm: a core module\n\
         user.wasm: a core module\n\
         \x20 a:b/api@1.0.0 <- lib.wasm, as a:b/api@1.0.1\n\
         \x20 c:d/api <- the host\n\
         exported: run of user.wasm\n"
    );
    assert_eq!(folder.files(), ["lib.wasm", "user.wasm"]);
}

#[test]
fn a_component_of_the_parts_is_written_if_asked_for() {
    let files = [
        ("user.wasm", user(&[("a:b", "")])),
        ("lib.wasm", provider("a:b", "", 5)),
    ];
    let (folder, ended) = linked(&files, &["--component"]);
    ended.succeeded();
    let run = folder
        .run(&["run", "out.wasm", "--invoke", "run()"])
        .succeeded();
    assert_eq!(run.text().trim(), "5");
    let inspected = folder.run(&["inspect", "out.wasm"]).succeeded();
    assert!(
        inspected.text().contains("component"),
        "{}",
        inspected.text()
    );
}

#[test]
fn linking_is_deterministic() {
    let files = [
        (
            "user.wasm",
            user(&[("a:a", ""), ("b:b", ""), ("x:x", ""), ("y:y", "")]),
        ),
        ("a.wasm", between("c:c", "a:a")),
        ("b.wasm", between("c:c", "b:b")),
        ("c.wasm", provider("c:c", "", 1)),
    ];
    let bytes = |args: &[&str]| {
        let (folder, ended) = linked(&files, args);
        ended.succeeded();
        std::fs::read(folder.path().join("out.wasm")).unwrap()
    };
    for args in [&[][..], &["--component"]] {
        let first = bytes(args);
        for _ in 0..5 {
            assert_eq!(bytes(args), first);
        }
    }
}

const FD_WRITE: &str =
    r#"(import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))"#;

#[test]
fn a_virtual_interface_stands_before_the_hosts() {
    // Gives the time 42 in place of the host's.
    let mut clock = wat::parse_str(
        r#"(module (memory (export "memory") 1)
          (func (export "wasi:clocks/monotonic-clock@0.2.0#now") (result i64) (i64.const 42))
          (func (export "wasi:clocks/monotonic-clock@0.2.0#resolution") (result i64) (i64.const 1)))"#,
    )
    .unwrap();
    let wit = "package t:t; package wasi:clocks@0.2.0 { interface monotonic-clock { now: func() -> u64; resolution: func() -> u64; } \
               interface wall-clock { resolution: func() -> u64; } }";
    carry(
        &mut clock,
        &format!("{wit} world w {{ export wasi:clocks/monotonic-clock@0.2.0; }}"),
    );
    let mut user = wat::parse_str(
        r#"(module (import "wasi:clocks/monotonic-clock@0.2.0" "now" (func $now (result i64)))
          (memory (export "memory") 1)
          (func (export "run") (result i32) (i32.wrap_i64 (call $now))))"#,
    )
    .unwrap();
    carry(
        &mut user,
        &format!(
            "{wit} world w {{ import wasi:clocks/monotonic-clock@0.2.0; export run: func() -> u32; }}"
        ),
    );
    let files = [("user.wasm", user), ("clock.wasm", clock)];
    let (folder, ended) = linked(&files, &[]);
    ended.succeeded();
    let run = folder
        .run(&["run", "out.wasm", "--invoke", "run()"])
        .succeeded();
    assert_eq!(run.text().trim(), "42");
    let inspected = folder.run(&["inspect", "out.wasm"]).succeeded();
    assert!(
        !inspected.text().contains("clock_time_get"),
        "{}",
        inspected.text()
    );
}

#[test]
fn a_preview1_module_uses_what_stands_before_the_host() {
    // A clock for the adapter of the program, which stays then.
    let mut clock = wat::parse_str(
        r#"(module (memory (export "memory") 1)
          (func (export "wasi:clocks/monotonic-clock@0.2.6#now") (result i64) (i64.const 42)))"#,
    )
    .unwrap();
    carry(
        &mut clock,
        "package t:t; package wasi:clocks@0.2.6 { interface monotonic-clock { type instant = u64; now: func() -> instant; } } \
         world w { export wasi:clocks/monotonic-clock@0.2.6; }",
    );
    let mut user = wat::parse_str(
        r#"(module (import "wasi_snapshot_preview1" "clock_time_get" (func $time (param i32 i64 i32) (result i32)))
          (memory (export "memory") 1)
          (func (export "run") (result i32)
            (drop (call $time (i32.const 1) (i64.const 0) (i32.const 8))) (i32.load (i32.const 8))))"#,
    )
    .unwrap();
    carry(
        &mut user,
        "package t:t; world w { export run: func() -> u32; }",
    );
    let (number, said) = result(&[("user.wasm", user), ("clock.wasm", clock)], &[]);
    assert_eq!(number, 42);
    assert!(said.contains("kept: user.wasm > core module 1"), "{said}");
}

#[test]
fn raw_libraries_fill_imports_by_name() {
    let main = r#"(module (import "math" "double" (func $double (param i32) (result i32)))
      (import "math" "sum" (func $sum (param i32 i32) (result i32)))
      (memory (export "memory") 1) (data (i32.const 0) "\01\00\00\00\02\00\00\00")
      (func (export "run") (result i32)
        (i32.add (call $double (i32.const 20)) (call $sum (i32.const 0) (i32.const 2)))))"#;
    let library = |memory: &str| {
        format!(
            r#"(module {memory} (func (export "double") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
              (func (export "sum") (param i32 i32) (result i32)
                (i32.add (i32.load (local.get 0)) (i32.load offset=4 (local.get 0)))))"#
        )
    };
    let mut user = wat::parse_str(main).unwrap();
    carry(
        &mut user,
        "package t:t; world w { export run: func() -> u32; }",
    );
    let run = |library: &str, args: &[&str]| {
        let folder = Folder::new();
        folder.add("user.wasm", &user);
        folder.add("math.wasm", library);
        let ended = folder.run(&[&["link", "user.wasm", "-o", "out.wasm"], args].concat());
        (folder, ended)
    };
    let number = |folder: &Folder| {
        let run = folder
            .run(&["run", "out.wasm", "--invoke", "run()"])
            .succeeded();
        run.text().trim().to_string()
    };
    // In the memory of its user an address means the same.
    let shared = library(r#"(import "env" "memory" (memory 1))"#);
    let (folder, ended) = run(&shared, &["--raw", "math=math.wasm"]);
    let said = ended.succeeded().stderr;
    assert!(!said.contains("address"), "{said}");
    assert_eq!(number(&folder), "43");
    // In one of its own it does not, and that is said.
    let own = library("(memory 1)");
    let (folder, ended) = run(&own, &["--raw", "math=math.wasm"]);
    let said = ended.succeeded().stderr;
    assert!(said.contains("math.wasm has a memory of its own: if a number that double, sum takes or gives is an address"), "{said}");
    assert_eq!(number(&folder), "40");

    let refused =
        |library: &str, args: &[&str], parts: &[&str]| run(library, args).1.failed_with(parts);
    refused(
        &own,
        &[],
        &[
            "`double` of `math` is provided by no adapter and no world",
            "--raw math=FILE",
        ],
    );
    refused(&own, &["--raw", "maths=math.wasm"], &["--raw math=FILE"]);
    refused(
        &own.replace("\"sum\"", "\"sums\""),
        &["--raw", "math=math.wasm"],
        &["it exports no function sum; is sums meant?"],
    );
    refused(
        &own.replace(
            "(export \"double\") (param i32)",
            "(export \"double\") (param $unused f32) (param i32)",
        )
        .replace("(local.get 0) (i32.const 2)", "(local.get 1) (i32.const 2)"),
        &["--raw", "math=math.wasm"],
        &["double is imported as (i32) -> (i32), but it is (f32, i32) -> (i32)"],
    );
    refused(
        &own.replace("(memory 1)", &format!("{FD_WRITE} (memory 1)")),
        &["--raw", "math=math.wasm"],
        &["it calls Preview 1"],
    );
    refused(
        "(component)",
        &["--raw", "math=math.wasm"],
        &["it is a component"],
    );
}

#[test]
fn what_is_not_for_this_linker_is_refused_with_the_tool_that_takes_it() {
    let main = || user(&[("a:b", "")]);
    let object = r#"(module (@custom "linking" "\02") (func))"#;
    refused(
        &[
            ("user.wasm", main()),
            ("object.wasm", wat::parse_str(object).unwrap()),
        ],
        &[],
        &["object.wasm: ", "object file", "wasm-ld"],
    );
    let shared =
        r#"(module (@custom "dylink.0" (before first) "\01\04\00\00\00\00") (func (export "f")))"#;
    refused(
        &[
            ("user.wasm", main()),
            ("shared.wasm", wat::parse_str(shared).unwrap()),
        ],
        &[],
        &[
            "shared.wasm: ",
            "shared library",
            "wasm-tools component link",
        ],
    );
    refused(
        &[("user.wasm", main()), ("text.wasm", b"hello".to_vec())],
        &[],
        &["text.wasm: "],
    );
    let mut cut = main();
    cut.truncate(cut.len() / 2);
    refused(&[("user.wasm", cut)], &[], &["user.wasm: "]);
}

#[test]
fn a_module_without_a_world_gets_one_from_the_command_line() {
    let folder = Folder::new();
    folder.add(
        "user.wasm",
        r#"(module (import "a:b/api" "f" (func $f (result i32))) (memory (export "memory") 1)
          (func (export "run") (result i32) (call $f)))"#,
    );
    folder.add("lib.wasm", provider("a:b", "", 5));
    folder.add(
        "app.wit",
        "package t:t; package a:b { interface api { f: func() -> u32; } }
         world one { import a:b/api; export run: func() -> u32; } world two {}",
    );
    let link = |args: &[&str]| {
        folder.run(&[&["link", "user.wasm", "lib.wasm", "-o", "out.wasm"], args].concat())
    };
    link(&[]).failed_with(&["user.wasm: ", "`f` of `a:b/api`"]);
    for args in [
        &["--wit", "app.wit", "--world", "one"][..],
        &["--wit", "user.wasm=app.wit", "--world", "user.wasm=one"],
    ] {
        link(args).succeeded();
        let run = folder
            .run(&["run", "out.wasm", "--invoke", "run()"])
            .succeeded();
        assert_eq!(run.text().trim(), "5");
    }
    link(&["--wit", "x.wasm=app.wit", "--world", "one"])
        .failed_with(&["--wit x.wasm: no such file is linked"]);
    link(&["--wit", "user.wasm=app.wit", "--world", "lib.wasm=one"])
        .failed_with(&["there is no --wit for this file"]);
}

/// A component made by wac asks for all of an interface, although no function of it needs one of its types.
#[test]
fn types_that_no_function_uses_are_there_for_files_that_want_them() {
    let folder = Folder::new();
    folder.add(
        "app.wasm",
        r#"(component
          (type $api (instance
            (type $text string)
            (export "text" (type (eq $text)))
            (export "f" (func))))
          (import "t:a/api" (instance $api (type $api)))
          (component $inside
            (import "t:a/api" (instance $api
              (type $text string)
              (export "text" (type (eq $text)))
              (export "f" (func))))
            (alias export $api "f" (func $f))
            (export "g" (func $f)))
          (instance $inside (instantiate $inside (with "t:a/api" (instance $api))))
          (alias export $inside "g" (func $g))
          (export "g" (func $g)))"#,
    );
    let link = ["link", "app.wasm", "--component", "-o", "out.wasm"];
    folder.run(&link).succeeded();
}

/// What `wrap` makes imports the oldest version of each interface, and `exit` in a newer one; others have one version of all.
#[test]
fn a_file_with_a_package_in_two_versions_is_linked_with_one_that_has_the_newer() {
    let args = r#"(import "wasi_snapshot_preview1" "args_sizes_get" (func $get (param i32 i32) (result i32)))"#;
    let environ = r#"(import "wasi_snapshot_preview1" "environ_sizes_get" (func $get (param i32 i32) (result i32)))"#;
    let exit = r#"(import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))"#;
    let memory = r#"(memory (export "memory") 4)"#;
    let mut main = wat::parse_str(format!(
        r#"(module {args} {exit} (import "a:b/api" "f" (func $f (result i32))) {memory}
             (func (export "_start") (drop (call $get (i32.const 8) (i32.const 12))) (call $exit (call $f))))"#
    ))
    .unwrap();
    carry(
        &mut main,
        "package t:user; package a:b { interface api { f: func() -> u32; } } world w { import a:b/api; }",
    );
    let mut lib = wat::parse_str(format!(
        r#"(module {environ} {memory}
             (func (export "a:b/api#f") (result i32) (drop (call $get (i32.const 8) (i32.const 12))) (i32.const 9)))"#
    ))
    .unwrap();
    carry(
        &mut lib,
        "package a:b; interface api { f: func() -> u32; } world w { export api; }",
    );
    let folder = Folder::new();
    folder.add("main.wasm", main);
    folder.add("lib.wasm", lib);
    folder
        .run(&["wrap", "main.wasm", "-o", "main.c.wasm"])
        .succeeded();
    folder
        .run(&[
            "wrap",
            "--adapt",
            "wasmtime",
            "lib.wasm",
            "-o",
            "lib.c.wasm",
        ])
        .succeeded();
    folder
        .run(&["link", "main.c.wasm", "lib.c.wasm", "-o", "out.wasm"])
        .succeeded();
    assert_eq!(folder.run(&["run", "out.wasm"]).code, Some(9));
}
