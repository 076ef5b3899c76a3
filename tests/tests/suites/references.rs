//! A guest that calls functions of every type as every other type, with numbers for references and the
//! other way round, beside a neighbour whose functions have numbers, too: it gets what the component
//! gives, on every profile.

use std::fmt::Write;

use p1bridge::flatten::{FlattenOptions, flatten};
use p1bridge::profiles::Profile;
use p1bridge_tests::{Call, Engine, Exit, RunSpec, engines};

/// Parameters and results: `i` for an `i32`, `r` for a reference to a function.
const TYPES: [(&str, &str); 17] = [
    ("i", ""),
    ("r", ""),
    ("", "i"),
    ("", "r"),
    ("ii", "i"),
    ("ir", "i"),
    ("ri", "i"),
    ("rr", "i"),
    ("i", "i"),
    ("i", "r"),
    ("r", "i"),
    ("r", "r"),
    ("", "ii"),
    ("", "ri"),
    ("", "ir"),
    ("i", "ii"),
    ("r", "rr"),
];

/// What a function of the neighbour returns.
const SECRET: i32 = 0x5EC4E7;

fn core(values: &str) -> String {
    let types = values.chars().map(|value| match value {
        'i' => " i32",
        _ => " funcref",
    });
    types.collect()
}

/// A function of each type in a table, and an export that calls one of them as one of the types: what
/// references it got or gave are in elements 20 and 21, which are called in the end.
fn component() -> Vec<u8> {
    let mut module = String::new();
    for (at, (params, results)) in TYPES.iter().enumerate() {
        let (p, r) = (core(params), core(results));
        write!(module, "(type $t{at} (func (param{p}) (result{r})))").unwrap();
        write!(module, "(func $f{at} (type $t{at})").unwrap();
        for (param, value) in params.chars().enumerate() {
            match value {
                'i' => write!(
                    module,
                    "(global.set $sum (i32.add (global.get $sum) (local.get {param})))"
                ),
                _ => write!(module, "(table.set $t (i32.const 20) (local.get {param}))"),
            }
            .unwrap();
        }
        for value in results.chars() {
            module += match value {
                'i' => "(i32.const 3)",
                _ => "(ref.func $own)",
            };
        }
        module += ")";
    }
    let functions: String = (0..TYPES.len()).map(|at| format!(" $f{at}")).collect();
    let mut attack = String::new();
    for (at, (params, results)) in TYPES.iter().enumerate() {
        write!(
            attack,
            "(if (i32.eq (local.get $as) (i32.const {at})) (then"
        )
        .unwrap();
        for value in params.chars() {
            attack += match value {
                'i' => " local.get $n",
                _ => " ref.func $own",
            };
        }
        write!(attack, " local.get $of call_indirect $t (type $t{at})").unwrap();
        for value in results.chars().rev() {
            attack += match value {
                'i' => " global.get $sum i32.add global.set $sum",
                _ => " local.set $r i32.const 21 local.get $r table.set $t",
            };
        }
        attack += "))";
    }
    let text = format!(
        r#"(component
          (component $A
            (core module $M
              (global $sum (mut i32) (i32.const 0))
              (table $t 22 funcref)
              (elem (table $t) (i32.const 0) func{functions})
              (elem declare func $own)
              (func $own (result i32) (i32.const 100))
              {module}
              (func $called (param i32) (result i32)
                (if (result i32) (ref.is_null (table.get $t (local.get 0)))
                  (then (i32.const 0))
                  (else (call_indirect $t (result i32) (local.get 0)))))
              (func (export "attack") (param $of i32) (param $as i32) (param $n i32) (result i32) (local $r funcref)
                {attack}
                (i32.add (global.get $sum)
                  (i32.add (call $called (i32.const 20)) (call $called (i32.const 21))))))
            (core instance $m (instantiate $M))
            (func (export "attack") (param "of" u32) (param "as" u32) (param "n" u32) (result u32)
              (canon lift (core func $m "attack"))))
          (component $B
            (core module $M
              (table $t 3 funcref) (elem (table $t) (i32.const 0) func $secret $secret2)
              (func $secret (result i32) (i32.const {SECRET}))
              (func $secret2 (param i32) (result i32) (i32.const {SECRET}))
              (func (export "own") (param i32) (result i32)
                (table.set $t (i32.const 2) (table.get $t (local.get 0)))
                (call_indirect $t (result i32) (i32.const 2))))
            (core instance $m (instantiate $M))
            (func (export "own") (param "n" u32) (result u32) (canon lift (core func $m "own"))))
          (instance $a (instantiate $A))
          (instance $b (instantiate $B))
          (export "attack" (func $a "attack"))
          (export "own" (func $b "own")))"#
    );
    wat::parse_str(text).unwrap()
}

/// The result; nothing for a trap.
fn given(engine: &dyn Engine, wasm: &[u8], export: &str, args: &[i32]) -> Option<i32> {
    let spec = RunSpec {
        calls: vec![Call {
            export: export.to_string(),
            args: args.to_vec(),
        }],
        ..RunSpec::default()
    };
    let outcome = engine.run(wasm, &spec).unwrap();
    match outcome.exit {
        Exit::Trap(_) => None,
        _ => Some(outcome.results[0].expect("a result")),
    }
}

fn attacks() -> Vec<[i32; 3]> {
    let types = || 0..TYPES.len() as i32;
    types()
        .flat_map(|of| types().map(move |called| (of, called)))
        .flat_map(|(of, called)| [1, 18, 19].map(|n| [of, called, n]))
        .collect()
}

#[test]
fn numbers_that_a_guest_makes_up_are_no_references() {
    let component = component();
    let oracle = engines::Wasmtime::default();
    let attacks = attacks();
    let right: Vec<Option<i32>> = attacks
        .iter()
        .map(|args| given(&oracle, &component, "attack", args))
        .collect();
    let returned = right.iter().filter(|given| given.is_some()).count();
    assert_eq!((attacks.len(), returned), (867, 51));
    let wamr = engines::Wamr;
    for name in Profile::NAMES {
        let options = FlattenOptions {
            profile: Profile::named(name).expect("a built-in profile"),
            verify: true,
            ..FlattenOptions::default()
        };
        let flat = flatten(&component, &options).unwrap().wasm;
        let mut on: Vec<&dyn Engine> = vec![&engines::Wasmi];
        if *name == "wamr-2020" && wamr.available().is_ok() {
            on.push(&wamr);
        }
        for engine in on {
            assert_eq!(given(engine, &flat, "own", &[0]), Some(SECRET), "{name}");
            for (args, right) in attacks.iter().zip(&right) {
                let found = given(engine, &flat, "attack", args);
                assert_eq!(found, *right, "{name} on {}: {args:?}", engine.name());
            }
        }
    }
}
