//! The npm package in `bridge/plugins/npm`, with the module that `P1BRIDGE_WASM` names: packed, installed in an empty project, and
//! used there by the programs in `tests/npm/`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context, Result, ensure};
use p1bridge_tests::manifest::corpus;
use p1bridge_tests::{Exit, snapshot};

use super::glue::{run, top};
use super::itself::{native, path};

/// A project that has installed the package, if the module is built and there is npm.
fn project() -> Option<&'static Path> {
    static PROJECT: OnceLock<Option<tempfile::TempDir>> = OnceLock::new();
    let project = PROJECT.get_or_init(|| {
        let module = path()?;
        let found = Command::new("npm").arg("--version").output();
        if !found.is_ok_and(|ended| ended.status.success()) {
            let required = std::env::var("P1BRIDGE_REQUIRE_ENGINES").unwrap_or_default();
            assert!(!required.contains("npm"), "npm is required, and not there");
            eprintln!("skipped: there is no npm");
            return None;
        }
        Some(install(&module).unwrap_or_else(|why| panic!("{why:#}")))
    });
    project.as_ref().map(tempfile::TempDir::path)
}

/// Packs the package as its release does, and installs the archive in a folder without anything else.
fn install(module: &Path) -> Result<tempfile::TempDir> {
    let package = tempfile::tempdir()?;
    run(Command::new(top().join("bridge/plugins/npm/pack.sh"))
        .arg(module)
        .arg(package.path()))?;
    let entries: Vec<_> = fs::read_dir(package.path())?.collect::<Result<_, _>>()?;
    let [archive] = &entries[..] else {
        anyhow::bail!("{entries:?}");
    };
    let project = tempfile::tempdir()?;
    fs::write(
        project.path().join("package.json"),
        r#"{"private": true, "type": "module"}"#,
    )?;
    run(Command::new("npm")
        .args([
            "install",
            "--offline",
            "--no-audit",
            "--no-fund",
            "--silent",
        ])
        .arg(archive.path())
        .current_dir(project.path()))?;
    snapshot::copy(&top().join("tests/npm"), project.path())?;
    Ok(project)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn node(project: &Path) -> Command {
    let mut command = Command::new("node");
    command.current_dir(project);
    command
}

#[test]
fn the_archive_has_what_is_used_and_nothing_else() -> Result<()> {
    let Some(project) = project() else {
        return Ok(());
    };
    let files = snapshot::read(&project.join("node_modules/p1bridge"))?;
    let names: Vec<_> = files
        .keys()
        .map(|path| path.display().to_string())
        .collect();
    let wanted = [
        "LICENSE",
        "README.md",
        "bin.js",
        "browser.js",
        "client.d.ts",
        "command.js",
        "index.d.ts",
        "node.js",
        "p1bridge.wasm",
        "package.json",
        "preview1.js",
        "unplugin.d.ts",
        "unplugin.js",
    ];
    ensure!(names == wanted, "{names:?}");
    // Browsers find no packages: all that these files import lies beside them.
    for file in ["browser.js", "command.js", "preview1.js"] {
        let text = fs::read_to_string(project.join("node_modules/p1bridge").join(file))?;
        for line in text.lines().filter(|line| line.contains(" from '")) {
            ensure!(line.contains(" from './"), "{file}: {line}");
        }
    }
    Ok(())
}

#[test]
fn the_functions_do_with_the_corpus_what_the_command_does() -> Result<()> {
    let Some(project) = project() else {
        return Ok(());
    };
    let out = tempfile::tempdir()?;
    let prebuilt = corpus().join("prebuilt");
    run(node(project)
        .arg("corpus.mjs")
        .arg(&prebuilt)
        .arg(out.path()))?;
    let mut count = 0;
    for entry in fs::read_dir(&prebuilt)? {
        let entry = entry?;
        let lines: [&[&str]; 5] = [
            &["flatten", "--output=output.wasm", "input.wasm"],
            &["wrap", "--output=output.wasm", "input.wasm"],
            &[
                "lower",
                "--output=output.wasm",
                "--profile=wamr-2020",
                "--arena=8k",
                "input.wasm",
            ],
            &["check", "--json", "--profile=mvp", "input.wasm"],
            &["inspect", "--json", "input.wasm"],
        ];
        for line in lines {
            let folder = tempfile::tempdir()?;
            fs::copy(entry.path(), folder.path().join("input.wasm"))?;
            let outcome = native(line, folder.path())?;
            let wanted = match outcome.exit {
                Exit::Code(0 | 3) if line.contains(&"--json") => outcome.stdout,
                Exit::Code(0) => fs::read(folder.path().join("output.wasm"))?,
                Exit::Code(code) => {
                    let said = text(&outcome.stderr);
                    let message = said.strip_prefix("error: ").context("an error")?.trim_end();
                    format!("error {code}: {message}").into_bytes()
                }
                other => anyhow::bail!("{other}"),
            };
            let name = format!("{}.{}", entry.file_name().display(), line[0]);
            let found = fs::read(out.path().join(&name))?;
            ensure!(found == wanted, "{name}: it is not what the command makes");
            count += 1;
        }
    }
    ensure!(
        count == fs::read_dir(out.path())?.count() && count > 400,
        "{count} results"
    );
    Ok(())
}

#[test]
fn options_files_messages_and_errors_are_those_of_the_command() -> Result<()> {
    let Some(project) = project() else {
        return Ok(());
    };
    let said = run(node(project)
        .arg("library.mjs")
        .arg(corpus().join("prebuilt")))?;
    ensure!(said == "done\n", "{said}");
    Ok(())
}

#[test]
fn the_command_of_the_package_finds_files_as_any_command_does() -> Result<()> {
    let Some(project) = project() else {
        return Ok(());
    };
    let folder = tempfile::tempdir()?;
    let inner = folder.path().join("a b/inner");
    fs::create_dir_all(&inner)?;
    fs::copy(
        corpus().join("prebuilt/tiny-p2-c.wasm"),
        folder.path().join("tiny.wasm"),
    )?;
    let bin = project.join("node_modules/.bin/p1bridge");
    let absolute = folder.path().join("absolute.wasm").display().to_string();
    // In a folder with a space: the folder above, the one here, and an absolute path.
    for output in ["../up.wasm", "here.wasm", "./there.wasm", &absolute] {
        let lines = ["flatten", "-q", "../../tiny.wasm", "-o", output];
        let said = run(Command::new(&bin).args(lines).current_dir(&inner))?;
        ensure!(said.is_empty(), "{said}");
        let wanted = inner.join(output);
        let found = fs::read(&wanted).with_context(|| wanted.display().to_string())?;
        ensure!(native(&lines, &inner)?.exit == Exit::Code(0));
        ensure!(fs::read(&wanted)? == found, "{output}: other bytes");
    }
    let refused = Command::new(&bin)
        .args(["flatten", "missing.wasm"])
        .current_dir(&inner)
        .output()?;
    let said = text(&refused.stderr);
    ensure!(refused.status.code() == Some(1), "{}", refused.status);
    ensure!(
        said.starts_with("error: missing.wasm: No such file"),
        "{said}"
    );
    let wrong = Command::new(&bin).arg("--nonsense").output()?;
    ensure!(wrong.status.code() == Some(2), "{}", wrong.status);
    // Standard input and output.
    let piped = run(Command::new("sh")
        .args([
            "-c",
            r#"(sleep 0.5; cat ../../tiny.wasm) | "$0" flatten -q - | "$0" check -q - && echo fits"#,
        ])
        .arg(&bin)
        .current_dir(&inner))?;
    ensure!(piped == "fits\n", "{piped}");
    Ok(())
}

/// The options that a part of the help has: `--no-tidy` as `noTidy`.
fn options_of(command: &str) -> Result<BTreeSet<String>> {
    let help = native(&[command, "--help"], Path::new("."))?;
    let help = text(&help.stdout);
    let names = help.lines().filter_map(|line| {
        let line = line.trim_start();
        let (_, name) = line
            .strip_prefix("--")
            .map(|name| ("", name))
            .or_else(|| line.split_once(", --"))?;
        line.starts_with('-').then_some(name)
    });
    Ok(names
        .filter_map(|name| name.split([' ', '[']).next())
        .map(|name| {
            let mut words = name.split('-');
            let first = words.next().unwrap_or_default().to_string();
            words.fold(first, |name, word| {
                name + &word[..1].to_uppercase() + &word[1..]
            })
        })
        .collect())
}

#[test]
fn the_types_have_every_option_of_the_commands() -> Result<()> {
    let types = fs::read_to_string(top().join("bridge/plugins/npm/index.d.ts"))?;
    let declared = |interface: &str| -> Result<BTreeSet<String>> {
        let (_, body) = types
            .split_once(&format!("export interface {interface} extends "))
            .with_context(|| interface.to_string())?;
        let body = body.split("\n}").next().unwrap_or_default();
        let fields = body.lines().filter_map(|line| line.trim().split_once("?:"));
        Ok(fields.map(|(name, _)| name.to_string()).collect())
    };
    // `run` is for these.
    let ours = [
        "output", "report", "svg", "plan", "json", "quiet", "timings", "help",
    ]
    .map(str::to_string);
    let ours = BTreeSet::from(ours);
    for (command, interfaces, but) in [
        ("flatten", &["FlattenOptions"][..], &[][..]),
        ("lower", &["LowerOptions"], &[]),
        ("wrap", &["WrapOptions"], &[]),
        ("link", &["LinkOptions", "FlattenOptions"], &[]),
        // Text and pictures for people.
        ("inspect", &["InspectOptions"], &["abi", "memory"]),
    ] {
        let mut found = BTreeSet::new();
        for interface in interfaces {
            found.extend(declared(interface)?);
        }
        let mut wanted: BTreeSet<_> = options_of(command)?.difference(&ours).cloned().collect();
        wanted.retain(|name| !but.contains(&name.as_str()));
        ensure!(
            found == wanted,
            "{command}: declared {found:?}, there are {wanted:?}"
        );
    }
    Ok(())
}
