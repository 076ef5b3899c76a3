//! A Preview 1 guest beside another guest: what it gives to Preview 1 is checked against its own
//! memory, and its descriptors are its own, as in the component. A guest that is alone, or trusted, is
//! un-adapted.

use anyhow::{Context, Result, ensure};
use p1bridge::flatten::{Descriptors, FlattenOptions, Flattened, flatten};
use p1bridge::profiles::named;
use p1bridge::wrap::{WrapOptions, wrap};
use p1bridge_linker::{Growth, Isolation, MemoryMode};
use p1bridge_tests::link::parse_world;
use p1bridge_tests::manifest::programs;
use p1bridge_tests::{Exit, Outcome, RunSpec, engines, link};

/// A component with a memory of its own, whose `g` returns a part of it.
const NEIGHBOUR: &str = r#"(component $beside
    (core module $M (memory (export "memory") 1) (data (i32.const 0) "SECRETSECRETSECRET")
      (func (export "g") (result i32) (i32.add (i32.load (i32.const 0)) (i32.load (i32.const 8)))))
    (core instance $m (instantiate $M))
    (func (export "g") (result u32) (canon lift (core func $m "g"))))"#;

/// The text of a component with the neighbour at its end, which an export of its own keeps.
fn with_neighbour(component: &[u8]) -> Result<Vec<u8>> {
    let text = wasmprinter::print_bytes(component)?;
    let end = text.rfind(')').context("the end of the component")?;
    let text = format!(
        r#"{} {NEIGHBOUR}
          (instance $neighbour (instantiate $beside))
          (export "g" (func $neighbour "g")))"#,
        &text[..end]
    );
    wat::parse_str(&text).with_context(|| text)
}

/// A command of Preview 1 that imports `g` of `n:n/n`, which a neighbour provides.
fn beside(module: &str) -> Result<Vec<u8>> {
    let world = parse_world(
        "package t:t; world w { import n:n/n; }
         package n:n { interface n { g: func() -> u32; } }",
    )?;
    let options = WrapOptions {
        world: Some(world),
        wasmtime_adapter: true,
        ..WrapOptions::default()
    };
    let component = wrap(&wat::parse_str(module)?, &options)?.component;
    let text = wasmprinter::print_bytes(component)?;
    // The imports of the root, but for the neighbour's, in the same order.
    let head = &text[..text.find("  (core module").context("a core module")?];
    let (mut imports, mut arguments, mut instances) = (String::new(), String::new(), 0);
    for line in head.lines().skip(1) {
        let import = line.trim_start().strip_prefix("(import \"");
        let import = import.filter(|rest| rest.contains("\" (instance "));
        if let Some((name, _)) = import.and_then(|rest| rest.split_once('"')) {
            arguments += &format!("(with \"{name}\" (instance {instances})) ");
            instances += 1;
            if name == "n:n/n" {
                imports += &format!("{NEIGHBOUR} (instance (instantiate $beside))\n");
                continue;
            }
        }
        imports += line;
        imports.push('\n');
    }
    let run = text
        .find("(export \"wasi:cli/run@")
        .or(text.find("wasi:cli/run@"));
    let run = &text[run.context("an export")?..];
    let run = run
        .split('"')
        .find(|part| part.starts_with("wasi:cli/run@"));
    let run = run.and_then(|run| run.split('#').next());
    let run = run.context("the name of the export")?;
    let inner = text.replacen("(component", "(component $inner", 1);
    let text = format!(
        r#"(component {imports} {inner} (instance $p (instantiate $inner {arguments}))
          (export "{run}" (instance $p "{run}")))"#
    );
    wat::parse_str(&text).with_context(|| text)
}

fn run(wasm: &[u8], spec: &RunSpec) -> Result<Outcome> {
    engines::oracle().run(wasm, spec)
}

fn layouts() -> Result<Vec<FlattenOptions>> {
    let options = FlattenOptions {
        verify: true,
        ..FlattenOptions::default()
    };
    Ok(vec![
        options.clone(),
        FlattenOptions {
            profile: named("as-is")?,
            ..options.clone()
        },
        FlattenOptions {
            profile: named("wamr-2020")?,
            ..options.clone()
        },
        FlattenOptions {
            growth: Growth::Within(64),
            ..options.clone()
        },
        FlattenOptions {
            memory: MemoryMode::Multi,
            profile: named("as-is")?,
            ..options
        },
    ])
}

fn is_kept(outcome: &Flattened) -> bool {
    outcome
        .report
        .adapters
        .iter()
        .any(|adapter| !adapter.un_adapted)
}

const IMPORTS: &str = r#"
  (import "wasi_snapshot_preview1" "fd_write" (func $w (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $r (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_close" (func $c (param i32) (result i32)))
  (import "n:n/n" "g" (func $g (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 200) "done\n")
  (func $print (param i32 i32 i32)
    (i32.store (i32.const 0) (local.get 0)) (i32.store (i32.const 4) (local.get 1))
    (drop (call $w (i32.const 1) (i32.const 0) (i32.const 1) (local.get 2))))"#;

/// What a hostile guest does.
const HOSTILE: [(&str, &str); 9] = [
    (
        "prints the neighbour's bytes",
        "(call $print (i32.const 65536) (i32.const 12) (i32.const 16))",
    ),
    (
        "is told how much was written there",
        "(call $print (i32.const 200) (i32.const 5) (i32.const 65536))",
    ),
    (
        "has its vectors there",
        "(drop (call $w (i32.const 1) (i32.const 65536) (i32.const 1) (i32.const 16)))",
    ),
    (
        "has half a vector there",
        "(drop (call $w (i32.const 1) (i32.const 65532) (i32.const 1) (i32.const 16)))",
    ),
    (
        "has a vector of almost all",
        "(call $print (i32.const 16) (i32.const -8) (i32.const 16))",
    ),
    (
        "has random bytes put there",
        "(drop (call $r (i32.const 65536) (i32.const 16)))",
    ),
    (
        "across the border",
        "(drop (call $r (i32.const 65530) (i32.const 16)))",
    ),
    ("closes the output", "(drop (call $c (i32.const 1)))"),
    ("nothing", ""),
];

/// The guest that does it beside a neighbour, and then looks whether the neighbour is as it was.
fn hostile(body: &str) -> Result<Vec<u8>> {
    beside(&format!(
        r#"(module {IMPORTS}
          (func (export "_start") (i32.store (i32.const 100) (call $g)) {body}
            (i32.store (i32.const 104) (call $g))
            (if (i32.ne (i32.load (i32.const 100)) (i32.load (i32.const 104))) (then unreachable))
            (call $print (i32.const 200) (i32.const 5) (i32.const 16))))"#
    ))
}

/// What the guest does, and what the component prints on wasmtime before it ends or traps.
#[test]
fn nothing_of_a_neighbour_is_read_or_written_through_preview1() -> Result<()> {
    for (what, body) in HOSTILE {
        let component = hostile(body)?;
        let right = run(&component, &RunSpec::default())?;
        for options in layouts()? {
            let outcome = flatten(&component, &options)?;
            ensure!(is_kept(&outcome), "{what}: the adapter is gone");
            let found = run(&outcome.wasm, &RunSpec::default())?;
            let ended = |outcome: &Outcome| matches!(outcome.exit, Exit::Code(_));
            assert_eq!(
                (String::from_utf8_lossy(&found.stdout), ended(&found)),
                (String::from_utf8_lossy(&right.stdout), ended(&right)),
                "{what}: {:?}, not {:?}, {options:?}",
                found.exit,
                right.exit
            );
        }
    }
    Ok(())
}

/// Without adapters, the library p1-on-p1 stands between the guest and the host: what is not in the
/// guest's memory traps before the host is called. The descriptors are those of the host.
#[test]
fn guests_that_share_descriptors_reach_no_neighbour_through_preview1() -> Result<()> {
    let one_memory = |options: &FlattenOptions| options.memory == MemoryMode::One;
    for (what, body) in HOSTILE {
        let component = hostile(body)?;
        for options in layouts()?.into_iter().filter(one_memory) {
            let shared = FlattenOptions {
                descriptors: Descriptors::Shared,
                ..options
            };
            let outcome = flatten(&component, &shared)?;
            ensure!(!is_kept(&outcome), "{what}: the adapter stays");
            let found = run(&outcome.wasm, &RunSpec::default())?;
            let said = String::from_utf8_lossy(&found.stdout).into_owned();
            let right = match what {
                "nothing" => ("done\n", false),
                "closes the output" => ("", false),
                _ => ("", true),
            };
            let traps = matches!(found.exit, Exit::Trap(_));
            assert_eq!((said.as_str(), traps), right, "{what}: {:?}", found.exit);
        }
    }
    let component = hostile("")?;
    let several = FlattenOptions {
        descriptors: Descriptors::Shared,
        memory: MemoryMode::Multi,
        profile: named("as-is")?,
        ..FlattenOptions::default()
    };
    let refused = flatten(&component, &several).expect_err("refused");
    ensure!(format!("{refused:#}").contains("--wasi shared: with --memory multi"));
    Ok(())
}

/// The adapter is gone where there is nobody to be kept from it.
#[test]
fn a_guest_that_is_alone_or_trusted_is_un_adapted() -> Result<()> {
    let program = programs()?;
    let hello = program
        .iter()
        .find(|program| program.name == "hello-c")
        .context("the guest")?;
    let alone = link::component_with_adapter(hello)?;
    let checked = FlattenOptions::default();
    let trusted = FlattenOptions {
        isolation: Isolation::Trusted,
        ..FlattenOptions::default()
    };
    let beside = with_neighbour(&alone)?;
    ensure!(!is_kept(&flatten(&alone, &checked)?));
    ensure!(!is_kept(&flatten(&beside, &trusted)?));
    let kept = flatten(&beside, &checked)?;
    let why = kept.report.adapters[0].kept_because.clone();
    let why = why.context("a reason")?;
    ensure!(why.contains("there is another guest beside"), "{why}");
    ensure!(why.contains("--isolation trusted"), "{why}");
    Ok(())
}

/// What the programs of the corpus do beside a neighbour, they do as components.
#[test]
fn programs_beside_a_neighbour_do_what_they_do_as_components() -> Result<()> {
    let mut figures = Vec::new();
    for (name, args, stdin) in [
        ("hello-c", &["a", "b c"][..], ""),
        ("stdio-c", &["lines"], "one\ntwo\n"),
        ("files-c", &["tour"], ""),
        ("clocks-c", &["clocks"], ""),
        ("grow-c", &["grow"], ""),
        ("hello-rust", &["one"], ""),
        ("files-rust", &["tour"], ""),
        ("trap-c", &["unreachable"], ""),
    ] {
        let all = programs()?;
        let program = all.iter().find(|program| program.name == name);
        let component = with_neighbour(&link::component_with_adapter(program.context(name)?)?)?;
        let spec = |dir: &std::path::Path| RunSpec {
            argv: std::iter::once(&"program")
                .chain(args)
                .map(|arg| arg.to_string())
                .collect(),
            stdin: stdin.into(),
            dir: Some(dir.to_path_buf()),
            ..RunSpec::default()
        };
        let folder = tempfile::tempdir()?;
        let right = run(&component, &spec(folder.path()))?;
        let flat = flatten(&component, &FlattenOptions::default())?;
        ensure!(is_kept(&flat), "{name}: the adapter is gone");
        let shared = FlattenOptions {
            descriptors: Descriptors::Shared,
            ..FlattenOptions::default()
        };
        let shared = flatten(&component, &shared)?;
        ensure!(!is_kept(&shared), "{name}: the adapter stays");
        for engine in engines::available() {
            let flat = match engine.name() {
                "wasmtime" | "wasmi" => flat.wasm.clone(),
                "wamr-2020" => {
                    let options = FlattenOptions {
                        profile: named("wamr-2020")?,
                        ..FlattenOptions::default()
                    };
                    flatten(&component, &options)?.wasm
                }
                _ => continue,
            };
            let mut forms = vec![flat];
            if engine.name() != "wamr-2020" {
                forms.push(shared.wasm.clone());
            }
            for flat in forms {
                let folder = tempfile::tempdir()?;
                let found = engine.run(&flat, &spec(folder.path()))?;
                assert_eq!(
                    String::from_utf8_lossy(&found.stdout),
                    String::from_utf8_lossy(&right.stdout),
                    "{name} on {}: {:?}, not {:?}",
                    engine.name(),
                    found.exit,
                    right.exit
                );
                let traps = |outcome: &Outcome| matches!(outcome.exit, Exit::Trap(_));
                assert_eq!(traps(&found), traps(&right), "{name} on {}", engine.name());
            }
        }
        let trusted = FlattenOptions {
            isolation: Isolation::Trusted,
            ..FlattenOptions::default()
        };
        let without = flatten(&component, &trusted)?;
        figures.push(format!(
            "{name}: {} bytes with its adapter, {} without, {} with the library",
            flat.wasm.len(),
            without.wasm.len(),
            shared.wasm.len()
        ));
        for (which, wasm) in [
            ("with", &flat.wasm),
            ("without", &without.wasm),
            ("library", &shared.wasm),
        ] {
            let folder = tempfile::tempdir()?;
            let options = p1bridge::run::RunOptions {
                stdin: p1bridge::run::Input::Bytes(stdin.into()),
                meter: true,
                ..p1bridge_tests::captured(args, folder.path())
            };
            let outcome = p1bridge::run::run(wasm, &options)?;
            figures.push(format!(
                "  {which}: {} fuel, {} pages",
                outcome.stats.fuel.unwrap_or_default(),
                outcome.stats.memory_pages()
            ));
        }
    }
    println!("{}", figures.join("\n"));
    Ok(())
}
