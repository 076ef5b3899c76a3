//! What `host` writes, and what it refuses. That the glue is right is for the suite `glue` of the tests.

use crate::common::{Folder, carry};

const WIT: &str = "package t:t;
    interface a { record point { x: u32, class: string } resource r { m: func() -> point; } take: func(it: r); }
    world device { import a; import log: func(line: string); export run: func(of: list<u8>) -> option<u32>; }
    world other {}";

#[test]
fn a_world_in_wit_becomes_a_header_and_a_source() {
    let folder = Folder::new();
    folder.add("world.wit", WIT);
    folder
        .run(&["host", "world.wit", "--world", "device", "-o", "glue"])
        .succeeded();
    let header = std::fs::read_to_string(folder.path().join("glue/device_host.h")).unwrap();
    for line in [
        "#define DEVICE_IMPORTS 4",
        "extern const p1b_world device_world;",
        // A word of C++ gets an underscore.
        "    p1b_string class_;",
        "void t_t_a_method_r_m(p1b_host *host, t_t_a_r_t *self, t_t_a_point_t *ret);",
        "void t_t_a_take(p1b_host *host, t_t_a_r_t *it);",
        "void t_t_a_r_drop(p1b_host *host, t_t_a_r_t *self);",
        "void device_log(p1b_host *host, p1b_string line);",
        "p1b_status exports_device_run(p1b_host *host, const device_list_u8_t *of, device_option_u32_t *ret);",
    ] {
        assert!(header.contains(line), "no {line:?} in\n{header}");
    }
    assert!(folder.path().join("glue/device_host.c").exists());
    // The same bytes again, and names with a prefix.
    folder
        .run(&[
            "host",
            "world.wit",
            "--world",
            "device",
            "-o",
            "again",
            "-q",
        ])
        .succeeded();
    let again = std::fs::read_to_string(folder.path().join("again/device_host.h")).unwrap();
    assert_eq!(header, again);
    folder
        .run(&[
            "host",
            "world.wit",
            "--world",
            "device",
            "-o",
            "glue",
            "--prefix",
            "my",
        ])
        .succeeded();
    let prefixed = std::fs::read_to_string(folder.path().join("glue/my_device_host.h")).unwrap();
    assert!(prefixed.contains("void my_t_t_a_take("), "{prefixed}");
}

#[test]
fn only_what_the_module_has_is_written() {
    let mut module = wat::parse_str(
        r#"(module (import "t:t/a" "take" (func (param i32))) (memory (export "memory") 1))"#,
    )
    .unwrap();
    carry(&mut module, &WIT.replace("world other {}", ""));
    let folder = Folder::new();
    folder.add("app.flat.wasm", &module);
    folder
        .run(&["host", "app.flat.wasm", "-o", "glue"])
        .succeeded();
    let header = std::fs::read_to_string(folder.path().join("glue/app_host.h")).unwrap();
    assert!(header.contains("t_t_a_take"), "{header}");
    assert!(!header.contains("_method_r_m"), "{header}");
    assert!(!header.contains("exports_app_run"), "{header}");
    folder
        .run(&["host", "app.flat.wasm", "--lang", "js", "-o", "web"])
        .succeeded();
    for (file, has) in [("app.js", "'take'"), ("app.d.ts", "take(it: R): void;")] {
        let text = std::fs::read_to_string(folder.path().join("web").join(file)).unwrap();
        assert!(text.contains(has), "{text}");
        for other in ["Point", "log", "run", "resource-drop"] {
            assert!(!text.contains(other), "{other}: {text}");
        }
    }
    assert!(folder.path().join("web/p1b.mjs").exists());
}

/// It is needed to know its objects.
#[test]
fn the_class_of_what_only_an_export_takes_is_declared() {
    let mut module = wat::parse_str(
        r#"(module (memory (export "memory") 1) (func (export "take") (param i32)))"#,
    )
    .unwrap();
    let wit = "package t:t@1.0.0; interface a { resource r; } world device { use a.{r}; export take: func(it: r); }";
    carry(&mut module, wit);
    let folder = Folder::new();
    folder.add("app.wasm", &module);
    folder
        .run(&["host", "app.wasm", "--lang", "js", "-o", "web"])
        .succeeded();
    let text = std::fs::read_to_string(folder.path().join("web/app.d.ts")).unwrap();
    let right = "& Named<'t:t/a@1.0.0' | 't:t/a', TTA.Imports>";
    assert!(text.contains(right), "{text}");
}

#[test]
fn functions_that_are_async_in_wit_block() {
    let folder = Folder::new();
    let wit = |word: &str| {
        format!(
            "package t:t; interface a {{ f: {word} func(x: string) -> string; }} world w {{ import a; export a; }}"
        )
    };
    for (word, glue) in [("", "plain"), ("async", "async")] {
        folder.add("w.wit", wit(word));
        folder.run(&["host", "w.wit", "-o", glue]).succeeded();
    }
    for file in ["w_host.h", "w_host.c"] {
        let read =
            |glue: &str| std::fs::read_to_string(folder.path().join(glue).join(file)).unwrap();
        assert_eq!(read("plain"), read("async"));
        assert!(read("async").contains("t_t_a_f("));
    }
}

#[test]
fn what_no_host_can_have_is_refused_by_name() {
    let folder = Folder::new();
    let refused = |wit: &str, parts: &[&str]| {
        folder.add("w.wit", wit);
        folder
            .run(&["host", "w.wit", "-o", "glue"])
            .failed_with(parts);
        assert!(!folder.path().join("glue").exists());
    };
    refused(
        "package t:t; world w { import f: func(x: stream<u8>); }",
        &["$root#f", "a stream is of the async ABI"],
    );
    refused(
        "package t:t; interface a { resource r; f: func(x: r); } world w { import a; export a; }",
        &["t:t/a is imported and exported, and has resources"],
    );
    folder.add("plain.wasm", "(module)");
    folder
        .run(&["host", "plain.wasm", "-o", "glue"])
        .failed_with(&["the module carries no world", "give the WIT"]);
    folder.add("w.wit", WIT);
    folder
        .run(&[
            "host", "w.wit", "--world", "device", "--prefix", "1x", "-o", "glue",
        ])
        .failed_with(&["--prefix 1x"]);
    for (option, part) in [
        ("--prefix=x", "--prefix is for C"),
        ("--no-alloc", "--no-alloc is for --lang rust"),
    ] {
        folder
            .run(&[
                "host", "w.wit", "--world", "device", "--lang", "js", option, "-o", "glue",
            ])
            .failed_with(&[part]);
    }
}
