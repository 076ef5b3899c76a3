//! Exceptions end where a component instance does: the component on wasmtime, the flat module on
//! wasmtime with `try_table`, and on node with the older instructions.

use std::process::Command;

use p1bridge::flatten::{FlattenOptions, Isolation, MemoryMode, flatten};
use p1bridge::profiles::Profile;
use p1bridge_tests::engines::available;
use p1bridge_tests::{Call, Engine, Exit, RunSpec, engines};
use wasmtime::component::{Component, Linker as ComponentLinker, Val};
use wasmtime::{Config, Engine as Wasmtime, Linker, Module, Store};

/// What a call of `run` gives; nothing for a trap.
type Given = Option<u32>;

/// A callee that throws in one place, and a caller that catches everything: `CATCH` is what it calls.
struct Case {
    name: &'static str,
    component: String,
    /// What has to come out.
    given: Given,
}

/// The guest that calls: `call` leaves an `i32`; 77 stands for something that was caught.
fn caller(import: &str, module: &str, call: &str, given: &str) -> String {
    format!(
        r#"(component $A {import}
          (core module $M {module}
            (memory (export "m") 1)
            (global $next (mut i32) (i32.const 1024))
            (func $realloc (export "realloc") (param i32 i32 i32 i32) (result i32)
              (global.set $next (i32.add (global.get $next) (i32.const 64)))
              (global.get $next))
            (func (export "run") (result i32) CATCH[{call}]))
          (core instance $m (instantiate $M {given}))
          (func (export "run") (result u32) (canon lift (core func $m "run"))))"#
    )
}

/// `CATCH[…]` in one of the two proposals.
fn in_form(text: &str, legacy: bool) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("CATCH[") {
        let (call, after) = after.split_once(']').expect("an end");
        out += before;
        out += &match legacy {
            true => format!("try (result i32) {call} catch_all (i32.const 77) end"),
            false => format!(
                "(block $c (return (try_table (result i32) (catch_all $c) {call}))) (i32.const 77)"
            ),
        };
        rest = after;
    }
    out + rest
}

/// Two guests, of which one calls a function of the other: `callee` is the module of that one.
fn call(
    name: &'static str,
    callee: &str,
    ty: &str,
    options: &str,
    (core, arguments): (&str, &str),
    given: Given,
) -> Case {
    let import = format!(
        r#"(import "f" (func $f {ty}))
           (core module $L (memory (export "m") 1)
             (global $next (mut i32) (i32.const 1024))
             (tag $t)
             (global $bad (export "bad") (mut i32) (i32.const 0))
             (func (export "realloc") (param i32 i32 i32 i32) (result i32)
               (if (global.get $bad) (then (throw $t)))
               (global.set $next (i32.add (global.get $next) (i32.const 64)))
               (global.get $next)))
           (core instance $l (instantiate $L))
           (core func $f' (canon lower (func $f) (memory (core memory $l "m")) (realloc (core func $l "realloc"))))"#
    );
    let module =
        format!(r#"(import "" "f" (func $f {core})) (import "l" "bad" (global $bad (mut i32)))"#);
    let with = r#"(with "" (instance (export "f" (func $f')))) (with "l" (instance $l))"#;
    let caller = caller(&import, &module, arguments, with);
    let component = format!(
        r#"(component
          (component $B
            (core module $M (memory (export "m") 1) (tag $t (param i32)) (tag $two (param i32 f64))
              {callee})
            (core instance $m (instantiate $M))
            (func (export "f") {ty} (canon lift (core func $m "f") {options})))
          {caller}
          (instance $b (instantiate $B))
          (instance $a (instantiate $A (with "f" (func $b "f"))))
          (export "run" (func $a "run")))"#
    );
    Case {
        name,
        component,
        given,
    }
}

fn cases() -> Vec<Case> {
    let plain = ("(result i32)", "(call $f)");
    let realloc = r#"(func (export "realloc") (param i32 i32 i32 i32) (result i32) (throw $t (i32.const 1)))"#;
    let memory = r#"(memory (core memory $m "m")) (realloc (core func $m "realloc"))"#;
    vec![
        call(
            "a plain call",
            r#"(func (export "f") (result i32) (throw $t (i32.const 9)))"#,
            "(result u32)",
            "",
            plain,
            None,
        ),
        call(
            "a call that throws several values",
            r#"(func (export "f") (result i32) (throw $two (i32.const 9) (f64.const 1)))"#,
            "(result u32)",
            "",
            plain,
            None,
        ),
        call(
            "a call that returns",
            r#"(func (export "f") (result i32) (if (i32.load (i32.const 0)) (then (throw $t (i32.const 9)))) (i32.const 5))"#,
            "(result u32)",
            "",
            plain,
            Some(5),
        ),
        call(
            "an exception that the callee catches itself",
            r#"(func $g (result i32) (throw $t (i32.const 9)))
               (func (export "f") (result i32) (local i32) CATCH[(call $g)])"#,
            "(result u32)",
            "",
            plain,
            Some(77),
        ),
        call(
            "a throw that only a table reaches",
            r#"(table 1 funcref) (elem (i32.const 0) func $g)
               (func $g (result i32) (throw $t (i32.const 9)))
               (func (export "f") (result i32) (call_indirect (result i32) (i32.const 0)))"#,
            "(result u32)",
            "",
            plain,
            None,
        ),
        call(
            "a throw that only a written table reaches",
            r#"(table 1 funcref) (elem declare func $g)
               (func $g (result i32) (throw $t (i32.const 9)))
               (func (export "f") (result i32)
                 (table.set (i32.const 0) (ref.func $g))
                 (call_indirect (result i32) (i32.const 0)))"#,
            "(result u32)",
            "",
            plain,
            None,
        ),
        call(
            "a realloc of the callee",
            &format!(r#"{realloc} (func (export "f") (param i32 i32) (result i32) (i32.const 1))"#),
            r#"(param "s" string) (result u32)"#,
            memory,
            (
                "(param i32 i32) (result i32)",
                "(call $f (i32.const 0) (i32.const 3))",
            ),
            None,
        ),
        call(
            "a realloc of the caller, which throws its own exception",
            r#"(func (export "f") (result i32) (i32.store (i32.const 20) (i32.const 3)) (i32.const 16))"#,
            "(result string)",
            r#"(memory (core memory $m "m"))"#,
            (
                "(param i32)",
                "(global.set $bad (i32.const 1)) (call $f (i32.const 16)) (i32.const 1)",
            ),
            None,
        ),
        call(
            "a post-return",
            r#"(func (export "f") (result i32) (i32.const 1))
               (func (export "post") (param i32) (throw $t (i32.const 9)))"#,
            "(result u32)",
            r#"(post-return (core func $m "post"))"#,
            plain,
            None,
        ),
        dropped(),
        two_modules(
            "an exception between the modules of a component",
            "$t",
            Some(77),
        ),
        two_modules("a tag that another module defines", "$other", Some(78)),
        exported(),
        start(),
    ]
}

/// A destructor that throws when another guest drops the handle.
fn dropped() -> Case {
    let import = r#"(import "b" (instance $b (export "r" (type $r (sub resource))) (export "new" (func (result (own $r))))))
        (alias export $b "r" (type $r)) (alias export $b "new" (func $new))
        (core func $new' (canon lower (func $new)))
        (core func $drop (canon resource.drop $r))"#;
    let module =
        r#"(import "" "new" (func $new (result i32))) (import "" "drop" (func $drop (param i32)))"#;
    let with = r#"(with "" (instance (export "new" (func $new')) (export "drop" (func $drop))))"#;
    let caller = caller(
        import,
        module,
        "(call $drop (call $new)) (i32.const 1)",
        with,
    );
    Case {
        name: "a destructor",
        component: format!(
            r#"(component
              (component $B
                (core module $D (tag $t) (func (export "dtor") (param i32) (throw $t)))
                (core instance $d (instantiate $D))
                (type $r' (resource (rep i32) (dtor (core func $d "dtor"))))
                (core func $new (canon resource.new $r'))
                (core module $M (import "" "new" (func $new (param i32) (result i32)))
                  (func (export "new") (result i32) (call $new (i32.const 3))))
                (core instance $m (instantiate $M (with "" (instance (export "new" (func $new))))))
                (export $r "r" (type $r'))
                (func (export "new") (result (own $r)) (canon lift (core func $m "new"))))
              {caller}
              (instance $b (instantiate $B))
              (instance $a (instantiate $A (with "b" (instance $b))))
              (export "run" (func $a "run")))"#
        ),
        given: None,
    }
}

/// One module twice and a third that shares a tag with one of them: `$t` is that tag, `$other` is of the
/// twin, and each is thrown and caught beside a `catch_all`.
fn two_modules(name: &'static str, thrown: &str, given: Given) -> Case {
    let throws = if thrown == "$t" { "$x" } else { "$y" };
    Case {
        name,
        component: format!(
            r#"(component
              (core module $T (tag $t (export "t") (param i32))
                (func (export "throw") (result i32) (throw $t (i32.const 4))))
              (core instance $x (instantiate $T))
              (core instance $y (instantiate $T))
              (core module $M
                (import "x" "t" (tag $t (param i32)))
                (import "f" "throw" (func $f (result i32)))
                (func $inner (result i32) THROWS)
                (func (export "run") (result i32)
                  (if (result i32) (i32.eq (call $inner) (i32.const 4))
                    (then (i32.const 77)) (else (i32.const 78)))))
              (core instance $m (instantiate $M
                (with "x" (instance $x)) (with "f" (instance {throws}))))
              (func (export "run") (result u32) (canon lift (core func $m "run"))))"#
        ),
        given,
    }
}

/// An exception that nothing catches on its way to the host.
fn exported() -> Case {
    Case {
        name: "an exception out of an export",
        component: r#"(component
          (core module $M (tag $t)
            (func $g (result i32) (throw $t))
            (func (export "other") (result i32) CATCH[(call $g)])
            (func (export "run") (result i32) (call $g)))
          (core instance $m (instantiate $M))
          (func (export "other") (result u32) (canon lift (core func $m "other")))
          (func (export "run") (result u32) (canon lift (core func $m "run"))))"#
            .to_string(),
        given: None,
    }
}

fn start() -> Case {
    Case {
        name: "a start function",
        component: r#"(component
          (core module $M (tag $t) (memory 1)
            (func $g (result i32) (throw $t))
            (func $start (drop (call $g)))
            (start $start)
            (func $caught (result i32) CATCH[(call $g)])
            (func (export "run") (result i32) (call $caught)))
          (core instance $m (instantiate $M))
          (func (export "run") (result u32) (canon lift (core func $m "run"))))"#
            .to_string(),
        given: None,
    }
}

/// `THROWS` catches `$t` with its value, and everything else.
fn text(case: &Case, legacy: bool) -> String {
    let throws = match legacy {
        true => "try (result i32) (call $f) catch $t catch_all (i32.const 5) end",
        false => {
            "(block $all (return (block $t (result i32)
               (br $t (try_table (result i32) (catch $t $t) (catch_all $all) (call $f))))))
             (i32.const 5)"
        }
    };
    in_form(&case.component.replace("THROWS", throws), legacy)
}

fn wasmtime_with_exceptions() -> Wasmtime {
    let mut config = Config::new();
    config.wasm_exceptions(true).wasm_multi_memory(true);
    Wasmtime::new(&config).expect("the configuration is supported")
}

fn on_wasmtime_as_it_is(component: &[u8]) -> Given {
    let engine = wasmtime_with_exceptions();
    let component = Component::new(&engine, component).unwrap();
    let mut store = Store::new(&engine, ());
    let linker = ComponentLinker::new(&engine);
    let instance = linker.instantiate(&mut store, &component).ok()?;
    let run = instance.get_func(&mut store, "run").expect("an export");
    let mut results = [Val::U32(0)];
    run.call(&mut store, &[], &mut results).ok()?;
    match results {
        [Val::U32(given)] => Some(given),
        other => panic!("{other:?}"),
    }
}

/// A trap, and not an exception, is what the flat module ends with.
fn flat_on_wasmtime(wasm: &[u8]) -> Given {
    let engine = wasmtime_with_exceptions();
    let module = Module::new(&engine, wasm).unwrap();
    let mut store = Store::new(&engine, ());
    let linker = Linker::new(&engine);
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let run = instance
        .get_typed_func::<(), u32>(&mut store, "run")
        .unwrap();
    match run.call(&mut store, ()) {
        Ok(given) => Some(given),
        Err(error) if error.is::<wasmtime::Trap>() => None,
        Err(error) => panic!("no trap: {error:?}"),
    }
}

fn flat_on_node(wasm: &[u8]) -> Given {
    const SCRIPT: &str = r#"
        const wasm = require("fs").readFileSync(process.argv[1]);
        WebAssembly.instantiate(wasm, {}).then(({ instance }) => {
          try { console.log(instance.exports.run()) }
          catch (e) { console.log(e instanceof WebAssembly.RuntimeError ? "trap" : `no trap: ${e}`) }
        });"#;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), wasm).unwrap();
    let output = Command::new("node")
        .args(["-e", SCRIPT])
        .arg(file.path())
        .output()
        .unwrap();
    match String::from_utf8_lossy(&output.stdout).trim() {
        "trap" => None,
        given => Some(
            given
                .parse()
                .unwrap_or_else(|_| panic!("{given}{}", String::from_utf8_lossy(&output.stderr))),
        ),
    }
}

fn layouts() -> Vec<FlattenOptions> {
    let mut layouts = Vec::new();
    for memory in [MemoryMode::One, MemoryMode::Multi] {
        for isolation in [Isolation::Checked, Isolation::Trusted] {
            layouts.push(FlattenOptions {
                profile: Profile::named("as-is").expect("a built-in profile"),
                memory,
                isolation,
                verify: true,
                ..FlattenOptions::default()
            });
        }
    }
    layouts
}

#[test]
fn exceptions_become_traps_at_the_border_of_a_guest() {
    for case in cases() {
        let component = wat::parse_str(text(&case, false)).unwrap();
        assert_eq!(
            on_wasmtime_as_it_is(&component),
            case.given,
            "{}",
            case.name
        );
        for layout in layouts() {
            let flat = flatten(&component, &layout)
                .unwrap_or_else(|error| panic!("{}: {error:#}", case.name));
            assert_eq!(flat_on_wasmtime(&flat.wasm), case.given, "{}", case.name);
        }
    }
}

#[test]
fn exceptions_of_the_older_proposal_become_traps_at_the_border_of_a_guest() {
    if let Err(why) = engines::Node::default().available() {
        eprintln!("skipped: {why}");
        return;
    }
    for case in cases() {
        let component = wat::parse_str(text(&case, true)).unwrap();
        let options = layouts().remove(0);
        let flat = flatten(&component, &options)
            .unwrap_or_else(|error| panic!("{}: {error:#}", case.name));
        assert_eq!(flat_on_node(&flat.wasm), case.given, "{}", case.name);
    }
}

/// What throws and is never called from outside costs nothing.
#[test]
fn a_module_where_nothing_crosses_has_no_borders() {
    let component = wat::parse_str(in_form(
        r#"(component
          (core module $M (tag $t)
            (func $g (result i32) (throw $t))
            (func $other (result i32) CATCH[(call $g)])
            (func (export "run") (result i32) (i32.const 3)))
          (core instance $m (instantiate $M))
          (func (export "run") (result u32) (canon lift (core func $m "run"))))"#,
        false,
    ))
    .unwrap();
    let flat = flatten(&component, &layouts().remove(0)).unwrap();
    let names = String::from_utf8_lossy(&flat.wasm).into_owned();
    assert!(!names.contains("p1bridge:catch"));
    assert_eq!(flat_on_wasmtime(&flat.wasm), Some(3));
}

/// What `run` gives on an engine that has no exceptions.
fn lowered_on(engine: &dyn Engine, wasm: &[u8]) -> Given {
    let spec = RunSpec {
        calls: vec![Call {
            export: "run".to_string(),
            args: Vec::new(),
        }],
        ..RunSpec::default()
    };
    let outcome = engine.run(wasm, &spec).unwrap();
    match (outcome.results.as_slice(), &outcome.exit) {
        ([Some(given)], Exit::Code(_) | Exit::Unknown) => Some(*given as u32),
        (_, Exit::Trap(_)) => None,
        _ => panic!("{}: {outcome:?}", engine.name()),
    }
}

#[test]
fn exceptions_of_several_guests_end_there_too_where_they_are_lowered() {
    for case in cases() {
        for legacy in [false, true] {
            let component = wat::parse_str(text(&case, legacy)).unwrap();
            for isolation in [Isolation::Checked, Isolation::Trusted] {
                for (name, profile) in [("wasmi", "mvp"), ("wamr", "wamr-2020")] {
                    let mut engines = available().into_iter();
                    let Some(engine) = engines.find(|engine| engine.name() == name) else {
                        continue;
                    };
                    let options = FlattenOptions {
                        profile: Profile::named(profile).expect("a built-in profile"),
                        isolation,
                        verify: true,
                        ..FlattenOptions::default()
                    };
                    let flat = flatten(&component, &options)
                        .unwrap_or_else(|error| panic!("{}: {error:#}", case.name));
                    assert_eq!(
                        lowered_on(engine.as_ref(), &flat.wasm),
                        case.given,
                        "{} for {profile}, {isolation:?}, the older form: {legacy}",
                        case.name
                    );
                }
            }
        }
    }
}
