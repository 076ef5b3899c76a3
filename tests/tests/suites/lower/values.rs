//! Chosen and random values for each lowered instruction.

use super::engines::same;

/// A generator that gives the same numbers every time.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

fn halves(n: u64) -> Vec<u64> {
    vec![n & 0xffff_ffff, n >> 32]
}

#[test]
fn sign_extensions_of_edges_and_random_numbers() {
    let ops = [
        ("i32.extend8_s", false),
        ("i32.extend16_s", false),
        ("i64.extend8_s", true),
        ("i64.extend16_s", true),
        ("i64.extend32_s", true),
    ];
    let mut wat = "(module ".to_owned();
    for (op, wide) in ops {
        wat.push_str(&match wide {
            false => format!("(func (export \"{op}\") (param i32 i32) (result i32) local.get 0 {op})"),
            true => format!(
                "(func (export \"{op} low\") (param i32 i32) (result i32) {JOINED} {op} i32.wrap_i64)
                 (func (export \"{op} high\") (param i32 i32) (result i32)
                    {JOINED} {op} i64.const 32 i64.shr_u i32.wrap_i64)"
            ),
        });
    }
    wat.push(')');
    let mut values = Vec::new();
    for bits in [7, 8, 15, 16, 31, 32, 63] {
        let power = 1u64 << bits;
        values.extend([power - 1, power, power + 1, power.wrapping_neg(), !power]);
    }
    values.extend([0, u64::MAX]);
    let mut numbers = Numbers(7);
    values.extend((0..200).map(|_| numbers.next()));
    let names: Vec<String> = ops
        .iter()
        .flat_map(|&(op, wide)| match wide {
            false => vec![op.to_owned()],
            true => vec![format!("{op} low"), format!("{op} high")],
        })
        .collect();
    let calls: Vec<(&str, Vec<u64>)> = names
        .iter()
        .flat_map(|name| values.iter().map(|&n| (name.as_str(), halves(n))))
        .collect();
    same(&wat, "mvp", &calls);
}

/// The two parameters as one i64.
const JOINED: &str =
    "local.get 1 i64.extend_i32_u i64.const 32 i64.shl local.get 0 i64.extend_i32_u i64.or";

#[test]
fn saturating_conversions_of_edges_and_random_numbers() {
    let mut wat = "(module ".to_owned();
    let mut names = Vec::new();
    for to in ["i32", "i64"] {
        for from in ["f32", "f64"] {
            for sign in ["s", "u"] {
                let op = format!("{to}.trunc_sat_{from}_{sign}");
                let value = match from {
                    "f32" => "local.get 0 f32.reinterpret_i32".to_owned(),
                    _ => format!("{JOINED} f64.reinterpret_i64"),
                };
                let parts = match to {
                    "i32" => vec![("", "")],
                    _ => vec![
                        (" low", "i32.wrap_i64"),
                        (" high", "i64.const 32 i64.shr_u i32.wrap_i64"),
                    ],
                };
                for (part, end) in parts {
                    names.push((format!("{op}{part}"), from == "f32"));
                    wat.push_str(&format!(
                        "(func (export \"{op}{part}\") (param i32 i32) (result i32) {value} {op} {end})"
                    ));
                }
            }
        }
    }
    wat.push(')');
    let mut singles: Vec<f32> = vec![
        0.0,
        0.5,
        1.0,
        f32::NAN,
        f32::INFINITY,
        f32::MAX,
        f32::MIN_POSITIVE,
    ];
    let mut doubles: Vec<f64> = vec![
        0.0,
        0.5,
        1.0,
        f64::NAN,
        f64::INFINITY,
        f64::MAX,
        f64::MIN_POSITIVE,
    ];
    for power in [7, 31, 32, 52, 53, 62, 63, 64] {
        let single = 2f32.powi(power);
        singles.extend([single.next_down(), single, single.next_up()]);
        let double = 2f64.powi(power);
        doubles.extend([double.next_down(), double - 1.0, double - 0.5, double]);
        doubles.extend([double.next_up(), double + 0.5, double + 1.0]);
    }
    let mut numbers = Numbers(11);
    let mut single_bits: Vec<u64> = singles
        .iter()
        .flat_map(|n| [u64::from(n.to_bits()), u64::from((-n).to_bits())])
        .collect();
    let mut double_bits: Vec<u64> = doubles
        .iter()
        .flat_map(|n| [n.to_bits(), (-n).to_bits()])
        .collect();
    for _ in 0..100 {
        let n = numbers.next();
        single_bits.extend([n & 0xffff_ffff, u64::from((n as i32 as f32).to_bits())]);
        double_bits.extend([
            n,
            (n as i64 as f64).to_bits(),
            (n as i32 as f64 + 0.5).to_bits(),
        ]);
    }
    let calls: Vec<(&str, Vec<u64>)> = names
        .iter()
        .flat_map(|(name, single)| {
            let bits = if *single { &single_bits } else { &double_bits };
            bits.iter().map(|&n| (name.as_str(), halves(n)))
        })
        .collect();
    same(&wat, "mvp", &calls);
}

const CHECKSUM: &str = r#"
    (func (export "sum") (result i32) (local i32 i32)
        loop
            local.get 1 i32.const 31 i32.mul local.get 0 i32.load8_u i32.add local.set 1
            local.get 0 i32.const 1 i32.add local.tee 0 i32.const 4096 i32.lt_u br_if 0
        end
        local.get 1)"#;

#[test]
fn copies_and_fills_at_every_distance() {
    let wat = format!(
        r#"(module (memory (export "memory") 1)
        (func (export "copy") (param i32 i32 i32) local.get 0 local.get 1 local.get 2 memory.copy)
        (func (export "fill") (param i32 i32 i32) local.get 0 local.get 1 local.get 2 memory.fill)
        (func (export "mix") (local i32)
            loop
                local.get 0 local.get 0 local.get 0 i32.mul local.get 0 i32.const 5 i32.shr_u i32.xor
                i32.store8
                local.get 0 i32.const 1 i32.add local.tee 0 i32.const 4096 i32.lt_u br_if 0
            end)
        {CHECKSUM})"#
    );
    let mut calls: Vec<(&str, Vec<u64>)> = vec![("fill", vec![0, 0x1ab, 100])];
    let mut numbers = Numbers(3);
    for length in 0..150 {
        calls.push(("fill", vec![length * 13, numbers.next() & 0xfff, length]));
        calls.push(("sum", vec![]));
    }
    for distance in [-70i64, -33, -32, -31, -17, -9, -8, -7, -3, -1, 0] {
        for distance in [distance, -distance] {
            calls.push(("mix", vec![]));
            for length in (0..35).chain([39, 40, 41, 63, 64, 65, 97, 128, 129]) {
                calls.push(("copy", vec![1000 + 7, (1007 + distance) as u64, length]));
                calls.push(("sum", vec![]));
            }
        }
    }
    for _ in 0..200 {
        let args = vec![
            numbers.next() % 2000,
            numbers.next() % 2000,
            numbers.next() % 1500,
        ];
        calls.push(("copy", args));
    }
    calls.push(("sum", vec![]));
    // At the end of the memory, up to it and over it.
    for (to, from, length) in [(65536, 0, 0), (65530, 0, 6), (0, 65530, 6)] {
        calls.push(("copy", vec![to, from, length]));
        calls.push(("fill", vec![to, from, length]));
    }
    calls.push(("sum", vec![]));
    same(&wat, "mvp", &calls);
    for over in [
        ("copy", vec![65537, 0, 0]),
        ("copy", vec![0, 65531, 6]),
        ("copy", vec![0xffff_ffff, 0, 2]),
        ("fill", vec![65531, 0, 6]),
        ("fill", vec![0xffff_ffff, 0, 0xffff_ffff]),
    ] {
        same(&wat, "mvp", &[("sum", vec![]), over, ("sum", vec![])]);
    }
}

#[test]
fn passive_segments_are_copied_until_they_are_dropped() {
    let data: String = (0..1001u32)
        .map(|n| format!("\\{:02x}", n * 37 % 251))
        .collect();
    let wat = format!(
        r#"(module (memory (export "memory") 1)
        (data $d "{data}") (data $empty "")
        (func (export "init") (param i32 i32 i32) local.get 0 local.get 1 local.get 2 memory.init $d)
        (func (export "nothing") (param i32 i32 i32) local.get 0 local.get 1 local.get 2 memory.init $empty)
        (func (export "drop") data.drop $d)
        {CHECKSUM})"#
    );
    let mut calls: Vec<(&str, Vec<u64>)> = vec![("init", vec![5, 0, 1001]), ("sum", vec![])];
    let mut numbers = Numbers(5);
    for _ in 0..100 {
        let from = numbers.next() % 1000;
        calls.push((
            "init",
            vec![numbers.next() % 3000, from, numbers.next() % (1002 - from)],
        ));
        calls.push(("sum", vec![]));
    }
    calls.push(("init", vec![65536, 1001, 0]));
    calls.push(("nothing", vec![0, 0, 0]));
    calls.push(("drop", vec![]));
    calls.push(("init", vec![0, 0, 0]));
    calls.push(("sum", vec![]));
    for trap in [
        ("init", vec![0, 0, 1]),
        ("nothing", vec![0, 1, 0]),
        ("nothing", vec![0, 0, 1]),
    ] {
        calls.push(trap);
        same(&wat, "mvp", &calls);
        calls.pop();
    }
    for trap in [vec![0, 1, 1001], vec![0, 0xffff_ffff, 2], vec![65530, 0, 7]] {
        same(&wat, "mvp", &[("init", trap), ("sum", vec![])]);
    }
}

#[test]
fn blocks_and_functions_with_several_values() {
    let wat = r#"(module
        (type $three (func (param i32 i32) (result i32 i64 i32)))
        (type $one (func (param i32 i32) (result i32)))
        (table 2 funcref) (elem (i32.const 0) $three $one)
        (func $three (type $three)
            local.get 0 i32.const 1 i32.eq
            if i32.const 7 i64.const 8 local.get 1 return end
            local.get 0 i32.const 2 i32.eq
            if i32.const 9 i64.const 10 i32.const 11 br 1 end
            local.get 1 local.get 0 i64.extend_i32_s local.get 0 local.get 1 i32.sub)
        (func $one (type $one) local.get 0)
        (func $sum (param i32 i64 i32) (result i32)
            local.get 0 i32.const 3 i32.mul local.get 1 i32.wrap_i64 i32.add
            i32.const 5 i32.mul local.get 2 i32.add)
        (func (export "call") (param i32 i32) (result i32) local.get 0 local.get 1 call $three call $sum)
        (func (export "indirect") (param i32 i32) (result i32)
            local.get 0 local.get 1 local.get 0 i32.const 3 i32.shr_u call_indirect (type $three) call $sum)
        (func $fibonacci (param i32) (result i32 i32)
            local.get 0 i32.eqz
            if (result i32 i32) i32.const 0 i32.const 1
            else local.get 0 i32.const 1 i32.sub call $fibonacci (call $rotate) end)
        (func $rotate (param i32 i32) (result i32 i32) local.get 1 local.get 0 local.get 1 i32.add)
        (func (export "fibonacci") (param i32 i32) (result i32) local.get 0 call $fibonacci drop)
        (func (export "loop") (param i32 i32) (result i32)
            local.get 0 i32.const 255 i32.and local.get 1
            loop (param i32 i32) (result i32)
                local.set 1 local.tee 0 local.get 1 local.get 0 i32.add i32.const 7 i32.xor
                local.get 0 i32.const 1 i32.sub i32.const 0 i32.gt_s
                if (param i32 i32) (result i32)
                    local.set 1 i32.const 1 i32.sub local.get 1 br 1
                else i32.add end
            end)
        (func (export "br_if") (param i32 i32) (result i32)
            block (result i32 i32 i32)
                local.get 0 local.get 1 i32.const 3
                local.get 0 i32.const 1 i32.and br_if 0
                i32.add
                local.get 1 i32.const 1 i32.and
                if (param i32 i32) (result i32 i32) i32.const 2 i32.mul end
                local.get 0
            end
            i32.const 10 i32.mul i32.add i32.const 10 i32.mul i32.add)
        (func (export "br_table") (param i32 i32) (result i32)
            block (result i32 i32)
                block (result i32 i32)
                    block (result i32 i32)
                        local.get 0 local.get 1
                        local.get 0 i32.const 7 i32.and br_table 0 1 2 1 2
                    end
                    i32.const 1 i32.add
                end
                i32.const 2 i32.mul
            end
            i32.const 1000 i32.mul i32.add)
        (func (export "br_table one") (param i32 i32) (result i32)
            block (result i32)
                local.get 0
                loop (param i32) (result i32)
                    i32.const 1 i32.sub local.tee 0
                    local.get 0 i32.const 3 i32.and
                    br_table 0 1 0
                end
            end
            local.get 1 i32.add))"#;
    let mut calls: Vec<(&str, Vec<u64>)> = Vec::new();
    let mut numbers = Numbers(13);
    let mut pairs: Vec<(u64, u64)> = (0..20).map(|n| (n, 20 - n)).collect();
    pairs.extend((0..100).map(|_| (numbers.next() & 0xffff_ffff, numbers.next() & 0xffff_ffff)));
    for (a, b) in pairs {
        for name in ["call", "loop", "br_if", "br_table", "br_table one"] {
            calls.push((name, vec![a, b]));
        }
        calls.push(("fibonacci", vec![a % 20, 0]));
        calls.push(("indirect", vec![a % 8, b]));
    }
    same(wat, "mvp", &calls);
    // A function of a type that is the same but for the further results still traps.
    same(wat, "mvp", &[("indirect", vec![8, 1])]);
}

#[test]
fn tables_that_are_written_and_references_as_values() {
    let wat = r#"(module
        (memory (export "memory") 1 4)
        (type $f (func (result i32)))
        (table $t 8 20 funcref) (table $u 5 funcref)
        (elem (i32.const 1) $a $b) (elem (table $u) (i32.const 0) func $b $a)
        (elem $passive funcref (ref.func $c) (ref.null func) (ref.func $a))
        (global $kept (mut funcref) (ref.func $c))
        (func $a (result i32) i32.const 10) (func $b (result i32) i32.const 20)
        (func $c (result i32) i32.const 30)
        (func (export "t") (param i32) (result i32) local.get 0 call_indirect $t (type $f))
        (func (export "u") (param i32) (result i32) local.get 0 call_indirect $u (type $f))
        (func (export "null") (param i32) (result i32) local.get 0 table.get $t ref.is_null)
        (func (export "set") (param i32 i32) (local funcref)
            local.get 1 if ref.func $b local.set 2 end local.get 0 local.get 2 table.set $t)
        (func (export "keep") (param i32) local.get 0 table.get $t global.set $kept)
        (func (export "kept") (param i32) local.get 0 global.get $kept table.set $t)
        (func (export "size") (result i32) table.size $t)
        (func (export "grow") (param i32) (result i32) ref.func $a local.get 0 table.grow $t)
        (func (export "fill") (param i32 i32)
            local.get 0 ref.func $c ref.null func local.get 0 select (result funcref) local.get 1 table.fill $t)
        (func (export "copy") (param i32 i32 i32) local.get 0 local.get 1 local.get 2 table.copy $t $t)
        (func (export "across") (param i32 i32 i32) local.get 0 local.get 1 local.get 2 table.copy $t $u)
        (func (export "init") (param i32 i32 i32) local.get 0 local.get 1 local.get 2 table.init $t $passive)
        (func (export "drop") elem.drop $passive)
        (func (export "memory grow") (param i32) (result i32) local.get 0 memory.grow)
        (func (export "memory size") (result i32) memory.size))"#;
    let mut calls: Vec<(&str, Vec<u64>)> = vec![
        ("memory grow", vec![1]),
        ("size", vec![]),
        ("t", vec![1]),
        ("u", vec![1]),
        ("init", vec![3, 0, 3]),
        ("null", vec![3]),
        ("null", vec![4]),
        ("t", vec![3]),
        ("t", vec![5]),
        ("keep", vec![1]),
        ("kept", vec![0]),
        ("grow", vec![5]),
        ("grow", vec![100]),
        ("memory grow", vec![2]),
        ("memory size", vec![]),
        ("memory grow", vec![1]),
        ("t", vec![12]),
        ("fill", vec![2, 3]),
        ("copy", vec![1, 0, 8]),
        ("copy", vec![0, 3, 9]),
        ("copy", vec![13, 13, 0]),
        ("across", vec![4, 0, 2]),
        ("drop", vec![]),
        ("init", vec![0, 0, 0]),
    ];
    let mut numbers = Numbers(17);
    for _ in 0..200 {
        let (a, b, c) = (numbers.next() % 6, numbers.next() % 6, numbers.next() % 6);
        calls.push(("copy", vec![a, b, c]));
        calls.push(("set", vec![numbers.next() % 13, a & 1]));
        calls.extend((0..13).map(|n| ("null", vec![n])));
    }
    same(wat, "mvp", &calls);
    let traps: [(&str, Vec<u64>); 9] = [
        ("t", vec![0]),
        ("t", vec![8]),
        ("u", vec![5]),
        ("u", vec![2]),
        ("set", vec![8, 1]),
        ("fill", vec![7, 2]),
        ("copy", vec![7, 0, 2]),
        ("init", vec![0, 2, 2]),
        ("across", vec![0, 4, 2]),
    ];
    for trap in traps {
        same(wat, "mvp", &[("size", vec![]), trap, ("t", vec![1])]);
    }
}

#[test]
fn joined_tables_keep_their_bounds() {
    let wat = r#"(module
        (type $f (func (result i32)))
        (table $t 3 funcref) (table $u 2 funcref)
        (elem (i32.const 0) $a $b) (elem (table $u) (i32.const 0) func $b $a)
        (func $a (result i32) i32.const 10) (func $b (result i32) i32.const 20)
        (func (export "t") (param i32) (result i32) local.get 0 call_indirect $t (type $f))
        (func (export "u") (param i32) (result i32) local.get 0 call_indirect $u (type $f)))"#;
    same(
        wat,
        "mvp",
        &[
            ("t", vec![0]),
            ("t", vec![1]),
            ("u", vec![0]),
            ("u", vec![1]),
        ],
    );
    for (name, index) in [("t", 2), ("t", 3), ("u", 2), ("u", 0xffff_ffff)] {
        same(wat, "mvp", &[(name, vec![index])]);
    }
}

#[test]
fn tail_calls_of_itself_use_no_stack() {
    let wat = r#"(module
        (func $count (export "count") (param i32 i32) (result i32) (local i32)
            local.get 2 if i32.const -1 return end
            i32.const 1 local.set 2
            local.get 0 i32.eqz if local.get 1 return end
            local.get 0 i32.const 1 i32.sub local.get 1 local.get 0 i32.add
            return_call $count)
        (func $even (param i32) (result i32)
            local.get 0 i32.eqz if i32.const 1 return end
            local.get 0 i32.const 1 i32.sub return_call $odd)
        (func $odd (param i32) (result i32)
            local.get 0 i32.eqz if i32.const 0 return end
            local.get 0 i32.const 1 i32.sub i32.const 0 return_call_indirect (param i32) (result i32))
        (table 1 funcref) (elem (i32.const 0) $even)
        (func (export "even") (param i32) (result i32) local.get 0 return_call $even)
        (func $pair (param i32 i32) (result i32 i32)
            local.get 0 i32.eqz if local.get 1 local.get 0 return end
            block local.get 0 i32.const 1 i32.and br_if 0
                local.get 0 i32.const 1 i32.sub local.get 1 return_call $pair end
            local.get 0 i32.const 1 i32.sub local.get 1 local.get 0 i32.add return_call $pair)
        (func (export "pair") (param i32) (result i32) local.get 0 i32.const 0 call $pair i32.add))"#;
    let calls = [
        ("count", vec![0, 5]),
        ("count", vec![1_000_000, 0]),
        ("even", vec![10]),
        ("even", vec![11]),
        ("pair", vec![100_001]),
    ];
    same(wat, "mvp", &calls);
}

#[test]
fn a_start_function_runs_before_the_first_export_where_none_is_taken() {
    let wat = r#"(module
        (global $g (mut i32) (i32.const 1))
        (func $start global.get $g i32.const 10 i32.mul global.set $g)
        (start $start)
        (func (export "get") (result i32) global.get $g)
        (func (export "add") (param i32) (result i32)
            global.get $g local.get 0 i32.add global.set $g global.get $g))"#;
    let module = wat::parse_str(wat).unwrap();
    let profile = p1bridge::profiles::Profile::parse(
        "name = \"no-start\"\n[wasm]\nfeatures = []\n[host]\nstart = false\n",
    )
    .unwrap();
    let lowered = p1bridge::lower::lower(&module, &profile).unwrap().wasm;
    assert_eq!(p1bridge_tests::module::parts(&lowered).unwrap().start, None);
    let engine = super::engines::limited("mvp").unwrap();
    let calls = [("add".to_owned(), vec![5]), ("get".to_owned(), vec![])];
    let (gave, _) = super::engines::run(&engine, &lowered, &calls)
        .unwrap()
        .unwrap();
    assert_eq!(gave, [Some(vec![15]), Some(vec![15])]);
}

#[test]
fn extended_constants_are_evaluated() {
    let wat = r#"(module (memory (export "memory") 1)
        (global $base i32 (i32.add (i32.const 16) (i32.mul (i32.const 3) (i32.const 4))))
        (global $wide i64 (i64.sub (i64.const 5) (i64.const 7)))
        (data (i32.sub (i32.const 100) (i32.const 1)) "xyz")
        (func (export "base") (result i32) global.get $base)
        (func (export "wide") (result i32) global.get $wide i32.wrap_i64)
        (func (export "load") (param i32) (result i32) local.get 0 i32.load))"#;
    same(
        wat,
        "mvp",
        &[("base", vec![]), ("wide", vec![]), ("load", vec![98])],
    );
}

#[test]
fn a_block_that_gives_a_reference_which_is_never_there_is_lowered() {
    let wat = r#"(module
        (func (export "f") (param i32) (result i32)
          (if (local.get 0) (then (drop (block (result funcref) (unreachable)))))
          (i32.const 7)))"#;
    same(wat, "mvp", &[("f", vec![0]), ("f", vec![1])]);
}

#[test]
fn references_that_the_host_never_sees_are_null_and_numbers() {
    let wat = r#"(module
                (memory (export "memory") 1)
         (table $e 3 10 externref) (table $f 4 funcref)
         (type $te (func (param externref) (result i32))) (type $tf (func (param funcref) (result i32))) (type $ti (func (param i32) (result i32)))
         (elem (table $f) (i32.const 0) func $a $b $c)
         (func $a (type $te) (ref.is_null (local.get 0)))
         (func $b (type $tf) (ref.is_null (local.get 0)))
         (func $c (type $ti) (local.get 0))
         (global $g (mut externref) (ref.null extern))
         (func $local (result i32) (local $x externref) (local.set $x (global.get $g)) (global.set $g (local.get $x)) (ref.is_null (select (result externref) (local.get $x) (ref.null extern) (i32.const 1))))
         (func (export "run") (param $n i32) (result i32)
           (if (i32.eq (local.get $n) (i32.const 0)) (then (return (call $local))))
           (if (i32.eq (local.get $n) (i32.const 1)) (then (table.set $e (i32.const 2) (ref.null extern)) (return (ref.is_null (table.get $e (i32.const 2))))))
           (if (i32.eq (local.get $n) (i32.const 2)) (then (return (table.grow $e (ref.null extern) (i32.const 4)))))
           (if (i32.eq (local.get $n) (i32.const 3)) (then (return (table.size $e))))
           (if (i32.eq (local.get $n) (i32.const 4)) (then (return (call_indirect $f (type $te) (ref.null extern) (i32.const 0)))))
           (if (i32.eq (local.get $n) (i32.const 5)) (then (return (call_indirect $f (type $te) (ref.null extern) (i32.const 1)))))
           (if (i32.eq (local.get $n) (i32.const 6)) (then (return (call_indirect $f (type $te) (ref.null extern) (i32.const 2)))))
           (if (i32.eq (local.get $n) (i32.const 7)) (then (return (call_indirect $f (type $tf) (ref.func $b) (i32.const 1)))))
           (if (i32.eq (local.get $n) (i32.const 8)) (then (table.fill $e (i32.const 1) (ref.null extern) (i32.const 2)) (return (i32.const 5))))
           (if (i32.eq (local.get $n) (i32.const 9)) (then (table.copy $e $e (i32.const 0) (i32.const 1) (i32.const 2)) (return (i32.const 6))))
           (if (i32.eq (local.get $n) (i32.const 10)) (then (drop (table.get $e (i32.const 99)))))
           (i32.const 77))
         (elem declare func $b))"#;
    let calls: Vec<(&str, Vec<u64>)> = [0, 1, 2, 3, 4, 7, 8, 9, 2, 3]
        .map(|n| ("run", vec![n]))
        .into();
    same(wat, "mvp", &calls);
    // Types that become alike stay apart, and a table has its bounds.
    for trap in [5, 6, 10] {
        same(wat, "mvp", &[("run", vec![3]), ("run", vec![trap])]);
    }
}

#[test]
fn what_cannot_be_lowered_is_named_with_its_place() {
    let refused = [
        ("simd128", "(module (func (export \"f\") (param v128)))"),
        ("threads", "(module (memory 1 1 shared))"),
        ("exception-handling", "(module (import \"m\" \"t\" (tag)))"),
        ("memory64", "(module (memory i64 1))"),
        (
            "multivalue",
            "(module (func (export \"f\") (result i32 i32) i32.const 1 i32.const 2))",
        ),
        (
            "reference-types",
            "(module (func (export \"f\") (param externref)))",
        ),
        (
            "the export t is a table of references",
            "(module (table (export \"t\") 1 externref))",
        ),
        (
            "the import a.t is a table of references",
            "(module (import \"a\" \"t\" (table 1 externref)))",
        ),
    ];
    let profile = p1bridge::profiles::named("wamr-2020").unwrap();
    for (word, wat) in refused {
        let module = wat::parse_str(wat).unwrap();
        let mvp = p1bridge::profiles::named("mvp").unwrap();
        let profile = if word == "multivalue" { &mvp } else { &profile };
        let error = format!(
            "{:#}",
            p1bridge::lower::lower(&module, profile).unwrap_err()
        );
        assert!(error.contains(word), "{word}: {error}");
    }
}
