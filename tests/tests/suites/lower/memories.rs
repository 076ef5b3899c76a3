//! Several memories in one: each keeps its bytes, its bounds and its size.

use p1bridge::check::check;
use p1bridge::lower::lower;
use p1bridge::profiles::named;

use super::engines::{limited, run, same, same_on_wasmi};

const THREE: &str = r#"(module
    (memory $a 1 3) (memory $b 1 4) (memory $c 0 2)
    (export "memory" (memory $b))
    (data (memory $a) (i32.const 10) "from a") (data (memory $b) (i32.const 20) "from b")
    (data $passive "passive bytes")
    (func (export "load a") (param i32) (result i32) local.get 0 i32.load8_u $a)
    (func (export "load b") (param i32) (result i32) local.get 0 i32.load8_u $b)
    (func (export "load c") (param i32) (result i32) local.get 0 i64.load $c offset=3 i32.wrap_i64)
    (func (export "store a") (param i32 i32) local.get 0 local.get 1 i32.store16 $a)
    (func (export "store b") (param i32 i32) local.get 0 local.get 1 i32.store $b)
    (func (export "store c") (param i32 i32) local.get 0 local.get 1 f32.convert_i32_s f32.store $c)
    (func (export "size a") (result i32) memory.size $a)
    (func (export "size b") (result i32) memory.size $b)
    (func (export "size c") (result i32) memory.size $c)
    (func (export "grow a") (param i32) (result i32) local.get 0 memory.grow $a)
    (func (export "grow b") (param i32) (result i32) local.get 0 memory.grow $b)
    (func (export "grow c") (param i32) (result i32) local.get 0 memory.grow $c)
    (func (export "copy a b") (param i32 i32 i32)
        local.get 0 local.get 1 local.get 2 memory.copy $a $b)
    (func (export "copy b c") (param i32 i32 i32)
        local.get 0 local.get 1 local.get 2 memory.copy $b $c)
    (func (export "copy c c") (param i32 i32 i32)
        local.get 0 local.get 1 local.get 2 memory.copy $c $c)
    (func (export "fill c") (param i32 i32 i32)
        local.get 0 local.get 1 local.get 2 memory.fill $c)
    (func (export "init c") (param i32 i32 i32)
        local.get 0 local.get 1 local.get 2 memory.init $c $passive))"#;

type Calls = Vec<(&'static str, Vec<u64>)>;

/// All that can be seen of the three.
fn look() -> Calls {
    let mut calls: Calls = ["size a", "size b", "size c"].map(|f| (f, vec![])).into();
    for address in (8..32).chain([65534, 65535]) {
        calls.push(("load a", vec![address]));
        calls.push(("load b", vec![address]));
    }
    calls
}

#[test]
fn growing_one_moves_the_others_and_changes_nothing_in_them() {
    let mut calls = look();
    for (grow, by) in [
        ("grow c", 1),
        ("grow b", 2),
        ("grow a", 0),
        ("grow a", 2),
        ("grow a", 1),
        ("grow b", 2),
        ("grow c", 1),
        ("grow b", 0xffff_ffff),
        ("grow c", 1),
    ] {
        calls.push(("store a", vec![12, by + 7]));
        calls.push(("store b", vec![24, by + 9]));
        calls.push((grow, vec![by]));
        calls.push(("store c", vec![8, by]));
        calls.push(("load c", vec![5]));
        calls.extend(look());
    }
    same(THREE, "mvp", &calls);
    same_on_wasmi(THREE, "wazero", &calls);
}

#[test]
fn bytes_are_copied_from_one_to_another() {
    let mut calls: Calls = vec![
        ("grow c", vec![2]),
        ("copy a b", vec![11, 21, 3]),
        ("init c", vec![100, 1, 11]),
        ("fill c", vec![104, 0x141, 3]),
        ("copy c c", vec![102, 100, 40]),
        ("copy b c", vec![9, 98, 60]),
        ("copy a b", vec![65530, 9, 6]),
        ("copy b c", vec![65536, 131072, 0]),
        ("load c", vec![97]),
    ];
    calls.extend(look());
    same(THREE, "mvp", &calls);
    same_on_wasmi(THREE, "wazero", &calls);
}

#[test]
fn every_access_over_the_end_of_its_memory_traps() {
    let traps: [(&str, Vec<u64>); 18] = [
        ("load a", vec![65536]),
        ("load b", vec![65536]),
        ("load a", vec![0xffff_ffff]),
        ("load c", vec![0]),
        ("load c", vec![0xffff_fffe]),
        ("store a", vec![65535, 1]),
        ("store b", vec![65533, 1]),
        ("store b", vec![0xffff_fffd, 1]),
        ("store c", vec![0, 1]),
        ("copy a b", vec![65530, 0, 7]),
        ("copy a b", vec![0, 65530, 7]),
        ("copy a b", vec![65537, 0, 0]),
        ("copy b c", vec![0, 0, 1]),
        ("copy b c", vec![0, 1, 0]),
        ("copy c c", vec![0, 0, 1]),
        ("fill c", vec![0, 0, 1]),
        ("init c", vec![0, 0, 1]),
        ("init c", vec![0, 14, 0]),
    ];
    for trap in traps {
        let before = ("size a", vec![]);
        let after = ("load b", vec![20]);
        let calls = [before, trap, after];
        same(THREE, "mvp", &calls);
        same_on_wasmi(THREE, "wamr-1", &calls);
    }
}

#[test]
fn what_lies_above_them_is_kept_too() {
    // The second table is written, so both lie in a block above the memories.
    let wat = r#"(module
        (type $f (func (result i32)))
        (memory (export "memory") 1 2) (memory $b 1 2)
        (table 2 funcref) (table $t 2 funcref) (elem (i32.const 0) $one $two)
        (func $one (result i32) i32.const 1) (func $two (result i32) i32.const 2)
        (func (export "set") (param i32 i32) local.get 0 local.get 1 table.get 0 table.set $t)
        (func (export "call") (param i32) (result i32) local.get 0 call_indirect $t (type $f))
        (func (export "grow") (param i32) (result i32) local.get 0 memory.grow)
        (func (export "grow b") (param i32) (result i32) local.get 0 memory.grow $b)
        (func (export "put") (param i32 i32) local.get 0 local.get 1 i32.store $b)
        (func (export "get") (param i32) (result i32) local.get 0 i32.load $b))"#;
    let calls = [
        ("set", vec![1, 0]),
        ("put", vec![65532, 5]),
        ("grow", vec![1]),
        ("call", vec![1]),
        ("get", vec![65532]),
        ("grow b", vec![1]),
        ("get", vec![65532]),
        ("put", vec![131068, 6]),
        ("call", vec![1]),
        ("set", vec![0, 1]),
        ("get", vec![131068]),
        ("call", vec![0]),
    ];
    same(wat, "mvp", &calls);
}

#[test]
fn memories_that_the_host_would_have_to_know_are_refused() {
    let refused = [
        (
            "a second memory is exported, as \"b\"",
            r#"(module (memory (export "a") 1) (memory (export "b") 1))"#,
        ),
        (
            "env.m is imported",
            r#"(module (import "env" "m" (memory 1)) (memory 1))"#,
        ),
    ];
    let node = named("node").unwrap();
    for (words, wat) in refused {
        let module = wat::parse_str(wat).unwrap();
        let error = format!("{:#}", lower(&module, &node).unwrap_err());
        assert!(error.contains(words), "{error}");
        let verdict = check(&module, &node).unwrap();
        assert!(!verdict.fits && !verdict.fits_lowered, "{verdict}");
    }
}

#[test]
fn atomic_instructions_work_on_memories_that_are_not_shared() {
    use p1bridge_tests::wast::core::{Figures, run as run_script};
    for profile in ["mvp", "portable", "wasmi"] {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("lower/atomics.wast");
        let mut figures = Figures::default();
        run_script(&path, &named(profile).unwrap(), &mut figures).unwrap();
        assert!(figures.differ.is_empty(), "{:#?}", figures.differ);
        assert!(figures.refused.is_empty(), "{:#?}", figures.refused);
        assert_eq!((figures.agree, figures.skipped), (20, 2));
    }
}

#[test]
fn atomic_instructions_on_one_of_several_memories_are_checked() {
    let module = wat::parse_str(
        r#"(module (memory (export "memory") 1) (memory $m 1)
             (func (export "add") (param i32) (result i32)
               (drop (i32.atomic.rmw.add $m (local.get 0) (i32.const 7)))
               (i32.add (i32.load $m (local.get 0)) (i32.load (local.get 0)))))"#,
    )
    .unwrap();
    let lowered = lower(&module, &named("mvp").unwrap()).unwrap().wasm;
    let calls = [4, 65532, 65536].map(|n| ("add".to_owned(), vec![n]));
    let (gave, _) = run(&limited("mvp").unwrap(), &lowered, &calls)
        .unwrap()
        .unwrap();
    assert_eq!(gave, [Some(vec![7]), Some(vec![7]), None]);
}
