//! `run --invoke` lowers and lifts as wasmtime does: random types and values through exports that
//! give back what they get, flat and in memory, on wasmtime as components and on wasmi flattened.

use p1bridge::flatten::{FlattenOptions, flatten};
use p1bridge::run::{Exit, Output, RunOptions, parse_call, run};
use p1bridge_tests::random::numbers::Random;
use wasmtime::component::{Component, Linker, Val};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// A type of WIT, with the index of its definition where it needs a name.
enum Type {
    Simple(&'static str),
    List(Box<Type>),
    Tuple(Vec<Type>),
    Option(Box<Type>),
    Result(Option<Box<Type>>, Option<Box<Type>>),
    Record(usize, Vec<Type>),
    Variant(usize, Vec<Option<Type>>),
    Enum(usize, usize),
    Flags(usize, usize),
}

const SIMPLE: [&str; 13] = [
    "bool", "s8", "s16", "s32", "s64", "u8", "u16", "u32", "u64", "f32", "f64", "char", "string",
];

struct Types<'a> {
    random: &'a mut Random,
    /// The definitions of the types that need a name, as text.
    named: String,
    count: usize,
}

impl Types<'_> {
    fn random(&mut self, depth: usize) -> Type {
        if depth == 0 || self.random.percent(35) {
            return Type::Simple(self.random.pick(&SIMPLE));
        }
        let many = 1 + self.random.below(4);
        let below = |types: &mut Self| types.random(depth - 1);
        let maybe = |types: &mut Self| {
            let some = types.random.percent(70);
            some.then(|| types.random(depth - 1))
        };
        match self.random.below(8) {
            0 => Type::List(Box::new(below(self))),
            1 => Type::Tuple((0..many).map(|_| below(self)).collect()),
            2 => Type::Option(Box::new(below(self))),
            3 => Type::Result(maybe(self).map(Box::new), maybe(self).map(Box::new)),
            4 => {
                let fields: Vec<Type> = (0..many).map(|_| below(self)).collect();
                let texts = fields.iter().enumerate();
                let texts = texts.map(|(i, ty)| format!("f{i}: {}, ", text(ty)));
                Type::Record(self.define("record", &texts.collect::<String>()), fields)
            }
            5 => {
                let cases: Vec<Option<Type>> = (0..many).map(|_| maybe(self)).collect();
                let texts = cases.iter().enumerate();
                let texts = texts.map(|(i, ty)| {
                    let payload = ty.as_ref().map(|ty| format!("({})", text(ty)));
                    format!("c{i}{}, ", payload.unwrap_or_default())
                });
                Type::Variant(self.define("variant", &texts.collect::<String>()), cases)
            }
            6 => {
                let count = self.random.pick(&[1, 3, 256, 257]);
                let labels: String = (0..count).map(|i| format!("c{i}, ")).collect();
                Type::Enum(self.define("enum", &labels), count)
            }
            _ => {
                let count = self.random.pick(&[1, 8, 9, 17, 32]);
                let labels: String = (0..count).map(|i| format!("f{i}, ")).collect();
                Type::Flags(self.define("flags", &labels), count)
            }
        }
    }

    fn define(&mut self, kind: &str, parts: &str) -> usize {
        let i = self.count;
        self.count += 1;
        self.named += &format!("    {kind} t{i} {{ {parts}}}\n");
        i
    }
}

fn text(ty: &Type) -> String {
    match ty {
        Type::Simple(name) => name.to_string(),
        Type::List(ty) => format!("list<{}>", text(ty)),
        Type::Tuple(types) => format!(
            "tuple<{}>",
            types.iter().map(text).collect::<Vec<_>>().join(", ")
        ),
        Type::Option(ty) => format!("option<{}>", text(ty)),
        Type::Result(None, None) => "result".to_string(),
        Type::Result(Some(ok), None) => format!("result<{}>", text(ok)),
        Type::Result(None, Some(err)) => format!("result<_, {}>", text(err)),
        Type::Result(Some(ok), Some(err)) => format!("result<{}, {}>", text(ok), text(err)),
        Type::Record(i, _) | Type::Variant(i, _) | Type::Enum(i, _) | Type::Flags(i, _) => {
            format!("t{i}")
        }
    }
}

fn value(random: &mut Random, ty: &Type) -> Val {
    let bits = random.bits();
    match ty {
        Type::Simple(name) => match *name {
            "bool" => Val::Bool(bits & 1 == 1),
            "s8" => Val::S8(bits as i8),
            "s16" => Val::S16(bits as i16),
            "s32" => Val::S32(bits as i32),
            "s64" => Val::S64(bits as i64),
            "u8" => Val::U8(bits as u8),
            "u16" => Val::U16(bits as u16),
            "u32" => Val::U32(bits as u32),
            "u64" => Val::U64(bits),
            "f32" => {
                Val::Float32(random.pick(&[0.0, -0.0, 1.5, -3.25e10, f32::INFINITY, f32::NAN]))
            }
            "f64" => {
                Val::Float64(random.pick(&[0.0, -0.0, 0.1, -2e-9, f64::NEG_INFINITY, f64::NAN]))
            }
            "char" => Val::Char(random.pick(&['a', '\'', '\\', '\n', 'ü', '€', '😀'])),
            _ => Val::String(
                random
                    .pick(&["", "plain", "a\"b\\c'", "\t\r\n", "ü€😀"])
                    .to_string(),
            ),
        },
        Type::List(ty) => {
            let count = random.below(4);
            Val::List((0..count).map(|_| value(random, ty)).collect())
        }
        Type::Tuple(types) => Val::Tuple(types.iter().map(|ty| value(random, ty)).collect()),
        Type::Option(ty) => Val::Option((bits & 1 == 1).then(|| Box::new(value(random, ty)))),
        Type::Result(ok, err) => {
            let ty = if bits & 1 == 1 { ok } else { err };
            let payload = ty.as_ref().map(|ty| Box::new(value(random, ty)));
            Val::Result(if bits & 1 == 1 {
                Ok(payload)
            } else {
                Err(payload)
            })
        }
        Type::Record(_, fields) => {
            let fields = fields.iter().enumerate();
            Val::Record(
                fields
                    .map(|(i, ty)| (format!("f{i}"), value(random, ty)))
                    .collect(),
            )
        }
        Type::Variant(_, cases) => {
            let case = random.below(cases.len());
            let payload = cases[case].as_ref().map(|ty| Box::new(value(random, ty)));
            Val::Variant(format!("c{case}"), payload)
        }
        Type::Enum(_, count) => Val::Enum(format!("c{}", random.below(*count))),
        Type::Flags(_, count) => Val::Flags(
            (0..*count)
                .filter(|i| bits >> i & 1 == 1)
                .map(|i| format!("f{i}"))
                .collect(),
        ),
    }
}

/// A value of wasmtime in WAVE, written here so that nothing of ours judges itself.
fn wave(value: &Val) -> String {
    let list = |values: &[Val]| values.iter().map(wave).collect::<Vec<_>>().join(", ");
    let payload = |name: &str, payload: &Option<Box<Val>>| match payload {
        Some(value) => format!("{name}({})", wave(value)),
        None => name.to_string(),
    };
    let escaped = |text: &str| -> String {
        let one = |c: char| match "\\\"'\t\r\n".contains(c) {
            true => c.escape_default().to_string(),
            false => c.to_string(),
        };
        text.chars().map(one).collect()
    };
    match value {
        Val::Bool(v) => v.to_string(),
        Val::S8(v) => v.to_string(),
        Val::S16(v) => v.to_string(),
        Val::S32(v) => v.to_string(),
        Val::S64(v) => v.to_string(),
        Val::U8(v) => v.to_string(),
        Val::U16(v) => v.to_string(),
        Val::U32(v) => v.to_string(),
        Val::U64(v) => v.to_string(),
        Val::Float32(v) => v.to_string().to_lowercase(),
        Val::Float64(v) => v.to_string().to_lowercase(),
        Val::Char(v) => format!("'{}'", escaped(&v.to_string())),
        Val::String(v) => format!("\"{}\"", escaped(v)),
        Val::List(values) => format!("[{}]", list(values)),
        Val::Tuple(values) => format!("({})", list(values)),
        Val::Record(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .filter(|(_, value)| !matches!(value, Val::Option(None)))
                .map(|(name, value)| format!("{name}: {}", wave(value)))
                .collect();
            match fields.is_empty() {
                true => "{:}".to_string(),
                false => format!("{{{}}}", fields.join(", ")),
            }
        }
        Val::Variant(name, value) => payload(name, value),
        Val::Enum(name) => name.clone(),
        Val::Option(None) => "none".to_string(),
        Val::Option(value) => payload("some", value),
        Val::Result(Ok(value)) => payload("ok", value),
        Val::Result(Err(value)) => payload("err", value),
        Val::Flags(names) => format!("{{{}}}", names.join(", ")),
        other => panic!("{other:?} is not generated"),
    }
}

/// How many core values stand for a value, and of which types they are, as the component says it in
/// text; nothing where they are too many to be passed one by one.
fn flat(ty: &Type) -> Vec<char> {
    let variant = |cases: Vec<Vec<char>>| {
        let mut joined: Vec<char> = Vec::new();
        for case in cases {
            for (i, core) in case.into_iter().enumerate() {
                match joined.get_mut(i) {
                    None => joined.push(core),
                    Some(known) if *known == core => {}
                    Some(known) if "if".contains(*known) && "if".contains(core) => *known = 'i',
                    Some(known) => *known = 'l',
                }
            }
        }
        joined.insert(0, 'i');
        joined
    };
    let of = |ty: &Option<Box<Type>>| ty.as_ref().map(|ty| flat(ty)).unwrap_or_default();
    match ty {
        Type::Simple("s64" | "u64") => vec!['l'],
        Type::Simple("f32") => vec!['f'],
        Type::Simple("f64") => vec!['d'],
        Type::Simple("string") | Type::List(_) => vec!['i', 'i'],
        Type::Simple(_) | Type::Flags(..) => vec!['i'],
        Type::Tuple(types) | Type::Record(_, types) => types.iter().flat_map(flat).collect(),
        Type::Option(ty) => variant(vec![vec![], flat(ty)]),
        Type::Result(ok, err) => variant(vec![of(ok), of(err)]),
        Type::Variant(_, cases) => {
            let cases = cases
                .iter()
                .map(|ty| ty.as_ref().map(flat).unwrap_or_default());
            variant(cases.collect())
        }
        Type::Enum(..) => variant(vec![]),
    }
}

/// Text of a module and of its world, for a component with three functions of a type: `memory` and `list` give back what they get, in
/// memory, and `flat` tells the bits of its core parameters.
fn sources(ty: &Type, named: &str) -> [String; 2] {
    let name = text(ty);
    let wide = format!("tuple<{name}{}>", ", u64".repeat(17));
    let mut params = flat(ty);
    // The address of the parameters is one as well.
    if params.len() > 16 {
        params = vec!['i'];
    }
    let core = |c: &char| match c {
        'i' => "i32",
        'l' => "i64",
        'f' => "f32",
        _ => "f64",
    };
    let list: String = params.iter().map(|c| format!(" {}", core(c))).collect();
    let stores: String = params
        .iter()
        .enumerate()
        .map(|(i, c)| {
            let bits = match c {
                'i' => format!("(i64.extend_i32_u (local.get {i}))"),
                'l' => format!("(local.get {i})"),
                'f' => format!("(i64.extend_i32_u (i32.reinterpret_f32 (local.get {i})))"),
                _ => format!("(i64.reinterpret_f64 (local.get {i}))"),
            };
            format!("(i64.store offset={} (i32.const 0) {bits}) ", 16 + 8 * i)
        })
        .collect();
    let module = format!(
        r#"(module
    (memory (export "memory") 2)
    (global $top (mut i32) (i32.const 1024))
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
        (global.set $top (i32.and (i32.add (global.get $top) (i32.sub (local.get 2) (i32.const 1)))
            (i32.sub (i32.const 0) (local.get 2))))
        (global.get $top)
        (global.set $top (i32.add (global.get $top) (local.get 3))))
    (func (export "memory-one") (param i32) (result i32) (local.get 0))
    (func (export "list") (param i32 i32) (result i32)
        (i32.store (i32.const 8) (local.get 0)) (i32.store (i32.const 12) (local.get 1)) (i32.const 8))
    (func (export "flat") (param{list}) (result i32)
        {stores}
        (i32.store (i32.const 8) (i32.const 16)) (i32.store (i32.const 12) (i32.const {})) (i32.const 8)))"#,
        params.len()
    );
    let world = format!(
        "package test:test;

world all {{
{named}
    export memory-one: func(x: {wide}) -> {wide};
    export %list: func(x: list<{name}>) -> list<{name}>;
    export %flat: func(x: {name}) -> list<u64>;
}}
"
    );
    [module, world]
}

fn component([module, world]: &[String; 2]) -> Vec<u8> {
    let mut wasm = wat::parse_str(module).unwrap_or_else(|error| panic!("{error}\n{module}"));
    let mut resolve = Resolve::default();
    let package = resolve.push_str("world.wit", world);
    let package = package.unwrap_or_else(|error| panic!("{error:#}\n{world}"));
    let world = resolve.select_world(&[package], None).unwrap();
    embed_component_metadata(&mut wasm, &resolve, world, StringEncoding::UTF8, false).unwrap();
    ComponentEncoder::default()
        .module(&wasm)
        .and_then(|encoder| encoder.encode())
        .unwrap_or_else(|error| panic!("{error:#}\n{module}"))
}

#[test]
fn random_values_come_back_from_an_invocation_as_from_wasmtime() {
    let engine = wasmtime::Engine::default();
    let (mut calls, mut flat_calls) = (0, 0);
    for seed in 0..150 {
        let random = &mut Random::new(seed);
        let mut types = Types {
            random: &mut *random,
            named: String::new(),
            count: 0,
        };
        let ty = types.random(3);
        let named = types.named;
        let sources = sources(&ty, &named);
        let wasm = component(&sources);
        let source = sources.concat();
        let options = FlattenOptions::default();
        let flat_module =
            flatten(&wasm, &options).unwrap_or_else(|error| panic!("{error:#}\n{source}"));
        let compiled = Component::new(&engine, &wasm).unwrap();
        for _ in 0..4 {
            let one = value(random, &ty);
            let mut wide = vec![one.clone()];
            wide.extend((0..17).map(Val::U64));
            let several = (0..random.below(4)).map(|_| value(random, &ty)).collect();
            for (name, argument) in [
                ("memory-one", Val::Tuple(wide)),
                ("list", Val::List(several)),
                ("flat", one.clone()),
            ] {
                let mut store = wasmtime::Store::new(&engine, ());
                let instance = Linker::new(&engine)
                    .instantiate(&mut store, &compiled)
                    .unwrap();
                let function = instance.get_func(&mut store, name).unwrap();
                let mut results = [Val::Bool(false)];
                function
                    .call(&mut store, std::slice::from_ref(&argument), &mut results)
                    .unwrap();
                let expected = wave(&results[0]);

                let call = format!("{name}({})", wave(&argument));
                // The component itself, or the flat module that carries its world.
                let file = if calls % 2 == 0 {
                    &wasm
                } else {
                    &flat_module.wasm
                };
                let call = parse_call(file, &flat_module.wasm, &call, &[])
                    .unwrap_or_else(|error| panic!("{call}: {error:#}\n{source}"));
                let options = RunOptions {
                    calls: vec![call],
                    initialize: true,
                    stdout: Output::Capture,
                    stderr: Output::Capture,
                    ..RunOptions::default()
                };
                let outcome = run(&flat_module.wasm, &options).unwrap();
                assert_eq!(
                    outcome.exit,
                    Exit::Code(0),
                    "seed {seed}, {argument:?}\n{source}"
                );
                assert_eq!(
                    outcome.printed,
                    [expected],
                    "seed {seed}, {argument:?}\n{source}"
                );
                calls += 1;
                flat_calls += usize::from(name == "flat" && flat(&ty).len() <= 16);
            }
        }
    }
    assert!(
        calls == 1800 && flat_calls > 400,
        "{calls} calls, {flat_calls} flat"
    );
}
