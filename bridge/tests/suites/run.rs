//! `run`: exit codes, streams, directories, traps and figures.

use crate::common::{Folder, carry};
use p1bridge::run::{self, Call, Exit, Input, Output, RunOptions, RunOutcome, run};
use serde_json::{Value, json};

/// A command around `body`, with what it usually needs.
fn command(body: &str) -> String {
    format!(
        r#"(module
            (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
            (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes (param i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "environ_sizes_get" (func $env_sizes (param i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "fd_prestat_dir_name" (func $dir_name (param i32 i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
            (memory (export "memory") 1 4)
            ;; an iovec of 64 bytes at 128
            (data (i32.const 16) "\80\00\00\00\40\00\00\00")
            (data (i32.const 128) "hello, run\n")
            (func (export "_start") {body}))"#
    )
}

/// Writes the first bytes of the buffer at 128.
fn write(fd: u32, length: &str) -> String {
    format!(
        "(i32.store (i32.const 20) {length})
         (drop (call $write (i32.const {fd}) (i32.const 16) (i32.const 1) (i32.const 0)))"
    )
}

fn captured(wat: &str, options: RunOptions) -> RunOutcome {
    let options = RunOptions {
        stdout: Output::Capture,
        stderr: Output::Capture,
        ..options
    };
    run(&wat::parse_str(wat).unwrap(), &options).unwrap()
}

#[track_caller]
fn exit_code(body: &str, args: &[&str]) -> (Option<i32>, String) {
    let folder = Folder::new();
    folder.add("p.wasm", command(body));
    let ended = folder.run(&[&["run", "p.wasm"], args].concat());
    (ended.code, ended.stderr)
}

#[test]
fn the_exit_code_is_the_programs_own() {
    assert_eq!(exit_code("", &[]).0, Some(0));
    for code in [0, 1, 42, 125, 126, 200, 255] {
        assert_eq!(
            exit_code(&format!("(call $exit (i32.const {code}))"), &[]).0,
            Some(code)
        );
    }
}

#[test]
fn a_trap_is_said_in_words_and_exits_with_134() {
    for (body, words) in [
        ("unreachable", "`unreachable`"),
        ("(drop (i32.load (i32.const -1)))", "out of bounds"),
        (
            "(drop (i32.div_u (i32.const 1) (i32.const 0)))",
            "divided by zero",
        ),
        (
            "(drop (i32.trunc_f32_s (f32.const nan)))",
            "converted to an integer",
        ),
    ] {
        let (code, stderr) = exit_code(body, &[]);
        assert_eq!(code, Some(134), "{stderr}");
        assert!(
            stderr.starts_with("error: p.wasm: the program trapped: "),
            "{stderr}"
        );
        assert!(stderr.contains(words), "{stderr}");
    }
}

#[test]
fn endless_recursion_and_endless_loops_end() {
    let folder = Folder::new();
    folder.add(
        "deep.wasm",
        r#"(module (func $f (export "_start") (call $f)))"#,
    );
    folder.add(
        "loop.wasm",
        r#"(module (func (export "_start") (loop (br 0))))"#,
    );
    let deep = folder.run(&["run", "deep.wasm"]);
    assert_eq!(deep.code, Some(134));
    assert!(deep.stderr.contains("call stack is exhausted"), "{deep:?}");
    let endless = folder.run(&["run", "--fuel", "100000", "loop.wasm"]);
    assert_eq!(endless.code, Some(134));
    assert!(
        endless.stderr.contains("all fuel is used up (100000)"),
        "{endless:?}"
    );
}

#[test]
fn streams_are_those_of_the_process() {
    let folder = Folder::new();
    folder.add(
        "p.wasm",
        command(&format!(
            "{} {}",
            write(1, "(i32.const 11)"),
            write(2, "(i32.const 5)")
        )),
    );
    let ended = folder.run(&["run", "p.wasm"]).succeeded();
    assert_eq!(
        (ended.text(), ended.stderr.as_str()),
        ("hello, run\n", "hello")
    );
    let echo = format!(
        "(drop (call $read (i32.const 0) (i32.const 16) (i32.const 1) (i32.const 8))) {}",
        write(1, "(i32.load (i32.const 8))")
    );
    folder.add("echo.wasm", command(&echo));
    let ended = folder
        .run_with_stdin(&["run", "echo.wasm"], b"from outside")
        .succeeded();
    assert_eq!(ended.text(), "from outside");
}

#[test]
fn bytes_can_stand_for_the_streams() {
    let echo = format!(
        "(drop (call $read (i32.const 0) (i32.const 16) (i32.const 1) (i32.const 8))) {}",
        write(2, "(i32.load (i32.const 8))")
    );
    let outcome = captured(
        &command(&echo),
        RunOptions {
            stdin: Input::Bytes(b"given".to_vec()),
            ..RunOptions::default()
        },
    );
    assert_eq!(
        (outcome.stdout.as_slice(), outcome.stderr.as_slice()),
        (&b""[..], &b"given"[..])
    );
    assert_eq!(outcome.exit, Exit::Code(0));
}

#[test]
fn arguments_after_the_file_are_the_programs() {
    // The exit code is the number of arguments.
    let count = "(drop (call $args_sizes (i32.const 0) (i32.const 4))) (call $exit (i32.load (i32.const 0)))";
    assert_eq!(exit_code(count, &[]).0, Some(1));
    assert_eq!(exit_code(count, &["a", "b c"]).0, Some(3));
    assert_eq!(exit_code(count, &["--", "--stats", "-x"]).0, Some(3));
    assert_eq!(exit_code(count, &["a", "--stats"]).0, Some(3));
    assert_eq!(exit_code(count, &["--env", "A=b", "a"]).0, Some(2));
}

#[test]
fn only_the_environment_that_is_named_arrives() {
    let count = "(drop (call $env_sizes (i32.const 0) (i32.const 4))) (call $exit (i32.load (i32.const 0)))";
    assert_eq!(exit_code(count, &[]).0, Some(0));
    assert_eq!(
        exit_code(
            count,
            &["--env", "A=b", "--env", "C=", "--env", "P1BRIDGE_NOT_SET"]
        )
        .0,
        Some(2)
    );
    assert_eq!(exit_code(count, &["--env", "PATH"]).0, Some(1));
}

#[test]
fn directories_have_the_name_that_they_are_given() {
    let folder = Folder::new();
    let name = |length| {
        format!(
            "(drop (call $dir_name (i32.const 3) (i32.const 128) (i32.const {length}))) {}",
            write(1, &format!("(i32.const {length})"))
        )
    };
    folder.add("one.wasm", command(&name(1)));
    folder.add("data.wasm", command(&name(5)));
    assert_eq!(
        folder
            .run(&["run", "one.wasm", "--dir", "."])
            .succeeded()
            .text(),
        "."
    );
    assert_eq!(
        folder
            .run(&["run", "data.wasm", "--dir", ".::/data"])
            .succeeded()
            .text(),
        "/data"
    );
    folder
        .run(&["run", "one.wasm", "--dir", "nowhere"])
        .failed_with(&["one.wasm", "nowhere"]);
}

#[test]
fn polling_a_standard_input_that_is_no_pipe_works() {
    // One subscription for reading descriptor 0.
    let poll = "(i32.store8 (i32.const 264) (i32.const 1))
        (call $exit (call $poll (i32.const 256) (i32.const 512) (i32.const 1) (i32.const 0)))";
    let folder = Folder::new();
    folder.add("p.wasm", command(poll));
    let status = folder
        .command(&["run", "p.wasm"])
        .stdin(std::process::Stdio::null())
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(0));
    let bytes = RunOptions {
        stdin: Input::Bytes(b"x".to_vec()),
        ..RunOptions::default()
    };
    assert_eq!(captured(&command(poll), bytes).exit, Exit::Code(0));
}

#[test]
fn stats_are_exact_and_go_to_standard_error() {
    let body = format!(
        "(drop (memory.grow (i32.const 2))) {0} {0}",
        write(1, "(i32.const 1)")
    );
    let (code, stderr) = exit_code(&body, &["--stats"]);
    assert_eq!(code, Some(0));
    assert!(
        stderr.contains("peak memory: 3 pages (192 KiB)"),
        "{stderr}"
    );
    assert!(stderr.contains("host calls: 2\n"), "{stderr}");
    assert!(stderr.contains(" 2 fd_write\n"), "{stderr}");
    assert!(stderr.contains("fuel: "), "{stderr}");
    let metered = || {
        let options = RunOptions {
            meter: true,
            ..RunOptions::default()
        };
        captured(&command(&body), options).stats
    };
    assert_eq!(metered().fuel, metered().fuel);
    assert!(metered().fuel.unwrap() > 10);
}

const REACTOR: &str = r#"(module
    (global $ready (mut i32) (i32.const 0))
    (func (export "_initialize") (global.set $ready (i32.const 1)))
    (func (export "ready") (result i32) (global.get $ready))
    (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
    (func (export "swap") (param i64 f64) (result f64 i64) (local.get 1) (local.get 0))
    (func (export "trap") unreachable))"#;

#[test]
fn exports_of_a_reactor_can_be_invoked() {
    let folder = Folder::new();
    folder.add("r.wasm", REACTOR);
    let invoke = |args: &[&str]| folder.run(&[&["run", "r.wasm", "--invoke"], args].concat());
    assert_eq!(invoke(&["add", "40", "2"]).succeeded().text(), "42\n");
    assert_eq!(invoke(&["add", "-5", "0xff"]).succeeded().text(), "250\n");
    assert_eq!(invoke(&["swap", "7", "1.5"]).succeeded().text(), "1.5 7\n");
    assert_eq!(invoke(&["ready"]).succeeded().text(), "1\n");
    assert_eq!(
        folder
            .run(&["run", "r.wasm", "--no-initialize", "--invoke", "ready"])
            .succeeded()
            .text(),
        "0\n"
    );
    assert_eq!(invoke(&["trap"]).code, Some(134));
    invoke(&["add", "1"]).failed_with(&["`add` takes 2 arguments, but got 1"]);
    invoke(&["add", "1", "x"]).failed_with(&["\"x\"", "`add`"]);
    invoke(&["sub"]).failed_with(&["no function `sub`", "`add`"]);
    folder
        .run(&["run", "r.wasm"])
        .failed_with(&["no `_start`", "`add`"]);
}

#[test]
fn calls_are_made_in_order_and_no_other() {
    let options = RunOptions {
        calls: vec![Call::i32("ready", &[]), Call::i32("add", &[1, 2])],
        ..RunOptions::default()
    };
    let outcome = captured(REACTOR, options.clone());
    assert_eq!(
        outcome.results,
        [vec![run::Value::I32(0)], vec![run::Value::I32(3)]]
    );
    let initialized = RunOptions {
        initialize: true,
        ..options
    };
    assert_eq!(
        captured(REACTOR, initialized).results[0],
        [run::Value::I32(1)]
    );
}

/// Selects 8 or 512, by comparing a local with zero in all ways.
const SELECTS: &str = r#"(module
    (func (export "eqz") (param i32) (result i32)
      (select (i32.const 8) (i32.const 512) (i32.eqz (local.get 0))))
    (func (export "eq") (param i32) (result i32)
      (select (i32.const 8) (i32.const 512) (i32.eq (local.get 0) (i32.const 0))))
    (func (export "eq-reversed") (param i32) (result i32)
      (select (result i32) (i32.const 8) (i32.const 512) (i32.eq (i32.const 0) (local.get 0))))
    (func (export "ne") (param i32) (result i32)
      (select (i32.const 512) (i32.const 8) (i32.ne (local.get 0) (i32.const 0))))
    (func (export "not-ne") (param i32) (result i32)
      (select (i32.const 8) (i32.const 512) (i32.eqz (i32.ne (local.get 0) (i32.const 0)))))
    (func (export "nop") (param i32) (result i32)
      i32.const 8 i32.const 512 local.get 0 i32.eqz nop select)
    (func (export "block") (param i32) (result i32)
      i32.const 8 i32.const 512 (block (result i32) local.get 0 i32.eqz) select)
    (func (export "into-block") (param i32) (result i32)
      i32.const 8 i32.const 512 local.get 0 i32.eqz (block (param i32 i32 i32) (result i32) select))
    (func (export "two") (param i32) (result i32) (local i32)
      (select (i32.const 8) (i32.const 1) (i32.eqz (local.get 0)))
      (select (i32.const 0) (i32.const 511) (i32.eqz (local.get 0)))
      i32.add)
    (func (export "tee") (param i32) (result i32) (local i32)
      i32.const 8 i32.const 512 local.get 0 i32.eqz local.tee 1 select)
    (func (export "same") (param i32) (result i32) (local i32)
      (select (i32.const 8) (i32.const 512) (i32.eq (local.get 0) (local.get 1)))))"#;

#[test]
fn a_select_looks_at_the_local_that_is_compared_with_zero() {
    let names = SELECTS.split("(export \"").skip(1);
    let names: Vec<&str> = names.map(|rest| rest.split('"').next().unwrap()).collect();
    for name in names {
        for argument in [0, 1, -1, i32::MIN] {
            let options = RunOptions {
                calls: vec![Call::i32(name, &[argument])],
                ..RunOptions::default()
            };
            let wanted = if argument == 0 { 8 } else { 512 };
            assert_eq!(
                captured(SELECTS, options).results,
                [vec![run::Value::I32(wanted)]],
                "{name} {argument}"
            );
        }
    }
}

#[test]
fn wasmi_alone_still_looks_at_something_else() {
    // When this fails, `bridge/src/run/select.rs` has done its work, and goes.
    let engine = wasmi::Engine::default();
    let module = wasmi::Module::new(&engine, wat::parse_str(SELECTS).unwrap()).unwrap();
    let mut store = wasmi::Store::new(&engine, ());
    let instance = wasmi::Linker::new(&engine)
        .instantiate_and_start(&mut store, &module)
        .unwrap();
    let eqz = instance.get_typed_func::<i32, i32>(&store, "eqz").unwrap();
    assert_eq!(eqz.call(&mut store, 0).unwrap(), 8);
    assert_eq!(eqz.call(&mut store, 1).unwrap(), 8);
}

#[test]
fn imports_that_nothing_provides_are_all_named() {
    let folder = Folder::new();
    folder.add(
        "p.wasm",
        r#"(module (import "env" "led" (func)) (import "wasi_snapshot_preview1" "fd_wriet" (func)) (func (export "_start")))"#,
    );
    folder
        .run(&["run", "p.wasm"])
        .failed_with(&["`led` of `env`", "`fd_wriet` of `wasi_snapshot_preview1`"]);
}

#[test]
fn modules_with_newer_features_load() {
    for body in [
        "(drop (i8x16.popcnt (v128.const i64x2 0 0)))",
        "(memory.fill (i32.const 0) (i32.const 0) (i32.const 0))",
        "(return_call $leave)",
    ] {
        let wat = format!(
            r#"(module (memory 1) (memory 1) (func $leave) (func (export "_start") {body}))"#
        );
        assert_eq!(
            captured(&wat, RunOptions::default()).exit,
            Exit::Code(0),
            "{body}"
        );
    }
}

/// The library of the corpus, as a component and flattened.
fn library() -> Folder {
    let folder = Folder::new();
    let corpus = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../corpus/prebuilt/reactor-p2-c.wasm"
    );
    folder.add("library.wasm", std::fs::read(corpus).unwrap());
    folder
        .run(&["flatten", "-q", "library.wasm", "-o", "flat.wasm"])
        .succeeded();
    folder
}

#[test]
fn strings_and_lists_are_passed_to_the_exports_of_a_world() {
    let folder = library();
    for file in ["library.wasm", "flat.wasm"] {
        for (call, printed) in [
            (r#"greet("you")"#, "\"Hello, you!\"\n"),
            (r#"library#join(["a", "ü"], "-")"#, "\"a-ü\"\n"),
            ("corpus:reactor-p2-c/library#add(40, 2)", "42\n"),
            ("version()", "10200\n"),
        ] {
            let ended = folder.run(&["run", file, "--invoke", call]).succeeded();
            assert_eq!(ended.text(), printed, "{file} {call}");
        }
        let ended = folder.run(&["run", file, "--invoke", "join", "[]", "\"\""]);
        assert_eq!(ended.succeeded().text(), "\"\"\n");
        // One instance, after `_initialize`.
        let twice = ["run", file, "--invoke", "count()", "--invoke", "count()"];
        assert_eq!(folder.run(&twice).succeeded().text(), "1001\n1002\n");
    }
}

#[test]
fn a_call_that_does_not_fit_says_what_is_expected() {
    let folder = library();
    for (args, parts) in [
        (
            &["greet(1)"][..],
            &["`name` of", "expected string, got `1`"][..],
        ),
        (
            &["greet", "you"],
            &["expected string, got `you`; a string needs quotation marks: \"you\""],
        ),
        (
            &["greet(you)"],
            &["a string needs quotation marks: \"you\""],
        ),
        (
            &["greet(you there)"],
            &["a string needs quotation marks: \"you there\""],
        ),
        (
            &["greet", "you there"],
            &["a string needs quotation marks: \"you there\""],
        ),
        (
            &["join([\"a\", 3], \"\")"],
            &["`words` of", "expected string, got `3`"],
        ),
        (&["add(1, -2)"], &["`b` of", "expected u32, got `-2`"]),
        (
            &["add(1)"],
            &["takes 2 arguments (a: u32, b: u32), but got 1"],
        ),
        (
            &["gret(\"x\")"],
            &["no function `gret`", "did you mean `greet`?"],
        ),
        (&["add(1, 2"], &["`add` has no closing bracket"]),
        (&["add(1, 2)", "3"], &["arguments in brackets", "3"]),
    ] {
        let command = [&["run", "library.wasm", "--invoke"], args].concat();
        folder.run(&command).failed_with(parts);
    }
}

#[test]
fn quiet_leaves_out_why_a_program_trapped_and_nothing_of_the_program() {
    let folder = Folder::new();
    folder.add("r.wasm", REACTOR);
    folder.add(
        "p.wasm",
        command(&format!("{} unreachable", write(2, "(i32.const 6)"))),
    );
    let ended = folder.run(&["run", "-q", "p.wasm"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(134), "hello,"));
    let ended = folder.run(&["run", "-q", "r.wasm", "--invoke", "add", "1", "2"]);
    assert_eq!(ended.succeeded().text(), "3\n");
    folder
        .run(&["run", "-q", "nowhere.wasm"])
        .failed_with(&["nowhere.wasm"]);
    let ended = folder.run(&["run", "-q", "--stats", "p.wasm"]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
}

#[test]
fn json_has_the_results_alone_on_standard_output() {
    let folder = library();
    let json = |args: &[&str]| -> Value {
        let ended = folder.run(&[&["run", "--json"], args].concat());
        serde_json::from_slice(&ended.stdout).unwrap_or_else(|_| panic!("{ended:?}"))
    };
    let calls = [
        "library.wasm",
        "--invoke",
        "add(40, 2)",
        "--invoke",
        "join([\"a\", \"b\"], \"-\")",
    ];
    assert_eq!(
        json(&calls),
        json!({
            "calls": [
                { "function": "corpus:reactor-p2-c/library@1.2.0#add", "results": [42] },
                { "function": "corpus:reactor-p2-c/library@1.2.0#join", "results": ["a-b"] },
            ],
            "exit": 0,
        })
    );
    folder.add("r.wasm", REACTOR);
    let found = json(&["r.wasm", "--stats", "--invoke", "swap(7, nan)"]);
    assert_eq!(found["calls"][0]["results"], json!(["nan", 7]));
    assert!(found["stats"]["fuel"].as_u64() > Some(0), "{found}");
    // The calls that returned, and why there are no more.
    let found = json(&["r.wasm", "--invoke", "ready()", "--invoke", "trap()"]);
    assert_eq!(
        found["calls"],
        json!([{ "function": "ready", "results": [1] }])
    );
    assert_eq!(found["trap"], "an `unreachable` instruction was executed");
    // What the program prints does not get between.
    let body = write(1, "(i32.const 5)");
    folder.add("says.wasm", command(&body).replace("\"_start\"", "\"say\""));
    let ended = folder.run(&["run", "--json", "says.wasm", "--invoke", "say()"]);
    assert_eq!(ended.stderr, "hello");
    assert!(ended.text().starts_with('{'), "{ended:?}");
    let without = folder.run(&["run", "--json", "r.wasm"]);
    assert_eq!(without.code, Some(2), "{without:?}");
}

#[test]
fn every_type_of_wit_has_its_form_in_json() {
    let cases = [
        ("bool", "true", json!(true)),
        ("s8", "-1", json!(-1)),
        ("u64", "18446744073709551615", json!(u64::MAX)),
        ("s64", "-9223372036854775808", json!(i64::MIN)),
        ("f32", "0.1", json!(0.1)),
        ("f64", "-inf", json!("-inf")),
        ("char", "'ü'", json!("ü")),
        ("string", "\"a\\nb\"", json!("a\nb")),
        ("list<u8>", "[1, 2]", json!([1, 2])),
        ("tuple<u8, string>", "(1, \"x\")", json!([1, "x"])),
        ("option<u8>", "none", json!(null)),
        ("option<option<u8>>", "some(none)", json!({ "some": null })),
        ("result<u8, string>", "err(\"x\")", json!({ "err": "x" })),
        ("result", "ok", json!({ "ok": null })),
        ("point", "{x: 1, y: 2}", json!({ "x": 1, "y": 2 })),
        ("shape", "circle(3)", json!({ "circle": 3 })),
        ("shape", "dot", json!({ "dot": null })),
        ("colour", "green", json!("green")),
        ("access", "{read, run}", json!(["read", "run"])),
    ];
    // Each function gives back the list that it gets.
    let functions: String = (0..cases.len())
        .map(|at| format!("(export \"echo{at}\" (func $echo))"))
        .collect();
    let mut module = wat::parse_str(format!(
        r#"(module
            (memory (export "memory") 2)
            (global $top (mut i32) (i32.const 1024))
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
                (global.set $top (i32.and (i32.add (global.get $top) (i32.const 7)) (i32.const -8)))
                (global.get $top)
                (global.set $top (i32.add (global.get $top) (local.get 3))))
            (func $echo (param i32 i32) (result i32)
                (i32.store (i32.const 8) (local.get 0))
                (i32.store (i32.const 12) (local.get 1))
                (i32.const 8))
            {functions})"#
    ))
    .unwrap();
    let exports: String = cases
        .iter()
        .enumerate()
        .map(|(at, (ty, ..))| format!("export echo{at}: func(x: list<{ty}>) -> list<{ty}>;\n"))
        .collect();
    let wit = format!(
        "package my:app;
        world app {{
            record point {{ x: u8, y: u8 }}
            variant shape {{ circle(u8), dot }}
            enum colour {{ red, green }}
            flags access {{ read, write, run }}
            {exports}
        }}"
    );
    carry(&mut module, &wit);
    let folder = Folder::new();
    folder.add("echo.wasm", module);
    for (at, (ty, text, expected)) in cases.into_iter().enumerate() {
        let call = format!("echo{at}([{text}])");
        let ended = folder.run(&["run", "echo.wasm", "--json", "--invoke", &call]);
        let found: Value =
            serde_json::from_slice(&ended.stdout).unwrap_or_else(|_| panic!("{ty}: {ended:?}"));
        assert_eq!(found["calls"][0]["results"], json!([[expected]]), "{ty}");
    }
}
