//! Vectors that are lowered: scripts with what has to come out. Random modules are in `random`, and the scripts
//! of the specification are run by hand.

use std::path::Path;

use p1bridge::check::check;
use p1bridge::lower::lower;
use p1bridge::profiles::{Profile, named};
use p1bridge_tests::wast::core::{Figures, run as run_script};

fn scripts_end_as_they_say(profile: &Profile, names: &[&str]) {
    for name in names {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("lower/{name}.wast"));
        let mut figures = Figures::default();
        run_script(&path, profile, &mut figures).unwrap();
        assert!(figures.differ.is_empty(), "{:#?}", figures.differ);
        assert!(figures.refused.is_empty(), "{:#?}", figures.refused);
        assert_eq!((figures.skipped, figures.beyond_engine), (0, 0));
        assert!(figures.agree > 0);
    }
}

#[test]
fn vectors_do_what_scripts_say_without_simd() {
    for profile in ["mvp", "portable", "wasm3", "wamr-2020"] {
        scripts_end_as_they_say(&named(profile).unwrap(), &["simd", "relaxed-simd"]);
    }
}

#[test]
fn relaxed_instructions_give_the_same_with_simd_as_without() {
    scripts_end_as_they_say(&named("node").unwrap(), &["simd", "relaxed-simd"]);
}

#[test]
fn vectors_that_the_host_would_have_to_know_are_refused_by_name() {
    let cases = [
        (
            r#"(func (export "f") (param v128))"#,
            "the export f has a vector in its type",
        ),
        (
            r#"(func (export "f") (result i32 v128) unreachable)"#,
            "the export f has a vector in its type",
        ),
        (
            r#"(import "m" "f" (func (result v128)))"#,
            "the import m.f has a vector in its type",
        ),
        (
            r#"(import "m" "g" (global v128))"#,
            "the import m.g is a vector",
        ),
        (
            r#"(global (export "g") v128 (v128.const i64x2 0 0))"#,
            "the export g is a vector",
        ),
    ];
    for (fields, words) in cases {
        let module = wat::parse_str(format!("(module {fields})")).unwrap();
        let portable = named("portable").unwrap();
        let error = lower(&module, &portable).unwrap_err();
        assert!(format!("{error:#}").contains(words), "{error:#}");
        let verdict = check(&module, &portable).unwrap();
        assert!(!verdict.fits && !verdict.fits_lowered, "{verdict}");
    }
}

#[test]
fn lowered_vectors_are_said_to_cost_more() {
    let module = wat::parse_str("(module (func (drop (v128.const i64x2 0 0))))").unwrap();
    let lowered = lower(&module, &named("portable").unwrap()).unwrap();
    let warnings = lowered.warnings.join("\n");
    assert!(warnings.contains("several times"), "{warnings}");
    // Relaxed ones cost nothing where the others are there.
    let module = wat::parse_str(
        "(module (func (drop (i8x16.relaxed_swizzle (v128.const i64x2 0 0) (v128.const i64x2 0 0)))))",
    )
    .unwrap();
    let lowered = lower(&module, &named("node").unwrap()).unwrap();
    assert_eq!(lowered.warnings, Vec::<String>::new());
}

#[test]
fn exceptions_with_vectors_are_lowered_before_them() {
    let module = wat::parse_str(
        r#"(module (tag $t (param v128 i32))
             (func $throws (param i32)
               (throw $t (i32x4.splat (local.get 0)) (i32.const 3)))
             (func (export "f") (param i32) (result i32)
               (local i32 v128)
               (block $h (result v128 i32)
                 (try_table (catch $t $h) (call $throws (local.get 0)))
                 (return (i32.const -1)))
               (local.set 1) (local.set 2)
               (i32.add (local.get 1) (i32x4.extract_lane 2 (local.get 2)))))"#,
    )
    .unwrap();
    let lowered = lower(&module, &named("mvp").unwrap()).unwrap().wasm;
    let engine = super::engines::limited("mvp").unwrap();
    let (gave, _) = super::engines::run(&engine, &lowered, &[("f".to_owned(), vec![39])])
        .unwrap()
        .unwrap();
    assert_eq!(gave, [Some(vec![42])]);
}
