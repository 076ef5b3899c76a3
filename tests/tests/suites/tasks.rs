//! Async functions around the programs that have them: what is refused, and that a program in which nothing async
//! is reached is what it would be if there were no async functions.

use p1bridge::flatten::{Boundary, FlattenOptions, LIBRARIES, flatten};
use p1bridge::signatures::signatures;
use p1bridge::wrap::{WrapOptions, wrap};
use p1bridge_linker::{Library, Options};
use p1bridge_tests::manifest::programs;
use p1bridge_tests::wast::oracle::Oracle;
use p1bridge_tests::wast::types::{FuncType, Type};
use p1bridge_tests::wast::value::Value;
use p1bridge_tests::wast::{Linked, Machine};

const CORE: &str = r#"
  (core module $m
    (memory (export "mem") 1)
    (func (export "code") (result i32) (i32.const 0))
    (func (export "nothing"))
    (func (export "callback") (param i32 i32 i32) (result i32) (i32.const 0))
    (func (export "other") (param i32 i32) (result i32) (i32.const 0)))
  (core instance $i (instantiate $m))"#;

fn refusal(component: &[u8]) -> String {
    match flatten(component, &FlattenOptions::default()) {
        Ok(_) => panic!("it is taken"),
        Err(error) => format!("{error:#}"),
    }
}

#[test]
fn options_that_do_not_go_together_are_refused_with_their_offset() {
    for (definition, words) in [
        (
            r#"(func (export "f") async (canon lift (core func $i "code") async (callback (core func $i "other"))))"#,
            "canonical option `callback` uses a core function with an incorrect signature",
        ),
        (
            r#"(func (export "f") async (canon lift (core func $i "code") async (callback (core func $i "callback"))
                 (post-return (core func $i "nothing"))))"#,
            "cannot specify post-return function in async",
        ),
        (
            r#"(func (export "f") (canon lift (core func $i "code") async (callback (core func $i "callback"))))"#,
            "the `async` canonical option requires an async function type",
        ),
        (
            r#"(func (export "f") async (canon lift (core func $i "nothing") (callback (core func $i "callback"))))"#,
            "cannot specify callback without async",
        ),
        (
            r#"(import "f" (func $f async)) (core func (canon lower (func $f) async (callback (core func $i "callback"))))"#,
            "canonical option `callback` cannot be specified for lowerings",
        ),
        (
            r#"(import "f" (func $f async (result u32))) (core func (canon lower (func $f) async))"#,
            "canonical option `memory` is required",
        ),
        (
            "(core func (canon task.return (result string)))",
            "canonical option `memory` is required",
        ),
        (
            "(core func (canon task.return (result u32) async))",
            "cannot specify `async` option on `task.return`",
        ),
        (
            "(type $s (stream string)) (core func (canon stream.write $s async))",
            "canonical option `memory` is required",
        ),
        (
            r#"(type $s (stream string)) (core func (canon stream.read $s async (memory (core memory $i "mem"))))"#,
            "canonical option `realloc` is required",
        ),
        (
            r#"(type $s (stream u8)) (core func (canon stream.read $s async (memory (core memory $i "mem"))
                 (callback (core func $i "callback"))))"#,
            "`callback`",
        ),
        (
            "(core func (canon context.get i32 2))",
            "`context.get` immediate must be zero or one: 2",
        ),
    ] {
        let component = wat::parse_str(format!("(component {CORE} {definition})"));
        let said = refusal(&component.expect("the text is well-formed"));
        let told = said.contains(words) && said.contains("(at offset 0x");
        assert!(told, "{definition}: {said}");
    }
}

#[test]
fn an_option_that_is_not_known_is_refused_with_its_offset() {
    let text = format!(
        "(component {CORE} (core func (canon task.return (result u32) string-encoding=utf16)))"
    );
    let mut component = wat::parse_str(text).expect("well-formed");
    // task.return, a result, u32, one option
    let before = [0x09, 0x00, 0x79, 0x01];
    let at = component.windows(4).position(|bytes| bytes == before);
    let at = at.expect("the built-in is there") + before.len();
    component[at] = 0x3f;
    let said = refusal(&component);
    let offset = format!("(at offset {at:#x})");
    assert!(said.contains("0x3f") && said.contains(&offset), "{said}");
}

#[test]
fn a_built_in_of_a_proposal_that_is_not_supported_is_named_where_it_is_reached() {
    for (canon, ty, name) in [
        ("thread.index", "(result i32)", "thread.index"),
        ("thread.suspend", "(result i32)", "thread.suspend"),
        ("stream.forward 0", "(param i32 i32)", "stream.forward"),
    ] {
        let of = |call: &str| {
            let text = format!(
                r#"(component
                  (type (stream u8))
                  (core func $x (canon {canon}))
                  (core module $m (import "" "x" (func $x {ty})) (func (export "f") {call}))
                  (core instance $i (instantiate $m (with "" (instance (export "x" (func $x))))))
                  (func (export "f") (canon lift (core func $i "f"))))"#
            );
            wat::parse_str(text).expect("well-formed")
        };
        let call = match ty {
            "(result i32)" => "(drop (call $x))",
            _ => "(call $x (i32.const 0) (i32.const 0))",
        };
        let said = refusal(&of(call));
        assert!(
            said.contains(name) && said.contains("(at offset 0x"),
            "{said}"
        );
        // What is not reached is gone.
        flatten(&of(""), &FlattenOptions::default()).expect("nothing calls it");
    }
}

/// A program, and beside it what is async and never reached.
fn with_unreached(more: &str) -> Vec<u8> {
    let text = format!(
        r#"(component
          (component $maker
            (core module $m
              (memory (export "mem") 1)
              (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 256))
              (func (export "length") (param i32 i32) (result i32) (local.get 1)))
            (core instance $i (instantiate $m))
            (func (export "length") (param "s" string) (result u32)
              (canon lift (core func $i "length") (memory (core memory $i "mem")) (realloc (core func $i "realloc")))))
          (component $user
            (import "length" (func $length (param "s" string) (result u32)))
            (core module $mem (memory (export "mem") 1) (data (i32.const 64) "hello"))
            (core instance $mem (instantiate $mem))
            (core func $length' (canon lower (func $length) (memory (core memory $mem "mem"))))
            (core module $m
              (import "" "length" (func $length (param i32 i32) (result i32)))
              (func (export "f") (result i32) (call $length (i32.const 64) (i32.const 5))))
            (core instance $i (instantiate $m (with "" (instance (export "length" (func $length'))))))
            (func (export "f") (result u32) (canon lift (core func $i "f"))))
          (instance $maker (instantiate $maker))
          (instance $user (instantiate $user (with "length" (func $maker "length"))))
          (export "f" (func $user "f"))
          {more})"#
    );
    wat::parse_str(text).expect("well-formed")
}

const UNREACHED: &str = r#"
  (component $tasks
    (type $s (stream u8))
    (core module $mem (memory (export "mem") 1))
    (core instance $mem (instantiate $mem))
    (core func $return (canon task.return (result u32)))
    (core func $inc (canon backpressure.inc))
    (core func $get (canon context.get i32 0))
    (core func $new (canon stream.new $s))
    (core func $wait (canon waitable-set.wait (memory (core memory $mem "mem"))))
    (core func $error (canon error-context.new (memory (core memory $mem "mem"))))
    (core module $m
      (import "" "return" (func $return (param i32)))
      (import "" "inc" (func $inc))
      (import "" "get" (func $get (result i32)))
      (import "" "new" (func $new (result i64)))
      (import "" "wait" (func $wait (param i32 i32) (result i32)))
      (import "" "error" (func $error (param i32 i32) (result i32)))
      (func (export "f") (result i32)
        (call $inc) (drop (call $new)) (drop (call $get)) (drop (call $error (i32.const 0) (i32.const 0)))
        (call $return (call $wait (i32.const 1) (i32.const 0))) (i32.const 0))
      (func (export "callback") (param i32 i32 i32) (result i32) (i32.const 0)))
    (core instance $i (instantiate $m (with "" (instance
      (export "return" (func $return)) (export "inc" (func $inc)) (export "get" (func $get)) (export "new" (func $new))
      (export "wait" (func $wait)) (export "error" (func $error))))))
    (func (export "f") async (result u32)
      (canon lift (core func $i "f") async (callback (core func $i "callback")))))
  (instance $tasks (instantiate $tasks))"#;

/// What is made of a component with these libraries, numbers of tasks and of streams.
fn bytes(component: &[u8], libraries: &[Library<'_>], tasks: u32, streams: u32) -> Vec<u8> {
    let options = Options {
        max_tasks: tasks,
        max_streams: streams,
        ..Options::default()
    };
    let flat = p1bridge_linker::flatten(component, libraries, &options);
    flat.unwrap_or_else(|error| panic!("{error:#}")).wasm
}

#[test]
fn a_program_in_which_nothing_async_is_reached_has_not_one_byte_more() {
    let sync: Vec<Library<'_>> = LIBRARIES
        .iter()
        .filter(|library| !["tasks", "p3-on-p1"].contains(&library.name))
        .copied()
        .collect();
    assert_eq!(sync.len() + 2, LIBRARIES.len());
    let mut inputs: Vec<(String, Vec<u8>)> = programs()
        .expect("the manifest")
        .into_iter()
        .filter(|program| !program.is_module())
        .map(|program| (program.name.clone(), program.wasm().expect("prebuilt")))
        .filter(|(_, wasm)| wasmparser::Parser::is_component(wasm) && wasm.len() < 100_000)
        .filter(|(_, wasm)| !wasm.windows(5).any(|bytes| bytes == b"@0.3."))
        .collect();
    assert!(inputs.len() > 5, "{} programs", inputs.len());
    inputs.push(("two guests".to_string(), with_unreached("")));
    for (name, component) in &inputs {
        let without = bytes(component, &sync, 16, 32);
        for (tasks, streams) in [(16, 32), (1, 1), (5000, 3000)] {
            let with = bytes(component, LIBRARIES, tasks, streams);
            assert!(with == without, "{name}, {tasks} tasks, {streams} streams");
        }
    }
    let without = bytes(&with_unreached(""), LIBRARIES, 16, 32);
    let beside = bytes(&with_unreached(UNREACHED), LIBRARIES, 16, 32);
    assert!(beside == without, "an async component that is not reached");
}

#[test]
fn what_is_async_and_reached_is_there() {
    let reached = format!("{UNREACHED} (export \"g\" (func $tasks \"f\"))");
    let without = bytes(&with_unreached(""), LIBRARIES, 16, 32);
    let with = bytes(&with_unreached(&reached), LIBRARIES, 16, 32);
    assert!(with.len() > without.len() + 1000, "{} bytes", with.len());
    let options = FlattenOptions::default();
    let flat = flatten(&with_unreached(&reached), &options).expect("it is linked");
    let mut libraries = flat.report.libraries.iter();
    let tasks = libraries.find(|library| library.name == "tasks");
    let functions = &tasks.expect("it is told").functions;
    let tells = |name: &str| functions.iter().any(|function| function == name);
    assert!(tells("set_wait") && !tells("stream_write"), "{functions:?}");
}

/// An async function that gives up turns and keeps something in its context.
const TURNS: &str = r#"(component
  (core func $return (canon task.return (result u32)))
  (core func $get (canon context.get i32 0))
  (core func $set (canon context.set i32 0))
  (core func $set-new (canon waitable-set.new))
  (core module $m
    (import "" "return" (func $return (param i32)))
    (import "" "get" (func $get (result i32)))
    (import "" "set" (func $set (param i32)))
    (import "" "set-new" (func $set-new (result i32)))
    (func (export "f") (param i32) (result i32)
      (drop (call $set-new))
      (call $set (i32.add (local.get 0) (i32.const 3)))
      (i32.const 1))
    (func (export "callback") (param i32 i32 i32) (result i32)
      (call $set (i32.sub (call $get) (i32.const 1)))
      (if (i32.and (call $get) (i32.const 1)) (then (return (i32.const 1))))
      (call $return (call $get))
      (i32.const 0)))
  (core instance $i (instantiate $m (with "" (instance
    (export "return" (func $return)) (export "get" (func $get)) (export "set" (func $set))
    (export "set-new" (func $set-new))))))
  (func (export "f") async (param "x" u32) (result u32)
    (canon lift (core func $i "f") async (callback (core func $i "callback")))))"#;

#[test]
fn an_async_function_is_one_again_in_the_component_that_is_made_of_the_module() {
    let component = wat::parse_str(TURNS).expect("well-formed");
    let oracle = Oracle::default();
    let word = Type::U32;
    let ty = FuncType {
        params: vec![("x".to_string(), word.clone())],
        result: Some(word),
    };
    let results = |component: &[u8]| {
        let linked: Box<dyn Linked> = oracle.link(component).expect("wasmtime takes it");
        let mut running = linked.instantiate().expect("it starts");
        [40, 41].map(|x| {
            let result = running.call("f", &ty, &[Value::U32(x)]);
            format!("{result:?}")
        })
    };
    let right = results(&component);
    assert!(
        right[0].contains("42") && right[1].contains("42"),
        "{right:?}"
    );
    for boundary in [Boundary::Native, Boundary::Wit] {
        let options = FlattenOptions {
            boundary,
            verify: true,
            ..FlattenOptions::default()
        };
        let flat = flatten(&component, &options).expect("it is linked").wasm;
        let asks = flat.windows(8).any(|bytes| bytes == b"[task-re");
        assert_eq!(asks, boundary == Boundary::Wit);
        let shown = signatures(&flat).expect("it can be read").functions;
        let f = shown.iter().find(|signature| signature.function == "f");
        let core = f.and_then(|f| f.core.as_ref()).map(ToString::to_string);
        assert_eq!(core.as_deref(), Some("(i32) -> i32"), "{boundary:?}");
        let again = wrap(&flat, &WrapOptions::default()).expect("it is wrapped");
        assert_eq!(results(&again.component), right, "{boundary:?}");
    }
}

/// One component has the tasks of one guest.
#[test]
fn async_functions_of_two_guests_block_in_a_module_for_a_component_and_a_warning_says_so() {
    let guest = TURNS.replacen("(component", "(component $guest", 1);
    let component = wat::parse_str(format!(
        r#"(component {guest}
          (instance $a (instantiate $guest)) (instance $b (instantiate $guest))
          (export "a" (func $a "f")) (export "b" (func $b "f")))"#
    ));
    let options = FlattenOptions {
        boundary: Boundary::Wit,
        ..FlattenOptions::default()
    };
    let flat = flatten(&component.expect("well-formed"), &options).expect("it is linked");
    let said = flat.report.warnings.join("\n");
    assert!(said.contains("two components have tasks"), "{said}");
    assert!(!flat.wasm.windows(8).any(|bytes| bytes == b"[task-re"));
}
