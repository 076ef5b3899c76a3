//! Glue for hosts in C, compiled by the machine's C compiler with its sanitizers, on the WAMR of 2020: the worlds of the corpus
//! in both directions, random values of random types, and layer 2 alone against memory and values that are all wrong.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use p1bridge::flatten::{FlattenOptions, flatten};
use p1bridge::host::{HostOptions, Input, c};
use p1bridge::profiles::named;
use p1bridge::wrap::{World, WrapOptions, wrap};
use p1bridge_tests::manifest::part;
use p1bridge_tests::random::numbers::Random;

use super::echo_world::{Type, pass_through};
use super::linked::TOUR;

const WARNINGS: [&str; 6] = [
    "-Wall",
    "-Wextra",
    "-Wconversion",
    "-pedantic",
    "-Werror",
    "-Wno-unused-function",
];
const SANITIZERS: [&str; 2] = [
    "-fsanitize=address,undefined",
    "-fno-sanitize-recover=undefined",
];

pub(super) fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

pub(super) fn shim() -> PathBuf {
    top().join("runtime-shim/host")
}

/// The WAMR of 2020 as a library, and its headers; none where it is not built.
fn wamr() -> Option<(PathBuf, PathBuf)> {
    let sources = Path::new(option_env!("WAMR_2020_SOURCES")?);
    Some((
        option_env!("WAMR_2020_LIBRARY")?.into(),
        sources.join("core/iwasm/include"),
    ))
}

fn compiler(cpp: bool) -> Option<&'static str> {
    let name = if cpp { "c++" } else { "cc" };
    let works = Command::new(name).arg("--version").output();
    works
        .is_ok_and(|output| output.status.success())
        .then_some(name)
}

/// Runs a command; what it printed.
pub(super) fn run(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "{command:?}: {}\n{said}",
        output.status
    );
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn flat(component: &[u8]) -> Result<Vec<u8>> {
    flat_for(component, "wamr-2020", None)
}

/// The same for a profile, with an arena of so many bytes for what functions of the host give.
pub(super) fn flat_for(
    component: &[u8],
    profile: &str,
    host_arena: Option<u32>,
) -> Result<Vec<u8>> {
    let options = FlattenOptions {
        profile: named(profile)?,
        host_arena,
        verify: true,
        ..FlattenOptions::default()
    };
    Ok(flatten(component, &options)?.wasm)
}

/// Writes the glue for a world, and compiles it and the shim with every warning.
pub(super) fn glue(folder: &Path, input: &Input, world: &str) -> Result<Vec<PathBuf>> {
    let mut sources = written(folder, input, world, None)?;
    sources.push(shim().join("p1b_abi.c"));
    compiled(folder, &sources)
}

/// Writes the glue for a world; the sources.
pub(super) fn written(
    folder: &Path,
    input: &Input,
    world: &str,
    prefix: Option<&str>,
) -> Result<Vec<PathBuf>> {
    let options = HostOptions {
        world: Some(world.into()),
        prefix: prefix.map(Into::into),
        ..HostOptions::default()
    };
    let mut sources = Vec::new();
    for file in c(input, &options)? {
        let path = folder.join(&file.name);
        std::fs::write(&path, &file.text)?;
        sources.extend(file.name.ends_with(".c").then_some(path));
    }
    Ok(sources)
}

/// Compiles glue with every warning.
pub(super) fn compiled(folder: &Path, sources: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut objects = Vec::new();
    for source in sources {
        let object = folder
            .join(source.file_name().context("a file")?)
            .with_extension("o");
        let mut command = Command::new("cc");
        command
            .args(["-std=c99", "-O1", "-g", "-c"])
            .args(WARNINGS)
            .args(SANITIZERS);
        run(command
            .arg("-I")
            .arg(shim())
            .arg("-I")
            .arg(folder)
            .arg(source)
            .arg("-o")
            .arg(&object))?;
        objects.push(object);
    }
    Ok(objects)
}

/// Compiles the binding and a host, and links all of it with WAMR.
pub(super) fn program(
    folder: &Path,
    host: &Path,
    mut objects: Vec<PathBuf>,
    cpp: bool,
) -> Result<PathBuf> {
    let (library, headers) = wamr().context("WAMR")?;
    let binding = folder.join("p1b_wamr.o");
    let mut command = Command::new("cc");
    command
        .args(["-std=c99", "-O1", "-g", "-c", "-DP1B_WAMR=2020"])
        .args(WARNINGS)
        .args(SANITIZERS);
    command.arg("-I").arg(shim()).arg("-isystem").arg(&headers);
    run(command
        .arg(shim().join("p1b_wamr.c"))
        .arg("-o")
        .arg(&binding))?;
    objects.push(binding);
    let made = folder.join("host");
    let mut command = Command::new(if cpp { "c++" } else { "cc" });
    command.arg(if cpp { "-std=c++17" } else { "-std=gnu99" });
    command
        .args(["-O1", "-g", "-DP1B_WAMR=2020"])
        .args(SANITIZERS);
    for include in [shim(), folder.to_path_buf(), top().join("tests/glue")] {
        command.arg("-I").arg(include);
    }
    command
        .arg("-isystem")
        .arg(&headers)
        .arg(host)
        .args(&objects)
        .arg(&library);
    run(command.args(["-lpthread", "-lm", "-o"]).arg(&made))?;
    Ok(made)
}

/// Whether everything is there; says what is not.
pub(super) fn is_ready(cpp: bool) -> bool {
    let ready = compiler(false).is_some() && compiler(cpp).is_some() && wamr().is_some();
    if !ready {
        let required = std::env::var("P1BRIDGE_REQUIRE_ENGINES").unwrap_or_default();
        assert!(
            !required.contains("wamr"),
            "a C compiler or WAMR is missing"
        );
        eprintln!("skipped: no C compiler, or no WAMR");
    }
    ready
}

#[test]
fn a_host_in_c_provides_an_interface() -> Result<()> {
    if !is_ready(false) {
        return Ok(());
    }
    let component = wrap(&part("user-c")?, &WrapOptions::default())?.component;
    for arena in [None, Some(1024)] {
        let folder = tempfile::tempdir()?;
        let module = flat_for(&component, "wamr-2020", arena)?;
        let objects = glue(folder.path(), &Input::of_module(&module)?, "user")?;
        let host = program(
            folder.path(),
            &top().join("tests/glue/user.c"),
            objects,
            false,
        )?;
        let file = folder.path().join("user.wasm");
        std::fs::write(&file, module)?;
        let said = run(Command::new(&host).arg(file).arg("one"))?;
        ensure!(said == format!("{TOUR}argument one\n"), "{arena:?}: {said}");
        // Glue for a module with an arena is not bound to one without, nor the other way round; what does not
        // fit into the arena traps the guest, which says so.
        let other = arena.map_or(Some(1024), |_| None);
        for (arena, why) in [
            (other, "the glue is for a module with another --host-arena"),
            (
                arena.map(|_| 32),
                "the arena for results of the host is full",
            ),
        ] {
            if arena.is_none() && other.is_some() {
                continue;
            }
            let file = folder.path().join("other.wasm");
            std::fs::write(&file, flat_for(&component, "wamr-2020", arena)?)?;
            let ended = Command::new(&host).arg(file).output()?;
            let said = String::from_utf8_lossy(&ended.stdout).into_owned()
                + &String::from_utf8_lossy(&ended.stderr);
            ensure!(
                !ended.status.success() && said.contains(why),
                "{arena:?}: {said}"
            );
        }
    }
    Ok(())
}

#[test]
fn a_host_in_c_calls_an_interface() -> Result<()> {
    if !is_ready(false) {
        return Ok(());
    }
    for maker in ["maker-p2-c", "maker-p2-rust"] {
        let folder = tempfile::tempdir()?;
        let module = flat(&part(maker)?)?;
        let objects = glue(folder.path(), &Input::of_module(&module)?, "maker")?;
        let host = program(
            folder.path(),
            &top().join("tests/glue/maker.c"),
            objects,
            false,
        )?;
        let file = folder.path().join("maker.wasm");
        std::fs::write(&file, module)?;
        let said = run(Command::new(host).arg(file))?;
        ensure!(said == TOUR, "{maker}: {said}");
    }
    Ok(())
}

/// A module with an arena is for hosts: `inspect --abi` says where results go, and no component can be made of it, in which
/// they would lie elsewhere.
#[test]
fn a_module_with_an_arena_for_the_host_says_so() -> Result<()> {
    let component = wrap(&part("user-c")?, &WrapOptions::default())?.component;
    let module = flat_for(&component, "portable", Some(1024))?;
    let functions = p1bridge::abi::manifest(&module)?;
    let shout = functions.iter().find(|one| one.name.ends_with("#shout"));
    ensure!(shout.context("a function")?.realloc == Some("p1bridge.host-arena"));
    let text = std::fs::read_to_string(top().join("corpus/linked/words.wit"))?;
    let without_wasi = text.split("/// The same user").next().context("a world")?;
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("words.wit"), without_wasi)?;
    let world = World::read(folder.path(), Some("user"))?;
    let options = WrapOptions {
        world: Some(world),
        ..WrapOptions::default()
    };
    let refused = wrap(&module, &options).expect_err("a component");
    ensure!(
        format!("{refused:#}").contains("--host-arena"),
        "{refused:#}"
    );
    // Where nothing is returned in memory there is no arena, and the user is told.
    let options = FlattenOptions {
        host_arena: Some(1024),
        ..FlattenOptions::default()
    };
    let flat = flatten(&part("hello-p2-c")?, &options)?;
    ensure!(
        flat.report.to_string().contains("--host-arena"),
        "{}",
        flat.report
    );
    Ok(())
}

#[test]
fn what_a_host_in_c_cannot_have_is_refused_by_name() -> Result<()> {
    for (text, part) in [
        (
            "f: func(x: stream<u8>);",
            "a:b/i#f: a stream is of the async ABI",
        ),
        (
            "use wasi:x/y.{r}; f: func(x: borrow<r>);",
            "wasi_x_y_r is a resource of the runtime",
        ),
    ] {
        let folder = tempfile::tempdir()?;
        let deps = folder.path().join("deps");
        std::fs::create_dir(&deps)?;
        std::fs::write(
            deps.join("x.wit"),
            "package wasi:x; interface y { resource r; }",
        )?;
        std::fs::write(
            folder.path().join("w.wit"),
            format!("package a:b; interface i {{ {text} }} world w {{ import i; }}"),
        )?;
        let input = Input::of_world(World::read(folder.path(), None)?);
        let refused = match c(&input, &HostOptions::default()) {
            Ok(_) => "taken".to_string(),
            Err(error) => format!("{error:#}"),
        };
        ensure!(refused.starts_with(part), "{text}: {refused}");
    }
    Ok(())
}

impl Type {
    /// Statements that make `at` a random value, and those that compare it with `to`.
    fn value(&self, random: &mut Random, at: &str, to: &str, make: &mut String, same: &mut String) {
        let mut equal = |condition: String| {
            writeln!(same, "    if (!({condition})) fail(\"{at}\", \"differs\");")
                .expect("a string")
        };
        match self {
            Type::Bool => {
                writeln!(make, "    {at} = {};", random.percent(50)).expect("a string");
                equal(format!("{at} == {to}"));
            }
            Type::Char => {
                let char = random.pick(&['a', '\u{0}', '\u{d7ff}', '\u{e000}', '\u{10ffff}', 'ß']);
                writeln!(make, "    {at} = {:#x};", char as u32).expect("a string");
                equal(format!("{at} == {to}"));
            }
            Type::Number(name) => {
                let bits = random.bits();
                let value = match *name {
                    "f32" => format!("p1b_f32({:#x}u)", bits as u32),
                    "f64" => format!("p1b_f64({bits:#x}u)"),
                    name => format!(
                        "static_cast<std::remove_reference_t<decltype({at})>>({bits:#x}u) /* {name} */"
                    ),
                };
                writeln!(make, "    {at} = {value};").expect("a string");
                equal(format!("same_bits({at}, {to})"));
            }
            Type::Text => {
                let text = random.pick(&[
                    "",
                    "a",
                    "grüße",
                    "\u{10ffff}x",
                    "a longer text that needs some room in the memory",
                ]);
                let bytes: String = text.bytes().map(|b| format!("\\{b:03o}")).collect();
                writeln!(make, "    {at} = text(\"{bytes}\", {});", text.len()).expect("a string");
                equal(format!("same_text({at}, {to})"));
            }
            Type::List(ty) => {
                let count = random.pick(&[0, 1, 2, 5]);
                let name = format!("l{}", make.len());
                writeln!(make, "    auto *{name} = items({at}.ptr, {count});\n    {at}.ptr = {name};\n    {at}.len = {count};").expect("a string");
                equal(format!("{to}.len == {count}"));
                for i in 0..count {
                    let (from, to) = (format!("{name}[{i}]"), format!("{to}.ptr[{i}]"));
                    ty.value(random, &from, &to, make, same);
                }
            }
            Type::Map(key, ty) => {
                let count = random.pick(&[0, 1, 2, 5]);
                let name = format!("l{}", make.len());
                writeln!(make, "    auto *{name} = items({at}.ptr, {count});\n    {at}.ptr = {name};\n    {at}.len = {count};").expect("a string");
                equal(format!("{to}.len == {count}"));
                for i in 0..count {
                    for (ty, part) in [(key, "key"), (ty, "value")] {
                        let from = format!("{name}[{i}].{part}");
                        let to = format!("{to}.ptr[{i}].{part}");
                        ty.value(random, &from, &to, make, same);
                    }
                }
            }
            Type::Option(ty) => {
                let some = random.percent(60);
                writeln!(make, "    {at}.is_some = {some};").expect("a string");
                equal(format!("{to}.is_some == {some}"));
                if some {
                    ty.value(
                        random,
                        &format!("{at}.val"),
                        &format!("{to}.val"),
                        make,
                        same,
                    );
                }
            }
            Type::Result(ok, err) => {
                let is_err = random.percent(50);
                writeln!(make, "    {at}.is_err = {is_err};").expect("a string");
                equal(format!("{to}.is_err == {is_err}"));
                let (ty, name) = if is_err { (err, "err") } else { (ok, "ok") };
                if let Some(ty) = ty {
                    ty.value(
                        random,
                        &format!("{at}.val.{name}"),
                        &format!("{to}.val.{name}"),
                        make,
                        same,
                    );
                }
            }
            Type::Tuple(types) => {
                for (i, ty) in types.iter().enumerate() {
                    ty.value(
                        random,
                        &format!("{at}.f{i}"),
                        &format!("{to}.f{i}"),
                        make,
                        same,
                    );
                }
            }
            Type::Record(_, fields) => {
                for (i, ty) in fields.iter().enumerate() {
                    ty.value(
                        random,
                        &format!("{at}.x{i}"),
                        &format!("{to}.x{i}"),
                        make,
                        same,
                    );
                }
            }
            Type::Variant(_, cases) => {
                let case = random.below(cases.len());
                writeln!(make, "    {at}.tag = {case};").expect("a string");
                equal(format!("{to}.tag == {case}"));
                if let Some(ty) = &cases[case] {
                    ty.value(
                        random,
                        &format!("{at}.val.c{case}"),
                        &format!("{to}.val.c{case}"),
                        make,
                        same,
                    );
                }
            }
            Type::Enum(_, count) => {
                writeln!(make, "    {at} = {};", random.below(*count)).expect("a string");
                equal(format!("{at} == {to}"));
            }
            Type::Flags(_, count) => {
                let bits = random.bits() & ((1u64 << count) - 1);
                writeln!(make, "    {at} = {bits:#x}u;").expect("a string");
                equal(format!("{at} == {to}"));
            }
        }
    }
}

/// The functions of the host, each of which gives back what it gets.
fn echoes(header: &str) -> Result<String> {
    let mut text = String::new();
    for line in header
        .lines()
        .filter(|line| line.contains(" t_t_a_f") && line.ends_with(");"))
    {
        let head = line.trim_end_matches(';');
        if head.starts_with("p1b_status") {
            continue;
        }
        let by_pointer = head.contains("*x");
        let x = if by_pointer { "(*x)" } else { "x" };
        let body = if head.starts_with("bool ")
            && (head.contains("*ret") || head.contains("*err") || by_pointer)
        {
            let ret = if head.contains("*ret") {
                format!("*ret = {x}.val.ok; ")
            } else {
                String::new()
            };
            let err = if head.contains("*err") {
                format!("*err = {x}.val.err; ")
            } else {
                String::new()
            };
            format!("if ({x}.is_err) {{ {err}return false; }} {ret}return true;")
        } else if head.contains("*ret") {
            format!("*ret = {x};")
        } else {
            format!("return {x};")
        };
        writeln!(text, "{head} {{ (void)host; {body} }}")?;
    }
    Ok(text)
}

/// A program in C++ that calls every function with some values and compares what comes back.
fn driver(functions: &[Type], header: &str, random: &mut Random) -> Result<String> {
    let mut text = format!(
        "#include \"echo_host.h\"\n#include \"echo.h\"\n{}\n",
        echoes(header)?
    );
    let mut main = String::new();
    for (i, ty) in functions.iter().enumerate() {
        for n in 0..3 {
            let (mut make, mut same) = (String::new(), String::new());
            ty.value(random, "in", "out", &mut make, &mut same);
            writeln!(
                text,
                "template <class T> static void test_{i}_{n}(T in, T out) {{\n{make}    call(exports_t_t_b_f{i}, in, out);\n{same}    release();\n}}"
            )?;
            writeln!(
                main,
                "    test_{i}_{n}(value_of<decltype(&exports_t_t_b_f{i})>::type(), value_of<decltype(&exports_t_t_b_f{i})>::type());"
            )?;
        }
    }
    writeln!(
        text,
        "int main(int, char **argv) {{\n    boot(argv[1], &echo_world);\n{main}    std::puts(\"all the same\");\n}}"
    )?;
    Ok(text)
}

/// Lifts and lowers random values of random types: to the guest, from it to the host, back, and back again, while its memory
/// moves with every allocation.
#[test]
fn random_values_of_random_types_come_back_as_they_were() -> Result<()> {
    if !is_ready(true) {
        return Ok(());
    }
    let number = |name: &str, otherwise: u64| match std::env::var(name) {
        Ok(text) => text.parse().expect("a number"),
        Err(_) => otherwise,
    };
    let first = number("P1BRIDGE_RANDOM_SEED", 1);
    for seed in first..first + number("P1BRIDGE_RANDOM_WORLDS", 12) {
        one_world(seed).with_context(|| format!("seed {seed}"))?;
    }
    Ok(())
}

/// Two such guests, one behind the other: the host calls the first, and is called by the second, whose values it cannot use as they
/// are.
fn twice(component: Vec<u8>) -> Result<Vec<u8>> {
    let input = |name: &str| p1bridge::link::Input {
        name: name.into(),
        wasm: component.clone(),
        world: None,
    };
    let choices = p1bridge::link::Choices {
        plugs: vec![p1bridge::link::Plug {
            import: "t:t/a".into(),
            file: "second".into(),
            export: Some("t:t/b".into()),
        }],
        ..p1bridge::link::Choices::default()
    };
    Ok(p1bridge::link::compose(&[input("first"), input("second")], &[], &choices)?.component)
}

fn one_world(seed: u64) -> Result<()> {
    let random = &mut Random::new(seed);
    let (component, functions) = pass_through(random)?;
    let arena = seed.is_multiple_of(2).then_some(1 << 20);
    let component = match seed % 3 {
        0 => twice(component)?,
        _ => component,
    };
    let module = flat_for(&component, "wamr-2020", arena)?;
    let folder = tempfile::tempdir()?;
    let objects = glue(folder.path(), &Input::of_module(&module)?, "echo")?;
    let header = std::fs::read_to_string(folder.path().join("echo_host.h"))?;
    let source = folder.path().join("driver.cpp");
    std::fs::write(&source, driver(&functions, &header, random)?)?;
    let host = program(folder.path(), &source, objects, true).with_context(|| header.clone())?;
    let file = folder.path().join("echo.wasm");
    std::fs::write(&file, module)?;
    let said = run(Command::new(host)
        .arg(file)
        .env("ASAN_OPTIONS", "detect_leaks=0"))?;
    if said != "all the same\n" {
        bail!("{said}");
    }
    Ok(())
}

/// A guest that gives wrong addresses, lengths, cases, chars and handles, whose memory moves in every call, reaches nothing
/// outside of its memory: the glue alone, on an array that the sanitizer guards.
#[test]
fn a_guest_that_gives_anything_reaches_nothing_outside_of_its_memory() -> Result<()> {
    if !is_ready(true) {
        return Ok(());
    }
    for seed in 1..=6 {
        hostile_world(seed).with_context(|| format!("seed {seed}"))?;
    }
    Ok(())
}

fn hostile_world(seed: u64) -> Result<()> {
    let random = &mut Random::new(seed);
    let (component, functions) = pass_through(random)?;
    let module = flat(&component)?;
    let folder = tempfile::tempdir()?;
    let objects = glue(folder.path(), &Input::of_module(&module)?, "echo")?;
    let header = std::fs::read_to_string(folder.path().join("echo_host.h"))?;
    let mut text = format!(
        "#include \"echo_host.h\"\n#include \"hostile.h\"\n#include \"ways.h\"\n{}\n",
        echoes(&header)?
    );
    writeln!(
        text,
        "int main() {{\n    state = {seed}u * 2654435761u + 1;\n    for (int i = 0; i < 30000; i++) {{\n        imports(&echo_world);"
    )?;
    for i in 0..functions.len() {
        writeln!(
            text,
            "        again(&echo_world); ended[any(&exports_t_t_b_f{i})]++;"
        )?;
    }
    writeln!(
        text,
        "    }}\n    for (int i = 0; i < 13; i++) std::printf(\"%d:%lu \", i, ended[i]);\n    std::puts(\"\");\n}}"
    )?;
    let source = folder.path().join("hostile.cpp");
    std::fs::write(&source, text)?;
    let made = folder.path().join("hostile");
    let mut command = Command::new("c++");
    command.args(["-std=c++17", "-O1", "-g"]).args(SANITIZERS);
    for include in [
        shim(),
        folder.path().to_path_buf(),
        top().join("tests/glue"),
    ] {
        command.arg("-I").arg(include);
    }
    run(command.arg(&source).args(&objects).arg("-o").arg(&made))?;
    let said = run(Command::new(&made).env("ASAN_OPTIONS", "detect_leaks=0"))?;
    // Both ends are reached: calls that go well, and several kinds that do not.
    let ended: Vec<u64> = said
        .split_whitespace()
        .filter_map(|word| word.split(':').nth(1)?.parse().ok())
        .collect();
    ensure!(ended[0] > 100, "{said}");
    ensure!(
        ended[1..].iter().filter(|count| **count > 0).count() >= 4,
        "{said}"
    );
    Ok(())
}

/// The sources of wasm3 0.4.7, compiled with sanitizers: the objects, and how to compile what is linked with them.
struct Wasm3 {
    folder: tempfile::TempDir,
    sources: &'static str,
}

const WASM3_FLAGS: [&str; 8] = [
    "-std=gnu99",
    "-O1",
    "-w",
    "-DWASM3",
    "-DP1B_WASM3=4",
    "-Dd_m3HasWASI",
    "-Dd_m3LogOutput=0",
    "-fsanitize=address,undefined",
];

impl Wasm3 {
    /// None where something is missing; says what.
    fn new() -> Result<Option<Wasm3>> {
        let Some(sources) = option_env!("WASM3_SOURCES").filter(|_| compiler(false).is_some())
        else {
            eprintln!("skipped: no C compiler, or no wasm3");
            return Ok(None);
        };
        let folder = tempfile::tempdir()?;
        let mut command = Command::new("cc");
        command.args(WASM3_FLAGS).current_dir(folder.path());
        run(command.arg("-c").args(wasm3_files(sources)?))?;
        Ok(Some(Wasm3 { folder, sources }))
    }

    /// What a host with glue for a module prints.
    fn run(&self, input: &Input, name: &str, module: &[u8], arguments: &[&str]) -> Result<String> {
        let folder = tempfile::tempdir()?;
        let objects = glue(folder.path(), input, name)?;
        let made = folder.path().join("host");
        let mut command = Command::new("cc");
        command.args(WASM3_FLAGS);
        for include in [
            shim(),
            folder.path().to_path_buf(),
            top().join("tests/glue"),
            self.sources.into(),
        ] {
            command.arg("-I").arg(include);
        }
        command
            .arg(top().join(format!("tests/glue/{name}.c")))
            .arg(shim().join("p1b_wasm3.c"))
            .args(&objects);
        for entry in std::fs::read_dir(self.folder.path())? {
            command.arg(entry?.path());
        }
        run(command.args(["-lm", "-o"]).arg(&made))?;
        let file = folder.path().join("module.wasm");
        std::fs::write(&file, module)?;
        // wasm3 itself reads and writes at addresses that are not aligned.
        run(Command::new(&made)
            .arg(file)
            .args(arguments)
            .env("ASAN_OPTIONS", "detect_leaks=0")
            .env("UBSAN_OPTIONS", "halt_on_error=0"))
    }
}

/// The sources of wasm3 but those for other kinds of WASI.
pub(super) fn wasm3_files(sources: &str) -> Result<Vec<PathBuf>> {
    let others = ["m3_api_uvwasi.c", "m3_api_meta_wasi.c", "m3_api_tracer.c"];
    let mut files = Vec::new();
    for entry in std::fs::read_dir(sources)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.unwrap_or_default();
        if name.ends_with(".c") && !others.contains(&name) {
            files.push(path);
        }
    }
    Ok(files)
}

/// wasm3 0.4.7, in which a call of the guest by a function of the host would overwrite the caller's frame without the binding.
#[test]
fn hosts_in_c_do_the_same_on_wasm3() -> Result<()> {
    let Some(wasm3) = Wasm3::new()? else {
        return Ok(());
    };
    let user = wrap(&part("user-c")?, &WrapOptions::default())?.component;
    let one = &["one"][..];
    for (name, component, arena, arguments, right) in [
        ("user", &user, None, one, format!("{TOUR}argument one\n")),
        (
            "user",
            &user,
            Some(1024),
            one,
            format!("{TOUR}argument one\n"),
        ),
        ("maker", &part("maker-p2-c")?, None, &[], TOUR.to_string()),
    ] {
        let module = flat_for(component, "wasm3", arena)?;
        let said = wasm3.run(&Input::of_module(&module)?, name, &module, arguments)?;
        ensure!(said == right, "{name}: {said}");
    }
    Ok(())
}

/// wasm3 does not look for the end of its stack when it takes arguments, and finds another one when the memory grows in a call of the
/// guest by a function of the host. 0.4.7 takes an import for an export of the same name.
#[test]
fn a_guest_that_fills_its_stack_on_wasm3_writes_nothing_behind_it() -> Result<()> {
    let Some(wasm3) = Wasm3::new()? else {
        return Ok(());
    };
    let folder = top().join("tests/glue");
    let module = wat::parse_file(folder.join("deep.wat"))?;
    let input = Input::of_world(World::read(&folder.join("deep.wit"), None)?);
    let said = wasm3.run(&input, "deep", &module, &[])?;
    ensure!(said == "ends where it did\n", "{said}");
    Ok(())
}

pub const PLUGINS: [&str; 3] = ["strings-c", "strings-cpp", "strings-rust"];

/// A plugin of `corpus/plugins` as a module.
pub fn plugin(name: &str, profile: &str) -> Result<Vec<u8>> {
    let input = p1bridge::link::Input {
        name: name.into(),
        wasm: part(name)?,
        world: None,
    };
    let options = FlattenOptions {
        profile: named(profile)?,
        verify: true,
        ..FlattenOptions::default()
    };
    let choices = p1bridge::link::Choices::default();
    let (_, flat) = p1bridge::link::link(&[input], &[], &choices, &options)?;
    Ok(flat.wasm)
}

/// What a host of those plugins prints.
pub fn plugins_say() -> String {
    let round = |name: &str, language: &str| {
        format!(
            "{name}.wasm:\n  [info] {name}.wasm: uppercase, in {language}\n  A TEXT  IN WORDS\n  1. a\n  2. text\n  3. in\n  4. words\n  \
             16 + 4 = 20 characters\n  [info] {name}.wasm: a counter is gone, in {language}\n"
        )
    };
    let after = "strings-rust.wasm:\n  [info] strings-rust.wasm: uppercase, in Rust\n  \n  [warning] strings-rust.wasm: no words, in Rust\n  \
                 0 + 4 = 4 characters\n  [info] strings-rust.wasm: a counter is gone, in Rust\n";
    format!(
        "{}{}{}replaced: strings-c.wasm\nstrings-cpp.wasm: the guest trapped\n{after}{after}",
        round("strings-c", "C"),
        round("strings-cpp", "C++"),
        round("strings-rust", "Rust")
    )
}

/// `corpus/plugins/string-utils`: plugins in three languages at once, one that is replaced, and one that traps.
#[test]
fn a_host_has_several_plugins_replaces_one_and_goes_on_when_one_traps() -> Result<()> {
    if !is_ready(false) {
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let mut files = Vec::new();
    let mut first = None;
    for name in PLUGINS {
        let wasm = plugin(name, "wamr-2020")?;
        let file = folder.path().join(format!("{name}.wasm"));
        std::fs::write(&file, &wasm)?;
        files.push(file);
        first.get_or_insert(wasm);
    }
    let module = first.context("a plugin")?;
    let objects = glue(folder.path(), &Input::of_module(&module)?, "plugin")?;
    let source = top().join("corpus/plugins/string-utils/host/main.c");
    let host = program(folder.path(), &source, objects, false)?;
    let said = run(Command::new(host).args(&files))?;
    let right = plugins_say();
    ensure!(said == right, "{said}");
    Ok(())
}
