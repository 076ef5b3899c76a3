//! Programs with tasks where there is little room: for stacks, for calls, for streams, and in memory.

use p1bridge::flatten::{FlattenOptions, Growth, flatten};
use p1bridge_linker::{Options, Stacks};
use p1bridge_tests::manifest::part;
use p1bridge_tests::wast::flat::Flat;
use p1bridge_tests::wast::types::{FuncType, Type};
use p1bridge_tests::wast::value::Value;
use p1bridge_tests::wast::{Failure, Machine, Running};
use p1bridge_tests::{Engine, Exit, RunSpec, engines};

/// `later` gives up its turn below eight frames, each of which holds six numbers of 64 bits; `twice` calls it
/// twice and waits.
const PROGRAM: &str = r#"(component
  (component $Callee
    (core func $yield (canon thread.yield))
    (core module $M
      (import "" "yield" (func $yield (result i32)))
      ;; what says why it traps writes over the first bytes of all memory
      (memory 1)
      (func $deep (param $n i32) (param $left i32) (result i32)
        (local $a i64) (local $b i64) (local $c i64) (local $d i64) (local $e i64) (local $f i64) (local $r i32)
        (local.set $a (i64.extend_i32_u (local.get $n)))
        (local.set $b (i64.mul (local.get $a) (i64.const 3)))
        (local.set $c (i64.mul (local.get $b) (i64.const 5)))
        (local.set $d (i64.mul (local.get $c) (i64.const 7)))
        (local.set $e (i64.mul (local.get $d) (i64.const 11)))
        (local.set $f (i64.mul (local.get $e) (i64.const 13)))
        (if (local.get $left)
          (then (local.set $r (call $deep
            (i32.add (local.get $n) (i32.const 1)) (i32.sub (local.get $left) (i32.const 1)))))
          (else (local.set $r (call $yield))))
        (i32.add (local.get $r)
          (i32.wrap_i64 (i64.xor (i64.xor (local.get $a) (i64.xor (local.get $b) (local.get $c)))
            (i64.xor (local.get $d) (i64.xor (local.get $e) (local.get $f)))))))
      (func (export "later") (param $n i32) (result i32) 
        (i32.store (i32.const 0) (local.get $n))
        (call $deep (i32.load (i32.const 0)) (i32.const 7))))
    (core instance $m (instantiate $M (with "" (instance (export "yield" (func $yield))))))
    (func (export "later") async (param "n" u32) (result u32) (canon lift (core func $m "later"))))
  (component $Caller
    (import "later" (func $later async (param "n" u32) (result u32)))
    (core func $later' (canon lower (func $later)))
    (core module $M
      (import "" "later" (func $later (param i32) (result i32)))
      (func (export "twice") (param i32) (result i32) (call $later (call $later (local.get 0)))))
    (core instance $m (instantiate $M (with "" (instance (export "later" (func $later'))))))
    (func (export "twice") async (param "n" u32) (result u32) (canon lift (core func $m "twice"))))
  (instance $callee (instantiate $Callee))
  (instance $caller (instantiate $Caller (with "later" (func $callee "later"))))
  (export "later" (func $callee "later"))
  (export "twice" (func $caller "twice")))"#;

fn later(n: u32) -> u32 {
    (0..8).fold(0, |sum: u32, frame| {
        let a = u64::from(n.wrapping_add(frame));
        let factors = [1, 3, 15, 105, 1155, 15015];
        let held = factors
            .iter()
            .fold(0, |held, by| held ^ a.wrapping_mul(*by));
        sum.wrapping_add(held as u32)
    })
}

fn started(options: Options) -> Box<dyn Running> {
    let flat = Flat::with(Options {
        trap_messages: true,
        ..options
    });
    let component = wat::parse_str(PROGRAM).expect("well-formed");
    let linked = flat.link(&component).expect("it is linked");
    linked.instantiate().expect("it starts")
}

/// Calls a function of `PROGRAM`: what it gives, or says when it traps.
fn call(running: &mut dyn Running, name: &str, n: u32) -> Result<u32, String> {
    let ty = FuncType {
        params: vec![("n".to_string(), Type::U32)],
        result: Some(Type::U32),
    };
    match running.call(name, &ty, &[Value::U32(n)]) {
        Ok(Some(Value::U32(result))) => Ok(result),
        Err(Failure::Trap(why)) => Err(why),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_stack_that_does_not_fit_where_a_task_waits_traps_and_says_so() {
    let with = |thread_stack| {
        started(Options {
            stacks: Stacks::Switch,
            thread_stack,
            ..Options::default()
        })
    };
    for enough in [1024, 4096] {
        let mut running = with(enough);
        assert_eq!(call(&mut *running, "later", 41), Ok(later(41)), "{enough}");
        let twice = later(later(41));
        assert_eq!(call(&mut *running, "twice", 41), Ok(twice), "{enough}");
    }
    for too_little in [256, 264] {
        let mut running = with(too_little);
        let said = call(&mut *running, "later", 41).unwrap_err();
        assert!(said.contains("see --thread-stack"), "{too_little}: {said}");
        let said = call(&mut *running, "later", 41).unwrap_err();
        let words = "cannot enter component instance";
        assert!(said.contains(words), "{too_little}: {said}");
    }
}

#[test]
fn one_task_is_room_for_any_number_of_calls_one_after_the_other_and_for_no_two() {
    for stacks in [Stacks::Nested, Stacks::Switch] {
        let mut running = started(Options {
            max_tasks: 1,
            max_streams: 1,
            stacks,
            ..Options::default()
        });
        for n in 0..40 {
            assert_eq!(call(&mut *running, "later", n), Ok(later(n)), "{stacks:?}");
        }
        let said = call(&mut *running, "twice", 1).unwrap_err();
        assert!(said.contains("see --max-tasks"), "{stacks:?}: {said}");
        let mut running = started(Options {
            max_tasks: 2,
            max_streams: 1,
            stacks,
            ..Options::default()
        });
        for n in 0..40 {
            let twice = later(later(n));
            assert_eq!(call(&mut *running, "twice", n), Ok(twice), "{stacks:?}");
        }
    }
}

/// The program has two pages, so that one is left for all that is added.
#[test]
fn a_program_with_tasks_runs_in_192_kib_that_do_not_grow() {
    let component = part("hello-p3-c").expect("the corpus is committed");
    for growth in [Growth::Ram(192 << 10), Growth::None] {
        let options = FlattenOptions {
            growth,
            max_tasks: Some(2),
            max_streams: Some(8),
            verify: true,
            ..FlattenOptions::default()
        };
        let flat = flatten(&component, &options).expect("it fits").wasm;
        let spec = RunSpec {
            argv: ["hello", "upper"].map(str::to_string).to_vec(),
            stdin: b"some text".repeat(1000),
            ..RunSpec::default()
        };
        let outcome = engines::Wasmi.run(&flat, &spec).expect("it runs");
        let text = String::from_utf8_lossy(&outcome.stdout);
        assert!(outcome.exit == Exit::Code(0), "{growth:?}: {outcome:?}");
        assert!(text.contains("SOME TEXTSOME"), "{growth:?}: {text}");
    }
}
