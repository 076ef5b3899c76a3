//! The built-in profiles, asked of the engines themselves: a tiny module for each feature and for
//! each function of Preview 1.

use std::sync::Arc;

use p1bridge::check::{Effect, Kind, check};
use p1bridge::lower::lower;
use p1bridge::profiles::{NAMES, Profile, named, source};
use p1bridge_linker::profile::Missing;
use p1bridge_linker::{FeatureSet, preview1};
use p1bridge_tests::{Call, Engine, Exit, RunSpec, engines};
use wasmparser::{FuncType, ValType};

/// A module that only loads with the feature, and whose `f` gives 1.
pub(crate) const FEATURES: &[(&str, &str)] = &[
    (
        "mutable-globals",
        r#"(global (export "g") (mut i32) (i32.const 1)) (func (export "f") (result i32) i32.const 1)"#,
    ),
    (
        "sign-ext",
        r#"(func (export "f") (result i32) i32.const -257 i32.extend8_s i32.const 2 i32.add)"#,
    ),
    (
        "nontrapping-fptoint",
        r#"(func (export "f") (result i32) f32.const 1.5 i32.trunc_sat_f32_s)"#,
    ),
    (
        "multivalue",
        r#"(func $two (result i32 i32) i32.const 1 i32.const 2)
           (func (export "f") (result i32) call $two drop)"#,
    ),
    (
        "bulk-memory-opt",
        r#"(memory 1) (func (export "f") (result i32)
            i32.const 0 i32.const 1 i32.const 1 memory.fill i32.const 0 i32.load)"#,
    ),
    (
        "bulk-memory",
        r#"(memory 1) (data $d "\01") (func (export "f") (result i32)
            i32.const 0 i32.const 0 i32.const 1 memory.init $d i32.const 0 i32.load)"#,
    ),
    (
        "reference-types",
        r#"(table 1 funcref) (table $t 1 funcref) (elem (table $t) (i32.const 0) func $one)
           (func $one (result i32) i32.const 1)
           (func (export "f") (result i32) i32.const 0 call_indirect $t (result i32))"#,
    ),
    (
        "tail-call",
        r#"(func $one (result i32) i32.const 1) (func (export "f") (result i32) return_call $one)"#,
    ),
    (
        "extended-const",
        r#"(global $g i32 (i32.sub (i32.const 3) (i32.const 2)))
           (func (export "f") (result i32) global.get $g)"#,
    ),
    (
        "multi-memory",
        r#"(memory 1) (memory $m 1) (data (memory $m) (i32.const 0) "\01")
           (func (export "f") (result i32) i32.const 0 i32.load $m)"#,
    ),
    (
        "simd128",
        r#"(func (export "f") (result i32) v128.const i32x4 1 2 3 4 i32x4.extract_lane 0)"#,
    ),
];

/// The same of proposals that only large runtimes have.
const MORE: &[(&str, &str)] = &[
    (
        "exception-handling",
        r#"(tag $t) (func (export "f") (result i32)
            (block $h (try_table (catch_all $h) (throw $t)) (return (i32.const 0))) (i32.const 1))"#,
    ),
    (
        "legacy-exception-handling",
        r#"(tag $t) (func (export "f") (result i32)
            try (result i32) throw $t catch_all i32.const 1 end)"#,
    ),
    (
        "function-references",
        r#"(type $t (func (result i32))) (elem declare func $one) (func $one (type $t) i32.const 1)
           (func (export "f") (result i32) (call_ref $t (ref.func $one)))"#,
    ),
    (
        "gc",
        r#"(type $p (struct (field i32)))
           (func (export "f") (result i32) (struct.get $p 0 (struct.new $p (i32.const 1))))"#,
    ),
    (
        "threads",
        r#"(memory 1 1 shared) (func (export "f") (result i32)
            (i32.atomic.rmw.add (i32.const 0) (i32.const 1)) (i32.add (i32.const 1)))"#,
    ),
    (
        "memory64",
        r#"(memory i64 1) (func (export "f") (result i32)
            (i32.store (i64.const 0) (i32.const 1)) (i32.load (i64.const 0)))"#,
    ),
    (
        "wide-arithmetic",
        r#"(func (export "f") (result i32)
            (i64.add128 (i64.const 1) (i64.const 0) (i64.const 0) (i64.const 0)) drop i32.wrap_i64)"#,
    ),
    (
        "relaxed-simd",
        r#"(func (export "f") (result i32)
            (i32x4.extract_lane 0 (i32x4.relaxed_trunc_f32x4_s (v128.const f32x4 1 1 1 1))))"#,
    ),
];

/// The engines here that a profile is named after.
fn subjects() -> Vec<(Arc<dyn Engine>, Profile)> {
    engines::loaders()
        .into_iter()
        .filter_map(|engine| {
            let profile = Profile::named(engine.name())?;
            Some((engine, profile))
        })
        .collect()
}

/// A module of these fields whose memory is exported: node asks for that.
pub(crate) fn with_memory(fields: &str) -> String {
    match fields.contains("(memory") {
        true => format!("(module {fields} (export \"memory\" (memory 0)))"),
        false => format!("(module (memory (export \"memory\") 1) {fields})"),
    }
}

pub(crate) fn call(
    engine: &dyn Engine,
    wat: &str,
    args: Vec<i32>,
) -> anyhow::Result<(Exit, Option<i32>)> {
    let wasm = wat::parse_str(wat)?;
    let spec = RunSpec {
        calls: vec![Call {
            export: "f".to_owned(),
            args,
        }],
        ..RunSpec::default()
    };
    let outcome = engine.run(&wasm, &spec)?;
    Ok((outcome.exit, outcome.results.first().copied().flatten()))
}

#[test]
fn engines_take_the_features_of_their_profiles_and_no_others() {
    let mut wrong = Vec::new();
    for (engine, profile) in subjects() {
        for (name, fields) in FEATURES.iter().chain(MORE) {
            let wat = with_memory(fields);
            let feature = FeatureSet::named(name).expect("a feature");
            let says = profile.features.is_some_and(|all| all.contains(feature));
            let does = call(&*engine, &wat, Vec::new());
            let takes = matches!(does, Ok((_, Some(1))));
            // It takes them, but keeps the frames: calls of itself are better lowered to a loop.
            if engine.name() == "wasm3" && *name == "tail-call" {
                continue;
            }
            // It does not look at the flag, and its addresses have 32 bits.
            if engine.name() == "wasm3" && *name == "memory64" {
                continue;
            }
            if takes != says {
                wrong.push(format!(
                    "{}: {name} is {says} in the profile, but it did {does:?}",
                    engine.name()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn check_refuses_a_feature_where_the_engine_does_and_lower_takes_it_away() {
    for (engine, profile) in subjects() {
        for (name, fields) in FEATURES.iter().chain(MORE) {
            let module = wat::parse_str(with_memory(fields)).expect("a module");
            let verdict = check(&module, &profile).expect("a verdict");
            let feature = FeatureSet::named(name).expect("a feature");
            let has = profile.features.is_some_and(|all| all.contains(feature));
            let refused: Vec<_> = verdict
                .findings
                .iter()
                .filter(|found| found.kind == Kind::Feature && found.effect == Effect::Refused)
                .collect();
            assert_eq!(
                refused.is_empty(),
                has,
                "{} {name}: {verdict}",
                engine.name()
            );
            if verdict.fits_lowered {
                let lowered = lower(&module, &profile).expect("it can be lowered").wasm;
                let text = wasmprinter::print_bytes(&lowered).expect("text");
                let did = call(&*engine, &text, Vec::new());
                assert!(
                    matches!(did, Ok((_, Some(1)))),
                    "{} {name}: {did:?}",
                    engine.name()
                );
            }
        }
    }
}

/// A module whose `f` calls a function of Preview 1, if that comes back, and gives 1.
pub(crate) fn calls(name: &str, ty: &FuncType) -> String {
    let word = |ty: &ValType| if *ty == ValType::I32 { " i32" } else { " i64" };
    let params: String = ty.params().iter().map(word).collect();
    let results: String = ty.results().iter().map(word).collect();
    // Unknown descriptors, and addresses within the memory.
    let values: String = ty
        .params()
        .iter()
        .enumerate()
        .map(|(n, ty)| match ty {
            ValType::I32 => format!(" i32.const {}", 100 + n * 8),
            _ => " i64.const 0".to_owned(),
        })
        .collect();
    // These end the process, or wait.
    let called = !matches!(name, "proc_exit" | "proc_raise" | "poll_oneoff");
    let call = match ty.results().is_empty() {
        false => format!("{values} call $w drop"),
        true => format!("{values} call $w"),
    };
    // What is not called is compiled: wasm3 looks for it only then.
    let result = match called {
        true => call,
        false => format!("i32.const 0 if {call} end"),
    };
    format!(
        "(module (import \"wasi_snapshot_preview1\" \"{name}\"
            (func $w (param{params}) (result{results})))
         (memory (export \"memory\") 1)
         (export \"keep\" (func $w))
         (func (export \"f\") (result i32) {result} i32.const 1))"
    )
}

#[test]
fn engines_have_the_functions_of_preview_1_that_their_profiles_say() {
    let mut wrong = Vec::new();
    for (engine, profile) in subjects() {
        for name in preview1::names() {
            let ty = preview1::signature(name).expect("a signature");
            let says = profile.import(preview1::MODULE, name, &ty)
                == p1bridge_linker::profile::Import::Provided;
            let wat = calls(name, &ty);
            let has = match call(&*engine, &wat, Vec::new()) {
                Err(_) => false,
                Ok((Exit::Trap(why), _)) => !why.contains("unlinked"),
                Ok(_) => true,
            };
            if has != says {
                wrong.push(format!(
                    "{}: {name} is {says} in the profile",
                    engine.name()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_built_in_profile_is_one_of_its_name() {
    for name in NAMES {
        let profile = named(name).expect("a profile");
        assert_eq!(profile.name(), *name);
        assert!(!profile.about.is_empty(), "{name}");
        if let Some(text) = source(name) {
            assert_eq!(Profile::parse(text).expect("it parses"), profile);
        }
    }
}

#[test]
fn every_built_in_profile_is_in_the_table_of_runtimes() {
    let page = include_str!("../../../docs/runtimes.md");
    let table = page.split("\n## ").next().expect("a first part");
    let last_cells: Vec<&str> = table
        .lines()
        .filter_map(|line| {
            line.strip_prefix('|')?
                .trim_end_matches('|')
                .rsplit('|')
                .next()
        })
        .collect();
    let named_by = |cell: &str| -> Vec<String> {
        let quoted = cell.split('`').skip(1).step_by(2);
        quoted.map(str::to_owned).collect()
    };
    let in_table: Vec<String> = last_cells.iter().flat_map(|cell| named_by(cell)).collect();
    for name in NAMES {
        assert!(
            in_table.iter().any(|known| known == name),
            "{name} is in no row"
        );
    }
    for name in in_table {
        assert!(NAMES.contains(&&*name), "{name} is no built-in profile");
    }
}

#[test]
fn mistakes_in_a_profile_are_named() {
    for (text, word) in [
        ("name = \"x\"", "wasm"),
        (
            "name = \"x\"\n[wasm]\nfeatures = [\"sign-extt\"]",
            "sign-extt",
        ),
        (
            "name = \"x\"\n[wasm]\nfeatures = []\n[limits]\npages = 1",
            "pages",
        ),
        (
            "name = \"x\"\n[wasm]\nfeatures = []\n[[module]]\nname = \"m\"\nfunctions = \"all\"",
            "all",
        ),
        (
            "name = \"x\"\n[wasm]\nfeatures = []\n[[module]]\nname = \"m\"\nfunctions = { f = \"(i33) -> ()\" }",
            "i33",
        ),
    ] {
        let error = format!("{:#}", Profile::parse(text).expect_err(text));
        assert!(error.contains(word), "{error}");
    }
}

#[test]
fn engines_start_what_has_no_memory_unless_their_profiles_say_so() {
    let module = wat::parse_str(
        r#"(module (func (export "_initialize")) (func (export "f") (result i32) i32.const 1))"#,
    )
    .expect("a module");
    for (engine, profile) in subjects() {
        let text = wasmprinter::print_bytes(&module).expect("text");
        let did = call(&*engine, &text, Vec::new());
        let starts = matches!(did, Ok((_, Some(1))));
        let verdict = check(&module, &profile).expect("a verdict");
        assert_eq!(
            starts,
            !profile.host.start_needs_memory,
            "{}: {did:?}",
            engine.name()
        );
        assert_eq!(verdict.fits, starts, "{}: {verdict}", engine.name());
    }
}

/// Programs that some runtimes do not start: each prints `ok` where it is started, and a profile says
/// whether it is.
type Program = (&'static str, &'static str, fn(&Profile) -> bool);

const PROGRAMS: &[Program] = &[
    (
        "a plain one",
        r#"(memory (export "memory") 1) (func (export "_start") (call $print))"#,
        |_| true,
    ),
    (
        "a memory that is not exported",
        r#"(memory 1) (func (export "_start") (call $print))"#,
        |profile| !profile.host.needs_memory_export,
    ),
    (
        "_initialize beside _start",
        r#"(memory (export "memory") 1) (func (export "_initialize"))
           (func (export "_start") (call $print))"#,
        |profile| profile.host.initialize_beside_start,
    ),
    (
        "a start function",
        r#"(memory (export "memory") 1) (global $ready (mut i32) (i32.const 0)) (start $before)
           (func $before (global.set $ready (i32.const 1)))
           (func (export "_start") (if (global.get $ready) (then (call $print))))"#,
        |profile| profile.host.start,
    ),
    (
        "a start function that calls the host",
        r#"(memory (export "memory") 1) (start $print) (func (export "_start"))"#,
        |profile| profile.host.start && profile.host.start_calls_wasi,
    ),
    (
        "an import that the host lacks and nothing calls",
        r#"(import "wasi_snapshot_preview1" "no_such_function" (func $lacks))
           (memory (export "memory") 1) (func $never (call $lacks))
           (func (export "_start") (call $print))"#,
        |profile| profile.host.missing == Missing::FailsWhenCalled,
    ),
];

/// The module of [`PROGRAMS`] with these fields.
fn program(fields: &str) -> Vec<u8> {
    let at = fields.find("(memory").expect("a memory");
    let (imports, rest) = fields.split_at(at);
    wat::parse_str(format!(
        r#"(module
            (import "wasi_snapshot_preview1" "fd_write"
                (func $fd_write (param i32 i32 i32 i32) (result i32)))
            {imports} {rest}
            (data (i32.const 8) "\10\00\00\00\02\00\00\00ok")
            (func $print
                (drop (call $fd_write (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 32)))))"#
    ))
    .expect("a module")
}

#[test]
fn engines_start_the_programs_that_their_profiles_say() {
    let mut wrong = Vec::new();
    for (engine, profile) in subjects() {
        for (name, fields, says) in PROGRAMS {
            let did = engine.run(&program(fields), &RunSpec::default());
            // WAMR warns on standard output of what it lacks.
            let does =
                matches!(&did, Ok(outcome) if outcome.stdout.windows(2).any(|two| two == b"ok"));
            if does != says(&profile) {
                wrong.push(format!("{}: {name}: {did:?}", engine.name()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn engines_pass_on_the_exit_codes_that_their_profiles_say() {
    let mut wrong = Vec::new();
    for (engine, profile) in subjects() {
        for code in [0, 1, 42, 125, 126, 200, 255] {
            let wasm = wat::parse_str(format!(
                r#"(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
                    (memory (export "memory") 1)
                    (func (export "_start") (call $exit (i32.const {code}))))"#
            ))
            .expect("a module");
            // The host of `p1bridge run` passes on more than that of the crate.
            let below = match engine.name() {
                "wasmi" => None,
                _ => profile.host.exit_codes_below,
            };
            let did = engine
                .run(&wasm, &RunSpec::default())
                .map(|outcome| outcome.exit);
            let right = match &did {
                // The engine here does not tell.
                Ok(Exit::Unknown) => true,
                Ok(Exit::Code(found)) => {
                    *found == code && below.is_none_or(|below| code < below as i32)
                }
                _ => below.is_some_and(|below| code >= below as i32),
            };
            if !right {
                wrong.push(format!("{}: {code} was {did:?}", engine.name()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What is found in a module for the smallest profile: the feature, and how many places.
fn found(fields: &str) -> Vec<(String, usize)> {
    let module = wat::parse_str(format!("(module {fields})")).expect("a module");
    let verdict = check(&module, &named("mvp").expect("a profile")).expect("a verdict");
    assert!(!verdict.fits_lowered, "{verdict}");
    let refused = |error| format!("{error:#}");
    let error = lower(&module, &named("mvp").expect("a profile")).map_err(refused);
    let error = error.expect_err("it cannot be lowered");
    let features = verdict.findings.into_iter().map(|found| {
        let feature = found.feature.expect("a feature");
        assert!(error.contains(&feature), "{error}");
        (feature, found.places.len())
    });
    features.collect()
}

#[test]
fn references_of_exceptions_are_one_finding_with_them() {
    let module = wat::parse_str(
        "(module (tag $t) (func (local exnref)
            (block $h (result exnref) (try_table (catch_all_ref $h) (throw $t)) (return))
            (local.set 0)))",
    );
    let verdict = check(
        &module.expect("a module"),
        &named("mvp").expect("a profile"),
    );
    let verdict = verdict.expect("a verdict");
    assert!(!verdict.fits && verdict.fits_lowered, "{verdict}");
    let features: Vec<_> = verdict
        .findings
        .iter()
        .map(|found| &found.feature)
        .collect();
    assert_eq!(features, [&Some("exception-handling".to_string())]);
}

#[test]
fn types_of_gc_are_a_finding_with_their_places() {
    let gc = found(
        "(type $p (struct (field i32))) (rec (type $f (func (result i32))) (type $a (array i8)))
         (func (type $f) (struct.get $p 0 (struct.new $p (i32.const 1))))",
    );
    // A function, and three types: that of the function is in a group.
    assert_eq!(gc, [("gc".to_string(), 4)]);
}

#[test]
fn check_names_what_a_host_lacks_with_its_place() {
    let profile = Profile::parse(
        r#"
        name = "device"
        [wasm]
        features = []
        [limits]
        memory-pages = 4
        locals = 10
        stack = 80
        [host]
        missing = "refused"
        start = false
        needs-memory-export = true
        never-export = ["__heap_base"]
        [[module]]
        name = "env"
        functions = { led = "(i32, i32) -> i32" }
        [[module]]
        name = "wasi_snapshot_preview1"
        functions = ["fd_write"]
        "#,
    )
    .expect("a profile");
    let module = wat::parse_str(
        r#"(module
            (import "env" "led" (func $led (param i32)))
            (import "env" "buzzer" (func $buzzer))
            (import "wasi_snapshot_preview1" "fd_read" (func $unused (param i32 i32 i32 i32) (result i32)))
            (memory 1 10)
            (global (export "__heap_base") i32 (i32.const 0))
            (start $s)
            (func $s (local i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)
                i32.const 0 call $led call $buzzer))"#,
    )
    .expect("a module");
    let verdict = check(&module, &profile).expect("a verdict");
    let what = |word: &str| {
        verdict
            .findings
            .iter()
            .find(|found| found.what.contains(word))
            .unwrap_or_else(|| panic!("nothing about {word}: {verdict}"))
    };
    assert_eq!(what("env.led").kind, Kind::Import);
    assert!(what("env.led").fix.is_none());
    assert!(what("env.buzzer").places[0].offset > 0);
    assert!(what("fd_read").fix.is_some());
    assert!(what("up to 10 pages").fix.is_some());
    assert!(what("__heap_base").fix.is_some());
    assert_eq!(what("start function").places[0].name.as_deref(), Some("s"));
    assert_eq!(what("11 locals").kind, Kind::Locals);
    assert_eq!(what("88 bytes").effect, Effect::Note);
    assert!(what("not exported").fix.is_some());
    assert!(!verdict.fits && !verdict.fits_lowered);
}

#[test]
fn every_key_of_a_profile_and_every_feature_is_on_the_page_of_profiles() {
    let page = include_str!("../../../docs/profiles.md");
    let on_page = |name: &str| page.contains(&format!("`{name}`"));
    for name in NAMES {
        let Some(source) = Profile::source(name) else {
            continue;
        };
        let file: toml::Table = source.parse().expect("a profile");
        for (key, value) in &file {
            let tables: Vec<&toml::Table> = match value {
                toml::Value::Table(table) => vec![table],
                toml::Value::Array(tables) => {
                    tables.iter().filter_map(toml::Value::as_table).collect()
                }
                _ => Vec::new(),
            };
            assert!(on_page(key) || !tables.is_empty(), "{key} of {name}");
            for key in tables.into_iter().flat_map(toml::Table::keys) {
                assert!(on_page(key), "{key} of {name}");
            }
        }
    }
    for name in FeatureSet::all_names() {
        assert!(on_page(name), "{name}");
    }
}
