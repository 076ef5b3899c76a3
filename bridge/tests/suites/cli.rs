//! The command line as a stranger meets it: help, exit codes, messages, files.

use std::fs::{self, File};
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::common::Folder;

const COMMANDS: &[&str] = &[
    "flatten",
    "link",
    "host",
    "wrap",
    "inspect",
    "check",
    "lower",
    "profiles",
    "probe",
    "retrofit",
    "run",
    "completions",
    "man",
];

/// The smallest command that can be wrapped and run.
const COMMAND: &str = r#"(module (func (export "_start") (drop (i32.load (i32.const 8)))) (memory (export "memory") 1))"#;

#[test]
fn the_help_names_every_command_and_every_command_has_its_own() {
    let folder = Folder::new();
    let help = folder.run(&["--help"]).succeeded();
    for command in COMMANDS {
        assert!(help.text().contains(command), "{command}");
        let own = folder.run(&[command, "--help"]).succeeded();
        assert!(own.text().contains("Examples:"), "{command}");
        assert!(own.text().contains("Usage: p1bridge "), "{command}");
    }
}

#[test]
fn the_version_is_that_of_the_package() {
    let version = Folder::new().run(&["--version"]).succeeded();
    assert_eq!(
        version.text(),
        format!("p1bridge {}\n", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn a_command_line_that_cannot_be_understood_exits_with_2() {
    let folder = Folder::new();
    for args in [
        &[][..],
        &["unwrap"],
        &["wrap"],
        &["wrap", "a.wasm", "--kind", "plugin"],
        &["wrap", "a.wasm", "--world", "w"],
    ] {
        let ended = folder.run(args);
        assert_eq!(ended.code, Some(2), "{args:?}");
        assert!(
            ended.stderr.contains("--help"),
            "{args:?}: {}",
            ended.stderr
        );
    }
}

#[test]
fn completions_know_every_command() {
    let folder = Folder::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = folder.run(&["completions", shell]).succeeded();
        for command in COMMANDS {
            assert!(script.text().contains(command), "{shell}: {command}");
        }
    }
}

#[test]
fn exit_codes_are_one_list_in_the_help_and_in_the_documentation() {
    let help = Folder::new().run(&["--help"]).succeeded();
    let (_, list) = help.text().split_once("Exit codes:\n").unwrap();
    let (list, _) = list.split_once("\n\n").unwrap();
    let docs = include_str!("../../../docs/commands.md");
    let (_, table) = docs
        .split_once("| exit code | meaning |\n|---|---|\n")
        .unwrap();
    let (table, _) = table.split_once("\n\n").unwrap();
    let list: Vec<String> = list
        .lines()
        .map(|line| {
            let (code, meaning) = line.trim().split_once(' ').unwrap();
            format!("| {code} | {} |", meaning.trim())
        })
        .collect();
    assert_eq!(table.lines().collect::<Vec<_>>(), list);
}

#[test]
fn timings_name_the_stages_on_standard_error_also_of_what_fails() {
    let folder = Folder::new();
    folder.add("tool.wasm", COMMAND);
    folder.add("noise.wasm", "noise");
    for (command, stages) in [
        ("wrap", &["read", "survey", "write"][..]),
        ("lower", &["read", "parse", "lower", "validate", "write"]),
        ("check", &["read", "parse", "findings"]),
        ("inspect", &["read", "inspect"]),
    ] {
        let ended = folder.run(&[command, "tool.wasm", "-q", "--timings"]);
        assert_eq!(ended.code, Some(0), "{command}: {ended:?}");
        let mut lines = ended.stderr.lines();
        assert!(lines.next().unwrap().starts_with("stage "), "{ended:?}");
        let named: Vec<&str> = lines.filter_map(|line| line.split(' ').next()).collect();
        for stage in stages {
            assert!(named.contains(stage), "{command}: no {stage} in {named:?}");
        }
        assert_eq!(named.last(), Some(&"all"), "{command}");
    }
    let ended = folder.run(&["check", "noise.wasm", "-q", "--timings"]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("\nread "), "{ended:?}");
}

#[test]
fn check_tells_what_does_not_fit_from_what_cannot_be_read() {
    let folder = Folder::new();
    folder.add("wide.wasm", "(module (memory i64 1))");
    folder.add("fits.wasm", COMMAND);
    folder.add("noise.wasm", "noise");
    for (file, code) in [("fits.wasm", 0), ("wide.wasm", 3), ("noise.wasm", 1)] {
        let ended = folder.run(&["check", file, "-q"]);
        assert_eq!(ended.code, Some(code), "{file}");
        assert!(ended.stdout.is_empty(), "{ended:?}");
    }
}

#[test]
fn every_command_that_prints_takes_json_and_quiet() {
    for command in [
        "flatten", "wrap", "lower", "inspect", "check", "probe", "profiles", "run",
    ] {
        let help = Folder::new().run(&[command, "--help"]).succeeded();
        for option in ["--json", "-q, --quiet"] {
            assert!(help.text().contains(option), "{command} {option}");
        }
    }
}

#[test]
fn inspect_draws_the_memory_of_either_kind() {
    let folder = Folder::new();
    folder.add(
        "a.wasm",
        r#"(module
            (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
            (memory (export "memory") 1)
            (global $__stack_pointer (mut i32) (i32.const 1024))
            (global (export "__heap_base") i32 (i32.const 1040))
            (global (export "__data_end") i32 (i32.const 1040))
            (data (i32.const 1024) "data")
            (func (export "_start") (call $exit (i32.load8_u (i32.const 1024)))))"#,
    );
    folder.run(&["wrap", "a.wasm", "-o", "c.wasm"]).succeeded();
    for (file, name, free) in [("a.wasm", "program", true), ("c.wasm", "guest", true)] {
        let drawn = folder.run(&["inspect", "--memory", file]).succeeded();
        let text = drawn.text();
        assert!(text.starts_with("1040 bytes in use, 1 page\n"), "{text}");
        for part in [
            format!("0     1024  {name}: stack"),
            format!("1024        4  {name}: data"),
        ] {
            assert!(text.contains(&part), "{text}");
        }
        assert_eq!(text.contains("free in the last page"), free, "{text}");
        let args = ["inspect", "--memory", "--svg", "map.svg", file];
        folder.run(&args).succeeded();
        let svg = std::fs::read_to_string(folder.path().join("map.svg")).unwrap();
        assert!(svg.starts_with("<svg ") && svg.contains(&format!("0 + 1024: {name}: stack")));
    }
    folder.add("none.wasm", "(module (func (export \"f\")))");
    let ended = folder.run(&["inspect", "--memory", "none.wasm"]);
    assert_eq!(ended.code, Some(1));
}

#[test]
fn a_quiet_command_that_succeeds_prints_nothing() {
    let folder = Folder::new();
    folder.add("a.wasm", COMMAND);
    folder.run(&["wrap", "a.wasm", "-o", "c.wasm"]).succeeded();
    for args in [
        &["flatten", "-q", "c.wasm"][..],
        &["wrap", "-q", "a.wasm"],
        &["lower", "-q", "a.wasm"],
        &["inspect", "-q", "a.wasm"],
        &["inspect", "-q", "--wasi", "c.wasm"],
        &["inspect", "-q", "--wasi", "--profile", "mvp", "c.wasm"],
        &["inspect", "-q", "--memory", "c.wasm"],
        &["check", "-q", "a.wasm"],
        &["probe", "-q", env!("CARGO_BIN_EXE_p1bridge")],
        &["profiles", "-q"],
        &["profiles", "-q", "mvp"],
        &["run", "-q", "a.wasm"],
    ] {
        let ended = folder.run(args).succeeded();
        assert_eq!((ended.text(), &*ended.stderr), ("", ""), "{args:?}");
    }
}

#[test]
fn every_command_has_a_manual_page() {
    let folder = Folder::new();
    folder.run(&["man", "man1"]).succeeded();
    let page = |name: &str| fs::read_to_string(folder.path().join("man1").join(name)).unwrap();
    assert!(page("p1bridge.1").contains("Exit codes:"));
    assert!(page("p1bridge-ld.1").contains(r"\-\-p1bridge\-profile"));
    for command in COMMANDS {
        let page = page(&format!("p1bridge-{command}.1"));
        assert!(page.contains("\n.SH SYNOPSIS\n"), "{command}");
        assert!(page.contains("Examples:"), "{command}");
    }
}

#[test]
fn nothing_is_coloured_that_is_not_for_a_terminal() {
    let folder = Folder::new();
    for args in [&["--help"][..], &["flatten"], &["wrap", "no.wasm"]] {
        let ended = folder.run(args);
        assert!(!ended.stdout.contains(&0x1b), "{args:?}");
        assert!(!ended.stderr.contains('\x1b'), "{args:?}");
    }
}

/// The start of a change of colour or weight.
const STYLE: char = '\x1b';

#[cfg(target_os = "linux")]
#[test]
fn help_and_errors_are_styled_on_a_terminal_unless_no_color_is_set() {
    let folder = Folder::new();
    for (args, code) in [(&["--help"][..], 0), (&["lower", "--profil", "x"], 2)] {
        let (ended, text) = folder.run_on_terminal(args, &[]);
        assert_eq!(ended, Some(code), "{args:?}");
        assert!(text.contains(STYLE), "{args:?}: {text}");
        for env in [("NO_COLOR", "1"), ("TERM", "dumb")] {
            let (ended, text) = folder.run_on_terminal(args, &[env]);
            assert_eq!(ended, Some(code), "{args:?}");
            assert!(text.contains("Usage: p1bridge"), "{args:?}: {text}");
            assert!(!text.contains(STYLE), "{args:?} {env:?}: {text}");
        }
    }
}

/// No colour, and nothing that is overwritten: what a terminal gets can be copied as it is.
#[cfg(target_os = "linux")]
#[test]
fn what_commands_print_is_the_same_on_a_terminal_and_in_a_pipe() {
    let folder = Folder::new();
    folder.add("a.wasm", COMMAND);
    folder.add("noise.wasm", "noise");
    for args in [
        &["wrap", "a.wasm"][..],
        &["wrap", "noise.wasm"],
        &["check", "a.wasm"],
        &["inspect", "a.wasm"],
        &["flatten", "a.component.wasm"],
        &["lower", "a.wasm"],
        &["run", "a.wasm", "--stats"],
    ] {
        let piped = folder.run(args);
        let (code, text) = folder.run_on_terminal(args, &[]);
        assert_eq!(code, piped.code, "{args:?}");
        // On a machine that is busy something may take a second.
        let text = text.rsplit("\r\x1b[K").next().unwrap();
        assert_eq!(
            text,
            format!("{}{}", piped.text(), piped.stderr),
            "{args:?}"
        );
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_terminal_sees_what_a_command_does_for_longer_than_a_second() {
    let folder = Folder::new();
    let module = wat::parse_str(COMMAND).unwrap();
    let late =
        |args: &[&str], late| folder.run_on_terminal_with_late(("late.wasm", &module), late, args);
    for (command, report) in [
        ("check", "fits"),
        ("inspect", "core module"),
        ("lower", "wrote late.lowered.wasm"),
        ("wrap", "wrote late.component.wasm"),
    ] {
        let (screen, left) = late(&[command, "late.wasm"], 1300);
        let shown = "\r\x1b[Klate.wasm: read (1 s)";
        assert!(screen.contains(shown), "{command}: {screen:?}");
        assert!(left.contains(report), "{command}: {screen:?}");
    }
    for args in [
        &["check", "late.wasm", "-q"][..],
        &["check", "late.wasm", "--quiet"],
    ] {
        let (screen, _) = late(args, 1300);
        assert_eq!(screen, "", "{args:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_module_and_a_component_are_not_written_to_a_terminal() {
    let folder = Folder::new();
    folder.add("a.wasm", COMMAND);
    folder.run(&["wrap", "a.wasm"]).succeeded();
    for args in [
        ["wrap", "a.wasm", "-o", "-"],
        ["flatten", "a.component.wasm", "-o", "-"],
        ["lower", "a.wasm", "-o", "-"],
    ] {
        let (code, text) = folder.run_on_terminal(&args, &[]);
        assert_eq!(code, Some(1), "{args:?}");
        let expected = "error: the output is binary and standard output is a terminal";
        assert!(text.starts_with(expected), "{args:?}: {text}");
    }
}

/// The long options in `text`, each with the heading that it is under; none for the general ones.
fn options_in_help(text: &str) -> Vec<(Option<String>, String)> {
    let mut heading = None;
    let mut found = Vec::new();
    for line in text.lines() {
        let starts_option = line.starts_with("      --") || line.starts_with("  -");
        if let Some(title) = line.strip_suffix(':').filter(|_| !line.starts_with(' ')) {
            heading = Some(title.to_string()).filter(|title| title != "Options");
        } else if starts_option && let Some((_, option)) = line.split_once("--") {
            let end = option.find(|c: char| !c.is_ascii_alphanumeric() && c != '-');
            let option = option[..end.unwrap_or(option.len())].to_string();
            if option != "help" {
                found.push((heading.clone(), option));
            }
        }
    }
    found
}

/// The same in the tables of a section of a page, where a row in bold is a heading.
fn options_in_page(section: &str) -> Vec<(Option<String>, String)> {
    let mut heading = None;
    let mut found = Vec::new();
    for line in section.lines() {
        let Some(first) = line
            .strip_prefix("| ")
            .and_then(|row| row.split(" | ").next())
        else {
            continue;
        };
        if let Some(title) = first.strip_prefix("**").and_then(|t| t.strip_suffix("**")) {
            heading = Some(title.to_string());
        } else if first.starts_with("`-")
            && let Some((_, option)) = first.split_once("`--")
        {
            let end = option.find(|c: char| !c.is_ascii_alphanumeric() && c != '-');
            found.push((heading.clone(), option[..end.unwrap()].to_string()));
        }
    }
    found
}

#[test]
fn the_page_of_commands_has_the_options_of_the_help_in_the_same_order_under_the_same_headings() {
    let page = include_str!("../../../docs/commands.md");
    for command in COMMANDS {
        let help = Folder::new().run(&["help", command]).succeeded();
        let (_, section) = page
            .split_once(&format!("\n## {command}: "))
            .unwrap_or_else(|| panic!("no section {command}"));
        let section = section.split("\n## ").next().unwrap();
        let mut options = options_in_help(help.text());
        if *command == "link" {
            // It takes those of `flatten`, too, and says so.
            let flatten = Folder::new().run(&["help", "flatten"]).succeeded();
            let of_flatten = options_in_help(flatten.text());
            options.retain(|option| option.1 == "output" || !of_flatten.contains(option));
        }
        assert_eq!(options_in_page(section), options, "{command}");
    }
}

#[test]
fn a_misspelt_command_or_option_gets_its_nearest_neighbour() {
    let folder = Folder::new();
    for (args, near) in [
        (&["flaten"][..], "'flatten'"),
        (&["flatten", "--memory-may"], "'--memory-max'"),
        (
            &["flatten", "a.wasm", "--profile", "wamr-202"],
            "`wamr-2020`",
        ),
    ] {
        let ended = folder.run(args);
        assert_eq!(ended.code, Some(2));
        assert!(ended.stderr.contains(near), "{ended:?}");
    }
}

#[test]
fn a_closed_standard_output_is_not_an_error() {
    let mut child = Folder::new()
        .command(&["completions", "bash"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

/// Files that are no module, and a word of what is said about each.
fn bad_inputs() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let module = wat::parse_str(COMMAND).unwrap();
    vec![
        ("empty", vec![], "it is empty"),
        ("elf", b"\x7fELF\x02\x01\x01\0\0\0\0\0".to_vec(), "ELF"),
        ("text", b"  ;; hello\n(module)".to_vec(), "WebAssembly text"),
        ("zeros", vec![0; 5000], "zeros"),
        ("magic", b"\0asm".to_vec(), "cut off after 4 bytes"),
        ("version", b"\0asm\x07\0\0\0".to_vec(), "version 0x7"),
        ("half", module[..module.len() / 2].to_vec(), "at offset 0x"),
        ("tail", [&module[..], &[0xff; 9]].concat(), "at offset 0x"),
        (
            "noise",
            (0..4000).map(|i| (i * 31 + 7) as u8).collect(),
            "not a WebAssembly binary",
        ),
    ]
}

#[test]
fn bad_input_is_one_message_and_no_output_file() {
    let folder = Folder::new();
    for (name, bytes, word) in bad_inputs() {
        let input = format!("{name}.wasm");
        folder.add(&input, &bytes);
        for command in ["wrap", "run", "inspect", "check", "lower"] {
            folder.run(&[command, &input]).failed_with(&[&input, word]);
        }
        fs::remove_file(folder.path().join(input)).unwrap();
    }
    assert_eq!(folder.files(), Vec::<String>::new());
}

#[test]
fn missing_files_and_directories_are_named() {
    let folder = Folder::new();
    folder
        .run(&["wrap", "nowhere.wasm"])
        .failed_with(&["nowhere.wasm", "No such file"]);
    folder.run(&["wrap", "."]).failed_with(&["is a directory"]);
    folder.add("a.wasm", COMMAND);
    folder
        .run(&["wrap", "a.wasm", "-o", "no/where.wasm"])
        .failed_with(&["no/where.wasm", "No such file"]);
    folder
        .run(&["wrap", "a.wasm", "-o", "."])
        .failed_with(&["cannot write .", "directory"]);
    assert_eq!(folder.files(), ["a.wasm"]);
}

#[test]
fn a_huge_file_of_zeros_is_refused_before_it_is_read() {
    let folder = Folder::new();
    let huge = File::create(folder.path().join("huge.wasm")).unwrap();
    huge.set_len(200 << 20).unwrap();
    let start = Instant::now();
    folder
        .run(&["wrap", "huge.wasm"])
        .failed_with(&["huge.wasm", "zeros"]);
    assert!(
        start.elapsed() < Duration::from_secs(2),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn the_output_is_named_after_the_input_and_said() {
    let folder = Folder::new();
    folder.add("tool.wasm", COMMAND);
    let ended = folder.run(&["wrap", "tool.wasm"]).succeeded();
    assert!(
        ended.stderr.starts_with("wrote tool.component.wasm: "),
        "{ended:?}"
    );
    assert!(ended.stdout.is_empty());
    assert_eq!(folder.files(), ["tool.component.wasm", "tool.wasm"]);
    let quiet = folder.run(&["wrap", "-q", "tool.wasm"]).succeeded();
    assert_eq!(quiet.stderr, "");
}

#[test]
fn an_error_leaves_an_older_output_as_it_was() {
    let folder = Folder::new();
    folder.add("bad.wasm", r#"(module (func (export "f")))"#);
    folder.add("out.wasm", "older");
    folder
        .run(&["wrap", "bad.wasm", "-o", "out.wasm"])
        .failed_with(&["export nothing"]);
    assert_eq!(fs::read(folder.path().join("out.wasm")).unwrap(), b"older");
}

#[test]
fn a_dash_is_standard_input_and_output() {
    let folder = Folder::new();
    let module = wat::parse_str(COMMAND).unwrap();
    folder.add("a.wasm", COMMAND);
    folder.run(&["wrap", "a.wasm"]).succeeded();
    let piped = folder.run_with_stdin(&["wrap", "-"], &module).succeeded();
    assert_eq!(
        piped.stdout,
        fs::read(folder.path().join("a.component.wasm")).unwrap()
    );
    let to_file = folder
        .run_with_stdin(&["wrap", "-", "-o", "b.wasm"], &module)
        .succeeded();
    assert!(to_file.stdout.is_empty());
    assert_eq!(
        fs::read(folder.path().join("b.wasm")).unwrap(),
        piped.stdout
    );
    folder
        .run_with_stdin(&["wrap", "-"], b"nonsense")
        .failed_with(&["standard input", "it is text"]);
}

#[cfg(unix)]
#[test]
fn outputs_have_the_permissions_of_ordinary_files_and_links_stay_links() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = Folder::new();
    folder.add("a.wasm", COMMAND);
    folder.add("ordinary", "");
    symlink("real.wasm", folder.path().join("link.wasm")).unwrap();
    folder.add("real.wasm", "");
    folder
        .run(&["wrap", "a.wasm", "-o", "link.wasm"])
        .succeeded();
    folder
        .run(&["wrap", "a.wasm", "-o", "fresh.wasm"])
        .succeeded();
    let mode = |name| {
        fs::metadata(folder.path().join(name))
            .unwrap()
            .permissions()
            .mode()
    };
    assert_eq!(mode("fresh.wasm"), mode("ordinary"));
    assert!(folder.path().join("link.wasm").is_symlink());
    assert_eq!(
        fs::read(folder.path().join("real.wasm")).unwrap(),
        fs::read(folder.path().join("fresh.wasm")).unwrap()
    );
}
