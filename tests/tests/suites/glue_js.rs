//! Glue for hosts in JavaScript, on node: the worlds of the corpus in both directions, every type, random values of random types,
//! and a guest that gives anything. They are the hosts of `tests/glue/*.mjs` on the files that `p1bridge host` writes.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use p1bridge::host::{HostOptions, Input, js};
use p1bridge::wrap::{World, WrapOptions, wrap};
use p1bridge_tests::engines;
use p1bridge_tests::manifest::part;
use p1bridge_tests::random::numbers::Random;
use wit_parser::WorldItem;
use wit_parser::abi::{AbiVariant, WasmType};

use super::echo_world::{Type, pass_through, passes_on};
use super::glue::{PLUGINS, flat_for, plugin, plugins_say, run, top};
use super::linked::TOUR;

/// Whether node is there; says so if it is not.
fn is_ready() -> bool {
    engines::available()
        .iter()
        .any(|engine| engine.name() == "node")
}

/// A module with its glue in a folder.
struct Host {
    folder: tempfile::TempDir,
    world: String,
}

impl Host {
    fn new(module: &[u8], world: &str) -> Result<Host> {
        let folder = tempfile::tempdir()?;
        let options = HostOptions {
            world: Some(world.into()),
            ..HostOptions::default()
        };
        for file in js(&Input::of_module(module)?, &options)? {
            std::fs::write(folder.path().join(&file.name), &file.text)?;
        }
        std::fs::write(folder.path().join("package.json"), r#"{"type": "module"}"#)?;
        std::fs::write(folder.path().join("module.wasm"), module)?;
        Ok(Host {
            folder,
            world: world.into(),
        })
    }

    /// What a program prints, with arguments behind the module and its glue.
    fn run(&self, program: &str, arguments: &[&str]) -> Result<String> {
        let folder = self.folder.path();
        let mut command = Command::new("node");
        command
            .arg("--no-warnings")
            .arg(top().join("tests/glue").join(program))
            .arg(folder.join("module.wasm"))
            .arg(folder.join(format!("{}.js", self.world)))
            .args(arguments);
        run(&mut command)
    }
}

/// The guest of `glue_js/every.wat`, as a flat module.
fn every() -> Result<Vec<u8>> {
    let world = top().join("runtime-shim/host-rust/tests/world/every.wit");
    let options = WrapOptions {
        world: Some(World::read(&world, None)?),
        ..WrapOptions::default()
    };
    let core = wat::parse_str(include_str!("glue_js/every.wat"))?;
    flat_for(&wrap(&core, &options)?.component, "portable", None)
}

#[test]
fn the_files_of_a_host_in_js_are_what_is_written_today() -> Result<()> {
    let options = HostOptions {
        world: Some("every".into()),
        ..HostOptions::default()
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suites/glue_js");
    let world = top().join("runtime-shim/host-rust/tests/world/every.wit");
    let files = js(&Input::of_world(World::read(&world, None)?), &options)?;
    let found: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
    ensure!(found == ["every.js", "every.d.ts", "p1b.mjs"], "{found:?}");
    for file in &files[..2] {
        let path = folder.join(&file.name);
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&path, &file.text)?;
        }
        let found = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        ensure!(found == file.text, "{} is old: BLESS=1", path.display());
    }
    Ok(())
}

#[test]
fn what_a_host_in_js_cannot_have_is_refused_by_name() -> Result<()> {
    for (text, part) in [
        (
            "interface i { f: func(x: future<u8>); } world w { import i; }",
            "a:b/i#f: a future is of the async ABI",
        ),
        (
            "interface i { f: func() -> stream<u8>; } world w { export i; }",
            "a:b/i#f: a stream is of the async ABI",
        ),
        (
            "interface i { resource r; f: func(x: r); } world w { import i; export i; }",
            "a:b/i@1.2.3 is imported and exported",
        ),
        (
            "world w { resource r; import f: func(x: borrow<r>); }",
            "$root#f: the resource r is the world's",
        ),
    ] {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("w.wit");
        std::fs::write(&file, format!("package a:b@1.2.3; {text}"))?;
        let input = Input::of_world(World::read(&file, None)?);
        let refused = match js(&input, &HostOptions::default()) {
            Ok(_) => "taken".to_string(),
            Err(error) => format!("{error:#}").replace("a:b/i@1.2.3#", "a:b/i#"),
        };
        ensure!(refused.starts_with(part), "{text}: {refused}");
    }
    Ok(())
}

/// To the guest they are as others: it waits for the host.
#[test]
fn async_functions_of_a_host_in_js_are_ordinary_ones() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("w.wit");
    std::fs::write(
        &file,
        "package a:b; interface i { wait-for: async func(x: u8) -> bool; } world w { import i; }",
    )?;
    let files = js(
        &Input::of_world(World::read(&file, None)?),
        &HostOptions::default(),
    )?;
    let right = "p1b.func('waitFor', [p1b.u8], p1b.bool)";
    ensure!(files[0].text.contains(right), "{}", files[0].text);
    ensure!(
        files[1].text.contains("waitFor(x: number): boolean;"),
        "{}",
        files[1].text
    );
    Ok(())
}

#[test]
fn a_host_in_js_provides_an_interface() -> Result<()> {
    if !is_ready() {
        return Ok(());
    }
    let component = wrap(&part("user-c")?, &WrapOptions::default())?.component;
    // That of 2020 has all imports in `env`.
    for (profile, arena) in [
        ("portable", None),
        ("wamr-2020", None),
        ("portable", Some(1024)),
    ] {
        let host = Host::new(&flat_for(&component, profile, arena)?, "user")?;
        let said = host.run("user.mjs", &["one"])?;
        ensure!(said == format!("{TOUR}argument one\n"), "{profile}: {said}");
    }
    let host = Host::new(&flat_for(&component, "portable", Some(32))?, "user")?;
    let refused = host.run("user.mjs", &["one"]);
    let refused = format!("{:#}", refused.expect_err("no room"));
    ensure!(
        refused.contains("the arena for results of the host is full"),
        "{refused}"
    );
    Ok(())
}

#[test]
fn a_host_in_js_calls_an_interface() -> Result<()> {
    if !is_ready() {
        return Ok(());
    }
    for maker in ["maker-p2-c", "maker-p2-rust"] {
        let host = Host::new(&flat_for(&part(maker)?, "portable", None)?, "maker")?;
        let said = host.run("maker.mjs", &[])?;
        ensure!(said == TOUR, "{maker}: {said}");
    }
    Ok(())
}

#[test]
fn every_type_passes_a_host_in_js_both_ways() -> Result<()> {
    if !is_ready() {
        return Ok(());
    }
    let said = Host::new(&every()?, "every")?.run("every.mjs", &[])?;
    ensure!(said == "all the same\n", "{said}");
    Ok(())
}

#[test]
fn what_goes_wrong_with_a_host_in_js_is_an_error_that_says_what() -> Result<()> {
    if !is_ready() {
        return Ok(());
    }
    let said = Host::new(&every()?, "every")?.run("wrong.mjs", &[])?;
    ensure!(said == "all refused\n", "{said}");
    Ok(())
}

/// Whether the error of a type is thrown where it is what a function gives.
fn throws(ty: &Type) -> bool {
    matches!(ty, Type::Result(..))
}

/// Whether nothing of a type is `undefined`.
fn is_nullable(ty: &Type) -> bool {
    matches!(ty, Type::Option(ty) if !is_nullable(ty))
}

fn float(value: f64) -> String {
    match value {
        value if value.is_nan() => "NaN".into(),
        value if value.is_infinite() && value > 0.0 => "Infinity".into(),
        value if value.is_infinite() => "-Infinity".into(),
        value => format!("{value:?}"),
    }
}

/// A random value as JavaScript has it.
fn value(ty: &Type, random: &mut Random) -> String {
    let tagged = |tag: String, val: Option<String>| match val {
        Some(val) => format!("{{ tag: '{tag}', val: {val} }}"),
        None => format!("{{ tag: '{tag}' }}"),
    };
    let mut all =
        |types: &[Type]| -> Vec<String> { types.iter().map(|ty| value(ty, random)).collect() };
    match ty {
        Type::Bool => random.percent(50).to_string(),
        Type::Char => {
            let char = random.pick(&['a', '\u{0}', '\u{d7ff}', '\u{e000}', '\u{10ffff}', 'ß']);
            format!("'\\u{{{:x}}}'", char as u32)
        }
        Type::Number(name) => {
            let bits = random.bits();
            match *name {
                "u8" => (bits as u8).to_string(),
                "s8" => (bits as i8).to_string(),
                "u16" => (bits as u16).to_string(),
                "s16" => (bits as i16).to_string(),
                "u32" => (bits as u32).to_string(),
                "s32" => (bits as i32).to_string(),
                "u64" => format!("{bits}n"),
                "s64" => format!("{}n", bits as i64),
                "f32" => float(f32::from_bits(bits as u32).into()),
                _ => float(f64::from_bits(bits)),
            }
        }
        Type::Text => {
            let text = random.pick(&[
                "",
                "a",
                "grüße",
                "\u{feff}\u{10ffff}x",
                "a longer text that needs some room in the memory",
            ]);
            format!("'{text}'")
        }
        Type::List(ty) => {
            let count = random.pick(&[0, 1, 2, 5]);
            let items: Vec<String> = (0..count).map(|_| value(ty, random)).collect();
            let items = format!("[{}]", items.join(", "));
            let typed = match &**ty {
                Type::Number("u8") => "Uint8Array",
                Type::Number("s8") => "Int8Array",
                Type::Number("u16") => "Uint16Array",
                Type::Number("s16") => "Int16Array",
                Type::Number("u32") => "Uint32Array",
                Type::Number("s32") => "Int32Array",
                Type::Number("u64") => "BigUint64Array",
                Type::Number("s64") => "BigInt64Array",
                Type::Number("f32") => "Float32Array",
                Type::Number(_) => "Float64Array",
                _ => return items,
            };
            format!("new {typed}({items})")
        }
        Type::Map(key, ty) => {
            let count = random.pick(&[0, 1, 2, 5]);
            let pairs =
                (0..count).map(|_| format!("[{}, {}]", value(key, random), value(ty, random)));
            format!("[{}]", pairs.collect::<Vec<_>>().join(", "))
        }
        Type::Option(ty) => {
            let some = random.percent(60).then(|| value(ty, random));
            match (is_nullable(ty), some) {
                (false, some) => some.unwrap_or_else(|| "undefined".into()),
                (true, Some(some)) => tagged("some".into(), Some(some)),
                (true, None) => tagged("none".into(), None),
            }
        }
        Type::Result(ok, err) => {
            let (tag, ty) = match random.percent(50) {
                true => ("err", err),
                false => ("ok", ok),
            };
            let val = ty.as_ref().map(|ty| value(ty, random));
            tagged(tag.into(), Some(val.unwrap_or_else(|| "undefined".into())))
        }
        Type::Tuple(types) => format!("[{}]", all(types).join(", ")),
        Type::Record(_, fields) => {
            let fields: Vec<String> = all(fields)
                .into_iter()
                .enumerate()
                .map(|(i, value)| format!("x{i}: {value}"))
                .collect();
            format!("{{ {} }}", fields.join(", "))
        }
        Type::Variant(_, cases) => {
            let case = random.below(cases.len());
            let val = cases[case].as_ref().map(|ty| value(ty, random));
            tagged(format!("c{case}"), val)
        }
        Type::Enum(_, count) => format!("'e{}'", random.below(*count)),
        Type::Flags(_, count) => {
            let bits = random.bits();
            let flags: Vec<String> = (0..*count)
                .map(|i| format!("f{i}: {}", bits >> (i % 64) & 1 == 1))
                .collect();
            format!("{{ {} }}", flags.join(", "))
        }
    }
}

/// The functions of an echo world for the programs in JavaScript: core types, whether the error is thrown, and some values.
fn described(module: &[u8], values: &[(bool, Vec<String>)]) -> Result<String> {
    let input = Input::of_module(module)?;
    let (resolve, id) = input.world.parts();
    let imported = resolve.worlds[id]
        .imports
        .values()
        .find_map(|item| match item {
            WorldItem::Interface { id, .. } => Some(&resolve.interfaces[*id]),
            _ => None,
        });
    let letters = |types: &[WasmType]| -> String {
        let letter = |ty: &WasmType| match ty {
            WasmType::I64 | WasmType::PointerOrI64 => 'I',
            WasmType::F32 => 'f',
            WasmType::F64 => 'F',
            _ => 'i',
        };
        types.iter().map(letter).collect()
    };
    let mut text = String::from("export const functions = {\n");
    let functions = imported.context("an interface")?.functions.values();
    for (func, (throws, values)) in functions.zip(values) {
        let import = resolve.wasm_signature(AbiVariant::GuestImport, func);
        let export = resolve.wasm_signature(AbiVariant::GuestExport, func);
        writeln!(
            text,
            "  {}: {{ throws: {throws}, imported: '{}', params: '{}', results: '{}', values: [\n    {},\n  ] }},",
            func.name,
            letters(&import.params),
            letters(&export.params),
            letters(&export.results),
            values.join(",\n    ")
        )?;
    }
    Ok(text + "};\n")
}

/// A random world, with its glue and some values.
fn random_world(seed: u64) -> Result<Host> {
    let random = &mut Random::new(seed);
    let (component, functions) = pass_through(random)?;
    let arena = random.percent(50).then_some(1 << 20);
    let module = flat_for(&component, "portable", arena)?;
    let host = Host::new(&module, "echo")?;
    let values: Vec<_> = functions
        .iter()
        .map(|ty| (throws(ty), (0..4).map(|_| value(ty, random)).collect()))
        .collect();
    let text = described(&module, &values)?;
    std::fs::write(host.folder.path().join("functions.mjs"), text)?;
    Ok(host)
}

/// The same with C: to the guest, from it to the host, back, and back again, while its memory moves with every allocation.
#[test]
fn random_values_of_random_types_pass_a_host_in_js() -> Result<()> {
    if !is_ready() {
        return Ok(());
    }
    let number = |name: &str, otherwise: u64| match std::env::var(name) {
        Ok(text) => text.parse().expect("a number"),
        Err(_) => otherwise,
    };
    let first = number("P1BRIDGE_RANDOM_SEED", 1);
    for seed in first..first + number("P1BRIDGE_RANDOM_WORLDS", 12) {
        let said = random_world(seed)?.run("random.mjs", &[]);
        let said = said.with_context(|| format!("seed {seed}"))?;
        ensure!(said == "all the same\n", "seed {seed}: {said}");
    }
    Ok(())
}

/// What random types have not: as many flags as there can be, more cases than a byte has numbers, more parameters than are
/// passed as they are, names that are words of the language.
#[test]
fn large_types_pass_a_host_in_js() -> Result<()> {
    if !is_ready() {
        return Ok(());
    }
    let list = |count: usize, one: &dyn Fn(usize) -> String| -> String {
        (0..count).map(one).collect::<Vec<_>>().join(", ")
    };
    let flags = list(32, &|i| format!("f{i}-x"));
    let cases = list(300, &|i| match i {
        299 => "c299(f64)".into(),
        298 => "c298(u64)".into(),
        i => format!("c{i}"),
    });
    let fields = list(20, &|i| format!("x{i}: u{}", [8, 64][i % 2]));
    let items = format!(
        "flags many {{ {flags} }} variant cases {{ {cases} }} record fields {{ {fields} }}
         variant mix {{ a(f32), b(u32), c(tuple<f32, f64>), d(u64), e(string), f(tuple<u32, f32, f64>), g(s8) }}
         record words {{ %constructor: u8, default: string, %type: option<option<option<u8>>>, await: list<bool> }}
         f0: func(x: many) -> many; f1: func(x: cases) -> cases; f2: func(x: fields) -> fields; f3: func(x: words) -> words;
         f4: func(x: result<result<u8, string>, result>) -> result<result<u8, string>, result>;
         f5: func(x: result<f32, u32>) -> result<f32, u32>; f6: func(x: mix) -> mix;"
    );
    let module = flat_for(&passes_on(&items)?, "portable", None)?;
    let host = Host::new(&module, "echo")?;
    let many = list(32, &|i| format!("f{i}X: {}", [1, 30, 31].contains(&i)));
    let fields = list(20, &|i| match i % 2 {
        0 => format!("x{i}: {i}"),
        _ => format!("x{i}: {i}n"),
    });
    let words = |some: &str, list: &str| {
        format!("{{ constructor: 1, default: 'x', type: {some}, await: {list} }}")
    };
    let texts = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
    let values = [
        (false, vec![format!("{{ {many} }}")]),
        (
            false,
            texts(&[
                "{ tag: 'c256' }",
                "{ tag: 'c299', val: -0.5 }",
                "{ tag: 'c298', val: 18446744073709551615n }",
            ]),
        ),
        (false, vec![format!("{{ {fields} }}")]),
        (
            false,
            vec![
                words("undefined", "[]"),
                words("{ tag: 'none' }", "[true]"),
                words("{ tag: 'some', val: undefined }", "[]"),
                words("{ tag: 'some', val: 255 }", "[true, false]"),
            ],
        ),
        (
            true,
            texts(&[
                "{ tag: 'ok', val: { tag: 'ok', val: 7 } }",
                "{ tag: 'ok', val: { tag: 'err', val: 'x' } }",
                "{ tag: 'err', val: { tag: 'ok', val: undefined } }",
            ]),
        ),
        (
            true,
            texts(&[
                "{ tag: 'ok', val: -0.5 }",
                "{ tag: 'err', val: 4294967295 }",
            ]),
        ),
        (
            false,
            texts(&[
                "{ tag: 'a', val: -Infinity }",
                "{ tag: 'b', val: 4294967295 }",
                "{ tag: 'c', val: [1.5, -1e300] }",
                "{ tag: 'd', val: 18446744073709551615n }",
                "{ tag: 'e', val: 'text' }",
                "{ tag: 'f', val: [2147483648, -0, 5e-324] }",
                "{ tag: 'g', val: -128 }",
            ]),
        ),
    ];
    let text = described(&module, &values)?;
    std::fs::write(host.folder.path().join("functions.mjs"), text)?;
    let said = host.run("random.mjs", &[])?;
    ensure!(said == "all the same\n", "{said}");
    Ok(())
}

#[test]
fn a_guest_that_gives_anything_gets_an_error_of_a_host_in_js() -> Result<()> {
    if !is_ready() {
        return Ok(());
    }
    let mut kinds = std::collections::BTreeSet::new();
    for seed in 1..=6 {
        let said = random_world(seed)?.run("hostile.mjs", &[&seed.to_string()]);
        let said = said.with_context(|| format!("seed {seed}"))?;
        let ends: std::collections::BTreeMap<String, u64> = serde_json::from_str(&said)?;
        // Both ends are reached.
        if ends.get("well").is_none_or(|count| *count < 100) {
            bail!("seed {seed}: {said}");
        }
        kinds.extend(ends.into_keys());
    }
    for kind in [
        "an address is outside of the memory",
        "an address is not aligned",
        "a string is not UTF-8",
        "a char is no scalar value",
        "there is no such case",
        "cabi_realloc gave a bad address",
    ] {
        ensure!(kinds.contains(kind), "never: {kind}: {kinds:?}");
    }
    Ok(())
}

/// `corpus/plugins/string-utils`: plugins in three languages at once, one that is replaced, and one that traps.
#[test]
fn a_host_in_js_has_several_plugins_replaces_one_and_goes_on_when_one_traps() -> Result<()> {
    if !is_ready() {
        return Ok(());
    }
    let host = Host::new(&plugin(PLUGINS[0], "portable")?, "plugin")?;
    let folder = host.folder.path();
    let mut command = Command::new("node");
    command
        .arg("--no-warnings")
        .arg(top().join("corpus/plugins/string-utils/host-js/main.mjs"))
        .arg(folder.join("plugin.js"));
    for name in PLUGINS {
        let file = folder.join(format!("{name}.wasm"));
        std::fs::write(&file, plugin(name, "portable")?)?;
        command.arg(file);
    }
    let said = run(&mut command)?;
    ensure!(said == plugins_say(), "{said}");
    Ok(())
}
