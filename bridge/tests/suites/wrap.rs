//! What `wrap` makes, and what it says instead of making something useless.

use crate::common::{Ended, Folder};
use p1bridge::wrap::{Kind, WrapOptions, Wrapped, wrap};
use wasi_preview1_component_adapter_provider as provider;
use wasmparser::{Parser, Payload, Validator, WasmFeatures};

/// A module with the given imports and exports, a memory and a `_start`.
fn command(imports: &str) -> String {
    format!(r#"(module {imports} (memory (export "memory") 1) (func (export "_start")))"#)
}

const FD_WRITE: &str =
    r#"(import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))"#;

const PLUGIN_WIT: &str = "
    package my:app;
    interface log { say: func(level: u32); }
    world plugin {
        import log;
        import now: func() -> u64;
        export double: func(x: u32) -> u32;
    }
    world other {}
";

fn wrapped(wat: &str) -> Wrapped {
    wrap(&wat::parse_str(wat).unwrap(), &WrapOptions::default()).unwrap()
}

/// Wraps `wat` as a file, with more arguments, and expects a refusal that leaves no file.
#[track_caller]
fn refused(wat: &str, args: &[&str], parts: &[&str]) {
    let folder = Folder::new();
    folder.add("in.wasm", wat);
    folder.add("app.wit", PLUGIN_WIT);
    folder.add(
        "command.wasm",
        provider::WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER,
    );
    folder.add(
        "reactor.wasm",
        provider::WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
    );
    let before = folder.files();
    folder
        .run(&[&["wrap", "in.wasm"], args].concat())
        .failed_with(parts);
    assert_eq!(folder.files(), before);
}

#[track_caller]
fn accepted(wat: &str, args: &[&str]) -> Ended {
    let folder = Folder::new();
    folder.add("in.wasm", wat);
    folder.add("app.wit", PLUGIN_WIT);
    folder.add(
        "command.wasm",
        provider::WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER,
    );
    folder.add(
        "reactor.wasm",
        provider::WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
    );
    folder
        .run(&[&["wrap", "in.wasm"], args].concat())
        .succeeded()
}

/// The names that the outermost component imports and exports.
fn world(component: &[u8]) -> (Vec<String>, Vec<String>) {
    let (mut imports, mut exports, mut depth) = (vec![], vec![], 0);
    for payload in Parser::new(0).parse_all(component) {
        match payload.unwrap() {
            Payload::Version { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            Payload::ComponentImportSection(section) if depth == 1 => {
                imports.extend(
                    section
                        .into_iter()
                        .map(|item| item.unwrap().name.name.to_string()),
                );
            }
            Payload::ComponentExportSection(section) if depth == 1 => {
                exports.extend(
                    section
                        .into_iter()
                        .map(|item| item.unwrap().name.name.to_string()),
                );
            }
            _ => {}
        }
    }
    (imports, exports)
}

#[test]
fn threads_are_called_threads() {
    let folder = Folder::new();
    for (name, module) in [
        (
            "spawns.wasm",
            r#"(module (import "wasi" "thread-spawn" (func (param i32) (result i32)))
                (memory (export "memory") 1) (func (export "_start")))"#,
        ),
        (
            "shared.wasm",
            r#"(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
                (memory (export "memory") 1 2 shared)
                (func (export "_start") (call $exit (i32.const 0))))"#,
        ),
    ] {
        folder.add(name, module);
        folder
            .run(&["wrap", name])
            .failed_with(&["uses threads", "compile it without threads"]);
    }
}

#[test]
fn start_makes_a_command() {
    let wrapped = wrapped(&command(FD_WRITE));
    assert_eq!(wrapped.kind, Kind::Command);
    assert_eq!(wrapped.adapters, ["1 function of Preview 1 woven in"]);
    let (imports, exports) = world(&wrapped.component);
    assert!(
        imports
            .iter()
            .any(|name| name.starts_with("wasi:io/streams@0.2.")),
        "{imports:?}"
    );
    assert!(
        matches!(&exports[..], [run] if run.starts_with("wasi:cli/run@0.2.")),
        "{exports:?}"
    );
}

#[test]
fn a_command_without_wasi_imports_no_wasi() {
    let wrapped = wrapped(&command(""));
    let (imports, exports) = world(&wrapped.component);
    assert_eq!(imports, Vec::<String>::new());
    assert!(
        matches!(&exports[..], [run] if run.starts_with("wasi:cli/run@0.2.")),
        "{exports:?}"
    );
    assert!(
        wrapped.component.len() < 1500,
        "{} bytes",
        wrapped.component.len()
    );
}

const DOUBLE: &str =
    r#"(func (export "double") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))"#;

#[test]
fn a_reactor_exports_the_world_it_is_given_and_gets_no_adapter_without_wasi() {
    let ended = accepted(
        &format!(
            r#"(module (import "my:app/log" "say" (func (param i32))) (import "$root" "now" (func (result i64))) {DOUBLE})"#
        ),
        &["--wit", "app.wit", "--world", "plugin"],
    );
    assert!(ended.stderr.contains("a reactor, no adapter"), "{ended:?}");
}

#[test]
fn a_reactor_with_wasi_has_it_woven_in() {
    let ended = accepted(
        &format!(r#"(module {FD_WRITE} (memory (export "memory") 1) {DOUBLE})"#),
        &["--wit", "app.wit", "--world", "plugin"],
    );
    assert!(
        ended
            .stderr
            .contains("a reactor, with 1 function of Preview 1 woven in"),
        "{ended:?}"
    );
}

#[test]
fn a_reactor_that_may_wait_on_wasi_0_3_is_told_so() {
    let reactor = format!(r#"(module {FD_WRITE} (memory (export "memory") 1) {DOUBLE})"#);
    let world = ["--wit", "app.wit", "--world", "plugin"];
    let ended = accepted(&reactor, &[&["--wasi", "0.3"], &world[..]].concat());
    assert!(
        ended.stderr.contains("`fd_write` may wait for the host"),
        "{ended:?}"
    );
    let ended = accepted(&reactor, &world);
    assert!(!ended.stderr.contains("may wait"), "{ended:?}");
}

#[test]
fn a_world_that_the_module_carries_is_used() {
    let world = p1bridge::wrap::World::read(
        &{
            let folder = Folder::new();
            let path = folder.add("app.wit", PLUGIN_WIT);
            std::mem::forget(folder);
            path
        },
        Some("plugin"),
    )
    .unwrap();
    let options = WrapOptions {
        world: Some(world),
        ..WrapOptions::default()
    };
    let module = wat::parse_str(format!("(module {DOUBLE})")).unwrap();
    let (_, exports) = self::world(&wrap(&module, &options).unwrap().component);
    assert_eq!(exports, ["double"]);
}

#[test]
fn function_names_are_kept() {
    let wrapped = wrapped(&command(r#"(func $a_name_of_mine)"#));
    let found = wrapped
        .component
        .windows(14)
        .any(|bytes| bytes == b"a_name_of_mine");
    assert!(found);
}

#[test]
fn a_component_is_not_wrapped_again() {
    refused("(component)", &[], &["a component already", "flatten"]);
}

#[test]
fn a_program_that_still_has_its_relocations_is_none_to_be_linked() {
    wrapped(r#"(module (@custom "linking" "\02") (func (export "_start")))"#);
}

#[test]
fn object_files_and_shared_libraries_are_to_be_linked_first() {
    refused(
        r#"(module (import "env" "__linear_memory" (memory 0)) (@custom "linking" "\02") (func))"#,
        &[],
        &["object file", "link it with wasm-ld first"],
    );
    refused(
        r#"(module (@custom "dylink.0" "\01\04\00\00\00\00") (func (export "_start")))"#,
        &[],
        &["shared library", "link the program statically"],
    );
}

#[test]
fn wasi_unstable_is_refused_where_an_adapter_is_to_do_it() {
    refused(
        &command(
            r#"(import "wasi_unstable" "fd_write" (func (param i32 i32 i32 i32) (result i32)))"#,
        ),
        &["--adapt", "wasmtime"],
        &["`wasi_unstable`", "--adapt wasi_unstable="],
    );
}

#[test]
fn a_command_adapter_for_a_reactor_is_refused() {
    let reactor = format!(r#"(module {FD_WRITE} (memory (export "memory") 1) {DOUBLE})"#);
    let adapt = &["--adapt", "wasi_snapshot_preview1=command.wasm"];
    refused(
        &reactor,
        adapt,
        &["command.wasm", "an adapter for commands", "no `_start`"],
    );
    refused(
        &reactor,
        &["--kind", "command"],
        &["--kind command", "no function `_start`"],
    );
}

#[test]
fn a_reactor_adapter_for_a_command_is_refused() {
    let adapt = &["--adapt", "wasi_snapshot_preview1=reactor.wasm"];
    refused(
        &command(FD_WRITE),
        adapt,
        &["reactor.wasm", "not an adapter for commands", "`_start`"],
    );
    refused(
        &command(FD_WRITE),
        &["--kind", "reactor"],
        &["export nothing", "nothing would call its `_start`"],
    );
    refused(
        &command(FD_WRITE),
        &["--kind", "proxy"],
        &["export nothing", "nothing would call its `_start`"],
    );
}

#[test]
fn start_and_initialize_together_need_a_choice() {
    let both = r#"(module (memory (export "memory") 1) (func (export "_start")) (func (export "_initialize")))"#;
    refused(
        both,
        &[],
        &["both `_start` and `_initialize`", "--kind command"],
    );
    accepted(both, &["--kind", "command"]);
}

#[test]
fn a_start_with_parameters_is_refused() {
    refused(
        r#"(module (func (export "_start") (param i32)))"#,
        &[],
        &["`_start` takes 1", "takes and returns none"],
    );
}

#[test]
fn a_memory_that_an_adapter_does_not_find_is_said() {
    let module = |memory| format!(r#"(module {FD_WRITE} {memory} (func (export "_start")))"#);
    let adapter = &["--adapt", "wasmtime"];
    refused(
        &module("(memory 1)"),
        adapter,
        &["does not export its memory"],
    );
    refused(
        &module(r#"(memory (export "mem") 1)"#),
        adapter,
        &["exports its memory as `mem`"],
    );
    refused(&module(""), adapter, &["has no memory"]);
    // What is woven in knows the memory by itself.
    accepted(&module("(memory 1)"), &[]);
    refused(&module(""), &[], &["has no memory"]);
}

#[test]
fn only_functions_and_the_memory_of_the_linker_may_be_imported() {
    let module = |import| format!(r#"(module {FD_WRITE} {import} (func (export "_start")))"#);
    accepted(&module(r#"(import "env" "memory" (memory 1))"#), &[]);
    for (import, what) in [
        (
            r#"(import "env" "mem" (memory 1))"#,
            "the memory `mem` of `env`",
        ),
        (
            r#"(import "env" "table" (table 1 funcref))"#,
            "the table `table` of `env`",
        ),
        (
            r#"(import "env" "__stack_pointer" (global (mut i32)))"#,
            "the global `__stack_pointer` of `env`",
        ),
    ] {
        refused(&module(import), &[], &[what, "only functions"]);
    }
}

#[test]
fn imports_that_nothing_provides_are_all_named_with_the_nearest_name() {
    refused(
        &command(
            r#"(import "wasi_snapshot_preview1" "fd_wriet" (func))
               (import "wasi_snapshot_previw1" "fd_read" (func))
               (import "env" "fd_seek" (func))
               (import "env" "host_function" (func))"#,
        ),
        &[],
        &[
            "`fd_wriet` of `wasi_snapshot_preview1` is not provided by the library of p1bridge; did you mean `fd_write`?",
            "`fd_read` of `wasi_snapshot_previw1` is provided by no adapter and no world; `wasi_snapshot_preview1` has one of that name",
            "`fd_seek` of `env` is provided by no adapter and no world; `wasi_snapshot_preview1` has one of that name",
            "`host_function` of `env` is provided by no adapter and no world\n",
        ],
    );
}

#[test]
fn functions_of_wamr_for_sockets_are_taken_but_not_by_the_adapter_of_wasmtime() {
    let open = r#"(import "wasi_snapshot_preview1" "sock_open" (func (param i32 i32 i32 i32) (result i32)))"#;
    let group = r#"(import "wasi_snapshot_preview1" "sock_set_ip_add_membership" (func (param i32 i32 i32) (result i32)))"#;
    let stderr = accepted(&command(&format!("{open} {group}")), &[]).stderr;
    let note =
        "note: a component cannot join groups of receivers: `sock_set_ip_add_membership` will fail";
    assert!(stderr.contains(note), "{stderr}");
    refused(
        &command(open),
        &["--adapt", "wasmtime"],
        &[
            "`sock_open` of `wasi_snapshot_preview1` is not provided by the embedded command adapter",
        ],
    );
    // What there is, is not complained about.
    let other = r#"(import "wasi_snapshot_preview1" "sock_clone" (func (param i32) (result i32)))"#;
    refused(
        &command(&format!("{open} {other}")),
        &[],
        &[
            "in.wasm: `sock_clone` of `wasi_snapshot_preview1` is not provided by the library of p1bridge",
        ],
    );
    let wrong = open.replace("(param i32 i32 i32 i32)", "(param i32)");
    refused(
        &command(&wrong),
        &[],
        &["imports `sock_open` of `wasi_snapshot_preview1` as (i32) -> i32, but"],
    );
}

#[test]
fn imports_of_a_world_are_compared_with_its_names() {
    let plugin = &["--wit", "app.wit", "--world", "plugin"];
    let module = |import| format!("(module {import} {DOUBLE})");
    refused(
        &module(r#"(import "my:app/log" "sai" (func (param i32)))"#),
        plugin,
        &["`sai` of `my:app/log`", "did you mean `say`?"],
    );
    refused(
        &module(r#"(import "my:app/logs" "say" (func (param i32)))"#),
        plugin,
        &["`say` of `my:app/logs`", "`my:app/log` has one"],
    );
    refused(
        &module(r#"(import "my:app/log" "say" (func (param i32)))"#),
        &[],
        &["`say` of `my:app/log`", "carries no world", "--wit DIR"],
    );
}

#[test]
fn a_component_that_would_export_nothing_is_refused() {
    refused(
        &format!("(module {DOUBLE})"),
        &[],
        &[
            "exports `double`",
            "carries no world",
            "--wit DIR --world W",
        ],
    );
    refused("(module)", &[], &["export nothing", "no `_start`"]);
    refused(
        &format!("(module {DOUBLE})"),
        &["--wit", "app.wit", "--world", "other"],
        &["its world exports nothing"],
    );
}

#[test]
fn a_missing_export_of_the_world_is_named() {
    refused(
        r#"(module (func (export "duble") (param i32) (result i32) (local.get 0)))"#,
        &["--wit", "app.wit", "--world", "plugin"],
        &["the world exports `double`", "did you mean `duble`?"],
    );
}

#[test]
fn a_wasi_function_of_another_type_is_shown_with_both_types() {
    refused(
        &command(r#"(import "wasi_snapshot_preview1" "fd_close" (func (param i64)))"#),
        &[],
        &[
            "`fd_close`",
            "as (i64), but the library of p1bridge has it as (i32) -> i32",
        ],
    );
}

#[test]
fn memories_that_the_adapter_cannot_use_are_named() {
    let module = |memory| format!(r#"(module {FD_WRITE} {memory} (func (export "_start")))"#);
    refused(
        &module(r#"(memory (export "memory") i64 1)"#),
        &[],
        &["64-bit memories are not supported: compile for wasm32"],
    );
    refused(
        &module(r#"(memory (export "memory") 1 9 shared)"#),
        &[],
        &["memory is shared"],
    );
}

#[test]
fn worlds_that_are_not_there_are_named() {
    let module = format!("(module {DOUBLE})");
    refused(
        &module,
        &["--wit", "app.wit", "--world", "plugn"],
        &["app.wit", "plugn"],
    );
    refused(&module, &["--wit", "app.wit"], &["app.wit", "world"]);
    refused(&module, &["--wit", "none.wit"], &["none.wit"]);
}

#[test]
fn adapters_that_are_none_are_named() {
    let module = command(FD_WRITE);
    refused(
        &module,
        &["--adapt", "none.wasm"],
        &["the adapter none.wasm"],
    );
    refused(
        &module,
        &["--adapt", "x=app.wit"],
        &["the adapter app.wit", "not a WebAssembly binary"],
    );
    refused(&module, &["--adapt", "=command.wasm"], &["no adapter name"]);
    refused(
        &module,
        &["--adapt", "x=command.wasm", "--adapt", "x=reactor.wasm"],
        &["two adapters are named `x`"],
    );
}

#[test]
fn an_adapter_is_named_after_its_file_up_to_the_first_dot() {
    let folder = Folder::new();
    folder.add("in.wasm", command(FD_WRITE));
    folder.add(
        "wasi_snapshot_preview1.command.wasm",
        provider::WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER,
    );
    let ended = folder
        .run(&[
            "wrap",
            "in.wasm",
            "--adapt",
            "wasi_snapshot_preview1.command.wasm",
        ])
        .succeeded();
    assert!(
        ended
            .stderr
            .contains("with wasi_snapshot_preview1 (wasi_snapshot_preview1.command.wasm)"),
        "{ended:?}"
    );
}

#[test]
fn an_invalid_body_is_reported_at_its_offset_in_the_input() {
    let module = wat::parse_str(command(r#"(func (result i32) (i64.const 77))"#)).unwrap();
    let body = module
        .windows(3)
        .position(|bytes| bytes == [0x42, 0xcd, 0x00])
        .unwrap();
    let error = wrap(&module, &WrapOptions::default()).unwrap_err();
    // The `end` after the constant finds the wrong type.
    assert!(
        format!("{error:#}").contains(&format!("at offset {:#x}", body + 3)),
        "{error:#} {body:#x}"
    );
}

#[test]
fn what_a_body_refers_to_and_is_not_there_is_reported_with_its_offset() {
    // Indices of 28 bits and more, too.
    for body in [
        "(call 99)",
        "(call 268435456)",
        "(call 4294967295)",
        "(drop (global.get 268435457))",
        "(call_indirect (type 77) (i32.const 0))",
        "(call_indirect 5 (type 0) (i32.const 0))",
        "(drop (ref.func 9))",
        "(memory.init 3 (i32.const 0) (i32.const 0) (i32.const 0))",
        "(data.drop 268435456)",
        "(elem.drop 1)",
        "(table.set 2 (i32.const 0) (ref.null func))",
        "(throw 4)",
        "(block (type 4000) nop)",
        "(drop (i32.load 1 (i32.const 0)))",
        "(local.set 7 (i32.const 0))",
        "(br 3)",
    ] {
        let module = wat::parse_str(command(&format!("(func {body})"))).expect(body);
        let mut validator = Validator::new_with_features(WasmFeatures::all());
        let invalid = validator.validate_all(&module).map(drop).expect_err(body);
        let error = wrap(&module, &WrapOptions::default()).expect_err(body);
        let wanted = format!("{} at offset {:#x}", invalid.message(), invalid.offset());
        let wanted = format!("the module is invalid: {wanted}");
        assert_eq!(format!("{error:#}"), wanted, "{body}");
    }
}

#[test]
fn a_program_with_files_is_told_what_a_proxy_lacks() {
    let wit = "
        package my:app;
        world proxy { export handle: func(); }
    ";
    let folder = Folder::new();
    folder.add("app.wit", wit);
    let path_open = r#"(import "wasi_snapshot_preview1" "path_open" (func (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))"#;
    let module = |imports: &str| {
        format!(r#"(module {imports} (memory (export "memory") 1) (func (export "handle")))"#)
    };
    folder.add("files.wasm", module(&format!("{FD_WRITE} {path_open}")));
    folder.add("prints.wasm", module(FD_WRITE));
    let with = |name| {
        folder
            .run(&["wrap", "--kind", "proxy", "--wit", "app.wit", name])
            .succeeded()
    };
    let files = with("files.wasm");
    assert!(
        files
            .stderr
            .contains("note: the program uses files, and a proxy has none: `path_open` will fail"),
        "{files:?}"
    );
    assert!(!with("prints.wasm").stderr.contains("note"));
}

#[test]
fn a_proxy_imports_nothing_that_its_hosts_lack() {
    let imports = [
        ("fd_write", "i32 i32 i32 i32"),
        ("fd_fdstat_get", "i32 i32"),
        ("fd_close", "i32"),
        ("fd_prestat_get", "i32 i32"),
        ("fd_readdir", "i32 i32 i32 i64 i32"),
        ("fd_filestat_get", "i32 i32"),
        ("fd_seek", "i32 i64 i32 i32"),
        ("fd_sync", "i32"),
        ("path_filestat_get", "i32 i32 i32 i32 i32"),
        ("path_open", "i32 i32 i32 i32 i32 i64 i64 i32 i32"),
        ("environ_get", "i32 i32"),
        ("environ_sizes_get", "i32 i32"),
        ("args_sizes_get", "i32 i32"),
        ("clock_time_get", "i32 i64 i32"),
        ("random_get", "i32 i32"),
        ("poll_oneoff", "i32 i32 i32 i32"),
    ];
    let mut text = String::new();
    let mut calls = String::new();
    for (name, params) in imports {
        text += &format!(
            r#"(import "wasi_snapshot_preview1" "{name}" (func ${name} (param {params}) (result i32)))"#
        );
        let zeros = params
            .replace("i32", "(i32.const 0)")
            .replace("i64", "(i64.const 0)");
        calls += &format!("(drop (call ${name} {zeros}))");
    }
    text += r#"(import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))"#;
    let module = wat::parse_str(format!(
        r#"(module {text} (memory (export "memory") 1)
            (func (export "handle") {calls} (call $proc_exit (i32.const 0))))"#
    ))
    .unwrap();
    let folder = Folder::new();
    folder.add(
        "app.wit",
        "package my:app; world proxy { export handle: func(); }",
    );
    let world = p1bridge::wrap::World::read(&folder.path().join("app.wit"), None).unwrap();
    let options = WrapOptions {
        kind: Some(Kind::Proxy),
        world: Some(world),
        ..WrapOptions::default()
    };
    let component = wrap(&module, &options).unwrap().component;
    let mut found = Vec::new();
    for payload in Parser::new(0).parse_all(&component) {
        if let Payload::ComponentImportSection(section) = payload.unwrap() {
            found.extend(section.into_iter().map(|import| import.unwrap().name.name));
        }
    }
    found.sort();
    assert_eq!(
        found,
        [
            "wasi:cli/stderr@0.2.0",
            "wasi:cli/stdin@0.2.0",
            "wasi:cli/stdout@0.2.0",
            "wasi:clocks/monotonic-clock@0.2.0",
            "wasi:clocks/wall-clock@0.2.0",
            "wasi:io/error@0.2.0",
            "wasi:io/poll@0.2.0",
            "wasi:io/streams@0.2.0",
            "wasi:random/random@0.2.0",
        ]
    );
}

#[test]
fn sockets_that_the_adapter_lacks_are_noted() {
    let ended = accepted(
        &command(
            r#"(import "wasi_snapshot_preview1" "sock_recv" (func (param i32 i32 i32 i32 i32 i32) (result i32)))"#,
        ),
        &["--adapt", "wasmtime"],
    );
    assert!(
        ended
            .stderr
            .contains("note: the embedded command adapter has no `sock_recv`"),
        "{ended:?}"
    );
}

/// A module for a world of so many functions.
fn with_world_of(functions: usize) -> Folder {
    let folder = Folder::new();
    let list: String = (0..functions)
        .map(|at| format!("export call{at}: func(); "))
        .collect();
    folder.add(
        "many.wit",
        format!("package my:app; world many {{ {list} }}"),
    );
    let list: String = (0..functions)
        .map(|at| format!(r#"(export "call{at}" (func 0))"#))
        .collect();
    folder.add("many.wasm", format!("(module (func) {list})"));
    folder
}

#[test]
fn a_world_of_many_functions_is_announced_before_it_is_encoded() {
    let folder = with_world_of(3_000);
    let ended = folder.run(&["wrap", "many.wasm", "--wit", "many.wit"]);
    let stderr = ended.succeeded().stderr;
    assert!(
        stderr.starts_with("note: its world has 3000 functions"),
        "{stderr}"
    );
}

#[test]
fn a_world_of_more_functions_than_the_limit_is_refused_by_that_limit() {
    let folder = with_world_of(10_001);
    let ended = folder.run(&["wrap", "many.wasm", "--wit", "many.wit"]);
    ended.failed_with(&["10001 functions", "at most 10000"]);
    assert!(!folder.files().contains(&"many.component.wasm".to_string()));
}

/// Whatever names the encoder gives to imports, there are programs with as many.
#[test]
fn a_program_with_many_imports_of_its_own_is_wrapped() {
    let folder = Folder::new();
    let each = |text: &dyn Fn(usize) -> String| (0..800).map(text).collect::<String>();
    let imports =
        each(&|at| format!(r#"(import "my:app/many" "n{at}" (func $f{at} (result i32)))"#));
    let calls = each(&|at| format!("(drop (call $f{at}))"));
    folder.add(
        "many.wasm",
        wat::parse_str(format!(
            r#"(module {imports} {FD_WRITE} (memory (export "memory") 1) (func (export "_start") {calls}))"#
        ))
        .unwrap(),
    );
    let functions = each(&|at| format!("n{at}: func() -> u32;"));
    folder.add(
        "own.wit",
        format!("package my:app; interface many {{ {functions} }} world w {{ import many; }}"),
    );
    let args = ["wrap", "many.wasm", "--wit", "own.wit", "-o", "c.wasm"];
    folder.run(&args).succeeded();
    // And they are there again.
    folder
        .run(&["flatten", "c.wasm", "-o", "f.wasm"])
        .succeeded();
    let flat = std::fs::read(folder.path().join("f.wasm")).unwrap();
    let mut own = 0;
    for payload in Parser::new(0).parse_all(&flat) {
        if let Payload::ImportSection(section) = payload.unwrap() {
            let imports = section.into_imports().map(Result::unwrap);
            own += imports
                .filter(|import| {
                    import.name.starts_with("my:app/many#") || import.module == "my:app/many"
                })
                .count();
        }
    }
    assert_eq!(own, 800);
}

/// What a module exports under the names of the standard mangling, wit-component knows.
#[test]
fn a_module_of_the_standard_mangling_is_wrapped_with_the_adapter() {
    let folder = Folder::new();
    folder.add(
        "m.wasm",
        wat::parse_str(format!(
            r#"(module {FD_WRITE} (memory (export "cm32p2_memory") 1)
                 (func (export "cm32p2_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64))
                 (func (export "cm32p2_initialize"))
                 (func (export "cm32p2|my:app/many|g") (param i32 i32) (result i32) (local.get 1)))"#
        ))
        .unwrap(),
    );
    folder.add(
        "own.wit",
        "package my:app; interface many { g: func(s: string) -> u32; } world w { export many; }",
    );
    let ended = folder
        .run(&["wrap", "m.wasm", "--wit", "own.wit"])
        .succeeded();
    assert!(
        ended.stderr.contains("the embedded reactor adapter"),
        "{ended:?}"
    );
}

#[test]
fn a_program_for_wasi_0_3_imports_and_exports_that_alone() {
    let prints = command(
        r#"(import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))"#,
    );
    let folder = Folder::new();
    folder.add("in.wasm", &prints);
    folder
        .run(&["wrap", "in.wasm", "--wasi", "0.3", "-o", "out.wasm"])
        .succeeded();
    let (imports, exports) = world(&std::fs::read(folder.path().join("out.wasm")).unwrap());
    assert_eq!(exports, ["wasi:cli/run@0.3.0"]);
    assert!(imports.contains(&"wasi:cli/stdout@0.3.0".to_string()));
    assert!(
        imports.iter().all(|name| name.ends_with("@0.3.0")),
        "{imports:?}"
    );
    refused(
        &command(
            r#"(import "wasi_snapshot_preview1" "sock_open" (func (param i32 i32 i32 i32) (result i32)))"#,
        ),
        &["--wasi", "0.3"],
        &["`sock_open`", "the library of p1bridge for WASI 0.3"],
    );
    refused(
        &prints,
        &["--wasi", "0.3", "--adapt", "wasmtime"],
        &["adapters are of WASI 0.2", "--wasi 0.3"],
    );
}
