//! A hostile guest, a neighbour and a host: whatever the guest gives to the host, the flat module does
//! what the component does on wasmtime, and the host never sees anything of the neighbour's.
//!
//! For each type the guest passes right values and values that are wrong in one place: pointers into
//! the neighbour, misaligned ones, lengths, discriminants, characters, strings; as parameters of an
//! import, as results of an export, as places for results, and as answers of its `realloc`.

mod attacks;
mod machines;

use anyhow::{Context, Result, ensure};
use attacks::{Attack, Image, core, record, sample, text};
use machines::{Flat, Interface, Oracle, Outcome, assemble, import_width};
use p1bridge_linker::{Growth, Isolation, MemoryMode, Options, Profile};
use p1bridge_tests::random::numbers::Random;
use p1bridge_tests::wast::layout::{Core, flatten};
use p1bridge_tests::wast::types::{FuncType, Type};
use p1bridge_tests::wast::value::Value;

/// What lies in the neighbour's memory, from its first byte on.
const SECRET: &str = "SECRETSECRETSECRET";

/// Where the guest is: beside a neighbour that the host passes nothing to, or beside one that it does,
/// so that the host's values have to lie in a region of their own.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Beside {
    Silent,
    Crossing,
}

fn list(element: Type) -> Type {
    Type::List(Box::new(element))
}

fn option(ty: Type) -> Type {
    Type::Variant(vec![("none".into(), None), ("some".into(), Some(ty))])
}

fn result(ok: Option<Type>, error: Option<Type>) -> Type {
    Type::Variant(vec![("ok".into(), ok), ("error".into(), error)])
}

/// What is passed.
fn types() -> Vec<Vec<Type>> {
    use Type::{Bool, Char, F32, String, U8, U16, U32, U64};
    vec![
        vec![String],
        vec![list(U8)],
        vec![list(U32), U32],
        vec![list(U64)],
        vec![list(String)],
        vec![list(list(U16))],
        vec![list(Char)],
        vec![list(Bool)],
        vec![Char],
        vec![option(U32)],
        vec![option(String)],
        vec![result(None, None)],
        vec![result(Some(F32), Some(U64))],
        vec![result(Some(U8), Some(list(option(String))))],
        vec![list(result(None, Some(Char)))],
        vec![record(&[U8, String, record(&[Char, list(U16)])])],
        vec![list(record(&[U8, option(U64), String]))],
        // More than there are flat parameters.
        vec![String; 9],
        vec![U64; 17],
    ]
}

/// The component of guest and neighbour. The guest imports `f` and exports `run`, which calls it with the
/// core values that `arg` sets; `get`, which returns them; `take`, which is passed what `f` is; `poke`;
/// and `answer`, which sets what its `realloc` returns from then on.
fn component(params: &[Type], returned: Option<&Type>, beside: Beside) -> String {
    let all = record(params);
    let import = FuncType {
        params: Vec::new(),
        result: returned.cloned(),
    };
    let mut core_params: Vec<Core> = match import_width(params) {
        1 if flatten(&all).len() > 1 => vec![Core::I32],
        _ => flatten(&all),
    };
    let taken = core_params.len();
    let mut core_result = String::new();
    if let Some(result) = &import.result {
        match flatten(result)[..] {
            [one] => core_result = format!("(result {})", core(one)),
            _ => core_params.push(Core::I32),
        }
    }
    let typed: Vec<&str> = core_params.iter().map(|ty| core(*ty)).collect();
    let globals: String = (0..core_params.len().max(1))
        .map(|i| format!("(global $a{i} (mut i64) (i64.const 0))\n"))
        .collect();
    let set: String = (0..core_params.len().max(1))
        .map(|i| {
            format!(
                "(if (i32.eq (local.get 0) (i32.const {i})) (then (global.set $a{i} (local.get 1))))\n"
            )
        })
        .collect();
    let get = |i: usize, ty: Core| {
        let bits = format!("(global.get $a{i})");
        match ty {
            Core::I32 => format!("(i32.wrap_i64 {bits})"),
            Core::I64 => bits,
            Core::F32 => format!("(f32.reinterpret_i32 (i32.wrap_i64 {bits}))"),
            Core::F64 => format!("(f64.reinterpret_i64 {bits})"),
        }
    };
    let args: String = core_params
        .iter()
        .enumerate()
        .map(|(i, ty)| get(i, *ty))
        .collect();
    let dropped = if core_result.is_empty() { "" } else { "(drop)" };
    let got = match flatten(&all)[..] {
        [one] => one,
        _ => Core::I32,
    };
    let fields: String = params
        .iter()
        .enumerate()
        .map(|(i, ty)| format!("(param \"p{i}\" {}) ", text(ty)))
        .collect();
    let result = returned.map_or(String::new(), |ty| format!("(result {})", text(ty)));
    let image = Image::params(params).literal();
    let neighbour_exports = match beside {
        Beside::Silent => "",
        Beside::Crossing => {
            r#"(func (export "len") (param "s" string) (result u32)
              (canon lift (core func $m "len") (memory (core memory $m "memory")) (realloc (core func $m "realloc"))))"#
        }
    };
    let (first, last) = match beside {
        Beside::Silent => (String::new(), "(export \"g\" (func $n \"g\"))"),
        Beside::Crossing => (
            "(export \"len\" (func $n \"len\"))".to_owned(),
            "(export \"g\" (func $n \"g\"))",
        ),
    };
    let taken: Vec<&str> = core_params[..taken].iter().map(|ty| core(*ty)).collect();
    format!(
        r#"(component
  (import "f" (func $f {fields} {result}))
  (component $N
    (core module $M (memory (export "memory") 1) (data (i32.const 0) "{SECRET}")
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096))
      (func (export "len") (param i32 i32) (result i32) (local.get 1))
      (func (export "g") (result i32) (i32.add (i32.load (i32.const 0)) (i32.load (i32.const 8)))))
    (core instance $m (instantiate $M))
    (func (export "g") (result u32) (canon lift (core func $m "g"))) {neighbour_exports})
  (component $G
    (import "f" (func $f {fields} {result}))
    (core module $L (memory (export "memory") 1)
      (global $r (mut i32) (i32.const 0)) (global $top (mut i32) (i32.const 8192))
      (func (export "answer") (param i32) (global.set $r (local.get 0)))
      (func (export "realloc") (param $old i32) (param i32) (param $align i32) (param $size i32) (result i32)
        (if (global.get $r) (then (return (global.get $r))))
        (global.set $top (i32.and
          (i32.add (global.get $top) (i32.sub (local.get $align) (i32.const 1)))
          (i32.sub (i32.const 0) (local.get $align))))
        (global.get $top)
        (global.set $top (i32.add (global.get $top) (local.get $size)))))
    (core instance $l (instantiate $L))
    (core func $f' (canon lower (func $f) (memory (core memory $l "memory")) (realloc (core func $l "realloc"))))
    (core module $M
      (import "l" "memory" (memory 1))
      (import "" "f" (func $f (param {typed}) {core_result}))
      {globals}
      (data (i32.const 0) "{image}")
      (func (export "arg") (param i32 i64) {set})
      (func (export "poke") (param $at i32) (param $bytes i32) (param $value i64)
        (if (i32.eq (local.get $bytes) (i32.const 1)) (then (i64.store8 (local.get $at) (local.get $value))))
        (if (i32.eq (local.get $bytes) (i32.const 4)) (then (i64.store32 (local.get $at) (local.get $value)))))
      (func (export "run") (call $f {args}) {dropped})
      (func (export "get") (result {got}) {get_got})
      (func (export "post") (param {got}))
      (func (export "take") (param {taken}) (result i32) (i32.const 7)))
    (core instance $m (instantiate $M (with "l" (instance $l))
      (with "" (instance (export "f" (func $f'))))))
    (func (export "answer") (param "x" u32) (canon lift (core func $l "answer")))
    (func (export "arg") (param "i" u32) (param "x" u64) (canon lift (core func $m "arg")))
    (func (export "poke") (param "at" u32) (param "bytes" u32) (param "x" u64) (canon lift (core func $m "poke")))
    (func (export "run") (canon lift (core func $m "run")))
    (func (export "get") (result {all}) (canon lift (core func $m "get")
      (memory (core memory $l "memory")) (post-return (core func $m "post"))))
    (func (export "take") {fields} (result u32) (canon lift (core func $m "take")
      (memory (core memory $l "memory")) (realloc (core func $l "realloc")))))
  (instance $n (instantiate $N))
  (instance $g (instantiate $G (with "f" (func $f))))
  {first}
  (export "answer" (func $g "answer")) (export "arg" (func $g "arg")) (export "poke" (func $g "poke"))
  (export "run" (func $g "run")) (export "get" (func $g "get")) (export "take" (func $g "take"))
  {last})"#,
        typed = typed.join(" "),
        got = core(got),
        get_got = get(0, got),
        taken = taken.join(" "),
        all = text(&all),
    )
}

fn interface(params: &[Type], returned: Option<&Type>) -> Interface {
    let named = |types: &[Type]| -> Vec<(String, Type)> {
        let named = types.iter().enumerate();
        named.map(|(i, ty)| (format!("p{i}"), ty.clone())).collect()
    };
    let func = |params: &[Type], result: Option<Type>| FuncType {
        params: named(params),
        result,
    };
    Interface {
        import: func(params, returned.cloned()),
        exports: vec![
            ("answer", func(&[Type::U32], None)),
            ("arg", func(&[Type::U32, Type::U64], None)),
            ("poke", func(&[Type::U32, Type::U32, Type::U64], None)),
            ("run", func(&[], None)),
            ("get", func(&[], Some(record(params)))),
            ("take", func(params, Some(Type::U32))),
            ("g", func(&[], Some(Type::U32))),
        ],
    }
}

/// What is given up when the output is made.
fn layouts() -> Vec<(&'static str, Options)> {
    let options = |change: &dyn Fn(&mut Options)| {
        let mut options = Options::default();
        change(&mut options);
        options
    };
    let profile = |name: &str| {
        options(&|o| o.profile = Profile::named(name).expect("a profile of that name"))
    };
    vec![
        ("one memory", Options::default()),
        ("trap messages", options(&|o| o.trap_messages = true)),
        ("all there", options(&|o| o.growth = Growth::Within(64))),
        ("values apart", options(&|o| o.share_all = true)),
        ("no growth", options(&|o| o.growth = Growth::None)),
        ("mvp", profile("mvp")),
        ("wamr-2020", profile("wamr-2020")),
        (
            "several memories",
            Options {
                memory: MemoryMode::Multi,
                ..profile("wasmi")
            },
        ),
        ("an arena", options(&|o| o.host_arena = Some(4096))),
        (
            "an arena of a fixed place",
            options(&|o| (o.host_arena, o.growth) = (Some(4096), Growth::None)),
        ),
        (
            "an arena and several memories",
            Options {
                memory: MemoryMode::Multi,
                host_arena: Some(4096),
                ..profile("wasmi")
            },
        ),
    ]
}

type Calls = Vec<(&'static str, Vec<Value>)>;

/// Sets up what an attack passes, and calls an export that passes it.
fn calls(attack: &Attack, export: &'static str) -> Calls {
    let mut calls: Calls = Vec::new();
    if let Some((at, bytes, value)) = attack.poke {
        let args = vec![Value::U32(at), Value::U32(bytes), Value::U64(value)];
        calls.push(("poke", args));
    }
    for (&bits, i) in attack.flat.iter().zip(0..) {
        calls.push(("arg", vec![Value::U32(i), Value::U64(bits)]));
    }
    calls.push((export, Vec::new()));
    calls
}

/// All that is tried with the types: what it is, and the calls.
fn scenarios(params: &[Type], returned: Option<&Type>) -> Vec<(String, Calls)> {
    let mut scenarios = Vec::new();
    let mut image = Image::params(params);
    if let Some(ty) = returned {
        image = image.and_place_for(ty);
    }
    for attack in image.attacks() {
        scenarios.push((format!("import, {}", attack.what), calls(&attack, "run")));
    }
    let result = Image::result(&record(params));
    for attack in result.attacks() {
        // The image in the guest is that of the parameters: what a pointer points to is where it is.
        let mut calls = calls(&attack, "get");
        let words = result.words();
        calls.splice(
            0..0,
            words.into_iter().map(|(at, value)| {
                (
                    "poke",
                    vec![Value::U32(at), Value::U32(4), Value::U64(value)],
                )
            }),
        );
        scenarios.push((format!("export, {}", attack.what), calls));
    }
    for answer in [0u32, 65536, 65535, 65532, 4097, 4098, 4100, 0xffff_fff8] {
        let answered = ("answer", vec![Value::U32(answer)]);
        let taken = params.iter().map(sample).collect();
        scenarios.push((
            format!("realloc gives {answer:#x} to the host"),
            vec![answered.clone(), ("take", taken), ("run", Vec::new())],
        ));
        if returned.is_some_and(|ty| flatten(ty).len() > 1) {
            let right = Image::params(params);
            let right = right.and_place_for(returned.expect("it is some"));
            let mut calls = calls(&right.attacks()[0], "run");
            calls.insert(0, answered);
            scenarios.push((format!("realloc gives {answer:#x} for a result"), calls));
        }
    }
    scenarios
}

/// Whether both did the same. The place for a result is looked at before the host is called where the
/// host writes there itself.
fn same(right: &Outcome, found: &Outcome) -> bool {
    let early = |right: &Outcome| {
        let mut log = right.log.clone();
        let at = log.len().wrapping_sub(2);
        let called = log.get(at).is_some_and(|entry| entry.starts_with('f'));
        if called && log.last().is_some_and(|entry| entry == "trap") {
            log.remove(at);
        }
        Outcome { log }
    };
    right == found || early(right) == *found
}

/// Tries everything with these types in these layouts.
fn differences(
    types: &[Vec<Type>],
    layouts: &[(&'static str, Options)],
    beside: Beside,
) -> Result<()> {
    let (oracle, flat) = (Oracle::new(), Flat::new());
    let returned = [
        None,
        Some(Type::U32),
        Some(Type::String),
        Some(list(record(&[Type::U32, Type::String]))),
    ];
    let (mut tried, mut traps, mut wrong) = (0, 0, Vec::new());
    for (params, at) in types.iter().zip(0..) {
        let returned = returned[at % returned.len()].as_ref();
        let wasm = assemble(&component(params, returned, beside))?;
        let compiled = oracle.component(&wasm)?;
        let interface = interface(params, returned);
        let scenarios = scenarios(params, returned);
        let mut right = Vec::new();
        for (_, calls) in &scenarios {
            right.push(oracle.run(&compiled, calls)?);
        }
        for (layout, options) in layouts {
            let module = flat.module(&wasm, options)?;
            // It may lie in another memory, and messages of traps overwrite the first bytes of all.
            let elsewhere = options.memory == MemoryMode::Multi || options.trap_messages;
            let secret = (!elsewhere).then_some(SECRET.as_bytes());
            for ((what, calls), right) in scenarios.iter().zip(&right) {
                tried += 1;
                traps += usize::from(right.log.last().is_some_and(|entry| entry == "trap"));
                let found = flat.run(&module, &interface, calls, None, secret);
                if !found.as_ref().is_ok_and(|found| same(right, found)) {
                    let params: Vec<String> = params.iter().map(text).collect();
                    wrong.push(format!(
                        "{} -> {:?}, {layout}: {what}\n  wasmtime: {:?}\n  flat: {found:?}",
                        params.join(" "),
                        returned.map(text),
                        right.log
                    ));
                }
            }
        }
    }
    println!("{tried} attacks and right values, {traps} traps");
    ensure!(
        wrong.is_empty(),
        "{} of {tried}:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(12)].join("\n")
    );
    ensure!(
        traps > tried / 4 && traps < tried,
        "{traps} traps of {tried}"
    );
    Ok(())
}

fn random_type(random: &mut Random, depth: u32) -> Type {
    use Type::{Bool, Char, F32, String, U8, U16, U32, U64};
    let leaves = [Bool, Char, F32, String, String, U8, U16, U32, U64];
    if depth == 0 || random.percent(30) {
        return random.pick(&leaves);
    }
    let part = |random: &mut Random| random_type(random, depth - 1);
    match random.below(5) {
        0 | 1 => list(part(random)),
        2 => option(part(random)),
        3 => {
            let (ok, error) = (part(random), part(random));
            let [ok, error] = [ok, error].map(|ty| (!random.percent(25)).then_some(ty));
            result(ok, error)
        }
        _ => {
            let fields = 1 + random.below(4);
            let fields: Vec<Type> = (0..fields).map(|_| part(random)).collect();
            record(&fields)
        }
    }
}

/// `P1BRIDGE_RANDOM_SEED` says where to begin.
#[test]
fn random_types_are_checked_in_place_and_on_their_way() -> Result<()> {
    let seed = std::env::var("P1BRIDGE_RANDOM_SEED").map_or(Ok(1), |text| text.parse())?;
    let mut random = Random::new(seed);
    let types: Vec<Vec<Type>> = (0..40)
        .map(|_| {
            let params = 1 + random.below(4);
            (0..params).map(|_| random_type(&mut random, 3)).collect()
        })
        .collect();
    let layouts = &layouts()[..1];
    differences(&types, layouts, Beside::Silent)?;
    differences(&types[..20], layouts, Beside::Crossing)
}

#[test]
fn what_a_guest_gives_to_the_host_is_checked_where_it_is() -> Result<()> {
    differences(&types(), &layouts(), Beside::Silent)
}

#[test]
fn what_a_guest_gives_to_the_host_is_checked_on_its_way() -> Result<()> {
    differences(&types(), &layouts(), Beside::Crossing)
}

/// During a call the host can enter nobody: `CanonicalABI.md`, "Component Instance State". wasmtime
/// sees to that with its feature `component-model-async` only.
#[test]
fn the_host_does_not_enter_a_guest_that_waits_for_it() -> Result<()> {
    let (oracle, flat) = (Oracle::new(), Flat::new());
    for (params, beside) in [
        (vec![Type::U32], Beside::Silent),
        (vec![Type::String], Beside::Silent),
        (vec![Type::String], Beside::Crossing),
    ] {
        let wasm = assemble(&component(&params, Some(&Type::U32), beside))?;
        let compiled = oracle.component(&wasm)?;
        let interface = interface(&params, Some(&Type::U32));
        let image = Image::params(&params);
        let calls = calls(&image.attacks()[0], "run");
        let taken: Vec<Value> = params.iter().map(sample).collect();
        for (name, args) in [
            ("run", Vec::new()),
            ("get", Vec::new()),
            ("answer", vec![Value::U32(0)]),
            ("take", taken),
            ("g", Vec::new()),
        ] {
            let again = Some((name, args));
            let mut right = oracle.run(&compiled, &calls)?;
            let called = right.log.iter().position(|entry| entry.starts_with('f'));
            right
                .log
                .truncate(called.context("the host is called")? + 1);
            right.log.push("trap".to_owned());
            for (layout, options) in layouts() {
                let module = flat.module(&wasm, &options)?;
                let found = flat.run(&module, &interface, &calls, again.clone(), None)?;
                assert_eq!(found, right, "{name}, {layout}, {beside:?}");
            }
            // Guests that are trusted are entered: nothing is said about what the host does then.
            let trusted = Options {
                isolation: Isolation::Trusted,
                ..Options::default()
            };
            if (name, beside) == ("g", Beside::Silent) {
                let module = flat.module(&wasm, &trusted)?;
                let found = flat.run(&module, &interface, &calls, again, None)?;
                ensure!(found.log.contains(&"g was entered".to_owned()), "{found:?}");
            }
        }
    }
    Ok(())
}

/// What the checks cost beside a silent neighbour: fuel of a call, the guest's and the linker's. The
/// functions that are called have no loads or stores of their own.
#[test]
fn what_is_checked_in_place_costs_little() -> Result<()> {
    let flat = Flat::new();
    let checked = Options::default();
    let trusted = Options {
        isolation: Isolation::Trusted,
        ..Options::default()
    };
    for (params, export, most) in [
        (vec![Type::U32], "run", 10),
        (vec![list(Type::U8)], "run", 30),
        (vec![Type::String], "run", 620),
        (vec![list(Type::String)], "run", 1330),
        (vec![record(&[Type::U8, Type::String])], "get", 640),
        (vec![Type::String], "take", 40),
    ] {
        let wasm = assemble(&component(&params, None, Beside::Silent))?;
        let interface = interface(&params, None);
        let mut calls = match export {
            "get" => scenarios(&params, None)
                .into_iter()
                .find(|(what, _)| what == "export, nothing wrong")
                .map(|(_, calls)| calls)
                .unwrap_or_default(),
            _ => calls(&Image::params(&params).attacks()[0], "run"),
        };
        if export == "take" {
            calls.push(("take", params.iter().map(sample).collect()));
        }
        // wasmi takes fuel for the first call of a function, to compile it.
        calls.extend(calls.last().cloned());
        let fuel = |options: &Options| -> Result<u64> {
            let module = flat.module(&wasm, options)?;
            Ok(flat.measured(&module, &interface, &calls, None, None)?.1)
        };
        let (with, without) = (fuel(&checked)?, fuel(&trusted)?);
        let names: Vec<String> = params.iter().map(text).collect();
        println!("{export} {}: {without} -> {with} fuel", names.join(" "));
        ensure!(with <= without + most, "{export}: {without} -> {with} fuel");
    }
    Ok(())
}

/// A host that is to leave a result in the arena, and calls the module before it does: what the guest allocates
/// then would move the place for the result away.
#[test]
fn the_host_does_not_enter_a_module_that_waits_for_a_result_in_the_arena() -> Result<()> {
    let component = |encoding: &str| {
        assemble(&format!(
            r#"(component
  (import "f" (func $f (result string)))
  (core module $L (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))
  (core instance $l (instantiate $L))
  (core func $f' (canon lower (func $f) {encoding} (memory (core memory $l "memory")) (realloc (core func $l "realloc"))))
  (core module $M (import "" "f" (func $f (param i32))) (import "l" "memory" (memory 1))
    (func (export "run") (call $f (i32.const 16)))
    (func (export "g") (result i32) (memory.grow (i32.const 1))))
  (core instance $m (instantiate $M (with "l" (instance $l)) (with "" (instance (export "f" (func $f'))))))
  (func (export "run") (canon lift (core func $m "run")))
  (func (export "g") (result u32) (canon lift (core func $m "g"))))"#
        ))
    };
    let utf16 = component("string-encoding=utf16")?;
    let utf8 = component("")?;
    let interface = Interface {
        import: FuncType {
            params: Vec::new(),
            result: Some(Type::String),
        },
        exports: [("run", None), ("g", Some(Type::U32))]
            .map(|(name, result)| {
                let params = Vec::new();
                (name, FuncType { params, result })
            })
            .into(),
    };
    let flat = Flat::new();
    let calls = vec![("run", Vec::new())];
    for (wasm, host_arena) in [(&utf16, None), (&utf16, Some(1024)), (&utf8, Some(1024))] {
        let options = Options {
            host_arena,
            ..Options::default()
        };
        let module = flat.module(wasm, &options)?;
        let found = flat.run(&module, &interface, &calls, None, None)?;
        assert_eq!(found.log, ["f[]", "run: None"]);
        let again = Some(("g", Vec::new()));
        let found = flat.run(&module, &interface, &calls, again, None)?;
        assert_eq!(found.log, ["f[]", "trap"], "{host_arena:?}");
    }
    Ok(())
}
